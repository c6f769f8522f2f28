//! The real program in a real terminal: a pseudo-terminal with a screen behind it, driven by keys and judged by what
//! is on the screen. Nothing here sleeps: whoever waits is woken by the program's own output.

use portable_pty::{ChildKiller, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_dba-gpt");

/// How long a busy machine may take for anything; a wait that succeeds never takes it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keys that are not characters.
pub mod key {
    pub const ENTER: &str = "\r";
    pub const ESC: &str = "\x1b";
    pub const TAB: &str = "\t";
    pub const UP: &str = "\x1b[A";
    pub const DOWN: &str = "\x1b[B";
    pub const CTRL_C: &str = "\x03";
    pub const CTRL_Z: &str = "\x1a";
    pub const ALT_1: &str = "\x1b1";

    /// Text as a terminal delivers it when a person pastes.
    pub fn pasted(text: &str) -> String {
        format!("\x1b[200~{text}\x1b[201~")
    }
}

/// What to start, and where.
#[derive(Debug)]
pub struct Setup {
    program: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    columns: u16,
    rows: u16,
    with_demo: bool,
}

impl Setup {
    /// The program under test with these arguments, on a screen of 100x30.
    pub fn new(arguments: &[&str]) -> Self {
        Self {
            program: PROGRAM.into(),
            arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
            variables: Vec::new(),
            columns: 100,
            rows: 30,
            with_demo: false,
        }
    }

    /// Another program, such as a shell that starts ours.
    pub fn program(mut self, path: &str) -> Self {
        self.program = path.into();
        self
    }

    /// A screen of another size.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    /// An environment variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the demo database already made, as from the second start on.
    pub fn with_demo(mut self) -> Self {
        self.with_demo = true;
        self
    }

    /// Starts it.
    pub fn start(self) -> Terminal {
        Terminal::start(&self)
    }
}

/// What the program told the terminal beyond what is on the screen.
#[derive(Debug, Default, Clone)]
pub struct Heard {
    /// Texts put on the clipboard (OSC 52), still in base64.
    pub copied: Vec<Vec<u8>>,
    /// How often the clipboard was asked for.
    pub paste_requests: usize,
    /// How often the bell rang.
    pub bells: usize,
    /// Window titles and icon names that were set.
    pub titles: Vec<Vec<u8>>,
    /// Operating system commands other than those above.
    pub commands: Vec<String>,
    /// Answers that a terminal owes the program.
    owed: Vec<u8>,
    /// A frame has begun (synchronized output) and is not whole yet.
    in_frame: bool,
}

impl vt100::Callbacks for Heard {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.titles.push(title.to_owned());
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.titles.push(name.to_owned());
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.copied.push(data.to_owned());
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.paste_requests += 1;
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parameters: &[&[u8]]) {
        let words: Vec<_> = parameters.iter().map(|p| String::from_utf8_lossy(p)).collect();
        self.commands.push(words.join(";"));
    }
    fn unhandled_csi(&mut self, screen: &mut vt100::Screen, mark: Option<u8>, _: Option<u8>, p: &[&[u16]], end: char) {
        // A program that asks and gets no answer waits for a time-out.
        match (mark, p.first().and_then(|p| p.first()), end) {
            (None, _, 'c') => self.owed.extend(b"\x1b[?62;22c"),
            (None, Some(6), 'n') => {
                let (row, column) = screen.cursor_position();
                self.owed.extend(format!("\x1b[{};{}R", row + 1, column + 1).bytes());
            }
            (Some(b'?'), Some(2026), 'h') => self.in_frame = true,
            (Some(b'?'), Some(2026), 'l') => self.in_frame = false,
            _ => {}
        }
    }
}

/// Everything that has come from the program.
struct Received {
    parser: vt100::Parser<Heard>,
    bytes: Vec<u8>,
    /// The line is closed, or we let go of it.
    ended: bool,
    /// The reader shall let go of the line at the next byte.
    let_go: bool,
}

struct Shared {
    received: Mutex<Received>,
    changed: Condvar,
}

/// A terminal with a program in it. Dropping it ends the program.
pub struct Terminal {
    shared: Arc<Shared>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
    master: Option<Box<dyn MasterPty + Send>>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    exit: Receiver<ExitStatus>,
    /// Process id of the program.
    pub pid: i32,
    /// The line settings before the program began.
    settings_before: String,
    /// Its home folder; nothing of the person's own is seen.
    home: TempDir,
}

impl Terminal {
    fn start(setup: &Setup) -> Self {
        let size = PtySize { rows: setup.rows, cols: setup.columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let settings_before = settings_of(pair.master.as_ref());
        let home = TempDir::new().unwrap();
        let own_folder = home.path().join("dba-gpt");
        if setup.with_demo {
            super::demo::place_in(&own_folder);
        }

        let mut command = CommandBuilder::new(&setup.program);
        command.args(&setup.arguments);
        command.env_clear();
        command.cwd(home.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home.path());
        command.env("DBA_GPT_HOME", own_folder);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        for (name, value) in &setup.variables {
            command.env(name, value);
        }
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);

        let pid = child.process_id().and_then(|id| i32::try_from(id).ok()).unwrap();
        let killer = child.clone_killer();
        let (report, exit) = channel();
        std::thread::spawn(move || report.send(child.wait().unwrap()));

        let parser =
            vt100::Parser::new_with_callbacks(nonzero(setup.rows), nonzero(setup.columns), 0, Heard::default());
        let received = Received { parser, bytes: Vec::new(), ended: false, let_go: false };
        let shared = Arc::new(Shared { received: Mutex::new(received), changed: Condvar::new() });
        let keyboard = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let (line, to, answers) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&shared), Arc::clone(&keyboard));
        std::thread::spawn(move || receive(line, &to, &answers));
        Self { shared, keyboard, master: Some(pair.master), killer, exit, pid, settings_before, home }
    }

    /// Types keys, as bytes.
    pub fn send(&self, keys: &str) {
        let mut keyboard = self.keyboard.lock().unwrap();
        keyboard.write_all(keys.as_bytes()).and_then(|()| keyboard.flush()).unwrap();
    }

    /// Makes the window another size. The screen changes first: the other order would draw the new frame into the
    /// old grid.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.received().parser.screen_mut().set_size(nonzero(rows), nonzero(columns));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.received().parser.screen().contents()
    }

    /// A copy of the screen: cells, colours, cursor, modes.
    pub fn screen(&self) -> vt100::Screen {
        self.received().parser.screen().clone()
    }

    /// Every byte that the program has written.
    pub fn bytes(&self) -> Vec<u8> {
        self.received().bytes.clone()
    }

    /// What it told the terminal beside the screen.
    pub fn heard(&self) -> Heard {
        self.received().parser.callbacks().clone()
    }

    /// Waits until the screen is as wanted and gives its text; shows the last screen when it never is. Frames count
    /// when they are whole.
    pub fn wait(&self, what: &str, mut wanted: impl FnMut(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut received = self.received();
        loop {
            if !received.parser.callbacks().in_frame && wanted(received.parser.screen()) {
                return received.parser.screen().contents();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || received.ended {
                let why = if received.ended { "the program has closed the terminal" } else { "time is over" };
                let screen = received.parser.screen().contents();
                drop(received);
                panic!(
                    "waited for {what}, but {why}. The last screen:\n{}\n{screen}\n{}",
                    "-".repeat(60),
                    "-".repeat(60)
                );
            }
            received = self.shared.changed.wait_timeout(received, left).unwrap().0;
        }
    }

    /// Waits until a text is on the screen.
    pub fn wait_text(&self, text: &str) -> String {
        self.wait(&format!("the text {text:?}"), |screen| screen.contents().contains(text))
    }

    /// Waits until a text is gone from the screen.
    pub fn wait_gone(&self, text: &str) -> String {
        self.wait(&format!("the text {text:?} to go"), |screen| !screen.contents().contains(text))
    }

    /// Waits for the program's end and for its last byte.
    pub fn wait_exit(&mut self) -> ExitStatus {
        self.wait_exit_within(PATIENCE)
    }

    /// The same within a time of the caller's.
    pub fn wait_exit_within(&mut self, time: Duration) -> ExitStatus {
        let status = self.exit.recv_timeout(time).unwrap_or_else(|_| {
            panic!("the program is still there after {time:?}. The last screen:\n{}", self.text());
        });
        let received = self.received();
        drop(self.shared.changed.wait_timeout_while(received, PATIENCE, |r| !r.ended).unwrap());
        status
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid), signal).unwrap();
    }

    /// Asserts that the terminal is as it was before the program: screen, cursor, modes, line settings.
    pub fn assert_given_back(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "pasted text is still bracketed");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is still taken");
        assert_eq!(settings_of(self.master.as_deref().unwrap()), self.settings_before, "the line settings differ");
    }

    /// The program's own folder, `DBA_GPT_HOME`.
    pub fn own_folder(&self) -> PathBuf {
        self.home.path().join("dba-gpt")
    }

    /// Closes the terminal, as a dropped connection does: every handle of ours goes, so that the kernel hangs up.
    pub fn hang_up(&mut self) {
        self.received().let_go = true;
        // The reader waits for a byte; a new size makes the program draw and so write one.
        let (rows, columns) = self.screen().size();
        self.resize(columns.get() - 1, rows.get());
        let received = self.received();
        let (received, time) = self.shared.changed.wait_timeout_while(received, PATIENCE, |r| !r.ended).unwrap();
        assert!(!time.timed_out(), "the program wrote nothing after a resize");
        drop(received);
        self.master = None;
        *self.keyboard.lock().unwrap() = Box::new(std::io::sink());
    }

    fn received(&self) -> MutexGuard<'_, Received> {
        self.shared.received.lock().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.killer.kill();
    }
}

fn receive(mut line: Box<dyn Read + Send>, shared: &Shared, answers: &Mutex<Box<dyn Write + Send>>) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = line.read(&mut buffer).unwrap_or(0);
        let mut received = shared.received.lock().unwrap();
        if length == 0 || received.let_go {
            drop(line);
            received.ended = true;
            shared.changed.notify_all();
            return;
        }
        received.bytes.extend(&buffer[..length]);
        received.parser.process(&buffer[..length]);
        let owed = std::mem::take(&mut received.parser.callbacks_mut().owed);
        drop(received);
        shared.changed.notify_all();
        if !owed.is_empty() {
            let mut answers = answers.lock().unwrap();
            let _ = answers.write_all(&owed).and_then(|()| answers.flush());
        }
    }
}

/// The terminal's line settings (echo, canonical mode and so on), in a form that can be compared.
fn settings_of(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

fn nonzero(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap()
}

/// The driver itself, on a program that is on every machine.
mod tests {
    use super::*;

    fn shell(script: &str) -> Terminal {
        Setup::new(&["-c", script]).program("/bin/sh").size(40, 6).start()
    }

    #[test]
    fn keys_go_in_and_the_screen_comes_out() {
        let mut terminal = shell("stty -echo; echo ready; read line; echo \"got $line\"; exit 3");
        terminal.wait_text("ready");
        terminal.send("wörld\n");
        let text = terminal.wait_text("got");
        assert!(text.contains("got wörld"), "{text}");
        assert_eq!(terminal.wait_exit().exit_code(), 3);
    }

    #[test]
    fn what_is_not_screen_is_heard() {
        let mut terminal = shell(r"printf '\033]52;c;aGk=\007\007\033]2;title\007\033]777;x\007'");
        terminal.wait_exit();
        let heard = terminal.heard();
        assert_eq!((heard.copied.len(), heard.bells, heard.titles.len()), (1, 1, 1));
        assert_eq!(heard.commands, ["777;x"]);
    }

    #[test]
    fn questions_are_answered_and_sizes_change() {
        let terminal = shell(
            "trap 'stty size' WINCH; stty raw -echo; printf '\\033[6n'
             dd bs=1 count=6 2>/dev/null | tr -d '\\033'; printf ' answer\\r\\n'; while :; do sleep 0.05; done",
        );
        terminal.wait_text("[1;1R answer");
        terminal.resize(30, 5);
        terminal.wait_text("5 30");
    }

    #[test]
    fn a_hang_up_reaches_the_program() {
        let mut terminal = shell("trap 'echo resized' WINCH; echo up; while :; do sleep 0.05; done");
        terminal.wait_text("up");
        terminal.hang_up();
        let status = terminal.wait_exit_within(Duration::from_secs(5));
        assert!(!status.success());
    }
}
