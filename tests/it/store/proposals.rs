//! Proposals: kept to the byte, decided once, and never lost.

use super::*;
use dba_gpt::domain::guard::Class;
use dba_gpt::domain::guard::ticket::{Precondition, TouchedObject};
use dba_gpt::domain::proposal::advice::{Advice, Weight};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::{Blast, Footprint, Inverse, Place, Rights, Survey, Timeouts};
use dba_gpt::domain::proposal::{Draft, Origin, Parts, Proposal, Who};
use dba_gpt::domain::target::Environment;
use dba_gpt::store::PROPOSAL_BYTES;

fn proposal(statement: &str) -> Proposal {
    let table = "app.orders".to_owned();
    let survey = Survey {
        place: Place { database: "shop".into(), role: "primary".into(), epoch: Some("3".into()), ..Place::default() },
        objects: vec![TouchedObject { name: table.clone(), id: "16384".into(), definition: "9f".into() }],
        preconditions: vec![Precondition { text: "triggers that fire".into(), found: "none".into() }],
        blast: Blast {
            exact_rows: Some(42),
            tables: vec![Footprint { name: table, rows: Some(9000), bytes: None }],
            ..Blast::default()
        },
        inverse: Inverse::FromRows(1000),
        rights: Rights::Held,
        timeouts: Timeouts::ROWS,
    };
    let parts = Parts {
        target: TargetId::new("pg-orders"),
        engine: "postgres".into(),
        environment: Environment::Production,
        address: "db1:5432/shop".into(),
        login: "fixer".into(),
        approvers: 1,
        draft: Draft { statement: statement.to_owned(), class: Class::Dml, kind: None, database: None },
        survey,
        advice: vec![Advice { rule: "r".into(), weight: Weight::Note, text: "t".into(), instead: None }],
    };
    Proposal::new(after(0), Origin::Person, parts)
}

fn moved(from: &Proposal, stage: Stage, words: &str) -> Proposal {
    let mut proposal = from.clone();
    let who = Who { user: "ann".into(), ..Who::default() };
    proposal.move_to(stage, after(1000), words, Some(who)).unwrap();
    proposal
}

/// A second process's worth of store: a handle with a connection of its own.
fn another(home: &Home) -> Store {
    home.try_open().unwrap().store
}

#[tokio::test]
async fn a_statement_is_kept_to_the_byte() {
    let home = Home::new();
    let store = home.open();
    let statements = [
        "UPDATE app.orders SET note = 'S3cr3t', password = 'x' WHERE id = 1",
        "DELETE FROM t\r\n\tWHERE  a = '\u{202e}\u{0}\u{7f}ä\u{10ffff}'  ",
        "",
    ];
    for statement in statements {
        let filed = store.file_proposal(proposal(statement)).await.unwrap();
        assert_eq!(Proposal { id: 0, ..filed.clone() }, proposal(statement));
        assert_eq!(store.proposal(filed.id).await.unwrap(), Some(filed));
    }
    store.close().await.unwrap();
    let store = home.open();
    let kept: Vec<String> = store.proposals(0).await.unwrap().into_iter().map(|p| p.draft.statement).collect();
    assert_eq!(kept, statements.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(store.proposal(99).await.unwrap(), None);
    assert_eq!(store.proposal(u64::MAX).await.unwrap(), None);
}

#[tokio::test]
async fn every_one_that_is_not_closed_is_listed_and_the_newest_others() {
    let home = Home::new();
    let store = home.open();
    for stage in Stage::ALL.into_iter().chain(Stage::ALL) {
        store.file_proposal(Proposal { stage, ..proposal("x") }).await.unwrap();
    }
    let listed = store.proposals(3).await.unwrap();
    let (closed, others): (Vec<&Proposal>, Vec<&Proposal>) = listed.iter().partition(|p| p.stage.is_closed());
    assert_eq!(others.len(), 16);
    assert_eq!(closed.iter().map(|p| p.id).collect::<Vec<_>>(), [26, 25, 23]);
    assert!(listed.is_sorted_by(|a, b| a.id > b.id));
    assert_eq!(store.proposals(usize::MAX).await.unwrap().len(), 26);
    // Nothing is ever forgotten of them, however old.
    while store.prune(after(4000 * DAY)).await.unwrap().more {}
    assert_eq!(store.proposals(usize::MAX).await.unwrap().len(), 26);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_that_decide_at_once_exactly_one_wins() {
    let home = Home::new();
    let (one, two) = (home.open(), another(&home));
    for _ in 0..30 {
        let filed = one.file_proposal(proposal("DELETE FROM t WHERE id = 1")).await.unwrap();
        let (yes, no) = (moved(&filed, Stage::Approved, "yes"), moved(&filed, Stage::Denied, "no"));
        let race = |store: &Store, with: Proposal| {
            let store = store.clone();
            tokio::spawn(async move { store.replace_proposal(Stage::Waiting, with).await.unwrap() })
        };
        let (first, second) = (race(&one, yes.clone()), race(&two, no.clone()));
        let outcome = (first.await.unwrap(), second.await.unwrap());
        let kept = two.proposal(filed.id).await.unwrap().unwrap();
        match outcome {
            (true, false) => assert_eq!(kept, yes),
            (false, true) => assert_eq!(kept, no),
            both_or_none => panic!("{both_or_none:?}"),
        }
    }
}

#[tokio::test]
async fn a_decision_about_an_older_state_is_refused() {
    let home = Home::new();
    let (one, two) = (home.open(), another(&home));
    let filed = one.file_proposal(proposal("DELETE FROM t WHERE id = 1")).await.unwrap();
    let approved = moved(&filed, Stage::Approved, "yes");
    let back = moved(&approved, Stage::Waiting, "the server was restarted");
    assert!(one.replace_proposal(Stage::Waiting, approved.clone()).await.unwrap());
    assert!(!one.replace_proposal(Stage::Waiting, approved.clone()).await.unwrap(), "a second time");
    assert!(one.replace_proposal(Stage::Approved, back.clone()).await.unwrap());
    // It waits again, as it did when the other process read it; but that one does not know what happened since.
    assert!(!two.replace_proposal(Stage::Waiting, approved).await.unwrap());
    assert_eq!(two.proposal(filed.id).await.unwrap(), Some(back.clone()));
    let stranger = Proposal { id: 77, ..back };
    assert!(!two.replace_proposal(Stage::Waiting, stranger).await.unwrap(), "there is no such proposal");
}

#[tokio::test]
async fn what_another_version_wrote_is_named_and_left_as_it_is() {
    let home = Home::new();
    let store = home.open();
    let filed = store.file_proposal(proposal("DELETE FROM t WHERE id = 1")).await.unwrap();
    let other = store.file_proposal(proposal("DELETE FROM t WHERE id = 2")).await.unwrap();
    let db = Connection::open(home.file("store.db")).unwrap();
    db.execute(
        "UPDATE proposals SET body = '{\"shape\": 2}', stage = 'paused' WHERE id = ?1",
        [i64::try_from(filed.id).unwrap()],
    )
    .unwrap();
    assert_eq!(store.proposals(9).await.unwrap(), std::slice::from_ref(&other));
    let [unread] = &store.unread_proposals().await.unwrap()[..] else { panic!("one cannot be read") };
    assert_eq!((unread.id, unread.target.as_str(), unread.stage.as_str()), (filed.id, "pg-orders", "paused"));
    let error = StoreError::UnreadProposal(filed.id);
    assert_eq!(store.proposal(filed.id).await, Err(error.clone()));
    assert_eq!(store.replace_proposal(Stage::Waiting, moved(&filed, Stage::Denied, "no")).await, Err(error));
    let body: String = db.query_row("SELECT body FROM proposals WHERE id = 1", [], |r| r.get(0)).unwrap();
    assert_eq!(body, "{\"shape\": 2}");
    // A body that was put in the place of another one is not taken for it.
    db.execute("UPDATE proposals SET body = (SELECT body FROM proposals WHERE id = 2) WHERE id = 1", []).unwrap();
    assert_eq!(store.proposal(filed.id).await, Err(StoreError::UnreadProposal(filed.id)));
}

#[tokio::test]
async fn one_that_is_too_large_is_refused_and_leaves_nothing() {
    let home = Home::new();
    let store = home.open();
    let huge = proposal(&"x".repeat(PROPOSAL_BYTES));
    assert!(matches!(store.file_proposal(huge).await, Err(StoreError::TooLarge { .. })));
    assert_eq!(store.unread_proposals().await.unwrap(), []);
    assert_eq!(store.proposals(9).await.unwrap(), []);
}

#[tokio::test]
async fn a_store_of_version_4_gets_the_table_and_keeps_what_it_has() {
    let home = Home::new();
    fs::create_dir(home.folder()).unwrap();
    fs::set_permissions(home.folder(), Permissions::from_mode(0o700)).unwrap();
    let db = Connection::open(home.file("store.db")).unwrap();
    for step in [
        include_str!("../../../src/store/migrations/1_samples.sql"),
        include_str!("../../../src/store/migrations/2_sessions.sql"),
        include_str!("../../../src/store/migrations/3_conversations.sql"),
        include_str!("../../../src/store/migrations/4_attempts.sql"),
    ] {
        db.execute_batch(step).unwrap();
    }
    db.execute_batch("PRAGMA user_version = 4; INSERT INTO preferences VALUES ('theme', 'dark')").unwrap();
    drop(db);
    fs::set_permissions(home.file("store.db"), Permissions::from_mode(0o600)).unwrap();
    let opened = home.try_open().unwrap();
    assert!(matches!(&opened.notices[..], [Notice::Migrated { .. }]), "{:?}", opened.notices);
    assert_eq!(opened.store.preference("theme").await.unwrap().as_deref(), Some("dark"));
    assert_eq!(opened.store.proposals(9).await.unwrap(), []);
    assert_eq!(opened.store.file_proposal(proposal("x")).await.unwrap().id, 1);
}

#[tokio::test]
async fn damage_elsewhere_loses_no_proposal_and_gives_no_number_twice() {
    let home = Home::new();
    let store = home.open();
    for n in 0..3 {
        store.file_proposal(proposal(&format!("DELETE FROM t WHERE id = {n}"))).await.unwrap();
    }
    let before = store.proposals(9).await.unwrap();
    store.close().await.unwrap();
    let db = Connection::open(home.file("store.db")).unwrap();
    // The newest is gone with its page; the counter still knows of it.
    db.execute("DELETE FROM proposals WHERE id = 3", []).unwrap();
    drop(db);
    fs::write(home.file("store.damaged"), "").unwrap();
    fs::set_permissions(home.file("store.damaged"), Permissions::from_mode(0o600)).unwrap();
    let opened = home.try_open().unwrap();
    assert!(matches!(&opened.notices[..], [Notice::Damaged { rescued: 2, .. }]), "{:?}", opened.notices);
    assert_eq!(opened.store.proposals(9).await.unwrap(), before[1..]);
    assert_eq!(opened.store.file_proposal(proposal("x")).await.unwrap().id, 4);
}

/// Names the folder in which the filer below works; set by the test that kills it.
const FILER_FOLDER: &str = "DBA_GPT_TEST_FILER_FOLDER";

/// Not a test: the process that is killed. Says each number when the store has acknowledged it.
#[tokio::test]
#[ignore = "a part of the test that kills it"]
async fn the_filer_that_is_killed() {
    let Some(folder) = std::env::var_os(FILER_FOLDER) else { return };
    let store = Store::open(Path::new(&folder), after(0), &Retention::default()).unwrap().store;
    let mut out = std::io::stdout();
    for _ in 0.. {
        let filed = store.file_proposal(proposal("DELETE FROM t WHERE id = 1")).await.unwrap();
        writeln!(out, "kept {} {}", filed.id, Stage::Waiting.word()).unwrap();
        let approved = moved(&filed, Stage::Approved, "yes");
        assert!(store.replace_proposal(Stage::Waiting, approved).await.unwrap());
        writeln!(out, "kept {} {}", filed.id, Stage::Approved.word()).unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn no_acknowledged_proposal_is_lost_when_its_process_is_killed() {
    let home = Home::new();
    home.make().await;
    let mut acknowledged: BTreeMap<u64, Stage> = BTreeMap::new();
    for round in 0..6 {
        let filer = || {
            std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "store::proposals::the_filer_that_is_killed", "--ignored", "--nocapture"])
                .env(FILER_FOLDER, home.folder())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        };
        let mut filers = [filer(), filer()];
        for filer in &mut filers {
            let lines = BufReader::new(filer.stdout.take().unwrap()).lines();
            let kept = lines.map(Result::unwrap).filter_map(|line| {
                let (id, stage) = line.split_once("kept ")?.1.split_once(' ')?;
                Some((id.parse().unwrap(), Stage::from_word(stage).unwrap()))
            });
            acknowledged.extend(kept.take(5 + round * 7));
            filer.kill().unwrap();
            filer.wait().unwrap();
        }
        let store = home.open();
        for (&id, &stage) in &acknowledged {
            let kept = store.proposal(id).await.unwrap().unwrap_or_else(|| panic!("proposal {id} is lost"));
            assert!(
                kept.stage == stage || kept.stage == Stage::Approved,
                "proposal {id} fell back to {:?}",
                kept.stage
            );
        }
        assert_eq!(store.unread_proposals().await.unwrap(), []);
        store.check().await.unwrap();
        store.close().await.unwrap();
    }
    assert!(acknowledged.len() >= 100, "{}", acknowledged.len());
}
