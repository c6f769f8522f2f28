//! The whole way on every server at hand, with a reader that may only read and another login that carries it out: what
//! the two see of an object must give the same approval.

use super::*;
use crate::support::at_hand::Server;
use crate::support::hands::{self, Redis};
use dba_gpt::domain::guard::{self, Author, Catalog};
use dba_gpt::domain::procedure::OnFailure;
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::Inverse;
use dba_gpt::domain::rows::{Limits, Value};
use dba_gpt::engine::Collector;
use mongodb::bson::doc;

/// What stands on a server for one run of this test.
struct Scene {
    server: Server,
    name: String,
}

impl Scene {
    /// Three rows, documents or one key, which the reader may see.
    async fn set(server: Server) -> Self {
        let name = format!("acts_{}", std::process::id());
        let rows = format!(
            "CREATE TABLE {name}.t (id int PRIMARY KEY, note varchar(40)); INSERT INTO {name}.t VALUES (1, 'one'), (2, 'two'), (3, NULL);"
        );
        match server {
            Server::Postgres15 | Server::Postgres18 => {
                let grants =
                    format!("GRANT USAGE ON SCHEMA {name} TO dbagpt_ro; GRANT SELECT ON {name}.t TO dbagpt_ro;");
                hands::sql(server, "shop", &format!("CREATE SCHEMA {name}; {rows} {grants}")).await;
            }
            Server::MariaDb | Server::MySql9 => {
                let grant = format!("GRANT SELECT, SHOW VIEW ON {name}.* TO dbagpt_ro@'%';");
                hands::sql(server, "shop", &format!("CREATE DATABASE {name}; {rows} {grant}")).await;
            }
            Server::Redis7 | Server::Valkey9 => {
                Redis::connect(server, 0).run(&[b"SET", name.as_bytes(), b"one", b"EX", b"600"]);
            }
            Server::MongoBridge => {
                let documents = vec![doc! {"_id": 1, "note": "one"}, doc! {"_id": 2, "note": "two", "n": 5_i64}];
                hands::mongo("shop", doc! {"insert": &name, "documents": documents}).await;
            }
            Server::Sqlite => unreachable!("files have no logins"),
        }
        Self { server, name }
    }

    async fn remove(self) {
        let Self { server, name } = self;
        match server {
            Server::Postgres15 | Server::Postgres18 => {
                hands::sql(server, "shop", &format!("DROP SCHEMA {name} CASCADE")).await;
            }
            Server::MariaDb | Server::MySql9 => hands::sql(server, "shop", &format!("DROP DATABASE {name}")).await,
            Server::Redis7 | Server::Valkey9 => {
                Redis::connect(server, 0).run(&[b"UNLINK", name.as_bytes()]);
            }
            Server::MongoBridge => hands::mongo("shop", doc! {"drop": &name}).await,
            Server::Sqlite => {}
        }
    }

    /// A change, and a read that shows it.
    fn statements(&self) -> (String, String) {
        let name = &self.name;
        match self.server {
            Server::Redis7 | Server::Valkey9 => (format!("SET {name} two"), format!("GET {name}")),
            Server::MongoBridge => (
                format!("db.{name}.updateMany({{_id: {{$in: [1, 2]}}}}, {{$set: {{note: \"changed\"}}}})"),
                format!("db.{name}.find({{}}).sort({{_id: 1}}).limit(10)"),
            ),
            _ => (
                format!("UPDATE {name}.t SET note = 'changed' WHERE id IN (2, 3)"),
                format!("SELECT id, note FROM {name}.t ORDER BY id"),
            ),
        }
    }
}

/// The rows of a read, as the program itself reads them.
async fn read(ways: &Ways, statement: &str) -> Vec<Vec<Value>> {
    let mut session = (ways.read)("test".into(), None).await.unwrap();
    let allowed = guard::allow(ways.spec.dialect, Author::Person, &Catalog::default(), statement).unwrap();
    let limits = Limits::default();
    let mut sink = Collector::new(limits);
    session.read(allowed, &limits, &CancellationToken::new(), &mut sink).await.unwrap();
    session.close().await;
    sink.into_rows().rows
}

async fn whole_way(server: Server) {
    let Some(url) = server.url() else { return };
    let home = tempfile::tempdir().unwrap();
    let mut site = Site::at(home.path(), &url);
    if let Some(reader) = server.url_as("dbagpt_ro") {
        site.ways.read = ways(&reader).read;
        site.ways.login = Some("dbagpt_admin".into());
    }
    let scene = Scene::set(server).await;
    let (change, look) = scene.statements();
    let before = read(&site.ways, &look).await;

    let proposal = site.propose(&change).await;
    assert_eq!(read(&site.ways, &look).await, before, "{server:?}: a proposal changes nothing");
    let done = site.approve(proposal.id, &consent(&proposal)).await.unwrap_or_else(|e| panic!("{server:?}: {e:?}"));
    assert_eq!(done.stage, Stage::Done, "{server:?}: {:?}", done.happenings);
    assert_ne!(read(&site.ways, &look).await, before, "{server:?}");
    assert_eq!(site.audited(proposal.id), ["proposed", "approved", "intent", "outcome"], "{server:?}");

    let Inverse::Statements(undo) = &done.survey.inverse else { panic!("{server:?}: {:?}", done.survey.inverse) };
    for statement in undo {
        let undo = site.propose(statement).await;
        let undone = site.approve(undo.id, &consent(&undo)).await.unwrap_or_else(|e| panic!("{server:?}: {e:?}"));
        assert_eq!(undone.stage, Stage::Done, "{server:?}: {statement}: {:?}", undone.happenings);
    }
    assert_eq!(read(&site.ways, &look).await, before, "{server:?}: the undo brings everything back");

    // The same as a step of a plan, which does not help and takes itself back.
    let step = super::plans::own_cost_step(&change, OnFailure::RollBack);
    let undone = site.fix(super::plans::purpose(vec![step], None)).await;
    assert_eq!(undone.stage, Stage::Undone, "{server:?}: {:?}", undone.happenings);
    assert_eq!(read(&site.ways, &look).await, before, "{server:?}: it took itself back");
    assert_eq!(site.audited(undone.id).last().map(String::as_str), Some("rollback"), "{server:?}");

    // Approved for one server, answered by another.
    if server.sibling() != server
        && let Some(other) = server.sibling().url()
    {
        let proposal = site.propose(&change).await;
        let mut moved = Site::at(home.path(), &other);
        moved.ways.login.clone_from(&site.ways.login);
        let twin = Scene::set(server.sibling()).await;
        let refused = moved.approve(proposal.id, &consent(&proposal)).await.expect_err("another server");
        assert!(refused.words.contains("another server"), "{server:?}: {}", refused.words);
        twin.remove().await;
    }
    scene.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql() {
    Box::pin(whole_way(Server::Postgres15)).await;
    Box::pin(whole_way(Server::Postgres18)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_and_mariadb() {
    Box::pin(whole_way(Server::MariaDb)).await;
    Box::pin(whole_way(Server::MySql9)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_and_valkey() {
    Box::pin(whole_way(Server::Redis7)).await;
    Box::pin(whole_way(Server::Valkey9)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mongodb_like() {
    Box::pin(whole_way(Server::MongoBridge)).await;
}
