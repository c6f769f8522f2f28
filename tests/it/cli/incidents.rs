//! `incidents` by the real program: the list, everything about one, and the handover of a shift.

use super::program::{run, text};
use dba_gpt::domain::error::event::{ErrorEvent, Source};
use dba_gpt::domain::error::kind::{ErrorKind, Severity};
use dba_gpt::domain::error::signature::signature;
use dba_gpt::domain::incident::Act;
use dba_gpt::domain::incident::limits::Terms;
use dba_gpt::domain::target::{TargetId, Timestamp};
use dba_gpt::store::{Retention, Store};
use serde_json::{Value, json};
use std::future::Future;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// The home of a program with incidents in its store.
struct Kept {
    home: TempDir,
    /// Of the real clock, since the program asks what happened before now.
    now: Timestamp,
}

impl Kept {
    fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self { home: tempfile::tempdir().unwrap(), now: Timestamp(i64::try_from(since.as_millis()).unwrap()) }
    }
    fn before(&self, minutes: i64) -> Timestamp {
        self.now.plus_ms(-minutes * 60_000)
    }
    /// Works on the store as another process would, and closes it.
    fn store<T, F: Future<Output = T>>(&self, work: impl FnOnce(Store) -> F) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = Store::open(&self.home.path().join("data"), self.now, &Retention::default()).unwrap().store;
        runtime.block_on(async {
            let done = work(store.clone()).await;
            store.close().await.unwrap();
            done
        })
    }
    /// Has the store take these, so many minutes ago.
    fn report(&self, events: Vec<ErrorEvent>, minutes: i64) {
        let now = self.before(minutes);
        self.store(|store| async move { drop(store.report(events, Terms::default(), now).await.unwrap()) });
    }
    fn act(&self, id: u64, act: Act, minutes: i64) {
        let at = self.before(minutes);
        self.store(|store| async move { drop(store.act_on_incident(id, act, at, Some("ann")).await.unwrap()) });
    }
    fn event(&self, target: &str, kind: ErrorKind, severity: Severity, message: &str, minutes: i64) -> ErrorEvent {
        ErrorEvent {
            at: self.before(minutes),
            target: TargetId::new(target),
            engine: "postgres".into(),
            source: Source::Log,
            code: "XX000".into(),
            kind,
            severity,
            object: Some("app.orders".into()),
            message: message.into(),
            statement: Some("SELECT 1\n  FROM app.orders -- \u{202e}".into()),
            more: None,
            user: Some("app".into()),
            database: Some("shop".into()),
            signature: signature(kind, message),
            group: format!("XX000:{message}"),
            title: format!("A {} error", kind.word().to_lowercase()),
            transient: false,
            count: 1,
        }
    }
    /// A full disk with a follower, a warning, and one that is resolved.
    fn with_a_day_of_trouble() -> Self {
        let kept = Self::new();
        kept.report(vec![kept.event("pg-orders", ErrorKind::TableNotFound, Severity::Error, "no table", 120)], 120);
        kept.act(1, Act::Resolve("table restored".into()), 60);
        kept.report(
            vec![
                kept.event("pg-billing", ErrorKind::Canceled, Severity::Warning, "canceled", 20),
                kept.event(
                    "pg-orders",
                    ErrorKind::DiskFull,
                    Severity::Critical,
                    "no space <b>left</b> [x](http://e)",
                    10,
                ),
                kept.event("pg-orders", ErrorKind::ReadOnly, Severity::Error, "read only", 10),
                kept.event(
                    "pg-orders",
                    ErrorKind::DiskFull,
                    Severity::Critical,
                    "no space <b>left</b> [x](http://e)",
                    5,
                ),
            ],
            0,
        );
        kept
    }
    fn run(&self, arguments: &[&str]) -> Output {
        run(self.home.path(), arguments)
    }
    fn objects(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = self.run(arguments);
        assert_eq!(ran.status.code(), Some(0), "{ran:?}");
        text(&ran.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn ids(objects: &[Value]) -> Vec<u64> {
    objects.iter().map(|object| object["id"].as_u64().unwrap()).collect()
}

#[test]
fn nothing_is_listed_where_nothing_went_wrong_and_no_store_is_made() {
    let kept = Kept::new();
    let ran = kept.run(&["incidents", "list"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(0), ""));
    let ran = kept.run(&["incidents", "show", "1"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(1), ""));
    assert!(text(&ran.stderr).contains("there is no incident INC-0001"), "{ran:?}");
    let ran = kept.run(&["incidents", "export"]);
    assert_eq!(ran.status.code(), Some(0));
    assert!(text(&ran.stdout).contains("Nothing is open."), "{ran:?}");
    assert!(!kept.home.path().join("data").join("store.db").exists(), "asking made a store");
}

#[test]
fn the_worst_that_is_open_comes_first_and_filters_choose() {
    let kept = Kept::with_a_day_of_trouble();
    let listed = kept.objects(&["incidents", "list", "--json"]);
    assert_eq!(ids(&listed), [3, 4, 2, 1]);
    assert_eq!(
        (&listed[0]["schema"], &listed[0]["name"], &listed[0]["strategy"], &listed[0]["count"]),
        (&json!(1), &json!("INC-0003"), &json!("IMMEDIATE_FIX"), &json!(2))
    );
    assert_eq!((&listed[0]["followers"], &listed[1]["cause"]), (&json!([4]), &json!(3)));
    assert_eq!((&listed[3]["open"], &listed[3]["resolution"]), (&json!(false), &json!("person")));
    assert_eq!(ids(&kept.objects(&["incidents", "list", "--json", "--severity", "critical"])), [3]);
    assert_eq!(ids(&kept.objects(&["incidents", "list", "--json", "--kind", "canceled"])), [2]);
    let configured = "[targets.pg-billing]\nurl = \"sqlite:/tmp/billing.db\"\n";
    std::fs::write(kept.home.path().join("config.toml"), configured).unwrap();
    assert_eq!(ids(&kept.objects(&["incidents", "list", "--json", "--target", "pg-billing"])), [2]);
    let said = text(&kept.run(&["incidents", "list"]).stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("NUMBER"), "{said}");
    for words in ["INC-0003", "CRIT", "open", "pg-orders", "DISK_FULL", "IMMEDIATE_FIX", "app.orders"] {
        assert!(lines[2].contains(words), "{words}: {said}");
    }
}

#[test]
fn wrong_words_are_wrong_usage() {
    let kept = Kept::new();
    for wrong in [
        &["incidents", "list", "--severity", "awful"][..],
        &["incidents", "list", "--kind", "NOPE"],
        &["incidents", "show", "INC-x"],
        &["incidents", "export", "--since", "12"],
        &["incidents"],
    ] {
        assert_eq!(kept.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn one_is_shown_whole_with_its_timeline() {
    let kept = Kept::with_a_day_of_trouble();
    let said = text(&kept.run(&["incidents", "show", "INC-0003"]).stdout);
    for words in [
        "INC-0003  CRIT",
        "DISK_FULL XX000, postgres",
        "followed by  INC-0004",
        "-- <U+202E>",
        "Timeline",
        "seen in the server's log",
        "strategy IMMEDIATE_FIX",
        "INC-0004 follows from it",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let follower = text(&kept.run(&["incidents", "show", "4"]).stdout);
    assert!(follower.contains("follows from INC-0003: a full disk"), "{follower}");
    let shown = &kept.objects(&["incidents", "show", "inc-1", "--json"])[0];
    assert_eq!((&shown["stage"], &shown["pattern"]["count"]), (&json!("resolved"), &json!(1)));
    let last = shown["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["who"], &last["stage"]), (&json!("ann"), &json!("resolved")));
    assert_eq!(last["words"], "resolved: by a person: table restored");
    assert_eq!(shown["events"][0]["user"], "app");
}

#[test]
fn a_handover_is_markdown_in_which_nothing_from_outside_is_markup() {
    let kept = Kept::with_a_day_of_trouble();
    let said = text(&kept.run(&["incidents", "export", "--since", "12h"]).stdout);
    for words in [
        "# Shift handover",
        "## Open",
        "**INC-0003** CRIT pg-orders",
        "1 follows from it",
        "**nobody has taken it**",
        "## Resolved",
        "**INC-0001** ERR pg-orders",
        "by a person",
        "## Comes again",
        "2 times in this shift",
        "## Numbers",
        "mean time to resolution",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("**INC-0004**"), "a follower is told with its cause: {said}");
    assert!(!said.contains("<b>") && !said.contains("[x](http://e)"), "{said}");
    let hour = text(&kept.run(&["incidents", "export", "--since", "30m"]).stdout);
    assert!(hour.contains("Nothing was resolved."), "{hour}");
    let object = &kept.objects(&["incidents", "export", "--json"])[0];
    assert_eq!(object["incidents"].as_array().unwrap().len(), 4);
    assert_eq!(object["numbers"]["strategies"]["IMMEDIATE_FIX"], 1);
    assert!(object["numbers"]["score"].as_u64().unwrap() < 100);
}
