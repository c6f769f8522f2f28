//! Incidents and patterns: what errors have become of, who did what with it, and how many came in each hour.
//!
//! ```text
//! report   one transaction: read what the errors may meet, let the book change it, write what changed
//! rows     an incident and its columns             patterns   patterns, and errors of each hour
//! list     what screens and commands ask for       forget     what goes with time
//! ```
//!
//! The rules are the domain's ([`Book`](crate::domain::incident::book::Book)); each change is one immediate
//! transaction, so several processes at one store agree. It is on disk when it is answered.

mod forget;
mod list;
mod patterns;
mod report;
mod rows;

use super::error::StoreError;
use super::worker::{Command, Reply};
use super::{Retention, Store};
use crate::domain::error::event::ErrorEvent;
use crate::domain::incident::book::Change;
use crate::domain::incident::figures::Figures;
use crate::domain::incident::limits::Terms;
use crate::domain::incident::{Act, Echo, Ended, Filter, Incident, Pattern};
use crate::domain::target::{TargetId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

/// Up to where a log was read, in the words of whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlace {
    /// Whose log.
    pub target: TargetId,
    /// Which log: a pattern of files, a command, the server itself.
    pub log: String,
    /// The place.
    pub place: String,
}

/// What the store can be asked about incidents.
pub(super) enum Asked {
    Report(Vec<ErrorEvent>, Vec<LogPlace>, Terms, Timestamp, Reply<Vec<Change>>),
    Expect(TargetId, Vec<Echo>, Reply<()>),
    Place(TargetId, String, Reply<Option<String>>),
    End(Vec<Ended>, Reply<Vec<Change>>),
    Act(u64, Act, Timestamp, Option<String>, Reply<Change>),
    Settle(Terms, Timestamp, Reply<Vec<Change>>),
    List(Filter, Reply<Vec<Incident>>),
    Incident(u64, Reply<Option<Incident>>),
    Events(u64, Reply<Vec<ErrorEvent>>),
    Patterns(Timestamp, usize, Reply<Vec<Pattern>>),
    Pattern(String, Timestamp, Reply<Option<Pattern>>),
    Figures(Timestamp, Reply<Figures>),
    Changes(Reply<(i64, u64)>),
}

/// Answers what was asked. True when the store turned out to be damaged.
pub(super) fn answer(db: &mut Connection, asked: Asked) -> bool {
    fn give<T>(reply: Reply<T>, outcome: Result<T, StoreError>) -> bool {
        let damaged = matches!(outcome, Err(StoreError::Damaged { .. }));
        let _ = reply.send(outcome);
        damaged
    }
    let failed = StoreError::of("read the incidents");
    match asked {
        Asked::Report(events, places, terms, now, reply) => {
            give(reply, report::report(db, events, &places, &terms, now))
        }
        Asked::Expect(target, echoes, reply) => {
            give(reply, report::expect(db, &target, echoes).map_err(StoreError::of("keep what a log will tell")))
        }
        Asked::Place(target, log, reply) => {
            give(reply, report::place(db, &target, &log).map_err(StoreError::of("read how far a log was read")))
        }
        Asked::End(ended, reply) => give(reply, report::end(db, &ended)),
        Asked::Act(id, act, at, who, reply) => give(reply, report::act(db, id, &act, at, who.as_deref())),
        Asked::Settle(terms, now, reply) => give(reply, report::settle(db, &terms, now)),
        Asked::List(filter, reply) => give(reply, list::list(db, &filter).map_err(failed)),
        Asked::Incident(id, reply) => give(reply, rows::by_id(db, id).map_err(failed)),
        Asked::Events(id, reply) => give(reply, rows::events(db, id).map_err(failed)),
        Asked::Patterns(now, most, reply) => give(reply, patterns::list(db, now, most).map_err(failed)),
        Asked::Pattern(signature, now, reply) => give(reply, patterns::whole(db, &signature, now).map_err(failed)),
        Asked::Figures(since, reply) => give(reply, list::figures(db, since).map_err(failed)),
        Asked::Changes(reply) => give(reply, list::changes(db).map_err(failed)),
    }
}

/// Forgets what is too old; says how many rows went.
pub(super) fn forget(db: &Connection, now: Timestamp, keep: &Retention) -> rusqlite::Result<usize> {
    forget::forget(db, now, keep)
}

/// The better grouping of an incident's errors.
pub(super) fn group_of(db: &Connection, incident: u64) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT similar FROM incidents WHERE id = ?1")?
        .query_row([rows::column(incident)], |row| row.get(0))
        .optional()
}

impl Store {
    /// Takes errors that happened, of any targets, and says which incidents changed. On disk when it returns; the
    /// same errors given twice are counted twice. A hundred thousand at once are welcome.
    pub async fn report(
        &self,
        events: Vec<ErrorEvent>,
        terms: Terms,
        now: Timestamp,
    ) -> Result<Vec<Change>, StoreError> {
        self.report_from_logs(events, Vec::new(), terms, now).await
    }
    /// The same for errors that were read from logs, with the places up to which those were read: both are on disk, or
    /// neither is, so who goes on from there loses no error and repeats none.
    pub async fn report_from_logs(
        &self,
        events: Vec<ErrorEvent>,
        places: Vec<LogPlace>,
        terms: Terms,
        now: Timestamp,
    ) -> Result<Vec<Change>, StoreError> {
        self.ask(|reply| Command::Incidents(Asked::Report(events, places, terms, now, reply))).await
    }
    /// Lines that a target's log will have because of what is done from here: they are no news when they come.
    pub async fn expect_in_log(&self, target: &TargetId, echoes: Vec<Echo>) -> Result<(), StoreError> {
        let target = target.clone();
        self.ask(|reply| Command::Incidents(Asked::Expect(target, echoes, reply))).await
    }
    /// The place up to which a log of a target was read, if it ever was.
    pub async fn log_place(&self, target: &TargetId, log: &str) -> Result<Option<String>, StoreError> {
        let (target, log) = (target.clone(), log.to_owned());
        self.ask(|reply| Command::Incidents(Asked::Place(target, log, reply))).await
    }
    /// Takes conditions that are over, and says which incidents were. One that nobody knows of is no error.
    pub async fn end_conditions(&self, ended: Vec<Ended>) -> Result<Vec<Change>, StoreError> {
        self.ask(|reply| Command::Incidents(Asked::End(ended, reply))).await
    }
    /// Does one thing with an incident, as a person (`who`) or for a fix.
    ///
    /// # Errors
    /// [`StoreError::NoIncident`] when there is none of that number, [`StoreError::Refused`] when it cannot be done
    /// where it stands.
    pub async fn act_on_incident(
        &self,
        id: u64,
        act: Act,
        at: Timestamp,
        who: Option<&str>,
    ) -> Result<Change, StoreError> {
        let who = who.map(str::to_owned);
        self.ask(|reply| Command::Incidents(Asked::Act(id, act, at, who, reply))).await
    }
    /// Does what time does: quiet incidents are over, silences end, what nobody takes care of is escalated. To be
    /// called every half minute or so by one process.
    pub async fn settle_incidents(&self, terms: Terms, now: Timestamp) -> Result<Vec<Change>, StoreError> {
        self.ask(|reply| Command::Incidents(Asked::Settle(terms, now, reply))).await
    }

    /// Incidents, those that are open first, then the worst, then the newest.
    pub async fn incidents(&self, filter: Filter) -> Result<Vec<Incident>, StoreError> {
        self.ask(|reply| Command::Incidents(Asked::List(filter, reply))).await
    }
    /// An incident by its number.
    pub async fn incident(&self, id: u64) -> Result<Option<Incident>, StoreError> {
        self.ask(|reply| Command::Incidents(Asked::Incident(id, reply))).await
    }
    /// The newest errors of an incident as they came, oldest first.
    pub async fn incident_events(&self, id: u64) -> Result<Vec<ErrorEvent>, StoreError> {
        self.ask(|reply| Command::Incidents(Asked::Events(id, reply))).await
    }
    /// The patterns that were met last, newest first, at most `most`.
    pub async fn patterns(&self, now: Timestamp, most: usize) -> Result<Vec<Pattern>, StoreError> {
        self.ask(|reply| Command::Incidents(Asked::Patterns(now, most, reply))).await
    }
    /// The pattern of a signature.
    pub async fn pattern(&self, signature: &str, now: Timestamp) -> Result<Option<Pattern>, StoreError> {
        let signature = signature.to_owned();
        self.ask(|reply| Command::Incidents(Asked::Pattern(signature, now, reply))).await
    }
    /// Numbers that change with the store, whichever process writes: equal ones mean that nothing is new. Cheap enough to
    /// be asked for every few seconds; other things than incidents change them too.
    pub async fn changes(&self) -> Result<(i64, u64), StoreError> {
        self.ask(|reply| Command::Incidents(Asked::Changes(reply))).await
    }
    /// What [`crate::domain::incident::analytics`] is made of: incidents that were open at `since` or began later, and
    /// the errors of each hour from then on.
    pub async fn incident_figures(&self, since: Timestamp) -> Result<Figures, StoreError> {
        self.ask(|reply| Command::Incidents(Asked::Figures(since, reply))).await
    }
}
