//! `selftest --attacks`: every case gets its verdict, no attack is ever sent, and open gates are told.

use super::rig::{Rig, argument};
use crate::support::servers;

#[test]
fn every_case_of_the_list_is_judged_as_wanted() {
    let rig = Rig::new();
    let ran = rig.run(&["selftest", "--attacks"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let rows = ran.out.lines().filter(|line| line.ends_with("deny") || line.ends_with("allow")).count();
    assert!(rows > 400, "{rows} rows");
    let summary = ran.out.lines().last().unwrap();
    assert!(summary.contains(" 0 let through") && summary.contains(" 0 refused"), "{summary}");

    let objects = rig.run(&["selftest", "--attacks", "--json"]).objects();
    let (numbers, cases) = objects.split_last().unwrap();
    assert_eq!((numbers["let_through"].as_i64(), numbers["sent"].as_i64()), (Some(0), Some(0)), "{numbers}");
    assert_eq!(numbers["cases"].as_u64().unwrap(), u64::try_from(cases.len()).unwrap());
    for engine in ["postgres", "mysql", "mongodb", "redis", "sqlite"] {
        assert!(cases.iter().any(|case| case["engine"] == engine), "no case of {engine}");
    }
    assert!(cases.iter().all(|case| case["verdict"] == case["wanted"] && case["class"].is_string()));
}

#[test]
fn on_a_server_with_a_weak_login_every_gate_holds_and_no_attack_is_sent() {
    let rig = Rig::new();
    let ran = rig.run(&["selftest", "--attacks", "--json", "--target", &servers::postgres_read_only_url()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let objects = ran.objects();
    let gates: Vec<_> = objects.iter().filter(|line| line["gate"].is_string()).collect();
    assert_eq!(gates.len(), 3);
    assert!(gates.iter().all(|gate| gate["stands"] == "holds"), "{gates:?}");
    let cases: Vec<_> = objects.iter().filter(|line| line["case"].is_string()).collect();
    assert!(cases.iter().all(|case| case["engine"] == "postgres" && case["verdict"] == case["wanted"]));
    assert!(cases.iter().all(|case| (case["sent"] == true) == (case["wanted"] == "allow")));
    let ran_at_all = cases.iter().filter(|case| case["sent"] == true && case["error"].is_null()).count();
    assert!(ran_at_all > 10, "only {ran_at_all} harmless statements ran");
}

#[test]
fn a_powerful_login_is_an_open_gate() {
    let ran = Rig::new().run(&["selftest", "--attacks", "--target", &servers::postgres_url()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let gate = ran.out.lines().find(|line| line.starts_with("weak login")).unwrap();
    assert!(gate.contains("open") && gate.contains("superuser"), "{gate}");
    assert!(ran.out.lines().last().unwrap().contains("1 gates open"), "{}", ran.out);
}

#[test]
fn a_file_has_gates_of_its_own() {
    let rig = Rig::new();
    let shop = rig.shop();
    let ran = rig.run(&["selftest", "--attacks", "--json", "--target", argument(&shop)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let gates = ran.objects().into_iter().filter(|line| line["gate"].is_string());
    let stands: Vec<String> = gates.map(|gate| gate["stands"].as_str().unwrap().to_owned()).collect();
    assert_eq!(stands, ["holds", "holds", "none"]);
}

#[test]
fn production_is_left_alone() {
    let rig = Rig::new();
    let shop = rig.shop();
    rig.configure(&format!("[targets.shop]\nurl = \"{}\"\nenvironment = \"prod\"\n", shop.display()));
    let ran = rig.run(&["selftest", "--attacks", "--target", "shop"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
    assert!(ran.err.contains("staging"), "{ran:?}");
}
