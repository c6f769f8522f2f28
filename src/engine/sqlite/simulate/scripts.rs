//! What can be provoked on the target's own file without writing to it.

use super::{open_for_simulation, refused};
use crate::engine::simulation::Provoked;
use std::path::Path;

/// Statements of the program, run one by one.
pub(super) struct Script {
    /// What has to be there first.
    before: &'static [&'static str],
    /// The one that fails.
    fails: &'static str,
}

const ITEMS: &str = "CREATE TEMPORARY TABLE dba_gpt_simulation_items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, \
                     quantity INTEGER CONSTRAINT dba_gpt_simulation_quantity CHECK (quantity > 0))";
const PARTS: &str = "CREATE TEMPORARY TABLE dba_gpt_simulation_parts (id INTEGER PRIMARY KEY, \
                     item INTEGER REFERENCES dba_gpt_simulation_items)";

pub(super) static MISSING_TABLE: Script =
    Script { before: &[], fails: "SELECT * FROM dba_gpt_simulation_missing_table" };
pub(super) static MISSING_COLUMN: Script =
    Script { before: &[], fails: "SELECT dba_gpt_simulation_missing_column FROM sqlite_schema" };
pub(super) static MISSING_FUNCTION: Script =
    Script { before: &[], fails: "SELECT dba_gpt_simulation_missing_function(1)" };
pub(super) static SYNTAX_ERROR: Script = Script { before: &[], fails: "SELEC 1" };
pub(super) static DUPLICATE_KEY: Script = Script {
    before: &[ITEMS, "INSERT INTO temp.dba_gpt_simulation_items VALUES (1, 'a', 1)"],
    fails: "INSERT INTO temp.dba_gpt_simulation_items VALUES (1, 'b', 1)",
};
pub(super) static FOREIGN_KEY: Script =
    Script { before: &[ITEMS, PARTS], fails: "INSERT INTO temp.dba_gpt_simulation_parts VALUES (1, 7)" };
pub(super) static NOT_NULL: Script =
    Script { before: &[ITEMS], fails: "INSERT INTO temp.dba_gpt_simulation_items VALUES (1, NULL, 1)" };
pub(super) static CHECK: Script =
    Script { before: &[ITEMS], fails: "INSERT INTO temp.dba_gpt_simulation_items VALUES (1, 'a', -1)" };
pub(super) static READ_ONLY: Script =
    Script { before: &[], fails: "CREATE TABLE main.dba_gpt_simulation_items (id INTEGER)" };

/// Runs a script on a file, and gives what SQLite refused.
pub(super) fn run(file: &Path, script: &Script) -> Provoked {
    let connection = match open_for_simulation(file) {
        Ok(connection) => connection,
        Err(error) => return Ok(vec![refused(error, "")?]),
    };
    for statement in script.before.iter().copied().chain([script.fails]) {
        if let Err(error) = super::step(&connection, statement) {
            return Ok(vec![refused(error, statement)?]);
        }
    }
    Ok(Vec::new())
}
