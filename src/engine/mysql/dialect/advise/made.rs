//! Tables that are made, and what will be hard to change in them.

use super::super::forms::Form;
use super::super::forms::objects::Objects;
use super::super::forms::{parts, slice};
use super::{Act, Remark};

/// The parts between the brackets of a CREATE TABLE, in lower case.
fn entries(act: &Act<'_>) -> Option<Vec<String>> {
    let Form::Objects(Objects::CreateTable { like: None, .. }) = &act.form else { return None };
    let words = act.words;
    let open = (0..words.len()).find(|&i| words.at(i) == "(")?;
    let close = words.after_bracket(open).checked_sub(1)?;
    Some(parts(words, open + 1, close).into_iter().map(|(s, e)| slice(words, s, e).to_ascii_lowercase()).collect())
}

pub(super) fn no_primary_key(act: &Act<'_>) -> Option<Remark> {
    let entries = entries(act)?;
    if matches!(&act.form, Form::Objects(Objects::CreateTable { filled: true, .. }))
        && entries.iter().all(|e| e.starts_with("select"))
    {
        return None;
    }
    (!entries.iter().any(|e| e.contains("primary key"))).then(|| {
        let text = "replicas find each changed row of a table without a primary key by reading all of it, and Galera and Group \
                    Replication refuse it";
        (text.to_owned(), Some("add id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY".into()))
    })
}

pub(super) fn small_key(act: &Act<'_>) -> Option<Remark> {
    let small = |entry: &String| {
        entry.contains("auto_increment")
            && [" int", " integer", " mediumint", " smallint", " tinyint"].iter().any(|t| entry.contains(t))
            && !entry.contains("bigint")
    };
    entries(act)?.iter().any(small).then(|| {
        (
            "its numbers end at 2,147,483,647 or below, and a larger type later copies the table".into(),
            Some("BIGINT UNSIGNED AUTO_INCREMENT".into()),
        )
    })
}

pub(super) fn short_charset(act: &Act<'_>) -> Option<Remark> {
    let relevant = matches!(
        &act.form,
        Form::Alter(_) | Form::Objects(Objects::CreateTable { .. } | Objects::CreateDatabase { .. })
    );
    let words = act.words;
    let names = |i: usize| {
        let value = if words.at(i + 1) == "=" { i + 2 } else { i + 1 };
        let word = words.at(value).trim_matches(['\'', '"', '`']).to_ascii_lowercase();
        word == "utf8" || word.starts_with("utf8mb3") || word.starts_with("utf8_")
    };
    let found = (0..words.len()).any(|i| {
        (words.is(i, &["charset", "collate"]) || words.is(i, &["set"]) && i > 0 && words.is(i - 1, &["character"]))
            && names(i)
    });
    (relevant && found).then(|| {
        ("utf8 (utf8mb3) has no room for emoji and many names, and is on its way out".into(), Some("utf8mb4".into()))
    })
}

pub(super) fn other_engine(act: &Act<'_>) -> Option<Remark> {
    let relevant = matches!(&act.form, Form::Alter(_) | Form::Objects(Objects::CreateTable { .. }));
    let words = act.words;
    let engine =
        (0..words.len()).find(|&i| words.is(i, &["engine"])).map(|i| i + 1 + usize::from(words.at(i + 1) == "="))?;
    let engine = words.at(engine).trim_matches(['\'', '"', '`']).to_owned();
    let flat = ["myisam", "aria", "memory", "heap", "csv", "archive", "merge", "mrg_myisam", "blackhole"];
    (relevant && flat.contains(&engine.to_ascii_lowercase().as_str())).then(|| {
        (
            format!("{engine} has no transactions: what fails half way stays half done, and a crash may cost rows"),
            Some("ENGINE=InnoDB".into()),
        )
    })
}

pub(super) fn timestamp(act: &Act<'_>) -> Option<Remark> {
    // MariaDB goes on to 2106 from 11.5 on.
    if matches!(act.flavour, super::Flavour::Mariadb(110_500..)) {
        return None;
    }
    let made = entries(act).unwrap_or_default();
    let added = match &act.form {
        Form::Alter(alter) => alter
            .parts
            .iter()
            .filter_map(|part| match part {
                super::super::forms::alter::Part::AddColumn { name, definition, .. } => {
                    Some(format!("{name} {}", definition.to_ascii_lowercase()))
                }
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let is_timestamp = |entry: &String| {
        entry.split_whitespace().nth(1).is_some_and(|t| t == "timestamp" || t.starts_with("timestamp("))
    };
    made.iter()
        .chain(&added)
        .any(is_timestamp)
        .then(|| ("a TIMESTAMP ends in January 2038".into(), Some("DATETIME, in UTC".into())))
}

pub(super) fn hides(act: &Act<'_>) -> Option<Remark> {
    matches!(
        &act.form,
        Form::Objects(Objects::CreateTable { maybe: true, .. } | Objects::CreateIndex { maybe: true, .. })
    )
    .then(|| ("IF NOT EXISTS succeeds when there is something else of that name".into(), Some("leave it out".into())))
}
