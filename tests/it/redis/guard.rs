//! The guard of commands: in disguise, on the benign list, and with the classifier out of the way.

use super::support::{NoRows, Raw, connect, each_read_only_url, read, run, skipped};
use crate::support::servers;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::{Author, Catalog, Verdict, decode_line};
use dba_gpt::engine::redis::SPEC;
use std::time::Duration;

const BENIGN: &str = include_str!("../guard/redis_benign.txt");

/// Statements of the case list for this engine, and whether each is allowed.
fn cases() -> Vec<(String, bool)> {
    include_str!("../../../assets/attacks/cases.tsv")
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|fields| fields[0] == "redis")
        .map(|fields| (decode_line(fields[2]).unwrap(), fields[3] == "allow"))
        .collect()
}

fn allowed(line: &str) -> bool {
    SPEC.dialect.classify(line, Author::Model, &Catalog::default()).verdict == Verdict::Allow
}

/// The same command in other clothes.
fn disguises(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let quoted = |mark: char| words.iter().map(|w| format!("{mark}{w}{mark}")).collect::<Vec<_>>().join(" ");
    let escaped = |word: &str| word.bytes().map(|b| format!("\\x{b:02x}")).collect::<String>();
    let rest = words[1..].join(" ");
    let mixed: String = line
        .chars()
        .enumerate()
        .map(|(i, c)| if i % 2 == 0 { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() })
        .collect();
    let first_mixed = format!("{} {rest}", mixed.split(' ').next().unwrap_or_default());
    vec![
        line.to_ascii_lowercase(),
        first_mixed,
        format!("\"{}\" {rest}", words[0]),
        format!("'{}' {rest}", words[0]),
        format!("\"{}\" {rest}", escaped(words[0])),
        quoted('"'),
        quoted('\''),
        words.join("  "),
        words.join("\t"),
        format!("  {line}  "),
        format!("\n{line}\n"),
    ]
}

/// Clothes in which even a read is no longer one command.
fn smuggled(line: &str) -> Vec<String> {
    let mut out: Vec<String> =
        ["\r\nFLUSHALL", "\nDEL k1", "\rSET a b", "; DEL k1", ";", "\u{0}", "\u{200b}", "\r\n*1\r\n$8\r\nFLUSHALL"]
            .map(|tail| format!("{line}{tail}"))
            .to_vec();
    out.extend(
        ["FLUSHALL\r\n", "DEL k1;", "MULTI\n", "SELECT 1\r\n", "\u{feff}", "EVAL x 0\n"]
            .map(|head| format!("{head} {line}")),
    );
    out
}

#[test]
fn no_attack_gets_through_in_any_clothes() {
    let mut tried = 0;
    for (line, _) in cases().into_iter().filter(|(line, ok)| !ok && !line.trim().is_empty()) {
        let mut all = disguises(&line);
        all.extend(smuggled(&line));
        all.extend(["x", "0", "1 2 3", "MATCH *", "COUNT 1", "LIMIT 0 1"].map(|more| format!("{line} {more}")));
        for text in all {
            tried += 1;
            // With arguments that it takes, a command may be another, harmless one: each of these is on the list itself.
            let bounded = ["ZRANGE z 0 -1", "OBJECT", "get k1 k2 extra"].iter().any(|open| text.starts_with(open));
            assert!(bounded || !allowed(&text), "{text:?}");
        }
    }
    for line in BENIGN.lines() {
        for text in smuggled(line) {
            tried += 1;
            assert!(!allowed(&text), "{text:?}");
        }
    }
    assert!(tried > 2_500, "only {tried} were tried");
}

#[test]
fn ordinary_reads_are_allowed_in_any_clothes() {
    let mut tried = 0;
    let listed = cases().into_iter().filter(|(_, ok)| *ok).map(|(line, _)| line);
    let own: Vec<String> = BENIGN.lines().map(str::to_owned).collect();
    assert!(own.len() >= 100, "{} lines", own.len());
    for line in listed.chain(own) {
        assert!(allowed(&line), "{line}: {}", SPEC.dialect.classify(&line, Author::Model, &Catalog::default()).reason);
        // Quotes inside a line stay as they are.
        if line.contains(['"', '\'']) || line.starts_with("--") {
            continue;
        }
        for text in disguises(&line) {
            tried += 1;
            assert!(
                allowed(&text),
                "{text:?}: {}",
                SPEC.dialect.classify(&text, Author::Model, &Catalog::default()).reason
            );
        }
    }
    assert!(tried > 1_000, "only {tried} were tried");
}

#[test]
fn ordinary_reads_run() {
    if skipped() {
        return;
    }
    run(async {
        for url in each_read_only_url() {
            let mut session = connect(&url).await;
            for line in BENIGN.lines() {
                match read(&mut *session, line).await {
                    Ok(_) => {}
                    // What this server is not (a cluster, a sentinel), is too old for, or counts under another policy.
                    Err(NoRows::Session(SessionError::Server(message)))
                        if message.code == "NOPERM"
                            || ["unknown", "cluster support", "LFU", "policy"]
                                .iter()
                                .any(|w| message.message.contains(w)) => {}
                    Err(NoRows::Session(SessionError::Unsupported(words))) if words.contains("LFU") => {}
                    Err(other) => panic!("{line}: {other:?}"),
                }
            }
        }
    });
}

/// What every row of the list does to a server when our classifier is not there: nothing, as the recommended user.
#[test]
fn the_recommended_user_can_change_nothing_even_without_the_guard() {
    if skipped() {
        return;
    }
    let mut admin = Raw::connect(&servers::redis_url());
    let digest = |admin: &mut Raw| admin.ask(&["DEBUG", "DIGEST"]);
    let before = digest(&mut admin);
    assert_eq!(before.len(), 41, "{before}");
    for (line, _) in cases().into_iter().filter(|(line, ok)| !ok && !line.trim().is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        // These two would hold a connection of the server's, which proves nothing here.
        let mut weak = Raw::connect(&servers::redis_read_only_url());
        weak.patience(Duration::from_millis(200));
        let _ = weak.ask(&words);
        // Even after RESET or AUTH nothing can be written.
        let _ = weak.ask(&["SET", "written:by", &line]);
    }
    assert_eq!(digest(&mut admin), before);
}

#[test]
fn no_refused_row_reaches_the_server() {
    if skipped() {
        return;
    }
    run(async {
        let mut session = connect(&each_read_only_url()[0]).await;
        for (line, _) in cases().into_iter().filter(|(_, ok)| !ok) {
            let refused = read(&mut *session, &line).await;
            assert!(matches!(refused, Err(NoRows::Guard(_))), "{line}: {refused:?}");
        }
    });
}
