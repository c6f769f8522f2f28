//! `dba-gpt vault` as a person and a script use it, and as a power cut meets it.

use super::{configure, private, program, said, without_servers};
use crate::support::servers::{self, Address};
use crate::support::terminal::Setup;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Output, Stdio};

/// A home whose vault opens with a key file.
fn with_key_file() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let key = home.path().join("key");
    fs::write(&key, [42; 32]).unwrap();
    private(&key, 0o600);
    configure(home.path(), &format!("[vault]\nkey_file = \"{}\"\n", key.display()));
    home
}

fn set_from_stdin(home: &Path, name: &str, password: &str) -> Child {
    let mut child = program(home, &["vault", "set", name]).stdin(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    child
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    program(home, arguments).output().unwrap()
}

#[test]
fn a_script_sets_lists_and_removes_and_never_sees_a_password() {
    let home = with_key_file();
    let empty = run(home.path(), &["vault", "list"]);
    assert_eq!(empty.status.code(), Some(1), "{empty:?}");
    assert!(said(&empty).contains("there is no vault yet"), "{empty:?}");
    let set = set_from_stdin(home.path(), "team/orders", "S3cr3t!").wait_with_output().unwrap();
    assert_eq!((set.status.code(), set.stdout.is_empty()), (Some(0), true), "{set:?}");
    let listed = run(home.path(), &["vault", "list", "--json"]);
    let entry: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&entry["schema"], &entry["name"]), (&1.into(), &"team/orders".into()));
    assert!(!said(&set).contains("S3cr3t!") && !said(&listed).contains("S3cr3t!"));
    assert_eq!(run(home.path(), &["vault", "remove", "other"]).status.code(), Some(1));
    assert_eq!(run(home.path(), &["vault", "remove", "team/orders"]).status.code(), Some(0));
    assert!(run(home.path(), &["vault", "list", "--json"]).stdout.is_empty());
    assert_eq!(run(home.path(), &["vault", "set", "no blanks"]).status.code(), Some(2));
    let nothing = run(home.path(), &["vault", "set", "x"]);
    assert_eq!(nothing.status.code(), Some(2), "standard input is empty: {nothing:?}");
}

#[test]
fn each_thing_that_is_wrong_with_the_file_has_its_own_words() {
    let home = with_key_file();
    assert!(set_from_stdin(home.path(), "a", "S3cr3t!").wait().unwrap().success());
    let file = home.path().join("data/vault");
    let good = fs::read(&file).unwrap();
    let changed = |at: usize, by: u8| {
        let mut bytes = good.clone();
        bytes[at] ^= by;
        bytes
    };
    for (bytes, words) in [
        (good[..good.len() - 1].to_vec(), "truncated"),
        (good[..60].to_vec(), "truncated"),
        (changed(130, 1), "damaged"),
        (changed(8, 3), "a newer dba-gpt wrote it"),
        (b"something else, long enough to be no beginning of ours".to_vec(), "not a vault"),
    ] {
        fs::write(&file, &bytes).unwrap();
        for arguments in [&["vault", "list"][..], &["vault", "remove", "a"]] {
            let ran = run(home.path(), arguments);
            assert!(ran.status.code() == Some(2) && said(&ran).contains(words), "{words}: {}", said(&ran));
        }
        assert_eq!(fs::read(&file).unwrap(), bytes, "nothing is lost or mended behind our back");
    }
    fs::write(&file, &good).unwrap();
    private(&file, 0o644);
    assert!(said(&run(home.path(), &["vault", "list"])).contains("chmod 600"));
    private(&file, 0o600);
    fs::write(home.path().join("key"), [43; 32]).unwrap();
    let ran = run(home.path(), &["vault", "list"]);
    assert!(said(&ran).contains("not the vault's key file"), "{}", said(&ran));
}

/// Killed in the middle of writing: the moment at which the new file appears is waited for, not guessed.
#[test]
fn a_writer_that_is_killed_leaves_the_old_vault_or_the_new_one() {
    let home = with_key_file();
    assert!(set_from_stdin(home.path(), "kept", "one").wait().unwrap().success());
    let data = home.path().join("data");
    for round in 0..8 {
        let before = fs::read(data.join("vault")).unwrap();
        let mut writer = set_from_stdin(home.path(), &format!("entry-{round}"), "two");
        let written = || data.join("vault.new").exists() || fs::read(data.join("vault")).unwrap() != before;
        while !written() && writer.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let listed = run(home.path(), &["vault", "list", "--json"]);
        assert!(listed.status.success() && said(&listed).contains("\"kept\""), "round {round}: {}", said(&listed));
    }
    assert!(set_from_stdin(home.path(), "after", "three").wait().unwrap().success());
}

#[test]
fn a_person_makes_a_vault_with_a_passphrase_and_changes_it() {
    let home = tempfile::tempdir().unwrap();
    let start =
        |arguments: &[&str]| Setup::new(arguments).variable("DBA_GPT_HOME", home.path().to_str().unwrap()).start();
    let mut set = start(&["vault", "set", "orders"]);
    set.wait_text("New passphrase of the vault:");
    set.send("correct horse\r");
    set.wait_text("New passphrase of the vault, once more:");
    set.send("correct horse\r");
    set.wait_text("Password for orders:");
    set.send("S3cr3t!\r");
    set.wait_text("Password for orders, once more:");
    set.send("S3cr3t!\r");
    assert!(set.wait_exit().success(), "{}", set.text());
    assert!(!set.text().contains("S3cr3t!") && !set.text().contains("correct horse"), "{}", set.text());

    let mut wrong = start(&["vault", "list"]);
    wrong.wait_text("Passphrase of the vault:");
    wrong.send("wrong\r");
    assert_eq!(wrong.wait_exit().exit_code(), 1);
    assert!(wrong.text().contains("not the vault's passphrase"), "{}", wrong.text());

    let mut short = start(&["vault", "rekey"]);
    for (question, answer) in
        [("Passphrase of the vault:", "correct horse"), ("New passphrase", "short"), ("once more:", "short")]
    {
        short.wait_text(question);
        short.send(&format!("{answer}\r"));
    }
    assert_eq!(short.wait_exit().exit_code(), 2);
    let mut rekey = start(&["vault", "rekey"]);
    for (question, answer) in [
        ("Passphrase of the vault:", "correct horse"),
        ("New passphrase", "battery staple"),
        ("once more:", "battery staple"),
    ] {
        rekey.wait_text(question);
        rekey.send(&format!("{answer}\r"));
    }
    assert!(rekey.wait_exit().success(), "{}", rekey.text());
    let mut list = start(&["vault", "list"]);
    list.wait_text("Passphrase of the vault:");
    list.send("battery staple\r");
    assert!(list.wait_exit().success());
    assert!(list.text().contains("orders"), "{}", list.text());
}

#[test]
fn a_target_logs_in_with_its_entry_and_the_vault_is_opened_once() {
    if without_servers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let address = Address::of(&servers::postgres_read_only_url());
    let key = home.path().join("key");
    fs::write(&key, [1; 32]).unwrap();
    private(&key, 0o600);
    let target = |name: &str| {
        let Address { user, host, port, database, .. } = &address;
        format!(
            "[targets.{name}]\nurl = \"postgres://{user}@{host}:{port}/{database}?sslmode=disable\"\npassword = \"${{vault:pg}}\"\n"
        )
    };
    configure(home.path(), &format!("[vault]\nkey_file = \"{}\"\n{}{}", key.display(), target("a"), target("b")));
    assert!(set_from_stdin(home.path(), "pg", &address.password).wait().unwrap().success());
    let ran = run(home.path(), &["targets", "test"]);
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    assert_eq!(said(&ran).matches("ok  ").count(), 2, "{}", said(&ran));
    let gone = run(home.path(), &["vault", "remove", "pg"]);
    assert!(gone.status.success());
    let ran = run(home.path(), &["targets", "test"]);
    assert!(said(&ran).contains("the vault has no entry pg"), "{}", said(&ran));
}
