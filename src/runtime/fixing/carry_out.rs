//! From a person's consent to the end of an act.

use super::super::clock;
use super::super::hooks::Occasion;
use super::afterwards::Deed;
use super::witness::Keeper;
use super::{Told, Ways, Workshop, checks};
use crate::app::approvals::words::no_fix_login;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::by_policy::required;
use crate::domain::guard::ticket::{Approved, Consent, Refusal, Ticket, grant};
use crate::domain::guard::{self, Catalog, Judgement};
use crate::domain::incident::Echo;
use crate::domain::incident::guide::Turn;
use crate::domain::procedure::Findings;
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::survey::{Rights, Survey};
use crate::domain::proposal::{Proposal, Who};
use crate::engine::{ActError, Acted, Session};
use crate::store::{StoreError, claim};
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Time to connect and look anew, at most.
const LOOK: Duration = Duration::from_secs(30);

/// What gives the ticket.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'a> {
    /// A person consented.
    Consent(&'a Consent),
    /// The target's policy may let it run.
    Policy,
}

/// An approval that led to nothing: the proposal stands where `proposal` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// Why, for the person.
    pub words: String,
    /// The record as it is now, where there is one.
    pub proposal: Option<Box<Proposal>>,
}

impl Refused {
    fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), proposal: None }
    }
    /// Without a record.
    pub(super) fn words(words: String) -> Self {
        Self::new(words)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::new(format!("nothing was sent, because nothing can be written down: {error}"))
    }
}

impl Workshop {
    /// Carries out a proposal to which a person has consented, or says why not. When this returns, the record is on
    /// disk; the act is done, undone, not run, or in need of a person.
    pub async fn carry_out(
        &self,
        ways: &Ways,
        id: u64,
        consent: &Consent,
        stop: &CancellationToken,
        told: Told<'_>,
    ) -> Result<Proposal, Refused> {
        self.carry_out_given(ways, id, Given::Consent(consent), stop, told).await
    }

    /// The one road, whatever gives the ticket.
    pub(super) async fn carry_out_given(
        &self,
        ways: &Ways,
        id: u64,
        given: Given<'_>,
        stop: &CancellationToken,
        told: Told<'_>,
    ) -> Result<Proposal, Refused> {
        let (folder, number) = (self.folder.clone(), id);
        let claimed = tokio::task::spawn_blocking(move || claim(&folder, number)).await;
        let claimed = claimed.unwrap_or_else(|_| Ok(None))?;
        let Some(_claim) = claimed else {
            return Err(Refused::new(format!("#{id} is being carried out by another process")));
        };
        let proposal = self.store.proposal(id).await?;
        let mut proposal = proposal.ok_or_else(|| Refused::new(format!("there is no proposal #{id}")))?;
        if !proposal.stage.is_open() {
            return Err(Refused::new(format!("#{id} is {}: nothing to approve", proposal.stage.words())));
        }
        let (ticket, words) = match self.ticket(ways, &proposal, given).await {
            Ok(granted) => granted,
            Err(words) => return Err(self.refuse(proposal, words).await),
        };
        if proposal.approvers > 1 && proposal.stage == Stage::Waiting {
            self.step(&mut proposal, Stage::Seconding, "the first of two approvals", true, told).await?;
            self.audit("approved", &proposal, "the first of two approvals").await?;
            return Ok(proposal);
        }
        let by_person = matches!(given, Given::Consent(_));
        self.step(&mut proposal, Stage::Approved, &words, by_person, told).await?;
        self.guide(&proposal, Turn::Approved).await;
        // From here on every way out leaves a stage that says what happened.
        let outcome = match self.audit("approved", &proposal, &words).await {
            Ok(()) => match self.hooks.run(Occasion::BeforeFix, &proposal).await {
                Ok(()) => self.under_fix_login(ways, &mut proposal, ticket, stop, told).await,
                Err(words) => Err(format!("not sent: {words}")),
            },
            Err(refused) => Err(refused.words),
        };
        match outcome {
            Ok(()) => {
                if let Err(words) = self.hooks.run(Occasion::AfterFix, &proposal).await {
                    // The act is over, whatever a program thinks of it.
                    self.audit("hook", &proposal, &words).await?;
                }
                Ok(proposal)
            }
            Err(words) => {
                self.step(&mut proposal, Stage::Waiting, &words, false, told).await?;
                self.guide(&proposal, Turn::Waits).await;
                Err(self.refuse(proposal, words).await)
            }
        }
    }

    /// What can be decided without the fix login.
    async fn ticket(&self, ways: &Ways, proposal: &Proposal, given: Given<'_>) -> Result<(Ticket, String), String> {
        if ways.target != proposal.target {
            return Err(format!("#{} is for {}", proposal.id, proposal.target));
        }
        if let Some(obstacle) = ways.closed.clone().or_else(|| proposal.obstacle()) {
            return Err(obstacle);
        }
        if ways.fix.is_none() {
            return Err(no_fix_login(&ways.target));
        }
        if proposal.stage == Stage::Seconding {
            let first = proposal.happenings.iter().rev().find(|h| h.stage == Stage::Seconding);
            let first = first.and_then(|h| h.who.as_ref()).map(Who::person);
            if first.is_none_or(|first| first == self.who.person()) {
                return Err(format!("the second approval is another person's: {} gave the first", self.who.person()));
            }
        }
        let judgement = self.judge(ways, proposal).await?;
        let nonce = nonce().map_err(|error| format!("no random number could be had: {error}"))?;
        let (ticket, lead) = match given {
            Given::Consent(consent) => {
                let granted = grant(&proposal.act(), &judgement, consent, nonce);
                (granted.map_err(|refusal| refusal.to_string())?, String::new())
            }
            Given::Policy => {
                let (ticket, rule) = self.policy_ticket(ways, proposal, &judgement, nonce).await?;
                (ticket, format!("{rule}, "))
            }
        };
        if let Some(changed) = changed_since(ways, proposal) {
            return Err(format!("#{} was filed {changed}: propose it anew", proposal.id));
        }
        let words = format!("{lead}digest {}", ticket.digest().short());
        Ok((ticket, words))
    }

    /// The guard's word on the bytes, with the catalogue as the reading login sees it now.
    pub(super) async fn judge(&self, ways: &Ways, proposal: &Proposal) -> Result<Judgement, String> {
        let mut catalog = Catalog::default();
        if proposal.draft.kind.is_none() {
            let work = async {
                let mut session = (ways.read)("approval".to_owned(), proposal.draft.database.clone())
                    .await
                    .map_err(SessionError::from)?;
                let found = (ways.spec.schema)(&mut *session).await;
                session.close().await;
                found
            };
            let found = timeout(LOOK, work).await.unwrap_or(Err(SessionError::Deadline(clock::millis(LOOK))));
            catalog = found.map_err(|error| format!("the server could not be looked at: {error}"))?.1;
            catalog.declare_safe(&ways.safe_functions);
        }
        Ok(guard::judge(ways.spec.dialect, &catalog, &proposal.draft))
    }

    /// Connects with the fix login, looks anew, and does it. An error is words, and means that nothing was sent.
    async fn under_fix_login(
        &self,
        ways: &Ways,
        proposal: &mut Proposal,
        ticket: Ticket,
        stop: &CancellationToken,
        told: Told<'_>,
    ) -> Result<(), String> {
        let judgement = self.judge(ways, proposal).await?;
        let mut session = self.fix_session(ways, proposal).await?;
        match self.in_session(ways, &mut *session, proposal, (ticket, &judgement), stop, told).await {
            Ok(Some(deed)) => {
                self.afterwards(ways, session, proposal, deed).await;
                Ok(())
            }
            ended => {
                let _ = timeout(Duration::from_secs(1), session.close()).await;
                ended.map(drop)
            }
        }
    }

    /// What was done is to be looked after when it was a step of a plan.
    async fn in_session<'d>(
        &self,
        ways: &Ways,
        session: &mut dyn Session,
        proposal: &mut Proposal,
        (ticket, judgement): (Ticket, &Judgement),
        stop: &'d CancellationToken,
        told: Told<'d>,
    ) -> Result<Option<Deed<'d>>, String> {
        proposal.server_version = session.identity().version_number;
        let draft = proposal.draft.clone();
        let looked = timeout(LOOK, (ways.spec.fixing.survey)(session, &draft, None)).await;
        let fresh = looked
            .unwrap_or(Err(SessionError::Deadline(clock::millis(LOOK))))
            .map_err(|error| format!("not sent: the last look before it said: {error}"))?;
        let fresh = proposal.surveyed_anew(fresh);
        let digest = ticket.digest();
        let before = self.met(ways, session, proposal, ticket.is_by_policy()).await?;
        let stay = self.may_undo(ways, session, proposal).await.map_err(|words| format!("not sent: {words}"))?;
        let approved = match self.redeem(ways, proposal, &fresh, ticket, judgement).await {
            Ok(approved) => approved,
            Err(words) => {
                // What was found is what the person shall look at next.
                proposal.survey = fresh;
                return Err(words);
            }
        };
        proposal.survey = fresh.clone();
        self.audit("intent", proposal, "about to be sent").await.map_err(|refused| refused.words)?;
        let failed = |refused: Refused| refused.words;
        self.step(proposal, Stage::Intended, "the audit log holds the intent", false, told).await.map_err(failed)?;
        if stop.is_cancelled() {
            return Err("not sent: stopped".to_owned());
        }
        self.step(proposal, Stage::Running, "sent", false, told).await.map_err(failed)?;
        self.guide(proposal, Turn::Runs).await;
        self.expect_echoes(ways, proposal).await;
        let mut keeper = Keeper { store: &self.store, proposal, told, keeps_inverse: true };
        let ended = session.act(approved, &fresh, &mut keeper, stop).await;
        let (stage, mut words) = end_of(&ended);
        if stage == Stage::Done {
            proposal.left = self.read_left(ways, session, proposal).await;
            words.extend(stay.map(|stay| format!("; {stay}")));
        }
        let is_step = proposal.purpose.as_ref().is_some_and(|purpose| purpose.verification().is_some());
        let looks_after = stage == Stage::Done && is_step;
        self.finish(proposal, if looks_after { Stage::Verifying } else { stage }, &words, told).await;
        if !looks_after {
            self.desk.lock().unwrap_or_else(PoisonError::into_inner).settle(digest);
            self.guide(proposal, Turn::Failed(words)).await;
        }
        Ok(looks_after.then_some(Deed { digest, survey: fresh, before, stop, told }))
    }

    /// The sessions that it ends will stand in the server's log.
    async fn expect_echoes(&self, ways: &Ways, proposal: &Proposal) {
        let Some(kind) = &proposal.draft.kind else { return };
        let codes: Vec<String> = ways.spec.dialect.told_of(kind).iter().map(|code| (*code).to_owned()).collect();
        let sessions = if codes.is_empty() { 0 } else { kind.sessions().len() };
        let echo = Echo { at: clock::now(), codes };
        // Should it fail, there is a line too many in the list of incidents.
        if sessions > 0
            && let Err(error) = self.store.expect_in_log(&ways.target, vec![echo; sessions]).await
        {
            tracing::warn!(%error, "what the log will tell");
        }
    }

    /// Everything holds that a step of a plan requires, now and here, of a policy perhaps more; what the fix login
    /// cannot see the reader is asked. Gives what is wrong with the server before the act.
    async fn met(
        &self,
        ways: &Ways,
        session: &mut dyn Session,
        proposal: &Proposal,
        by_policy: bool,
    ) -> Result<Option<Findings>, String> {
        let Some(purpose) = &proposal.purpose else { return Ok(None) };
        let strict = by_policy.then(|| required(&ways.unattended, purpose.requires()));
        let requires = strict.as_deref().unwrap_or(purpose.requires());
        let target = &ways.target;
        let not_looked = |error: SessionError| format!("not sent: the last look before it said: {error}");
        let before = checks::Asker::new(ways.spec, target).findings(session, &[purpose.cause()]).await;
        // Last, so that nothing comes between the answers and the act.
        let mut unmet = checks::unmet(ways.spec, target, session, requires).await;
        if matches!(&unmet, Ok(Some(unmet)) if !unmet.known) {
            let opening = (ways.read)("verification".to_owned(), proposal.draft.database.clone());
            if let Ok(Ok(mut reader)) = timeout(LOOK, opening).await {
                unmet = checks::unmet(ways.spec, target, &mut *reader, requires).await;
                let _ = timeout(Duration::from_secs(1), reader.close()).await;
            }
        }
        match unmet.map_err(not_looked)? {
            Some(unmet) => Err(format!("not sent: {}", unmet.words())),
            None => Ok(before),
        }
    }

    async fn redeem(
        &self,
        ways: &Ways,
        proposal: &Proposal,
        fresh: &Survey,
        ticket: Ticket,
        judgement: &Judgement,
    ) -> Result<Approved, String> {
        if let Rights::Missing(grants) = &fresh.rights {
            return Err(format!("not sent: the fix login may not do this; grant it first: {}", grants.join("; ")));
        }
        if let (Some(most), Some(changed)) = (proposal.most_rows, fresh.blast.exact_rows)
            && changed > most
        {
            let words = format!("not sent: {changed} rows would change now, and at most {most} were approved");
            return Err(words);
        }
        if let Some(changed) = changed_since(ways, proposal) {
            return Err(format!("not sent: #{} was filed {changed}: propose it anew", proposal.id));
        }
        if ticket.is_by_policy() {
            return self.redeem_of_policy(ways, proposal, fresh, ticket, judgement).await;
        }
        let act = proposal.act_with(fresh);
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.redeem(ticket, act, judgement, clock::moment()).map_err(|refusal: Refusal| refusal.to_string())
    }

    /// The end of an act. The record and the audit log have it, or the person is told that they have not.
    pub(super) async fn finish(&self, proposal: &mut Proposal, stage: Stage, words: &str, told: Told<'_>) {
        let mut words = words.to_owned();
        let ended = if stage == Stage::Verifying { Stage::Done } else { stage };
        if let Err(error) =
            self.journal.write("outcome", proposal, &self.who, &format!("{}: {words}", ended.words())).await
        {
            words.push_str(&format!("; the audit log could not take this: {error}"));
        }
        if let Err(refused) = self.step(proposal, stage, &words, false, told).await {
            // The file cannot be written: what is on the screen is all there is.
            let _ = proposal.move_to(stage, clock::now(), &format!("{words}; {}", refused.words), None);
            told(proposal);
        }
    }

    /// Moves the record on, on disk, and tells.
    pub(super) async fn step(
        &self,
        proposal: &mut Proposal,
        stage: Stage,
        words: &str,
        by_person: bool,
        told: Told<'_>,
    ) -> Result<(), Refused> {
        let from = proposal.stage;
        let mut moved = proposal.clone();
        moved.move_to(stage, clock::now(), words, by_person.then(|| self.who.clone())).map_err(Refused::new)?;
        if !self.store.replace_proposal(from, moved.clone()).await? {
            return Err(Refused::new(format!("#{} was changed by another process: look at it again", proposal.id)));
        }
        *proposal = moved;
        told(proposal);
        Ok(())
    }

    async fn audit(&self, kind: &'static str, proposal: &Proposal, words: &str) -> Result<(), Refused> {
        self.journal.write(kind, proposal, &self.who, words).await.map_err(|error| {
            Refused::new(format!("nothing was sent, because the audit log could not take it: {error}"))
        })
    }

    pub(super) async fn refuse(&self, proposal: Proposal, words: String) -> Refused {
        let words = match self.journal.write("refused", &proposal, &self.who, &words).await {
            Ok(()) => words,
            Err(error) => format!("{words} (and the audit log could not take it: {error})"),
        };
        Refused { words, proposal: Some(Box::new(proposal)) }
    }
}

/// Where an act ended, and the words for it.
fn end_of(ended: &Result<Acted, ActError>) -> (Stage, String) {
    match ended {
        Ok(acted) => {
            let mut words = match acted.rows {
                Some(1) => format!("1 row changed in {} ms", acted.took_ms),
                Some(rows) => format!("{rows} rows changed in {} ms", acted.took_ms),
                None => format!("done in {} ms", acted.took_ms),
            };
            if let Some(answer) = &acted.answer {
                words.push_str(&format!("; the server answered {answer}"));
            }
            for notice in &acted.notices {
                words.push_str(&format!("; {notice}"));
            }
            (Stage::Done, words)
        }
        Err(error @ (ActError::NotDone(_) | ActError::NoWitness(_))) => (Stage::NotRun, error.to_string()),
        Err(error @ ActError::RolledBack(_)) => (Stage::Undone, error.to_string()),
        Err(error @ (ActError::Wreck { .. } | ActError::Unclear(_))) => (Stage::NeedsPerson, error.to_string()),
    }
}

fn nonce() -> Result<[u8; 32], getrandom::Error> {
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce)?;
    Ok(nonce)
}

/// What the configuration of today says otherwise than that of the day on which a proposal was filed, in words: today's
/// decides, and what a person reads in the box is the record.
fn changed_since(ways: &Ways, proposal: &Proposal) -> Option<String> {
    if ways.login.as_deref().is_some_and(|login| login != proposal.login) {
        return Some("for another fix login".to_owned());
    }
    if ways.environment != proposal.environment {
        let (then, now) = (proposal.environment.word(), ways.environment.word());
        return Some(format!("when {} was {then}, and it is {now} now", proposal.target));
    }
    (ways.approvers > proposal.approvers).then(|| "when fewer persons had to approve".to_owned())
}
