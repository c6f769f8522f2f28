//! Databases: one folder per engine, one registry. A `match` on the engine outside this folder is a defect.
//!
//! An engine is static data ([`EngineSpec`]): its names, its pure [`Dialect`], its views, and a few functions. What
//! differs at run time hides behind [`Session`], whose doors are `own` (our own constant queries), `read` (a
//! statement that the guard allowed) and `act` (one act that a person approved).

mod acting;
#[cfg(test)]
mod case;
mod collector;
mod examination;
pub mod gates;
pub mod mongodb;
pub mod mysql;
mod near;
mod net;
pub mod oracle;
mod outages;
pub mod postgres;
pub mod redis;
mod reports;
mod session;
pub mod simulation;
mod sql;
pub mod sqlite;
mod steps;
mod way_in;

pub use crate::domain::rows::RowSink;
pub use acting::{ActError, Acted, Fixing, Wholes, Witness};
pub use collector::Collector;
pub use examination::{Definitions, Examination, LookFurther, Probe, Wanted, When};
pub use outages::outages;
pub use reports::{ErrorCount, LogPiece, LookAtReports, Reports};
pub use session::{Param, Query, ReadSummary, Session};
pub use way_in::{ConnectSettings, Destination, Found, Prepared, Preset, Surroundings};

use crate::domain::activity::Sample;
use crate::domain::dialect::Dialect;
use crate::domain::error::naming::ErrorNaming;
use crate::domain::error_event::{ConnectError, SessionError};
use crate::domain::guard::Catalog;
use crate::domain::hosting::Hosting;
use crate::domain::schema::Schema;
use crate::domain::target::EngineId;
use secrecy::SecretString;
use simulation::Simulation;
use std::future::Future;
use std::pin::Pin;

/// A boxed future, so that engines can be static data.
pub type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A table of the server view: activity and blocking come with every sample, these are asked for when shown.
#[derive(Debug)]
pub struct View {
    /// Name and `:` word.
    pub name: &'static str,
    /// The letter after `g`.
    pub key: char,
    /// Title on its frame.
    pub title: &'static str,
    /// The query. Its first column names the row and stays in place when columns scroll.
    pub query: &'static Query,
}

/// An engine as data.
pub struct EngineSpec {
    /// Id; also the name on the command line.
    pub id: EngineId,
    /// The name as people write it.
    pub name: &'static str,
    /// URL schemes, without `://`.
    pub schemes: &'static [&'static str],
    /// Endings of bare paths that mean this engine.
    pub file_endings: &'static [&'static str],
    /// The engine keeps a list of its sessions, so that a sample has them.
    pub has_sessions: bool,
    /// A login has a password, so that one can be asked for.
    pub takes_password: bool,
    /// Oldest version that is supported in full, in words.
    pub minimum_version: &'static str,
    /// Statements that make a login which sees what this program shows and can change nothing, for a person to read
    /// and run; empty for engines without logins.
    pub least_privilege: &'static str,
    /// The same for a second login, with which approved fixes may run: what the engine's own catalogue of fixes
    /// needs and no more; empty for engines without logins.
    pub least_privilege_fix: &'static str,
    /// How the gates behind the guard are asked for.
    pub gates: gates::Gates,
    /// Managed services and poolers by address.
    pub hosting: &'static Hosting,
    /// Providers whose addresses can be checked before connecting.
    pub presets: &'static [Preset],
    /// The pure half.
    pub dialect: &'static dyn Dialect,
    /// Views of the server screen.
    pub views: &'static [View],
    /// The printable address of a URL: no password, defaults filled in. Errors say what is wrong with the URL.
    pub address: fn(&SecretString, &Surroundings) -> Result<String, ConnectError>,
    /// Where a URL leads and as whom. Errors say what is wrong with the URL.
    pub destination: fn(&SecretString, &Surroundings) -> Result<Destination, ConnectError>,
    /// Connects and learns who is there.
    pub connect: for<'a> fn(&'a ConnectSettings) -> Task<'a, Result<Box<dyn Session>, ConnectError>>,
    /// One collection. `cycle` counts from 0: what is costly is read only on some cycles.
    pub sample: for<'a> fn(&'a mut dyn Session, u64) -> Task<'a, Result<Sample, SessionError>>,
    /// What the server tells about its errors; none for engines that tell nothing.
    /// [`SessionError::Unsupported`] says what the login, the version or the settings would have to be.
    pub reports: Option<LookAtReports>,
    /// How acts are looked at.
    pub fixing: &'static Fixing,
    /// How causes are found, and what is done about them.
    pub examination: &'static Examination,
    /// How the definitions of objects are read; none for engines whose objects have none.
    pub definitions: Option<&'static Definitions>,
    /// Errors that can be provoked on purpose, in the order of `domain::simulation`.
    pub simulations: &'static [Simulation],
    /// The objects of the connected database, and what the guard should know about them.
    pub schema: for<'a> fn(&'a mut dyn Session) -> Task<'a, Result<(Schema, Catalog), SessionError>>,
    /// The URL of another database on the same server, where the engine has several.
    pub with_database: fn(&SecretString, &str) -> Option<SecretString>,
    /// What there is to connect to on this machine, without connecting.
    pub discover: fn(&Surroundings) -> Vec<Found>,
}

/// Every engine.
pub static ENGINES: &[&EngineSpec] = &[&postgres::SPEC, &mysql::SPEC, &mongodb::SPEC, &redis::SPEC, &sqlite::SPEC];

/// The engine of a name.
pub fn by_name(name: &str) -> Option<&'static EngineSpec> {
    ENGINES.iter().copied().find(|e| e.id.0 == name)
}

/// The errors of a name: of an engine, or of a product whose errors are known although nobody connects to it.
pub fn errors_of(name: &str) -> Option<&'static dyn ErrorNaming> {
    by_name(name).map(|e| e.dialect.errors()).or_else(|| (name == oracle::ID.0).then_some(oracle::ERRORS))
}

/// Every name that [`errors_of`] knows.
pub fn names_with_errors() -> Vec<&'static str> {
    ENGINES.iter().map(|e| e.id.0).chain([oracle::ID.0]).collect()
}

/// The engine of a URL or path.
pub fn by_url(url: &str) -> Option<&'static EngineSpec> {
    let scheme = url.split_once(':').map(|(s, _)| s.to_ascii_lowercase());
    ENGINES.iter().copied().find(|e| {
        scheme.as_deref().is_some_and(|s| e.schemes.contains(&s))
            || (!url.contains("://") && e.file_endings.iter().any(|end| url.to_ascii_lowercase().ends_with(end)))
    })
}
