//! Options by the names of the servers' own clients, and where each comes from: URL, login path, option files,
//! environment, in this order.

use super::{login_path, option_file};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::Surroundings;
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;

/// What happens with an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It counts.
    Used,
    /// It has no bearing on what we do, or we always decide it ourselves.
    Ignored,
    /// Wanting it means wanting what this program does not do.
    Refused(&'static str),
}

/// Options of `mysql` and `mariadb` that a URL may hold, with the variable of the environment.
const OPTIONS: &[(&str, &str, Use)] = &[
    ("admin-port", "", Use::Used),
    ("allow-cleartext", "", Use::Ignored),
    ("bind-address", "", Use::Ignored),
    ("charset", "", Use::Ignored),
    ("compress", "", Use::Ignored),
    ("compression-algorithms", "", Use::Ignored),
    ("connect-timeout", "", Use::Used),
    ("database", "", Use::Used),
    ("default-auth", "", Use::Ignored),
    ("default-character-set", "", Use::Ignored),
    ("defaults-extra-file", "", Use::Used),
    ("defaults-file", "", Use::Used),
    ("enable-cleartext-plugin", "", Use::Ignored),
    ("extra-port", "", Use::Used),
    ("get-server-public-key", "", Use::Ignored),
    ("group", "MYSQL_GROUP_SUFFIX", Use::Used),
    ("host", "MYSQL_HOST", Use::Used),
    ("init-command", "", Use::Refused("init-command is not run: this program decides what its sessions are")),
    ("local-infile", "", Use::Ignored),
    ("login-path", "", Use::Used),
    ("max-allowed-packet", "", Use::Ignored),
    ("password", "MYSQL_PWD", Use::Used),
    ("plugin-dir", "", Use::Ignored),
    ("port", "MYSQL_TCP_PORT", Use::Used),
    ("protocol", "", Use::Used),
    ("server-public-key-path", "", Use::Used),
    ("socket", "MYSQL_UNIX_PORT", Use::Used),
    ("ssl", "", Use::Used),
    ("ssl-ca", "", Use::Used),
    (
        "ssl-capath",
        "",
        Use::Refused("a folder of authorities (ssl-capath) is not supported: give one file with ssl-ca"),
    ),
    ("ssl-cert", "", Use::Used),
    ("ssl-cipher", "", Use::Ignored),
    ("ssl-crl", "", Use::Refused("lists of revoked certificates (ssl-crl) are not supported")),
    ("ssl-crlpath", "", Use::Refused("lists of revoked certificates (ssl-crlpath) are not supported")),
    ("ssl-key", "", Use::Used),
    ("ssl-mode", "", Use::Used),
    ("ssl-verify-server-cert", "", Use::Used),
    ("timezone", "", Use::Ignored),
    ("tls-version", "", Use::Used),
    ("user", "", Use::Used),
];

/// Spellings of other programs.
const ALIASES: &[(&str, &str)] = &[
    ("sslmode", "ssl-mode"),
    ("sslca", "ssl-ca"),
    ("ssl-root-cert", "ssl-ca"),
    ("dbname", "database"),
    ("defaults-group-suffix", "group"),
    ("unix-socket", "socket"),
];

/// Options that were said, each once.
#[derive(Clone, Default)]
pub(super) struct Options {
    values: BTreeMap<&'static str, String>,
    password: Option<SecretString>,
    /// Where the password was said, in words.
    pub(super) password_source: &'static str,
    /// Files that were left out, and why.
    pub(super) hints: Vec<String>,
}

impl Options {
    /// What was said for an option; never the password.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
    /// The password that was said.
    pub(super) fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Says an option. The message for an unknown one does not quote it: in a mistyped URL it may be a secret.
    pub(super) fn set(&mut self, name: &str, value: String) -> Result<(), ConnectError> {
        if self.set_known(name, value)? {
            return Ok(());
        }
        let name = plain(name);
        let near = OPTIONS.iter().map(|k| k.0).min_by_key(|known| strsim::damerau_levenshtein(known, &name));
        let message = match near.filter(|known| strsim::damerau_levenshtein(known, &name) <= 3) {
            Some(near) => format!("unknown connection parameter: did you mean {near}?"),
            None => "unknown connection parameter: see the manual of the mysql client for their names".into(),
        };
        Err(ConnectError::new(ConnectKind::Settings, message))
    }

    /// Says an option if it is one of ours: option files hold those of other programs too.
    pub(super) fn set_known(&mut self, name: &str, value: String) -> Result<bool, ConnectError> {
        let name = plain(name);
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name.as_str(), |(_, option)| option);
        let Some((name, _, usage)) = OPTIONS.iter().find(|(known, _, _)| *known == name) else { return Ok(false) };
        match usage {
            Use::Refused(why) if !value.is_empty() => return Err(ConnectError::new(ConnectKind::Settings, *why)),
            Use::Used if *name == "password" => {
                self.password = Some(SecretString::from(value)).filter(|p| !p.expose_secret().is_empty());
            }
            Use::Used => {
                self.values.insert(name, value);
            }
            Use::Ignored | Use::Refused(_) => {}
        }
        Ok(true)
    }

    /// Forgets a password that others may read.
    pub(super) fn drop_password(&mut self) -> bool {
        self.password.take().is_some()
    }

    /// Takes from `other` what is not said here.
    pub(super) fn or(&mut self, mut other: Self, source: &'static str) {
        // A socket and a host exclude each other: what was said first is meant.
        for (said, other_way) in [("socket", "host"), ("host", "socket"), ("port", "socket")] {
            if self.values.contains_key(said) {
                other.values.remove(other_way);
            }
        }
        for (name, value) in other.values {
            self.values.entry(name).or_insert(value);
        }
        if self.password.is_none() && other.password.is_some() {
            self.password = other.password;
            self.password_source = source;
        }
        self.hints.extend(other.hints);
    }
}

/// One spelling of a name: `ssl_mode`, `SSL-MODE`, `loose-ssl-mode`.
fn plain(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace('_', "-");
    name.strip_prefix("loose-").map_or(name.clone(), str::to_owned)
}

/// URL, login path, option files, environment.
pub(super) fn gather(url: &SecretString, around: &Surroundings) -> Result<Options, ConnectError> {
    let mut options = super::url::parse(url)?;
    options.password_source = if options.password().is_some() { "in the URL" } else { "" };
    let group = options.get("group").or_else(|| around.variable("MYSQL_GROUP_SUFFIX")).map(str::to_owned);
    let path = options.get("login-path").map(str::to_owned);
    options.or(login_path::find(path.as_deref(), group.as_deref(), around)?, "of the login path");
    let files = option_file::read(&options, group.as_deref(), around)?;
    options.or(files, "in the option file");
    options.or(environment(around)?, "in MYSQL_PWD");
    Ok(options)
}

fn environment(around: &Surroundings) -> Result<Options, ConnectError> {
    let mut options = Options::default();
    for (name, variable, _) in OPTIONS.iter().filter(|(_, variable, _)| !variable.is_empty()) {
        if let Some(value) = around.variable(variable) {
            options
                .set(name, value.to_owned())
                .map_err(|e| ConnectError::new(e.kind, format!("{variable}: {}", e.message)))?;
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_url_wins_over_the_files_over_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".my.cnf");
        std::fs::write(&file, "[client]\nuser=file-user\nport=7000\npassword=x\n[clienteu]\nhost=eu-host\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let around = Surroundings {
            variables: [("MYSQL_HOST", "env-host"), ("MYSQL_TCP_PORT", "8000"), ("MYSQL_PWD", "y")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            home: Some(folder.path().to_owned()),
            ..Surroundings::default()
        };
        let said = gather(&SecretString::from("mysql://:6000/d"), &around).unwrap();
        assert_eq!((said.get("port"), said.get("user")), (Some("6000"), Some("file-user")));
        assert_eq!((said.get("host"), said.password_source), (Some("env-host"), "in the option file"));
        let said = gather(&SecretString::from("mysql:///d?group=eu"), &around).unwrap();
        assert_eq!((said.get("port"), said.get("host")), (Some("7000"), Some("eu-host")));
        let said = gather(&SecretString::from("mysql:///d?socket=/s"), &around).unwrap();
        assert_eq!((said.get("socket"), said.get("host")), (Some("/s"), None));
    }

    #[test]
    fn a_mistyped_option_gets_its_neighbour_and_a_refused_one_its_reason() {
        let mut options = Options::default();
        assert!(options.set("ssl-mod", "x".into()).unwrap_err().message.contains("ssl-mode"));
        assert!(options.set("init_command", "drop table x".into()).is_err());
        assert!(options.set("SSL_MODE", "x".into()).is_ok() && options.set("compress", "1".into()).is_ok());
    }
}
