//! The rules of the house, as data where they can be and as functions where they cannot. Each function takes one
//! file and says what is wrong with it, with the line.

use super::source::{SourceFile, line_at};
use regex::Regex;
use std::sync::LazyLock;

/// Which modules a module may name. The picture is at the head of `src/lib.rs`.
const MAY_SEE: &[(&str, &[&str])] = &[
    ("lib", &["*"]),
    ("main", &["runtime", "cli"]),
    ("runtime", &["*"]),
    ("domain", &[]),
    ("app", &["domain"]),
    ("ui", &["app", "domain"]),
    ("cli", &["app", "config", "domain", "engine", "export", "sources"]),
    ("engine", &["domain"]),
    ("store", &["domain"]),
    ("export", &["domain"]),
    ("config", &["domain"]),
    ("notify", &["domain"]),
    ("secrets", &["domain"]),
    ("sources", &["domain"]),
    ("demo", &["domain"]),
];

/// A word that only some places may use: pattern, where it is welcome (path prefixes), why.
struct Reserved {
    pattern: &'static str,
    welcome_in: &'static [&'static str],
    reason: &'static str,
}

/// Words in code; strings and comments do not count.
const RESERVED: &[Reserved] = &[
    Reserved {
        pattern: r"\b(Instant|SystemTime|Utc|Local)::now\b|\btokio::time\b|\.elapsed\(\)",
        welcome_in: &["runtime/", "engine/"],
        reason: "time is an argument; only the runtime reads a clock, and an engine's sessions for deadlines",
    },
    Reserved { pattern: r"\bthread::sleep\b", welcome_in: &[], reason: "nothing sleeps; the runtime waits on timers" },
    Reserved {
        pattern: r"\basync\b|\.await\b|\btokio\b|\btokio_util\b|\bfutures\b",
        welcome_in: &["runtime/", "engine/", "cli/", "store/", "secrets/", "demo/", "export/", "notify/", "main.rs"],
        reason: "the core and the screen are synchronous",
    },
    Reserved {
        pattern: r"\bratatui\w*\b|\bcrossterm\b",
        welcome_in: &["ui/", "runtime/"],
        reason: "only the screen and the runtime know the terminal",
    },
    Reserved {
        pattern: r"\brusqlite\w*\b",
        welcome_in: &["store/", "engine/sqlite/", "demo/"],
        reason: "a driver stays in its folder",
    },
    Reserved {
        pattern: r"\bpostgres_protocol\b",
        welcome_in: &["engine/postgres/"],
        reason: "a driver stays in its folder",
    },
    Reserved {
        pattern: r"\b(squawk_syntax|sqlparser)\b",
        welcome_in: &["engine/"],
        reason: "grammars belong to the engines",
    },
    Reserved {
        pattern: r"\bstd::(fs|net|process|thread)\b|\bstd::env::(var|vars|args|current_dir|home_dir)\b",
        welcome_in: &[
            "runtime/", "engine/", "cli/", "store/", "demo/", "export/", "config/", "secrets/", "sources/", "main.rs",
        ],
        reason: "the core and the screen touch nothing outside the process",
    },
    Reserved {
        pattern: r"\b(simple_query|simple_query_raw|batch_execute|raw_sql|query_iter)\b|\bfrontend::query\b",
        welcome_in: &[],
        reason: "the simple protocol runs several statements at once; use the extended one",
    },
    Reserved {
        pattern: r"\b(e?print(ln)?|dbg)!",
        welcome_in: &[],
        reason: "the terminal belongs to the screen; commands write to the stream that they are given",
    },
];

/// The patterns of [`RESERVED`], compiled once.
static RESERVED_PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| RESERVED.iter().map(|rule| Regex::new(rule.pattern).unwrap()).collect());

/// Words that name an engine, in code and in strings. Comments may.
static ENGINE_WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)(?:^|[^a-z])(postgres|pg_|sqlite|mysql|mariadb|mongo|redis|oracle)").unwrap());

/// Where a path from the root begins.
static ROOT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:crate|dba_gpt)\s*::\s*|\b(?:super\s*::\s*)+|\bcrate\s+as\b").unwrap());

/// Where engines may be named. The demo is a SQLite database and says so; the store's own file is one too.
const ENGINE_WORDS_WELCOME_IN: &[&str] = &["engine/", "demo/", "store/"];

/// The pure half of an engine, inside which the rules of the core hold.
const PURE_HALF: &str = "/dialect";

/// No file is longer. About 400 lines is the norm.
const MOST_LINES: usize = 600;

/// Everything that is wrong with a file, as `path:line: what`.
pub fn complaints(file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(opening(file));
    found.extend(length(file));
    found.extend(imports(file));
    found.extend(reserved_words(file));
    found.extend(engine_words(file));
    found.into_iter().map(|(line, what)| format!("src/{}:{line}: {what}", file.path)).collect()
}

/// A line number and what is wrong there.
type Complaint = (usize, String);

fn opening(file: &SourceFile) -> Option<Complaint> {
    let opens = file.text.starts_with("//! ") && file.text.lines().next().is_some_and(|line| line.len() > 10);
    (!opens).then(|| (1, "a file opens with `//!` and says what it is for".to_owned()))
}

fn length(file: &SourceFile) -> Option<Complaint> {
    let lines = file.text.lines().count();
    (lines > MOST_LINES)
        .then(|| (lines, format!("{lines} lines; look for the second idea in it (at most {MOST_LINES})")))
}

fn imports(file: &SourceFile) -> Vec<Complaint> {
    let layer = file.layer();
    let Some((_, allowed)) = MAY_SEE.iter().find(|(name, _)| *name == layer) else {
        return vec![(1, format!("`{layer}` is not in the layers: add it to MAY_SEE and to the map in src/lib.rs"))];
    };
    if allowed.contains(&"*") {
        return Vec::new();
    }
    named_modules(file)
        .into_iter()
        .filter(|(_, name)| name != layer && !allowed.contains(&name.as_str()))
        .map(|(line, name)| (line, format!("`{layer}` must not see `{name}`")))
        .collect()
}

/// The top-level modules that a file names, whichever way the path is written: `crate::ui`, `crate::{ui, app}`,
/// `super::super::ui`, `dba_gpt::ui`. A glob or an alias of the root counts as a module of that name.
fn named_modules(file: &SourceFile) -> Vec<(usize, String)> {
    let depth = file.module().len();
    let mut found = Vec::new();
    for start in ROOT.find_iter(&file.code) {
        let climbs = start.as_str().matches("super").count();
        // Inside an inline module one more `super` is needed; a path that climbs further than the file's depth
        // would not compile, so only an exact climb to the root matters.
        if climbs > 0 && climbs < depth {
            continue;
        }
        let line = line_at(&file.code, start.start());
        if start.as_str().ends_with("as") {
            found.push((line, "an alias of the root".to_owned()));
            continue;
        }
        found.extend(first_segments(&file.code[start.end()..]).into_iter().map(|name| (line, name)));
    }
    found
}

/// The first name of a path, or of every path of a group in braces.
fn first_segments(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        let name: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '*').collect();
        return vec![name];
    };
    let (mut depth, mut names, mut name) = (0_usize, Vec::new(), String::new());
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut name)),
            _ if depth == 0 => name.push(character),
            _ => {}
        }
    }
    names.push(name);
    names.iter().map(|n| n.split("::").next().unwrap_or_default().trim().to_owned()).filter(|n| !n.is_empty()).collect()
}

fn reserved_words(file: &SourceFile) -> Vec<Complaint> {
    let pure = file.path.contains(PURE_HALF);
    let mut found = Vec::new();
    for (rule, pattern) in RESERVED.iter().zip(RESERVED_PATTERNS.iter()) {
        let welcome = rule.welcome_in.iter().any(|place| file.path.starts_with(place));
        // Grammars are what the pure half of an engine is made of; everything else it may not use.
        if welcome && !(pure && is_forbidden_in_the_pure_half(rule)) {
            continue;
        }
        for hit in pattern.find_iter(&file.code) {
            found.push((line_at(&file.code, hit.start()), format!("`{}`: {}", hit.as_str(), rule.reason)));
        }
    }
    found
}

fn is_forbidden_in_the_pure_half(rule: &Reserved) -> bool {
    !rule.pattern.contains("sqlparser")
}

fn engine_words(file: &SourceFile) -> Vec<Complaint> {
    if ENGINE_WORDS_WELCOME_IN.iter().any(|place| file.path.starts_with(place)) {
        return Vec::new();
    }
    ENGINE_WORD
        .captures_iter(&file.without_comments)
        .filter_map(|hit| hit.get(1))
        .map(|word| {
            let line = line_at(&file.without_comments, word.start());
            (line, format!("`{}`: an engine is named only inside engine/", word.as_str()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a snippet, its opening comment aside.
    fn wrong(path: &str, text: &str) -> Vec<String> {
        complaints(&SourceFile::new(path, &format!("//! A snippet for the checker.\n{text}\n")))
    }

    #[test]
    fn a_clean_file_passes() {
        let text = "use crate::app::Model;\nuse super::parts;\nuse crate::ui::{theme::Theme, keymap};\n/// postgres\nfn f() {}";
        assert_eq!(wrong("ui/screens/chat.rs", text), Vec::<String>::new());
    }

    #[test]
    fn every_way_to_write_a_wrong_import_is_found() {
        for (path, text) in [
            ("domain/rows.rs", "use crate::app::Model;"),
            ("app/update.rs", "fn f() { crate::runtime::now() }"),
            ("app/update.rs", "use crate::{domain::{rows, text}, engine};"),
            ("app/chat/answer.rs", "use super::super::super::ui::draw;"),
            ("engine/sqlite/mod.rs", "use crate::store::Handle;"),
            ("ui/mod.rs", "use super::engine::ENGINES;"),
            ("ui/draw.rs", "use crate::*;"),
            ("ui/draw.rs", "use crate as everything;"),
            ("ui/draw.rs", "use crate\n    ::engine;"),
            ("config/file.rs", "use dba_gpt::engine::by_name;"),
            ("newcomer/mod.rs", "fn f() {}"),
        ] {
            assert_eq!(wrong(path, text).len(), 1, "{path}: {text}: {:?}", wrong(path, text));
        }
        assert!(wrong("cli/ask.rs", "use crate::engine::by_name;").is_empty());
        assert!(wrong("app/chat/answer.rs", "use super::super::health;").is_empty());
    }

    #[test]
    fn clocks_async_drivers_and_screens_are_kept_out() {
        for (path, text) in [
            ("domain/health.rs", "fn f() { let _ = std::time::Instant::now(); }"),
            ("app/update.rs", "fn f() { chrono::Utc::now(); }"),
            ("ui/draw.rs", "fn f(t: std::time::Instant) { t.elapsed(); }"),
            ("store/worker.rs", "fn f() { SystemTime::now(); }"),
            ("engine/postgres/dialect/names.rs", "fn f() { Instant::now(); }"),
            ("domain/guard.rs", "async fn f() {}"),
            ("app/update.rs", "use tokio::sync::mpsc;"),
            ("ui/draw.rs", "fn f() { std::fs::read(\"x\"); }"),
            ("app/model.rs", "use ratatui::layout::Rect;"),
            ("ui/draw.rs", "use rusqlite::Connection;"),
            ("engine/sqlite/dialect/classify.rs", "use rusqlite::Connection;"),
            ("store/worker.rs", "use postgres_protocol::message;"),
            ("domain/guard.rs", "use sqlparser::parser::Parser;"),
            ("engine/postgres/wire.rs", "fn f() { postgres_protocol::message::frontend::query(q, b); }"),
            ("engine/postgres/session.rs", "fn f() { client.batch_execute(q); }"),
            ("cli/ask.rs", "fn f() { println!(); }"),
            ("runtime/tasks.rs", "fn f() { std::thread::sleep(d); }"),
        ] {
            assert_eq!(wrong(path, text).len(), 1, "{path}: {text}: {:?}", wrong(path, text));
        }
        assert!(wrong("engine/postgres/dialect/classify.rs", "use squawk_syntax::ast;").is_empty());
        assert!(wrong("runtime/tasks.rs", "fn f() { Instant::now(); tokio::time::sleep(d).await; }").is_empty());
    }

    #[test]
    fn engines_are_named_in_their_folder_only() {
        for text in [
            "fn f(id: &str) -> bool { id == \"postgres\" }",
            "enum Engine { Sqlite, Other }",
            "use crate::domain::mysql_names;",
            "const Q: &str = \"SELECT 1 FROM pg_class\";",
            "const Q: &str = r#\"Redis\"#;",
        ] {
            assert_eq!(wrong("app/update.rs", text).len(), 1, "{text}: {:?}", wrong("app/update.rs", text));
        }
        assert!(wrong("app/update.rs", "// postgres\n/* sqlite */ fn f() {}").is_empty());
        assert!(wrong("app/update.rs", "#[cfg(test)]\nmod tests { const E: &str = \"postgres\"; }").is_empty());
        assert!(wrong("store/mod.rs", "const W: &str = \"SQLite is too old\";").is_empty());
    }

    #[test]
    fn openings_and_length_are_checked() {
        let file = SourceFile::new("ui/draw.rs", "// not a module comment\nfn f() {}\n");
        assert_eq!(complaints(&file).len(), 1);
        assert_eq!(wrong("ui/draw.rs", &"fn f() {}\n".repeat(MOST_LINES)).len(), 1);
        assert!(wrong("ui/draw.rs", &"fn f() {}\n".repeat(MOST_LINES - 2)).is_empty());
    }
}
