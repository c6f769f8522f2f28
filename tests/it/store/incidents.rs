//! Errors become incidents in the store: counted exactly, by several processes at once, through crashes and storms.

use super::*;
use dba_gpt::domain::error::event::{ErrorEvent, Source};
use dba_gpt::domain::error::kind::{ErrorKind, Severity};
use dba_gpt::domain::error::signature::signature;
use dba_gpt::domain::incident::book::{Change, What};
use dba_gpt::domain::incident::limits::Terms;
use dba_gpt::domain::incident::stage::Stage;
use dba_gpt::domain::incident::strategy::Strategy;
use dba_gpt::domain::incident::{Act, Echo, Ended, Filter, Incident, RAW_EVENTS};

/// A statement that met a table that is not there, as a log tells it.
fn missing(target: &str, table: &str, at: Timestamp) -> ErrorEvent {
    let message = format!("relation \"{table}\" does not exist");
    ErrorEvent {
        at,
        target: TargetId::new(target),
        engine: "postgres".into(),
        source: Source::Log,
        code: "42P01".into(),
        kind: ErrorKind::TableNotFound,
        severity: Severity::Error,
        object: Some(table.into()),
        signature: signature(ErrorKind::TableNotFound, &message),
        group: "42P01:relation * does not exist".into(),
        message,
        statement: Some(format!("SELECT * FROM {table}")),
        more: None,
        user: None,
        database: None,
        title: "The table does not exist".into(),
        transient: false,
        count: 1,
    }
}

fn all() -> Filter {
    Filter { resolved_since: Some(Timestamp(i64::MIN)), most_resolved: 1000, ..Filter::default() }
}

async fn report(store: &Store, events: Vec<ErrorEvent>, at: Timestamp) -> Vec<Change> {
    store.report(events, Terms::default(), at).await.unwrap()
}

async fn only(store: &Store) -> Incident {
    let mut incidents = store.incidents(all()).await.unwrap();
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    incidents.remove(0)
}

fn rows(home: &Home, table: &str) -> i64 {
    let db = Connection::open(home.file("store.db")).unwrap();
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn three_tables_are_one_pattern_and_three_incidents() {
    let home = Home::new();
    let store = home.open();
    let events = ["a", "b", "c"].map(|table| missing("db", table, after(0))).to_vec();
    let changes = report(&store, events, after(1)).await;
    assert_eq!(changes.iter().map(|c| c.incident.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(changes.iter().all(|c| c.what.contains(&What::Opened)));
    let patterns = store.patterns(after(1), 10).await.unwrap();
    assert_eq!(patterns.len(), 1);
    let pattern = &patterns[0];
    assert_eq!((pattern.count, pattern.incidents, pattern.targets, pattern.private), (3, 3, 1, 0));
    assert_eq!(pattern.hours.last(), Some(&3));
    assert_eq!(pattern.outcomes, [(Strategy::AiPowered, 0, 3)]);
    assert_eq!(store.pattern(&pattern.signature, after(1)).await.unwrap().as_ref(), Some(pattern));
}

#[tokio::test]
async fn a_session_that_a_fix_ended_is_no_news_when_the_log_tells_of_it() {
    let home = Home::new();
    let fixer = home.open();
    fixer
        .expect_in_log(&TargetId::new("db"), vec![Echo { at: after(1_000), codes: vec!["57P01".into()] }])
        .await
        .unwrap();
    // Another process follows the log.
    let follower = home.open();
    let ended =
        |target, ms| ErrorEvent { code: "57P01".into(), ..missing(target, "a session that was ended", after(ms)) };
    assert_eq!(report(&follower, vec![ended("other", 1_100)], after(2_000)).await.len(), 1);
    assert_eq!(report(&follower, vec![ended("db", 1_100)], after(2_000)).await, []);
    // The next one was ended by somebody else.
    assert_eq!(report(&follower, vec![ended("db", 1_200)], after(2_000)).await.len(), 1);
}

#[tokio::test]
async fn a_restart_forgets_no_count() {
    let home = Home::new();
    for (round, strategy) in [Strategy::AiPowered, Strategy::Preventive, Strategy::Preventive].into_iter().enumerate() {
        let store = home.open();
        let at = after(i64::try_from(round).unwrap() * HOUR / 10);
        report(&store, vec![missing("db", "orders", at)], at).await;
        let incident = only(&store).await;
        assert_eq!((incident.count, incident.strategy), (round as u64 + 1, strategy));
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_storm_is_one_incident_with_its_count() {
    let home = Home::new();
    let store = home.open();
    let one = missing("db", "orders", after(0));
    let storm: Vec<ErrorEvent> = (0..100_000).map(|i| ErrorEvent { at: after(i / 100), ..one.clone() }).collect();
    let began = std::time::Instant::now();
    for part in storm.chunks(10_000) {
        report(&store, part.to_vec(), after(1000)).await;
    }
    eprintln!("100000 errors in 10 reports took {:?}", began.elapsed());
    let incident = only(&store).await;
    assert_eq!((incident.count, incident.first_at, incident.last_at), (100_000, after(0), after(999)));
    assert!(incident.timeline.len() < 10, "{:#?}", incident.timeline);
    assert_eq!(store.incident_events(1).await.unwrap().len(), RAW_EVENTS);
    assert_eq!(store.patterns(after(0), 9).await.unwrap()[0].count, 100_000);
    store.close().await.unwrap();
    let counted = ["incidents", "incident_events", "patterns", "error_hours"].map(|table| rows(&home, table));
    assert_eq!(counted, [1, i64::try_from(RAW_EVENTS).unwrap(), 1, 1]);
}

#[tokio::test]
async fn a_storm_of_ever_other_texts_is_bounded_too() {
    let home = Home::new();
    let store = home.open();
    // Ever other tables, then ever other texts: what a client that guesses, or a bad grouping, makes of it.
    let tables: Vec<ErrorEvent> = (0..5000).map(|i| missing("db", &format!("t{i}x"), after(i))).collect();
    report(&store, tables, after(5000)).await;
    let incidents = store.incidents(all()).await.unwrap();
    assert_eq!(incidents.len(), 51);
    assert_eq!(incidents.iter().map(|i| i.count).sum::<u64>(), 5000);
    let texts: Vec<ErrorEvent> = (0..5000)
        .map(|i| {
            let text: String = format!("{i}").chars().map(|c| char::from(c as u8 + 49)).collect();
            ErrorEvent {
                signature: signature(ErrorKind::Other, &text),
                group: text.clone(),
                message: text,
                object: None,
                kind: ErrorKind::Other,
                ..missing("db", "x", after(i))
            }
        })
        .collect();
    for part in texts.chunks(500) {
        report(&store, part.to_vec(), after(5000)).await;
    }
    let incidents = store.incidents(all()).await.unwrap();
    assert_eq!(incidents.len(), 51 + 301);
    assert_eq!(incidents.iter().map(|i| i.count).sum::<u64>(), 10_000);
    assert!(store.patterns(after(0), 9999).await.unwrap().len() <= 2 + 301);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_report_at_once_lose_nothing() {
    let home = Home::new();
    home.make().await;
    let reporter = || {
        // A handle of its own has a connection of its own.
        let store = home.try_open().unwrap().store;
        tokio::spawn(async move {
            for i in 0..60 {
                let events = vec![missing("db", "orders", after(i)), missing("db", &format!("t{}", i % 5), after(i))];
                report(&store, events, after(i)).await;
            }
            store.close().await.unwrap();
        })
    };
    let (one, other) = (reporter(), reporter());
    one.await.unwrap();
    other.await.unwrap();
    let store = home.open();
    let incidents = store.incidents(all()).await.unwrap();
    assert_eq!(incidents.len(), 6);
    assert_eq!(incidents.iter().map(|i| i.count).sum::<u64>(), 240);
    assert_eq!(incidents.iter().find(|i| i.object.as_deref() == Some("orders")).unwrap().count, 120);
    assert_eq!(store.patterns(after(0), 9).await.unwrap()[0].count, 240);
}

/// Names the folder in which the reporter below works; set by the test that kills it.
const REPORTER_FOLDER: &str = "DBA_GPT_TEST_REPORTER_FOLDER";

/// Not a test: the process that is killed. Says how many errors the store has acknowledged.
#[tokio::test]
#[ignore = "a part of the test that kills it"]
async fn the_reporter_that_is_killed() {
    let Some(folder) = std::env::var_os(REPORTER_FOLDER) else { return };
    let store = Store::open(Path::new(&folder), after(0), &Retention::default()).unwrap().store;
    let mut out = std::io::stdout();
    for number in 1.. {
        report(&store, vec![missing("db", "orders", after(number))], after(number)).await;
        writeln!(out, "reported {number}").unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn no_acknowledged_error_is_lost_when_the_reporter_is_killed() {
    let home = Home::new();
    home.make().await;
    let mut acknowledged = 0;
    for round in 0..4 {
        let mut reporter = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::incidents::the_reporter_that_is_killed", "--ignored", "--nocapture"])
            .env(REPORTER_FOLDER, home.folder())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(reporter.stdout.take().unwrap()).lines();
        let reported =
            lines.map(Result::unwrap).filter_map(|line| Some(line.split_once("reported ")?.1.parse().unwrap()));
        let last: u64 = reported.take(4 + round * 9).last().unwrap();
        reporter.kill().unwrap();
        reporter.wait().unwrap();
        acknowledged += last;
        let store = home.open();
        let count = only(&store).await.count;
        assert!(count >= acknowledged, "{count} of {acknowledged} are left");
        assert_eq!(store.patterns(after(0), 9).await.unwrap()[0].count, count);
        store.check().await.unwrap();
        store.close().await.unwrap();
        // What was written and not yet acknowledged counts from now on.
        acknowledged = count;
    }
}

#[tokio::test]
async fn what_a_person_does_is_kept_with_who_did_it() {
    let home = Home::new();
    let store = home.open();
    report(&store, vec![missing("db", "orders", after(0))], after(0)).await;
    let act = |act, who| store.act_on_incident(1, act, after(1000), who);
    assert_eq!(act(Act::Acknowledge, Some("ann")).await.unwrap().incident.acknowledged_by.as_deref(), Some("ann"));
    let reason = "migration runs, password=S3cr3t!".to_owned();
    act(Act::Silence { until: after(HOUR), reason }, Some("ann")).await.unwrap();
    let silenced = store.incident(1).await.unwrap().unwrap();
    assert!(silenced.is_silenced(after(2000)) && !silenced.is_silenced(after(HOUR)));
    assert!(silenced.timeline.iter().all(|happening| !happening.words.contains("S3cr3t")), "{silenced:#?}");
    let resolved = act(Act::Resolve("the table is back".into()), Some("ann")).await.unwrap().incident;
    assert_eq!((resolved.stage, resolved.resolved_at), (Stage::Resolved, Some(after(1000))));
    assert_eq!(resolved.timeline.last().unwrap().who.as_deref(), Some("ann"));
    let again = act(Act::Resolve(String::new()), Some("bob")).await.unwrap_err();
    assert_eq!(again.to_string(), "INC-0001 is resolved and cannot become resolved");
    let nobody = store.act_on_incident(7, Act::Acknowledge, after(0), Some("ann")).await.unwrap_err();
    assert_eq!(nobody, StoreError::NoIncident(7));
    assert_eq!(store.incidents(Filter::default()).await.unwrap(), []);
}

#[tokio::test]
async fn time_is_the_same_for_whoever_settles() {
    let home = Home::new();
    let store = home.open();
    report(&store, vec![missing("db", "orders", after(0))], after(0)).await;
    let settle = |ms| store.settle_incidents(Terms::default(), after(ms));
    assert_eq!(settle(29 * MINUTE).await.unwrap(), []);
    let changes = settle(30 * MINUTE).await.unwrap();
    assert!(changes[0].what.contains(&What::Resolved));
    assert_eq!(settle(31 * MINUTE).await.unwrap(), []);
    let changes = report(&store, vec![missing("db", "orders", after(HOUR))], after(HOUR)).await;
    assert!(changes[0].what.contains(&What::Reopened), "{changes:#?}");
    assert_eq!(only(&store).await.reopened, 1);
}

#[tokio::test]
async fn a_condition_that_ended_is_over_in_the_store() {
    let home = Home::new();
    let store = home.open();
    let lag = ErrorEvent { source: Source::Sample, signature: "lag".into(), ..missing("db", "x", after(0)) };
    report(&store, vec![lag], after(0)).await;
    let ended = |target: &str| Ended { at: after(MINUTE), target: TargetId::new(target), signature: "lag".into() };
    assert_eq!(store.end_conditions(vec![ended("other")]).await.unwrap(), []);
    assert_eq!(store.end_conditions(vec![ended("db")]).await.unwrap().len(), 1);
    assert_eq!(only(&store).await.resolved_at, Some(after(MINUTE)));
}

#[tokio::test]
async fn lists_are_filtered_and_the_worst_comes_first() {
    let home = Home::new();
    let store = home.open();
    let of = |kind, severity, object: &str, at| ErrorEvent { kind, severity, ..missing("db", object, at) };
    let events = vec![
        of(ErrorKind::Canceled, Severity::Warning, "a", after(3)),
        of(ErrorKind::DiskFull, Severity::Critical, "b", after(1)),
        of(ErrorKind::TableNotFound, Severity::Error, "c", after(2)),
        ErrorEvent { target: TargetId::new("other"), ..of(ErrorKind::TableNotFound, Severity::Error, "d", after(9)) },
    ];
    report(&store, events, after(9)).await;
    let objects = async |filter| -> Vec<String> {
        store.incidents(filter).await.unwrap().into_iter().map(|i: Incident| i.object.unwrap()).collect()
    };
    let none = Filter::default;
    assert_eq!(objects(none()).await, ["b", "d", "c", "a"]);
    assert_eq!(objects(Filter { target: Some(TargetId::new("db")), ..none() }).await, ["b", "c", "a"]);
    assert_eq!(objects(Filter { severity: Some(Severity::Error), ..none() }).await, ["b", "d", "c"]);
    assert_eq!(objects(Filter { kind: Some(ErrorKind::TableNotFound), ..none() }).await, ["d", "c"]);
    let figures = store.incident_figures(after(0)).await.unwrap();
    assert_eq!((figures.briefs.len(), figures.hours.iter().map(|h| h.count).sum::<u64>()), (4, 4));
}

#[tokio::test]
async fn what_is_old_is_forgotten() {
    let home = Home::new();
    let store = home.open();
    report(&store, vec![missing("db", "orders", after(0))], after(0)).await;
    store.settle_incidents(Terms::default(), after(HOUR)).await.unwrap();
    let prune = async |day: i64| while store.prune(after(day * DAY)).await.unwrap().more {};
    let left = || ["incidents", "incident_events", "patterns", "error_hours"].map(|table| rows(&home, table));
    prune(6).await;
    assert_eq!(left(), [1, 1, 1, 1]);
    prune(8).await;
    assert_eq!(left(), [1, 0, 1, 1]);
    prune(37).await;
    assert_eq!(left(), [1, 0, 1, 0]);
    prune(401).await;
    assert_eq!(left(), [0, 0, 0, 0]);
    // A number is never given twice.
    assert_eq!(report(&store, vec![missing("db", "orders", after(0))], after(0)).await[0].incident.id, 2);
}

#[tokio::test]
async fn only_one_process_detects() {
    let home = Home::new();
    home.make().await;
    let first = dba_gpt::store::claim_detection(&home.folder()).unwrap();
    assert!(first.is_some());
    assert!(dba_gpt::store::claim_detection(&home.folder()).unwrap().is_none());
    drop(first);
    assert!(dba_gpt::store::claim_detection(&home.folder()).unwrap().is_some());
}
