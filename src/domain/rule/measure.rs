//! What a rule watches: a metric, a metric as a share of its limit, a check of the person's own, or the dead rows of one
//! table. Each has a unit, so that a threshold is written and read as people do.

use crate::domain::metric::{self, MetricId, Readings, Unit, bytes, metric_by_name};
use crate::domain::proposal::kind::ObjectRef;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Metrics that are a part of another one, which is their limit.
const LIMITS: [(MetricId, MetricId); 2] =
    [(metric::CONNECTIONS, metric::CONNECTION_LIMIT), (metric::MEMORY_USED, metric::MEMORY_LIMIT)];

/// The number that a rule watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// A metric's value: a level, or for a counter its rate per second.
    Metric(#[serde(serialize_with = "write_metric", deserialize_with = "read_metric")] MetricId),
    /// A metric in per cent of its limit.
    Share(#[serde(serialize_with = "write_metric", deserialize_with = "read_metric")] MetricId),
    /// What a check of the person's own is answered, by its name in the configuration.
    Check(String),
    /// Dead rows of one table in per cent of all its rows, where the engine counts them.
    DeadRows(ObjectRef),
}

/// What a metric is a part of, where it is.
fn limit_of(id: MetricId) -> Option<MetricId> {
    LIMITS.iter().find(|(part, _)| *part == id).map(|(_, limit)| *limit)
}

impl Measure {
    /// A metric in per cent of its limit; none for one without.
    pub fn share(id: MetricId) -> Option<Self> {
        limit_of(id).map(|_| Self::Share(id))
    }
    /// The metric, where it is about one.
    pub fn metric(&self) -> Option<MetricId> {
        match self {
            Self::Metric(id) | Self::Share(id) => Some(*id),
            Self::Check(_) | Self::DeadRows(_) => None,
        }
    }
    /// The metric that this one is in per cent of.
    pub fn limit(&self) -> Option<MetricId> {
        match self {
            Self::Share(id) => limit_of(*id),
            _ => None,
        }
    }
    /// It is a part of something, in per cent: never above 100.
    pub fn is_share(&self) -> bool {
        matches!(self, Self::Share(_) | Self::DeadRows(_))
    }
    /// The unit of its number and of its threshold; none for a check, whose numbers are anybody's.
    pub fn unit(&self) -> Option<Unit> {
        match self {
            Self::Metric(id) => metric::metric(*id).map(|m| m.unit),
            Self::Share(_) | Self::DeadRows(_) => Some(Unit::Percent),
            Self::Check(_) => None,
        }
    }
    /// The number among a sample's values; none where it is missing, or comes another way.
    pub fn number(&self, values: &Readings) -> Option<f64> {
        let known = |id: &MetricId| values.get(id).copied().filter(|v| v.is_finite());
        match self {
            Self::Metric(id) => known(id),
            Self::Share(id) => {
                let limit = known(&limit_of(*id)?).filter(|limit| *limit > 0.0)?;
                Some(100.0 * known(id)? / limit)
            }
            Self::Check(_) | Self::DeadRows(_) => None,
        }
    }
    /// `connections`, `check queue`, `dead_rows of app.orders`: as conditions name it. May hold an untrusted name.
    pub fn words(&self) -> String {
        match self {
            Self::Metric(id) | Self::Share(id) => id.0.to_owned(),
            Self::Check(name) => format!("check {name}"),
            Self::DeadRows(table) => format!("dead_rows of {}", table.words()),
        }
    }
    /// A threshold in the measure's unit: `80%`, `1.5 GB`, `300`, `0.5/s`.
    pub fn number_words(&self, number: f64) -> String {
        match self.unit() {
            Some(Unit::Percent) => format!("{number}%"),
            Some(Unit::Bytes) => bytes(number),
            Some(Unit::BytesPerSecond) => format!("{}/s", bytes(number)),
            Some(Unit::PerSecond) => format!("{number}/s"),
            Some(Unit::Seconds) => format!("{number}s"),
            Some(Unit::Milliseconds) => format!("{number}ms"),
            Some(Unit::Count) | None => format!("{number}"),
        }
    }
    /// A measured number, short: `85%`, `12m 05s`, `2.1k`.
    pub fn value_words(&self, number: f64) -> String {
        match self.unit() {
            Some(unit) => metric::format(Some(number), unit),
            None => format!("{number}"),
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn write_metric<S: Serializer>(id: &MetricId, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(id.0)
}

/// A metric that another version of the program knows and this one does not is an error.
fn read_metric<'de, D: Deserializer<'de>>(from: D) -> Result<MetricId, D::Error> {
    let name = String::deserialize(from)?;
    let found = metric_by_name(&name).map(|m| m.id);
    found.ok_or_else(|| serde::de::Error::custom(format!("there is no metric {name}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_share_needs_both_readings_and_a_limit() {
        let share = Measure::share(metric::CONNECTIONS).unwrap();
        let mut values = Readings::from([(metric::CONNECTIONS, 45.0)]);
        assert_eq!(share.number(&values), None);
        values.insert(metric::CONNECTION_LIMIT, 0.0);
        assert_eq!(share.number(&values), None);
        values.insert(metric::CONNECTION_LIMIT, 60.0);
        assert_eq!(share.number(&values), Some(75.0));
        assert_eq!(Measure::share(metric::LAG), None);
    }

    #[test]
    fn every_measure_is_read_back_from_the_store() {
        let table = ObjectRef::new("app", "orders.old");
        for measure in [
            Measure::Metric(metric::DEADLOCKS),
            Measure::Share(metric::MEMORY_USED),
            Measure::Check("queue".into()),
            Measure::DeadRows(table),
        ] {
            let text = serde_json::to_string(&measure).unwrap();
            assert_eq!(serde_json::from_str::<Measure>(&text).unwrap(), measure, "{text}");
        }
        assert!(serde_json::from_str::<Measure>(r#"{"metric":"of_tomorrow"}"#).is_err());
    }
}
