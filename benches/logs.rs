//! How fast the logs of servers are read, on one core: bytes to events, and the errors among them named.
//! `cargo bench --bench logs` measures; run as a test it reads each log once.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot begin must say so")]

use dba_gpt::domain::log::{self, LogEvent, LogNamer, LogOptions};
use dba_gpt::engine;
use divan::Bencher;
use divan::counter::BytesCount;

fn main() {
    divan::main();
}

/// Statements with their duration, and now and then an error over several lines.
fn postgres(lines: usize) -> String {
    let mut text = String::new();
    for number in 0..lines {
        let (second, process) = (number / 100 % 60, 1000 + number % 30);
        let head = format!("2026-11-21 20:40:{second:02}.059 UTC [{process}] ann@shop ");
        text.push_str(&match number % 10 {
            0 => format!(
                "{head}ERROR:  relation \"table_{number}\" does not exist at character 15\n\
                 {head}STATEMENT:  SELECT *\n\t  FROM table_{number}\n\t WHERE id = {number};\n"
            ),
            _ => format!(
                "{head}LOG:  duration: 0.{number} ms  statement: SELECT name FROM orders WHERE id = {number};\n"
            ),
        });
    }
    text
}

fn slow(statements: usize) -> String {
    let mut text = String::new();
    for number in 0..statements {
        text.push_str(&format!(
            "# Time: 2026-11-21T20:40:02.123456Z\n# User@Host: ann[ann] @ localhost []  Id:     8\n\
             # Query_time: 2.{number:06}  Lock_time: 0.000004 Rows_sent: 1  Rows_examined: {number}\n\
             SET timestamp=1795293600;\nSELECT *\n  FROM orders\n WHERE id = {number};\n"
        ));
    }
    text
}

fn read(bencher: Bencher<'_, '_>, engine: &str, format: &str, text: &str) {
    let dialect = engine::by_name(engine).unwrap().dialect;
    bencher.counter(BytesCount::of_str(text)).bench(|| {
        let options = LogOptions::default();
        let mut stream = log::open(dialect.log_formats(), format, &options, text.as_bytes()).unwrap();
        let mut namer = LogNamer::new(dialect.errors(), dialect.log_rules());
        let mut errors = 0_u64;
        let mut sink = |event: &LogEvent| errors += u64::from(namer.name(event).is_some());
        stream.feed(text.as_bytes(), &mut sink);
        stream.finish(&mut sink);
        (errors, stream.line_count())
    });
}

#[divan::bench]
fn text_log(bencher: Bencher<'_, '_>) {
    read(bencher, "postgres", "stderr", &postgres(20_000));
}

#[divan::bench]
fn slow_log(bencher: Bencher<'_, '_>) {
    read(bencher, "mysql", "slow", &slow(10_000));
}
