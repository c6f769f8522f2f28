//! Looking closer at a proposal without deciding it: why it is as it is, and what it would do by now.

use super::{Asked, Looking, Purpose, selected, words};
use crate::app::conversation;
use crate::app::effect::{Effect, ReadRequest, SurveyRequest};
use crate::app::event::{ReadError, ReadResult, RequestId};
use crate::app::model::{Model, SchemaState};
use crate::app::overlay::Overlay;
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::proposal::survey::Survey;
use crate::domain::rows::Rows;

/// `w`: everything that was found, and the advice.
pub(super) fn why(model: &mut Model) {
    let Some(filed) = selected(model) else { return };
    let title = format!("#{}: what was found", filed.proposal.id);
    let text = words::written(&filed.sections);
    model.overlay = Some(Overlay::Detail { title, text, offset: 0 });
}

/// `x`: the plan of the statement where the engine shows one for it by reading, else a new survey. Both go through the
/// reading doors and change nothing.
pub(super) fn dry_run(model: &mut Model) -> Vec<Effect> {
    let Some(filed) = selected(model) else { return Vec::new() };
    let (number, target, draft) = (filed.proposal.id, filed.proposal.target.clone(), filed.proposal.draft.clone());
    if model.chat.running.is_some() || model.approvals.plan.is_some() || model.approvals.is_looking() {
        model.tell("one thing at a time: something is being read already", true);
        return Vec::new();
    }
    let Some(t) = model.target(&target) else {
        model.tell(format!("{target} is no target of this run"), true);
        return Vec::new();
    };
    let unknown = Catalog::default();
    let catalog = match t.schemas.get(&draft.database) {
        Some(SchemaState::Loaded(_, catalog)) => catalog.as_ref(),
        _ => &unknown,
    };
    let plan = t
        .dialect
        .explain(&draft.statement)
        .filter(|plan| t.dialect.classify(plan, Author::Person, catalog).verdict == Verdict::Allow);
    let (limits, database) = (model.limits, draft.database.clone());
    let id = conversation::next_request(model);
    model.tell(format!("dry run of #{number} on {target}: nothing is changed by it"), false);
    match plan {
        Some(plan) => {
            model.approvals.plan = Some((id, number));
            vec![Effect::Read(ReadRequest { id, target, database, statements: vec![plan], limits })]
        }
        None => {
            let purpose = Purpose::DryRun(number);
            model.approvals.looking.push(Looking { id, asked: Asked::ByKey, target: target.clone(), purpose });
            vec![Effect::Survey(SurveyRequest { id, target, draft, purpose: None })]
        }
    }
}

/// A read ended: true when it was a plan that was asked for here.
pub fn read_done(model: &mut Model, id: RequestId, result: &Result<Box<ReadResult>, ReadError>) -> bool {
    let Some((_, number)) = model.approvals.plan.take_if(|(plan, _)| *plan == id) else { return false };
    match result {
        Ok(read) => show(model, number, lines(&read.rows)),
        Err(error) => {
            let why = crate::app::chat::read_error(error);
            model.tell(format!("the dry run of #{number} failed: {why}"), true);
        }
    }
    true
}

/// The cells of a plan, a row to a line.
fn lines(rows: &Rows) -> String {
    let mut text = String::new();
    for row in &rows.rows {
        let cells: Vec<String> = row.iter().map(|v| v.plain().unwrap_or_else(|| "NULL".into())).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// What a new survey found.
pub(super) fn show_survey(model: &mut Model, number: u64, survey: &Survey) {
    let offset = model.offset_minutes;
    let Some(text) = model.approvals.get(number).map(|f| words::by_now(&f.proposal, survey, offset)) else { return };
    show(model, number, text);
}

/// Shows what a dry run gave, unless a decision is half made: nothing may come between its two keys.
fn show(model: &mut Model, number: u64, text: String) {
    if model.overlay.is_some() || model.screen != crate::app::model::Screen::Approvals {
        model.tell(format!("the dry run of #{number} has ended; x asks again"), false);
        return;
    }
    model.overlay =
        Some(Overlay::Detail { title: format!("Dry run of #{number}: nothing was changed"), text, offset: 0 });
}
