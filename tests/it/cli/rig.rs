//! Commands run inside the test: the whole command line, a configuration in a folder of its own, and a host whose
//! servers can refuse and hang. Its clock is a real one, its store is a list.

use async_trait::async_trait;
use clap::Parser as _;
use dba_gpt::app::effect::DiagnoseRequest;
use dba_gpt::app::event::PastSession;
use dba_gpt::cli::{self, Headless, HeadlessTarget, Host, Terminal, VaultAnswer, VaultOrder, VaultTrouble};
use dba_gpt::config::args::Args;
use dba_gpt::config::{self, Identified, Inputs, Presets};
use dba_gpt::domain::error_event::{ConnectError, ConnectKind, SessionError};
use dba_gpt::domain::health::Usual;
use dba_gpt::domain::metric::MetricId;
use dba_gpt::domain::procedure::Examined;
use dba_gpt::domain::schedule::Patience;
use dba_gpt::domain::target::{Environment, TargetId, Timestamp};
use dba_gpt::engine::{self, ConnectSettings, Session, Surroundings};
use dba_gpt::runtime::examine::{Inquiry, examine};
use secrecy::{ExposeSecret as _, SecretString};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A folder for one test, and what its commands find in it.
pub struct Rig {
    home: TempDir,
    /// The shop's own connections: while one is open, its log of writes stays.
    writers: RefCell<Vec<rusqlite::Connection>>,
    pub variables: BTreeMap<String, String>,
    pub terminal: Terminal,
    pub past: Vec<PastSession>,
    /// Targets that take a connection and never answer.
    pub hanging: Vec<TargetId>,
    /// Standard output breaks after so many bytes.
    pub output_room: usize,
    pub interrupt: CancellationToken,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: u8,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The objects of standard output, one a line.
    pub fn objects(&self) -> Vec<serde_json::Value> {
        let lines: Vec<serde_json::Value> =
            self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect();
        assert!(lines.iter().all(|l| l["schema"] == 1), "{}", self.out);
        lines
    }
    /// The only object of standard output.
    pub fn object(&self) -> serde_json::Value {
        let objects = self.objects();
        assert_eq!(objects.len(), 1, "{self:?}");
        objects.into_iter().next().unwrap()
    }
}

impl Rig {
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let variables = [("DBA_GPT_HOME".to_owned(), home.path().display().to_string())].into();
        Self {
            home,
            writers: RefCell::default(),
            variables,
            terminal: Terminal::default(),
            past: Vec::new(),
            hanging: Vec::new(),
            output_room: usize::MAX,
            interrupt: CancellationToken::new(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes the configuration.
    pub fn configure(&self, text: &str) -> &Self {
        std::fs::write(self.path("config.toml"), text).unwrap();
        self
    }

    /// A small shop in a database file, as `shop.db`: three orders of two customers.
    pub fn shop(&self) -> PathBuf {
        let path = self.path("shop.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT NOT NULL);
                 CREATE TABLE orders(id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
                                     total REAL, note TEXT);
                 INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bo' || char(27) || '[2Jb');
                 INSERT INTO orders VALUES (1, 1, 9.5, NULL), (2, 1, 20, 'a|b'), (3, 2, 1, 'x');",
            )
            .unwrap();
        self.writers.borrow_mut().push(connection);
        path
    }

    /// The shop, made at the first call.
    pub fn shop_once(&self) -> PathBuf {
        let path = self.path("shop.db");
        if path.exists() { path } else { self.shop() }
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs a command with this on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
        let args = Args::try_parse_from(std::iter::once("dba-gpt").chain(arguments.iter().copied())).unwrap();
        let surroundings = Surroundings {
            variables: self.variables.clone(),
            home: Some(self.home.path().to_owned()),
            ..Surroundings::default()
        };
        let identify = |url: &SecretString| {
            let spec = engine::by_url(url.expose_secret())?;
            let identified = (spec.address)(url, &surroundings).and_then(|address| {
                let engine::Destination { servers, user, .. } = (spec.destination)(url, &surroundings)?;
                let log_formats = spec.dialect.log_formats().iter().map(|format| format.name).collect();
                Ok(Identified { engine: spec.id, address, servers, user, log_formats })
            });
            Some(identified.map_err(|e| e.message))
        };
        let configuration = config::load(&Inputs {
            args: &args.common,
            variables: &surroundings.variables,
            home: surroundings.home.as_deref(),
            identify: &identify,
            presets: Presets { names: &[], complete: &|_, _| Err("no presets here".to_owned()) },
            url_forms: "a URL",
            check_keys: &|_| Vec::new(),
            check_function: &|id, function| engine::by_name(id.0).unwrap().dialect.may_declare_safe(function),
            engines: &engine::ENGINES.iter().map(|engine| engine.id).collect::<Vec<_>>(),
            procedures: &[],
            check_statement: &|_, _, _| Ok(()),
        });
        let configured = configuration.as_ref().map(|c| c.targets.clone()).unwrap_or_default();
        let host = TestHost {
            urls: configured.iter().map(|t| (t.target.id.clone(), t.url.clone())).collect(),
            surroundings: surroundings.clone(),
            past: &self.past,
            hanging: &self.hanging,
            interrupt: &self.interrupt,
        };
        let targets = configured
            .iter()
            .map(|t| HeadlessTarget {
                target: t.target.clone(),
                patience: Patience::default(),
                facts: None,
                allow_functions: t.allow_functions.clone(),
                refresh_ms: 500,
            })
            .collect();
        let mut out = Pipe { bytes: Vec::new(), room: self.output_room };
        let mut err = Vec::new();
        let mut io = Headless {
            host: &host,
            surroundings: &surroundings,
            offset_minutes: 0,
            targets,
            common: &args.common,
            stdin: &mut input.as_ref(),
            stdout: &mut out,
            stderr: &mut err,
            terminal: self.terminal,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let code = runtime.block_on(cli::run(args.command.unwrap(), configuration, &mut io));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code, out: text(out.bytes), err: text(err) }
    }
}

/// A pipe whose reader goes away.
struct Pipe {
    bytes: Vec<u8>,
    room: usize,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.room {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct TestHost<'a> {
    urls: HashMap<TargetId, SecretString>,
    surroundings: Surroundings,
    past: &'a [PastSession],
    hanging: &'a [TargetId],
    interrupt: &'a CancellationToken,
}

#[async_trait]
impl Host for TestHost<'_> {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp(i64::try_from(since.as_millis()).unwrap())
    }
    /// Ten times as fast as life, so that no test waits for a deadline.
    async fn sleep(&self, milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds.div_ceil(10))).await;
    }
    fn interrupt(&self) -> CancellationToken {
        self.interrupt.clone()
    }
    async fn prepare(&self) -> Result<(), String> {
        Ok(())
    }
    async fn connect(&self, target: &TargetId) -> Result<Box<dyn Session>, ConnectError> {
        if self.hanging.contains(target) {
            std::future::pending::<()>().await;
        }
        let Some(url) = self.urls.get(target) else {
            return Err(ConnectError::new(ConnectKind::Settings, "no such target"));
        };
        let settings = ConnectSettings {
            url: url.clone(),
            password: None,
            dial: None,
            application: "dba-gpt test".into(),
            timeout: Duration::from_secs(5),
            surroundings: self.surroundings.clone(),
        };
        let spec = engine::by_url(url.expose_secret()).unwrap();
        (spec.connect)(&settings).await
    }
    fn patience_ms(&self, _: &TargetId) -> u64 {
        0
    }
    fn vault_state(&self) -> Result<Option<&'static str>, String> {
        Ok(None)
    }
    async fn vault(&self, _: VaultOrder) -> Result<VaultAnswer, VaultTrouble> {
        Err(VaultTrouble::Settings("this host has no vault".into()))
    }
    async fn usual(&self, _: &TargetId) -> BTreeMap<MetricId, Usual> {
        BTreeMap::new()
    }
    async fn diagnose(&self, request: DiagnoseRequest) -> Result<Examined, SessionError> {
        let mut session = self.connect(&request.target).await?;
        let spec = engine::by_url(self.urls[&request.target].expose_secret()).unwrap();
        let inquiry = Inquiry {
            request,
            environment: Environment::Development,
            safe_functions: Vec::new(),
            definitions: Vec::new(),
            own: Vec::new(),
            server_events: false,
        };
        examine(spec, &mut *session, &inquiry, &|_| {}).await
    }
    async fn past_sessions(&self, _: &TargetId, from: Timestamp, to: Timestamp) -> Result<Vec<PastSession>, String> {
        Ok(self.past.iter().filter(|p| p.at >= from && p.at <= to).cloned().collect())
    }
}

/// A path as an argument.
pub fn argument(path: &Path) -> &str {
    path.to_str().unwrap()
}
