//! The store through its handle, on real files: what it keeps, what it refuses, and how it comes back from damage.

mod attempts;
mod audit;
mod definitions;
mod files;
mod history;
mod incidents;
mod person;
mod processes;
mod proposals;
mod retention;
mod rules;

use dba_gpt::domain::activity::{Sample, SessionInfo, SessionState};
use dba_gpt::domain::metric::{ACTIVE, CONNECTIONS, LAG, MetricId, TRANSACTIONS};
use dba_gpt::domain::target::{TargetId, Timestamp};
use dba_gpt::store::{ENTRY_BYTES, Entry, INPUT_LINES, Notice, Opened, Retention, Store, StoreError};
use rusqlite::Connection;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// 2026-09-21 00:00:00 UTC, the first of many days.
const START: i64 = 1_789_948_800_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn after(ms: i64) -> Timestamp {
    Timestamp(START + ms)
}

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn folder(&self) -> PathBuf {
        self.0.path().join("data")
    }
    fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }
    fn try_open(&self) -> Result<Opened, StoreError> {
        open(&self.folder())
    }
    fn open(&self) -> Store {
        let opened = self.try_open().unwrap();
        assert_eq!(opened.notices, []);
        opened.store
    }
    /// Leaves a store behind that nobody has open.
    async fn make(&self) {
        self.open().close().await.unwrap();
    }
}

/// Opens a store. What there is to say about the disk depends on the machine of the test, and is left out.
fn open(folder: &Path) -> Result<Opened, StoreError> {
    let mut opened = Store::open(folder, after(0), &Retention::default())?;
    opened.notices.retain(|notice| !matches!(notice, Notice::DoubtfulFileSystem { .. }));
    Ok(opened)
}

fn sample(at: Timestamp, readings: &[(MetricId, f64)]) -> Sample {
    let readings = readings.iter().copied().collect();
    Sample { at, server_now: at.plus_ms(7), readings, ..Sample::default() }
}

async fn keep(store: &Store, target: &str, sample: Sample) {
    store.record(&TargetId::new(target), Arc::new(sample)).await.unwrap();
}

fn session(pid: i64, state: SessionState) -> SessionInfo {
    SessionInfo {
        pid,
        database: "orders".into(),
        user: "app".into(),
        application: "checkout".into(),
        client: "10.2.0.17".into(),
        state,
        transaction_start: Some(after(-5000)),
        statement_start: Some(after(-3000)),
        state_change: None,
        wait: String::new(),
        blocked_by: Vec::new(),
        holds: String::new(),
        statement: "UPDATE orders SET status = $1".into(),
        background: false,
    }
}

fn entry(text: &str) -> Entry {
    Entry { at: after(0), kind: "question".into(), body: json!({ "text": text }) }
}

async fn values(store: &Store, metric: MetricId) -> Vec<(i64, f64)> {
    let points = store.series(&TargetId::new("a"), metric, after(-DAY), after(DAY)).await.unwrap();
    points.into_iter().map(|(at, value)| (at.0 - START, value)).collect()
}
