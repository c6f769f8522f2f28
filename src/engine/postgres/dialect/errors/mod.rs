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

static CATALOGUE: Catalogue = Catalogue::new(Tables {
    codes: include_str!("../../../../../assets/errors/codes/postgres.tsv"),
    advice: include_str!("../../../../../assets/errors/advice/postgres.toml"),
    messages: messages!(""),
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

/// What an event of a log has that is no error.
const NO_ERROR: &str = "00000";

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
            .map(str::to_owned)
            .unwrap_or_else(|| worked_out(&framed, recognised.as_ref(), phrase.and_then(|p| p.code)));
        let of_words = kind_by_words(&code, framed.message);
        let event = (code.is_empty() || code == NO_ERROR || code == "01000").then(|| phrases::event(framed.message));
        let event = event.flatten();
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
    let by_words = || recognised.map(|r| reasons::refined(r).to_owned());
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

/// The code of a message that nobody knows.
fn unknown(framed: &Framed<'_>) -> &'static str {
    let raised = framed.word.is_none_or(|w| w == Word::Error) && framed.message.chars().any(char::is_alphabetic);
    match framed.word {
        _ if phrases::find(framed.message).is_some() => "",
        Some(Word::Warning) => "01000",
        _ if raised => RAISED,
        _ => "",
    }
}

/// The kind where one code stands for several. Time limits and people stop statements with the same code.
fn kind_by_words(code: &str, message: &str) -> Option<ErrorKind> {
    (code == "57014" && words::texts(Word::StatementTimeout).any(|t| t == message)).then_some(ErrorKind::Timeout)
}
