//! The first line: the program's name and the tabs.

use crate::app::model::{Model, Screen, TargetModel};
use crate::domain::health::State;
use crate::ui::canvas::{Canvas, columns};
use crate::ui::theme::Role;
use crate::ui::view_state::Hit;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

/// The program's name.
const NAME: &str = " DBA-GPT ";

/// Draws the tabs; each can be clicked. Where there is no room for all, the name goes first, then the titles of the
/// tabs that are not shown: ` 1 [2 Health 2!] 3:3! 4:2`.
pub(crate) fn draw(canvas: &mut Canvas<'_>, line: Rect, model: &Model, hits: &mut Vec<(Rect, Hit)>) {
    let room = usize::from(line.width);
    let wide: usize = Screen::ALL.iter().map(|s| title(model, *s, false).width() + 1).sum();
    let short = wide > room + 1;
    let name = if short || NAME.width() + wide > room + 1 { "" } else { NAME };
    let mut x = canvas.put(line.x, line.y, line.width, name, Role::Title);
    for &screen in Screen::ALL {
        let text = title(model, screen, short && screen != model.screen);
        let role = if screen == model.screen { Role::Active } else { Role::Text };
        let room = line.right().saturating_sub(x);
        let end = canvas.put(x, line.y, room, &text, role);
        hits.push((Rect::new(x, line.y, end - x, 1), Hit::Tab(screen)));
        x = end + columns(usize::from(end < line.right() && !short));
    }
}

/// ` 3 Incidents 3! `, `[3 Incidents 3!]` where it is shown, ` 3:3! ` where it has to be short.
fn title(model: &Model, screen: Screen, short: bool) -> String {
    let (open, close) = if screen == model.screen { ("[", "]") } else { (" ", " ") };
    let mark = alarm(model, screen);
    match (short, mark.is_empty()) {
        (false, true) => format!("{open}{} {}{close}", screen.digit(), screen.title()),
        (false, false) => format!("{open}{} {} {mark}{close}", screen.digit(), screen.title()),
        (true, true) => format!(" {} ", screen.digit()),
        (true, false) => format!(" {}:{mark} ", screen.digit()),
    }
}

/// `2!` beside the health tab while two targets need somebody, `3!` beside the incidents while three are open and one
/// of them is critical, `2` beside the approvals while two wait.
fn alarm(model: &Model, screen: Screen) -> String {
    let now = model.now;
    let (count, mark) = match screen {
        Screen::Chat => (0, ""),
        Screen::Health => {
            let alarming = |t: &&TargetModel| matches!(t.state(now), State::Critical | State::Down);
            (model.targets.iter().filter(alarming).count(), "!")
        }
        Screen::Incidents => {
            let (count, critical) = model.incidents.alarm(now);
            (count, if critical { "!" } else { "" })
        }
        Screen::Approvals => (model.approvals.open(), ""),
    };
    if count == 0 { String::new() } else { format!("{count}{mark}") }
}
