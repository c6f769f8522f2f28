//! From events of a log to errors, quickly: a storm of one error is understood once.
//!
//! Messages that differ only in what stands in quotes and in their numbers have one signature, one code and one kind;
//! only the object differs, and it stands in the same quotes in all of them. So what is known is kept under the message
//! without those, together with the place of its object.

use super::event::{Level, LogEvent};
use super::rules::{LogRule, LogRules, is_loud};
use crate::domain::error::event::{ErrorEvent, Source, keep};
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::error::naming::{ErrorNaming, Understood, understand};
use crate::domain::error::signature::signature;
use crate::domain::target::{TargetId, Timestamp};
use std::collections::HashMap;
use std::ops::Range;

/// Messages that are remembered; when there are more, all are forgotten.
const MOST_KNOWN: usize = 20_000;
/// Bytes of them that are remembered.
const KNOWN_BYTES: usize = 8 << 20;

/// Names the errors among the events of a log.
pub struct LogNamer {
    naming: &'static dyn ErrorNaming,
    rules: &'static LogRules,
    known: HashMap<Vec<u8>, Known>,
    known_bytes: usize,
    mask: Mask,
    last: Understood,
}

/// What is known of all messages of one shape.
struct Known {
    /// None when it is no error.
    error: Option<Understood>,
    object: Object,
}

/// Where the object of a message stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    /// There is none.
    None,
    /// In the piece of this number that differs among messages.
    Piece(usize),
    /// Nowhere as it is: each message has to be understood by itself.
    Elsewhere,
}

impl LogNamer {
    /// Names the errors of an engine.
    pub fn new(naming: &'static dyn ErrorNaming, rules: &'static LogRules) -> Self {
        let last = Understood {
            code: String::new(),
            kind: ErrorKind::Other,
            severity: Severity::Info,
            object: None,
            message: String::new(),
            signature: String::new(),
            group: String::new(),
            title: String::new(),
            transient: false,
        };
        Self { naming, rules, known: HashMap::new(), known_bytes: 0, mask: Mask::default(), last }
    }

    /// The error that an event is; none when it is none. It is lent until the next event.
    pub fn name(&mut self, event: &LogEvent) -> Option<&Understood> {
        let rule = self.rules.of(event);
        if !is_loud(event) && rule.is_none() {
            return None;
        }
        self.mask.set(event, rule);
        if let Some(Known { error, object }) = self.known.get(&self.mask.key) {
            let error = error.as_ref()?;
            if *object != Object::Elsewhere {
                self.last.clone_from(error);
                self.last.message.clone_from(&event.message);
                if let Object::Piece(number) = *object {
                    self.last.object = self.mask.piece(number, &event.message).map(str::to_owned);
                }
                return Some(&self.last);
            }
        }
        let error = judge(self.naming, rule, event);
        let object = match error.as_ref() {
            // The naming took something off the message, and that may differ.
            Some(e) if e.message != event.message => Object::Elsewhere,
            Some(Understood { object: Some(object), .. }) => self.mask.place_of(object, &event.message),
            _ => Object::None,
        };
        if self.known.len() >= MOST_KNOWN || self.known_bytes >= KNOWN_BYTES {
            self.known.clear();
            self.known_bytes = 0;
        }
        self.known_bytes += self.mask.key.len() + 512;
        self.known.insert(self.mask.key.clone(), Known { error: error.clone(), object });
        self.last = error?;
        Some(&self.last)
    }
}

impl std::fmt::Debug for LogNamer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogNamer").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

/// What an event is, without what is remembered. A rule knows better than a code; a warning is at most that.
fn judge(naming: &dyn ErrorNaming, rule: Option<&'static LogRule>, event: &LogEvent) -> Option<Understood> {
    let code = Some(event.code.as_str()).filter(|code| !code.is_empty());
    let mut error = understand(naming, &event.message, code);
    if let Some(rule) = rule {
        (error.kind, error.severity) = (rule.kind, rule.severity);
        rule.title.clone_into(&mut error.title);
        error.signature = signature(error.kind, &error.message);
        return Some(error);
    }
    if event.level >= Level::Error {
        // The catalogue knows how bad an error is, and the server alone that it had to stop.
        if event.level == Level::Panic {
            error.severity = Severity::Critical;
        }
        return Some(error);
    }
    let known = naming.catalogue().code(&error.code).is_some_and(|c| c.severity > Severity::Info);
    error.severity = error.severity.min(Severity::Warning);
    (known && error.kind != ErrorKind::Other).then_some(error)
}

/// An error of a log as it goes into the store: what it is, and who met it when. `seen` is now, for a log without times.
pub fn error_event(
    event: &LogEvent,
    error: &Understood,
    target: &TargetId,
    naming: &dyn ErrorNaming,
    seen: Timestamp,
) -> ErrorEvent {
    let known = |text: &str| Some(text).filter(|t| !t.is_empty()).map(keep);
    let more: Vec<&str> = [&event.detail, &event.hint, &event.context]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(String::as_str)
        .collect();
    let at = event.at.unwrap_or(seen);
    ErrorEvent {
        statement: known(&event.statement),
        more: known(&more.join("\n")),
        user: known(&event.user),
        database: known(&event.database),
        ..ErrorEvent::new(at, target.clone(), naming.engine(), Source::Log, error.clone())
    }
}

/// A message without its quoted pieces and numbers, and where those stand.
#[derive(Debug, Default)]
struct Mask {
    /// Level, rule, code and what is the same in all such messages.
    key: Vec<u8>,
    pieces: Vec<Range<usize>>,
}

impl Mask {
    fn set(&mut self, event: &LogEvent, rule: Option<&LogRule>) {
        self.key.clear();
        self.pieces.clear();
        self.key.push(event.level as u8);
        // Its words may stand in quotes.
        self.key.extend_from_slice(rule.map_or("", |r| r.words).as_bytes());
        self.key.push(0);
        self.key.extend_from_slice(event.code.as_bytes());
        self.key.push(0);
        let bytes = event.message.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let end = match byte {
                b'"' | b'\'' | b'`' => match bytes[at + 1..].iter().position(|b| matches!(b, b'"' | b'\'' | b'`')) {
                    Some(length) => at + 1 + length,
                    None => at,
                },
                b'0'..=b'9' => at + bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count(),
                _ => at,
            };
            if end == at {
                self.key.push(*byte);
                at += 1;
                continue;
            }
            let quoted = !byte.is_ascii_digit();
            // The quotes stay, so that what is quoted differently, or is empty, is another message.
            let begin = at + usize::from(quoted);
            self.key.push(*byte);
            self.key.push(if end > begin { 1 } else { 2 });
            if quoted {
                self.key.push(bytes[end]);
            }
            self.pieces.push(begin..end);
            at = end + usize::from(quoted);
        }
    }

    fn piece<'t>(&self, number: usize, message: &'t str) -> Option<&'t str> {
        message.get(self.pieces.get(number)?.clone())
    }

    /// The one piece that is the object; two that are the same leave it open which it is.
    fn place_of(&self, object: &str, message: &str) -> Object {
        let mut same = (0..self.pieces.len()).filter(|i| self.piece(*i, message) == Some(object));
        match (same.next(), same.next()) {
            (Some(only), None) => Object::Piece(only),
            _ => Object::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::error::catalogue::{Catalogue, Tables};
    use crate::domain::error::naming::Named;
    use crate::domain::target::EngineId;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static CATALOGUE: Catalogue = Catalogue::new(Tables {
        codes: "E1\tmissing\tTABLE_NOT_FOUND\terror\tno\tIt is missing\nW1\tloose\tDATA_ERROR\terror\tno\tIt is loose\n",
        advice: "",
        messages: "E1\tthing \"*\" is missing\nE1\tnothing\nW1\tloose *\n",
        translations: &[],
    });

    struct Counting(AtomicUsize);

    impl ErrorNaming for Counting {
        fn engine(&self) -> EngineId {
            EngineId("test")
        }
        fn catalogue(&self) -> &'static Catalogue {
            &CATALOGUE
        }
        fn name(&self, text: &str, code: Option<&str>) -> Named {
            self.0.fetch_add(1, Ordering::Relaxed);
            let found = CATALOGUE.recognise(text);
            let object = found.as_ref().and_then(|f| f.inserted.first()).map(|o| (*o).to_owned());
            let code = code.or(found.map(|f| f.code)).unwrap_or_default().to_owned();
            Named { code, object, message: text.to_owned(), ..Named::default() }
        }
    }

    static RULES: LogRules = LogRules::new(
        &[LogRule { words: "disk", kind: ErrorKind::DiskFull, severity: Severity::Critical, title: "Full" }],
        &[],
    );

    fn event(level: Level, message: &str) -> LogEvent {
        LogEvent { level, message: message.to_owned(), ..LogEvent::default() }
    }

    #[test]
    fn a_storm_is_understood_once_and_each_object_is_its_own() {
        static NAMING: Counting = Counting(AtomicUsize::new(0));
        let mut namer = LogNamer::new(&NAMING, &RULES);
        for number in 0..100 {
            let event = event(Level::Error, &format!("thing \"t{number}\" is missing"));
            let error = namer.name(&event).unwrap();
            assert_eq!(error.object, Some(format!("t{number}")));
            assert_eq!((error.code.as_str(), &error.message), ("E1", &event.message));
            assert_eq!(*error, judge(&Counting(AtomicUsize::new(0)), None, &event).unwrap());
        }
        assert_eq!(NAMING.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn what_counts_as_an_error() {
        static NAMING: Counting = Counting(AtomicUsize::new(0));
        let mut namer = LogNamer::new(&NAMING, &RULES);
        let mut word = |level, message: &str| namer.name(&event(level, message)).map(|e| (e.kind, e.severity));
        assert_eq!(word(Level::Error, "whatever"), Some((ErrorKind::Other, Severity::Error)));
        assert_eq!(word(Level::Panic, "nothing"), Some((ErrorKind::TableNotFound, Severity::Critical)));
        assert_eq!(word(Level::Info, "nothing"), None);
        assert_eq!(word(Level::Info, "the disk 5 is full"), Some((ErrorKind::DiskFull, Severity::Critical)));
        assert_eq!(word(Level::Warning, "whatever"), None);
        assert_eq!(word(Level::Warning, "whatever"), None, "remembered too");
        assert_eq!(word(Level::Warning, "loose ends"), Some((ErrorKind::DataError, Severity::Warning)));
    }
}
