//! A screen to play on: the model, what the screen remembers, and a terminal in memory.

use super::fixtures;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dba_gpt::app::action::Action;
use dba_gpt::app::approvals::Shown;
use dba_gpt::app::effect::Effect;
use dba_gpt::app::event::Event;
use dba_gpt::app::model::Model;
use dba_gpt::app::update::update;
use dba_gpt::domain::guard::ticket::Moment;
use dba_gpt::ui::{self, ColorDepth, Symbols, ViewOptions, ViewState};
use ratatui::Terminal;
use ratatui::backend::{Backend as _, TestBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use unicode_width::UnicodeWidthStr as _;

/// How a screen looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub color: ColorDepth,
    pub symbols: Symbols,
    pub theme: &'static str,
}

impl Default for Look {
    fn default() -> Self {
        Self { color: ColorDepth::Ansi16, symbols: Symbols::Unicode, theme: "default" }
    }
}

/// Model, screen and terminal.
pub struct Stage {
    pub model: Model,
    pub view: ViewState,
    terminal: Terminal<TestBackend>,
    /// Milliseconds on the machine's own clock.
    uptime_ms: u64,
    /// What the core wanted done since somebody asked last.
    wanted: Vec<Effect>,
    /// What the core was told last of what a frame showed.
    shown: Shown,
}

impl Stage {
    /// The fleet on a screen.
    pub fn new(look: Look, width: u16, height: u16) -> Self {
        Self::of(fixtures::fleet(), look, width, height)
    }

    /// A model on a screen of the usual size.
    pub fn with(model: Model) -> Self {
        Self::of(model, Look::default(), 100, 30)
    }

    fn of(model: Model, look: Look, width: u16, height: u16) -> Self {
        let Look { color, symbols, theme } = look;
        let options = ViewOptions { color, symbols, theme, keymap_overrides: Vec::new() };
        Self {
            model,
            view: ViewState::new(options).unwrap(),
            terminal: Terminal::new(TestBackend::new(width, height)).unwrap(),
            uptime_ms: 60_000,
            wanted: Vec::new(),
            shown: Shown::default(),
        }
    }

    /// Does an act, as the runtime does.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        let clock = self.clock();
        update(&mut self.model, Event::Clock(clock));
        ui::apply(&action, &self.model, &mut self.view);
        let now = self.model.now;
        let effects = update(&mut self.model, Event::Action(now, action));
        self.view.sync(&self.model);
        self.wanted.extend(effects.iter().cloned());
        effects
    }

    /// What the core wanted done since this was asked last.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.wanted)
    }

    /// Time passes on both clocks.
    pub fn wait(&mut self, ms: u64) {
        self.uptime_ms += ms;
        let clock = self.clock();
        update(&mut self.model, Event::Clock(clock));
    }

    fn clock(&self) -> Moment {
        Moment { wall: self.model.now, uptime_ms: self.uptime_ms }
    }

    /// Presses a key and does what it means; gives the acts.
    pub fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Vec<Action> {
        let actions = ui::on_key(KeyEvent::new(code, modifiers), &self.model, &mut self.view);
        for action in &actions {
            self.act(action.clone());
        }
        actions
    }

    /// Presses a key without modifiers.
    pub fn press(&mut self, code: KeyCode) -> Vec<Action> {
        self.key(code, KeyModifiers::NONE)
    }

    /// Types characters; gives the acts of the last one.
    pub fn keys(&mut self, text: &str) -> Vec<Action> {
        text.chars().map(|c| self.press(KeyCode::Char(c))).last().unwrap_or_default()
    }

    /// Draws and gives the frame. The core hears what it showed, as in the runtime, and what follows is drawn too.
    pub fn draw(&mut self) -> Buffer {
        self.draw_once();
        let shown = self.view.shown();
        let unfocused = shown.sight.is_some() && self.model.approvals.focus.is_none();
        if shown != self.shown || unfocused {
            self.shown = shown;
            let clock = self.clock();
            update(&mut self.model, Event::Drawn(clock, shown));
            self.draw_once();
        }
        self.terminal.backend().buffer().clone()
    }

    fn draw_once(&mut self) {
        self.view.sync(&self.model);
        let (model, view) = (&self.model, &mut self.view);
        self.terminal.draw(|frame| ui::draw(frame, model, view)).unwrap();
    }

    /// Draws on a terminal of another size, as after a resize.
    pub fn draw_at(&mut self, width: u16, height: u16) -> Buffer {
        self.terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        self.draw()
    }

    /// Draws and gives the frame's text.
    pub fn text(&mut self) -> String {
        text(&self.draw())
    }

    /// Where the last frame put the cursor.
    pub fn cursor(&mut self) -> Position {
        self.terminal.backend_mut().get_cursor_position().unwrap()
    }
}

/// A frame as lines of text; a wide character takes two columns.
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(symbol.width().max(1)).unwrap();
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
