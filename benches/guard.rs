//! How many statements a second the guard judges, on one core, as `dba-gpt guard` does: ordinary reads and attacks in
//! equal parts, by engine. `cargo bench --bench guard` measures; run as a test it judges each statement once.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot begin must say so")]

use dba_gpt::domain::guard::{Author, Catalog, decode_line};
use dba_gpt::engine::ENGINES;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Time for one engine.
const SPAN: Duration = Duration::from_secs(3);

/// Ordinary reads, one a line.
const READS: &[(&str, &str)] = &[
    ("postgres", include_str!("../tests/it/guard/postgres_benign.sql")),
    ("mysql", include_str!("../tests/it/guard/mysql_benign.sql")),
    ("sqlite", include_str!("../tests/it/guard/sqlite_benign.sql")),
    ("mongodb", include_str!("../tests/it/guard/mongodb_benign.txt")),
    ("redis", include_str!("../tests/it/guard/redis_benign.txt")),
];

/// The case list.
const CASES: &str = include_str!("../assets/attacks/cases.tsv");

fn main() {
    let measure = std::env::args().any(|argument| argument == "--bench");
    let catalog = Catalog::default();
    let mut out = std::io::stdout().lock();
    for engine in ENGINES {
        let statements = statements(engine.id.0);
        let mean = statements.iter().map(String::len).sum::<usize>() / statements.len().max(1);
        let (mut judged, started) = (0_u32, Instant::now());
        loop {
            for statement in &statements {
                black_box(engine.dialect.classify(black_box(statement), Author::Model, &catalog));
                judged += 1;
            }
            if !measure || started.elapsed() >= SPAN {
                break;
            }
        }
        let rate = f64::from(judged) / started.elapsed().as_secs_f64();
        let kinds = statements.len();
        writeln!(out, "{:<10}{rate:>9.0} statements/s   ({kinds} different, {mean} bytes on average)", engine.id.0)
            .unwrap();
    }
}

/// Reads and attacks, as many of the one as of the other.
fn statements(engine: &str) -> Vec<String> {
    let reads: Vec<String> = READS
        .iter()
        .filter(|(name, _)| *name == engine)
        .flat_map(|(_, text)| text.lines())
        .map(str::to_owned)
        .collect();
    let attacks: Vec<String> = CASES
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|fields| fields[0] == engine && fields[3] != "allow")
        .map(|fields| decode_line(fields[2]).unwrap())
        .collect();
    let each = reads.len().min(attacks.len());
    reads.into_iter().take(each).chain(attacks.into_iter().take(each)).collect()
}
