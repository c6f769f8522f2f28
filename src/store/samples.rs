//! Values of metrics over time: one set for every ten seconds of a target, then means of five minutes.

use super::texts::{Numbers, known_target};
use crate::domain::health::Usual;
use crate::domain::metric::{MetricId, Readings, metric_by_name};
use crate::domain::target::{TargetId, Timestamp};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// One set of readings is kept for each slot of a target, the last one.
pub(super) const SLOT_MS: i64 = 10_000;
/// Slots in a bucket of five minutes.
pub(super) const SLOTS: i64 = 30;
/// A bucket in milliseconds.
pub(super) const BUCKET_MS: i64 = SLOT_MS * SLOTS;
const HOUR_MS: i64 = 3_600_000;
/// A day in milliseconds.
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;
/// Readings at this hour of the days before that make them worth more than the last 24 hours.
const ENOUGH: u32 = 30;

/// What is usual for each metric of a target.
pub type Usuals = BTreeMap<MetricId, Usual>;

/// The slot of a moment.
pub(super) fn slot_of(at: Timestamp) -> i64 {
    at.0.div_euclid(SLOT_MS)
}

/// Writes the values of one sample, in place of what the same slot held. Values are as shown (rates, not counters);
/// what is not a number is left out.
pub(super) fn write(
    db: &Connection,
    numbers: &mut Numbers,
    target: i64,
    (at, server_at): (Timestamp, Timestamp),
    values: &Readings,
) -> rusqlite::Result<()> {
    let slot = slot_of(at);
    db.prepare_cached("DELETE FROM readings WHERE target = ?1 AND slot = ?2")?.execute([target, slot])?;
    db.prepare_cached(
        "INSERT INTO samples (target, slot, at, server_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (target, slot) DO UPDATE SET at = excluded.at, server_at = excluded.server_at",
    )?
    .execute([target, slot, at.0, server_at.0])?;
    let mut insert = db.prepare_cached("INSERT INTO readings (target, slot, metric, value) VALUES (?1, ?2, ?3, ?4)")?;
    for (&MetricId(name), &value) in values.iter().filter(|(_, v)| v.is_finite()) {
        insert.execute(params![target, slot, numbers.metric(db, name)?, value])?;
    }
    Ok(())
}

/// Makes means of the closed buckets of a target that have none yet: those before the bucket of `slot`.
pub(super) fn roll_up(db: &Connection, target: i64, slot: i64) -> rusqlite::Result<usize> {
    // A bucket that has means keeps them: its readings may be half gone already.
    db.prepare_cached(
        "INSERT OR IGNORE INTO means (target, bucket, metric, mean, readings)
         SELECT target, slot / ?3, metric, avg(value), count(*) FROM readings
          WHERE target = ?1 AND slot < ?2 / ?3 * ?3
            AND slot >= (SELECT coalesce(max(bucket), 0) FROM means WHERE target = ?1) * ?3
          GROUP BY slot / ?3, metric",
    )?
    .execute([target, slot, SLOTS])
}

/// What is usual now: the median of the readings within an hour of this time of day on the seven days before; of the
/// last 24 hours for metrics that have too few of those. Built from means of five minutes, each weighing as many
/// readings as are in it; the last minutes, which have no mean yet, do not count.
pub(super) fn usual(db: &Connection, target: &TargetId, now: Timestamp) -> rusqlite::Result<Usuals> {
    let Some(target) = known_target(db, target.as_str())? else { return Ok(Usuals::new()) };
    let mut this_hour = Weighted::new();
    for day in 1..=7 {
        let middle = now.0 - day * DAY_MS;
        collect(db, target, (middle - HOUR_MS, middle + HOUR_MS), &mut this_hour)?;
    }
    let mut last_day = Weighted::new();
    collect(db, target, (now.0 - DAY_MS, now.0), &mut last_day)?;
    let names = metric_names(db)?;
    let mut out = Usuals::new();
    for (number, recent) in last_day.iter_mut().chain(this_hour.iter_mut()) {
        let Some(&metric) = names.get(number) else { continue };
        let Some(usual) = median(recent) else { continue };
        // This hour comes second, and wins when it has enough to say.
        if usual.samples >= ENOUGH || !out.contains_key(&metric) {
            out.insert(metric, usual);
        }
    }
    Ok(out)
}

/// Metric number -> means and how many readings each stands for.
type Weighted = BTreeMap<i64, Vec<(f64, u32)>>;

fn collect(db: &Connection, target: i64, (from, to): (i64, i64), into: &mut Weighted) -> rusqlite::Result<()> {
    let mut query =
        db.prepare_cached("SELECT metric, mean, readings FROM means WHERE target = ?1 AND bucket BETWEEN ?2 AND ?3")?;
    let mut rows = query.query([target, from.div_euclid(BUCKET_MS), to.div_euclid(BUCKET_MS)])?;
    while let Some(row) = rows.next()? {
        into.entry(row.get(0)?).or_default().push((row.get(1)?, row.get(2)?));
    }
    Ok(())
}

/// The weighted median: the value below and above which half of the readings are; between two, their mean.
fn median(values: &mut [(f64, u32)]) -> Option<Usual> {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = values.iter().map(|(_, n)| u64::from(*n)).sum();
    if total == 0 {
        return None;
    }
    let value_at = |position: u64| {
        let mut passed = 0;
        values.iter().find(|(_, n)| {
            passed += u64::from(*n);
            passed > position
        })
    };
    let (low, high) = (value_at((total - 1) / 2)?.0, value_at(total / 2)?.0);
    Some(Usual { median: f64::midpoint(low, high), samples: u32::try_from(total).unwrap_or(u32::MAX) })
}

fn metric_names(db: &Connection) -> rusqlite::Result<BTreeMap<i64, MetricId>> {
    let mut query = db.prepare_cached("SELECT id, name FROM metrics")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    // A name that this version does not know was written by another one.
    rows.filter_map(|row| row.map(|(id, name)| Some((id, metric_by_name(&name)?.id))).transpose()).collect()
}

/// The values of one metric of a target, oldest first: as stored while those are kept, means of five minutes (at the
/// middle of each) before that. Both ends are included.
pub(super) fn series(
    db: &Connection,
    target: &TargetId,
    metric: MetricId,
    (from, to): (Timestamp, Timestamp),
) -> rusqlite::Result<Vec<(Timestamp, f64)>> {
    let Some(target) = known_target(db, target.as_str())? else { return Ok(Vec::new()) };
    let raw_from: Option<i64> =
        db.prepare_cached("SELECT min(slot) FROM readings WHERE target = ?1")?.query_row([target], |row| row.get(0))?;
    let raw_from = raw_from.map_or(i64::MAX, |slot| slot.saturating_mul(SLOT_MS));
    let mut points = Vec::new();
    let mut means = db.prepare_cached(
        "SELECT bucket * ?5 + ?5 / 2, mean FROM means
          WHERE target = ?1 AND bucket BETWEEN ?2 AND ?3 AND metric = (SELECT id FROM metrics WHERE name = ?4)
          ORDER BY bucket",
    )?;
    let buckets = (from.0.div_euclid(BUCKET_MS), to.0.div_euclid(BUCKET_MS));
    let mut rows = means.query(params![target, buckets.0, buckets.1, metric.0, BUCKET_MS])?;
    while let Some(row) = rows.next()? {
        let at = Timestamp(row.get(0)?);
        if at >= from && at <= to && at.0 < raw_from {
            points.push((at, row.get(1)?));
        }
    }
    let mut raw = db.prepare_cached(
        "SELECT s.at, r.value FROM samples s CROSS JOIN readings r USING (target, slot)
          WHERE s.target = ?1 AND s.slot BETWEEN ?2 AND ?3 AND r.metric = (SELECT id FROM metrics WHERE name = ?4)
          ORDER BY s.slot",
    )?;
    let mut rows = raw.query(params![target, slot_of(from), slot_of(to), metric.0])?;
    while let Some(row) = rows.next()? {
        let at = Timestamp(row.get(0)?);
        if at >= from && at <= to {
            points.push((at, row.get(1)?));
        }
    }
    Ok(points)
}

/// All stored values of a target between two moments, both included, oldest first. Only as far back as samples are
/// kept as they are; for the start of a screen, not for long spans.
pub(super) fn values_between(
    db: &Connection,
    target: &TargetId,
    (from, to): (Timestamp, Timestamp),
) -> rusqlite::Result<Vec<(MetricId, Timestamp, f64)>> {
    let Some(target) = known_target(db, target.as_str())? else { return Ok(Vec::new()) };
    let names = metric_names(db)?;
    let mut query = db.prepare_cached(
        "SELECT r.metric, s.at, r.value FROM samples s CROSS JOIN readings r USING (target, slot)
          WHERE s.target = ?1 AND s.slot BETWEEN ?2 AND ?3 AND s.at BETWEEN ?4 AND ?5 ORDER BY s.slot, r.metric",
    )?;
    let mut rows = query.query([target, slot_of(from), slot_of(to), from.0, to.0])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(&metric) = names.get(&row.get(0)?) {
            out.push((metric, Timestamp(row.get(1)?), row.get(2)?));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::metric::{ACTIVE, CONNECTIONS, LAG};

    const DAY: i64 = 1_790_035_200_000 / DAY_MS * DAY_MS;

    fn store() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        for script in [include_str!("migrations/1_samples.sql"), include_str!("migrations/2_sessions.sql")] {
            db.execute_batch(script).unwrap();
        }
        db
    }

    /// Numbers that look random and are the same every time.
    fn noise(n: i64) -> f64 {
        let mixed = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (mixed.rem_euclid(1_000_003) % 1000) as f64 / 10.0
    }

    /// Records a metric every ten seconds.
    fn fill(db: &mut Connection, metric: MetricId, from: i64, to: i64, value: impl Fn(i64) -> f64) {
        let mut numbers = Numbers::default();
        let transaction = db.transaction().unwrap();
        let target = numbers.target(&transaction, "a").unwrap();
        let mut at = from;
        while at < to {
            let values = Readings::from([(metric, value(at))]);
            write(&transaction, &mut numbers, target, (Timestamp(at), Timestamp(at)), &values).unwrap();
            at += SLOT_MS;
        }
        roll_up(&transaction, target, slot_of(Timestamp(to))).unwrap();
        transaction.commit().unwrap();
    }

    /// The definition, spelled out: every reading is replaced by the mean of its five minutes, then the median.
    fn reference(spans: &[(i64, i64)], value: impl Fn(i64) -> f64) -> (f64, usize) {
        let mut readings = Vec::new();
        for &(from, to) in spans {
            let mut bucket = from.div_euclid(BUCKET_MS);
            while bucket <= to.div_euclid(BUCKET_MS) {
                let each: Vec<f64> = (0..SLOTS).map(|i| value(bucket * BUCKET_MS + i * SLOT_MS)).collect();
                let mean = each.iter().sum::<f64>() / each.len() as f64;
                readings.extend(std::iter::repeat_n(mean, each.len()));
                bucket += 1;
            }
        }
        readings.sort_by(f64::total_cmp);
        let n = readings.len();
        (f64::midpoint(readings[(n - 1) / 2], readings[n / 2]), n)
    }

    #[test]
    fn usual_is_the_median_at_this_hour_of_the_last_seven_days() {
        let mut db = store();
        let now = DAY + 10 * HOUR_MS;
        // Busy from nine to eleven, quiet otherwise; today is unlike every day before.
        let value = |at: i64| {
            let hour = at.rem_euclid(DAY_MS) / HOUR_MS;
            if at >= DAY { 9000.0 } else { noise(at) + if (9..11).contains(&hour) { 500.0 } else { 0.0 } }
        };
        fill(&mut db, CONNECTIONS, DAY - 9 * DAY_MS, now, value);
        let usual = usual(&db, &TargetId::new("a"), Timestamp(now)).unwrap()[&CONNECTIONS];
        let spans: Vec<_> = (1..=7).map(|d| (now - d * DAY_MS - HOUR_MS, now - d * DAY_MS + HOUR_MS)).collect();
        let (median, samples) = reference(&spans, value);
        assert!((usual.median - median).abs() < 1e-9, "{usual:?} is not {median}");
        assert_eq!(usize::try_from(usual.samples).unwrap(), samples);
        assert!((500.0..600.0).contains(&usual.median), "{usual:?}");
    }

    #[test]
    fn a_young_metric_is_compared_with_its_last_day() {
        let mut db = store();
        let now = DAY + 10 * HOUR_MS;
        fill(&mut db, LAG, now - 20 * BUCKET_MS, now, noise);
        let usual = usual(&db, &TargetId::new("a"), Timestamp(now)).unwrap()[&LAG];
        let (median, samples) = reference(&[(now - 20 * BUCKET_MS, now - 1)], noise);
        assert!((usual.median - median).abs() < 1e-9, "{usual:?} is not {median}");
        assert_eq!(usize::try_from(usual.samples).unwrap(), samples);
    }

    #[test]
    fn nothing_known_is_nothing_usual() {
        let mut db = store();
        assert!(usual(&db, &TargetId::new("a"), Timestamp(DAY)).unwrap().is_empty());
        fill(&mut db, ACTIVE, DAY - 40 * DAY_MS, DAY - 39 * DAY_MS, noise);
        assert!(usual(&db, &TargetId::new("a"), Timestamp(DAY)).unwrap().is_empty());
        assert!(usual(&db, &TargetId::new("b"), Timestamp(DAY)).unwrap().is_empty());
    }

    #[test]
    fn the_median_weighs_means_by_their_readings() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [(7.0, 3)]).map(|u| (u.median, u.samples)), Some((7.0, 3)));
        assert_eq!(median(&mut [(9.0, 1), (1.0, 30)]).map(|u| u.median), Some(1.0));
        assert_eq!(median(&mut [(4.0, 2), (2.0, 2)]).map(|u| u.median), Some(3.0));
    }

    #[test]
    fn means_are_made_once_of_closed_buckets_only() {
        let mut db = store();
        fill(&mut db, ACTIVE, DAY, DAY + 2 * BUCKET_MS + 5 * SLOT_MS, |at| ((at - DAY) / BUCKET_MS) as f64);
        let means = |db: &Connection| -> Vec<(i64, f64, i64)> {
            let mut query = db.prepare("SELECT bucket, mean, readings FROM means ORDER BY bucket").unwrap();
            query.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap().map(Result::unwrap).collect()
        };
        let first = DAY / BUCKET_MS;
        assert_eq!(means(&db), [(first, 0.0, 30), (first + 1, 1.0, 30)]);
        // The readings of the last bucket with means go one by one; its mean stays.
        db.execute("DELETE FROM readings WHERE slot % 2 = 0", []).unwrap();
        roll_up(&db, 1, slot_of(Timestamp(DAY + 3 * BUCKET_MS))).unwrap();
        assert_eq!(means(&db)[1], (first + 1, 1.0, 30));
        assert_eq!(means(&db).len(), 3);
    }

    #[test]
    fn a_series_goes_from_means_to_readings_without_overlap() {
        let mut db = store();
        fill(&mut db, ACTIVE, DAY, DAY + 4 * BUCKET_MS, |at| at as f64);
        let two_buckets = (DAY + 2 * BUCKET_MS) / SLOT_MS;
        db.execute("DELETE FROM readings WHERE slot < ?1", [two_buckets]).unwrap();
        let span = (Timestamp(DAY), Timestamp(DAY + 4 * BUCKET_MS));
        let points = series(&db, &TargetId::new("a"), ACTIVE, span).unwrap();
        let times: Vec<i64> = points.iter().map(|(at, _)| at.0).collect();
        assert_eq!(times[..3], [DAY + BUCKET_MS / 2, DAY + BUCKET_MS * 3 / 2, DAY + 2 * BUCKET_MS]);
        assert_eq!(times.len(), 2 + 60);
        assert!(times.is_sorted());
        assert!(series(&db, &TargetId::new("a"), LAG, span).unwrap().is_empty());
    }

    /// No scan: what is read for the usual values does not grow with the age of the store.
    #[test]
    fn the_questions_of_every_refresh_use_the_keys() {
        let db = store();
        for query in [
            "SELECT metric, mean, readings FROM means WHERE target = ?1 AND bucket BETWEEN ?2 AND ?3",
            "SELECT min(slot) FROM readings WHERE target = ?1",
            "DELETE FROM readings WHERE target = ?1 AND slot < ?2",
            "DELETE FROM sessions WHERE target = ?1 AND slot < ?2",
            "SELECT id FROM texts WHERE last_day < ?1 LIMIT ?2",
        ] {
            let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let bound = rusqlite::params_from_iter(std::iter::repeat_n(1, explain.parameter_count()));
            let plan: Vec<String> = explain.query_map(bound, |row| row.get(3)).unwrap().map(Result::unwrap).collect();
            assert!(plan.iter().all(|line| line.starts_with("SEARCH")), "{query}: {plan:?}");
        }
    }
}
