//! Tunnels: a real SSH server, and a proxy program of our own that can be killed and watched.

use super::{configure, eventually, lives, private, program, said, without_servers};
use crate::support::servers::{self, Address};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;

/// This test binary as the program of a tunnel: it does nothing unless it is told to by [`proxy_words`].
#[test]
fn as_a_proxy() {
    let Some(order) = std::env::args().find_map(|word| word.strip_prefix("proxy=").map(str::to_owned)) else { return };
    let [port, host, host_port, pid_file] = &order.split('=').collect::<Vec<_>>()[..] else { panic!("{order}") };
    fs::write(pid_file, std::process::id().to_string()).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port.parse().unwrap())).unwrap();
    for near in listener.incoming() {
        let (near, far) = (near.unwrap(), TcpStream::connect((*host, host_port.parse().unwrap())).unwrap());
        for (mut from, mut to) in [
            (near.try_clone().unwrap(), far.try_clone().unwrap()),
            (far.try_clone().unwrap(), near.try_clone().unwrap()),
        ] {
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Both);
            });
        }
    }
}

/// The words that make this binary a proxy. The test harness takes `--skip` with any word, and so passes ours on.
fn proxy_words(pid_file: &Path) -> String {
    let this = std::env::current_exe().unwrap();
    let order = format!("proxy={{port}}={{host}}={{host_port}}={}", pid_file.display());
    let words = [this.to_str().unwrap(), "connections::tunnels::as_a_proxy", "--exact", "--skip", &order];
    format!("{words:?}")
}

fn pid_in(file: &Path) -> Option<i32> {
    fs::read_to_string(file).ok()?.parse().ok()
}

/// A home with a target `shop` behind the proxy, and the file in which the proxy tells who it is.
fn behind_proxy(home: &Path) -> PathBuf {
    let address = Address::of(&servers::postgres_read_only_url());
    let pid_file = home.join("proxy.pid");
    configure(
        home,
        &format!(
            "[targets.shop]\nurl = \"postgres://{}@127.0.0.1:{}/{}?sslmode=disable\"\npassword = \"${{env:PASS}}\"\n\
             refresh = \"500ms\"\ntunnel = {{ command = {} }}\n[retry]\nfirst = \"100ms\"\nlongest = \"200ms\"\n",
            address.user,
            address.port,
            address.database,
            proxy_words(&pid_file)
        ),
    );
    pid_file
}

fn password() -> String {
    Address::of(&servers::postgres_read_only_url()).password
}

#[test]
fn a_command_tunnel_is_started_used_and_ended() {
    if without_servers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let pid_file = behind_proxy(home.path());
    let ran = program(home.path(), &["sql", "select 40 + 2 as n", "--format", "csv"])
        .env("PASS", password())
        .output()
        .unwrap();
    assert_eq!((ran.status.code(), said(&ran).as_str()), (Some(0), "n\n42\n"));
    let pid = pid_in(&pid_file).unwrap();
    eventually("the proxy ends with us", || !lives(pid));
}

fn watching(home: &Path) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = program(home, &["health", "--watch", "--json"]).env("PASS", password()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

fn next_state(lines: &mut impl BufRead) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let object: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
    object["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_tunnel_that_died_is_started_anew() {
    if without_servers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let pid_file = behind_proxy(home.path());
    let (mut child, mut lines) = watching(home.path());
    while next_state(&mut lines) == "down" {}
    let first = pid_in(&pid_file).unwrap();
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    eventually("another proxy serves", || {
        let state = next_state(&mut lines);
        pid_in(&pid_file).is_some_and(|pid| pid != first && lives(pid)) && state != "down"
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_tunnel_ends_with_the_program_however_that_ends() {
    if without_servers() {
        return;
    }
    for signal in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let home = tempfile::tempdir().unwrap();
        let pid_file = behind_proxy(home.path());
        let (mut child, mut lines) = watching(home.path());
        next_state(&mut lines);
        let proxy = pid_in(&pid_file).unwrap();
        assert!(lives(proxy));
        // It is in no process list with anything that it should not have.
        let environment = fs::read(format!("/proc/{proxy}/environ")).unwrap();
        assert!(!String::from_utf8_lossy(&environment).contains("PASS="), "our variables are its variables");
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        child.wait().unwrap();
        eventually("the proxy ends too", || !lives(proxy));
    }
}

#[test]
fn what_a_tunnel_says_when_it_fails_is_told_without_secrets_or_control_characters() {
    let home = tempfile::tempdir().unwrap();
    let script = "printf 'first\\n\\033[31mno way: postgres://u:S3cr3t!@h/d\\n' >&2; exit 7 # {port}";
    let file = home.path().join("fails");
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    private(&file, 0o700);
    configure(
        home.path(),
        &format!(
            "[targets.shop]\nurl = \"postgres://u@db.example/x\"\ntunnel = {{ command = [\"{}\", \"{{port}}\"] }}\n",
            file.display()
        ),
    );
    let ran = program(home.path(), &["targets", "test"]).output().unwrap();
    let words = said(&ran);
    assert_eq!(ran.status.code(), Some(3), "{words}");
    assert!(words.contains("the tunnel (") && words.contains("exit status: 7") && words.contains("no way"), "{words}");
    assert!(!words.contains("S3cr3t!") && !words.contains('\x1b'), "{words}");
    let missing =
        "[targets.shop]\nurl = \"postgres://u@db.example/x\"\ntunnel = { command = [\"/no/proxy\", \"{port}\"] }\n";
    configure(home.path(), missing);
    let words = said(&program(home.path(), &["targets", "test"]).output().unwrap());
    assert!(words.contains("/no/proxy") && words.contains("No such file"), "{words}");
}

/// The password file names the far host, and so does the certificate; the tunnel's near end is neither.
#[test]
fn through_ssh_the_password_file_and_the_certificate_go_by_the_far_host() {
    if without_servers() {
        return;
    }
    let Some(ssh) = servers::ssh_server() else { return };
    let home = tempfile::tempdir().unwrap();
    let address = Address::of(&servers::postgres_read_only_url());
    let passfile = home.path().join(".pgpass");
    let Address { user, password, port, database, .. } = &address;
    fs::write(&passfile, format!("localhost:{port}:{database}:{user}:{password}\n")).unwrap();
    private(&passfile, 0o600);
    // The client looks for known hosts in the home of the user database, so that is told in its own configuration.
    let settings = home.path().join("ssh_config");
    fs::write(&settings, format!("Host *\nUserKnownHostsFile {}\nIdentitiesOnly yes\n", ssh.known_hosts.display()))
        .unwrap();
    let client = home.path().join("ssh");
    let real = ["/usr/bin/ssh", "/usr/local/bin/ssh"].into_iter().find(|p| Path::new(p).exists()).unwrap_or("/bin/ssh");
    fs::write(&client, format!("#!/bin/sh\nexec {real} -F {} \"$@\"\n", settings.display())).unwrap();
    private(&client, 0o700);
    let key = home.path().join("key");
    fs::copy(&ssh.key, &key).unwrap();
    private(&key, 0o600);
    let path = format!("{}:{}", home.path().display(), std::env::var("PATH").unwrap_or_default());
    let target = |key: &Path| {
        format!(
            "[targets.shop]\nurl = \"postgres://{user}@localhost:{port}/{database}?sslmode=verify-full&sslrootcert={}\"\n\
             connect_timeout = \"20s\"\ntunnel = {{ ssh = \"{}@{}\", port = {}, identity = \"{}\" }}\n",
            servers::certificate_authority().display(),
            ssh.user,
            ssh.host,
            ssh.port,
            key.display()
        )
    };
    configure(home.path(), &target(&key));
    let query = "select ssl, (select count(*) from pg_stat_activity where pid = pg_backend_pid()) from pg_stat_ssl where pid = pg_backend_pid()";
    let ran = program(home.path(), &["sql", query, "--format", "csv"]).env("PATH", &path).output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    assert!(said(&ran).contains("true,1") || said(&ran).contains("t,1"), "{}", said(&ran));

    // A key that the server does not know, in the client's own words.
    let other = home.path().join("other");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&other)
        .status()
        .unwrap();
    assert!(made.success());
    configure(home.path(), &target(&other));
    let ran = program(home.path(), &["targets", "test"]).env("PATH", &path).output().unwrap();
    let words = said(&ran);
    assert_eq!(ran.status.code(), Some(3), "{words}");
    assert!(words.contains("the tunnel (ssh ") && words.contains("Permission denied"), "{words}");
}
