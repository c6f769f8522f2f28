//! The vault as a whole: made, changed, re-keyed, refused, and never lost.

#![allow(clippy::unwrap_used)]
use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

struct Place {
    _keep: TempDir,
    vault: Vault,
}

fn place() -> Place {
    let keep = tempfile::tempdir().unwrap();
    // Its folder is made with the vault.
    let vault = Vault::of(&keep.path().join("data")).with_cost(CHEAP);
    Place { _keep: keep, vault }
}

fn opener(text: &str) -> Opener {
    Opener::passphrase(&SecretString::from(text))
}

fn set(vault: &Vault, by: &str, name: &str, value: &str) -> Result<(), VaultError> {
    vault.change(&opener(by), |entries| {
        entries.insert(name.into(), Entry { value: SecretString::from(value), changed_ms: 7 });
        Ok(())
    })
}

fn held(vault: &Vault, by: &str) -> Vec<(String, String)> {
    let entries = vault.open(&opener(by)).unwrap();
    entries.iter().map(|(name, entry)| (name.clone(), entry.value.expose_secret().to_owned())).collect()
}

fn refused(result: Result<Entries, VaultError>) -> VaultError {
    result.map(|_| ()).unwrap_err()
}

#[test]
fn passwords_are_kept_changed_and_removed() {
    let Place { vault, .. } = &place();
    assert_eq!(vault.kind(), Ok(None));
    assert_eq!(refused(vault.open(&opener("p"))), VaultError::Missing);
    set(vault, "p", "orders", "\"quoted\"\u{1}\\ größe").unwrap();
    set(vault, "p", "shop", "two").unwrap();
    assert_eq!(vault.kind(), Ok(Some(OpenerKind::Passphrase)));
    let expected = [("orders", "\"quoted\"\u{1}\\ größe"), ("shop", "two")];
    assert_eq!(held(vault, "p"), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    set(vault, "p", "shop", "three").unwrap();
    vault.change(&opener("p"), |entries| entries.remove("orders").map(drop).ok_or(VaultError::Missing)).unwrap();
    assert_eq!(held(vault, "p"), [("shop".to_owned(), "three".to_owned())]);
}

#[test]
fn what_fails_leaves_the_vault_as_it_was() {
    let Place { vault, .. } = &place();
    set(vault, "p", "orders", "one").unwrap();
    let before = fs::read(vault.path()).unwrap();
    assert_eq!(set(vault, "q", "orders", "two"), Err(VaultError::WrongOpener(OpenerKind::Passphrase)));
    let none = vault.change(&opener("p"), |_| Err::<(), _>(VaultError::NoEntry("x".into())));
    assert_eq!(none, Err(VaultError::NoEntry("x".into())));
    assert_eq!(set(vault, "p", "large", &"x".repeat(2 << 20)), Err(VaultError::Full));
    assert_eq!(vault.rekey(&opener("q"), &opener("r")), Err(VaultError::WrongOpener(OpenerKind::Passphrase)));
    assert_eq!(fs::read(vault.path()).unwrap(), before);
}

#[test]
fn a_new_passphrase_or_key_file_replaces_the_old_one() {
    let Place { vault, .. } = &place();
    set(vault, "old", "orders", "one").unwrap();
    vault.rekey(&opener("old"), &opener("new")).unwrap();
    assert_eq!(refused(vault.open(&opener("old"))), VaultError::WrongOpener(OpenerKind::Passphrase));
    assert_eq!(held(vault, "new").len(), 1);
    let path = vault.path().with_file_name("key");
    fs::write(&path, [7; 32]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let file = Opener::key_file(&path).unwrap();
    vault.rekey(&opener("new"), &file).unwrap();
    assert_eq!(vault.open(&file).unwrap().len(), 1);
    assert_eq!(refused(vault.open(&opener("new"))), VaultError::OtherOpener(OpenerKind::KeyFile));
    fs::write(&path, [8; 32]).unwrap();
    let other = Opener::key_file(&path).unwrap();
    assert_eq!(refused(vault.open(&other)), VaultError::WrongOpener(OpenerKind::KeyFile));
    fs::write(&path, "short").unwrap();
    assert!(Opener::key_file(&path).is_err_and(|e| e.to_string().contains("fewer than 16 bytes")));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(Opener::key_file(&path).is_err_and(|e| e.to_string().contains("chmod 600")));
}

#[test]
fn nothing_is_open_to_others_and_what_is_open_is_refused() {
    let Place { vault, .. } = &place();
    set(vault, "p", "orders", "one").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = vault.path().parent().unwrap().to_owned();
    assert_eq!((mode(&vault.path()), mode(&folder)), (0o600, 0o700));
    for (path, bad, words) in [(vault.path(), 0o640, "chmod 600"), (folder, 0o750, "chmod 700")] {
        let good = mode(&path);
        fs::set_permissions(&path, fs::Permissions::from_mode(bad)).unwrap();
        let error = refused(vault.open(&opener("p"))).to_string();
        assert!(error.contains(words), "{error}");
        assert!(set(vault, "p", "orders", "two").is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(good)).unwrap();
    }
}

#[test]
fn one_writer_at_a_time_and_what_a_killed_one_left_is_cleared() {
    let Place { vault, .. } = &place();
    set(vault, "p", "orders", "one").unwrap();
    let lock = vault.file.lock().unwrap();
    assert_eq!(set(vault, "p", "orders", "two"), Err(VaultError::Busy));
    // Reading needs no lock.
    assert_eq!(held(vault, "p").len(), 1);
    drop(lock);
    fs::write(vault.path().with_file_name("vault.new"), "half").unwrap();
    set(vault, "p", "orders", "three").unwrap();
    assert_eq!(held(vault, "p"), [("orders".to_owned(), "three".to_owned())]);
    assert!(!vault.path().with_file_name("vault.new").exists());
}
