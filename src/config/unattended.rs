//! `unattended` and `freeze` of a target: what may run there with nobody asked, and when nothing may.
//!
//! The list widens what happens with nobody watching, so it is believed only from a file that nobody else can change.
//! Words are checked here; whether an act fits is judged anew each time that one could run.

use super::mistake::did_you_mean;
use super::password::no_others_change;
use super::settings::{Kind, Value};
use super::written::{Reader, with_article};
use crate::domain::guard::policy::{Freeze, Rule, What, Window};
use crate::domain::procedure::Rung;
use crate::domain::proposal::kind::FixKind;
use crate::domain::text::escape;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeValue;

/// The keys of an entry.
const KEYS: [&str; 6] = ["procedure", "kind", "rung", "window", "most_sessions", "most_rows"];
/// Rungs that may be named: what takes data away never runs unattended.
const RUNGS: [Rung; 3] = [Rung::Setting, Rung::Session, Rung::Additive];
/// Bounds of the two numbers.
const MOST: Kind = Kind::Whole(0, 1_000_000);

/// Reads `unattended`; an entry with a mistake is left out.
pub(super) fn read_unattended(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<Rule> {
    const FORM: &str = "`unattended` is a list: [{ procedure = \"C5\", rung = \"session\", window = \"22:00-05:00\" }]";
    let Some(items) = value.get_ref().as_array() else {
        reader.mistake(value.span(), format!("{FORM}, not {}", with_article(value.get_ref().type_str())));
        return Vec::new();
    };
    if !no_others_change(reader, value.span(), "this list") {
        return Vec::new();
    }
    items.iter().filter_map(|item| read_rule(reader, item, FORM)).collect()
}

fn read_rule(reader: &mut Reader<'_>, item: &Spanned<DeValue<'_>>, form: &str) -> Option<Rule> {
    let Some(table) = item.get_ref().as_table() else {
        reader.mistake(item.span(), format!("{form}; every entry stands in braces"));
        return None;
    };
    let (mut what, mut rung, mut window) = (Vec::new(), None, None);
    let (mut most_sessions, mut most_rows) = (1, 0);
    for (key, value) in table {
        let at = value.span();
        match key.get_ref().as_ref() {
            "procedure" => what.push(What::Procedure(read_procedure(reader, value)?)),
            "kind" => what.push(What::Kind(read_kind(reader, value)?)),
            "rung" => rung = Some(read_rung(reader, value)?),
            "window" => {
                let text = reader.string("window", value)?;
                window = Window::read(text);
                if window.is_none() {
                    let text = "`window` is a time of the day by this machine's clock: \"22:00-05:00\"";
                    reader.mistake(at, text.to_owned());
                    return None;
                }
            }
            "most_sessions" => most_sessions = read_number(reader, "most_sessions", value)?,
            "most_rows" => most_rows = read_number(reader, "most_rows", value)?,
            other => {
                let near = did_you_mean(other, KEYS);
                reader.mistake(key.span(), format!("an entry of `unattended` has no `{}`{near}", escape(other)));
                return None;
            }
        }
    }
    let (1, Some(what)) = (what.len(), what.pop()) else {
        return wrong(reader, item.span(), "an entry of `unattended` names one `procedure` or one `kind`");
    };
    let Some(rung) = rung else {
        return wrong(
            reader,
            item.span(),
            "an entry of `unattended` says its `rung`: how much it may take away at most",
        );
    };
    Some(Rule { what, rung, window, most_sessions, most_rows })
}

fn wrong<T>(reader: &mut Reader<'_>, at: Range<usize>, text: &str) -> Option<T> {
    reader.mistake(at, text.to_owned());
    None
}

/// `C5`: the id of one of our own procedures. Those of a person's own wait for a person, always.
fn read_procedure(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<String> {
    let id = reader.string("procedure", value)?;
    if reader.written.procedures.contains(&id) {
        return Some(id.to_owned());
    }
    let near = did_you_mean(id, reader.written.procedures.iter().copied());
    let text = format!("`procedure` is one of this program's own, by its id, as plans show it (\"C5\"){near}");
    reader.mistake(value.span(), text);
    None
}

fn read_kind(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<String> {
    let word = reader.string("kind", value)?;
    if FixKind::WORDS.contains(&word) {
        return Some(word.to_owned());
    }
    let near = did_you_mean(word, FixKind::WORDS.iter().copied());
    reader.mistake(value.span(), format!("there is no kind of act `{}`{near}", escape(word)));
    None
}

fn read_rung(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Rung> {
    let word = reader.string("rung", value)?;
    let found = RUNGS.into_iter().find(|rung| rung.word() == word);
    if found.is_none() {
        let words = RUNGS.map(|rung| format!("\"{}\"", rung.word())).join(", ");
        let text = format!("`rung` is one of {words}; what takes data or objects away never runs unattended");
        reader.mistake(value.span(), text);
    }
    found
}

fn read_number(reader: &mut Reader<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<u64> {
    match MOST.read(value.get_ref()) {
        Ok(Value::Whole(number)) => Some(number),
        Ok(_) => None,
        Err(text) => {
            reader.mistake(value.span(), format!("`{key}`: {text}"));
            None
        }
    }
}

/// Reads `freeze`: `true`, `false`, or a list of days and spans of days.
pub(super) fn read_freeze(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Freeze {
    const FORM: &str = "`freeze` is true, false, or a list of days: [\"2026-12-20..2027-01-03\", \"2027-04-02\"]";
    if let Some(frozen) = value.get_ref().as_bool() {
        return if frozen { Freeze::Always } else { Freeze::Never };
    }
    let Some(items) = value.get_ref().as_array() else {
        reader.mistake(value.span(), format!("{FORM}, not {}", with_article(value.get_ref().type_str())));
        // What was meant to be a freeze is one.
        return Freeze::Always;
    };
    let mut spans = Vec::new();
    for item in items {
        match item.get_ref().as_str().map(read_days) {
            Some(Some(span)) => spans.push(span),
            _ => reader.mistake(item.span(), format!("{FORM}; every entry is a day or two, the earlier one first")),
        }
    }
    Freeze::Days(spans)
}

/// `2026-12-20..2027-01-03` or one day, as days since 1970.
fn read_days(text: &str) -> Option<(i64, i64)> {
    let day = |text: &str| {
        let date: chrono::NaiveDate = text.trim().parse().ok()?;
        let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1)?;
        Some(date.signed_duration_since(epoch).num_days())
    };
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(text)?, day(text)?),
    };
    (first <= last).then_some((first, last))
}

/// A rule as a file holds it, for `config show`.
pub(super) fn written(rule: &Rule) -> String {
    let what = match &rule.what {
        What::Procedure(id) => format!("procedure = \"{id}\""),
        What::Kind(word) => format!("kind = \"{word}\""),
    };
    let window = rule.window.map_or_else(String::new, |window| format!(", window = \"{}\"", window.words()));
    let Rule { rung, most_sessions, most_rows, .. } = rule;
    let rung = rung.word();
    format!("{{ {what}, rung = \"{rung}\"{window}, most_sessions = {most_sessions}, most_rows = {most_rows} }}")
}

/// The same for a freeze.
pub(super) fn written_freeze(freeze: &Freeze) -> String {
    let day = |day: &i64| {
        let date = chrono::DateTime::from_timestamp(day * 86_400, 0);
        date.map_or_else(|| "?".to_owned(), |date| date.format("%Y-%m-%d").to_string())
    };
    match freeze {
        Freeze::Never => "false".to_owned(),
        Freeze::Always => "true".to_owned(),
        Freeze::Days(spans) => {
            let spans: Vec<String> =
                spans.iter().map(|(first, last)| format!("\"{}..{}\"", day(first), day(last))).collect();
            format!("[{}]", spans.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read_days;

    #[test]
    fn days_of_a_freeze_are_dates_in_order() {
        assert_eq!(read_days("1970-01-02"), Some((1, 1)));
        assert_eq!(read_days("2026-12-20..2027-01-03"), Some((20_807, 20_821)));
        for wrong in ["", "2026-13-01", "2027-01-03..2026-12-20", "christmas", "2026-12-20.."] {
            assert_eq!(read_days(wrong), None, "{wrong}");
        }
    }
}
