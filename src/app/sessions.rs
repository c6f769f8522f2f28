//! The fix kinds as a person asks for them: keys on a session, and `:` words for a setting, a slot, keys.

use super::access::{read_only_words, target_here};
use super::approvals::{Asked, propose};
use super::effect::Effect;
use super::fleet::{current_list, current_table};
use super::model::{Model, SAMPLE_VIEWS, Screen, TargetModel};
use crate::domain::metric;
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::{FixKind, SessionRef};
use crate::domain::target::TargetId;

/// The open server shows its sessions: keys can point at one.
pub(super) fn are_shown(model: &Model) -> bool {
    let view = model.health.view;
    model.screen == Screen::Health && model.health.server.is_some() && SAMPLE_VIEWS.iter().any(|v| v.name == view)
}

/// `v`: one more session, or one less, that the next proposal is made for.
pub(super) fn mark(model: &mut Model) {
    let Some(pid) = under_cursor(model) else { return };
    if !model.health.marked.remove(&pid) {
        model.health.marked.insert(pid);
    }
    super::respond::act(model, super::action::Action::Move(super::list::Motion::By(1)));
}

fn under_cursor(model: &mut Model) -> Option<i64> {
    let table = current_table(model)?;
    let row = current_list(model)?.selected(&table)?;
    table.rows[row].key.parse().ok()
}

/// `C` and `K`: proposes an act on the marked sessions, or on the one under the cursor. The list is what it is now;
/// nobody who comes later is on it.
pub(super) fn propose_for(model: &mut Model, make: fn(Vec<SessionRef>) -> FixKind) -> Vec<Effect> {
    let cursor = under_cursor(model);
    let Some(t) = model.open_server() else { return Vec::new() };
    let pointed: Vec<i64> = if model.health.marked.is_empty() {
        cursor.into_iter().collect()
    } else {
        model.health.marked.iter().copied().collect()
    };
    let sessions: Vec<SessionRef> = pointed.iter().filter_map(|&pid| session_ref(t, pid)).collect();
    if sessions.is_empty() {
        model.tell("there is no such session any more", true);
        return Vec::new();
    }
    let id = t.target.id.clone();
    model.health.marked.clear();
    propose_kind(model, &id, make(sessions))
}

/// A session as it is pointed at; its engine adds what tells it from a later one of the same number.
fn session_ref(t: &TargetModel, pid: i64) -> Option<SessionRef> {
    let sample = t.sample.as_ref()?;
    let s = sample.sessions.iter().find(|s| s.pid == pid)?;
    let age = s.age_ms(sample.server_now).map_or_else(String::new, |ms| metric::seconds(ms as f64 / 1000.0));
    let words = [s.user.as_str(), s.application.as_str(), s.state.word(), age.as_str()];
    let about = words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    Some(SessionRef { id: pid, facts: Vec::new(), about })
}

/// `:set NAME VALUE`.
pub(super) fn set(model: &mut Model, text: &str) -> Vec<Effect> {
    let parsed = text.split_once(char::is_whitespace).map(|(name, value)| (name, value.trim()));
    let Some((name, value)) = parsed.filter(|(_, value)| !value.is_empty()) else {
        model.tell("`:set NAME VALUE`: say which value", true);
        return Vec::new();
    };
    // `:set name = value` is how some servers write it.
    let value = value.strip_prefix('=').map_or(value, str::trim_start);
    here(model, FixKind::ChangeSetting { name: name.to_owned(), value: value.to_owned() })
}

/// `:drop-slot NAME`.
pub(super) fn drop_slot(model: &mut Model, name: &str) -> Vec<Effect> {
    here(model, FixKind::DropReplicationSlot(name.to_owned()))
}

/// `:unlink KEY...`; a key with spaces in it stands in double quotes.
pub(super) fn unlink(model: &mut Model, text: &str) -> Vec<Effect> {
    match words(text) {
        Ok(keys) => here(model, FixKind::UnlinkKeys(keys)),
        Err(words) => {
            model.tell(words, true);
            Vec::new()
        }
    }
}

/// Splits at spaces outside double quotes; inside them a backslash takes the next character as it is.
fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut chars = text.trim().chars().peekable();
    while let Some(first) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        let mut word = String::new();
        if first == '"' {
            loop {
                match chars.next() {
                    Some('"') => break,
                    Some('\\') => word.extend(chars.next()),
                    Some(c) => word.push(c),
                    None => return Err("a quote is not closed"),
                }
            }
        } else {
            word.push(first);
            while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
                word.push(c);
            }
        }
        words.push(word);
    }
    Ok(words)
}

fn here(model: &mut Model, kind: FixKind) -> Vec<Effect> {
    let Some(id) = target_here(model) else {
        model.tell("choose a target first: t in the chat, or a server on the health screen", true);
        return Vec::new();
    };
    propose_kind(model, &id, kind)
}

fn propose_kind(model: &mut Model, id: &TargetId, kind: FixKind) -> Vec<Effect> {
    let Some(t) = model.target(id) else { return Vec::new() };
    if !t.writable() {
        let words = read_only_words(t);
        model.tell(words, true);
        return Vec::new();
    }
    let draft = Draft { statement: String::new(), class: kind.class(), kind: Some(kind), database: None };
    let asked = if model.screen == Screen::Chat { Asked::InChat } else { Asked::ByKey };
    propose::propose(model, propose::Wish::of_person(id.clone(), draft, asked))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn keys_are_split_at_spaces_outside_quotes() {
        assert_eq!(words("a  b:1 ").unwrap_or_default(), ["a", "b:1"]);
        assert_eq!(words(r#""with space" "q\"uote" c"d"#).unwrap_or_default(), ["with space", "q\"uote", "c\"d"]);
        assert!(words("\"open").is_err());
    }
}
