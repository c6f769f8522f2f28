//! A fix on a server whose every connection is taken: one of our own other sessions makes room.

use super::*;
use crate::postgres::support::{PATIENCE, admin, eventually};
use crate::support::servers::{self, Address};
use crate::support::terminal::PROGRAM;
use dba_gpt::domain::error_event::{ConnectError, ConnectKind};
use dba_gpt::domain::proposal::kind::{FixKind, SessionRef};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::engine::{Session, Task};
use dba_gpt::runtime::fixing::Room;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

type Opening = Task<'static, Result<Box<dyn Session>, ConnectError>>;

#[tokio::test]
async fn one_of_our_own_sessions_makes_room_for_a_fix() {
    let mut site = Site::new();
    let (full, refused) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let (is_full, count, open) = (Arc::clone(&full), Arc::clone(&refused), site.ways.fix.clone().unwrap());
    let opener: Opener = Arc::new(move |purpose: String, database: Option<String>| -> Opening {
        if is_full.load(Ordering::SeqCst) {
            count.fetch_add(1, Ordering::SeqCst);
            let error = ConnectError::new(ConnectKind::TooManyConnections, "too many clients already");
            return Box::pin(async move { Err(error) });
        }
        open(purpose, database)
    });
    site.ways.fix = Some(opener);
    // Whoever holds a session of the target.
    let room = site.ways.room.clone();
    let holder = tokio::spawn(async move {
        room.wanted().await;
        full.store(false, Ordering::SeqCst);
    });
    let proposal = site.propose("DELETE FROM orders WHERE id = 7").await;
    let done = site.approve(proposal.id, &consent(&proposal)).await.unwrap();
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
    assert!(refused.load(Ordering::SeqCst) > 0);
    holder.await.unwrap();
}

#[tokio::test]
async fn a_login_that_is_refused_for_another_reason_is_not_tried_again() {
    let mut site = Site::new();
    let tried = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&tried);
    let opener: Opener = Arc::new(move |_: String, _: Option<String>| -> Opening {
        count.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Err(ConnectError::new(ConnectKind::Authentication, "no")) })
    });
    site.ways.fix = Some(opener);
    let proposal = site.propose("DELETE FROM orders WHERE id = 7").await;
    let refused = site.approve(proposal.id, &consent(&proposal)).await.unwrap_err();
    assert!(refused.words.contains("was not let in"), "{}", refused.words);
    assert_eq!((tried.load(Ordering::SeqCst), site.rows().len()), (1, 10));
}

/// The real `watch` in a folder of the program's, as the reading login.
fn watch(home: &Path, url: &str) -> Child {
    let at = Address::of(url);
    let text = format!(
        "[targets.shop]\nurl = \"postgres://dbagpt_ro@{}:{}/{}?sslmode=disable\"\nenvironment = \"dev\"\npassword_command = [\"echo\", \"{}\"]\n",
        at.host, at.port, at.database, at.password
    );
    let file = home.join("config.toml");
    File::options().create_new(true).write(true).mode(0o600).open(file).unwrap().write_all(text.as_bytes()).unwrap();
    let mut command = Command::new(PROGRAM);
    command.arg("watch").env_clear().env("DBA_GPT_HOME", home).env("HOME", home);
    command.env("PATH", std::env::var_os("PATH").unwrap()).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null()).spawn().unwrap()
}

/// PostgreSQL before 16 keeps places for superusers alone. A fix login that is none gets in all the same when another
/// process of ours holds a session there, and whoever approves was told before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_that_watches_makes_room_on_a_full_postgresql() {
    let Some(url) = servers::small_postgres_url() else { return };
    let password = Address::of(&url).password;
    let hand = admin(&url).await;
    let role = format!(
        "DROP ROLE IF EXISTS room_fix; CREATE ROLE room_fix LOGIN PASSWORD '{password}'; GRANT pg_signal_backend, pg_read_all_stats TO room_fix"
    );
    hand.batch_execute(&role).await.unwrap();
    let as_app = url.replacen("dbagpt_admin", "dbagpt_nobody", 1);
    let victim = admin(&as_app).await;
    let pid: i32 = victim.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);

    let home = tempfile::tempdir().unwrap();
    let mut site = Site::at(home.path(), &url.replacen("dbagpt_admin", "room_fix", 1));
    site.ways.read = ways(&url.replacen("dbagpt_admin", "dbagpt_ro", 1)).read;
    site.ways.login = Some("room_fix".into());
    site.ways.room = Room::between_processes(&home.path().join("data"), &site.ways.target);
    let session = SessionRef { id: i64::from(pid), facts: Vec::new(), about: String::new() };
    let kind = FixKind::EndSessions(vec![session]);
    let draft = Draft { statement: String::new(), class: kind.class(), kind: Some(kind), database: None };
    let filed = site.workshop.propose(&site.ways, &site.target(), Origin::Person, draft).await.unwrap();
    let says_full = |notes: &[String]| notes.iter().any(|note| note.contains("the server is full for room_fix"));
    assert!(!says_full(&filed.survey.blast.notes), "{:?}", filed.survey.blast.notes);

    let mut watching = watch(home.path(), &url);
    let watchers = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'dbagpt_ro'";
    eventually(PATIENCE, "it watches", || async { hand.query_one(watchers, &[]).await.unwrap().get::<_, i64>(0) > 0 })
        .await;
    let mut held = (site.ways.read)("test".into(), None).await.unwrap();
    let mut crowd = Vec::new();
    while let Ok((client, connection)) = tokio_postgres::connect(&as_app, tokio_postgres::NoTls).await {
        tokio::spawn(connection);
        crowd.push(client);
    }
    let survey = (site.ways.spec.fixing.survey)(&mut *held, &filed.draft, Some("room_fix")).await.unwrap();
    assert!(says_full(&survey.blast.notes), "{:?}", survey.blast.notes);

    let done = site.approve(filed.id, &consent(&filed)).await.unwrap();
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
    eventually(PATIENCE, "the session is gone", || async { victim.is_closed() }).await;
    assert!(crowd.iter().all(|client| !client.is_closed()), "nobody else was ended");

    watching.kill().unwrap();
    watching.wait().unwrap();
    held.close().await;
    drop((crowd, victim));
    hand.batch_execute("DROP ROLE room_fix").await.unwrap();
}
