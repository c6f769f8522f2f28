//! Lines of a syslog daemon, of RFC 3164 and RFC 5424 and in the forms that daemons write into files, and what
//! `journalctl` prints in its short outputs, which look alike.

use super::Opened;
use crate::domain::log::time::{LogClock, number};
use crate::domain::target::Timestamp;
use memchr::memchr;
use std::borrow::Cow;

/// Takes a line apart. None when it is no line of a syslog daemon.
pub(super) fn open<'l>(line: &'l [u8], clock: &mut LogClock) -> Option<Opened<'l>> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    if let Some(rest) = after_priority(line) {
        if let Some(rest) = rest.strip_prefix(b"1 ") {
            return open_5424(rest, clock);
        }
        return open_3164(rest, clock);
    }
    open_3164(line, clock)
}

/// Behind `<134>`.
fn after_priority(line: &[u8]) -> Option<&[u8]> {
    let end = line.iter().take(5).position(|b| *b == b'>')?;
    number(line.strip_prefix(b"<")?.get(..end - 1)?)?;
    line.get(end + 1..)
}

/// `TIME HOST NAME[PID]: TEXT`.
fn open_3164<'l>(line: &'l [u8], clock: &mut LogClock) -> Option<Opened<'l>> {
    let (at, rest, sure) = time(line, clock)?;
    let rest = rest.strip_prefix(b" ")?;
    let (host, rest) = word(rest)?;
    let (tag, rest) = rest.split_at(memchr(b' ', rest).unwrap_or(rest.len()));
    let tag = tag.strip_suffix(b":")?;
    let pid = tag.strip_suffix(b"]").and_then(|t| t.rsplit(|b| *b == b'[').next()).and_then(number);
    let host_fits = host.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(b));
    if tag.is_empty() || !host_fits || !(sure || pid.is_some()) {
        return None;
    }
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    Some(Opened { text: unescaped(after_message_id(rest)), at: Some(at), pid: positive(pid), goes_on: false })
}

/// `TIME HOST NAME PID MESSAGE-ID STRUCTURED-DATA TEXT`, behind the priority and the version.
fn open_5424<'l>(line: &'l [u8], clock: &mut LogClock) -> Option<Opened<'l>> {
    let (stamp, rest) = word(line)?;
    let at = clock.date_time(stamp).map(|(at, _)| at);
    let (_host, rest) = word(rest)?;
    let (_name, rest) = word(rest)?;
    let (pid, rest) = word(rest)?;
    let (_message, rest) = word(rest)?;
    let text = after_structured_data(rest)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    Some(Opened { text: unescaped(text), at, pid: positive(number(pid)), goes_on: false })
}

/// `Nov 21 20:40:02`, `2026-11-21T20:40:02.059+01:00`, `Sat 2026-11-21 20:40:02 UTC`, `1795293602.059`; and whether
/// only a syslog daemon writes it so. A server's own file may well begin its lines with `2026-11-21 20:40:02 UTC`.
fn time<'l>(line: &'l [u8], clock: &mut LogClock) -> Option<(Timestamp, &'l [u8], bool)> {
    let weekday = line.first_chunk::<5>().is_some_and(|c| c[..3].is_ascii() && c[3] == b' ' && c[4].is_ascii_digit());
    let without_weekday = if weekday { &line[4..] } else { line };
    if (weekday || line.get(10) == Some(&b'T'))
        && let Some((at, used)) = clock.date_time(without_weekday)
    {
        return Some((at, &without_weekday[used..], true));
    }
    if line.first()?.is_ascii_digit() {
        return LogClock::epoch(line).filter(|(_, used)| *used >= 12).map(|(at, used)| (at, &line[used..], false));
    }
    // RFC 3164 has no zone and no year.
    let (at, used) = clock.named_month(line)?;
    Some((at, &line[used..], true))
}

/// Some daemons put `[ID 748625 local0.info]` before the text.
fn after_message_id(text: &[u8]) -> &[u8] {
    let end = text.starts_with(b"[ID ").then(|| memchr(b']', text)).flatten();
    end.and_then(|end| text.get(end + 2..)).unwrap_or(text)
}

/// Behind `-` or `[name key="value"]...` and a space.
fn after_structured_data(bytes: &[u8]) -> Option<&[u8]> {
    let (mut at, mut quoted) = (0, false);
    if bytes.first() == Some(&b'-') {
        at = 1;
    } else {
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\\' if quoted => at += 1,
                b'"' => quoted = !quoted,
                b' ' if !quoted && at > 0 && bytes[at - 1] == b']' => break,
                _ => {}
            }
            at += 1;
        }
    }
    let rest = bytes.get(at..)?;
    Some(rest.strip_prefix(b" ").unwrap_or(rest))
}

fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr(b' ', bytes).filter(|end| *end > 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

fn positive(pid: Option<i64>) -> Option<u64> {
    pid.and_then(|pid| u64::try_from(pid).ok())
}

/// Daemons write control characters as `#` and three octal digits: `#011` is a tab.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = memchr(b'#', rest) {
        let control = rest.get(at + 1..at + 4).and_then(control_character);
        let Some(control) = control else {
            if out.is_empty() && !has_control(&rest[at + 1..]) {
                break;
            }
            out.extend_from_slice(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        };
        out.extend_from_slice(&rest[..at]);
        out.push(control);
        rest = &rest[at + 4..];
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

fn has_control(text: &[u8]) -> bool {
    text.windows(4).any(|w| w[0] == b'#' && control_character(&w[1..]).is_some())
}

fn control_character(octal: &[u8]) -> Option<u8> {
    let digits: &[u8; 3] = octal.first_chunk()?;
    let all_octal = digits.iter().all(|d| matches!(d, b'0'..=b'7'));
    let code = digits.iter().fold(0_u32, |n, d| n * 8 + u32::from(d.wrapping_sub(b'0')));
    u8::try_from(code).ok().filter(|code| all_octal && (*code < 32 || *code == 127))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::log::LogOptions;

    fn opened(line: &str) -> Option<(String, Option<i64>, Option<u64>)> {
        let mut clock = LogClock::new(&LogOptions { now: Timestamp(1_795_293_700_000), ..LogOptions::default() });
        let opened = open(line.as_bytes(), &mut clock)?;
        Some((String::from_utf8_lossy(&opened.text).into_owned(), opened.at.map(|t| t.0), opened.pid))
    }

    #[test]
    fn every_form_of_the_head() {
        let at = 1_795_293_602_000;
        for (line, pid) in [
            ("Nov 21 20:40:02 db1 postgres[7]: text", Some(7)),
            ("<13>Nov 21 20:40:02 db1 postgres[7]: text", Some(7)),
            ("2026-11-21T20:40:02.000000+00:00 db1 postgres[7]: text", Some(7)),
            ("2026-11-21T21:40:02+0100 db1 postgres[7]: text", Some(7)),
            ("Sat 2026-11-21 20:40:02 UTC db1 postgres[7]: text", Some(7)),
            ("1795293602.000000 db1 postgres[7]: text", Some(7)),
            ("Nov 21 20:40:02 db1 mysqld: [ID 1 local0.info] text", None),
            ("<134>1 2026-11-21T20:40:02Z db1 mongod 7 - - text", Some(7)),
            ("<134>1 2026-11-21T20:40:02Z db1 mongod - ID [a@1 b=\"\\\"] \"][c] \u{feff}text", None),
        ] {
            assert_eq!(opened(line), Some(("text".to_owned(), Some(at), pid)), "{line}");
        }
    }

    #[test]
    fn other_lines_are_none() {
        for line in ["", "text", "2026-11-21 20:40:02 UTC [7] LOG:  x", "Nov 21 20:40:02 db1", "<1", "<134>1 x"] {
            assert_eq!(opened(line), None, "{line}");
        }
    }
}
