//! The first line: the program's name and the tabs.

use crate::app::model::{Model, Screen, TargetModel};
use crate::domain::health::State;
use crate::ui::canvas::{Canvas, columns};
use crate::ui::theme::Role;
use crate::ui::view_state::Hit;
use ratatui::layout::Rect;

/// Draws the tabs; each can be clicked.
pub(crate) fn draw(canvas: &mut Canvas<'_>, line: Rect, model: &Model, hits: &mut Vec<(Rect, Hit)>) {
    // Where there is no room for both, the tabs matter more than the name.
    let name = if line.width < 52 { "" } else { " DBA-GPT " };
    let mut x = canvas.put(line.x, line.y, line.width, name, Role::Title);
    for &screen in Screen::ALL {
        let shown = screen == model.screen;
        let mark = alarm(model, screen);
        let (open, close) = if shown { ("[", "]") } else { (" ", " ") };
        let text = format!("{open}{} {}{mark}{close}", screen.digit(), screen.title());
        let role = if shown { Role::Active } else { Role::Text };
        let room = line.right().saturating_sub(x);
        let end = canvas.put(x, line.y, room, &text, role);
        hits.push((Rect::new(x, line.y, end - x, 1), Hit::Tab(screen)));
        x = end + columns(usize::from(end < line.right()));
    }
}

/// ` 2!` beside the health tab while two targets need somebody, ` 2` beside the approvals while two wait.
fn alarm(model: &Model, screen: Screen) -> String {
    let now = model.now;
    let (count, mark) = match screen {
        Screen::Chat => (0, ""),
        Screen::Health => {
            let alarming = |t: &&TargetModel| matches!(t.state(now), State::Critical | State::Down);
            (model.targets.iter().filter(alarming).count(), "!")
        }
        Screen::Approvals => (model.approvals.open(), ""),
    };
    if count == 0 { String::new() } else { format!(" {count}{mark}") }
}
