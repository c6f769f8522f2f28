//! `watch` in the real program: logs that are followed across restarts, targets that cannot be reached, one detector
//! for several processes, news to a webhook.

use crate::postgres::support::admin;
use crate::support::servers::{self, Address};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Time that a busy machine may take for anything.
const PATIENCE: Duration = Duration::from_mins(1);

/// A home of the program, and a folder with a log.
struct Place {
    folder: tempfile::TempDir,
}

/// A running `watch`, and its lines as they come.
struct Watching {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Place {
    /// A target of which only the log can be read: nothing listens at its port.
    fn with_log(more: &str) -> Self {
        let place = Self::new();
        let log = place.log();
        place.configure(&format!(
            "[targets.shop]\nurl = \"postgres://ann@127.0.0.1:1/shop?sslmode=disable\"\nenvironment = \"dev\"\n{}\n",
            more.replace("LOG", &log.display().to_string())
        ));
        place
    }

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::DirBuilder::new().mode(0o700).create(folder.path().join("home")).unwrap();
        Self { folder }
    }

    fn configure(&self, text: &str) {
        let path = self.folder.path().join("home/config.toml");
        File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// Adds errors about these tables to the log.
    fn log_errors(&self, tables: &[&str]) {
        let text: String = tables
            .iter()
            .map(|table| {
                format!(
                    "{} [77] ann@shop ERROR:  relation \"{table}\" does not exist at character 15\n\
                     {} [77] ann@shop STATEMENT:  SELECT * FROM {table}\n",
                    now(),
                    now()
                )
            })
            .collect();
        append(&self.log(), &text);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dba-gpt"));
        command.args(arguments).env_clear().env("DBA_GPT_HOME", self.folder.path().join("home"));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.folder.path());
        command
    }

    fn watch(&self) -> Watching {
        self.watch_with(&[])
    }

    fn watch_with(&self, arguments: &[&str]) -> Watching {
        let mut command = self.command(&[&["watch"], arguments].concat());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Watching { child, lines }
    }

    /// How often each object was met, by `incidents list`.
    fn counts(&self) -> BTreeMap<String, u64> {
        let out = self.command(&["incidents", "list", "--all", "--json"]).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter_map(|row| Some((row["object"].as_str()?.to_owned(), row["count"].as_u64()?))).collect()
    }
}

impl Watching {
    /// Waits for a line that holds this.
    fn wait_for(&self, words: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line with `{words}`"));
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Ends it as a service manager would.
    fn terminate(mut self) {
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap()),
            nix::sys::signal::Signal::SIGTERM,
        )
        .unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

fn now() -> String {
    chrono::Utc::now().format("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
}

fn append(path: &Path, text: &str) {
    File::options().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_restart_neither_loses_nor_repeats_an_error_of_a_log() {
    let place = Place::with_log("logs = [\"LOG\"]");
    place.log_errors(&["orders_a"]);
    let watching = place.watch();
    watching.wait_for("orders_a");
    place.log_errors(&["orders_b"]);
    watching.wait_for("orders_b");
    watching.terminate();
    // While nobody looks: one more, rotation, and one more.
    place.log_errors(&["orders_b"]);
    std::fs::rename(place.log(), place.log().with_extension("log.1")).unwrap();
    place.log_errors(&["orders_c"]);
    let watching = place.watch();
    watching.wait_for("orders_c");
    watching.terminate();
    let counts = place.counts();
    let count = |object: &str| counts.get(object).copied();
    assert_eq!((count("orders_a"), count("orders_b"), count("orders_c")), (Some(1), Some(2), Some(1)), "{counts:?}");
}

#[test]
fn a_program_that_prints_a_log_is_followed_and_its_last_lines_are_not_taken_twice() {
    let place = Place::with_log("log_command = [\"tail\", \"-n\", \"+1\", \"-F\", \"LOG\"]");
    place.log_errors(&["orders_a"]);
    let watching = place.watch();
    watching.wait_for("orders_a");
    watching.terminate();
    place.log_errors(&["orders_b"]);
    let watching = place.watch();
    watching.wait_for("orders_b");
    watching.terminate();
    let counts = place.counts();
    assert_eq!((counts.get("orders_a"), counts.get("orders_b")), (Some(&1), Some(&1)), "{counts:?}");
}

#[test]
fn two_processes_detect_once_and_the_second_takes_over() {
    let place = Place::with_log("logs = [\"LOG\"]");
    place.log_errors(&["orders_a"]);
    let mut first = place.watch();
    first.wait_for("orders_a");
    let second = place.watch();
    place.log_errors(&["orders_b"]);
    first.wait_for("orders_b");
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    place.log_errors(&["orders_c"]);
    second.wait_for("orders_c");
    let counts = place.counts();
    assert_eq!(counts.values().copied().collect::<Vec<_>>(), [1, 1, 1], "{counts:?}");
}

#[test]
fn a_storm_is_a_few_incidents_with_an_exact_count() {
    const ERRORS: usize = 20_000;
    let place = Place::with_log("logs = [\"LOG\"]");
    place.log_errors(&["first"]);
    let watching = place.watch();
    watching.wait_for("first");
    let storm: String = (0..ERRORS)
        .map(|i| {
            let key = i % 4;
            format!("{} [{i}] ann@shop ERROR:  duplicate key value violates unique constraint \"key_{key}\"\n", now())
        })
        .collect();
    append(&place.log(), &storm);
    place.log_errors(&["last"]);
    watching.wait_for("(last)");
    watching.terminate();
    let counts = place.counts();
    let storm: u64 = (0..4).map(|key| counts[&format!("key_{key}")]).sum();
    assert_eq!(storm, ERRORS as u64, "{counts:?}");
}

#[test]
fn one_round_says_what_is_open_by_its_exit_code() {
    let place = Place::new();
    let file = place.folder.path().join("shop.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    place.configure(&format!("[targets.shop]\nurl = \"sqlite:{}\"\nenvironment = \"dev\"\n", file.display()));
    let well = place.command(&["watch", "--once"]).output().unwrap();
    assert_eq!(well.status.code(), Some(0), "{well:?}");
    assert!(well.stdout.is_empty(), "{well:?}");
    let place = Place::with_log("");
    let down = place.command(&["watch", "--once", "--json"]).output().unwrap();
    assert_eq!(down.status.code(), Some(1), "{down:?}");
    let row: Value = serde_json::from_slice(down.stdout.split(|b| *b == b'\n').next().unwrap()).unwrap();
    assert_eq!(row["schema"], 1);
    assert_eq!(
        (&row["incident"]["kind"], &row["incident"]["severity"]),
        (&"CONNECTION_ERROR".into(), &"critical".into())
    );
}

#[test]
fn nothing_to_watch_is_wrong_usage() {
    let place = Place::new();
    let out = place.command(&["watch"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("nothing to watch"), "{out:?}");
}

/// Takes one request and answers it. Gives its head and its body.
fn take_request(listener: &TcpListener, status: &str) -> (String, Value) {
    let (mut peer, _): (TcpStream, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = Vec::new();
    let head = loop {
        let mut byte = [0];
        peer.read_exact(&mut byte).unwrap();
        request.push(byte[0]);
        if request.ends_with(b"\r\n\r\n") {
            break String::from_utf8(request).unwrap().to_lowercase();
        }
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    peer.read_exact(&mut body).unwrap();
    peer.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_critical_incident_is_told_to_the_webhook_once_and_again_after_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new();
    place.configure(&format!(
        "[webhook]\nurl = \"http://{}/hooks/secret-part\"\n[targets.shop]\n\
         url = \"postgres://ann@127.0.0.1:1/shop?sslmode=disable\"\nenvironment = \"dev\"\n",
        listener.local_addr().unwrap()
    ));
    let watching = place.watch();
    // A server that is down is asked again.
    let (head, first) = take_request(&listener, "503 Service Unavailable");
    assert!(head.starts_with("post /hooks/secret-part http/1.1"), "{head}");
    let (_, second) = take_request(&listener, "204 No Content");
    assert_eq!(first, second);
    assert_eq!(second["event"], "opened");
    assert_eq!(second["incident"]["kind"], "CONNECTION_ERROR");
    assert_eq!(second["incident"]["target"], "shop");
    watching.wait_for("opened CRIT");
    watching.terminate();
    let shown = place.command(&["config", "show"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&shown.stdout).contains("secret-part"), "{shown:?}");
}

/// A lock pile-up on a real server: what is found out and what is filed are lines, and nothing is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_critical_incident_is_diagnosed_and_its_fix_filed_and_never_approved() {
    const WAITERS: usize = 8;
    let url = servers::postgres_url();
    let at = Address::of(&url);
    let place = Place::new();
    place.configure(&format!(
        "[health]\nrefresh = \"500ms\"\n[diagnosis]\nseconds = 2\n[targets.shop]\nurl = \"postgres://dbagpt_ro@{host}:{port}/{database}?sslmode=disable\"\n\
         environment = \"dev\"\nread_only = false\npassword_command = [\"echo\", \"{password}\"]\n\
         [targets.shop.fix]\nuser = \"dbagpt_admin\"\npassword_command = [\"echo\", \"{password}\"]\n",
        host = at.host,
        port = at.port,
        database = at.database,
        password = at.password
    ));
    let table = format!("watched_{}", std::process::id());
    let hand = admin(&url).await;
    hand.batch_execute(&format!(
        "CREATE TABLE {table} (id int PRIMARY KEY, n int); INSERT INTO {table} VALUES (1, 0); GRANT ALL ON {table} TO dbagpt_nobody"
    ))
    .await
    .unwrap();
    let lock = format!("UPDATE {table} SET n = n + 1 WHERE id = 1");
    let as_app = url.replacen("dbagpt_admin", "dbagpt_nobody", 1);
    let root = admin(&as_app).await;
    root.batch_execute(&format!("BEGIN; {lock}")).await.unwrap();
    let mut waiters = Vec::new();
    for _ in 0..WAITERS {
        let (client, lock) = (admin(&as_app).await, lock.clone());
        waiters.push(tokio::spawn(async move { client.batch_execute(&lock).await }));
    }
    let watching = place.watch_with(&["--json"]);
    let line = |word: &str| -> Value {
        loop {
            let line: Value = serde_json::from_str(&watching.wait_for("\"schema\"")).unwrap();
            if line["event"] == word && line["incident"]["severity"] == "critical" {
                return line;
            }
        }
    };
    let found = line("diagnosed");
    assert!(found["diagnosis"]["seconds"].as_u64().is_some_and(|s| (1..60).contains(&s)), "{found}");
    assert!(!found["diagnosis"]["causes"].as_array().unwrap().is_empty(), "{found}");
    let filed = line("proposed");
    let id = filed["proposal"]["id"].as_u64().unwrap();
    assert_eq!(filed["proposal"]["approve"], format!("dba-gpt approvals approve {id}"), "{filed}");
    assert_eq!(filed["incident"]["id"], found["incident"]["id"]);
    let out = place.command(&["approvals", "list", "--json"]).output().unwrap();
    let waits = String::from_utf8(out.stdout).unwrap();
    let waits = waits.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|p| p["id"] == id).unwrap();
    assert_eq!(waits["stage"], "waiting", "{waits}");
    assert!(!root.is_closed(), "nothing runs before a person says so");
    watching.terminate();
    drop(root);
    for waiter in waiters {
        waiter.await.unwrap().unwrap();
    }
    hand.batch_execute(&format!("DROP TABLE {table}")).await.unwrap();
}
