//! Everything that was ever changed, newest first, with what is left to do to undo it, and the key that proposes that.

use super::propose::{Wish, propose};
use super::{ApprovalsView, Asked};
use crate::app::dossier::{dossier, statement_lines};
use crate::app::effect::Effect;
use crate::app::list::ListState;
use crate::app::model::{Model, Screen};
use crate::app::overlay::Overlay;
use crate::app::table::{Table, TableCell, TableRow};
use crate::domain::guard::{Author, Catalog};
use crate::domain::health::State;
use crate::domain::proposal::survey::Inverse;
use crate::domain::proposal::undo::{Undo, undo};
use crate::domain::proposal::{Draft, Origin, Proposal};

/// What the list shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// The acts, newest first; none until they were read.
    pub done: Option<Vec<Proposal>>,
    /// There are older ones than were read.
    pub more: bool,
    /// Where the person is in the list.
    pub list: ListState,
}

/// `u`: the list, or the proposals again.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    let shown = model.screen == Screen::Approvals && model.approvals.view == ApprovalsView::Changes;
    if shown {
        model.approvals.view = ApprovalsView::Queue;
        return Vec::new();
    }
    if model.screen != Screen::Approvals {
        model.approvals.came_from = Some(model.screen);
        model.screen = Screen::Approvals;
    }
    model.approvals.view = ApprovalsView::Changes;
    model.approvals.full = false;
    vec![Effect::LoadChanges, Effect::LoadProposals]
}

/// They were read.
pub fn loaded(model: &mut Model, done: Vec<Proposal>, more: bool) {
    model.approvals.changes.done = Some(done);
    model.approvals.changes.more = more;
}

/// An act that is over moves into the list.
pub(super) fn put(changes: &mut Changes, proposal: &Proposal) {
    let Some(done) = &mut changes.done else { return };
    let place = done.iter().position(|known| known.id == proposal.id);
    match place {
        Some(place) => done[place] = proposal.clone(),
        None if is_change(proposal) => {
            let place = done.iter().position(|known| known.id < proposal.id).unwrap_or(done.len());
            done.insert(place, proposal.clone());
        }
        None => {}
    }
}

/// It changed something, or nobody knows whether it did.
pub fn is_change(proposal: &Proposal) -> bool {
    use crate::domain::proposal::stage::Stage::{Done, NeedsPerson, Undone};
    matches!(proposal.stage, Done | Undone | NeedsPerson)
}

/// The acts as a table. Its rows stand in their order.
pub fn table(model: &Model) -> Table {
    let mut table = Table::with_columns(&[
        ("WHEN", false),
        ("#", true),
        ("TARGET", false),
        ("WHAT", false),
        ("UNDO", false),
        ("BY", false),
        ("WHY", false),
    ]);
    table.frozen = 2;
    let done = model.approvals.changes.done.as_deref().unwrap_or_default();
    table.rows = done.iter().map(|proposal| row(model, proposal)).collect();
    table
}

fn row(model: &Model, p: &Proposal) -> TableRow {
    let last = p.happenings.last();
    let at = last.map_or(p.at, |happening| happening.at);
    let who = p.happenings.iter().rev().find_map(|h| h.who.as_ref()).map_or("", |who| who.person());
    let left = left(model, p);
    let state = match &left {
        Undo::Next { .. } => State::Warning,
        Undo::Waits(_) => State::Unknown,
        Undo::Undone(_) | Undo::RolledBack => State::Ok,
        Undo::Never(_) => State::Stale,
    };
    let when = at.date_time(model.offset_minutes);
    let cells = vec![
        TableCell::number(when.get(2..16).unwrap_or(&when), Some(at.0 as f64)),
        TableCell::number(p.id.to_string(), Some(p.id as f64)),
        TableCell::untrusted(p.target.as_str()),
        TableCell::untrusted(&p.headline()),
        TableCell::untrusted(&left.words()),
        TableCell::untrusted(who),
        TableCell::untrusted(&p.origin.words()),
    ];
    TableRow { key: p.id.to_string(), cells, state: Some(state), ..TableRow::default() }
}

/// What is left to do to undo an act, by all that is known.
pub fn left(model: &Model, act: &Proposal) -> Undo {
    let done = model.approvals.changes.done.iter().flatten();
    let filed = model.approvals.filed.iter().map(|f| &f.proposal);
    // What is filed is newer than what was read of the changes.
    let newer: Vec<u64> = model.approvals.filed.iter().map(|f| f.proposal.id).collect();
    undo(act, filed.chain(done.filter(|p| !newer.contains(&p.id))))
}

/// The act under the cursor.
pub fn selected(model: &Model) -> Option<&Proposal> {
    let row = model.approvals.changes.list.selected(&table(model))?;
    model.approvals.changes.done.as_ref()?.get(row)
}

/// The inverse of an act, for the pane below the list: its title, and its lines, fit for a terminal.
pub fn inverse_lines(model: &Model, act: &Proposal) -> (String, Vec<String>) {
    let title = format!("Undo of #{}: {}", act.id, crate::domain::text::escape(&left(model, act).words()));
    let lines = match &act.survey.inverse {
        Inverse::Statements(statements) => statements.iter().flat_map(|s| statement_lines(s)).collect(),
        other => vec![crate::domain::text::escape(&other.words())],
    };
    (title, lines)
}

/// Enter: everything that is known of the act.
pub(super) fn open(model: &mut Model) {
    let Some(act) = selected(model) else { return };
    let title = format!("#{}: what was changed", act.id);
    let text = super::words::written(&dossier(act, model.offset_minutes));
    model.overlay = Some(Overlay::Detail { title, text, offset: 0 });
}

/// `U`, `:undo NUMBER`: proposes the next statement that undoes the act. It waits for an approval as everything does.
pub(super) fn undo_selected(model: &mut Model, number: &str) -> Vec<Effect> {
    let act = match number.trim().trim_start_matches('#') {
        "" => super::chosen(model).cloned(),
        digits => digits.parse().ok().and_then(|id: u64| by_number(model, id)).cloned(),
    };
    let Some(act) = act else {
        let words = if number.trim().is_empty() {
            "point at an act that was done first; u lists them".to_owned()
        } else {
            format!("no act `{number}` is known here; u lists what was done")
        };
        model.tell(words, true);
        return Vec::new();
    };
    let (statement, part) = match left(model, &act) {
        Undo::Next { statement, number, of } => {
            (statement, if of > 1 { format!(", statement {number} of {of}") } else { String::new() })
        }
        Undo::Waits(id) => return told(model, format!("#{id} waits already to undo #{}; 4 opens it", act.id)),
        Undo::Undone(id) => return told(model, format!("#{} was undone by #{id}", act.id)),
        Undo::RolledBack => return told(model, format!("#{} was rolled back: nothing is left of it", act.id)),
        Undo::Never(why) => return told(model, format!("#{} cannot be undone: {why}", act.id)),
    };
    let Some(t) = model.target(&act.target) else {
        return told(model, format!("{} is no target of this run", act.target));
    };
    let class = t.dialect.classify(&statement, Author::Person, &Catalog::default()).class;
    let draft = Draft { statement, class, kind: None, database: act.draft.database.clone() };
    let origin = Origin::Undo(act.id);
    let wish = Wish { target: act.target, draft, asked: Asked::ByKey, origin, replaces: None, purpose: None };
    let effects = propose(model, wish);
    if !effects.is_empty() {
        model.tell(format!("looking at what it takes to undo #{}{part}; nothing is changed by that", act.id), false);
    }
    effects
}

fn told(model: &mut Model, words: String) -> Vec<Effect> {
    model.tell(words, true);
    Vec::new()
}

fn by_number(model: &Model, id: u64) -> Option<&Proposal> {
    let filed = model.approvals.get(id).map(|filed| &filed.proposal);
    filed.or_else(|| model.approvals.changes.done.iter().flatten().find(|p| p.id == id))
}
