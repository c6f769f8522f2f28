//! Which server answers, read anew each time, by what every login can see: two logins must read the same.

use super::asks::Asks;
use crate::domain::error_event::SessionError;
use crate::domain::proposal::survey::Place;
use crate::domain::rows::Value;
use crate::domain::target::Timestamp;
use crate::engine::Query;
use std::collections::BTreeMap;

const TIME_MS: u64 = 2_000;

static HERE: Query = Query {
    name: "fix.here",
    text: "SELECT DATABASE() AS db, UNIX_TIMESTAMP() - CAST(s.VARIABLE_VALUE AS SIGNED) AS started,
                  @@hostname AS host, @@port AS port, @@server_id AS server_id, CURRENT_USER() AS account
             FROM {global_status} s WHERE s.VARIABLE_NAME = 'Uptime'",
    timeout_ms: TIME_MS,
};

static VARIABLES: Query = Query {
    name: "fix.variables",
    text: "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid', 'read_only', 'super_read_only',
           'gtid_domain_id', 'gtid_mode', 'log_bin', 'binlog_format', 'wsrep_on', 'wsrep_cluster_name', 'wsrep_OSU_method',
           'group_replication_group_name', 'lock_wait_timeout')",
    timeout_ms: TIME_MS,
};

static GALERA: Query = Query {
    name: "fix.galera",
    text: "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_status', 'wsrep_local_state_comment')",
    timeout_ms: TIME_MS,
};

/// The server and what of it matters to every act.
#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    pub(super) place: Place,
    /// The account that we are, as the server knows it.
    pub(super) account: String,
    pub(super) read_only: bool,
    pub(super) galera: bool,
    /// The format of the binary log, where it is on: `ROW`, `STATEMENT`, `MIXED`.
    pub(super) binary_log: Option<String>,
}

/// Reads it.
pub(super) async fn read(asks: &mut dyn Asks) -> Result<Server, SessionError> {
    let here = asks.own(&HERE, &[]).await?;
    let row = here.rows.first().map(Vec::as_slice).unwrap_or_default();
    let mut known = pairs(&asks.own(&VARIABLES, &[]).await?.rows);
    let is_on = |known: &BTreeMap<String, String>, name: &str| {
        known.get(name).is_some_and(|v| !matches!(v.as_str(), "OFF" | "0" | ""))
    };
    let galera = is_on(&known, "wsrep_on");
    if galera {
        known.extend(pairs(&asks.own(&GALERA, &[]).await?.rows));
    }
    let get = |name: &str| known.get(name).filter(|v| !v.is_empty()).cloned();
    let read_only = is_on(&known, "read_only") || is_on(&known, "super_read_only");
    let written = if read_only { "read-only" } else { "writable" };
    let role = if galera {
        let state = get("wsrep_local_state_comment").unwrap_or_default().to_lowercase();
        format!("galera {} {state}", get("wsrep_cluster_status").unwrap_or_default().to_lowercase())
    } else if get("group_replication_group_name").is_some() {
        format!("group member, {written}")
    } else if read_only {
        "replica".into()
    } else {
        "primary".into()
    };
    let (host, port) = (here.text(row, "host"), here.text(row, "port"));
    let by_address = format!("{host}:{port}/{}", here.text(row, "server_id"));
    let started = here.get(row, "started").number().filter(|s| s.is_finite());
    #[allow(clippy::cast_possible_truncation, reason = "seconds since 1970")]
    let started_at = started.map(|seconds| Timestamp(seconds as i64 * 1000));
    let place = Place {
        database: here.text(row, "db"),
        role,
        server: get("server_uuid").or(Some(by_address)),
        started_at,
        epoch: Some(match get("gtid_domain_id") {
            Some(domain) => format!("GTID domain {domain}, {written}"),
            None => format!("GTID {}, {written}", get("gtid_mode").unwrap_or_else(|| "off".into()).to_lowercase()),
        }),
    };
    Ok(Server {
        place,
        account: here.text(row, "account"),
        read_only,
        galera,
        binary_log: is_on(&known, "log_bin").then(|| get("binlog_format").unwrap_or_default()),
    })
}

fn pairs(rows: &[Vec<Value>]) -> BTreeMap<String, String> {
    rows.iter()
        .filter_map(|row| match row.as_slice() {
            [name, value, ..] => Some((name.plain()?.to_ascii_lowercase(), value.plain().unwrap_or_default())),
            _ => None,
        })
        .collect()
}
