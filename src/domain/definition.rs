//! How objects of a server are defined, and how they were: fingerprints that are cheap to compare, definitions as
//! statements, and the versions of one over time.

use super::target::Timestamp;
use super::text::redact;
use serde::{Deserialize, Serialize};

/// The largest definition that is kept, bytes of its statements together.
pub const MOST_BYTES: usize = 256 << 10;

/// An object and what tells its present definition from any other, without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    /// Its schema or database; empty where the engine has none.
    pub space: String,
    /// Its name, as the catalogue has it.
    pub name: String,
    /// Equal for equal definitions of the same object. Says nothing else.
    pub print: String,
}

/// Every object of a database, as far as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fingerprints {
    /// The objects.
    pub all: Vec<Fingerprint>,
    /// There are more: that an object is not among these does not mean that it is gone.
    pub cut: bool,
}

/// How an object is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Which object, and the fingerprint at which its definition was read.
    pub object: Fingerprint,
    /// The object that it is a part of and goes with, as a partition does with its table: space and name.
    pub part_of: Option<(String, String)>,
    /// The statements that make it as it is, in order. Each is one statement.
    pub statements: Vec<String>,
    /// What the statements do not bring back, a sentence each.
    pub missing: Vec<String>,
}

impl Definition {
    /// The same as it may be kept: without its statements when they seem to hold a secret or are too large, which is
    /// then said among what is missing.
    #[must_use]
    pub fn fit_to_keep(mut self) -> Self {
        let bytes: usize = self.statements.iter().map(String::len).sum();
        let why = if self.statements.iter().any(|statement| redact(statement) != *statement) {
            "its definition seems to hold a secret, so it is not kept"
        } else if bytes > MOST_BYTES {
            "its definition is too large to be kept"
        } else {
            return self;
        };
        self.statements.clear();
        self.missing = vec![why.to_owned()];
        self
    }
}

/// One version of an object's definition, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The object's schema or database; empty where the engine has none.
    pub space: String,
    /// The object's name.
    pub name: String,
    /// When it was first seen like this.
    pub first_seen: Timestamp,
    /// When it was last seen like this.
    pub last_seen: Timestamp,
    /// What became of it.
    pub end: VersionEnd,
    /// The statements that make it, in order; those of its parts follow where it went with them.
    pub statements: Vec<String>,
    /// What they do not bring back, a sentence each.
    pub missing: Vec<String>,
}

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionEnd {
    /// It is how the object was when the server was last looked at.
    Now,
    /// The object was changed.
    Changed,
    /// The object was gone.
    Gone,
}

/// Bytes of an object's name in a message, at most: no engine has longer ones. A longer one names nothing.
const LONGEST_NAME: usize = 512;
/// Readings of one name, at most: `database.schema.name` has three, and each costs a search.
const MOST_READINGS: usize = 4;

/// The ways in which an object's name in a message can be meant, the likeliest first: a space, where it names one, and
/// a name. Quotes around parts are taken off; a dot within a name is taken for one too. None for a text that is too
/// long to be a name; the readings of a name of very many dots are those of its last ones and the whole.
pub fn readings(object: &str) -> Vec<(Option<String>, String)> {
    let object = object.trim();
    if object.len() > LONGEST_NAME {
        return Vec::new();
    }
    let bare = |text: &str| {
        let text = text.trim();
        let inner = ['"', '`', '\''].into_iter().find_map(|quote| {
            text.strip_prefix(quote)?
                .strip_suffix(quote)
                .map(|t| t.replace(&quote.to_string().repeat(2), &quote.to_string()))
        });
        inner.or_else(|| Some(text.strip_prefix('[')?.strip_suffix(']')?.to_owned())).unwrap_or_else(|| text.to_owned())
    };
    let mut found = Vec::new();
    // The last dot divides most often.
    for (at, _) in object.rmatch_indices('.') {
        if found.len() + 1 == MOST_READINGS {
            break;
        }
        let (space, name) = (bare(&object[..at]), bare(&object[at + 1..]));
        if !space.is_empty() && !name.is_empty() {
            // `database.schema.name`: the nearest part is the space that counts.
            let space = space.rsplit('.').next().map_or(space.clone(), bare);
            found.push((Some(space), name));
        }
    }
    if !object.is_empty() {
        found.push((None, bare(object)));
    }
    found
}

/// A line of the difference between two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffLine {
    /// In both.
    Same(String),
    /// In the first alone.
    Removed(String),
    /// In the second alone.
    Added(String),
}

/// Lines of a definition beyond which two are not compared line by line.
const MOST_LINES: usize = 1_500;

/// The difference between two lists of lines, by their longest common subsequence. Very long ones are taken as
/// replaced as a whole between their common beginning and end.
pub fn diff(old: &[&str], new: &[&str]) -> Vec<DiffLine> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let own = |line: &&str| (*line).to_owned();
    let mut lines: Vec<DiffLine> = old[..head].iter().map(|line| DiffLine::Same(own(line))).collect();
    if a.len().max(b.len()) > MOST_LINES {
        lines.extend(a.iter().map(|line| DiffLine::Removed(own(line))));
        lines.extend(b.iter().map(|line| DiffLine::Added(own(line))));
    } else {
        // common[i][j]: lines that a[i..] and b[j..] have in common, at most.
        let mut common = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
        for i in (0..a.len()).rev() {
            for j in (0..b.len()).rev() {
                common[i][j] =
                    if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < a.len() || j < b.len() {
            if i < a.len() && j < b.len() && a[i] == b[j] {
                lines.push(DiffLine::Same(own(&a[i])));
                (i, j) = (i + 1, j + 1);
            } else if j == b.len() || (i < a.len() && common[i + 1][j] >= common[i][j + 1]) {
                lines.push(DiffLine::Removed(own(&a[i])));
                i += 1;
            } else {
                lines.push(DiffLine::Added(own(&b[j])));
                j += 1;
            }
        }
    }
    lines.extend(old[old.len() - tail..].iter().map(|line| DiffLine::Same(own(line))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(statement: &str) -> Definition {
        let object = Fingerprint { space: "app".into(), name: "t".into(), print: "1".into() };
        Definition { object, part_of: None, statements: vec![statement.to_owned()], missing: Vec::new() }
    }

    #[test]
    fn a_definition_with_a_secret_is_not_kept_and_says_so() {
        let kept = definition("CREATE TABLE t (password text NOT NULL, token text)").fit_to_keep();
        assert_eq!(kept.statements.len(), 1);
        for statement in [
            "CREATE TABLE t (id int) CONNECTION='mysql://u:hunter2@h/db'",
            "CREATE VIEW v AS SELECT dblink('host=h password=hunter2')",
        ] {
            let refused = definition(statement).fit_to_keep();
            assert!(refused.statements.is_empty() && refused.missing[0].contains("secret"), "{statement}");
        }
        let large = definition(&"x".repeat(MOST_BYTES + 1)).fit_to_keep();
        assert!(large.statements.is_empty() && large.missing[0].contains("large"));
    }

    #[test]
    fn names_in_messages_are_read_with_and_without_their_space() {
        let read =
            |object: &str| readings(object).into_iter().map(|(s, n)| (s.unwrap_or_default(), n)).collect::<Vec<_>>();
        let pair = |s: &str, n: &str| (s.to_owned(), n.to_owned());
        assert_eq!(read("orders"), [pair("", "orders")]);
        assert_eq!(read("app.orders"), [pair("app", "orders"), pair("", "app.orders")]);
        assert_eq!(read("\"Shop\".\"Order Lines\"")[0], pair("Shop", "Order Lines"));
        assert_eq!(read("db.app.orders")[0], pair("app", "orders"));
        assert!(read("  ").is_empty());
    }

    #[test]
    fn a_name_of_any_length_has_few_readings() {
        let dotted = vec!["a"; 200].join(".");
        let found = readings(&dotted);
        assert_eq!(found.len(), MOST_READINGS);
        assert_eq!(found[0], (Some("a".to_owned()), "a".to_owned()));
        assert_eq!(found[3], (None, dotted));
        assert!(readings(&"a.".repeat(LONGEST_NAME)).is_empty());
        assert_eq!(readings(&"n".repeat(LONGEST_NAME)).len(), 1);
    }

    #[test]
    fn differences_are_found_line_by_line() {
        use DiffLine::{Added, Removed, Same};
        let lines = |s: &'static str| s.split(' ').collect::<Vec<_>>();
        let found = diff(&lines("a b c d"), &lines("a x c d e"));
        let own = |s: &str| s.to_owned();
        assert_eq!(
            found,
            [Same(own("a")), Removed(own("b")), Added(own("x")), Same(own("c")), Same(own("d")), Added(own("e"))]
        );
        assert_eq!(diff(&[], &["a"]), [Added(own("a"))]);
        assert_eq!(diff(&["a"], &["a"]), [Same(own("a"))]);
    }

    #[test]
    fn both_sides_of_a_difference_are_whole() {
        let (old, new) = (["p", "q", "r", "q"], ["q", "p", "q", "s"]);
        let found = diff(&old, &new);
        let side = |keep: fn(&DiffLine) -> Option<&String>| found.iter().filter_map(keep).cloned().collect::<Vec<_>>();
        assert_eq!(
            side(|l| match l {
                DiffLine::Same(t) | DiffLine::Removed(t) => Some(t),
                DiffLine::Added(_) => None,
            }),
            old
        );
        assert_eq!(
            side(|l| match l {
                DiffLine::Same(t) | DiffLine::Added(t) => Some(t),
                DiffLine::Removed(_) => None,
            }),
            new
        );
    }
}
