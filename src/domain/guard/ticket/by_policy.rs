//! A ticket that no person gave: for a step of a coded procedure, with a typed kind, on a target whose policy lets it.
//!
//! Everything that the policy asks for is checked here, on the record and on its act, when the ticket is granted and
//! again when it is redeemed: what lies between may take minutes. A statement that somebody typed or a model wrote has
//! no typed kind and a person's origin, and what a person proposed says so, so there is no way from them to here.

mod proof;

pub use proof::required;

use super::{Act, Approved, Desk, Giver, Gravity, Judgement, Moment, Refusal, TICKET_MS, Ticket, Verdict};
use crate::domain::dialect::Dialect;
use crate::domain::guard::Class;
use crate::domain::guard::policy::{LocalTime, Policy, Rule, What, Window};
use crate::domain::procedure::{Procedure, Purpose, Rung};
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::survey::{Rights, Survey};
use crate::domain::proposal::{Origin, Proposal};
use crate::domain::target::{Environment, Timestamp};

/// What is known when an act is to run with nobody asked.
pub struct Unattended<'a> {
    /// The target's policy.
    pub policy: &'a Policy,
    /// The coded procedures of its engine.
    pub procedures: &'static [Procedure],
    /// The engine, to render the kind once more.
    pub dialect: &'static dyn Dialect,
    /// Now, on both clocks.
    pub now: Moment,
    /// Local time minus UTC, minutes.
    pub offset_minutes: i32,
    /// The confidence in the plan by what was learned on this very target until now, 0 to 100.
    pub confidence: u8,
    /// Acts by policy against the same incident, or of the same fix on this target within a day.
    pub attempts: u64,
    /// When the incident began, by its record, while it is not over; none without such a record.
    pub began: Option<Timestamp>,
}

/// Why something does not run with nobody asked. It waits for a person then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotByPolicy {
    /// The target has no policy.
    #[error("nothing runs unattended here: the configuration of this target names nothing")]
    NoPolicy,
    /// There is a change freeze.
    #[error("nothing runs unattended now: there is a change freeze")]
    Frozen,
    /// A person asked for it.
    #[error(
        "a person proposed it, so it waits for a person's approval: only what this program proposes by itself runs unattended"
    )]
    AskedFor,
    /// It is no step of one of our own procedures.
    #[error("only steps of this program's own procedures run unattended")]
    NotOurs,
    /// It has no typed kind, or another statement than that kind gives.
    #[error("only typed acts run unattended, whose statement this program renders itself")]
    NotTyped,
    /// No rule is for it.
    #[error("the policy of this target does not name {0}")]
    NotNamed(String),
    /// It takes more away than the rule lets, or than anything may.
    #[error("it is on the rung {}, and at most {} may run unattended", .0.word(), .1.word())]
    TooHigh(Rung, Rung),
    /// On such a target there has to be a window.
    #[error("on a target that is or may be production nothing runs unattended without a window")]
    NoWindow,
    /// It is not the time.
    #[error("the policy lets it run at {0} only")]
    WrongTime(String),
    /// It touches more than the rule lets.
    #[error("it touches {0}, and the policy lets at most {1}")]
    TooMuch(String, u64),
    /// Data or service may be lost.
    #[error("its risk is high: a person decides")]
    Grave,
    /// Nobody knows how large it is.
    #[error("{0} is not known, so its risk counts as high: a person decides")]
    UnknownSize(&'static str),
    /// A session is touched, and nothing asks whether that is needed.
    #[error(
        "nothing that it requires proves that others wait for the session, or that it does nothing: a person decides"
    )]
    NoHarm,
    /// It says not what must hold, or not how it is known that it helped.
    #[error("it does not say what it requires and how it is verified")]
    Unverified,
    /// The configuration wants two persons.
    #[error("this target wants the approval of two persons")]
    TwoApprovers,
    /// Too little confidence.
    #[error("the confidence in it is {0}, and {1} are needed")]
    Unsure(u8, u8),
    /// It was tried often enough.
    #[error("it ran unattended {0} times already: a person decides")]
    TriedEnough(u64),
    /// There is no incident, or none any more.
    #[error("there is no open incident on record that it is for: a person decides")]
    NoIncident,
    /// A clock is wrong.
    #[error("{0} lies in the future, so a clock is wrong: a person decides")]
    Future(&'static str),
    /// What was found is old.
    #[error("what was found is older than {} minutes: a person decides", TICKET_MS / 60_000)]
    OldEvidence,
    /// It has lasted too long.
    #[error("the incident has lasted for more than {0} minutes: a person decides")]
    TooLate(u64),
    /// It stands otherwise than as one that waits, or something stands in its way.
    #[error("{0}")]
    Hindered(String),
    /// The guard's word.
    #[error("the guard refuses this statement: {0}")]
    Denied(String),
    /// The ticket is no good any more.
    #[error("{0}")]
    Redeemed(#[from] Refusal),
}

/// A ticket by policy, and the rule that gave it.
#[derive(Debug)]
pub struct ByPolicy {
    /// The ticket.
    pub ticket: Ticket,
    /// The rule in words, for the audit log.
    pub rule: String,
}

/// Grants a ticket with nobody asked, when the policy lets exactly this run here and now. `judgement` is the guard's on
/// the statement's exact bytes, `nonce` is random and never shown.
///
/// # Errors
/// Why it waits for a person instead.
pub fn grant_by_policy(
    proposal: &Proposal,
    judgement: &Judgement,
    known: &Unattended<'_>,
    nonce: [u8; 32],
) -> Result<ByPolicy, NotByPolicy> {
    let rule = lets(proposal, Stage::Waiting, &proposal.survey, judgement, known)?;
    let act = proposal.act();
    let digest = act.digest();
    Ok(ByPolicy { ticket: Ticket { digest, act, nonce, granted: known.now, giver: Giver::Policy }, rule: rule.words() })
}

/// Whether the policy would grant a ticket now, for whoever has to wait for something else first.
///
/// # Errors
/// Why it waits for a person instead.
pub fn would_grant(proposal: &Proposal, judgement: &Judgement, known: &Unattended<'_>) -> Result<(), NotByPolicy> {
    lets(proposal, Stage::Waiting, &proposal.survey, judgement, known).map(drop)
}

/// Redeems a ticket that a policy gave, right before the first statement is sent: the policy is asked everything once
/// more, with what is known now. `fresh` is the survey of a moment ago.
///
/// # Errors
/// Why it waits for a person instead. The ticket is gone either way.
pub fn redeem_by_policy(
    desk: &mut Desk,
    ticket: Ticket,
    proposal: &Proposal,
    fresh: &Survey,
    judgement: &Judgement,
    known: &Unattended<'_>,
) -> Result<Approved, NotByPolicy> {
    lets(proposal, Stage::Approved, fresh, judgement, known)?;
    Ok(desk.spend(ticket, proposal.act_with(fresh), judgement, known.now)?)
}

/// The rule that lets exactly this run here and now, while it stands at a stage and by a survey.
fn lets<'p>(
    proposal: &Proposal,
    stage: Stage,
    survey: &Survey,
    judgement: &Judgement,
    known: &Unattended<'p>,
) -> Result<&'p Rule, NotByPolicy> {
    let policy = known.policy;
    let local = LocalTime::of(known.now.wall, known.offset_minutes);
    if policy.rules.is_empty() {
        return Err(NotByPolicy::NoPolicy);
    }
    if policy.is_frozen(local) {
        return Err(NotByPolicy::Frozen);
    }
    if !proposal.by_itself {
        return Err(NotByPolicy::AskedFor);
    }
    let (purpose, kind) = typed_step(proposal, known)?;
    let act = proposal.act_with(survey);
    let rule = rule_for(policy, purpose, kind, local, proposal.environment)?;
    within(rule, &act, kind)?;
    if let Some(what) = proof::unknown_size(kind, survey) {
        return Err(NotByPolicy::UnknownSize(what));
    }
    hindrances(proposal, stage, survey, &act, known)?;
    if proof::lacks_harm(kind, purpose.requires()) {
        return Err(NotByPolicy::NoHarm);
    }
    in_time(proposal, known)?;
    match judgement.verdict {
        Verdict::Deny => Err(NotByPolicy::Denied(judgement.reason.clone())),
        Verdict::Allow | Verdict::NeedsApproval if judgement.class != act.class => Err(NotByPolicy::NotTyped),
        Verdict::Allow | Verdict::NeedsApproval => Ok(rule),
    }
}

/// It is a step of one of our procedures, and its statement is what its kind gives.
fn typed_step<'p>(proposal: &'p Proposal, known: &Unattended<'_>) -> Result<(&'p Purpose, &'p FixKind), NotByPolicy> {
    let purpose = proposal.purpose.as_deref().ok_or(NotByPolicy::NotOurs)?;
    let Origin::Procedure(id) = &proposal.origin else { return Err(NotByPolicy::NotOurs) };
    let ours = *id == purpose.plan.procedure && known.procedures.iter().any(|procedure| procedure.id == id);
    if !ours || !purpose.plan.blocked.is_empty() {
        return Err(NotByPolicy::NotOurs);
    }
    let kind = proposal.draft.kind.as_ref().ok_or(NotByPolicy::NotTyped)?;
    // What it requires and how it is verified is said of a step of this kind, not of another.
    let planned = purpose.this_step().and_then(|step| step.draft.kind.as_ref()).map(FixKind::word);
    if planned != Some(kind.word()) {
        return Err(NotByPolicy::NotTyped);
    }
    let same = known.dialect.render(kind).is_ok_and(|statement| statement == proposal.draft.statement);
    if same && kind.class() == proposal.draft.class { Ok((purpose, kind)) } else { Err(NotByPolicy::NotTyped) }
}

/// The first rule that lets it run; else what stood in the way of the first one that names it.
fn rule_for<'p>(
    policy: &'p Policy,
    purpose: &Purpose,
    kind: &FixKind,
    local: LocalTime,
    environment: Environment,
) -> Result<&'p Rule, NotByPolicy> {
    // What a plan says of itself counts only where it says more than the kind.
    let rung = purpose.rung().max(kind.rung());
    let mut first = None;
    for rule in &policy.rules {
        let named = match &rule.what {
            What::Procedure(id) => *id == purpose.plan.procedure,
            What::Kind(word) => word == kind.word(),
        };
        // Nothing that takes data or objects away runs unattended, whatever a file says.
        let most = rule.rung.min(Rung::Additive);
        let harmless = matches!(environment, Environment::Development | Environment::Staging);
        let obstacle = if !named {
            continue;
        } else if rung > most {
            NotByPolicy::TooHigh(rung, most)
        } else if !harmless && rule.window.is_none() {
            NotByPolicy::NoWindow
        } else if !rule.is_open(local) {
            NotByPolicy::WrongTime(rule.window.map_or_else(String::new, Window::words))
        } else {
            return Ok(rule);
        };
        first = first.or(Some(obstacle));
    }
    let what = || format!("procedure {} or kind {}", purpose.plan.procedure, kind.word());
    Err(first.unwrap_or_else(|| NotByPolicy::NotNamed(what())))
}

/// It touches no more than the rule lets.
fn within(rule: &Rule, act: &Act, kind: &FixKind) -> Result<(), NotByPolicy> {
    let sessions = match kind {
        FixKind::CancelStatements(sessions) | FixKind::EndSessions(sessions) => sessions.len(),
        _ => 0,
    };
    let sessions = u64::try_from(sessions).unwrap_or(u64::MAX);
    if sessions > rule.most_sessions {
        return Err(NotByPolicy::TooMuch(format!("{sessions} sessions"), rule.most_sessions));
    }
    let keys = if let FixKind::UnlinkKeys(keys) = kind { keys.len() } else { 0 };
    let rows = u64::try_from(keys).unwrap_or(u64::MAX).max(act.most_rows.unwrap_or(0));
    if act.class == Class::Dml && act.most_rows.is_none() && keys == 0 {
        return Err(NotByPolicy::UnknownSize("how many rows it changes"));
    }
    if rows > rule.most_rows {
        return Err(NotByPolicy::TooMuch(format!("{rows} rows or keys"), rule.most_rows));
    }
    if act.gravity == Gravity::High { Err(NotByPolicy::Grave) } else { Ok(()) }
}

/// Everything else that makes it a person's.
fn hindrances(
    proposal: &Proposal,
    stage: Stage,
    survey: &Survey,
    act: &Act,
    known: &Unattended<'_>,
) -> Result<(), NotByPolicy> {
    let policy = known.policy;
    if proposal.stage != stage {
        return Err(NotByPolicy::Hindered(format!("it is {}", proposal.stage.words())));
    }
    if let Some(obstacle) = proposal.obstacle() {
        return Err(NotByPolicy::Hindered(obstacle));
    }
    match &survey.rights {
        Rights::Held => {}
        Rights::Missing(grants) => {
            let words = format!("the fix login may not do this; grant it first: {}", grants.join("; "));
            return Err(NotByPolicy::Hindered(words));
        }
        Rights::Unknown(why) => {
            let words = format!("nobody knows whether the fix login may do it: {why}");
            return Err(NotByPolicy::Hindered(words));
        }
    }
    if act.sequel.as_ref().is_none_or(|sequel| sequel.requires.is_empty() || sequel.verification.is_empty()) {
        return Err(NotByPolicy::Unverified);
    }
    if proposal.approvers != 1 {
        return Err(NotByPolicy::TwoApprovers);
    }
    if known.confidence < policy.confidence {
        return Err(NotByPolicy::Unsure(known.confidence, policy.confidence));
    }
    if known.attempts >= policy.attempts {
        return Err(NotByPolicy::TriedEnough(known.attempts));
    }
    Ok(())
}

/// What was found is fresh, and the incident is on record, open and young.
fn in_time(proposal: &Proposal, known: &Unattended<'_>) -> Result<(), NotByPolicy> {
    let now = known.now.wall;
    if proposal.at > now {
        return Err(NotByPolicy::Future("the time at which it was proposed"));
    }
    if now.since(proposal.at) > TICKET_MS {
        return Err(NotByPolicy::OldEvidence);
    }
    match known.began {
        None => Err(NotByPolicy::NoIncident),
        Some(began) if began > now => Err(NotByPolicy::Future("the beginning of the incident")),
        Some(began) if now.since(began) > known.policy.recovery_ms => {
            Err(NotByPolicy::TooLate(known.policy.recovery_ms / 60_000))
        }
        Some(_) => Ok(()),
    }
}
