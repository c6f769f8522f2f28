//! Ways in, through the real program: tunnels, the vault, and a password that must show nowhere.

mod canary;
mod diagnosis;
mod tunnels;
mod vault;

use crate::support::terminal::PROGRAM;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Time that a busy machine may take for anything that is not itself measured.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program with a home of its own and nothing else of ours.
fn program(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("DBA_GPT_HOME", home).env("HOME", home).env("LC_ALL", "C.UTF-8");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn configure(home: &Path, text: &str) {
    std::fs::write(home.join("config.toml"), text).unwrap();
    private(&home.join("config.toml"), 0o600);
}

fn private(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// Looks again and again until it is so.
fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}

/// A process that is there and has not ended.
fn lives(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| !status.contains("State:\tZ"))
}

/// Real servers are left out on demand.
fn without_servers() -> bool {
    let skipped = std::env::var("DBA_GPT_TEST_SKIP_SERVERS").is_ok_and(|v| v == "1");
    if skipped {
        eprintln!("SKIPPED: DBA_GPT_TEST_SKIP_SERVERS leaves real servers out");
    }
    skipped
}
