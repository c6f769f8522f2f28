//! `config`, `completions`, `man`: what needs no database.

use super::rig::Rig;

#[test]
fn each_value_is_shown_with_where_it_came_from() {
    let rig = Rig::new();
    rig.configure("[ui]\ntheme = \"mono\"\n\n[targets.a]\nurl = \"sqlite:/srv/a.db\"\n");
    let ran = rig.run(&["config", "show", "--json"]);
    let objects = ran.objects();
    let find = |key: &str| objects.iter().find(|o| o["key"] == key).unwrap_or_else(|| panic!("{key}: {ran:?}"));
    assert_eq!(find("ui.theme")["value"], "mono");
    assert!(find("ui.theme")["source"].as_str().unwrap().starts_with("config.toml:2:"));
    assert_eq!(find("limits.rows")["source"], "default");
    assert_eq!(find("limits.rows")["value"], 500);
    assert_eq!(find("targets.a.engine")["value"], "sqlite");
    assert!(rig.run(&["config", "show"]).out.lines().any(|l| l.contains("ui.theme") && l.contains("config.toml:2:")));
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let rig = Rig::new();
    rig.configure("[ui]\nthme = \"mono\"\nmax_fps = 900\n");
    let ran = rig.run(&["config", "check"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    assert!(ran.out.contains("config.toml:2:1") && ran.out.contains("config.toml:3:"), "{}", ran.out);
    for command in [&["config", "show"][..], &["health"], &["sql", "select 1"]] {
        let ran = rig.run(command);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command:?}");
        assert!(ran.err.contains("config.toml:2:1") && ran.err.contains("config.toml:3:"), "{}", ran.err);
    }
    rig.configure("[ui]\ntheme = \"mono\"\n");
    assert_eq!(rig.run(&["config", "check"]).code, 0);
}

#[test]
fn the_example_is_a_sound_configuration_and_the_paths_are_ours() {
    let rig = Rig::new();
    let example = rig.run(&["config", "example"]);
    rig.configure(&example.out);
    assert_eq!(rig.run(&["config", "check"]).code, 0);
    let paths = rig.run(&["config", "path"]);
    assert!(paths.out.contains(rig.path("config.toml").to_str().unwrap()), "{}", paths.out);
}

#[test]
fn completions_and_the_manual_know_every_command() {
    let rig = Rig::new();
    let commands = ["ask", "sql", "guard", "selftest", "health", "doctor", "config", "targets", "completions", "man"];
    for shell in ["bash", "zsh", "fish"] {
        let ran = rig.run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(commands.iter().all(|c| ran.out.contains(c)), "{shell}");
    }
    let manual = rig.run(&["man"]).out;
    for command in commands {
        assert!(manual.contains(&format!(".SH \"{}\"", command.to_uppercase())), "{command}");
    }
    let mut rig = Rig::new();
    rig.output_room = 10;
    let ran = rig.run(&["man"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}
