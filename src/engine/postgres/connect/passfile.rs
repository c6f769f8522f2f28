//! `.pgpass`: passwords by host, port, database and user. Ignored, with a hint, when others may read it.

use crate::engine::Surroundings;
use secrecy::SecretString;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

/// Whom the password is for.
pub(super) struct Login<'a> {
    /// Names under which the host may stand in the file: the name that was said; for a socket its folder and
    /// `localhost`.
    pub(super) hosts: &'a [&'a str],
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// What the file gave.
#[derive(Default)]
pub(super) struct Found {
    pub(super) password: Option<SecretString>,
    /// Why it was not used.
    pub(super) hint: Option<String>,
}

/// Where the file is, existing or not.
pub(super) fn path(said: Option<&str>, around: &Surroundings) -> Option<PathBuf> {
    said.map(PathBuf::from).or_else(|| Some(around.home.as_ref()?.join(".pgpass")))
}

/// Looks a password up: the first line that matches counts.
pub(super) fn find(said: Option<&str>, around: &Surroundings, login: &Login<'_>) -> Found {
    match read(said, around) {
        Ok(None) => Found::default(),
        Ok(Some(text)) => Found { password: text.lines().find_map(|line| matching(line, login)), hint: None },
        Err(hint) => Found { password: None, hint: Some(hint) },
    }
}

/// Hosts that the file names, for `discover`.
pub(super) fn entries(said: Option<&str>, around: &Surroundings) -> Vec<[String; 4]> {
    let text = read(said, around).ok().flatten().unwrap_or_default();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut fields = fields(line).into_iter();
            Some([fields.next()?, fields.next()?, fields.next()?, fields.next()?])
        })
        .collect()
}

fn read(said: Option<&str>, around: &Surroundings) -> Result<Option<String>, String> {
    let Some(path) = path(said, around) else { return Ok(None) };
    // The open file is judged, not the name: the name may lead elsewhere a moment later.
    let Ok(mut file) = std::fs::File::open(&path) else { return Ok(None) };
    let shown = path.display();
    let facts = file.metadata().map_err(|e| format!("{shown} was ignored: {e}"))?;
    if !facts.is_file() {
        return Err(format!("{shown} was ignored: it is not a plain file"));
    }
    if facts.permissions().mode() & 0o077 != 0 {
        return Err(format!("{shown} was ignored because others may read it: chmod 600 {shown}"));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|e| format!("{shown} was ignored: {e}"))?;
    Ok(Some(text))
}

fn matching(line: &str, login: &Login<'_>) -> Option<SecretString> {
    if line.starts_with('#') {
        return None;
    }
    let fields = fields(line);
    let [host, port, database, user, password] = fields.as_slice() else { return None };
    let fits = |field: &str, value: &str| field == "*" || field == value;
    (login.hosts.iter().any(|name| fits(host, name))
        && fits(port, &login.port.to_string())
        && fits(database, login.database)
        && fits(user, login.user))
    .then(|| SecretString::from(password.clone()))
}

/// Splits at `:`; a backslash takes the next character as it is. A fifth `:` begins nothing: the rest is ignored.
fn fields(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        let taken = match c {
            ':' if out.len() == 5 => break,
            ':' => {
                out.push(String::new());
                continue;
            }
            '\\' => characters.next(),
            c => Some(c),
        };
        if let (Some(last), Some(c)) = (out.last_mut(), taken) {
            last.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use secrecy::ExposeSecret as _;
    use std::fs;

    fn around(text: &str, mode: u32) -> (tempfile::TempDir, Surroundings) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".pgpass");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let around = Surroundings { home: Some(folder.path().to_owned()), ..Surroundings::default() };
        (folder, around)
    }

    fn ask(around: &Surroundings, host: &str, port: u16, database: &str, user: &str) -> Option<String> {
        find(None, around, &Login { hosts: &[host], port, database, user })
            .password
            .map(|p| p.expose_secret().to_owned())
    }

    #[test]
    fn the_first_matching_line_counts_and_escapes_are_undone() {
        let text = "# comment\nh:1:d:u:one\nh:*:*:u:tw\\:o\\\\\n\\:\\:1:*:*:*:six\n*:*:*:v:three\nshort:line\n";
        let (_keep, around) = around(text, 0o600);
        assert_eq!(ask(&around, "h", 1, "d", "u").as_deref(), Some("one"));
        assert_eq!(ask(&around, "h", 2, "d", "u").as_deref(), Some("tw:o\\"));
        assert_eq!(ask(&around, "::1", 2, "d", "u").as_deref(), Some("six"));
        assert_eq!(ask(&around, "other", 2, "d", "v").as_deref(), Some("three"));
        assert_eq!(ask(&around, "other", 2, "d", "u"), None);
    }

    #[test]
    fn a_file_that_others_may_read_is_ignored_with_a_hint() {
        for mode in [0o640, 0o604, 0o660, 0o644] {
            let (_keep, around) = around("*:*:*:*:secret\n", mode);
            let found = find(None, &around, &Login { hosts: &["h"], port: 1, database: "d", user: "u" });
            assert!(found.password.is_none() && found.hint.unwrap().contains("chmod 600"), "{mode:o}");
        }
    }
}
