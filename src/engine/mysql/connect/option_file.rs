//! Option files (`my.cnf`): groups of options, with files that they include. A file that anybody may change is
//! ignored, and so is a password that anybody may read, both with a hint.

use super::options::Options;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::Surroundings;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Groups that the servers' own clients read.
const GROUPS: &[&str] = &["client", "client-server", "client-mariadb", "mysql", "mariadb-client"];
/// Includes within includes, at most.
const DEEPEST: u8 = 10;
/// System-wide files, first to last.
const SYSTEM_FILES: &[&str] = &["/etc/my.cnf", "/etc/mysql/my.cnf"];

/// The files that are read, existing or not, first to last: a later one wins.
pub(super) fn files(said: &Options, around: &Surroundings) -> Vec<PathBuf> {
    if let Some(only) = said.get("defaults-file") {
        return vec![PathBuf::from(only)];
    }
    let mut files: Vec<PathBuf> = SYSTEM_FILES.iter().map(PathBuf::from).collect();
    files.extend(around.variable("MYSQL_HOME").map(|home| Path::new(home).join("my.cnf")));
    files.extend(said.get("defaults-extra-file").map(PathBuf::from));
    files.extend(around.home.as_ref().map(|home| home.join(".my.cnf")));
    files
}

/// Options of the clients' groups, and of the same groups with the suffix.
pub(super) fn read(said: &Options, suffix: Option<&str>, around: &Surroundings) -> Result<Options, ConnectError> {
    for named in [said.get("defaults-file"), said.get("defaults-extra-file")].into_iter().flatten() {
        if !Path::new(named).is_file() {
            return Err(ConnectError::new(ConnectKind::Settings, format!("there is no option file {named}")));
        }
    }
    let mut wanted: Vec<String> = GROUPS.iter().map(|group| (*group).to_owned()).collect();
    if let Some(suffix) = suffix {
        wanted.extend(GROUPS.iter().map(|group| format!("{group}{suffix}")));
    }
    let mut reader = Reader { wanted, options: Options::default(), seen: Vec::new() };
    for file in files(said, around) {
        reader.file(&file, 0)?;
    }
    if let Some(suffix) = suffix
        && !reader.seen.iter().any(|group| GROUPS.iter().any(|g| *group == format!("{g}{suffix}")))
    {
        let known: Vec<&str> = reader.seen.iter().filter_map(|g| g.strip_prefix("client")).collect();
        let known: Vec<&str> = known.into_iter().filter(|s| !s.is_empty() && !s.starts_with('-')).collect();
        let there = if known.is_empty() { "there are none".into() } else { format!("there are: {}", known.join(", ")) };
        let words = format!("no option file has a group [client{suffix}]; {there}");
        return Err(ConnectError::new(ConnectKind::Settings, words));
    }
    Ok(reader.options)
}

/// Groups of all files, for `discover`: each with its file.
pub(super) fn groups(around: &Surroundings) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for file in files(&Options::default(), around) {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        found.extend(text.lines().filter_map(group).map(|name| (file.clone(), name.to_owned())));
    }
    found
}

struct Reader {
    wanted: Vec<String>,
    options: Options,
    /// Every group that was met.
    seen: Vec<String>,
}

impl Reader {
    fn file(&mut self, path: &Path, depth: u8) -> Result<(), ConnectError> {
        let shown = path.display();
        let Ok(facts) = std::fs::metadata(path) else { return Ok(()) };
        if !facts.is_file() {
            return Ok(());
        }
        let mode = facts.permissions().mode();
        if mode & 0o002 != 0 {
            self.options.hints.push(format!("{shown} was ignored because anybody may change it: chmod 600 {shown}"));
            return Ok(());
        }
        // A file that we may not read is not ours.
        let Ok(text) = std::fs::read_to_string(path) else { return Ok(()) };
        let mut here = Options::default();
        let mut counts = false;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = group(line) {
                counts = self.wanted.iter().any(|wanted| wanted == name);
                self.seen.push(name.to_owned());
            } else if let Some(directive) = line.strip_prefix('!') {
                self.include(directive, path, depth)?;
            } else if counts {
                let (name, value) = line.split_once('=').map_or((line, "1".into()), |(n, v)| (n.trim(), unquote(v)));
                here.set_known(name, value)
                    .map_err(|e| ConnectError::new(e.kind, format!("{shown} line {}: {}", number + 1, e.message)))?;
            }
        }
        if mode & 0o044 != 0 && here.drop_password() {
            let words = format!("the password in {shown} was ignored because others may read it: chmod 600 {shown}");
            here.hints.push(words);
        }
        // A later file wins over an earlier one.
        let earlier = std::mem::replace(&mut self.options, here);
        self.options.or(earlier, "in the option file");
        Ok(())
    }

    fn include(&mut self, directive: &str, from: &Path, depth: u8) -> Result<(), ConnectError> {
        if depth == DEEPEST {
            let words = format!("{}: files include each other without end", from.display());
            return Err(ConnectError::new(ConnectKind::Settings, words));
        }
        let (word, path) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
        let path = Path::new(path.trim());
        match word {
            "include" => self.file(path, depth + 1),
            "includedir" => {
                let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
                let mut files: Vec<PathBuf> =
                    entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|end| end == "cnf")).collect();
                files.sort();
                files.iter().try_for_each(|file| self.file(file, depth + 1))
            }
            _ => Ok(()),
        }
    }
}

fn group(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.split_once(']').map(|(name, _)| name.trim())
}

/// A value without its quotes, its escapes undone, and without a comment behind it.
fn unquote(text: &str) -> String {
    let text = text.trim();
    let quoted = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inner = match quoted {
        Some(quote) => {
            let rest = &text[1..];
            &rest[..rest.rfind(quote).unwrap_or(rest.len())]
        }
        // In the middle of a line, a comment begins with # alone.
        None => text.split_once(" #").map_or(text, |(value, _)| value.trim_end()),
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match characters.next() {
            Some('b') => out.push('\u{8}'),
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('s') => out.push(' '),
            Some(c @ ('\\' | '"' | '\'')) => out.push(c),
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
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
        let path = folder.path().join(".my.cnf");
        fs::write(&path, text.replace("FOLDER", folder.path().to_str().unwrap())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let around = Surroundings { home: Some(folder.path().to_owned()), ..Surroundings::default() };
        (folder, around)
    }

    #[test]
    fn groups_quotes_comments_and_includes() {
        let text = "[mysqld]\nuser=no\n[client]\nuser = \"a # b\" \nhost=db.example # the one\n; no\nport=1\n\
                    password='p#w\\\\d'\nssl_ca=/ca\nunknown-option=1\n!includedir FOLDER/more\n[mysql]\nport=2\n";
        let (folder, around) = around(text, 0o600);
        fs::create_dir(folder.path().join("more")).unwrap();
        fs::write(folder.path().join("more/a.cnf"), "[client-server]\nsocket=/run/x\ndatabase=d\n").unwrap();
        fs::write(folder.path().join("more/b.txt"), "[client]\ndatabase=no\n").unwrap();
        let options = read(&Options::default(), None, &around).unwrap();
        assert_eq!((options.get("user"), options.get("host")), (Some("a # b"), Some("db.example")));
        assert_eq!((options.get("port"), options.get("database")), (Some("2"), Some("d")));
        assert_eq!(options.get("ssl-ca"), Some("/ca"));
        assert_eq!(options.password().unwrap().expose_secret(), "p#w\\d");
    }

    #[test]
    fn what_others_may_read_or_change_is_ignored_with_a_hint() {
        for (mode, password, user) in [(0o600, true, true), (0o644, false, true), (0o666, false, false)] {
            let (_keep, around) = around("[client]\nuser=u\npassword=canary\n", mode);
            let options = read(&Options::default(), None, &around).unwrap();
            assert_eq!((options.password().is_some(), options.get("user").is_some()), (password, user), "{mode:o}");
            assert_eq!(options.hints.iter().any(|h| h.contains("chmod 600")), mode != 0o600);
            assert!(options.hints.iter().all(|h| !h.contains("canary")));
        }
    }

    #[test]
    fn a_missing_group_names_the_others_and_endless_includes_end() {
        let (_keep, around) = around("[client_eu]\nhost=x\n!include FOLDER/.my.cnf\n", 0o600);
        let Err(error) = read(&Options::default(), None, &around) else { panic!("no end") };
        assert!(error.message.contains("without end"), "{error}");
        let (_keep, around) = self::around("[client_eu]\nhost=x\n", 0o600);
        let Err(error) = read(&Options::default(), Some("_us"), &around) else { panic!("found") };
        assert!(error.message.contains("_eu"), "{error}");
    }
}
