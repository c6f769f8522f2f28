//! Answers to checks, by reading alone.

use super::{connection, in_time, look};
use crate::domain::error_event::SessionError;
use crate::domain::procedure::{Check, Verified};
use crate::domain::proposal::kind::{FixKind, ObjectRef, SessionRef};
use crate::engine::redis::dialect::{classify, line};
use crate::engine::redis::session::{Info, refusal};
use crate::engine::redis::wire::{Reply, Wire};
use crate::engine::{Session, Task};

/// Answers one.
pub(super) fn verify<'a>(session: &'a mut dyn Session, check: &'a Check) -> Task<'a, Result<Verified, SessionError>> {
    Box::pin(async move {
        let (wire, _) = connection(session).await?;
        in_time(answer(wire, check)).await
    })
}

async fn answer(wire: &mut Wire, check: &Check) -> Result<Verified, SessionError> {
    match check {
        Check::SessionsGone(sessions) => sessions_gone(wire, sessions).await,
        Check::IdleFor(sessions, seconds) => idle_for(wire, sessions, *seconds).await,
        Check::SettingIs { name, value } => setting_is(wire, name, value).await,
        Check::InForce(kind) => match kind.as_ref() {
            FixKind::ChangeSetting { name, value } => setting_is(wire, name, value).await,
            other => Ok(Verified::unknown(format!("whether it is in force to {} is not told here", other.words()))),
        },
        Check::KeysGone(keys) => keys_gone(wire, keys).await,
        Check::Exists(ObjectRef { name, .. }) => exists(wire, name).await,
        Check::Absent(ObjectRef { name, .. }) => {
            exists(wire, name).await.map(|there| Verified { held: there.held.map(|held| !held), ..there })
        }
        Check::ReplicationRuns => replication_runs(wire).await,
        Check::WritesWork => writes_work(wire).await,
        Check::Understands(statement) => understands(wire, statement).await,
        _ => Ok(Verified::unknown("this server has no such thing to look at")),
    }
}

async fn sessions_gone(wire: &mut Wire, sessions: &[SessionRef]) -> Result<Verified, SessionError> {
    for session in sessions {
        // Numbers are never given twice while the server runs: facts that were not frozen yet are no other client's.
        if let Some(client) = look::client(wire, session.id).await?
            && (session.facts.is_empty() || session.facts == client.facts())
        {
            return Ok(Verified::new(false, format!("connection {} is still there: {}", session.id, client.about())));
        }
    }
    Ok(Verified::new(true, "none of them is connected any more"))
}

async fn idle_for(wire: &mut Wire, sessions: &[SessionRef], seconds: u64) -> Result<Verified, SessionError> {
    for session in sessions {
        let Some(client) = look::client(wire, session.id).await? else {
            return Ok(Verified::new(false, format!("connection {} is gone", session.id)));
        };
        if let Some(why) = client.waits() {
            return Ok(Verified::new(false, format!("connection {} {why}", session.id)));
        }
        match client.field("idle").parse::<u64>() {
            Ok(idle) if idle >= seconds => {}
            Ok(idle) => return Ok(Verified::new(false, format!("connection {} was busy {idle} s ago", session.id))),
            Err(_) => return Ok(Verified::unknown(format!("the server does not say how long {} is idle", session.id))),
        }
    }
    Ok(Verified::new(true, format!("idle for {seconds} s or more")))
}

async fn setting_is(wire: &mut Wire, name: &str, value: &str) -> Result<Verified, SessionError> {
    if classify::is_secret(name) {
        return Ok(Verified::unknown(format!("{name} may hold a secret, and is not read")));
    }
    Ok(match look::setting(wire, name).await? {
        Some(now) => Verified::new(same(&now, value), format!("{name} is {now}")),
        None => Verified::unknown(format!("this server has no setting {name}")),
    })
}

/// Two spellings of one value: words in any case, sizes with their units.
fn same(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        let words = text.split_ascii_whitespace().map(|word| match classify::size(word) {
            Some(bytes) => bytes.to_string(),
            None => word.to_ascii_lowercase(),
        });
        words.collect::<Vec<_>>()
    };
    plain(one) == plain(other)
}

async fn keys_gone(wire: &mut Wire, keys: &[String]) -> Result<Verified, SessionError> {
    for key in keys {
        if exists(wire, key).await?.held != Some(false) {
            return Ok(Verified::new(false, format!("{} is still there", line::quote(key.as_bytes()))));
        }
    }
    Ok(Verified::new(true, format!("{} keys are gone", keys.len())))
}

async fn exists(wire: &mut Wire, key: &str) -> Result<Verified, SessionError> {
    let there = look::ask_one(wire, &[b"EXISTS", key.as_bytes()]).await?.int() == Some(1);
    let words = if there { "is there" } else { "is not there" };
    Ok(Verified::new(there, format!("{} {words}", line::quote(key.as_bytes()))))
}

async fn info(wire: &mut Wire) -> Result<Info, SessionError> {
    Ok(Info::parse(&look::ask_one(wire, &[b"INFO"]).await?.text()))
}

async fn replication_runs(wire: &mut Wire) -> Result<Verified, SessionError> {
    let info = info(wire).await?;
    if info.text("role") == "slave" {
        let status = info.text("master_link_status").to_owned();
        return Ok(Verified::new(status == "up", format!("the link to the primary is {status}")));
    }
    let replicas = info.number("connected_slaves").unwrap_or(0.0);
    Ok(if replicas > 0.0 {
        Verified::new(true, format!("{replicas:.0} replicas are connected"))
    } else {
        Verified::unknown("this primary has no replica, and whether it should is not known")
    })
}

/// The reasons for which a server refuses a plain write are few, and it tells each: nothing is written to find out.
async fn writes_work(wire: &mut Wire) -> Result<Verified, SessionError> {
    let info = info(wire).await?;
    let setting = |reply: Option<String>| reply.unwrap_or_default();
    if info.text("role") == "slave" {
        let read_only = setting(look::setting(wire, "replica-read-only").await?) != "no";
        return Ok(Verified::new(!read_only, "this is a replica"));
    }
    let stops = setting(look::setting(wire, "stop-writes-on-bgsave-error").await?) != "no";
    if info.text("rdb_last_bgsave_status") == "err" && stops {
        return Ok(Verified::new(false, "the last snapshot failed, and writes are refused until one succeeds"));
    }
    if info.text("aof_last_write_status") == "err" {
        return Ok(Verified::new(false, "the append-only file cannot be written"));
    }
    let limit = info.number("maxmemory").unwrap_or(0.0);
    let used = info.number("used_memory").unwrap_or(0.0) - info.number("mem_not_counted_for_evict").unwrap_or(0.0);
    if limit > 0.0 && used >= limit && info.text("maxmemory_policy") == "noeviction" {
        return Ok(Verified::new(
            false,
            format!("memory is full: {used:.0} of {limit:.0} bytes, and nothing is thrown out"),
        ));
    }
    let wanted: f64 = setting(look::setting(wire, "min-replicas-to-write").await?).parse().unwrap_or(0.0);
    let good = info.number("min_slaves_good_slaves").or(info.number("connected_slaves")).unwrap_or(0.0);
    if wanted > good {
        return Ok(Verified::new(false, format!("{good:.0} replicas are in step, and {wanted:.0} are asked for")));
    }
    Ok(Verified::new(true, "nothing of what makes this server refuse a write holds"))
}

async fn understands(wire: &mut Wire, statement: &str) -> Result<Verified, SessionError> {
    let words = line::split(statement).map_err(|why| SessionError::Unsupported(why.words().to_owned()))?;
    let Some(name) = words.first() else { return Ok(Verified::new(false, "it is empty")) };
    let replies = look::ask(wire, &[look::question(&[b"COMMAND", b"INFO", name])]).await?;
    let shown = line::quote(name);
    match replies.first() {
        Some(Reply::Error(words)) => Err(SessionError::Server(refusal(words))),
        Some(reply) if reply.items().first().is_some_and(|entry| *entry != Reply::Null) => {
            Ok(Verified::new(true, format!("the server has the command {shown}")))
        }
        _ => Ok(Verified::new(false, format!("the server has no command {shown}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn one_value_has_several_spellings() {
        assert!(same("1073741824", "1gb") && same("allkeys-lru", "ALLKEYS-LRU") && same("67108864", "64mb"));
        assert!(same("normal 0 0 0 pubsub 33554432 8388608 60", "normal 0 0 0 pubsub 32mb 8mb 60"));
        assert!(!same("1gb", "2gb") && !same("yes", "no"));
    }
}
