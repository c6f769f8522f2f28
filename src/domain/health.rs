//! Health: a state word, a score, and the reasons for both.
//!
//! Thresholds are the starting points of the advisor list (connection saturation 80/95 %, replica lag 5/30 s,
//! transaction-id age 1.5 x 200 M and 75 % of 2^31, retained WAL 1/10 GiB, idle in transaction 5 min). A rule fires
//! only when two samples in a row are in breach. What is missing is unknown, and unknown is never "ok".

use super::activity::{Sample, SessionState};
use super::error_event::ConnectKind;
use super::metric::{self, MetricId, Readings};
use super::target::Timestamp;

/// The state of a target, worst first in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Somebody should act now.
    Critical,
    /// It cannot be reached.
    Down,
    /// Somebody should look.
    Warning,
    /// The last answer is too old to be believed.
    Stale,
    /// Nothing is known yet.
    Unknown,
    /// Nothing found.
    Ok,
}

impl State {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "CRIT",
            Self::Down => "DOWN",
            Self::Warning => "WARN",
            Self::Stale => "STALE",
            Self::Unknown => "?",
            Self::Ok => "ok",
        }
    }
    /// The word in JSON.
    pub fn json_word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Down => "down",
            Self::Warning => "warning",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::Ok => "ok",
        }
    }
}

/// One reason for a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// How bad.
    pub state: State,
    /// One word for the WHY column.
    pub word: &'static str,
    /// The sentence, with its number and its limit.
    pub text: String,
    /// The metric that it judges, so that a screen can put the word beside the number.
    pub metric: Option<MetricId>,
}

/// A judged target.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// The worst reason's state.
    pub state: State,
    /// 100 minus 40 for each critical and 15 for each warning reason, at least 0; none when unknown or down.
    pub score: Option<u8>,
    /// Worst first.
    pub reasons: Vec<Reason>,
}

impl Health {
    /// Nothing known yet.
    pub fn unknown() -> Self {
        Self { state: State::Unknown, score: None, reasons: Vec::new() }
    }
    /// It cannot be reached, with the kind of failure and its message.
    pub fn down(kind: ConnectKind, message: &str) -> Self {
        let reason = Reason { state: State::Down, word: kind.word(), text: message.to_owned(), metric: None };
        Self { state: State::Down, score: None, reasons: vec![reason] }
    }
    /// The word for the WHY column.
    pub fn why(&self) -> &'static str {
        self.reasons.first().map_or("", |r| r.word)
    }
}

/// What a metric usually is, and how sure we are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// Median of the samples looked at.
    pub median: f64,
    /// How many samples.
    pub samples: u32,
}

/// The values of the last sample, those of the one before, and what is usual.
pub struct Evidence<'a> {
    /// Values of the last sample (rates computed).
    pub now: &'a Readings,
    /// Values of the sample before it.
    pub before: Option<&'a Readings>,
    /// The last sample.
    pub sample: &'a Sample,
    /// Usual value of a metric.
    pub usual: &'a dyn Fn(MetricId) -> Option<Usual>,
}

struct Rule {
    word: &'static str,
    /// The metric on whose line a screen shows the word.
    metric: MetricId,
    /// The number judged; `None` when it cannot be known.
    number: fn(&Readings, &dyn Fn(MetricId) -> Option<Usual>) -> Option<f64>,
    warning: f64,
    critical: f64,
    text: fn(f64, &Readings) -> String,
}

/// The word of the rule that looks at sessions.
const IDLE_WORD: &str = "idle txn";

const RULES: &[Rule] = &[
    Rule {
        word: "conns",
        metric: metric::CONNECTIONS,
        number: |r, _| {
            Some(100.0 * r.get(&metric::CONNECTIONS)? / r.get(&metric::CONNECTION_LIMIT).filter(|l| **l > 0.0)?)
        },
        warning: 80.0,
        critical: 95.0,
        text: |v, r| {
            let get = |id| r.get(&id).copied().unwrap_or(0.0);
            format!(
                "{:.0} of {:.0} connections used ({v:.0}%)",
                get(metric::CONNECTIONS),
                get(metric::CONNECTION_LIMIT)
            )
        },
    },
    Rule {
        word: "blocked",
        metric: metric::BLOCKED,
        number: |r, _| r.get(&metric::BLOCKED).copied(),
        warning: 1.0,
        critical: 6.0,
        text: |v, _| format!("{v:.0} sessions wait for a lock"),
    },
    Rule {
        word: "lag",
        metric: metric::LAG,
        number: |r, _| r.get(&metric::LAG).copied(),
        warning: 5.0,
        critical: 30.0,
        text: |v, _| format!("replication is {} behind", metric::seconds(v)),
    },
    Rule {
        // A channel that does not run falls behind without a number for it: any is too many.
        word: "broken",
        metric: metric::REPLICATION_BROKEN,
        number: |r, _| r.get(&metric::REPLICATION_BROKEN).copied(),
        warning: 1.0,
        critical: 1.0,
        text: |v, _| format!("{v:.0} replication channels do not run"),
    },
    Rule {
        word: "xid",
        metric: metric::XID_AGE,
        number: |r, _| r.get(&metric::XID_AGE).copied(),
        warning: 300e6,
        critical: 0.75 * 2_147_483_648.0,
        text: |v, _| format!("oldest transaction id is {:.0} M old; the server stops at 2147 M", v / 1e6),
    },
    Rule {
        word: "slot",
        metric: metric::RETAINED_WAL,
        number: |r, _| r.get(&metric::RETAINED_WAL).copied(),
        warning: 1024.0 * 1024.0 * 1024.0,
        critical: 10.0 * 1024.0 * 1024.0 * 1024.0,
        text: |v, _| format!("a replication slot keeps {} of write-ahead log", metric::bytes(v)),
    },
    Rule {
        word: "long txn",
        metric: metric::LONGEST_TRANSACTION,
        number: |r, _| r.get(&metric::LONGEST_TRANSACTION).copied(),
        warning: 3600.0,
        critical: 6.0 * 3600.0,
        text: |v, _| format!("a transaction is open for {}", metric::seconds(v)),
    },
    Rule {
        word: "slow",
        metric: metric::MEAN_STATEMENT,
        number: |r, usual| {
            let mean = *r.get(&metric::MEAN_STATEMENT)?;
            let usual = usual(metric::MEAN_STATEMENT).filter(|u| u.samples >= 30)?;
            (mean >= 10.0).then(|| mean / usual.median.max(0.5))
        },
        warning: 3.0,
        critical: 20.0,
        text: |v, r| {
            let mean = r.get(&metric::MEAN_STATEMENT).copied().unwrap_or(0.0);
            format!("statements take {mean:.1} ms on average, {v:.0} times the usual")
        },
    },
    Rule {
        word: "wal",
        metric: metric::WAL_BYTES,
        number: |r, _| {
            // A WAL larger than the data it belongs to, and not small: nobody checkpoints it (SQLite).
            let (wal, data) = (*r.get(&metric::WAL_BYTES)?, *r.get(&metric::DATA_BYTES)?);
            (r.contains_key(&metric::FREE_PAGES) && wal > 64.0 * 1024.0 * 1024.0).then(|| wal / data.max(1.0))
        },
        warning: 0.5,
        critical: 2.0,
        text: |v, r| {
            let wal = r.get(&metric::WAL_BYTES).copied().unwrap_or(0.0);
            format!("the write-ahead log is {} ({v:.1} times the data): checkpoints do not finish", metric::bytes(wal))
        },
    },
    Rule {
        word: "memory",
        metric: metric::MEMORY_USED,
        number: |r, _| Some(100.0 * r.get(&metric::MEMORY_USED)? / r.get(&metric::MEMORY_LIMIT).filter(|l| **l > 0.0)?),
        warning: 80.0,
        critical: 95.0,
        text: |v, r| {
            let get = |id| metric::bytes(r.get(&id).copied().unwrap_or(0.0));
            format!("{} of {} of memory used ({v:.0}%)", get(metric::MEMORY_USED), get(metric::MEMORY_LIMIT))
        },
    },
    Rule {
        word: "fragmented",
        metric: metric::FRAGMENTATION,
        number: |r, _| {
            // A small server has a high ratio that means nothing (the engine's own doctor begins at 10 MB of waste).
            let (ratio, used) = (*r.get(&metric::FRAGMENTATION)?, *r.get(&metric::MEMORY_USED)?);
            (used >= 64.0 * 1024.0 * 1024.0).then_some(ratio)
        },
        warning: 1.5,
        critical: 3.0,
        text: |v, _| format!("memory is fragmented: {v:.1} bytes taken for each byte in use"),
    },
    Rule {
        word: "link",
        metric: metric::LINK_DOWN,
        number: |r, _| r.get(&metric::LINK_DOWN).copied(),
        warning: 1.0,
        critical: 10.0,
        text: |v, _| format!("no link to the primary for {}", metric::seconds(v)),
    },
    Rule {
        word: "save",
        metric: metric::SNAPSHOT_FAILED,
        number: |r, _| r.get(&metric::SNAPSHOT_FAILED).copied(),
        warning: 0.5,
        critical: 1.0,
        text: |_, _| {
            "the last snapshot failed: writes may be refused, and a restart loses what changed since".to_owned()
        },
    },
    Rule {
        word: "aof",
        metric: metric::APPEND_FILE_FAILED,
        number: |r, _| r.get(&metric::APPEND_FILE_FAILED).copied(),
        warning: 0.5,
        critical: 1.0,
        text: |_, _| "writing the append-only file failed: check the disk".to_owned(),
    },
    Rule {
        word: "rejected",
        metric: metric::REJECTED_CONNECTIONS,
        // 5 in a minute.
        number: |r, _| r.get(&metric::REJECTED_CONNECTIONS).map(|v| v * 60.0),
        warning: 5.0,
        critical: 60.0,
        text: |v, _| format!("{v:.0} connections a minute are refused: the server is full"),
    },
    Rule {
        word: "slow cmds",
        metric: metric::SLOW_COMMANDS,
        number: |r, _| r.get(&metric::SLOW_COMMANDS).map(|v| v * 60.0),
        warning: 10.0,
        critical: 600.0,
        text: |v, _| format!("{v:.0} commands a minute are slower than the slow log's limit"),
    },
    Rule {
        word: "cpu",
        metric: metric::CPU_SECONDS,
        number: |r, _| r.get(&metric::CPU_SECONDS).copied(),
        warning: 90.0,
        critical: 300.0,
        text: |v, _| format!("the server takes {v:.0}% of a core, and runs commands on one"),
    },
    // The storage engine works to stay below 80 % full and 5 % dirty; at 95 % and 20 % the operations of clients must
    // evict pages themselves (WiredTiger's eviction_trigger and eviction_dirty_trigger).
    Rule {
        word: "cache",
        metric: metric::CACHE_USED,
        number: |r, _| r.get(&metric::CACHE_USED).copied(),
        warning: 90.0,
        critical: 95.0,
        text: |v, _| format!("the cache is {v:.0}% full: from 95% on, operations must make room themselves"),
    },
    Rule {
        word: "dirty",
        metric: metric::CACHE_DIRTY,
        number: |r, _| r.get(&metric::CACHE_DIRTY).copied(),
        warning: 10.0,
        critical: 20.0,
        text: |v, _| format!("{v:.0}% of the cache waits to be written: from 20% on, operations must write themselves"),
    },
    // A day is what a member may need to be away for, an hour is less than most repairs take.
    Rule {
        word: "oplog",
        metric: metric::OPLOG_WINDOW,
        number: |r, _| Some(24.0 * 3600.0 / r.get(&metric::OPLOG_WINDOW).filter(|s| **s > 0.0)?),
        warning: 1.0,
        critical: 24.0,
        text: |_, r| {
            let reach = r.get(&metric::OPLOG_WINDOW).copied().unwrap_or(0.0);
            format!(
                "the replication log reaches back {} only: a member away for longer must be rebuilt",
                metric::seconds(reach)
            )
        },
    },
    Rule {
        word: "member",
        metric: metric::MEMBERS_DOWN,
        number: |r, _| r.get(&metric::MEMBERS_DOWN).copied(),
        warning: 1.0,
        critical: f64::INFINITY,
        text: |v, _| format!("{v:.0} members of the cluster are down or not healthy"),
    },
    Rule {
        word: "no primary",
        metric: metric::PRIMARIES,
        number: |r, _| r.get(&metric::PRIMARIES).map(|primaries| if *primaries < 1.0 { 1.0 } else { 0.0 }),
        warning: 1.0,
        critical: 1.0,
        text: |_, _| "no member of the cluster takes writes".to_owned(),
    },
];

/// Judges a target from its last two samples.
pub fn judge(evidence: &Evidence<'_>) -> Health {
    let mut reasons = Vec::new();
    for rule in RULES {
        let Some(v) = (rule.number)(evidence.now, evidence.usual) else { continue };
        let Some(before) = evidence.before.and_then(|r| (rule.number)(r, evidence.usual)) else { continue };
        let both = v.min(before);
        let state = if both >= rule.critical {
            State::Critical
        } else if both >= rule.warning {
            State::Warning
        } else {
            continue;
        };
        let text = (rule.text)(v, evidence.now);
        reasons.push(Reason { state, word: rule.word, text, metric: Some(rule.metric) });
    }
    reasons.extend(idle_in_transaction(evidence.sample));
    reasons.sort_by_key(|r| r.state);
    let state = reasons.first().map_or(State::Ok, |r| r.state);
    let cost: u32 = reasons.iter().map(|r| if r.state == State::Critical { 40 } else { 15 }).sum();
    let score = u8::try_from(100_u32.saturating_sub(cost)).unwrap_or(0);
    Health { state, score: Some(score), reasons }
}

/// The words of all rules, for whoever tells more of them.
pub fn words() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.word).chain([IDLE_WORD])
}

/// The word of the rule that judges a metric; none where no rule does.
pub fn word_of(id: MetricId) -> Option<&'static str> {
    let idle = || (id == metric::IDLE_IN_TRANSACTION).then_some(IDLE_WORD);
    RULES.iter().find(|rule| rule.metric == id).map(|rule| rule.word).or_else(idle)
}

/// The metric that a rule judges, by its word.
pub fn metric_of(word: &str) -> Option<MetricId> {
    let idle = || (word == IDLE_WORD).then_some(metric::IDLE_IN_TRANSACTION);
    RULES.iter().find(|rule| rule.word == word).map(|rule| rule.metric).or_else(idle)
}

/// Idle in a transaction for 5 minutes, or for 2 while others wait for it. Its age needs no second sample.
fn idle_in_transaction(sample: &Sample) -> Option<Reason> {
    let blockers: Vec<i64> = sample.sessions.iter().flat_map(|s| s.blocked_by.iter().copied()).collect();
    sample
        .sessions
        .iter()
        .filter(|s| matches!(s.state, SessionState::IdleInTransaction | SessionState::IdleInFailedTransaction))
        .filter_map(|s| {
            let idle = sample.server_now.since(s.state_change?);
            let blocks = blockers.contains(&s.pid);
            (idle >= if blocks { 120_000 } else { 300_000 }).then_some((idle, blocks, s.pid))
        })
        .max()
        .map(|(idle, blocks, pid)| Reason {
            state: if blocks { State::Critical } else { State::Warning },
            word: IDLE_WORD,
            metric: Some(metric::IDLE_IN_TRANSACTION),
            text: format!(
                "session {pid} is idle in a transaction for {}{}",
                metric::seconds(idle as f64 / 1000.0),
                if blocks { " and blocks others" } else { "" }
            ),
        })
}

/// A sample older than three intervals (and 10 s) is stale.
pub fn is_stale(sampled_at: Timestamp, now: Timestamp, interval_ms: u64) -> bool {
    now.since(sampled_at) > (interval_ms * 3).max(10_000)
}
