//! Which targets are used: those of the configuration, those that were typed, or the demo.

use super::layers::{Source, Values, set};
use super::logs::{LogConfig, check_format, shown_logs};
use super::mistake::{Mistake, Place, did_you_mean};
use super::password::PasswordSource;
use super::resolve::{Completed, Inputs, TARGET_VARIABLE};
use super::settings::{REFRESH, Value};
use super::tunnel::TunnelConfig;
use super::unattended;
use super::written::Written;
use super::written_target::{Placed, WrittenTarget, holds_password};
use crate::domain::guard::policy::{Freeze, Rule};
use crate::domain::target::{Access, Environment, Target, TargetId};
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

/// Time for the whole way in, for a target that does not say its own.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(4_500);
/// For how long the answer of a password command serves the logins of one burst: the watcher's and the chat's.
const PASSWORD_TTL: Duration = Duration::from_secs(10);

/// A target and what it takes to use it. The URL may hold a password, so it is a secret.
#[derive(Debug, Clone)]
pub struct TargetConfig {
    /// What the screens and the core know of it.
    pub target: Target,
    /// URL or path, completed by its preset.
    pub url: SecretString,
    /// Host and port of each server that the URL leads to.
    pub servers: Vec<(String, u16)>,
    /// Where its password comes from, when somebody said so.
    pub password: Option<PasswordSource>,
    /// For how long what a password command printed is used for further logins.
    pub password_ttl: Duration,
    /// Where its server's log is.
    pub logs: LogConfig,
    /// What is started before connecting.
    pub tunnel: Option<TunnelConfig>,
    /// Time for one login, at most.
    pub connect_timeout: Duration,
    /// Time between two collections.
    pub refresh: Duration,
    /// Functions of the database's own (`schema.name`) that the guard takes for pure reads.
    pub allow_functions: Vec<String>,
    /// The second login, with which approved fixes run.
    pub fix: Option<FixCredential>,
    /// Persons who have to approve an act: 1 or 2.
    pub approvers: u8,
    /// What may run with nobody asked.
    pub unattended: Vec<Rule>,
    /// When nothing of it may.
    pub freeze: Freeze,
    /// Every key with its value as a file would hold it and where it is from, for `config show`.
    pub(super) shown: Vec<(&'static str, String, Source)>,
}

/// A login for approved fixes, apart from the reading one. It is a source only: the password is fetched for one act,
/// when that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixCredential {
    user: String,
    source: Option<PasswordSource>,
}

impl FixCredential {
    /// The user or role.
    pub fn user(&self) -> &str {
        &self.user
    }
    /// Where its password comes from; none for the engine's own client files.
    pub fn source(&self) -> Option<&PasswordSource> {
        self.source.as_ref()
    }
    /// Where its password would come from, as a file writes it; none for the engine's own client files.
    pub fn source_words(&self) -> Option<String> {
        self.source.as_ref().map(|source| format!("{} = {source}", source.key()))
    }
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
        match identify(inputs, target, values, &mut written.warnings) {
            Ok(target) => configured.push(target),
            Err((place, text)) => mistakes.push(Mistake { place: Some(place), text }),
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

/// What stands wrong in one configured target: where, and the words.
type Wrong = (Place, String);

fn identify(
    inputs: &Inputs<'_>,
    written: &WrittenTarget,
    values: &Values,
    warnings: &mut Vec<Mistake>,
) -> Result<TargetConfig, Wrong> {
    let at_url = |text: String| (written.url_place.clone(), text);
    let mut url = written.url.clone();
    if let Some((preset, place)) = &written.preset {
        let completed = complete(inputs, preset, &url).map_err(|text| (place.clone(), text))?;
        warnings.extend(completed.warnings.into_iter().map(|text| Mistake { place: Some(place.clone()), text }));
        url = completed.url;
    }
    let identified = match (inputs.identify)(&url) {
        Some(Ok(identified)) => identified,
        Some(Err(why)) => return Err(at_url(format!("`url`: {why}"))),
        None => return Err(at_url(format!("no engine knows this `url`: it is {}", inputs.url_forms))),
    };
    if let Some((_, place)) = &written.tunnel {
        let words = match identified.servers.len() {
            1 => None,
            0 => Some("this url leads to no server that a tunnel could reach: name its host".to_owned()),
            several => Some(format!("a tunnel leads to one server, and this url names {several}")),
        };
        if let Some(words) = words {
            return Err((place.clone(), words));
        }
    }
    check_format(&written.logs, &identified.log_formats)?;
    for (function, place) in &written.allow_functions {
        (inputs.check_function)(identified.engine, function)
            .map_err(|why| (place.clone(), format!("`allow_functions`: {why}")))?;
    }
    let allow_functions: Vec<String> = written.allow_functions.iter().map(|(name, _)| name.clone()).collect();
    let fix = written.fix.as_ref().map(|(fix, place)| {
        let mut warn = |text: String| warnings.push(Mistake { place: Some(place.clone()), text });
        if identified.user.as_deref() == Some(fix.user.as_str()) {
            warn(format!("the fix login is the reading login {}: give fixes a login of their own", escape(&fix.user)));
        }
        if fix.password.is_some() && fix.password.as_ref() == written.password.as_ref().map(|(source, _)| source) {
            warn("the fix login has the password of the reading one: give it a source of its own".to_owned());
        }
        FixCredential { user: fix.user.clone(), source: fix.password.clone() }
    });
    let file = |place: &Place| Source::File(place.clone());
    let environment = said(written.environment.as_ref(), || (Environment::Unknown, Source::Default));
    let refresh = said(written.refresh.as_ref(), || (values.time(&REFRESH), values.source(&REFRESH)));
    let connect_timeout = said(written.connect_timeout.as_ref(), || (CONNECT_TIMEOUT, Source::Default));
    let password_ttl = said(written.password_ttl.as_ref(), || (PASSWORD_TTL, Source::Default));
    let read_only = said(written.read_only.as_ref(), || (true, Source::Default));
    let second_approver = said(written.second_approver.as_ref(), || (false, Source::Default));
    let access = match written.read_only.as_ref() {
        None => Access::ReadOnlyAtStart,
        Some((true, _)) => Access::ReadOnly,
        Some((false, _)) => Access::Writable,
    };
    let target = Target {
        id: TargetId::new(&written.name),
        engine: identified.engine,
        environment: environment.0,
        address: identified.address,
        accent: written.accent.as_ref().map(|(accent, _)| *accent),
        access,
    };
    unattended_fits(written, environment.0)?;
    let text = |value: &str| format!("\"{}\"", escape(value).replace('"', "\\\""));
    let time = |value: Duration| Value::Time(value).to_string();
    let mut shown = vec![
        ("address", text(&target.address), file(&written.place)),
        ("engine", text(target.engine.0), file(&written.place)),
        ("environment", text(environment.0.word()), environment.1),
        ("read_only", read_only.0.to_string(), read_only.1),
        ("second_approver", second_approver.0.to_string(), second_approver.1),
        ("refresh", time(refresh.0), refresh.1),
        ("connect_timeout", time(connect_timeout.0), connect_timeout.1),
    ];
    if let Some((preset, place)) = &written.preset {
        shown.push(("preset", text(preset), file(place)));
    }
    if let Some((_, place)) = written.allow_functions.first() {
        let names: Vec<String> = allow_functions.iter().map(|name| text(name)).collect();
        shown.push(("allow_functions", format!("[{}]", names.join(", ")), file(place)));
    }
    if let Some((accent, place)) = &written.accent {
        shown.push(("color", text(accent.word()), file(place)));
    }
    if let Some(place) = &written.unattended_place {
        let rules: Vec<String> = written.unattended.iter().map(unattended::written).collect();
        shown.push(("unattended", format!("[{}]", rules.join(", ")), file(place)));
    }
    if let Some((freeze, place)) = &written.freeze {
        shown.push(("freeze", unattended::written_freeze(freeze), file(place)));
    }
    if let Some((source, place)) = &written.password {
        shown.push((source.key(), source.to_string(), file(place)));
        if matches!(source, PasswordSource::Command(_)) {
            shown.push(("password_ttl", time(password_ttl.0), password_ttl.1));
        }
    }
    if let Some((tunnel, place)) = &written.tunnel {
        shown.push(("tunnel", text(&tunnel.to_string()), file(place)));
    }
    let log_lines = shown_logs(&written.logs);
    shown.extend(log_lines.into_iter().map(|(key, value, place)| (key, value, file(place))));
    if let (Some(fix), Some((_, place))) = (&fix, &written.fix) {
        shown.push(("fix.user", text(&fix.user), file(place)));
        shown.extend(fix.source.as_ref().map(|source| match source.key() {
            "password" => ("fix.password", source.to_string(), file(place)),
            _ => ("fix.password_command", source.to_string(), file(place)),
        }));
    }
    Ok(TargetConfig {
        target,
        url,
        servers: identified.servers,
        password: written.password.as_ref().map(|(source, _)| source.clone()),
        password_ttl: password_ttl.0,
        logs: written.logs.config(),
        tunnel: written.tunnel.as_ref().map(|(tunnel, _)| tunnel.clone()),
        connect_timeout: connect_timeout.0,
        refresh: refresh.0,
        allow_functions,
        fix,
        approvers: 1 + u8::from(second_approver.0),
        unattended: written.unattended.clone(),
        freeze: written.freeze.as_ref().map(|(freeze, _)| freeze.clone()).unwrap_or_default(),
        shown,
    })
}

/// What may run with nobody asked needs a window where customers may notice, and a login that may write.
fn unattended_fits(written: &WrittenTarget, environment: Environment) -> Result<(), Wrong> {
    let Some(place) = written.unattended_place.as_ref().filter(|_| !written.unattended.is_empty()) else {
        return Ok(());
    };
    let harmless = matches!(environment, Environment::Development | Environment::Staging);
    if !harmless && written.unattended.iter().any(|rule| rule.window.is_none()) {
        let text = "`unattended`: on a target that is or may be production every entry needs a `window`";
        return Err((place.clone(), text.to_owned()));
    }
    if !matches!(written.read_only, Some((false, _))) {
        let text = "`unattended`: nothing runs on a target that is read-only: it needs `read_only = false`";
        return Err((place.clone(), text.to_owned()));
    }
    Ok(())
}

/// What was written, or else a default, with where it is from.
fn said<T: Copy>(written: Option<&Placed<T>>, default: impl FnOnce() -> (T, Source)) -> (T, Source) {
    written.map_or_else(default, |(value, place)| (*value, Source::File(place.clone())))
}

/// Has a preset complete a URL.
fn complete(inputs: &Inputs<'_>, preset: &str, url: &SecretString) -> Result<Completed, String> {
    let presets = inputs.presets;
    if !presets.names.contains(&preset) {
        let names: Vec<String> = presets.names.iter().map(|name| format!("\"{name}\"")).collect();
        let near = did_you_mean(preset, presets.names.iter().copied());
        return Err(format!("`preset` is one of {}{near}", names.join(", ")));
    }
    (presets.complete)(preset, url).map_err(|why| format!("preset \"{preset}\": {why}"))
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
    let text = |value: &str| format!("\"{}\"", escape(value).replace('"', "\\\""));
    let refresh = values.time(&REFRESH);
    let shown = vec![
        ("address", text(&identified.address), source.clone()),
        ("engine", text(identified.engine.0), source.clone()),
        ("environment", text(Environment::Unknown.word()), Source::Default),
        ("read_only", "true".to_owned(), Source::Default),
        ("second_approver", "false".to_owned(), Source::Default),
        ("refresh", Value::Time(refresh).to_string(), values.source(&REFRESH)),
        ("connect_timeout", Value::Time(CONNECT_TIMEOUT).to_string(), Source::Default),
    ];
    Ok(TargetConfig {
        target: Target {
            id: TargetId::new(&identified.address),
            engine: identified.engine,
            environment: Environment::Unknown,
            address: identified.address,
            accent: None,
            access: Access::ReadOnlyAtStart,
        },
        url,
        servers: identified.servers,
        password: None,
        password_ttl: PASSWORD_TTL,
        logs: LogConfig::default(),
        tunnel: None,
        connect_timeout: CONNECT_TIMEOUT,
        refresh,
        allow_functions: Vec::new(),
        fix: None,
        approvers: 1,
        unattended: Vec::new(),
        freeze: Freeze::Never,
        shown,
    })
}
