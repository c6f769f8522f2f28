//! Errors that a MySQL or MariaDB server can be made to give. `scripts` need one session and at most temporary tables,
//! `tables` real scratch tables with two sessions, `crowd` a scratch account.
//!
//! What is missing, and the temporary table, have the same names each time: a recurrence is one of the same object.

mod crowd;
mod scripts;
mod tables;

use super::connect;
use super::wire::{Command, Wire};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::simulation::{
    ACCESS_DENIED, CHECK, DEADLOCK, DIVISION_BY_ZERO, DUPLICATE_KEY, FOREIGN_KEY, LOCK_TIMEOUT, MISSING_COLUMN,
    MISSING_TABLE, NOT_NULL, Offer, Provocation, Raised, STATEMENT_TIMEOUT, SYNTAX_ERROR, TOO_MANY_CONNECTIONS,
};
use crate::engine::ConnectSettings;
use crate::engine::mysql::wire::{Cell, WireError};
use crate::engine::simulation::{Simulation, in_time, raised};
use scripts::run;

/// The right to make a temporary table.
const TEMPORARY: &str = "CREATE TEMPORARY TABLES on the database";
/// The rights that a scratch table takes.
const TABLES: &str = "CREATE, DROP, INSERT, UPDATE and REFERENCES on the database";

/// Everything that can be provoked here.
pub(super) static SIMULATIONS: &[Simulation] = &[
    Simulation {
        offer: reads(&MISSING_TABLE, "Selects from a table that does not exist."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::MISSING_TABLE))),
    },
    Simulation {
        offer: reads(&MISSING_COLUMN, "Selects a column that does not exist from information_schema."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::MISSING_COLUMN))),
    },
    Simulation {
        offer: reads(&SYNTAX_ERROR, "Sends SELECT with a letter missing."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::SYNTAX_ERROR))),
    },
    Simulation {
        offer: writes(&DIVISION_BY_ZERO, "Inserts 1 / 0 in strict mode into a temporary table of its own.", TEMPORARY),
        run: |settings| Box::pin(in_time(run(settings, &scripts::DIVISION_BY_ZERO))),
    },
    Simulation {
        offer: writes(&DUPLICATE_KEY, "Inserts a key twice into a temporary table of its own.", TEMPORARY),
        run: |settings| Box::pin(in_time(run(settings, &scripts::DUPLICATE_KEY))),
    },
    Simulation {
        offer: writes(
            &FOREIGN_KEY,
            "Makes two scratch tables, inserts a row without its parent, and drops them.",
            TABLES,
        ),
        run: |settings| Box::pin(tables::foreign_key(settings)),
    },
    Simulation {
        offer: writes(&NOT_NULL, "Inserts NULL where it may not be into a temporary table of its own.", TEMPORARY),
        run: |settings| Box::pin(in_time(run(settings, &scripts::NOT_NULL))),
    },
    Simulation {
        offer: writes(&CHECK, "Inserts a negative quantity into a temporary table of its own.", TEMPORARY),
        run: |settings| Box::pin(in_time(run(settings, &scripts::CHECK))),
    },
    Simulation {
        offer: reads(&ACCESS_DENIED, "Asks for a table in information_schema, which no account may make."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::ACCESS_DENIED))),
    },
    Simulation {
        offer: writes(
            &LOCK_TIMEOUT,
            "Makes a scratch table, waits a second in one session for a row that another one holds, and drops it.",
            TABLES,
        ),
        run: |settings| Box::pin(tables::lock_timeout(settings)),
    },
    Simulation {
        offer: writes(
            &DEADLOCK,
            "Makes a scratch table, lets two sessions wait for each other's rows, and drops it.",
            TABLES,
        ),
        run: |settings| Box::pin(tables::deadlock(settings)),
    },
    Simulation {
        offer: reads(&STATEMENT_TIMEOUT, "Sleeps longer than a time limit of 0.2 s, set for its own session."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::STATEMENT_TIMEOUT))),
    },
    Simulation {
        offer: writes(
            &TOO_MANY_CONNECTIONS,
            "Makes a scratch account with MAX_USER_CONNECTIONS 1, connects as it twice, and drops it.",
            "CREATE USER",
        ),
        run: |settings| Box::pin(crowd::too_many_connections(settings)),
    },
];

const fn reads(error: &'static Provocation, does: &'static str) -> Offer {
    Offer { error, does, writes: false, needs: "" }
}

const fn writes(error: &'static Provocation, does: &'static str, needs: &'static str) -> Offer {
    Offer { error, does, writes: true, needs }
}

/// A connection of our own, in some database: bare names need one.
async fn open(settings: &ConnectSettings) -> Result<Wire, SessionError> {
    let mut wire = connect::wire(settings).await?;
    let answer = wire.ask_command(&Command::new(scripts::SOME_DATABASE), 1).await.map_err(lost)?;
    let name = answer.ok().and_then(|answer| answer.rows.into_iter().next()?.into_iter().next());
    if let Some(Cell::Whole(name)) = name {
        // Where this is refused, the statements that need a database say so.
        let _ = wire.enter(&String::from_utf8_lossy(&name)).await.map_err(lost)?;
    }
    Ok(wire)
}

/// One statement that is a constant, and the server's refusal of it.
async fn tell(wire: &mut Wire, statement: &'static str) -> Result<Result<(), Raised>, SessionError> {
    let answer = wire.ask_command(&Command::new(statement), 1).await.map_err(lost)?;
    Ok(answer.map(drop).map_err(|said| refused(said, statement)))
}

/// One statement with a scratch name in it.
async fn ask(wire: &mut Wire, statement: &str) -> Result<Result<(), Raised>, SessionError> {
    let answer = wire.ask(statement, &[], 1).await.map_err(lost)?;
    Ok(answer.map(drop).map_err(|said| refused(said, statement)))
}

fn refused(said: ServerMessage, statement: &str) -> Raised {
    raised(said, statement)
}

fn lost(error: WireError) -> SessionError {
    match error {
        WireError::Ended(said) => SessionError::Server(*said),
        other => SessionError::Lost(other.words()),
    }
}
