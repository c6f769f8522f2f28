//! The only place that spawns, selects, sleeps or reads the clock: the way from `main` to the loop or to a command.
//!
//! ```text
//! mod -> app_loop, or watch without a screen -> perform -> watcher (one a target: samples, views)
//!                            -> reader  (one a target: chat statements, schemas, exports)
//!                            -> fixer   (files and decides proposals; one task an act) -> fixing
//!                            -> incidents (reads them anew when something changed, acts on them)
//!                            -> storage (the store's own task)
//!                            -> detection (who has the claim) -> follow (logs of the targets), herald (webhook)
//! connect (a target's way in) -> tunnel, vault, ask: each at the first need, shared by both tasks of the target
//! ```

mod app_loop;
mod ask;
mod assemble;
mod attempts;
mod chronicle;
mod clipboard;
mod clock;
mod connect;
mod consult;
mod demo;
mod detection;
mod editor;
pub mod examine;
mod facts;
mod fixer;
pub mod fixing;
pub mod fleet;
mod follow;
mod herald;
pub mod hooks;
mod host;
mod incidents;
mod log;
mod news;
mod patrol;
mod perform;
mod plain;
mod probe;
mod reader;
mod records;
mod refused;
mod simulate;
mod storage;
mod survey;
mod terminal;
mod tunnel;
mod vault;
mod vault_command;
mod watch;
mod watcher;
mod who;

use crate::app::approvals::Shown;
use crate::app::event::Event;
use crate::app::model::{Model, TargetModel, ViewInfo};
use crate::cli::{self, Headless, HeadlessTarget};
use crate::config::args::{Args, Command, Common, Watch as WatchArgs};
use crate::config::{self, Config, Demo, Inputs, Mistakes, PasswordSource, Presets};
use crate::domain::guard::policy::Policy;
use crate::domain::own::Own;
use crate::domain::schedule::Patience;
use crate::domain::security::Facts;
use crate::domain::target::{Access, Environment, Target, TargetId};
use crate::engine::{self, ENGINES, EngineSpec, Surroundings};
use anyhow::{Context as _, Result};
use ask::Asker;
use clap::Parser as _;
use connect::{Door, Helpers, Plan};
use fixing::{FixLogin, Room};
use follow::Logs;
use secrecy::SecretString;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tunnel::Tunnel;
use vault::VaultKeeper;

/// Answers that wait for the loop. A full inbox makes tasks wait, never the loop.
const INBOX: usize = 256;
/// Exit codes of wrong usage or configuration, and of our own fault.
const WRONG_USAGE: u8 = 2;
const OUR_FAULT: u8 = 5;

/// A target ready to be connected to.
#[derive(Clone)]
struct TargetSetup {
    /// What the core knows of it.
    target: Target,
    /// Its engine.
    spec: &'static EngineSpec,
    /// The way in.
    door: Door,
    /// Time between two collections.
    refresh: Duration,
    /// How often it is tried when it fails.
    patience: Patience,
    /// Functions that the guard takes for pure reads.
    allow_functions: Vec<String>,
    /// What the settings say about its safety.
    facts: Option<Facts>,
    /// The login for fixes.
    fix: Option<FixLogin>,
    /// Persons who have to approve an act.
    approvers: u8,
    /// Where its log is, and how it is read.
    logs: Logs,
    /// What may run with nobody asked.
    unattended: Policy,
    /// Who gives a session up when a fix has no other way in.
    room: Room,
    /// Checks and procedures of the person's own that are for it.
    own: Own,
    /// Steps for the server's own scheduler may be offered.
    server_events: bool,
}

/// Everything from the command line to the exit code.
pub fn run() -> ExitCode {
    if let Some(code) = tunnel::become_tunnel(std::env::args_os()) {
        return code;
    }
    protect_process();
    let args = Args::parse();
    let surroundings = surroundings();
    let identify = |url: &SecretString| consult::identify(url, &surroundings);
    let complete = |preset: &str, url: &SecretString| consult::complete(preset, url, &surroundings);
    let inputs = Inputs {
        args: &args.common,
        variables: &surroundings.variables,
        home: surroundings.home.as_deref(),
        identify: &identify,
        presets: Presets { names: &consult::preset_names(), complete: &complete },
        url_forms: &consult::url_forms(),
        check_keys: &consult::check_keys,
        check_function: &consult::check_function,
        engines: &consult::engines(),
        procedures: &consult::procedures(),
        check_statement: &consult::check_statement,
    };
    let config = config::load(&inputs);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).max_blocking_threads(8).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(OUR_FAULT, &format!("no threads could be started: {error}")),
    };
    let code = match (args.command, config) {
        (Some(Command::Watch(watch_args)), Ok(config)) => {
            match runtime.block_on(watch(&config, &args.common, &surroundings, &watch_args)) {
                Ok(code) => code,
                Err(error) => return fail(OUR_FAULT, &format!("{error:#}")),
            }
        }
        (Some(command), config) => {
            runtime.block_on(headless(config, &args.common, &surroundings, Work::Command(command)))
        }
        (None, Ok(config)) if config.plain => {
            runtime.block_on(headless(Ok(config), &args.common, &surroundings, Work::Lines))
        }
        (None, Err(mistakes)) => return fail(WRONG_USAGE, &mistakes.to_string()),
        (None, Ok(config)) => match runtime.block_on(open_app(&config, &args.common, &surroundings)) {
            Ok(()) => 0,
            Err(error) => {
                terminal::give_back();
                return fail(OUR_FAULT, &format!("{error:#}"));
            }
        },
    };
    // What still hangs in a blocking call is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(200));
    ExitCode::from(code)
}

fn fail(code: u8, words: &str) -> ExitCode {
    say(words);
    ExitCode::from(code)
}

fn say_wrong(words: &str) -> u8 {
    say(words);
    WRONG_USAGE
}

fn say(words: &str) {
    let words = crate::domain::text::escape_lines(&crate::domain::text::redact(words));
    let _ = writeln!(std::io::stderr(), "dba-gpt: {words}");
}

/// No core files, no reading of our memory by others of the same user, private files by default.
fn protect_process() {
    use nix::sys::{resource, stat};
    let _ = resource::setrlimit(resource::Resource::RLIMIT_CORE, 0, 0);
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
    stat::umask(stat::Mode::S_IRWXG | stat::Mode::S_IRWXO);
}

/// Reads what the program inherits, once.
fn surroundings() -> Surroundings {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|u| u.name);
    Surroundings { variables, home: config::home(), user, current_dir: std::env::current_dir().ok() }
}

/// Who helps every way in of this run.
fn helpers(config: &Config, surroundings: &Surroundings) -> Helpers {
    let asker = Asker::default();
    let vault = VaultKeeper::new(&config.places.data, config.vault_key_file.clone(), asker.clone());
    Helpers { asker, vault, surroundings: surroundings.clone() }
}

/// The targets of a configuration, ready to be connected to; the demo's own when there is none.
fn setups(config: &Config, common: &Common, helpers: &Helpers) -> Vec<TargetSetup> {
    if config.demo != Demo::No {
        return vec![demo::setup(config, &helpers.surroundings)];
    }
    let mut setups = Vec::new();
    for t in &config.targets {
        let Some(spec) = engine::by_name(t.target.engine.0) else { continue };
        let asked = common.ask_password && spec.takes_password;
        let tunnel = t
            .tunnel
            .clone()
            .zip(t.servers.first().cloned())
            .map(|(config, (host, port))| Tunnel::new(config, host, port, helpers.surroundings.variables.clone()));
        let plan = Plan {
            url: t.url.clone(),
            password: if asked { Some(PasswordSource::Prompt) } else { t.password.clone() },
            password_ttl: t.password_ttl,
            question: format!("Password for {} ({}): ", t.target.id, t.target.address),
            tunnel,
            timeout: t.connect_timeout,
        };
        let door = Door::new(plan, helpers);
        let facts = facts::facts(t, spec, asked, &helpers.surroundings);
        setups.push(TargetSetup {
            facts,
            own: config.own.of(&t.target.id, spec.id),
            server_events: config.server_events,
            target: t.target.clone(),
            spec,
            door,
            refresh: t.refresh,
            allow_functions: t.allow_functions.clone(),
            patience: config.patience,
            fix: t.fix.as_ref().map(|fix| FixLogin {
                user: fix.user().to_owned(),
                source: fix.source().cloned(),
                helpers: helpers.clone(),
            }),
            approvers: t.approvers,
            unattended: Policy { rules: t.unattended.clone(), freeze: t.freeze.clone(), ..config.unattended.clone() },
            room: Room::between_processes(&config.places.data, &t.target.id),
            logs: Logs {
                target: t.target.id.clone(),
                dialect: spec.dialect,
                config: t.logs.clone(),
                variables: helpers.surroundings.variables.clone(),
            },
        });
    }
    setups
}

/// What runs without a screen.
enum Work {
    /// One command.
    Command(Command),
    /// Lines from standard input.
    Lines,
}

/// Runs a command, or line mode, on the process's own streams. Gives the exit code.
async fn headless(config: Result<Config, Mistakes>, common: &Common, surroundings: &Surroundings, work: Work) -> u8 {
    let (mut targets, mut demo_file, mut kept, mut vault) = (Vec::new(), None, None, None);
    if let Ok(config) = &config {
        let _ = log::start(&config.places.state);
        let helpers = helpers(config, surroundings);
        targets = setups(config, common, &helpers);
        vault = Some(helpers.vault);
        demo_file = (config.demo != Demo::No).then(|| config.places.demo_file());
        kept = Some(host::Kept {
            data: config.places.data.clone(),
            retention: storage::retention(config.keep),
            audit: assemble::audit_places(config),
            who: who::who(&surroundings.variables),
            terms: assemble::terms(config, &targets),
            hooks: hooks::Hooks::new(config.hooks.clone(), surroundings.variables.clone()),
        });
    }
    let listed = targets
        .iter()
        .map(|s| HeadlessTarget {
            target: s.target.clone(),
            patience: s.patience,
            facts: s.facts.clone(),
            allow_functions: s.allow_functions.clone(),
            refresh_ms: u64::try_from(s.refresh.as_millis()).unwrap_or(u64::MAX),
        })
        .collect();
    let host = host::ProcessHost::new(targets, demo_file, kept, vault);
    let mut stdin = std::io::BufReader::new(std::io::stdin());
    let mut stdout = std::io::BufWriter::new(std::io::stdout());
    let mut stderr = std::io::stderr();
    let mut io = Headless {
        host: &host,
        surroundings,
        offset_minutes: clock::offset_minutes(),
        targets: listed,
        common,
        stdin: &mut stdin,
        stdout: &mut stdout,
        stderr: &mut stderr,
        terminal: cli::Terminal {
            is_terminal: std::io::stdout().is_terminal(),
            input_is_terminal: std::io::stdin().is_terminal(),
            talk_is_terminal: std::io::stderr().is_terminal(),
            size: crossterm::terminal::size().ok(),
        },
    };
    match (work, config) {
        (Work::Command(command), config) => cli::run(command, config, &mut io).await,
        (Work::Lines, Ok(mut config)) => {
            if config.demo == Demo::NothingConfigured {
                // A person sits here, as before the screens: the demo is opened, and said to be it.
                io.stderr.write_all(b"no target is configured: this is the embedded demo shop\n").unwrap_or_default();
                config.demo = Demo::Asked;
            }
            plain::run(&config, &mut io).await
        }
        (Work::Lines, Err(mistakes)) => {
            fail(WRONG_USAGE, &mistakes.to_string());
            WRONG_USAGE
        }
    }
}

/// Opens the terminal app.
async fn open_app(config: &Config, common: &Common, surroundings: &Surroundings) -> Result<()> {
    let _ = log::start(&config.places.state);
    terminal::install_panic_hook();
    let setups = setups(config, common, &helpers(config, surroundings));
    for setup in &setups {
        // Before the screen is drawn: there is nowhere to ask after that.
        setup.door.ask().await;
    }
    let model = first_model(config, &setups);
    let view = crate::ui::ViewState::new(view_options(config)).map_err(|words| anyhow::anyhow!(words))?;
    let screen = terminal::Screen::take()?;
    let (out, inbox) = mpsc::channel(INBOX);
    let performer =
        assemble::performer(config, surroundings, setups, model.export_folder.clone(), &out).acting_by_policy();
    let over_ssh = surroundings.variable("SSH_TTY").or(surroundings.variable("SSH_CONNECTION")).is_some();
    let frames = if over_ssh { config.ui.max_fps.min(4) } else { config.ui.max_fps };
    let demo = (config.demo != Demo::No).then(|| demo::Keeper::new(config.places.demo_file(), out.clone()));
    let around = surroundings.clone();
    let app = app_loop::AppLoop {
        model,
        view,
        screen,
        performer,
        inbox,
        data_gap: Duration::from_millis(1000 / frames.clamp(1, 30)),
        private_folder: config.places.state.clone(),
        after_first_frame: Some(Box::new(move |performer| {
            performer.open_store();
            if let Some(keeper) = demo {
                keeper.begin();
                offer(around, out);
            }
        })),
        draw_at: None,
        shown: Shown::default(),
        drawn: Instant::now(),
        done: false,
    };
    app.run().await.context("the app ended")
}

/// Watches without a screen. Gives the exit code.
async fn watch(config: &Config, common: &Common, surroundings: &Surroundings, args: &WatchArgs) -> Result<u8> {
    let _ = log::start(&config.places.state);
    if config.demo == Demo::NothingConfigured {
        let words = "there is nothing to watch: put a target into the configuration, or name one with --target";
        return Ok(say_wrong(words));
    }
    let mut setups = setups(config, common, &helpers(config, surroundings));
    for setup in &mut setups {
        setup.door.ask().await;
        if args.once {
            setup.refresh = setup.refresh.min(watch::BETWEEN_SAMPLES_OF_A_ROUND);
        }
    }
    let model = first_model(config, &setups);
    let (out, inbox) = mpsc::channel(INBOX);
    let performer = assemble::performer(config, surroundings, setups, model.export_folder.clone(), &out);
    if config.demo != Demo::No {
        demo::Keeper::new(config.places.demo_file(), out.clone()).begin();
    }
    let watching = watch::WatchLoop { model, performer, inbox, once: args.once, json: args.json };
    let mut stdout = std::io::BufWriter::new(std::io::stdout());
    watching.run(&mut stdout).await
}

/// Looks for servers and files of this machine, and offers them in one line.
fn offer(surroundings: Surroundings, out: mpsc::Sender<Event>) {
    tokio::task::spawn_blocking(move || {
        let found: Vec<String> = ENGINES
            .iter()
            .flat_map(|e| (e.discover)(&surroundings))
            .map(|f| format!("{} ({})", f.url, f.source))
            .collect();
        if !found.is_empty() {
            let _ = out.blocking_send(Event::Offer(found));
        }
    });
}

fn first_model(config: &Config, setups: &[TargetSetup]) -> Model {
    let now = clock::now();
    let targets = setups
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let views: Vec<ViewInfo> =
                s.spec.views.iter().map(|v| ViewInfo { name: v.name, key: v.key, title: v.title }).collect();
            // Fifty targets do not connect in the same moment.
            let first = now.plus_ms(i64::try_from(i * 50).unwrap_or(0));
            let interval = u64::try_from(s.refresh.as_millis()).unwrap_or(2_000);
            let target =
                TargetModel::new(s.target.clone(), s.spec.dialect, &views, interval, first).with_patience(s.patience);
            let offers = s.spec.simulations.iter().map(|simulation| simulation.offer).collect();
            let target = target.with_fixes(s.fix_user().is_some()).with_security(s.facts.clone());
            let target = target.with_simulations(offers, config.demo != Demo::No);
            if s.spec.has_sessions { target } else { target.without_sessions() }
        })
        .collect();
    let mut model = Model::new(now, clock::offset_minutes(), targets, config.limits);
    model.mouse = config.ui.mouse;
    model.incident_limits = config.incidents;
    model.diagnosis_terms = config.diagnosis;
    model.library = cli::library();
    if config.demo != Demo::No {
        model.demo_progress = (!config.places.demo_file().exists()).then_some(0);
        let why = if config.demo == Demo::NothingConfigured {
            "no target is configured: this is the embedded demo shop"
        } else {
            "this is the embedded demo shop"
        };
        model.tell(format!("{why}; dba-gpt --target URL watches yours"), false);
    }
    for warning in &config.warnings {
        model.tell(warning, true);
    }
    model
}

fn view_options(config: &Config) -> crate::ui::ViewOptions<'_> {
    use crate::config::ColorDepth as Wanted;
    use crate::ui::{ColorDepth, Symbols};
    crate::ui::ViewOptions {
        color: match config.ui.colors {
            Wanted::None => ColorDepth::None,
            Wanted::Palette16 => ColorDepth::Ansi16,
            Wanted::Palette256 => ColorDepth::Ansi256,
            Wanted::Truecolor => ColorDepth::TrueColor,
        },
        symbols: if config.ui.ascii { Symbols::Ascii } else { Symbols::Unicode },
        theme: config.ui.theme.word(),
        keymap_overrides: config.keys.iter().map(|k| (k.action.clone(), k.key.clone())).collect(),
    }
}

/// The demo's target.
fn demo_target(address: &str, spec: &EngineSpec) -> Target {
    Target {
        id: TargetId::new(config::DEMO_TARGET),
        engine: spec.id,
        environment: Environment::Development,
        address: address.to_owned(),
        accent: None,
        access: Access::Writable,
    }
}
