//! A Markdown table. It is for people, and a viewer acts on it: every cell is plain text in it, with what cannot be
//! seen made visible, and no cell can become a link, an image or markup.

use crate::domain::rows::{Column, Value};
use crate::domain::text;

/// The header line and the line below it; numbers stand right.
pub(super) fn head(columns: &[Column]) -> String {
    let names = columns.iter().map(|c| cell(&c.name));
    let rule = columns.iter().map(|c| if c.numeric { "---:" } else { "---" }.to_owned());
    join(names) + &join(rule)
}

/// One row.
pub(super) fn line(row: &[Value]) -> String {
    join(row.iter().map(|v| v.plain().map_or_else(|| "NULL".to_owned(), |plain| cell(&plain))))
}

fn join(cells: impl Iterator<Item = String>) -> String {
    let mut out = String::from("|");
    for cell in cells {
        out.push_str(&format!(" {cell} |"));
    }
    out.push('\n');
    out
}

fn cell(plain: &str) -> String {
    let shown = text::escape_lines(plain);
    let chars: Vec<char> = shown.chars().collect();
    let in_word = |i: usize| {
        let letter = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_some_and(|c| c.is_alphanumeric());
        letter(i.checked_sub(1)) && letter(Some(i + 1))
    };
    let mut out = String::with_capacity(shown.len());
    for (i, &c) in chars.iter().enumerate() {
        match c {
            '\n' => out.push_str("<br>"),
            // An underscore inside a word is only an underscore, and names are full of them.
            '_' if in_word(i) => out.push('_'),
            '\\' | '|' | '<' | '&' | '[' | ']' | '`' | '*' | '_' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_and_nothing_else() {
        assert_eq!(cell("order_id"), "order_id");
        assert_eq!(cell("_x_ **b** `c`"), r"\_x\_ \*\*b\*\* \`c\`");
        assert_eq!(cell(r"a\|b"), r"a\\\|b");
        assert_eq!(cell("![x](http://e)<img src=x>&amp;"), r"!\[x\](http://e)\<img src=x>\&amp;");
    }
}
