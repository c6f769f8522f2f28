//! `diagnose`: its lines, its exit codes, its words when nobody answers.

use super::program::{run, text};
use super::rig::{Rig, argument};

#[test]
fn every_line_of_json_is_a_ranked_hypothesis_and_the_exit_code_follows() {
    let rig = Rig::new();
    let shop = rig.shop();
    let ran = rig.run(&["diagnose", "--seconds", "1", "--json", "--target", argument(&shop)]);
    let lines = ran.objects();
    for (rank, line) in (1..).zip(&lines) {
        assert_eq!(line["rank"], rank, "{line}");
        for field in ["target", "cause", "verdict", "confidence", "about", "evidence", "fix", "consequence_of"] {
            assert!(line.get(field).is_some(), "{field} is missing: {line}");
        }
        let confidence = line["confidence"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&confidence), "{line}");
        assert!(["supported", "refuted", "inconclusive"].contains(&line["verdict"].as_str().unwrap()), "{line}");
    }
    let supported = lines.iter().any(|line| line["verdict"] == "supported");
    assert_eq!(ran.code, u8::from(supported), "{ran:?}");
    assert!(!supported, "a small shop in which nothing happens has nothing: {ran:?}");
}

#[test]
fn the_text_says_how_long_was_looked_and_what_was_found() {
    let rig = Rig::new();
    let shop = rig.shop();
    let ran = rig.run(&["diagnose", "--seconds", "1", "--target", argument(&shop)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.lines().next().is_some_and(|line| line.ends_with("no cause was found in 1 s")), "{ran:?}");
}

#[test]
fn a_server_that_does_not_answer_is_exit_code_3() {
    let rig = Rig::new();
    let ran = rig.run(&["diagnose", "--seconds", "1", "--target", "postgres://app@127.0.0.1:1/shop?sslmode=disable"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    assert!(!ran.err.is_empty());
}

#[test]
fn one_target_is_diagnosed_at_a_time_and_an_incident_has_to_be_known() {
    let rig = Rig::new();
    let shop = rig.shop();
    let both = ["diagnose", "--target", argument(&shop), "--target", "postgres://app@127.0.0.1:1/shop"];
    assert_eq!(rig.run(&both).code, 2);
    let unknown = rig.run(&["diagnose", "--incident", "INC-0007", "--target", argument(&shop)]);
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert!(unknown.err.contains("there is no incident INC-0007"), "{unknown:?}");
}

#[test]
fn the_demo_is_diagnosed_by_the_program() {
    let home = tempfile::tempdir().unwrap();
    let ran = run(home.path(), &["diagnose", "--demo", "--seconds", "1"]);
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{ran:?}");
    assert!(text(&ran.stdout).starts_with("demo: "), "{ran:?}");
}
