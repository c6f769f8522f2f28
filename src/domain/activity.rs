//! Sessions of a server at one moment, who waits for whom, and one whole collection of a target.

use super::metric::Readings;
use super::target::Timestamp;

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SessionState {
    /// Runs a statement.
    Active,
    /// Waits for its client inside a transaction.
    IdleInTransaction,
    /// The same, after an error.
    IdleInFailedTransaction,
    /// Waits for its client.
    Idle,
    /// The engine's own worker, or a state that it does not tell.
    Other,
}

impl SessionState {
    /// The word on the screen and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::IdleInTransaction => "idle in txn",
            Self::IdleInFailedTransaction => "idle in txn (failed)",
            Self::Idle => "idle",
            Self::Other => "other",
        }
    }
    /// The state of a word that [`Self::word`] wrote.
    pub fn from_word(word: &str) -> Self {
        [Self::Active, Self::IdleInTransaction, Self::IdleInFailedTransaction, Self::Idle]
            .into_iter()
            .find(|s| s.word() == word)
            .unwrap_or(Self::Other)
    }
}

/// One session. All text in it was written by some client: untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// The server's id of it.
    pub pid: i64,
    /// Database.
    pub database: String,
    /// User or role.
    pub user: String,
    /// The client's own name for itself.
    pub application: String,
    /// Client address, empty for local ones.
    pub client: String,
    /// What it does.
    pub state: SessionState,
    /// Start of its transaction.
    pub transaction_start: Option<Timestamp>,
    /// Start of the running statement; for an idle session, of the last one.
    pub statement_start: Option<Timestamp>,
    /// When its state last changed.
    pub state_change: Option<Timestamp>,
    /// What it waits for, `Lock:tuple`; empty when it does not wait.
    pub wait: String,
    /// Sessions that hold what it waits for.
    pub blocked_by: Vec<i64>,
    /// The strongest lock it holds on a relation that somebody waits for, `RowExclusive on orders`; empty if none.
    pub holds: String,
    /// Statement running now, or the last one when idle. At most [`Self::STATEMENT_BYTES`].
    pub statement: String,
    /// The engine's own worker (autovacuum, wal sender ...).
    pub background: bool,
}

impl SessionInfo {
    /// Bytes of a statement that a sample keeps.
    pub const STATEMENT_BYTES: usize = 2048;

    /// How long it has been in what matters: the statement's age when active, the transaction's when idle in one,
    /// else the time since its state changed. Milliseconds.
    pub fn age_ms(&self, now: Timestamp) -> Option<u64> {
        let since = match self.state {
            SessionState::Active => self.statement_start.or(self.transaction_start),
            SessionState::IdleInTransaction | SessionState::IdleInFailedTransaction => self.transaction_start,
            SessionState::Idle | SessionState::Other => self.state_change,
        };
        since.map(|t| now.since(t))
    }
}

/// One collection of one target.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// Our clock when it was complete.
    pub at: Timestamp,
    /// The server's clock, for ages of sessions; ours where the server has none.
    pub server_now: Timestamp,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// Raw readings.
    pub readings: Readings,
    /// Sessions; ours are left out.
    pub sessions: Vec<SessionInfo>,
    /// What could not be read and what to grant, one sentence each.
    pub hints: Vec<String>,
}

/// A line of the blocking tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockingLine {
    /// Index into the sessions.
    pub session: usize,
    /// 0 for a root.
    pub depth: usize,
    /// The line closes its level, for drawing the branch.
    pub last: bool,
    /// Sessions that wait below it, directly or not.
    pub waiting: usize,
}

/// Orders blocked sessions into trees, the root with the most waiters first. Sessions in a cycle (a deadlock that
/// the server has not broken yet) hang below the one with the lowest pid. Each session appears once.
pub fn blocking_tree(sessions: &[SessionInfo]) -> Vec<BlockingLine> {
    let index_of = |pid: i64| sessions.iter().position(|s| s.pid == pid);
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); sessions.len()];
    let mut parent: Vec<Option<usize>> = vec![None; sessions.len()];
    let mut blocker = vec![false; sessions.len()];
    for (i, session) in sessions.iter().enumerate() {
        let holders = session.blocked_by.iter().filter_map(|&pid| index_of(pid)).filter(|&j| j != i);
        for (n, j) in holders.enumerate() {
            blocker[j] = true;
            if n == 0 {
                parent[i] = Some(j);
                children[j].push(i);
            }
        }
    }
    let mut roots: Vec<usize> = (0..sessions.len())
        .filter(|&i| parent[i].is_none() && (blocker[i] || !sessions[i].blocked_by.is_empty()))
        .collect();
    // A cycle has no root of its own: break it at its lowest pid.
    for start in 0..sessions.len() {
        let mut seen = vec![start];
        let mut at = start;
        while let Some(up) = parent[at] {
            if up == start {
                if seen.iter().all(|&i| sessions[i].pid >= sessions[start].pid) {
                    if let Some(above) = parent[start].take() {
                        children[above].retain(|&c| c != start);
                    }
                    roots.push(start);
                }
                break;
            }
            if seen.contains(&up) {
                break;
            }
            seen.push(up);
            at = up;
        }
    }
    fn count(children: &[Vec<usize>], i: usize) -> usize {
        children[i].iter().map(|&c| 1 + count(children, c)).sum()
    }
    roots.sort_by_key(|&r| (std::cmp::Reverse(count(&children, r)), sessions[r].pid));
    let mut out = Vec::new();
    fn walk(children: &[Vec<usize>], i: usize, depth: usize, last: bool, out: &mut Vec<BlockingLine>) {
        out.push(BlockingLine { session: i, depth, last, waiting: count(children, i) });
        let below = &children[i];
        for (n, &c) in below.iter().enumerate() {
            walk(children, c, depth + 1, n + 1 == below.len(), out);
        }
    }
    for root in roots {
        walk(&children, root, 0, true, &mut out);
    }
    out
}
