//! `approvals`: what waits for a person, what became of it, and the word no. Yes is said on a terminal, in front of
//! everything that a person has to see.

mod json;

pub(super) use json::summary;

use super::host::object;
use super::{Ended, Exit, Headless, Outcome, approve};
use crate::app::dossier::{STATEMENT, dossier};
use crate::config::args::ApprovalsAction;
use crate::domain::guard::ticket::Gravity;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;
use crate::domain::target::Timestamp;
use crate::domain::text::{escape, redact};
use crate::export::table::{Cell, Paint, TextTable};

/// The proposals that are kept, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Proposals {
    /// Those that can be read.
    pub known: Vec<Proposal>,
    /// Those that another version of the program wrote, as far as they can be read.
    pub unread: Vec<UnreadRow>,
}

/// What is known of a proposal whose record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadRow {
    /// Its number.
    pub id: u64,
    /// The target's name.
    pub target: String,
    /// The word of its stage.
    pub stage: String,
    /// When it was proposed.
    pub at: Timestamp,
}

/// Closed ones that are listed when not all are asked for.
const CLOSED: usize = 10;
/// Characters of a reason, at most.
const REASON: usize = 500;

/// Does what was asked for.
pub(super) async fn run(action: &ApprovalsAction, io: &mut Headless<'_>) -> Outcome {
    match action {
        ApprovalsAction::List { all, json } => list(if *all { usize::MAX } else { CLOSED }, *json, io).await,
        ApprovalsAction::Show { id, json } => show(*id, *json, io).await,
        ApprovalsAction::Approve { id } => {
            let proposal = io.host.proposal(*id).await.map_err(fault)?.ok_or_else(|| unknown(*id))?;
            approve::run(proposal, io).await
        }
        ApprovalsAction::Rate { id, thumb, comment } => {
            let rated = io.host.rate(*id, thumb == "up", comment.join(" ")).await;
            io.say(&escape(&rated.map_err(|words| Ended::with(Exit::Findings, words))?));
            Ok(Exit::Fine)
        }
        ApprovalsAction::Deny { id, reason, json } => deny(*id, reason.as_deref(), *json, io).await,
    }
}

/// Prints them, those first that wait for somebody; of one target, where one was named.
async fn list(closed: usize, json: bool, io: &mut Headless<'_>) -> Outcome {
    let Proposals { mut known, mut unread } = io.host.proposals(closed).await.map_err(fault)?;
    if io.targets_were_named() {
        let named = |target: &str| io.targets.iter().any(|t| t.target.id.as_str() == target);
        known.retain(|p| named(p.target.as_str()));
        unread.retain(|row| named(&row.target));
    }
    known.sort_by_key(|p| (urgency(p.stage), std::cmp::Reverse(p.id)));
    if json {
        for proposal in &known {
            io.object(json::summary(proposal))?;
        }
        for row in &unread {
            io.object(json::unread(row))?;
        }
        return Ok(Exit::Fine);
    }
    if known.is_empty() && unread.is_empty() {
        io.say("nothing waits for a decision, and nothing was ever decided");
        return Ok(Exit::Fine);
    }
    let columns = ["NUMBER", "STAGE", "RISK", "TARGET", "PROPOSED", "WHAT"].map(|title| (title, false));
    let mut table = TextTable::new(&columns);
    for proposal in &known {
        let risk = Cell::new(proposal.gravity.word());
        let at = proposal.at.date_time(io.offset_minutes);
        table.push(vec![
            Cell::new(&format!("#{}", proposal.id)),
            stage_cell(proposal.stage),
            if proposal.gravity == Gravity::High { risk.painted(Paint::Bad) } else { risk },
            Cell::new(proposal.target.as_str()),
            Cell::new(&at),
            Cell::new(&proposal.headline()),
        ]);
    }
    for UnreadRow { id, target, stage, at } in &unread {
        let what = "written by another version of dba-gpt, which this one cannot read";
        let cells = [&format!("#{id}"), stage, "?", target, &at.date_time(io.offset_minutes), what];
        table.push(cells.into_iter().map(Cell::new).collect());
    }
    io.table(&table)?;
    Ok(Exit::Fine)
}

/// What a person can decide, then what somebody has to look at, then the rest.
fn urgency(stage: Stage) -> u8 {
    match stage {
        stage if stage.is_open() => 0,
        Stage::NeedsPerson => 1,
        stage if stage.is_under_way() => 2,
        _ => 3,
    }
}

fn stage_cell(stage: Stage) -> Cell {
    let cell = Cell::new(stage.words());
    match urgency(stage) {
        0 => cell.painted(Paint::Warning),
        1 => cell.painted(Paint::Bad),
        2 => cell,
        _ => cell.painted(Paint::Faint),
    }
}

/// Everything about one of them, as the screen has it.
async fn show(id: u64, json: bool, io: &mut Headless<'_>) -> Outcome {
    let proposal = io.host.proposal(id).await.map_err(fault)?.ok_or_else(|| unknown(id))?;
    if json {
        io.object(json::whole(&proposal))?;
    } else {
        for line in lines(&proposal, io.offset_minutes) {
            io.line(&line)?;
        }
    }
    Ok(Exit::Fine)
}

/// The dossier as text: each title, its lines below it, and the lines of the statement with their numbers.
fn lines(proposal: &Proposal, offset_minutes: i32) -> Vec<String> {
    let mut out = Vec::new();
    for section in dossier(proposal, offset_minutes) {
        if !out.is_empty() {
            out.push(String::new());
        }
        out.push(section.title.clone());
        for (number, line) in (1..).zip(&section.lines) {
            let numbered = section.title == STATEMENT;
            out.push(if numbered { format!("{number:>5}  {line}") } else { format!("  {line}") });
        }
    }
    out
}

/// Says no, with a reason, and prints what became of it.
async fn deny(id: u64, reason: Option<&str>, json: bool, io: &mut Headless<'_>) -> Outcome {
    let reason = redact(reason.unwrap_or("no reason given").trim());
    if reason.chars().count() > REASON {
        return Err(Ended::with(Exit::Usage, format!("a reason has at most {REASON} characters")));
    }
    if io.host.proposal(id).await.map_err(fault)?.is_none() {
        return Err(unknown(id));
    }
    let denied = io.host.deny(id, &reason).await.map_err(|words| Ended::with(Exit::Findings, words))?;
    if json {
        io.object(json::summary(&denied))?;
    } else {
        io.say(&format!("#{id} is {}: {}", denied.stage.words(), escape(&denied.headline())));
    }
    Ok(Exit::Fine)
}

fn unknown(id: u64) -> Ended {
    Ended::with(Exit::Findings, format!("there is no proposal #{id}"))
}

/// The store cannot be read: nobody knows what waits.
fn fault(words: String) -> Ended {
    Ended::with(Exit::Findings, words)
}
