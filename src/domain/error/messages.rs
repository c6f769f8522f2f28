//! Recognises a server's message by what the server always prints of it.
//!
//! A skeleton is a message with `*` where the server puts something in: `relation "*" does not exist`. The longest
//! piece of each is looked for in one pass over the text; of the skeletons that fit from its first to its last
//! character, the one with the most fixed characters wins.

use aho_corasick::AhoCorasick;
use std::ops::Range;

/// A skeleton needs this many fixed letters to tell anything.
const FEWEST_LETTERS: usize = 4;

/// One message of a server.
#[derive(Debug)]
pub struct Skeleton {
    /// The code that comes with it.
    pub code: &'static str,
    /// The fixed pieces; between each two stands what the server put in. The first is empty when it begins with that.
    pieces: Vec<String>,
    /// Characters of all pieces.
    fixed: usize,
}

/// A message that was recognised.
#[derive(Debug, PartialEq, Eq)]
pub struct Recognised<'t> {
    /// The code.
    pub code: &'static str,
    /// Characters that the message shares with its skeleton.
    pub fixed: usize,
    /// What the server put in, from left to right.
    pub inserted: Vec<&'t str>,
    /// The fixed piece before each of them.
    pub before: Vec<String>,
}

/// Skeletons, ready to be looked for.
#[derive(Debug)]
pub struct Messages {
    skeletons: Vec<Skeleton>,
    longest_pieces: Option<AhoCorasick>,
}

impl Messages {
    /// Reads lines of `code<TAB>skeleton`; lines that begin with `#` are comments.
    pub fn new(tables: &[&'static str]) -> Self {
        let lines = tables.iter().flat_map(|table| table.lines()).filter(|line| !line.starts_with('#'));
        let skeletons: Vec<Skeleton> =
            lines.filter_map(|line| line.split_once('\t')).filter_map(|(code, text)| parse(code, text)).collect();
        let longest = skeletons.iter().map(|s| s.pieces.iter().max_by_key(|p| p.len()).map_or("", String::as_str));
        let longest_pieces = AhoCorasick::new(longest).ok();
        Self { skeletons, longest_pieces }
    }

    /// The message that is all of the text.
    pub fn recognise<'t>(&self, text: &'t str) -> Option<Recognised<'t>> {
        self.best(text, |skeleton| fit(&skeleton.pieces, text, true))
    }

    /// The message that stands somewhere in the text, with anything before and behind it.
    pub fn recognise_within<'t>(&self, text: &'t str) -> Option<Recognised<'t>> {
        self.best(text, |skeleton| fit(&skeleton.pieces, text, false))
    }

    fn best<'t>(&self, text: &'t str, fits: impl Fn(&Skeleton) -> Option<Vec<Range<usize>>>) -> Option<Recognised<'t>> {
        let mut best: Option<(&Skeleton, Vec<Range<usize>>)> = None;
        for found in self.longest_pieces.as_ref()?.find_overlapping_iter(text) {
            let skeleton = &self.skeletons[found.pattern().as_usize()];
            if best.as_ref().is_some_and(|(b, _)| b.fixed >= skeleton.fixed) {
                continue;
            }
            if let Some(inserted) = fits(skeleton) {
                best = Some((skeleton, inserted));
            }
        }
        best.map(|(skeleton, inserted)| Recognised {
            code: skeleton.code,
            fixed: skeleton.fixed,
            before: skeleton.pieces[..inserted.len()].to_vec(),
            inserted: inserted.into_iter().map(|range| &text[range]).collect(),
        })
    }
}

/// The places of what was put in, when the pieces stand in the text in their order; from end to end when `anchored`.
fn fit(pieces: &[String], text: &str, anchored: bool) -> Option<Vec<Range<usize>>> {
    let (first, rest) = pieces.split_first()?;
    let start = if anchored { text.starts_with(first.as_str()).then_some(0)? } else { text.find(first.as_str())? };
    let mut at = start + first.len();
    let mut inserted = Vec::with_capacity(rest.len());
    for (i, piece) in rest.iter().enumerate() {
        let last = i + 1 == rest.len();
        let found = if last && (anchored || piece.is_empty()) {
            text.len().checked_sub(piece.len()).filter(|from| *from >= at && text.ends_with(piece.as_str()))?
        } else {
            at + text.get(at..)?.find(piece.as_str())?
        };
        inserted.push(at..found);
        at = found + piece.len();
    }
    (!anchored || at == text.len()).then_some(inserted)
}

fn parse(code: &'static str, text: &str) -> Option<Skeleton> {
    let mut pieces = vec![String::new()];
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            // Two that touch are one: nothing could tell where the first ends.
            '*' if pieces.len() > 1 && pieces.last().is_some_and(String::is_empty) => {}
            '*' => pieces.push(String::new()),
            other => {
                let literal = if other == '\\' { unescape(characters.next()?) } else { other };
                pieces.last_mut()?.push(literal);
            }
        }
    }
    let letters = pieces.iter().flat_map(|p| p.chars()).filter(|c| c.is_alphabetic()).count();
    // A sign of Chinese or Japanese says as much as several letters.
    let enough = letters >= FEWEST_LETTERS || pieces.iter().any(|p| p.chars().any(|c| c > '\u{2e80}'));
    let fixed = pieces.iter().map(|p| p.chars().count()).sum();
    enough.then_some(Skeleton { code, pieces, fixed })
}

fn unescape(c: char) -> char {
    match c {
        'n' => '\n',
        't' => '\t',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TABLE: &str = "# comment\n42P01\trelation \"*\" does not exist\n42703\tcolumn \"*\" of relation \"*\" does not exist\n\
                         42704\t* \"*\" does not exist\nX\tin a 100\\* \\\\ way\\n*\n";

    #[test]
    fn the_most_fixed_characters_win() {
        let messages = Messages::new(&[TABLE]);
        let found = messages.recognise("column \"a\" of relation \"t\" does not exist").unwrap();
        assert_eq!((found.code, found.inserted), ("42703", vec!["a", "t"]));
        assert_eq!(messages.recognise("relation \"t\" does not exist").unwrap().code, "42P01");
        assert_eq!(messages.recognise("role \"t\" does not exist").unwrap().code, "42704");
    }

    #[test]
    fn a_message_is_all_of_the_text_unless_looked_for_within() {
        let messages = Messages::new(&[TABLE]);
        let text = "psql: relation \"t\" does not exist, sorry";
        assert_eq!(messages.recognise(text), None);
        assert_eq!(messages.recognise_within(text).unwrap().code, "42P01");
    }

    #[test]
    fn escapes_stand_for_themselves() {
        let messages = Messages::new(&[TABLE]);
        assert_eq!(messages.recognise("in a 100* \\ way\nof 3").unwrap().inserted, ["of 3"]);
    }

    #[test]
    fn names_that_hold_the_fixed_words_do_not_confuse() {
        let messages = Messages::new(&[TABLE]);
        let text = "relation \"x\" does not exist\" does not exist";
        assert_eq!(messages.recognise(text).unwrap().inserted, ["x\" does not exist"]);
    }
}
