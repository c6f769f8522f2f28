//! The `:` line: a word from the registry, and its argument.

use super::action::{self, ACTIONS, Action, ActionSpec};
use super::model::Model;
use crate::domain::target::{Access, Environment};

/// Reads a `:` line (without the colon) or a slash command (without the slash).
///
/// # Errors
/// Words for the person, with the nearest command where one is near.
pub fn parse(text: &str) -> Result<Action, String> {
    let text = text.trim();
    let (word, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let argument = argument.trim();
    let Some(spec) = action::by_name(&word.to_lowercase()) else {
        let near = ACTIONS
            .iter()
            .map(|a| (strsim::damerau_levenshtein(a.name, word), a.name))
            .min()
            .filter(|(distance, name)| *distance <= 2.min(name.len() / 2));
        return Err(near.map_or_else(
            || format!("no command `{word}`; ? lists them all"),
            |(_, name)| format!("no command `{word}`; did you mean `:{name}`?"),
        ));
    };
    with_argument(spec, argument)
}

fn with_argument(spec: &ActionSpec, argument: &str) -> Result<Action, String> {
    if spec.argument.is_none() && !argument.is_empty() {
        return Err(format!("`:{}` takes no argument", spec.name));
    }
    let text = argument.to_owned();
    let needs = |text: String, make: fn(String) -> Action| {
        if text.is_empty() {
            Err(format!("`:{} {}`: say which", spec.name, spec.argument.unwrap_or("...")))
        } else {
            Ok(make(text))
        }
    };
    match &spec.action {
        Action::View(_) => needs(text, Action::View),
        Action::Refresh(_) => Ok(Action::Refresh(text)),
        Action::Rename(_) => needs(text, Action::Rename),
        Action::Server(_) => Ok(Action::Server(text)),
        Action::Simulate(_) => Ok(Action::Simulate(text)),
        Action::Apply(_) => Ok(Action::Apply(text)),
        Action::Database(_) => needs(text, Action::Database),
        Action::Timeout(_) => needs(text, Action::Timeout),
        Action::RowLimit(_) => needs(text, Action::RowLimit),
        Action::Lift(_) => needs(text, Action::Lift),
        Action::ChangeSetting(_) => needs(text, Action::ChangeSetting),
        Action::DropSlot(_) => needs(text, Action::DropSlot),
        Action::UnlinkKeys(_) => needs(text, Action::UnlinkKeys),
        Action::Ticket(_) => Ok(Action::Ticket(text)),
        Action::Rate(_) => needs(text, Action::Rate),
        Action::Diagnose(_) => Ok(Action::Diagnose(text)),
        Action::Undo(_) => Ok(Action::Undo(text)),
        Action::Incident(_) => needs(text, Action::Incident),
        Action::Rule(_) => needs(text, Action::Rule),
        Action::DefinitionHistory(_) => needs(text, Action::DefinitionHistory),
        Action::Theme(_) => needs(text, Action::Theme),
        Action::Export(_) => Ok(Action::Export(if text.is_empty() { "csv".into() } else { text })),
        other => Ok(other.clone()),
    }
}

/// Commands that begin with what is typed, for completion; arguments of some commands too.
pub fn completions(model: &Model, typed: &str) -> Vec<String> {
    let (word, argument) = match typed.split_once(' ') {
        Some((w, a)) => (w, Some(a)),
        None => (typed, None),
    };
    match argument {
        None => ACTIONS
            .iter()
            .filter(|a| {
                a.scope != action::Scope::Overlay && a.name.starts_with(word) && action::may_be_offered(a, model)
            })
            .map(|a| a.name.to_owned())
            .collect(),
        Some(argument) => arguments(model, word)
            .into_iter()
            .filter(|c| c.to_lowercase().starts_with(&argument.to_lowercase()))
            .map(|c| format!("{word} {c}"))
            .collect(),
    }
}

fn arguments(model: &Model, word: &str) -> Vec<String> {
    match action::by_name(word).map(|a| &a.action) {
        Some(Action::Server(_)) => model.targets.iter().map(|t| t.target.id.to_string()).collect(),
        Some(Action::Lift(_)) => {
            let not_yet = model.targets.iter().filter(|t| !t.writable());
            // Read-only for good is not offered.
            let liftable = not_yet.filter(|t| t.target.access == Access::ReadOnlyAtStart);
            liftable
                .filter(|t| t.target.environment != Environment::Production)
                .map(|t| t.target.id.to_string())
                .collect()
        }
        Some(Action::View(_)) => {
            model.open_server().map(|t| t.views.iter().map(|v| v.name.to_owned()).collect()).unwrap_or_default()
        }
        Some(Action::Simulate(_)) => super::access::target_here(model)
            .and_then(|id| model.target(&id))
            .map(|t| t.simulations.iter().map(|offer| offer.error.name.to_owned()).collect())
            .unwrap_or_default(),
        Some(Action::Diagnose(_)) => super::healing::tree::causes(model).map(|c| c.word().to_owned()).collect(),
        Some(Action::Theme(_)) => THEMES.iter().map(|t| (*t).to_owned()).collect(),
        Some(Action::Export(_)) => ["csv", "json", "md"].iter().map(|t| (*t).to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// Names of the themes.
pub const THEMES: &[&str] = &["default", "mono", "dark", "light", "cb-safe"];

/// Reads `2s`, `500ms`, `5m`, `1h`, or bare seconds.
///
/// # Errors
/// Words that show the form.
pub fn duration_ms(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "ms" => 1.0,
        "" | "s" => 1_000.0,
        "m" | "min" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return Err(format!("`{text}` is no length of time; write 500ms, 2s, 5m or 1h")),
    };
    let number: f64 =
        number.parse().map_err(|_| format!("`{text}` is no length of time; write 500ms, 2s, 5m or 1h"))?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and clamped")]
    let ms = (number * factor).min(1e12) as u64;
    if ms == 0 { Err("a length of time must be more than 0".into()) } else { Ok(ms) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_near_misses_named() {
        assert_eq!(parse("theme mono"), Ok(Action::Theme("mono".into())));
        assert_eq!(parse("q"), Ok(Action::Quit));
        assert!(parse("them mono").is_err_and(|e| e.contains(":theme")));
        assert!(parse("pause 3").is_err_and(|e| e.contains("no argument")));
        assert!(parse("db").is_err_and(|e| e.contains("DATABASE")));
        assert!(parse("").is_err());
    }

    #[test]
    fn durations() {
        assert_eq!(duration_ms("120s"), Ok(120_000));
        assert_eq!(duration_ms("500ms"), Ok(500));
        assert_eq!(duration_ms("1.5m"), Ok(90_000));
        assert_eq!(duration_ms("7"), Ok(7_000));
        assert!(duration_ms("soon").is_err() && duration_ms("0").is_err() && duration_ms("-3s").is_err());
    }
}
