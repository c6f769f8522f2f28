//! Names between quotes: taking the quotes off as SQL does.

/// The inside of a quoted name or literal, with doubled quotes undone. `None` when it is not in that quote.
pub(crate) fn unquote(text: &str, quote: char) -> Option<String> {
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let doubled: String = [quote, quote].iter().collect();
    Some(inner.replace(&doubled, &quote.to_string()))
}

/// A name or a literal in quotes, with quotes inside doubled.
pub(crate) fn enquote(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        out.push(c);
        if c == quote {
            out.push(quote);
        }
    }
    out.push(quote);
    out
}
