//! Watch rules on the screen and through the state machine: the offer of an incident, one key to take it, the list, the
//! threshold typed anew, and what fires.

use super::fixtures::{self, NOW};
use super::incidents::{full, remembered};
use super::scenes::Scene;
use super::stage::Stage;
use crossterm::event::KeyCode;
use dba_gpt::app::action::Action;
use dba_gpt::app::effect::Effect;
use dba_gpt::app::event::{Collected, Event};
use dba_gpt::app::incidents::{Remembered, View};
use dba_gpt::app::model::{Model, Screen};
use dba_gpt::app::overlay::Overlay;
use dba_gpt::app::update::update;
use dba_gpt::domain::activity::Sample;
use dba_gpt::domain::error::kind::Severity;
use dba_gpt::domain::incident::Incident;
use dba_gpt::domain::incident::stage::{Resolution, Stage as At};
use dba_gpt::domain::incident::strategy::Strategy;
use dba_gpt::domain::metric::{self, Readings};
use dba_gpt::domain::rule::{Rule, RuleState, condition};
use dba_gpt::domain::target::{TargetId, Timestamp};

pub fn rule(id: u64, target: &str, words: &str) -> Rule {
    Rule {
        id,
        target: TargetId::new(target),
        condition: condition(words).unwrap(),
        severity: Severity::Warning,
        reason: "INC-0412 Connection saturation: it reached 500 of 500".into(),
        incident: Some(412),
        created: NOW.plus_ms(-86_400_000),
        by: "mira".into(),
        expires: Some(NOW.plus_ms(89 * 86_400_000)),
    }
}

/// The saturation that comes again, or that a fix has ended.
fn come_again(cured: bool) -> Incident {
    let mut incident = Incident { strategy: Strategy::Preventive, ..full() };
    if cured {
        (incident.stage, incident.resolution) = (At::Resolved, Some(Resolution::Fixed(58)));
        incident.resolved_at = Some(NOW.plus_ms(-30_000));
    }
    incident
}

fn with(incident: Incident, rules: Vec<Rule>) -> Model {
    let mut model = fixtures::fleet();
    model.notice = None;
    let mut known = remembered();
    known.incidents.retain(|i| i.id != incident.id);
    known.incidents.push(incident);
    let known = Remembered { rules, ..known };
    update(&mut model, Event::IncidentsLoaded(NOW, Box::new(known)));
    model.screen = Screen::Incidents;
    model
}

fn some_rules() -> Vec<Rule> {
    vec![
        rule(3, "pg-orders-1", "connections above 80% for 60s"),
        Rule {
            incident: None,
            reason: "you wanted it".into(),
            expires: None,
            ..rule(5, "pg-orders-2", "lag above 30s")
        },
        rule(6, "pg-orders-1", "deadlocks above 0 at once"),
    ]
}

/// Every state of the rules.
pub const SCENES: &[Scene] = &[
    ("rules_offered", |s| {
        s.model = with(come_again(false), Vec::new());
        s.act(Action::Incident("412".into()));
    }),
    ("rules_list", |s| {
        s.model = with(come_again(true), some_rules());
        s.keys("u");
    }),
    ("rules_none", |s| {
        s.model = with(come_again(true), Vec::new());
        s.keys("u");
    }),
    ("rules_edited", |s| {
        s.model = with(come_again(true), some_rules());
        s.keys("u");
        s.press(KeyCode::Enter);
    }),
];

#[test]
fn one_key_takes_what_the_incident_offers() {
    let mut s = Stage::with(with(come_again(false), Vec::new()));
    s.act(Action::Incident("412".into()));
    assert!(s.text().contains("W: watch this: connections above 80%"), "{}", s.text());
    s.keys("W");
    let effects = s.effects();
    let [Effect::KeepRule(rule)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(rule.condition.words(), "connections above 80% of connection_limit for 60s");
    assert_eq!((rule.id, rule.incident, rule.target.as_str()), (0, Some(412), "pg-orders-1"));
    assert!(rule.reason.starts_with("INC-0412") && rule.expires.is_some(), "{rule:?}");
    // It is kept by now: the incident says so instead, and the key does nothing twice.
    let mut s = Stage::with(with(come_again(false), vec![Rule { id: 3, ..(**rule).clone() }]));
    s.act(Action::Incident("412".into()));
    assert!(s.text().contains("your rule 3"), "{}", s.text());
    s.keys("W");
    assert!(s.effects().is_empty());
}

#[test]
fn an_incident_that_is_new_offers_none_by_itself_and_nothing_is_guessed() {
    let mut s = Stage::with(with(full(), Vec::new()));
    s.act(Action::Incident("412".into()));
    assert!(!s.text().contains("watch this"), "{}", s.text());
    // A table that is not there has no number that would tell of it.
    s.press(KeyCode::Esc);
    s.act(Action::Incident("409".into()));
    s.keys("W");
    assert!(s.effects().is_empty() && s.text().contains("no number that is measured here"), "{}", s.text());
}

#[test]
fn a_threshold_is_typed_anew_and_mistakes_are_said() {
    let mut s = Stage::with(with(come_again(true), some_rules()));
    s.act(Action::Command("rules".into()));
    assert_eq!(s.model.incidents.view, View::Rules);
    s.press(KeyCode::Enter);
    let Some(Overlay::Command { line, .. }) = &s.model.overlay else { panic!("{:?}", s.model.overlay) };
    assert_eq!(line.text(), "rule 3 above 80%");
    s.press(KeyCode::Esc);
    s.act(Action::Command("rule 3 above 85".into()));
    let effects = s.effects();
    let [Effect::KeepRule(kept)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((kept.id, kept.condition.words()), (3, "connections above 85% of connection_limit for 60s".into()));
    for (typed, part) in [
        ("rule 3 above much", "is no number"),
        ("rule 3 above 130", "never above"),
        ("rule 99 above 5", "no rule 99"),
        ("rule delete 99", "no rule 99"),
        ("rule nonsense", "no number of a rule"),
        ("rule", "say which"),
    ] {
        s.act(Action::Command(typed.into()));
        assert!(s.effects().is_empty() && s.text().contains(part), "{typed}: {}", s.text());
    }
    s.act(Action::Command("rule delete 5".into()));
    assert_eq!(s.effects(), [Effect::DeleteRule(5)]);
    s.keys("x");
    assert_eq!(s.effects(), [Effect::DeleteRule(3)]);
}

#[test]
fn a_rule_that_fires_is_reported_by_the_one_process_that_detects() {
    let rules = || vec![Rule { incident: None, ..rule(3, "pg-orders-1", "connections above 80% for 20s") }];
    for detects in [true, false] {
        let mut model = with(come_again(true), rules());
        update(&mut model, Event::Detects(NOW, detects));
        let mut reported = Vec::new();
        for step in 0..4 {
            let effects = sample(&mut model, step * 10_000, Some(90.0));
            reported.extend(effects.into_iter().filter_map(|effect| match effect {
                Effect::ReportErrors(events) => Some(events.into_iter().map(|e| e.code).collect::<Vec<_>>()),
                _ => None,
            }));
        }
        let told = reported.iter().flatten().filter(|code| *code == "RULE_3").count();
        assert_eq!(told, usize::from(detects), "{reported:?}");
        let orders = model.target(&TargetId::new("pg-orders-1")).unwrap();
        assert_eq!(orders.rules.state(3).0, RuleState::Firing);
    }
}

#[test]
fn a_rule_that_goes_while_it_fires_ends_what_it_told_of() {
    let gone = vec![Rule { incident: None, ..rule(3, "pg-orders-1", "connections above 80% at once") }];
    let mut model = with(come_again(true), gone);
    update(&mut model, Event::Detects(NOW, true));
    sample(&mut model, 0, Some(90.0));
    let effects = update(&mut model, Event::IncidentsLoaded(NOW, Box::new(remembered())));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::EndConditions(_))), "{effects:?}");
}

/// A sample of `pg-orders-1` with so many of 100 connections.
fn sample(model: &mut Model, after_ms: i64, connections: Option<f64>) -> Vec<Effect> {
    let id = TargetId::new("pg-orders-1");
    let now = Timestamp(NOW.0 + 60_000 + after_ms);
    let target = model.target_mut(&id).unwrap();
    let identity = target.identity.clone().unwrap();
    target.schedule.cycle += 1;
    let cycle = target.schedule.cycle - 1;
    let mut readings: Readings = connections.into_iter().map(|n| (metric::CONNECTIONS, n)).collect();
    readings.insert(metric::CONNECTION_LIMIT, 100.0);
    let sample = Sample { at: now, server_now: now, readings, ..Sample::default() };
    update(model, Event::Sampled(now, id, cycle, Ok(Box::new(Collected { identity, sample }))))
}
