//! Taking an act back by itself, under the approval that covered it: the stored inverse, a statement at a time, each
//! surveyed, judged and approved by the desk that redeemed the act; then a look whether the old state is back.

use super::afterwards::Deed;
use super::standing::Kept;
use super::witness::Keeper;
use super::{Unfit, Ways, Workshop, look};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Rollback;
use crate::domain::guard::{self, Catalog, Class};
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::survey::{Inverse, Survey};
use crate::domain::proposal::{Draft, Proposal};
use crate::engine::{ActError, Session};
use crate::runtime::clock;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Time to connect, and to look before each statement.
const LOOK: Duration = Duration::from_secs(30);

/// A rollback that did not come to its end.
pub(super) struct Failed {
    /// Where the act stands.
    pub(super) stage: Stage,
    /// Why.
    pub(super) words: String,
}

impl Failed {
    fn person(words: impl Into<String>) -> Self {
        Self { stage: Stage::NeedsPerson, words: words.into() }
    }

    /// Nothing was sent: the act stands as it is, or somebody took it back already.
    fn kept(kept: Kept) -> Self {
        let stage = if matches!(kept, Kept::Restored(_)) { Stage::Undone } else { Stage::Done };
        Self { stage, words: not_back(0, &kept.words()) }
    }
}

impl Workshop {
    /// Takes the act back and says in words how. What fails before anything was taken back, or in the middle, needs a
    /// person; where somebody else changed the same thing since, nothing is sent and the act stands.
    pub(super) async fn take_back(
        &self,
        ways: &Ways,
        session: Option<Box<dyn Session>>,
        proposal: &mut Proposal,
        deed: &Deed<'_>,
        why: &str,
    ) -> Result<String, Failed> {
        let Inverse::Statements(statements) = proposal.survey.inverse.clone() else {
            return Err(Failed::person("it is to be taken back, and no statement is known that would"));
        };
        let owed = self.desk.lock().unwrap_or_else(PoisonError::into_inner).roll_back(deed.digest, &statements);
        let mut rollback =
            owed.map_err(|refusal| Failed::person(format!("it is to be taken back, and was not: {refusal}")))?;
        let begin = format!("{why}; it is taken back as it was approved, by {}", counted(statements.len()));
        let not_written = |error: String| {
            Failed::person(format!("it is to be taken back, and was not, because nothing can be written down: {error}"))
        };
        let written = self.journal.write("rollback", proposal, &self.who, &begin).await;
        written.map_err(|error| not_written(error.to_string()))?;
        // The mark so far is the act's.
        proposal.mark = None;
        self.step(proposal, Stage::RollingBack, &begin, false, deed.told).await.map_err(|r| not_written(r.words))?;
        let mut session = match session {
            Some(session) => session,
            None => {
                let opened = self.fix_session(ways, proposal).await;
                opened.map_err(|words| Failed::person(not_back(0, &words)))?
            }
        };
        let rolled = match self.may_take_back(ways, &mut *session, proposal).await {
            Err(kept) => Err(Failed::kept(kept)),
            Ok(stay) => match self.send_back(ways, &mut *session, proposal, &mut rollback, deed).await {
                Ok(()) => {
                    let state = old_state(ways, &mut *session, proposal, &deed.survey).await;
                    let stay = stay.map(|stay| format!("; {stay}")).unwrap_or_default();
                    Ok(format!("taken back by {}{stay}; {state}", counted(statements.len())))
                }
                Err(words) => Err(Failed::person(words)),
            },
        };
        let _ = timeout(Duration::from_secs(1), session.close()).await;
        rolled
    }

    async fn send_back(
        &self,
        ways: &Ways,
        session: &mut dyn Session,
        proposal: &mut Proposal,
        rollback: &mut Rollback,
        deed: &Deed<'_>,
    ) -> Result<(), String> {
        // A login that cannot read the catalogue is no reason to leave things as they are: the statements are those
        // that the approval covers, and without a catalogue the guard is no less strict with what it does not know.
        let found = timeout(LOOK, (ways.spec.schema)(session)).await;
        let mut catalog = found.ok().and_then(Result::ok).map(|(_, catalog)| catalog).unwrap_or_default();
        catalog.declare_safe(&ways.safe_functions);
        let mut done = 0;
        while let Some(statement) = rollback.next_statement().map(str::to_owned) {
            self.send_one(ways, session, proposal, (rollback, &catalog, statement), deed)
                .await
                .map_err(|words| not_back(done, &words))?;
            done += 1;
        }
        Ok(())
    }

    async fn send_one(
        &self,
        ways: &Ways,
        session: &mut dyn Session,
        proposal: &mut Proposal,
        (rollback, catalog, statement): (&mut Rollback, &Catalog, String),
        deed: &Deed<'_>,
    ) -> Result<(), String> {
        let draft = Draft { statement, class: Class::Dml, kind: None, database: proposal.draft.database.clone() };
        let looked = timeout(LOOK, look(ways.spec, session, catalog, draft, None)).await;
        let surveyed = match looked.unwrap_or(Err(Unfit::Session(SessionError::Deadline(clock::millis(LOOK))))) {
            Ok(surveyed) => surveyed,
            Err(Unfit::Judged(judgement)) => return Err(judgement.reason),
            Err(Unfit::Unmet(unmet)) => return Err(unmet.words()),
            Err(Unfit::Session(error)) => return Err(error.to_string()),
        };
        let judgement = guard::judge(ways.spec.dialect, catalog, &surveyed.draft);
        let act = proposal.act_back(&surveyed.draft, &surveyed.survey);
        let approved = rollback.approve(act, &judgement).map_err(|refusal| refusal.to_string())?;
        let mut keeper = Keeper::of_rollback(&self.store, proposal, deed.told);
        match session.act(approved, &surveyed.survey, &mut keeper, &CancellationToken::new()).await {
            Ok(_) => Ok(()),
            Err(error @ (ActError::Unclear(_) | ActError::Wreck { .. })) => {
                Err(format!("nobody knows whether it was: {error}"))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Looks at the act again: when everything is as it was before it, the old state is back. In words.
async fn old_state(ways: &Ways, session: &mut dyn Session, proposal: &Proposal, before: &Survey) -> String {
    let looked = timeout(LOOK, (ways.spec.fixing.survey)(session, &proposal.draft, None)).await;
    let now = match looked.unwrap_or(Err(SessionError::Deadline(clock::millis(LOOK)))) {
        Ok(now) => proposal.surveyed_anew(now),
        Err(error) => return format!("whether the old state is back is not known: {error}"),
    };
    let definitions = |survey: &Survey| {
        let mut all: Vec<_> = survey.objects.iter().map(|o| (o.name.clone(), o.definition.clone())).collect();
        all.sort();
        all
    };
    let differences = [
        (definitions(&now) != definitions(before), "an object"),
        (now.preconditions != before.preconditions, "a condition"),
        (now.inverse != before.inverse, "what would undo it"),
        (now.blast.exact_rows != before.blast.exact_rows, "the number of rows"),
    ];
    let differing: Vec<&str> = differences.iter().filter(|(differs, _)| *differs).map(|(_, what)| *what).collect();
    if differing.is_empty() {
        "the old state is back: everything that was looked at before the act is as it was".to_owned()
    } else {
        format!("not everything is as it was before the act: {} differs", differing.join(", "))
    }
}

/// What a person has to know of a rollback that stopped.
fn not_back(done: usize, why: &str) -> String {
    if done == 0 {
        format!("it was to be taken back, and was not: {why}")
    } else {
        format!("it was taken back in part, by {}, and no further: {why}", counted(done))
    }
}

fn counted(statements: usize) -> String {
    if statements == 1 { "1 statement".to_owned() } else { format!("{statements} statements") }
}
