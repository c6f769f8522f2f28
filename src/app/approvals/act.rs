//! What a person can do on the approvals screen.

use super::{ApprovalsView, changes, decide, look, selected};
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::model::{Model, Screen};

/// Does an act of the screen.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Approve => decide::begin_approval(model),
        Action::Deny => decide::begin_denial(model),
        Action::StopAct => {
            if !decide::begin_stop(model) {
                model.tell("nothing runs here that could be stopped", false);
            }
            Vec::new()
        }
        Action::Later => {
            later(model);
            Vec::new()
        }
        Action::Why => {
            look::why(model);
            Vec::new()
        }
        Action::DryRun => look::dry_run(model),
        Action::EditStatement => {
            edit(model);
            Vec::new()
        }
        Action::Ticket(text) => ticket(model, &text),
        Action::Rate(text) => rate(model, &text),
        Action::Changes => changes::toggle(model),
        Action::Undo(number) => changes::undo_selected(model, &number),
        _ => Vec::new(),
    }
}

/// Enter on the list: the box fills the screen.
pub fn open(model: &mut Model) {
    if model.approvals.view == ApprovalsView::Changes {
        changes::open(model);
        return;
    }
    model.approvals.full = selected(model).is_some();
}

/// Esc: one thing back. It never decides; on an act that runs it asks whether to cancel it.
pub fn back(model: &mut Model) {
    if decide::begin_stop(model) {
        return;
    }
    if model.approvals.view == ApprovalsView::Changes {
        let filter = &mut model.approvals.changes.list.filter;
        if filter.is_empty() {
            model.approvals.view = ApprovalsView::Queue;
        } else {
            filter.clear();
        }
        return;
    }
    if model.approvals.full {
        model.approvals.full = false;
    } else if model.approvals.list.filter.is_empty() {
        leave(model);
    } else {
        model.approvals.list.filter.clear();
    }
}

/// `l`: it goes on waiting, and the person goes on with what they were at.
fn later(model: &mut Model) {
    let open = selected(model).filter(|f| f.proposal.stage.is_open()).map(|f| f.proposal.id);
    if model.approvals.full {
        model.approvals.full = false;
    } else {
        leave(model);
    }
    if let Some(id) = open {
        model.tell(format!("#{id} goes on waiting"), false);
    }
}

fn leave(model: &mut Model) {
    model.screen = model.approvals.came_from.take().unwrap_or(Screen::Health);
}

/// `e`: the statement goes back into the composer. What is sent next takes the proposal's place once it is filed.
fn edit(model: &mut Model) {
    let Some(filed) = selected(model) else { return };
    let (id, target, draft) = (filed.proposal.id, filed.proposal.target.clone(), filed.proposal.draft.clone());
    let words = if !filed.proposal.stage.is_open() {
        Some(format!("#{id} is {}: there is nothing to edit", filed.proposal.stage.words()))
    } else if draft.kind.is_some() {
        Some(format!("#{id} is made from its parameters, not typed: deny it and propose the other one"))
    } else if model.approvals.draft_unsent {
        Some("a draft stands in the composer: send or clear it first, so that it is not lost".into())
    } else if model.chat.running.is_some() {
        Some("a statement runs in the chat: Esc there stops it".into())
    } else if model.target(&target).is_none() {
        Some(format!("{target} is no target of this run"))
    } else {
        None
    };
    if let Some(words) = words {
        model.tell(words, true);
        return;
    }
    model.approvals.editing = Some(id);
    model.chat.target = Some(target);
    model.chat.database = draft.database;
    model.chat.set_draft(draft.statement);
    model.chat.typing = true;
    model.chat.open_table = None;
    model.screen = Screen::Chat;
    model.tell(format!("Enter proposes it anew; #{id} is withdrawn once that is filed"), false);
}

/// `:ticket TEXT` gives the selected proposal a number of somebody's change management; without a text it takes it away.
fn ticket(model: &mut Model, text: &str) -> Vec<Effect> {
    let open = selected(model).filter(|f| model.screen == Screen::Approvals && f.proposal.stage.is_open());
    let Some(id) = open.map(|f| f.proposal.id) else {
        model.tell("choose an open proposal first (4): the ticket is for the selected one", true);
        return Vec::new();
    };
    let text = text.trim();
    vec![Effect::SetTicket(id, (!text.is_empty()).then(|| text.to_owned()))]
}

/// `:rate up COMMENT` or `:rate down COMMENT`: what the selected act did is counted with its fix, for the next time.
fn rate(model: &mut Model, text: &str) -> Vec<Effect> {
    let done = selected(model).filter(|f| model.screen == Screen::Approvals && f.proposal.verified.is_some());
    let Some(id) = done.map(|f| f.proposal.id) else {
        model.tell("choose a step of a plan that ran (4): the thumb is for the selected act", true);
        return Vec::new();
    };
    let (word, comment) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let up = match word {
        "up" => true,
        "down" => false,
        _ => {
            model.tell("rate it up or down, and say why: `:rate up it was the right session`", true);
            return Vec::new();
        }
    };
    vec![Effect::Rate(id, up, comment.trim().to_owned())]
}
