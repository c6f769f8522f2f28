//! Configuration files on disk: which are read, in which order, and what their permissions allow.

use super::mistake::{Mistake, Place};
use secrecy::SecretString;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A configuration is written by hand; what is larger is something else.
const LARGEST: u64 = 1 << 20;

/// A configuration file in memory.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// The name in messages: `config.toml`, `conf.d/team.toml`, or the path given to `--config`.
    pub(super) name: String,
    /// Its text; may hold a password in a URL.
    pub(super) text: SecretString,
    /// Its permission bits.
    pub(super) mode: u32,
}

impl SourceFile {
    /// Other users can read or change it.
    pub(super) fn is_open_to_others(&self) -> bool {
        self.mode & 0o077 != 0
    }
    /// Somebody else may change it. Everybody's group counts too: it is only asked where a command would be run.
    pub(super) fn is_changeable_by_others(&self) -> bool {
        self.mode & 0o022 != 0
    }
}

/// Reads the files of a folder: `config.toml`, then `conf.d/*.toml` by name, then those of the folders `more`. Files
/// that are not there are no mistake; files that cannot be read are, and so is a folder of `more` that everybody can
/// write into: what is in it decides what is sent.
pub(super) fn read_folder(folder: &Path, more: &[&str]) -> (Vec<SourceFile>, Vec<Mistake>) {
    let mut files = Vec::new();
    let mut mistakes = Vec::new();
    let mut paths = vec![(String::from("config.toml"), folder.join("config.toml"))];
    paths.extend(listed(folder, "conf.d", &mut mistakes));
    for inner in more {
        let open = fs::metadata(folder.join(inner)).is_ok_and(|facts| facts.mode() & 0o002 != 0);
        if open {
            mistakes.push(unreadable(inner, "every user can write into it; run `chmod o-w` on it"));
        } else {
            paths.extend(listed(folder, inner, &mut mistakes));
        }
    }
    for (name, path) in paths {
        match read(&path) {
            Ok((text, mode)) => files.push(SourceFile { name, text, mode }),
            Err(Unreadable::Absent) => {}
            Err(Unreadable::Because(why)) => mistakes.push(unreadable(&name, &why)),
        }
    }
    (files, mistakes)
}

/// The names and paths of `*.toml` in a folder of the folder, by name.
fn listed(folder: &Path, inner: &str, mistakes: &mut Vec<Mistake>) -> Vec<(String, PathBuf)> {
    match fs::read_dir(folder.join(inner)) {
        Ok(entries) => {
            let mut names: Vec<String> = entries
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter(|name| !name.starts_with('.') && Path::new(name).extension().is_some_and(|end| end == "toml"))
                .collect();
            names.sort_unstable();
            names.into_iter().map(|n| (format!("{inner}/{n}"), folder.join(inner).join(n))).collect()
        }
        Err(error) if is_absent(&error) => Vec::new(),
        Err(error) => {
            mistakes.push(unreadable(inner, &error.to_string()));
            Vec::new()
        }
    }
}

/// Reads the one file that the person named. It has to be there.
pub(super) fn read_named(path: &Path) -> Result<SourceFile, Mistake> {
    let name = path.display().to_string();
    match read(path) {
        Ok((text, mode)) => Ok(SourceFile { name, text, mode }),
        Err(Unreadable::Absent) => Err(unreadable(&name, "there is no such file")),
        Err(Unreadable::Because(why)) => Err(unreadable(&name, &why)),
    }
}

enum Unreadable {
    Absent,
    Because(String),
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn unreadable(name: &str, why: &str) -> Mistake {
    Mistake { place: None, text: format!("cannot read {name}: {why}") }
}

fn read(path: &Path) -> Result<(SecretString, u32), Unreadable> {
    let because = |error: std::io::Error| {
        if is_absent(&error) { Unreadable::Absent } else { Unreadable::Because(error.to_string()) }
    };
    let mut file = File::open(path).map_err(because)?;
    // Of the open file, so that nobody can swap it between the look and the read.
    let facts = file.metadata().map_err(because)?;
    if !facts.is_file() {
        return Err(Unreadable::Because("it is not a file".to_owned()));
    }
    let owner = facts.uid();
    if owner != 0 && owner != nix::unistd::geteuid().as_raw() {
        return Err(Unreadable::Because("it belongs to another user; copy it to a file of your own".to_owned()));
    }
    if facts.mode() & 0o002 != 0 {
        return Err(Unreadable::Because("every user can change it; run `chmod o-w` on it".to_owned()));
    }
    if facts.len() > LARGEST {
        return Err(Unreadable::Because("it is larger than 1 MB, so it is not a configuration".to_owned()));
    }
    let mut bytes = Vec::new();
    file.by_ref().take(LARGEST).read_to_end(&mut bytes).map_err(because)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((SecretString::from(text), facts.mode() & 0o777)),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let place = Place::of_offset("", &String::from_utf8_lossy(good), good.len());
            let at = format!("line {}, column {}", place.line, place.column);
            Err(Unreadable::Because(format!("it is not UTF-8 text at {at}")))
        }
    }
}
