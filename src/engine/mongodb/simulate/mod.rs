//! Errors that a MongoDB server can be made to give: commands that name what is not there, and a scratch collection for
//! what has to be written.

mod scratch;

use super::connect;
use super::wire::{Refusal, Wire, WireError};
use crate::domain::error_event::SessionError;
use crate::domain::simulation::{
    ACCESS_DENIED, CHECK, DUPLICATE_KEY, MISSING_FUNCTION, MISSING_TABLE, Offer, Provocation, Raised, SYNTAX_ERROR,
};
use crate::engine::ConnectSettings;
use crate::engine::simulation::{Provoked, Simulation, in_time};
use bson::{Document, doc};

/// The rights that a scratch collection takes.
const COLLECTION: &str = "readWrite on the database";
/// A collection that is not there.
const MISSING: &str = "dba_gpt_simulation_missing";

/// Everything that can be provoked here.
pub(super) static SIMULATIONS: &[Simulation] = &[
    Simulation {
        offer: reads(&MISSING_TABLE, "Lists the indexes of a collection that does not exist.", ""),
        run: |settings| Box::pin(in_time(run(settings, doc! { "listIndexes": MISSING }))),
    },
    Simulation {
        offer: reads(&MISSING_FUNCTION, "Sends a command that does not exist.", ""),
        run: |settings| Box::pin(in_time(run(settings, doc! { "dbaGptSimulationMissing": 1 }))),
    },
    Simulation {
        offer: reads(&SYNTAX_ERROR, "Sends find with an operator that does not exist.", ""),
        run: |settings| {
            Box::pin(in_time(run(settings, doc! { "find": MISSING, "filter": { "$dbaGptSimulation": 1 } })))
        },
    },
    Simulation {
        offer: writes(&DUPLICATE_KEY, "Inserts the same _id twice into a scratch collection, and drops it."),
        run: |settings| Box::pin(scratch::duplicate_key(settings)),
    },
    Simulation {
        offer: writes(&CHECK, "Inserts what the validator of a scratch collection forbids, and drops it."),
        run: |settings| Box::pin(scratch::check(settings)),
    },
    Simulation {
        offer: reads(
            &ACCESS_DENIED,
            "Asks for the list of all users, which takes viewUser on every database.",
            "a login that is no user administrator",
        ),
        run: |settings| Box::pin(in_time(run(settings, doc! { "usersInfo": { "forAllDBs": true } }))),
    },
];

const fn reads(error: &'static Provocation, does: &'static str, needs: &'static str) -> Offer {
    Offer { error, does, writes: false, needs }
}

const fn writes(error: &'static Provocation, does: &'static str) -> Offer {
    Offer { error, does, writes: true, needs: COLLECTION }
}

/// A connection of our own, and the database that it is about.
struct Line {
    wire: Wire,
    database: String,
}

impl Line {
    async fn open(settings: &ConnectSettings) -> Result<Self, SessionError> {
        let opened = connect::opened(settings).await?;
        let database = opened.route.database().unwrap_or("test").to_owned();
        Ok(Self { wire: opened.wire, database })
    }

    /// Sends one command. The inner error is the server's refusal, of the command or of a write in it.
    async fn tell(&mut self, command: &Document) -> Result<Result<(), Raised>, SessionError> {
        let shown = command.to_string();
        match self.wire.ask(&self.database, command.clone()).await {
            Ok(reply) => {
                let errors = reply.get_array("writeErrors").ok().and_then(|errors| errors.into_iter().next());
                Ok(match errors.and_then(Result::ok).and_then(|error| error.as_document().map(Refusal::of)) {
                    Some(refused) => Err(raised(refused, &shown)),
                    None => Ok(()),
                })
            }
            Err(WireError::Refused(refused)) => Ok(Err(raised(refused, &shown))),
            Err(error) => Err(SessionError::Lost(error.words())),
        }
    }
}

fn raised(refused: Refusal, shown: &str) -> Raised {
    let code = if refused.code == 0 { String::new() } else { refused.code.to_string() };
    let more = Some(refused.name).filter(|name| !name.is_empty());
    Raised { code, message: refused.message, more, statement: shown.to_owned() }
}

/// Sends one command, and gives what the server refused.
async fn run(settings: &ConnectSettings, command: Document) -> Provoked {
    let mut line = Line::open(settings).await?;
    let refused = line.tell(&command).await?.err();
    line.wire.close().await;
    Ok(refused.into_iter().collect())
}
