//! `:simulate`: a real error on purpose. A box lists what the target on the screen can be made to give; anything but the
//! demo is asked for once more, with its name and what will happen there.

use super::access::target_here;
use super::effect::Effect;
use super::line::Line;
use super::model::{Model, TargetModel};
use super::overlay::Overlay;
use crate::domain::simulation::{Offer, Simulated, by_name, objection};
use crate::domain::target::TargetId;

/// The box.
#[derive(Debug, Clone, PartialEq)]
pub struct Choosing {
    /// Whose errors they are.
    pub target: TargetId,
    /// Filter.
    pub line: Line,
    /// Highlighted entry.
    pub cursor: usize,
    /// What was chosen and is asked for once more.
    pub chosen: Option<Offer>,
}

/// What an entry of the box does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Entry {
    /// Close the box: nothing is sent.
    Leave,
    /// Choose this, or provoke it when it is asked for already.
    Provoke(Offer),
}

impl Choosing {
    /// The box of a target, with what was chosen already.
    fn of(target: TargetId, chosen: Option<Offer>) -> Self {
        Self { target, line: Line::default(), cursor: 0, chosen }
    }

    /// What there is to choose from. What may not be provoked is left out; the first entry of a question is no.
    pub fn entries(&self, model: &Model) -> Vec<Entry> {
        let typed = self.line.text().trim().to_lowercase();
        if let Some(offer) = self.chosen {
            return vec![Entry::Leave, Entry::Provoke(offer)];
        }
        let Some(t) = model.target(&self.target) else { return Vec::new() };
        let may = t.simulations.iter().filter(|offer| objection(&t.target, offer).is_none());
        let found = may.filter(|o| o.error.name.contains(&typed) || o.error.title.to_lowercase().contains(&typed));
        found.map(|offer| Entry::Provoke(*offer)).collect()
    }

    /// The question at the head of the box.
    pub fn title(&self, model: &Model) -> String {
        let environment = model.target(&self.target).map_or("", |t| t.target.environment.word());
        match self.chosen {
            Some(offer) => format!("Provoke {} on {} ({environment})?", offer.error.name, self.target),
            None => format!("Which error shall {} give?", self.target),
        }
    }
}

/// `:simulate [NAME]` on the target that the screen is about.
pub(super) fn begin(model: &mut Model, name: &str) -> Vec<Effect> {
    let found = target_here(model).and_then(|id| model.target(&id));
    let Some(t) = found else {
        model.tell("there is no target here to provoke an error on", true);
        return Vec::new();
    };
    if name.is_empty() {
        // Where nothing at all may be provoked, the words say what to write in the configuration.
        let refused: Vec<String> = t.simulations.iter().filter_map(|offer| objection(&t.target, offer)).collect();
        if refused.len() == t.simulations.len() {
            let words = refused.into_iter().next().unwrap_or_else(|| "nothing can be provoked here".to_owned());
            model.tell(words, true);
        } else {
            model.overlay = Some(Overlay::Simulate(Choosing::of(t.target.id.clone(), None)));
        }
        return Vec::new();
    }
    let Some(offer) = by_name(&t.simulations, name).copied() else {
        let known: Vec<&str> = t.simulations.iter().map(|offer| offer.error.name).collect();
        let words = format!("{} cannot be made to give `{name}`; there are {}", t.target.id, known.join(", "));
        model.tell(words, true);
        return Vec::new();
    };
    choose(model, &t.target.id.clone(), offer)
}

/// Enter in the box.
pub(super) fn accept(model: &mut Model, choosing: &Choosing) -> Vec<Effect> {
    match choosing.entries(model).get(choosing.cursor) {
        Some(Entry::Provoke(offer)) if choosing.chosen.is_some() => provoke(model, &choosing.target, *offer),
        Some(Entry::Provoke(offer)) => choose(model, &choosing.target, *offer),
        Some(Entry::Leave) => {
            model.tell("nothing was sent", false);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Something was named: refuse it, ask once more, or, on the demo, do it.
fn choose(model: &mut Model, id: &TargetId, offer: Offer) -> Vec<Effect> {
    let Some(t) = model.target(id) else { return Vec::new() };
    if let Some(words) = objection(&t.target, &offer) {
        model.tell(words, true);
        return Vec::new();
    }
    if t.is_demo {
        return provoke(model, id, offer);
    }
    model.overlay = Some(Overlay::Simulate(Choosing::of(id.clone(), Some(offer))));
    Vec::new()
}

fn provoke(model: &mut Model, id: &TargetId, offer: Offer) -> Vec<Effect> {
    model.tell(format!("{id}: provoking {} ...", offer.error.name), false);
    vec![Effect::Simulate(id.clone(), offer.error.name)]
}

/// It was provoked, or not: the errors go the way of all errors.
pub(super) fn simulated(model: &mut Model, id: &TargetId, result: Result<Box<Simulated>, String>) -> Vec<Effect> {
    match result {
        Ok(simulated) => {
            model.tell(format!("{id}: {}", simulated.words()), !simulated.as_promised());
            if simulated.events.is_empty() { Vec::new() } else { vec![Effect::ReportErrors(simulated.events)] }
        }
        Err(words) => {
            model.tell(format!("{id}: {words}"), true);
            Vec::new()
        }
    }
}

impl TargetModel {
    /// The same target, with the errors that it can be made to give. The demo does not ask twice.
    #[must_use]
    pub fn with_simulations(mut self, offers: Vec<Offer>, is_demo: bool) -> Self {
        (self.simulations, self.is_demo) = (offers, is_demo);
        self
    }
}
