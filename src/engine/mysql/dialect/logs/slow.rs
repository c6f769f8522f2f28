//! The slow log: comments with who, how long and how many rows, then the statement with everything in it.

use super::times;
use crate::domain::log::event::{StatementCost, TextField};
use crate::domain::log::format::share;
use crate::domain::log::time::{LogClock, number};
use crate::domain::log::{Line, LogEvent, LogOptions, LogReader, Sink};
use crate::domain::target::Timestamp;
use memchr::memmem;

/// Reads the slow log.
struct SlowReader {
    event: LogEvent,
    stage: Stage,
    clock: LogClock,
    /// The last `# Time:`. Servers that print whole seconds print it only when it changes.
    time: Option<Timestamp>,
    /// The last `use`. The server prints it when a statement runs in another database than the one before.
    database: String,
    strays: u64,
}

/// How far an event has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// None has begun, or a line said that the last one is over.
    Between,
    /// Its comments are being read.
    Head,
    /// Its statement is.
    Statement,
}

/// How well the lines fit. Lines of statements tell nothing.
pub(super) fn fit(_options: &LogOptions<'_>, sample: &[u8]) -> u32 {
    let has_head =
        memmem::find(sample, b"# Query_time: ").is_some() && memmem::find(sample, b"# User@Host: ").is_some();
    if has_head { share(sample, |line| line.starts_with(b"# ").then_some(true)) } else { 0 }
}

/// A reader of these lines.
#[expect(clippy::unnecessary_wraps, reason = "the type of a format's `open`")]
pub(super) fn open(options: &LogOptions<'_>, _sample: &[u8]) -> Result<Box<dyn LogReader>, String> {
    Ok(Box::new(SlowReader {
        event: LogEvent::default(),
        stage: Stage::Between,
        clock: LogClock::new(options),
        time: None,
        database: String::new(),
        strays: 0,
    }))
}

impl SlowReader {
    fn end(&mut self, sink: &mut Sink<'_>) {
        if self.stage != Stage::Between && self.event.cost.duration_ms.is_some() {
            let event = &mut self.event;
            // The semicolon is the log's own.
            let length = event.statement.trim_ascii_end().trim_end_matches(';').len();
            event.statement.truncate(length);
            event.at = event.at.or(self.time);
            if event.database.is_empty() {
                event.database.push_str(&self.database);
            } else {
                self.database.clone_from(&event.database);
            }
            sink(event);
        }
        self.stage = Stage::Between;
    }

    fn begin(&mut self, line: &Line<'_>) {
        self.event.clear();
        self.event.offset = line.offset;
        self.event.pid = line.pid;
        self.stage = Stage::Head;
    }

    /// A comment of the head. False when it is none of ours.
    fn comment(&mut self, line: &Line<'_>, text: &[u8], sink: &mut Sink<'_>) -> bool {
        if let Some(rest) = text.strip_prefix(b"Time: ") {
            let Some((at, _)) = times::read(&mut self.clock, rest) else { return false };
            self.end(sink);
            self.begin(line);
            self.time = Some(at);
            self.event.at = Some(at);
        } else if let Some(rest) = text.strip_prefix(b"User@Host: ") {
            if self.stage != Stage::Head || !self.event.user.is_empty() || !self.event.host.is_empty() {
                self.end(sink);
                self.begin(line);
            }
            self.user(rest);
        } else if let Some(rest) = text.strip_prefix(b"administrator command: ") {
            self.event.push(TextField::Statement, b"administrator command: ");
            self.event.push(TextField::Statement, rest);
            self.stage = Stage::Statement;
        } else if self.stage == Stage::Head {
            if text.starts_with(b"Query_time: ") {
                self.event.push(TextField::Message, text);
            }
            self.pairs(text);
        } else {
            return false;
        }
        true
    }

    /// `ann[ann] @ db1 [10.0.0.1]  Id: 8`.
    fn user(&mut self, text: &[u8]) {
        let event = &mut self.event;
        let (who, from) = text.split_at(memmem::find(text, b" @ ").unwrap_or(text.len()));
        // What stands in brackets is the account by which the rights are judged.
        let account = who.iter().position(|b| *b == b'[').map_or(who, |at| &who[at + 1..who.len() - 1]);
        event.set(TextField::User, if account.is_empty() { who.strip_suffix(b"[]").unwrap_or(who) } else { account });
        let from = from.strip_prefix(b" @ ").unwrap_or(from);
        let name_end = from.iter().position(|b| *b == b'[').unwrap_or(from.len());
        let address_end = from.iter().position(|b| *b == b']').unwrap_or(from.len());
        let address = from.get(name_end + 1..address_end).unwrap_or_default();
        let name = from[..name_end].trim_ascii();
        event.set(TextField::Host, if name.is_empty() { address } else { name });
        self.pairs(from.get(address_end + 1..).unwrap_or_default());
    }

    /// `Query_time: 2.000123  Lock_time: 0.000000  Rows_sent: 1`.
    fn pairs(&mut self, text: &[u8]) {
        let mut words = text.split(|b| *b == b' ').filter(|w| !w.is_empty()).peekable();
        while let Some(key) = words.next() {
            let Some(key) = key.strip_suffix(b":") else { continue };
            let wanted = matches!(
                key,
                b"Query_time"
                    | b"Lock_time"
                    | b"Rows_sent"
                    | b"Rows_examined"
                    | b"Rows_affected"
                    | b"Id"
                    | b"Thread_id"
                    | b"Schema"
                    | b"Errno"
                    | b"Last_errno"
            );
            if !wanted {
                continue;
            }
            // A value that is empty is not there at all: the next word is a key.
            let Some(value) = words.next_if(|word| !word.ends_with(b":")) else { continue };
            let StatementCost { duration_ms, lock_ms, rows_sent, rows_examined, rows_affected } = &mut self.event.cost;
            let count = || number(value).and_then(|n| u64::try_from(n).ok());
            match key {
                b"Query_time" => *duration_ms = milliseconds(value),
                b"Lock_time" => *lock_ms = milliseconds(value),
                b"Rows_sent" => *rows_sent = count(),
                b"Rows_examined" => *rows_examined = count(),
                b"Rows_affected" => *rows_affected = count(),
                b"Schema" => self.event.set(TextField::Database, value),
                b"Errno" | b"Last_errno" => self.event.set(TextField::Code, if value == b"0" { b"" } else { value }),
                _ => self.event.pid = count(),
            }
        }
    }

    /// A line of the statement, or one of the two that the log puts before it.
    fn statement(&mut self, line: &Line<'_>) {
        let event = &mut self.event;
        if event.statement.is_empty() {
            if let Some(database) = line.bytes.strip_prefix(b"use ").and_then(|l| l.strip_suffix(b";")) {
                event.set(
                    TextField::Database,
                    database.strip_prefix(b"`").map_or(database, |d| &d[..d.len().max(1) - 1]),
                );
                return;
            }
            if let Some(value) = line.bytes.strip_prefix(b"SET timestamp=").and_then(|l| l.strip_suffix(b";")) {
                // When the statement began; the comment says when it ended, and old servers print that seldom.
                let value = value.split(|b| *b == b',').next().unwrap_or(value);
                event.at = event.at.or_else(|| LogClock::epoch(value).map(|(at, _)| at));
                return;
            }
        } else {
            event.push(TextField::Statement, b"\n");
        }
        event.push(TextField::Statement, line.bytes);
        event.cut += line.cut;
    }
}

/// Seconds with six digits behind the point, as milliseconds.
fn milliseconds(value: &[u8]) -> Option<f64> {
    std::str::from_utf8(value).ok()?.parse::<f64>().ok().map(|seconds| (seconds * 1e6).round() / 1e3)
}

/// A server that begins or flushes its log writes three lines about itself.
fn is_banner(line: &[u8]) -> bool {
    line.starts_with(b"Tcp port: ")
        || line.starts_with(b"TCP Port: ")
        || ((line.starts_with(b"Time ") || line.starts_with(b"Time\t")) && line.ends_with(b"Argument"))
        || (line.ends_with(b"started with:") && memmem::find(line, b", Version: ").is_some())
}

impl LogReader for SlowReader {
    fn line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) {
        if let Some(text) = line.bytes.strip_prefix(b"# ")
            && self.comment(line, text, sink)
        {
            return;
        }
        if is_banner(line.bytes) {
            self.end(sink);
        } else if self.stage == Stage::Head && line.bytes == b"#" {
            // Around the plan that a server may add.
        } else if self.stage == Stage::Between {
            self.strays += u64::from(!line.bytes.is_empty());
        } else {
            self.stage = Stage::Statement;
            self.statement(line);
        }
    }

    fn flush(&mut self, sink: &mut Sink<'_>) {
        self.end(sink);
    }

    fn oldest_open(&self) -> Option<u64> {
        (self.stage != Stage::Between).then_some(self.event.offset)
    }

    fn strays(&self) -> u64 {
        self.strays
    }

    fn notes(&self) -> Vec<String> {
        self.clock.note().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(log: &str) -> (Vec<LogEvent>, u64) {
        assert_eq!(fit(&LogOptions::default(), log.as_bytes()), 100, "{log}");
        let mut reader = open(&LogOptions::default(), &[]).unwrap();
        let mut events = Vec::new();
        let mut sink = |e: &LogEvent| events.push(e.clone());
        for line in log.lines() {
            reader.line(&Line::plain(line.as_bytes(), 0), &mut sink);
        }
        reader.flush(&mut sink);
        (events, reader.strays())
    }

    const BANNER: &str = "/usr/sbin/mysqld, Version: 8.0.30 (MySQL Community Server - GPL). started with:\n\
                          Tcp port: 3306  Unix socket: /run/mysqld/mysqld.sock\n\
                          Time\t\t    Id Command\tArgument\n";

    #[test]
    fn the_form_of_mysql() {
        let log = format!(
            "{BANNER}# Time: 2026-11-21T20:40:02.123456Z\n\
             # User@Host: ann[ann] @ localhost []  Id:     8\n\
             # Query_time: 2.000123  Lock_time: 0.000004 Rows_sent: 1  Rows_examined: 70000\n\
             use shop;\nSET timestamp=1795293600;\nSELECT *\nFROM t\n# Query_time: not a head\nWHERE a = ';';\n\
             {BANNER}# Time: 2026-11-21T20:40:03.000000Z\n\
             # User@Host: bob[bob] @  [10.0.0.1]  Id:     9\n\
             # Query_time: 1.5  Lock_time: 0 Rows_sent: 0  Rows_examined: 0 Thread_id: 9 Errno: 1317 Killed: 1317\n\
             # administrator command: Quit;\n"
        );
        let (events, strays) = read(&log);
        assert_eq!((events.len(), strays), (2, 0));
        let [first, second] = &events[..] else { unreachable!() };
        assert_eq!(first.statement, "SELECT *\nFROM t\n# Query_time: not a head\nWHERE a = ';'");
        assert_eq!((first.user.as_str(), first.host.as_str(), first.database.as_str()), ("ann", "localhost", "shop"));
        assert_eq!((first.pid, first.at.unwrap().0), (Some(8), 1_795_293_602_123));
        let StatementCost { duration_ms, rows_sent, rows_examined, .. } = first.cost;
        assert_eq!((duration_ms, rows_sent, rows_examined), (Some(2000.123), Some(1), Some(70_000)));
        assert_eq!((second.code.as_str(), second.host.as_str()), ("1317", "10.0.0.1"));
        assert_eq!(second.statement, "administrator command: Quit");
    }

    #[test]
    fn the_form_of_mariadb() {
        let log = "# Time: 261121 20:40:02\n\
                   # User@Host: ann[ann] @ localhost []\n\
                   # Thread_id: 5  Schema: shop  QC_hit: No\n\
                   # Query_time: 1.000209  Lock_time: 0.000000  Rows_sent: 1  Rows_examined: 0\n\
                   # Rows_affected: 3  Bytes_sent: 64\n\
                   #\n\
                   # explain: id\tselect_type\n\
                   #\n\
                   SET timestamp=1795293602;\n\
                   SELECT SLEEP(1);\n\
                   # User@Host: ann[ann] @ localhost []\n\
                   # Thread_id: 6  Schema:   QC_hit: No\n\
                   # Query_time: 2.0  Lock_time: 0.000000  Rows_sent: 1  Rows_examined: 0\n\
                   SET timestamp=1795293604;\n\
                   SELECT 2;\n";
        let (events, _) = read(log);
        let brief: Vec<_> =
            events.iter().map(|e| (e.pid, e.at.unwrap().0, e.statement.as_str(), e.cost.rows_affected)).collect();
        assert_eq!(
            brief,
            [(Some(5), 1_795_293_602_000, "SELECT SLEEP(1)", Some(3)), (Some(6), 1_795_293_604_000, "SELECT 2", None)]
        );
        assert_eq!(events[0].database, "shop");
    }
}
