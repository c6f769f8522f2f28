//! The action in the core: what is listed, when a person is asked once more, and where the errors go.

use dba_gpt::app::action::Action;
use dba_gpt::app::effect::Effect;
use dba_gpt::app::event::Event;
use dba_gpt::app::list::Motion;
use dba_gpt::app::model::{Model, TargetModel};
use dba_gpt::app::overlay::Overlay;
use dba_gpt::app::update::update;
use dba_gpt::domain::error::event::Source;
use dba_gpt::domain::error::kind::ErrorKind;
use dba_gpt::domain::rows::Limits;
use dba_gpt::domain::simulation::{Offer, Raised, Simulated};
use dba_gpt::domain::target::{Access, Environment, Target, TargetId, Timestamp};
use dba_gpt::engine::ENGINES;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn model(environment: Environment, is_demo: bool) -> Model {
    let spec = ENGINES[0];
    let target = Target {
        id: TargetId::new("shop"),
        engine: spec.id,
        environment,
        address: "here:1".into(),
        accent: None,
        access: Access::ReadOnlyAtStart,
    };
    let target = TargetModel::new(target, spec.dialect, &[], 2_000, NOW).with_simulations(offers(), is_demo);
    Model::new(NOW, 0, vec![target], Limits::default())
}

fn offers() -> Vec<Offer> {
    ENGINES[0].simulations.iter().map(|s| s.offer).collect()
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    update(model, Event::Action(NOW, action))
}

fn notice(model: &Model) -> String {
    model.notice.as_ref().map(|n| n.text.clone()).unwrap_or_default()
}

fn provoked(effects: &[Effect]) -> Vec<&'static str> {
    effects.iter().filter_map(|e| if let Effect::Simulate(_, name) = e { Some(*name) } else { None }).collect()
}

#[test]
fn the_demo_does_what_is_named() {
    let mut model = model(Environment::Development, true);
    let effects = act(&mut model, Action::Command("simulate missing-table".into()));
    assert_eq!(provoked(&effects), ["missing-table"]);
    assert!(model.overlay.is_none());
}

#[test]
fn another_target_is_asked_for_once_more_and_no_comes_first() {
    let mut model = model(Environment::Staging, false);
    assert_eq!(provoked(&act(&mut model, Action::Command("simulate deadlock".into()))), [""; 0]);
    assert!(matches!(model.overlay, Some(Overlay::Simulate(_))));
    assert_eq!(provoked(&act(&mut model, Action::Accept)), [""; 0], "Enter alone sends nothing");
    assert!(notice(&model).contains("nothing was sent"));

    act(&mut model, Action::Command("simulate deadlock".into()));
    act(&mut model, Action::Move(Motion::By(1)));
    assert_eq!(provoked(&act(&mut model, Action::Accept)), ["deadlock"]);
}

#[test]
fn without_a_name_there_is_a_list_to_choose_from() {
    let mut model = model(Environment::Development, true);
    act(&mut model, Action::Command("simulate".into()));
    let Some(Overlay::Simulate(choosing)) = model.overlay.clone() else { panic!("{:?}", model.overlay) };
    assert_eq!(choosing.entries(&model).len(), offers().len());
    for character in "syntax".chars() {
        act(&mut model, Action::Field(dba_gpt::app::line::Edit::Insert(character)));
    }
    assert_eq!(provoked(&act(&mut model, Action::Accept)), ["syntax-error"]);
}

#[test]
fn production_and_targets_that_do_not_say_what_they_are_are_refused_in_words() {
    for (environment, words) in
        [(Environment::Production, "marked as production"), (Environment::Unknown, "environment = \"dev\"")]
    {
        for command in ["simulate", "simulate missing-table"] {
            let mut model = model(environment, false);
            assert_eq!(act(&mut model, Action::Command(command.into())), Vec::new());
            assert!(model.overlay.is_none() && notice(&model).contains(words), "{command}: {}", notice(&model));
        }
    }
    let mut model = model(Environment::Development, true);
    act(&mut model, Action::Command("simulate flood".into()));
    assert!(notice(&model).contains("missing-table"), "{}", notice(&model));
}

#[test]
fn what_the_server_said_goes_the_way_of_all_errors() {
    let mut model = model(Environment::Development, true);
    let raised = Raised {
        code: "42P01".into(),
        message: "relation \"dba_gpt_simulation_missing_table\" does not exist".into(),
        more: None,
        statement: "SELECT * FROM dba_gpt_simulation_missing_table".into(),
    };
    let id = TargetId::new("shop");
    let simulated = Simulated::new(offers()[0], vec![raised], ENGINES[0].dialect.errors(), NOW, &id);
    let effects = update(&mut model, Event::Simulated(NOW, id.clone(), Ok(Box::new(simulated))));
    let [Effect::ReportErrors(events)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((events[0].source, events[0].kind, events.len()), (Source::Simulated, ErrorKind::TableNotFound, 1));
    assert!(notice(&model).contains("42P01"), "{}", notice(&model));

    let effects = update(&mut model, Event::Simulated(NOW, id, Err("the server is away".into())));
    assert!(effects.is_empty() && notice(&model).contains("the server is away"));
}
