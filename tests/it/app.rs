//! The core as a state machine: events in, effects out, in microseconds and without a server.

use dba_gpt::app::action::{Action, ComposerEdit};
use dba_gpt::app::chat::{Entry, Outcome};
use dba_gpt::app::connection::next_try_words;
use dba_gpt::app::effect::Effect;
use dba_gpt::app::event::{Collected, Event, Failure, ReadError, ReadResult, RequestId};
use dba_gpt::app::list::Motion;
use dba_gpt::app::model::{Link, Model, Screen, TargetModel};
use dba_gpt::app::update::update;
use dba_gpt::domain::activity::{Sample, SessionInfo, SessionState};
use dba_gpt::domain::attempt::{Attempt, Purpose};
use dba_gpt::domain::connection::{Answer, Change, Found, Language, Probe};
use dba_gpt::domain::error_event::{ConnectError, ConnectKind, NOT_SENT, SessionError};
use dba_gpt::domain::guard::Catalog;
use dba_gpt::domain::health::State;
use dba_gpt::domain::metric;
use dba_gpt::domain::rows::{Column, Limits, Rows, Value};
use dba_gpt::domain::schema::{Schema, Table, TableColumn};
use dba_gpt::domain::target::{Access, Environment, Identity, Target, TargetId, Timestamp};
use dba_gpt::engine::ENGINES;
use std::sync::Arc;

const START: Timestamp = Timestamp(1_760_000_000_000);

fn target(name: &str) -> TargetModel {
    let spec = ENGINES[0];
    let target = Target {
        id: TargetId::new(name),
        engine: spec.id,
        environment: Environment::Production,
        address: format!("{name}:1"),
        accent: None,
        access: Access::ReadOnlyAtStart,
    };
    TargetModel::new(target, spec.dialect, &[], 2_000, START)
}

fn model(names: &[&str]) -> Model {
    Model::new(START, 0, names.iter().map(|n| target(n)).collect(), Limits::default())
}

fn at(ms: i64) -> Timestamp {
    START.plus_ms(ms)
}

fn sampled(model: &mut Model, name: &str, now: Timestamp, cycle: u64, sample: Sample) -> Vec<Effect> {
    let collected = Collected { identity: Identity { kind: "x1".into(), ..Identity::default() }, sample };
    update(model, Event::Sampled(now, TargetId::new(name), cycle, Ok(Box::new(collected))))
}

fn failed(model: &mut Model, name: &str, now: Timestamp, cycle: u64) -> Vec<Effect> {
    let failure = Failure::new(ConnectKind::Refused, "nothing listens there");
    update(model, Event::Sampled(now, TargetId::new(name), cycle, Err(failure)))
}

fn sample(readings: &[(metric::MetricId, f64)]) -> Sample {
    Sample { readings: readings.iter().copied().collect(), took_ms: 5, ..Sample::default() }
}

fn shop() -> Schema {
    let column = |name: &str| TableColumn { name: name.into(), type_name: "integer".into(), ..TableColumn::default() };
    Schema {
        database: "shop".into(),
        search_path: vec!["public".into()],
        tables: vec![Table {
            schema: "public".into(),
            name: "orders".into(),
            columns: vec![column("id")],
            ..Table::default()
        }],
        taken_at: START,
        ..Schema::default()
    }
}

fn load_schema(model: &mut Model, name: &str, schema: Schema) -> Vec<Effect> {
    update(model, Event::SchemaLoaded(TargetId::new(name), None, Ok((Arc::new(schema), Arc::new(Catalog::default())))))
}

fn send(model: &mut Model, text: &str) -> Vec<Effect> {
    model.screen = Screen::Chat;
    update(model, Event::Action(model.now, Action::Send(text.into())))
}

fn read_of(effects: &[Effect]) -> Option<(RequestId, Vec<String>)> {
    effects.iter().find_map(|e| match e {
        Effect::Read(request) => Some((request.id, request.statements.clone())),
        _ => None,
    })
}

fn one_row() -> Rows {
    Rows { columns: vec![Column::number("n")], rows: vec![vec![Value::Int(1)]], truncated: None }
}

fn collects(effects: &[Effect]) -> usize {
    effects.iter().filter(|e| matches!(e, Effect::Collect(..))).count()
}

#[test]
fn a_collection_is_never_started_while_one_is_under_way() {
    let mut m = model(&["a"]);
    assert_eq!(collects(&update(&mut m, Event::Tick(START))), 1);
    for s in 1..100 {
        assert_eq!(collects(&update(&mut m, Event::Tick(at(s * 1000)))), 0, "second {s}");
    }
    sampled(&mut m, "a", at(100_000), 0, sample(&[]));
    assert_eq!(collects(&update(&mut m, Event::Tick(at(102_000)))), 1);
}

#[test]
fn a_hung_target_does_not_hold_up_another() {
    let mut m = model(&["hung", "well"]);
    assert_eq!(collects(&update(&mut m, Event::Tick(START))), 2);
    for cycle in 0..20 {
        let now = at(i64::try_from(cycle).unwrap() * 2_000);
        sampled(&mut m, "well", now, cycle, sample(&[]));
        assert_eq!(collects(&update(&mut m, Event::Tick(now.plus_ms(2_000)))), 1, "cycle {cycle}");
    }
    assert_eq!(m.targets[0].state(m.now), State::Unknown);
}

#[test]
fn an_old_sample_is_stale_and_says_its_age_never_ok() {
    let mut m = model(&["a"]);
    update(&mut m, Event::Tick(START));
    sampled(&mut m, "a", START, 0, sample(&[(metric::CONNECTIONS, 1.0)]));
    assert_eq!(m.targets[0].state(at(9_000)), State::Ok);
    assert_eq!(m.targets[0].state(at(41_000)), State::Stale);
    assert_eq!(m.targets[0].why(at(41_000)), "41s old");
}

#[test]
fn a_failure_is_down_with_its_word_and_backs_off_but_comes_back_within_30_s() {
    let mut m = model(&["a"]);
    update(&mut m, Event::Tick(START));
    let mut now = START;
    for cycle in 0..12 {
        failed(&mut m, "a", now, cycle);
        assert_eq!(m.targets[0].state(now), State::Down);
        assert_eq!(m.targets[0].why(now), "refused");
        let due = m.targets[0].schedule.due;
        assert!(due > now && due.since(now) <= 22_000);
        now = due;
        assert_eq!(collects(&update(&mut m, Event::Tick(now))), 1);
    }
    sampled(&mut m, "a", now, 12, sample(&[]));
    assert_eq!(m.targets[0].state(now), State::Ok);
    assert_eq!(m.targets[0].connection.contact.failures(), 0);
}

#[test]
fn a_slow_collection_doubles_the_interval_and_a_quick_one_brings_it_back() {
    let mut m = model(&["a"]);
    let mut now = START;
    let mut cycle = 0;
    let mut step = |m: &mut Model, took_ms: u64| {
        update(m, Event::Tick(now));
        now = now.plus_ms(i64::try_from(took_ms).unwrap());
        sampled(m, "a", now, cycle, Sample { took_ms, ..Sample::default() });
        cycle += 1;
        now = m.targets[0].schedule.due;
        m.targets[0].schedule.stretched_ms
    };
    assert_eq!(step(&mut m, 1_500), 4_000);
    assert_eq!(step(&mut m, 1_500), 8_000);
    assert_eq!(step(&mut m, 5), 4_000);
    assert_eq!(step(&mut m, 5), 2_000);
    assert_eq!(step(&mut m, 5), 2_000);
}

#[test]
fn a_late_answer_to_an_old_collection_is_dropped() {
    let mut m = model(&["a"]);
    update(&mut m, Event::Tick(START));
    update(&mut m, Event::Action(at(10), Action::Tab(Screen::Health)));
    update(&mut m, Event::Action(at(20), Action::Reconnect));
    sampled(&mut m, "a", at(30), 0, sample(&[(metric::CONNECTIONS, 99.0)]));
    assert_eq!(m.targets[0].value(metric::CONNECTIONS), None);
}

#[test]
fn counters_become_rates_resets_and_gaps_do_not() {
    let mut m = model(&["a"]);
    let give = |m: &mut Model, ms: i64, cycle: u64, count: f64| {
        update(m, Event::Tick(at(ms)));
        sampled(m, "a", at(ms), cycle, sample(&[(metric::TRANSACTIONS, count)]));
        m.targets[0].value(metric::TRANSACTIONS)
    };
    assert_eq!(give(&mut m, 0, 0, 1_000.0), None);
    assert_eq!(give(&mut m, 2_000, 1, 1_200.0), Some(100.0));
    assert_eq!(give(&mut m, 4_000, 2, 5.0), None, "a reset is no negative rate");
    assert_eq!(give(&mut m, 6_000, 3, 25.0), Some(10.0));
    assert_eq!(give(&mut m, 3_600_000, 4, 1e9), None, "an hour without samples says nothing about now");
}

#[test]
fn a_rule_fires_on_the_second_sample_in_breach() {
    let mut m = model(&["a"]);
    let full = [(metric::CONNECTIONS, 97.0), (metric::CONNECTION_LIMIT, 100.0)];
    update(&mut m, Event::Tick(START));
    sampled(&mut m, "a", START, 0, sample(&full));
    assert_eq!(m.targets[0].state(START), State::Ok);
    update(&mut m, Event::Tick(at(2_000)));
    sampled(&mut m, "a", at(2_000), 1, sample(&full));
    assert_eq!(m.targets[0].state(at(2_000)), State::Critical);
    assert_eq!(m.targets[0].why(at(2_000)), "conns");
}

#[test]
fn a_statement_waits_for_the_schema_runs_and_lands_in_its_block() {
    let mut m = model(&["a"]);
    let effects = send(&mut m, "select * from orders");
    assert!(effects.contains(&Effect::LoadSchema(TargetId::new("a"), None)));
    let effects = load_schema(&mut m, "a", shop());
    let (id, statements) = read_of(&effects).expect("the statement runs once the schema is there");
    assert_eq!(statements, ["select * from public.orders"]);
    let result = ReadResult { rows: one_row(), took_ms: 3, notices: Vec::new() };
    update(&mut m, Event::ReadDone(at(5), id, 0, Ok(Box::new(result))));
    assert!(m.chat.running.is_none());
    let block = m.chat.block(m.chat.entries.len() - 1).unwrap();
    assert!(matches!(&block.outcome, Outcome::Done { rows, .. } if rows.rows.len() == 1));
}

#[test]
fn a_write_is_refused_with_its_reason_and_nothing_runs() {
    let mut m = model(&["a"]);
    load_schema(&mut m, "a", shop());
    for statement in ["select 1; drop table orders", "begin", "copy orders to '/tmp/x'", "select pg_read_file('x')"] {
        let effects = send(&mut m, statement);
        assert!(read_of(&effects).is_none(), "{statement}");
        assert!(!effects.iter().any(|e| matches!(e, Effect::Survey(_))), "{statement}");
        let Some(Entry::Say { text, .. }) = m.chat.entries.last() else { panic!("{statement}: no words") };
        assert!(text.starts_with("Not run"), "{text}");
    }
}

#[test]
fn esc_stops_what_runs_before_it_leaves_the_composer() {
    let mut m = model(&["a"]);
    load_schema(&mut m, "a", shop());
    m.chat.typing = true;
    let (id, _) = read_of(&send(&mut m, "select count(*) from orders")).unwrap();
    assert_eq!(update(&mut m, Event::Action(at(1), Action::Back)), [Effect::Cancel(id)]);
    assert!(m.chat.typing);
    update(&mut m, Event::ReadDone(at(2), id, 0, Err(ReadError::Session(SessionError::Canceled))));
    assert!(m.chat.running.is_none());
    update(&mut m, Event::Action(at(3), Action::Back));
    assert!(!m.chat.typing);
}

#[test]
fn an_answer_to_an_old_question_is_dropped() {
    let mut m = model(&["a"]);
    load_schema(&mut m, "a", shop());
    let (old, _) = read_of(&send(&mut m, "select 1")).unwrap();
    update(&mut m, Event::Action(at(1), Action::NewChat));
    let (new, _) = read_of(&send(&mut m, "select 2")).unwrap();
    assert_ne!(old, new);
    let result = ReadResult { rows: one_row(), took_ms: 3, notices: Vec::new() };
    update(&mut m, Event::ReadDone(at(2), old, 0, Ok(Box::new(result))));
    assert!(m.chat.running.is_some(), "the old answer does not end the new question");
}

#[test]
fn a_second_message_does_not_replace_a_running_one() {
    let mut m = model(&["a"]);
    load_schema(&mut m, "a", shop());
    let (first, _) = read_of(&send(&mut m, "select 1")).unwrap();
    assert!(read_of(&send(&mut m, "select 2")).is_none());
    assert_eq!(m.chat.running.as_ref().map(|r| r.id), Some(first));
    assert_eq!(m.chat.draft.1, "select 2", "nothing typed is lost");
}

#[test]
fn an_unknown_name_looks_at_the_schema_once_more_before_it_is_unknown() {
    let mut m = model(&["a"]);
    load_schema(&mut m, "a", shop());
    m.now = at(60_000);
    let effects = send(&mut m, "how many rows in invoices");
    assert!(effects.contains(&Effect::LoadSchema(TargetId::new("a"), None)));
    let mut fresh = shop();
    fresh.taken_at = at(60_000);
    let effects = load_schema(&mut m, "a", fresh);
    assert!(read_of(&effects).is_none());
    assert!(matches!(m.chat.entries.last(), Some(Entry::Say { .. })), "an honest cannot, not a loop");
    assert!(m.chat.pending.is_none());
}

#[test]
fn a_conversation_is_kept_in_order_and_never_twice() {
    let mut m = model(&["a"]);
    load_schema(&mut m, "a", shop());
    let effects = send(&mut m, "select 1; drop table orders");
    assert!(effects.iter().any(|e| matches!(e, Effect::CreateConversation(..))));
    let effects = update(&mut m, Event::ConversationCreated(7));
    let kept = |effects: &[Effect]| {
        effects.iter().map(|e| if let Effect::KeepEntries(7, entries) = e { entries.len() } else { 0 }).sum::<usize>()
    };
    assert_eq!(kept(&effects), 2);
    let effects = send(&mut m, "select 1; drop table orders");
    assert_eq!(kept(&effects), 2, "only what is new");
}

#[test]
fn passwords_do_not_reach_the_store() {
    let mut m = model(&["a"]);
    load_schema(&mut m, "a", shop());
    send(&mut m, "alter role bob password 'S3cr3t!'");
    let effects = update(&mut m, Event::ConversationCreated(1));
    assert!(!format!("{effects:?}").contains("S3cr3t!"));
}

#[test]
fn the_cursor_follows_its_row_when_the_order_changes() {
    let mut m = model(&["a", "b", "c"]);
    update(&mut m, Event::Tick(START));
    for name in ["a", "b", "c"] {
        sampled(&mut m, name, START, 0, sample(&[]));
    }
    update(&mut m, Event::Action(at(1), Action::Move(Motion::By(1))));
    assert_eq!(m.health.fleet.key.as_deref(), Some("b"));
    update(&mut m, Event::Tick(at(2_000)));
    failed(&mut m, "c", at(2_000), 1); // c is worst now and moves to the top
    assert_eq!((m.health.fleet.key.as_deref(), m.health.fleet.cursor), (Some("b"), 2));
}

#[test]
fn a_wall_clock_that_steps_back_does_not_stop_the_collecting() {
    let mut m = model(&["a"]);
    update(&mut m, Event::Tick(START));
    sampled(&mut m, "a", START, 0, sample(&[]));
    let back = at(-3_600_000);
    update(&mut m, Event::Tick(back));
    assert_eq!(collects(&update(&mut m, Event::Tick(back.plus_ms(2_000)))), 1);
}

#[test]
fn quitting_asks_once_while_something_runs() {
    let mut m = model(&["a"]);
    load_schema(&mut m, "a", shop());
    send(&mut m, "select 1");
    assert!(!update(&mut m, Event::Action(at(1), Action::Quit)).contains(&Effect::Quit));
    update(&mut m, Event::Action(at(2), Action::Interrupt));
    assert!(update(&mut m, Event::Action(at(3), Action::Interrupt)).contains(&Effect::Quit));
}

#[test]
fn a_blocking_tree_puts_the_root_first_and_breaks_cycles() {
    let session = |pid: i64, by: &[i64]| SessionInfo {
        pid,
        database: String::new(),
        user: String::new(),
        application: String::new(),
        client: String::new(),
        state: SessionState::Active,
        transaction_start: None,
        statement_start: None,
        state_change: None,
        wait: String::new(),
        blocked_by: by.to_vec(),
        holds: String::new(),
        statement: String::new(),
        background: false,
    };
    let tree = |sessions: &[SessionInfo]| {
        dba_gpt::domain::activity::blocking_tree(sessions)
            .into_iter()
            .map(|l| (sessions[l.session].pid, l.depth, l.waiting))
            .collect::<Vec<_>>()
    };
    let chain = [session(3, &[2]), session(1, &[]), session(2, &[1]), session(4, &[2]), session(9, &[])];
    assert_eq!(tree(&chain), [(1, 0, 3), (2, 1, 2), (3, 2, 0), (4, 2, 0)]);
    let cycle = [session(6, &[5]), session(5, &[6]), session(7, &[6])];
    assert_eq!(tree(&cycle), [(5, 0, 2), (6, 1, 1), (7, 2, 0)]);
    let gone = [session(8, &[12_345])];
    assert_eq!(tree(&gone), [(8, 0, 0)], "a holder that is not in the sample still leaves its waiter visible");
}

#[test]
fn drafts_set_from_outside_reach_the_composer() {
    let mut m = model(&["a"]);
    let before = m.chat.draft.0;
    update(&mut m, Event::Action(at(1), Action::Composer(ComposerEdit::Set("select 1".into()))));
    assert_eq!((m.chat.draft.0, m.chat.draft.1.as_str()), (before + 1, "select 1"));
}

fn refused_login(model: &mut Model, name: &str, now: Timestamp, cycle: u64) -> Vec<Effect> {
    let error = ConnectError::new(ConnectKind::Authentication, "the password was refused");
    let attempt = Attempt::new(now, Purpose::Watch, Some(&error), 3);
    let mut effects = update(model, Event::Attempted(now, TargetId::new(name), attempt));
    effects.extend(update(model, Event::Sampled(now, TargetId::new(name), cycle, Err(error.into()))));
    effects
}

/// Runs the schedule second by second, with a target that fails until it heals; gives the seconds of the attempts.
fn attempts_of_an_outage(heals: i64, until: i64) -> Vec<i64> {
    let mut m = model(&["a"]);
    let mut attempts = Vec::new();
    for tenth in 0..until * 10 {
        let now = at(tenth * 100);
        for effect in update(&mut m, Event::Tick(now)) {
            let Effect::Collect(_, cycle) = effect else { continue };
            attempts.push(tenth / 10);
            if tenth / 10 >= heals {
                sampled(&mut m, "a", now, cycle, sample(&[]));
                assert_eq!(m.targets[0].state(now), State::Ok);
                return attempts;
            }
            failed(&mut m, "a", now, cycle);
            assert_eq!(m.targets[0].state(now), State::Down);
        }
    }
    attempts
}

#[test]
fn a_target_that_is_down_is_tried_quickly_then_probed_and_is_back_by_itself() {
    let attempts = attempts_of_an_outage(600, 700);
    assert!(attempts.iter().filter(|s| **s < 17).count() >= 5, "{attempts:?}");
    assert!(attempts.len() <= 36, "no more than five quick ones and a probe every twenty seconds: {attempts:?}");
    let back = attempts.last().unwrap() - 600;
    assert!((0..=30).contains(&back), "back after {back} s");
}

#[test]
fn the_person_is_told_when_the_next_probe_is() {
    let mut m = model(&["a"]);
    let mut now = START;
    for cycle in 0..5 {
        now = m.targets[0].schedule.due;
        assert_eq!(collects(&update(&mut m, Event::Tick(now))), 1, "{cycle}");
        failed(&mut m, "a", now, cycle);
    }
    let words = next_try_words(&m.targets[0], now).unwrap();
    assert!(words.starts_with("next probe in 2") && words.ends_with(" s"), "{words}");
    // Collecting now, and a shorter interval, do not get past the breaker; a person's own attempt does.
    assert_eq!(collects(&update(&mut m, Event::Action(now, Action::CollectNow))), 0);
    update(&mut m, Event::Action(now, Action::Refresh("1s".into())));
    assert_eq!(collects(&update(&mut m, Event::Tick(now.plus_ms(5_000)))), 0);
    m.health.server = Some(TargetId::new("a"));
    let effects = update(&mut m, Event::Action(now.plus_ms(5_000), Action::Reconnect));
    assert!(effects.contains(&Effect::Reconnect(TargetId::new("a"))) && collects(&effects) == 1, "{effects:?}");
}

#[test]
fn ten_refused_logins_hold_back_the_eleventh_until_it_is_asked_for_twice() {
    let mut m = model(&["a"]);
    m.health.server = Some(TargetId::new("a"));
    update(&mut m, Event::Tick(START));
    let mut cycle = 0;
    for n in 0..10 {
        let now = at(n * 60_000);
        refused_login(&mut m, "a", now, cycle);
        let effects = update(&mut m, Event::Action(now.plus_ms(30_000), Action::Reconnect));
        if n < 9 {
            cycle = effects
                .iter()
                .find_map(|e| if let Effect::Collect(_, c) = e { Some(*c) } else { None })
                .unwrap_or_else(|| panic!("attempt {n} is made: {effects:?}"));
        } else {
            assert_eq!(effects, []);
            assert!(m.notice.as_ref().is_some_and(|n| n.text.contains("lock accounts")), "{:?}", m.notice);
        }
    }
    let now = at(9 * 60_000 + 31_000);
    // A question is not asked with that login either.
    m.chat.target = Some(TargetId::new("a"));
    assert!(read_of(&send(&mut m, "select 1")).is_none());
    assert!(matches!(m.chat.entries.last(), Some(Entry::Say { text, .. }) if text.contains("lock accounts")));
    m.screen = Screen::Health;
    let effects = update(&mut m, Event::Action(now, Action::Reconnect));
    assert_eq!(collects(&effects), 1, "asked for twice: {effects:?}");
}

#[test]
fn a_password_that_was_not_sent_again_leaves_the_servers_own_words() {
    let mut m = model(&["a"]);
    update(&mut m, Event::Tick(START));
    refused_login(&mut m, "a", START, 0);
    let due = m.targets[0].schedule.due;
    assert!(due.since(START) >= 20_000, "a refused password is no transient failure");
    update(&mut m, Event::Tick(due));
    let unsent = ConnectError::new(ConnectKind::Authentication, "not sent again").with_code(NOT_SENT);
    update(&mut m, Event::Sampled(due, TargetId::new("a"), 1, Err(unsent.into())));
    let Link::Down(kind, message) = &m.targets[0].link else { panic!("{:?}", m.targets[0].link) };
    assert_eq!((*kind, message.as_str()), (ConnectKind::Authentication, "the password was refused"));
    assert_eq!(m.targets[0].connection.record.last.len(), 1);
}

/// Opens a server whose collection has failed in a way, at an address.
fn opened_and_failed(address: &str, kind: ConnectKind) -> (Model, Vec<Effect>) {
    let mut m = model(&["a"]);
    m.targets[0].target.address = address.into();
    update(&mut m, Event::Tick(START));
    m.health.server = Some(TargetId::new("a"));
    m.health.view = "connection";
    let error = ConnectError::new(kind, "it failed");
    let effects = update(&mut m, Event::Sampled(START, TargetId::new("a"), 0, Err(error.into())));
    (m, effects)
}

fn probes_of(effects: &[Effect]) -> Option<Vec<Probe>> {
    effects.iter().find_map(|e| if let Effect::LookRound(_, probes) = e { Some(probes.clone()) } else { None })
}

#[test]
fn only_the_open_server_is_looked_round_at_and_once_for_each_kind_of_failure() {
    let (mut m, effects) = opened_and_failed("10.0.0.9:5442/d", ConnectKind::Refused);
    let probes = probes_of(&effects).expect("it is looked at");
    assert!(!probes.is_empty() && probes.len() <= 3, "{probes:?}");
    let due = m.targets[0].schedule.due;
    update(&mut m, Event::Tick(due));
    assert_eq!(probes_of(&failed(&mut m, "a", due, 1)), None, "the same failure again");
    let mut closed = model(&["a"]);
    update(&mut closed, Event::Tick(START));
    assert_eq!(probes_of(&failed(&mut closed, "a", START, 0)), None, "nobody looks at it");
    let (_, effects) = opened_and_failed("10.0.0.9:5432/d", ConnectKind::Authentication);
    assert_eq!(probes_of(&effects), None, "a refused login is not followed by others");
}

#[test]
fn one_key_tries_the_proposed_setting_and_what_worked_is_remembered() {
    let (mut m, _) = opened_and_failed("10.0.0.9:5442/d", ConnectKind::Refused);
    let id = TargetId::new("a");
    let approach = m.targets[0].dialect.approach();
    let (name, scheme, port) = (approach.name, approach.scheme, approach.ports[0].number);
    let found = vec![Found::Port(port, Answer::Speaks(Some(Language { name, scheme })))];
    update(&mut m, Event::LookedRound(id.clone(), found));
    let effects = update(&mut m, Event::Action(at(1_000), Action::Apply(String::new())));
    let [Effect::ChangeSetting(_, change, reason)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(*change, Change::Port(port));
    let both = (format!("10.0.0.9:{port}/d"), format!("x://10.0.0.9:{port}/d"));
    let event = Event::SettingChanged(m.now, id.clone(), Ok(both), change.clone(), reason.clone());
    let effects = update(&mut m, event);
    assert_eq!(collects(&effects), 1);
    let cycle = m.targets[0].schedule.cycle - 1;
    let effects = sampled(&mut m, "a", at(2_000), cycle, sample(&[]));
    let kept = effects.iter().find_map(|e| if let Effect::KeepFix(_, fix) = e { Some(fix.clone()) } else { None });
    assert_eq!(kept.map(|fix| fix.change), Some(Change::Port(port)));
    assert!(m.notice.as_ref().is_some_and(|n| n.text.contains("to keep it write: url = ")), "{:?}", m.notice);
    // It is said once.
    let effects = sampled(&mut m, "a", at(4_000), cycle, sample(&[]));
    assert!(!effects.iter().any(|e| matches!(e, Effect::KeepFix(..))));
}

#[test]
fn nothing_that_is_less_safe_can_be_applied() {
    let (mut m, _) = opened_and_failed("10.0.0.9:5432/d", ConnectKind::Tls);
    assert!(!m.targets[0].connection.diagnosis.findings.is_empty());
    let effects = update(&mut m, Event::Action(at(1_000), Action::Apply("1".into())));
    assert_eq!(effects, []);
    assert!(m.notice.as_ref().is_some_and(|n| n.text.contains("no single setting")), "{:?}", m.notice);
}
