//! Login paths: groups of options in `.mylogin.cnf`, which is obfuscated with a key that lies beside it. It protects
//! from a glance over the shoulder, so the file must be ours alone.

use super::options::Options;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::Surroundings;
use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt as _, KeyInit as _};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Bytes of no use at the start, and bytes that the key is folded from.
const UNUSED: usize = 4;
const KEY_MATERIAL: usize = 20;
/// Longest file that is read; a login path has five lines.
const LONGEST: u64 = 1 << 20;

/// Where the file is, existing or not.
fn path(around: &Surroundings) -> Option<PathBuf> {
    match around.variable("MYSQL_TEST_LOGIN_FILE") {
        Some(said) => Some(PathBuf::from(said)),
        None => around.home.as_ref().map(|home| home.join(".mylogin.cnf")),
    }
}

/// The options of a login path and of `client`, which every client reads; a suffix adds its own groups.
pub(super) fn find(name: Option<&str>, suffix: Option<&str>, around: &Surroundings) -> Result<Options, ConnectError> {
    let text = match read(around) {
        Ok(text) => text,
        Err(hint) if name.is_none() => {
            let mut none = Options::default();
            none.hints.push(hint);
            return Ok(none);
        }
        Err(hint) => return Err(ConnectError::new(ConnectKind::Settings, hint)),
    };
    if let Some(name) = name
        && !names_in(&text).any(|known| known == name)
    {
        let known: Vec<&str> = names_in(&text).collect();
        let there = if known.is_empty() { "there are none".into() } else { format!("there are: {}", known.join(", ")) };
        return Err(ConnectError::new(ConnectKind::Settings, format!("no login path \"{name}\"; {there}")));
    }
    let name = name.unwrap_or("client");
    let with_suffix = suffix.map(|suffix| format!("{name}{suffix}"));
    let mut options = Options::default();
    for group in [Some("client"), Some(name), with_suffix.as_deref()].into_iter().flatten() {
        for line in lines_of(&text, group) {
            if let Some((key, value)) = line.split_once('=') {
                options.set_known(key.trim(), unquote(value.trim()))?;
            }
        }
    }
    Ok(options)
}

/// Names of the login paths, for `discover`.
pub(super) fn names(around: &Surroundings) -> Vec<String> {
    read(around).map(|text| names_in(&text).map(str::to_owned).collect()).unwrap_or_default()
}

fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.trim().strip_prefix('[')?.strip_suffix(']'))
}

fn lines_of<'a>(text: &'a str, group: &'a str) -> impl Iterator<Item = &'a str> {
    let mut within = false;
    text.lines().filter(move |line| match line.trim().strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
        Some(name) => {
            within = name == group;
            false
        }
        None => within,
    })
}

fn unquote(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    inner.replace("\\\"", "\"").replace("\\\\", "\\")
}

/// The text of the file; empty when there is none. The error is a hint in words.
fn read(around: &Surroundings) -> Result<Zeroizing<String>, String> {
    let Some(path) = path(around) else { return Ok(Zeroizing::default()) };
    // The open file is judged, not the name: the name may lead elsewhere a moment later.
    let Ok(file) = std::fs::File::open(&path) else { return Ok(Zeroizing::default()) };
    let shown = path.display();
    let facts = file.metadata().map_err(|e| format!("{shown} was ignored: {e}"))?;
    if !facts.is_file() || facts.len() > LONGEST {
        return Err(format!("{shown} was ignored: it is not a login path file"));
    }
    if facts.permissions().mode() & 0o077 != 0 {
        return Err(format!("{shown} was ignored because others may read it: chmod 600 {shown}"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).map_err(|e| format!("{shown} was ignored: {e}"))?;
    reveal(&bytes).ok_or_else(|| format!("{shown} was ignored: it is not a login path file"))
}

/// Undoes the obfuscation: AES-128 in ECB mode, line by line.
fn reveal(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let material = bytes.get(UNUSED..UNUSED + KEY_MATERIAL)?;
    let mut key = [0_u8; 16];
    for (i, byte) in material.iter().enumerate() {
        key[i % 16] ^= byte;
    }
    let cipher = Aes128::new(&Array::from(key));
    let mut text = Zeroizing::new(Vec::new());
    let mut rest = &bytes[UNUSED + KEY_MATERIAL..];
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let line = after.get(..length).filter(|line| line.len() % 16 == 0 && !line.is_empty())?;
        for block in line.chunks_exact(16) {
            let mut block = Array::from(<[u8; 16]>::try_from(block).ok()?);
            cipher.decrypt_block(&mut block);
            text.extend_from_slice(&block);
        }
        // The last byte says how many were added to fill the block.
        let added = usize::from(*text.last()?);
        let kept = text.len().checked_sub(added).filter(|_| (1..=16).contains(&added))?;
        text.truncate(kept);
        rest = &after[length..];
    }
    String::from_utf8(text.to_vec()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use aes::cipher::BlockCipherEncrypt as _;
    use secrecy::ExposeSecret as _;

    /// Writes lines as `mysql_config_editor` does.
    fn hide(text: &str) -> Vec<u8> {
        let material: Vec<u8> = (1..=20).collect();
        let mut key = [0_u8; 16];
        for (i, byte) in material.iter().enumerate() {
            key[i % 16] ^= byte;
        }
        let cipher = Aes128::new(&Array::from(key));
        let mut out = [&[0; 4][..], &material].concat();
        for line in text.split_inclusive('\n') {
            let added = 16 - line.len() % 16;
            let mut line = line.as_bytes().to_vec();
            line.extend(std::iter::repeat_n(u8::try_from(added).unwrap(), added));
            out.extend(u32::try_from(line.len()).unwrap().to_le_bytes());
            for block in line.chunks_exact(16) {
                let mut block = Array::from(<[u8; 16]>::try_from(block).unwrap());
                cipher.encrypt_block(&mut block);
                out.extend_from_slice(&block);
            }
        }
        out
    }

    fn around(bytes: &[u8], mode: u32) -> (tempfile::TempDir, Surroundings) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("login");
        std::fs::write(&file, bytes).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let variables = [("MYSQL_TEST_LOGIN_FILE".to_owned(), file.display().to_string())].into();
        (folder, Surroundings { variables, ..Surroundings::default() })
    }

    const FILE: &str =
        "[client]\nuser = \"all\"\nport = 3310\n[prod]\nuser = \"app\"\npassword = \"p \\\"w\\\"\"\nhost = \"db\"\n";

    #[test]
    fn a_path_adds_to_what_every_client_reads() {
        let (_keep, around) = around(&hide(FILE), 0o600);
        let prod = find(Some("prod"), None, &around).unwrap();
        assert_eq!((prod.get("user"), prod.get("port"), prod.get("host")), (Some("app"), Some("3310"), Some("db")));
        assert_eq!(prod.password().unwrap().expose_secret(), "p \"w\"");
        assert_eq!(find(None, None, &around).unwrap().get("user"), Some("all"));
        assert_eq!(names(&around), ["client", "prod"]);
        let Err(error) = find(Some("dev"), None, &around) else { panic!("found") };
        assert!(error.message.contains("client, prod"), "{error}");
    }

    #[test]
    fn a_file_that_others_may_read_or_that_is_damaged_is_ignored() {
        let (_keep, others) = around(&hide(FILE), 0o644);
        assert!(find(Some("prod"), None, &others).is_err());
        assert!(find(None, None, &others).unwrap().hints[0].contains("chmod 600"));
        let mut damaged = hide(FILE);
        damaged[30] ^= 1;
        damaged.truncate(60);
        let (_keep, damaged) = around(&damaged, 0o600);
        assert!(find(Some("prod"), None, &damaged).is_err());
        assert!(find(None, None, &Surroundings::default()).unwrap().hints.is_empty());
    }
}
