//! Whether what is approved may run on a target: `:rw NAME` and `:ro`, and which target a command is for.

use super::effect::Effect;
use super::fleet::fleet_table;
use super::model::{Model, Screen, TargetModel};
use crate::domain::target::{Access, TargetId};

impl TargetModel {
    /// The same target, and whether there is a login for fixes, or a need for none.
    #[must_use]
    pub fn with_fixes(mut self, can_fix: bool) -> Self {
        self.can_fix = can_fix;
        self
    }
}

/// Why nothing can be approved on a target that is read-only now, and what changes that.
pub(super) fn read_only_words(t: &TargetModel) -> String {
    let name = &t.target.id;
    match t.target.access {
        Access::ReadOnly => format!(
            "{name} is read-only: its configuration says read_only = true (`dba-gpt config show` names file and line)"
        ),
        Access::ReadOnlyAtStart | Access::Writable => {
            format!("{name} is read-only: `:rw {name}` lifts that for this run")
        }
    }
}

/// `:rw NAME`: what a person approves may run on that target until the program ends or `:ro` says otherwise.
pub(super) fn lift(model: &mut Model, name: &str) -> Vec<Effect> {
    let id = TargetId::new(name);
    let Some(t) = model.target_mut(&id) else {
        model.tell(format!("no target is called `{name}`: :rw wants the exact name"), true);
        return Vec::new();
    };
    let (words, failure) = match t.target.access {
        Access::ReadOnly => (read_only_words(t), true),
        Access::Writable => (format!("{name} is writable already: its configuration says read_only = false"), false),
        Access::ReadOnlyAtStart => {
            t.lifted = true;
            (format!("{name}: what you approve may run there until this program ends; :ro puts it back"), false)
        }
    };
    model.tell(words, failure);
    Vec::new()
}

/// `:ro`: the target on the screen is read-only again.
pub(super) fn put_back(model: &mut Model) -> Vec<Effect> {
    let Some(id) = target_here(model) else {
        model.tell("there is no target here", true);
        return Vec::new();
    };
    let Some(t) = model.target_mut(&id) else { return Vec::new() };
    t.lifted = false;
    let words = match t.target.access {
        Access::Writable => format!("{id} is writable by its configuration: write read_only = true there"),
        Access::ReadOnly | Access::ReadOnlyAtStart => format!("{id} is read-only"),
    };
    let failure = t.target.access == Access::Writable;
    model.tell(words, failure);
    Vec::new()
}

/// What is approved may run on the target that the screen is about.
pub(super) fn is_writable_here(model: &Model) -> bool {
    target_here(model).and_then(|id| model.target(&id)).is_some_and(TargetModel::writable)
}

/// The target that the screen is about.
pub(super) fn target_here(model: &Model) -> Option<TargetId> {
    match model.screen {
        Screen::Chat => model.chat.target.clone().or_else(|| match model.targets.as_slice() {
            [only] => Some(only.target.id.clone()),
            _ => None,
        }),
        Screen::Approvals => super::approvals::chosen(model).map(|p| p.target.clone()),
        Screen::Incidents => super::incidents::selected(model).map(|i| i.target.clone()),
        Screen::Health => model.health.server.clone().or_else(|| {
            let table = fleet_table(&model.targets, model.now);
            let row = model.health.fleet.selected(&table)?;
            model.targets.iter().map(|t| &t.target.id).find(|id| id.as_str() == table.rows[row].key).cloned()
        }),
    }
}
