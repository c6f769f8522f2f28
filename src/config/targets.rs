//! Which targets are used: those of the configuration, those that were typed, or the demo.

use super::layers::{Source, Values, set};
use super::mistake::{Mistake, did_you_mean};
use super::resolve::{Inputs, TARGET_VARIABLE};
use super::settings::REFRESH;
use super::written::Written;
use super::written_target::{PasswordSource, WrittenTarget, holds_password};
use crate::domain::target::{Environment, Target, TargetId};
use crate::domain::text::{escape, redact};
use secrecy::SecretString;
use std::time::Duration;

/// The name of the demo's target.
pub const DEMO_TARGET: &str = "demo";

/// Whether the embedded demo database is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demo {
    /// There are targets.
    No,
    /// `--demo` was given.
    Asked,
    /// There is no target at all, neither configured nor typed.
    NothingConfigured,
}

/// A target and what it takes to use it. The URL may hold a password, so it is a secret.
#[derive(Debug, Clone)]
pub struct TargetConfig {
    /// What the screens and the core know of it.
    pub target: Target,
    /// URL or path as written.
    pub url: SecretString,
    /// Where its password comes from, when somebody said so.
    pub password: Option<PasswordSource>,
    /// Time between two collections.
    pub refresh: Duration,
    pub(super) source: Source,
    pub(super) environment_source: Source,
    pub(super) refresh_source: Source,
    pub(super) password_source: Source,
}

/// The outcome of [`choose`].
pub(super) struct Chosen {
    pub(super) demo: Demo,
    pub(super) targets: Vec<TargetConfig>,
    pub(super) warnings: Vec<String>,
}

/// Identifies every configured target, then keeps those that were asked for.
pub(super) fn choose(inputs: &Inputs<'_>, written: &mut Written, values: &Values) -> Chosen {
    let mut mistakes = Vec::new();
    let mut configured = Vec::new();
    for target in &written.targets {
        match identify(inputs, target, values) {
            Ok(target) => configured.push(target),
            Err(text) => mistakes.push(Mistake { place: Some(target.url_place.clone()), text }),
        }
    }
    let flags = inputs.args.targets.iter().map(|typed| (typed.as_str(), Source::Flag("--target")));
    let mut asked: Vec<(&str, Source)> = flags.collect();
    if let (true, Some(typed)) = (asked.is_empty(), set(inputs.variables, TARGET_VARIABLE)) {
        asked.push((typed, Source::Variable(TARGET_VARIABLE.to_owned())));
    }
    let mut chosen = Chosen { demo: Demo::No, targets: Vec::new(), warnings: Vec::new() };
    if inputs.args.demo {
        chosen.demo = Demo::Asked;
        let others = inputs.args.targets.iter().any(|typed| typed != DEMO_TARGET);
        if others {
            let text = format!("with --demo the only target is `{DEMO_TARGET}`: remove --demo or --target");
            mistakes.push(Mistake { place: None, text });
        }
    } else if asked.is_empty() {
        if configured.is_empty() {
            chosen.demo = Demo::NothingConfigured;
        }
        chosen.targets = configured;
    } else {
        for (typed, source) in asked {
            if typed == DEMO_TARGET && configured.is_empty() && written.targets.is_empty() {
                chosen.demo = Demo::Asked;
                continue;
            }
            let known = written.targets.iter().any(|t| t.name == typed);
            let found = configured.iter().find(|t| t.target.id.as_str() == typed).cloned();
            let target = match (found, known) {
                (Some(target), _) => target,
                // Its mistake is already told, with its place.
                (None, true) => continue,
                (None, false) => match typed_target(inputs, typed, &source, values) {
                    Ok(target) => target,
                    Err(text) => {
                        let near = did_you_mean(typed, written.targets.iter().map(|t| t.name.as_str()));
                        let text = format!(
                            "{source}: {text}{}",
                            if text.contains("no target") { near } else { String::new() }
                        );
                        mistakes.push(Mistake { place: None, text });
                        continue;
                    }
                },
            };
            if holds_password(typed) && source == Source::Flag("--target") {
                chosen.warnings.push(format!(
                    "the password in --target can be seen by every user of this machine while the program runs: \
                     put {} into the configuration",
                    target.target.address
                ));
            }
            if !chosen.targets.iter().any(|t| t.target.id == target.target.id) {
                chosen.targets.push(target);
            }
        }
    }
    written.mistakes.append(&mut mistakes);
    chosen
}

fn identify(inputs: &Inputs<'_>, written: &WrittenTarget, values: &Values) -> Result<TargetConfig, String> {
    let identified = match (inputs.identify)(&written.url) {
        Some(Ok(identified)) => identified,
        Some(Err(why)) => return Err(format!("`url`: {why}")),
        None => return Err(format!("no engine knows this `url`: it is {}", inputs.url_forms)),
    };
    let file = |place: &super::mistake::Place| Source::File(place.clone());
    let (environment, environment_source) = match &written.environment {
        Some((environment, place)) => (*environment, file(place)),
        None => (Environment::Unknown, Source::Default),
    };
    let (refresh, refresh_source) = match &written.refresh {
        Some((refresh, place)) => (*refresh, file(place)),
        None => (values.time(&REFRESH), values.source(&REFRESH)),
    };
    Ok(TargetConfig {
        target: Target {
            id: TargetId::new(&written.name),
            engine: identified.engine,
            environment,
            address: identified.address,
            accent: None,
            read_only: true,
        },
        url: written.url.clone(),
        password: written.password.as_ref().map(|(source, _)| source.clone()),
        refresh,
        source: file(&written.place),
        environment_source,
        refresh_source,
        password_source: written.password.as_ref().map_or(Source::Default, |(_, place)| file(place)),
    })
}

/// A URL or path that was typed is a target that is named by its printable address.
fn typed_target(inputs: &Inputs<'_>, typed: &str, source: &Source, values: &Values) -> Result<TargetConfig, String> {
    let url = SecretString::from(typed);
    let identified = match (inputs.identify)(&url) {
        Some(Ok(identified)) => identified,
        Some(Err(why)) => return Err(why),
        None => {
            let typed = escape(&redact(typed));
            return Err(format!(
                "there is no target `{typed}` in the configuration, and it is not {}",
                inputs.url_forms
            ));
        }
    };
    Ok(TargetConfig {
        target: Target {
            id: TargetId::new(&identified.address),
            engine: identified.engine,
            environment: Environment::Unknown,
            address: identified.address,
            accent: None,
            read_only: true,
        },
        url,
        password: None,
        refresh: values.time(&REFRESH),
        source: source.clone(),
        environment_source: Source::Default,
        refresh_source: values.source(&REFRESH),
        password_source: Source::Default,
    })
}
