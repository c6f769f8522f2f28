//! One password through ten ways in: it must be in no output, log, store, process list or environment of a child.

use super::{configure, eventually, private, program, without_servers};
use crate::support::servers::{self, Address};
use crate::support::terminal::{Setup, key};
use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};

/// No other text on this machine has this in it.
const CANARY: &str = "kanarienvogel7Q4x9Zt";

/// A role of the server whose password is the canary.
const ROLE: &str = "dbagpt_canary";

fn make_role(url: &str) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        let driving = tokio::spawn(connection);
        let sql = format!(
            "DROP ROLE IF EXISTS {ROLE}; CREATE ROLE {ROLE} LOGIN PASSWORD '{CANARY}'; GRANT pg_monitor TO {ROLE}"
        );
        client.batch_execute(&sql).await.unwrap();
        drop(client);
        driving.await.unwrap().unwrap();
    });
}

/// Every file below a folder that holds the canary, but for those where the test itself put it.
fn files_with_canary(folder: &Path, put_there: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files_with_canary(&path, put_there));
        } else if !put_there.contains(&name.as_str()) && holds(&fs::read(&path).unwrap_or_default()) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn holds(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|w| w == CANARY.as_bytes())
}

/// Process ids of a process and all that it started.
fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    family
}

/// Nothing of a running program or of its children shows the canary; its own environment may, if we put it there.
fn assert_not_in_process_list(pid: u32, in_own_environment: bool, what: &str) {
    for one in family(pid) {
        let cmdline = fs::read(format!("/proc/{one}/cmdline")).unwrap_or_default();
        assert!(!holds(&cmdline), "{what}: process list");
        if one != pid || !in_own_environment {
            let environment = fs::read(format!("/proc/{one}/environ")).unwrap_or_default();
            assert!(!holds(&environment), "{what}: environment of process {one}");
        }
    }
}

/// A home with one target, prepared for one way.
struct Way {
    name: &'static str,
    /// Lines of the target's table after its url.
    keys: String,
    /// What follows the user in the url: `:password`.
    in_url: String,
    variables: Vec<(&'static str, String)>,
    /// Files in which we put the canary ourselves.
    put_there: &'static [&'static str],
}

fn ways(home: &Path, address: &Address) -> Vec<Way> {
    let file = |name: &str, text: String, mode: u32| {
        fs::write(home.join(name), text).unwrap();
        private(&home.join(name), mode);
    };
    file("secret", format!("{CANARY}\n"), 0o600);
    file("passfile", format!("*:*:{}:{ROLE}:{CANARY}\n", address.database), 0o600);
    file("key", "k".repeat(32), 0o600);
    let way = |name, keys: String, variables: Vec<(&'static str, String)>| Way {
        name,
        keys,
        in_url: String::new(),
        variables,
        put_there: &["secret", "passfile", "config.toml"],
    };
    let home = home.display();
    vec![
        Way { in_url: format!(":{CANARY}"), ..way("in the url", String::new(), vec![]) },
        way("a variable of the engine", String::new(), vec![("PGPASSWORD", CANARY.to_owned())]),
        way("a command", format!("password_command = [\"cat\", \"{home}/secret\"]\n"), vec![]),
        way("a variable of ours", "password = \"${env:CANARY}\"\n".to_owned(), vec![("CANARY", CANARY.to_owned())]),
        way(
            "a credential",
            "password = \"${credential:secret}\"\n".to_owned(),
            vec![("CREDENTIALS_DIRECTORY", home.to_string())],
        ),
        way(
            "the vault",
            "password = \"${vault:pg}\"\n".to_owned(),
            vec![("DBA_GPT_VAULT_KEY_FILE", format!("{home}/key"))],
        ),
        way("the password file", String::new(), vec![("PGPASSFILE", format!("{home}/passfile"))]),
    ]
}

fn fill_vault(home: &Path) {
    use std::io::Write as _;
    let mut set = program(home, &["vault", "set", "pg"])
        .env("DBA_GPT_VAULT_KEY_FILE", home.join("key"))
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(set.stdin.take().unwrap(), "{CANARY}").unwrap();
    assert!(set.wait().unwrap().success());
}

fn started(home: &Path, way: &Way, server: &str, arguments: &[&str]) -> Command {
    configure(
        home,
        &format!(
            "[targets.t]\nurl = \"postgres://{ROLE}{}@{server}\"\nconnect_timeout = \"10s\"\n{}",
            way.in_url, way.keys
        ),
    );
    let mut command = program(home, arguments);
    command.envs(way.variables.iter().map(|(name, value)| (*name, value.as_str()))).env("DBA_GPT_LOG", "trace");
    command
}

fn everything_said(mut child: Child) -> (Option<i32>, Vec<u8>) {
    let mut said = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

/// Seven ways that work, then the same ways to a host that is not there, to a server that answers with nonsense where
/// TLS should be, and while the program waits for a server that says nothing.
#[test]
fn a_password_shows_nowhere() {
    if without_servers() {
        return;
    }
    let admin = servers::postgres_url();
    make_role(&admin);
    let address = Address::of(&admin);
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let ways = ways(home, &address);
    fill_vault(home);
    let server = format!("{}:{}/{}?sslmode=disable", address.host, address.port, address.database);
    for way in &ways {
        let child = started(home, way, &server, &["sql", "select current_user", "--format", "csv"]).spawn().unwrap();
        let (code, said) = everything_said(child);
        assert_eq!(code, Some(0), "{}: {}", way.name, String::from_utf8_lossy(&said));
        assert!(String::from_utf8_lossy(&said).contains(ROLE), "{}", way.name);
        assert!(!holds(&said), "{}: output", way.name);
        for (what, nowhere, arguments) in [
            ("wrong host", "no.such.host.invalid/x", &["targets", "test"][..]),
            ("no TLS", &format!("{}:{}/x?sslmode=verify-full", address.host, address.port), &["targets", "test"]),
            ("no database", &format!("{}:{}/nowhere?sslmode=disable", address.host, address.port), &["doctor"]),
            ("shown", &server, &["config", "show", "--json"]),
        ] {
            let child = started(home, way, nowhere, arguments).spawn().unwrap();
            let (_, said) = everything_said(child);
            assert!(!holds(&said), "{}, {what}: {}", way.name, String::from_utf8_lossy(&said));
        }
        // A server that takes the call and says nothing, so that there is time to look.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = format!("127.0.0.1:{}/x?sslmode=disable", silent.local_addr().unwrap().port());
        let mut child = started(home, way, &nobody, &["targets", "test", "--json"]).spawn().unwrap();
        let _call = silent.accept().unwrap();
        assert_not_in_process_list(child.id(), !way.variables.is_empty(), way.name);
        child.kill().unwrap();
        assert!(!holds(&everything_said(child).1), "{}: killed", way.name);
        let found = files_with_canary(home, way.put_there);
        assert!(found.is_empty(), "{}: {found:?}", way.name);
    }
}

/// What a password command inherits while it runs.
#[test]
fn a_command_for_one_password_does_not_get_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    // It tells that it runs and then waits for as long as it may.
    let pid_file = home.join("pid");
    let script = format!("#!/bin/sh\necho $$ >{0}.new && mv {0}.new {0}\nexec cat /dev/zero\n", pid_file.display());
    fs::write(home.join("helper"), script).unwrap();
    private(&home.join("helper"), 0o700);
    configure(
        home,
        &format!(
            "[targets.t]\nurl = \"postgres://u@127.0.0.1:1/x\"\npassword_command = [\"{}/helper\"]\n",
            home.display()
        ),
    );
    let mut command = program(home, &["targets", "test"]);
    let mut child = command.env("PGPASSWORD", CANARY).env("OTHER_PASSWORD", CANARY).spawn().unwrap();
    eventually("the command runs", || pid_file.exists());
    assert_not_in_process_list(child.id(), true, "a password command");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Typed on a real terminal, into the real screens, whose store and log are looked at afterwards.
#[test]
fn a_password_that_a_person_types_shows_nowhere() {
    if without_servers() {
        return;
    }
    let address = Address::of(&servers::postgres_read_only_url());
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    configure(
        home,
        &format!(
            "[targets.typed]\nurl = \"postgres://{}@{}:{}/{}?sslmode=disable\"\npassword = \"prompt\"\n",
            address.user, address.host, address.port, address.database
        ),
    );
    let start =
        || Setup::new(&[]).variable("DBA_GPT_HOME", home.to_str().unwrap()).variable("DBA_GPT_LOG", "trace").start();
    let mut terminal = start();
    terminal.wait_text("Password for typed");
    terminal.send(&format!("{CANARY}\r"));
    // It is the wrong one: the message about it must not repeat it either.
    terminal.wait_text("DOWN");
    let pid = u32::try_from(terminal.pid).unwrap();
    assert_not_in_process_list(pid, false, "a prompt");
    terminal.send("q");
    terminal.send(key::CTRL_C);
    terminal.send(key::CTRL_C);
    terminal.wait_exit();
    assert!(!holds(&terminal.bytes()), "on the terminal");
    assert!(files_with_canary(home, &[]).is_empty(), "{:?}", files_with_canary(home, &[]));

    let mut terminal = start();
    terminal.wait_text("Password for typed");
    terminal.send(&format!("{}\r", address.password));
    terminal
        .wait("the server is seen", |screen| screen.contents().contains("pg1") || screen.contents().contains("PG "));
    terminal.send("q");
    terminal.send(key::CTRL_C);
    terminal.send(key::CTRL_C);
    terminal.wait_exit();
    let found: Vec<u8> = terminal.bytes();
    assert!(!found.windows(address.password.len()).any(|w| w == address.password.as_bytes()));
}

/// A panic's text passes the same redactor as the log: whatever a worker was doing with a URL stays unsaid.
#[test]
fn a_panic_about_a_url_says_no_password() {
    for text in [
        format!("called `Result::unwrap()` on an `Err` value: postgres://{ROLE}:{CANARY}@db/x"),
        format!("connecting with postgres://db/x?user={ROLE}&password={CANARY} failed"),
        format!("PGPASSWORD={CANARY}"),
    ] {
        assert!(!holds(dba_gpt::domain::text::redact(&text).as_bytes()), "{text}");
    }
}
