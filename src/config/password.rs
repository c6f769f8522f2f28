//! Where a password comes from, as written: `password` and `password_command`. The password itself is never here: a
//! file is copied, committed and backed up.

use super::mistake::did_you_mean;
use super::written::{Reader, with_article};
use crate::domain::text::escape;
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeValue;

/// Where a target's password comes from. Without one, its URL and the engine's own client files are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// The person is asked, once.
    Prompt,
    /// A program and its arguments; the first line that it prints is the password.
    Command(Vec<String>),
    /// An environment variable.
    Variable(String),
    /// A credential that the service manager hands over: a file in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// An entry of our own vault.
    Vault(String),
    /// An entry of the keyring of the person's session.
    Keyring(String),
}

/// As a file writes it, fit for a terminal. Arguments of a command can name vaults and entries, so they are left out:
/// the program is enough to know where to look.
impl fmt::Display for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prompt => f.write_str("\"prompt\""),
            Self::Command(words) => write!(f, "[\"{}\", ...]", escape(words.first().map_or("", String::as_str))),
            Self::Variable(name) => write!(f, "\"${{env:{name}}}\""),
            Self::Credential(name) => write!(f, "\"${{credential:{name}}}\""),
            Self::Vault(name) => write!(f, "\"${{vault:{name}}}\""),
            Self::Keyring(name) => write!(f, "\"${{keyring:{name}}}\""),
        }
    }
}

impl PasswordSource {
    /// The key under which it is written.
    pub fn key(&self) -> &'static str {
        if matches!(self, Self::Command(_)) { "password_command" } else { "password" }
    }
}

/// The words before the `:` in `${env:NAME}`.
const PLACES: &[&str] = &["env", "credential", "vault", "keyring"];

/// Reads `password`.
pub(super) fn read_password(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<PasswordSource> {
    let text = reader.string("password", value)?;
    if text == "prompt" {
        return Some(PasswordSource::Prompt);
    }
    let Some(reference) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
        let text = "a password does not belong in this file: use the engine's own password file, `password_command`, \
                    \"prompt\", or `\"${env:NAME}\"` here, with the password in that variable of the environment";
        reader.mistake(value.span(), text.to_owned());
        return None;
    };
    match reference_to(reference) {
        Ok(source) => Some(source),
        Err(words) => {
            reader.mistake(value.span(), words);
            None
        }
    }
}

/// What stands between `${` and `}`.
fn reference_to(reference: &str) -> Result<PasswordSource, String> {
    let (place, name) = reference.split_once(':').unwrap_or((reference, ""));
    let letters = |others: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c)) && name != ".."
    };
    match place {
        "env" if letters("_") => Ok(PasswordSource::Variable(name.to_owned())),
        "env" => Err("the name between `${env:` and `}` is letters, digits and `_`".to_owned()),
        "credential" if letters("-_.") && !name.starts_with('.') => Ok(PasswordSource::Credential(name.to_owned())),
        "credential" => Err("the name between `${credential:` and `}` is letters, digits, `-`, `_` and `.`".to_owned()),
        "vault" if is_vault_name(name) => Ok(PasswordSource::Vault(name.to_owned())),
        "vault" => Err(format!("the name between `${{vault:` and `}}` is {VAULT_NAME}")),
        "keyring" if letters("-_./@ ") => keyring(name),
        "keyring" => {
            Err("the name between `${keyring:` and `}` is letters, digits, `-`, `_`, `.`, `/` and `@`".to_owned())
        }
        other => {
            let near = did_you_mean(other, PLACES.iter().copied());
            Err(format!(
                "a password is in ${{env:NAME}}, ${{credential:NAME}}, ${{vault:NAME}} or ${{keyring:NAME}}{near}"
            ))
        }
    }
}

/// What the name of an entry in the vault is, in words.
pub const VAULT_NAME: &str = "1 to 64 letters, digits, `-`, `_`, `.`, `/` and `@`";

/// True for what may name an entry of the vault.
pub fn is_vault_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_./@".contains(c))
}

#[cfg(feature = "keyring")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it is an error")]
fn keyring(name: &str) -> Result<PasswordSource, String> {
    Ok(PasswordSource::Keyring(name.to_owned()))
}

#[cfg(not(feature = "keyring"))]
fn keyring(_name: &str) -> Result<PasswordSource, String> {
    Err("this program was built without the keyring: build it with `--features keyring`, or use `password_command` \
         with your keyring's own program"
        .to_owned())
}

/// Reads a list of words, the program first, that the program will run: `password_command`, a tunnel's `command`.
pub(super) fn read_command(reader: &mut Reader<'_>, form: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    let Some(items) = value.get_ref().as_array() else {
        let found = with_article(value.get_ref().type_str());
        reader.mistake(value.span(), format!("{form}, not {found}; no shell reads it"));
        return None;
    };
    let words: Option<Vec<String>> = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
    let Some(words) = words.filter(|w| w.first().is_some_and(|program| !program.trim().is_empty())) else {
        reader.mistake(value.span(), format!("{form}; every part is text in quotes"));
        return None;
    };
    no_others_change(reader, value.span(), "this command").then_some(words)
}

/// False, and a mistake, when other users can change the file that says `what`.
pub(super) fn no_others_change(reader: &mut Reader<'_>, span: Range<usize>, what: &str) -> bool {
    let open = reader.file.is_changeable_by_others();
    if open {
        let (mode, name) = (reader.file.mode, reader.file.name.clone());
        reader.mistake(span, format!("other users could change {what} (mode {mode:04o}): run `chmod go-w` on {name}"));
    }
    !open
}

/// Reads `password_command`.
pub(super) fn read_password_command(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<PasswordSource> {
    const FORM: &str = "`password_command` is a list, the program first: [\"pass\", \"show\", \"db/orders\"]";
    read_command(reader, FORM, value).map(PasswordSource::Command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_their_place() {
        assert_eq!(reference_to("env:A_1"), Ok(PasswordSource::Variable("A_1".into())));
        assert_eq!(reference_to("credential:db.pw"), Ok(PasswordSource::Credential("db.pw".into())));
        assert_eq!(reference_to("vault:team/db@1"), Ok(PasswordSource::Vault("team/db@1".into())));
        for (reference, words) in [
            ("env:", "letters"),
            ("env:A-1", "letters"),
            ("credential:../shadow", "letters"),
            ("credential:..", "letters"),
            ("credential:.hidden", "letters"),
            ("vault:", "1 to 64"),
            ("vault:größe", "1 to 64"),
            ("valt:x", "did you mean `vault`?"),
            ("HOME", "${env:NAME}"),
        ] {
            let found = reference_to(reference);
            assert!(found.as_ref().is_err_and(|e| e.contains(words)), "{reference}: {found:?}");
        }
    }

    #[test]
    fn a_source_is_shown_as_it_is_written_and_no_argument_with_it() {
        let command = PasswordSource::Command(["aws", "--secret-id", "x"].map(str::to_owned).to_vec());
        assert_eq!((command.to_string().as_str(), command.key()), ("[\"aws\", ...]", "password_command"));
        assert_eq!(PasswordSource::Vault("a".into()).to_string(), "\"${vault:a}\"");
    }
}
