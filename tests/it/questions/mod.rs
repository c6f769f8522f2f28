//! Questions in words, asked of real databases: each answer's rows must equal those of a reference statement.

mod anything;
mod cannot;
mod copied;
mod data;
mod documents;
mod mongodb;
mod mysql;
mod server;
mod table;

use dba_gpt::domain::guard::{self, Author, Catalog};
use dba_gpt::domain::question::{Answer, Cannot, Understood, understand};
use dba_gpt::domain::rows::{Limits, Rows, Value};
use dba_gpt::domain::schema::Schema;
use dba_gpt::domain::target::Timestamp;
use dba_gpt::engine::{Collector, ConnectSettings, EngineSpec, Session, Surroundings, by_name};
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Wednesday 2026-08-19 16:30 UTC.
pub const NOW: Timestamp = Timestamp(1_787_157_000_000);

/// A database that can be asked.
pub struct Asked {
    pub spec: &'static EngineSpec,
    pub session: Box<dyn Session>,
    pub schema: Schema,
    pub catalog: Catalog,
    /// Deleted with it, when it is a file.
    _folder: Option<tempfile::TempDir>,
}

impl Asked {
    /// Connects through the engine's own door.
    pub async fn connect(engine: &str, url: &str, folder: Option<tempfile::TempDir>) -> Self {
        let spec = by_name(engine).unwrap();
        let settings = ConnectSettings {
            url: SecretString::from(url),
            password: None,
            dial: None,
            application: "dba-gpt test".into(),
            timeout: Duration::from_secs(10),
            surroundings: Surroundings::default(),
        };
        let mut session = (spec.connect)(&settings).await.unwrap_or_else(|e| panic!("{e}"));
        let (schema, catalog) = (spec.schema)(&mut *session).await.unwrap();
        Self { spec, session, schema, catalog, _folder: folder }
    }

    /// The shop in a SQLite file of its own.
    pub async fn sqlite_shop() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("shop.db");
        let file = rusqlite::Connection::open(&path).unwrap();
        file.execute_batch(include_str!("../data/questions_shop.sql")).unwrap();
        drop(file);
        Self::connect("sqlite", path.to_str().unwrap(), Some(folder)).await
    }

    pub fn understand(&self, question: &str) -> Result<Understood, Cannot> {
        understand(question, &self.schema, NOW, 0)
    }

    pub fn answer(&self, question: &str) -> Result<(Understood, Answer), Cannot> {
        let understood = self.understand(question)?;
        let answer = self.spec.dialect.answer(&understood.intent, &self.schema, NOW)?;
        Ok((understood, answer))
    }

    /// Runs a statement as the chat does: judged by the guard first.
    pub async fn run(&mut self, statement: &str) -> Result<Rows, String> {
        let allowed = guard::allow(self.spec.dialect, Author::Model, &self.catalog, statement)
            .map_err(|j| format!("{}: {}", j.verdict.word(), j.reason))?;
        let limits = Limits { rows: 10_000, ..Limits::default() };
        let mut collector = Collector::new(limits);
        let stop = CancellationToken::new();
        self.session.read(allowed, &limits, &stop, &mut collector).await.map_err(|e| e.to_string())?;
        Ok(collector.into_rows())
    }
}

/// Cells as text that two engines and two ways of computing agree on.
pub fn cells(rows: &Rows, columns: usize, ordered: bool) -> Vec<Vec<String>> {
    let cell = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(b) => u8::from(*b).to_string(),
        other => {
            let text = other.plain().unwrap_or_default();
            match text.as_str() {
                "t" => "1".to_owned(),
                "f" => "0".to_owned(),
                _ => text.parse::<f64>().map_or_else(|_| text.trim_end().to_owned(), |n| format!("{n:.4}")),
            }
        }
    };
    let mut out: Vec<Vec<String>> = rows.rows.iter().map(|r| r.iter().take(columns).map(cell).collect()).collect();
    if !ordered {
        out.sort();
    }
    out
}

pub fn block_on<F: Future<Output = ()>>(test: F) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
}
