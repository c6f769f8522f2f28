//! Models with fixed contents: a fleet of fourteen, a server with a blocking tree, a conversation.

use dba_gpt::app::chat::{Block, ConversationSummary, Entry, Outcome, Running};
use dba_gpt::app::event::RequestId;
use dba_gpt::app::model::{Link, Model, Screen, TargetModel, ViewData, ViewInfo};
use dba_gpt::app::turn::Source;
use dba_gpt::domain::activity::{Sample, SessionInfo, SessionState};
use dba_gpt::domain::error_event::ConnectKind;
use dba_gpt::domain::health::{Health, Usual};
use dba_gpt::domain::metric::{self, MetricId, MetricKind};
use dba_gpt::domain::rows::{Column, Limits, Rows, Truncation, Value};
use dba_gpt::domain::target::{Access, Environment, Identity, Target, TargetId, Timestamp};
use dba_gpt::engine;
use std::sync::Arc;

/// 2026-08-22 14:32:07 UTC.
pub const NOW: Timestamp = Timestamp(1_787_409_127_000);
/// Seconds between two samples of the fixtures; fewer than in life, so that tests are quick.
const STEP_SECONDS: i64 = 15;

/// The views of a server as its engine would give them.
pub const VIEWS: &[ViewInfo] = &[
    ViewInfo { name: "queries", key: 'q', title: "Queries by total time" },
    ViewInfo { name: "tables", key: 't', title: "Tables by size" },
    ViewInfo { name: "indexes", key: 'i', title: "Indexes" },
    ViewInfo { name: "replication", key: 'r', title: "Replication" },
    ViewInfo { name: "variables", key: 'v', title: "Settings" },
    ViewInfo { name: "progress", key: 'p', title: "Progress" },
];

/// What a target of the fixtures reports.
pub struct Spec {
    pub name: &'static str,
    pub kind: &'static str,
    pub version: &'static str,
    pub role: &'static str,
    pub environment: Environment,
    pub readings: Vec<(MetricId, f64)>,
    pub sessions: Vec<SessionInfo>,
}

impl Spec {
    /// A server that is well.
    pub fn server(name: &'static str, connections: f64, limit: f64) -> Self {
        Self {
            name,
            kind: "pg16",
            version: "PG 16.4",
            role: "primary",
            environment: Environment::Development,
            readings: vec![
                (metric::CONNECTIONS, connections),
                (metric::CONNECTION_LIMIT, limit),
                (metric::ACTIVE, (connections / 5.0).round()),
                (metric::IDLE, (connections / 2.0).round()),
                (metric::IDLE_IN_TRANSACTION, 0.0),
                (metric::BLOCKED, 0.0),
                (metric::TRANSACTIONS, connections * 9.0),
                (metric::CACHE_HITS, 99_000.0),
                (metric::CACHE_READS, 1_000.0),
                (metric::DATA_BYTES, connections * 3e9),
            ],
            sessions: Vec::new(),
        }
    }
    pub fn with(mut self, id: MetricId, value: f64) -> Self {
        self.readings.retain(|(other, _)| *other != id);
        self.readings.push((id, value));
        self
    }
    pub fn production(mut self) -> Self {
        self.environment = Environment::Production;
        self
    }
    pub fn named(mut self, kind: &'static str, version: &'static str, role: &'static str) -> Self {
        (self.kind, self.version, self.role) = (kind, version, role);
        self
    }

    /// The target after a quarter of an hour of samples.
    pub fn build(self) -> TargetModel {
        let engine = engine::by_name(if self.kind == "sqlite" { "sqlite" } else { "postgres" }).unwrap();
        let target = Target {
            id: TargetId::new(self.name),
            engine: engine.id,
            environment: self.environment,
            address: if self.kind == "sqlite" { "/srv/edge/07.db".into() } else { "10.2.0.5:5432/orders".into() },
            accent: None,
            access: Access::ReadOnlyAtStart,
        };
        let views = if self.kind == "sqlite" { &VIEWS[1..3] } else { VIEWS };
        let mut t = TargetModel::new(target, engine.dialect, views, 2_000, NOW);
        t.identity = Some(Identity {
            version: self.version.into(),
            version_number: 160_004,
            kind: self.kind.into(),
            role: self.role.into(),
            database: if self.kind == "sqlite" { "main".into() } else { "orders".into() },
            user: if self.kind == "sqlite" { String::new() } else { "dba_ro".into() },
            started_at: (self.kind != "sqlite").then(|| NOW.plus_ms(-41 * 86_400_000)),
            ..Identity::default()
        });
        t.link = Link::Up;
        // A calm wave that grows towards the end, as the rates of a quarter of an hour.
        let steps = 900 / STEP_SECONDS;
        let wave = |step: i64| 1.0 + 0.5 * (step as f64 / 7.0).sin() + step as f64 / steps as f64;
        let at = |step: i64| NOW.plus_ms((step - steps) * STEP_SECONDS * 1000 - 1200);
        for (id, value) in &self.readings {
            let counts = metric::metric(*id).unwrap().kind == MetricKind::Counter;
            let series = t.series.entry(*id).or_default();
            for step in 0..steps - 2 {
                series.push(at(step), Some(if counts { value * wave(step) } else { *value }));
            }
        }
        // The last three are whole samples: two for the rules, which want two in a row, and one before them for rates.
        for step in steps - 2..=steps {
            let reading = |(id, value): &(MetricId, f64)| {
                let counts = metric::metric(*id).unwrap().kind == MetricKind::Counter;
                let sum: f64 = (0..=step).map(wave).sum();
                (*id, if counts { value * sum * STEP_SECONDS as f64 } else { *value })
            };
            let readings = self.readings.iter().map(reading).collect();
            let (at, sessions) = (at(step), self.sessions.clone());
            t.take(Sample { at, server_now: at, took_ms: 11, readings, sessions, hints: Vec::new() });
        }
        t.schedule.due = NOW.plus_ms(800);
        t
    }
}

/// A session with what every one has.
pub fn session(pid: i64, user: &str, application: &str, state: SessionState, statement: &str) -> SessionInfo {
    SessionInfo {
        pid,
        database: "orders".into(),
        user: user.into(),
        application: application.into(),
        client: "10.2.0.17".into(),
        state,
        transaction_start: None,
        statement_start: None,
        state_change: None,
        wait: String::new(),
        blocked_by: Vec::new(),
        holds: String::new(),
        statement: statement.into(),
        background: false,
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
fn since(seconds: i64) -> Option<Timestamp> {
    Some(NOW.plus_ms(-1200 - seconds * 1000))
}

/// A root, two branches below it and a leaf below one of them, and some sessions that have nothing to do with it.
pub fn blocking_sessions() -> Vec<SessionInfo> {
    const SETTLE: &str = "UPDATE orders SET status = 'paid', paid_at = now()\n WHERE id = ANY ($1)      \
                          -- checkout-worker/settle.py:118";
    let waiting = |pid, app: &str, seconds, by: &[i64], wait: &str, statement: &str| SessionInfo {
        transaction_start: since(seconds + 1),
        statement_start: since(seconds),
        state_change: since(seconds),
        wait: wait.into(),
        blocked_by: by.to_vec(),
        ..session(pid, "app_rw", app, SessionState::Active, statement)
    };
    let mut all = vec![
        SessionInfo {
            transaction_start: since(862),
            statement_start: since(860),
            state_change: since(859),
            wait: "Client:ClientRead".into(),
            holds: "RowExclusive on orders".into(),
            ..session(88_123, "app_rw", "checkout-worker", SessionState::IdleInTransaction, SETTLE)
        },
        waiting(88_410, "checkout-worker", 838, &[88_123], "Lock:tuple", SETTLE),
        waiting(88_502, "api", 550, &[88_410], "Lock:transactionid", "SELECT * FROM orders WHERE id = $1 FOR UPDATE"),
        waiting(88_519, "api", 527, &[88_410], "Lock:transactionid", "SELECT * FROM orders WHERE id = $1 FOR UPDATE"),
        waiting(88_431, "refunds", 750, &[88_123], "Lock:tuple", "UPDATE orders SET refunded = true WHERE id = 17"),
        waiting(88_777, "report", 182, &[88_123], "Lock:relation", "LOCK TABLE orders IN SHARE MODE"),
    ];
    all.push(SessionInfo {
        statement_start: since(4),
        transaction_start: since(4),
        state_change: since(4),
        wait: "IO:DataFileRead".into(),
        ..session(90_001, "dwh", "nightly", SessionState::Active, "SELECT count(*) FROM order_items -- 漢字 größe")
    });
    for i in 0..6 {
        all.push(SessionInfo {
            state_change: since(30 + i * 7),
            ..session(90_100 + i, "app_ro", "api", SessionState::Idle, "SELECT 1")
        });
    }
    all
}

/// The server in trouble.
pub fn troubled() -> Spec {
    let mut spec = Spec::server("pg-orders-1", 487.0, 500.0)
        .production()
        .with(metric::IDLE_IN_TRANSACTION, 212.0)
        .with(metric::BLOCKED, 5.0)
        .with(metric::LONGEST_TRANSACTION, 862.0)
        .with(metric::ACTIVE, 96.0)
        .with(metric::IDLE, 148.0)
        .with(metric::DATA_BYTES, 812.0 * (1_u64 << 30) as f64)
        .with(metric::WAL_RATE, 3.8e7)
        .with(metric::RETAINED_WAL, 9.1 * (1_u64 << 30) as f64)
        .with(metric::DEAD_ROWS, 4.1e6)
        .with(metric::XID_AGE, 1.2e8)
        .with(metric::STATEMENTS, 1_400.0)
        .with(metric::STATEMENT_TIME, 90_000.0);
    spec.sessions = blocking_sessions();
    spec
}

/// The whole fleet: one of each state, and a file.
pub fn fleet() -> Model {
    let mut targets = vec![
        troubled().build(),
        Spec::server("pg-legacy", 0.0, 100.0).named("pg13", "PG 13.9", "replica").build(),
        Spec::server("pg-orders-2", 44.0, 500.0)
            .production()
            .with(metric::LAG, 18.0)
            .named("pg16", "PG 16.4", "replica")
            .build(),
        Spec::server("pg-session", 410.0, 500.0).build(),
        Spec::server("pg-events", 210.0, 1000.0).named("pg15", "PG 15.8", "replica").build(),
        Spec::server("pg-new", 0.0, 100.0).build(),
        Spec::server("pg-billing", 61.0, 300.0).production().named("pg15", "PG 15.8", "primary").build(),
        Spec::server("pg-dwh", 12.0, 100.0).with(metric::STATEMENTS, 35.0).with(metric::STATEMENT_TIME, 9e3).build(),
        Spec::server("pg-shop-1", 190.0, 800.0).production().build(),
        Spec::server("pg-shop-2", 80.0, 800.0).with(metric::LAG, 0.0).named("pg16", "PG 16.4", "replica").build(),
        Spec::server("pg-crm", 22.0, 150.0).named("pg14", "PG 14.13", "primary").build(),
        Spec::server("pg-stage-1", 9.0, 100.0).named("pg17", "PG 17.0", "primary").build(),
        Spec::server("pg-größe", 3.0, 100.0).build(),
        file().build(),
    ];
    for t in &mut targets {
        match t.target.id.as_str() {
            "pg-legacy" => {
                let words = "connection refused: nothing listens on 10.2.0.9:5432. Is the server running?";
                t.health = Health::down(ConnectKind::Refused, words);
                t.link = Link::Down(ConnectKind::Refused, words.into());
            }
            "pg-events" => {
                let mut old = Sample::clone(t.sample.as_ref().unwrap());
                old.at = NOW.plus_ms(-41_000);
                t.sample = Some(Arc::new(old));
            }
            "pg-new" => {
                let (target, dialect) = (t.target.clone(), t.dialect);
                *t = TargetModel::new(target, dialect, VIEWS, 2_000, NOW);
            }
            _ => {}
        }
        t.usual.insert(metric::CONNECTIONS, Usual { median: 120.0, samples: 400 });
        t.usual.insert(metric::MEAN_STATEMENT, Usual { median: 22.0, samples: 400 });
        t.usual.insert(metric::CACHE_HIT_RATIO, Usual { median: 99.0, samples: 400 });
        t.usual.insert(metric::BLOCKED, Usual { median: 0.0, samples: 400 });
    }
    let mut model = Model::new(NOW, 0, targets, Limits::default());
    model.screen = Screen::Health;
    dba_gpt::app::update::follow_lists(&mut model);
    model
}

/// A database in a file: no sessions, no connections.
pub fn file() -> Spec {
    Spec {
        readings: vec![
            (metric::DATA_BYTES, 48.0e6),
            (metric::WAL_BYTES, 4.1e6),
            (metric::FREE_PAGES, 3.0),
            (metric::WRITES, 4.0),
        ],
        ..Spec::server("lite-edge-07", 0.0, 0.0).named("sqlite", "SQLite 3.51.3", "file")
    }
}

/// The server in trouble, opened at a view.
pub fn server(view: &'static str) -> Model {
    let mut model = fleet();
    model.health.server = Some(TargetId::new("pg-orders-1"));
    model.health.view = view;
    let t = model.target_mut(&TargetId::new("pg-orders-1")).unwrap();
    let data = |result| ViewData { result: Some(result), at: NOW.plus_ms(-3_000), loading: false };
    t.view_data.insert("queries", data(Ok(Arc::new(queries()))));
    t.view_data.insert("replication", data(Err("permission denied for view pg_stat_replication".into())));
    t.view_data.insert("tables", ViewData { result: None, at: Timestamp(0), loading: true });
    t.view_data.insert("progress", data(Ok(Arc::new(Rows::default()))));
    dba_gpt::app::update::follow_lists(&mut model);
    model
}

/// Statement statistics as an engine's view gives them.
fn queries() -> Rows {
    let numbers = ["calls", "mean_ms", "total_ms", "rows", "shared_hit", "shared_read", "temp_bytes"];
    let mut columns = vec![Column::text("queryid"), Column::text("query")];
    columns.extend(numbers.map(Column::number));
    let texts = [
        "UPDATE orders SET status = $1, paid_at = now() WHERE id = ANY ($2) RETURNING id, status, customer_id",
        "SELECT * FROM orders WHERE ext_ref = $1",
        "INSERT INTO order_items (order_id, product_id, quantity, price) VALUES ($1, $2, $3, $4)",
        "SELECT c.email, count(*) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.email",
    ];
    let rows = (0..16_i64)
        .map(|i| {
            let mut row = vec![
                Value::Text((8_812_450_023_371 - i * 733_111_117).to_string()),
                Value::Text(texts[usize::try_from(i).unwrap() % texts.len()].into()),
            ];
            row.extend((0..7).map(|n| Value::Int((41_207 - i * 2_001) * (n + 1) / 3)));
            row
        })
        .collect();
    Rows { columns, rows, truncated: None }
}

/// Rows of customers with a missing value, wide characters and a column too many.
pub fn customers(count: usize) -> Rows {
    let mut columns = vec![Column::number("id"), Column::text("name"), Column::text("email"), Column::text("city")];
    columns.extend([
        Column::number("orders"),
        Column::number("spent"),
        Column::text("created_at"),
        Column::text("note"),
    ]);
    let names = ["Ada Lovelace", "Jürgen Groß", "山田 太郎", "Zoë", "Ivan Horvat"];
    let cities = ["London", "Köln", "東京", "Split", "Oslo"];
    let rows = (0..count)
        .map(|i| {
            vec![
                Value::Int(i64::try_from(i).unwrap() + 1),
                Value::Text(names[i % 5].into()),
                if i % 7 == 3 { Value::Null } else { Value::Text(format!("customer{i}@example.com")) },
                Value::Text(cities[i * 3 % 5].into()),
                Value::Int(i64::try_from(i * 37 % 91).unwrap()),
                Value::Number(format!("{}.{:02}", i * 113 % 4_000, i % 100)),
                Value::Text(format!("2026-0{}-{:02} 10:{:02}:00", i % 8 + 1, i % 28 + 1, i % 60)),
                Value::Text(if i % 5 == 0 { "prefers to be called\nin the morning".into() } else { String::new() }),
            ]
        })
        .collect();
    Rows { columns, rows, truncated: (count >= 500).then_some(Truncation::Rows(500)) }
}

/// A question, an answer with two statements, a statement of one's own, and an error.
pub fn chat() -> Model {
    let mut model = fleet();
    model.screen = Screen::Chat;
    let chat = &mut model.chat;
    chat.target = Some(TargetId::new("pg-orders-1"));
    chat.name = "checkout stalls".into();
    chat.typing = true;
    let at = |seconds: i64| NOW.plus_ms(-seconds * 1000);
    let sizes = Rows {
        columns: vec![Column::text("table"), Column::number("rows"), Column::text("size"), Column::text("indexes")],
        rows: vec![
            vec!["order_items", "812 000 000", "301 GB", "122 GB"],
            vec!["orders", "97 000 000", "88 GB", "41 GB"],
            vec!["customers", "4 100 000", "2.1 GB", "900 MB"],
        ]
        .into_iter()
        .map(|r| r.into_iter().map(|v| Value::Text(v.into())).collect())
        .collect(),
        truncated: None,
    };
    let block = |seconds, title: &str, statement: &str, outcome| {
        Entry::Block(Block {
            at: at(seconds),
            title: title.into(),
            statement: statement.into(),
            target: "pg-orders-1".into(),
            database: None,
            outcome,
        })
    };
    let done = |rows, took_ms| Outcome::Done { rows: Arc::new(rows), took_ms, notices: Vec::new() };
    chat.entries = vec![
        Entry::You { at: at(127), text: "which tables are biggest?".into() },
        Entry::Lead {
            at: at(127),
            title: "The largest tables, with their indexes and TOAST.".into(),
            text: None,
            notes: vec!["Row counts are the planner's estimates; ask for exact counts to count.".into()],
            source: Source::Intent,
        },
        block(
            127,
            "Largest tables",
            "SELECT c.relname AS \"table\", c.reltuples::bigint AS rows, pg_size_pretty(pg_table_size(c.oid)) AS size\n  \
             FROM pg_catalog.pg_class c\n WHERE c.relkind IN ('r', 'm') -- tables only\n ORDER BY pg_table_size(c.oid) \
             DESC LIMIT 20",
            done(sizes, 41),
        ),
        Entry::You { at: at(60), text: "select * from customers".into() },
        block(60, "", "select * from customers", done(customers(500), 1_410)),
        Entry::You { at: at(20), text: "select * from custmers".into() },
        block(
            20,
            "",
            "select * from custmers",
            Outcome::Failed("relation \"custmers\" does not exist (42P01)\nat character 15".into()),
        ),
    ];
    model
}

/// The conversation while a statement runs.
pub fn chat_running() -> Model {
    let mut model = chat();
    let statement = "SELECT count(*), max(paid_at) FROM orders o JOIN order_items i ON i.order_id = o.id";
    model.chat.entries.truncate(3);
    model.chat.entries.push(Entry::You { at: NOW.plus_ms(-7_000), text: "how many items were paid?".into() });
    model.chat.entries.push(Entry::Block(Block {
        at: NOW.plus_ms(-7_000),
        title: "Items paid".into(),
        statement: statement.into(),
        target: "pg-orders-1".into(),
        database: None,
        outcome: Outcome::Running,
    }));
    model.chat.running =
        Some(Running { id: RequestId(7), since: NOW.plus_ms(-7_000), blocks: vec![4], rows: 12_400, stopping: false });
    model
}

/// Conversations to choose from.
pub fn conversations() -> Vec<ConversationSummary> {
    [("checkout stalls", 12), ("why is billing slow since Monday?", 31), ("größe der 漢字 Tabelle", 2)]
        .into_iter()
        .enumerate()
        .map(|(i, (name, entries))| ConversationSummary {
            id: i64::try_from(i).unwrap(),
            name: name.into(),
            updated: NOW.plus_ms(-3_600_000 * i64::try_from(i * i * 9).unwrap()),
            entries,
        })
        .collect()
}
