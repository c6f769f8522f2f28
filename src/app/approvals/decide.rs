//! Deciding: what stands in the way of an approval, the two keys that give one, and the name that is typed before.

use super::words::no_fix_login;
use super::{Filed, selected};
use crate::app::access::read_only_words;
use crate::app::effect::Effect;
use crate::app::line::Line;
use crate::app::model::{Model, Screen};
use crate::app::overlay::Overlay;
use crate::domain::guard::ticket::{Consent, DEAD_MS, Moment};
use crate::domain::proposal::stage::Stage;
use crate::domain::target::Timestamp;

/// Enter belongs to the key before it for so long, milliseconds.
pub const CONFIRM_MS: u64 = 10_000;
/// Keys closer to each other than this are a paste from a terminal that does not mark pastes, milliseconds. The
/// quickest typists need about 60 between two keys.
const BURST_MS: u64 = 50;

/// A decision that is half made: the key was pressed, and Enter is still missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Enter approves.
    Approve {
        /// The proposal.
        id: u64,
        /// When `A` was pressed.
        since: Moment,
    },
    /// The target's name is typed; Enter approves when it is right.
    Name {
        /// The proposal.
        id: u64,
        /// When `A` was pressed.
        since: Moment,
        /// What is typed.
        line: Line,
    },
    /// The reason of a denial is typed; Enter denies.
    Deny {
        /// The proposal.
        id: u64,
        /// What is typed.
        line: Line,
    },
    /// Enter cancels the running act.
    Stop {
        /// The proposal.
        id: u64,
        /// When it was asked for.
        since: Moment,
    },
}

impl Step {
    /// The proposal that it is about.
    pub fn id(&self) -> u64 {
        match self {
            Self::Approve { id, .. } | Self::Name { id, .. } | Self::Deny { id, .. } | Self::Stop { id, .. } => *id,
        }
    }
    /// The line that is typed, where one is.
    pub fn line(&self) -> Option<&Line> {
        match self {
            Self::Name { line, .. } | Self::Deny { line, .. } => Some(line),
            Self::Approve { .. } | Self::Stop { .. } => None,
        }
    }
    /// The same, to change it.
    pub fn line_mut(&mut self) -> Option<&mut Line> {
        match self {
            Self::Name { line, .. } | Self::Deny { line, .. } => Some(line),
            Self::Approve { .. } | Self::Stop { .. } => None,
        }
    }
    /// When Enter does not belong to it any more.
    pub fn expires(&self) -> Option<Timestamp> {
        match self {
            Self::Approve { since, .. } | Self::Stop { since, .. } => {
                Some(since.wall.plus_ms(CONFIRM_MS.cast_signed()))
            }
            Self::Name { .. } | Self::Deny { .. } => None,
        }
    }
}

/// Why a proposal cannot be approved now, whatever keys are pressed; none when it can.
pub fn hindrance(model: &Model, filed: &Filed) -> Option<String> {
    let p = &filed.proposal;
    if !p.stage.is_open() {
        return Some(format!("it is {}", p.stage.words()));
    }
    if model.approvals.decided == Some(p.id) {
        return Some("it was approved a moment ago and is being checked".into());
    }
    if let Some(obstacle) = p.obstacle() {
        return Some(obstacle);
    }
    match model.target(&p.target) {
        None => return Some(format!("{} is no target of this run", p.target)),
        Some(t) if !t.writable() => return Some(read_only_words(t)),
        Some(t) if !t.can_fix => return Some(no_fix_login(&p.target)),
        Some(_) => {}
    }
    if !model.approvals.read_to_the_end(filed) {
        return Some("the end of the statement was not on the screen yet: J scrolls".into());
    }
    None
}

/// The box was not on the screen long enough for a key to be meant for it.
pub fn is_fresh(model: &Model) -> bool {
    model.approvals.focus.is_none_or(|f| model.clock.uptime_ms < f.since.uptime_ms.saturating_add(DEAD_MS))
}

/// The selected proposal with its number, when its box has the keys; else words are told.
fn in_focus(model: &mut Model) -> Option<u64> {
    let Some(id) = selected(model).map(|f| f.proposal.id) else {
        model.tell("there is no proposal here", false);
        return None;
    };
    if model.screen != Screen::Approvals || model.approvals.focus.is_none_or(|f| f.id != id) {
        model.tell(format!("#{id} is not on the screen: Enter opens it"), true);
        return None;
    }
    if is_fresh(model) {
        model.tell("that key was pressed as the box came up, and was dropped: read it, then decide", true);
        return None;
    }
    Some(id)
}

/// `A`: Enter approves now, or the target's name is asked for first.
pub(super) fn begin_approval(model: &mut Model) -> Vec<Effect> {
    let Some(id) = in_focus(model) else { return Vec::new() };
    let Some(filed) = model.approvals.get(id) else { return Vec::new() };
    if let Some(words) = hindrance(model, filed) {
        model.tell(format!("#{id} cannot be approved: {words}"), true);
        return Vec::new();
    }
    let named = filed.name_to_type.is_some();
    let since = model.clock;
    model.overlay = Some(Overlay::Step(if named {
        Step::Name { id, since, line: Line::default() }
    } else {
        Step::Approve { id, since }
    }));
    Vec::new()
}

/// `d`: the reason is asked for.
pub(super) fn begin_denial(model: &mut Model) -> Vec<Effect> {
    let Some(id) = in_focus(model) else { return Vec::new() };
    if let Some(words) = not_open(model, id) {
        model.tell(words, true);
        return Vec::new();
    }
    model.overlay = Some(Overlay::Step(Step::Deny { id, line: Line::default() }));
    Vec::new()
}

/// Esc or Ctrl+C on an act that runs: asks before it is cancelled. True when the act in the box is one.
pub fn begin_stop(model: &mut Model) -> bool {
    // What happened already cannot be cancelled: whether it helped is looked at.
    let can_stop = |stage: Stage| stage.is_under_way() && stage != Stage::Verifying;
    let running = selected(model).filter(|f| model.screen == Screen::Approvals && can_stop(f.proposal.stage));
    let Some(id) = running.map(|f| f.proposal.id) else { return false };
    model.overlay = Some(Overlay::Step(Step::Stop { id, since: model.clock }));
    true
}

fn not_open(model: &Model, id: u64) -> Option<String> {
    let stage = model.approvals.get(id)?.proposal.stage;
    (!stage.is_open()).then(|| format!("#{id} is {}: there is nothing to decide", stage.words()))
}

/// Enter, in the middle of a decision. The step is over unless it is put back.
pub fn confirm(model: &mut Model, step: Step) -> Vec<Effect> {
    match step {
        Step::Deny { id, line } => {
            if let Some(words) = not_open(model, id) {
                model.tell(words, true);
                return Vec::new();
            }
            vec![Effect::Decide(id, Stage::Denied, line.text().trim().to_owned())]
        }
        Step::Stop { id, since } => {
            if let Err(words) = in_time(model, since) {
                model.tell(words, true);
                return Vec::new();
            }
            model.tell(format!("#{id}: cancelling it on the server"), false);
            vec![Effect::StopAct(id)]
        }
        Step::Approve { id, since } => match in_time(model, since) {
            Ok(()) => approve(model, id, None),
            Err(words) => {
                model.tell(words, true);
                Vec::new()
            }
        },
        Step::Name { id, since, line } => {
            if model.clock.uptime_ms < since.uptime_ms.saturating_add(BURST_MS) {
                model.tell("the name came in one burst, as a paste does: type it", true);
                return Vec::new();
            }
            let Some(name) = model.approvals.get(id).and_then(|f| f.name_to_type.clone()) else { return Vec::new() };
            if line.text() != name {
                model.tell(format!("that is not the target's name: type {name} exactly"), true);
                model.overlay = Some(Overlay::Step(Step::Name { id, since, line }));
                return Vec::new();
            }
            approve(model, id, Some(line.text().to_owned()))
        }
    }
}

/// Whether Enter still, and already, belongs to the key before it.
fn in_time(model: &Model, since: Moment) -> Result<(), &'static str> {
    match model.clock.uptime_ms.saturating_sub(since.uptime_ms) {
        ..BURST_MS => Err("both keys came in one burst, as a paste does: press them one after the other"),
        BURST_MS..=CONFIRM_MS => Ok(()),
        _ => Err("more than 10 s lay between the two keys: begin again"),
    }
}

/// Both keys were pressed: hands over what the person saw and did. Everything is judged again before anything is sent.
fn approve(model: &mut Model, id: u64, typed_name: Option<String>) -> Vec<Effect> {
    if in_focus(model).is_none_or(|focused| focused != id) {
        return Vec::new();
    }
    let (Some(filed), Some(focus)) = (model.approvals.get(id), model.approvals.focus) else { return Vec::new() };
    if let Some(words) = hindrance(model, filed) {
        model.tell(format!("#{id} cannot be approved: {words}"), true);
        return Vec::new();
    }
    let consent = Consent {
        drawn: focus.digest,
        read_to_the_end: model.approvals.read_to_the_end(filed),
        typed_name,
        // Only a loop with a terminal tells of frames, and without a frame there is no focus.
        from_terminal: true,
        focused: focus.since,
        decided: model.clock,
    };
    model.approvals.decided = Some(id);
    model.approvals.refused.remove(&id);
    vec![Effect::Approve(id, consent)]
}
