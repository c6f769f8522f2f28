//! The keyring of the person's desktop session: a build that is asked for it (`--features keyring`) can read it.
//!
//! Over SSH it is left alone: there it is locked, or belongs to a desktop where nobody sits, and asking hangs.

use ::keyring::v1::Entry;
use secrecy::SecretString;
use secrecy::zeroize::Zeroize as _;
use std::collections::BTreeMap;

/// The service under which our entries stand, as other programs show it.
const SERVICE: &str = "dba-gpt";

/// Why the keyring gives no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// We are inside an SSH session.
    #[error("the keyring is not asked inside an SSH session: use `password_command` or our vault there")]
    OverSsh,
    /// It has no such entry, or none can be had.
    #[error("the keyring gives no password for {name} of service {SERVICE}: {why}")]
    Nothing {
        /// The entry.
        name: String,
        /// What the keyring said.
        why: String,
    },
}

/// Whether the keyring may be asked here.
pub fn may_be_asked(variables: &BTreeMap<String, String>) -> Result<(), KeyringError> {
    let over_ssh = ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].iter().any(|name| variables.contains_key(*name));
    if over_ssh { Err(KeyringError::OverSsh) } else { Ok(()) }
}

/// The password of an entry. Blocks, and may make the desktop ask the person to unlock the keyring.
pub fn password(name: &str) -> Result<SecretString, KeyringError> {
    let nothing = |error: ::keyring::v1::Error| KeyringError::Nothing { name: name.to_owned(), why: error.to_string() };
    let mut found = Entry::new(SERVICE, name).and_then(|entry| entry.get_password()).map_err(nothing)?;
    let secret = SecretString::from(found.as_str());
    found.zeroize();
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_left_alone_over_ssh() {
        let over = |name: &str| [(name.to_owned(), "x".to_owned())].into();
        assert_eq!(may_be_asked(&over("SSH_TTY")), Err(KeyringError::OverSsh));
        assert_eq!(may_be_asked(&over("TERM")), Ok(()));
    }
}
