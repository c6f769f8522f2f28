//! Conditions as people type them: `connections above 80% for 60s`, `retained_wal above 5 GB for 5m`, `check queue above
//! 100`, `dead_rows of app.orders above 10%`.

use super::{Condition, LONGEST_SECONDS, Measure, Side};
use crate::domain::metric::{METRICS, Metric, Unit, metric_by_name};
use crate::domain::proposal::kind::ObjectRef;

/// For how long a number has to be beyond its threshold where nothing is said, seconds.
const USUAL_SECONDS: u32 = 60;
/// An example, for whoever typed something else.
const FORM: &str = "write `METRIC above|below NUMBER for TIME`: connections above 80% for 60s";

/// Multiples of a time's unit, in seconds.
const TIMES: [(&str, f64); 7] =
    [("ms", 0.001), ("s", 1.0), ("sec", 1.0), ("m", 60.0), ("min", 60.0), ("h", 3_600.0), ("d", 86_400.0)];
/// Multiples of a size's unit, in bytes, in binary steps as every server counts them.
const SIZES: [(&str, f64); 5] =
    [("b", 1.0), ("kb", 1024.0), ("mb", 1_048_576.0), ("gb", 1_073_741_824.0), ("tb", 1_099_511_627_776.0)];
/// Multiples of a plain number.
const COUNTS: [(&str, f64); 4] = [("", 1.0), ("k", 1e3), ("m", 1e6), ("g", 1e9)];

/// The end of a condition: which side of what number, and for how long where that is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The side; none where it stays as it is.
    pub side: Option<Side>,
    /// The number, in the measure's unit.
    pub number: f64,
    /// Seconds; none where it stays as it is.
    pub for_seconds: Option<u32>,
}

impl Threshold {
    /// A condition with this end instead of its own.
    #[must_use]
    pub fn applied_to(&self, condition: &Condition) -> Condition {
        Condition {
            measure: condition.measure.clone(),
            side: self.side.unwrap_or(condition.side),
            threshold: self.number,
            for_seconds: self.for_seconds.unwrap_or(condition.for_seconds),
        }
    }
}

/// Reads a whole condition.
///
/// # Errors
/// Words for the person, with the nearest metric where one is near.
pub fn condition(text: &str) -> Result<Condition, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let side_at = words.iter().position(|word| side(word).is_some()).ok_or(FORM)?;
    let (named, end) = words.split_at(side_at);
    let measure = measure(named)?;
    let is_percent = end.get(1).is_some_and(|w| w.ends_with('%')) || end.get(2).is_some_and(|w| *w == "%");
    let measure = if is_percent { in_per_cent(measure)? } else { measure };
    let end = threshold(&measure, &end.join(" "))?;
    let read = Condition {
        measure,
        side: end.side.unwrap_or(Side::Above),
        threshold: end.number,
        for_seconds: end.for_seconds.unwrap_or(USUAL_SECONDS),
    };
    read.check()?;
    Ok(read)
}

/// Reads another end for a condition on this measure: `above 85`, `85`, `below 2h for 5m`.
///
/// # Errors
/// Words for the person.
pub fn threshold(measure: &Measure, text: &str) -> Result<Threshold, String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let side = words.first().and_then(|word| side(word));
    if side.is_some() {
        words.remove(0);
    }
    let at_once = words.len().checked_sub(2).filter(|at| words[*at..].join(" ").eq_ignore_ascii_case("at once"));
    let for_at = words.iter().position(|word| word.eq_ignore_ascii_case("for"));
    let time = match at_once {
        Some(at) => {
            words.truncate(at);
            Some("0".to_owned())
        }
        None => for_at.map(|at| words.split_off(at)[1..].concat()),
    };
    if let Some(at) = words.iter().position(|word| word.eq_ignore_ascii_case("of")) {
        let named = words.split_off(at)[1..].join("_").to_lowercase();
        let limit = measure.limit().map(|limit| limit.0);
        if !limit.is_some_and(|limit| named == limit || named == "limit" || named == "the_limit") {
            return Err(format!("{} is watched on its own, not as a part of `{named}`", measure.words()));
        }
    }
    let for_seconds = time.map(|time| seconds(&time)).transpose()?;
    Ok(Threshold { side, number: number(measure, &words.concat())?, for_seconds })
}

fn side(word: &str) -> Option<Side> {
    match word.to_lowercase().as_str() {
        ">" | "over" => Some(Side::Above),
        "<" | "under" => Some(Side::Below),
        other => Side::from_word(other),
    }
}

fn measure(words: &[&str]) -> Result<Measure, String> {
    match words {
        [] => Err(FORM.to_owned()),
        [check, name] if check.eq_ignore_ascii_case("check") => Ok(Measure::Check((*name).to_owned())),
        [metric, of, table] if metric.eq_ignore_ascii_case("dead_rows") && of.eq_ignore_ascii_case("of") => {
            let (space, name) = table.split_once('.').unwrap_or(("", *table));
            Ok(Measure::DeadRows(ObjectRef::new(space, name)))
        }
        several => {
            let name = several.join("_").to_lowercase();
            let by_label = |m: &&Metric| m.label.replace(' ', "_").eq_ignore_ascii_case(&name);
            let found = metric_by_name(&name).or_else(|| METRICS.iter().find(by_label));
            found.map(|m| Measure::Metric(m.id)).ok_or_else(|| unknown(&name))
        }
    }
}

fn unknown(name: &str) -> String {
    let near = METRICS.iter().map(|m| (strsim::damerau_levenshtein(m.id.0, name), m.id.0)).min();
    match near.filter(|(distance, near)| *distance <= 3.min(near.len() / 2)) {
        Some((_, near)) => format!("there is no metric `{name}`; did you mean `{near}`?"),
        None => format!("there is no metric `{name}`; `dba-gpt rules metrics` lists them"),
    }
}

/// The same measure, for a threshold in per cent.
fn in_per_cent(measure: Measure) -> Result<Measure, String> {
    match measure {
        Measure::Metric(id) if measure.unit() != Some(Unit::Percent) => Measure::share(id)
            .ok_or_else(|| format!("{} has no limit that it could be a share of: write a number", id.0)),
        other => Ok(other),
    }
}

/// A threshold in the unit of its measure.
fn number(measure: &Measure, text: &str) -> Result<f64, String> {
    let lower = text.to_lowercase();
    let units: &[(&str, f64)] = match measure.unit() {
        Some(Unit::Percent) => &[("", 1.0), ("%", 1.0)],
        Some(Unit::Bytes | Unit::BytesPerSecond) => &SIZES,
        Some(Unit::Seconds | Unit::Milliseconds) => &TIMES,
        Some(Unit::Count | Unit::PerSecond) | None => &COUNTS,
    };
    let text = match measure.unit() {
        Some(Unit::PerSecond | Unit::BytesPerSecond) => lower.strip_suffix("/s").unwrap_or(&lower),
        _ => lower.as_str(),
    };
    let per_unit = if measure.unit() == Some(Unit::Milliseconds) { 1_000.0 } else { 1.0 };
    let plain = text.parse::<f64>().ok().filter(|n| n.is_finite());
    plain.or_else(|| Some(scaled(text, units)? * per_unit)).filter(|n| *n >= 0.0).ok_or_else(|| {
        let example = match measure.unit() {
            Some(Unit::Percent) => "80%",
            Some(Unit::Bytes | Unit::BytesPerSecond) => "5 GB",
            Some(Unit::Seconds | Unit::Milliseconds) => "30s",
            Some(Unit::Count | Unit::PerSecond) | None => "500",
        };
        let given = if text.is_empty() { "there is no number".to_owned() } else { format!("`{text}` is no number") };
        format!("{given} that {} could be compared with: write one like {example}", measure.words())
    })
}

fn scaled(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    Some(number.parse::<f64>().ok()? * factor)
}

fn seconds(text: &str) -> Result<u32, String> {
    let lower = text.to_lowercase();
    let read = scaled(&lower, &TIMES).or_else(|| lower.parse().ok());
    let whole = read.filter(|s| (0.0..=f64::from(LONGEST_SECONDS)).contains(s));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range of a day")]
    whole.map(|s| s.round() as u32).ok_or_else(|| format!("`{text}` is no time up to a day: write 60s, 5m or 1h"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::metric;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "connections above 80% of connection_limit for 60s",
            "retained_wal above 5.0 GB for 5m",
            "lag above 30s for 60s",
            "deadlocks above 0/s at once",
            "oplog_window below 7200s for 1h",
            "mean_statement above 250ms for 60s",
            "check queue above 100 for 60s",
            "dead_rows of app.orders above 10% for 60s",
            "cache_hit_ratio below 90% for 2m",
        ] {
            let read = condition(text).unwrap();
            assert_eq!(condition(&read.words()).unwrap(), read, "{text}");
        }
    }

    #[test]
    fn people_may_write_it_their_way() {
        let same = |text: &str, threshold: f64| (condition(text).unwrap().threshold - threshold).abs() < 1e-9;
        let read = condition("Connections > 80 %").unwrap();
        assert_eq!((read.measure, read.threshold, read.for_seconds), (Measure::Share(metric::CONNECTIONS), 80.0, 60));
        assert_eq!(condition("connections over 85").unwrap().measure, Measure::Metric(metric::CONNECTIONS));
        assert!(same("oldest txn above 5 m for 2m", 300.0));
        assert!(same("dead rows above 2 M", 2e6));
        assert!(same("wal_rate above 10 MB/s", 10_485_760.0));
    }

    #[test]
    fn nonsense_says_what_is_wrong_with_it() {
        for (text, part) in [
            ("", "METRIC above"),
            ("connections", "METRIC above"),
            ("conections above 5", "did you mean `connections`"),
            ("gremlins above 5", "rules metrics"),
            ("lag above 80%", "no limit"),
            ("lag above much", "no number"),
            ("lag above", "there is no number"),
            ("lag above -3", "no number"),
            ("lag above NaN", "no number"),
            ("connections above 130%", "never above"),
            ("lag below 0", "never below"),
            ("lag above 5 for ever", "no time"),
            ("lag above 5 for 40h", "no time"),
            ("lag above 5 of connections", "on its own"),
        ] {
            let words = condition(text).unwrap_err();
            assert!(words.contains(part), "{text}: {words}");
        }
    }

    #[test]
    fn a_new_threshold_leaves_what_it_does_not_say() {
        let rule = condition("connections above 80% for 5m").unwrap();
        let end = threshold(&rule.measure, "85").unwrap().applied_to(&rule);
        assert_eq!(end, Condition { threshold: 85.0, ..rule.clone() });
        let end = threshold(&rule.measure, "above 70 % of limit for 1m").unwrap().applied_to(&rule);
        assert_eq!((end.threshold, end.for_seconds), (70.0, 60));
    }
}
