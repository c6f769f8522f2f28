//! Text into lines of a width: words stay whole where they fit, wide characters are never split.

use ratatui::text::{Line, Span};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Byte ranges of the lines that a one-line text takes at a width. A text that is empty takes one line.
pub(crate) fn ranges(text: &str, width: usize) -> Vec<Range<usize>> {
    let width = width.max(2);
    if text.width() <= width {
        return std::iter::once(0..text.len()).collect();
    }
    let mut lines = Vec::new();
    let (mut start, mut used) = (0, 0);
    // Where the line could be broken: after a space.
    let mut space: Option<(usize, usize)> = None;
    for (at, cluster) in text.grapheme_indices(true) {
        let w = cluster.width();
        if used + w > width {
            // A word that would leave most of the line empty is broken like one that fills it.
            let (end, rest) = match space {
                Some((after, width_after)) if width_after * 3 >= width => (after, used - width_after),
                _ => (at, 0),
            };
            lines.push(start..end);
            start = end;
            used = rest;
            space = None;
        }
        used += w;
        if cluster == " " {
            space = Some((at + 1, used));
        }
    }
    lines.push(start..text.len());
    lines
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
        .into_iter()
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
        ranges(text, width).into_iter().map(|r| &text[r]).collect()
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
