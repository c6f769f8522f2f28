//! Lists of words, written as one text so that they stay readable.

/// True when `word` is one of the words of `list`, exactly.
pub(crate) fn holds(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}
