//! How a failure to connect can go away: what decides whether trying again makes sense.

use crate::domain::error_event::ConnectKind;

/// How a failure goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// By itself: the server restarts, the network heals, somebody leaves. Worth a few quick retries.
    ByItself,
    /// When something is changed, here or on the server: a certificate, a database, a setting. Quick retries only
    /// make noise; a look now and then is enough.
    ByChange,
    /// With another password or key. The same one is never sent again by the program itself: servers lock accounts.
    ByNewSecret,
}

impl Recovery {
    /// What a kind of failure needs where the engine's code does not say better.
    pub fn of_kind(kind: ConnectKind) -> Self {
        match kind {
            ConnectKind::BadHost
            | ConnectKind::Refused
            | ConnectKind::Unreachable
            | ConnectKind::TooManyConnections
            | ConnectKind::NotReady
            | ConnectKind::Other => Self::ByItself,
            ConnectKind::Tls | ConnectKind::UnsupportedLogin | ConnectKind::NoSuchDatabase | ConnectKind::Settings => {
                Self::ByChange
            }
            ConnectKind::Authentication => Self::ByNewSecret,
        }
    }

    /// Trying again soon makes sense.
    pub fn is_transient(self) -> bool {
        self == Self::ByItself
    }

    /// What it takes, for a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::ByItself => "it may go away by itself",
            Self::ByChange => "something has to be changed, here or on the server",
            Self::ByNewSecret => "another password is needed; the refused one is not sent again by itself",
        }
    }
}
