//! Judges a line: an allow-list of reading commands by name, subcommand and arguments (`reads`, `arguments`), a table
//! of what is known not to be a read (`others`), the server's settings one by one (`settings`). What is in none of them
//! is refused.

mod arguments;
mod others;
mod reads;
mod settings;

pub(in crate::engine::redis) use reads::{READS, Read};
pub(in crate::engine::redis) use settings::{KNOWN, glob, is_secret, size};

use super::forms;
use super::line::{self, BadLine};
use crate::domain::guard::{Author, Class, Judgement};

/// Longest command line that is read, arguments.
const MOST_ARGUMENTS: usize = 256;

/// What is wrong with a command, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    class: Class,
    reason: String,
}

impl Refusal {
    fn new(class: Class, reason: impl Into<String>) -> Self {
        Self { class, reason: reason.into() }
    }
}

/// Judges one line.
pub(super) fn classify(statement: &str, author: Author) -> Judgement {
    let words = match line::split(statement) {
        Ok(words) => words,
        Err(why) => {
            let class = if why == BadLine::Several { Class::Multi } else { Class::Unparsed };
            return Judgement::deny(class, why.words());
        }
    };
    match forms::parse(&words) {
        Some(Ok(_)) => return Judgement::allow(Class::Read, "a bounded read of our own"),
        Some(Err(why)) => return Judgement::deny(Class::Unparsed, why),
        None => {}
    }
    if words.len() > MOST_ARGUMENTS {
        return Judgement::deny(
            Class::Resource,
            format!("more than {MOST_ARGUMENTS} arguments: read in several steps"),
        );
    }
    let Some(name) = upper(&words[0]) else {
        return Judgement::deny(Class::Unparsed, "the first word is no name of a command");
    };
    let subcommand = words.get(1).and_then(|word| upper(word)).unwrap_or_default();
    if let Some((read, rest)) = reads::find(&name, &subcommand, &words) {
        return match read.check(rest) {
            Ok(()) => Judgement::allow(Class::Read, "only reads, within its bounds"),
            Err(refusal) => Judgement::deny(refusal.class, refusal.reason),
        };
    }
    if name == "CONFIG" && subcommand == "SET" {
        return settings::change(&words[2..], author);
    }
    others::judge(&name, &subcommand, &words, author)
}

/// Whether a line's name is on the list of reads, whatever its arguments.
pub(in crate::engine::redis) fn is_read(words: &[Vec<u8>]) -> bool {
    let name = |at: usize| words.get(at).and_then(|word| upper(word)).unwrap_or_default();
    reads::find(&name(0), &name(1), words).is_some()
}

/// Judges the name and value of a `CONFIG SET` that a person asks for.
pub(super) fn change_of_setting(arguments: &[Vec<u8>]) -> Judgement {
    settings::change(arguments, Author::Person)
}

/// Upper case of a word that can be a name of a command: ASCII letters, digits and a few signs.
pub(in crate::engine::redis) fn upper(word: &[u8]) -> Option<String> {
    let fits = !word.is_empty()
        && word.len() <= 40
        && word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    fits.then(|| String::from_utf8_lossy(word).to_ascii_uppercase())
}

#[cfg(test)]
mod tests;
