//! Fix kinds: the closed list of acts that are judged by their exact shape. The statement is rendered by the engine
//! from the parameters, so nobody can smuggle text into it.

use super::super::guard::Class;
use super::super::procedure::Rung;
use serde::{Deserialize, Serialize};

/// A session as it was when somebody pointed at it. After the facts no longer fit, it is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRef {
    /// The server's number of it.
    pub id: i64,
    /// What told it from a later session of the same number, as the engine reads it: `backend_start` and its value.
    /// Empty until the engine has frozen the kind.
    pub facts: Vec<(String, String)>,
    /// Who and what, for the screen: `app_rw checkout-worker idle in txn 14 min`. Untrusted.
    pub about: String,
}

/// An object by its name, as the catalogue has it: unquoted, in its own case. The engine quotes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Its schema or database; none where the engine has none, or for the connection's own.
    pub space: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectRef {
    /// `orders` in `app`; an empty space is none.
    pub fn new(space: &str, name: &str) -> Self {
        Self { space: (!space.is_empty()).then(|| space.to_owned()), name: name.to_owned() }
    }
    /// `app.orders`, for a screen.
    pub fn words(&self) -> String {
        match &self.space {
            Some(space) => format!("{space}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// What keeps an object or a whole database in shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Upkeep {
    /// Takes back dead row versions, and reads statistics.
    Vacuum,
    /// The same, and freezes transaction numbers.
    Freeze,
    /// Reads statistics.
    Analyze,
    /// Moves the write-ahead log into the data, and empties it where that can be had.
    Checkpoint,
    /// Takes free pages back, in the engine's way that keeps readers and writers going.
    Compact,
}

impl Upkeep {
    /// In words, before the object's name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Vacuum => "vacuum",
            Self::Freeze => "vacuum and freeze",
            Self::Analyze => "analyze",
            Self::Checkpoint => "checkpoint",
            Self::Compact => "compact",
        }
    }
}

/// The kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FixKind {
    /// Cancels what these sessions run; they stay.
    CancelStatements(Vec<SessionRef>),
    /// Ends these sessions; what they have not committed is rolled back.
    EndSessions(Vec<SessionRef>),
    /// Drops a replication slot that nobody uses.
    DropReplicationSlot(String),
    /// Gives one setting of the server another value.
    ChangeSetting {
        /// Its name.
        name: String,
        /// The value, as the server's own tools take it.
        value: String,
    },
    /// Removes these keys.
    UnlinkKeys(Vec<String>),
    /// Gives one setting of the server back its default.
    ResetSetting(String),
    /// Gives one setting of a role another value; none takes it back.
    SetForRole {
        /// The role.
        role: String,
        /// The setting.
        name: String,
        /// The value, as the server's own tools take it.
        value: Option<String>,
    },
    /// Limits how many connections a role may have; none lifts the limit.
    LimitConnections(String, Option<u32>),
    /// Gives one storage option of a table another value; none takes it back.
    SetTableOption {
        /// The table.
        table: ObjectRef,
        /// The option.
        name: String,
        /// The value.
        value: Option<String>,
    },
    /// Builds an index beside the traffic, in the engine's way that keeps readers and writers going.
    CreateIndex {
        /// The table or collection.
        table: ObjectRef,
        /// The index's name.
        name: String,
        /// Its columns or fields, in order; a `-` before one means descending.
        columns: Vec<String>,
    },
    /// Drops an index that no constraint needs, beside the traffic.
    DropIndex {
        /// The table or collection.
        table: ObjectRef,
        /// The index's name.
        name: String,
    },
    /// Builds an index anew beside the traffic.
    RebuildIndex {
        /// The table or collection.
        table: ObjectRef,
        /// The index's name.
        name: String,
    },
    /// Keeps an object in shape, or the whole database without one.
    Maintain(Upkeep, Option<ObjectRef>),
    /// Starts replication that stopped.
    StartReplication,
    /// Removes binary logs that are older than this one.
    PurgeLogs(String),
    /// Gives the replication log another size, megabytes.
    ResizeReplicationLog(u64),
    /// Stops a script that holds up all other commands and has written nothing.
    StopScript,
    /// Has the server's own scheduler keep a table in shape from then on.
    ScheduleUpkeep {
        /// The name of what the scheduler keeps.
        name: ObjectRef,
        /// Hours between two runs.
        every_hours: u32,
        /// What is done.
        upkeep: Upkeep,
        /// To which table.
        table: ObjectRef,
    },
}

impl FixKind {
    /// The words of all kinds, as [`Self::word`] gives them.
    pub const WORDS: [&'static str; 18] = [
        "cancel-statements",
        "end-sessions",
        "drop-replication-slot",
        "change-setting",
        "unlink-keys",
        "reset-setting",
        "set-for-role",
        "limit-connections",
        "set-table-option",
        "create-index",
        "drop-index",
        "rebuild-index",
        "maintain",
        "start-replication",
        "purge-logs",
        "resize-replication-log",
        "stop-script",
        "schedule-upkeep",
    ];

    /// The class under which it is approved and recorded.
    pub fn class(&self) -> Class {
        match self {
            Self::CancelStatements(_) | Self::EndSessions(_) => Class::Kill,
            Self::DropReplicationSlot(_)
            | Self::StartReplication
            | Self::PurgeLogs(_)
            | Self::ResizeReplicationLog(_) => Class::Admin,
            Self::ChangeSetting { .. } | Self::ResetSetting(_) | Self::SetForRole { .. } => Class::Setting,
            Self::UnlinkKeys(_) => Class::Dml,
            Self::LimitConnections(..)
            | Self::SetTableOption { .. }
            | Self::CreateIndex { .. }
            | Self::DropIndex { .. }
            | Self::ScheduleUpkeep { .. } => Class::Ddl,
            Self::RebuildIndex { .. } | Self::Maintain(..) => Class::Maintenance,
            Self::StopScript => Class::Kill,
        }
    }

    /// The kind's own word: in the store, and where outcomes are remembered.
    pub fn word(&self) -> &'static str {
        match self {
            Self::CancelStatements(_) => "cancel-statements",
            Self::EndSessions(_) => "end-sessions",
            Self::DropReplicationSlot(_) => "drop-replication-slot",
            Self::ChangeSetting { .. } => "change-setting",
            Self::UnlinkKeys(_) => "unlink-keys",
            Self::ResetSetting(_) => "reset-setting",
            Self::SetForRole { .. } => "set-for-role",
            Self::LimitConnections(..) => "limit-connections",
            Self::SetTableOption { .. } => "set-table-option",
            Self::CreateIndex { .. } => "create-index",
            Self::DropIndex { .. } => "drop-index",
            Self::RebuildIndex { .. } => "rebuild-index",
            Self::Maintain(..) => "maintain",
            Self::StartReplication => "start-replication",
            Self::PurgeLogs(_) => "purge-logs",
            Self::ResizeReplicationLog(_) => "resize-replication-log",
            Self::StopScript => "stop-script",
            Self::ScheduleUpkeep { .. } => "schedule-upkeep",
        }
    }

    /// How much an act of this kind can take away, whatever a plan says of it.
    pub fn rung(&self) -> Rung {
        match self {
            Self::ChangeSetting { .. }
            | Self::ResetSetting(_)
            | Self::SetForRole { .. }
            | Self::LimitConnections(..)
            | Self::SetTableOption { .. } => Rung::Setting,
            Self::CancelStatements(_) | Self::EndSessions(_) | Self::StopScript => Rung::Session,
            Self::CreateIndex { .. }
            | Self::RebuildIndex { .. }
            | Self::Maintain(..)
            | Self::StartReplication
            | Self::ResizeReplicationLog(_) => Rung::Additive,
            // It goes on for ever with nobody looking: a customer's objects are the customer's choice, each time.
            Self::ScheduleUpkeep { .. }
            | Self::DropReplicationSlot(_)
            | Self::UnlinkKeys(_)
            | Self::DropIndex { .. }
            | Self::PurgeLogs(_) => Rung::Removing,
        }
    }

    /// The sessions that it stops or ends.
    pub fn sessions(&self) -> &[SessionRef] {
        match self {
            Self::CancelStatements(sessions) | Self::EndSessions(sessions) => sessions,
            _ => &[],
        }
    }

    /// In words, for lists and dialogs.
    pub fn words(&self) -> String {
        let ids = |sessions: &[SessionRef]| {
            let ids: Vec<String> = sessions.iter().map(|s| s.id.to_string()).collect();
            ids.join(", ")
        };
        match self {
            Self::CancelStatements(sessions) if sessions.len() == 1 => {
                format!("cancel the statement of session {}", ids(sessions))
            }
            Self::CancelStatements(sessions) => {
                format!("cancel the statements of {} sessions: {}", sessions.len(), ids(sessions))
            }
            Self::EndSessions(sessions) if sessions.len() == 1 => format!("end session {}", ids(sessions)),
            Self::EndSessions(sessions) => format!("end {} sessions: {}", sessions.len(), ids(sessions)),
            Self::DropReplicationSlot(name) => format!("drop the replication slot {name}"),
            Self::ChangeSetting { name, value } => format!("set {name} to {value}"),
            Self::UnlinkKeys(keys) if keys.len() == 1 => format!("remove the key {}", keys[0]),
            Self::UnlinkKeys(keys) => format!("remove {} keys", keys.len()),
            Self::ResetSetting(name) => format!("set {name} back to its default"),
            Self::SetForRole { role, name, value: Some(value) } => format!("set {name} to {value} for {role}"),
            Self::SetForRole { role, name, value: None } => format!("take {name} back from {role}"),
            Self::LimitConnections(role, Some(most)) => format!("limit {role} to {most} connections"),
            Self::LimitConnections(role, None) => format!("lift the limit of connections of {role}"),
            Self::SetTableOption { table, name, value: Some(value) } => {
                format!("set {name} of {} to {value}", table.words())
            }
            Self::SetTableOption { table, name, value: None } => format!("take {name} back from {}", table.words()),
            Self::CreateIndex { table, columns, .. } => {
                format!("index {} ({})", table.words(), columns.join(", "))
            }
            Self::DropIndex { table, name } => format!("drop the index {name} of {}", table.words()),
            Self::RebuildIndex { table, name } => format!("rebuild the index {name} of {}", table.words()),
            Self::Maintain(upkeep, Some(object)) => format!("{} {}", upkeep.words(), object.words()),
            Self::Maintain(upkeep, None) => format!("{} the database", upkeep.words()),
            Self::StartReplication => "start replication".to_owned(),
            Self::PurgeLogs(before) => format!("remove the binary logs before {before}"),
            Self::ResizeReplicationLog(megabytes) => format!("make the replication log {megabytes} MB large"),
            Self::StopScript => "stop the script that runs".to_owned(),
            Self::ScheduleUpkeep { name, every_hours, upkeep, table } => {
                format!("{} {} every {every_hours} hours, as {}", upkeep.words(), table.words(), name.words())
            }
        }
    }
}
