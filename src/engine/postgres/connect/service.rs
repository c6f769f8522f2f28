//! `pg_service.conf`: named groups of connection keywords, the person's own file before the system's.

use super::keywords::Keywords;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::Surroundings;
use std::path::{Path, PathBuf};

/// Folders of the system-wide file where `PGSYSCONFDIR` names none: Debian's, and the usual prefix of packages.
const SYSTEM_FOLDERS: &[&str] = &["/etc/postgresql-common", "/etc"];

/// The files that exist, in the order in which they are asked.
pub(super) fn files(said: Option<&str>, around: &Surroundings) -> Vec<PathBuf> {
    let own = match said {
        Some(path) => Some(PathBuf::from(path)),
        None => around.home.as_ref().map(|home| home.join(".pg_service.conf")),
    };
    let system: Vec<PathBuf> = match around.variable("PGSYSCONFDIR") {
        Some(folder) => vec![PathBuf::from(folder)],
        None => SYSTEM_FOLDERS.iter().map(PathBuf::from).collect(),
    };
    own.into_iter().chain(system.into_iter().map(|f| f.join("pg_service.conf"))).filter(|p| p.is_file()).collect()
}

/// Names of the services of a file.
pub(super) fn names(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(section).map(str::to_owned).collect()
}

/// The keywords of a service.
pub(super) fn find(name: &str, said: Option<&str>, around: &Surroundings) -> Result<Keywords, ConnectError> {
    let settings = |message: String| ConnectError::new(ConnectKind::Settings, message);
    let files = files(said, around);
    for path in &files {
        let text = std::fs::read_to_string(path)
            .map_err(|e| settings(format!("the service file {} cannot be read: {e}", path.display())))?;
        let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
        if !lines.by_ref().any(|(_, line)| section(line) == Some(name)) {
            continue;
        }
        let mut keywords = Keywords::default();
        for (number, line) in lines.take_while(|(_, line)| section(line).is_none()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = || format!("{} line {number}", path.display());
            if line.starts_with("ldap") {
                return Err(settings(format!("{}: services from LDAP are not supported", place())));
            }
            let (key, value) = line.split_once('=').ok_or_else(|| settings(format!("{}: no = in it", place())))?;
            if key.trim() == "service" {
                return Err(settings(format!("{}: a service cannot name a service", place())));
            }
            // The first of two equal keys counts, as in libpq.
            if keywords.get(key.trim()).is_none() {
                keywords
                    .set(key.trim(), value.trim().to_owned())
                    .map_err(|e| settings(format!("{}: {}", place(), e.message)))?;
            }
        }
        return Ok(keywords);
    }
    let known: Vec<String> = files.iter().flat_map(|path| names(path)).collect();
    Err(settings(if known.is_empty() {
        format!("service \"{name}\" is not defined: no service file was found (~/.pg_service.conf, PGSERVICEFILE)")
    } else {
        format!("service \"{name}\" is not defined; there are: {}", known.join(", "))
    }))
}

fn section(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.split_once(']').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_own_file_is_asked_before_the_systems_and_a_missing_service_lists_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let system = folder.path().join("sys");
        std::fs::create_dir(&system).unwrap();
        std::fs::write(folder.path().join(".pg_service.conf"), "# mine\n[a]\nhost = h1\nhost=h2\n\n[b]\nport=1\n")
            .unwrap();
        std::fs::write(system.join("pg_service.conf"), "[a]\nhost=no\n[c]\ndbname=d\n").unwrap();
        let around = Surroundings {
            variables: [("PGSYSCONFDIR".to_owned(), system.display().to_string())].into(),
            home: Some(folder.path().to_owned()),
            ..Surroundings::default()
        };
        let a = find("a", None, &around).unwrap();
        assert_eq!((a.get("host"), a.get("port")), (Some("h1"), None));
        assert_eq!(find("c", None, &around).unwrap().get("dbname"), Some("d"));
        let Err(error) = find("x", None, &around) else { panic!("found") };
        assert!(error.message.contains("a, b, a, c"), "{error}");
    }
}
