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
    /// Rows written by a transaction.
    written: f64,
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
            written: totals.rows_a_commit(),
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
    /// Share of the work that reads for a good reason.
    fn reads(&self) -> f64 {
        if self.is_thin() {
            f64::from(u8::from(self.written < 0.5))
        } else {
            self.share(Blame::Small) + self.share(Blame::Scan)
        }
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
    writes::judge(facts, &ledger, found);
    load(facts, &ledger, found);
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

/// What is left when no statement and no kind of write explains the time: the machine, or the number of statements.
fn load(facts: &Facts<'_>, ledger: &Ledger<'_>, found: &mut Found) {
    let totals = &facts.totals;
    let read = totals.a_second(totals.blocks_read);
    let (data, growth) = (facts.looks.share(&[Busy::Data]), facts.looks.share(&[Busy::Growing]));
    let disk = data + growth + facts.looks.share(&[Busy::Log]);
    let pool = facts.settings.bytes("shared_buffers").unwrap_or(0.0);
    let touched: f64 = facts
        .tables
        .iter()
        .filter(|table| table.blocks_read + table.blocks_hit > 0.0)
        .map(|table| table.heap_bytes + table.index_bytes)
        .fold(0.0, |all, bytes| all + bytes);
    let seen = vec![
        format!(
            "{read:.0} blocks a second came from outside the cache; {:.1} % of all were in it",
            100.0 * totals.hit_share()
        ),
        format!(
            "shared_buffers is {:.0} MB; the tables in use with their indexes have {:.0} MB",
            pool / 1_048_576.0,
            touched / 1_048_576.0
        ),
        format!("{:.0} % of the work waits for data files, {:.0} % for any file", 100.0 * data, 100.0 * disk),
    ];
    let root = roots(found);
    let reads = ledger.reads();
    let free = root.is_none();
    pool_or_disk(facts, ledger, &Cache { read, data, disk, pool, touched, reads, free }, &seen, found);
    let computing = ledger.share(Blame::Computing);
    let processors = facts.looks.share(&[Busy::Computing, Busy::Other]);
    let explained = roots(found);
    let crowd = ledger.load >= CROWD || (ledger.moving >= MOVING_CROWD && ledger.often >= OFTEN_CROWD);
    for cause in [Cause::CpuSaturation, Cause::HeavyWorkload] {
        let words = vec![format!(
            "{:.1} sessions at work on average, {:.0} % of it without a wait; {:.1} clients have just begun a statement; {:.0} \
             transactions a second",
            ledger.load,
            100.0 * processors,
            ledger.moving,
            ledger.often
        )];
        let holds = match cause {
            Cause::CpuSaturation => computing >= MOST && ledger.load >= 0.8,
            _ => crowd && !found.supports(Cause::CpuSaturation),
        };
        let busy = crowd && processors >= 0.5;
        match explained {
            None if holds && cause == Cause::CpuSaturation => {
                let mut words = words;
                words.extend(ledger.works(Blame::Computing).first().map(|work| {
                    format!(
                        "{:.0} % of it computes: {}; {}",
                        100.0 * computing,
                        work.quoted(),
                        work.reason.why.join("; ")
                    )
                }));
                found.supported(cause, sure(computing, 0.85), "", words);
            }
            None if holds => found.supported(cause, 0.62 + 0.02 * ledger.load.max(ledger.moving).min(10.0), "", words),
            Some(root) if busy => found.follows(cause, root, 0.7, words),
            _ => found.refuted(cause, 0.7, &words[0]),
        }
    }
}

/// How the cache and the disk do.
struct Cache {
    /// Blocks a second from outside the cache.
    read: f64,
    /// Share of work that waits for data files,
    data: f64,
    /// and for any file.
    disk: f64,
    /// Bytes of the cache.
    pool: f64,
    /// Bytes of what is in use.
    touched: f64,
    /// Share of work that reads for a good reason.
    reads: f64,
    /// No other cause explains the time.
    free: bool,
}

fn pool_or_disk(facts: &Facts<'_>, ledger: &Ledger<'_>, cache: &Cache, seen: &[String], found: &mut Found) {
    let totals = &facts.totals;
    let turned_over = totals.blocks_read * 8_192.0 / cache.pool.max(1.0);
    // Below PostgreSQL's own default of 128 MB, and below what is in use: it throws out what it wants back.
    let tiny = cache.pool > 0.0 && cache.pool < 0.5 * 134_217_728.0;
    let small = cache.pool > 0.0 && cache.pool < 0.25 * cache.touched;
    let scans = ledger.share(Blame::Scan);
    let misses = totals.hit_share() < 0.97 && cache.read >= 500.0;
    let misses_much = totals.hit_share() < 0.9 && cache.read >= MANY_BLOCKS / 2.0;
    let too_small = cache.touched > cache.pool && turned_over >= 1.0;
    let pool_holds = cache.free
        && too_small
        && ((tiny && misses && cache.reads + ledger.share(Blame::Write) >= MOST)
            || (small && misses_much && (ledger.share(Blame::Small) >= MOST || ledger.is_thin())));
    let disk_holds = cache.free
        && !pool_holds
        && ledger.load >= 0.8
        && (cache.disk >= MOST || (scans >= MOST && cache.read >= MANY_BLOCKS && totals.hit_share() < 0.7));
    if pool_holds {
        let quality = if tiny { 0.95 } else { 0.8 };
        found.supported(Cause::SmallBufferPool, sure(cache.reads.max(0.5), quality), "shared_buffers", seen.to_vec());
    } else if tiny && too_small && misses && !cache.free {
        found.open(Cause::SmallBufferPool, 0.5, "shared_buffers", seen.to_vec());
    } else {
        found.refuted(Cause::SmallBufferPool, 0.7, &seen[1]);
    }
    if disk_holds {
        found.supported(Cause::IoSaturation, sure(cache.disk.max(scans), 0.85), "", seen.to_vec());
    } else if let Some(root) =
        roots(found).filter(|_| cache.disk >= MOST || (cache.data >= SOME && cache.read >= MANY_BLOCKS))
    {
        found.follows(Cause::IoSaturation, root, 0.7, seen.to_vec());
    } else {
        found.refuted(Cause::IoSaturation, 0.7, &seen[2]);
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
