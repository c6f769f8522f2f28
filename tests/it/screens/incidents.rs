//! The incidents tab: its golden frames, and what its keys do.

use super::fixtures::{self, NOW};
use super::scenes::Scene;
use super::stage::Stage;
use crossterm::event::KeyCode;
use dba_gpt::app::action::Action;
use dba_gpt::app::analysis::{About, Analysis, of_error, of_plan};
use dba_gpt::app::chat::{Block, Entry, Outcome};
use dba_gpt::app::effect::Effect;
use dba_gpt::app::event::Event;
use dba_gpt::app::incidents::{Remembered, View};
use dba_gpt::app::list::Motion;
use dba_gpt::app::model::{Model, Screen};
use dba_gpt::app::update::update;
use dba_gpt::domain::error::event::{ErrorEvent, Source};
use dba_gpt::domain::error::group::group;
use dba_gpt::domain::error::kind::{ErrorKind, Severity};
use dba_gpt::domain::error::naming::Understood;
use dba_gpt::domain::error::signature::signature;
use dba_gpt::domain::incident::analytics::analyse;
use dba_gpt::domain::incident::figures::{Brief, Figures, HourCount};
use dba_gpt::domain::incident::recurrence::hour_of;
use dba_gpt::domain::incident::stage::Stage as At;
use dba_gpt::domain::incident::strategy::Strategy;
use dba_gpt::domain::incident::{Act, Incident, Pattern};
use dba_gpt::domain::schema::{Schema, Table};
use dba_gpt::domain::target::TargetId;

/// An error of some minutes ago.
pub fn event(target: &str, kind: ErrorKind, title: &str, message: &str, minutes_ago: i64) -> ErrorEvent {
    ErrorEvent {
        at: NOW.plus_ms(-minutes_ago * 60_000),
        target: TargetId::new(target),
        engine: "postgres".into(),
        source: Source::Log,
        code: String::new(),
        kind,
        severity: kind.severity(),
        object: None,
        message: message.into(),
        statement: None,
        more: None,
        user: Some("app_rw".into()),
        database: Some("orders".into()),
        signature: signature(kind, message),
        group: group("", kind, message),
        title: title.into(),
        transient: false,
        count: 1,
    }
}

/// The service is full.
pub fn full() -> Incident {
    let message = "sorry, too many clients already";
    let event = ErrorEvent {
        code: "53300".into(),
        transient: true,
        more: Some("connection received from 10.2.0.17\nuser app_rw, database orders".into()),
        ..event("pg-orders-1", ErrorKind::TooManyConnections, "Connection saturation", message, 6)
    };
    let mut incident = Incident::new(412, &event, event.at.plus_ms(4_000));
    incident.strategy = Strategy::ImmediateFix;
    incident.count = 412;
    incident.last_at = NOW.plus_ms(-3_000);
    incident.followers = vec![413, 414];
    incident.act(&Act::Diagnose, NOW.plus_ms(-300_000), None).unwrap();
    incident.act(&Act::Acknowledge, NOW.plus_ms(-120_000), Some("mira")).unwrap();
    incident.act(&Act::Note("asked the owner of checkout-worker".into()), NOW.plus_ms(-60_000), Some("mira")).unwrap();
    incident
}

/// A table that is not there.
pub fn missing() -> Incident {
    let event = ErrorEvent {
        code: "42P01".into(),
        object: Some("app.order_lines".into()),
        statement: Some("SELECT id, quantity\n  FROM app.order_lines\n WHERE order_id = $1 -- 4711".into()),
        ..event(
            "pg-dwh",
            ErrorKind::TableNotFound,
            "The table does not exist",
            "relation \"app.order_lines\" does not exist",
            50,
        )
    };
    let mut incident = Incident::new(409, &event, event.at);
    incident.strategy = Strategy::Preventive;
    incident.count = 3;
    incident
}

fn silenced() -> Incident {
    let event = event("my-legacy", ErrorKind::ConnectionError, "The server does not answer", "connection refused", 900);
    let mut incident = Incident::new(400, &event, event.at);
    let until = NOW.plus_ms(7_200_000);
    incident.act(&Act::Silence { until, reason: "it is being moved".into() }, NOW, Some("mira")).unwrap();
    incident
}

fn over() -> Incident {
    let message = "deadlock detected";
    let event = event("pg-orders-1", ErrorKind::Deadlock, "Two sessions waited for each other", message, 2_000);
    let mut incident = Incident::new(377, &event, event.at);
    incident.act(&Act::Resolve("the job was moved".into()), NOW.plus_ms(-86_400_000), Some("mira")).unwrap();
    incident
}

fn following() -> Incident {
    let message = "canceling statement due to statement timeout";
    let event = event("pg-orders-1", ErrorKind::Timeout, "The statement took too long", message, 5);
    let mut incident = Incident::new(413, &event, event.at);
    incident.cause = Some(412);
    incident.cause_reason = "it began 40 s after it on the same server".into();
    incident
}

fn pattern(of: &Incident, count: u64, incidents: u64) -> Pattern {
    let message = &of.message;
    let event = ErrorEvent { code: of.code.clone(), ..event("pg-orders-1", of.kind, &of.title, message, 0) };
    let mut hours = vec![0; 168];
    for (i, hour) in hours.iter_mut().enumerate() {
        *hour = (i as u64 * 7) % 5 * count / 40;
    }
    Pattern {
        count,
        incidents,
        targets: incidents.min(2),
        private: 1,
        hours,
        first_at: NOW.plus_ms(-20 * 86_400_000),
        last_at: of.last_at,
        outcomes: vec![(Strategy::ImmediateFix, 3, 1), (Strategy::AiPowered, 0, 0)],
        ..Pattern::of(&event)
    }
}

/// What the store remembers.
pub fn remembered() -> Remembered {
    let patterns = vec![pattern(&full(), 1_204, 4), pattern(&missing(), 31, 2), pattern(&over(), 1, 1)];
    let incidents = vec![over(), missing(), full(), silenced(), following()];
    let hours = (0..30).map(|n| HourCount {
        target: TargetId::new("pg-orders-1"),
        hour: hour_of(NOW) - n,
        kind: if n % 3 == 0 { ErrorKind::TooManyConnections } else { ErrorKind::TableNotFound },
        count: if n < 2 { 206 } else { 4 + (n.unsigned_abs() * 7) % 5 },
    });
    let figures = Figures { briefs: incidents.iter().map(Brief::from).collect(), hours: hours.collect() };
    Remembered { incidents, patterns, analytics: Some(analyse(&figures, NOW)), rules: Vec::new() }
}

/// The fleet with these incidents, on a screen.
pub fn model(screen: Screen) -> Model {
    let mut model = fixtures::fleet();
    model.notice = None;
    update(&mut model, Event::IncidentsLoaded(NOW, Box::new(remembered())));
    model.screen = screen;
    model
}

fn open(s: &mut Stage) {
    s.model = model(Screen::Incidents);
    s.act(Action::Open);
}

/// Every state of the tab.
pub const SCENES: &[Scene] = &[
    ("incidents_list", |s| s.model = model(Screen::Incidents)),
    ("incidents_with_closed", |s| {
        s.model = model(Screen::Incidents);
        s.keys("c");
        s.model.notice = None;
    }),
    ("incidents_none", |s| {
        s.model.screen = Screen::Incidents;
        let nothing = Box::new(Remembered::default());
        update(&mut s.model, Event::IncidentsLoaded(NOW, nothing));
    }),
    ("incidents_filtered_by_words_of_no_column", |s| {
        s.model = model(Screen::Incidents);
        s.act(Action::Filter);
        s.keys("critical");
        s.act(Action::Accept);
    }),
    ("incidents_detail", open),
    ("incidents_detail_of_a_statement", |s| {
        s.model = model(Screen::Incidents);
        s.act(Action::Incident("INC-0409".into()));
        s.press(KeyCode::Tab);
        s.press(KeyCode::Tab);
    }),
    ("incidents_detail_scrolled", |s| {
        open(s);
        s.press(KeyCode::Tab);
        s.draw();
        s.act(Action::Move(Motion::Bottom));
    }),
    ("incidents_silence", |s| {
        open(s);
        s.keys("m");
    }),
    ("incidents_silence_without_a_reason", |s| {
        open(s);
        s.keys("m2h");
        s.press(KeyCode::Enter);
    }),
    ("incidents_patterns", |s| {
        s.model = model(Screen::Incidents);
        s.keys("p");
    }),
    ("incidents_pattern_opened", |s| {
        s.model = model(Screen::Incidents);
        s.keys("p");
        s.press(KeyCode::Enter);
    }),
    ("incidents_analytics", |s| {
        s.model = model(Screen::Incidents);
        s.keys("i");
    }),
    ("chat_error_analysed", |s| s.model = analysed(of_a_missing_table(), "SELECT * FROM order", true)),
    ("chat_plan_analysed", |s| {
        let plan = fixtures::fleet().targets[0].dialect.read_plan(PLAN).unwrap();
        s.model = analysed(of_plan(&plan), PLAN, false);
    }),
    ("incidents_beside_the_fleet", |s| s.model = model(Screen::Health)),
    ("incidents_beside_a_server", |s| {
        s.model = fixtures::server("activity");
        update(&mut s.model, Event::IncidentsLoaded(NOW, Box::new(remembered())));
    }),
];

/// A conversation in which a statement failed, and one in which a plan was pasted.
fn analysed(analysis: Analysis, asked: &str, failed: bool) -> Model {
    let mut model = fixtures::fleet();
    model.screen = Screen::Chat;
    let chat = &mut model.chat;
    chat.target = Some(TargetId::new("pg-dwh"));
    chat.typing = true;
    chat.entries = vec![Entry::You { at: NOW, text: asked.into() }];
    if failed {
        chat.entries.push(Entry::Block(Block {
            at: NOW,
            title: String::new(),
            statement: asked.into(),
            target: "pg-dwh".into(),
            database: None,
            outcome: Outcome::Failed("relation \"order\" does not exist (42P01)\nat character 15".into()),
        }));
    }
    chat.entries.push(Entry::Analysis { at: NOW, analysis });
    model
}

/// What is said of a missing table: the words of the kind alone, which do not change with every catalogue.
fn of_a_missing_table() -> Analysis {
    let missing = missing();
    let error = Understood {
        code: missing.code.clone(),
        kind: missing.kind,
        severity: missing.severity,
        object: Some("order".into()),
        message: missing.message.clone(),
        signature: missing.signature.clone(),
        group: missing.group.clone(),
        title: missing.title.clone(),
        transient: false,
    };
    let table = |name: &str| Table { name: name.into(), ..Table::default() };
    let schema = Schema { tables: vec![table("orders"), table("order_lines"), table("users")], ..Schema::default() };
    of_error(&About {
        error: &error,
        catalogue: None,
        statement: Some("SELECT * FROM order"),
        schema: Some(&schema),
        pattern: Some(&pattern(&missing, 31, 2)),
        count: 1,
        now: NOW,
    })
}

const PLAN: &str = "Hash Join  (cost=30.5..1497.1 rows=100 width=12) (actual time=0.5..290.1 rows=98000 loops=1)
  ->  Seq Scan on orders  (cost=0.0..1228.0 rows=50 width=12) (actual time=0.01..240.2 rows=1000 loops=1)
        Filter: (status <> 'x'::text)
        Rows Removed by Filter: 99000
  ->  Hash  (cost=18.0..18.0 rows=1000 width=4) (actual time=0.4..0.4 rows=1000 loops=1)
        Buckets: 1024  Batches: 8  Memory Usage: 44kB
Execution Time: 310.4 ms";

/// What the core wants done to incidents.
fn acts(effects: &[Effect]) -> Vec<(u64, Vec<Act>)> {
    effects
        .iter()
        .filter_map(|e| if let Effect::ActOnIncident(id, a) = e { Some((*id, a.clone())) } else { None })
        .collect()
}

fn ids(s: &Stage) -> Vec<u64> {
    s.model.incidents.listed().map(|i| i.id).collect()
}

#[test]
fn the_worst_come_first_and_the_silenced_last() {
    let mut s = Stage::with(model(Screen::Incidents));
    assert_eq!(ids(&s), [412, 409, 413, 400], "what follows from another one comes after its equals");
    s.keys("c");
    assert_eq!(ids(&s), [412, 409, 413, 400, 377]);
}

#[test]
fn keys_act_on_the_incident_under_the_cursor() {
    let mut s = Stage::with(model(Screen::Incidents));
    s.keys("j");
    s.keys("a");
    assert_eq!(acts(&s.effects()), [(409, vec![Act::Acknowledge])]);
    s.keys("m");
    s.keys("2h the disk is swapped");
    s.press(KeyCode::Enter);
    let until = s.model.now.plus_ms(7_200_000);
    assert_eq!(acts(&s.effects()), [(409, vec![Act::Silence { until, reason: "the disk is swapped".into() }])]);
    s.keys("r");
    s.keys("password = hunter2");
    s.press(KeyCode::Enter);
    assert_eq!(acts(&s.effects()), [(409, vec![Act::Resolve("password = ***".into())])]);
    s.keys("o");
    assert!(s.model.overlay.is_none(), "what is open needs no opening");
    s.keys("w");
    s.press(KeyCode::Enter);
    assert!(s.model.overlay.is_some(), "an empty note is none");
    s.press(KeyCode::Esc);
    assert_eq!(acts(&s.effects()), []);
}

#[test]
fn a_silence_is_lifted_by_the_same_key_and_what_is_over_can_be_opened_again() {
    let mut s = Stage::with(model(Screen::Incidents));
    s.keys("c");
    s.keys("jjj");
    s.keys("m");
    assert_eq!(acts(&s.effects()), [(400, vec![Act::Unsilence])]);
    s.keys("j");
    s.keys("a");
    assert_eq!(acts(&s.effects()), []);
    assert!(s.text().contains("INC-0377 is over"));
    s.keys("o");
    s.keys("it came back");
    s.press(KeyCode::Enter);
    assert_eq!(acts(&s.effects()), [(377, vec![Act::ComeAgain, Act::Note("it came back".into())])]);
}

#[test]
fn the_cursor_stays_on_its_incident_when_others_arrive() {
    let mut s = Stage::with(model(Screen::Incidents));
    s.keys("j");
    assert_eq!(ids(&s)[s.model.incidents.list.cursor], 409);
    let worse = event("pg-orders-2", ErrorKind::DiskFull, "The disk is full", "could not extend file", 0);
    let mut known = remembered();
    known.incidents.push(Incident::new(420, &worse, worse.at));
    let now = s.model.now;
    update(&mut s.model, Event::IncidentsLoaded(now, Box::new(known)));
    assert_eq!(ids(&s)[0], 420);
    assert_eq!(ids(&s)[s.model.incidents.list.cursor], 409);
}

#[test]
fn whoever_comes_from_a_server_sees_its_worst_incident_and_goes_back_there() {
    let mut s = Stage::with(model(Screen::Health));
    let place = s.model.targets.iter().position(|t| t.target.id.as_str() == "pg-dwh").unwrap();
    assert!(place > 0);
    s.model.health.server = Some(TargetId::new("pg-dwh"));
    s.keys("3");
    assert_eq!(s.model.screen, Screen::Incidents);
    s.press(KeyCode::Enter);
    assert_eq!(s.model.incidents.open, Some(409));
    s.press(KeyCode::Esc);
    s.press(KeyCode::Esc);
    assert_eq!(s.model.screen, Screen::Health);
    assert!(s.effects().contains(&Effect::LoadIncidents));
}

#[test]
fn an_incident_is_opened_by_its_number_from_anywhere() {
    let mut s = Stage::with(model(Screen::Chat));
    for number in ["413", "INC-0413", "inc-413"] {
        s.act(Action::Command(format!("incident {number}")));
        assert_eq!((s.model.screen, s.model.incidents.open), (Screen::Incidents, Some(413)), "{number}");
        s.model.incidents.open = None;
    }
    s.act(Action::Command("incident 9999".into()));
    assert!(s.text().contains("no incident `9999`"));
}

#[test]
fn an_incident_that_the_store_forgot_is_closed() {
    let mut s = Stage::with(model(Screen::Incidents));
    s.press(KeyCode::Enter);
    assert_eq!(s.model.incidents.open, Some(412));
    let now = s.model.now;
    update(&mut s.model, Event::IncidentsLoaded(now, Box::default()));
    assert_eq!(s.model.incidents.open, None);
    s.draw();
}

#[test]
fn panes_scroll_each_for_itself_and_never_past_their_end() {
    let mut s = Stage::with(model(Screen::Incidents));
    s.press(KeyCode::Enter);
    s.draw_at(80, 24);
    s.press(KeyCode::Tab);
    for _ in 0..500 {
        s.keys("j");
    }
    let end = super::stage::text(&s.draw_at(80, 24));
    assert!(end.contains("TOO_MANY_CONNECTIONS:"), "the last line of the evidence is seen: {end}");
    s.keys("k");
    assert_ne!(super::stage::text(&s.draw_at(80, 24)), end, "one line back is seen at once");
}

#[test]
fn the_tab_says_how_many_and_whether_one_is_critical() {
    let mut s = Stage::with(model(Screen::Health));
    assert!(s.text().lines().next().unwrap().contains(" 3 Incidents 3! "), "{}", s.text());
    let mut calm = remembered();
    calm.incidents.retain(|i| i.severity < Severity::Critical);
    let now = s.model.now;
    update(&mut s.model, Event::IncidentsLoaded(now, Box::new(calm)));
    assert!(s.text().lines().next().unwrap().contains(" 3 Incidents 2 "), "{}", s.text());
    let narrow = super::stage::text(&s.draw_at(40, 10));
    assert!(narrow.lines().next().unwrap().contains(" 3:2 "), "{narrow}");
}

#[test]
fn statements_and_texts_are_copied_and_rows_are_json() {
    let mut s = Stage::with(model(Screen::Incidents));
    s.keys("j");
    s.keys("y");
    assert!(matches!(&s.effects()[..], [Effect::Copy(text)] if text.starts_with("SELECT id, quantity\n")));
    s.keys("Y");
    let effects = s.effects();
    let [Effect::Copy(json)] = &effects[..] else { panic!("{effects:?}") };
    let back: Incident = serde_json::from_str(json).unwrap();
    assert_eq!((back.id, back.stage), (409, At::Open));
}

#[test]
fn the_shift_is_handed_over_as_markdown_and_the_list_as_rows() {
    let mut s = Stage::with(model(Screen::Incidents));
    s.keys("E");
    let effects = s.effects();
    let [Effect::WriteHandover(path)] = &effects[..] else { panic!("{effects:?}") };
    assert!(path.extension().is_some_and(|e| e == "md"), "{}", path.display());
    s.act(Action::Command("export csv".into()));
    let effects = s.effects();
    let [Effect::ExportRows(rows, ..)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((rows.rows.len(), rows.columns[1].name.as_str()), (4, "#"));
}

#[test]
fn an_act_that_was_done_is_told_and_shown() {
    let mut s = Stage::with(model(Screen::Incidents));
    let mut incident = missing();
    incident.act(&Act::Acknowledge, NOW, Some("tom")).unwrap();
    let now = s.model.now;
    update(&mut s.model, Event::IncidentChanged(now, Box::new(incident)));
    let text = s.text();
    assert!(text.contains("INC-0409: acknowledged"), "{text}");
    assert_eq!(s.model.incidents.get(409).unwrap().acknowledged_by.as_deref(), Some("tom"));
}

#[test]
fn the_lists_are_gone_through_by_tab() {
    let mut s = Stage::with(model(Screen::Incidents));
    for view in View::ALL.iter().skip(1).chain(View::ALL.iter().take(1)) {
        s.press(KeyCode::Tab);
        assert_eq!(s.model.incidents.view, *view);
    }
    s.press(KeyCode::BackTab);
    assert_eq!(s.model.incidents.view, *View::ALL.last().unwrap());
    s.press(KeyCode::Esc);
    assert_eq!((s.model.incidents.view, s.model.screen), (View::List, Screen::Incidents));
}
