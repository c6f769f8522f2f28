//! Fix kinds: the closed list of acts that are judged by their exact shape. The statement is rendered by the engine
//! from the parameters, so nobody can smuggle text into it.

use super::super::guard::Class;
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
}

impl FixKind {
    /// The class under which it is approved and recorded.
    pub fn class(&self) -> Class {
        match self {
            Self::CancelStatements(_) | Self::EndSessions(_) => Class::Kill,
            Self::DropReplicationSlot(_) => Class::Admin,
            Self::ChangeSetting { .. } => Class::Setting,
            Self::UnlinkKeys(_) => Class::Dml,
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
        }
    }
}
