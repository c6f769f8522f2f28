//! The numbers of the design, one at a time.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::diagnosis::Cause;
use crate::domain::guard::Class;
use crate::domain::procedure::{Check, OnFailure, Rung, Step, Verification};
use crate::domain::proposal::Draft;
use crate::domain::target::TargetId;

const DAY_MS: i64 = 24 * 3_600_000;
const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn plan(procedure: &str, confidence: u8) -> Plan {
    Plan {
        procedure: procedure.into(),
        title: String::new(),
        cause: Cause::LockWaitChain,
        confidence,
        evidence: Vec::new(),
        steps: Vec::new(),
        blocked: Vec::new(),
        advice: Vec::new(),
    }
}

fn step() -> Step {
    let draft = Draft { statement: String::new(), class: Class::Kill, kind: None, database: None };
    let verification = Verification { check: Check::ReplicationRuns, within_ms: 0, words: String::new(), hold_ms: 0 };
    Step {
        draft,
        why: String::new(),
        requires: Vec::new(),
        expected: Vec::new(),
        verification,
        on_failure: OnFailure::Ask,
        rung: Rung::Session,
        undo: None,
    }
}

const ABOUT: About<'_> = About { signature: Some("s"), group: "g", engine: "pg", version: 160_004 };

fn outcome(number: u64, age_days: i64, ended: Ended) -> Outcome {
    Outcome {
        proposal: Some(number),
        at: NOW.plus_ms(-age_days * DAY_MS),
        target: TargetId::new("db"),
        key: Key::of(&plan("C5", 70), &ABOUT),
        initial: 70,
        shown: 70,
        ended,
    }
}

fn learned(outcomes: Vec<Outcome>) -> Learned {
    Learned::new(outcomes, &[], NOW)
}

fn shown(learned: &Learned) -> (u8, u32, u32) {
    let Shown { confidence, worked, tried } = learned.shown(&plan("C5", 70), &ABOUT);
    (confidence, worked, tried)
}

#[test]
fn confidence_begins_with_the_plan_and_moves_with_outcomes() {
    assert_eq!(shown(&learned(vec![])), (70, 0, 0));
    assert_eq!(learned(vec![]).shown(&plan("C5", 95), &ABOUT).confidence, 80, "a plan is never surer than that");
    assert_eq!(learned(vec![]).shown(&plan("C5", 5), &ABOUT).confidence, 40);
    assert_eq!(shown(&learned(vec![outcome(1, 0, Ended::Held)])), (75, 1, 1));
    assert_eq!(shown(&learned(vec![outcome(1, 0, Ended::Failed)])), (60, 0, 1));
    assert_eq!(shown(&learned(vec![outcome(1, 0, Ended::CameAgain)])), (60, 0, 1));
    let twelve_of_thirteen: Vec<Outcome> =
        (0..13).map(|n| outcome(n, 0, if n == 0 { Ended::Failed } else { Ended::Held })).collect();
    let all = learned(twelve_of_thirteen);
    assert_eq!(shown(&all), (100, 12, 13), "within 100");
    assert_eq!(all.shown(&plan("C5", 70), &ABOUT).words().as_deref(), Some("worked 12 of 13"));
    let never: Vec<Outcome> = (0..20).map(|n| outcome(n, 0, Ended::Failed)).collect();
    assert_eq!(shown(&learned(never)), (0, 0, 20), "within 0");
}

#[test]
fn what_was_bad_can_become_good_again_whatever_the_order_of_reading() {
    let mut outcomes: Vec<Outcome> = (0..20).map(|n| outcome(n, 20, Ended::Failed)).collect();
    outcomes.extend((20..24).map(|n| outcome(n, 1, Ended::Held)));
    outcomes.reverse();
    assert_eq!(shown(&learned(outcomes)), (20, 4, 24), "from 0, four times 5");
}

#[test]
fn thumbs_count_like_outcomes_and_are_no_tries() {
    let rating = |up| Rating { proposal: 1, at: NOW, up, comment: "it was the pooler".into(), who: "ann".into() };
    let with = |ratings: &[Rating]| shown(&Learned::new(vec![outcome(1, 0, Ended::Held)], ratings, NOW));
    assert_eq!(with(&[rating(true)]), (80, 1, 1));
    assert_eq!(with(&[rating(false)]), (65, 1, 1));
    assert_eq!(with(&[Rating { proposal: 2, ..rating(false) }]), (75, 1, 1), "of another proposal");
}

#[test]
fn what_nobody_uses_fades_and_is_forgotten() {
    let aged = |days| shown(&learned(vec![outcome(1, days, Ended::Failed)]));
    assert_eq!(aged(30), (60, 0, 1));
    assert_eq!(aged(60), (65, 0, 1), "half of what was learned");
    assert_eq!(aged(89).0, 70);
    assert_eq!(aged(90), (70, 0, 0), "forgotten");
    let used = learned(vec![outcome(1, 200, Ended::Held), outcome(2, 1, Ended::Held)]);
    assert_eq!(shown(&used), (80, 2, 2), "old outcomes of a fix in use are not");
}

#[test]
fn patterns_of_one_group_are_one_matter_and_other_versions_are_another() {
    let near = Outcome {
        key: Key { signature: "another".into(), ..outcome(1, 0, Ended::Held).key },
        ..outcome(1, 0, Ended::Held)
    };
    assert_eq!(shown(&learned(vec![near.clone(), outcome(2, 0, Ended::Held)])), (80, 2, 2));
    let alone = Outcome { key: Key { group: String::new(), ..near.key.clone() }, ..near };
    let other = About { group: "", ..ABOUT };
    let both = learned(vec![
        alone,
        Outcome { key: Key { group: String::new(), ..outcome(2, 0, Ended::Held).key }, ..outcome(2, 0, Ended::Failed) },
    ]);
    assert_eq!(both.shown(&plan("C5", 70), &other), Shown { confidence: 60, worked: 0, tried: 1 });
    // A pattern or version that was never met is shown by the fix wherever it ran.
    let newer = About { version: 180_000, ..ABOUT };
    let elsewhere = learned(vec![outcome(1, 0, Ended::Held)]).shown(&plan("C5", 50), &newer);
    assert_eq!(elsewhere, Shown { confidence: 55, worked: 1, tried: 1 });
    let engine = About { engine: "my", ..ABOUT };
    assert_eq!(learned(vec![outcome(1, 0, Ended::Held)]).shown(&plan("C5", 70), &engine).tried, 0);
}

#[test]
fn what_was_learned_on_another_target_counts_for_people_alone() {
    let on = |target: &str, number, ended| Outcome { target: TargetId::new(target), ..outcome(number, 1, ended) };
    let up = |proposal| Rating { proposal, at: NOW, up: true, comment: String::new(), who: "ann".into() };
    let outcomes = vec![on("stage", 1, Ended::Held), on("stage", 2, Ended::Held), on("db", 3, Ended::Failed)];
    let all = Learned::new(outcomes, &[up(1)], NOW);
    assert_eq!(shown(&all), (75, 2, 3));
    assert_eq!(shown(&all.on(&TargetId::new("db"))), (60, 0, 1));
    assert_eq!(shown(&all.on(&TargetId::new("stage"))), (85, 2, 2), "with its thumb");
    assert_eq!(shown(&all.on(&TargetId::new("new"))), (70, 0, 0), "never tried there");
    // Nor by the fix alone, for a pattern that was never met.
    let other = About { signature: Some("another"), group: "another", ..ABOUT };
    let elsewhere = all.on(&TargetId::new("new")).shown(&plan("C5", 70), &other);
    assert_eq!((elsewhere.confidence, elsewhere.tried), (70, 0));
}

#[test]
fn plans_are_ranked_by_what_was_learned_of_them() {
    let mut plans = vec![plan("C5", 70), plan("C6", 65), plan("C7", 80)];
    for plan in &mut plans {
        plan.steps.push(step());
    }
    plans[2].blocked.push("no".into());
    let fails = Outcome { key: Key::of(&plans[0], &ABOUT), ..outcome(1, 0, Ended::Failed) };
    learned(vec![fails]).rank(&mut plans, &ABOUT);
    let order: Vec<&str> = plans.iter().map(|plan| plan.procedure.as_str()).collect();
    assert_eq!(order, ["C6", "C5", "C7"], "one that is blocked is last");
}

#[test]
fn calibration_says_how_many_of_those_shown_at_a_figure_held() {
    let at = |shown, ended| Outcome { shown, ..outcome(u64::from(shown), 0, ended) };
    let outcomes = [
        at(80, Ended::Held),
        at(89, Ended::Held),
        at(85, Ended::CameAgain),
        at(100, Ended::Held),
        at(42, Ended::Failed),
    ];
    let bands = calibration(&outcomes);
    let words: Vec<String> = bands.iter().map(Band::words).collect();
    assert_eq!(
        words,
        [
            "of 1 fix shown at 90-100, 1 held (100 %)",
            "of 3 fixes shown at 80-89, 2 held (67 %)",
            "of 1 fix shown at 40-49, 0 held (0 %)"
        ]
    );
}
