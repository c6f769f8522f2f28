//! What the screen itself remembers between two frames: theme, keys, the draft, scroll positions, laid-out entries.

use super::composer::Composer;
use super::keymap::Keymap;
use super::parts::conversation::Reader;
use super::parts::exact::Exact;
use super::parts::incident::Panes;
use super::symbols::{SymbolSet, Symbols};
use super::table_cache::TableCache;
use super::theme::{ColorDepth, Theme};
use crate::app::action::{Action, ComposerEdit};
use crate::app::approvals::{Shown, Sight};
use crate::app::list::Motion;
use crate::app::model::{Model, Screen};
use crate::domain::target::Timestamp;
use ratatui::layout::Rect;
use std::collections::HashMap;

/// How the screen shall look and listen; resolved once at start.
#[derive(Debug, Clone, Default)]
pub struct ViewOptions<'a> {
    /// How many colours the terminal has.
    pub color: ColorDepth,
    /// Which characters it can show.
    pub symbols: Symbols,
    /// Name of the theme.
    pub theme: &'a str,
    /// The person's own keys: name of an act, key. A key takes the place of the act's own ones.
    pub keymap_overrides: Vec<(String, String)>,
}

/// Esc was pressed: a digit that follows at once chooses a tab, as Alt and the digit do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// In this very event.
    Now,
    /// At this moment.
    At(Timestamp),
}

/// Something on the screen that a click means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hit {
    /// A tab.
    Tab(Screen),
    /// A view of the open server.
    View(&'static str),
    /// The row of a list at this place in its order.
    Row(usize),
    /// The entry of an overlay at this place.
    Entry(usize),
    /// An incident.
    Incident(u64),
    /// The box to type into.
    Composer,
}

/// The screen's own state.
pub struct ViewState {
    color: ColorDepth,
    pub(crate) theme_name: String,
    pub(crate) theme: Theme,
    pub(crate) symbols: &'static SymbolSet,
    pub(crate) keymap: Keymap,
    pub(crate) composer: Composer,
    /// The number of the draft last taken over from the model.
    draft_seen: u64,
    /// `g` was pressed.
    pub(crate) prefix: bool,
    pub(crate) escape: Option<Escape>,
    /// First row seen of each list.
    pub(crate) offsets: HashMap<String, usize>,
    pub(crate) tables: TableCache,
    pub(crate) reader: Reader,
    /// Where the reader is in the incident that is shown.
    pub(crate) panes: Panes,
    /// The statement in the approval's box.
    pub(crate) exact: Exact,
    /// What the last frame showed of it.
    pub(crate) sight: Option<Sight>,
    /// Rows that half a page is, as last drawn.
    pub(crate) half_page: usize,
    /// First and last possible line of the text overlay, as last drawn: where it is, and how far it goes.
    pub(crate) detail_end: usize,
    pub(crate) hits: Vec<(Rect, Hit)>,
}

impl ViewState {
    /// A screen that has drawn nothing yet.
    ///
    /// # Errors
    /// Words for an unknown theme, an unknown act, or keys that clash.
    pub fn new(options: ViewOptions<'_>) -> Result<Self, String> {
        let ViewOptions { color, symbols, theme, keymap_overrides } = options;
        Ok(Self {
            color,
            theme: Theme::load(theme, color)?,
            theme_name: theme.to_owned(),
            symbols: symbols.set(),
            keymap: Keymap::new(&keymap_overrides)?,
            composer: Composer::new(),
            draft_seen: 0,
            prefix: false,
            escape: None,
            offsets: HashMap::new(),
            tables: TableCache::default(),
            reader: Reader::default(),
            exact: Exact::default(),
            panes: Panes::default(),
            sight: None,
            half_page: 10,
            detail_end: 0,
            hits: Vec::new(),
        })
    }

    /// What stands in the composer.
    pub fn draft(&self) -> String {
        self.composer.text()
    }

    /// What the last frame showed, as far as the core has to know.
    pub fn shown(&self) -> Shown {
        Shown { sight: self.sight, draft: !self.composer.is_empty() }
    }

    /// Changes the theme.
    ///
    /// # Errors
    /// Words that name the themes there are.
    pub fn set_theme(&mut self, name: &str) -> Result<(), String> {
        self.theme = Theme::load(name, self.color)?;
        name.clone_into(&mut self.theme_name);
        self.reader.forget();
        Ok(())
    }

    /// Takes over what the core hands to the screen; called after each update.
    pub fn sync(&mut self, model: &Model) {
        let (number, text) = &model.chat.draft;
        if *number > self.draft_seen {
            self.draft_seen = *number;
            self.composer.set(text);
        }
        if self.escape == Some(Escape::Now) {
            self.escape = Some(Escape::At(model.now));
        }
    }

    /// The screen's half of an act; called before the core's half.
    pub fn apply(&mut self, action: &Action, model: &Model) {
        match action {
            Action::Composer(edit) => match edit {
                ComposerEdit::Newline => self.composer.newline(),
                ComposerEdit::Older => self.composer.older(&model.chat.history),
                ComposerEdit::Newer => self.composer.newer(&model.chat.history),
                ComposerEdit::Paste(text) => self.composer.paste(text),
                // The core numbers it and hands it back through the draft.
                ComposerEdit::Set(_) => {}
            },
            Action::Send(text) => {
                // What cannot be sent now stays in the composer; commands always can.
                let busy = model.chat.running.is_some() || model.chat.pending.is_some();
                let command = text.trim_start().starts_with(['/', ':', '\\']);
                if !busy || command {
                    self.composer.clear();
                    self.reader.follow();
                }
            }
            Action::Back if reads_conversation(model) && !model.typing() && model.chat.running.is_none() => {
                self.reader.follow();
            }
            Action::NewChat => self.reader.follow(),
            Action::ReadOn(by) => self.exact.scroll(*by),
            action if reads_incident(model) => self.panes.apply(action, model),
            Action::Move(motion) if reads_conversation(model) => match motion {
                Motion::HalfPage(n) => self.reader.scroll_pages(*n),
                Motion::Top => self.reader.go_to_top(),
                Motion::Bottom => self.reader.follow(),
                Motion::By(_) => {}
            },
            _ => {}
        }
    }
}

/// Motions go to the conversation.
pub(crate) fn reads_conversation(model: &Model) -> bool {
    model.screen == Screen::Chat && model.overlay.is_none() && model.chat.open_table.is_none()
}

/// Motions go to the panes of an incident.
fn reads_incident(model: &Model) -> bool {
    model.screen == Screen::Incidents && model.overlay.is_none() && model.incidents.open.is_some()
}
