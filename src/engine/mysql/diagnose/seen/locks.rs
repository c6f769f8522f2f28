//! Who waits for whom: the graph of one moment, and the sessions at its roots.
//!
//! Row locks are told by the server at both ends. Of metadata locks a MariaDB without `performance_schema` and without its
//! plugin tells only who waits; the holder is then worked out from what the sessions do, and that is said.

use super::session::Session;
use super::statement::{tables, wants_the_table};
use crate::domain::rows::Rows;
use std::collections::{BTreeMap, BTreeSet};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine::mysql) enum On {
    /// Rows or gaps of an InnoDB table.
    Rows,
    /// The definition of a table.
    Metadata,
}

/// One session waits for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Edge {
    pub(in crate::engine::mysql) waiting: i64,
    pub(in crate::engine::mysql) blocking: i64,
    pub(in crate::engine::mysql) on: On,
    /// `shop.orders`; empty when it is not told.
    pub(in crate::engine::mysql) object: String,
    /// It was worked out and not told by the server.
    pub(in crate::engine::mysql) inferred: bool,
}

/// Everything of one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::engine::mysql) struct Moment {
    pub(in crate::engine::mysql) sessions: Vec<Session>,
    pub(in crate::engine::mysql) edges: Vec<Edge>,
    /// Somebody waits for a metadata lock, and several sessions may hold it.
    pub(in crate::engine::mysql) suspects: Vec<i64>,
}

/// A session that holds up others and waits for nobody.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mysql) struct Root {
    pub(in crate::engine::mysql) id: i64,
    pub(in crate::engine::mysql) on: On,
    pub(in crate::engine::mysql) object: String,
    /// Those who wait for it, directly or through others.
    pub(in crate::engine::mysql) blocked: Vec<i64>,
    /// The longest wait of those, milliseconds.
    pub(in crate::engine::mysql) longest_ms: i64,
    pub(in crate::engine::mysql) inferred: bool,
}

/// What the probes answered at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine::mysql) struct Answers<'a> {
    pub(in crate::engine::mysql) sessions: Option<&'a Rows>,
    pub(in crate::engine::mysql) row_waits: Option<&'a Rows>,
    pub(in crate::engine::mysql) metadata_waits: Option<&'a Rows>,
    pub(in crate::engine::mysql) metadata_holders: Option<&'a Rows>,
}

impl Moment {
    /// Puts the answers of one moment together.
    pub(in crate::engine::mysql) fn of(answers: Answers<'_>) -> Self {
        let mut moment = Self { sessions: answers.sessions.map(Session::all).unwrap_or_default(), ..Self::default() };
        for (rows, on) in [(answers.row_waits, On::Rows), (answers.metadata_waits, On::Metadata)] {
            for row in rows.iter().flat_map(|rows| rows.rows.iter().map(move |row| (rows, row))) {
                let (rows, row) = row;
                let id = |name: &str| rows.get(row, name).int();
                if let (Some(waiting), Some(blocking)) = (id("waiting"), id("blocking")) {
                    let object = rows.text(row, "object");
                    moment.add(Edge { waiting, blocking, on, object, inferred: false });
                }
            }
        }
        // The list of locks and that of sessions are two looks: a wait that is over in the second is no wait.
        let waits: BTreeSet<i64> = moment.sessions.iter().filter(|s| s.waits_for_lock()).map(|s| s.id).collect();
        moment.edges.retain(|edge| waits.contains(&edge.waiting));
        if answers.metadata_waits.is_none() {
            moment.infer_metadata(answers.metadata_holders);
        }
        moment
    }

    fn add(&mut self, edge: Edge) {
        if edge.waiting != edge.blocking
            && !self.edges.iter().any(|e| e.waiting == edge.waiting && e.blocking == edge.blocking && e.on == edge.on)
        {
            self.edges.push(edge);
        }
    }

    /// Adds what the sessions' own words say about metadata locks. `holders` is what MariaDB's plugin lists.
    fn infer_metadata(&mut self, holders: Option<&Rows>) {
        let named: BTreeMap<i64, Vec<(String, String)>> = self
            .sessions
            .iter()
            .filter(|s| !s.statement.is_empty())
            .map(|s| (s.id, tables(&s.statement, &s.database)))
            .collect();
        let names = |id: i64, table: &(String, String)| named.get(&id).is_some_and(|list| list.contains(table));
        let waiting: Vec<Session> = self.sessions.iter().filter(|s| s.waits_for_metadata()).cloned().collect();
        let mut edges = Vec::new();
        let mut suspects = BTreeSet::new();
        for waiter in &waiting {
            for table in named.get(&waiter.id).into_iter().flatten() {
                let object = format!("{}.{}", table.0, table.1);
                let edge = |blocking: i64, inferred: bool| Edge {
                    waiting: waiter.id,
                    blocking,
                    on: On::Metadata,
                    object: object.clone(),
                    inferred,
                };
                // Who changes the table and came first, waiting itself or not, goes before who only uses it.
                let changers = self.sessions.iter().filter(|s| {
                    s.id != waiter.id && wants_the_table(&s.statement) && names(s.id, table) && !s.sleeps()
                });
                let before: Vec<&Session> = changers
                    .filter(|s| {
                        !s.waits_for_metadata() || s.time_ms >= waiter.time_ms && !wants_the_table(&waiter.statement)
                    })
                    .collect();
                if !before.is_empty() {
                    edges.extend(before.iter().map(|s| edge(s.id, holders.is_none())));
                    continue;
                }
                if let Some(holders) = holders {
                    let held = holders.rows.iter().filter(|row| {
                        holders.text(row, "db").to_lowercase() == table.0
                            && holders.text(row, "tbl").to_lowercase() == table.1
                    });
                    let ids = held.filter_map(|row| holders.get(row, "id").int());
                    let is_waiting = |id: &i64| waiting.iter().any(|w| w.id == *id);
                    edges.extend(ids.filter(|id| !is_waiting(id)).map(|id| edge(id, false)));
                    continue;
                }
                let free =
                    |s: &&Session| s.id != waiter.id && !s.waits_for_metadata() && !s.is_ours() && !s.is_servers_own();
                // A statement that names the table and began before is a holder; a transaction that began before may be one.
                let users: Vec<&Session> = self
                    .sessions
                    .iter()
                    .filter(free)
                    .filter(|s| !s.sleeps() && s.time_ms + 1_000 >= waiter.time_ms && names(s.id, table))
                    .collect();
                let maybe: Vec<&Session> = self
                    .sessions
                    .iter()
                    .filter(free)
                    .filter(|s| s.transaction_ms.is_some_and(|age| age + 1_000 >= waiter.time_ms))
                    .collect();
                match (users.as_slice(), maybe.as_slice()) {
                    ([], [one]) => edges.push(edge(one.id, true)),
                    ([], several) => suspects.extend(several.iter().map(|s| s.id)),
                    (users, _) => edges.extend(users.iter().map(|s| edge(s.id, true))),
                }
            }
        }
        for edge in edges {
            self.add(edge);
        }
        self.suspects = suspects.into_iter().collect();
    }

    /// The session of a number.
    pub(in crate::engine::mysql) fn session(&self, id: i64) -> Option<&Session> {
        self.sessions.iter().find(|s| s.id == id)
    }

    /// Sessions that wait for a lock.
    pub(in crate::engine::mysql) fn waiters(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(|s| s.waits_for_lock())
    }

    /// Everybody who waits for this session, directly or through others.
    pub(in crate::engine::mysql) fn blocked_by(&self, id: i64) -> Vec<i64> {
        let mut found = BTreeSet::new();
        let mut open = vec![id];
        while let Some(blocker) = open.pop() {
            for edge in self.edges.iter().filter(|e| e.blocking == blocker) {
                if edge.waiting != id && found.insert(edge.waiting) {
                    open.push(edge.waiting);
                }
            }
        }
        found.into_iter().collect()
    }

    /// The sessions that hold others up and wait for nobody, the one with most behind it first.
    pub(in crate::engine::mysql) fn roots(&self) -> Vec<Root> {
        let waiting: BTreeSet<i64> = self.edges.iter().map(|e| e.waiting).collect();
        // One that waits for somebody who is not told is no root either.
        let waits = |id: &i64| waiting.contains(id) || self.session(*id).is_some_and(Session::waits_for_lock);
        let ids: BTreeSet<i64> = self.edges.iter().map(|e| e.blocking).filter(|id| !waits(id)).collect();
        let mut roots: Vec<Root> = ids.into_iter().filter_map(|id| self.root(id)).collect();
        roots.sort_by(|a, b| {
            b.blocked.len().cmp(&a.blocked.len()).then(b.longest_ms.cmp(&a.longest_ms)).then(a.id.cmp(&b.id))
        });
        roots
    }

    fn root(&self, id: i64) -> Option<Root> {
        // Whoever wants the definition of a table holds up everybody behind it.
        let direct = || self.edges.iter().filter(|e| e.blocking == id);
        let first = direct().find(|e| e.on == On::Metadata).or_else(|| direct().next())?;
        let blocked = self.blocked_by(id);
        let longest = blocked.iter().filter_map(|id| self.session(*id)).map(Session::waited_ms).max();
        Some(Root {
            id,
            on: first.on,
            object: first.object.clone(),
            longest_ms: longest.unwrap_or(0),
            inferred: self.edges.iter().filter(|e| e.blocking == id).all(|e| e.inferred),
            blocked,
        })
    }
}
