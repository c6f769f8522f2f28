//! The first line: the program's name and the tabs.

use crate::app::model::{Model, Screen};
use crate::domain::health::State;
use crate::ui::canvas::{Canvas, columns};
use crate::ui::theme::Role;
use crate::ui::view_state::Hit;
use ratatui::layout::Rect;

/// Draws the tabs; each can be clicked.
pub(crate) fn draw(canvas: &mut Canvas<'_>, line: Rect, model: &Model, hits: &mut Vec<(Rect, Hit)>) {
    let mut x = canvas.put(line.x, line.y, line.width, " DBA-GPT ", Role::Title);
    for (i, &screen) in Screen::ALL.iter().enumerate() {
        let shown = screen == model.screen;
        let mark = alarm(model, screen);
        let (open, close) = if shown { ("[", "]") } else { (" ", " ") };
        let text = format!("{open}{} {}{mark}{close}", i + 1, screen.title());
        let role = if shown { Role::Active } else { Role::Text };
        let room = line.right().saturating_sub(x);
        let end = canvas.put(x, line.y, room, &text, role);
        hits.push((Rect::new(x, line.y, end - x, 1), Hit::Tab(screen)));
        x = end + columns(usize::from(end < line.right()));
    }
}

/// ` 2!` beside the health tab while two targets need somebody.
fn alarm(model: &Model, screen: Screen) -> String {
    if screen != Screen::Health {
        return String::new();
    }
    let now = model.now;
    let alarming = model.targets.iter().filter(|t| matches!(t.state(now), State::Critical | State::Down)).count();
    if alarming == 0 { String::new() } else { format!(" {alarming}!") }
}
