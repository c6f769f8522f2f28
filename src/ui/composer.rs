//! The box that a person types into: several lines, undo, and the lines typed before.

use super::wrap;
use crossterm::event::KeyEvent;
use ratatui::style::Style;
use ratatui_textarea::{CursorMove, TextArea, WrapMode};

/// What is being typed, and where in the history the person is.
pub(crate) struct Composer {
    area: TextArea<'static>,
    /// Place in the history, and what was typed before going there.
    browsing: Option<(usize, String)>,
}

impl Composer {
    pub(crate) fn new() -> Self {
        Self { area: text_area(""), browsing: None }
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Replaces the text; the cursor goes to its end.
    pub(crate) fn set(&mut self, text: &str) {
        self.area = text_area(&harmless(text));
        self.browsing = None;
    }

    pub(crate) fn clear(&mut self) {
        self.set("");
    }

    /// Inserts pasted text.
    pub(crate) fn paste(&mut self, text: &str) {
        self.area.insert_str(harmless(text));
    }

    /// A key that means nothing to the keymap: typing and editing.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        match super::keymap::Chord::of(key).typed() {
            Some(c) => {
                self.area.insert_str(harmless(c.encode_utf8(&mut [0; 4])));
            }
            None => {
                self.area.input(key);
            }
        }
    }

    pub(crate) fn newline(&mut self) {
        self.area.insert_newline();
    }

    /// When the line under the cursor ends with a backslash and the cursor stands behind it, takes the backslash
    /// for "go on in a new line".
    pub(crate) fn continues(&mut self) -> bool {
        let ratatui_textarea::DataCursor(row, column) = self.area.cursor();
        let continues = self.area.lines().get(row).is_some_and(|l| l.ends_with('\\') && l.chars().count() == column);
        if continues {
            self.area.delete_char();
            self.area.insert_newline();
        }
        continues
    }

    /// Up: a line higher, or in the first line the text typed before this one.
    pub(crate) fn older(&mut self, history: &[String]) {
        if self.area.cursor().0 > 0 {
            self.area.move_cursor(CursorMove::Up);
            return;
        }
        let (place, typed) = match self.browsing.take() {
            Some((place, typed)) => (place.saturating_sub(1), typed),
            None if history.is_empty() => return,
            None => (history.len() - 1, self.text()),
        };
        let place = place.min(history.len().saturating_sub(1));
        self.area = text_area(&harmless(history.get(place).map_or("", String::as_str)));
        self.browsing = Some((place, typed));
    }

    /// Down: a line lower, or in the last line the text typed after this one, and at last what was being typed.
    pub(crate) fn newer(&mut self, history: &[String]) {
        if self.area.cursor().0 + 1 < self.area.lines().len() {
            self.area.move_cursor(CursorMove::Down);
            return;
        }
        let Some((place, typed)) = self.browsing.take() else { return };
        match history.get(place + 1) {
            Some(line) => {
                self.area = text_area(&harmless(line));
                self.browsing = Some((place + 1, typed));
            }
            None => self.area = text_area(&typed),
        }
    }

    /// Lines that the text takes at a width.
    pub(crate) fn height(&self, width: usize) -> usize {
        self.area.lines().iter().map(|l| wrap::ranges(l, width).count()).sum()
    }

    /// The widget, and after drawing where its cursor is.
    pub(crate) fn area(&self) -> &TextArea<'static> {
        &self.area
    }
}

fn text_area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(Style::new());
    // The terminal's own cursor is shown instead of a painted one.
    area.set_cursor_style(Style::new());
    area.move_cursor(CursorMove::Bottom);
    area.move_cursor(CursorMove::End);
    area
}

/// Typed or pasted text without anything that moves the cursor or hides: line breaks stay, tabs and odd spaces (as
/// copied from web pages) become plain ones, the rest is shown by its code point.
pub(crate) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' | '\r' => out.push('\n'),
            '\t' => out.push_str("    "),
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => out.push(' '),
            c if crate::domain::text::risky(c) => out.push_str(&format!("<U+{:04X}>", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn typed(composer: &mut Composer, text: &str) {
        for c in text.chars() {
            composer.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
    }

    #[test]
    fn history_goes_back_and_returns_to_what_was_typed() {
        let history = vec!["one".to_owned(), "two".to_owned()];
        let mut composer = Composer::new();
        typed(&mut composer, "thr");
        composer.older(&history);
        assert_eq!(composer.text(), "two");
        composer.older(&history);
        composer.older(&history);
        assert_eq!(composer.text(), "one");
        composer.newer(&history);
        composer.newer(&history);
        assert_eq!(composer.text(), "thr");
        composer.newer(&history);
        assert_eq!(composer.text(), "thr");
    }

    #[test]
    fn in_a_text_of_several_lines_the_arrows_move_first() {
        let mut composer = Composer::new();
        composer.set("select 1\nfrom t");
        composer.older(&["old".to_owned()]);
        assert_eq!(composer.text(), "select 1\nfrom t");
        composer.older(&["old".to_owned()]);
        assert_eq!(composer.text(), "old");
    }

    #[test]
    fn a_backslash_at_the_end_goes_on_in_a_new_line() {
        let mut composer = Composer::new();
        typed(&mut composer, "select 1 \\");
        assert!(composer.continues());
        assert_eq!(composer.text(), "select 1 \n");
        assert!(!composer.continues());
    }

    #[test]
    fn pasted_text_is_harmless_and_whole() {
        let mut composer = Composer::new();
        let long = format!("a\r\nb\rc\td\u{a0}e\u{1b}[2J\u{202e}{}", "x".repeat(100_000));
        composer.paste(&long);
        let text = composer.text();
        assert!(text.starts_with("a\nb\nc    d e<U+001B>[2J<U+202E>x"));
        assert!(text.len() > 100_000);
    }
}
