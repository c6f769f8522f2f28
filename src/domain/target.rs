//! Who we talk about: engines, targets, environments, identities, and time as a value.

use std::fmt;
use std::sync::Arc;

/// Opaque name of an engine (`postgres`, `sqlite`, ...). Only `engine/` knows which exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EngineId(pub &'static str);

impl fmt::Display for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The name by which a person knows a target. Unique within one run of the program.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct TargetId(pub Arc<str>);

impl TargetId {
    /// Makes an id from a configured name or a printable address.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much harm a mistake does here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Environment {
    /// Customers notice.
    Production,
    /// Colleagues notice.
    Staging,
    /// Nobody notices.
    Development,
    /// Not said in the configuration; shown as such and treated like production.
    #[default]
    Unknown,
}

impl Environment {
    /// The word in a configuration file and on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Production => "prod",
            Self::Staging => "stage",
            Self::Development => "dev",
            Self::Unknown => "unknown",
        }
    }
}

/// The colour by which a person tells a target from the others. Each theme and terminal draws its own shade of it,
/// and none where colours are off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accent {
    /// Red.
    Red,
    /// Yellow.
    Yellow,
    /// Green.
    Green,
    /// Cyan.
    Cyan,
    /// Blue.
    Blue,
    /// Magenta.
    Magenta,
}

impl Accent {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Red, Self::Yellow, Self::Green, Self::Cyan, Self::Blue, Self::Magenta];
    /// The word in a configuration file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Cyan => "cyan",
            Self::Blue => "blue",
            Self::Magenta => "magenta",
        }
    }
}

/// Whether fixes may run on a target once somebody approves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Never: the configuration says `read_only = true`.
    ReadOnly,
    /// Not before a person lifts it for this run, with the target's name: the configuration says nothing.
    #[default]
    ReadOnlyAtStart,
    /// From the start: the configuration says `read_only = false`.
    Writable,
}

impl Access {
    /// In lists and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::ReadOnlyAtStart => "read-only at start",
            Self::Writable => "writable",
        }
    }
}

/// A target as the screens and the core know it: no secret, no handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Name.
    pub id: TargetId,
    /// Engine.
    pub engine: EngineId,
    /// Environment.
    pub environment: Environment,
    /// Where it is, fit to be shown: `host:port/database` or a path. Never holds a password.
    pub address: String,
    /// Its colour on the screens.
    pub accent: Option<Accent>,
    /// Whether fixes may run here.
    pub access: Access,
}

/// What a server said about itself when we connected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Product and version as a person says it, for example `PG 16.4` or `SQLite 3.51.3`.
    pub version: String,
    /// Version as a number that orders: major * 10000 + minor * 100 + patch (PostgreSQL's own
    /// `server_version_num` since 10 is major * 10000 + minor).
    pub version_number: u32,
    /// Short kind for the fleet table, for example `pg16`.
    pub kind: String,
    /// Role in its cluster, the engine's word: `primary`, `replica`, `file`.
    pub role: String,
    /// The connected database.
    pub database: String,
    /// The user or role we are.
    pub user: String,
    /// When the server started, if it says so.
    pub started_at: Option<Timestamp>,
    /// What this login may do that a watcher should not: `superuser`, `owns 14 tables`, ...
    pub excess_powers: Vec<String>,
    /// What this login cannot see, each with what to grant.
    pub hints: Vec<String>,
    /// When the login's password expires, where the engine says so.
    pub password_expires: Option<Timestamp>,
    /// A name that tells one server from another after a failover, where the engine has one.
    pub system_id: Option<String>,
}

/// Milliseconds since 1970-01-01 00:00:00 UTC. The core never reads a clock: it is given one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Milliseconds from `earlier` to `self`, 0 when the clock went backwards.
    pub fn since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
    /// This moment plus some milliseconds.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
    /// `2026-08-22 14:31:58` in UTC shifted by `offset_minutes`.
    pub fn date_time(self, offset_minutes: i32) -> String {
        self.shifted(offset_minutes).map_or_else(|| "-".into(), |t| t.format("%Y-%m-%d %H:%M:%S").to_string())
    }
    /// `14:31:58` in UTC shifted by `offset_minutes`.
    pub fn clock(self, offset_minutes: i32) -> String {
        self.shifted(offset_minutes).map_or_else(|| "-".into(), |t| t.format("%H:%M:%S").to_string())
    }
    fn shifted(self, offset_minutes: i32) -> Option<chrono::DateTime<chrono::Utc>> {
        chrono::DateTime::from_timestamp_millis(self.0 + i64::from(offset_minutes) * 60_000)
    }
}
