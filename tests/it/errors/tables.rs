//! The files of what is known about errors: every line can be read, and no advice is for a code that does not exist.

use dba_gpt::engine;
use std::collections::BTreeSet;

#[test]
fn the_tables_are_as_large_as_what_they_are_of() {
    for (name, at_least) in [("mongodb", 590), ("redis", 38), ("sqlite", 113), ("oracle", 500)] {
        let catalogue = engine::errors_of(name).unwrap().catalogue();
        let codes = catalogue.all_codes().count();
        assert!(codes >= at_least, "{name}: {codes}");
        for code in catalogue.all_codes() {
            assert!((10..=140).contains(&code.meaning.chars().count()), "{name} {}", code.code);
            assert!(!code.meaning.ends_with('.'), "{name} {}", code.code);
        }
    }
}

#[test]
fn no_line_of_a_table_is_passed_over() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/errors");
    for name in ["mongodb", "redis", "sqlite"] {
        let text = std::fs::read_to_string(folder.join(format!("codes/{name}.tsv"))).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let codes: BTreeSet<&str> = lines.iter().map(|line| line.split('\t').next().unwrap()).collect();
        let catalogue = engine::errors_of(name).unwrap().catalogue();
        assert_eq!(codes.len(), lines.len(), "{name}: a code stands twice");
        assert_eq!(catalogue.all_codes().count(), lines.len(), "{name}: a line cannot be read");
        let advice = std::fs::read_to_string(folder.join(format!("advice/{name}.toml"))).unwrap();
        let advice: toml::Table = toml::from_str(&advice).unwrap();
        for entry in advice["entry"].as_array().unwrap() {
            for code in entry["codes"].as_array().unwrap() {
                let code = code.as_str().unwrap();
                assert!(codes.contains(code.split(' ').next().unwrap()), "{name}: advice for {code}, which is no code");
                assert!(catalogue.advice(code).is_some(), "{name}: {code}");
            }
            assert!(entry["title"].as_str().unwrap().chars().count() <= 60, "{name}: {}", entry["title"]);
        }
        let messages = std::fs::read_to_string(folder.join(format!("messages/{name}.tsv"))).unwrap();
        assert!(messages.lines().all(|line| line.starts_with('#') || line.split_once('\t').is_some()), "{name}");
    }
}
