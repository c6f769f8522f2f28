//! One collection: sizes, free pages and commits. A file has no list of sessions, so what others do with it shows only
//! in its pages and its log.

use crate::domain::activity::Sample;
use crate::domain::error_event::SessionError;
use crate::domain::metric::{self, MetricId};
use crate::domain::rows::Rows;
use crate::domain::target::Timestamp;
use crate::engine::{Query, Session, Task};
use std::time::Instant;

static FACTS: Query = Query {
    name: "sample.facts",
    text: "SELECT page_count, page_size, freelist_count, journal_mode,
                  dba_wal_bytes() AS wal_bytes, dba_wal_commits() AS commits,
                  CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) AS now_ms
           FROM pragma_page_count, pragma_page_size, pragma_freelist_count, pragma_journal_mode",
    timeout_ms: 2000,
};

/// Reads the facts; each cycle costs the same, so none is left out on any.
pub(super) fn sample(session: &mut dyn Session, _cycle: u64) -> Task<'_, Result<Sample, SessionError>> {
    Box::pin(async {
        let started = Instant::now();
        let facts = session.own(&FACTS, &[]).await?;
        let took = started.elapsed();
        let mut sample = read_facts(&facts);
        sample.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        sample.readings.insert(metric::OWN_COST, took.as_secs_f64() * 1000.0);
        Ok(sample)
    })
}

/// The readings of the one row of facts. What is NULL there is missing here.
fn read_facts(facts: &Rows) -> Sample {
    let mut sample = Sample::default();
    let Some(row) = facts.rows.first() else { return sample };
    let number = |name: &str| facts.get(row, name).number();
    let mut insert = |id: MetricId, value: Option<f64>| {
        if let Some(value) = value {
            sample.readings.insert(id, value);
        }
    };
    let pages = number("page_count");
    insert(metric::DATA_BYTES, pages.zip(number("page_size")).map(|(pages, size)| pages * size));
    insert(
        metric::FREE_PAGES,
        pages.filter(|pages| *pages > 0.0).zip(number("freelist_count")).map(|(pages, free)| 100.0 * free / pages),
    );
    let logs = facts.text(row, "journal_mode") == "wal";
    if logs {
        // In WAL mode a log that is not there is an empty one.
        insert(metric::WAL_BYTES, Some(number("wal_bytes").unwrap_or(0.0)));
        insert(metric::WRITES, number("commits"));
    } else {
        sample.hints.push("Writes are counted in the write-ahead log, and this file is not in WAL mode.".into());
    }
    let now = Timestamp(facts.get(row, "now_ms").int().unwrap_or(0));
    sample.at = now;
    sample.server_now = now;
    sample
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rows::{Column, Value};

    fn sample(pages: i64, free: i64, journal: &str, log: Value) -> Sample {
        let names = ["page_count", "page_size", "freelist_count", "journal_mode", "wal_bytes", "commits", "now_ms"];
        let row = vec![
            Value::Int(pages),
            Value::Int(4096),
            Value::Int(free),
            Value::Text(journal.into()),
            log.clone(),
            log,
            Value::Int(5),
        ];
        read_facts(&Rows { columns: names.iter().map(|n| Column::text(n)).collect(), rows: vec![row], truncated: None })
    }

    #[test]
    fn what_cannot_be_known_is_missing_not_zero() {
        let sample = sample(100, 25, "delete", Value::Null);
        assert_eq!(sample.readings.get(&metric::DATA_BYTES), Some(&409_600.0));
        assert_eq!(sample.readings.get(&metric::FREE_PAGES), Some(&25.0));
        assert_eq!(sample.readings.get(&metric::WAL_BYTES), None);
        assert_eq!(sample.readings.get(&metric::WRITES), None);
        assert_eq!((sample.hints.len(), sample.server_now), (1, Timestamp(5)));
    }

    #[test]
    fn an_empty_file_has_no_share_of_free_pages() {
        let sample = sample(0, 0, "wal", Value::Int(0));
        assert_eq!(sample.readings.get(&metric::FREE_PAGES), None);
        assert_eq!(sample.readings.get(&metric::WAL_BYTES), Some(&0.0));
    }
}
