//! Errors that a PostgreSQL server can be made to give. `scripts` need one session and a transaction that is rolled
//! back, `locks` need two sessions, `crowd` a scratch role.
//!
//! What is missing, and the temporary table, have the same names each time: a recurrence is one of the same object.

mod crowd;
mod locks;
mod scripts;

use super::connect;
use super::session::PgSession;
use crate::domain::error_event::SessionError;
use crate::domain::simulation::{
    ACCESS_DENIED, CHECK, DEADLOCK, DIVISION_BY_ZERO, DUPLICATE_KEY, FOREIGN_KEY, LOCK_TIMEOUT, MISSING_COLUMN,
    MISSING_FUNCTION, MISSING_TABLE, NOT_NULL, Offer, Provocation, READ_ONLY, STATEMENT_TIMEOUT, SYNTAX_ERROR,
    TOO_MANY_CONNECTIONS, TRANSACTION_STATE,
};
use crate::engine::simulation::{Simulation, in_time};
use crate::engine::{ConnectSettings, Session as _};
use scripts::run;

/// The right to make a temporary table.
const TEMPORARY: &str = "TEMPORARY on the database";

/// Everything that can be provoked here.
pub(super) static SIMULATIONS: &[Simulation] = &[
    Simulation {
        offer: reads(&MISSING_TABLE, "Selects from a table that does not exist."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::MISSING_TABLE))),
    },
    Simulation {
        offer: reads(&MISSING_COLUMN, "Selects a column that does not exist from a system catalogue."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::MISSING_COLUMN))),
    },
    Simulation {
        offer: reads(&MISSING_FUNCTION, "Calls a function that does not exist."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::MISSING_FUNCTION))),
    },
    Simulation {
        offer: reads(&SYNTAX_ERROR, "Sends SELECT with a letter missing."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::SYNTAX_ERROR))),
    },
    Simulation {
        offer: reads(&DIVISION_BY_ZERO, "Selects 1 / 0."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::DIVISION_BY_ZERO))),
    },
    Simulation {
        offer: writes(&DUPLICATE_KEY, "Inserts a key twice into a temporary table of its own, and rolls back."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::DUPLICATE_KEY))),
    },
    Simulation {
        offer: writes(
            &FOREIGN_KEY,
            "Inserts a row without its parent into temporary tables of its own, and rolls back.",
        ),
        run: |settings| Box::pin(in_time(run(settings, &scripts::FOREIGN_KEY))),
    },
    Simulation {
        offer: writes(&NOT_NULL, "Inserts NULL where it may not be into a temporary table of its own, and rolls back."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::NOT_NULL))),
    },
    Simulation {
        offer: writes(&CHECK, "Inserts a negative quantity into a temporary table of its own, and rolls back."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::CHECK))),
    },
    Simulation {
        offer: reads(
            &ACCESS_DENIED,
            "Asks for no row of pg_authid; a superuser takes on the role pg_signal_backend first, for one transaction.",
        ),
        run: |settings| Box::pin(in_time(scripts::access_denied(settings))),
    },
    Simulation {
        offer: reads(&READ_ONLY, "Makes a temporary table in a transaction that can only read."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::READ_ONLY))),
    },
    Simulation {
        offer: reads(
            &LOCK_TIMEOUT,
            "Waits 0.2 s in one session for an advisory lock of its own that another one holds.",
        ),
        run: |settings| Box::pin(in_time(locks::timeout(settings))),
    },
    Simulation {
        offer: reads(&DEADLOCK, "Lets two sessions wait for each other's advisory locks, whose numbers are random."),
        run: |settings| Box::pin(in_time(locks::deadlock(settings))),
    },
    Simulation {
        offer: reads(&STATEMENT_TIMEOUT, "Sleeps longer than a statement_timeout of 0.2 s, set for one transaction."),
        run: |settings| Box::pin(in_time(run(settings, &scripts::STATEMENT_TIMEOUT))),
    },
    Simulation {
        offer: reads(&TRANSACTION_STATE, "Goes on in a transaction in which a division by zero has failed."),
        run: |settings| Box::pin(in_time(scripts::transaction_state(settings))),
    },
    Simulation {
        offer: Offer {
            error: &TOO_MANY_CONNECTIONS,
            does: "Makes a scratch role with CONNECTION LIMIT 1, connects as it twice, and drops it.",
            writes: true,
            needs: "CREATEROLE, and a line in pg_hba.conf that lets the scratch role in by password",
        },
        run: |settings| Box::pin(crowd::too_many_connections(settings)),
    },
];

const fn reads(error: &'static Provocation, does: &'static str) -> Offer {
    Offer { error, does, writes: false, needs: "" }
}

const fn writes(error: &'static Provocation, does: &'static str) -> Offer {
    Offer { error, does, writes: true, needs: TEMPORARY }
}

/// The time that the server has for one statement of ours, milliseconds.
const STATEMENT_MS: u64 = 5_000;

/// A connection of our own.
async fn open(settings: &ConnectSettings) -> Result<PgSession, SessionError> {
    Ok(connect::session(settings).await?)
}

/// Rolls back whatever is open, and ends the session.
async fn close(mut session: PgSession) {
    // Should it fail, the server rolls back when the connection ends.
    let _ = session.tell("ROLLBACK", STATEMENT_MS).await;
    Box::new(session).close().await;
}
