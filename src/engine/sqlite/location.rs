//! From what a person types to a path: `sqlite:shop.db`, `sqlite:///var/lib/shop.db`, `sqlite://~/shop.db`, `shop.db`.
//! Pure, so that every form is tested without a file.

use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::Surroundings;
use std::path::{Path, PathBuf};

/// The file that a URL or bare path means, made absolute with the folder the program was started in.
pub(super) fn path_of(url: &str, around: &Surroundings) -> Result<PathBuf, ConnectError> {
    let url = url.trim();
    let (typed, decoded) = match strip_scheme(url) {
        Some(rest) => {
            let (path, options) = split_options(rest);
            refuse_unknown_options(options)?;
            (path, decode_percent(path)?)
        }
        None => (url, url.to_owned()),
    };
    if decoded.is_empty() {
        return Err(settings("The URL names no file. Write sqlite:PATH, for example sqlite:/var/lib/app/shop.db."));
    }
    if decoded == ":memory:" {
        return Err(settings(
            "An in-memory database lives inside one program only, so there is nothing to open here. Name a file.",
        ));
    }
    if decoded.contains('\0') {
        return Err(settings("The path holds a NUL byte. No file name can."));
    }
    let expanded = expand_home(typed, decoded, around)?;
    if expanded.is_absolute() {
        return Ok(expanded);
    }
    let Some(current) = &around.current_dir else {
        return std::path::absolute(&expanded)
            .map_err(|error| settings(format!("The path {} cannot be made absolute: {error}.", expanded.display())));
    };
    Ok(current.join(expanded))
}

/// What follows `sqlite:` or `sqlite://`; `None` for a bare path.
fn strip_scheme(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("sqlite") {
        return None;
    }
    Some(rest.strip_prefix("//").unwrap_or(rest))
}

/// The path, and what follows its `?`. A question mark inside a file name is written `%3F`.
fn split_options(rest: &str) -> (&str, Option<&str>) {
    rest.split_once('?').map_or((rest, None), |(path, options)| (path, Some(options)))
}

/// Only what this program does anyway may be asked for: an option that is not obeyed must not look as if it were.
fn refuse_unknown_options(options: Option<&str>) -> Result<(), ConnectError> {
    for option in options.unwrap_or_default().split('&').filter(|o| !o.is_empty()) {
        if option != "mode=ro" {
            return Err(settings(format!(
                "The option \"{option}\" is not supported: files are always opened read-only (mode=ro). \
                 A question mark inside a file name is written %3F."
            )));
        }
    }
    Ok(())
}

/// Replaces `%XX`. A percent sign without two hexadecimal digits after it stands for itself.
fn decode_percent(text: &str) -> Result<String, ConnectError> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let digits = pair.filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let decoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(decoded.unwrap_or(bytes[at]));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).map_err(|_| settings("The path is not UTF-8 once its %XX are decoded."))
}

/// `~` and `~/...` mean the home directory, but only where a tilde was typed (`%7E` is a plain character).
fn expand_home(typed: &str, decoded: String, around: &Surroundings) -> Result<PathBuf, ConnectError> {
    let rest = match decoded.strip_prefix('~') {
        Some(rest) if typed.starts_with('~') && (rest.is_empty() || rest.starts_with('/')) => rest,
        _ => return Ok(PathBuf::from(decoded)),
    };
    let home =
        around.home.as_ref().ok_or_else(|| settings("The path begins with ~, but no home directory is known."))?;
    Ok(home.join(rest.trim_start_matches('/')))
}

/// The names of a folder's files that come nearest to a name, best first, at most three. What is alike enough: a
/// Jaro-Winkler similarity of 0.75, measured without regard to case.
pub(super) fn nearest_names(wanted: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let mut ranked: Vec<(f64, String)> = names
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    ranked.into_iter().take(3).map(|(_, name)| name).collect()
}

/// The name of the database: the file's own name.
pub(super) fn database_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn settings(message: impl Into<String>) -> ConnectError {
    ConnectError::new(ConnectKind::Settings, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn around() -> Surroundings {
        Surroundings {
            home: Some("/home/ada".into()),
            current_dir: Some("/srv/work".into()),
            ..Surroundings::default()
        }
    }

    #[test]
    fn every_form_leads_to_its_file() {
        for (typed, path) in [
            ("sqlite:shop.db", "/srv/work/shop.db"),
            ("sqlite:data/shop.db", "/srv/work/data/shop.db"),
            ("sqlite:/var/lib/shop.db", "/var/lib/shop.db"),
            ("sqlite:///var/lib/shop.db", "/var/lib/shop.db"),
            ("sqlite://data/shop.db", "/srv/work/data/shop.db"),
            ("SQLite:shop", "/srv/work/shop"),
            ("sqlite:~/shop.db", "/home/ada/shop.db"),
            ("sqlite://~/shop.db", "/home/ada/shop.db"),
            ("~/shop.db", "/home/ada/shop.db"),
            ("~ada/shop.db", "/srv/work/~ada/shop.db"),
            ("sqlite:%7E/shop.db", "/srv/work/~/shop.db"),
            ("sqlite:my%20shop.db", "/srv/work/my shop.db"),
            ("sqlite:caf%C3%A9.db", "/srv/work/café.db"),
            ("sqlite:why%3F.db", "/srv/work/why?.db"),
            ("sqlite:100%.db", "/srv/work/100%.db"),
            ("sqlite:%.db", "/srv/work/%.db"),
            ("sqlite:%é.db", "/srv/work/%é.db"),
            ("sqlite:shop.db?mode=ro", "/srv/work/shop.db"),
            ("my%20shop.db", "/srv/work/my%20shop.db"),
            ("why?.db", "/srv/work/why?.db"),
            ("  shop.db ", "/srv/work/shop.db"),
        ] {
            assert_eq!(path_of(typed, &around()).unwrap(), PathBuf::from(path), "{typed}");
        }
    }

    #[test]
    fn what_cannot_be_a_file_is_refused_with_words() {
        for (typed, word) in [
            ("sqlite:", "names no file"),
            ("sqlite://", "names no file"),
            ("", "names no file"),
            ("sqlite::memory:", "in-memory"),
            (":memory:", "in-memory"),
            ("sqlite:shop.db?mode=rwc", "mode=rwc"),
            ("sqlite:shop.db?immutable=1", "immutable=1"),
            ("sqlite:a%00b.db", "NUL"),
            ("sqlite:%ff.db", "UTF-8"),
        ] {
            let error = path_of(typed, &around()).unwrap_err();
            assert_eq!(error.kind, ConnectKind::Settings, "{typed}");
            assert!(error.message.contains(word), "{typed}: {}", error.message);
        }
        let homeless = Surroundings { home: None, ..around() };
        assert!(path_of("~/shop.db", &homeless).unwrap_err().message.contains("home"));
    }

    #[test]
    fn the_nearest_names_come_first_and_strangers_stay_away() {
        let names = ["shop.db", "Shops.db", "orders.db", "notes.txt"].map(String::from);
        assert_eq!(nearest_names("shpo.db", names.clone().into_iter()), ["shop.db", "Shops.db"]);
        assert!(nearest_names("zzz", names.into_iter()).is_empty());
    }
}
