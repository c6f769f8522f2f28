//! Passwords from outside the configuration: a variable of the environment, or a program that prints one.
//!
//! Neither is ever in a message, a log or an argument list. Passwords that engines know how to find themselves
//! (their client files) are not our business here.

mod command;

pub use command::{COMMAND_TIMEOUT, from_command};

use secrecy::SecretString;
use std::collections::BTreeMap;

/// Why there is no password. Messages name variables and programs, never what they hold or print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or empty.
    #[error("the password is in the variable {0}, which is not set: export it before the program starts")]
    NoVariable(String),
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
}
