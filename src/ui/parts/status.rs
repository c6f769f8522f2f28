//! The last lines: what to know now, what we cost, and the keys of the layer that takes them.

use crate::app::action::{self, ACTIONS, Action, ActionSpec, Scope};
use crate::app::approvals::decide::Step;
use crate::app::approvals::{self};
use crate::app::connection::next_try_words;
use crate::app::incidents;
use crate::app::model::{Link, Model, Screen, TargetModel};
use crate::app::overlay::Overlay;
use crate::domain::metric;
use crate::domain::text::{escape, fit};
use crate::ui::canvas::{Canvas, columns};
use crate::ui::keymap::{Keymap, PREFIX};
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use crate::ui::wrap;
use ratatui::layout::Rect;
use std::ops::Range;
use unicode_width::UnicodeWidthStr as _;

/// Draws the line for the person: the notice, else what was found to connect to, else what is wrong or misses. It may
/// take as many lines as the room has; gives how many it took.
pub(crate) fn draw_notice(canvas: &mut Canvas<'_>, room: Rect, model: &Model, draft: bool) -> u16 {
    let (text, role) = if let Some(notice) = &model.notice {
        let clock = notice.at.clock(model.offset_minutes);
        (format!("{clock}  {}", notice.text), if notice.failure { Role::Critical } else { Role::Text })
    } else if let Some(kept) = waiting(model).filter(|_| draft && model.screen == Screen::Chat) {
        (kept, Role::Key)
    } else if let Some(offer) = &model.offer {
        (escape(offer), Role::Text)
    } else if let Some(failure) = failure(model) {
        (failure, Role::Down)
    } else if let Some(newest) = newest_waiting(model) {
        (newest, Role::Text)
    } else if let Some(hint) = hint(model) {
        (hint, Role::Warning)
    } else {
        return 0;
    };
    let width = room.width.saturating_sub(2);
    let wrapped: Vec<Range<usize>> = wrap::ranges(&text, usize::from(width)).take(usize::from(room.height)).collect();
    let shown = wrapped.len();
    for (i, range) in wrapped.into_iter().enumerate() {
        // What does not fit on the last line is cut there.
        let rest = if i + 1 == shown { range.start..text.len() } else { range };
        let line = fit(text[rest].trim_end(), usize::from(width));
        canvas.put(room.x + 1, room.y + columns(i), width, &line, role);
    }
    columns(shown)
}

/// Approvals wait, and do not get into the way of somebody who writes.
fn waiting(model: &Model) -> Option<String> {
    let open = model.approvals.open();
    (open > 0).then(|| {
        format!(
            "approval waiting ({open}): kept out of your way while this draft is unsent. Alt+4, or Esc and 4, looks at it"
        )
    })
}

/// The newest approval that waits, where the screen is not the one that lists it.
fn newest_waiting(model: &Model) -> Option<String> {
    let p = model.approvals.newest_open().filter(|_| model.screen != Screen::Approvals)?;
    Some(format!("#{} waits: {} on {}   (4 opens)", p.id, escape(&p.headline()), escape(p.target.as_str())))
}

/// Why the target that the screen is about cannot be reached; the fleet says it in its preview.
fn failure(model: &Model) -> Option<String> {
    let t = match model.screen {
        Screen::Chat => model.chat_target(),
        Screen::Health => model.open_server(),
        Screen::Approvals | Screen::Incidents => shown_target(model),
    }?;
    match &t.link {
        Link::Down(kind, message) => {
            let next = next_try_words(t, model.now)
                .map_or_else(String::new, |words| format!("   {words}; r tries now, g n says more"));
            Some(format!("{}: {}{next}", kind.word(), escape(message)))
        }
        _ => None,
    }
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
        Screen::Approvals => approvals::selected(model).and_then(|f| model.target(&f.proposal.target)),
        Screen::Incidents => incidents::selected(model).and_then(|i| model.target(&i.target)),
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
    let role = if up < all { Role::Warning } else { Role::Text };
    let mut facts = vec![
        vec![canvas.span(" own cost ", Role::Label), canvas.span(format!("{cost} ms a round"), Role::Text)],
        vec![canvas.span("collectors ", Role::Label), canvas.span(format!("{up}/{all}"), role)],
    ];
    let stretched = model.targets.iter().filter(|t| t.schedule.stretched_ms > t.schedule.interval_ms).count();
    if stretched > 0 {
        facts.push(vec![canvas.span(format!("{stretched} slowed down: too slow for the interval"), Role::Warning)]);
    }
    if let Some(asked) = slowest_in_flight(model) {
        facts.push(vec![canvas.span(format!("waiting for {asked}"), Role::Label)]);
    }
    if model.mouse {
        facts.push(vec![canvas.span("mouse on", Role::Label)]);
    }
    canvas.put_facts(line.x, line.y, line.width, &facts);
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
    let mut x = line.x + columns(layer.len() + 1);
    x = canvas.put(x, line.y, line.right().saturating_sub(x), " ", Role::Active) + 1;
    // Help and quit, the last ones, must be seen whatever else is.
    let width = |e: &Hint| e.key.width() + e.words.width() + 3;
    let room = usize::from(line.right().saturating_sub(x)) + 2;
    let mut kept: usize = entries.iter().filter(|e| e.always).map(width).sum();
    let mut used = 0;
    for entry in &entries {
        if entry.always {
            kept -= width(entry);
        }
        if used + width(entry) + kept > room {
            continue;
        }
        used += width(entry);
        let end = line.right();
        x = canvas.put(x, line.y, end.saturating_sub(x), &entry.key, Role::Key);
        x = canvas.put(x + 1, line.y, end.saturating_sub(x + 1), &entry.words, Role::Dim) + 2;
    }
}

/// A key in the footer.
struct Hint {
    key: String,
    words: String,
    /// It is seen on the smallest terminal too.
    always: bool,
}

/// The layer's name, and its keys with their words.
fn entries(model: &Model, keymap: &Keymap) -> (&'static str, Vec<Hint>) {
    let layer = match &model.overlay {
        Some(overlay) if overlay.line().is_some() => "TYPING",
        Some(_) => "BOX",
        None if model.typing() => "TYPING",
        None => "KEYS",
    };
    let active: Vec<&'static ActionSpec> = match &model.overlay {
        // A text to read is moved in and copied from; there is nothing to take.
        Some(Overlay::Detail { .. }) => ACTIONS
            .iter()
            .filter(|a| match a.action {
                Action::Back => a.scope == Scope::Overlay,
                Action::Copy => true,
                _ => false,
            })
            .collect(),
        Some(Overlay::Step(_)) => ACTIONS
            .iter()
            .filter(|a| a.scope == Scope::Overlay && matches!(a.action, Action::Accept | Action::Back))
            .collect(),
        Some(_) => ACTIONS.iter().filter(|a| a.scope == Scope::Overlay).collect(),
        None => action::available(model).filter(|a| leads_somewhere(&a.action, model)).collect(),
    };
    let mut seen: Vec<&Action> = Vec::new();
    let mut out = Vec::new();
    for spec in active {
        if let Some(words) = spec.footer
            && !seen.contains(&&spec.action)
        {
            seen.push(&spec.action);
            let always = matches!(spec.action, Action::Help | Action::Quit);
            let words = step_words(model, &spec.action).unwrap_or(words);
            out.push(Hint { key: keymap.first_word(spec), words: words.to_owned(), always });
        }
    }
    (layer, out)
}

/// What Enter and Esc mean in the middle of a decision.
fn step_words(model: &Model, action: &Action) -> Option<&'static str> {
    let step = model.overlay.as_ref()?.step()?;
    Some(match (action, step) {
        (Action::Accept, Step::Approve { .. } | Step::Name { .. }) => "APPROVE",
        (Action::Accept, Step::Deny { .. }) => "deny",
        (Action::Accept, Step::Stop { .. }) => "cancel it",
        _ => "not now",
    })
}

/// A key that would do nothing here is not worth its place.
fn leads_somewhere(action: &Action, model: &Model) -> bool {
    match action {
        Action::Back => leads_back(model),
        Action::Approve | Action::Deny | Action::Later | Action::EditStatement | Action::DryRun => {
            approvals::selected(model).is_some_and(|f| f.proposal.stage.is_open())
        }
        _ => true,
    }
}

/// Esc has something to go back from.
fn leads_back(model: &Model) -> bool {
    let health = &model.health;
    model.screen != Screen::Health || health.server.is_some() || health.zoomed || !health.fleet.filter.is_empty()
}

/// What may follow `g`.
fn prefix_entries(model: &Model) -> Vec<Hint> {
    let hint = |key: char, words: &str| Hint { key: key.to_string(), words: words.to_owned(), always: false };
    let views = model.open_server().into_iter().flat_map(|t| &t.views);
    let mut out: Vec<Hint> = views.map(|v| hint(v.key, v.name)).collect();
    out.push(hint(PREFIX, "top"));
    out
}
