//! Recognises a server's message by what the server always prints of it.
//!
//! A skeleton is a message with `*` where the server puts something in: `relation "*" does not exist`. Each is filed
//! under the six bytes of its fixed words that the fewest others share; one pass over a text finds those that could
//! stand in it, and of those that fit from its first to its last character the one with the most fixed ones wins.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// A skeleton needs this many fixed letters to tell anything.
const FEWEST_LETTERS: usize = 4;

/// Bytes by which a skeleton is looked up in a text.
const WINDOW: usize = 6;

/// Places of the index; a power of two.
const PLACES: usize = 1 << 16;

/// One message of a server.
#[derive(Debug)]
pub struct Skeleton {
    /// The code that comes with it.
    pub code: &'static str,
    /// The fixed pieces; between each two stands what the server put in. The first is empty when it begins with that.
    pieces: Vec<Cow<'static, str>>,
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

/// Skeletons, ready to be looked for: some ten thousand in a few megabytes, made in a few milliseconds.
#[derive(Debug)]
pub struct Messages {
    skeletons: Vec<Skeleton>,
    /// Where the skeletons of each place of the index begin in `members`, and an end.
    starts: Vec<u32>,
    /// Numbers of skeletons, by the place of their rarest window.
    members: Vec<u32>,
    /// Skeletons whose pieces are all shorter than a window.
    short: Vec<u32>,
}

impl Messages {
    /// Reads lines of `code<TAB>skeleton`; lines that begin with `#` are comments.
    pub fn new(tables: &[&'static str]) -> Self {
        let lines = tables.iter().flat_map(|table| table.lines()).filter(|line| !line.starts_with('#'));
        let skeletons: Vec<Skeleton> =
            lines.filter_map(|line| line.split_once('\t')).filter_map(|(code, text)| parse(code, text)).collect();
        let mut common = vec![0_u32; PLACES];
        skeletons.iter().flat_map(windows).for_each(|place| common[place] += 1);
        let place_of: Vec<Option<usize>> =
            skeletons.iter().map(|s| windows(s).min_by_key(|place| common[*place])).collect();
        let (starts, members) = by_place(&place_of);
        let short = (0_u32..).zip(&place_of).filter(|(_, place)| place.is_none()).map(|(i, _)| i).collect();
        Self { skeletons, starts, members, short }
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
        let found = text.as_bytes().windows(WINDOW).map(place).flat_map(|place| {
            let (from, to) = (self.starts[place] as usize, self.starts[place + 1] as usize);
            &self.members[from..to]
        });
        // A text that repeats itself would have the same skeletons tried over and over.
        let mut refused = HashSet::new();
        for number in found.chain(&self.short) {
            let skeleton = &self.skeletons[*number as usize];
            if best.as_ref().is_some_and(|(b, _)| b.fixed >= skeleton.fixed) || refused.contains(number) {
                continue;
            }
            if let Some(inserted) = fits(skeleton) {
                best = Some((skeleton, inserted));
            } else {
                refused.insert(*number);
            }
        }
        best.map(|(skeleton, inserted)| Recognised {
            code: skeleton.code,
            fixed: skeleton.fixed,
            before: skeleton.pieces[..inserted.len()].iter().map(|piece| piece.clone().into_owned()).collect(),
            inserted: inserted.into_iter().map(|range| &text[range]).collect(),
        })
    }
}

/// The places of the index at which a skeleton could stand. A text that holds the skeleton holds each of its windows,
/// so one place is enough: the one that the fewest others share.
fn windows(skeleton: &Skeleton) -> impl Iterator<Item = usize> + '_ {
    skeleton.pieces.iter().flat_map(|piece| piece.as_bytes().windows(WINDOW).map(place))
}

/// FNV-1a, folded: short, and good enough to spread letters.
fn place(window: &[u8]) -> usize {
    let hash = window.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    ((hash >> 16) ^ hash) as usize & (PLACES - 1)
}

/// Skeletons sorted by their place: where each place begins, and the skeletons' numbers.
fn by_place(place_of: &[Option<usize>]) -> (Vec<u32>, Vec<u32>) {
    let mut numbered: Vec<(usize, u32)> = place_of.iter().zip(0_u32..).filter_map(|(p, i)| Some(((*p)?, i))).collect();
    numbered.sort_unstable();
    let mut starts = vec![0_u32; PLACES + 1];
    for (place, _) in &numbered {
        starts[place + 1] += 1;
    }
    for place in 0..PLACES {
        starts[place + 1] += starts[place];
    }
    (starts, numbered.into_iter().map(|(_, number)| number).collect())
}

/// The places of what was put in, when the pieces stand in the text in their order; from end to end when `anchored`.
fn fit(pieces: &[Cow<'static, str>], text: &str, anchored: bool) -> Option<Vec<Range<usize>>> {
    let (first, rest) = pieces.split_first()?;
    let start = if anchored { text.starts_with(&**first).then_some(0)? } else { text.find(&**first)? };
    let mut at = start + first.len();
    let mut inserted = Vec::with_capacity(rest.len());
    for (i, piece) in rest.iter().enumerate() {
        let last = i + 1 == rest.len();
        let found = if last && (anchored || piece.is_empty()) {
            text.len().checked_sub(piece.len()).filter(|from| *from >= at && text.ends_with(&**piece))?
        } else {
            at + text.get(at..)?.find(&**piece)?
        };
        inserted.push(at..found);
        at = found + piece.len();
    }
    (!anchored || at == text.len()).then_some(inserted)
}

/// A skeleton, unless too little of it is fixed to tell anything.
fn parse(code: &'static str, text: &'static str) -> Option<Skeleton> {
    let mut pieces: Vec<Cow<'static, str>> = Vec::new();
    let (mut from, mut escaped) = (0, false);
    for (i, c) in text.char_indices().chain([(text.len(), '*')]) {
        if c != '*' || escaped {
            escaped = c == '\\' && !escaped;
            continue;
        }
        let piece = &text[from..i];
        from = i + 1;
        // Two places that touch are one: nothing could tell where the first ends.
        if !piece.is_empty() || pieces.is_empty() || i == text.len() {
            pieces.push(if piece.contains('\\') { Cow::Owned(unescape(piece)) } else { Cow::Borrowed(piece) });
        }
    }
    let letters = pieces.iter().flat_map(|p| p.chars()).filter(|c| c.is_alphabetic()).count();
    // A sign of Chinese or Japanese says as much as several letters.
    let enough = letters >= FEWEST_LETTERS || pieces.iter().any(|p| p.chars().any(|c| c > '\u{2e80}'));
    let fixed = pieces.iter().map(|p| p.chars().count()).sum();
    enough.then_some(Skeleton { code, pieces, fixed })
}

fn unescape(piece: &str) -> String {
    let mut characters = piece.chars();
    let mut text = String::with_capacity(piece.len());
    while let Some(c) = characters.next() {
        let literal = if c == '\\' { characters.next() } else { Some(c) };
        text.extend(literal.map(|l| match l {
            'n' if c == '\\' => '\n',
            't' if c == '\\' => '\t',
            other => other,
        }));
    }
    text
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
    fn short_pieces_and_neighbouring_places_are_found_too() {
        let messages = Messages::new(&["A\t* no * go\nB\tx**y abcd\nC\t连接*\n"]);
        assert_eq!(messages.recognise("1 no 2 go").unwrap().code, "A");
        assert_eq!(messages.recognise("x1y abcd").unwrap().inserted, ["1"]);
        assert_eq!(messages.recognise("连接 5").unwrap().code, "C");
        assert_eq!(messages.recognise("no"), None);
        assert_eq!(messages.recognise(""), None);
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
