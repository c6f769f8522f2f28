//! The approvals screen: its golden frames, and what its keys do in front of a drawn box.

use super::proposals::{self, model};
use super::scenes::Scene;
use super::stage::Stage;
use crossterm::event::{KeyCode, KeyModifiers};
use dba_gpt::app::action::Action;
use dba_gpt::app::effect::Effect;
use dba_gpt::app::event::Event;
use dba_gpt::app::model::Screen;
use dba_gpt::app::update::update;
use dba_gpt::domain::proposal::stage::Stage as Act;
use dba_gpt::domain::target::TargetId;
use dba_gpt::ui;

/// Every state of the screen.
pub const SCENES: &[Scene] = &[
    ("approvals_empty", |s| s.model = model(Vec::new())),
    ("approvals_waiting", |s| {
        s.model = model(vec![proposals::update_of_orders(57), proposals::update_on_dwh(58), proposals::done(41)]);
        ready(s);
    }),
    ("approvals_waiting_full", |s| {
        s.model = model(vec![proposals::update_on_dwh(58)]);
        s.act(Action::Open);
        ready(s);
    }),
    ("approvals_high_on_production", |s| {
        s.model = model(vec![proposals::drop_of_orders(58), proposals::update_of_orders(57)]);
        s.act(Action::Open);
        ready(s);
    }),
    ("approvals_not_read_yet", |s| {
        s.model = model(vec![proposals::long(58)]);
        s.act(Action::Open);
        ready(s);
    }),
    ("approvals_read_to_the_end", |s| {
        s.model = model(vec![proposals::long(58)]);
        s.act(Action::Open);
        ready(s);
        for _ in 0..120 {
            s.keys("J");
            s.draw();
        }
    }),
    ("approvals_enter_approves", |s| {
        s.model = model(vec![proposals::update_on_dwh(58)]);
        s.act(Action::Open);
        ready(s);
        s.keys("A");
    }),
    ("approvals_name_field", |s| {
        s.model = model(vec![proposals::update_of_orders(58)]);
        s.act(Action::Open);
        ready(s);
        s.keys("A");
        s.keys("pg-ord");
    }),
    ("approvals_reason_field", |s| {
        s.model = model(vec![proposals::update_of_orders(58)]);
        s.act(Action::Open);
        ready(s);
        s.keys("d");
        s.keys("not before the audit");
    }),
    ("approvals_running", |s| {
        s.model = model(vec![proposals::running(58)]);
        s.act(Action::Open);
    }),
    ("approvals_done", |s| s.model = model(vec![proposals::done(58), proposals::sessions(57)])),
    ("approvals_needs_a_person", |s| s.model = model(vec![proposals::needs_person(58)])),
    ("approvals_obstacle", |s| {
        s.model = model(vec![proposals::without_the_right(58)]);
        s.act(Action::Open);
        ready(s);
    }),
    ("approvals_read_only_target", |s| {
        s.model = model(vec![proposals::update_on_dwh(58)]);
        s.model.target_mut(&TargetId::new("pg-dwh")).unwrap().lifted = false;
        s.act(Action::Open);
        ready(s);
    }),
    ("approvals_sessions", |s| {
        s.model = model(vec![proposals::sessions(58)]);
        s.act(Action::Open);
        ready(s);
    }),
    ("approvals_why", |s| {
        s.model = model(vec![proposals::drop_of_orders(58)]);
        ready(s);
        s.keys("w");
    }),
    ("approvals_waiting_while_writing", |s| {
        s.model = super::fixtures::chat();
        s.keys("is there an index");
        let proposal = Box::new(proposals::update_of_orders(58));
        let now = s.model.now;
        update(&mut s.model, Event::ProposalChanged(now, proposal));
        s.model.notice = None;
    }),
    ("approvals_fleet_says_so", |s| {
        s.model = model(vec![proposals::update_of_orders(58)]);
        s.model.screen = Screen::Health;
    }),
    ("server_sessions_marked", |s| {
        s.model = super::fixtures::server("activity");
        s.model.target_mut(&TargetId::new("pg-orders-1")).unwrap().lifted = true;
        s.keys("v");
        s.keys("v");
    }),
];

/// Draws the box, and lets the time pass in which no key counts.
pub fn ready(s: &mut Stage) {
    s.draw();
    s.wait(600);
    s.draw();
}

fn decisions(effects: &[Effect]) -> usize {
    effects.iter().filter(|e| matches!(e, Effect::Approve(..) | Effect::Decide(..) | Effect::StopAct(_))).count()
}

#[test]
fn two_keys_in_front_of_a_drawn_box_approve_what_was_drawn() {
    let mut s = Stage::with(model(vec![proposals::update_on_dwh(58)]));
    ready(&mut s);
    s.keys("A");
    s.wait(300);
    s.press(KeyCode::Enter);
    let effects = s.effects();
    let [Effect::Approve(58, consent)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(consent.drawn, proposals::update_on_dwh(58).act().digest());
    assert!(consent.read_to_the_end && consent.from_terminal && consent.typed_name.is_none());
    assert!(consent.decided.uptime_ms >= consent.focused.uptime_ms + 500);
}

#[test]
fn no_box_no_decision() {
    // Pressed in one go with the key that brings the box up, and in the half second after it was drawn.
    let mut s = Stage::with(model(vec![proposals::update_on_dwh(58)]));
    s.model.screen = Screen::Health;
    s.draw();
    s.keys("4");
    s.keys("A");
    s.wait(100);
    s.press(KeyCode::Enter);
    s.keys("d");
    assert_eq!(decisions(&s.effects()), 0);
    assert!(s.model.overlay.is_none());
    s.draw();
    s.wait(499);
    s.keys("A");
    assert!(s.model.overlay.is_none(), "{:?}", s.model.notice);
    s.wait(2);
    s.keys("A");
    assert!(s.model.overlay.is_some());
}

#[test]
fn enter_on_a_fresh_box_and_a_late_enter_do_nothing() {
    let mut s = Stage::with(model(vec![proposals::update_on_dwh(58)]));
    s.draw();
    s.press(KeyCode::Enter);
    assert!(s.model.approvals.full, "Enter opens it, and that is all");
    ready(&mut s);
    s.keys("A");
    s.wait(10_500);
    s.press(KeyCode::Enter);
    assert_eq!(decisions(&s.effects()), 0);
    assert!(s.model.notice.as_ref().is_some_and(|n| n.text.contains("10 s")), "{:?}", s.model.notice);
}

#[test]
fn keys_in_one_burst_are_a_paste() {
    let mut s = Stage::with(model(vec![proposals::update_on_dwh(58)]));
    ready(&mut s);
    s.keys("A");
    s.press(KeyCode::Enter);
    assert_eq!(decisions(&s.effects()), 0);
    let mut s = Stage::with(model(vec![proposals::update_of_orders(58)]));
    ready(&mut s);
    s.keys("Apg-orders-1");
    s.press(KeyCode::Enter);
    assert_eq!(decisions(&s.effects()), 0);
}

#[test]
fn the_statement_has_to_be_read_to_its_end_row_by_row() {
    let mut s = Stage::with(model(vec![proposals::long(58)]));
    s.act(Action::Open);
    ready(&mut s);
    s.keys("A");
    assert!(s.model.overlay.is_none());
    assert!(s.text().contains("the end of the statement was not on the screen yet"));
    // Two hundred rows at once leave a gap: what lies between was never on the screen.
    s.act(Action::ReadOn(200));
    ready(&mut s);
    s.keys("A");
    assert!(s.model.overlay.is_none());
    s.act(Action::ReadOn(-200));
    s.draw();
    for _ in 0..100 {
        s.keys("J");
        s.draw();
    }
    s.wait(600);
    s.keys("A");
    assert!(s.model.overlay.is_some(), "{:?}", s.model.notice);
    // Another size neither forgets what was read nor takes the decision.
    s.draw_at(80, 24);
    assert!(s.model.overlay.is_some());
    s.wait(100);
    s.press(KeyCode::Enter);
    assert_eq!(decisions(&s.effects()), 1, "{:?}", s.model.notice);
}

#[test]
fn what_something_lay_over_was_not_seen() {
    let mut s = Stage::with(model(vec![proposals::update_on_dwh(58)]));
    s.model.overlay = Some(dba_gpt::app::overlay::Overlay::Detail { title: "t".into(), text: "x".into(), offset: 0 });
    ready(&mut s);
    let filed = s.model.approvals.get(58).unwrap().clone();
    assert!(!s.model.approvals.read_to_the_end(&filed) && s.model.approvals.focus.is_none());
    s.press(KeyCode::Esc);
    ready(&mut s);
    assert!(s.model.approvals.read_to_the_end(&filed) && s.model.approvals.focus.is_some());
    // A box that comes out from under the help has its keys anew.
    s.keys("?");
    s.wait(5_000);
    s.press(KeyCode::Esc);
    s.keys("A");
    assert!(s.model.overlay.is_none(), "pressed as the box came up");
}

#[test]
fn the_name_has_to_be_typed_and_typed_right() {
    let mut s = Stage::with(model(vec![proposals::update_of_orders(58)]));
    ready(&mut s);
    s.keys("A");
    let actions = ui::on_paste("pg-orders-1\r", &s.model, &mut s.view);
    assert_eq!(actions, [], "a paste types no name");
    s.keys("pg-orders-2");
    s.wait(200);
    s.press(KeyCode::Enter);
    assert_eq!(decisions(&s.effects()), 0);
    assert!(s.model.overlay.is_some(), "the field stays for another try");
    s.press(KeyCode::Backspace);
    s.keys("1");
    s.press(KeyCode::Enter);
    let effects = s.effects();
    let [Effect::Approve(58, consent)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(consent.typed_name.as_deref(), Some("pg-orders-1"));
}

#[test]
fn esc_and_every_other_key_are_no_approval() {
    for key in [KeyCode::Esc, KeyCode::Char('y'), KeyCode::Char(' '), KeyCode::Char('A'), KeyCode::Tab, KeyCode::Down] {
        let mut s = Stage::with(model(vec![proposals::update_on_dwh(58), proposals::update_on_dwh(57)]));
        ready(&mut s);
        s.keys("A");
        s.wait(200);
        s.press(key);
        assert_eq!(decisions(&s.effects()), 0, "{key:?}");
        assert_eq!(s.model.approvals.list.cursor, 0, "{key:?} moved the list in the middle of a decision");
    }
    // Another tab in between, and back: begun anew.
    let mut s = Stage::with(model(vec![proposals::update_on_dwh(58)]));
    ready(&mut s);
    s.keys("A");
    s.key(KeyCode::Char('2'), KeyModifiers::ALT);
    s.key(KeyCode::Char('4'), KeyModifiers::ALT);
    s.press(KeyCode::Enter);
    assert_eq!(decisions(&s.effects()), 0);
}

#[test]
fn two_hundred_keys_typed_while_approvals_arrive_decide_nothing_and_stay_in_the_draft() {
    let mut s = Stage::with(model(Vec::new()));
    s.model.screen = Screen::Chat;
    s.model.chat.typing = true;
    s.model.chat.target = Some(TargetId::new("pg-dwh"));
    let mut seed = 4_711_u32;
    let mut typed = String::new();
    for n in 0..200_u64 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let c = char::from(u8::try_from(33 + (seed >> 16) % 94).unwrap());
        s.keys(&c.to_string());
        typed.push(c);
        if n % 10 == 3 {
            let now = s.model.now;
            update(&mut s.model, Event::ProposalChanged(now, Box::new(proposals::update_on_dwh(n))));
        }
        s.wait(40);
        s.draw();
    }
    assert_eq!(s.view.draft(), typed);
    assert_eq!(decisions(&s.effects()), 0);
    assert_eq!(s.model.screen, Screen::Chat);
    s.model.notice = None;
    assert!(s.text().contains("approval waiting (20): kept out of your way while this draft is unsent"));
}

#[test]
fn what_arrives_does_not_slide_under_the_cursor() {
    let mut s = Stage::with(model(vec![proposals::update_on_dwh(58)]));
    ready(&mut s);
    s.keys("A");
    let now = s.model.now;
    update(&mut s.model, Event::ProposalChanged(now, Box::new(proposals::drop_of_orders(59))));
    s.draw();
    assert!(s.model.overlay.is_some(), "the decision is about the same box as before");
    s.wait(200);
    s.press(KeyCode::Enter);
    assert!(matches!(&s.effects()[..], [Effect::Approve(58, _)]));
}

#[test]
fn an_act_that_changed_under_the_box_needs_another_look() {
    let mut s = Stage::with(model(vec![proposals::update_on_dwh(58)]));
    ready(&mut s);
    s.keys("A");
    s.wait(200);
    let mut changed = proposals::update_on_dwh(58);
    changed.draft.statement.push_str(" OR true");
    let now = s.model.now;
    update(&mut s.model, Event::ProposalChanged(now, Box::new(changed)));
    s.press(KeyCode::Enter);
    assert_eq!(decisions(&s.effects()), 0);
    assert!(s.model.approvals.focus.is_none());
}

#[test]
fn an_act_that_runs_is_cancelled_after_a_second_key() {
    let mut s = Stage::with(model(vec![proposals::running(58)]));
    ready(&mut s);
    s.press(KeyCode::Esc);
    assert_eq!(decisions(&s.effects()), 0);
    assert!(s.text().contains("cancels #58 on the server"));
    s.wait(200);
    s.press(KeyCode::Enter);
    assert_eq!(s.effects(), [Effect::StopAct(58)]);
    s.key(KeyCode::Char('c'), KeyModifiers::CONTROL);
    s.wait(200);
    s.press(KeyCode::Enter);
    assert_eq!(s.effects(), [Effect::StopAct(58)]);
}

#[test]
fn a_target_without_a_login_for_fixes_says_so_in_the_box_at_once() {
    let mut shown = model(vec![proposals::update_on_dwh(58)]);
    let target = shown.targets.iter_mut().find(|t| t.target.id == TargetId::new("pg-dwh")).unwrap();
    target.can_fix = false;
    let mut s = Stage::with(shown);
    ready(&mut s);
    assert!(s.text().contains("Approve: not yet"), "{}", s.text());
    assert!(s.text().contains("pg-dwh has no login for fixes"), "{}", s.text());
    s.keys("A");
    assert!(s.model.overlay.is_none(), "there is nothing to approve");
}

/// Nobody was asked, yet whoever looks can stop it: it is in the list as it runs, and Esc is the key that is named.
#[test]
fn what_runs_by_policy_is_stopped_by_the_same_key() {
    let waits = proposals::update_on_dwh(58);
    let mut s = Stage::with(model(vec![waits.clone()]));
    ready(&mut s);
    let mut runs = waits;
    let by_policy = "by policy: kind end-sessions, at most session";
    for (stage, words) in [(Act::Approved, by_policy), (Act::Intended, ""), (Act::Running, "")] {
        runs.move_to(stage, s.model.now, words, None).unwrap();
        let now = s.model.now;
        update(&mut s.model, Event::ProposalChanged(now, Box::new(runs.clone())));
    }
    assert!(s.text().contains("Esc asks whether to cancel it on the server"), "{}", s.text());
    s.press(KeyCode::Esc);
    assert_eq!(decisions(&s.effects()), 0);
    s.wait(200);
    s.press(KeyCode::Enter);
    assert_eq!(s.effects(), [Effect::StopAct(58)]);
}
