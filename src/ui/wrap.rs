//! Text into lines of a width: words stay whole where they fit, wide characters are never split.

use ratatui::text::{Line, Span};
use std::ops::Range;
use unicode_segmentation::{GraphemeIndices, UnicodeSegmentation as _};
use unicode_width::UnicodeWidthStr as _;

/// Byte ranges of the lines that a one-line text takes at a width, as they are asked for: a screen that shows ten lines
/// of a megabyte looks at ten lines. A text that is empty takes one line.
pub(crate) fn ranges(text: &str, width: usize) -> Ranges<'_> {
    Ranges { text, rest: text.grapheme_indices(true), width: width.max(2), start: Some(0), used: 0, space: None }
}

/// The lines of [`ranges`].
pub(crate) struct Ranges<'t> {
    text: &'t str,
    rest: GraphemeIndices<'t>,
    width: usize,
    /// Where the next line begins; none after the last one.
    start: Option<usize>,
    /// Columns that the next line has taken already.
    used: usize,
    /// Where the line could be broken, after a space, and its columns up to there.
    space: Option<(usize, usize)>,
}

impl Iterator for Ranges<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.start?;
        for (at, cluster) in self.rest.by_ref() {
            let w = cluster.width();
            let mut end = None;
            if self.used + w > self.width {
                // A word that would leave most of the line empty is broken like one that fills it.
                let (after, rest) = match self.space.take() {
                    Some((after, width_after)) if width_after * 3 >= self.width => (after, self.used - width_after),
                    _ => (at, 0),
                };
                (end, self.used) = (Some(after), rest);
            }
            self.used += w;
            if cluster == " " {
                self.space = Some((at + 1, self.used));
            }
            if let Some(end) = end {
                self.start = Some(end);
                return Some(start..end);
            }
        }
        self.start = None;
        Some(start..self.text.len())
    }
}

/// Untrusted text as escaped lines: its own line breaks kept, tabs as spaces, every line bounded by the escaper.
pub(crate) fn escaped_lines(text: &str) -> Vec<String> {
    text.lines().map(|line| crate::domain::text::escape(&line.replace('\t', "    "))).collect()
}

/// Untrusted text on one line: every run of white space is one space.
pub(crate) fn one_line(text: &str) -> String {
    crate::domain::text::escape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A styled one-line text in lines of a width.
pub(crate) fn styled(spans: &[Span<'_>], width: usize) -> Vec<Line<'static>> {
    let text: String = spans.iter().map(|s| s.content.as_ref()).collect();
    ranges(&text, width)
        .map(|range| {
            let mut line = Line::default();
            let mut at = 0;
            for span in spans {
                let (from, to) = (range.start.max(at), range.end.min(at + span.content.len()));
                if from < to {
                    line.spans.push(Span::styled(span.content[from - at..to - at].to_owned(), span.style));
                }
                at += span.content.len();
            }
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize) -> Vec<&str> {
        ranges(text, width).map(|r| &text[r]).collect()
    }

    #[test]
    fn words_stay_whole_and_long_ones_break() {
        assert_eq!(wrapped("select a from b", 9), ["select a ", "from b"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(wrapped("x", 0), ["x"]);
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_too_wide() {
        let text = "WHERE a.\"größe\" = '漢字漢字漢字' AND supercalifragilisticexpialidocious IS NOT NULL  ";
        for width in 2..90 {
            let lines = wrapped(text, width);
            assert_eq!(lines.concat(), text, "{width}");
            assert!(lines.iter().all(|l| l.width() <= width), "{width}: {lines:?}");
        }
    }
}
