//! The registries hold together: every engine can be found and shown, every action can be reached in every way.

use dba_gpt::app::action::{ACTIONS, Scope, available, listed};
use dba_gpt::app::command;
use dba_gpt::app::model::{Model, OWN_VIEWS, SAMPLE_VIEWS, Screen};
use dba_gpt::domain::rows::Limits;
use dba_gpt::domain::target::{TargetId, Timestamp};
use dba_gpt::engine::{ENGINES, by_name, by_url};
use std::collections::HashSet;

#[test]
fn every_engine_is_found_by_its_name_and_by_its_urls() {
    for engine in ENGINES {
        assert!(by_name(engine.id.0).is_some_and(|found| found.id == engine.id));
        assert!(!engine.schemes.is_empty() && !engine.minimum_version.is_empty(), "{}", engine.name);
        assert_eq!(engine.dialect.engine(), engine.id, "the dialect of {} is another engine's", engine.name);
        let urls = engine.schemes.iter().map(|scheme| format!("{}://x", scheme.to_uppercase()));
        let paths = engine.file_endings.iter().map(|ending| format!("/some/where{ending}"));
        for url in urls.chain(paths) {
            assert!(by_url(&url).is_some_and(|found| found.id == engine.id), "{url} does not lead to {}", engine.name);
        }
    }
    for unknown in ["ftp://x", "plain words", "", "/etc/passwd"] {
        assert!(by_url(unknown).is_none(), "{unknown:?} leads to an engine");
    }
}

#[test]
fn no_two_engines_claim_the_same_scheme_or_ending() {
    let mut seen = HashSet::new();
    for engine in ENGINES {
        for claim in engine.schemes.iter().chain(engine.file_endings).chain([&engine.id.0]) {
            // An engine may be called as its own scheme is.
            assert!(seen.insert((*claim, engine.id)) || *claim == engine.id.0, "{claim} twice in {}", engine.name);
            assert!(!seen.iter().any(|(other, id)| other == claim && *id != engine.id), "{claim} has two engines");
        }
    }
}

#[test]
fn the_views_of_a_server_have_names_and_keys_of_their_own() {
    for engine in ENGINES {
        let ours = || SAMPLE_VIEWS.iter().chain(OWN_VIEWS);
        let mut names: HashSet<&str> = ours().map(|view| view.name).collect();
        // `g g` goes to the top of a list.
        let mut keys: HashSet<char> = ours().map(|view| view.key).chain(['g']).collect();
        for view in engine.views {
            assert!(names.insert(view.name), "{}: the view {} twice", engine.name, view.name);
            assert!(keys.insert(view.key), "{}: `g {}` twice", engine.name, view.key);
            assert!(view.query.timeout_ms > 0 && view.query.timeout_ms <= 30_000, "{}: {}", engine.name, view.name);
            assert!(!view.query.text.trim_end().ends_with(';'), "{}: {} is not one statement", engine.name, view.name);
        }
    }
}

/// A model on a screen, with or without an open server.
fn on(screen: Screen, server: bool) -> Model {
    let mut model = Model::new(Timestamp(0), 0, Vec::new(), Limits::default());
    model.screen = screen;
    model.health.server = server.then(|| TargetId::new("shop"));
    model
}

/// The same with a target on which what is approved may run, opened at its sessions and with a proposal for it.
fn writable(screen: Screen) -> Model {
    let mut model = crate::screens::fixtures::server("activity");
    model.target_mut(&TargetId::new("pg-orders-1")).unwrap().lifted = true;
    let proposal = crate::screens::proposals::update_of_orders(1);
    dba_gpt::app::update::update(&mut model, dba_gpt::app::event::Event::ProposalsLoaded(vec![proposal]));
    model.screen = screen;
    model
}

#[test]
fn what_changes_a_server_is_offered_only_where_it_may() {
    for model in [on(Screen::Health, true), crate::screens::fixtures::server("activity")] {
        assert!(listed(&model).iter().all(|a| !a.action.is_dangerous()));
        assert!(available(&model).all(|a| !a.action.is_dangerous()));
        assert!(command::completions(&model, "se").iter().all(|word| word != "set"));
    }
    let model = writable(Screen::Health);
    for name in ["cancel-statement", "end-session", "mark", "set", "drop-slot", "unlink"] {
        assert!(listed(&model).iter().any(|a| a.name == name), "{name}");
    }
    assert!(listed(&writable(Screen::Approvals)).iter().any(|a| a.name == "approve"));
}

#[test]
fn every_action_has_a_command_and_a_place_in_the_palette() {
    let mut models = vec![on(Screen::Chat, false), on(Screen::Health, false), on(Screen::Health, true)];
    models.push(on(Screen::Incidents, false));
    models.push(crate::screens::healing::at_the_causes());
    models.extend([on(Screen::Approvals, false), writable(Screen::Approvals), writable(Screen::Health)]);
    let in_palette: HashSet<&str> = models.iter().flat_map(listed).map(|action| action.name).collect();
    for action in ACTIONS {
        let line = if action.argument.is_some() { format!("{} 1", action.name) } else { action.name.to_owned() };
        assert!(command::parse(&line).is_ok(), "`:{line}`: {:?}", command::parse(&line));
        assert!(!action.title.is_empty() && action.title.len() <= 60, "{}: a title of a few words", action.name);
        if action.scope != Scope::Overlay {
            assert!(in_palette.contains(action.name), "{} is in no palette", action.name);
        }
    }
}
