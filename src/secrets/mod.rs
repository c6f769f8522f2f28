//! Passwords from outside the configuration. Each is fetched when it is needed and is never in a message, a log or an
//! argument list. Passwords that engines know how to find themselves (their client files) are not our business here.
//!
//! ```text
//! command      a program that prints one       vault         our own sealed file
//! environment  what such a program inherits    private_file  files that only we may read
//! ```
//!
//! The order in which sources are looked at is decided in `runtime/connect`: what the person types, then what the
//! target's table says, then what the engine finds by itself.

mod command;
mod environment;
#[cfg(feature = "keyring")]
pub mod keyring;
mod private_file;
pub mod vault;

pub use command::{COMMAND_TIMEOUT, from_command};
pub use environment::for_children;
pub use private_file::Refused;

use secrecy::SecretString;
use std::collections::BTreeMap;

/// Why there is no password. Messages name variables and programs, never what they hold or print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or empty.
    #[error("the password is in the variable {0}, which is not set: export it before the program starts")]
    NoVariable(String),
    /// The service manager handed over no credentials.
    #[error("the password is the credential {0}, and there are no credentials: CREDENTIALS_DIRECTORY is not set")]
    NoCredentials(String),
    /// The credential cannot be read.
    #[error("the credential {name} cannot be used: {why}")]
    Credential {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// The program could not be started.
    #[error("the password command {program} did not start: {why}")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        why: String,
    },
    /// The program ended with a failure.
    #[error("the password command {program} failed ({status}): run it by hand to see why")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
    },
    /// The program printed nothing, or no text.
    #[error("the password command {program} printed no password on its first line")]
    Nothing {
        /// The program.
        program: String,
    },
    /// The program took too long, and was ended.
    #[error("the password command {program} gave no answer in time and was ended")]
    TooSlow {
        /// The program.
        program: String,
    },
}

/// The password in a variable of the environment.
pub fn from_variable(name: &str, variables: &BTreeMap<String, String>) -> Result<SecretString, SecretError> {
    match variables.get(name).filter(|value| !value.is_empty()) {
        Some(value) => Ok(SecretString::from(value.as_str())),
        None => Err(SecretError::NoVariable(name.to_owned())),
    }
}

/// A credential is a password, perhaps with the end of its line.
const LONGEST_CREDENTIAL: u64 = 4096;

/// The password in a credential that the service manager hands over, a file in `$CREDENTIALS_DIRECTORY`: its first
/// line. `name` is one name, not a path.
pub fn from_credential(name: &str, variables: &BTreeMap<String, String>) -> Result<SecretString, SecretError> {
    let cannot = |why: &str| SecretError::Credential { name: name.to_owned(), why: why.to_owned() };
    let folder = variables.get("CREDENTIALS_DIRECTORY").filter(|folder| folder.starts_with('/'));
    let folder = folder.ok_or_else(|| SecretError::NoCredentials(name.to_owned()))?;
    if name.contains('/') || name.starts_with('.') {
        return Err(cannot("it is not a name"));
    }
    let path = std::path::Path::new(folder).join(name);
    let bytes = private_file::read(&path, LONGEST_CREDENTIAL).map_err(|why| cannot(&why.to_string()))?;
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| cannot("it is not UTF-8 text"))?;
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() { Err(cannot("its first line is empty")) } else { Ok(SecretString::from(line)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn a_variable_is_read_or_named() {
        let variables = BTreeMap::from([("A".to_owned(), "S3cr3t!".to_owned()), ("B".to_owned(), String::new())]);
        assert_eq!(from_variable("A", &variables).unwrap().expose_secret(), "S3cr3t!");
        for name in ["B", "C"] {
            let error = from_variable(name, &variables).unwrap_err();
            assert_eq!(error, SecretError::NoVariable(name.to_owned()));
        }
    }

    #[test]
    fn a_credential_is_the_first_line_of_a_private_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        std::fs::write(&path, "S3cr3t!\r\nmore\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        let variables = [("CREDENTIALS_DIRECTORY".to_owned(), folder.path().display().to_string())].into();
        assert_eq!(from_credential("db", &variables).unwrap().expose_secret(), "S3cr3t!");
        for (name, words) in [("other", "no such file"), ("../db", "not a name"), (".db", "not a name")] {
            let error = from_credential(name, &variables).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
        assert!(from_credential("db", &variables).unwrap_err().to_string().contains("others may read"));
        let error = from_credential("db", &BTreeMap::new()).unwrap_err();
        assert_eq!(error, SecretError::NoCredentials("db".into()));
    }
}
