//! `log_line_prefix`: what stands before the severity word of each line, as a pattern that takes lines apart.

use super::words::{self, Marked};
use crate::domain::log::time;
use memchr::{memchr, memmem};

/// What an escape of the setting stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Escape {
    /// `%t`, `%m`: the time. Both are read alike, with or without milliseconds.
    Time,
    /// `%n`: the time as seconds since 1970.
    Epoch,
    /// `%s`: when the process began.
    Started,
    /// `%p`
    Process,
    /// `%P`: the leader of a group of parallel workers.
    Leader,
    /// `%l`: the number of the line in the session.
    Line,
    /// `%c`: the session.
    Session,
    /// `%u`
    User,
    /// `%d`
    Database,
    /// `%a`
    Application,
    /// `%h`: the client's host.
    Host,
    /// `%r`: the client's host with its port.
    HostAndPort,
    /// `%L`: the server's own address.
    ServerAddress,
    /// `%b`: the kind of process.
    Backend,
    /// `%i`: the kind of command.
    Command,
    /// `%e`: the SQLSTATE.
    Code,
    /// `%v`
    VirtualTransaction,
    /// `%x`
    Transaction,
    /// `%Q`
    QueryId,
    /// Something that nobody can name, in a prefix that was worked out from the lines.
    Unknown,
}

/// How many there are.
const ESCAPES: usize = Escape::Unknown as usize + 1;

impl Escape {
    fn of(letter: u8) -> Option<Self> {
        Some(match letter {
            b't' | b'm' => Self::Time,
            b'n' => Self::Epoch,
            b's' => Self::Started,
            b'p' => Self::Process,
            b'P' => Self::Leader,
            b'l' => Self::Line,
            b'c' => Self::Session,
            b'u' => Self::User,
            b'd' => Self::Database,
            b'a' => Self::Application,
            b'h' => Self::Host,
            b'r' => Self::HostAndPort,
            b'L' => Self::ServerAddress,
            b'b' => Self::Backend,
            b'i' => Self::Command,
            b'e' => Self::Code,
            b'v' => Self::VirtualTransaction,
            b'x' => Self::Transaction,
            b'Q' => Self::QueryId,
            _ => return None,
        })
    }

    /// Bytes of a value that this text begins with, for escapes whose values have a shape of their own.
    fn shape(self, text: &[u8]) -> Shape {
        let digits = || text.iter().take_while(|b| b.is_ascii_digit()).count();
        let fits = match self {
            Self::Time | Self::Started => {
                time::date_time_length(text).map(|length| length + time::zone_length(&text[length..]))
            }
            Self::Epoch => {
                Some(text.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count()).filter(|n| *n > 9)
            }
            Self::Process | Self::Line | Self::Transaction => Some(digits()).filter(|n| *n > 0),
            // Only some processes have one.
            Self::Leader => Some(digits()),
            Self::QueryId => Some(text.iter().take_while(|b| b.is_ascii_digit() || **b == b'-').count()),
            Self::VirtualTransaction => Some(text.iter().take_while(|b| b.is_ascii_digit() || **b == b'/').count()),
            Self::Session => {
                let length = text.iter().take_while(|b| b.is_ascii_hexdigit() || **b == b'.').count();
                Some(length).filter(|n| text[..*n].contains(&b'.'))
            }
            Self::Code => {
                let length = text.iter().take_while(|b| b.is_ascii_digit() || b.is_ascii_uppercase()).count();
                Some(length).filter(|n| *n == 5)
            }
            _ => return Shape::Any,
        };
        fits.map_or(Shape::Wrong, Shape::Fits)
    }
}

/// What an escape's value looks like at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// It can hold anything.
    Any,
    /// These many bytes are a value.
    Fits(usize),
    /// The text does not begin with one.
    Wrong,
}

/// A part of a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// Text that stands there as it is.
    Literal(Vec<u8>),
    /// A value, filled with spaces to a width: on the right when it is negative.
    Field(Escape, isize),
}

/// A prefix that lines can be held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prefix {
    pub parts: Vec<Part>,
    /// Processes without a session end their prefix before this part (`%q`).
    pub session_from: Option<usize>,
}

/// Where in a line the values of its prefix stand.
#[derive(Debug, Clone)]
pub(super) struct Found {
    places: [Option<(usize, usize)>; ESCAPES],
}

impl Default for Found {
    fn default() -> Self {
        Self { places: [None; ESCAPES] }
    }
}

impl Found {
    /// A value, as it stands in its line.
    pub(super) fn value<'l>(&self, escape: Escape, line: &'l [u8]) -> Option<&'l [u8]> {
        self.places[escape as usize].map(|(from, to)| &line[from..to])
    }
}

/// Where the words of a line begin, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    /// Where the severity or the other word begins.
    pub word_at: usize,
    /// The word.
    pub marked: Marked,
}

/// Attempts to place the values of a line; a line that needs more is no line of this prefix.
const MOST_ATTEMPTS: u32 = 2000;

impl Prefix {
    /// Reads the setting. Escapes that the server does not know print nothing, and so they stand for nothing here.
    pub(super) fn compile(setting: &str) -> Self {
        let (mut parts, mut literal, mut session_from) = (Vec::new(), Vec::new(), None);
        let end_literal = |parts: &mut Vec<Part>, literal: &mut Vec<u8>| {
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(literal)));
            }
        };
        let mut bytes = setting.bytes().peekable();
        while let Some(byte) = bytes.next() {
            if byte != b'%' {
                literal.push(byte);
                continue;
            }
            let mut width = String::new();
            while let Some(digit) = bytes.next_if(|b| b.is_ascii_digit() || (*b == b'-' && width.is_empty())) {
                width.push(char::from(digit));
            }
            match bytes.next() {
                Some(b'%') => literal.push(b'%'),
                Some(b'q') => {
                    end_literal(&mut parts, &mut literal);
                    session_from = session_from.or(Some(parts.len()));
                }
                Some(letter) => {
                    if let Some(escape) = Escape::of(letter) {
                        end_literal(&mut parts, &mut literal);
                        parts.push(Part::Field(escape, width.parse().unwrap_or(0)));
                    }
                }
                None => break,
            }
        }
        end_literal(&mut parts, &mut literal);
        Self { parts, session_from }
    }

    /// Finds the values and the word behind the prefix.
    pub(super) fn split(&self, line: &[u8], found: &mut Found) -> Option<Split> {
        // No value holds the colon and the two spaces behind a word: then it is the word of the line.
        let reach = memmem::find(line, b":  ").unwrap_or(line.len());
        let mut attempt = Attempt { line, reach, found, left: MOST_ATTEMPTS };
        self.split_from(0, 0, &mut attempt)
    }

    /// The line begins with a tab of the prefix, not with that of a continued line.
    pub(super) fn begins_with_tab(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Literal(text)) if text.first() == Some(&b'\t'))
    }

    fn split_from(&self, part: usize, at: usize, attempt: &mut Attempt<'_>) -> Option<Split> {
        attempt.left = attempt.left.checked_sub(1)?;
        let line = attempt.line;
        // Before everything behind `%q`: a value may hold what looks like a word, and then the first one counts.
        if self.session_from == Some(part)
            && part < self.parts.len()
            && let Some(split) = word_behind(line, at)
        {
            for part in &self.parts[part..] {
                if let Part::Field(escape, _) = part {
                    attempt.found.places[*escape as usize] = None;
                }
            }
            return Some(split);
        }
        let Some(next) = self.parts.get(part) else { return word_behind(line, at) };
        let rest = line.get(at..)?;
        match next {
            Part::Literal(text) => {
                if rest.starts_with(text) {
                    return self.split_from(part + 1, at + text.len(), attempt);
                }
                // Whoever copied the line or the setting may have lost the spaces at its end.
                let last = part + 1 == self.parts.len() && text.trim_ascii_end().len() < text.len();
                let shorter = text.trim_ascii_end();
                (last && rest.starts_with(shorter)).then(|| word_behind(line, at + shorter.len())).flatten()
            }
            Part::Field(escape, width) => self.split_field(part, *escape, *width, at, attempt),
        }
    }

    fn split_field(
        &self,
        part: usize,
        escape: Escape,
        width: isize,
        at: usize,
        attempt: &mut Attempt<'_>,
    ) -> Option<Split> {
        let line = attempt.line;
        let spaces = |from: usize, most: usize| line[from..].iter().take(most).take_while(|b| **b == b' ').count();
        let (before, fill) = if width > 0 { (width.unsigned_abs(), 0) } else { (0, width.unsigned_abs()) };
        let begin = at + spaces(at, before);
        let shape = escape.shape(&line[begin..]);
        if shape == Shape::Wrong {
            return None;
        }
        if let Shape::Fits(length) = shape {
            let end = begin + length;
            let filled = spaces(end, fill.saturating_sub(end - begin));
            return self.try_value(part, escape, (begin, end), end + filled, attempt);
        }
        // Hosts have no spaces.
        let no_spaces = matches!(escape, Escape::Host | Escape::HostAndPort | Escape::ServerAddress);
        let reach = attempt.reach.max(begin);
        let reach = if no_spaces { memchr(b' ', &line[begin..reach]).map_or(reach, |n| begin + n) } else { reach };
        let mut end = (begin + fill).min(line.len());
        loop {
            // A value ends where what follows it may stand: every place, when nothing does or another value.
            if let Some(Part::Literal(text)) = self.parts.get(part + 1) {
                end += memchr(text[0], &line[end..])?;
            }
            if end > reach {
                return None;
            }
            let value = begin + line[begin..end].trim_ascii_end().len();
            if let Some(split) = self.try_value(part, escape, (begin, value), end, attempt) {
                return Some(split);
            }
            end += 1;
            if end > line.len() {
                return None;
            }
        }
    }

    /// Takes a value for granted and goes on behind it.
    fn try_value(
        &self,
        part: usize,
        escape: Escape,
        value: (usize, usize),
        end: usize,
        attempt: &mut Attempt<'_>,
    ) -> Option<Split> {
        let before = attempt.found.places[escape as usize].replace(value);
        let split = self.split_from(part + 1, end, attempt);
        if split.is_none() {
            attempt.found.places[escape as usize] = before;
        }
        split
    }
}

/// A line that is being held against a prefix.
struct Attempt<'l> {
    line: &'l [u8],
    /// No value ends behind this place.
    reach: usize,
    found: &'l mut Found,
    /// Attempts that are left.
    left: u32,
}

/// The word at this place, whatever spaces stand before it.
fn word_behind(line: &[u8], at: usize) -> Option<Split> {
    let rest = line.get(at..)?;
    let spaces = rest.iter().take_while(|b| **b == b' ').count();
    words::at(&rest[spaces..]).map(|marked| Split { word_at: at + spaces, marked })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn values(setting: &str, line: &str) -> Option<Vec<String>> {
        let mut found = Found::default();
        let prefix = Prefix::compile(setting);
        let split = prefix.split(line.as_bytes(), &mut found)?;
        let value = |e: Escape| found.value(e, line.as_bytes()).map(|v| String::from_utf8_lossy(v).into_owned());
        let fields = prefix.parts.iter().filter_map(|p| if let Part::Field(e, _) = p { value(*e) } else { None });
        Some(fields.chain([line[split.word_at + split.marked.text..].to_owned()]).collect())
    }

    #[track_caller]
    fn check(setting: &str, line: &str, expected: &[&str]) {
        let expected: Vec<String> = expected.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(values(setting, line), Some(expected), "{setting} | {line}");
    }

    #[test]
    fn prefixes_that_services_and_packages_use() {
        let time = "2026-11-21 20:40:02.059 UTC";
        check("%m [%p] ", &format!("{time} [7] LOG:  x"), &[time, "7", "x"]);
        check("%m [%p] %q%u@%d ", &format!("{time} [7] LOG:  x"), &[time, "7", "x"]);
        check("%m [%p] %q%u@%d ", &format!("{time} [7] a@b ERROR:  x"), &[time, "7", "a", "b", "x"]);
        check(
            "%t:%r:%u@%d:[%p]:",
            "2026-11-21 20:40:02 UTC:10.0.0.1(5432):u@d:[7]:ERROR:  x",
            &["2026-11-21 20:40:02 UTC", "10.0.0.1(5432)", "u", "d", "7", "x"],
        );
        check(
            "%t:%r:%u@%d:[%p]:",
            "2026-11-21 20:40:02 UTC::@:[7]:LOG:  x",
            &["2026-11-21 20:40:02 UTC", "", "", "", "7", "x"],
        );
        check(
            "%t-%c-",
            "2026-11-21 20:40:02 UTC-6b0201a2.61e7-LOG:  x",
            &["2026-11-21 20:40:02 UTC", "6b0201a2.61e7", "x"],
        );
        check(
            "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
            "2026-11-21 20:40:02 CET [7]: [3-1] user=u,db=d,app=my app, v2,client=::1 FATAL:  x",
            &["2026-11-21 20:40:02 CET", "7", "3", "u", "d", "my app, v2", "::1", "x"],
        );
        check("< %m > ", &format!("< {time} > HINT:  x"), &[time, "x"]);
        check("", "DETAIL:  x", &["x"]);
    }

    #[test]
    fn padding_and_percent() {
        check("%5p|%-8u|%%", "    7|ab      |%LOG:  x", &["7", "ab", "x"]);
        check("%-5p %u ", "7     abc LOG:  x", &["7", "abc", "x"]);
        check("%-3d%-3u", "ab longuserLOG:  x", &["ab", "longuser", "x"]);
    }

    #[test]
    fn values_with_the_separator_in_them() {
        check("%d,%u,%e ", "a,b,c,42P01 ERROR:  x", &["a", "b,c", "42P01", "x"]);
        check("%a %p ", "DBeaver 7 - Main 12 LOG:  duration: 1 ms", &["DBeaver 7 - Main", "12", "duration: 1 ms"]);
        check("%a ", "x LOG:  statement: y ERROR:  z", &["x", "statement: y ERROR:  z"]);
    }

    #[test]
    fn other_lines_do_not_fit() {
        for line in ["", "\tSELECT 1", "2026-11-21 20:40:02.059 UTC [7] something", "[7] LOG:  x"] {
            assert_eq!(values("%m [%p] ", line), None, "{line}");
        }
        assert_eq!(values("%u%d%a%h", &"a".repeat(5000)), None, "and ends in time");
    }
}
