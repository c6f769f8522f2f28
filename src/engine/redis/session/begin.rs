//! The first questions of a session: who the server is, what it is part of, who we are there, and what we may do.

use super::info::Info;
use super::{Facts, RedisSession, categories, powers};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::domain::target::{Identity, Timestamp};
use crate::engine::redis::connect::{Opened, Way};
use crate::engine::redis::sample::Memory;
use crate::engine::redis::wire::{Fence, Reply, Wire, WireError};
use std::sync::Arc;

impl RedisSession {
    /// Learns who is there.
    pub(crate) async fn begin(opened: Opened, way: Way) -> Result<Self, ConnectError> {
        let Opened { mut wire, mut hints, open_default } = opened;
        let host = way.plan.endpoint.words();
        categories::hold(&mut wire).await.map_err(|e| broken(&host, &e))?;
        let replies = wire
            .ask_all(&[
                vec!["INFO", "all"],
                vec!["ACL", "WHOAMI"],
                vec!["CLIENT", "ID"],
                vec!["CONFIG", "GET", "maxmemory-policy"],
            ])
            .await
            .map_err(|e| broken(&host, &e))?;
        if matches!(&replies[0], Reply::Error(words) if words.starts_with("BUSY")) && way.is_for_an_act() {
            return Ok(Self::held_up(wire, way, hints));
        }
        let info = first_info(&mut wire, &host, &replies[0]).await?;
        if info.text("loading") == "1" {
            return Err(loading(&host, &info));
        }
        let user = match &replies[1] {
            Reply::Error(_) => way.plan.user.clone().unwrap_or_else(|| "default".into()),
            reply => reply.text(),
        };
        if matches!(&replies[3], Reply::Error(words) if !words.starts_with("NOPERM"))
            && info.text("redis_mode") != "sentinel"
        {
            hints.push("CONFIG is taken away here (a managed service?): settings cannot be read, and are changed where the service says".into());
        }
        let facts = Facts {
            cluster: info.text("cluster_enabled") == "1" || info.text("redis_mode") == "cluster",
            sentinel: info.text("redis_mode") == "sentinel",
            policy: info.text("maxmemory_policy").to_owned(),
            client_id: replies[2].int(),
        };
        fenced(wire.fence(), &mut hints);
        let excess_powers = powers::excess(&mut wire, &user, open_default).await.map_err(|e| broken(&host, &e))?;
        enter(&mut wire, &facts).await;
        let identity = identity(&info, &facts, user, way.plan.database, excess_powers, hints);
        Ok(Self { wire: Some(wire), way, identity, facts: Arc::new(facts), memory: Memory::default() })
    }
}

impl RedisSession {
    /// A session on a server that a script holds up. It says nothing about itself, and can be told to stop the script.
    fn held_up(wire: Wire, way: Way, mut hints: Vec<String>) -> Self {
        hints.push("a script holds the server up: it answers nothing else until the script ends".into());
        let user = way.plan.user.clone().unwrap_or_else(|| "default".into());
        let identity = identity(&Info::default(), &Facts::default(), user, way.plan.database, Vec::new(), hints);
        Self { wire: Some(wire), way, identity, facts: Arc::default(), memory: Memory::default() }
    }
}

/// What every connection of the session needs besides the login: a replica of a cluster answers reads only when told.
pub(super) async fn enter(wire: &mut Wire, facts: &Facts) {
    if facts.cluster {
        let _ = wire.ask(&["READONLY"]).await;
    }
}

/// Says what is held back on this server.
fn fenced(fence: &Fence, hints: &mut Vec<String>) {
    if let Some(why) = fence.why_silent() {
        hints.push(format!(
            "COMMAND INFO does not tell whether commands are what their names say ({why}): typed commands are not sent. \
             Grant +command|info, before Redis 7 +command"
        ));
    }
    let names: Vec<&str> = fence.names().collect();
    if !names.is_empty() {
        hints.push(format!("not sent, because this server calls them no plain reads: {}", names.join(", ")));
    }
}

/// INFO, with all sections where the server knows that word.
async fn first_info(wire: &mut Wire, host: &str, reply: &Reply) -> Result<Info, ConnectError> {
    let parsed = Info::parse(&reply.text());
    if !parsed.lines.is_empty() && !matches!(reply, Reply::Error(_)) {
        return Ok(parsed);
    }
    let plain = wire.ask(&["INFO"]).await.map_err(|e| broken(host, &e))?;
    match &plain {
        Reply::Error(words) if words.starts_with("NOPERM") => Err(ConnectError::new(
            ConnectKind::Authentication,
            format!(
                "{host} let us in, but INFO is not allowed to this user: grant +info (the least privileges in `doctor` name the rest)"
            ),
        )),
        Reply::Error(words) => Err(ConnectError::new(ConnectKind::Other, format!("{host}: {words}"))),
        reply => Ok(Info::parse(&reply.text())),
    }
}

fn loading(host: &str, info: &Info) -> ConnectError {
    let done = info.text("loading_loaded_perc");
    let left = info.number("loading_eta_seconds").map(crate::domain::metric::seconds).unwrap_or_default();
    ConnectError::new(
        ConnectKind::NotReady,
        format!("{host} is loading its data set: {done} % done, about {left} left"),
    )
}

fn identity(
    info: &Info,
    facts: &Facts,
    user: String,
    database: u32,
    excess_powers: Vec<String>,
    hints: Vec<String>,
) -> Identity {
    // Valkey answers with the version of Redis that it is compatible with as well.
    let (product, short, version) = match (info.get("valkey_version"), info.text("server_name")) {
        (Some(version), _) => ("Valkey", "vk", version),
        (None, "valkey") => ("Valkey", "vk", info.text("redis_version")),
        (None, _) if info.get("dragonfly_version").is_some() => ("Dragonfly", "df", info.text("dragonfly_version")),
        (None, _) => ("Redis", "re", info.text("redis_version")),
    };
    let numbers: Vec<u32> =
        version.trim_start_matches("df-v").split('.').map(|part| part.parse().unwrap_or(0)).collect();
    let part = |at: usize| numbers.get(at).copied().unwrap_or(0);
    let role = match (facts.sentinel, info.text("role")) {
        (true, _) => "sentinel",
        (_, "slave") => "replica",
        _ => "primary",
    };
    let mut hints = hints;
    if part(0) < 6 && product == "Redis" {
        hints.push(format!("Redis {version} is older than 6: it has no users, and some readings are missing"));
    }
    let started_at = match (info.number("server_time_usec"), info.number("uptime_in_seconds")) {
        #[allow(clippy::cast_possible_truncation, reason = "milliseconds of our age fit")]
        (Some(now), Some(up)) => Some(Timestamp((now / 1000.0 - up * 1000.0) as i64)),
        _ => None,
    };
    Identity {
        version: format!("{product} {version}"),
        version_number: part(0) * 10_000 + part(1) * 100 + part(2),
        kind: format!("{short}{}{}", part(0), part(1)),
        role: if facts.cluster { format!("{role} (cluster)") } else { role.to_owned() },
        database: format!("db{database}"),
        user,
        started_at,
        excess_powers,
        hints,
        password_expires: None,
        system_id: info.get("run_id").map(str::to_owned),
    }
}

fn broken(host: &str, error: &WireError) -> ConnectError {
    ConnectError::new(
        ConnectKind::Other,
        format!("{host}: the connection broke at its first question: {}", error.words()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_tell_themselves_apart() {
        let of = |text: &str| {
            let identity = identity(&Info::parse(text), &Facts::default(), "u".into(), 3, Vec::new(), Vec::new());
            (identity.version, identity.kind, identity.version_number, identity.role)
        };
        let name = |a: &str, b: &str, n: u32, r: &str| (a.to_owned(), b.to_owned(), n, r.to_owned());
        assert_eq!(of("redis_version:7.0.15\nrole:master\n"), name("Redis 7.0.15", "re70", 70_015, "primary"));
        assert_eq!(
            of("redis_version:7.2.4\nserver_name:valkey\nvalkey_version:9.1.2\nrole:slave\n"),
            name("Valkey 9.1.2", "vk91", 90_102, "replica")
        );
    }
}
