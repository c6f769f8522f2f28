//! What there is to connect to on this machine, read from its files. Nothing is connected to.

use super::plan::SOCKET_FOLDERS;
use super::{passfile, service};
use crate::engine::net::url::encode;
use crate::engine::{Found, Surroundings};

/// Most lines of a password file that are offered.
const MOST: usize = 20;

/// Sockets, `PG*` variables, services and hosts with a saved password, in this order, each URL once.
pub(crate) fn discover(around: &Surroundings) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut add = |url: String, source: String| {
        if !found.iter().any(|f| f.url == url) {
            found.push(Found { url, source });
        }
    };
    for folder in SOCKET_FOLDERS {
        for port in sockets(folder) {
            let port_part = if port == super::plan::PORT { String::new() } else { format!("&port={port}") };
            add(format!("postgres:///postgres?host={}{port_part}", encode(folder)), format!("unix socket {folder}"));
        }
    }
    if let Some(variable) =
        ["PGHOST", "PGHOSTADDR", "PGDATABASE", "PGPORT"].into_iter().find(|v| around.variable(v).is_some())
    {
        add("postgres://".into(), format!("environment ({variable})"));
    }
    let said = around.variable("PGSERVICEFILE");
    for path in service::files(said, around) {
        for name in service::names(&path) {
            add(format!("postgres://?service={}", encode(&name)), format!("{} [{name}]", path.display()));
        }
    }
    let said = around.variable("PGPASSFILE");
    let shown = passfile::path(said, around).map(|p| p.display().to_string()).unwrap_or_default();
    for [host, port, database, user] in passfile::entries(said, around).into_iter().take(MOST) {
        if host == "*" || host.is_empty() {
            continue;
        }
        let login = if user == "*" { String::new() } else { format!("{}@", encode(&user)) };
        let host = if host.contains(':') { format!("[{host}]") } else { encode(&host) };
        let port = if port == "*" { String::new() } else { format!(":{port}") };
        let database = if database == "*" { "postgres".into() } else { encode(&database) };
        add(format!("postgres://{login}{host}{port}/{database}"), shown.clone());
    }
    found
}

/// Ports of the sockets in a folder.
fn sockets(folder: &str) -> Vec<u16> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut ports: Vec<u16> =
        entries.filter_map(|entry| entry.file_name().to_str()?.strip_prefix(".s.PGSQL.")?.parse().ok()).collect();
    ports.sort_unstable();
    ports
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn files_of_the_person_are_offered_without_passwords() {
        let folder = tempfile::tempdir().unwrap();
        let pass = folder.path().join(".pgpass");
        std::fs::write(&pass, "db.example:5433:shop:app user:S3cr3t\n*:*:*:*:S3cr3t\n::1:*:*:u:S3cr3t\n").unwrap();
        std::fs::set_permissions(&pass, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(folder.path().join(".pg_service.conf"), "[prod eu]\nhost=h\npassword=S3cr3t\n").unwrap();
        let around = Surroundings {
            variables: [("PGHOST", "h"), ("PGSYSCONFDIR", "/nowhere")].map(|(k, v)| (k.into(), v.into())).into(),
            home: Some(folder.path().to_owned()),
            ..Surroundings::default()
        };
        let found = discover(&around);
        let urls: Vec<&str> = found.iter().map(|f| f.url.as_str()).filter(|u| !u.contains("?host=")).collect();
        assert_eq!(
            urls,
            ["postgres://", "postgres://?service=prod%20eu", "postgres://app%20user@db.example:5433/shop"]
        );
        assert!(found.iter().all(|f| !f.url.contains("S3cr3t") && !f.source.contains("S3cr3t")));
    }
}
