//! Errors that SQLite can be made to give. `scripts` use the target's own file through a connection that cannot write to
//! it: what they insert goes into temporary tables in memory. `scratch` needs a file that may be locked, filled and
//! damaged: one of its own in a private folder.

mod scratch;
mod scripts;

use super::open::open_for_simulation;
use super::{cells, files, location};
use crate::domain::error_event::SessionError;
use crate::domain::simulation::{
    CHECK, CORRUPTION, DISK_FULL, DUPLICATE_KEY, FOREIGN_KEY, LOCK_TIMEOUT, MISSING_COLUMN, MISSING_FUNCTION,
    MISSING_TABLE, NOT_NULL, Offer, Provocation, READ_ONLY, Raised, SYNTAX_ERROR,
};
use crate::engine::simulation::{Provoked, Simulation, in_time, raised};
use crate::engine::{ConnectSettings, Task};
use rusqlite::Connection;
use scripts::run;
use secrecy::ExposeSecret as _;
use std::path::{Path, PathBuf};

/// Everything that can be provoked here.
pub(super) static SIMULATIONS: &[Simulation] = &[
    Simulation {
        offer: reads(&MISSING_TABLE, "Selects from a table that the file does not have."),
        run: |settings| on_the_file(settings, |file| run(file, &scripts::MISSING_TABLE)),
    },
    Simulation {
        offer: reads(&MISSING_COLUMN, "Selects a column that sqlite_schema does not have."),
        run: |settings| on_the_file(settings, |file| run(file, &scripts::MISSING_COLUMN)),
    },
    Simulation {
        offer: reads(&MISSING_FUNCTION, "Calls a function that does not exist."),
        run: |settings| on_the_file(settings, |file| run(file, &scripts::MISSING_FUNCTION)),
    },
    Simulation {
        offer: reads(&SYNTAX_ERROR, "Runs SELECT with a letter missing."),
        run: |settings| on_the_file(settings, |file| run(file, &scripts::SYNTAX_ERROR)),
    },
    Simulation {
        offer: reads(
            &DUPLICATE_KEY,
            "Inserts a key twice into a temporary table in memory; the file is not written to.",
        ),
        run: |settings| on_the_file(settings, |file| run(file, &scripts::DUPLICATE_KEY)),
    },
    Simulation {
        offer: reads(
            &FOREIGN_KEY,
            "Inserts a row without its parent into temporary tables in memory; the file is not written to.",
        ),
        run: |settings| on_the_file(settings, |file| run(file, &scripts::FOREIGN_KEY)),
    },
    Simulation {
        offer: reads(
            &NOT_NULL,
            "Inserts NULL where it may not be into a temporary table in memory; the file is not written to.",
        ),
        run: |settings| on_the_file(settings, |file| run(file, &scripts::NOT_NULL)),
    },
    Simulation {
        offer: reads(
            &CHECK,
            "Inserts a negative quantity into a temporary table in memory; the file is not written to.",
        ),
        run: |settings| on_the_file(settings, |file| run(file, &scripts::CHECK)),
    },
    Simulation {
        offer: reads(&READ_ONLY, "Makes a table through a connection that has opened the file for reading alone."),
        run: |settings| on_the_file(settings, |file| run(file, &scripts::READ_ONLY)),
    },
    Simulation {
        offer: reads(&LOCK_TIMEOUT, "Waits 0.2 s for a writer, on a scratch file of its own in a temporary folder."),
        run: |settings| on_the_file(settings, |_| scratch::lock_timeout()),
    },
    Simulation {
        offer: reads(&DISK_FULL, "Fills a scratch file of its own, in a temporary folder, past its limit of pages."),
        run: |settings| on_the_file(settings, |_| scratch::disk_full()),
    },
    Simulation {
        offer: reads(&CORRUPTION, "Reads a scratch file of its own, in a temporary folder, that it has damaged."),
        run: |settings| on_the_file(settings, |_| scratch::corruption()),
    },
];

/// Nothing here writes to the target's file.
const fn reads(error: &'static Provocation, does: &'static str) -> Offer {
    Offer { error, does, writes: false, needs: "" }
}

/// Provokes on a thread of its own, because SQLite blocks. The target's file has to be there whatever is provoked.
fn on_the_file(settings: &ConnectSettings, provoke: fn(&Path) -> Provoked) -> Task<'_, Provoked> {
    Box::pin(async move {
        let path: PathBuf = location::path_of(settings.url.expose_secret(), &settings.surroundings)?;
        files::check(&path)?;
        in_time(async move {
            let fault = |_| Err(SessionError::Unsupported("an internal fault; the log says more".into()));
            tokio::task::spawn_blocking(move || provoke(&path)).await.unwrap_or_else(fault)
        })
        .await
    })
}

/// What SQLite said against a statement, without the advice that is ours.
fn refused(error: rusqlite::Error, statement: &str) -> Result<Raised, SessionError> {
    match cells::server_error(error) {
        SessionError::Server(said) => Ok(Raised { more: None, ..raised(said, statement) }),
        other => Err(other),
    }
}

/// Runs one statement to its end and throws its rows away.
fn step(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    let mut prepared = connection.prepare(statement)?;
    let mut rows = prepared.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
