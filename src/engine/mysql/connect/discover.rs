//! What there is to connect to on this machine, read from its files. Nothing is connected to.

use super::plan::SOCKETS;
use super::{login_path, option_file};
use crate::engine::net::url::encode;
use crate::engine::{Found, Surroundings};
use std::path::Path;

/// Sockets, `MYSQL_*` variables, groups of option files and login paths, in this order, each URL once.
pub(crate) fn discover(around: &Surroundings) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut add = |url: String, source: String| {
        if !found.iter().any(|f| f.url == url) {
            found.push(Found { url, source });
        }
    };
    // Two of the paths are one file where /var/run leads to /run.
    let mut files = Vec::new();
    for path in SOCKETS {
        if let Ok(file) = Path::new(path).canonicalize()
            && !files.contains(&file)
        {
            add(format!("mysql:///?socket={}", encode(path)), format!("unix socket {path}"));
            files.push(file);
        }
    }
    let variables = ["MYSQL_HOST", "MYSQL_UNIX_PORT", "MYSQL_TCP_PORT"];
    if let Some(variable) = variables.into_iter().find(|v| around.variable(v).is_some()) {
        add("mysql://".into(), format!("environment ({variable})"));
    }
    for (file, group) in option_file::groups(around) {
        let source = format!("{} [{group}]", file.display());
        match group.as_str() {
            "client" | "client-server" | "client-mariadb" => add("mysql://".into(), source),
            other => {
                if let Some(suffix) = other.strip_prefix("client") {
                    add(format!("mysql://?group={}", encode(suffix)), source);
                }
            }
        }
    }
    for name in login_path::names(around) {
        add(format!("mysql://?login-path={}", encode(&name)), format!("login path {name}"));
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_of_the_person_are_offered_without_passwords() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[client]\nuser=u\npassword=S3cr3t\n[mysqld]\nport=1\n[client_eu]\nhost=h\n";
        std::fs::write(folder.path().join(".my.cnf"), text).unwrap();
        let around = Surroundings {
            variables: [("MYSQL_HOST".to_owned(), "h".to_owned())].into(),
            home: Some(folder.path().to_owned()),
            ..Surroundings::default()
        };
        let found = discover(&around);
        let urls: Vec<&str> = found.iter().map(|f| f.url.as_str()).filter(|u| !u.contains("socket")).collect();
        assert!(urls.contains(&"mysql://") && urls.contains(&"mysql://?group=_eu"), "{urls:?}");
        assert!(found.iter().all(|f| !f.url.contains("S3cr3t") && !f.source.contains("S3cr3t")));
    }
}
