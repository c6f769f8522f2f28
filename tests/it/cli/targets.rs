//! `health`, `targets`, `doctor`: what is said of targets that answer, refuse and hang.

use super::rig::{Rig, argument};
use dba_gpt::domain::metric::METRICS;
use dba_gpt::domain::target::TargetId;

/// Two targets: the shop's file, and one that is not there.
fn one_up_one_down(rig: &Rig) {
    let up = rig.shop();
    let down = rig.path("gone.db");
    rig.configure(&format!(
        "[targets.shop]\nurl = \"sqlite:{}\"\nenvironment = \"dev\"\n\n[targets.gone]\nurl = \"sqlite:{}\"\n",
        up.display(),
        down.display()
    ));
}

#[test]
fn health_tells_of_every_target_and_of_every_metric() {
    let rig = Rig::new();
    one_up_one_down(&rig);
    let ran = rig.run(&["health", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let objects = ran.objects();
    assert_eq!(objects.len(), 2);
    let [gone, shop] = &objects[..] else { panic!("{ran:?}") };
    assert_eq!((gone["target"].as_str(), gone["state"].as_str()), (Some("gone"), Some("down")), "worst first");
    assert!(gone["score"].is_null() && gone["version"].is_null() && gone["took_ms"].is_null());
    assert!(gone["reasons"][0]["text"].as_str().unwrap().contains("gone.db"), "{gone}");
    assert_eq!((shop["target"].as_str(), shop["state"].as_str()), (Some("shop"), Some("ok")));
    assert_eq!((shop["score"].as_i64(), shop["engine"].as_str()), (Some(100), Some("sqlite")));
    assert_eq!(shop["environment"], "dev");
    for object in &objects {
        let metrics = object["metrics"].as_object().unwrap();
        assert_eq!(metrics.len(), METRICS.len());
    }
    assert!(gone["metrics"].as_object().unwrap().values().all(serde_json::Value::is_null));
    assert!(shop["metrics"]["data_bytes"].as_f64().unwrap() > 0.0);
    assert!(shop["metrics"]["writes"].is_number(), "a rate needs the second sample: {shop}");
    assert!(shop["metrics"]["lag"].is_null(), "a file has no replicas: {shop}");
}

#[test]
fn health_for_people_is_a_table_worst_first_with_the_reasons_below() {
    let rig = Rig::new();
    one_up_one_down(&rig);
    let ran = rig.run(&["health"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("STATE  NAME"), "{}", ran.out);
    assert!(lines[2].starts_with("DOWN   gone") && lines[3].starts_with("ok     shop"), "{}", ran.out);
    assert!(lines[4].starts_with("gone: "), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "colours belong on a terminal");
}

#[test]
fn health_of_one_named_target() {
    let rig = Rig::new();
    one_up_one_down(&rig);
    assert_eq!(rig.run(&["health", "--target", "shop"]).code, 0);
    assert_eq!(rig.run(&["health", "--target", "gone"]).code, 3);
    let typed = rig.run(&["health", "--json", "--target", argument(&rig.path("shop.db"))]);
    assert_eq!((typed.code, typed.object()["state"].as_str()), (0, Some("ok")));
}

#[test]
fn a_target_that_hangs_delays_no_other_and_is_down_in_the_end() {
    let mut rig = Rig::new();
    one_up_one_down(&rig);
    rig.hanging = vec![TargetId::new("gone")];
    let ran = rig.run(&["health", "--json"]);
    let objects = ran.objects();
    assert_eq!(ran.code, 1);
    assert_eq!((objects[0]["state"].as_str(), objects[0]["why"].as_str()), (Some("down"), Some("timeout")));
    assert_eq!(objects[1]["state"], "ok");
}

#[test]
fn a_stream_ends_when_nobody_reads_it_or_when_it_is_interrupted() {
    let mut rig = Rig::new();
    let shop = rig.shop();
    rig.output_room = 12_000;
    let ran = rig.run(&["health", "--watch", "--json", "--target", argument(&shop)]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "a broken pipe is no failure");
    assert!(ran.objects().len() >= 2, "{ran:?}");

    rig.output_room = usize::MAX;
    rig.interrupt.cancel();
    let ran = rig.run(&["health", "--watch", "--target", argument(&shop)]);
    assert_eq!(ran.out, "");
}

#[test]
fn targets_are_listed_and_tested() {
    let rig = Rig::new();
    one_up_one_down(&rig);
    let listed = rig.run(&["targets", "list", "--json"]);
    let names: Vec<String> = listed.objects().iter().map(|o| o["target"].as_str().unwrap().to_owned()).collect();
    assert_eq!((listed.code, names), (0, vec!["shop".to_owned(), "gone".to_owned()]));
    let tested = rig.run(&["targets", "test", "--json"]);
    let objects = tested.objects();
    assert_eq!(tested.code, 3);
    assert_eq!((objects[0]["state"].as_str(), objects[1]["state"].as_str()), (Some("ok"), Some("down")));
    assert!(objects[0]["version"].as_str().unwrap().starts_with("SQLite"));
    assert!(objects[1]["message"].as_str().unwrap().contains("gone.db"));
    let people = rig.run(&["targets", "test"]);
    assert!(people.out.contains("ok    shop: SQLite") && people.out.contains("DOWN  gone: "), "{}", people.out);
    assert_eq!(rig.run(&["targets", "test", "--target", "shop"]).code, 0);
}

#[test]
fn without_any_target_there_is_nothing_to_do() {
    let rig = Rig::new();
    for command in [&["health"][..], &["sql", "select 1"], &["ask", "which tables"], &["targets", "list"]] {
        let ran = rig.run(command);
        assert_eq!(ran.code, 2, "{command:?}");
        assert!(ran.err.contains("--target") && ran.err.contains("--demo"), "{}", ran.err);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn doctor_says_what_is_wrong_and_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let rig = Rig::new();
    one_up_one_down(&rig);
    let data = rig.path("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ran = rig.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let objects = ran.objects();
    let find = |area: &str, state: &str| {
        objects.iter().find(|o| o["area"] == area && o["state"] == state).unwrap_or_else(|| panic!("{ran:?}"))
    };
    assert!(find("files", "wrong")["remedy"].as_str().unwrap().starts_with("chmod"));
    assert!(find("gone", "wrong")["text"].as_str().unwrap().contains("gone.db"));
    assert!(find("shop", "ok")["text"].as_str().unwrap().contains("answers"));
    find("configuration", "ok");

    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
    let ran = rig.run(&["doctor", "--target", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn doctor_works_with_a_broken_configuration() {
    let rig = Rig::new();
    rig.configure("[ui]\nthme = \"dark\"\n");
    let ran = rig.run(&["doctor"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("config.toml:2:1") && ran.out.contains("theme"), "{}", ran.out);
}

#[test]
fn doctor_knows_what_holds_copies_back() {
    let mut rig = Rig::new();
    rig.variables.insert("TMUX".into(), "/tmp/tmux-0/default,1,0".into());
    let ran = rig.run(&["doctor"]);
    assert!(ran.out.contains("set-clipboard on"), "{}", ran.out);
}

/// Two PostgreSQL targets at addresses where nothing answers, one of them managed.
fn two_servers(rig: &Rig) {
    rig.configure(
        "[targets.cloud]\nurl = \"postgres://ro@orders.c1.eu-west-1.rds.amazonaws.com/orders?hostaddr=127.0.0.1&port=1\"\n\
         password = \"${env:PASS}\"\ncolor = \"blue\"\n[targets.cloud.fix]\nuser = \"fixer\"\n\
         [targets.own]\nurl = \"postgres://ro@127.0.0.1:1/x\"\npassword = \"${vault:own}\"\nread_only = false\n",
    );
}

#[test]
fn doctor_tells_where_passwords_are_who_runs_the_server_and_how_both_logins_are_made() {
    let rig = Rig::new();
    two_servers(&rig);
    let ran = rig.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let objects = ran.objects();
    let told = |area: &str, words: &str| {
        let found = objects.iter().find(|o| o["area"] == area && o["text"].as_str().unwrap().contains(words));
        found.unwrap_or_else(|| panic!("{area}: {words}\n{}", ran.out)).clone()
    };
    assert_eq!(told("cloud", "in the variable PASS")["state"], "warning");
    assert!(told("cloud", "Amazon RDS: no ALTER SYSTEM")["text"].as_str().unwrap().contains("parameter group"));
    told("cloud", "a second login for what a person approves, fixer");
    assert_eq!(told("own", "in our vault, as own")["state"], "ok");
    told("own", "read_only = false");
    assert_eq!(told("vault", "there is no vault")["state"], "wrong");
    let reading = told("logins of PostgreSQL", "for reading");
    assert!(reading["remedy"].as_str().unwrap().contains("pg_use_reserved_connections"), "{reading}");
    let fixing = told("logins of PostgreSQL", "for approved fixes");
    assert!(fixing["remedy"].as_str().unwrap().contains("GRANT pg_signal_backend TO dbagpt_fix"), "{fixing}");
}

#[test]
fn the_list_names_who_hosts_a_target() {
    let rig = Rig::new();
    two_servers(&rig);
    let ran = rig.run(&["targets", "list", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let [cloud, own] = &ran.objects()[..] else { panic!("{ran:?}") };
    assert_eq!(
        (&cloud["hosting"], &cloud["color"], &cloud["read_only"]),
        (&"Amazon RDS".into(), &"blue".into(), &true.into())
    );
    assert_eq!((&own["hosting"], &own["color"], &own["read_only"]), (&().into(), &().into(), &false.into()));
}
