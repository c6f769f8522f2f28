//! The last lines: what to know now, what we cost, and the keys of the layer that takes them.

use crate::app::action::{self, Action, ActionSpec, Scope};
use crate::app::model::{Link, Model, Screen, TargetModel};
use crate::domain::metric;
use crate::domain::text::{escape, fit};
use crate::ui::canvas::Canvas;
use crate::ui::keymap::{Keymap, PREFIX};
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Draws the line for the person: the notice, else what misses, else what was found to connect to. Gives false when
/// there is nothing to tell.
pub(crate) fn draw_notice(canvas: &mut Canvas<'_>, line: Rect, model: &Model) -> bool {
    let room = usize::from(line.width).saturating_sub(2);
    let (text, role) = if let Some(notice) = &model.notice {
        let clock = notice.at.clock(model.offset_minutes);
        (format!("{clock}  {}", notice.text), if notice.failure { Role::Critical } else { Role::Text })
    } else if let Some(offer) = &model.offer {
        (escape(offer), Role::Text)
    } else if let Some(hint) = hint(model) {
        (hint, Role::Warning)
    } else {
        return false;
    };
    canvas.put(line.x + 1, line.y, line.width.saturating_sub(1), &fit(&text, room), role);
    true
}

/// What could not be read of the target on the screen, the first of it.
fn hint(model: &Model) -> Option<String> {
    let t = shown_target(model)?;
    let sampled = t.sample.iter().flat_map(|s| &s.hints);
    let mut hints = t.identity.iter().flat_map(|i| &i.hints).chain(sampled);
    let first = hints.next()?;
    let more = hints.count();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("{}   (:hints lists it{rest})", escape(first)))
}

/// The target that the screen is about.
fn shown_target(model: &Model) -> Option<&TargetModel> {
    match model.screen {
        Screen::Chat => model.chat_target(),
        Screen::Health => model.open_server().or_else(|| {
            let key = model.health.fleet.key.as_deref();
            model.targets.iter().find(|t| Some(t.target.id.as_str()) == key)
        }),
    }
}

/// Draws what the program itself does and costs.
pub(crate) fn draw_own(canvas: &mut Canvas<'_>, line: Rect, model: &Model) {
    let all = model.targets.len();
    let up = model.targets.iter().filter(|t| t.link == Link::Up).count();
    let cost: u64 = model.targets.iter().filter_map(|t| t.sample.as_ref()).map(|s| s.took_ms).sum();
    let mut words = Line::default();
    words.spans.push(canvas.span(" own cost ", Role::Label));
    words.spans.push(canvas.span(format!("{cost} ms a round"), Role::Text));
    words.spans.push(canvas.span("   collectors ", Role::Label));
    words.spans.push(canvas.span(format!("{up}/{all}"), if up < all { Role::Warning } else { Role::Text }));
    let stretched = model.targets.iter().filter(|t| t.schedule.stretched_ms > t.schedule.interval_ms).count();
    if stretched > 0 {
        words.spans.push(canvas.span(format!("   {stretched} slowed down: too slow for the interval"), Role::Warning));
    }
    if let Some(asked) = slowest_in_flight(model) {
        words.spans.push(canvas.span(format!("   waiting for {asked}"), Role::Label));
    }
    if model.mouse {
        words.spans.push(canvas.span("   mouse on", Role::Label));
    }
    canvas.put_cut(line.x, line.y, line.width, &words);
}

/// `name 4s` for the collection that is under way longest, once that is worth telling.
fn slowest_in_flight(model: &Model) -> Option<String> {
    let (waited, t) = model
        .targets
        .iter()
        .filter_map(|t| t.schedule.in_flight.map(|at| (model.now.since(at), t)))
        .max_by_key(|(waited, _)| *waited)?;
    let words = metric::seconds(waited as f64 / 1000.0);
    (waited >= 2_000).then(|| format!("{} {words}", escape(t.target.id.as_str())))
}

/// Draws the keys of the active layer, from the registry, cut at whole entries.
pub(crate) fn draw_footer(canvas: &mut Canvas<'_>, line: Rect, model: &Model, view: &ViewState) {
    let (layer, entries) = if view.prefix { ("g ..", prefix_entries(model)) } else { entries(model, &view.keymap) };
    canvas.put(line.x, line.y, line.width, &format!(" {layer}"), Role::Active);
    let mut x = line.x + crate::ui::canvas::columns(layer.len() + 1);
    x = canvas.put(x, line.y, line.right().saturating_sub(x), " ", Role::Active) + 1;
    // The last entries (help, quit) must be seen whatever else is.
    let width = |e: &(String, String)| e.0.len() + e.1.len() + 3;
    let room = usize::from(line.right().saturating_sub(x));
    let kept = entries.len().min(2);
    let tail: usize = entries[entries.len() - kept..].iter().map(width).sum();
    let mut used = 0;
    for (i, entry) in entries.iter().enumerate() {
        let last = i + kept >= entries.len();
        let more = if last { 0 } else { tail };
        if used + width(entry) + more > room + 2 {
            continue;
        }
        used += width(entry);
        let end = line.right();
        x = canvas.put(x, line.y, end.saturating_sub(x), &entry.0, Role::Key);
        x = canvas.put(x + 1, line.y, end.saturating_sub(x + 1), &entry.1, Role::Dim) + 2;
    }
}

/// The layer's name, and its keys with their words.
fn entries(model: &Model, keymap: &Keymap) -> (&'static str, Vec<(String, String)>) {
    let layer = match &model.overlay {
        Some(overlay) if overlay.line().is_some() => "TYPING",
        Some(_) => "BOX",
        None if model.typing() => "TYPING",
        None => "KEYS",
    };
    let mut active: Vec<&'static ActionSpec> = match &model.overlay {
        Some(_) => action::available(model).filter(|a| matches!(a.scope, Scope::Overlay | Scope::Everywhere)).collect(),
        None => action::available(model).collect(),
    };
    active.sort_by_key(|a| a.scope.rank());
    let mut seen: Vec<&Action> = Vec::new();
    let mut out = Vec::new();
    for spec in active {
        if let Some(words) = spec.footer
            && !seen.contains(&&spec.action)
        {
            seen.push(&spec.action);
            out.push((keymap.first_word(spec), words.to_owned()));
        }
    }
    (layer, out)
}

/// What may follow `g`.
fn prefix_entries(model: &Model) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if let Some(t) = model.open_server() {
        out.extend(t.views.iter().map(|v| (v.key.to_string(), v.name.to_owned())));
    }
    out.push((PREFIX.to_string(), "top".to_owned()));
    out
}
