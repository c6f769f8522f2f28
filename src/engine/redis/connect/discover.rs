//! What there is to connect to on this machine, read from its files. Nothing is connected to.

use crate::engine::net::url::encode;
use crate::engine::{Found, Surroundings};
use std::collections::BTreeSet;
use std::path::Path;

/// Folders in which packages put the server's socket.
const SOCKET_FOLDERS: &[&str] = &["/run/redis", "/var/run/redis", "/run/valkey", "/run/redis-sentinel", "/tmp"];
/// Configuration files of packages.
const CONFIGURATIONS: &[&str] = &[
    "/etc/redis/redis.conf",
    "/etc/redis.conf",
    "/etc/valkey/valkey.conf",
    "/etc/redis/sentinel.conf",
    "/usr/local/etc/redis.conf",
    "/opt/homebrew/etc/redis.conf",
];
/// A configuration file is not larger than this.
const MOST: u64 = 1 << 20;

/// Sockets, then what the configuration files of this machine say, each URL once.
pub(in crate::engine::redis) fn discover(around: &Surroundings) -> Vec<Found> {
    let _ = around;
    let mut found: Vec<Found> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |url: String, source: String| {
        if seen.insert(url.clone()) {
            found.push(Found { url, source });
        }
    };
    for folder in SOCKET_FOLDERS {
        for file in sockets(Path::new(folder)) {
            add(socket_url(&file), format!("unix socket {folder}"));
        }
    }
    for file in CONFIGURATIONS {
        let path = Path::new(file);
        let small = path.metadata().is_ok_and(|m| m.is_file() && m.len() <= MOST);
        if let Some(text) = small.then(|| std::fs::read_to_string(path).ok()).flatten() {
            for url in of_configuration(&text) {
                add(url, (*file).to_owned());
            }
        }
    }
    found
}

fn socket_url(file: &str) -> String {
    let path: Vec<String> = file.split('/').map(encode).collect();
    format!("unix://{}", path.join("/"))
}

/// Socket files of the server in a folder.
fn sockets(folder: &Path) -> Vec<String> {
    use std::os::unix::fs::FileTypeExt as _;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<String> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket()))
        .filter_map(|entry| entry.path().to_str().map(str::to_owned))
        .filter(|path| {
            let name = path.rsplit('/').next().unwrap_or_default();
            name.contains("redis") || name.contains("valkey")
        })
        .collect();
    files.sort();
    files
}

/// Ports and sockets that a configuration names. Passwords in it are not looked at.
fn of_configuration(text: &str) -> Vec<String> {
    let value = |name: &str| {
        text.lines().rev().find_map(|line| {
            let (word, value) = line.trim().split_once(char::is_whitespace)?;
            (word.eq_ignore_ascii_case(name)).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    let mut urls = Vec::new();
    match value("port").as_deref() {
        Some("0") => {}
        Some(port) if port.parse::<u16>().is_ok() => urls.push(format!("redis://127.0.0.1:{port}")),
        _ => urls.push("redis://127.0.0.1:6379".to_owned()),
    }
    if let Some(port) = value("tls-port").filter(|p| p != "0" && p.parse::<u16>().is_ok()) {
        urls.push(format!("rediss://localhost:{port}"));
    }
    if let Some(file) = value("unixsocket").filter(|f| f.starts_with('/')) {
        urls.push(socket_url(&file));
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::of_configuration;

    #[test]
    fn a_configuration_tells_ports_and_sockets_and_no_password() {
        let text = "bind 127.0.0.1\nport 7000\nrequirepass S3cr3t\ntls-port 7001\nunixsocket \"/run/redis/my redis.sock\"\n#port 1\n";
        assert_eq!(
            of_configuration(text),
            ["redis://127.0.0.1:7000", "rediss://localhost:7001", "unix:///run/redis/my%20redis.sock"]
        );
        assert_eq!(of_configuration("port 0\n"), Vec::<String>::new());
        assert_eq!(of_configuration(""), ["redis://127.0.0.1:6379"]);
    }
}
