//! MongoDB: on the DocumentDB engine behind its bridge as far as that goes, and what it tells nothing about on a server
//! that answers from a script.

mod indexes;
mod operations;

use super::registry::{self, Dice};
use super::*;
use dba_gpt::domain::procedure::Check;
use dba_gpt::domain::proposal::kind::ObjectRef;

/// Every scenario of these servers.
pub(super) fn all() -> impl Iterator<Item = &'static registry::Cure> {
    [indexes::CURES, operations::CURES].into_iter().flatten()
}
