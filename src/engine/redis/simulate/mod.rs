//! Errors that a Redis or Valkey server can be made to give. `commands` need one connection and at most a scratch key,
//! which expires by itself should we be killed; `denied` takes a scratch user. maxclients and other settings are never
//! touched.

mod commands;
mod denied;

use super::connect;
use super::session::refusal;
use super::wire::{Reply, Wire};
use crate::domain::error_event::SessionError;
use crate::domain::simulation::{
    ACCESS_DENIED, DATA_ERROR, DUPLICATE_KEY, MISSING_FUNCTION, Offer, Provocation, Raised, SYNTAX_ERROR,
    TRANSACTION_STATE, WRONG_TYPE,
};
use crate::engine::ConnectSettings;
use crate::engine::simulation::{Simulation, in_time};
use commands::run;

/// Everything that can be provoked here.
pub(super) static SIMULATIONS: &[Simulation] = &[
    Simulation {
        offer: reads(&MISSING_FUNCTION, "Sends a command that does not exist.", ""),
        run: |settings| Box::pin(in_time(run(settings, commands::MISSING_COMMAND))),
    },
    Simulation {
        offer: reads(&SYNTAX_ERROR, "Sends SCAN with an option that it does not have.", ""),
        run: |settings| Box::pin(in_time(run(settings, commands::SYNTAX_ERROR))),
    },
    Simulation {
        offer: writes(
            &WRONG_TYPE,
            "Sets a scratch key to a text, asks for a field of it as if it were a hash, and deletes it.",
            "SET, HGET and DEL on keys dba_gpt_simulation_*",
        ),
        run: |settings| Box::pin(commands::wrong_type(settings)),
    },
    Simulation {
        offer: reads(&DATA_ERROR, "Asks for a range of a key that is not there, by words in place of numbers.", ""),
        run: |settings| Box::pin(in_time(run(settings, commands::DATA_ERROR))),
    },
    Simulation {
        offer: writes(
            &DUPLICATE_KEY,
            "Sets a scratch key, restores a dump of it over itself without REPLACE, and deletes it.",
            "SET, DUMP, RESTORE and DEL on keys dba_gpt_simulation_*",
        ),
        run: |settings| Box::pin(commands::duplicate_key(settings)),
    },
    Simulation {
        offer: writes(
            &ACCESS_DENIED,
            "Makes a scratch user who may only PING, lets it try GET, and deletes it. A login that may make no users is \
             denied that.",
            "",
        ),
        run: |settings| Box::pin(denied::access_denied(settings)),
    },
    Simulation {
        offer: reads(&TRANSACTION_STATE, "Sends EXEC after a command in MULTI that does not exist.", "MULTI and EXEC"),
        run: |settings| Box::pin(in_time(run(settings, commands::TRANSACTION_STATE))),
    },
];

const fn reads(error: &'static Provocation, does: &'static str, needs: &'static str) -> Offer {
    Offer { error, does, writes: false, needs }
}

const fn writes(error: &'static Provocation, does: &'static str, needs: &'static str) -> Offer {
    Offer { error, does, writes: true, needs }
}

/// A connection of our own.
async fn open(settings: &ConnectSettings) -> Result<Wire, SessionError> {
    Ok(connect::wire(settings).await?)
}

/// Sends one command. The inner error is the server's refusal, in its own words; `shown` stands for the command there.
async fn tell<A: AsRef<[u8]>>(
    wire: &mut Wire,
    command: &[A],
    shown: &str,
) -> Result<Result<Reply, Raised>, SessionError> {
    let reply = wire.ask(command).await.map_err(|error| SessionError::Lost(error.words()))?;
    Ok(match reply {
        Reply::Error(words) => {
            Err(Raised { code: refusal(&words).code, message: words, more: None, statement: shown.to_owned() })
        }
        reply => Ok(reply),
    })
}
