//! What one connection can provoke: a few commands, and at most a scratch key.

use super::{open, tell};
use crate::domain::error_event::SessionError;
use crate::domain::simulation::Raised;
use crate::engine::ConnectSettings;
use crate::engine::redis::wire::{Reply, Wire};
use crate::engine::simulation::{Provoked, Scratch, and_clean};

/// Commands of the program, each as its words.
type Commands = &'static [&'static [&'static str]];

pub(super) const MISSING_COMMAND: Commands = &[&["DBA_GPT_SIMULATION_MISSING"]];
pub(super) const SYNTAX_ERROR: Commands = &[&["SCAN", "0", "DBA_GPT_SIMULATION", "1"]];
pub(super) const DATA_ERROR: Commands = &[&["GETRANGE", "dba_gpt_simulation", "first", "last"]];
pub(super) const TRANSACTION_STATE: Commands = &[&["MULTI"], &["DBA_GPT_SIMULATION_MISSING"], &["EXEC"]];

/// A scratch key lives so long at most, milliseconds.
const LIFE_MS: &str = "60000";

/// Sends commands, and gives everything that the server refused.
pub(super) async fn run(settings: &ConnectSettings, commands: Commands) -> Provoked {
    let mut wire = open(settings).await?;
    let mut raised = Vec::new();
    for command in commands {
        raised.extend(tell(&mut wire, command, &command.join(" ")).await?.err());
    }
    wire.close().await;
    Ok(raised)
}

/// A text, used as a hash.
pub(super) async fn wrong_type(settings: &ConnectSettings) -> Provoked {
    let key = Scratch::new()?;
    let provoke = async {
        let mut wire = open(settings).await?;
        let raised = match make(&mut wire, &key).await? {
            Ok(()) => {
                let name = key.name();
                tell(&mut wire, &["HGET", name, "field"], &format!("HGET {name} field")).await?.err()
            }
            Err(refused) => Some(refused),
        };
        wire.close().await;
        Ok(raised.into_iter().collect())
    };
    and_clean(&key, provoke, clean(settings, key.name())).await
}

/// A key, restored over itself.
pub(super) async fn duplicate_key(settings: &ConnectSettings) -> Provoked {
    let key = Scratch::new()?;
    let provoke = async {
        let mut wire = open(settings).await?;
        let raised = match make(&mut wire, &key).await? {
            Ok(()) => restored(&mut wire, key.name()).await?,
            Err(refused) => Some(refused),
        };
        wire.close().await;
        Ok(raised.into_iter().collect())
    };
    and_clean(&key, provoke, clean(settings, key.name())).await
}

async fn restored(wire: &mut Wire, name: &str) -> Result<Option<Raised>, SessionError> {
    let dumped = match tell(wire, &["DUMP", name], &format!("DUMP {name}")).await? {
        Ok(Reply::Text(dumped)) => dumped,
        Ok(_) => return Err(SessionError::Unsupported(format!("{name} went away before it could be dumped"))),
        Err(refused) => return Ok(Some(refused)),
    };
    let command: [&[u8]; 4] = [b"RESTORE", name.as_bytes(), LIFE_MS.as_bytes(), &dumped];
    Ok(tell(wire, &command, &format!("RESTORE {name} {LIFE_MS} ...")).await?.err())
}

async fn make(wire: &mut Wire, key: &Scratch) -> Result<Result<(), Raised>, SessionError> {
    let name = key.name();
    key.is_being_made();
    let made =
        tell(wire, &["SET", name, "a text", "PX", LIFE_MS], &format!("SET {name} 'a text' PX {LIFE_MS}")).await?;
    if made.is_err() {
        key.was_not_made();
    }
    Ok(made.map(drop))
}

async fn clean(settings: &ConnectSettings, name: &str) -> Result<(), SessionError> {
    let mut wire = open(settings).await?;
    let deleted = tell(&mut wire, &["DEL", name], "DEL").await?;
    wire.close().await;
    deleted.map(drop).map_err(|refused| SessionError::Unsupported(refused.message))
}
