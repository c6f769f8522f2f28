//! The one loop behind the screens: keys, answers and time in; frames and effects out.

use super::perform::{ForLoop, Performer};
use super::terminal::Screen;
use super::{clock, editor};
use crate::app::action::Action;
use crate::app::approvals::Shown;
use crate::app::event::Event;
use crate::app::model::Model;
use crate::app::update::update;
use crate::ui::{self, ViewState};
use anyhow::Result;
use crossterm::event::{Event as Input, EventStream, KeyEventKind};
use futures::StreamExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Frames after a key are at least this far apart.
const AFTER_INPUT: Duration = Duration::from_millis(33);
/// Answers taken in between two looks at the keyboard.
const AT_ONCE: usize = 64;

/// Signals that end or suspend us.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    stop: Signal,
    resume: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(nix::libc::SIGTSTP))?,
            resume: signal(SignalKind::from_raw(nix::libc::SIGCONT))?,
        })
    }
}

/// The loop and all it holds.
pub(super) struct AppLoop {
    /// What the program knows.
    pub(super) model: Model,
    /// What the screen remembers.
    pub(super) view: ViewState,
    /// The terminal.
    pub(super) screen: Screen,
    /// Who does what the core wants.
    pub(super) performer: Performer,
    /// Where answers arrive.
    pub(super) inbox: mpsc::Receiver<Event>,
    /// Frames of data are at least this far apart.
    pub(super) data_gap: Duration,
    /// A private folder for the editor's file.
    pub(super) private_folder: PathBuf,
    /// Started once the first frame is out.
    pub(super) after_first_frame: Option<Box<dyn FnOnce(&mut Performer) + Send>>,
    /// When the next frame is due, if one is.
    pub(super) draw_at: Option<Instant>,
    /// What the core was told last of what a frame showed.
    pub(super) shown: Shown,
    /// When the last frame was sent.
    pub(super) drawn: Instant,
    /// The program shall end.
    pub(super) done: bool,
}

impl AppLoop {
    /// Runs until the person leaves, the terminal goes away, or a signal ends us.
    pub(super) async fn run(mut self) -> Result<()> {
        let mut signals = Signals::listen()?;
        let mut input = EventStream::new();
        self.draw()?;
        if let Some(begin) = self.after_first_frame.take() {
            begin(&mut self.performer);
        }
        self.take(Event::Tick(clock::now()))?;
        while !self.done {
            let draw_at = self.draw_at;
            let wake = self.wake_in();
            tokio::select! {
                biased;
                _ = signals.terminate.recv() => break,
                _ = signals.hang_up.recv() => break,
                _ = signals.interrupt.recv() => self.take(Event::Action(clock::now(), Action::Interrupt))?,
                _ = signals.stop.recv() => self.suspend()?,
                _ = signals.resume.recv() => self.resume()?,
                event = input.next() => match event {
                    Some(Ok(event)) => self.input(event)?,
                    // The terminal is gone: nothing can be shown or asked any more.
                    Some(Err(_)) | None => break,
                },
                () = sleep_until(draw_at), if draw_at.is_some() => self.draw()?,
                Some(event) = self.inbox.recv() => self.answers(event)?,
                () = tokio::time::sleep(wake) => {
                    if terminal_hung_up() {
                        break;
                    }
                    self.take(Event::Clock(clock::moment()))?;
                    self.take(Event::Tick(clock::now()))?;
                }
            }
        }
        drop(self.screen);
        drop(self.inbox);
        self.performer.end().await;
        Ok(())
    }

    fn wake_in(&self) -> Duration {
        let now = clock::now();
        let ms = self.model.next_wake().map_or(5_000, |at| at.since(now));
        Duration::from_millis(ms.clamp(1, 5_000))
    }

    fn input(&mut self, event: Input) -> Result<()> {
        let now = clock::now();
        let actions = match event {
            Input::Key(key) if key.kind != KeyEventKind::Release => ui::on_key(key, &self.model, &mut self.view),
            Input::Paste(text) => ui::on_paste(&text, &self.model, &mut self.view),
            Input::Mouse(mouse) => ui::on_mouse(mouse, &self.model, &mut self.view),
            Input::Resize(..) => {
                // The size may be the old one again by now: what the terminal lost in between is drawn anew.
                self.screen.forget()?;
                Vec::new()
            }
            _ => Vec::new(),
        };
        self.take(Event::Clock(clock::moment()))?;
        for action in actions {
            ui::apply(&action, &self.model, &mut self.view);
            self.take(Event::Action(now, action))?;
        }
        self.draw_within(AFTER_INPUT);
        Ok(())
    }

    fn answers(&mut self, first: Event) -> Result<()> {
        self.take(first)?;
        for _ in 0..AT_ONCE {
            match self.inbox.try_recv() {
                Ok(event) => self.take(event)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// One event through the core, and its effects out.
    fn take(&mut self, event: Event) -> Result<()> {
        let quiet = matches!(event, Event::Tick(_) | Event::Clock(_)) && self.model.chat.running.is_none();
        let effects = update(&mut self.model, event);
        self.view.sync(&self.model);
        if !(quiet && effects.is_empty() && self.drawn.elapsed() < Duration::from_secs(1)) {
            self.draw_within(self.data_gap);
        }
        for effect in effects {
            if let Some(mine) = self.performer.perform(effect) {
                self.perform(mine)?;
            }
        }
        Ok(())
    }

    fn perform(&mut self, effect: ForLoop) -> Result<()> {
        match effect {
            ForLoop::Send(bytes) => self.screen.send(&bytes)?,
            ForLoop::Edit(text) => return self.edit(&text),
            ForLoop::Mouse(on) => self.screen.set_mouse(on)?,
            ForLoop::Theme(name) => {
                if let Err(words) = self.view.set_theme(&name) {
                    self.model.tell(words, true);
                }
                self.screen.forget()?;
            }
            ForLoop::Suspend => return self.suspend(),
            ForLoop::Quit => self.done = true,
        }
        Ok(())
    }

    fn edit(&mut self, text: &str) -> Result<()> {
        let draft = if self.model.chat.typing { self.view.draft() } else { text.to_owned() };
        super::terminal::give_back();
        let edited =
            editor::edit(&draft, &self.private_folder, |name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        self.screen.enter()?;
        match edited {
            Ok(text) => {
                self.model.chat.set_draft(text);
                self.model.chat.typing = true;
                self.view.sync(&self.model);
            }
            Err(error) => self.model.tell(format!("{error:#}"), true),
        }
        self.draw_within(Duration::ZERO);
        Ok(())
    }

    /// Gives the terminal back and stops this process; the shell's `fg` continues here.
    fn suspend(&mut self) -> Result<()> {
        super::terminal::give_back();
        // SIGTSTP is discarded for an orphaned process group; SIGSTOP never is.
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP)?;
        self.resume()
    }

    fn resume(&mut self) -> Result<()> {
        self.screen.enter()?;
        self.draw_within(Duration::ZERO);
        Ok(())
    }

    /// Tells the core what the frame showed, when that is news to it: an approval needs to have been seen.
    fn tell_shown(&mut self) -> Result<()> {
        let shown = self.view.shown();
        let unfocused = shown.sight.is_some() && self.model.approvals.focus.is_none();
        if shown == self.shown && !unfocused {
            return Ok(());
        }
        self.shown = shown;
        self.take(Event::Drawn(clock::moment(), shown))
    }

    /// Asks for a frame, not sooner than `gap` after the last one.
    fn draw_within(&mut self, gap: Duration) {
        let at = self.drawn + gap;
        self.draw_at = Some(self.draw_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn draw(&mut self) -> Result<()> {
        self.draw_at = None;
        let (model, view) = (&self.model, &mut self.view);
        self.screen.draw(|frame| ui::draw(frame, model, view))?;
        self.drawn = Instant::now();
        self.tell_shown()
    }
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at.into()).await;
    }
}

/// Whether the other end of our terminal is gone: no signal tells a process that is not in the foreground.
fn terminal_hung_up() -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd as _;
    let stdin = std::io::stdin();
    let mut fds = [PollFd::new(stdin.as_fd(), PollFlags::empty())];
    match poll(&mut fds, PollTimeout::ZERO) {
        Ok(n) if n > 0 => fds[0]
            .revents()
            .is_some_and(|r| r.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL)),
        _ => false,
    }
}
