//! What the configuration asks the engines and the screen while it is read: it knows neither.

use crate::config::{Completed, Identified, KeyBinding, StatementFor};
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::own::Parameters;
use crate::domain::target::EngineId;
use crate::engine::{self, Destination, ENGINES, Prepared, Surroundings};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeSet;

/// The engine of a URL and what it says about it; none when no engine knows it.
pub(super) fn identify(url: &SecretString, surroundings: &Surroundings) -> Option<Result<Identified, String>> {
    let spec = engine::by_url(url.expose_secret())?;
    let identified = (spec.address)(url, surroundings).and_then(|address| {
        let Destination { servers, user, .. } = (spec.destination)(url, surroundings)?;
        let log_formats = spec.dialect.log_formats().iter().map(|format| format.name).collect();
        Ok(Identified { engine: spec.id, address, servers, user, log_formats })
    });
    Some(identified.map_err(|e| e.message))
}

/// Whether an engine lets a person declare a function to be a pure read.
pub(super) fn check_function(id: EngineId, function: &str) -> Result<(), String> {
    let spec = engine::by_name(id.0).ok_or_else(|| format!("there is no engine {id}"))?;
    spec.dialect.may_declare_safe(function)
}

/// What the guard says about a statement of a person's own, with examples in place of its parameters.
pub(super) fn check_statement(id: EngineId, statement: &str, purpose: StatementFor) -> Result<(), String> {
    let spec = engine::by_name(id.0).ok_or_else(|| format!("there is no engine {id}"))?;
    let filled = Parameters::examples(spec.dialect).fill(statement)?;
    let judgement = spec.dialect.classify(&filled, Author::Person, &Catalog::default());
    match (judgement.verdict, purpose) {
        (Verdict::Allow, StatementFor::Asking) | (Verdict::NeedsApproval, StatementFor::Acting) => Ok(()),
        (Verdict::Allow, StatementFor::Acting) => Err("it only reads, so there is nothing to approve".to_owned()),
        (Verdict::NeedsApproval, StatementFor::Asking) => {
            Err(format!("what is asked by itself may only read: {}", judgement.reason))
        }
        (Verdict::Deny, _) => Err(judgement.reason),
    }
}

/// Every engine.
pub(super) fn engines() -> Vec<EngineId> {
    ENGINES.iter().map(|engine| engine.id).collect()
}

/// The ids of every engine's procedures, each once, in order.
pub(super) fn procedures() -> Vec<&'static str> {
    let of_engines = ENGINES.iter().flat_map(|engine| engine.examination.procedures);
    let ids: BTreeSet<&str> = of_engines.map(|procedure| procedure.id).collect();
    ids.into_iter().collect()
}

/// The names of every engine's presets.
pub(super) fn preset_names() -> Vec<&'static str> {
    ENGINES.iter().flat_map(|engine| engine.presets).map(|preset| preset.name).collect()
}

/// Has the preset of that name complete a URL of its engine.
pub(super) fn complete(name: &str, url: &SecretString, surroundings: &Surroundings) -> Result<Completed, String> {
    let spec = engine::by_url(url.expose_secret());
    let preset = spec.and_then(|engine| engine.presets.iter().find(|preset| preset.name == name));
    let preset = preset.ok_or_else(|| "it is of another engine than this url".to_owned())?;
    let Prepared { url, warnings } = (preset.prepare)(url, surroundings)?;
    Ok(Completed { url, warnings })
}

/// Names of the tables that hold a person's own keys: `[keymap.chat]`.
const KEYMAP_SCREENS: &[&str] = &["everywhere", "chat", "health", "incidents", "approvals"];

/// Judges a person's own keys: each with those before it, so that a clash is told where it arises.
pub(super) fn check_keys(bindings: &[KeyBinding]) -> Vec<(usize, String)> {
    let mut mistakes = Vec::new();
    let mut good: Vec<(String, String)> = Vec::new();
    for (i, binding) in bindings.iter().enumerate() {
        if !KEYMAP_SCREENS.contains(&binding.screen.as_str()) {
            let words = format!("there is no [keymap.{}]: it is one of {}", binding.screen, KEYMAP_SCREENS.join(", "));
            mistakes.push((i, words));
            continue;
        }
        good.push((binding.action.clone(), binding.key.clone()));
        if let Err(words) = crate::ui::check_keys(&good) {
            good.pop();
            mistakes.push((i, words));
        }
    }
    mistakes
}

/// How URLs of our engines look, for messages.
pub(super) fn url_forms() -> String {
    let schemes: Vec<String> = ENGINES.iter().flat_map(|e| e.schemes.iter().map(|s| format!("{s}:"))).collect();
    let endings: Vec<&str> = ENGINES.iter().flat_map(|e| e.file_endings.iter().copied()).collect();
    format!("a URL ({}) or a path that ends in {}", schemes.join(", "), endings.join(", "))
}
