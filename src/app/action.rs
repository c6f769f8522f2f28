//! What a person can do, and where; `registry` has a line for each.

use super::approvals::ApprovalsView;
use super::incidents::View;
use super::line::Edit;
use super::list::Motion;
use super::model::{Model, Screen};
pub use super::registry::{
    ACTIONS, ALIASES, ActionSpec, available, by_name, listed, may_be_offered, search, show_key, takes_text,
};

/// One act of a person.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Show a tab.
    Tab(Screen),
    /// Show the help.
    Help,
    /// Show the palette.
    Palette,
    /// Show the `:` line.
    CommandLine,
    /// Run a `:` line.
    Command(String),
    /// Filter the list.
    Filter,
    /// To the next (or, when false, the previous) row that the last filter text is in.
    Match(bool),
    /// Leave the program (from a deeper place: go back).
    Quit,
    /// Ctrl+C: stop what runs; twice: leave.
    Interrupt,
    /// Stop the process until it is continued.
    Suspend,
    /// Move in the list or text.
    Move(Motion),
    /// Scroll columns.
    Columns(i32),
    /// Open what is under the cursor.
    Open,
    /// Back, close, or stop.
    Back,
    /// The view shown before.
    LastView,
    /// The next view of the server (or, when false, the previous).
    NextView(bool),
    /// Fill the screen with the table.
    Zoom,
    /// Sort by the next column.
    Sort,
    /// Turn the order round.
    SortReverse,
    /// Copy the statement or the cell under the cursor.
    Copy,
    /// Copy the row as JSON.
    CopyRow,
    /// Export: `FORMAT` or `FILE` or `all FILE`.
    Export(String),
    /// Edit the draft or the statement in the editor.
    Editor,
    /// Take or give back the mouse.
    Mouse,
    /// Set the refresh interval, or step it when empty.
    Refresh(String),
    /// Stop or go on collecting.
    Pause,
    /// Collect now.
    CollectNow,
    /// Show a view of the server by its letter or name.
    View(String),
    /// Change the theme.
    Theme(String),
    /// Change an overlay's line.
    Field(Edit),
    /// Accept an overlay.
    Accept,
    /// Complete what is typed.
    Complete,
    /// Begin typing in the composer.
    Compose,
    /// Send a message.
    Send(String),
    /// Change the composer; the screen's half does it.
    Composer(ComposerEdit),
    /// A new conversation.
    NewChat,
    /// Choose among the kept conversations.
    Conversations,
    /// Name the conversation.
    Rename(String),
    /// Delete the conversation.
    DeleteChat,
    /// Choose the target to talk to, by name or from a list.
    Server(String),
    /// Change the database inside the server.
    Database(String),
    /// The time limit of the next statement.
    Timeout(String),
    /// The row limit of the statements of this conversation.
    RowLimit(String),
    /// The plan of the statement under the cursor.
    Explain,
    /// Run the statement under the cursor again.
    Rerun,
    /// Connect anew.
    Reconnect,
    /// Try a proposed setting of the open server, by its number or the likeliest.
    Apply(String),
    /// What the program and its targets miss.
    Hints,
    /// Let what is approved run on the target of this name.
    Lift(String),
    /// Make the target on the screen read-only again.
    PutBack,
    /// Mark the session under the cursor, or unmark it.
    Mark,
    /// Propose to cancel what the marked sessions run.
    CancelStatements,
    /// Propose to end the marked sessions.
    EndSessions,
    /// Propose to change a setting: `NAME VALUE`.
    ChangeSetting(String),
    /// Propose to drop a replication slot.
    DropSlot(String),
    /// Propose to remove keys.
    UnlinkKeys(String),
    /// Provoke an error on the target on the screen, by its name or from a list.
    Simulate(String),
    /// Somebody takes care of the selected incident.
    Acknowledge,
    /// Silence the selected incident, for how long and why is asked for; or let a silenced one be heard again.
    Silence,
    /// Write something down about the selected incident.
    Note,
    /// The selected incident is over; how it ended is asked for.
    Resolve,
    /// The selected incident is not over.
    Reopen,
    /// List the incidents that are over too, or no longer.
    Closed,
    /// Show one of the lists of the incidents tab.
    Incidents(View),
    /// The next pane of an incident, or the next list of the tab (or, when false, the previous).
    NextPane(bool),
    /// Open an incident by its number.
    Incident(String),
    /// Show how an object was defined, and when that changed.
    DefinitionHistory(String),
    /// The first of the two keys that approve.
    Approve,
    /// Deny the selected proposal; a reason is asked for.
    Deny,
    /// Leave the selected proposal waiting.
    Later,
    /// Everything that was found about the selected proposal.
    Why,
    /// Put the selected proposal's statement back into the composer.
    EditStatement,
    /// What the selected proposal would do by now, without doing it.
    DryRun,
    /// Scroll the statement by so many lines; the screen's half does it.
    ReadOn(i32),
    /// Cancel the selected act, which runs.
    StopAct,
    /// A number of somebody's change management for the selected proposal.
    Ticket(String),
    /// `up` or `down` and why: a thumb for what the selected act did.
    Rate(String),
    /// Look for the causes of the incident or the server on the screen, or whether it is this cause.
    Diagnose(String),
    /// Look whether it is the cause under the cursor.
    LookThere,
    /// Propose the first step of the plan under the cursor.
    ProposePlan,
    /// List everything that was ever changed, or the proposals again.
    Changes,
    /// Propose to undo an act, by its number or the selected one.
    Undo(String),
    /// Keep the watch rule that the incident offers.
    WatchThis,
    /// `add CONDITION`, `NUMBER above VALUE`, `delete NUMBER`: a watch rule of the person's own.
    Rule(String),
    /// Delete the rule under the cursor.
    DeleteRule,
}

impl Action {
    /// It leads to a change of a server: it is offered nowhere while the target is read-only.
    pub fn is_dangerous(&self) -> bool {
        matches!(
            self,
            Self::Mark
                | Self::CancelStatements
                | Self::EndSessions
                | Self::ChangeSetting(_)
                | Self::DropSlot(_)
                | Self::UnlinkKeys(_)
                | Self::Approve
        )
    }
}

/// A change of the composer that its keys make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComposerEdit {
    /// A new line.
    Newline,
    /// The line typed before this one.
    Older,
    /// The line typed after this one.
    Newer,
    /// Replace the draft.
    Set(String),
    /// Insert pasted text.
    Paste(String),
}

/// Where an action can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere, while typing too.
    Everywhere,
    /// Everywhere but while typing or under an overlay.
    Normal,
    /// Where there is a table to move in: the health screen, or an opened result.
    Table,
    /// On the health screen.
    Health,
    /// On one server of the health screen.
    Server,
    /// Where sessions of a server are listed.
    Sessions,
    /// On the incidents screen.
    Incidents,
    /// Where causes and plans are listed: an incident in full, or a server's diagnosis.
    Causes,
    /// On the approvals screen, at the proposals.
    Approvals,
    /// On the approvals screen, at the proposals or at what was changed.
    Changes,
    /// On the chat screen, not typing.
    Chat,
    /// While typing in the composer.
    Composer,
    /// While an overlay is open.
    Overlay,
}

impl Scope {
    /// Whether actions of this scope can be had now.
    pub fn active(self, model: &Model) -> bool {
        let clear = model.overlay.is_none();
        match self {
            Self::Everywhere => true,
            Self::Normal => clear && !model.typing(),
            Self::Chat => clear && self.is_below(model) && !model.chat.typing,
            Self::Composer => clear && model.typing() && model.screen == Screen::Chat,
            Self::Overlay => model.overlay.is_some(),
            Self::Table
            | Self::Health
            | Self::Server
            | Self::Sessions
            | Self::Incidents
            | Self::Causes
            | Self::Approvals
            | Self::Changes => clear && self.is_below(model),
        }
    }
    /// Whether actions of this scope belong to the screen, whatever lies over it.
    pub(super) fn is_below(self, model: &Model) -> bool {
        let chat = model.screen == Screen::Chat;
        match self {
            Self::Everywhere | Self::Normal => true,
            Self::Table => !chat || model.chat.open_table.is_some(),
            Self::Health => model.screen == Screen::Health,
            Self::Server => model.screen == Screen::Health && model.health.server.is_some(),
            Self::Sessions => super::sessions::are_shown(model),
            Self::Incidents => model.screen == Screen::Incidents,
            Self::Causes => super::healing::shown(model).is_some(),
            Self::Approvals => model.screen == Screen::Approvals && model.approvals.view == ApprovalsView::Queue,
            Self::Changes => model.screen == Screen::Approvals,
            Self::Chat | Self::Composer => chat && model.chat.open_table.is_none(),
            Self::Overlay => false,
        }
    }
    /// The nearer an act is to what is on the screen, the smaller: its place in the help, and which of two acts on
    /// the same key is meant.
    pub fn rank(self) -> u8 {
        match self {
            Self::Overlay => 0,
            Self::Causes => 1,
            Self::Sessions | Self::Incidents | Self::Approvals | Self::Changes | Self::Server => 2,
            Self::Health => 3,
            Self::Composer => 4,
            Self::Chat => 5,
            Self::Table => 6,
            Self::Normal | Self::Everywhere => 7,
        }
    }
    /// Heading in the help.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Everywhere | Self::Normal => "EVERYWHERE",
            Self::Table => "TABLE",
            Self::Health => "HEALTH",
            Self::Server => "ONE SERVER",
            Self::Sessions => "SESSIONS",
            Self::Incidents => "INCIDENTS",
            Self::Causes => "CAUSES AND PLANS",
            Self::Approvals => "APPROVALS",
            Self::Changes => "WHAT WAS CHANGED",
            Self::Chat => "CHAT",
            Self::Composer => "WHILE TYPING",
            Self::Overlay => "IN A BOX",
        }
    }
}
