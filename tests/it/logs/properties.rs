//! What holds for every reader, whatever the bytes are: no panic, bounded events, and the same events however the bytes
//! come in.

use super::support::{formats, stream};
use dba_gpt::domain::log::event::EVENT_BYTES;
use dba_gpt::domain::log::{self, LogEvent, LogOptions};
use proptest::prelude::*;

/// Engine, format, and lines of such a log. Lines of several processes stand between each other.
const LOGS: &[(&str, &str, &[&str])] = &[
    (
        "postgres",
        "stderr",
        &[
            "2026-11-21 20:40:02.059 UTC [1] LOG:  started",
            "2026-11-21 20:40:02.060 UTC [2] ann@shop ERROR:  relation \"t\" does not exist at character 15",
            "2026-11-21 20:40:02.060 UTC [2] ann@shop DETAIL:  none",
            "2026-11-21 20:40:02.060 UTC [2] ann@shop STATEMENT:  SELECT *",
            "\t  FROM t",
            "2026-11-21 20:40:02.061 UTC [3] bob@shop FEHLER:  falsch",
            "2026-11-21 20:40:02.061 UTC [3] bob@shop ANWEISUNG:  SELECT 2",
            "cp: cannot stat 'x'",
            "",
            "\t",
        ],
    ),
    (
        "postgres",
        "csv",
        &[
            "2026-11-21 20:40:02.059 UTC,\"a\",\"b\",7,\"[local]\",6b0201a2.7,3,\"SELECT\",2026-11-21 20:40:02 UTC,3/1,0,ERROR,22012,\"division by \"\"zero\"\"\",,,,,,\"SELECT",
            "1/0\",8,,\"psql\"",
            "2026-11-21 20:40:02.059 UTC,,,8,,6b0201a2.8,3,,2026-11-21 20:40:02 UTC,,0,LOG,00000,\"x\",,,,,,,,,\"\"",
            "\"",
        ],
    ),
    (
        "postgres",
        "json",
        &[
            r#"{"timestamp":"2026-11-21 20:40:02.059 UTC","pid":7,"error_severity":"ERROR","message":"a\n\"b\""}"#,
            r#"{"timestamp":"2026-11-21 20:40:02.059 UTC","error_severity":"LOG","message":"cut"#,
            "{}",
        ],
    ),
    (
        "mysql",
        "error",
        &[
            "2026-11-21T20:40:02.123456Z 0 [Warning] [MY-010068] [Server] CA certificate is self signed.",
            "2026-11-21 20:40:02 5 [Note] InnoDB: deadlock",
            "*** (1) TRANSACTION:",
            "261121 20:40:02 [ERROR] mysqld got signal 11 ;",
        ],
    ),
    (
        "mysql",
        "slow",
        &[
            "# Time: 2026-11-21T20:40:02.123456Z",
            "# User@Host: ann[ann] @ localhost []  Id:     8",
            "# Query_time: 2.000123  Lock_time: 0.000004 Rows_sent: 1  Rows_examined: 70000",
            "use shop;",
            "SET timestamp=1795293600;",
            "SELECT *",
            "# a comment",
            "FROM t;",
        ],
    ),
    (
        "mysql",
        "json",
        &[
            r#"{ "prio" : 1, "err_code" : 10051, "msg" : "x", "time" : "2026-11-21T20:40:02.123456Z", "label" : "Error" }"#,
        ],
    ),
    (
        "mongodb",
        "mongo",
        &[
            r#"{"t":{"$date":"2026-11-21T20:40:02.059Z"},"s":"E","c":"REPL","id":1,"ctx":"conn1","msg":"x","attr":{"error":{"code":26}}}"#,
            r#"{"t":{"$date":"#,
        ],
    ),
    (
        "redis",
        "redis",
        &[
            "7:M 21 Nov 2026 20:40:02.059 # Background saving error",
            "stack trace",
            "7:M 21 Nov 2026 20:40:02.059 * Ready",
        ],
    ),
];

fn events(engine: &str, format: &str, sample: &[u8], chunks: &[&[u8]]) -> Vec<LogEvent> {
    let mut stream = stream(engine, format, None, sample);
    let mut events = Vec::new();
    let mut sink = |event: &LogEvent| events.push(event.clone());
    for chunk in chunks {
        stream.feed(chunk, &mut sink);
    }
    stream.finish(&mut sink);
    events
}

/// A log of one of the formats, with some lines of arbitrary bytes in it.
fn a_log() -> impl Strategy<Value = (&'static str, &'static str, Vec<u8>)> {
    (0..LOGS.len()).prop_flat_map(|which| {
        let (engine, format, lines) = LOGS[which];
        let line = prop_oneof![
            9 => (0..lines.len()).prop_map(move |i| lines[i].as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..40),
        ];
        prop::collection::vec(line, 1..30).prop_map(move |lines| (engine, format, lines.join(&b'\n')))
    })
}

proptest! {
    #[test]
    fn chunks_make_no_difference((engine, format, text) in a_log(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut places: Vec<usize> = cuts.iter().map(|c| c.index(text.len() + 1)).collect();
        places.sort_unstable();
        let mut chunks: Vec<&[u8]> = Vec::new();
        let mut from = 0;
        for place in places {
            chunks.push(&text[from..place]);
            from = place;
        }
        chunks.push(&text[from..]);
        prop_assert_eq!(events(engine, format, &text, &chunks), events(engine, format, &text, &[&text]));
    }

    #[test]
    fn a_reader_that_begins_again_at_the_settled_place_loses_and_repeats_nothing((engine, format, text) in a_log(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(text.len() + 1);
        let mut first = stream(engine, format, None, &text);
        let mut met: Vec<(u64, String)> = Vec::new();
        first.feed(&text[..cut], &mut |e: &LogEvent| met.push((e.offset, e.message.clone())));
        let settled = first.settled();
        let mut second = stream(engine, format, None, &text).starting_at(settled);
        let mut sink = |e: &LogEvent| met.push((e.offset, e.message.clone()));
        second.feed(&text[usize::try_from(settled).unwrap()..], &mut sink);
        second.finish(&mut sink);
        let whole: Vec<(u64, String)> = events(engine, format, &text, &[&text]).into_iter().map(|e| (e.offset, e.message)).collect();
        prop_assert_eq!(met, whole);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), prefix in "[ -~%]{0,20}") {
        for (engine, format, _) in LOGS {
            for prefix in [None, Some(prefix.as_str())] {
                let options = LogOptions { prefix, ..LogOptions::default() };
                let mut stream = log::open(formats(engine), format, &options, &bytes).unwrap();
                stream.feed(&bytes, &mut |_| ());
                stream.finish(&mut |_| ());
                let _ = log::open(formats(engine), log::format::AUTO, &options, &bytes).map(|mut s| s.feed(&bytes, &mut |_| ()));
            }
        }
    }

    #[test]
    fn a_line_that_was_changed_anywhere_is_read_without_panic((engine, format, mut text) in a_log(), at in any::<prop::sample::Index>(), byte: u8) {
        if !text.is_empty() {
            let at = at.index(text.len());
            text[at] = byte;
        }
        events(engine, format, &text, &[&text]);
    }
}

#[test]
fn an_event_is_cut_and_says_so_however_long_it_is() {
    let head = b"2026-11-21 20:40:02.059 UTC [1] ERROR:  ".as_slice();
    let longest = b"2026-11-21 20:40:02.059 UTC [1] STATEMENT:  SELECT".as_slice();
    let mut stream = stream("postgres", "stderr", Some("%m [%p] "), head);
    let mut lengths = Vec::new();
    let mut sink = |e: &LogEvent| lengths.push((e.message.len() + e.statement.len(), e.cut));
    stream.feed(head, &mut sink);
    // One line that never ends, and then a statement of lines without end.
    for _ in 0..100 {
        stream.feed(&vec![b'x'; 100_000], &mut sink);
    }
    stream.feed(b"\n", &mut sink);
    stream.feed(longest, &mut sink);
    let line = b"\n\tfrom a table with a long name and more of it";
    for _ in 0..100_000 {
        stream.feed(line, &mut sink);
    }
    stream.feed(b"\n2026-11-21 20:40:02.059 UTC [1] LOG:  next\n", &mut sink);
    stream.finish(&mut sink);
    let [(first, cut), (next, 0)] = lengths[..] else { panic!("{lengths:?}") };
    assert_eq!((first, next), (EVENT_BYTES, 4));
    let given = 100 * 100_000 + "SELECT".len() + 100_000 * (line.len() - 1);
    assert_eq!(cut, (given - EVENT_BYTES) as u64);
}
