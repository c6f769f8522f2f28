//! Collections on their way into the store: the latest of each ten seconds waits in memory, then all targets are
//! written in one transaction, so a fleet costs one write to disk every ten seconds.

use super::samples::{self, slot_of};
use super::sessions;
use super::texts::Numbers;
use crate::domain::activity::SessionInfo;
use crate::domain::metric::Readings;
use crate::domain::target::{TargetId, Timestamp};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeMap;

/// What is kept of one collection of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The target.
    pub target: TargetId,
    /// Our clock when it was collected.
    pub at: Timestamp,
    /// The server's clock.
    pub server_at: Timestamp,
    /// Values as shown: levels, and counters as rates per second ([`crate::domain::metric::values`]).
    pub values: Readings,
    /// All sessions; the store keeps those that matter.
    pub sessions: Vec<SessionInfo>,
}

/// What waits, and what is known about what was written.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    waiting: BTreeMap<TargetId, Record>,
    numbers: Numbers,
    /// Target -> bucket up to which means were made by this process.
    rolled_up: BTreeMap<i64, i64>,
}

impl Recorder {
    /// Takes a record. Those of earlier slots are written, whoever's they are.
    pub(super) fn record(&mut self, db: &mut Connection, record: Record) -> rusqlite::Result<()> {
        let slot = slot_of(record.at);
        let due = self.waiting.values().any(|waiting| slot_of(waiting.at) < slot)
            || self.waiting.get(&record.target).is_some_and(|waiting| slot_of(waiting.at) != slot);
        let outcome = if due { self.flush(db) } else { Ok(()) };
        self.waiting.insert(record.target.clone(), record);
        outcome
    }

    /// Writes everything that waits, in one transaction. When that fails, it is gone: history has a gap, and memory
    /// does not grow.
    pub(super) fn flush(&mut self, db: &mut Connection) -> rusqlite::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let outcome = self.write(db, &waiting);
        if outcome.is_err() {
            self.numbers.clear();
            self.rolled_up.clear();
        }
        outcome
    }

    fn write(&mut self, db: &mut Connection, records: &BTreeMap<TargetId, Record>) -> rusqlite::Result<()> {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for record in records.values() {
            let target = self.numbers.target(&transaction, record.target.as_str())?;
            let times = (record.at, record.server_at);
            samples::write(&transaction, &mut self.numbers, target, times, &record.values)?;
            sessions::write(&transaction, &mut self.numbers, target, record.at, &record.sessions)?;
            let slot = slot_of(record.at);
            let bucket = slot.div_euclid(samples::SLOTS);
            if self.rolled_up.get(&target) != Some(&bucket) {
                samples::roll_up(&transaction, target, slot)?;
                self.rolled_up.insert(target, bucket);
            }
        }
        transaction.commit()
    }
}
