//! One line of typed text with a cursor: filter, command line, palette, names.

/// A line being typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    text: String,
    /// Byte offset of the cursor, always on a character border.
    cursor: usize,
}

/// A change to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// A typed character.
    Insert(char),
    /// Delete before the cursor.
    Backspace,
    /// Delete after the cursor.
    Delete,
    /// Delete the word before the cursor.
    DeleteWord,
    /// Delete everything before the cursor.
    DeleteToStart,
    /// One character left.
    Left,
    /// One character right.
    Right,
    /// To the start.
    Home,
    /// To the end.
    End,
}

impl Line {
    /// A line that holds some text, with the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.len() }
    }
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// The text before the cursor.
    pub fn before(&self) -> &str {
        &self.text[..self.cursor]
    }
    /// Applies a change.
    pub fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Insert(c) if !c.is_control() => {
                self.text.insert(self.cursor, c);
                self.cursor += c.len_utf8();
            }
            Edit::Insert(_) => {}
            Edit::Backspace => {
                if let Some(c) = self.before().chars().next_back() {
                    self.cursor -= c.len_utf8();
                    self.text.remove(self.cursor);
                }
            }
            Edit::Delete => {
                if self.cursor < self.text.len() {
                    self.text.remove(self.cursor);
                }
            }
            Edit::DeleteWord => {
                let trimmed = self.before().trim_end();
                let start = trimmed
                    .rfind(char::is_whitespace)
                    .map_or(0, |i| i + trimmed[i..].chars().next().map_or(1, char::len_utf8));
                self.text.replace_range(start..self.cursor, "");
                self.cursor = start;
            }
            Edit::DeleteToStart => {
                self.text.replace_range(..self.cursor, "");
                self.cursor = 0;
            }
            Edit::Left => self.cursor -= self.before().chars().next_back().map_or(0, char::len_utf8),
            Edit::Right => self.cursor += self.text[self.cursor..].chars().next().map_or(0, char::len_utf8),
            Edit::Home => self.cursor = 0,
            Edit::End => self.cursor = self.text.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_keep_character_borders() {
        let mut line = Line::new("größe 漢");
        line.edit(Edit::Backspace);
        line.edit(Edit::DeleteWord);
        assert_eq!(line.text(), "");
        for c in "aß漢".chars() {
            line.edit(Edit::Insert(c));
        }
        line.edit(Edit::Left);
        line.edit(Edit::Left);
        line.edit(Edit::Delete);
        assert_eq!((line.text(), line.before()), ("a漢", "a"));
        line.edit(Edit::Insert('\n'));
        assert_eq!(line.text(), "a漢");
    }
}
