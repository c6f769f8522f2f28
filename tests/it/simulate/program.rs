//! The real program: what it lists, where it refuses and in which words, and what it prints.

use crate::support::servers;
use crate::support::terminal::PROGRAM;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn run(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("DBA_GPT_HOME", home).env("HOME", home).args(arguments);
    command.stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn objects(output: &Output) -> Vec<serde_json::Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_demo_gives_a_real_error_to_whoever_asks() {
    let home = tempfile::tempdir().unwrap();
    let listed = run(home.path(), &["--demo", "simulate", "--json"]);
    let names: Vec<String> = objects(&listed).iter().map(|o| o["name"].as_str().unwrap().to_owned()).collect();
    assert!(names.len() >= 10 && names.contains(&"missing-table".to_owned()), "{names:?}");
    assert!(!home.path().join("data").join("demo.db").exists(), "a list made the demo");

    let provoked = run(home.path(), &["--demo", "simulate", "missing-table", "--json"]);
    assert_eq!(provoked.status.code(), Some(0), "{provoked:?}");
    let [event] = &objects(&provoked)[..] else { panic!("{provoked:?}") };
    assert_eq!((&event["kind"], &event["promised"]), (&"TABLE_NOT_FOUND".into(), &"TABLE_NOT_FOUND".into()));
    assert!(event["message"].as_str().unwrap().contains("dba_gpt_simulation_missing_table"), "{event}");

    // It is an incident from the first time on, and one that came again is met in another way.
    assert_eq!((&event["strategy"], &event["count"]), (&"AI_POWERED".into(), &1.into()), "{event}");
    let again = run(home.path(), &["--demo", "simulate", "missing-table", "--json"]);
    let [again] = &objects(&again)[..] else { panic!("{again:?}") };
    assert_eq!((&again["strategy"], &again["count"]), (&"PREVENTIVE".into(), &2.into()), "{again}");
    assert_eq!(again["incident"], event["incident"]);
    let shown = run(home.path(), &["--demo", "incidents", "show", &event["incident"].to_string()]);
    assert!(text(&shown.stdout).contains("simulation"), "{shown:?}");

    let unknown = run(home.path(), &["--demo", "simulate", "flood"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("missing-table"), "{unknown:?}");
}

#[test]
fn nothing_is_sent_where_nothing_says_that_it_does_no_harm() {
    let home = tempfile::tempdir().unwrap();
    let shop = home.path().join("shop.db");
    rusqlite::Connection::open(&shop).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let shop = shop.display();
    let configuration = format!(
        "[targets.live]\nurl = 'sqlite:{shop}'\nenvironment = 'prod'\n[targets.some]\nurl = 'sqlite:{shop}'\n\
         [targets.play]\nurl = 'sqlite:{shop}'\nenvironment = 'dev'\n"
    );
    std::fs::write(home.path().join("config.toml"), configuration).unwrap();
    for (target, words) in [("live", "production"), ("some", "environment = \"dev\""), ("some", "[targets.some]")] {
        let refused = run(home.path(), &["simulate", "missing-table", "--yes", "--target", target]);
        assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(2), String::new()), "{target}");
        assert!(text(&refused.stderr).contains(words), "{target}: {refused:?}");
    }
    let url = format!("sqlite:{shop}");
    assert_eq!(run(home.path(), &["simulate", "missing-table", "--yes", "--target", &url]).status.code(), Some(2));

    let asked = run(home.path(), &["simulate", "missing-table", "--target", "play"]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(text(&asked.stderr).contains("--yes"), "{asked:?}");
    let provoked = run(home.path(), &["simulate", "missing-table", "--yes", "--target", "play"]);
    assert_eq!(provoked.status.code(), Some(0), "{provoked:?}");
    assert!(text(&provoked.stdout).contains("TABLE_NOT_FOUND"), "{provoked:?}");
}

#[test]
fn a_server_that_may_be_provoked_is_and_one_that_is_read_only_is_not_written_to() {
    let home = tempfile::tempdir().unwrap();
    let url = servers::postgres_read_only_url();
    let (login, place) = url.split_once("://").unwrap().1.split_once('@').unwrap();
    let (user, password) = login.split_once(':').unwrap();
    let configuration = format!(
        "[targets.stage]\nurl = 'postgres://{user}@{place}'\nenvironment = 'stage'\nread_only = true\n\
         password_command = ['printf', '{password}']\n"
    );
    std::fs::write(home.path().join("config.toml"), configuration).unwrap();
    let mut permissions = std::fs::metadata(home.path().join("config.toml")).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    std::fs::set_permissions(home.path().join("config.toml"), permissions).unwrap();
    let variables = std::env::var("PATH").unwrap();
    let program = |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.env_clear().env("PATH", &variables).env("DBA_GPT_HOME", home.path()).env("HOME", home.path());
        command.args(arguments).stdin(Stdio::null()).output().unwrap()
    };
    let provoked = program(&["simulate", "deadlock", "--yes", "--json"]);
    assert_eq!(provoked.status.code(), Some(0), "{provoked:?}");
    let [event] = &objects(&provoked)[..] else { panic!("{provoked:?}") };
    assert_eq!(
        (&event["code"], &event["kind"], &event["target"]),
        (&"40P01".into(), &"DEADLOCK".into(), &"stage".into())
    );

    let refused = program(&["simulate", "duplicate-key", "--yes"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("read_only"), "{refused:?}");
}
