//! Commands that are never put on a connection, whoever asks: what its server calls something else than a read.

use std::collections::BTreeMap;

/// What is held back on one connection, and why.
#[derive(Debug, Default)]
pub(crate) struct Fence {
    /// By name as sent in upper case, `GET` or `CONFIG GET`: the server's own words for it.
    held: BTreeMap<String, String>,
    /// The server did not say what its commands are, in its own words.
    silent: Option<String>,
}

impl Fence {
    /// Holds these back.
    pub(crate) fn of(held: BTreeMap<String, String>) -> Self {
        Self { held, silent: None }
    }
    /// Of a server that does not say what its commands are.
    pub(crate) fn silent(why: impl Into<String>) -> Self {
        Self { held: BTreeMap::new(), silent: Some(why.into()) }
    }

    /// Why nothing that a person or a model wrote can be sent here: what its words would do is not known.
    pub(crate) fn why_silent(&self) -> Option<&str> {
        self.silent.as_deref()
    }
    /// The names that are held back.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.held.keys().map(String::as_str)
    }

    /// Why a command is held back.
    pub(super) fn holds<A: AsRef<[u8]>>(&self, command: &[A]) -> Option<String> {
        if self.held.is_empty() {
            return None;
        }
        let word = |at: usize| command.get(at).map(|word| String::from_utf8_lossy(word.as_ref()).to_ascii_uppercase());
        let name = word(0)?;
        let full = word(1).map(|subcommand| format!("{name} {subcommand}"));
        let (name, why) = [Some(name), full].into_iter().flatten().find_map(|name| self.held.get_key_value(&name))?;
        Some(format!("REFUSED {name} is not sent: this server {why} (renamed or replaced?)"))
    }
}
