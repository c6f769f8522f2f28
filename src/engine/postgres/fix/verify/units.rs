//! Values of settings in the setting's own unit, so that `64MB` and `65536` of kB are the same.

/// Whether two values of a setting with this unit (as `pg_settings.unit` has it: `8kB`, `ms`, empty) and type are one.
pub(super) fn same(one: &str, other: &str, unit: &str, kind: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    match kind {
        "bool" => truth(one).is_some() && truth(one) == truth(other),
        "integer" | "real" => match (amount(one, unit), amount(other, unit)) {
            // A unit of the setting is the finest that it keeps.
            (Some(a), Some(b)) => (a - b).abs() <= f64::max(a.abs(), b.abs()) * 1e-6,
            _ => false,
        },
        "enum" => one.eq_ignore_ascii_case(other),
        _ => words(one) == words(other),
    }
}

/// The server takes any beginning of these words that is not ambiguous.
fn truth(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let begins = |word: &str| !text.is_empty() && word.starts_with(&text);
    if text == "1" || begins("true") || begins("yes") || text == "on" {
        Some(true)
    } else if text == "0" || begins("false") || begins("no") || text == "of" || text == "off" {
        Some(false)
    } else {
        None
    }
}

/// A number with or without a unit, in bytes, microseconds, or as it stands.
fn amount(text: &str, unit: &str) -> Option<f64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, own) = text.split_at(split);
    let number: f64 = number.trim().parse().ok()?;
    let own = own.trim();
    let (scale, is_memory) = factor(unit)?;
    if own.is_empty() {
        // -1 and 0 are words: "no limit", "as the other setting".
        return Some(number * scale);
    }
    let (factor, memory) = factor(own)?;
    (memory == is_memory && !unit.is_empty()).then_some(number * factor)
}

/// What a unit stands for, and whether it measures memory.
fn factor(unit: &str) -> Option<(f64, bool)> {
    let digits = unit.find(|c: char| !c.is_ascii_digit()).unwrap_or(unit.len());
    let (times, word) = unit.split_at(digits);
    let times: f64 = if times.is_empty() { 1.0 } else { times.parse().ok()? };
    let (one, memory) = match word {
        "" => (1.0, false),
        "B" => (1.0, true),
        "kB" => (1_024.0, true),
        "MB" => (1_048_576.0, true),
        "GB" => (1_073_741_824.0, true),
        "TB" => (1_099_511_627_776.0, true),
        "us" => (1.0, false),
        "ms" => (1e3, false),
        "s" => (1e6, false),
        "min" => (60e6, false),
        "h" => (3_600e6, false),
        "d" => (86_400e6, false),
        _ => return None,
    };
    Some((times * one, memory))
}

/// A list of names without its quotes and blanks.
fn words(text: &str) -> Vec<String> {
    text.split(',').map(|word| word.trim().trim_matches(['"', '\'']).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn values_are_compared_in_the_settings_unit() {
        for (one, other, unit, kind, expected) in [
            ("64MB", "65536", "kB", "integer", true),
            ("64MB", "65537", "kB", "integer", false),
            ("128MB", "16384", "8kB", "integer", true),
            ("1GB", "1024", "MB", "integer", true),
            ("5min", "300000", "ms", "integer", true),
            ("0.5h", "1800", "s", "integer", true),
            ("-1", "-1", "ms", "integer", true),
            ("0", "-1", "ms", "integer", false),
            ("0.02", "0.020", "", "real", true),
            ("100", "100", "", "integer", true),
            ("5min", "300000", "kB", "integer", false),
            ("5x", "5", "ms", "integer", false),
            ("on", "true", "", "bool", true),
            ("off", "f", "", "bool", true),
            ("on", "off", "", "bool", false),
            ("maybe", "maybe", "", "bool", false),
            ("Replica", "replica", "", "enum", true),
            ("app, public", "\"app\",public", "", "string", true),
            ("a", "A", "", "string", false),
        ] {
            assert_eq!(same(one, other, unit, kind), expected, "{one} / {other} in {unit} ({kind})");
            assert_eq!(same(other, one, unit, kind), expected, "{other} / {one} in {unit} ({kind})");
        }
    }
}
