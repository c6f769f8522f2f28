//! Where the time goes: every sighting of a session at work is put down to one reason, and a cause is a root when most
//! of the time is put down to it. A server that hardly works has none of these causes.

use super::super::facts::{Busy, Facts};
use super::super::statement::{Blame, Work};
use super::{Found, writes};
use crate::domain::diagnosis::Cause;
use std::collections::BTreeMap;

/// Sessions at work on average, below which a statement is not worth a word.
const SOME_LOAD: f64 = 0.3;
/// Short statements that come so often are a load, although few of them are met at work: clients that have just begun
/// one,
const MOVING: f64 = 3.0;
/// and transactions a second.
const OFTEN: f64 = 200.0;
/// So many of both are a crowd on any machine.
const MOVING_CROWD: f64 = 5.0;
const OFTEN_CROWD: f64 = 250.0;
/// Sightings of work below which shares say little.
const FEW_SIGHTINGS: f64 = 6.0;
/// Share of the work that makes a cause a root,
const MOST: f64 = 0.4;
/// and one that makes it likely.
const SOME: f64 = 0.2;
/// Sessions at work on average that are a crowd on any machine.
const CROWD: f64 = 3.5;
/// Blocks a second from outside the cache that are many: 40 MB.
const MANY_BLOCKS: f64 = 5_000.0;

/// Statement causes that this file decides on.
const STATEMENTS: &[Cause] = &[
    Cause::MissingIndex,
    Cause::CorrelatedSubquery,
    Cause::PoorJoin,
    Cause::BadStatistics,
    Cause::LargeFetch,
    Cause::DiskSpill,
];
/// Causes that are only looked for when no statement explains the time.
const LOADS: &[Cause] = &[Cause::SmallBufferPool, Cause::IoSaturation, Cause::CpuSaturation, Cause::HeavyWorkload];

/// Time by reason.
pub(super) struct Ledger<'a> {
    /// Works by what they are blamed on.
    pub(super) by: BTreeMap<&'static str, Vec<&'a Work>>,
    /// All sightings of work, those that wait for locks included.
    pub(super) all: f64,
    /// Sightings a look.
    pub(super) load: f64,
    /// Clients that have just begun a statement, on average.
    pub(super) moving: f64,
    /// Transactions a second.
    pub(super) often: f64,
}

impl<'a> Ledger<'a> {
    fn of(facts: &Facts<'_>, works: &'a [Work]) -> Self {
        let mut by: BTreeMap<&'static str, Vec<&'a Work>> = BTreeMap::new();
        for work in works {
            by.entry(key(work.reason.blame)).or_default().push(work);
        }
        let locked = facts.looks.working().filter(|session| session.busy == Busy::Lock).count();
        let all = (works.iter().map(|work| work.sightings).sum::<usize>() + locked) as f64;
        let totals = &facts.totals;
        Self {
            by,
            all: all.max(1.0),
            load: facts.looks.load(),
            moving: facts.looks.moving(),
            often: totals.a_second(totals.commits),
        }
    }
    /// Many short statements, each too short to be met.
    pub(super) fn is_busy_with_short_ones(&self) -> bool {
        self.moving >= MOVING && self.often >= OFTEN
    }
    /// Too few sightings for shares: the counters have to tell.
    pub(super) fn is_thin(&self) -> bool {
        self.all < FEW_SIGHTINGS
    }
    /// Works put down to this.
    pub(super) fn works(&self, blame: Blame) -> &[&'a Work] {
        self.by.get(key(blame)).map_or(&[], Vec::as_slice)
    }
    /// Share of all work that is put down to this.
    pub(super) fn share(&self, blame: Blame) -> f64 {
        self.works(blame).iter().map(|work| work.sightings).sum::<usize>() as f64 / self.all
    }
}

fn key(blame: Blame) -> &'static str {
    match blame {
        Blame::Cause(cause) => cause.word(),
        Blame::Small => "small",
        Blame::Write => "write",
        Blame::Scan => "scan",
        Blame::Computing => "computing",
        Blame::Upkeep => "upkeep",
    }
}

/// Decides on statements, writes and load.
pub(super) fn judge(facts: &Facts<'_>, works: &[Work], found: &mut Found) {
    let ledger = Ledger::of(facts, works);
    if ledger.load < SOME_LOAD && !ledger.is_busy_with_short_ones() {
        let words = format!(
            "{:.2} sessions were at work on average, {:.0} transactions a second were committed",
            ledger.load, ledger.often
        );
        for cause in STATEMENTS.iter().chain(LOADS).chain(writes::CAUSES) {
            found.refuted(*cause, 0.9, &words);
        }
        return;
    }
    for cause in STATEMENTS {
        statement(&ledger, *cause, found);
    }
    let cache = Cache::of(facts);
    pool(facts, &ledger, &cache, found);
    writes::judge(facts, &ledger, found);
    disk(facts, &ledger, &cache, found);
    crowd(facts, &ledger, found);
}

/// How sure a share of the time makes.
pub(super) fn sure(share: f64, quality: f64) -> f64 {
    ((0.6 + 0.4 * share.min(1.0)) * quality).min(0.95)
}

fn statement(ledger: &Ledger<'_>, cause: Cause, found: &mut Found) {
    let works = ledger.works(Blame::Cause(cause));
    // Of a load of short statements the few that were met say nothing about the rest.
    let share = if ledger.load < SOME_LOAD { 0.0 } else { ledger.share(Blame::Cause(cause)) };
    let Some(most) = works.first() else {
        found.refuted(
            cause,
            0.7,
            &format!("none of {:.1} sessions at work on average is explained by it", ledger.load),
        );
        return;
    };
    let mut evidence = vec![format!(
        "{:.0} % of the work of {:.1} sessions on average goes into {}",
        100.0 * share,
        ledger.load,
        most.quoted()
    )];
    evidence.extend(most.reason.why.iter().cloned());
    let about = most.reason.about.clone().unwrap_or_default();
    match share {
        s if s >= MOST => found.supported(cause, sure(s, most.reason.sure), &about, evidence),
        s if s >= SOME => found.open(cause, 0.5, &about, evidence),
        _ => found.refuted(cause, 0.6, &evidence[0]),
    }
}

/// The cache and the disk, as the counters have them.
struct Cache {
    /// Blocks a second from outside the cache.
    read: f64,
    /// Share of work that waits for data files,
    data: f64,
    /// and for any file.
    disk: f64,
    /// It is below half of PostgreSQL's own default of 128 MB.
    tiny: bool,
    /// It is far below what is in use.
    small: bool,
    /// It throws out what it wants back: all of it was read anew meanwhile, and what is in use does not fit.
    turned_over: bool,
    /// For a sentence each.
    words: Vec<String>,
}

impl Cache {
    fn of(facts: &Facts<'_>) -> Self {
        let totals = &facts.totals;
        let read = totals.a_second(totals.blocks_read);
        let data = facts.looks.share(&[Busy::Data]);
        let disk = facts.looks.share(&[Busy::Data, Busy::Growing, Busy::Log]);
        let pool = facts.settings.bytes("shared_buffers").unwrap_or(0.0);
        let touched = facts
            .tables
            .iter()
            .filter(|table| table.blocks_read + table.blocks_hit > 0.0)
            .map(|table| table.heap_bytes + table.index_bytes)
            .fold(0.0, |all, bytes| all + bytes);
        let words = vec![
            format!(
                "{read:.0} blocks a second came from outside the cache; {:.1} % of all were in it",
                100.0 * totals.hit_share()
            ),
            format!(
                "shared_buffers is {:.1} MB; the tables in use with their indexes have {:.0} MB",
                pool / 1_048_576.0,
                touched / 1_048_576.0
            ),
            format!("{:.0} % of the work waits for data files, {:.0} % for any file", 100.0 * data, 100.0 * disk),
        ];
        Self {
            read,
            data,
            disk,
            tiny: pool > 0.0 && pool < 0.5 * 134_217_728.0,
            small: pool > 0.0 && pool < 0.25 * touched,
            turned_over: touched > pool && totals.blocks_read * 8_192.0 >= pool,
            words,
        }
    }
}

/// A cache that is too small for what is in use.
fn pool(facts: &Facts<'_>, ledger: &Ledger<'_>, cache: &Cache, found: &mut Found) {
    let hits = facts.totals.hit_share();
    let misses = hits < 0.97 && cache.read >= 500.0;
    let misses_much = hits < 0.9 && cache.read >= MANY_BLOCKS / 2.0;
    // Whole reads of large tables pass the cache by: only a tiny one is to blame for them.
    let by_index = ledger.share(Blame::Small) >= MOST || ledger.is_thin();
    let holds = cache.turned_over && ((cache.tiny && misses) || (cache.small && misses_much && by_index));
    if holds && roots(found).is_none() {
        let quality = if cache.tiny { 0.95 } else { 0.8 };
        found.supported(Cause::SmallBufferPool, sure(0.9, quality), "shared_buffers", cache.words.clone());
    } else if holds && cache.tiny {
        found.open(Cause::SmallBufferPool, 0.5, "shared_buffers", cache.words.clone());
    } else {
        found.refuted(Cause::SmallBufferPool, 0.7, &cache.words[1]);
    }
}

/// A disk that is too slow for what is asked of it, when nothing says why so much is.
fn disk(facts: &Facts<'_>, ledger: &Ledger<'_>, cache: &Cache, found: &mut Found) {
    let scans = ledger.share(Blame::Scan);
    let streams = scans >= MOST && cache.read >= MANY_BLOCKS && facts.totals.hit_share() < 0.7;
    let root = roots(found);
    if root.is_none() && ledger.load >= 0.8 && (cache.disk >= MOST || streams) {
        found.supported(Cause::IoSaturation, sure(cache.disk.max(scans), 0.85), "", cache.words.clone());
    } else if let Some(root) = root.filter(|_| cache.disk >= MOST || (cache.data >= SOME && cache.read >= MANY_BLOCKS))
    {
        found.follows(Cause::IoSaturation, root, 0.7, cache.words.clone());
    } else {
        found.refuted(Cause::IoSaturation, 0.7, &cache.words[2]);
    }
}

/// What is left when no statement, no kind of write and no file explains the time: computing, or many statements.
fn crowd(facts: &Facts<'_>, ledger: &Ledger<'_>, found: &mut Found) {
    let computing = ledger.share(Blame::Computing);
    let processors = facts.looks.share(&[Busy::Computing, Busy::Other]);
    let mut words = vec![format!(
        "{:.1} sessions at work on average, {:.0} % of it without a wait; {:.1} clients have just begun a statement; {:.0} \
         transactions a second",
        ledger.load,
        100.0 * processors,
        ledger.moving,
        ledger.often
    )];
    let many = ledger.load >= CROWD || (ledger.moving >= MOVING_CROWD && ledger.often >= OFTEN_CROWD);
    let root = roots(found);
    if root.is_none() && computing >= MOST && ledger.load >= 0.8 {
        found.refuted(Cause::HeavyWorkload, 0.7, &words[0]);
        words.extend(ledger.works(Blame::Computing).first().map(|work| {
            format!("{:.0} % of it computes: {}; {}", 100.0 * computing, work.quoted(), work.reason.why.join("; "))
        }));
        found.supported(Cause::CpuSaturation, sure(computing, 0.85), "", words);
        return;
    }
    match root {
        None if many => {
            let sure = 0.62 + 0.02 * ledger.load.max(ledger.moving).min(10.0);
            found.supported(Cause::HeavyWorkload, sure, "", words.clone());
            found.refuted(Cause::CpuSaturation, 0.6, &words[0]);
        }
        Some(root) if many && processors >= 0.5 => {
            found.follows(Cause::HeavyWorkload, root, 0.7, words.clone());
            found.follows(Cause::CpuSaturation, root, 0.7, words);
        }
        _ => {
            found.refuted(Cause::HeavyWorkload, 0.7, &words[0]);
            found.refuted(Cause::CpuSaturation, 0.7, &words[0]);
        }
    }
}

/// The surest cause that explains time, so far.
fn roots(found: &Found) -> Option<Cause> {
    let explains = |cause: &Cause| {
        STATEMENTS.contains(cause)
            || LOADS.contains(cause)
            || writes::CAUSES.contains(cause)
            || matches!(cause, Cause::LockContention | Cause::LockWaitChain | Cause::MetadataLock | Cause::Deadlock)
            || *cause == Cause::IdleInTransaction
                && found.hypotheses.iter().any(|h| h.consequence_of == Some(Cause::IdleInTransaction))
    };
    found
        .hypotheses
        .iter()
        .filter(|h| h.verdict == crate::domain::diagnosis::Verdict::Supported && explains(&h.cause))
        .max_by(|a, b| a.confidence.total_cmp(&b.confidence))
        .map(|h| h.cause)
}
