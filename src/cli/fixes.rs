//! `fixes`: everything that was ever changed through this program, each with what undoes it, and the way to propose
//! that. An undo is an act like any other: it waits for a person's approval.

use super::approvals::summary;
use super::{Ended, Exit, Headless, Outcome};
use crate::domain::learning::calibration;
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::survey::Inverse;
use crate::domain::proposal::undo::{Undo, undo as what_undoes};
use crate::domain::proposal::{NotProposed, Proposal};
use crate::domain::target::Timestamp;
use crate::export::table::{Cell, Paint, TextTable};
use serde_json::{Map, Value as Json, json};

/// Prints what was changed, the newest first; of the targets that were named, where some were.
pub(super) async fn list(json: bool, io: &mut Headless<'_>) -> Outcome {
    let all = proposals(io).await?;
    let named = |p: &&Proposal| !io.targets_were_named() || io.targets.iter().any(|t| t.target.id == p.target);
    let mut acts: Vec<&Proposal> = all.iter().filter(|proposal| has_acted(proposal)).filter(named).collect();
    acts.sort_by_key(|act| std::cmp::Reverse((ended_at(act), act.id)));
    if json {
        for act in acts {
            io.object(act_object(act, &what_undoes(act, &all)))?;
        }
        return Ok(Exit::Fine);
    }
    if acts.is_empty() {
        io.say("nothing was ever changed from here");
        return Ok(Exit::Fine);
    }
    let columns = ["NUMBER", "ENDED", "TARGET", "STAGE", "WHAT", "UNDO"].map(|title| (title, false));
    let mut table = TextTable::new(&columns);
    for act in acts {
        let undo = what_undoes(act, &all);
        let paint = match undo {
            Undo::Next { .. } | Undo::Waits(_) => Paint::Plain,
            Undo::Undone(_) | Undo::RolledBack => Paint::Faint,
            Undo::Never(_) => Paint::Warning,
        };
        table.push(vec![
            Cell::new(&format!("#{}", act.id)),
            Cell::new(&ended_at(act).date_time(io.offset_minutes)),
            Cell::new(act.target.as_str()),
            Cell::new(act.stage.words()),
            Cell::new(&act.headline()),
            Cell::new(&undo.words()).painted(paint),
        ]);
    }
    io.table(&table)?;
    let learned = io.host.learned().await.map_err(|words| Ended::with(Exit::Findings, words))?;
    for band in calibration(learned.outcomes()) {
        io.say(&band.words());
    }
    Ok(Exit::Fine)
}

/// Files what undoes an act as a proposal.
pub(super) async fn undo(id: u64, json: bool, io: &mut Headless<'_>) -> Outcome {
    let all = proposals(io).await?;
    let refuse = |words: String| Ended::with(Exit::Findings, words);
    let act = all.iter().find(|p| p.id == id).ok_or_else(|| refuse(format!("there is no proposal #{id}")))?;
    let (statement, number, of) = match what_undoes(act, &all) {
        Undo::Next { statement, number, of } => (statement, number, of),
        Undo::Waits(other) => {
            return Err(refuse(format!("#{other} is to undo #{id} already: dba-gpt approvals show {other}")));
        }
        other => return Err(refuse(format!("#{id} is not undone: {}", other.words()))),
    };
    let filed = match io.host.propose_undo(act, statement).await {
        Ok(filed) => filed,
        Err(NotProposed::Reads) => return Err(refuse(format!("what is kept as the undo of #{id} changes nothing"))),
        Err(NotProposed::Refused(words)) => return Err(Ended::with(Exit::Refused, words)),
        Err(NotProposed::Failed(words)) => return Err(refuse(words)),
    };
    if json {
        let mut line = summary(&filed);
        line.insert("step".to_owned(), number.into());
        line.insert("steps".to_owned(), of.into());
        io.object(line)?;
        return Ok(Exit::Fine);
    }
    let step = if of > 1 { format!(" ({number} of {of} statements)") } else { String::new() };
    io.say(&format!("#{} would undo #{id}{step} and waits for a person: dba-gpt approvals approve {0}", filed.id));
    Ok(Exit::Fine)
}

async fn proposals(io: &Headless<'_>) -> Result<Vec<Proposal>, Ended> {
    let all = io.host.proposals(usize::MAX).await.map_err(|words| Ended::with(Exit::Findings, words))?;
    Ok(all.known)
}

/// Something may have been changed by it, now or for a while.
fn has_acted(proposal: &Proposal) -> bool {
    matches!(
        proposal.stage,
        Stage::Running | Stage::Verifying | Stage::RollingBack | Stage::Done | Stage::Undone | Stage::NeedsPerson
    )
}

fn ended_at(act: &Proposal) -> Timestamp {
    act.happenings.last().map_or(act.at, |happening| happening.at)
}

/// The act, and what is left to undo it.
fn act_object(act: &Proposal, undo: &Undo) -> Map<String, Json> {
    let mut line = summary(act);
    let inverse = match &act.survey.inverse {
        Inverse::Statements(statements) => json!(statements),
        Inverse::FromRows(_) | Inverse::None(_) => Json::Null,
    };
    let (state, next, by, why_not) = match undo {
        Undo::Next { statement, .. } => ("possible", Some(statement), None, None),
        Undo::Waits(id) => ("waits", None, Some(*id), None),
        Undo::Undone(id) => ("undone", None, Some(*id), None),
        Undo::RolledBack => ("rolled-back", None, None, None),
        Undo::Never(why) => ("never", None, None, Some(why)),
    };
    line.insert("ended_ms".to_owned(), ended_at(act).0.into());
    line.insert("inverse".to_owned(), inverse);
    line.insert("undo".to_owned(), json!({ "state": state, "next": next, "by": by, "why_not": why_not }));
    line
}
