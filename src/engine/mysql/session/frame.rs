//! The settings around every statement of ours, and how they are put back.

use super::begin::{Facts, Flavour};
use crate::domain::proposal::survey::Timeouts;
use crate::domain::rows::Limits;
use crate::engine::mysql::wire::{Cell, Command, Wire, WireError};

/// The server's time for a statement of a session at rest, milliseconds.
pub(super) const TIMEOUT_MS: u64 = 5000;

/// The frame. The empty `sql_mode` makes the server read quotes, backslashes and operators as our guard does; the
/// default of read-only transactions and the time limits keep us from being a burden. A lock that somebody holds is
/// not waited for (MySQL knows no less than a second).
const MYSQL: &str = "SET NAMES utf8mb4, SESSION sql_mode = '', SESSION autocommit = 1, SESSION transaction_read_only = 1, \
    SESSION max_execution_time = 5000, SESSION lock_wait_timeout = 1, SESSION innodb_lock_wait_timeout = 1, \
    SESSION net_write_timeout = 30";
const MARIADB: &str = "SET NAMES utf8mb4, SESSION sql_mode = '', SESSION autocommit = 1, SESSION tx_read_only = 1, \
    SESSION max_statement_time = 5, SESSION lock_wait_timeout = 0, SESSION innodb_lock_wait_timeout = 0, \
    SESSION net_write_timeout = 30, SESSION idle_transaction_timeout = 30";

/// Puts the frame on.
pub(super) async fn put_on(wire: &mut Wire, flavour: Flavour) -> Result<(), WireError> {
    let frame = match flavour {
        Flavour::MySql => Command::new(MYSQL),
        Flavour::MariaDb => Command::new(MARIADB),
    };
    wire.run(&frame).await?.map(|_| ()).map_err(|message| WireError::Ended(Box::new(message)))
}

/// Ends what a read has begun, makes the session like a new one and puts the frame on again.
pub(super) async fn reset(wire: &mut Wire, facts: &Facts) -> Result<(), WireError> {
    // The reset rolls back too; saying so costs little and does not depend on it.
    for step in [wire.run(&Command::new("ROLLBACK")).await?, wire.reset().await?] {
        step.map_err(|message| WireError::Ended(Box::new(message)))?;
    }
    come_back(wire, facts).await?;
    put_on(wire, facts.flavour).await
}

/// Makes the database of the login the current one again, which the server's reset leaves as it is. Out of a database
/// into none there is no way but a new connection.
async fn come_back(wire: &mut Wire, facts: &Facts) -> Result<(), WireError> {
    let refused = |message| WireError::Ended(Box::new(message));
    if !facts.database.is_empty() {
        return wire.enter(&facts.database).await?.map(|_| ()).map_err(refused);
    }
    let answer = wire.ask_command(&Command::new("SELECT DATABASE()"), 1).await?.map_err(refused)?;
    match answer.rows.first().and_then(|row| row.first()) {
        Some(Cell::Null) => Ok(()),
        _ => Err(WireError::Malformed("a current database that nobody chose")),
    }
}

/// Sets the server's time for the statements that follow.
pub(super) fn timeout(flavour: Flavour, timeout_ms: u64) -> Command {
    match flavour {
        Flavour::MySql => Command::with("SET SESSION max_execution_time = {}", &[timeout_ms]),
        Flavour::MariaDb => Command::with("SET SESSION max_statement_time = {}", &[seconds(timeout_ms)]),
    }
}

/// Sets the limits of a read. The limit of rows holds for a SELECT that names none itself.
pub(super) fn limits(flavour: Flavour, limits: &Limits) -> Command {
    let rows = limits.rows as u64 + 1;
    let lock = seconds(limits.lock_timeout_ms);
    match flavour {
        Flavour::MySql => Command::with(
            "SET SESSION max_execution_time = {}, SESSION lock_wait_timeout = {}, \
             SESSION innodb_lock_wait_timeout = {}, SESSION sql_select_limit = {}",
            &[limits.timeout_ms.max(1), lock, lock, rows],
        ),
        Flavour::MariaDb => Command::with(
            "SET SESSION max_statement_time = {}, SESSION lock_wait_timeout = {}, \
             SESSION innodb_lock_wait_timeout = {}, SESSION sql_select_limit = {}",
            &[seconds(limits.timeout_ms), lock, lock, rows],
        ),
    }
}

/// Begins a transaction that can only read.
pub(super) fn begin() -> Command {
    Command::new("START TRANSACTION READ ONLY")
}

/// Lets one act change something: no silent bending of values, locks and time as planned, and reads inside a change
/// that nobody can change under it.
pub(super) fn act(flavour: Flavour, timeouts: &Timeouts) -> Command {
    let lock = seconds(timeouts.lock_ms);
    match flavour {
        // MySQL has no time limit of its own for what is not a SELECT: the session's deadline ends it.
        Flavour::MySql => Command::with(
            "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
             SESSION transaction_read_only = 0, SESSION transaction_isolation = 'SERIALIZABLE', SESSION max_execution_time = 0, \
             SESSION lock_wait_timeout = {}, SESSION innodb_lock_wait_timeout = {}",
            &[lock, lock],
        ),
        Flavour::MariaDb => Command::with(
            "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
             SESSION tx_read_only = 0, SESSION tx_isolation = 'SERIALIZABLE', SESSION max_statement_time = {}, \
             SESSION lock_wait_timeout = {}, SESSION innodb_lock_wait_timeout = {}",
            &[timeouts.statement_ms.div_ceil(1000), lock, lock],
        ),
    }
}

/// Whole seconds, at least one: none would mean no limit.
fn seconds(milliseconds: u64) -> u64 {
    milliseconds.div_ceil(1000).max(1)
}
