//! What an act left: the state of the very things that its inverse would write, read right after the act. Before a
//! statement of the inverse is sent they are read again; what somebody else has changed since is theirs, and stays.
//!
//! The survey of a statement says what would bring back the present state, so the survey of an inverse's statement
//! names the value that it would overwrite: `ALTER SYSTEM SET work_mem = '4MB'` is undone by setting what is set now.
//! Statements on rows of SQL engines say in their own condition what the rows have to hold, and leave nothing here.

use super::super::guard::ticket::{Precondition, TouchedObject};
use super::survey::{Inverse, Survey};
use super::{Origin, Proposal};
use crate::domain::text::{escape, redact};
use serde::{Deserialize, Serialize};

/// Characters of a value that are told.
const TOLD: usize = 200;
/// Keys of passed over rows that are told.
const TOLD_KEYS: usize = 20;

/// The state that one statement of an inverse would overwrite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The statement of the inverse.
    pub statement: String,
    /// The state; an error says why it could not be read, as of what an earlier statement makes first.
    pub state: Result<State, String>,
}

/// A state, as far as one statement would overwrite it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    /// What would bring it back, where statements would: they name every value.
    pub back: Option<Vec<String>>,
    /// The objects, where no statement would bring them back.
    pub objects: Vec<TouchedObject>,
    /// What was found of them, likewise.
    pub conditions: Vec<Precondition>,
    /// What the things hold that it replaces or removes as wholes: keys, documents, the rows of a table.
    pub wholes: Vec<Precondition>,
}

/// How a state compares with what the act left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    /// It is what the act left.
    Ours,
    /// It is already what the inverse would restore.
    Restored,
    /// Somebody changed it: what stands there now, and what the act left. Untrusted text, escaped.
    Changed(String),
    /// The two cannot be held against each other, because a login sees less than the other one.
    Unseen,
}

impl State {
    /// The state by the survey of the statement that would overwrite it.
    pub fn of(survey: &Survey, wholes: Vec<Precondition>) -> Self {
        let Survey { objects, preconditions, inverse, .. } = survey;
        match inverse {
            Inverse::Statements(back) => Self { back: Some(back.clone()), wholes, ..Self::default() },
            Inverse::FromRows(_) => Self { wholes, ..Self::default() },
            Inverse::None(_) => {
                Self { objects: objects.clone(), conditions: preconditions.clone(), wholes, ..Self::default() }
            }
        }
    }

    /// How the state of now compares with this one, which the act left. `statement` would restore what was before.
    pub fn against(&self, now: &Self, statement: &str) -> Now {
        if let Some(words) = differing(&self.wholes, &now.wholes) {
            return Now::Changed(words);
        }
        match (&self.back, &now.back) {
            (_, Some(back)) if back.as_slice() == [statement] => Now::Restored,
            (Some(left), Some(back)) if left == back => Now::Ours,
            (Some(left), Some(back)) => Now::Changed(format!(
                "what stands there now would be set by {}, and what the act left by {}",
                told(&back.join("; ")),
                told(&left.join("; "))
            )),
            (None, None) => self.objects_against(now),
            _ => Now::Unseen,
        }
    }

    fn objects_against(&self, now: &Self) -> Now {
        for object in &now.objects {
            match self.objects.iter().find(|left| left.name == object.name) {
                Some(left) if left == object => {}
                Some(left) if left.id != object.id => {
                    return Now::Changed(format!(
                        "{} is another object of the same name than the one that the act left",
                        told(&object.name)
                    ));
                }
                Some(_) => {
                    return Now::Changed(format!(
                        "the definition of {} is another one than the act left",
                        told(&object.name)
                    ));
                }
                None => return Now::Changed(format!("{} is there now, and the act left none", told(&object.name))),
            }
        }
        if let Some(gone) = self.objects.iter().find(|left| !now.objects.iter().any(|o| o.name == left.name)) {
            return Now::Changed(format!("{} is gone, and the act left it", told(&gone.name)));
        }
        match differing(&self.conditions, &now.conditions) {
            Some(words) => Now::Changed(words),
            None => Now::Ours,
        }
    }
}

/// What differs, in words; none when nothing does. What only one of the two could see says nothing.
fn differing(left: &[Precondition], now: &[Precondition]) -> Option<String> {
    let of_same = |now: &Precondition| left.iter().find(|left| left.text == now.text).map(|left| left.found.clone());
    now.iter().find_map(|now| {
        let left = of_same(now).filter(|left| *left != now.found)?;
        Some(format!("{}: {} now, and the act left {}", told(&now.text), told(&now.found), told(&left)))
    })
}

fn told(text: &str) -> String {
    let shown = escape(&redact(text));
    if shown.chars().count() <= TOLD {
        return shown;
    }
    format!("{} ...", shown.chars().take(TOLD).collect::<String>())
}

/// Why a statement of an inverse is not sent after somebody else's change, with what to do.
pub fn refusal(changed: &str, statement: &str) -> String {
    format!(
        "somebody changed it after the act, and what is theirs is not overwritten: {changed}. Look at it, and propose by hand what is right: {}",
        told(statement)
    )
}

/// What is said when nothing is left to bring back.
pub fn nothing_left(statement: &str) -> String {
    format!("nothing is left to do: what {} would restore stands there already", told(statement))
}

/// Rows that were changed after the act and stay as they are: how many, and their keys.
pub fn passed_over(keys: &[String], at_least: bool) -> Option<String> {
    let count = keys.len();
    let (first, more) = keys.split_at(count.min(TOLD_KEYS));
    let listed: Vec<String> = first.iter().map(|key| told(key)).collect();
    let noun = if count == 1 { "row was" } else { "rows were" };
    let least = if at_least { "at least " } else { "" };
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    (count > 0).then(|| {
        format!(
            "{least}{count} {noun} changed by others after the act and left as they are: {}{more}",
            listed.join(", ")
        )
    })
}

/// What is known of the state that `statement`, which takes `act` back, would overwrite: by the newest of the act and
/// those statements of its undo that were sent since. None when nobody looked, because the program ended.
pub fn left_by<'a>(act: &'a Proposal, others: &'a [Proposal], statement: &str) -> Option<&'a Left> {
    let of = |proposal: &'a Proposal| proposal.left.iter().find(|left| left.statement == statement);
    let steps = others.iter().filter(|other| other.origin == Origin::Undo(act.id) && !other.left.is_empty());
    let newest = steps.filter(|step| of(step).is_some()).max_by_key(|step| step.id);
    newest.and_then(of).or_else(|| of(act))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Now, State, nothing_left, passed_over, refusal};
    use crate::domain::guard::ticket::{Precondition, TouchedObject};

    fn back(statement: &str) -> State {
        State { back: Some(vec![statement.to_owned()]), ..State::default() }
    }
    fn object(id: &str, definition: &str) -> State {
        let object = TouchedObject { name: "app.t".into(), id: id.into(), definition: definition.into() };
        State { objects: vec![object], ..State::default() }
    }
    fn whole(found: &str) -> State {
        let whole = Precondition { text: "cart:7 holds".into(), found: found.into() };
        State { wholes: vec![whole], ..State::default() }
    }

    #[test]
    fn a_value_is_ours_theirs_or_restored() {
        let left = back("SET a = 2");
        assert_eq!(left.against(&back("SET a = 2"), "SET a = 1"), Now::Ours);
        assert_eq!(left.against(&back("SET a = 1"), "SET a = 1"), Now::Restored);
        let Now::Changed(words) = left.against(&back("SET a = 3"), "SET a = 1") else { panic!() };
        assert!(words.contains("now would be set by SET a = 3") && words.contains("left by SET a = 2"), "{words}");
        // A login that cannot read the value says nothing about it.
        assert_eq!(left.against(&State::default(), "SET a = 1"), Now::Unseen);
    }

    #[test]
    fn an_object_is_ours_by_its_number_and_its_definition() {
        let left = object("1", "a int");
        assert_eq!(left.against(&object("1", "a int"), "DROP TABLE app.t"), Now::Ours);
        for other in [object("2", "a int"), object("1", "a int, b int"), State::default()] {
            assert!(matches!(left.against(&other, "DROP TABLE app.t"), Now::Changed(_)), "{other:?}");
        }
        assert!(matches!(State::default().against(&left, "CREATE TABLE app.t ()"), Now::Changed(_)));
    }

    #[test]
    fn a_whole_that_holds_something_else_is_theirs() {
        assert_eq!(whole("x").against(&whole("x"), "RESTORE"), Now::Ours);
        let Now::Changed(words) = whole("x").against(&whole("y\u{1b}"), "RESTORE") else { panic!() };
        assert!(words.starts_with("cart:7 holds: y") && !words.contains('\u{1b}'), "{words}");
        assert!(refusal(&words, "RESTORE").contains("propose by hand"));
        assert!(nothing_left("RESTORE").contains("already"));
    }

    #[test]
    fn rows_that_stay_are_told_by_count_and_key() {
        assert_eq!(passed_over(&[], false), None);
        let keys: Vec<String> = (1..=25).map(|n| n.to_string()).collect();
        let words = passed_over(&keys, true).unwrap();
        assert!(words.starts_with("at least 25 rows were changed by others"), "{words}");
        assert!(words.ends_with("20 and 5 more"), "{words}");
        assert!(passed_over(&keys[..1], false).unwrap().starts_with("1 row was"));
    }
}
