//! One `[targets.NAME]` table as written: its keys, and the rules that keep passwords out of files.

use super::mistake::{Place, did_you_mean};
use super::settings::{REFRESH, Value};
use super::written::{Key, Reader, with_article};
use crate::domain::target::Environment;
use crate::domain::text::escape;
use secrecy::SecretString;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::DeValue;

/// The keys of a target, in the order of the example file.
pub(super) const TARGET_KEYS: &[&str] = &["url", "environment", "read_only", "refresh", "password", "password_command"];

/// Where a target's password comes from, when its URL and the engine's own client files have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// An environment variable.
    Variable(String),
    /// A program and its arguments; the first line that it prints is the password.
    Command(Vec<String>),
}

/// A target as written.
#[derive(Debug, Clone)]
pub(super) struct WrittenTarget {
    pub(super) name: String,
    /// Of its name.
    pub(super) place: Place,
    pub(super) url: SecretString,
    pub(super) url_place: Place,
    pub(super) environment: Option<(Environment, Place)>,
    pub(super) refresh: Option<(Duration, Place)>,
    pub(super) password: Option<(PasswordSource, Place)>,
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
    let mut environment = None;
    let mut refresh = None;
    let mut password: Option<(PasswordSource, Place)> = None;
    for (key, value) in table {
        let at = value.span();
        match key.get_ref().as_ref() {
            "url" => url = reader.string("url", value).map(|text| (text, at)),
            "environment" => {
                let found =
                    reader.string("environment", value).and_then(|text| read_environment(reader, text, at.clone()));
                environment = found.map(|e| (e, reader.place(at)));
            }
            "read_only" => read_only(reader, value),
            "refresh" => match REFRESH.kind.read(value.get_ref()) {
                Ok(Value::Time(time)) => refresh = Some((time, reader.place(at))),
                Ok(_) => {}
                Err(text) => reader.mistake(at, format!("`refresh`: {text}")),
            },
            word @ ("password" | "password_command") => {
                let source = if word == "password" {
                    read_password(reader, value)
                } else {
                    read_password_command(reader, value)
                };
                let Some(source) = source else { continue };
                if password.is_some() {
                    let text = "one of `password` and `password_command` is enough: remove the other";
                    reader.mistake(key.span(), text.to_owned());
                }
                password = Some((source, reader.place(at)));
            }
            other => {
                let near = did_you_mean(other, TARGET_KEYS.iter().copied());
                let text = format!("a target has no `{}`{near}", escape(other));
                reader.mistake(key.span(), text);
            }
        }
    }
    let place = reader.place(key.span());
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
    let url_place = reader.place(at);
    Some(WrittenTarget {
        name: name.to_owned(),
        place,
        url: SecretString::from(url),
        url_place,
        environment,
        refresh,
        password,
    })
}

/// Names stand in commands, file names and narrow columns.
fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !name.starts_with(['-', '.'])
}

fn read_environment(reader: &mut Reader<'_>, text: &str, at: Range<usize>) -> Option<Environment> {
    let known = [Environment::Production, Environment::Staging, Environment::Development];
    let found = known.into_iter().find(|e| e.word() == text);
    if found.is_none() {
        let near = did_you_mean(text, known.map(Environment::word));
        reader.mistake(at, format!("`environment` is \"prod\", \"stage\" or \"dev\"{near}"));
    }
    found
}

fn read_only(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) {
    match value.get_ref() {
        DeValue::Boolean(true) => {}
        DeValue::Boolean(false) => {
            let text = "this version only reads, so `read_only` cannot be false: remove the line";
            reader.mistake(value.span(), text.to_owned());
        }
        _ => reader.mistake(value.span(), "`read_only` is true: every target is only read".to_owned()),
    }
}

/// `${env:NAME}` and nothing else: a file is copied, committed and backed up, so a password does not belong in it.
fn read_password(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<PasswordSource> {
    let text = reader.string("password", value)?;
    let name = text.strip_prefix("${env:").and_then(|rest| rest.strip_suffix('}'));
    match name {
        Some(name) if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            Some(PasswordSource::Variable(name.to_owned()))
        }
        Some(_) => {
            let text = "the name between `${env:` and `}` is letters, digits and `_`";
            reader.mistake(value.span(), text.to_owned());
            None
        }
        None => {
            let text = "a password does not belong in this file: use .pgpass, `password_command`, or \
                        `\"${env:NAME}\"` here, with the password in that variable of the environment";
            reader.mistake(value.span(), text.to_owned());
            None
        }
    }
}

fn read_password_command(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<PasswordSource> {
    const FORM: &str = "`password_command` is a list, the program first: [\"pass\", \"show\", \"db/orders\"]";
    let Some(items) = value.get_ref().as_array() else {
        let found = with_article(value.get_ref().type_str());
        reader.mistake(value.span(), format!("{FORM}, not {found}; no shell reads it"));
        return None;
    };
    let words: Option<Vec<String>> = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
    let Some(words) = words.filter(|w| w.first().is_some_and(|program| !program.trim().is_empty())) else {
        reader.mistake(value.span(), format!("{FORM}; every part is text in quotes"));
        return None;
    };
    if reader.file.is_changeable_by_others() {
        let text = format!(
            "other users could change this command (mode {:04o}): run `chmod go-w` on {}",
            reader.file.mode, reader.file.name
        );
        reader.mistake(value.span(), text);
        return None;
    }
    Some(PasswordSource::Command(words))
}

/// A URL with a password is taken from a file that only its owner can read, and even then it is said.
fn check_url_password(reader: &mut Reader<'_>, url: &str, at: Range<usize>) {
    if !holds_password(url) {
        return;
    }
    let better = "use .pgpass, `password_command`, or a `password` of `\"${env:NAME}\"`";
    if reader.file.is_open_to_others() {
        let (mode, name) = (reader.file.mode, reader.file.name.clone());
        let text = format!(
            "this URL holds a password and others can read the file (mode {mode:04o}): {better}, or run `chmod 600` on {name}"
        );
        reader.mistake(at, text);
    } else {
        reader.warning(at, format!("this URL holds a password: better {better}"));
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
