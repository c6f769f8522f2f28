//! Every typed kind of PostgreSQL on real servers, through the workshop: surveyed, approved, carried out, seen to be in
//! force, undone, and seen to be as before.

use super::*;
use crate::postgres::support::{PATIENCE, admin, eventually};
use crate::support::at_hand::Server;
use crate::support::hands;
use dba_gpt::domain::procedure::{Check, Verified};
use dba_gpt::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::Inverse;
use std::sync::atomic::{AtomicU32, Ordering};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A schema and a role of this test alone, with the program's ways to the server.
pub(super) struct Place {
    pub(super) server: Server,
    pub(super) site: Site,
    pub(super) name: String,
    client: tokio_postgres::Client,
    pub(super) home: tempfile::TempDir,
}

impl Place {
    pub(super) async fn new(server: Server) -> Option<Self> {
        let url = server.url()?;
        let home = tempfile::tempdir().unwrap();
        let mut site = Site::at(home.path(), &url);
        site.ways.read = ways(&server.url_as("dbagpt_ro").unwrap()).read;
        site.ways.login = Some("dbagpt_admin".into());
        let name = format!("kinds_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        hands::sql(
            server,
            "shop",
            &format!(
                "CREATE ROLE {name} LOGIN PASSWORD 'app'; CREATE SCHEMA {name}; GRANT USAGE ON SCHEMA {name} TO dbagpt_ro;
                 CREATE TABLE {name}.customers (id int PRIMARY KEY, mail text UNIQUE);
                 CREATE TABLE {name}.orders (id int PRIMARY KEY, customer_id int REFERENCES {name}.customers, at date, note text);
                 INSERT INTO {name}.customers SELECT i, i::text FROM generate_series(1, 50) i;
                 INSERT INTO {name}.orders SELECT i, 1 + i % 50, date '2026-01-01' + i % 300, 'note' FROM generate_series(1, 3000) i;
                 CREATE INDEX orders_at ON {name}.orders (at); COMMENT ON INDEX {name}.orders_at IS 'by day';
                 GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO dbagpt_ro; ANALYZE {name}.orders"
            ),
        )
        .await;
        let client = admin(&url).await;
        Some(Self { server, site, name, client, home })
    }

    pub(super) fn table(&self, name: &str) -> ObjectRef {
        ObjectRef::new(&self.name, name)
    }

    pub(super) async fn one(&self, query: &str) -> String {
        let query = query.replace('$', &self.name);
        let row = self.client.query_one(&query, &[]).await.unwrap_or_else(|e| panic!("{query}: {e:?}"));
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }

    pub(super) async fn run(&self, text: &str) {
        hands::sql(self.server, "shop", &text.replace('$', &self.name)).await;
    }

    async fn verify(&self, check: &Check) -> Verified {
        let mut session = (self.site.ways.read)("test".into(), None).await.unwrap();
        let verified = (self.site.ways.spec.fixing.verify)(&mut *session, check).await.unwrap();
        session.close().await;
        verified
    }

    pub(super) async fn try_propose(&self, kind: FixKind) -> Result<Proposal, String> {
        let draft = Draft { statement: String::new(), class: kind.class(), kind: Some(kind), database: None };
        let proposed = self.site.workshop.propose(&self.site.ways, &self.site.target(), Origin::Person, draft).await;
        proposed.map_err(|e| format!("{e:?}"))
    }

    pub(super) async fn act(&self, proposal: &Proposal) -> Proposal {
        let done = self.site.approve(proposal.id, &consent(proposal)).await;
        let done = done.unwrap_or_else(|e| panic!("{:?} {}: {e:?}", self.server, proposal.draft.statement));
        assert_eq!(done.stage, Stage::Done, "{:?} {}: {:?}", self.server, proposal.draft.statement, done.happenings);
        done
    }

    /// Survey, approval, act; it is in force afterwards; the undo, and `state` is as it was before.
    async fn round(&self, kind: FixKind, state: &str) {
        let check = Check::InForce(Box::new(kind.clone()));
        let before = self.one(state).await;
        let proposal =
            self.try_propose(kind.clone()).await.unwrap_or_else(|e| panic!("{:?} {kind:?}: {e}", self.server));
        assert_eq!(self.one(state).await, before, "a proposal changes nothing");
        let done = self.act(&proposal).await;
        eventually(PATIENCE, &format!("{kind:?} is in force"), || async {
            self.verify(&check).await.held == Some(true)
        })
        .await;
        assert_ne!(self.one(state).await, before, "{kind:?}");
        let Inverse::Statements(undo) = &done.survey.inverse else { panic!("{kind:?}: {:?}", done.survey.inverse) };
        for statement in undo {
            let undo = self.site.propose(statement).await;
            self.act(&undo).await;
        }
        eventually(PATIENCE, &format!("{kind:?} is undone"), || async { self.one(state).await == before }).await;
        assert_eq!(self.verify(&check).await.held, Some(false), "{kind:?} is undone");
    }

    async fn refused(&self, kind: FixKind, words: &str) {
        let error = self.try_propose(kind.clone()).await.expect_err("it is refused");
        assert!(error.contains(words), "{:?} {kind:?}: {error}", self.server);
    }

    pub(super) async fn remove(self) {
        self.run("DROP SCHEMA $ CASCADE; DROP ROLE $").await;
    }
}

const INDEXES: &str = "SELECT string_agg(pg_get_indexdef(indexrelid) || coalesce(obj_description(indexrelid, 'pg_class'), '') || indisvalid, E'\n' ORDER BY indexrelid::regclass::text) FROM pg_index WHERE indrelid = '$.orders'::regclass";
const OPTIONS: &str = "SELECT coalesce((SELECT string_agg(o, ',' ORDER BY o) FROM unnest(reloptions) o), '') FROM pg_class WHERE oid = '$.orders'::regclass";
const ROLE: &str = "SELECT rolconnlimit || ' ' || coalesce((SELECT setconfig::text FROM pg_db_role_setting WHERE setrole = r.oid AND setdatabase = 0), '') FROM pg_roles r WHERE rolname = '$'";

async fn rounds(server: Server) {
    let Some(place) = Place::new(server).await else { return };
    let orders = || place.table("orders");
    let role = || place.name.clone();

    place
        .round(
            FixKind::CreateIndex {
                table: orders(),
                name: "by_customer".into(),
                columns: vec!["customer_id".into(), "-at".into()],
            },
            INDEXES,
        )
        .await;
    place.round(FixKind::DropIndex { table: orders(), name: "orders_at".into() }, INDEXES).await;
    let option = |value: Option<&str>| FixKind::SetTableOption {
        table: orders(),
        name: "autovacuum_vacuum_scale_factor".into(),
        value: value.map(str::to_owned),
    };
    place.round(option(Some("0.02")), OPTIONS).await;
    place.run("ALTER TABLE $.orders SET (autovacuum_vacuum_scale_factor = 0.4, fillfactor = 90)").await;
    place.round(option(Some("0.01")), OPTIONS).await;
    place.round(option(None), OPTIONS).await;

    let setting = |value: Option<&str>| FixKind::SetForRole {
        role: role(),
        name: "idle_in_transaction_session_timeout".into(),
        value: value.map(str::to_owned),
    };
    place.round(setting(Some("5min")), ROLE).await;
    place.run("ALTER ROLE $ SET idle_in_transaction_session_timeout = '1h'").await;
    place.round(setting(Some("5min")), ROLE).await;
    place.round(setting(None), ROLE).await;
    place.round(FixKind::LimitConnections(role(), Some(7)), ROLE).await;
    place.run("ALTER ROLE $ CONNECTION LIMIT 30").await;
    place.round(FixKind::LimitConnections(role(), Some(7)), ROLE).await;
    place.round(FixKind::LimitConnections(role(), None), ROLE).await;
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_undone_goes_round() {
    rounds(Server::Postgres15).await;
    rounds(Server::Postgres18).await;
}

async fn settings(server: Server) {
    let Some(place) = Place::new(server).await else { return };
    // A setting of this test alone, and one that our own sessions set for themselves.
    let change = |value: &str| FixKind::ChangeSetting { name: "log_temp_files".into(), value: value.into() };
    let shown = "SELECT setting FROM pg_settings WHERE name = 'log_temp_files'";
    place.round(change("64MB"), shown).await;
    place.run("ALTER SYSTEM SET log_temp_files = '32MB'").await;
    place.run("SELECT pg_reload_conf()").await;
    eventually(PATIENCE, "it is 32 MB", || async { place.one(shown).await == "32768" }).await;
    place.round(change("64MB"), shown).await;
    place.round(FixKind::ResetSetting("log_temp_files".into()), shown).await;
    place.run("ALTER SYSTEM RESET log_temp_files").await;
    place.run("SELECT pg_reload_conf()").await;

    // A restart is a person's: the survey says so, and nothing pretends that it is in force.
    let kind = FixKind::ChangeSetting { name: "max_locks_per_transaction".into(), value: "128".into() };
    let proposal = place.try_propose(kind.clone()).await.unwrap();
    assert!(proposal.survey.blast.notes.join(" ").contains("NEXT RESTART"), "{:?}", proposal.survey.blast.notes);
    let done = place.act(&proposal).await;
    assert!(done.happenings.last().unwrap().words.contains("next restart"), "{:?}", done.happenings);
    assert_eq!(place.verify(&Check::InForce(Box::new(kind))).await.held, Some(false));
    let Inverse::Statements(undo) = &done.survey.inverse else { panic!("{:?}", done.survey.inverse) };
    let undo = place.site.propose(&undo[0]).await;
    place.act(&undo).await;
    assert_eq!(
        place.one("SELECT count(*)::text FROM pg_file_settings WHERE name = 'max_locks_per_transaction' AND sourcefile LIKE '%auto.conf'").await,
        "0"
    );
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_the_server_are_in_force_after_the_act() {
    Box::pin(settings(Server::Postgres15)).await;
    Box::pin(settings(Server::Postgres18)).await;
}

async fn upkeep(server: Server) {
    let Some(place) = Place::new(server).await else { return };
    let orders = || place.table("orders");
    place.run("DELETE FROM $.orders WHERE id % 2 = 0").await;
    let dead = Check::DeadRowsAtMost(orders(), 5);
    eventually(PATIENCE, "the dead rows are counted", || async { place.verify(&dead).await.held == Some(false) }).await;
    let vacuum = place.try_propose(FixKind::Maintain(Upkeep::Vacuum, Some(orders()))).await.unwrap();
    assert!(matches!(vacuum.survey.inverse, Inverse::None(_)));
    // A snapshot of another test keeps dead rows; the statistics are new all the same.
    place.act(&vacuum).await;
    let analyzed = Check::AnalyzedWithin(orders(), 60);
    eventually(PATIENCE, "its statistics are new", || async { place.verify(&analyzed).await.held == Some(true) }).await;
    for kind in [
        FixKind::Maintain(Upkeep::Analyze, Some(place.table("customers"))),
        FixKind::Maintain(Upkeep::Freeze, Some(orders())),
        FixKind::Maintain(Upkeep::Checkpoint, None),
    ] {
        let proposal = place.try_propose(kind).await.unwrap();
        place.act(&proposal).await;
    }

    // An index that somebody left half built is built anew.
    place.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = '$.orders_at'::regclass").await;
    let (table, name) = (orders(), "orders_at".to_owned());
    assert_eq!(place.verify(&Check::IndexInvalid(table.clone(), name.clone())).await.held, Some(true));
    assert_eq!(place.verify(&Check::IndexUsable(table.clone(), name.clone())).await.held, Some(false));
    let rebuild = place.try_propose(FixKind::RebuildIndex { table: table.clone(), name: name.clone() }).await.unwrap();
    assert!(rebuild.survey.preconditions.iter().any(|p| p.found.contains("not whole")), "{:?}", rebuild.survey);
    place.act(&rebuild).await;
    assert_eq!(place.verify(&Check::IndexUsable(table.clone(), name.clone())).await.held, Some(true));
    assert_eq!(place.verify(&Check::IndexInvalid(table, name)).await.held, Some(false));
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upkeep_is_done_and_seen() {
    Box::pin(upkeep(Server::Postgres15)).await;
    Box::pin(upkeep(Server::Postgres18)).await;
}

async fn objections(server: Server) {
    let Some(place) = Place::new(server).await else { return };
    let (orders, customers) = (place.table("orders"), place.table("customers"));
    let drop = |table: &ObjectRef, name: &str| FixKind::DropIndex { table: table.clone(), name: name.into() };
    place.run("CREATE UNIQUE INDEX one_note ON $.customers (id, mail); CREATE TABLE $.parts (id int) PARTITION BY RANGE (id); CREATE TABLE $.part PARTITION OF $.parts FOR VALUES FROM (0) TO (9); CREATE INDEX by_part ON $.parts (id)").await;
    for (kind, words) in [
        (drop(&customers, "customers_pkey"), "the constraint orders_customer_id_fkey needs"),
        (drop(&customers, "customers_mail_key"), "the constraint customers_mail_key needs"),
        (drop(&customers, "one_note"), "keeps rows unique"),
        (drop(&customers, "orders_at"), "is an index of orders"),
        (drop(&orders, "nowhere"), "there is no"),
        (drop(&place.table("part"), "part_id_idx"), "partitioned"),
        (FixKind::RebuildIndex { table: place.table("parts"), name: "by_part".into() }, "partitioned"),
        (
            FixKind::CreateIndex { table: orders.clone(), name: "again".into(), columns: vec!["at".into()] },
            "orders_at begins with these columns",
        ),
        (
            FixKind::CreateIndex { table: orders.clone(), name: "again".into(), columns: vec!["-at".into()] },
            "orders_at begins with these columns",
        ),
        (
            FixKind::CreateIndex { table: place.table("parts"), name: "x".into(), columns: vec!["id".into()] },
            "partitioned",
        ),
        (FixKind::LimitConnections("dbagpt_admin".into(), Some(5)), "superuser"),
        (FixKind::LimitConnections("nobody_at_all".into(), Some(5)), "there is no role"),
        (FixKind::Maintain(Upkeep::Compact, Some(orders.clone())), "lock that stops everybody"),
    ] {
        place.refused(kind, words).await;
    }
    // The twin of an index that nobody needs: it is the only one of a foreign key, and the survey says so.
    place.run("CREATE INDEX by_customer ON $.orders (customer_id)").await;
    let proposal = place.try_propose(drop(&orders, "by_customer")).await.unwrap();
    assert!(
        proposal.survey.blast.notes.iter().any(|note| note.contains("the foreign key orders_customer_id_fkey")),
        "{:?}",
        proposal.survey.blast.notes
    );
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_do_harm_is_refused_with_the_reason() {
    objections(Server::Postgres15).await;
    objections(Server::Postgres18).await;
}
