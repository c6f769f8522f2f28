//! Durations and sizes as people write them: `500ms`, `2s`, `5m`, `1h`, `64 kB`, `16 MB`.

use std::time::Duration;

/// Units of time in milliseconds, largest first.
const TIME: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
/// Units of size in bytes, largest first, in binary steps as every server counts them.
const SIZE: [(&str, u64); 4] = [("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10), ("B", 1)];

/// Reads a whole number with its unit of time.
pub fn parse_duration(text: &str) -> Option<Duration> {
    scaled(text, &TIME).map(Duration::from_millis)
}

/// Writes a duration in the largest unit that divides it.
pub fn format_duration(duration: Duration) -> String {
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let (unit, size) = largest(ms, &TIME).unwrap_or(("ms", 1));
    format!("{}{unit}", ms / size)
}

/// Reads a whole number of bytes, with or without a unit.
pub fn parse_bytes(text: &str) -> Option<u64> {
    text.trim().parse().ok().or_else(|| scaled(text, &SIZE))
}

/// Writes a size in the largest unit that divides it.
pub fn format_bytes(bytes: u64) -> String {
    let (unit, size) = largest(bytes, &SIZE).unwrap_or(("B", 1));
    format!("{} {unit}", bytes / size)
}

fn largest(amount: u64, units: &[(&'static str, u64)]) -> Option<(&'static str, u64)> {
    units.iter().copied().find(|(_, size)| amount >= *size && amount.is_multiple_of(*size))
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let unit = text[digits..].trim_start();
    let (_, size) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    text[..digits].parse::<u64>().ok()?.checked_mul(*size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_back() {
        for (text, ms) in [("500ms", 500), ("2s", 2000), ("5m", 300_000), ("1h", 3_600_000), ("7d", 604_800_000)] {
            let read = parse_duration(text);
            assert_eq!(read, Some(Duration::from_millis(ms)), "{text}");
            assert_eq!(format_duration(read.unwrap_or_default()), text);
        }
        assert_eq!(parse_duration(" 90 s "), Some(Duration::from_secs(90)));
        assert_eq!(format_duration(Duration::from_millis(1500)), "1500ms");
    }

    #[test]
    fn sizes_are_read_and_written_back() {
        for (text, bytes) in [("64 kB", 65_536), ("16 MB", 16 << 20), ("3 B", 3), ("1 GB", 1 << 30)] {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
            assert_eq!(format_bytes(bytes), text);
        }
        assert_eq!(parse_bytes("4096"), Some(4096));
        assert_eq!(parse_bytes("16mb"), Some(16 << 20));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "2", "s", "-2s", "2.5s", "2 weeks", "99999999999999999999s", "18446744073709551615h", "２s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        for text in ["", "kB", "-1", "1.5 MB", "4 XB", "18446744073709551615 GB"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }
}
