//! What takes real tables, because foreign keys and the locks of two sessions do: scratch tables with a random name,
//! which are dropped in the end.

use super::{ask, open, tell};
use crate::domain::error_event::SessionError;
use crate::domain::simulation::Raised;
use crate::engine::ConnectSettings;
use crate::engine::mysql::wire::Wire;
use crate::engine::simulation::{Provoked, Scratch, and_clean};

/// A wait for a row lock that is over soon, and no longer wait for a table.
const PATIENCE: &str = "SET SESSION innodb_lock_wait_timeout = 1, SESSION lock_wait_timeout = 2";
const BEGIN: &str = "START TRANSACTION READ WRITE";

/// Inserts a row whose parent is not there.
pub(super) async fn foreign_key(settings: &ConnectSettings) -> Provoked {
    let table = Scratch::new()?;
    let provoke = async {
        let name = table.name();
        let mut wire = open(settings).await?;
        let statements = [
            format!("CREATE TABLE {name}_b (item INT, FOREIGN KEY (item) REFERENCES {name} (id)) ENGINE = InnoDB"),
            format!("INSERT INTO {name}_b VALUES (7)"),
        ];
        let mut raised = make(&mut wire, &table).await?.err();
        for statement in statements {
            if raised.is_none() {
                raised = ask(&mut wire, &statement).await?.err();
            }
        }
        wire.close().await;
        Ok(raised.into_iter().collect())
    };
    Box::pin(and_clean(&table, provoke, clean(settings, table.name()))).await
}

/// One session holds a row, the other one waits for it until its patience ends.
pub(super) async fn lock_timeout(settings: &ConnectSettings) -> Provoked {
    let table = Scratch::new()?;
    let provoke = async {
        let mut holder = open(settings).await?;
        if let Err(raised) = make(&mut holder, &table).await? {
            return Ok(vec![raised]);
        }
        let mut waiter = open(settings).await?;
        let mut raised = None;
        for session in [&mut holder, &mut waiter] {
            for outcome in [tell(session, PATIENCE).await?, tell(session, BEGIN).await?] {
                raised = raised.or(outcome.err());
            }
            if raised.is_none() {
                raised = ask(session, &change(table.name(), 1)).await?.err();
            }
        }
        // The sessions' transactions are rolled back with them.
        holder.close().await;
        waiter.close().await;
        Ok(raised.into_iter().collect())
    };
    Box::pin(and_clean(&table, provoke, clean(settings, table.name()))).await
}

/// Each session holds the row that the other one asks for. The server sees it at once, and lets one of them fail.
pub(super) async fn deadlock(settings: &ConnectSettings) -> Provoked {
    let table = Scratch::new()?;
    let provoke = async {
        let mut one = open(settings).await?;
        if let Err(raised) = make(&mut one, &table).await? {
            return Ok(vec![raised]);
        }
        let mut other = open(settings).await?;
        for (session, row) in [(&mut one, 1), (&mut other, 2)] {
            for step in [tell(session, PATIENCE).await?, tell(session, BEGIN).await?] {
                if let Err(raised) = step {
                    return Ok(vec![raised]);
                }
            }
            if let Err(raised) = ask(session, &change(table.name(), row)).await? {
                return Ok(vec![raised]);
            }
        }
        let (second, first) = (change(table.name(), 2), change(table.name(), 1));
        let (at_one, at_other) = tokio::join!(ask(&mut one, &second), ask(&mut other, &first));
        let raised = [at_one?, at_other?].into_iter().filter_map(Result::err).collect();
        one.close().await;
        other.close().await;
        Ok(raised)
    };
    Box::pin(and_clean(&table, provoke, clean(settings, table.name()))).await
}

fn change(table: &str, row: u8) -> String {
    format!("UPDATE {table} SET quantity = quantity + 1 WHERE id = {row}")
}

/// Makes the scratch table, with two rows.
async fn make(wire: &mut Wire, table: &Scratch) -> Result<Result<(), Raised>, SessionError> {
    let name = table.name();
    let create = format!("CREATE TABLE {name} (id INT NOT NULL PRIMARY KEY, quantity INT) ENGINE = InnoDB");
    table.is_being_made();
    if let Err(refused) = ask(wire, &create).await? {
        table.was_not_made();
        return Ok(Err(refused));
    }
    ask(wire, &format!("INSERT INTO {name} VALUES (1, 1), (2, 1)")).await
}

async fn clean(settings: &ConnectSettings, name: &str) -> Result<(), SessionError> {
    let mut wire = open(settings).await?;
    let dropped = ask(&mut wire, &format!("DROP TABLE IF EXISTS {name}_b, {name}")).await?;
    wire.close().await;
    dropped.map_err(|refused| SessionError::Unsupported(refused.message))
}
