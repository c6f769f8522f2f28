//! What there is to connect to on this machine, from its sockets and variables. Nothing is connected to.

use super::url::PORT;
use crate::engine::net::url::{encode, split};
use crate::engine::{Found, Surroundings};

/// Where servers put their socket unless told otherwise.
const SOCKET_FOLDER: &str = "/tmp";
/// Variables that hold a URL by convention.
const VARIABLES: [&str; 3] = ["MONGODB_URI", "MONGODB_URL", "MONGO_URL"];

/// Sockets and variables, each URL once and without its password.
pub(crate) fn discover(around: &Surroundings) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut add = |url: String, source: String| {
        if !found.iter().any(|f| f.url == url) {
            found.push(Found { url, source });
        }
    };
    for port in sockets(SOCKET_FOLDER) {
        let file = format!("{SOCKET_FOLDER}/mongodb-{port}.sock");
        add(format!("mongodb://{}/", encode(&file)), format!("unix socket {file}"));
    }
    for name in VARIABLES {
        if let Some(url) = around.variable(name).and_then(without_password) {
            add(url, format!("environment ({name})"));
        }
    }
    found
}

/// A URL of this engine without its password.
fn without_password(url: &str) -> Option<String> {
    let parts = split(url, "").ok()?;
    if !["mongodb", "mongodb+srv"].contains(&parts.scheme.to_ascii_lowercase().as_str()) {
        return None;
    }
    let login =
        parts.login.map(|login| format!("{}@", login.split(':').next().unwrap_or_default())).unwrap_or_default();
    let path = parts.path.map(|path| format!("/{path}")).unwrap_or_default();
    let slash = if path.is_empty() && parts.query.is_some() { "/" } else { "" };
    let query = parts.query.map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}://{login}{}{path}{slash}{query}", parts.scheme, parts.hosts))
}

/// Ports of the sockets in a folder, the usual one first.
fn sockets(folder: &str) -> Vec<u16> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let port = |name: &str| name.strip_prefix("mongodb-")?.strip_suffix(".sock")?.parse().ok();
    let mut ports: Vec<u16> = entries.filter_map(|entry| port(entry.file_name().to_str()?)).collect();
    ports.sort_unstable_by_key(|&port| (port != PORT, port));
    ports
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn urls_of_variables_are_offered_without_passwords() {
        let around = Surroundings {
            variables: [
                ("MONGODB_URI", "mongodb+srv://app:S3cr3t@c0.example.net/shop?retryWrites=true"),
                ("MONGO_URL", "redis://S3cr3t@h"),
            ]
            .map(|(k, v)| (k.into(), v.into()))
            .into(),
            ..Surroundings::default()
        };
        let found = discover(&around);
        assert!(found.iter().any(|f| f.url == "mongodb+srv://app@c0.example.net/shop?retryWrites=true"));
        assert!(found.iter().all(|f| !f.url.contains("S3cr3t")), "{found:?}");
    }

    #[test]
    fn sockets_are_found_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["mongodb-27018.sock", "mongodb-27017.sock", "mongodb-x.sock", "other.sock"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(sockets(folder.path().to_str().unwrap()), [27017, 27018]);
    }
}
