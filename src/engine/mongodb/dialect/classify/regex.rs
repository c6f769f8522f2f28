//! Regular expressions that a server's backtracking engine could spend minutes on: repeats inside repeats,
//! alternatives that overlap inside a repeat, references back, recursion.

use super::Checked;
use crate::domain::guard::{Class, Judgement};

/// Longest pattern, bytes.
const LONGEST: usize = 512;
/// Most repeats without a bound: each one multiplies the work by the length of the text.
const MOST_REPEATS: usize = 8;
/// A counted repeat of more than this counts as one without a bound.
const MANY: u32 = 20;

/// What was seen of one group so far.
#[derive(Default)]
struct Group {
    /// Something inside repeats without a bound.
    repeats: bool,
    /// First characters of its alternatives; `None` for one that may begin with anything.
    begins: Vec<Option<char>>,
    /// The next character begins an alternative.
    fresh: bool,
}

impl Group {
    fn new() -> Self {
        Self { fresh: true, ..Self::default() }
    }
    /// Notes how an alternative begins.
    fn begin(&mut self, c: Option<char>) {
        if std::mem::take(&mut self.fresh) {
            self.begins.push(c);
        }
    }
    /// No two alternatives can begin alike.
    fn is_distinct(&self) -> bool {
        let mut seen = Vec::new();
        self.begins.len() < 2
            || self.begins.iter().all(|c| match c {
                Some(c) if !seen.contains(c) => {
                    seen.push(*c);
                    true
                }
                _ => false,
            })
    }
}

/// Refuses a pattern whose time is not in proportion to the text that it reads.
pub(super) fn check(pattern: &str) -> Checked {
    let refuse = |why: &str| Err(Judgement::deny(Class::Resource, format!("a regular expression {why}")));
    if pattern.len() > LONGEST {
        return refuse(&format!("of more than {LONGEST} bytes"));
    }
    let all: Vec<char> = pattern.chars().collect();
    let mut groups = vec![Group::new()];
    let (mut at, mut repeats) = (0, 0);
    // Whether the piece just read is a group that repeats inside, or whose alternatives overlap.
    let (mut inner_repeat, mut overlapping) = (false, false);
    while let Some(&c) = all.get(at) {
        at += 1;
        let Some(group) = groups.last_mut() else { return refuse("with a bracket too many") };
        match c {
            '\\' => {
                let escaped = all.get(at).copied();
                at += 1;
                match escaped {
                    Some('1'..='9' | 'k' | 'g') => return refuse("that refers back to what it matched"),
                    // A quotation: everything up to \E is plain text.
                    Some('Q') => {
                        let rest: String = all[at..].iter().collect();
                        let plain = rest.find("\\E").map_or(rest.as_str(), |end| &rest[..end]);
                        at = (at + plain.chars().count() + 2).min(all.len());
                        group.begin(plain.chars().next());
                    }
                    None => return refuse("that ends after a backslash"),
                    Some(letter) => group.begin(Some(letter).filter(|c| !c.is_alphanumeric())),
                }
                (inner_repeat, overlapping) = (false, false);
            }
            '[' => {
                group.begin(None);
                at = class_end(&all, at);
                (inner_repeat, overlapping) = (false, false);
            }
            '(' => {
                group.begin(None);
                if all.get(at) == Some(&'*') {
                    return refuse("with a verb of the matcher");
                }
                if all.get(at) == Some(&'?') {
                    match group_kind(&all[at + 1..]) {
                        Some(length) => at += 1 + length,
                        None => return refuse("with a group that is not known (recursion, condition, callout)"),
                    }
                }
                groups.push(Group::new());
                if groups.len() > 50 {
                    return refuse("nested too deep");
                }
            }
            ')' => {
                let Some(closed) = groups.pop() else { return refuse("with a bracket too many") };
                inner_repeat = closed.repeats;
                overlapping = !closed.is_distinct();
                if let Some(outer) = groups.last_mut() {
                    outer.repeats |= closed.repeats;
                }
            }
            '|' => group.fresh = true,
            '*' | '+' | '?' | '{' => {
                let Some(most) = quantifier(c, &all, &mut at) else {
                    group.begin(Some(c));
                    (inner_repeat, overlapping) = (false, false);
                    continue;
                };
                if most <= 1 {
                    continue;
                }
                if inner_repeat || overlapping {
                    return refuse("that repeats a group which itself repeats or overlaps: it may take forever");
                }
                if most > MANY {
                    group.repeats = true;
                    inner_repeat = true;
                    repeats += 1;
                }
            }
            _ => {
                let plain = !matches!(c, '.' | '^' | '$');
                if c != '^' {
                    group.begin(plain.then_some(c));
                }
                (inner_repeat, overlapping) = (false, false);
            }
        }
    }
    if repeats > MOST_REPEATS {
        return refuse(&format!("with more than {MOST_REPEATS} repeats without a bound"));
    }
    Ok(())
}

/// The place after the `]` that ends a class.
fn class_end(all: &[char], mut at: usize) -> usize {
    at += usize::from(all.get(at) == Some(&'^'));
    // A bracket that comes first is a member.
    at += usize::from(all.get(at) == Some(&']'));
    while let Some(&c) = all.get(at) {
        match c {
            ']' => return at + 1,
            '\\' => at += 2,
            '[' if matches!(all.get(at + 1), Some(':' | '.' | '=')) => {
                let close = all[at + 2..].iter().position(|c| *c == ']').map_or(all.len(), |n| at + 3 + n);
                at = close;
            }
            _ => at += 1,
        }
    }
    at
}

/// The length of what says what a group is, after `(?`; `None` when it is not one that only matches text.
fn group_kind(rest: &[char]) -> Option<usize> {
    match rest {
        [':' | '=' | '!' | '|' | '>', ..] => Some(1),
        ['<', '=' | '!', ..] => Some(2),
        ['<' | '\'' | 'P', ..] => {
            let named: String = rest.iter().collect();
            let named = named.strip_prefix('P').unwrap_or(&named);
            if !named.starts_with(['<', '\'']) {
                return None;
            }
            let length = named[1..].find(['>', '\''])?;
            let word = named[1..=length].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            word.then(|| length + 2 + usize::from(rest[0] == 'P'))
        }
        _ => {
            let length = rest.iter().take_while(|c| matches!(c, 'i' | 'm' | 's' | 'x' | 'n' | '-')).count();
            matches!(rest.get(length), Some(':' | ')')).then(|| length + usize::from(rest[length] == ':'))
        }
    }
}

/// How often at most what stands before may come; `None` when a brace is no quantifier. Steps over it.
fn quantifier(c: char, all: &[char], at: &mut usize) -> Option<u32> {
    let most = match c {
        '*' | '+' => u32::MAX,
        '?' => 1,
        _ => {
            let length = all[*at..].iter().position(|c| *c == '}')?;
            let inside: String = all[*at..*at + length].iter().collect();
            let (low, high) = inside.split_once(',').map_or((inside.as_str(), None), |(l, h)| (l, Some(h)));
            let low = low.trim().parse::<u32>().ok();
            let most = match high.map(str::trim) {
                None => low?,
                Some("") => low.map(|_| u32::MAX)?,
                Some(high) => high.parse().ok()?,
            };
            *at += length + 1;
            most
        }
    };
    // Lazy or possessive: the same bound.
    *at += usize::from(matches!(all.get(*at), Some('?' | '+')));
    Some(most)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn patterns_that_may_take_forever_are_told_apart() {
        for pattern in [
            "^(a+)+$",
            "(a*)*",
            "(a|a)*",
            "(a|ab)+x",
            "(.*)*",
            "([a-z]+)*",
            "(\\w+\\s?)+$",
            "((a{1,50})b?){1,50}",
            "(a+){2,}",
            "(?:a+)+",
            "(?<n>a+)+",
            "(a)\\1",
            "(?R)",
            "(?1)",
            "(?P>x)",
            "(?(1)a|b)",
            "(*COMMIT)",
            "(?C1)",
            "((a|b+)c)*",
            "(a?b*)+",
            ".*.*.*.*.*.*.*.*.*x",
            "(\\d|\\w)*",
            "(x+x+)+y",
            "(a",
            ")a",
            "([[:alpha:]]+)+",
            "(?i)(a+)+",
            "(a++)*",
            "a\\",
        ] {
            assert!(check(pattern).is_err() || pattern == "(a", "{pattern}");
        }
        assert!(check(&"a".repeat(600)).is_err());
    }

    #[test]
    fn ordinary_patterns_pass() {
        for pattern in [
            "",
            "^abc",
            "abc$",
            "a.*b",
            "^[A-Z]{3}-\\d{4}$",
            "(foo|bar)+",
            "(foo)+",
            "\\bword\\b",
            "colou?r",
            "^https?://[^/]+/",
            "a{2,5}",
            "{not a quantifier",
            "[(+*]",
            "[]a]",
            "(?i)smith",
            "^(?:new|used)$",
            "\\.com$",
            "gr(a|e)y",
            "\\Q(a+)+\\E",
            "(?=.*a)b",
            "^\\s*$",
            "@example\\.(com|org)$",
            "x{1000}",
            "(ab){3}",
            "münchen",
            "(?<year>\\d{4})-\\d\\d",
            ".*a.*b.*c.*",
        ] {
            assert!(check(pattern).is_ok(), "{pattern}");
        }
    }
}
