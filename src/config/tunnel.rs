//! `tunnel = { ... }` of a target, as written: an SSH jump host, or a program of the person's own.

use super::mistake::did_you_mean;
use super::password::read_command;
use super::written::Reader;
use crate::domain::text::escape;
use std::fmt;
use toml::Spanned;
use toml::de::DeValue;

/// The keys of a tunnel.
const KEYS: &[&str] = &["ssh", "port", "identity", "jump", "command"];

/// What stands between us and the server, and is started before connecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TunnelConfig {
    /// The system's SSH client forwards a port.
    Ssh(SshTunnel),
    /// A program of the person's own and its arguments, in which `{port}` is where it has to listen (on 127.0.0.1),
    /// `{host}` and `{host_port}` are the server's.
    Command(Vec<String>),
}

/// `ssh = "user@bastion"` with what belongs to it. Everything else is in the person's own `~/.ssh/config`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SshTunnel {
    /// `user@host`, or a name of `~/.ssh/config`.
    pub destination: String,
    /// Its port, when it is not the usual one.
    pub port: Option<u16>,
    /// The file of the private key.
    pub identity: Option<String>,
    /// Hosts to go through on the way, `user@host:port`, with commas between them.
    pub jump: Option<String>,
}

/// Short, for messages: `ssh user@bastion`, `cloud-sql-proxy`. Fit for a terminal.
impl fmt::Display for TunnelConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssh(ssh) => write!(f, "ssh {}", escape(&ssh.destination)),
            Self::Command(words) => f.write_str(&escape(words.first().map_or("", String::as_str))),
        }
    }
}

/// Reads the table.
pub(super) fn read_tunnel(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<TunnelConfig> {
    let Some(table) = value.get_ref().as_table() else {
        let text =
            "`tunnel` is a table: { ssh = \"user@bastion\" } or { command = [\"PROXY\", \"--port\", \"{port}\"] }";
        reader.mistake(value.span(), text.to_owned());
        return None;
    };
    let before = reader.written.mistakes.len();
    let mut ssh = SshTunnel::default();
    let mut command = None;
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "ssh" => ssh.destination = argument(reader, "ssh", value).unwrap_or_default(),
            "identity" => ssh.identity = argument(reader, "identity", value),
            "jump" => ssh.jump = argument(reader, "jump", value),
            "port" => ssh.port = port(reader, value),
            "command" => command = tunnel_command(reader, value),
            other => {
                let near = did_you_mean(other, KEYS.iter().copied());
                reader.mistake(key.span(), format!("a tunnel has no `{}`{near}", escape(other)));
            }
        }
    }
    if reader.written.mistakes.len() > before {
        return None;
    }
    match (command, ssh.destination.is_empty()) {
        (Some(words), true) if ssh == SshTunnel::default() => Some(TunnelConfig::Command(words)),
        (None, false) => Some(TunnelConfig::Ssh(ssh)),
        (Some(_), _) => {
            let text = "a tunnel has either `command` or `ssh` with `port`, `identity` and `jump`, not both";
            reader.mistake(value.span(), text.to_owned());
            None
        }
        (None, true) => {
            let text = "a tunnel needs `ssh = \"user@bastion\"` or `command = [...]`";
            reader.mistake(value.span(), text.to_owned());
            None
        }
    }
}

/// One argument of the SSH client: text without blanks that cannot be taken for an option.
fn argument(reader: &mut Reader<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
    let text = reader.string(key, value)?;
    let sound = |c: char| !c.is_control() && (key == "identity" || !c.is_whitespace());
    if text.is_empty() || text.starts_with('-') || !text.chars().all(sound) {
        let form = match key {
            "ssh" => "\"user@bastion\" or a name of ~/.ssh/config",
            "jump" => "\"user@first,user@second:2222\"",
            _ => "the path of a private key",
        };
        reader.mistake(value.span(), format!("`{key}` is {form}: it has no blanks and does not begin with `-`"));
        return None;
    }
    Some(text.to_owned())
}

fn port(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<u16> {
    let number = match value.get_ref() {
        DeValue::Integer(number) => u16::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    let port = number.filter(|p| *p > 0);
    if port.is_none() {
        reader.mistake(value.span(), "`port` is a whole number from 1 to 65535".to_owned());
    }
    port
}

fn tunnel_command(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    const FORM: &str = "`command` is a list, the program first: [\"cloud-sql-proxy\", \"--port\", \"{port}\", ...]";
    let words = read_command(reader, FORM, value)?;
    if !words.iter().skip(1).any(|word| word.contains("{port}")) {
        let text = "`command` says nowhere on which port to listen: write {port} where it belongs";
        reader.mistake(value.span(), text.to_owned());
        return None;
    }
    Some(words)
}
