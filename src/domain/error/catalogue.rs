//! What is known about an engine's errors: every code with its kind, and for those that people meet, advice.
//!
//! The tables are files under `assets/errors`, compiled in and read on first use: `codes` (all codes), `advice` (causes
//! and what to do) and `messages` (skeletons by which a code is told from text alone).

use super::kind::{ErrorKind, Severity};
use super::messages::{Messages, Recognised};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

/// A code of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The native code as text: `42P01`, `1146`, `WRONGTYPE`.
    pub code: &'static str,
    /// The engine's symbolic name of it.
    pub name: &'static str,
    /// Its kind.
    pub kind: ErrorKind,
    /// How bad one is.
    pub severity: Severity,
    /// The same thing, tried again unchanged, may well succeed.
    pub transient: bool,
    /// What happened, a sentence.
    pub meaning: &'static str,
}

/// What a colleague says about an error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Advice {
    /// A few words.
    pub title: String,
    /// Likely causes, the likeliest first.
    pub causes: Vec<String>,
    /// What to do, in order.
    pub actions: Vec<String>,
}

/// The files of an engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tables {
    /// Lines of code, name, kind, severity, transient, meaning.
    pub codes: &'static str,
    /// TOML: `[[entry]]` with codes, title, causes, actions.
    pub advice: &'static str,
    /// Lines of code and skeleton, in English.
    pub messages: &'static str,
    /// The same in the other languages that the server speaks.
    pub translations: &'static [&'static str],
}

/// An engine's errors. Made of constants; each part is read when it is first asked for.
#[derive(Debug)]
pub struct Catalogue {
    tables: Tables,
    codes: OnceLock<HashMap<&'static str, Code>>,
    advice: OnceLock<HashMap<String, Advice>>,
    messages: OnceLock<Messages>,
    translations: OnceLock<Messages>,
}

#[derive(Deserialize)]
struct AdviceFile {
    #[serde(default)]
    entry: Vec<AdviceEntry>,
}

#[derive(Deserialize)]
struct AdviceEntry {
    codes: Vec<String>,
    #[serde(flatten)]
    advice: Advice,
}

#[derive(Deserialize)]
struct KindsFile {
    kind: Vec<KindEntry>,
}

#[derive(Deserialize)]
struct KindEntry {
    name: ErrorKind,
    #[serde(flatten)]
    advice: Advice,
}

impl Catalogue {
    /// A catalogue of these files.
    pub const fn new(tables: Tables) -> Self {
        Self {
            tables,
            codes: OnceLock::new(),
            advice: OnceLock::new(),
            messages: OnceLock::new(),
            translations: OnceLock::new(),
        }
    }

    /// A code.
    pub fn code(&self, code: &str) -> Option<&Code> {
        self.codes().get(code)
    }

    /// All codes, in no order.
    pub fn all_codes(&self) -> impl Iterator<Item = &Code> {
        self.codes().values()
    }

    /// The advice for a code; [`kind_advice`] is there for those without one.
    pub fn advice(&self, code: &str) -> Option<&Advice> {
        self.advice.get_or_init(|| parse_advice(self.tables.advice)).get(code)
    }

    /// The advice for an error of this code whose words told this kind. Codes that stand for many kinds (`ERR` of one
    /// engine, `1` of another) have an entry for each, filed under `CODE KIND`.
    pub fn advice_for(&self, code: &str, kind: ErrorKind) -> Option<&Advice> {
        let of_the_code = || self.advice(code).filter(|_| self.code(code).is_none_or(|k| k.kind == kind));
        self.advice(&format!("{code} {kind}")).or_else(of_the_code)
    }

    /// The message that is all of the text, in English or in another language of the server.
    pub fn recognise<'t>(&self, text: &'t str) -> Option<Recognised<'t>> {
        self.messages().recognise(text).or_else(|| self.translations().recognise(text))
    }

    /// The message that is all of the text, in English alone: far fewer than those of all languages.
    pub fn recognise_in_english<'t>(&self, text: &'t str) -> Option<Recognised<'t>> {
        self.messages().recognise(text)
    }

    /// The message that stands somewhere in the text.
    pub fn recognise_within<'t>(&self, text: &'t str) -> Option<Recognised<'t>> {
        self.messages().recognise_within(text).or_else(|| self.translations().recognise_within(text))
    }

    fn codes(&self) -> &HashMap<&'static str, Code> {
        self.codes.get_or_init(|| self.tables.codes.lines().filter_map(parse_code).map(|c| (c.code, c)).collect())
    }

    fn messages(&self) -> &Messages {
        self.messages.get_or_init(|| Messages::new(&[self.tables.messages]))
    }

    fn translations(&self) -> &Messages {
        self.translations.get_or_init(|| Messages::new(self.tables.translations))
    }
}

/// The advice for a kind, whatever the engine.
pub fn kind_advice(kind: ErrorKind) -> Option<&'static Advice> {
    static KINDS: OnceLock<HashMap<ErrorKind, Advice>> = OnceLock::new();
    let kinds = KINDS.get_or_init(|| {
        let file = toml::from_str::<KindsFile>(include_str!("../../../assets/errors/kinds.toml"));
        file.map(|f| f.kind.into_iter().map(|k| (k.name, k.advice)).collect()).unwrap_or_default()
    });
    kinds.get(&kind)
}

/// `None` for comments. A line that is none of both is found by the tests of the files.
fn parse_code(line: &'static str) -> Option<Code> {
    let fields: Vec<&'static str> = line.split('\t').collect();
    let [code, name, kind, severity, transient, meaning] = fields[..] else { return None };
    if code.starts_with('#') {
        return None;
    }
    let (kind, severity) = (ErrorKind::from_word(kind)?, Severity::from_word(severity)?);
    Some(Code { code, name, kind, severity, transient: transient == "yes", meaning })
}

fn parse_advice(text: &str) -> HashMap<String, Advice> {
    let entries = toml::from_str::<AdviceFile>(text).map(|file| file.entry).unwrap_or_default();
    entries.into_iter().flat_map(|e| e.codes.into_iter().map(move |code| (code, e.advice.clone()))).collect()
}
