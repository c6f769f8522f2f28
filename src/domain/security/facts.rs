//! What is known of a connection's safety.

use super::address::Reach;
use crate::domain::target::{Environment, Timestamp};

/// How a connection is encrypted, in order of care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encryption {
    /// Nothing is encrypted.
    Off,
    /// Encrypted where the server likes; anybody may be the server.
    Perhaps,
    /// Encrypted; anybody may be the server.
    Unverified,
    /// The certificate is verified, but not the name in it.
    AuthorityOnly,
    /// The certificate and its name are verified.
    Verified,
}

/// Where the password is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptIn {
    /// In the URL.
    Url,
    /// In the environment.
    Environment,
    /// A program prints it.
    Command,
    /// In our own vault.
    Vault,
    /// In the desktop's keyring.
    Keyring,
    /// A person types it.
    Head,
    /// In the files of the engine's own clients, or nowhere.
    NativeFiles,
}

/// How strong a password is, told without the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// It is empty.
    Empty,
    /// It is the user's name, or nearly.
    SameAsUser,
    /// It is one that is tried first.
    Common,
    /// It has fewer than twelve characters (NIST SP 800-63B asks for 8 of people; a program can remember more).
    Short,
    /// Nothing is wrong with it that can be seen.
    Fine,
}

/// Passwords that everybody tries first.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "root",
    "admin",
    "administrator",
    "dba",
    "database",
    "secret",
    "changeme",
    "letmein",
    "welcome",
    "qwerty",
    "test",
    "guest",
    "default",
    "123456",
    "12345678",
    "123456789",
    "1234567890",
    "111111",
    "000000",
];

impl Strength {
    /// Judges the password of a user of a product, which is named as its URLs name it. Nothing of it is kept.
    pub fn of(user: &str, password: &str, product: &str) -> Self {
        let folded = password.to_lowercase();
        let stem = folded.trim_end_matches(|c: char| c.is_ascii_digit() || "!.#?*_-".contains(c));
        let user = user.to_lowercase();
        if password.is_empty() {
            Self::Empty
        } else if !user.is_empty() && (folded == user || stem == user) {
            Self::SameAsUser
        } else if [folded.as_str(), stem].iter().any(|word| *word == product || COMMON.contains(word)) {
            Self::Common
        } else if password.chars().count() < 12 {
            Self::Short
        } else {
            Self::Fine
        }
    }
}

/// What a login saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// What the login may do that a watcher should not.
    pub powers: Vec<String>,
    /// When its password expires; none when it never does, or when that is not known.
    pub expires: Option<Timestamp>,
}

/// What is known of a connection. What is not known is none, and is neither held against it nor for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// How much harm a mistake does there.
    pub environment: Environment,
    /// Who can reach the address.
    pub reach: Reach,
    /// It goes through a tunnel of ours.
    pub tunnel: bool,
    /// It listens on the engine's own port; none for files and sockets.
    pub usual_port: Option<bool>,
    /// How it is encrypted, as the settings say.
    pub encryption: Option<Encryption>,
    /// The engine has logins with passwords.
    pub has_logins: bool,
    /// Where the password is kept.
    pub kept_in: KeptIn,
    /// How strong it is, where we have it before connecting.
    pub strength: Option<Strength>,
    /// A pooler that hands server sessions out per transaction, and what does not stick behind it.
    pub pooler: Option<String>,
    /// What a login saw; none without one.
    pub seen: Option<Seen>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_told_from_strong_ones() {
        for (user, password, strength) in [
            ("ann", "", Strength::Empty),
            ("ann", "Ann", Strength::SameAsUser),
            ("watcher", "watcher2024!", Strength::SameAsUser),
            ("ann", "oursql1", Strength::Common),
            ("ann", "Password1", Strength::Common),
            ("ann", "12345678", Strength::Common),
            ("ann", "x7Qm2p", Strength::Short),
            ("ann", "correct horse battery", Strength::Fine),
            ("", "annannannann", Strength::Fine),
        ] {
            assert_eq!(Strength::of(user, password, "oursql"), strength, "{user} {password}");
        }
    }
}
