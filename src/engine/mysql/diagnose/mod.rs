//! How causes are found on MySQL and MariaDB: what is read (`probes`, `further`), what it says (`seen`), and what it means
//! (`judge`).

mod further;
mod judge;
mod now;
mod probes;
pub(super) mod seen;

pub(super) use further::{NAMES, SAME_NAME};
pub(super) use judge::{Group, groups, persistent, redo_use, split, statements, wrong_settings};
pub(super) use now::look;
pub(super) use probes::{BINARY_LOGS, REPLICA};

use super::procedures::PROCEDURES;
use crate::engine::Examination;

/// The registry's part.
pub(super) static EXAMINATION: Examination = Examination {
    probes: probes::probes,
    look_further: Some(further::look_further),
    plans: further::plans,
    judge: judge::judge,
    procedures: PROCEDURES,
};

#[cfg(test)]
mod tests;
