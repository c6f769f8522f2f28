//! `approvals` by the real program: what waits, everything about one, and the word no.

use super::program::{run, text};
use dba_gpt::domain::guard::Class;
use dba_gpt::domain::guard::ticket::Gravity;
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::{Blast, Footprint, Inverse, Place, Rights, Survey, Timeouts};
use dba_gpt::domain::proposal::{Draft, Origin, Parts, Proposal};
use dba_gpt::domain::target::{Environment, TargetId, Timestamp};
use dba_gpt::store::{Retention, Store};
use serde_json::{Value, json};
use std::future::Future;
use std::process::Output;
use tempfile::TempDir;

/// 2026-09-21 00:00:00 UTC.
const START: Timestamp = Timestamp(1_789_948_800_000);
const STATEMENT: &str = "DELETE FROM app.orders\n WHERE note = 'a\u{202e}b'\n   AND id = 7";

/// The home of a program with proposals in its store.
struct Kept(TempDir);

impl Kept {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    /// Works on the store as another process would, and closes it.
    fn store<T, F: Future<Output = T>>(&self, work: impl FnOnce(Store) -> F) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = Store::open(&self.0.path().join("data"), START, &Retention::default()).unwrap().store;
        runtime.block_on(async {
            let done = work(store.clone()).await;
            store.close().await.unwrap();
            done
        })
    }
    fn file(&self, proposal: Proposal) -> Proposal {
        self.store(|store| async move { store.file_proposal(proposal).await.unwrap() })
    }
    fn run(&self, arguments: &[&str]) -> Output {
        run(self.0.path(), arguments)
    }
    fn objects(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = self.run(arguments);
        assert_eq!(ran.status.code(), Some(0), "{ran:?}");
        text(&ran.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn proposal(target: &str, stage: Stage) -> Proposal {
    let survey = Survey {
        place: Place { database: "shop".into(), role: "primary".into(), ..Place::default() },
        objects: Vec::new(),
        preconditions: Vec::new(),
        blast: Blast {
            exact_rows: Some(1),
            tables: vec![Footprint { name: "app.orders".into(), rows: Some(9000), bytes: None }],
            at_least: Gravity::High,
            ..Blast::default()
        },
        inverse: Inverse::FromRows(1000),
        rights: Rights::Missing(vec!["GRANT DELETE ON app.orders TO fixer".into()]),
        timeouts: Timeouts::ROWS,
    };
    let parts = Parts {
        target: TargetId::new(target),
        engine: "postgres".into(),
        environment: Environment::Production,
        address: "db1:5432/shop".into(),
        login: "fixer".into(),
        approvers: 1,
        draft: Draft { statement: STATEMENT.into(), class: Class::Dml, kind: None, database: None },
        survey,
        advice: Vec::new(),
    };
    Proposal { stage, ..Proposal::new(START, Origin::Person, parts) }
}

#[test]
fn nothing_is_listed_where_nothing_was_proposed_and_no_store_is_made() {
    let kept = Kept::new();
    let ran = kept.run(&["approvals", "list"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(0), ""));
    assert_eq!(kept.objects(&["approvals", "list", "--json", "--all"]), Vec::<Value>::new());
    for arguments in [&["approvals", "show", "1"][..], &["approvals", "deny", "#1"]] {
        let ran = kept.run(arguments);
        assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(1), ""), "{arguments:?}");
        assert!(text(&ran.stderr).contains("there is no proposal #1"), "{ran:?}");
    }
    assert!(!kept.0.path().join("data").join("store.db").exists(), "asking made a store");
}

#[test]
fn what_waits_comes_first_and_the_rest_when_it_is_asked_for() {
    let kept = Kept::new();
    kept.file(proposal("pg-orders", Stage::Waiting));
    kept.file(proposal("pg-orders", Stage::Running));
    kept.file(proposal("pg-orders", Stage::NeedsPerson));
    for _ in 0..12 {
        kept.file(proposal("pg-orders", Stage::Done));
    }
    kept.file(proposal("pg-billing", Stage::Seconding));
    let numbers = |objects: Vec<Value>| objects.iter().map(|o| o["id"].as_u64().unwrap()).collect::<Vec<_>>();
    let listed = numbers(kept.objects(&["approvals", "list", "--json"]));
    assert_eq!(listed, [16, 1, 3, 2, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6]);
    assert_eq!(numbers(kept.objects(&["approvals", "list", "--json", "--all"])).len(), 16);
    let said = text(&kept.run(&["approvals", "list"]).stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("NUMBER"), "{said}");
    for words in ["#16", "waiting for a second approver", "HIGH", "pg-billing", "DELETE FROM app.orders"] {
        assert!(lines[2].contains(words), "{words}: {said}");
    }
}

#[test]
fn the_list_of_one_target_holds_its_own() {
    let kept = Kept::new();
    kept.file(proposal("shop", Stage::Waiting));
    kept.file(proposal("other", Stage::Waiting));
    let configured = "[targets.shop]\nurl = \"sqlite:/tmp/shop.db\"\n";
    std::fs::write(kept.0.path().join("config.toml"), configured).unwrap();
    let listed = kept.objects(&["approvals", "list", "--json", "--target", "shop"]);
    assert_eq!(listed.iter().map(|o| o["target"].as_str().unwrap()).collect::<Vec<_>>(), ["shop"]);
}

#[test]
fn one_is_shown_whole_with_what_hides_in_it() {
    let kept = Kept::new();
    kept.file(proposal("pg-orders", Stage::Waiting));
    let said = text(&kept.run(&["approvals", "show", "#1"]).stdout);
    let statement =
        "Statement\n    1  DELETE FROM app.orders\n    2   WHERE note = 'a<U+202E>b'\n    3     AND id = 7\n";
    assert!(said.contains(statement), "{said}");
    for words in
        ["U+202E", "about 9 000 rows, size not known", "1 (counted)", "GRANT DELETE ON app.orders TO fixer", "HIGH"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let shown = &kept.objects(&["approvals", "show", "1", "--json"])[0];
    assert_eq!((&shown["schema"], &shown["statement"]), (&json!(1), &json!(STATEMENT)));
    assert_eq!(shown["blast"]["exact_rows"], 1);
    assert_eq!(shown["blast"]["estimated_rows"], Value::Null);
    assert_eq!(
        shown["undo"],
        json!({ "possible": true, "statements": null, "from_rows_at_most": 1000, "why_not": null })
    );
    assert_eq!(shown["rights"]["held"], false);
    assert!(shown["obstacle"].as_str().unwrap().contains("GRANT DELETE ON app.orders TO fixer"));
}

#[test]
fn no_is_said_once_with_a_reason_and_the_log_knows_who_said_it() {
    let kept = Kept::new();
    kept.file(proposal("pg-orders", Stage::Waiting));
    let ran = kept.run(&["approvals", "deny", "1", "--reason", "not before the backup, password=S3cr3t!"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(0), ""));
    assert!(text(&ran.stderr).contains("#1 is denied"), "{ran:?}");

    let again = kept.run(&["approvals", "deny", "1", "--json"]);
    assert_eq!((again.status.code(), text(&again.stdout).as_str()), (Some(1), ""));
    assert!(text(&again.stderr).contains("denied"), "{again:?}");

    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
    let shown = &kept.objects(&["approvals", "show", "1", "--json"])[0];
    let happened = &shown["happenings"][0];
    assert_eq!((&shown["stage"], &happened["stage"]), (&json!("denied"), &json!("denied")));
    assert_eq!(happened["words"], "not before the backup, password=***");
    assert_eq!(happened["who"]["user"], user.as_str());
    let said = text(&kept.run(&["approvals", "show", "1"]).stdout);
    assert!(said.contains(&format!("denied by {user}")), "{said}");

    let records = kept.objects(&["audit", "export", "--json"]);
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!((&records[0]["kind"], &records[0]["act"]), (&json!("denied"), &json!("#1")));
    assert_eq!(records[0]["body"]["statement"], STATEMENT);
    assert_eq!(records[0]["body"]["who"]["user"], user.as_str());
    assert_eq!(kept.run(&["audit", "verify"]).status.code(), Some(0));
}

#[test]
fn nothing_is_approved_through_a_pipe() {
    let kept = Kept::new();
    kept.file(proposal("pg-orders", Stage::Waiting));
    let ran = kept.run(&["approvals", "approve", "1"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(1), ""));
    assert!(text(&ran.stderr).contains("a person at a terminal"), "{ran:?}");
    assert_eq!(kept.objects(&["approvals", "show", "1", "--json"])[0]["stage"], "waiting");
}

#[test]
fn only_what_is_open_can_be_denied() {
    let kept = Kept::new();
    for stage in Stage::ALL {
        let id = kept.file(proposal("pg-orders", stage)).id.to_string();
        let ran = kept.run(&["approvals", "deny", &id]);
        assert_eq!(ran.status.code(), Some(i32::from(!stage.is_open())), "{stage:?}: {ran:?}");
        let kept_stage = &kept.objects(&["approvals", "show", &id, "--json"])[0]["stage"];
        assert_eq!(kept_stage, if stage.is_open() { "denied" } else { stage.word() });
    }
}

#[test]
fn a_log_that_was_removed_whole_is_missed_by_the_store() {
    let kept = Kept::new();
    kept.file(proposal("pg-orders", Stage::Waiting));
    kept.run(&["approvals", "deny", "1"]);
    for (folder, file) in [("data", "audit.db"), ("state", "audit.key"), ("state", "audit.anchor")] {
        std::fs::remove_file(kept.0.path().join(folder).join(file)).unwrap();
    }
    let ran = kept.run(&["audit", "verify"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(text(&ran.stdout).contains("the store holds a decision about #1, and the log does not"), "{ran:?}");
}

#[test]
fn what_another_version_wrote_is_listed_as_far_as_it_can_be_read() {
    let kept = Kept::new();
    kept.file(proposal("pg-orders", Stage::Waiting));
    let db = rusqlite::Connection::open(kept.0.path().join("data").join("store.db")).unwrap();
    db.execute("UPDATE proposals SET body = '{}'", []).unwrap();
    drop(db);
    let listed = &kept.objects(&["approvals", "list", "--json"])[0];
    assert_eq!((&listed["id"], &listed["stage"], &listed["unread"]), (&json!(1), &json!("waiting"), &json!(true)));
    assert!(text(&kept.run(&["approvals", "list"]).stdout).contains("another version of dba-gpt"));
    for action in ["show", "deny"] {
        let ran = kept.run(&["approvals", action, "1"]);
        assert_eq!(ran.status.code(), Some(1), "{ran:?}");
        assert!(text(&ran.stderr).contains("kept as it is"), "{ran:?}");
    }
}
