//! Collections on their way into the store: the latest of each ten seconds waits in memory, then all targets are
//! written in one transaction, so a fleet costs one write to disk every ten seconds.

use super::attempts;
use super::samples::{self, slot_of};
use super::sessions;
use super::texts::Numbers;
use crate::domain::activity::Sample;
use crate::domain::attempt::Attempt;
use crate::domain::metric::{Readings, values};
use crate::domain::target::{TargetId, Timestamp};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What waits, and what is known about what was written.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    waiting: BTreeMap<TargetId, Arc<Sample>>,
    /// Attempts to connect, in their order.
    attempts: Vec<(TargetId, Attempt)>,
    /// The sample that was written last, from which the next one's rates are counted: so a rate is the mean of its ten
    /// seconds, however often the target is looked at.
    written: BTreeMap<TargetId, (Timestamp, Readings)>,
    numbers: Numbers,
    /// Target -> bucket up to which means were made by this process.
    rolled_up: BTreeMap<i64, i64>,
}

impl Recorder {
    /// Takes a sample. Those of earlier slots are written, whoever's they are.
    pub(super) fn record(
        &mut self,
        db: &mut Connection,
        target: TargetId,
        sample: Arc<Sample>,
    ) -> rusqlite::Result<()> {
        let slot = slot_of(sample.at);
        let due = self.waiting.values().any(|waiting| slot_of(waiting.at) < slot)
            || self.waiting.get(&target).is_some_and(|waiting| slot_of(waiting.at) != slot);
        let outcome = if due { self.flush(db) } else { Ok(()) };
        self.waiting.insert(target, sample);
        outcome
    }

    /// Takes an attempt to connect. Those of earlier slots are written, with the samples that wait.
    pub(super) fn attempted(
        &mut self,
        db: &mut Connection,
        target: TargetId,
        attempt: Attempt,
    ) -> rusqlite::Result<()> {
        let slot = slot_of(attempt.at);
        let due = self.attempts.first().is_some_and(|(_, waiting)| slot_of(waiting.at) != slot);
        let outcome = if due { self.flush(db) } else { Ok(()) };
        self.attempts.push((target, attempt));
        outcome
    }

    /// Writes everything that waits, in one transaction. When that fails, it is gone: history has a gap, and memory
    /// does not grow.
    pub(super) fn flush(&mut self, db: &mut Connection) -> rusqlite::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let attempts = std::mem::take(&mut self.attempts);
        if waiting.is_empty() && attempts.is_empty() {
            return Ok(());
        }
        let outcome = self.write(db, &waiting, &attempts);
        if outcome.is_err() {
            self.numbers.clear();
            self.rolled_up.clear();
        }
        self.written.extend(waiting.into_iter().map(|(target, sample)| {
            let raw = sample.readings.clone();
            (target, (sample.at, raw))
        }));
        outcome
    }

    fn write(
        &mut self,
        db: &mut Connection,
        waiting: &BTreeMap<TargetId, Arc<Sample>>,
        attempts: &[(TargetId, Attempt)],
    ) -> rusqlite::Result<()> {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (target, attempt) in attempts {
            attempts::write(&transaction, &mut self.numbers, target, attempt)?;
        }
        for (name, sample) in waiting {
            let earlier = self.written.get(name).map(|(at, raw)| (*at, raw));
            let shown = values(sample.at, &sample.readings, earlier);
            let target = self.numbers.target(&transaction, name.as_str())?;
            samples::write(&transaction, &mut self.numbers, target, (sample.at, sample.server_now), &shown)?;
            sessions::write(&transaction, &mut self.numbers, target, sample.at, &sample.sessions)?;
            let slot = slot_of(sample.at);
            let bucket = slot.div_euclid(samples::SLOTS);
            if self.rolled_up.get(&target) != Some(&bucket) {
                samples::roll_up(&transaction, target, slot)?;
                self.rolled_up.insert(target, bucket);
            }
        }
        transaction.commit()
    }
}
