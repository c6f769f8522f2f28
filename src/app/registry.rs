//! The registry of actions: one line each drives keys, footer, help, palette and `:` words.

use super::action::{Action, ComposerEdit, Scope};
use super::incidents::View;
use super::list::Motion;
use super::model::{Model, Screen};
use super::overlay::Overlay;

/// A line of the registry.
pub struct ActionSpec {
    /// Name: the `:` word, the palette entry and the key of `[keymap]` tables.
    pub name: &'static str,
    /// What it does, in a few words.
    pub title: &'static str,
    /// Keys, as they are written in the help: `j`, `ctrl-d`, `alt-1`, `g g`.
    pub keys: &'static [&'static str],
    /// Where.
    pub scope: Scope,
    /// The act; one with a text takes its argument from the `:` line.
    pub action: Action,
    /// What the argument is, where it takes one.
    pub argument: Option<&'static str>,
    /// Words in the footer, where it is worth its place.
    pub footer: Option<&'static str>,
}

const fn act(
    name: &'static str,
    keys: &'static [&'static str],
    scope: Scope,
    action: Action,
    title: &'static str,
) -> ActionSpec {
    ActionSpec { name, title, keys, scope, action, argument: None, footer: None }
}

impl ActionSpec {
    const fn foot(mut self, words: &'static str) -> Self {
        self.footer = Some(words);
        self
    }
    const fn takes(mut self, argument: &'static str) -> Self {
        self.argument = Some(argument);
        self
    }
    /// The first key as it is shown, or the `:` word for actions without one.
    pub fn key_words(&self) -> String {
        self.keys.first().map_or_else(|| format!(":{}", self.name), |k| show_key(k))
    }
}

/// A key as people read it: `ctrl-d` -> `Ctrl+D`, `space` -> `Space`.
pub fn show_key(key: &str) -> String {
    key.split(' ')
        .map(|part| {
            let (modifier, base) = match part.split_once('-') {
                Some((m @ ("ctrl" | "alt" | "shift"), b)) if !b.is_empty() => (Some(m), b),
                _ => (None, part),
            };
            let base = match base {
                "pageup" => "PgUp".to_owned(),
                "pagedown" => "PgDn".to_owned(),
                "backtab" => "Shift+Tab".to_owned(),
                base if base.chars().count() > 1 || modifier == Some("ctrl") => capital(base),
                base => base.to_owned(),
            };
            modifier.map_or(base.clone(), |m| format!("{}+{base}", capital(m)))
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

use Action as A;
use Scope as S;

/// Every action. The order is the order of help, footer and palette.
pub static ACTIONS: &[ActionSpec] = &[
    act("approve", &["A"], S::Approvals, A::Approve, "approve: then Enter, or the target's name").foot("approve"),
    act("deny", &["d"], S::Approvals, A::Deny, "deny, with a reason").foot("deny"),
    act("later", &["l"], S::Approvals, A::Later, "leave it waiting").foot("later"),
    act("why", &["w"], S::Approvals, A::Why, "everything that was found, and the advice").foot("why"),
    act("edit", &["e"], S::Approvals, A::EditStatement, "edit the statement and propose it anew").foot("edit"),
    act("dry-run", &["x"], S::Approvals, A::DryRun, "its plan, or what it would do by now").foot("dry run"),
    act("read-on", &["J"], S::Approvals, A::ReadOn(1), "scroll the statement").foot("scroll"),
    act("read-back", &["K"], S::Approvals, A::ReadOn(-1), "scroll the statement back"),
    act("full", &["f"], S::Approvals, A::Zoom, "the box over the whole screen").foot("full"),
    act("stop-act", &[], S::Approvals, A::StopAct, "cancel the selected act, which runs"),
    act("ticket", &[], S::Approvals, A::Ticket(String::new()), "ticket number; empty takes it away").takes("TEXT"),
    act("rate", &[], S::Approvals, A::Rate(String::new()), "say whether the act helped, and why")
        .takes("up|down COMMENT"),
    act("changes", &["u"], S::Changes, A::Changes, "everything ever changed, with its undo").foot("changes"),
    act("undo", &["U"], S::Changes, A::Undo(String::new()), "propose to undo the selected act")
        .takes("NUMBER")
        .foot("undo"),
    act("propose", &["p"], S::Causes, A::ProposePlan, "propose the first step of the chosen plan").foot("propose"),
    act("look-there", &["L"], S::Causes, A::LookThere, "look at the chosen cause instead").foot("look there"),
    act("incident", &[], S::Normal, A::Incident(String::new()), "open an incident by its number").takes("NUMBER"),
    act("open", &["enter"], S::Table, A::Open, "open what the cursor is on").foot("open"),
    act("back", &["esc"], S::Table, A::Back, "back").foot("back"),
    act("acknowledge", &["a"], S::Incidents, A::Acknowledge, "you take care of the incident").foot("take"),
    act("silence", &["m"], S::Incidents, A::Silence, "silence the incident, or lift its silence").foot("silence"),
    act("note", &["w"], S::Incidents, A::Note, "write something down about the incident"),
    act("resolve", &["r"], S::Incidents, A::Resolve, "the incident is over, and how it ended").foot("resolve"),
    act("reopen", &["o"], S::Incidents, A::Reopen, "the incident is not over"),
    act("diagnose", &["D"], S::Incidents, A::Diagnose(String::new()), "look for the causes, or at one cause instead")
        .takes("CAUSE")
        .foot("diagnose"),
    act("closed", &["c"], S::Incidents, A::Closed, "list those that are over too, or not").foot("closed"),
    act("patterns", &["p"], S::Incidents, A::Incidents(View::Patterns), "the patterns behind the incidents"),
    act("analytics", &["i"], S::Incidents, A::Incidents(View::Analytics), "what the numbers of the incidents say"),
    act("rules", &["u"], S::Incidents, A::Incidents(View::Rules), "your own watch rules, and what they say now"),
    act("watch-this", &["W"], S::Incidents, A::WatchThis, "keep the watch rule that the incident offers"),
    act("delete-rule", &["x"], S::Incidents, A::DeleteRule, "delete the rule under the cursor"),
    act("rule", &[], S::Normal, A::Rule(String::new()), "a watch rule of your own")
        .takes("add CONDITION|N above VALUE|delete N"),
    act("next-pane", &["tab"], S::Incidents, A::NextPane(true), "next pane or list").foot("next"),
    act("previous-pane", &["backtab"], S::Incidents, A::NextPane(false), "previous pane or list"),
    act("views", &[], S::Server, A::View(String::new()), "show a view: g and its letter").takes("VIEW").foot("views"),
    act("next-view", &["tab"], S::Server, A::NextView(true), "next view"),
    act("previous-view", &["backtab"], S::Server, A::NextView(false), "previous view"),
    act("last-view", &["-"], S::Health, A::LastView, "the view shown before"),
    act("pause", &["space"], S::Health, A::Pause, "stop or go on collecting").foot("pause"),
    act("refresh", &["z"], S::Health, A::Refresh(String::new()), "refresh interval").takes("SECONDS").foot("rate"),
    act("diagnose-server", &["D"], S::Health, A::Diagnose(String::new()), "look for what is wrong with the server now")
        .takes("CAUSE")
        .foot("diagnose"),
    act("collect", &["R"], S::Health, A::CollectNow, "collect now"),
    act("try", &["r"], S::Health, A::Reconnect, "try to connect now, whatever the breaker says"),
    act("apply", &["a"], S::Server, A::Apply(String::new()), "try the proposed setting, for this run").takes("NUMBER"),
    act("sort", &["s"], S::Table, A::Sort, "sort by the next column").foot("sort"),
    act("sort-reverse", &["S"], S::Table, A::SortReverse, "turn the order round"),
    act("zoom", &["f"], S::Health, A::Zoom, "fill the screen with the table"),
    act("columns-left", &["<", "h", "left"], S::Table, A::Columns(-1), "column left; the first stays"),
    act("columns-right", &[">", "l", "right"], S::Table, A::Columns(1), "column right; the first stays"),
    act("cancel-statement", &["C"], S::Sessions, A::CancelStatements, "propose to cancel what it runs").foot("cancel"),
    act("end-session", &["K"], S::Sessions, A::EndSessions, "propose to end the session").foot("end"),
    act("mark", &["v"], S::Sessions, A::Mark, "mark: one proposal for several sessions").foot("mark"),
    act("compose", &["i", "enter"], S::Chat, A::Compose, "type a question or a statement").foot("type"),
    act("leave", &["esc"], S::Composer, A::Back, "stop what runs; then stop typing").foot("stop"),
    act("send", &["enter"], S::Composer, A::Send(String::new()), "send").foot("send"),
    act("newline", &["alt-enter", "ctrl-j"], S::Composer, A::Composer(ComposerEdit::Newline), "new line")
        .foot("newline"),
    act("older", &["up"], S::Composer, A::Composer(ComposerEdit::Older), "the line typed before"),
    act("newer", &["down"], S::Composer, A::Composer(ComposerEdit::Newer), "the line typed after"),
    act("scroll-up", &["pageup"], S::Composer, A::Move(Motion::HalfPage(-1)), "read back without following")
        .foot("back"),
    act("scroll-down", &["pagedown"], S::Composer, A::Move(Motion::HalfPage(1)), "read on"),
    act("open-result", &["o"], S::Chat, A::Open, "open the result as a table").foot("result"),
    act("leave-chat", &["esc"], S::Chat, A::Back, "stop what runs; then to the end"),
    act("rerun", &["r"], S::Chat, A::Rerun, "run the statement again"),
    act("explain", &["x"], S::Chat, A::Explain, "the statement's plan, not run"),
    act("editor", &["e", "ctrl-o"], S::Chat, A::Editor, "edit in $VISUAL or $EDITOR"),
    act("editor-draft", &["ctrl-o"], S::Composer, A::Editor, "edit the draft in $EDITOR"),
    act("new", &["ctrl-n"], S::Everywhere, A::NewChat, "new conversation"),
    act("chats", &["c"], S::Chat, A::Conversations, "kept conversations").foot("chats"),
    act("name", &[], S::Normal, A::Rename(String::new()), "name this conversation").takes("NAME"),
    act("delete-chat", &[], S::Normal, A::DeleteChat, "delete this conversation"),
    act("server", &["t"], S::Normal, A::Server(String::new()), "whom the chat talks to").takes("TARGET"),
    act("db", &[], S::Normal, A::Database(String::new()), "another database on the server").takes("DATABASE"),
    act("timeout", &[], S::Normal, A::Timeout(String::new()), "time limit of the next statement").takes("120s"),
    act("limit", &[], S::Normal, A::RowLimit(String::new()), "row limit of results").takes("ROWS"),
    act("history", &[], S::Normal, A::DefinitionHistory(String::new()), "how a table was defined, and when it changed")
        .takes("TABLE"),
    act("filter", &["/"], S::Table, A::Filter, "filter: text, !not, -f fuzzy").foot("filter"),
    act("next-match", &["n"], S::Table, A::Match(true), "next row of the filter"),
    act("previous-match", &["N"], S::Table, A::Match(false), "previous row of the filter"),
    act("copy", &["y"], S::Normal, A::Copy, "copy statement or cell (OSC 52)").foot("copy"),
    act("copy-row", &["Y"], S::Normal, A::CopyRow, "copy the row as JSON"),
    act("export", &["E"], S::Normal, A::Export(String::new()), "export: csv, json, md, all FILE").takes("FORMAT|FILE"),
    act("down", &["j", "down"], S::Normal, A::Move(Motion::By(1)), "down"),
    act("up", &["k", "up"], S::Normal, A::Move(Motion::By(-1)), "up"),
    act("half-page-down", &["ctrl-d", "pagedown"], S::Normal, A::Move(Motion::HalfPage(1)), "half a page down"),
    act("half-page-up", &["ctrl-u", "pageup"], S::Normal, A::Move(Motion::HalfPage(-1)), "half a page up"),
    act("top", &["g g", "home"], S::Normal, A::Move(Motion::Top), "to the top"),
    act("bottom", &["G", "end"], S::Normal, A::Move(Motion::Bottom), "to the end"),
    act("chat", &["1"], S::Normal, A::Tab(Screen::Chat), "the chat"),
    act("health", &["2"], S::Normal, A::Tab(Screen::Health), "the fleet and its servers"),
    act("incidents", &["3"], S::Normal, A::Tab(Screen::Incidents), "what went wrong, and what stands open"),
    act("approvals", &["4"], S::Normal, A::Tab(Screen::Approvals), "what waits for you, and what became of it"),
    act("chat-tab", &["alt-1"], S::Everywhere, A::Tab(Screen::Chat), "the chat, while typing too"),
    act("health-tab", &["alt-2"], S::Everywhere, A::Tab(Screen::Health), "the fleet, while typing too"),
    act("incidents-tab", &["alt-3"], S::Everywhere, A::Tab(Screen::Incidents), "the incidents, while typing too"),
    act("approvals-tab", &["alt-4"], S::Everywhere, A::Tab(Screen::Approvals), "the approvals, while typing too"),
    act("command", &[":"], S::Normal, A::CommandLine, "command line").foot("command"),
    act("palette", &["ctrl-p"], S::Everywhere, A::Palette, "palette: find an action").foot("palette"),
    act("help", &["?"], S::Normal, A::Help, "this help").foot("help"),
    act("help-anywhere", &["f1"], S::Everywhere, A::Help, "this help, while typing too").foot("help"),
    act("hints", &[], S::Normal, A::Hints, "what cannot be read: what to grant"),
    act("rw", &[], S::Normal, A::Lift(String::new()), "what is approved may run there, for this run").takes("NAME"),
    act("ro", &[], S::Normal, A::PutBack, "this target is read-only again"),
    act("set", &[], S::Normal, A::ChangeSetting(String::new()), "propose to change a setting").takes("NAME VALUE"),
    act("drop-slot", &[], S::Normal, A::DropSlot(String::new()), "propose to drop a replication slot").takes("NAME"),
    act("unlink", &[], S::Normal, A::UnlinkKeys(String::new()), "propose to remove keys").takes("KEY..."),
    act("simulate", &[], S::Normal, A::Simulate(String::new()), "provoke a real error, to see the road").takes("NAME"),
    act("reconnect", &[], S::Normal, A::Reconnect, "connect anew"),
    act("theme", &[], S::Normal, A::Theme(String::new()), "colours").takes("NAME"),
    act("mouse", &["%"], S::Normal, A::Mouse, "mouse on or off"),
    act("suspend", &["ctrl-z"], S::Everywhere, A::Suspend, "suspend"),
    act("interrupt", &["ctrl-c"], S::Everywhere, A::Interrupt, "stop what runs; twice: quit"),
    act("quit", &["q"], S::Normal, A::Quit, "quit, or back to the fleet").foot("quit"),
    act("close", &["esc"], S::Overlay, A::Back, "close the box").foot("close"),
    act("accept", &["enter"], S::Overlay, A::Accept, "take the highlighted entry").foot("take"),
    act("complete", &["tab"], S::Overlay, A::Complete, "complete what is typed"),
    act("entry-down", &["down", "ctrl-j"], S::Overlay, A::Move(Motion::By(1)), "next entry"),
    act("entry-up", &["up", "ctrl-k"], S::Overlay, A::Move(Motion::By(-1)), "previous entry"),
    act("page-down", &["pagedown"], S::Overlay, A::Move(Motion::HalfPage(1)), "half a page down"),
    act("page-up", &["pageup"], S::Overlay, A::Move(Motion::HalfPage(-1)), "half a page up"),
];

/// Other words for actions on the `:` line, as vim and psql users type them.
pub static ALIASES: &[(&str, &str)] = &[
    ("q", "quit"),
    ("q!", "quit"),
    ("wq", "quit"),
    ("e", "editor"),
    ("w", "export"),
    ("h", "help"),
    ("use", "db"),
    ("chat-list", "chats"),
];

/// An action by name or alias.
pub fn by_name(name: &str) -> Option<&'static ActionSpec> {
    let name = ALIASES.iter().find(|(a, _)| *a == name).map_or(name, |(_, n)| n);
    ACTIONS.iter().find(|a| a.name == name)
}

/// Whether footer, help, palette and completion may name an action. What leads to a change of a server is left out while
/// the target on the screen is read-only; its key and its word say so.
pub fn may_be_offered(spec: &ActionSpec, model: &Model) -> bool {
    !spec.action.is_dangerous() || super::access::is_writable_here(model)
}

/// Actions that can be had now, in order. Under an overlay those of the screen below are left out.
pub fn available(model: &Model) -> impl Iterator<Item = &'static ActionSpec> + '_ {
    ACTIONS.iter().filter(|a| a.scope.active(model) && may_be_offered(a, model))
}

/// Actions worth listing for a person now: those of the screen below an open palette or help, each name once.
pub fn listed(model: &Model) -> Vec<&'static ActionSpec> {
    let here = |a: &&ActionSpec| a.scope.is_below(model) && may_be_offered(a, model);
    let mut rest: Vec<&'static ActionSpec> = ACTIONS.iter().filter(here).collect();
    rest.sort_by_key(|a| a.scope.rank());
    rest
}

/// Entries of the palette or help that match what is typed, best first.
pub fn search(model: &Model, typed: &str) -> Vec<&'static ActionSpec> {
    let typed = typed.trim().to_lowercase();
    let all = listed(model);
    if typed.is_empty() {
        return all;
    }
    let mut found: Vec<(u32, &'static ActionSpec)> = all
        .into_iter()
        .filter_map(|a| {
            let text = format!("{} {} {}", a.name, a.title, a.keys.join(" ")).to_lowercase();
            let rank = if a.name.starts_with(&typed) || a.keys.contains(&typed.as_str()) {
                0
            } else if a.name.contains(&typed) {
                1
            } else if text.contains(&typed) {
                2
            } else if super::list::matches_filter(&format!("-f {typed}"), std::iter::once(text.as_str())) {
                3
            } else {
                return None;
            };
            Some((rank, a))
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, a)| a).collect()
}

/// Whether an overlay takes typed characters as its own.
pub fn takes_text(overlay: &Overlay) -> bool {
    overlay.line().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_keys_do_not_clash() {
        let mut names = HashSet::new();
        let mut keys = HashSet::new();
        for a in ACTIONS {
            assert!(names.insert(a.name), "{} twice", a.name);
            for k in a.keys {
                assert!(keys.insert((*k, format!("{:?}", a.scope))), "{k} twice in {:?}", a.scope);
            }
        }
        for (alias, name) in ALIASES {
            assert!(by_name(alias).is_some_and(|a| a.name == *name));
        }
    }

    #[test]
    fn no_key_is_one_that_terminals_eat() {
        for a in ACTIONS {
            for k in a.keys {
                assert!(
                    !["ctrl-h", "ctrl-i", "ctrl-m", "ctrl-[", "ctrl-a", "ctrl-b", "ctrl-s", "ctrl-q"].contains(k),
                    "{k}"
                );
            }
        }
    }

    #[test]
    fn every_action_has_three_ways() {
        // Key or `:` word, palette, help: the last two list every action outside boxes.
        for a in ACTIONS.iter().filter(|a| a.scope != Scope::Overlay) {
            assert!(by_name(a.name).is_some() && !a.title.is_empty());
        }
    }

    #[test]
    fn keys_read_well() {
        assert_eq!(show_key("ctrl-d"), "Ctrl+D");
        assert_eq!(show_key("alt-1"), "Alt+1");
        assert_eq!(show_key("g g"), "g g");
        assert_eq!(show_key("space"), "Space");
        assert_eq!(show_key("-"), "-");
    }
}
