//! Which incidents somebody wants to see.

use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::target::{TargetId, Timestamp};

/// The default wants all that are open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this target.
    pub target: Option<TargetId>,
    /// At least this bad.
    pub severity: Option<Severity>,
    /// Of this kind.
    pub kind: Option<ErrorKind>,
    /// Also those that were resolved since then.
    pub resolved_since: Option<Timestamp>,
    /// At most this many of those that are resolved.
    pub most_resolved: usize,
}
