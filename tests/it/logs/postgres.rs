//! PostgreSQL's own three logs of one run, held against each other: what we provoke must be read from its text log, by any
//! `log_line_prefix`, exactly as from csvlog and jsonlog.

use super::support::{length, read, written};
use crate::support::servers;
use dba_gpt::domain::log::LogEvent;
use std::path::PathBuf;
use tokio_postgres::{Client, NoTls};

/// Settings, and the letters of the escapes in them whose values all three logs have.
const PREFIXES: &[(&str, &str)] = &[
    ("%m [%p] ", "mp"),
    ("%m [%p] %q%u@%d ", "mpud"),
    ("%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "tpudah"),
    ("%t:%r:%u@%d:[%p]:", "tpudr"),
    ("%n %p %e ", "mpe"),
    ("< %m %c > %q%a|%u|%d|%b ", "mcaudb"),
    ("%m %-12u|%12d|%5p|%% ", "mudp"),
    ("", ""),
    ("[%s] %m {%p} %v %x %i ", "smpvxi"),
    ("db=%d,user=%u,code=%e,pid=%p,host=%h,qid=%Q ", "duephQ"),
    ("%p\t%a\t%m\t", "pam"),
    ("→ %m|%P|%p|%r|%b|%d| ", "mprbd"),
];

/// Statements that fail or speak, in every way that leaves a different mark in a log.
const PROVOKED: &[&str] = &[
    "SELECT 1/0",
    "SELECT *\n  FROM \"no such\ttable\"\n WHERE a = 'it''s'\n\n   AND b = 2",
    "SELEC 1",
    "SELECT 'ünïcode → \\ \"quoted\"'::int",
    "DO $$ BEGIN RAISE EXCEPTION E'two\\nlines, \"quoted\", with a comma\\n\\nand an empty one' USING DETAIL = E'detail\\n\\ttabbed', HINT = 'a hint', ERRCODE = 'P0042'; END $$",
    "DO $$ BEGIN RAISE WARNING 'a warning %', 42 USING HINT = 'careful'; RAISE LOG 'logged'; RAISE NOTICE 'noted'; RAISE INFO 'informed'; RAISE DEBUG 'debugged'; END $$",
    "DO $$ BEGIN EXECUTE 'SELECT nothing FROM nowhere'; END $$",
    "DO $$ BEGIN PERFORM 1/0; EXCEPTION WHEN division_by_zero THEN RAISE WARNING 'DETAIL:  not one' USING DETAIL = 'ERROR:  not one either'; END $$",
    "SELECT pg_catalog.no_such_function(1, 'x')",
    "CREATE FUNCTION pg_temp.broken() RETURNS int LANGUAGE sql AS 'SELECT missing_column'",
    "SELECT '2026-11-21 20:40:02.059 UTC [1] LOG:  not a line'::int",
    "SELECT repeat('long ', 4000)::int",
    "SELECT 'LOG:  x'::int -- at character 5",
    "SET log_min_duration_statement = 0",
    "SELECT 'timed',\n'statement'",
    "RESET log_min_duration_statement",
];

fn skipped() -> Option<(String, PathBuf)> {
    if std::env::var("DBA_GPT_TEST_SKIP_SERVERS").is_ok_and(|v| v == "1") {
        eprintln!("SKIPPED: DBA_GPT_TEST_SKIP_SERVERS leaves real servers out");
        return None;
    }
    servers::logging_postgres()
}

#[test]
fn the_three_logs_of_a_server_are_read_alike_by_any_prefix() {
    let Some((server, folder)) = skipped() else { return };
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let admin = connect(&server, "checker").await;
        for role in ["o'dd, u@x", "app user"] {
            let _ = admin.batch_execute(&format!("CREATE ROLE \"{role}\" LOGIN SUPERUSER")).await;
        }
        for (number, (prefix, fields)) in PREFIXES.iter().enumerate() {
            one_prefix(&server, &folder, &admin, number, prefix, fields).await;
        }
        admin.batch_execute("ALTER SYSTEM RESET log_line_prefix").await.unwrap();
    });
}

async fn connect(server: &str, more: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&format!("{server} {more}"), NoTls)
        .await
        .or(tokio_postgres::connect(server, NoTls).await)
        .unwrap();
    tokio::spawn(connection);
    client
}

async fn one_prefix(server: &str, folder: &std::path::Path, admin: &Client, number: usize, prefix: &str, fields: &str) {
    let setting = prefix.replace('\'', "''");
    admin.batch_execute(&format!("ALTER SYSTEM SET log_line_prefix TO '{setting}'")).await.unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let reloaded = async || admin.query_one("SHOW log_line_prefix", &[]).await.unwrap().get::<_, String>(0) == prefix;
    while !reloaded().await {
        admin.batch_execute("SELECT pg_sleep(0.02)").await.unwrap();
    }
    let files = ["log", "csv", "json"].map(|ending| folder.join(format!("server.{ending}")));
    // What the reload itself logs comes before.
    admin.batch_execute(&format!("DO $$ BEGIN RAISE LOG 'begin {number}.'; END $$")).await.unwrap();
    let mut from = Vec::new();
    for file in &files {
        written(file, 0, &format!("begin {number}."), || pause(admin)).await;
        from.push(length(file));
    }
    let user = if number.is_multiple_of(2) { "user='o\\'dd, u@x'" } else { "user='app user'" };
    let session = connect(server, &format!("{user} application_name='tool [7]: x, y=z'")).await;
    session.batch_execute("SET log_min_messages = debug1").await.unwrap();
    for statement in PROVOKED {
        let _ = session.batch_execute(statement).await;
    }
    session.batch_execute(&format!("DO $$ BEGIN RAISE LOG 'end {number}.'; END $$")).await.unwrap();
    let mut texts = Vec::new();
    for (file, from) in files.iter().zip(from) {
        texts.push(written(file, from, &format!("end {number}."), || pause(admin)).await);
    }
    let names = ["stderr", "csv", "json"];
    let [text, csv, json] =
        [0, 1, 2].map(|i| sorted(read("postgres", names[i], Some(prefix).filter(|_| i == 0), &texts[i]).0));
    assert!(csv.len() >= PROVOKED.len(), "{prefix}: {} events", csv.len());
    assert_eq!(csv, json, "{prefix}");
    let expected: Vec<LogEvent> = csv.iter().map(|event| reduced(event, fields)).collect();
    let given: Vec<LogEvent> = text.iter().map(|event| reduced(event, fields)).collect();
    for (given, expected) in given.iter().zip(&expected) {
        assert_eq!(given, expected, "{prefix}");
    }
    assert_eq!(given.len(), expected.len(), "{prefix}");
    // Without the setting the texts must be the same; who said them when may be known less well.
    let inferred = sorted(read("postgres", "auto", None, &texts[0]).0);
    let bare = |events: &[LogEvent]| events.iter().map(|event| reduced(event, "")).collect::<Vec<_>>();
    assert_eq!(bare(&inferred), bare(&csv), "{prefix}, inferred");
}

async fn pause(admin: &Client) {
    admin.batch_execute("SELECT pg_sleep(0.02)").await.unwrap();
}

/// Processes write into the three files in orders of their own.
fn sorted(mut events: Vec<LogEvent>) -> Vec<LogEvent> {
    for event in &mut events {
        // Each log counts its own lines.
        (event.offset, event.session.line) = (0, None);
    }
    events.sort_by(|a, b| (&a.message, &a.detail, &a.statement).cmp(&(&b.message, &b.detail, &b.statement)));
    events
}

/// What a prefix of these escapes can say of an event, besides its texts.
fn reduced(event: &LogEvent, fields: &str) -> LogEvent {
    let has = |letter: char| fields.contains(letter);
    let text = |known: bool, value: &str| if known { value.to_owned() } else { String::new() };
    let at = event.at.map(|at| if has('t') { at.plus_ms(-(at.0 % 1000)) } else { at });
    let mut reduced = LogEvent {
        at: at.filter(|_| has('m') || has('t')),
        pid: event.pid.filter(|_| has('p') || has('c')),
        user: text(has('u'), &event.user),
        database: text(has('d'), &event.database),
        application: text(has('a'), &event.application),
        host: text(has('h') || has('r'), &event.host),
        port: event.port.filter(|_| has('r')),
        code: text(has('e'), &event.code),
        part: text(has('b'), &event.part),
        severity: event.severity.clone(),
        level: event.level,
        message: event.message.clone(),
        detail: event.detail.clone(),
        hint: event.hint.clone(),
        context: event.context.clone(),
        statement: event.statement.clone(),
        inner_statement: event.inner_statement.clone(),
        position: event.position,
        cost: event.cost,
        ..LogEvent::default()
    };
    let session = &event.session;
    reduced.session.id = text(has('c'), &session.id);
    reduced.session.command = text(has('i'), &session.command);
    reduced.session.virtual_transaction = text(has('v'), &session.virtual_transaction);
    reduced.session.transaction = session.transaction.filter(|_| has('x'));
    reduced.session.query_id = session.query_id.filter(|_| has('Q'));
    reduced.session.started_at = session.started_at.filter(|_| has('s') || has('c'));
    reduced
}
