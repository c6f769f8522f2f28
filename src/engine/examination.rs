//! How an engine finds causes, and how it tells the definitions of its objects.

use super::{Query, Session, Task};
use crate::domain::definition::{Definition, Fingerprint, Fingerprints};
use crate::domain::diagnosis::{Case, Diagnosis, Observation};
use crate::domain::error::kind::ErrorKind;
use crate::domain::error_event::SessionError;
use crate::domain::procedure::Procedure;
use crate::domain::target::Identity;

/// When a probe of a diagnosis is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At the beginning: what does not change within seconds.
    Once,
    /// At the beginning and at the end: counters.
    Ends,
    /// Every half second or so: who does and waits for what. Cheap queries only.
    Often,
}

/// One thing that a diagnosis reads.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// The query; its name is the observation's key.
    pub query: &'static Query,
    /// When.
    pub when: When,
}

/// What a diagnosis is about, for an engine that looks further.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The incident's object, as its error named it. Untrusted text.
    pub object: Option<String>,
    /// The incident's statement. Untrusted text.
    pub statement: Option<String>,
    /// The kind of its error.
    pub kind: Option<ErrorKind>,
}

/// Reads what needs parameters or depends on what was read before.
pub type LookFurther =
    for<'a> fn(&'a mut dyn Session, &'a Wanted, &'a mut Observation) -> Task<'a, Result<(), SessionError>>;

/// How an engine finds causes and knows what to do about them.
pub struct Examination {
    /// What is read on a server that says this about itself.
    pub probes: fn(&Identity) -> Vec<Probe>,
    /// What is read after that, once, at the end.
    pub look_further: Option<LookFurther>,
    /// Statements whose plans would tell more, each an EXPLAIN of its own that only plans: the guard judges them, and
    /// what it does not allow is left out.
    pub plans: fn(&Observation, &Wanted) -> Vec<String>,
    /// Decides on every cause that the engine can have.
    pub judge: fn(&Case<'_>) -> Diagnosis,
    /// What can be done about causes, in the order of the documentation.
    pub procedures: &'static [Procedure],
}

/// How an engine tells the definitions of its objects, for our history of them. Both read alone, wait for no lock
/// longer than the session's own short time, and are bounded.
pub struct Definitions {
    /// Every table, view and whatever else can be made anew, each with its fingerprint: one cheap look.
    pub fingerprints: for<'a> fn(&'a mut dyn Session) -> Task<'a, Result<Fingerprints, SessionError>>,
    /// The definitions of these. Those that are locked just now, or went away, are left out: they come with a later
    /// look.
    pub read: for<'a> fn(&'a mut dyn Session, Vec<Fingerprint>) -> Task<'a, Result<Vec<Definition>, SessionError>>,
}
