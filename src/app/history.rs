//! `:history TABLE`: how an object was defined and when that changed, as an answer in the chat.

use super::access::target_here;
use super::chat::Entry;
use super::conversation::keep;
use super::effect::Effect;
use super::model::{Model, Screen};
use super::turn::Source;
use crate::domain::definition::{DiffLine, Version, VersionEnd, diff};
use crate::domain::target::TargetId;

/// Versions that are shown with what changed; older ones are counted.
const SHOWN: usize = 10;
/// Lines around a change that are shown with it.
const AROUND: usize = 2;

/// Asks the store.
pub(super) fn ask(model: &mut Model, object: String) -> Vec<Effect> {
    let Some(target) = target_here(model) else {
        model.tell("choose a server first: `:server NAME`", true);
        return Vec::new();
    };
    vec![Effect::LoadDefinitions(target, object)]
}

/// The versions arrived, newest first.
pub(super) fn loaded(model: &mut Model, target: &TargetId, object: &str, versions: &[Version]) -> Vec<Effect> {
    let at = model.now;
    let entry = if versions.is_empty() {
        let text = format!(
            "no definition of {object} on {target} was written down; it is looked at every few minutes \
             (schema_history.interval), by the process that detects"
        );
        Entry::Say { at, text }
    } else {
        let title = format!("{object} on {target}: {}", count(versions.len()));
        let text = Some(told(versions, model.offset_minutes));
        let mut notes: Vec<String> = versions[0].missing.clone();
        if versions.len() > SHOWN {
            notes.push(format!("{} older versions are not shown", versions.len() - SHOWN));
        }
        Entry::Lead { at, title, text, notes, source: Source::Intent }
    };
    model.chat.entries.push(entry);
    model.screen = Screen::Chat;
    keep(model)
}

fn count(versions: usize) -> String {
    if versions == 1 { "one version is known".to_owned() } else { format!("{versions} versions are known") }
}

/// The newest version as it is, then what each changed against the one before it.
fn told(versions: &[Version], offset_minutes: i32) -> String {
    let mut lines = Vec::new();
    for (index, version) in versions.iter().take(SHOWN).enumerate() {
        let (from, to) = (version.first_seen.date_time(offset_minutes), version.last_seen.date_time(offset_minutes));
        let end = match version.end {
            VersionEnd::Now => format!("as it is now, seen until {to}"),
            VersionEnd::Changed => format!("until it was changed after {to}"),
            VersionEnd::Gone => format!("until it was gone after {to}"),
        };
        if index > 0 {
            lines.push(String::new());
        }
        let name =
            if version.space.is_empty() { version.name.clone() } else { format!("{}.{}", version.space, version.name) };
        lines.push(format!("== {name}, since {from}, {end}"));
        if version.statements.is_empty() {
            lines.push("(not kept)".to_owned());
        }
        if index == 0 {
            lines.extend(version.statements.iter().map(|statement| format!("{statement};")));
        }
        let before = versions.get(index + 1).filter(|b| (&b.space, &b.name) == (&version.space, &version.name));
        if let Some(before) = before {
            lines.push("-- what changed against the version before:".to_owned());
            lines.extend(changes(before, version));
        } else if index > 0 {
            lines.extend(version.statements.iter().map(|statement| format!("{statement};")));
        }
    }
    lines.join("\n")
}

fn lines(version: &Version) -> Vec<&str> {
    version.statements.iter().flat_map(|statement| statement.lines()).collect()
}

/// The lines that changed, with a few around them.
fn changes(before: &Version, after: &Version) -> Vec<String> {
    let all = diff(&lines(before), &lines(after));
    let is_change = |line: &DiffLine| !matches!(line, DiffLine::Same(_));
    let near = |index: usize| {
        let from = index.saturating_sub(AROUND);
        all[from..all.len().min(index + AROUND + 1)].iter().any(is_change)
    };
    let mut told = Vec::new();
    let mut skipped = false;
    for (index, line) in all.iter().enumerate() {
        if !near(index) {
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) {
            told.push("  ...".to_owned());
        }
        told.push(match line {
            DiffLine::Same(text) => format!("  {text}"),
            DiffLine::Removed(text) => format!("- {text}"),
            DiffLine::Added(text) => format!("+ {text}"),
        });
    }
    told
}

#[cfg(test)]
mod tests {
    use super::told;
    use crate::domain::definition::{Version, VersionEnd};
    use crate::domain::target::Timestamp;

    fn version(first: i64, end: VersionEnd, lines: &[&str]) -> Version {
        Version {
            space: "app".into(),
            name: "orders".into(),
            first_seen: Timestamp(first * 60_000),
            last_seen: Timestamp(first * 60_000 + 30_000),
            end,
            statements: vec![lines.join("\n")],
            missing: Vec::new(),
        }
    }

    #[test]
    fn the_newest_is_whole_and_each_version_says_what_it_changed() {
        let columns = ["CREATE TABLE app.orders (", "  a int,", "  b int,", "  c int,", "  d int,", "  e int", ")"];
        let mut wider = columns;
        wider[5] = "  e bigint";
        let versions = [version(2, VersionEnd::Gone, &wider), version(1, VersionEnd::Changed, &columns)];
        let text = told(&versions, 0);
        assert!(
            text.starts_with("== app.orders, since 1970-01-01 00:02:00, until it was gone after 1970-01-01 00:02:30")
        );
        for line in ["-   e int", "+   e bigint", "    d int,", "  ..."] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        assert_eq!(text.matches("  a int,").count(), 2, "once in each version and not in the difference:\n{text}");
    }
}
