//! What one session can provoke: a few statements, and at most a temporary table, which goes with the session.

use super::{open, tell};
use crate::engine::ConnectSettings;
use crate::engine::simulation::Provoked;

/// Statements of the program, sent one by one.
pub(super) struct Script {
    /// What has to be there first. The server may refuse that too.
    before: &'static [&'static str],
    /// The one that fails.
    fails: &'static str,
}

/// The session's own database, or one that it may see.
pub(super) const SOME_DATABASE: &str = "SELECT COALESCE(DATABASE(), (SELECT MIN(schema_name) FROM \
    information_schema.schemata WHERE schema_name NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')))";

/// The modes in which the server refuses what it would else bend into shape.
const STRICT: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO'";
const ITEMS: &str = "CREATE TEMPORARY TABLE dba_gpt_simulation_items (id INT NOT NULL PRIMARY KEY, \
                     name VARCHAR(20) NOT NULL, quantity INT, \
                     CONSTRAINT dba_gpt_simulation_quantity CHECK (quantity > 0))";
/// Each product reads the comment that is meant for it: they have other names for the limit, and other units.
const LIMIT: &str = "SET SESSION /*!50708 max_execution_time = 200 *//*M!100100 max_statement_time = 0.2 */";

pub(super) static MISSING_TABLE: Script =
    Script { before: &[], fails: "SELECT * FROM dba_gpt_simulation_missing_table" };
pub(super) static MISSING_COLUMN: Script =
    Script { before: &[], fails: "SELECT dba_gpt_simulation_missing_column FROM information_schema.schemata" };
pub(super) static SYNTAX_ERROR: Script = Script { before: &[], fails: "SELEC 1" };
pub(super) static DIVISION_BY_ZERO: Script =
    Script { before: &[STRICT, ITEMS], fails: "INSERT INTO dba_gpt_simulation_items VALUES (1, 'a', 1 / 0)" };
pub(super) static DUPLICATE_KEY: Script = Script {
    before: &[ITEMS, "INSERT INTO dba_gpt_simulation_items VALUES (1, 'a', 1)"],
    fails: "INSERT INTO dba_gpt_simulation_items VALUES (1, 'b', 1)",
};
pub(super) static NOT_NULL: Script =
    Script { before: &[STRICT, ITEMS], fails: "INSERT INTO dba_gpt_simulation_items VALUES (1, NULL, 1)" };
pub(super) static CHECK: Script =
    Script { before: &[ITEMS], fails: "INSERT INTO dba_gpt_simulation_items VALUES (1, 'a', -1)" };
pub(super) static ACCESS_DENIED: Script =
    Script { before: &[], fails: "CREATE TABLE information_schema.dba_gpt_simulation_items (id INT)" };
pub(super) static STATEMENT_TIMEOUT: Script =
    Script { before: &[LIMIT], fails: "SELECT 1 FROM information_schema.schemata WHERE SLEEP(4)" };

/// Runs a script in a session of its own, and gives what the server refused.
pub(super) async fn run(settings: &ConnectSettings, script: &Script) -> Provoked {
    let mut wire = open(settings).await?;
    let mut raised = Vec::new();
    for statement in script.before.iter().copied().chain([script.fails]) {
        if let Err(refused) = tell(&mut wire, statement).await? {
            raised.push(refused);
            break;
        }
    }
    wire.close().await;
    Ok(raised)
}
