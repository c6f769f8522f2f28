//! The lines that sum up a pane of our own, above its table.

use crate::app::pane::PaneLine;
use crate::ui::canvas::{Canvas, columns};
use crate::ui::parts::detail::role;
use crate::ui::theme::Role;
use crate::ui::wrap;
use ratatui::layout::Rect;

/// Columns of the labels.
const LABELS: u16 = 9;
/// A line is continued once at most; what is longer stands in the table or the log.
const MOST_LINES: usize = 2;
/// Lines that are left for the table: its head and a few rows.
const LEFT_FOR_TABLE: u16 = 4;

/// Draws the lines and gives the room below them.
pub(crate) fn draw(canvas: &mut Canvas<'_>, area: Rect, lines: &[PaneLine]) -> Rect {
    let most = area.y + area.height.saturating_sub(LEFT_FOR_TABLE);
    let width = area.width.saturating_sub(LABELS + 2);
    let mut y = area.y;
    for line in lines {
        let text = wrap::one_line(&line.text);
        for (i, range) in wrap::ranges(&text, usize::from(width)).take(MOST_LINES).enumerate() {
            if y >= most {
                break;
            }
            if i == 0 {
                canvas.put(area.x + 1, y, LABELS, line.label, Role::Label);
            }
            canvas.put(area.x + 1 + LABELS, y, width, text[range].trim_end(), role(line.tone));
            y += 1;
        }
    }
    let used = y - area.y;
    // A blank line, where there is one to spare.
    let gap = columns(usize::from(used > 0 && area.height > used + LEFT_FOR_TABLE + 1));
    Rect { y: y + gap, height: area.height - used - gap, ..area }
}
