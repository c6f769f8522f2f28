//! `rules` by the real program: kept, listed, deleted, what is wrong with bad ones, and that `watch` tells of one that
//! fires, in a process that began after it was kept.

use super::program::{run, text};
use serde_json::Value;
use std::process::Output;
use tempfile::TempDir;

/// The home of a program that watches a small database, `play`.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let file = home.0.path().join("play.db");
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)").unwrap();
        let configuration = format!(
            "[health]\nrefresh = '500ms'\n[targets.play]\nurl = 'sqlite:{}'\nenvironment = 'dev'\n",
            file.display()
        );
        std::fs::write(home.0.path().join("config.toml"), configuration).unwrap();
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

#[test]
fn rules_are_kept_listed_and_deleted() {
    let home = Home::new();
    let none = home.run(&["rules", "list"]);
    assert!(none.stdout.is_empty() && text(&none.stderr).contains("there is no rule"), "{none:?}");
    let kept = home.objects(&["rules", "add", "data_bytes", "above", "5 GB", "for", "5m", "--keep", "30d", "--json"]);
    assert_eq!(kept[0]["rule"], 1);
    home.run(&["rules", "add", "lag above 30s", "--reason", "the report needs it", "--severity", "critical"]);
    let listed = home.objects(&["rules", "list", "--json"]);
    let words: Vec<&str> = listed.iter().filter_map(|rule| rule["condition"].as_str()).collect();
    assert_eq!(words, ["data_bytes above 5.0 GB for 5m", "lag above 30s for 60s"]);
    assert_eq!(
        (&listed[0]["schema"], &listed[0]["unit"], &listed[0]["target"]),
        (&1.into(), &"bytes".into(), &"play".into())
    );
    assert_eq!((&listed[1]["severity"], &listed[1]["firing"]), (&"critical".into(), &Value::Null));
    let table = text(&home.run(&["rules", "list"]).stdout);
    assert!(table.contains("the report needs it") && table.contains("data_bytes above 5.0 GB"), "{table}");
    assert_eq!(home.run(&["rules", "delete", "1"]).status.code(), Some(0));
    assert_eq!(home.run(&["rules", "delete", "1"]).status.code(), Some(1));
    assert_eq!(home.objects(&["rules", "list", "--json"]).len(), 1);
    let metrics = home.objects(&["rules", "metrics", "--json"]);
    assert!(metrics.iter().any(|metric| metric["metric"] == "connections" && metric["unit"] == "count"));
}

#[test]
fn a_bad_rule_is_wrong_usage_with_the_reason() {
    let home = Home::new();
    for (words, part) in [
        (&["conections", "above", "5"][..], "did you mean `connections`"),
        (&["lag", "above", "much"], "no number"),
        (&["lag"], "METRIC above|below NUMBER"),
        (&["connections", "above", "130%"], "never above"),
        (&["check", "gremlins", "above", "5"], "no check `gremlins`"),
        (&["dead_rows", "of", "t", "above", "5%"], "does not count the dead rows"),
    ] {
        let arguments: Vec<&str> = ["rules", "add"].into_iter().chain(words.iter().copied()).collect();
        let refused = home.run(&arguments);
        assert_eq!(refused.status.code(), Some(2), "{words:?}: {refused:?}");
        assert!(text(&refused.stderr).contains(part), "{words:?}: {}", text(&refused.stderr));
    }
    let unknown = home.run(&["rules", "add", "lag above 30s", "--incident", "77"]);
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
    assert!(home.run(&["rules", "list", "--json"]).stdout.is_empty());
}

#[test]
fn watch_tells_of_a_rule_that_another_process_kept_and_its_end() {
    let home = Home::new();
    home.run(&["rules", "add", "data_bytes", "above", "0", "at", "once", "--severity", "error"]);
    let round = home.run(&["watch", "--once", "--json"]);
    assert_eq!(round.status.code(), Some(1), "{round:?}");
    let told: Vec<Value> = text(&round.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(told.iter().any(|incident| incident.to_string().contains("RULE_1")), "{told:?}");
    assert!(home.objects(&["rules", "list", "--json"])[0]["firing"].is_number());
    // A further process meets the same one, not another.
    home.run(&["watch", "--once", "--json"]);
    let listed = home.objects(&["incidents", "list", "--json"]);
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((&listed[0]["code"], &listed[0]["severity"]), (&"RULE_1".into(), &"error".into()));
    home.run(&["rules", "delete", "1"]);
    let listed = home.objects(&["incidents", "list", "--json"]);
    assert_eq!(listed[0]["stage"], "resolved", "{listed:?}");
}
