//! A real server to provoke errors on, and what may be left on it.

use crate::support::at_hand::Server;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::rows::Value;
use dba_gpt::domain::simulation::{SCRATCH, Simulated};
use dba_gpt::domain::target::{TargetId, Timestamp};
use dba_gpt::engine::simulation::Simulation;
use dba_gpt::engine::{ConnectSettings, EngineSpec, Param, Query, Surroundings};
use secrecy::SecretString;
use std::time::{Duration, Instant};

/// What a busy machine may take for anything that is not itself measured.
const PATIENCE: Duration = Duration::from_secs(30);

/// One server.
pub struct Ground {
    pub server: Server,
    pub spec: &'static EngineSpec,
    /// As administrator.
    pub url: String,
    /// As the recommended read-only login, where there are logins.
    pub weak: Option<String>,
    /// The name of this test's connections: other tests have others.
    application: String,
}

/// Runs a promise on a server, unless it is not there.
pub fn on<F: Future<Output = ()>>(server: Server, promise: impl FnOnce(Ground) -> F) {
    let (Some(url), Some(spec)) = (server.url(), server.spec()) else { return };
    let weak = server.url_as("dbagpt_ro");
    let application = format!("dba-gpt simulate {}", std::process::id());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(promise(Ground { server, spec, url, weak, application }));
}

impl Ground {
    /// What can be provoked on this very server: the bridge that answers for MongoDB does not have everything.
    pub fn possible(&self) -> impl Iterator<Item = &'static Simulation> + use<> {
        let lacks: &[&str] = match self.server {
            // It has no logins and no validators, and numbers of its own for some errors.
            Server::MongoBridge => &["duplicate-key", "check", "access-denied"],
            _ => &[],
        };
        self.spec.simulations.iter().filter(move |s| !lacks.contains(&s.offer.error.name))
    }

    /// Provokes as a login, and names what came.
    pub async fn provoke(&self, simulation: &Simulation, url: &str) -> Result<Simulated, SessionError> {
        let began = Instant::now();
        let raised = (simulation.run)(&settings(url, &self.application)).await;
        // Ten seconds, and what a busy machine takes for nothing.
        assert!(began.elapsed() < Duration::from_secs(15), "{}: {:?}", simulation.offer.error.name, began.elapsed());
        let target = TargetId::new("ground");
        raised.map(|r| Simulated::new(simulation.offer, r, self.spec.dialect.errors(), Timestamp(0), &target))
    }

    /// What must be the same after everything: the bytes of a file.
    pub fn untouched(&self) -> Vec<u8> {
        match self.server {
            Server::Sqlite => std::fs::read(self.url.trim_start_matches("sqlite:")).unwrap(),
            _ => Vec::new(),
        }
    }

    /// Nothing that begins with our scratch name, no session of ours and no lock is there. Sessions take a moment to go,
    /// and another test may just be using a scratch object.
    pub async fn is_left_as_it_was(&self) {
        let began = Instant::now();
        loop {
            let left = self.left().await;
            if left.is_empty() {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{left:?}");
        }
    }

    async fn left(&self) -> Vec<String> {
        let queries: &[Query] = match self.server {
            Server::Postgres15 | Server::Postgres18 => LEFT_ON_POSTGRES,
            Server::MariaDb | Server::MySql9 => LEFT_ON_MYSQL,
            Server::Redis7 | Server::Valkey9 => LEFT_ON_REDIS,
            Server::MongoBridge => LEFT_ON_MONGODB,
            Server::Sqlite => return left_in_the_temporary_folder(),
        };
        let mut session = (self.spec.connect)(&settings(&self.url, "dba-gpt test")).await.unwrap();
        // Redis takes no spaces in the name of a client.
        let names = [SCRATCH.to_owned(), self.application.clone(), self.application.replace(' ', "-")];
        let mut left = Vec::new();
        for query in queries {
            let params: &[Param] =
                if query.text.contains("$1") { &[Param::Text(self.application.clone())] } else { &[] };
            let rows = session.own(query, params).await.unwrap();
            let lines = rows.rows.iter().map(|row| row.iter().filter_map(Value::plain).collect::<Vec<_>>().join(" "));
            left.extend(lines.filter(|line| names.iter().any(|name| line.contains(name))));
        }
        session.close().await;
        left
    }
}

fn left_in_the_temporary_folder() -> Vec<String> {
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap();
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(SCRATCH)).collect()
}

static LEFT_ON_POSTGRES: &[Query] = &[Query {
    name: "test.left",
    text: "SELECT 'relation', relname::text FROM pg_catalog.pg_class WHERE left(relname, 18) = 'dba_gpt_simulation'
           UNION ALL SELECT 'role', rolname::text FROM pg_catalog.pg_roles WHERE left(rolname, 18) = 'dba_gpt_simulation'
           UNION ALL SELECT 'session', application_name FROM pg_catalog.pg_stat_activity WHERE application_name = $1
           UNION ALL SELECT 'lock', a.application_name FROM pg_catalog.pg_locks l
                       JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid WHERE a.application_name = $1",
    timeout_ms: 5_000,
}];

static LEFT_ON_MYSQL: &[Query] = &[Query {
    name: "test.left",
    text: "SELECT 'table', table_name FROM information_schema.tables WHERE left(table_name, 18) = 'dba_gpt_simulation'
           UNION ALL SELECT 'user', user FROM mysql.user WHERE left(user, 18) = 'dba_gpt_simulation'
           UNION ALL SELECT 'session', user FROM information_schema.processlist WHERE left(user, 18) = 'dba_gpt_simulation'",
    timeout_ms: 5_000,
}];

static LEFT_ON_REDIS: &[Query] = &[
    Query { name: "test.keys", text: "SCAN 0 MATCH dba_gpt_simulation_* COUNT 1000000", timeout_ms: 5_000 },
    Query { name: "test.users", text: "ACL USERS", timeout_ms: 5_000 },
    Query { name: "test.clients", text: "CLIENT LIST", timeout_ms: 5_000 },
];

static LEFT_ON_MONGODB: &[Query] = &[Query {
    name: "test.collections",
    text: r#"{"listCollections": 1, "nameOnly": true, "cursor": {"batchSize": 1000}, "$db": "$database"}"#,
    timeout_ms: 5_000,
}];

fn settings(url: &str, application: &str) -> ConnectSettings {
    ConnectSettings {
        url: SecretString::from(url),
        password: None,
        dial: None,
        application: application.into(),
        timeout: Duration::from_secs(5),
        surroundings: Surroundings::default(),
    }
}
