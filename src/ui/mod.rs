//! The screens, drawn from the model; keys, turned into acts. Nothing here decides anything.
//!
//! ```text
//!  DBA-GPT  1 Chat [2 Health 2!]                                   parts/tabs
//!  FLEET 14 servers  CRIT 1  DOWN 1 ...                 LIVE 2s    screens/*: header
//! +-- Servers ---------------------------------- 14 of 14 ------+
//! |  STATE NAME          KIND  ROLE     CONN   QPS  15 MIN  WHY |  parts/table, with the columns of app::fleet
//! |> CRIT  pg-orders-1 * pg16  primary  487/500 2k  __..=#  ... |
//! +-- pg-orders-1 ------------------------------ Enter opens ---+
//! | conn  487 of 500 ###################-  97%  blocked 31      |  screens/fleet: preview
//! +-------------------------------------------------------------+
//!  14:32:07  exported 500 rows to orders.csv                       parts/status: notice, offer or hint
//!  own cost 34 ms a round   collectors 13/14                       parts/status: what we do
//!  KEYS  Enter open  Space pause  / filter  : command  ? help      parts/status: footer, from the registry
//! ```
//!
//! Over all of it may lie one overlay (`overlays`). From 98x28 the screen is full, from 78x20 compact, down to 40x8
//! a list without frames; below that one line says so.

mod canvas;
mod composer;
mod input;
mod keymap;
mod overlays;
mod parts;
mod screens;
mod symbols;
mod table_cache;
mod theme;
mod view_state;
mod wrap;

pub use input::{on_key, on_mouse, on_paste};
pub use symbols::Symbols;
pub use theme::ColorDepth;
pub use view_state::{ViewOptions, ViewState};

use crate::app::action::Action;
use crate::app::model::{Model, Screen};
use canvas::Canvas;
use parts::{status, tabs};
use ratatui::Frame;
use ratatui::layout::Rect;
use screens::{Density, cut_bottom, cut_top};
use theme::Role;

/// The screen's half of an act; called for every act before the core's half.
pub fn apply(action: &Action, model: &Model, view: &mut ViewState) {
    view.apply(action, model);
}

/// Draws the model. `view` keeps what was laid out for the next frame.
pub fn draw(frame: &mut Frame<'_>, model: &Model, view: &mut ViewState) {
    let area = frame.area();
    view.hits.clear();
    view.sight = None;
    let mut canvas = Canvas { buf: frame.buffer_mut(), theme: view.theme, symbols: view.symbols };
    let Some(density) = Density::of(area) else {
        let words = format!("too small: {}x{}, needs 40x8", area.width, area.height);
        canvas.put(area.x, area.y, area.width, &words, Role::Warning);
        return;
    };
    canvas.restyle(area, Role::Text);
    let (top, rest) = cut_top(area, 1);
    tabs::draw(&mut canvas, top, model, &mut view.hits);
    let (rest, footer) = cut_bottom(rest, 1);
    status::draw_footer(&mut canvas, footer, model, view);
    let (screen, status) = match density {
        Density::Full => {
            let (rest, rule) = cut_bottom(rest, 1);
            draw_rule(&mut canvas, rule);
            cut_bottom(rest, 2)
        }
        Density::Compact | Density::List => cut_bottom(rest, 1),
    };
    let told = status::draw_notice(&mut canvas, status, model, !view.composer.is_empty());
    if told < status.height {
        status::draw_own(&mut canvas, Rect { y: status.bottom() - 1, height: 1, ..status }, model);
    }
    let mut cursor = match (model.screen, model.open_server()) {
        (Screen::Chat, _) => screens::chat::draw(&mut canvas, screen, model, view, density),
        (Screen::Incidents, _) => {
            screens::incidents::draw(&mut canvas, screen, model, view, density);
            None
        }
        (Screen::Approvals, _) => screens::approvals::draw(&mut canvas, screen, model, view, density),
        (Screen::Health, Some(t)) => {
            screens::server::draw(&mut canvas, screen, t, model, view, density);
            None
        }
        (Screen::Health, None) => {
            screens::fleet::draw(&mut canvas, screen, model, view, density);
            None
        }
    };
    if let Some(overlay) = model.overlay.as_ref().filter(|o| !o.is_of_the_box()) {
        // Whatever it covers counts as not seen.
        view.sight = None;
        let room = Rect { y: top.bottom(), height: footer.y - top.bottom(), ..area };
        cursor = overlays::draw(&mut canvas, room, status, overlay, model, view);
    }
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

fn draw_rule(canvas: &mut Canvas<'_>, line: Rect) {
    for x in line.left()..line.right() {
        canvas.put(x, line.y, 1, canvas.symbols.horizontal, Role::Border);
    }
}

/// Judges keys of a person's own: `(action name, key)`.
///
/// # Errors
/// Words for an unknown action (with the nearest name), a key that is none, and keys that clash.
pub fn check_keys(keys: &[(String, String)]) -> Result<(), String> {
    keymap::Keymap::new(keys).map(|_| ())
}
