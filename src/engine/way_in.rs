//! The way in to a server: what connecting needs, where a URL leads, and what is known about providers' addresses.

use crate::domain::security::Encryption;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What the program inherited from the person's session: read once at start, so that connecting is a function of
/// its arguments.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The home directory.
    pub home: Option<PathBuf>,
    /// The operating system's user name.
    pub user: Option<String>,
    /// The folder in which the program was started.
    pub current_dir: Option<PathBuf>,
}

impl Surroundings {
    /// An environment variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
}

/// Everything needed to connect once.
#[derive(Clone)]
pub struct ConnectSettings {
    /// The URL or path as configured or typed; may hold a password, hence secret.
    pub url: SecretString,
    /// A password from elsewhere (prompt, `password_command`); wins over everything else.
    pub password: Option<SecretString>,
    /// Where to dial instead of the URL's host and port: the near end of a tunnel. Names of certificates, password
    /// files and everything shown go by the URL all the same.
    pub dial: Option<(String, u16)>,
    /// The name under which the server sees us: `dba-gpt watch`, `dba-gpt chat`.
    pub application: String,
    /// Time for the whole way in, at most.
    pub timeout: Duration,
    /// Environment, home, user.
    pub surroundings: Surroundings,
}

/// Something to connect to that was found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// URL without a password, ready to be used as a target.
    pub url: String,
    /// Where it was found: `unix socket /var/run/postgresql`, `~/.pg_service.conf [prod]`.
    pub source: String,
}

/// Where a URL leads and as whom, without a password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Destination {
    /// Host and port of each server, defaults filled in, in the order in which they are tried. Empty for files and
    /// sockets, which nothing stands in front of.
    pub servers: Vec<(String, u16)>,
    /// The user or role.
    pub user: Option<String>,
    /// How careful URL, environment and option files are about encryption. None for what goes over no network.
    pub encryption: Option<Encryption>,
}

/// A URL that a preset has checked and completed.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The URL to use.
    pub url: SecretString,
    /// What works but should not stay so, a sentence each.
    pub warnings: Vec<String>,
}

/// What is known about the addresses of one provider: `preset = "NAME"` of a target.
pub struct Preset {
    /// The word in a configuration.
    pub name: &'static str,
    /// Checks a URL and completes it; the error says what to write instead.
    pub prepare: fn(&SecretString, &Surroundings) -> Result<Prepared, String>,
}
