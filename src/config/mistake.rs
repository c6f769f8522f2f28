//! Mistakes in a configuration: where, what, and what to do about it. Never repeats a secret.

use std::fmt;

/// A place in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as a person knows it: `config.toml`, `conf.d/team.toml`, or the path given to `--config`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The place of a byte offset in a file's text.
    pub fn of_offset(file: &str, text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One mistake, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Where; none for what was not written in a file.
    pub place: Option<Place>,
    /// The sentence.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Why there is no configuration to work with: every mistake that was found, in the order of the files. Exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.0.iter().enumerate() {
            write!(f, "{}{mistake}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// The candidate that a person most likely meant: at most a third of the letters differ, or one begins the other.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('-', "_");
    let judged = candidates.into_iter().filter_map(|candidate| {
        let other = candidate.to_lowercase().replace('-', "_");
        let distance = strsim::damerau_levenshtein(&word, &other);
        let shorter = word.chars().count().min(other.chars().count());
        let begins = shorter >= 3 && (word.starts_with(&other) || other.starts_with(&word));
        let allowed = (word.chars().count().max(other.chars().count()) / 3).max(1);
        (distance <= allowed || begins).then_some((distance, candidate))
    });
    judged.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// `; did you mean `x`?`, or nothing.
pub(super) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |n| format!("; did you mean `{n}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_not_bytes() {
        let text = "a = 1\nbé = 2\n";
        assert_eq!(Place::of_offset("c.toml", text, 0).to_string(), "c.toml:1:1");
        assert_eq!(Place::of_offset("c.toml", text, text.find('=').map_or(0, |_| 10)).to_string(), "c.toml:2:4");
        assert_eq!(Place::of_offset("c.toml", text, 999).to_string(), "c.toml:3:1");
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["theme", "color", "symbols", "max_fps"];
        assert_eq!(nearest("thme", names), Some("theme"));
        assert_eq!(nearest("colour", names), Some("color"));
        assert_eq!(nearest("max-fps", names), Some("max_fps"));
        assert_eq!(nearest("max", names), Some("max_fps"));
        assert_eq!(nearest("banana", names), None);
    }
}
