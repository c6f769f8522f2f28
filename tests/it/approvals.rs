//! From a typed wish to a proposal, and what may be done with it: the core alone, without a screen.

use crate::screens::proposals;
use dba_gpt::app::action::Action;
use dba_gpt::app::approvals::{Shown, Sight};
use dba_gpt::app::chat::Entry;
use dba_gpt::app::effect::{Effect, SurveyRequest};
use dba_gpt::app::event::{Event, ReadError, Surveyed};
use dba_gpt::app::list::Motion;
use dba_gpt::app::model::{Model, SchemaState, Screen};
use dba_gpt::app::update::update;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::ticket::Moment;
use dba_gpt::domain::guard::{Catalog, Class};
use dba_gpt::domain::proposal::Draft;
use dba_gpt::domain::proposal::kind::FixKind;
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::schema::Schema;
use dba_gpt::domain::target::{Access, TargetId};
use std::sync::Arc;

/// The fleet, with the chat on a development server whose objects are known.
fn chatting() -> Model {
    let mut m = proposals::model(Vec::new());
    m.screen = Screen::Chat;
    m.chat.target = Some(TargetId::new("pg-dwh"));
    let now = m.now;
    let t = m.target_mut(&TargetId::new("pg-dwh")).unwrap();
    let schema = Schema { taken_at: now, ..Schema::default() };
    t.schemas.insert(None, SchemaState::Loaded(Arc::new(schema), Arc::new(Catalog::default())));
    m
}

fn act(m: &mut Model, action: Action) -> Vec<Effect> {
    let now = m.now;
    update(m, Event::Action(now, action))
}

fn send(m: &mut Model, text: &str) -> Vec<Effect> {
    act(m, Action::Send(text.into()))
}

fn survey_of(effects: &[Effect]) -> Option<SurveyRequest> {
    effects.iter().find_map(|e| if let Effect::Survey(request) = e { Some(request.clone()) } else { None })
}

fn surveyed(m: &mut Model, request: &SurveyRequest) -> Vec<Effect> {
    let found = Surveyed {
        draft: request.draft.clone(),
        survey: proposals::survey(),
        advice: Vec::new(),
        login: "dba_fix".into(),
        approvers: 1,
    };
    let now = m.now;
    update(m, Event::Surveyed(now, request.id, Ok(Box::new(found))))
}

/// Gives what was to be filed a number, as the store does.
fn filed(m: &mut Model, effects: &[Effect], id: u64) -> Vec<Effect> {
    let proposal = effects.iter().find_map(|e| if let Effect::FileProposal(p) = e { Some(p.clone()) } else { None });
    let mut proposal = proposal.expect("something is filed");
    proposal.id = id;
    let now = m.now;
    update(m, Event::ProposalChanged(now, proposal))
}

fn said(m: &Model) -> String {
    match m.chat.entries.last() {
        Some(Entry::Say { text, .. }) => text.clone(),
        other => panic!("nothing was said: {other:?}"),
    }
}

fn told(m: &Model) -> String {
    m.notice.as_ref().map(|n| n.text.clone()).unwrap_or_default()
}

#[test]
fn a_typed_change_is_looked_at_filed_and_announced() {
    let mut m = chatting();
    let request = survey_of(&send(&mut m, "delete from orders where id = 1")).expect("it is looked at");
    assert_eq!((request.target.as_str(), request.draft.class), ("pg-dwh", Class::Dml));
    assert_eq!(request.draft.statement, "delete from orders where id = 1");
    let effects = surveyed(&mut m, &request);
    filed(&mut m, &effects, 58);
    let words = said(&m);
    assert!(words.starts_with("#58 waits for your approval (4 opens it)"), "{words}");
    assert!(words.contains("delete from orders") && words.contains("1 row, counted"), "{words}");
    assert_eq!(m.approvals.open(), 1);
    assert_eq!(m.screen, Screen::Chat, "the focus is not moved");
}

#[test]
fn an_answer_to_no_question_files_nothing() {
    let mut m = chatting();
    let request = survey_of(&send(&mut m, "delete from orders where id = 1")).unwrap();
    assert!(!surveyed(&mut m, &request).is_empty());
    assert_eq!(surveyed(&mut m, &request), [], "the same answer twice");
}

#[test]
fn a_survey_that_fails_says_why_and_files_nothing() {
    let mut m = chatting();
    let request = survey_of(&send(&mut m, "delete from nowhere where id = 1")).unwrap();
    let error = ReadError::Session(SessionError::Unsupported("there is no table nowhere".into()));
    let now = m.now;
    let effects = update(&mut m, Event::Surveyed(now, request.id, Err(error)));
    assert!(!effects.iter().any(|e| matches!(e, Effect::FileProposal(_))));
    assert!(said(&m).contains("nothing was filed") && said(&m).contains("no table nowhere"), "{}", said(&m));
}

#[test]
fn secrets_and_read_only_targets_are_refused_in_words() {
    let mut m = chatting();
    let effects = send(&mut m, "update users set password = 'S3cr3t!' where id = 1");
    assert!(survey_of(&effects).is_none());
    assert!(said(&m).contains("own client") && !said(&m).contains("S3cr3t"), "{}", said(&m));
    m.target_mut(&TargetId::new("pg-dwh")).unwrap().target.access = Access::ReadOnly;
    let effects = send(&mut m, "delete from orders where id = 1");
    assert!(survey_of(&effects).is_none());
    assert!(said(&m).contains("read_only = true"), "{}", said(&m));
}

#[test]
fn what_is_refused_as_text_points_to_the_typed_act() {
    let mut m = chatting();
    let effects = send(&mut m, "select pg_terminate_backend(pid) from pg_stat_activity");
    assert!(survey_of(&effects).is_none());
    assert!(said(&m).contains("C or K on a row of the activity"), "{}", said(&m));
}

#[test]
fn an_edited_statement_takes_the_place_of_the_old_one_once_it_is_filed() {
    let mut m = proposals::model(vec![proposals::update_on_dwh(58)]);
    let old = m.approvals.get(58).unwrap().digest;
    m.approvals.draft_unsent = true;
    act(&mut m, Action::EditStatement);
    assert_eq!(m.screen, Screen::Approvals, "a draft that is not sent is not lost: {}", told(&m));
    m.approvals.draft_unsent = false;
    act(&mut m, Action::EditStatement);
    assert_eq!((m.screen, m.chat.draft.1.lines().next()), (Screen::Chat, Some("UPDATE app.orders")));
    let now = m.now;
    let schema = Schema { taken_at: now, ..Schema::default() };
    let t = m.target_mut(&TargetId::new("pg-dwh")).unwrap();
    t.schemas.insert(None, SchemaState::Loaded(Arc::new(schema), Arc::new(Catalog::default())));
    let request = survey_of(&send(&mut m, "update app.orders set status = 'open' where id = 4711")).unwrap();
    let effects = surveyed(&mut m, &request);
    assert!(!effects.iter().any(|e| matches!(e, Effect::Decide(..))), "the old one stays until the new one is filed");
    let effects = filed(&mut m, &effects, 59);
    assert!(effects.iter().any(|e| matches!(e, Effect::Decide(58, Stage::Withdrawn, _))), "{effects:?}");
    assert_ne!(m.approvals.get(59).unwrap().digest, old);
}

/// A frame showed all of the selected act, and then time passed.
fn seen(m: &mut Model) {
    let f = dba_gpt::app::approvals::selected(m).unwrap();
    let sight = Sight { id: f.proposal.id, digest: f.digest, from: 0, to: f.proposal.draft.statement.len() };
    let at = |uptime_ms| Moment { wall: proposals::model(Vec::new()).now, uptime_ms };
    update(m, Event::Drawn(at(10_000), Shown { sight: Some(sight), draft: false }));
    update(m, Event::Clock(at(11_000)));
}

fn confirm(m: &mut Model) -> Vec<Effect> {
    let wall = m.now;
    let uptime_ms = m.clock.uptime_ms + 200;
    update(m, Event::Clock(Moment { wall, uptime_ms }));
    act(m, Action::Accept)
}

#[test]
fn a_consent_for_another_act_is_never_given() {
    // What a frame showed is not the act that is selected: the box does not get the keys.
    let mut m = proposals::model(vec![proposals::update_on_dwh(58), proposals::update_on_dwh(57)]);
    let other = m.approvals.get(57).unwrap().clone();
    let sight = Sight { id: 57, digest: other.digest, from: 0, to: other.proposal.draft.statement.len() };
    let at = Moment { wall: m.now, uptime_ms: 10_000 };
    update(&mut m, Event::Drawn(at, Shown { sight: Some(sight), draft: false }));
    assert_eq!(m.approvals.focus, None);
    seen(&mut m);
    act(&mut m, Action::Approve);
    act(&mut m, Action::Move(Motion::By(1)));
    assert_eq!(m.approvals.list.cursor, 0, "the list stands still in the middle of a decision");
    act(&mut m, Action::Tab(Screen::Health));
    act(&mut m, Action::Tab(Screen::Approvals));
    assert_eq!(confirm(&mut m), [], "the box was left in between");
}

#[test]
fn one_decision_is_handed_over_once_and_a_refusal_opens_it_again() {
    let mut m = proposals::model(vec![proposals::update_on_dwh(58)]);
    seen(&mut m);
    act(&mut m, Action::Approve);
    assert!(matches!(confirm(&mut m)[..], [Effect::Approve(58, _)]));
    act(&mut m, Action::Approve);
    assert!(m.overlay.is_none() && told(&m).contains("being checked"), "{}", told(&m));
    let now = m.now;
    update(&mut m, Event::ProposalRefused(now, 58, "not sent: there was a failover since it was approved".into()));
    assert!(m.approvals.refused[&58].contains("failover") && told(&m).contains("failover"));
    assert!(m.approvals.get(58).unwrap().proposal.stage.is_open());
    act(&mut m, Action::Approve);
    assert!(m.overlay.is_some());
}

#[test]
fn without_the_right_or_on_a_read_only_target_nothing_is_approved() {
    let mut m = proposals::model(vec![proposals::without_the_right(58)]);
    seen(&mut m);
    act(&mut m, Action::Approve);
    assert!(m.overlay.is_none() && told(&m).contains("GRANT UPDATE ON TABLE app.orders TO dba_fix"), "{}", told(&m));
    let mut m = proposals::model(vec![proposals::update_on_dwh(58)]);
    m.target_mut(&TargetId::new("pg-dwh")).unwrap().lifted = false;
    seen(&mut m);
    act(&mut m, Action::Approve);
    assert!(m.overlay.is_none() && told(&m).contains("`:rw pg-dwh`"), "{}", told(&m));
    act(&mut m, Action::Lift("pg-dw".into()));
    assert!(told(&m).contains("exact name"));
    act(&mut m, Action::Lift("pg-dwh".into()));
    act(&mut m, Action::Approve);
    assert!(m.overlay.is_some());
    act(&mut m, Action::Back);
    act(&mut m, Action::PutBack);
    assert!(!m.target(&TargetId::new("pg-dwh")).unwrap().writable());
}

#[test]
fn what_the_configuration_forbids_no_key_lifts() {
    let mut m = proposals::model(Vec::new());
    let id = TargetId::new("pg-dwh");
    m.target_mut(&id).unwrap().target.access = Access::ReadOnly;
    m.target_mut(&id).unwrap().lifted = false;
    act(&mut m, Action::Lift("pg-dwh".into()));
    assert!(!m.target(&id).unwrap().writable() && told(&m).contains("config show"), "{}", told(&m));
}

#[test]
fn a_denial_carries_its_reason() {
    let mut m = proposals::model(vec![proposals::update_on_dwh(58)]);
    seen(&mut m);
    act(&mut m, Action::Deny);
    for c in "too late".chars() {
        act(&mut m, Action::Field(dba_gpt::app::line::Edit::Insert(c)));
    }
    assert_eq!(confirm(&mut m), [Effect::Decide(58, Stage::Denied, "too late".into())]);
}

#[test]
fn keys_on_sessions_propose_one_act_for_all_that_are_marked() {
    let id = TargetId::new("pg-orders-1");
    let mut m = crate::screens::fixtures::server("activity");
    act(&mut m, Action::EndSessions);
    assert!(told(&m).contains("read-only"), "{}", told(&m));
    m.target_mut(&id).unwrap().lifted = true;
    act(&mut m, Action::Mark);
    act(&mut m, Action::Mark);
    let marked = m.health.marked.clone();
    assert_eq!(marked.len(), 2);
    let request = survey_of(&act(&mut m, Action::EndSessions)).unwrap();
    let Draft { kind: Some(FixKind::EndSessions(sessions)), class: Class::Kill, .. } = &request.draft else {
        panic!("{request:?}")
    };
    assert_eq!(sessions.iter().map(|s| s.id).collect::<std::collections::BTreeSet<_>>(), marked);
    assert!(sessions.iter().all(|s| !s.about.is_empty()));
    assert!(m.health.marked.is_empty());
    let request = survey_of(&act(&mut m, Action::CancelStatements)).unwrap();
    assert!(matches!(&request.draft.kind, Some(FixKind::CancelStatements(one)) if one.len() == 1));
}

#[test]
fn words_propose_settings_slots_and_keys_on_the_target_at_hand() {
    let mut m = chatting();
    let mut kind = |line: &str| survey_of(&send(&mut m, line)).and_then(|r| r.draft.kind);
    let setting = |name: &str, value: &str| FixKind::ChangeSetting { name: name.into(), value: value.into() };
    assert_eq!(kind(":set work_mem 64MB"), Some(setting("work_mem", "64MB")));
    assert_eq!(kind(":set search_path = a, b"), Some(setting("search_path", "a, b")));
    assert_eq!(kind(":drop-slot standby_2"), Some(FixKind::DropReplicationSlot("standby_2".into())));
    assert_eq!(kind(":unlink a \"b c\""), Some(FixKind::UnlinkKeys(vec!["a".into(), "b c".into()])));
    assert_eq!(kind(":set work_mem"), None);
    m.target_mut(&TargetId::new("pg-dwh")).unwrap().lifted = false;
    assert!(survey_of(&send(&mut m, ":set work_mem 64MB")).is_none());
    assert!(told(&m).contains(":rw pg-dwh"), "{}", told(&m));
}

#[test]
fn a_ticket_is_for_the_selected_proposal() {
    let mut m = proposals::model(vec![proposals::update_on_dwh(58)]);
    let give = |m: &mut Model, text: &str| act(m, Action::Command(format!("ticket {text}")));
    assert_eq!(give(&mut m, "CHG-12"), [Effect::SetTicket(58, Some("CHG-12".into()))]);
    assert_eq!(give(&mut m, ""), [Effect::SetTicket(58, None)]);
}

#[test]
fn a_dry_run_reads_and_never_writes() {
    let mut m = proposals::model(vec![proposals::update_on_dwh(58)]);
    let effects = act(&mut m, Action::DryRun);
    match &effects[..] {
        [Effect::Read(request)] => assert!(request.statements[0].to_uppercase().starts_with("EXPLAIN")),
        [Effect::Survey(request)] => {
            surveyed(&mut m, request);
            assert!(
                matches!(&m.overlay, Some(dba_gpt::app::overlay::Overlay::Detail { text, .. }) if text.contains("rows"))
            );
            assert!(!m.approvals.is_looking());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_tab_opens_on_what_waits_and_not_on_what_was_decided() {
    let mut done = proposals::update_on_dwh(58);
    done.stage = Stage::Done;
    let mut m = proposals::model(vec![done, proposals::update_on_dwh(57)]);
    let number = |m: &Model| dba_gpt::app::approvals::selected(m).map(|f| f.proposal.id);
    // The person looked at the decided one, then went elsewhere; meanwhile another one arrived.
    act(&mut m, Action::Tab(Screen::Approvals));
    act(&mut m, Action::Move(Motion::By(1)));
    assert_eq!(number(&m), Some(58));
    act(&mut m, Action::Tab(Screen::Health));
    let now = m.now;
    update(&mut m, Event::ProposalChanged(now, Box::new(proposals::update_on_dwh(59))));
    act(&mut m, Action::Tab(Screen::Approvals));
    assert_eq!(number(&m), Some(59));
    // On the tab itself nothing moves the cursor but the person.
    act(&mut m, Action::Move(Motion::By(2)));
    assert_eq!(number(&m), Some(58));
    act(&mut m, Action::Tab(Screen::Approvals));
    assert_eq!(number(&m), Some(58));
}

#[test]
fn the_list_puts_what_waits_first_and_the_newest_above() {
    let list = vec![
        proposals::done(70),
        proposals::update_on_dwh(58),
        proposals::running(60),
        proposals::update_of_orders(59),
    ];
    let m = proposals::model(list);
    let ids: Vec<u64> = m.approvals.filed.iter().map(|f| f.proposal.id).collect();
    assert_eq!(ids, [59, 58, 60, 70]);
}
