//! Times of the error log and the slow log: ISO 8601 of new servers, and the two short forms of old ones and of MariaDB.

use crate::domain::log::time::LogClock;
use crate::domain::target::Timestamp;

/// `2026-11-21T20:40:02.123456Z`, `2026-11-21  8:40:02`, `261121  8:40:02`: the moment, and the bytes that it takes.
pub(super) fn read(clock: &mut LogClock, bytes: &[u8]) -> Option<(Timestamp, usize)> {
    if let Some(read) = clock.date_time(bytes) {
        return Some(read);
    }
    let short = bytes.first_chunk::<6>().is_some_and(|date| date.iter().all(u8::is_ascii_digit));
    // Both forms fill the hour with a space, and the shorter one has a year of two digits and no dashes.
    let mut whole = *b"2000-00-00 00:00:00";
    let date_length = if short {
        whole[2..4].copy_from_slice(&bytes[..2]);
        whole[5..7].copy_from_slice(&bytes[2..4]);
        whole[8..10].copy_from_slice(&bytes[4..6]);
        6
    } else {
        whole[..10].copy_from_slice(bytes.get(..10)?);
        10
    };
    let time = bytes.get(date_length..date_length + 9)?.strip_prefix(b" ")?;
    whole[11..].copy_from_slice(time);
    if whole[11] == b' ' {
        whole[11] = b'0';
    }
    clock.date_time(&whole).map(|(at, _)| (at, date_length + 9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::log::LogOptions;

    #[test]
    fn every_form() {
        let mut clock = LogClock::new(&LogOptions { offset_minutes: 60, ..LogOptions::default() });
        let at = Timestamp(1_795_246_802_000); // 2026-11-21 07:40:02 UTC
        for (text, used) in [
            ("2026-11-21T07:40:02.000456Z 0", 27),
            ("2026-11-21T08:40:02.000456+01:00 0", 32),
            ("2026-11-21  8:40:02 0 [Note]", 19),
            ("2026-11-21 08:40:02 0 [Note]", 19),
            ("261121  8:40:02 [Note]", 15),
        ] {
            assert_eq!(read(&mut clock, text.as_bytes()), Some((at, used)), "{text}");
        }
        for text in ["", "InnoDB: x", "261121 x", "2026-11-21", "20:40:02 UTC - x"] {
            assert_eq!(read(&mut clock, text.as_bytes()), None, "{text}");
        }
    }
}
