//! Configuration: what is typed (files, flags, environment) and what is used ([`Config`]) are two things.
//!
//! ```text
//! args       the command line             settings   the registry of keys: kinds, defaults, help
//! file       files and their permissions  written    a file's text -> keys with places, every mistake at once
//! password   where one comes from           tunnel     what is started before connecting
//! own        checks and procedures of a person's own         hooks     programs before and after a fix
//! allow_functions   functions that a person has declared to be pure reads
//! layers     default < file < environment targets    which targets are used    ui   what the terminal can
//! resolve    all of it -> Config          show       `config show`, the example file
//! ```
//!
//! The configuration sees neither engines nor screens: [`Inputs`] takes both registries as functions. A mistake reads
//! `config.toml:12:5: words that say what to do`.

mod allow_functions;
pub mod args;
mod choices;
mod file;
mod hooks;
mod layers;
mod logs;
mod mistake;
mod own;
mod password;
mod places;
mod resolve;
mod settings;
mod show;
mod targets;
mod trust;
mod tunnel;
mod ui;
mod unattended;
mod units;
mod webhook;
mod written;
mod written_target;

pub use choices::{Clipboard, ColorChoice, SymbolsChoice, Theme};
pub use hooks::HookConfig;
pub use layers::Source;
pub use logs::LogConfig;
pub use mistake::{Mistake, Mistakes, Place, nearest};
pub use own::{CheckStatement, StatementFor};
pub use password::{PasswordSource, VAULT_NAME, is_vault_name};
pub use places::{Places, home};
pub use resolve::{CheckFunction, CheckKeys, Completed, Config, Identified, Identify, Inputs, Keep, Presets, load};
pub use settings::{Kind, SETTINGS, Setting, Value};
pub use show::{Shown, example};
pub use targets::{DEMO_TARGET, Demo, FixCredential, TargetConfig};
pub use trust::trusted;
pub use tunnel::{SshTunnel, TunnelConfig};
pub use ui::{ColorDepth, Ui};
pub use units::{format_bytes, format_duration, parse_bytes, parse_duration};
pub use webhook::Webhook;
pub use written::KeyBinding;
