//! Keys, pastes and the mouse: what they mean on each layer.

use super::fixtures;
use super::stage::{Look, Stage};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use dba_gpt::app::action::{ACTIONS, Action, ComposerEdit, Scope};
use dba_gpt::app::event::Event;
use dba_gpt::app::line::Edit;
use dba_gpt::app::list::Motion;
use dba_gpt::app::model::Screen;
use dba_gpt::app::overlay::Overlay;
use dba_gpt::app::update::update;
use dba_gpt::ui::{self, ColorDepth, Symbols, ViewOptions, ViewState};

fn typing() -> Stage {
    let mut stage = Stage::with(fixtures::chat());
    stage.model.chat.typing = true;
    stage
}

#[test]
fn single_keys_act_in_the_normal_layer_and_are_typed_in_the_typing_layer() {
    let mut stage = Stage::with(fixtures::fleet());
    assert_eq!(stage.keys("j"), [Action::Move(Motion::By(1))]);
    assert_eq!(stage.keys(" "), [Action::Pause]);
    assert_eq!(stage.keys("1"), [Action::Tab(Screen::Chat)]);
    let mut stage = typing();
    assert_eq!(stage.keys("j q12:?/"), []);
    assert_eq!(stage.view.draft(), "j q12:?/");
    assert_eq!(stage.key(KeyCode::Char('1'), KeyModifiers::ALT), [Action::Tab(Screen::Chat)]);
    assert_eq!(stage.press(KeyCode::F(1)), [Action::Help]);
}

#[test]
fn a_released_key_means_nothing() {
    let mut stage = Stage::with(fixtures::fleet());
    let released = KeyEvent { kind: KeyEventKind::Release, ..KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE) };
    assert_eq!(ui::on_key(released, &stage.model, &mut stage.view), []);
}

#[test]
fn g_begins_keys_of_two() {
    let mut stage = Stage::with(fixtures::server("activity"));
    assert_eq!(stage.keys("g"), []);
    assert!(stage.text().contains("queries"), "the footer shows what may follow");
    assert_eq!(stage.keys("b"), [Action::View("b".into())]);
    assert_eq!(stage.model.health.view, "blocking");
    assert_eq!(stage.keys("gg"), [Action::Move(Motion::Top)]);
    // Esc after `g` takes it back and does nothing else.
    stage.keys("g");
    assert_eq!(stage.press(KeyCode::Esc), []);
    assert!(stage.model.health.server.is_some());
    assert_eq!(stage.keys("j"), [Action::Move(Motion::By(1))]);
}

#[test]
fn enter_sends_and_clears_only_what_can_be_sent() {
    let mut stage = typing();
    stage.keys("select 1");
    assert_eq!(stage.press(KeyCode::Enter), [Action::Send("select 1".into())]);
    assert_eq!(stage.view.draft(), "");
    let mut stage = Stage::with(fixtures::chat_running());
    stage.keys("select 2");
    stage.press(KeyCode::Enter);
    assert_eq!(stage.view.draft(), "select 2", "one thing at a time, and the draft is kept");
    assert!(stage.model.notice.as_ref().is_some_and(|n| n.failure));
}

#[test]
fn new_lines_come_from_three_keys() {
    let mut stage = typing();
    stage.keys("a\\");
    assert_eq!(stage.press(KeyCode::Enter), []);
    stage.keys("b");
    stage.key(KeyCode::Enter, KeyModifiers::ALT);
    stage.keys("c");
    stage.key(KeyCode::Char('j'), KeyModifiers::CONTROL);
    stage.keys("d");
    assert_eq!(stage.view.draft(), "a\nb\nc\nd");
}

#[test]
fn esc_then_a_digit_is_alt_and_the_digit_for_a_moment() {
    let mut stage = Stage::with(fixtures::chat_running());
    stage.keys("draft");
    assert_eq!(stage.press(KeyCode::Esc), [Action::Back]);
    assert!(stage.model.typing(), "the first Esc stops what runs");
    assert_eq!(stage.keys("2"), [Action::Tab(Screen::Health)]);
    assert_eq!(stage.view.draft(), "draft");

    let mut stage = Stage::with(fixtures::chat_running());
    stage.press(KeyCode::Esc);
    let later = stage.model.now.plus_ms(60_000);
    update(&mut stage.model, Event::Tick(later));
    stage.view.sync(&stage.model);
    assert_eq!(stage.keys("2"), [], "a minute later it is a digit");
    assert_eq!(stage.view.draft(), "2");
}

#[test]
fn history_comes_from_the_model_and_the_draft_comes_back() {
    let mut stage = typing();
    stage.model.chat.history = vec!["select 1".into(), "select 2".into()];
    stage.keys("now");
    assert_eq!(stage.press(KeyCode::Up), [Action::Composer(ComposerEdit::Older)]);
    assert_eq!(stage.view.draft(), "select 2");
    stage.press(KeyCode::Down);
    assert_eq!(stage.view.draft(), "now");
}

#[test]
fn a_draft_from_the_core_is_taken_over_once() {
    let mut stage = typing();
    stage.act(Action::Composer(ComposerEdit::Set("from the editor".into())));
    assert_eq!(stage.view.draft(), "from the editor");
    stage.keys("!");
    stage.view.sync(&stage.model);
    assert_eq!(stage.view.draft(), "from the editor!");
}

#[test]
fn boxes_take_keys_first() {
    let mut stage = Stage::with(fixtures::fleet());
    stage.keys("/");
    assert_eq!(stage.keys("q"), [Action::Field(Edit::Insert('q'))]);
    assert_eq!(stage.key(KeyCode::Char('w'), KeyModifiers::CONTROL), [Action::Field(Edit::DeleteWord)]);
    assert_eq!(stage.press(KeyCode::Enter), [Action::Accept]);
    stage.keys("?");
    assert!(matches!(stage.model.overlay, Some(Overlay::Help { .. })));
    assert_eq!(stage.keys("?"), [Action::Help], "? closes an empty help");
    stage.keys("?");
    assert_eq!(stage.press(KeyCode::Esc), [Action::Back]);
    assert!(stage.model.overlay.is_none());
}

#[test]
fn q_goes_back_before_it_quits() {
    let mut stage = typing();
    stage.model.chat.typing = false;
    stage.model.chat.selected = Some(4);
    stage.keys("o");
    assert!(stage.model.chat.open_table.is_some());
    assert_eq!(stage.keys("q"), [Action::Quit]);
    assert!(stage.model.chat.open_table.is_none());
    assert_eq!(stage.act(Action::Quit), [dba_gpt::app::effect::Effect::Quit]);
}

#[test]
fn a_long_text_scrolls_to_its_end_and_not_past_it() {
    let mut stage = Stage::with(fixtures::fleet());
    let text: Vec<String> = (1..=100).map(|n| format!("line {n}.")).collect();
    stage.model.overlay = Some(Overlay::Detail { title: "t".into(), text: text.join("\n"), offset: 0 });
    stage.draw();
    for _ in 0..30 {
        stage.press(KeyCode::PageDown);
        stage.draw();
    }
    assert!(stage.text().contains("line 100."));
    stage.keys("k");
    assert!(!stage.text().contains("line 100."), "one key up is one line up");
    stage.keys("G");
    assert!(stage.text().contains("line 100."));
    stage.keys("gg");
    assert!(stage.text().contains("line 1."));
    assert_eq!(stage.keys("q"), [Action::Back]);
}

#[test]
fn the_conversation_stays_where_it_is_read() {
    let mut stage = Stage::with(fixtures::chat());
    stage.draw();
    stage.press(KeyCode::PageUp);
    let before = stage.text();
    assert!(before.contains("reading back"));
    stage.model.chat.say(fixtures::NOW, "something new".into());
    let after = stage.text();
    assert_eq!(before, after, "whoever reads is not pulled down");
    for _ in 0..20 {
        stage.press(KeyCode::PageDown);
        stage.draw();
    }
    let end = stage.text();
    assert!(end.contains("something new") && end.contains("following"));
    stage.model.chat.say(fixtures::NOW, "newer still".into());
    assert!(stage.text().contains("newer still"), "the end is followed again");
}

#[test]
fn pasting_never_sends_and_never_acts() {
    let mut stage = typing();
    let paste = |stage: &mut Stage, text: &str| {
        let actions = ui::on_paste(text, &stage.model, &mut stage.view);
        for action in &actions {
            stage.act(action.clone());
        }
        actions
    };
    paste(&mut stage, "drop table a;\ny\n:quit\r\n\u{1b}[2J");
    assert_eq!(stage.view.draft(), "drop table a;\ny\n:quit\n<U+001B>[2J");
    assert!(stage.model.chat.running.is_none() && stage.model.chat.pending.is_none());
    let mut stage = Stage::with(fixtures::fleet());
    assert_eq!(paste(&mut stage, "qqq"), [], "where nothing is typed, nothing happens");
    stage.keys("/");
    paste(&mut stage, "or\nders\n");
    assert_eq!(stage.model.overlay.as_ref().and_then(Overlay::line).unwrap().text(), "or ders");
}

#[test]
fn the_mouse_acts_only_while_it_is_on() {
    let mut stage = Stage::with(fixtures::fleet());
    stage.draw();
    let at = |column, row, kind| MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    let click = MouseEventKind::Down(MouseButton::Left);
    let mouse = |stage: &mut Stage, event| ui::on_mouse(event, &stage.model, &mut stage.view);
    assert_eq!(mouse(&mut stage, at(12, 0, click)), []);
    stage.model.mouse = true;
    assert_eq!(mouse(&mut stage, at(12, 0, click)), [Action::Tab(Screen::Chat)]);
    assert_eq!(mouse(&mut stage, at(8, 6, click)), [Action::Move(Motion::By(2))]);
    assert_eq!(mouse(&mut stage, at(8, 4, click)), [Action::Open]);
    assert_eq!(mouse(&mut stage, at(8, 4, MouseEventKind::ScrollDown)), [Action::Move(Motion::By(3))]);
    assert_eq!(mouse(&mut stage, at(50, 28, click)), []);
}

#[test]
fn the_cursor_is_where_typing_goes() {
    let mut stage = typing();
    stage.keys("漢字 ab");
    let frame = stage.text();
    let row = frame.lines().position(|l| l.contains("> 漢字 ab")).unwrap();
    assert_eq!(usize::from(stage.cursor().y), row);
    assert_eq!(stage.cursor().x, 4 + 7);
    stage.press(KeyCode::F(1));
    stage.keys("xy");
    stage.draw();
    assert_eq!((stage.cursor().x, stage.cursor().y), (2 + 8 + 2, 2));
}

#[test]
fn every_key_of_the_registry_does_its_act_on_its_layer() {
    for spec in ACTIONS.iter().filter(|a| matches!(a.scope, Scope::Health | Scope::Table | Scope::Normal)) {
        for key in spec.keys.iter().filter(|k| k.chars().count() == 1) {
            let mut stage = Stage::with(fixtures::server("activity"));
            stage.draw();
            let found = stage.keys(key);
            assert_eq!(found, std::slice::from_ref(&spec.action), "{key}");
        }
    }
}

#[test]
fn help_palette_and_footer_show_the_keys_of_the_person() {
    let options = ViewOptions {
        color: ColorDepth::Ansi16,
        symbols: Symbols::Unicode,
        theme: "default",
        keymap_overrides: vec![("pause".into(), "p".into()), ("quit".into(), "Q".into())],
    };
    let mut stage = Stage::new(Look::default(), 100, 30);
    stage.view = ViewState::new(options).unwrap();
    let frame = stage.text();
    assert!(frame.contains("p pause") && frame.contains("Q quit"), "{frame}");
    assert_eq!(stage.keys("p"), [Action::Pause]);
    assert_eq!(stage.keys(" "), []);
    stage.keys("?");
    assert!(stage.text().contains("2 changed by you"));
}

#[test]
fn wrong_keys_and_themes_are_errors_with_the_nearest_name() {
    let wrong = |theme: &str, key: (&str, &str)| {
        let keymap_overrides = vec![(key.0.to_owned(), key.1.to_owned())];
        let options = ViewOptions { color: ColorDepth::Ansi16, symbols: Symbols::Ascii, theme, keymap_overrides };
        ViewState::new(options).err().unwrap_or_default()
    };
    assert!(wrong("default", ("puase", "p")).contains("`pause`"));
    assert!(wrong("default", ("pause", "q")).contains("`quit`"));
    assert!(wrong("darc", ("pause", "p")).contains("dark"));
}
