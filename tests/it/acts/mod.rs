//! Acts from proposal to end on real servers, with everything that can move in between.

mod crash;
mod cures;
mod kinds;
mod night;
mod own_undo;
mod plans;
mod policy;
mod promises;
mod room;
mod servers;
mod tamper;
mod terminal;
mod theirs;
mod unattended;
mod whole;

use dba_gpt::domain::guard::Class;
use dba_gpt::domain::guard::ticket::{Consent, DEAD_MS, Moment};
use dba_gpt::domain::proposal::{Draft, NotProposed, Origin, Proposal, Who};
use dba_gpt::domain::target::{Access, Environment, Target, TargetId};
use dba_gpt::engine::{self, ConnectSettings, Surroundings};
use dba_gpt::runtime::fixing::{Journal, Opener, Refused, Ways, Workshop, moment};
use dba_gpt::store::audit::{AuditLog, AuditPlaces, AuditRecord};
use dba_gpt::store::{Retention, Store};
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A shop in a file, a store, an audit log, and the ways between them.
pub struct Site {
    folder: PathBuf,
    url: String,
    workshop: Workshop,
    ways: Ways,
    /// Removed with the last user of it.
    home: Option<tempfile::TempDir>,
}

impl Site {
    /// A new one, with a shop of ten orders.
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("shop.db");
        let shop = rusqlite::Connection::open(&file).unwrap();
        shop.execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT NOT NULL, total REAL, note BLOB);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
             INSERT INTO orders SELECT i, CASE i % 2 WHEN 0 THEN 'open' ELSE 'paid' END, i * 1.1, x'00ff' FROM n;",
        )
        .unwrap();
        drop(shop);
        let mut site = Self::at(home.path(), &format!("sqlite:{}", file.display()));
        site.home = Some(home);
        site
    }

    /// The one in this folder, with the target of this URL.
    pub fn at(folder: &Path, url: &str) -> Self {
        let (data, state) = (folder.join("data"), folder.join("state"));
        let store = Store::open(&data, moment().wall, &Retention::default()).unwrap().store;
        let journal = Journal::new(AuditPlaces { data: data.clone(), state, second_anchor: None });
        let who = Who { user: "ann".into(), ..Who::default() };
        let workshop = Workshop::new(store, data, journal, who);
        Self { folder: folder.to_owned(), url: url.to_owned(), workshop, ways: ways(url), home: None }
    }

    /// Another process at the same files, with another person at it.
    pub fn another(&self, user: &str) -> Self {
        let mut other = Self::at(&self.folder, &self.url);
        other.workshop.who.user = user.into();
        other
    }

    fn target(&self) -> Target {
        Target {
            id: self.ways.target.clone(),
            engine: self.ways.spec.id,
            environment: Environment::Development,
            address: "shop".into(),
            accent: None,
            access: Access::Writable,
        }
    }

    /// A proposal of this statement, on file.
    pub async fn propose(&self, statement: &str) -> Proposal {
        self.try_propose(statement).await.unwrap()
    }

    pub async fn try_propose(&self, statement: &str) -> Result<Proposal, NotProposed> {
        let draft = Draft { statement: statement.into(), class: Class::Dml, kind: None, database: None };
        self.workshop.propose(&self.ways, &self.target(), Origin::Person, draft).await
    }

    /// Carries it out.
    pub async fn approve(&self, id: u64, consent: &Consent) -> Result<Proposal, Refused> {
        self.workshop.carry_out(&self.ways, id, consent, &CancellationToken::new(), &|_| {}).await
    }

    /// The proposal as it is on file.
    pub async fn on_file(&self, id: u64) -> Proposal {
        self.workshop.store.proposal(id).await.unwrap().unwrap()
    }

    /// Everything in the shop, as text.
    pub fn rows(&self) -> Vec<String> {
        let shop = self.shop();
        let mut names = shop.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
        let names: Vec<String> = names.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
        let mut found = Vec::new();
        for name in names {
            let mut statement = shop.prepare(&format!("SELECT * FROM \"{name}\" ORDER BY rowid")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells: Vec<String> = (0..columns).map(|i| format!("{:?}", row.get_ref(i).unwrap())).collect();
                found.push(format!("{name}: {}", cells.join(" | ")));
            }
        }
        found
    }

    /// Every object of the shop, as it is defined.
    pub fn objects(&self) -> Vec<String> {
        let shop = self.shop();
        let mut found = shop.prepare("SELECT name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1").unwrap();
        found.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// The shop's own hands.
    pub fn shop(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.url.trim_start_matches("sqlite:")).unwrap()
    }

    /// The audit log's records of a proposal, by kind; the log must be whole.
    pub fn audited(&self, id: u64) -> Vec<String> {
        let records = self.audit();
        records.into_iter().filter(|r| r.act == format!("#{id}")).map(|r| r.kind).collect()
    }

    fn audit(&self) -> Vec<AuditRecord> {
        let (data, state) = (self.folder.join("data"), self.folder.join("state"));
        let log = AuditLog::open(&AuditPlaces { data, state, second_anchor: None }, moment().wall).unwrap();
        assert_eq!(log.verify().unwrap().tampering, Vec::new());
        log.records(None).unwrap()
    }
}

/// The two ways to a target; both are its own login.
fn ways(url: &str) -> Ways {
    let spec = engine::by_url(url).unwrap();
    let url = url.to_owned();
    let opener: Opener = Arc::new(move |purpose, _| {
        let settings = ConnectSettings {
            url: SecretString::from(url.clone()),
            password: None,
            dial: None,
            application: format!("dba-gpt {purpose}"),
            timeout: Duration::from_secs(5),
            surroundings: Surroundings::default(),
        };
        Box::pin(async move { (spec.connect)(&settings).await })
    });
    Ways {
        target: TargetId::new("shop"),
        spec,
        environment: Environment::Development,
        read: Arc::clone(&opener),
        fix: Some(opener),
        safe_functions: Vec::new(),
        login: Some(String::new()),
        approvers: 1,
        closed: None,
        unattended: dba_gpt::domain::guard::policy::Policy::default(),
        room: dba_gpt::runtime::fixing::Room::default(),
    }
}

/// What a person does in front of a proposal that was read to its end.
pub fn consent(proposal: &Proposal) -> Consent {
    let now = moment();
    Consent {
        drawn: proposal.act().digest(),
        read_to_the_end: true,
        typed_name: Some("shop".into()),
        from_terminal: true,
        focused: Moment { uptime_ms: now.uptime_ms - DEAD_MS, ..now },
        decided: now,
    }
}
