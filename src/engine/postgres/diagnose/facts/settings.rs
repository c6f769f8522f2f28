//! The server's settings, in bytes and seconds.

use super::cells::last;
use crate::domain::diagnosis::Observation;
use std::collections::BTreeMap;

/// One setting.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Setting {
    /// Its value in its unit.
    pub(in super::super) value: String,
    /// The value it has when nobody sets it.
    pub(in super::super) default: String,
    /// Where it comes from: `default`, `configuration file` and so on.
    pub(in super::super) source: String,
    unit: String,
}

/// All that were read.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Settings(BTreeMap<String, Setting>);

impl Settings {
    pub(super) fn read(seen: &Observation) -> Self {
        let read = last(seen, "diagnose.settings").map(|row| {
            let setting = Setting {
                value: row.text("setting"),
                default: row.text("boot_val"),
                source: row.text("source"),
                unit: row.text("unit"),
            };
            (row.text("name"), setting)
        });
        Self(read.collect())
    }
    /// One of them.
    pub(in super::super) fn get(&self, name: &str) -> Option<&Setting> {
        self.0.get(name)
    }
    /// A number in its unit.
    pub(in super::super) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.value.parse().ok()
    }
    /// A size in bytes.
    pub(in super::super) fn bytes(&self, name: &str) -> Option<f64> {
        let setting = self.get(name)?;
        Some(setting.value.parse::<f64>().ok()? * unit(&setting.unit))
    }
    /// It is switched off.
    pub(in super::super) fn is_off(&self, name: &str) -> bool {
        self.get(name).is_some_and(|setting| setting.value == "off")
    }
    /// The value with its unit: `16384 8kB`.
    pub(in super::super) fn words(&self, name: &str) -> String {
        self.get(name).map_or_else(
            || format!("{name} is not known"),
            |s| {
                if s.unit.is_empty() {
                    format!("{name} = {}", s.value)
                } else {
                    format!("{name} = {} x {}", s.value, s.unit)
                }
            },
        )
    }
}

/// Bytes or seconds of a unit as `pg_settings` writes it.
fn unit(text: &str) -> f64 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let factor: f64 = digits.parse().unwrap_or(1.0);
    factor
        * match &text[digits.len()..] {
            "kB" => 1_024.0,
            "MB" => 1_048_576.0,
            "GB" => 1_073_741_824.0,
            "ms" => 0.001,
            "min" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => 1.0,
        }
}

#[cfg(test)]
mod tests {
    use super::unit;

    #[test]
    fn units_are_bytes_and_seconds() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(unit("8kB"), 8_192.0) && close(unit("MB"), 1_048_576.0) && close(unit("16MB"), 16_777_216.0));
        assert!(close(unit("ms"), 0.001) && close(unit(""), 1.0) && close(unit("B"), 1.0));
    }
}
