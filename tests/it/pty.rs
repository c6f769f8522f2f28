//! The real program in a real terminal: what a person sees, types and loses the line in the middle of.

use crate::support::proxy::Proxy;
use crate::support::servers::{self, Address};
use crate::support::terminal::{Setup, Terminal, key};
use crate::support::{process, terminal};
use nix::sys::signal::Signal;
use std::time::Duration;

/// The program on its demo, which is already made, with the first health values on the screen.
fn demo(setup: Setup) -> Terminal {
    let terminal = setup.with_demo().start();
    terminal.wait("the demo's health", |screen| row_with(screen, "demo").is_some_and(|row| row.contains("ok")));
    terminal
}

/// The first row of the list of servers that has a text in it.
fn row_with(screen: &vt100::Screen, text: &str) -> Option<String> {
    let columns = screen.size().1.get();
    screen.rows(0, columns).skip(2).find(|row| row.contains(text))
}

/// Goes to the chat and begins to type.
fn compose(terminal: &Terminal) {
    terminal.send("1");
    terminal.wait_text("[1 Chat]");
    terminal.send("i");
    terminal.wait_text("Enter sends");
}

/// Types a line and sends it once the program has echoed it.
fn say(terminal: &Terminal, line: &str) {
    terminal.send(line);
    terminal.wait_text(line);
    terminal.send(key::ENTER);
}

#[test]
fn it_starts_on_the_demo_helps_and_leaves() {
    let mut terminal = demo(Setup::new(&[]));
    assert!(terminal.screen().alternate_screen());

    terminal.send("?");
    terminal.wait_text("EVERYWHERE");
    terminal.send("suspend");
    terminal.wait_text("Ctrl+Z       suspend");
    terminal.send(key::ESC);
    terminal.wait_gone("filter>");

    terminal.send(":");
    terminal.wait_text("Tab completes");
    say(&terminal, "theme mono");
    terminal.wait_gone("Tab completes");

    terminal.send("\x10"); // Ctrl+P
    terminal.send("zoom");
    terminal.wait_text("fill the screen");
    terminal.send(key::ESC);
    terminal.wait_gone("fill the screen");

    terminal.send("q");
    assert_eq!(terminal.wait_exit().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn the_first_start_makes_the_demo_and_says_so() {
    let terminal = Setup::new(&["--demo"]).start();
    terminal.wait_text("Making the demo database");
    terminal.send("?");
    terminal.wait_text("EVERYWHERE");
    terminal.send(key::ESC);
    terminal.wait("the demo's health", |screen| row_with(screen, "demo").is_some_and(|row| row.contains("ok")));
    assert!(terminal.own_folder().join("data/demo.db").exists());
}

#[test]
fn questions_and_statements_are_answered_with_rows() {
    let mut terminal = demo(Setup::new(&[]));
    compose(&terminal);
    say(&terminal, "how many orders are there?");
    let text = terminal.wait_text("(all)");
    assert!(text.contains("count(*)"), "the statement is shown: {text}");
    say(&terminal, "select 6*7 as answer");
    terminal.wait_text("│     42 ");
    say(&terminal, "begin");
    terminal.wait_text("Not run.");
    terminal.send(key::CTRL_C);
    terminal.send(key::CTRL_C);
    assert_eq!(terminal.wait_exit().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn an_error_is_analysed_on_the_spot_and_remembered() {
    let terminal = demo(Setup::new(&[]));
    compose(&terminal);
    say(&terminal, "SELECT * FROM nope");
    let text = terminal.wait_text("What to do");
    assert!(text.contains("TABLE_NOT_FOUND") && text.contains("never before here"), "{text}");
    terminal.send(key::ESC);
    terminal.wait_text("i types");
    terminal.send("3");
    // What somebody typed is no incident; its pattern is kept all the same.
    terminal.wait_text("No incident yet.");
    terminal.send("p");
    terminal.wait_text("1 of 1");
    compose(&terminal);
    say(&terminal, "select * from nope");
    terminal.wait_text("once here before");
}

#[test]
fn every_size_has_its_layout_and_the_way_back_is_whole() {
    let terminal = demo(Setup::new(&[]));
    terminal.send(" "); // paused: the values stand still
    let paused = terminal.wait_text("PAUSED");
    for (columns, rows) in [(80, 24), (60, 17), (40, 8)] {
        terminal.resize(columns, rows);
        terminal.wait(&format!("a frame of {columns}x{rows}"), |screen| {
            screen.contents().contains("demo") && last_row(screen).contains("KEYS")
        });
    }
    terminal.resize(20, 5);
    terminal.wait_text("20x5, needs 40x8".split(',').next().unwrap());
    terminal.resize(100, 30);
    terminal.wait("the first frame again", |screen| without_notices(&screen.contents()) == without_notices(&paused));
}

fn last_row(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    screen.rows(0, columns.get()).nth(usize::from(rows.get()) - 1).unwrap_or_default()
}

/// A frame without the line that comes and goes by itself.
fn without_notices(frame: &str) -> Vec<String> {
    let mut lines: Vec<String> = frame.lines().map(str::to_owned).collect();
    if lines.len() >= 4 {
        lines.remove(lines.len() - 4);
    }
    lines
}

#[test]
fn a_storm_of_sizes_leaves_a_whole_frame() {
    let mut terminal = demo(Setup::new(&[]));
    let mut seed = 12_345_u32;
    for _ in 0..150 {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let (columns, rows) = (1 + (seed >> 8) % 300, 1 + (seed >> 20) % 100);
        terminal.resize(columns.try_into().unwrap(), rows.try_into().unwrap());
    }
    terminal.resize(100, 30);
    terminal.wait("a frame of 100x30", |screen| {
        let text = screen.contents();
        text.contains("Servers") && text.contains("demo") && last_row(screen).contains("KEYS")
    });
    terminal.send("q");
    assert_eq!(terminal.wait_exit().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn no_color_changes_colours_and_nothing_else() {
    let frames = [None, Some("1")].map(|no_color| {
        let mut setup = Setup::new(&[]);
        if let Some(value) = no_color {
            setup = setup.variable("NO_COLOR", value);
        }
        let terminal = demo(setup);
        terminal.send("?");
        terminal.wait_text("EVERYWHERE");
        terminal.screen()
    });
    let [with, without] = &frames;
    let body = |screen: &vt100::Screen| screen.rows(0, 100).skip(1).take(28).collect::<Vec<_>>();
    assert_eq!(body(with), body(without));
    assert!(coloured_cells(with) > 0);
    assert_eq!(coloured_cells(without), 0);
}

fn coloured_cells(screen: &vt100::Screen) -> usize {
    let (rows, columns) = screen.size();
    (0..rows.get())
        .flat_map(|row| (0..columns.get()).map(move |column| (row, column)))
        .filter_map(|(row, column)| screen.cell(row, column))
        .filter(|cell| cell.fgcolor() != vt100::Color::Default || cell.bgcolor() != vt100::Color::Default)
        .count()
}

#[test]
fn data_cannot_talk_to_the_terminal() {
    let terminal = demo(Setup::new(&[]));
    compose(&terminal);
    say(&terminal, "select char(27)||']52;c;aGVsbG8='||char(7)||char(155)||'31m'||char(27)||'c' as evil");
    let text = terminal.wait_text("]52;c;aGVsbG8=<U+0007>");
    assert!(text.contains("<U+001B>") && text.contains("<U+0007>") && text.contains("<U+009B>"), "{text}");
    let heard = terminal.heard();
    assert!(heard.copied.is_empty() && heard.titles.is_empty() && heard.commands.is_empty(), "{heard:?}");
    assert_eq!((heard.bells, heard.paste_requests), (0, 0));
    let bytes = terminal.bytes();
    assert!(!bytes.windows(5).any(|w| w == b"\x1b]52;") && !bytes.contains(&7), "raw bytes of the value were written");
    assert!(!bytes.windows(2).any(|w| w == b"\x1bc" || w == b"\xc2\x9b"), "raw bytes of the value were written");
}

#[test]
fn copying_goes_through_the_terminal() {
    let terminal = demo(Setup::new(&[]));
    compose(&terminal);
    say(&terminal, "select 6*7 as answer");
    terminal.wait_text("│     42 ");
    terminal.send(key::ESC);
    terminal.wait_text("i types");
    terminal.send("y");
    terminal.wait_text("OSC 52");
    let copied = terminal.heard().copied;
    // base64 of `select 6*7 as answer`
    assert_eq!(copied, [b"c2VsZWN0IDYqNyBhcyBhbnN3ZXI=".to_vec()]);
}

#[test]
fn pasted_text_is_not_sent() {
    let terminal = demo(Setup::new(&[]));
    compose(&terminal);
    terminal.send(&key::pasted("select 'pas'||'ted';\rselect 'tw'||'ice';\r"));
    terminal.wait_text("'ice'");
    terminal.send("after");
    let text = terminal.wait_text("after");
    assert!(!text.contains("pasted") && !text.contains("twice") && !text.contains("you "), "{text}");
}

#[test]
fn keys_that_are_pasted_outside_the_composer_do_nothing() {
    let terminal = demo(Setup::new(&[]));
    terminal.send(&key::pasted("q:quit\r"));
    terminal.send("?");
    terminal.wait_text("EVERYWHERE");
}

#[test]
fn the_terminal_is_given_back_on_signals() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let mut terminal = demo(Setup::new(&[]));
        terminal.send("%"); // with the mouse taken too
        terminal.wait("the mouse", |screen| screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None);
        terminal.signal(signal);
        if signal == Signal::SIGINT {
            terminal.wait_text("again quits");
            terminal.signal(signal);
        }
        terminal.wait_exit_within(Duration::from_secs(10));
        terminal.assert_given_back();
    }
}

#[test]
fn it_stops_and_goes_on() {
    let mut terminal = demo(Setup::new(&[]));
    for stop in [key::CTRL_Z, "signal"] {
        if stop == "signal" {
            terminal.signal(Signal::SIGTSTP);
        } else {
            terminal.send(stop);
        }
        terminal.wait("the screen to be given back", |screen| !screen.alternate_screen());
        process::wait_until_stopped(terminal.pid);
        terminal.assert_given_back();
        terminal.signal(Signal::SIGCONT);
        terminal.wait("the screen again", |screen| screen.alternate_screen() && row_with(screen, "demo").is_some());
    }
    terminal.send("q");
    assert_eq!(terminal.wait_exit().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_shell_can_suspend_it_and_bring_it_back() {
    let mut terminal =
        Setup::new(&["--norc", "--noprofile", "-i"]).program("bash").variable("PS1", "READY> ").with_demo().start();
    terminal.wait_text("READY>");
    terminal.send(&format!("{}\n", terminal::PROGRAM));
    terminal.wait("the demo", |screen| screen.alternate_screen() && row_with(screen, "demo").is_some());
    terminal.send(key::CTRL_Z);
    terminal.wait("the shell", |screen| !screen.alternate_screen() && screen.contents().contains("Stopped"));
    terminal.send("fg\n");
    terminal.wait("the demo again", |screen| screen.alternate_screen() && row_with(screen, "demo").is_some());
    terminal.send("q");
    terminal.wait("the shell again", |screen| !screen.alternate_screen());
    terminal.send("exit\n");
    terminal.wait_exit();
}

#[test]
fn a_hang_up_ends_it_within_two_seconds() {
    let mut terminal = demo(Setup::new(&[]));
    terminal.hang_up();
    terminal.wait_exit_within(Duration::from_secs(2));
}

/// A server of the tests through a role of the test's own, so that its sessions can be told from all others.
struct OwnRole {
    admin: tokio_postgres::Client,
    runtime: tokio::runtime::Runtime,
    name: String,
    address: Address,
}

impl OwnRole {
    fn new(name: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut address = Address::of(&servers::postgres_url());
        let admin = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&address.url(), tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let (role, password) = (name, &address.password);
            client
                .batch_execute(&format!(
                    "DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN PASSWORD '{password}' IN ROLE pg_monitor;
                     ALTER ROLE {role} SET statement_timeout = '60s';"
                ))
                .await
                .unwrap();
            client
        });
        name.clone_into(&mut address.user);
        Self { admin, runtime, name: name.to_owned(), address }
    }

    /// How many sessions of the role there are in which a condition holds.
    fn sessions(&self, condition: &str) -> i64 {
        let query = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND {condition}", self.name);
        self.runtime.block_on(self.admin.query_one(&query, &[])).unwrap().get(0)
    }

    /// Asks until so many sessions are left.
    fn wait_sessions(&self, condition: &str, wanted: impl Fn(i64) -> bool, within: Duration) {
        let deadline = std::time::Instant::now() + within;
        loop {
            let count = self.sessions(condition);
            if wanted(count) {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "{count} sessions with {condition} after {within:?}");
        }
    }
}

/// A statement that only reads and never ends in time.
const ENDLESS: &str = "select count(*) from generate_series(1,99999) a, generate_series(1,99999) b";

#[test]
fn a_statement_is_stopped_on_the_server_and_nothing_stays_after_a_hang_up() {
    let role = OwnRole::new("dbagpt_pty_stop");
    let mut terminal = Setup::new(&["--target", &role.address.url()]).start();
    terminal.wait_text("LIVE");
    compose(&terminal);
    say(&terminal, ENDLESS);
    role.wait_sessions("state = 'active' AND query LIKE '%generate_series%'", |n| n == 1, Duration::from_secs(20));
    terminal.wait_text("running");
    terminal.send(key::ESC);
    terminal.wait_gone("running");
    role.wait_sessions("state = 'active' AND query LIKE '%generate_series%'", |n| n == 0, Duration::from_secs(2));

    say(&terminal, ENDLESS);
    role.wait_sessions("state = 'active' AND query LIKE '%generate_series%'", |n| n == 1, Duration::from_secs(20));
    terminal.hang_up();
    terminal.wait_exit_within(Duration::from_secs(5));
    role.wait_sessions("true", |n| n == 0, Duration::from_secs(5));
}

#[test]
fn a_target_that_hangs_holds_up_nothing() {
    let role = OwnRole::new("dbagpt_pty_hang");
    let proxy = Proxy::to(&role.address.host, role.address.port);
    let through = Address { port: proxy.port(), ..role.address.clone() };
    let mut terminal = Setup::new(&["--target", &through.url()]).start();
    terminal.wait("health values", |screen| screen.contents().contains("ok 1") || screen.contents().contains("WARN 1"));
    proxy.stall();
    terminal.wait_text("STALE");
    terminal.send("?");
    terminal.wait_text("EVERYWHERE");
    terminal.send(key::ESC);
    terminal.wait_gone("EVERYWHERE");
    compose(&terminal);
    terminal.send("still here");
    terminal.wait_text("still here");
    proxy.resume();
    terminal.send(key::ESC);
    terminal.send("2");
    terminal.wait_gone("STALE");
    terminal.send("q");
    assert_eq!(terminal.wait_exit().exit_code(), 0);
    terminal.assert_given_back();
}
