//! Errors that can be provoked on purpose, so that a person sees the whole road from an error to an incident and can
//! test it: what there is, where it is allowed, and what is told of the outcome.
//!
//! Each engine says how it does them. What it sends are constants of the program; the target is one whose configuration
//! says that it is not production.

use super::error::event::{ErrorEvent, Source, keep};
use super::error::kind::ErrorKind;
use super::error::naming::{ErrorNaming, understand};
use super::error_event::SessionError;
use super::target::{Access, Environment, Target, TargetId, Timestamp};

/// What everything that a simulation makes on a server begins with. A random part follows, so that two do not meet.
pub const SCRATCH: &str = "dba_gpt_simulation_";

/// A kind of mishap, whatever the engine.
#[derive(Debug, PartialEq, Eq)]
pub struct Provocation {
    /// The word by which it is asked for.
    pub name: &'static str,
    /// A few words for a list.
    pub title: &'static str,
    /// The kind of error that it is to give.
    pub kind: ErrorKind,
}

macro_rules! provocations {
    ($($constant:ident = $name:literal, $title:literal, $kind:ident;)+) => {
        $(
            #[doc = concat!("`", $name, "`: ", $title, ".")]
            pub static $constant: Provocation = Provocation { name: $name, title: $title, kind: ErrorKind::$kind };
        )+
        /// All of them, in the order in which an engine lists its own.
        pub static PROVOCATIONS: &[&Provocation] = &[$(&$constant),+];
    };
}

provocations! {
    MISSING_TABLE = "missing-table", "Read a table that is not there", TableNotFound;
    MISSING_COLUMN = "missing-column", "Read a column that is not there", ColumnNotFound;
    MISSING_FUNCTION = "missing-function", "Call a function or command that is not there", FunctionNotFound;
    SYNTAX_ERROR = "syntax-error", "Send a statement that cannot be parsed", SyntaxError;
    WRONG_TYPE = "wrong-type", "Use a key as another type than it has", WrongType;
    DATA_ERROR = "data-error", "Use a value that does not fit", DataError;
    DIVISION_BY_ZERO = "division-by-zero", "Divide by zero", DivisionByZero;
    DUPLICATE_KEY = "duplicate-key", "Insert the same key twice", DuplicateKey;
    FOREIGN_KEY = "foreign-key", "Insert a row whose parent is not there", ForeignKeyViolation;
    NOT_NULL = "not-null", "Leave a required value out", NotNullViolation;
    CHECK = "check", "Insert what a check forbids", CheckViolation;
    ACCESS_DENIED = "access-denied", "Ask for what a login may not have", AccessDenied;
    READ_ONLY = "read-only", "Write where nothing may be written", ReadOnly;
    LOCK_TIMEOUT = "lock-timeout", "Wait too long for a lock that another session holds", LockTimeout;
    DEADLOCK = "deadlock", "Let two sessions wait for each other", Deadlock;
    STATEMENT_TIMEOUT = "statement-timeout", "Run longer than the time limit", Timeout;
    TRANSACTION_STATE = "transaction-state", "Go on in a transaction that has failed", TransactionState;
    TOO_MANY_CONNECTIONS = "too-many-connections", "Connect past a limit of one connection", TooManyConnections;
    DISK_FULL = "disk-full", "Fill a small file to its limit", DiskFull;
    CORRUPTION = "corruption", "Open a damaged file", Corruption;
}

/// A provocation as one engine does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// What is provoked.
    pub error: &'static Provocation,
    /// What happens on the server, one sentence.
    pub does: &'static str,
    /// It writes, though only into scratch objects of its own, which it removes again.
    pub writes: bool,
    /// The right that it takes beyond connecting, in the engine's words; empty when it takes none.
    pub needs: &'static str,
}

/// An offer by its name.
pub fn by_name<'a>(offers: &'a [Offer], name: &str) -> Option<&'a Offer> {
    offers.iter().find(|offer| offer.error.name == name)
}

/// Why nothing, or not this, is provoked on a target; none when it may be. The words say what to write in the
/// configuration.
pub fn objection(target: &Target, offer: &Offer) -> Option<String> {
    let name = &target.id;
    match target.environment {
        Environment::Production => Some(format!(
            "{name} is marked as production: errors are provoked on the demo (--demo), and on targets whose configuration \
             says environment = \"dev\" or \"stage\""
        )),
        Environment::Unknown => Some(format!(
            "nothing says that {name} is not production: if mistakes do no harm there, write environment = \"dev\" (or \
             \"stage\") below [targets.{name}] in the configuration; a target that is only a URL needs a name there first. \
             Or use the demo (--demo)"
        )),
        Environment::Staging | Environment::Development if offer.writes && target.access == Access::ReadOnly => {
            Some(format!(
                "{name} is read-only: its configuration says read_only = true, and {} makes scratch objects. Those that \
                 write nothing can be provoked there",
                offer.error.name
            ))
        }
        Environment::Staging | Environment::Development => None,
    }
}

/// An error that the server reported, as it said it. Untrusted text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Raised {
    /// The native code; empty when it gave none.
    pub code: String,
    /// The message.
    pub message: String,
    /// Detail and hint of the server, a line each.
    pub more: Option<String>,
    /// The statement or command that met it, without secrets.
    pub statement: String,
}

/// Why nothing was provoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSimulated {
    /// It may not be done there, or is not known there; nothing was sent.
    #[error("{0}")]
    Refused(String),
    /// The target, or what it takes on the way, failed in another way than the one that was looked for.
    #[error(transparent)]
    Failed(#[from] SessionError),
}

/// What came of a provocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// What was to be provoked.
    pub offer: Offer,
    /// Every error that the server gave, in order. None when it objected to nothing.
    pub events: Vec<ErrorEvent>,
}

impl Simulated {
    /// Names what was raised on a target at a moment.
    pub fn new(offer: Offer, raised: Vec<Raised>, naming: &dyn ErrorNaming, at: Timestamp, target: &TargetId) -> Self {
        let event = |raised: Raised| {
            let code = Some(raised.code.as_str()).filter(|code| !code.is_empty());
            let understood = understand(naming, &raised.message, code);
            let mut event = ErrorEvent::new(at, target.clone(), naming.engine(), Source::Simulated, understood);
            event.more = raised.more.as_deref().map(keep);
            event.statement = Some(raised.statement.as_str()).filter(|text| !text.is_empty()).map(keep);
            event
        };
        Self { offer, events: raised.into_iter().map(event).collect() }
    }

    /// The promised kind is among what the server gave.
    pub fn as_promised(&self) -> bool {
        self.events.iter().any(|event| event.kind == self.offer.error.kind)
    }

    /// Why the promised error did not come, in words; none when it did.
    pub fn shortfall(&self) -> Option<String> {
        if self.as_promised() {
            return None;
        }
        let Offer { error, needs, .. } = self.offer;
        let promised = error.kind;
        Some(match self.events.last() {
            None => format!("{}: the server objected to nothing, so there was no {promised}", error.name),
            Some(event) if event.kind == ErrorKind::AccessDenied && !needs.is_empty() => format!(
                "{}: the login may not do what it takes ({needs}): the server gave {} in place of {promised}, which is as \
                 real an error",
                error.name, event.kind
            ),
            Some(event) => format!("{}: the server gave {} in place of {promised}", error.name, event.kind),
        })
    }

    /// One line that says what happened.
    pub fn words(&self) -> String {
        let told = |event: &ErrorEvent| format!("{} {}: {}", event.kind, event.code, event.message);
        let events = self.events.iter().map(told).collect::<Vec<_>>().join("; ");
        match self.shortfall() {
            None => format!("{}: {events}", self.offer.error.name),
            Some(words) if events.is_empty() => words,
            Some(words) => format!("{words}: {events}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::target::EngineId;
    use std::collections::HashSet;

    fn target(environment: Environment, access: Access) -> Target {
        Target {
            id: TargetId::new("shop"),
            engine: EngineId("any"),
            environment,
            address: "here".into(),
            accent: None,
            access,
        }
    }

    fn offer(writes: bool) -> Offer {
        Offer { error: &TOO_MANY_CONNECTIONS, does: "Does it.", writes, needs: "CREATEROLE" }
    }

    #[test]
    fn only_targets_that_say_what_they_are_can_be_provoked() {
        let refused = |environment| objection(&target(environment, Access::Writable), &offer(false));
        assert!(refused(Environment::Production).unwrap().contains("environment = \"dev\""));
        assert!(refused(Environment::Unknown).unwrap().contains("[targets.shop]"));
        assert_eq!(refused(Environment::Staging), None);
        assert_eq!(refused(Environment::Development), None);
    }

    #[test]
    fn nothing_is_written_where_nothing_may_be() {
        let closed = target(Environment::Development, Access::ReadOnly);
        assert!(objection(&closed, &offer(true)).unwrap().contains("read_only = true"));
        assert_eq!(objection(&closed, &offer(false)), None);
        let at_start = target(Environment::Development, Access::ReadOnlyAtStart);
        assert_eq!(objection(&at_start, &offer(true)), None);
    }

    #[test]
    fn names_are_words_and_unique() {
        let mut names = HashSet::new();
        for provocation in PROVOCATIONS {
            assert!(names.insert(provocation.name), "{} twice", provocation.name);
            assert!(provocation.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", provocation.name);
        }
    }
}
