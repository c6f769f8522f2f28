//! `fixes` by the real program: what was ever changed, what undoes it, and the way to a new approval.

use super::program::{run, text};
use dba_gpt::domain::guard::Class;
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::{Blast, Inverse, Place, Rights, Survey, Timeouts};
use dba_gpt::domain::proposal::{Draft, Origin, Parts, Proposal};
use dba_gpt::domain::target::{Environment, TargetId, Timestamp};
use dba_gpt::store::{Retention, Store};
use serde_json::{Value, json};
use std::process::Output;
use tempfile::TempDir;

/// 2026-09-21 00:00:00 UTC.
const START: Timestamp = Timestamp(1_789_948_800_000);

/// The home of a program that watches a small database, `play`, and has changed it.
struct Home(TempDir);

impl Home {
    fn new(acts: Vec<Proposal>) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let file = home.0.path().join("play.db");
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX t_a ON t(a);").unwrap();
        let configuration = format!("[targets.play]\nurl = 'sqlite:{}'\nenvironment = 'dev'\n", file.display());
        std::fs::write(home.0.path().join("config.toml"), configuration).unwrap();
        if !acts.is_empty() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let store = Store::open(&home.0.path().join("data"), START, &Retention::default()).unwrap().store;
            runtime.block_on(async {
                for act in acts {
                    store.file_proposal(act).await.unwrap();
                }
                store.close().await.unwrap();
            });
        }
        home
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

fn act(statement: &str, stage: Stage, origin: Origin, inverse: Inverse) -> Proposal {
    let survey = Survey {
        place: Place::default(),
        objects: Vec::new(),
        preconditions: Vec::new(),
        blast: Blast::default(),
        inverse,
        rights: Rights::Held,
        timeouts: Timeouts::ROWS,
    };
    let parts = Parts {
        target: TargetId::new("play"),
        engine: "sqlite".into(),
        environment: Environment::Development,
        address: "play.db".into(),
        login: String::new(),
        approvers: 1,
        draft: Draft { statement: statement.into(), class: Class::Ddl, kind: None, database: None },
        survey,
        advice: Vec::new(),
    };
    Proposal { stage, ..Proposal::new(START, origin, parts) }
}

fn statements(statements: &[&str]) -> Inverse {
    Inverse::Statements(statements.iter().map(|s| (*s).to_owned()).collect())
}

fn index(stage: Stage) -> Proposal {
    act("CREATE INDEX t_a ON t(a)", stage, Origin::Person, statements(&["DROP INDEX t_a"]))
}

#[test]
fn where_nothing_was_changed_nothing_is_listed() {
    let home = Home::new(vec![index(Stage::Waiting), index(Stage::Denied)]);
    let ran = home.run(&["fixes", "list"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(0), ""), "{ran:?}");
    assert!(text(&ran.stderr).contains("nothing was ever changed"), "{ran:?}");
    for id in ["1", "#2", "9"] {
        let refused = home.run(&["fixes", "undo", id]);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    }
}

#[test]
fn each_change_is_listed_with_what_undoes_it() {
    let gone = Inverse::None("the rows are \u{1b}[2Jgone".into());
    let home = Home::new(vec![
        index(Stage::Done),
        act("DROP INDEX t_a", Stage::Done, Origin::Undo(1), statements(&["CREATE INDEX t_a ON t(a)"])),
        act("DELETE FROM t", Stage::Done, Origin::Person, gone),
        act("DROP INDEX x", Stage::Undone, Origin::Person, statements(&["CREATE INDEX x ON t(a)"])),
        index(Stage::Waiting),
    ]);
    let listed = home.objects(&["fixes", "list", "--json"]);
    let states: Vec<_> = listed.iter().map(|o| (o["id"].clone(), o["undo"]["state"].clone())).collect();
    let expected = [(4, "rolled-back"), (3, "never"), (2, "possible"), (1, "undone")];
    assert_eq!(states, expected.map(|(id, state)| (json!(id), json!(state))));
    assert_eq!(listed[3]["undo"]["by"], 2);
    assert_eq!(listed[2]["undo"]["next"], "CREATE INDEX t_a ON t(a)");
    assert_eq!(listed[3]["inverse"], json!(["DROP INDEX t_a"]));
    assert!(listed.iter().all(|o| o["schema"] == 1 && o["ended_ms"].is_i64()), "{listed:?}");

    let said = text(&home.run(&["fixes", "list"]).stdout);
    assert!(!said.contains('\u{1b}'), "{said:?}");
    for words in ["NUMBER", "undone by #2", "rolled back", "NO: the rows are", "CREATE INDEX t_a ON t(a)"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn an_undo_waits_for_a_person_and_is_proposed_once() {
    let home = Home::new(vec![index(Stage::Done)]);
    let [filed] = &home.objects(&["fixes", "undo", "#1", "--json"])[..] else { panic!("one object is expected") };
    assert_eq!((&filed["stage"], &filed["undoes"], &filed["step"]), (&json!("waiting"), &json!(1), &json!(1)));
    assert_eq!(filed["statement"], "DROP INDEX t_a");
    let waiting = home.objects(&["approvals", "list", "--json"]);
    assert_eq!(waiting[0]["id"], filed["id"]);
    let again = home.run(&["fixes", "undo", "1"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("#2 is to undo #1 already"), "{again:?}");
    let connection = rusqlite::Connection::open(home.0.path().join("play.db")).unwrap();
    let indexes: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 't_a'", [], |r| r.get(0)).unwrap();
    assert_eq!(indexes, 1, "proposing changes nothing");
}
