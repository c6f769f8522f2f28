//! From a text to an error that can be counted: the engine names it, the rest is the same for all.

use super::catalogue::Catalogue;
use super::group::group;
use super::kind::{ErrorKind, Severity};
use super::signature::signature;
use crate::domain::target::EngineId;

/// What an engine reads out of an error's text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// The native code; empty when nothing tells it.
    pub code: String,
    /// The kind, where the words say more than the code does.
    pub kind: Option<ErrorKind>,
    /// How bad it is, where the text says it or the words say more than the code does.
    pub severity: Option<Severity>,
    /// The table, column, key, user or other object that it is about, as printed.
    pub object: Option<String>,
    /// The server's primary message: nothing of what a client or a log puts around it.
    pub message: String,
}

/// The part of an engine that knows its errors. No connection is needed.
pub trait ErrorNaming: Send + Sync {
    /// The engine's name; `oracle` too, which is no engine that we talk to.
    fn engine(&self) -> EngineId;

    /// What is known about its errors.
    fn catalogue(&self) -> &'static Catalogue;

    /// Reads an error out of a text as a server, a client, a driver or a log printed it. `code` is the native code
    /// where a record has it apart from the text.
    fn name(&self, text: &str, code: Option<&str>) -> Named;
}

/// An error, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// The native code; empty when nothing tells it.
    pub code: String,
    /// The kind.
    pub kind: ErrorKind,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub object: Option<String>,
    /// The primary message.
    pub message: String,
    /// The classic signature ([`signature`]): the key of a pattern.
    pub signature: String,
    /// The better grouping ([`group`]).
    pub group: String,
    /// A few words for a list.
    pub title: String,
    /// The same thing, tried again unchanged, may well succeed.
    pub transient: bool,
}

/// Understands an error's text. Pure: the same text gives the same answer.
pub fn understand(naming: &dyn ErrorNaming, text: &str, code: Option<&str>) -> Understood {
    let Named { code, kind, severity, object, message } = naming.name(text, code);
    let catalogue = naming.catalogue();
    let known = catalogue.code(&code);
    let kind = kind.or(known.map(|k| k.kind)).unwrap_or(ErrorKind::Other);
    // Where the words told another kind than the code has, what is known about the code is about something else.
    let known = known.filter(|k| k.kind == kind);
    let severity = severity.or(known.map(|k| k.severity)).unwrap_or_else(|| kind.severity());
    let title = catalogue
        .advice_for(&code, kind)
        .map(|a| a.title.clone())
        .or_else(|| known.map(|k| k.meaning.to_owned()))
        .or_else(|| super::catalogue::kind_advice(kind).map(|a| a.title.clone()))
        .unwrap_or_else(|| kind.word().to_owned());
    let transient = known.map_or_else(|| may_pass(kind), |k| k.transient);
    Understood {
        signature: signature(kind, &message),
        group: group(&code, kind, &message),
        code,
        kind,
        severity,
        object,
        message,
        title,
        transient,
    }
}

/// Kinds that often go away by themselves, for errors without a code.
fn may_pass(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionError
            | ErrorKind::TooManyConnections
            | ErrorKind::Deadlock
            | ErrorKind::LockTimeout
            | ErrorKind::SerializationFailure
            | ErrorKind::ClusterState
    )
}
