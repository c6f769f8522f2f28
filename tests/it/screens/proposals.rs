//! Proposals with fixed contents: an update, a table that is dropped, a long statement, sessions, and each end.

use super::fixtures::{self, NOW};
use dba_gpt::app::event::Event;
use dba_gpt::app::model::{Model, Screen};
use dba_gpt::app::update::update;
use dba_gpt::domain::guard::Class;
use dba_gpt::domain::guard::ticket::{Gravity, Precondition, TouchedObject};
use dba_gpt::domain::proposal::advice::{Advice, Weight};
use dba_gpt::domain::proposal::kind::{FixKind, SessionRef};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::{Blast, Footprint, Inverse, Place, Rights, Survey, Timeouts};
use dba_gpt::domain::proposal::{Draft, Origin, Parts, Proposal, Who};
use dba_gpt::domain::target::{Environment, TargetId};

/// What was found about a change of some rows of a table.
pub fn survey() -> Survey {
    Survey {
        place: Place {
            database: "orders".into(),
            role: "primary".into(),
            server: Some("7410000000000000001".into()),
            started_at: Some(NOW.plus_ms(-41 * 86_400_000)),
            epoch: Some("timeline 3".into()),
        },
        objects: vec![TouchedObject { name: "app.orders".into(), id: "16412".into(), definition: "a1".into() }],
        preconditions: vec![Precondition { text: "triggers on app.orders".into(), found: "none".into() }],
        blast: Blast {
            estimated_rows: Some(1),
            exact_rows: Some(1),
            tables: vec![Footprint { name: "app.orders".into(), rows: Some(97_000_000), bytes: Some(88 << 30) }],
            locks: "ROW EXCLUSIVE on app.orders: readers and writers go on".into(),
            rewrite: Some(false),
            replicas: Some("2 replicas replay it".into()),
            disk: Some("under 1 MB of WAL".into()),
            notes: Vec::new(),
            at_least: Gravity::Low,
        },
        inverse: Inverse::FromRows(1_000),
        rights: Rights::Held,
        timeouts: Timeouts::ROWS,
    }
}

/// A proposal that waits, of this statement on this target.
pub fn waiting(id: u64, target: &str, environment: Environment, class: Class, statement: &str) -> Proposal {
    let parts = Parts {
        target: TargetId::new(target),
        engine: "postgres".into(),
        environment,
        address: "10.2.0.5:5432/orders".into(),
        login: "dba_fix".into(),
        approvers: 1,
        draft: Draft { statement: statement.into(), class, kind: None, database: None },
        survey: survey(),
        advice: Vec::new(),
    };
    Proposal { id, ..Proposal::new(NOW.plus_ms(-240_000), Origin::Person, parts) }
}

/// One row of a production table changes.
pub fn update_of_orders(id: u64) -> Proposal {
    let statement = "UPDATE app.orders\n   SET status = 'paid', note = 'größe 漢字'\n WHERE id = 4711";
    let mut p = waiting(id, "pg-orders-1", Environment::Production, Class::Dml, statement);
    p.survey.blast.tables[0].bytes = Some(9 << 30);
    p.gravity = Gravity::Medium;
    p
}

/// The same on a server on which a mistake costs little.
pub fn update_on_dwh(id: u64) -> Proposal {
    let mut p = update_of_orders(id);
    p.target = TargetId::new("pg-dwh");
    p.environment = Environment::Development;
    p.survey.place.role = "primary".into();
    p
}

/// A table of a production server goes.
pub fn drop_of_orders(id: u64) -> Proposal {
    let mut p = waiting(id, "pg-orders-1", Environment::Production, Class::Ddl, "DROP TABLE app.orders_2019 CASCADE");
    p.survey.inverse = Inverse::None("the rows are gone with the table".into());
    p.survey.blast.locks = "ACCESS EXCLUSIVE on app.orders_2019: stops readers and writers".into();
    p.survey.blast.exact_rows = None;
    p.gravity = Gravity::High;
    p.advice = vec![Advice {
        rule: "ban-drop-table".into(),
        weight: Weight::Danger,
        text: "Programs that still read it fail at once.".into(),
        instead: Some("rename it first and drop it a week later".into()),
    }];
    p
}

/// A statement longer than every screen.
pub fn long(id: u64) -> Proposal {
    let mut statement = String::from("UPDATE app.orders SET status = 'paid' WHERE id IN (\n");
    for n in 1..=80 {
        statement.push_str(&format!(
            "  {},  -- order {n} of the batch of August that the bank has confirmed by letter\n",
            4_000 + n
        ));
    }
    statement.push_str("  4711)");
    let mut p = waiting(id, "pg-dwh", Environment::Development, Class::Dml, &statement);
    p.gravity = Gravity::Medium;
    p.survey.blast.tables[0].bytes = Some(9 << 30);
    p
}

/// Two sessions are ended.
pub fn sessions(id: u64) -> Proposal {
    let session = |id, about: &str| SessionRef {
        id,
        facts: vec![("backend_start".into(), "2026-08-22 13:58:07.114+00".into())],
        about: about.into(),
    };
    let kind = FixKind::EndSessions(vec![
        session(88_123, "app_rw checkout-worker idle in txn 14m"),
        session(88_410, "app_rw checkout-worker active 14m"),
    ]);
    let statement = "SELECT pg_catalog.pg_terminate_backend(a.pid)\n  FROM pg_catalog.pg_stat_activity a\n WHERE (a.pid, a.backend_start) IN (...)";
    let mut p = waiting(id, "pg-dwh", Environment::Development, kind.class(), statement);
    p.draft.kind = Some(kind);
    p.survey.inverse = Inverse::None("what they have not committed is rolled back".into());
    p
}

/// The fix login lacks the right.
pub fn without_the_right(id: u64) -> Proposal {
    let mut p = update_on_dwh(id);
    p.survey.rights = Rights::Missing(vec!["GRANT UPDATE ON TABLE app.orders TO dba_fix".into()]);
    p
}

/// A proposal at a stage, with what led there.
pub fn at_stage(mut p: Proposal, stages: &[(Stage, &str)]) -> Proposal {
    let who = Who { user: "ann".into(), before_sudo: None, ssh_from: Some("10.0.0.7".into()) };
    for (i, (stage, words)) in stages.iter().enumerate() {
        let at = NOW.plus_ms(-60_000 + i64::try_from(i).unwrap() * 1_000);
        let who = (*stage == Stage::Approved || *stage == Stage::Denied).then(|| who.clone());
        p.move_to(*stage, at, words, who).unwrap();
    }
    p
}

/// On its way.
pub fn running(id: u64) -> Proposal {
    at_stage(update_on_dwh(id), &[(Stage::Approved, ""), (Stage::Intended, ""), (Stage::Running, "")])
}

/// At its end.
pub fn done(id: u64) -> Proposal {
    let words = "1 row in 12 ms";
    at_stage(
        update_on_dwh(id),
        &[(Stage::Approved, ""), (Stage::Intended, ""), (Stage::Running, ""), (Stage::Done, words)],
    )
}

/// Nobody knows.
pub fn needs_person(id: u64) -> Proposal {
    let words = "the connection broke while it was being committed: look whether app.orders 4711 is paid";
    let stages = [(Stage::Approved, ""), (Stage::Intended, ""), (Stage::Running, ""), (Stage::NeedsPerson, words)];
    at_stage(update_on_dwh(id), &stages)
}

/// The fleet with these proposals, at the approvals screen; what is approved may run on its two targets.
pub fn model(proposals: Vec<Proposal>) -> Model {
    let mut model = fixtures::fleet();
    for name in ["pg-orders-1", "pg-dwh"] {
        model.target_mut(&TargetId::new(name)).unwrap().lifted = true;
    }
    model.screen = Screen::Approvals;
    update(&mut model, Event::ProposalsLoaded(proposals));
    model
}
