//! The terminal: taken once, always given back, one write a frame.

use crate::domain::text;
use anyhow::{Context as _, Result};
use crossterm::{cursor, event, execute, queue, terminal};
use ratatui::backend::CrosstermBackend;
use std::cell::RefCell;
use std::io::{self, IsTerminal as _, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the screen is ours now; the panic hook and the last exit both look here, so it is given back once.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Collects a frame and sends it in one write, so that a slow link never shows half of it. Its clones are one.
#[derive(Debug, Default, Clone)]
pub(super) struct FrameWriter {
    frame: Rc<RefCell<Vec<u8>>>,
}

impl Write for FrameWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    /// Nothing is sent before [`Screen::draw`] says that the frame is whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes to the terminal's own descriptor.
fn send_whole(mut bytes: &[u8]) -> io::Result<()> {
    let out = io::stdout();
    while !bytes.is_empty() {
        match nix::unistd::write(&out, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

impl FrameWriter {
    fn present(&self) -> io::Result<()> {
        let mut frame = self.frame.borrow_mut();
        // Past the standard library's line buffer: one write for one frame.
        let sent = send_whole(&frame);
        frame.clear();
        frame.shrink_to(1 << 16);
        sent
    }
}

/// The screen while it is ours.
pub(super) struct Screen {
    terminal: ratatui::Terminal<CrosstermBackend<FrameWriter>>,
    writer: FrameWriter,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is no terminal, or it does not let itself be switched.
    pub(super) fn take() -> Result<Self> {
        anyhow::ensure!(
            io::stdin().is_terminal() && io::stdout().is_terminal(),
            "this is no terminal: use a command (dba-gpt --help lists them), or --plain for line mode"
        );
        let writer = FrameWriter::default();
        let terminal = ratatui::Terminal::new(CrosstermBackend::new(writer.clone()))
            .context("the size of the terminal could not be read")?;
        let mut screen = Self { terminal, writer, mouse: false };
        screen.enter()?;
        Ok(screen)
    }

    /// Switches to our screen; also after a suspension.
    pub(super) fn enter(&mut self) -> Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        terminal::enable_raw_mode().context("the terminal could not be switched to raw mode")?;
        let mouse = self.mouse;
        let out = self.terminal.backend_mut();
        queue!(out, terminal::EnterAlternateScreen, event::EnableBracketedPaste, cursor::Hide)?;
        if mouse {
            queue!(out, event::EnableMouseCapture)?;
        }
        self.forget()?;
        self.present()
    }

    /// Draws one frame inside synchronized output and sends it in one write.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame)) -> Result<()> {
        queue!(self.terminal.backend_mut(), terminal::BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        queue!(self.terminal.backend_mut(), terminal::EndSynchronizedUpdate)?;
        self.present()
    }

    /// Forgets what the screen shows, so that the next frame draws all of it.
    pub(super) fn forget(&mut self) -> Result<()> {
        // Not `Terminal::clear`: it asks the terminal where the cursor is, which costs a round trip, and gets no answer
        // while the input stream reads what the terminal says.
        let area = self.terminal.size()?.into();
        Ok(self.terminal.resize(area)?)
    }

    /// Takes or gives back the mouse.
    pub(super) fn set_mouse(&mut self, on: bool) -> Result<()> {
        self.mouse = on;
        let out = self.terminal.backend_mut();
        if on {
            queue!(out, event::EnableMouseCapture)?;
        } else {
            queue!(out, event::DisableMouseCapture)?;
        }
        self.present()
    }

    /// Sends bytes that are no part of a frame: a clipboard sequence.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.terminal.backend_mut().write_all(bytes)?;
        self.present()
    }

    fn present(&mut self) -> Result<()> {
        self.writer.present().context("the terminal is gone")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, if it is ours. Errors are of no use here: perhaps there is no terminal any more.
pub(super) fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(
            out,
            terminal::EndSynchronizedUpdate,
            event::DisableMouseCapture,
            event::DisableBracketedPaste,
            terminal::LeaveAlternateScreen,
            cursor::Show
        );
        let _ = terminal::disable_raw_mode();
    }
}

/// Installs the panic hook: a panic of the screen's own thread gives the terminal back and says what happened; a
/// panic of a worker goes to the log, and its owner tells the person.
pub(super) fn install_panic_hook() {
    let screen_thread = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        let what = text::redact(&info.to_string());
        tracing::error!(panic = %text::escape(&what), "panic");
        if std::thread::current().id() == screen_thread {
            give_back();
            let _ = writeln!(
                io::stderr(),
                "dba-gpt: internal fault: {}\nNothing on any server was changed. The log has the details.",
                text::escape(&what)
            );
        }
    }));
}
