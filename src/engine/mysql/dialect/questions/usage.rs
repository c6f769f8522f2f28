//! How tables and indexes are used, as `performance_schema` counts it.

use super::super::flavour::Flavour;
use super::objects::unindexed_keys;
use super::{bytes, limit, noted, of_table, several};
use crate::domain::question::{Answer, Scope, Topic};
use crate::domain::schema::Schema;

/// Where the counters come from, and when there are none.
fn counted_since(schema: &Schema) -> &'static str {
    if Flavour::of(schema).is_mariadb() {
        "counted by performance_schema since the server started; MariaDB has it off unless performance_schema=ON is set, and then nothing is listed"
    } else {
        "counted by performance_schema since the server started"
    }
}

/// Tables that were read without an index, most read first. `u` is the usage, with a row for each index and one,
/// without a name, for reads that used none.
pub(super) fn full_reads(condition: &str, cut: &str) -> String {
    format!(
        "SELECT u.OBJECT_SCHEMA AS `database`, u.OBJECT_NAME AS `table`, u.COUNT_READ AS rows_read_without_index, \
         (SELECT SUM(i.COUNT_READ) FROM performance_schema.table_io_waits_summary_by_index_usage AS i \
         WHERE i.OBJECT_SCHEMA = u.OBJECT_SCHEMA AND i.OBJECT_NAME = u.OBJECT_NAME AND i.INDEX_NAME IS NOT NULL) AS rows_read_by_indexes, \
         ROUND(u.SUM_TIMER_READ / 1000000000000, 2) AS seconds \
         FROM performance_schema.table_io_waits_summary_by_index_usage AS u \
         WHERE u.INDEX_NAME IS NULL AND u.COUNT_READ > 0 AND {condition} ORDER BY u.COUNT_READ DESC, 1, 2{cut}"
    )
}

/// Statements that read a table from end to end.
fn statements_without_index(schema: &Schema, cut: &str) -> String {
    format!(
        "SELECT d.SCHEMA_NAME AS `database`, d.COUNT_STAR AS calls, d.SUM_NO_INDEX_USED AS without_index, \
         d.SUM_ROWS_EXAMINED AS rows_examined, d.SUM_ROWS_SENT AS rows_sent, LEFT(d.DIGEST_TEXT, 500) AS statement \
         FROM performance_schema.events_statements_summary_by_digest AS d WHERE d.SUM_NO_INDEX_USED > 0 AND {} \
         ORDER BY d.SUM_ROWS_EXAMINED DESC{cut}",
        super::own("d.SCHEMA_NAME", schema)
    )
}

pub(super) fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    let own = of_table("u.OBJECT_SCHEMA", "u.OBJECT_NAME", scope, schema);
    let cut = limit(scope, 20);
    Some(match topic {
        Topic::UnusedIndexes => {
            let mut answer = noted(
                title,
                format!(
                    "SELECT u.OBJECT_SCHEMA AS `database`, u.OBJECT_NAME AS `table`, u.INDEX_NAME AS `index`, \
                     u.COUNT_STAR AS uses FROM performance_schema.table_io_waits_summary_by_index_usage AS u \
                     JOIN information_schema.STATISTICS AS s ON s.TABLE_SCHEMA = u.OBJECT_SCHEMA AND s.TABLE_NAME = u.OBJECT_NAME \
                     AND s.INDEX_NAME = u.INDEX_NAME AND s.SEQ_IN_INDEX = 1 WHERE u.INDEX_NAME <> 'PRIMARY' AND u.COUNT_STAR = 0 \
                     AND s.NON_UNIQUE = 1 AND {own} ORDER BY 1, 2, 3{}",
                    limit(scope, 200)
                ),
                counted_since(schema),
            );
            answer.notes.push("unique indexes are left out; replicas have counters of their own".into());
            answer
        }
        Topic::UnusedTables => noted(
            title,
            format!(
                "SELECT u.OBJECT_SCHEMA AS `database`, u.OBJECT_NAME AS `table`, t.TABLE_ROWS AS rows_estimate, {} AS size \
                 FROM performance_schema.table_io_waits_summary_by_table AS u JOIN information_schema.TABLES AS t \
                 ON t.TABLE_SCHEMA = u.OBJECT_SCHEMA AND t.TABLE_NAME = u.OBJECT_NAME \
                 WHERE u.COUNT_STAR = 0 AND {own} ORDER BY t.DATA_LENGTH + t.INDEX_LENGTH DESC, 1, 2{}",
                bytes("t.DATA_LENGTH + t.INDEX_LENGTH"),
                limit(scope, 100)
            ),
            counted_since(schema),
        ),
        Topic::SequentialScans => noted(title, full_reads(&own, &cut), counted_since(schema)),
        Topic::BusiestTables => noted(
            title,
            format!(
                "SELECT u.OBJECT_SCHEMA AS `database`, u.OBJECT_NAME AS `table`, u.COUNT_INSERT AS inserted, u.COUNT_UPDATE AS updated, \
                 u.COUNT_DELETE AS deleted, u.COUNT_FETCH AS `read`, ROUND(u.SUM_TIMER_WAIT / 1000000000000, 2) AS seconds \
                 FROM performance_schema.table_io_waits_summary_by_table AS u WHERE {own} \
                 ORDER BY u.COUNT_WRITE DESC, 1, 2{cut}"
            ),
            counted_since(schema),
        ),
        Topic::MissingIndexes => {
            let mut answer = several(
                title,
                vec![
                    ("Tables read without an index", full_reads(&own, &cut)),
                    ("Statements that used no index", statements_without_index(schema, &cut)),
                    (
                        "Foreign keys without an index",
                        unindexed_keys(&of_table("k.TABLE_SCHEMA", "k.TABLE_NAME", scope, schema)),
                    ),
                ],
            );
            answer.notes.push(counted_since(schema).into());
            answer.notes.push("hints, not verdicts: which index helps depends on the statements".into());
            answer
        }
        Topic::SlowQueries => digests(topic, "d.SUM_TIMER_WAIT", &cut, schema),
        Topic::FrequentQueries => digests(topic, "d.COUNT_STAR", &cut, schema),
        _ => return None,
    })
}

/// Statements by what they cost so far.
pub(super) fn statements(order: &str, cut: &str) -> String {
    format!(
        "SELECT d.SCHEMA_NAME AS `database`, d.COUNT_STAR AS calls, ROUND(d.SUM_TIMER_WAIT / 1000000000, 1) AS total_ms, \
         ROUND(d.AVG_TIMER_WAIT / 1000000000, 3) AS mean_ms, ROUND(d.MAX_TIMER_WAIT / 1000000000, 1) AS max_ms, \
         d.SUM_ROWS_SENT AS rows_sent, d.SUM_ROWS_EXAMINED AS rows_examined, d.SUM_ERRORS AS errors, \
         LEFT(d.DIGEST_TEXT, 500) AS statement FROM performance_schema.events_statements_summary_by_digest AS d \
         WHERE d.DIGEST IS NOT NULL ORDER BY {order} DESC{cut}"
    )
}

fn digests(topic: Topic, order: &str, cut: &str, schema: &Schema) -> Answer {
    noted(topic.title(), statements(order, cut), counted_since(schema))
}
