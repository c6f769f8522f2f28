//! What an act left is read when it has run, and again before anything takes it back: what somebody else changed in
//! between is theirs, and is neither overwritten by a rollback nor by an undo.

use super::checks::Asker;
use super::{Ways, Workshop};
use crate::domain::error_event::SessionError;
use crate::domain::guard::{self, Author, Catalog, Class};
use crate::domain::procedure::Check;
use crate::domain::proposal::advice::{Advice, Weight};
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::left::{Left, Now, State, left_by, nothing_left, passed_over, refusal};
use crate::domain::proposal::survey::Inverse;
use crate::domain::proposal::{Draft, Origin, Proposal};
use crate::domain::rows::{Limits, Value};
use crate::engine::{Collector, Session};
use crate::runtime::clock;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// Time to read what an act left, in all.
const READ: Duration = Duration::from_secs(20);
/// A server that takes a setting over a moment after it was told has this long.
const SETTLES: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(50);
/// Other proposals that are looked through for the steps of an undo.
const STEPS: usize = 1_000;
/// Keys of passed over rows that are read, and the time for it, milliseconds.
const KEYS: usize = 1_000;
const KEYS_MS: u64 = 10_000;

/// Why a statement that takes an act back is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    /// What it would restore stands there already.
    Restored(String),
    /// Somebody changed it since, or nobody knows.
    Theirs(String),
}

impl Kept {
    /// In words.
    pub(super) fn words(self) -> String {
        match self {
            Self::Restored(words) | Self::Theirs(words) => words,
        }
    }
}

/// What is known of what an act left.
enum Known<'a> {
    /// The statement says itself which rows it leaves alone.
    BySelf,
    /// The state.
    State(&'a State),
    /// Nobody read it, and why.
    Unread(String),
}

impl Workshop {
    /// Reads what an act left where its inverse would write, and, of a step of an undo, where the steps after it would.
    pub(super) async fn read_left(&self, ways: &Ways, session: &mut dyn Session, proposal: &Proposal) -> Vec<Left> {
        let mut statements = match &proposal.survey.inverse {
            // Their own condition says what the rows have to hold.
            Inverse::Statements(statements) if proposal.passed_over.is_empty() => statements.clone(),
            _ => Vec::new(),
        };
        if let Origin::Undo(act) = proposal.origin
            && let Ok(Some(act)) = self.store.proposal(act).await
            && let Inverse::Statements(all) = act.survey.inverse
        {
            statements.extend(all.into_iter().skip_while(|s| *s != proposal.draft.statement).skip(1));
        }
        let until = Instant::now() + READ;
        let mut all = Vec::with_capacity(statements.len());
        for statement in statements {
            let read = timeout_at(until, settled(ways, session, proposal, &statement)).await;
            let state = read.unwrap_or(Err(SessionError::Deadline(clock::millis(READ))));
            all.push(Left { statement, state: state.map_err(|error| error.to_string()) });
        }
        all
    }

    /// Whether a proposal that undoes an act would overwrite what somebody else changed, by its survey alone. Where
    /// nobody knows, the proposal says so to whoever is to approve it.
    pub(super) async fn look_at_undo(&self, proposal: &mut Proposal) -> Result<(), String> {
        let Some((act, steps)) = self.undone_by(proposal).await else { return Ok(()) };
        let statement = proposal.draft.statement.as_str();
        match known(&act, &steps, statement) {
            Known::BySelf => Ok(()),
            Known::State(left) => match left.against(&State::of(&proposal.survey, Vec::new()), statement) {
                Now::Changed(words) => Err(refusal(&words, statement)),
                Now::Restored => Err(nothing_left(statement)),
                // The reading login may see less than the one that looked: it is looked at again before it is sent.
                Now::Ours | Now::Unseen => Ok(()),
            },
            Known::Unread(why) => {
                proposal.advice.insert(
                    0,
                    Advice {
                        rule: "unread-after-the-act".to_owned(),
                        weight: Weight::Danger,
                        text: format!(
                            "whether somebody changed it after #{} is not known ({why}): this may overwrite what is theirs",
                            act.id
                        ),
                        instead: Some("compare what stands there now with what the act set".to_owned()),
                    },
                );
                Ok(())
            }
        }
    }

    /// The same right before an undo is sent, under the login that sends it. The words say which rows stay.
    pub(super) async fn may_undo(
        &self,
        ways: &Ways,
        session: &mut dyn Session,
        proposal: &Proposal,
    ) -> Result<Option<String>, String> {
        let Some((act, steps)) = self.undone_by(proposal).await else { return Ok(None) };
        let statement = proposal.draft.statement.as_str();
        match known(&act, &steps, statement) {
            Known::BySelf => {
                // Each statement has its read; those before it have brought their rows back by now.
                let place = match &act.survey.inverse {
                    Inverse::Statements(all) => all.iter().position(|s| s == statement),
                    _ => None,
                };
                let reads = place.and_then(|place| act.passed_over.get(place..=place)).unwrap_or_default();
                Ok(stay(ways, session, reads).await)
            }
            Known::State(left) => {
                self.stands(ways, session, &act, (left, statement)).await.map(|()| None).map_err(Kept::words)
            }
            // The person who approved it was told.
            Known::Unread(why) => match in_force(ways, session, &act).await {
                Some(false) => Err(format!(
                    "what stands there now is not what #{} set, and {why}: look at it, and propose by hand what is right",
                    act.id
                )),
                Some(true) | None => Ok(None),
            },
        }
    }

    /// The same before an act is taken back by itself: every statement whose state is known. The words say which rows
    /// stay.
    pub(super) async fn may_take_back(
        &self,
        ways: &Ways,
        session: &mut dyn Session,
        act: &Proposal,
    ) -> Result<Option<String>, Kept> {
        let Inverse::Statements(statements) = &act.survey.inverse else { return Ok(None) };
        let mut restored = None;
        for (place, statement) in statements.iter().enumerate() {
            match known(act, &[], statement) {
                Known::BySelf => return Ok(stay(ways, session, &act.passed_over).await),
                Known::State(left) => match self.stands(ways, session, act, (left, statement)).await {
                    Ok(()) => {}
                    Err(Kept::Restored(words)) => restored = Some(words),
                    Err(theirs) => return Err(theirs),
                },
                // What an earlier statement makes could not be read before it was made.
                Known::Unread(_) if place > 0 => {}
                Known::Unread(why) if in_force(ways, session, act).await != Some(true) => {
                    return Err(Kept::Theirs(format!("whether somebody changed it since is not known: {why}")));
                }
                Known::Unread(_) => {}
            }
        }
        match restored.filter(|_| statements.len() == 1) {
            Some(words) => Err(Kept::Restored(words)),
            None => Ok(None),
        }
    }

    /// What the act left still stands.
    async fn stands(
        &self,
        ways: &Ways,
        session: &mut dyn Session,
        act: &Proposal,
        (left, statement): (&State, &str),
    ) -> Result<(), Kept> {
        let read = timeout(READ, state(ways, session, act, statement)).await;
        let now = read.unwrap_or(Err(SessionError::Deadline(clock::millis(READ))));
        let now = now.map_err(|error| Kept::Theirs(format!("what stands there now could not be read: {error}")))?;
        match left.against(&now, statement) {
            Now::Ours => Ok(()),
            Now::Restored => Err(Kept::Restored(nothing_left(statement))),
            Now::Changed(words) => Err(Kept::Theirs(refusal(&words, statement))),
            Now::Unseen => {
                Err(Kept::Theirs(refusal("it is in a state that cannot be held against what the act left", statement)))
            }
        }
    }

    /// The act that a proposal undoes, and the steps of that undo.
    async fn undone_by(&self, proposal: &Proposal) -> Option<(Proposal, Vec<Proposal>)> {
        let Origin::Undo(id) = proposal.origin else { return None };
        let act = self.store.proposal(id).await.ok().flatten()?;
        let steps = self.store.proposals(STEPS).await.unwrap_or_default();
        Some((act, steps))
    }
}

fn known<'a>(act: &'a Proposal, steps: &'a [Proposal], statement: &str) -> Known<'a> {
    if !act.passed_over.is_empty() {
        return Known::BySelf;
    }
    match left_by(act, steps, statement) {
        Some(Left { state: Ok(state), .. }) => Known::State(state),
        Some(Left { state: Err(why), .. }) => Known::Unread(format!("what it left could not be read: {why}")),
        None => Known::Unread("this program ended before it read what the act left".to_owned()),
    }
}

/// The state that a statement would overwrite.
async fn state(ways: &Ways, session: &mut dyn Session, act: &Proposal, statement: &str) -> Result<State, SessionError> {
    let database = act.draft.database.clone();
    let draft = Draft { statement: statement.to_owned(), class: Class::Dml, kind: None, database };
    let survey = (ways.spec.fixing.survey)(session, &draft, None).await?;
    let wholes = (ways.spec.fixing.wholes)(session, &draft).await?;
    Ok(State::of(&survey, wholes))
}

/// The same right after the act: a server may show the old value for a moment more.
async fn settled(
    ways: &Ways,
    session: &mut dyn Session,
    act: &Proposal,
    statement: &str,
) -> Result<State, SessionError> {
    let until = Instant::now() + SETTLES;
    loop {
        let state = state(ways, session, act, statement).await?;
        let looks_old = state.back.as_deref().is_some_and(|back| back == [statement]);
        if !looks_old || Instant::now() >= until {
            return Ok(state);
        }
        sleep(PAUSE).await;
    }
}

/// What the act's own kind says that it set is set; none when it says nothing.
async fn in_force(ways: &Ways, session: &mut dyn Session, act: &Proposal) -> Option<bool> {
    let kind = act.draft.kind.as_ref()?;
    let check = match kind {
        FixKind::ChangeSetting { name, value } => Check::SettingIs { name: name.clone(), value: value.clone() },
        FixKind::SetForRole { .. } | FixKind::LimitConnections(..) | FixKind::SetTableOption { .. } => {
            Check::InForce(Box::new(kind.clone()))
        }
        FixKind::CreateIndex { table, name, .. } => Check::IndexUsable(table.clone(), name.clone()),
        _ => return None,
    };
    let held = Asker::new(ways.spec, &ways.target).answer(session, &check).await.ok()?.held;
    // What a build that died has left of an index is not usable, and nobody else's for that.
    held.filter(|held| *held || !matches!(kind, FixKind::CreateIndex { .. }))
}

/// The rows that an inverse passes over, in words. What cannot be read is said by the number of changed rows alone.
async fn stay(ways: &Ways, session: &mut dyn Session, reads: &[String]) -> Option<String> {
    let limits = Limits { rows: KEYS, timeout_ms: KEYS_MS, ..Limits::default() };
    let (mut keys, mut more): (Vec<String>, bool) = (Vec::new(), false);
    for text in reads {
        let allowed = guard::allow(ways.spec.dialect, Author::Person, &Catalog::default(), text).ok()?;
        let mut sink = Collector::new(limits);
        session.read(allowed, &limits, &CancellationToken::new(), &mut sink).await.ok()?;
        let rows = sink.into_rows();
        more |= rows.truncated.is_some();
        let key = |row: &Vec<Value>| row.iter().map(|v| v.plain().unwrap_or_else(|| "NULL".into())).collect::<Vec<_>>();
        keys.extend(rows.rows.iter().map(|row| key(row).join(", ")));
    }
    // As people count: 9 before 10.
    keys.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    passed_over(&keys, more)
}
