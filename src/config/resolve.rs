//! What is used: flags, environment, files and defaults become one [`Config`] that remembers where each value is from.

use super::args::Common;
use super::file::{self, SourceFile};
use super::hooks::HookConfig;
use super::layers::{Source, Values, set};
use super::mistake::{Mistake, Mistakes, Place, nearest};
use super::own::{self, CheckStatement};
use super::places::Places;
use super::settings::{self, SETTINGS, Setting};
use super::targets::{self, Demo, TargetConfig};
use super::ui::Ui;
use super::webhook::{self, WEBHOOK_VARIABLE, Webhook};
use super::written::{KeyBinding, Written};
use crate::domain::diagnosis::{MOST_SECONDS, Terms as DiagnosisTerms, Unasked};
use crate::domain::guard::policy::Policy;
use crate::domain::incident::limits::Limits as IncidentLimits;
use crate::domain::own::Own;
use crate::domain::rows::Limits;
use crate::domain::schedule::{Backoff, BreakerLimits, Patience};
use crate::domain::target::EngineId;
use crate::domain::text::escape;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names the configuration file, like `--config`.
const CONFIG_VARIABLE: &str = "DBA_GPT_CONFIG";
/// Names the vault's key file, like `key_file` below `[vault]`.
const VAULT_KEY_FILE_VARIABLE: &str = "DBA_GPT_VAULT_KEY_FILE";
/// Names the target, like `--target`.
pub(super) const TARGET_VARIABLE: &str = "DBA_GPT_TARGET";

/// What an engine says about a URL or path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The engine that it belongs to.
    pub engine: EngineId,
    /// The printable address, without a password.
    pub address: String,
    /// Host and port of each server that it leads to; none for files and sockets.
    pub servers: Vec<(String, u16)>,
    /// The user or role, where it says one.
    pub user: Option<String>,
    /// The forms of logs that the engine's servers write.
    pub log_formats: Vec<&'static str>,
}

/// A URL that a preset has checked and completed.
#[derive(Debug, Clone)]
pub struct Completed {
    /// The URL to use.
    pub url: SecretString,
    /// What works but should not stay so, a sentence each.
    pub warnings: Vec<String>,
}

/// The presets of the engines. The configuration does not see the engines, so the runtime passes them in.
#[derive(Clone, Copy)]
pub struct Presets<'a> {
    /// Their names.
    pub names: &'a [&'a str],
    /// Has one of them complete a URL; the error is a sentence that says what to write.
    pub complete: &'a dyn Fn(&str, &SecretString) -> Result<Completed, String>,
}

/// Tells whose URL or path a text is: none when no engine knows its form, an error sentence when one does and the
/// text is wrong. The configuration does not see the engines, so the runtime passes their registry in as this.
pub type Identify<'a> = &'a dyn Fn(&SecretString) -> Option<Result<Identified, String>>;

/// Judges key bindings: which screens, actions and keys exist, and which clash. Gives the index of a wrong binding
/// and a sentence. The configuration does not see the screens, so the runtime passes their registry in as this.
pub type CheckKeys<'a> = &'a dyn Fn(&[KeyBinding]) -> Vec<(usize, String)>;

/// Whether a person may declare a function of an engine to be a pure read; the error is a sentence that says why not.
pub type CheckFunction<'a> = &'a dyn Fn(EngineId, &str) -> Result<(), String>;

/// Everything that decides a configuration.
pub struct Inputs<'a> {
    /// The common options of the command line.
    pub args: &'a Common,
    /// The environment.
    pub variables: &'a BTreeMap<String, String>,
    /// The home directory.
    pub home: Option<&'a Path>,
    /// The engines.
    pub identify: Identify<'a>,
    /// What engines know about the addresses of providers.
    pub presets: Presets<'a>,
    /// How a URL or path that an engine knows looks, for messages: `a URL (x://) or a path that ends in .y`.
    pub url_forms: &'a str,
    /// The actions and their keys.
    pub check_keys: CheckKeys<'a>,
    /// What engines let a person declare.
    pub check_function: CheckFunction<'a>,
    /// The engines by name, for what is written for one of them.
    pub engines: &'a [EngineId],
    /// The procedures of all engines, by the ids that `unattended` names.
    pub procedures: &'a [&'static str],
    /// The guard, for statements of the person's own.
    pub check_statement: CheckStatement<'a>,
}

/// How long the store keeps what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Every stored sample, hours.
    pub raw_hours: u64,
    /// Five-minute means, days.
    pub keep_days: u64,
    /// Definitions of objects that are gone or were changed, days.
    pub definition_days: u64,
}

/// The configuration in use. Holds URLs that may hold passwords, as secrets only.
#[derive(Debug, Clone)]
pub struct Config {
    /// Our folders.
    pub places: Places,
    /// Whether the demo database is used, and why.
    pub demo: Demo,
    /// The targets in use, in order; empty with the demo.
    pub targets: Vec<TargetConfig>,
    /// Line mode was asked for.
    pub plain: bool,
    /// The screen.
    pub ui: Ui,
    /// Time between two collections of a target that does not say its own.
    pub refresh: Duration,
    /// How often a target that fails is tried.
    pub patience: Patience,
    /// How incidents are kept.
    pub incidents: IncidentLimits,
    /// How causes are looked for.
    pub diagnosis: DiagnosisTerms,
    /// What a target's policy for unattended runs goes by; it has no rules here.
    pub unattended: Policy,
    /// Steps for a server's own scheduler may be offered.
    pub server_events: bool,
    /// Bounds of one read.
    pub limits: Limits,
    /// Retention of the store.
    pub keep: Keep,
    /// Time between two looks at the definitions of objects; zero for none.
    pub schema_history: Duration,
    /// Keys of the person's own.
    pub keys: Vec<KeyBinding>,
    /// A file that opens the vault in place of a passphrase.
    pub vault_key_file: Option<PathBuf>,
    /// Where news of critical incidents is sent.
    pub webhook: Option<Webhook>,
    /// Programs before and after a fix.
    pub hooks: HookConfig,
    /// Checks and procedures of the person's own.
    pub own: Own,
    /// What works but should not stay so, a sentence each.
    pub warnings: Vec<String>,
    /// Every setting with where it is from.
    pub(super) values: Values,
    /// Where the vault's key file is from.
    pub(super) vault_key_file_source: Source,
}

/// Reads the files and decides every value. Precedence: flag, environment, file (the last one wins), default.
pub fn load(inputs: &Inputs<'_>) -> Result<Config, Mistakes> {
    let fatal = |text: &str| Mistakes(vec![Mistake { place: None, text: text.to_owned() }]);
    let places = Places::find(inputs.variables, inputs.home)
        .ok_or_else(|| fatal("there is no home directory: set HOME or DBA_GPT_HOME"))?;
    let mut written =
        Written { engines: inputs.engines.to_vec(), procedures: inputs.procedures.to_vec(), ..Written::default() };
    let files = files(inputs, &places, &mut written.mistakes);
    for file in &files {
        written.add(file);
    }
    judge_own(inputs, &mut written);
    let values = Values::layer(&written.settings, inputs.variables, &mut written.mistakes);
    let chosen = targets::choose(inputs, &mut written, &values);
    for (index, text) in (inputs.check_keys)(&written.keys) {
        let place = written.keys.get(index).map(|binding| binding.place.clone());
        written.mistakes.push(Mistake { place, text });
    }
    let webhook = webhook::decide(inputs.variables, written.webhook.take()).unwrap_or_else(|mistake| {
        written.mistakes.push(mistake);
        None
    });
    if !written.mistakes.is_empty() {
        // As a person reads: by file, then from the top; what is in no file last.
        written.mistakes.sort_by_key(|mistake| {
            let place = mistake.place.as_ref();
            let file = |place: &Place| files.iter().position(|file| file.name == place.file);
            place.map_or((usize::MAX, 0, 0), |p| (file(p).unwrap_or(usize::MAX), p.line, p.column))
        });
        return Err(Mistakes(written.mistakes));
    }
    let (vault_key_file, vault_key_file_source) = match set(inputs.variables, VAULT_KEY_FILE_VARIABLE) {
        Some(path) => (Some(PathBuf::from(path)), Source::Variable(VAULT_KEY_FILE_VARIABLE.to_owned())),
        None => match written.vault_key_file {
            Some((path, place)) => (Some(at_home(&path, inputs.home)), Source::File(place)),
            None => (None, Source::Default),
        },
    };
    let mut warnings: Vec<String> = written.warnings.iter().map(Mistake::to_string).collect();
    warnings.extend(chosen.warnings);
    warnings.extend(unknown_variables(inputs.variables));
    Ok(Config {
        places,
        demo: chosen.demo,
        targets: chosen.targets,
        plain: inputs.args.plain,
        ui: Ui::decide(&values, inputs.variables),
        refresh: values.time(&settings::REFRESH),
        patience: patience(&values),
        incidents: incidents(&values),
        diagnosis: diagnosis(&values),
        unattended: unattended(&values),
        server_events: values.switch(&settings::SERVER_EVENTS),
        limits: Limits {
            rows: values.size(&settings::ROWS),
            bytes: values.size(&settings::BYTES),
            cell_bytes: values.size(&settings::CELL),
            timeout_ms: values.milliseconds(&settings::TIMEOUT),
            lock_timeout_ms: values.milliseconds(&settings::LOCK_TIMEOUT),
        },
        keep: Keep {
            raw_hours: values.whole(&settings::RAW_HOURS),
            keep_days: values.whole(&settings::KEEP_DAYS),
            definition_days: values.whole(&settings::HISTORY_DAYS),
        },
        schema_history: values.time(&settings::HISTORY_INTERVAL),
        keys: written.keys,
        vault_key_file,
        webhook,
        hooks: written.hooks,
        own: written.own,
        warnings,
        values,
        vault_key_file_source,
    })
}

/// Has the guard judge the statements of checks and procedures, and holds the checks that procedures name against
/// those that there are.
fn judge_own(inputs: &Inputs<'_>, written: &mut Written) {
    for judged in std::mem::take(&mut written.judged) {
        // One that is for no engine was told already.
        let Some(engine) = written.engines.iter().find(|engine| engine.0 == judged.engine) else { continue };
        if let Err(why) = (inputs.check_statement)(*engine, &judged.statement, judged.purpose) {
            written.mistakes.push(Mistake { place: Some(judged.place), text: format!("the guard refuses it: {why}") });
        }
    }
    let known: Vec<&str> = written.own.checks.iter().map(|check| check.name.as_str()).collect();
    let mut unknown = Vec::new();
    for procedure in &written.own.procedures {
        for check in procedure.checks.iter().filter(|check| !known.contains(&check.as_str())) {
            let near = nearest(check, known.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let text =
                format!("[procedures.{}] is for a check `{}`, which there is not{near}", procedure.name, escape(check));
            unknown.push(Mistake { place: None, text });
        }
    }
    written.mistakes.extend(unknown);
}

fn incidents(values: &Values) -> IncidentLimits {
    const HOUR_MS: u64 = 3_600_000;
    const MINUTE_MS: u64 = 60_000;
    let whole = |setting| values.whole(setting);
    IncidentLimits {
        window_ms: whole(&settings::WINDOW_HOURS) * HOUR_MS,
        reopen_ms: whole(&settings::REOPEN_HOURS) * HOUR_MS,
        correlation_ms: whole(&settings::CORRELATION_SECONDS) * 1000,
        quiet_ms: whole(&settings::QUIET_MINUTES) * MINUTE_MS,
        escalate_critical_ms: whole(&settings::ESCALATE_CRITICAL) * MINUTE_MS,
        escalate_error_ms: whole(&settings::ESCALATE_ERROR) * MINUTE_MS,
        // More failures than are looked at would never be seen.
        probe_failures: values.size(&settings::PROBE_FAILURES).min(values.size(&settings::PROBE_WINDOW)),
        probe_window: values.size(&settings::PROBE_WINDOW),
    }
}

fn diagnosis(values: &Values) -> DiagnosisTerms {
    let seconds = u32::try_from(values.whole(&settings::DIAGNOSIS_SECONDS));
    let unasked = Unasked::from_word(values.word(&settings::DIAGNOSE));
    DiagnosisTerms { seconds: seconds.unwrap_or(MOST_SECONDS), unasked: unasked.unwrap_or_default() }
}

fn unattended(values: &Values) -> Policy {
    Policy {
        confidence: u8::try_from(values.whole(&settings::UNATTENDED_CONFIDENCE)).unwrap_or(100),
        attempts: values.whole(&settings::UNATTENDED_ATTEMPTS),
        recovery_ms: values.whole(&settings::UNATTENDED_MINUTES) * 60_000,
        least_waiters: values.whole(&settings::UNATTENDED_WAITERS),
        least_idle_s: values.whole(&settings::UNATTENDED_IDLE),
        ..Policy::default()
    }
}

fn patience(values: &Values) -> Patience {
    let number = |setting| u32::try_from(values.whole(setting)).unwrap_or(u32::MAX);
    let breaker = |failures, within, open| BreakerLimits {
        failures: number(failures),
        within_ms: values.milliseconds(within),
        open_ms: values.milliseconds(open),
    };
    Patience {
        backoff: Backoff {
            first_ms: values.milliseconds(&settings::RETRY_FIRST),
            longest_ms: values.milliseconds(&settings::RETRY_LONGEST),
            attempts: number(&settings::RETRY_ATTEMPTS),
        },
        breaker: breaker(&settings::BREAKER_FAILURES, &settings::BREAKER_WITHIN, &settings::BREAKER_OPEN),
        logins: breaker(&settings::LOGIN_FAILURES, &settings::LOGIN_WITHIN, &settings::LOGIN_OPEN),
    }
}

/// `~/` is the home directory; everything else is taken as it is.
fn at_home(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn files(inputs: &Inputs<'_>, places: &Places, mistakes: &mut Vec<Mistake>) -> Vec<SourceFile> {
    let named = inputs.args.config.as_deref().or_else(|| set(inputs.variables, CONFIG_VARIABLE).map(Path::new));
    if let Some(path) = named {
        return file::read_named(path).map_err(|mistake| mistakes.push(mistake)).into_iter().collect();
    }
    let (files, unreadable) = file::read_folder(&places.config, &own::FOLDERS.map(|(folder, _)| folder));
    mistakes.extend(unreadable);
    files
}

/// A variable that is nearly one of ours is a typing mistake that would otherwise go unseen.
fn unknown_variables(variables: &BTreeMap<String, String>) -> Vec<String> {
    let known: Vec<String> = SETTINGS
        .iter()
        .map(Setting::variable)
        .chain(
            ["DBA_GPT_HOME", CONFIG_VARIABLE, TARGET_VARIABLE, VAULT_KEY_FILE_VARIABLE, WEBHOOK_VARIABLE]
                .map(str::to_owned),
        )
        .collect();
    let ours = variables.keys().filter(|name| name.starts_with("DBA_GPT_") && !known.contains(name));
    ours.filter_map(|name| {
        let near =
            nearest(name.trim_start_matches("DBA_GPT_"), known.iter().map(|k| k.trim_start_matches("DBA_GPT_")))?;
        Some(format!("{} in the environment is not known; did you mean DBA_GPT_{near}?", escape(name)))
    })
    .collect()
}
