//! `ask`: answers, honest refusals, and questions that need no certain target.

use super::rig::{Rig, argument};
use dba_gpt::app::event::PastSession;
use dba_gpt::domain::activity::{SessionInfo, SessionState};
use dba_gpt::domain::target::Timestamp;

#[test]
fn a_question_is_answered_with_the_statement_that_answers_it() {
    let rig = Rig::new();
    let shop = rig.shop_once();
    let ran = rig.run(&["ask", "how many orders are there?", "--json", "--target", argument(&shop)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let object = ran.object();
    assert_eq!(object["source"], "intent");
    assert_eq!(object["rows"], serde_json::json!([[3]]), "{object}");
    assert_eq!(object["columns"].as_array().unwrap().len(), 1);
    assert_eq!(object["truncated"], false);
    assert!(object["answer"].as_str().unwrap().ends_with(": 3"), "{object}");
    let statement = object["statements"][0].as_str().unwrap().to_owned();
    assert!(statement.to_lowercase().contains("count("), "{statement}");
    assert_eq!(object["results"].as_array().unwrap().len(), 1);

    let people = rig.run(&["ask", "how many orders are there?", "--target", argument(&shop)]);
    assert!(people.out.contains(&statement) && people.out.contains("1 row (all)"), "{}", people.out);
}

#[test]
fn a_typed_statement_is_a_turn_too() {
    let rig = Rig::new();
    let shop = rig.shop_once();
    let ran = rig.run(&["ask", "select count(*) as n from orders", "--json", "--target", argument(&shop)]);
    let object = ran.object();
    assert_eq!((ran.code, object["source"].as_str()), (0, Some("sql")));
    assert_eq!((&object["columns"], &object["rows"]), (&serde_json::json!(["n"]), &serde_json::json!([[3]])));
    let refused = rig.run(&["ask", "delete from orders where id = 1", "--json", "--target", argument(&shop)]);
    assert_eq!((refused.code, refused.object()["source"].is_null()), (4, true));
    let failed = rig.run(&["ask", "select nowhere from orders", "--target", argument(&shop)]);
    assert_eq!((failed.code, failed.out.as_str()), (1, ""));
    assert!(failed.err.contains("no such column"), "{failed:?}");
}

#[test]
fn nonsense_gets_an_honest_cannot() {
    let rig = Rig::new();
    let shop = rig.shop_once();
    let ran = rig.run(&["ask", "what colour is the wind", "--target", argument(&shop)]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(!ran.err.is_empty());
    let object = rig.run(&["ask", "what colour is the wind", "--json", "--target", argument(&shop)]).object();
    assert!(object["source"].is_null() && object["rows"] == serde_json::json!([]));
    assert!(!object["answer"].as_str().unwrap().is_empty());
    assert_eq!(rig.run(&["ask", "  ", "--target", argument(&shop)]).code, 2);
}

#[test]
fn a_question_about_all_servers_is_answered_over_all_of_them() {
    let rig = Rig::new();
    let shop = rig.shop_once();
    let gone = rig.path("gone.db");
    rig.configure(&format!(
        "[targets.shop]\nurl = \"sqlite:{}\"\n[targets.gone]\nurl = \"sqlite:{}\"\n",
        shop.display(),
        gone.display()
    ));
    let ran = rig.run(&["ask", "which servers are down?", "--json"]);
    let object = ran.object();
    assert_eq!(ran.code, 0, "{object}");
    let target = object["columns"].as_array().unwrap().iter().position(|c| c == "target").unwrap();
    let rows = object["rows"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0][target].as_str()), (1, Some("gone")), "{object}");
    // One of them alone is named, and is the one that is down.
    assert_eq!(rig.run(&["ask", "which servers are down?", "--target", "gone"]).code, 0);
    // A question about tables is a question to one of them.
    let ran = rig.run(&["ask", "which tables are biggest?"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("shop, gone"), "{}", ran.err);
    assert_eq!(rig.run(&["ask", "which tables are biggest?", "--target", "gone"]).code, 3);
}

#[test]
fn who_blocked_then_is_answered_from_our_own_samples() {
    let mut rig = Rig::new();
    let shop = rig.shop_once();
    rig.configure(&format!("[targets.shop]\nurl = \"sqlite:{}\"\n", shop.display()));
    let question = "who blocked whom at 2026-08-22 02:10?";
    let nothing = rig.run(&["ask", question, "--json"]);
    assert_eq!((nothing.code, nothing.object()["rows"].as_array().unwrap().len()), (1, 0), "{nothing:?}");

    let at = Timestamp(chrono::DateTime::parse_from_rfc3339("2026-08-22T02:10:00Z").unwrap().timestamp_millis());
    rig.past = vec![past(at, 7, &[]), past(at, 8, &[7])];
    let ran = rig.run(&["ask", question, "--json"]);
    let object = ran.object();
    assert_eq!(ran.code, 0, "{object}");
    assert!(object["answer"].as_str().unwrap().starts_with("Session 7"), "{object}");
    assert_eq!((object["rows"].as_array().unwrap().len(), &object["statements"]), (2, &serde_json::json!([])));

    // The past of a server that does not answer any more is known just as well.
    std::fs::remove_file(&shop).unwrap();
    assert_eq!(rig.run(&["ask", question]).code, 0);
}

fn past(at: Timestamp, pid: i64, blocked_by: &[i64]) -> PastSession {
    let session = SessionInfo {
        pid,
        database: "shop".into(),
        user: "ann".into(),
        application: "till".into(),
        client: String::new(),
        state: SessionState::Active,
        transaction_start: None,
        statement_start: None,
        state_change: None,
        wait: String::new(),
        blocked_by: blocked_by.to_vec(),
        holds: String::new(),
        statement: "update orders set total = 1".into(),
        background: false,
    };
    PastSession { at, session }
}
