//! The observation with types: the file at both ends, who held its locks, its objects.

use super::{FILE, INDEXES, LOCKS, SCHEMA, TABLES};
use crate::domain::diagnosis::Case;
use crate::domain::rows::{Rows, Value};
use std::collections::BTreeMap;

/// The file at one moment. What is not known is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::engine::sqlite) struct File {
    pub(in crate::engine::sqlite) pages: Option<f64>,
    pub(in crate::engine::sqlite) page_size: f64,
    pub(in crate::engine::sqlite) free_pages: f64,
    pub(in crate::engine::sqlite) journal_mode: String,
    /// 0 none, 1 full, 2 incremental.
    pub(in crate::engine::sqlite) auto_vacuum: i64,
    /// Changes with every commit of another connection.
    pub(in crate::engine::sqlite) data_version: Option<i64>,
    /// The log on disk, bytes.
    pub(in crate::engine::sqlite) log_bytes: Option<f64>,
    /// What of it is in use since it last began anew, bytes.
    pub(in crate::engine::sqlite) log_in_use: Option<f64>,
    /// Commits since this program looks.
    pub(in crate::engine::sqlite) commits: Option<f64>,
    pub(in crate::engine::sqlite) disk_free: Option<f64>,
    pub(in crate::engine::sqlite) disk_size: Option<f64>,
    /// What stands in the way of writing, as a command.
    pub(in crate::engine::sqlite) closed: Option<String>,
    pub(in crate::engine::sqlite) locks_are_told: bool,
}

impl File {
    fn of(rows: &Rows) -> Option<Self> {
        let row = rows.rows.first()?;
        let number = |name: &str| rows.get(row, name).number();
        Some(Self {
            pages: number("page_count"),
            page_size: number("page_size").unwrap_or(4096.0),
            free_pages: number("freelist_count").unwrap_or(0.0),
            journal_mode: rows.text(row, "journal_mode"),
            auto_vacuum: rows.get(row, "auto_vacuum").int().unwrap_or(0),
            data_version: rows.get(row, "data_version").int(),
            log_bytes: number("wal_bytes"),
            log_in_use: number("wal_live_bytes"),
            commits: number("commits"),
            disk_free: number("disk_free"),
            disk_size: number("disk_size"),
            closed: rows.get(row, "closed").plain(),
            locks_are_told: rows.get(row, "locks_are_told").int() == Some(1),
        })
    }
    /// Bytes of the database file.
    pub(in crate::engine::sqlite) fn bytes(&self) -> f64 {
        self.pages.unwrap_or(0.0) * self.page_size
    }
}

/// An index of the file.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::sqlite) struct Index {
    pub(in crate::engine::sqlite) name: String,
    pub(in crate::engine::sqlite) table: String,
    pub(in crate::engine::sqlite) columns: String,
    /// Another index that has these columns in front.
    pub(in crate::engine::sqlite) covered_by: Option<String>,
}

/// An object of the file.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::sqlite) struct Object {
    pub(in crate::engine::sqlite) kind: String,
    pub(in crate::engine::sqlite) name: String,
    pub(in crate::engine::sqlite) sql: String,
}

/// All of it.
pub(in crate::engine::sqlite) struct View<'a> {
    pub(in crate::engine::sqlite) case: &'a Case<'a>,
    pub(in crate::engine::sqlite) first: Option<File>,
    pub(in crate::engine::sqlite) last: Option<File>,
    /// Seconds between the two looks.
    pub(in crate::engine::sqlite) seconds: f64,
}

impl<'a> View<'a> {
    pub(in crate::engine::sqlite) fn of(case: &'a Case<'a>) -> Self {
        let observation = case.observation;
        let ends = observation.ends(FILE.name);
        Self {
            case,
            first: ends.and_then(|(first, _)| File::of(&first.rows)),
            last: observation.last(FILE.name).and_then(|look| File::of(&look.rows)),
            seconds: observation.seconds(FILE.name).unwrap_or(0.0),
        }
    }

    /// Why a query has no answer, when the file is locked.
    pub(in crate::engine::sqlite) fn locked(&self) -> Option<&str> {
        self.refused_with(&["(5)", "(6)"])
    }
    /// The same when the file is damaged or is none.
    pub(in crate::engine::sqlite) fn damaged(&self) -> Option<&str> {
        self.refused_with(&["(11)", "(26)"])
    }
    fn refused_with(&self, codes: &[&str]) -> Option<&str> {
        [FILE.name, LOCKS.name, SCHEMA.name, INDEXES.name, TABLES.name, super::CHECK.name]
            .into_iter()
            .filter_map(|name| self.case.observation.refusal(name))
            .find(|why| codes.iter().any(|code| why.contains(code)))
    }

    /// Commits of others between the two looks; none when that is not known. Without a log only whether there was one
    /// is known.
    pub(in crate::engine::sqlite) fn commits(&self) -> Option<f64> {
        let (first, last) = (self.first.as_ref()?, self.last.as_ref()?);
        if let (Some(before), Some(after)) = (first.commits, last.commits) {
            // It begins anew when our own connection did.
            return (after >= before).then_some(after - before);
        }
        Some(if first.data_version? == last.data_version? { 0.0 } else { 1.0 })
    }

    /// Holders in each look: role, process and program, and in how many looks of how many they were.
    pub(in crate::engine::sqlite) fn holders(&self, role: &str) -> (Vec<Held>, usize) {
        let looks = self.case.observation.all(LOCKS.name);
        let mut held: BTreeMap<(i64, Option<i64>), Held> = BTreeMap::new();
        for look in looks {
            let rows = &look.rows;
            for row in rows.rows.iter().filter(|row| rows.text(row, "role") == role) {
                let (pid, mark) = (rows.get(row, "pid").int().unwrap_or(0), rows.get(row, "mark").int());
                let own = held.entry((pid, mark)).or_insert_with(|| Held {
                    pid,
                    program: rows.text(row, "program"),
                    looks: 0,
                });
                own.looks += 1;
            }
        }
        let mut held: Vec<Held> = held.into_values().collect();
        held.sort_by_key(|held| std::cmp::Reverse(held.looks));
        (held, looks.len())
    }

    /// Every object.
    pub(in crate::engine::sqlite) fn objects(&self) -> Vec<Object> {
        let Some(look) = self.case.observation.last(SCHEMA.name) else { return Vec::new() };
        let rows = &look.rows;
        let object = |row: &Vec<Value>| Object {
            kind: rows.text(row, "type"),
            name: rows.text(row, "name"),
            sql: rows.text(row, "sql"),
        };
        rows.rows.iter().map(object).collect()
    }

    /// Every index with its columns.
    pub(in crate::engine::sqlite) fn indexes(&self) -> Vec<Index> {
        let Some(look) = self.case.observation.last(INDEXES.name) else { return Vec::new() };
        let rows = &look.rows;
        let index = |row: &Vec<Value>| Index {
            name: rows.text(row, "name"),
            table: rows.text(row, "tbl_name"),
            columns: rows.text(row, "columns"),
            covered_by: rows.get(row, "covered_by").plain(),
        };
        rows.rows.iter().map(index).collect()
    }

    /// Rows of a table, where they could be counted.
    pub(in crate::engine::sqlite) fn rows_of(&self, table: &str) -> Option<f64> {
        let rows = &self.case.observation.last(TABLES.name)?.rows;
        let own = rows.rows.iter().find(|row| rows.text(row, "name").eq_ignore_ascii_case(table))?;
        rows.get(own, "rows").number()
    }

    pub(super) fn unknown(&self) -> Vec<String> {
        let mut unknown = self.case.observation.unknown.clone();
        if let Some(why) = self.case.observation.refusal(FILE.name) {
            unknown.push(format!("the file could not be looked at: {why}"));
        }
        if self.last.as_ref().is_some_and(|file| !file.locks_are_told) {
            unknown.push(
                "this system does not tell who holds locks on the file (/proc/locks): fuser or lsof may".to_owned(),
            );
        }
        unknown
    }
}

/// A process that held a lock.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::sqlite) struct Held {
    pub(in crate::engine::sqlite) pid: i64,
    /// Its program. Untrusted.
    pub(in crate::engine::sqlite) program: String,
    /// In how many looks it was seen.
    pub(in crate::engine::sqlite) looks: usize,
}

impl Held {
    /// `process 4711 (python3)`.
    pub(in crate::engine::sqlite) fn words(&self) -> String {
        let program = if self.program.is_empty() { "program not seen" } else { &self.program };
        format!("process {} ({program})", self.pid)
    }
}
