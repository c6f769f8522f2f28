//! Finds tables and columns in words: case, plural, `order items` for `order_items`, `accounts` for
//! `pgbench_accounts`, and one slip of the keyboard. How far a reading is from the letter is kept, so that it can
//! be said.

use super::words::{Kind, Token, singular};
use crate::domain::schema::{Schema, Table};

/// How near a mention is to the name, nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// The very name.
    Exact,
    /// In another case.
    Case,
    /// The same words in another number or writing.
    Words,
    /// The last words of a longer name.
    Tail,
    /// The first words of a longer name.
    Head,
    /// One slip of the keyboard away.
    Slip,
}

impl How {
    /// So near that nothing needs to be said.
    pub(super) fn plain(self) -> bool {
        self <= Self::Words
    }
}

/// What a mention may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// One thing, by its index.
    One(usize, How),
    /// Several, equally near.
    Several(Vec<usize>, How),
}

impl Found {
    pub(super) fn how(&self) -> How {
        match self {
            Self::One(_, how) | Self::Several(_, how) => *how,
        }
    }
}

/// The words of a name, in lower case and singular: `OrderItems`, `order_items` and `order items` are the same.
pub(super) fn name_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    for c in name.chars() {
        let hump = c.is_uppercase() && before.is_lowercase();
        if (!c.is_alphanumeric() || hump) && !word.is_empty() {
            words.push(singular(&std::mem::take(&mut word)));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        words.push(singular(&word));
    }
    words
}

/// How a mention fits a name, if it does.
fn fit(name: &str, words: &[String], typed: &str, typed_words: &[String], quoted: bool) -> Option<How> {
    if name == typed {
        return Some(How::Exact);
    }
    if name.to_lowercase() == typed.to_lowercase() {
        return Some(How::Case);
    }
    if quoted || typed_words.is_empty() {
        return None;
    }
    if words == typed_words || words.concat() == typed_words.concat() {
        return Some(How::Words);
    }
    if words.len() > typed_words.len() {
        if words.ends_with(typed_words) {
            return Some(How::Tail);
        }
        if words.starts_with(typed_words) {
            return Some(How::Head);
        }
    }
    let (a, b) = (words.concat(), typed_words.concat());
    let (long_a, long_b) = (a.chars().count(), b.chars().count());
    let near = long_a >= 5 && long_b >= 5 && long_a.abs_diff(long_b) <= 1;
    (near && strsim::osa_distance(&a, &b) == 1).then_some(How::Slip)
}

/// The words of every table's name, in the schema's order.
pub(super) fn table_words(schema: &Schema) -> Vec<Vec<String>> {
    schema.tables.iter().map(|t| name_words(&t.name)).collect()
}

/// The candidates nearest to a mention.
fn nearest(candidates: impl Iterator<Item = (usize, How)>) -> Option<(Vec<usize>, How)> {
    let mut best: Option<(Vec<usize>, How)> = None;
    for (index, how) in candidates {
        match &mut best {
            Some((all, near)) if *near == how => all.push(index),
            Some((_, near)) if *near < how => {}
            _ => best = Some((vec![index], how)),
        }
    }
    best
}

fn typed(tokens: &[Token]) -> Option<(String, Vec<String>, bool)> {
    let quoted = tokens.iter().any(|t| t.kind == Kind::Quoted);
    if tokens.is_empty() || (quoted && tokens.len() > 1) {
        return None;
    }
    if tokens.iter().any(|t| matches!(t.kind, Kind::Symbol | Kind::Stamp)) || tokens[0].kind == Kind::Number {
        return None;
    }
    let text = tokens.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
    let words = name_words(&text);
    Some((text, words, quoted))
}

/// The table that these tokens name, all of them.
///
/// `table_words` holds the words of each table's name, see [`table_words`].
pub(super) fn find_table(schema: &Schema, table_words: &[Vec<String>], tokens: &[Token]) -> Option<Found> {
    let (text, words, quoted) = typed(tokens)?;
    let (in_schema, bare) = text.rsplit_once('.').map_or((None, text.as_str()), |(s, n)| (Some(s), n));
    let bare_words = if in_schema.is_some() { name_words(bare) } else { words };
    let rank = |t: &Table| schema.search_path.iter().position(|s| *s == t.schema).unwrap_or(usize::MAX);
    let candidates = schema.tables.iter().enumerate().filter_map(|(i, t)| {
        if in_schema.is_some_and(|s| !t.schema.eq_ignore_ascii_case(s)) {
            return None;
        }
        fit(&t.name, &table_words[i], bare, &bare_words, quoted).filter(|how| *how != How::Head).map(|how| (i, how))
    });
    let (all, how) = nearest(candidates)?;
    let best = all.iter().map(|i| rank(&schema.tables[*i])).min()?;
    let first: Vec<usize> = all.iter().copied().filter(|i| rank(&schema.tables[*i]) == best).collect();
    Some(match first.as_slice() {
        [one] => Found::One(*one, how),
        _ => Found::Several(first, how),
    })
}

/// The column of a table that these tokens name, all of them.
pub(super) fn find_column(table: &Table, tokens: &[Token]) -> Option<Found> {
    let (text, words, quoted) = typed(tokens)?;
    if let Some(inner) = find_inner_field(table, &text) {
        return Some(Found::One(inner, How::Exact));
    }
    let (of, bare) = text.rsplit_once('.').map_or((None, text.as_str()), |(s, n)| (Some(s), n));
    if of.is_some_and(|of| !name_fits_table(table, of)) {
        return None;
    }
    let bare_words = if of.is_some() { name_words(bare) } else { words };
    let candidates = table.columns.iter().enumerate().filter_map(|(i, c)| {
        let how = fit(&c.name, &name_words(&c.name), bare, &bare_words, quoted).or_else(|| {
            // `customer name` for the column `name` of customers.
            let own = name_words(&table.name);
            let rest = bare_words.strip_prefix(own.as_slice()).filter(|rest| !rest.is_empty() && !quoted)?;
            (name_words(&c.name) == rest).then_some(How::Words)
        })?;
        Some((i, how))
    });
    let (all, how) = nearest(candidates)?;
    Some(match all.as_slice() {
        [one] => Found::One(*one, how),
        _ => Found::Several(all, how),
    })
}

/// The field inside a document that a path names: `address.city`, `customers.address.city`.
fn find_inner_field(table: &Table, path: &str) -> Option<usize> {
    let (first, rest) = path.split_once('.')?;
    let at = |path: &str| table.columns.iter().position(|c| c.name.contains('.') && c.name.eq_ignore_ascii_case(path));
    at(path).or_else(|| name_fits_table(table, first).then(|| at(rest)).flatten())
}

/// Tables whose name has the same words as this one's, in another number, case or writing.
///
/// Nearest on the search path first.
pub(super) fn twins(schema: &Schema, table_words: &[Vec<String>], table: usize) -> Vec<usize> {
    let name = &schema.tables[table].name;
    let rank = |i: &usize| schema.search_path.iter().position(|s| *s == schema.tables[*i].schema).unwrap_or(usize::MAX);
    let mut out: Vec<usize> = (0..schema.tables.len())
        .filter(|i| *i != table && schema.tables[*i].name != *name && table_words[*i] == table_words[table])
        .collect();
    out.sort_by_key(rank);
    out
}

fn name_fits_table(table: &Table, typed: &str) -> bool {
    let bare = typed.rsplit_once('.').map_or(typed, |(_, n)| n);
    table.name.eq_ignore_ascii_case(bare) || name_words(&table.name) == name_words(bare)
}

/// Longest mention tried, tokens.
pub(super) const LONGEST: usize = 5;

/// Letters of the longest word that can be meant as a name. MongoDB allows 255 bytes, the others less.
const LONGEST_NAME: usize = 255;

/// Names of tables and columns that look like a word, nearest first, at most three.
pub(super) fn similar(schema: &Schema, word: &str) -> Vec<String> {
    let wanted = name_words(word).concat();
    if !(3..=LONGEST_NAME).contains(&wanted.chars().count()) {
        return Vec::new();
    }
    let allowed = (wanted.chars().count() / 3).clamp(1, 3);
    let mut scored: Vec<(usize, String)> = Vec::new();
    let mut offer = |name: &str, shown: String| {
        let own = name_words(name).concat();
        let distance = strsim::osa_distance(&own, &wanted);
        let within =
            own.chars().count() >= 4 && wanted.chars().count() >= 4 && (own.contains(&wanted) || wanted.contains(&own));
        if distance <= allowed || within {
            scored.push((if within { distance.min(2) } else { distance }, shown));
        }
    };
    for table in &schema.tables {
        let plain = schema.search_path.contains(&table.schema);
        offer(&table.name, if plain { table.name.clone() } else { table.full_name() });
        for column in &table.columns {
            offer(&column.name, format!("{}.{}", table.name, column.name));
        }
    }
    scored.sort();
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::words::tokens;
    use super::*;

    fn schema(names: &[(&str, &str)]) -> Schema {
        Schema {
            search_path: vec!["public".into()],
            tables: names
                .iter()
                .map(|(s, n)| Table { schema: (*s).into(), name: (*n).into(), ..Table::default() })
                .collect(),
            ..Schema::default()
        }
    }

    #[test]
    fn writings_of_a_table() {
        let schema = schema(&[
            ("public", "order_items"),
            ("public", "Customer"),
            ("public", "pgbench_accounts"),
            ("public", "Größen"),
            ("hr", "order_items"),
        ]);
        let cases = [
            ("order items", Some(Found::One(0, How::Words))),
            ("orderitem", Some(Found::One(0, How::Words))),
            ("ORDER_ITEMS", Some(Found::One(0, How::Case))),
            ("hr.order_items", Some(Found::One(4, How::Exact))),
            ("customers", Some(Found::One(1, How::Words))),
            ("\"customer\"", Some(Found::One(1, How::Case))),
            ("accounts", Some(Found::One(2, How::Tail))),
            ("größen", Some(Found::One(3, How::Case))),
            ("custmers", Some(Found::One(1, How::Slip))),
            ("unicorns", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(find_table(&schema, &table_words(&schema), &tokens(typed)), expected, "{typed}");
        }
    }

    #[test]
    fn equals_outside_the_search_path_are_ambiguous() {
        let schema = schema(&[("a", "log"), ("b", "log")]);
        assert_eq!(
            find_table(&schema, &table_words(&schema), &tokens("log")),
            Some(Found::Several(vec![0, 1], How::Exact))
        );
    }
}
