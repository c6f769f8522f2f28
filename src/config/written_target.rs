//! One `[targets.NAME]` table as written: its keys, and the rules that keep passwords out of files.

use super::allow_functions::read_allow_functions;
use super::logs::{WrittenLogs, read_files, read_log_command};
use super::mistake::{Place, did_you_mean};
use super::password::{PasswordSource, read_password, read_password_command};
use super::settings::{Kind, REFRESH, Value};
use super::tunnel::{TunnelConfig, read_tunnel};
use super::unattended::{read_freeze, read_unattended};
use super::written::{Key, Reader};
use crate::domain::guard::policy::{Freeze, Rule};
use crate::domain::target::{Accent, Environment};
use crate::domain::text::escape;
use secrecy::SecretString;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The keys of a target, in the order of the example file.
pub(super) const TARGET_KEYS: &[&str] = &[
    "url",
    "preset",
    "environment",
    "color",
    "read_only",
    "second_approver",
    "allow_functions",
    "refresh",
    "connect_timeout",
    "password",
    "password_command",
    "password_ttl",
    "tunnel",
    "logs",
    "log_command",
    "log_format",
    "log_prefix",
    "unattended",
    "freeze",
    "fix",
];
/// The keys of `[targets.NAME.fix]`.
const FIX_KEYS: &[&str] = &["user", "password", "password_command"];

/// Bounds of `connect_timeout`, milliseconds: below, no distant server would ever answer; above, a person waits too
/// long to learn that one does not.
const CONNECT_TIMEOUT: Kind = Kind::Time(200, 60_000);
/// Bounds of `password_ttl`, milliseconds. At 0 every single login asks anew.
const PASSWORD_TTL: Kind = Kind::Time(0, 24 * 3_600_000);

/// A value and where it is written.
pub(super) type Placed<T> = (T, Place);

/// A target as written.
#[derive(Debug, Clone)]
pub(super) struct WrittenTarget {
    pub(super) name: String,
    /// Of its name.
    pub(super) place: Place,
    pub(super) url: SecretString,
    pub(super) url_place: Place,
    pub(super) preset: Option<Placed<String>>,
    pub(super) environment: Option<Placed<Environment>>,
    pub(super) accent: Option<Placed<Accent>>,
    pub(super) read_only: Option<Placed<bool>>,
    pub(super) second_approver: Option<Placed<bool>>,
    /// Each with its place.
    pub(super) allow_functions: Vec<Placed<String>>,
    pub(super) refresh: Option<Placed<Duration>>,
    pub(super) connect_timeout: Option<Placed<Duration>>,
    pub(super) password: Option<Placed<PasswordSource>>,
    pub(super) password_ttl: Option<Placed<Duration>>,
    pub(super) tunnel: Option<Placed<TunnelConfig>>,
    pub(super) logs: WrittenLogs,
    pub(super) unattended: Vec<Rule>,
    pub(super) unattended_place: Option<Place>,
    pub(super) freeze: Option<Placed<Freeze>>,
    pub(super) fix: Option<Placed<WrittenFix>>,
}

/// The second login of a target, as written.
#[derive(Debug, Clone)]
pub(super) struct WrittenFix {
    pub(super) user: String,
    pub(super) password: Option<PasswordSource>,
}

/// Reads one target; none when it has a mistake that leaves nothing to work with.
pub(super) fn read_target(
    reader: &mut Reader<'_>,
    key: &Key<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Option<WrittenTarget> {
    let name = key.get_ref().as_ref();
    if !is_name(name) {
        let text = format!("`{}` cannot be a target's name: use letters, digits, `-`, `_` and `.`", escape(name));
        reader.mistake(key.span(), text);
    }
    let table = reader.table(&format!("targets.{}", escape(name)), value)?;
    let mut url = None;
    let mut target = WrittenTarget {
        name: name.to_owned(),
        place: reader.place(key.span()),
        url: SecretString::from(""),
        url_place: reader.place(key.span()),
        preset: None,
        environment: None,
        accent: None,
        read_only: None,
        second_approver: None,
        allow_functions: Vec::new(),
        refresh: None,
        connect_timeout: None,
        password: read_password_of(reader, table),
        password_ttl: None,
        tunnel: None,
        logs: WrittenLogs::default(),
        unattended: Vec::new(),
        unattended_place: None,
        freeze: None,
        fix: None,
    };
    for (key, value) in table {
        let at = value.span();
        let place = reader.place(at.clone());
        match key.get_ref().as_ref() {
            "url" => url = reader.string("url", value).map(|text| (text, at)),
            "preset" => target.preset = reader.string("preset", value).map(|text| (text.to_owned(), place)),
            "environment" => target.environment = read_environment(reader, value).map(|e| (e, place)),
            "color" => target.accent = read_accent(reader, value).map(|a| (a, place)),
            "read_only" => target.read_only = read_switch(reader, "read_only", value).map(|on| (on, place)),
            "second_approver" => {
                target.second_approver = read_switch(reader, "second_approver", value).map(|on| (on, place));
            }
            "allow_functions" => target.allow_functions = read_allow_functions(reader, value),
            "refresh" => target.refresh = read_time(reader, "refresh", REFRESH.kind, value).map(|t| (t, place)),
            "connect_timeout" => {
                let time = read_time(reader, "connect_timeout", CONNECT_TIMEOUT, value);
                target.connect_timeout = time.map(|t| (t, place));
            }
            "password_ttl" => {
                target.password_ttl = read_time(reader, "password_ttl", PASSWORD_TTL, value).map(|t| (t, place));
            }
            "password" | "password_command" => {}
            "tunnel" => target.tunnel = read_tunnel(reader, value).map(|t| (t, place)),
            "logs" => target.logs.files = read_files(reader, value),
            "log_command" => target.logs.command = read_log_command(reader, value).map(|c| (c, place)),
            "log_format" => target.logs.format = reader.string("log_format", value).map(|f| (f.to_owned(), place)),
            "log_prefix" => target.logs.prefix = reader.string("log_prefix", value).map(|p| (p.to_owned(), place)),
            "unattended" => {
                target.unattended = read_unattended(reader, value);
                target.unattended_place = Some(place);
            }
            "freeze" => target.freeze = Some((read_freeze(reader, value), place)),
            "fix" => target.fix = read_fix(reader, value).map(|f| (f, reader.place(key.span()))),
            other => {
                let near = did_you_mean(other, TARGET_KEYS.iter().copied());
                reader.mistake(key.span(), format!("a target has no `{}`{near}", escape(other)));
            }
        }
    }
    target.logs.check(reader);
    let Some((url, at)) = url else {
        if !table.keys().any(|k| k.get_ref() == "url") {
            reader.mistake(key.span(), format!("target `{}` has no url: add `url = \"...\"`", escape(name)));
        }
        return None;
    };
    if url.trim().is_empty() {
        reader.mistake(at, "`url` is empty: write where the server is".to_owned());
        return None;
    }
    check_url_password(reader, url, at.clone());
    target.url = SecretString::from(url);
    target.url_place = reader.place(at);
    Some(target)
}

/// Names stand in commands, file names and narrow columns.
fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !name.starts_with(['-', '.'])
}

fn read_environment(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Environment> {
    let text = reader.string("environment", value)?;
    let known = [Environment::Production, Environment::Staging, Environment::Development];
    let found = known.into_iter().find(|e| e.word() == text);
    if found.is_none() {
        let near = did_you_mean(text, known.map(Environment::word));
        reader.mistake(value.span(), format!("`environment` is \"prod\", \"stage\" or \"dev\"{near}"));
    }
    found
}

fn read_accent(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Accent> {
    let text = reader.string("color", value)?;
    let found = Accent::ALL.into_iter().find(|a| a.word() == text);
    if found.is_none() {
        let words = Accent::ALL.map(|a| format!("\"{}\"", a.word())).join(", ");
        let near = did_you_mean(text, Accent::ALL.map(Accent::word));
        reader.mistake(value.span(), format!("`color` is one of {words}{near}"));
    }
    found
}

fn read_switch(reader: &mut Reader<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<bool> {
    match Kind::Switch.read(value.get_ref()) {
        Ok(Value::Switch(on)) => Some(on),
        Ok(_) => None,
        Err(text) => {
            reader.mistake(value.span(), format!("`{key}`: {text}"));
            None
        }
    }
}

fn read_time(reader: &mut Reader<'_>, key: &str, kind: Kind, value: &Spanned<DeValue<'_>>) -> Option<Duration> {
    match kind.read(value.get_ref()) {
        Ok(Value::Time(time)) => Some(time),
        Ok(_) => None,
        Err(text) => {
            reader.mistake(value.span(), format!("`{key}`: {text}"));
            None
        }
    }
}

/// The one password source of a table; a second one is a mistake.
fn read_password_of(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Option<Placed<PasswordSource>> {
    let mut password = None;
    for (key, value) in table {
        let source = match key.get_ref().as_ref() {
            "password" => read_password(reader, value),
            "password_command" => read_password_command(reader, value),
            _ => continue,
        };
        let Some(source) = source else { continue };
        if password.is_some() {
            let text = "one of `password` and `password_command` is enough: remove the other";
            reader.mistake(key.span(), text.to_owned());
        }
        password = Some((source, reader.place(value.span())));
    }
    password
}

fn read_fix(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<WrittenFix> {
    let table = reader.table("targets.NAME.fix", value)?;
    let password = read_password_of(reader, table).map(|(source, _)| source);
    let mut user = None;
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "user" => user = Some(reader.string("user", value)?),
            "password" | "password_command" => {}
            other => {
                let near = did_you_mean(other, FIX_KEYS.iter().copied());
                reader.mistake(key.span(), format!("a fix login has no `{}`{near}", escape(other)));
            }
        }
    }
    let Some(user) = user.filter(|user| !user.trim().is_empty()) else {
        let text = "a fix login needs a `user` of its own: `dba-gpt doctor` prints how to make one";
        reader.mistake(value.span(), text.to_owned());
        return None;
    };
    Some(WrittenFix { user: user.to_owned(), password })
}

/// A URL with a password is taken from a file that only its owner can read, and even then it is said.
fn check_url_password(reader: &mut Reader<'_>, url: &str, at: Range<usize>) {
    if !holds_password(url) {
        return;
    }
    let better = "use the engine's own password file, `password_command`, or a `password` of `\"${vault:NAME}\"`";
    if reader.file.is_open_to_others() {
        let (mode, name) = (reader.file.mode, reader.file.name.clone());
        let text = format!(
            "a password stands in this URL and others can read the file (mode {mode:04o}); {better}, or run `chmod 600` on {name}"
        );
        reader.mistake(at, text);
    } else {
        reader.warning(at, format!("a password stands in this URL; better {better}"));
    }
}

/// True for `scheme://user:password@...` and for a `password` in its parameters.
pub(super) fn holds_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    // A raw `/` or `?` in a password is common and wrong, and is still a password: look at the last `@`.
    let user_info = rest.rsplit_once('@').map(|(before, _)| before);
    let in_user_info = user_info.and_then(|u| u.split_once(':')).is_some_and(|(_, password)| !password.is_empty());
    let parameters = rest.split_once('?').map_or("", |(_, parameters)| parameters);
    let in_parameters = parameters.split('&').any(|parameter| {
        parameter.split_once('=').is_some_and(|(key, value)| {
            !value.is_empty() && matches!(key.to_ascii_lowercase().as_str(), "password" | "sslpassword")
        })
    });
    in_user_info || in_parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls_are_seen() {
        for url in [
            "db://ann:secret@db/orders",
            "db://ann:sec/ret@db/orders",
            "db://db/orders?password=secret",
            "db://db/orders?user=ann&PASSWORD=secret",
            "db://:secret@db",
        ] {
            assert!(holds_password(url), "{url}");
        }
        for url in [
            "db://ann@db:5432/orders",
            "db://ann:@db/orders",
            "db:///orders?host=/run/db",
            "file:/srv/a@b:c.db",
            "shop.db",
            "db://db:5432/orders?password=",
        ] {
            assert!(!holds_password(url), "{url}");
        }
    }

    #[test]
    fn names_are_fit_for_commands_and_columns() {
        for name in ["pg-orders-1", "a", "x.y_z"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a b", "-x", ".x", "a/b", "größe", &"n".repeat(41)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
