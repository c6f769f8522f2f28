//! What takes two sessions. The locks are advisory ones with random numbers: they stop nobody else, no right is needed,
//! a replica has them too, and they end with their transactions.

use super::scripts::tell;
use super::{close, open};
use crate::domain::error_event::SessionError;
use crate::domain::simulation::Raised;
use crate::engine::ConnectSettings;
use crate::engine::postgres::session::PgSession;
use crate::engine::simulation::{Provoked, random_word};

/// The first waits for nobody, the second for the first.
pub(super) async fn timeout(settings: &ConnectSettings) -> Provoked {
    let lock = lock_statement()?;
    let (mut holder, mut waiter) = (open(settings).await?, open(settings).await?);
    let raised = async {
        if let Err(raised) = begin(&mut holder, "200").await? {
            return Ok(vec![raised]);
        }
        if let Err(raised) = tell(&mut holder, &lock).await? {
            return Ok(vec![raised]);
        }
        if let Err(raised) = begin(&mut waiter, "200").await? {
            return Ok(vec![raised]);
        }
        Ok(tell(&mut waiter, &lock).await?.err().into_iter().collect())
    }
    .await;
    close(waiter).await;
    close(holder).await;
    raised
}

/// Each holds what the other one asks for. The server finds it after its `deadlock_timeout`, and lets one of them fail.
pub(super) async fn deadlock(settings: &ConnectSettings) -> Provoked {
    let locks = [lock_statement()?, lock_statement()?];
    let (mut one, mut other) = (open(settings).await?, open(settings).await?);
    let raised = async {
        for (session, lock) in [(&mut one, &locks[0]), (&mut other, &locks[1])] {
            // No limit: the deadlock is to be found, not the wait to be given up.
            if let Err(raised) = begin(session, "0").await? {
                return Ok(vec![raised]);
            }
            if let Err(raised) = tell(session, lock).await? {
                return Ok(vec![raised]);
            }
        }
        let (first, second) = tokio::join!(tell(&mut one, &locks[1]), tell(&mut other, &locks[0]));
        Ok([first?, second?].into_iter().filter_map(Result::err).collect())
    }
    .await;
    close(one).await;
    close(other).await;
    raised
}

/// A transaction that can only read, with its time for a lock, milliseconds; 0 is no limit.
async fn begin(session: &mut PgSession, lock_timeout: &str) -> Result<Result<(), Raised>, SessionError> {
    let limit = format!("SELECT pg_catalog.set_config('lock_timeout', '{lock_timeout}', true)");
    match tell(session, "BEGIN READ ONLY").await? {
        Ok(()) => tell(session, &limit).await,
        refused => Ok(refused),
    }
}

fn lock_statement() -> Result<String, SessionError> {
    // One of 10^12 numbers: an application that has locks of its own has hardly this one.
    Ok(format!("SELECT pg_catalog.pg_advisory_xact_lock(1{})", random_word()?))
}
