//! PostgreSQL's errors: which one a text is, and what it is about.
//!
//! ```text
//! text --frame--> message (+ code, severity) --skeletons--> code, names --reasons, phrases--> code, kind
//! ```

mod frame;
mod object;
mod phrases;
mod reasons;
mod words;

#[cfg(test)]
mod tests;

use crate::domain::error::catalogue::{Catalogue, Tables};
use crate::domain::error::kind::ErrorKind;
use crate::domain::error::messages::Recognised;
use crate::domain::error::naming::{ErrorNaming, Named};
use crate::domain::target::EngineId;
use frame::{Framed, Weight};
use words::Word;

macro_rules! messages {
    ($language:literal) => {
        include_str!(concat!("../../../../../assets/errors/messages/postgres.", $language, "tsv"))
    };
}

/// The messages in English.
const MESSAGES: &str = messages!("");

static CATALOGUE: Catalogue = Catalogue::new(Tables {
    codes: include_str!("../../../../../assets/errors/codes/postgres.tsv"),
    advice: include_str!("../../../../../assets/errors/advice/postgres.toml"),
    messages: MESSAGES,
    translations: &[
        messages!("cs."),
        messages!("de."),
        messages!("el."),
        messages!("es."),
        messages!("fr."),
        messages!("he."),
        messages!("id."),
        messages!("it."),
        messages!("ja."),
        messages!("ka."),
        messages!("ko."),
        messages!("pl."),
        messages!("pt_BR."),
        messages!("ro."),
        messages!("ru."),
        messages!("sv."),
        messages!("tr."),
        messages!("uk."),
        messages!("vi."),
        messages!("zh_CN."),
        messages!("zh_TW."),
    ],
});

/// What a routine raises with RAISE and no code of its own. Any text can be one: it is the answer where nothing else
/// fits, because the server's own messages are all known.
const RAISED: &str = "P0001";

/// What an event of a log has that is no error, a warning, and an error without a code of its own.
const NO_ERROR: &str = "00000";
const WARNED: &str = "01000";
const INTERNAL: &str = "XX000";

/// A part of a message that says something must share this many characters with it.
const ENOUGH_WITHIN: usize = 20;

/// Names the errors.
pub(super) struct Errors;

impl ErrorNaming for Errors {
    fn engine(&self) -> EngineId {
        super::super::ID
    }

    fn catalogue(&self) -> &'static Catalogue {
        &CATALOGUE
    }

    fn name(&self, text: &str, code: Option<&str>) -> Named {
        let framed = frame::read(text);
        let recognised = CATALOGUE.recognise(framed.message);
        let phrase = phrases::find(framed.message);
        let code = code
            .filter(|code| !code.is_empty())
            .map_or_else(|| worked_out(&framed, recognised.as_ref(), phrase.and_then(|p| p.code)), str::to_owned);
        let of_words = kind_by_words(&code, framed.message);
        let news = code.is_empty() || [NO_ERROR, WARNED, INTERNAL].contains(&code.as_str());
        let event = phrases::event(framed.message).filter(|_| news);
        // A phrase without a code tells of a client's trouble, which no SQLSTATE is made for.
        let nameless = phrase.filter(|_| code.is_empty()).map(|p| p.kind);
        Named {
            kind: of_words.or(event.map(|e| e.kind)).or(nameless),
            severity: event.map(|e| e.severity).or_else(|| framed.word.and_then(Word::severity)),
            object: recognised.as_ref().and_then(|r| object::named(r, &code)),
            message: framed.message.to_owned(),
            code,
        }
    }
}

/// The code of a text: what it says itself, else what its words say.
fn worked_out(framed: &Framed<'_>, recognised: Option<&Recognised<'_>>, phrase: Option<&'static str>) -> String {
    let by_words = || recognised.map(|r| as_severe(reasons::refined(r), framed.word).to_owned());
    match &framed.code {
        Some((code, Weight::Said)) => return code.clone(),
        // A driver's class for any lost connection says less than the server's own words.
        Some((code, Weight::Class)) => return by_words().unwrap_or_else(|| code.clone()),
        None => {}
    }
    let within = || CATALOGUE.recognise_within(framed.message).filter(|r| r.fixed >= ENOUGH_WITHIN);
    by_words()
        .or_else(|| phrase.map(str::to_owned))
        .or_else(|| within().map(|r| r.code.to_owned()))
        .unwrap_or_else(|| unknown(framed).to_owned())
}

/// The code of a message that the server gives none: it depends on what the event is called.
fn as_severe(code: &str, word: Option<Word>) -> &str {
    match word {
        Some(Word::Warning) if code == INTERNAL => WARNED,
        Some(Word::Log | Word::Notice | Word::Info | Word::Debug) if code == INTERNAL => NO_ERROR,
        _ => code,
    }
}

/// The code of a message that nobody knows.
fn unknown(framed: &Framed<'_>) -> &'static str {
    let raised = framed.word.is_none_or(|w| w == Word::Error) && framed.message.chars().any(char::is_alphabetic);
    match framed.word {
        _ if phrases::find(framed.message).is_some() => "",
        Some(Word::Warning) => WARNED,
        _ if raised => RAISED,
        _ => "",
    }
}

/// The kind where one code stands for several. Time limits and people stop statements with the same code.
fn kind_by_words(code: &str, message: &str) -> Option<ErrorKind> {
    (code == "57014" && words::texts(Word::StatementTimeout).any(|t| t == message)).then_some(ErrorKind::Timeout)
}
