//! Errors in the chat: said on the spot, reported as private, and pasted ones told from questions and statements.

use crate::screens::fixtures::NOW;
use crate::screens::proposals;
use dba_gpt::app::action::Action;
use dba_gpt::app::analysis::Analysis;
use dba_gpt::app::analysis::pasted::{Pasted, perhaps, surely};
use dba_gpt::app::chat::Entry;
use dba_gpt::app::effect::Effect;
use dba_gpt::app::event::{Event, ReadError};
use dba_gpt::app::incidents::Remembered;
use dba_gpt::app::library::Library;
use dba_gpt::app::model::{Model, SchemaState, Screen};
use dba_gpt::app::update::update;
use dba_gpt::cli::library;
use dba_gpt::domain::error::event::{ErrorEvent, Source};
use dba_gpt::domain::error::kind::ErrorKind;
use dba_gpt::domain::error_event::{ServerMessage, SessionError};
use dba_gpt::domain::guard::Catalog;
use dba_gpt::domain::incident::Pattern;
use dba_gpt::domain::schema::{Schema, Table, TableColumn};
use dba_gpt::domain::target::TargetId;
use dba_gpt::engine::{self, ENGINES};
use std::sync::Arc;

/// The fleet, with the chat on a server whose objects are known.
fn chatting(target: &str) -> Model {
    let mut m = proposals::model(Vec::new());
    m.library = library();
    m.screen = Screen::Chat;
    m.chat.target = Some(TargetId::new(target));
    let now = m.now;
    let column = |name: &str| TableColumn { name: name.into(), ..TableColumn::default() };
    let table =
        |name: &str| Table { name: name.into(), columns: vec![column("id"), column("status")], ..Table::default() };
    let schema = Schema { tables: vec![table("orders"), table("customers")], taken_at: now, ..Schema::default() };
    let t = m.target_mut(&TargetId::new(target)).unwrap();
    t.schemas.insert(None, SchemaState::Loaded(Arc::new(schema), Arc::new(Catalog::default())));
    m
}

fn send(m: &mut Model, text: &str) -> Vec<Effect> {
    let now = m.now;
    update(m, Event::Action(now, Action::Send(text.into())))
}

fn reported(effects: &[Effect]) -> Vec<ErrorEvent> {
    effects
        .iter()
        .find_map(|e| if let Effect::ReportErrors(events) = e { Some(events.clone()) } else { None })
        .unwrap_or_default()
}

fn runs(effects: &[Effect]) -> bool {
    effects.iter().any(|e| matches!(e, Effect::Read(_) | Effect::Survey(_)))
}

fn analyses(m: &Model) -> Vec<Analysis> {
    m.chat
        .entries
        .iter()
        .filter_map(|e| if let Entry::Analysis { analysis, .. } = e { Some(analysis.clone()) } else { None })
        .collect()
}

/// A statement that its server refuses with this.
fn fails(m: &mut Model, statement: &str, code: &str, message: &str) -> Vec<Effect> {
    let effects = send(m, statement);
    let id = effects.iter().find_map(|e| if let Effect::Read(r) = e { Some(r.id) } else { None }).expect("it runs");
    let said = ServerMessage {
        code: code.into(),
        message: message.into(),
        hint: Some("look again".into()),
        ..ServerMessage::default()
    };
    let now = m.now;
    update(m, Event::ReadDone(now, id, 0, Err(ReadError::Session(SessionError::Server(said)))))
}

#[test]
fn a_statement_that_fails_is_analysed_and_reported_as_a_private_error() {
    let mut m = chatting("lite-edge-07");
    let effects = fails(&mut m, "select * from order_", "1", "no such table: order_");
    let [analysis] = &analyses(&m)[..] else { panic!("one analysis: {:?}", m.chat.entries) };
    let text = analysis.text();
    assert!(analysis.title.starts_with("TABLE_NOT_FOUND   error   "), "{text}");
    assert!(text.contains("did you mean orders?"), "{text}");
    assert!(
        text.contains("never before here") && text.contains("Likely causes") && text.contains("What to do"),
        "{text}"
    );
    let [event] = &reported(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(
        (event.source, event.kind, event.target.as_str()),
        (Source::Typed, ErrorKind::TableNotFound, "lite-edge-07")
    );
    assert_eq!(event.statement.as_deref(), Some("select * from order_"));
    assert_eq!(event.more.as_deref(), Some("look again"));
    assert!(m.incidents.all().is_empty(), "a typing mistake is no incident");
    // What the store remembers of it is said the next time.
    let effects = fails(&mut m, "select * from nope", "1", "no such table: nope");
    let [event] = &reported(&effects)[..] else { panic!("{effects:?}") };
    let pattern = Pattern { private: 3, last_at: NOW.plus_ms(-7_200_000), ..Pattern::of(event) };
    let now = m.now;
    update(
        &mut m,
        Event::IncidentsLoaded(now, Box::new(Remembered { patterns: vec![pattern], ..Remembered::default() })),
    );
    fails(&mut m, "select * from nope", "1", "no such table: nope");
    let text = analyses(&m).last().unwrap().text();
    assert!(text.contains("3 times here before, the last 2h 00m ago"), "{text}");
    assert!(!text.contains("did you mean"), "{text}");
}

#[test]
fn what_is_no_error_of_the_server_is_not_analysed() {
    let mut m = chatting("lite-edge-07");
    let effects = send(&mut m, "select 1");
    let id = effects.iter().find_map(|e| if let Effect::Read(r) = e { Some(r.id) } else { None }).unwrap();
    let now = m.now;
    let effects = update(&mut m, Event::ReadDone(now, id, 0, Err(ReadError::Session(SessionError::Canceled))));
    assert!(analyses(&m).is_empty() && reported(&effects).is_empty());
}

#[test]
fn a_pasted_log_is_told_by_its_errors_and_nothing_is_run() {
    let mut m = chatting("pg-dwh");
    let log = "2026-11-21 20:45:11.001 UTC [4711] app@shop ERROR:  relation \"order_lines\" does not exist at character 15\n\
               2026-11-21 20:45:11.001 UTC [4711] app@shop STATEMENT:  select * from order_lines where token = 'abc'\n\
               2026-11-21 20:45:12.410 UTC [4712] app@shop LOG:  checkpoint starting: time\n\
               2026-11-21 20:45:13.220 UTC [4713] app@shop ERROR:  relation \"order_lines\" does not exist at character 15\n\
               2026-11-21 20:45:14.000 UTC [4714] FATAL:  sorry, too many clients already\n";
    let effects = send(&mut m, log);
    assert!(!runs(&effects), "{effects:?}");
    let events = reported(&effects);
    let told: Vec<(ErrorKind, u64, Source)> = events.iter().map(|e| (e.kind, e.count, e.source)).collect();
    assert_eq!(
        told,
        [(ErrorKind::TooManyConnections, 1, Source::Pasted), (ErrorKind::TableNotFound, 2, Source::Pasted)]
    );
    assert_eq!(events[1].statement.as_deref(), Some("select * from order_lines where token = ***"));
    assert_eq!(analyses(&m).len(), 2);
    assert!(analyses(&m)[1].text().contains("2 times in this text"));
}

#[test]
fn errors_of_other_engines_are_known_by_their_form() {
    for (chat, text, engine, kind) in [
        (
            "lite-edge-07",
            "psql: error: FATAL:  sorry, too many clients already",
            "postgres",
            ErrorKind::TooManyConnections,
        ),
        ("pg-dwh", "ERROR 1146 (42S02): Table 'shop.nope' doesn't exist", "mysql", ErrorKind::TableNotFound),
        (
            "pg-dwh",
            "(error) WRONGTYPE Operation against a key holding the wrong kind of value",
            "redis",
            ErrorKind::WrongType,
        ),
        (
            "pg-dwh",
            "MongoServerError: E11000 duplicate key error collection: shop.users index: email_1 dup key: { email: \"a@b\" }",
            "mongodb",
            ErrorKind::DuplicateKey,
        ),
        ("pg-dwh", "ORA-00942: table or view does not exist", "oracle", ErrorKind::TableNotFound),
        ("pg-dwh", "Parse error near line 1: no such table: nope", "sqlite", ErrorKind::TableNotFound),
        ("lite-edge-07", "no such table: nope", "sqlite", ErrorKind::TableNotFound),
        ("pg-dwh", "relation \"nope\" does not exist", "postgres", ErrorKind::TableNotFound),
    ] {
        let mut m = chatting(chat);
        let effects = send(&mut m, text);
        let events = reported(&effects);
        let told: Vec<(&str, ErrorKind)> = events.iter().map(|e| (e.engine.as_str(), e.kind)).collect();
        assert_eq!(told, [(engine, kind)], "{text}: {:?}", m.chat.entries);
        assert!(!runs(&effects), "{text}");
    }
}

#[test]
fn a_pasted_plan_is_read_and_not_reported() {
    let mut m = chatting("pg-dwh");
    let plan = " Seq Scan on orders  (cost=0.00..1834.00 rows=100 width=244) (actual time=0.01..12.50 rows=98000 loops=1)\n   \
                Filter: (status = 'open'::text)\n   Rows Removed by Filter: 2000\n Planning Time: 0.1 ms\n Execution Time: 15.0 ms\n";
    let effects = send(&mut m, plan);
    assert!(!runs(&effects) && reported(&effects).is_empty());
    let [analysis] = &analyses(&m)[..] else { panic!("{:?}", m.chat.entries) };
    let text = analysis.text();
    assert!(text.contains("A plan of 1 step that was run: 15 ms"), "{text}");
    assert!(text.contains("Seq Scan on orders: the whole table, 100 000 rows"), "{text}");
    assert!(text.contains("expected 100 rows, came 98 000"), "{text}");
}

#[test]
fn a_kept_analysis_comes_back_without_secrets() {
    let mut m = chatting("lite-edge-07");
    fails(&mut m, "select 1", "1", "no such table: password='hunter2'");
    let entry = m.chat.entries.iter().find(|e| matches!(e, Entry::Analysis { .. })).unwrap().for_store();
    let json = serde_json::to_string(&entry).unwrap();
    assert!(!json.contains("hunter2"), "{json}");
    assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
}

/// Every question and every harmless statement of the other tests.
fn questions() -> Vec<String> {
    const FILES: &[&str] = &[
        include_str!("data/questions_cannot.toml"),
        include_str!("data/questions_data.toml"),
        include_str!("data/questions_mongo.toml"),
        include_str!("data/questions_pgbench.toml"),
        include_str!("data/questions_redis.toml"),
        include_str!("data/questions_server.toml"),
    ];
    let mut asked = Vec::new();
    for file in FILES {
        let file: toml::Value = toml::from_str(file).unwrap();
        for (_, list) in file.as_table().unwrap() {
            let questions = list.as_array().into_iter().flatten();
            asked.extend(questions.filter_map(|q| Some(q.get("ask")?.as_str()?.to_owned())));
        }
    }
    asked
}

fn statements() -> Vec<String> {
    const FILES: &[&str] = &[
        include_str!("guard/postgres_benign.sql"),
        include_str!("guard/mysql_benign.sql"),
        include_str!("guard/sqlite_benign.sql"),
        include_str!("guard/mongodb_benign.txt"),
        include_str!("guard/redis_benign.txt"),
    ];
    FILES.iter().flat_map(|file| file.lines()).map(str::to_owned).collect()
}

#[test]
fn no_question_and_no_statement_is_taken_for_an_error_or_a_plan() {
    let library: Library = library();
    let (questions, statements) = (questions(), statements());
    assert!(questions.len() > 500 && statements.len() > 300, "{} and {}", questions.len(), statements.len());
    for engine in ENGINES {
        for text in questions.iter().chain(&statements) {
            assert_eq!(surely(text, engine.dialect, &library), None, "{}: {text}", engine.name);
        }
        for question in &questions {
            assert_eq!(perhaps(question, engine.dialect, &library), None, "{}: {question}", engine.name);
        }
    }
}

#[test]
fn a_text_without_end_is_looked_at_in_part_and_in_time() {
    let dialect = engine::by_name("postgres").unwrap().dialect;
    let line = "2026-11-21 20:45:11.001 UTC [4711] ERROR:  deadlock detected\n";
    let found = surely(&line.repeat(20_000), dialect, &library());
    let Some(Pasted::Errors(found)) = found else { panic!("{found:?}") };
    assert_eq!((found.len(), found[0].error.kind), (1, ErrorKind::Deadlock));
    assert!(found[0].count > 1_000 && found[0].count <= 5_000, "{}", found[0].count);
}
