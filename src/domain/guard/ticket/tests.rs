//! Every way in which an approval can be wrong, one at a time.

#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

const NONCE: [u8; 32] = [7; 32];

fn at(ms: u64) -> Moment {
    Moment { wall: Timestamp(1_790_000_000_000 + i64::try_from(ms).unwrap()), uptime_ms: 5_000_000 + ms }
}

fn act() -> Act {
    Act {
        id: 58,
        statement: "DELETE FROM app.orders WHERE id = $1".into(),
        parameters: vec!["17".into()],
        class: Class::Dml,
        gravity: Gravity::Medium,
        binding: Binding {
            target: TargetId::new("pg-orders-1"),
            engine: "any".into(),
            address: "10.2.0.5:5432/orders".into(),
            database: "orders".into(),
            login: "dbagpt_fix".into(),
            role: "primary".into(),
            server: Some("7301".into()),
            started_at: Some(Timestamp(1_789_000_000_000)),
            epoch: Some("3".into()),
        },
        environment: Environment::Production,
        objects: vec![TouchedObject { name: "app.orders".into(), id: "16401".into(), definition: "ab12".into() }],
        preconditions: vec![Precondition { text: "no trigger fires".into(), found: "none".into() }],
        most_rows: Some(1),
        sequel: None,
    }
}

fn judged() -> Judgement {
    Judgement::needs_approval(Class::Dml, "changes rows")
}

fn consent(act: &Act) -> Consent {
    Consent {
        drawn: act.digest(),
        read_to_the_end: true,
        typed_name: Some("pg-orders-1".into()),
        from_terminal: true,
        focused: at(0),
        decided: at(DEAD_MS),
    }
}

fn ticket() -> Ticket {
    grant(&act(), &judged(), &consent(&act()), NONCE).unwrap()
}

fn redeemed(fresh: Act, now: Moment) -> Result<Approved, Refusal> {
    Desk::default().redeem(ticket(), fresh, &judged(), now)
}

#[test]
fn what_was_approved_runs_as_it_was_drawn() {
    let approved = redeemed(act(), at(60_000)).unwrap();
    assert_eq!(approved.statement(), act().statement);
    assert_eq!(approved.parameters(), act().parameters);
    assert_eq!((approved.id(), approved.digest()), (58, act().digest()));
    assert_eq!(approved.digest().short(), approved.digest().full()[..8]);
}

#[test]
fn a_decision_that_was_none_gives_no_ticket() {
    type Spoil = fn(&mut Consent);
    let cases: [(Spoil, Refusal); 6] = [
        (|c| c.from_terminal = false, Refusal::NotAtTerminal),
        (|c| c.decided = at(DEAD_MS - 1), Refusal::TooEarly),
        (|c| c.read_to_the_end = false, Refusal::NotReadToTheEnd),
        (|c| c.typed_name = None, Refusal::NameNotTyped("pg-orders-1".into())),
        (|c| c.typed_name = Some("pg-orders-".into()), Refusal::NameNotTyped("pg-orders-1".into())),
        (|c| c.drawn = Act { id: 59, ..act() }.digest(), Refusal::NotAsDrawn),
    ];
    for (spoil, expected) in cases {
        let mut consent = consent(&act());
        spoil(&mut consent);
        assert_eq!(grant(&act(), &judged(), &consent, NONCE).unwrap_err(), expected);
    }
}

#[test]
fn what_the_guard_denies_cannot_be_approved() {
    let deny = Judgement::deny(Class::Dml, "no predicate");
    assert!(matches!(grant(&act(), &deny, &consent(&act()), NONCE), Err(Refusal::Denied(_))));
    assert!(matches!(Desk::default().redeem(ticket(), act(), &deny, at(1000)), Err(Refusal::Denied(_))));
    let other = Judgement::needs_approval(Class::Ddl, "changes objects");
    assert_eq!(grant(&act(), &other, &consent(&act()), NONCE).unwrap_err(), Refusal::NotAsDrawn);
    let moved = Desk::default().redeem(ticket(), act(), &other, at(1000)).unwrap_err();
    assert_eq!(moved, Refusal::Moved("the guard reads the statement in another way"));
}

#[test]
fn the_name_is_typed_where_a_mistake_hurts() {
    let named = |environment, gravity| Act { gravity, environment, ..act() }.name_to_type().is_some();
    for gravity in [Gravity::Low, Gravity::Medium, Gravity::High] {
        assert!(named(Environment::Production, gravity));
        assert!(named(Environment::Unknown, gravity), "an environment that nobody named counts as production");
    }
    assert!(!named(Environment::Development, Gravity::Medium) && !named(Environment::Staging, Gravity::Low));
    assert!(named(Environment::Development, Gravity::High));
}

#[test]
fn whatever_moves_voids_the_ticket() {
    type Move = fn(&mut Act);
    let moves: [(Move, &str); 18] = [
        (|a| a.statement.push(' '), "the statement changed"),
        (|a| a.statement = a.statement.replace("17", "18").replace('=', ">"), "the statement changed"),
        (|a| a.parameters[0] = "18".into(), "its parameters changed"),
        (|a| a.parameters.push(String::new()), "its parameters changed"),
        (|a| a.binding.target = TargetId::new("pg-orders-2"), "the target changed"),
        (|a| a.binding.server = Some("7302".into()), "another server answers at this address"),
        (|a| a.binding.server = None, "another server answers at this address"),
        (|a| a.binding.role = "replica".into(), "the server's role in its cluster changed"),
        (|a| a.binding.epoch = Some("4".into()), "there was a failover"),
        (|a| a.binding.started_at = Some(Timestamp(1_789_000_000_001)), "the server was restarted"),
        (|a| a.binding.address = "10.2.0.6:5432/orders".into(), "the address changed"),
        (|a| a.binding.database = "orders2".into(), "the database changed"),
        (|a| a.binding.login = "postgres".into(), "the login changed"),
        (|a| a.objects[0].id = "16402".into(), "an object that it touches changed"),
        (|a| a.objects[0].definition = "ab13".into(), "an object that it touches changed"),
        (|a| a.preconditions[0].found = "one".into(), "a condition does not hold any more"),
        (|a| a.most_rows = None, "the limit of rows changed"),
        (|a| a.environment = Environment::Development, "the target's environment changed"),
    ];
    for (change, words) in moves {
        let mut fresh = act();
        change(&mut fresh);
        assert_eq!(redeemed(fresh, at(1000)).unwrap_err(), Refusal::Moved(words));
    }
    // Parts without words of their own are in the digest all the same.
    for fresh in [Act { id: 59, ..act() }, Act { gravity: Gravity::Low, ..act() }] {
        assert_eq!(redeemed(fresh, at(1000)).unwrap_err(), Refusal::Moved("something changed"));
    }
}

#[test]
fn a_ticket_lives_ten_minutes_on_both_clocks_and_no_clock_revives_it() {
    let granted = at(DEAD_MS);
    let later = |wall: i64, uptime: i64| Moment {
        wall: granted.wall.plus_ms(wall),
        uptime_ms: granted.uptime_ms.saturating_add_signed(uptime),
    };
    let limit = i64::try_from(TICKET_MS).unwrap();
    assert!(redeemed(act(), later(limit, limit)).is_ok());
    for (wall, uptime) in [(limit + 1, 1000), (1000, limit + 1), (limit * 50, limit * 50)] {
        assert_eq!(redeemed(act(), later(wall, uptime)).unwrap_err(), Refusal::Expired);
    }
    for (wall, uptime) in [(-1, 1000), (-3_600_000, limit + 1), (1000, -1)] {
        assert_eq!(redeemed(act(), later(wall, uptime)).unwrap_err(), Refusal::ClockSetBack);
    }
}

#[test]
fn a_ticket_is_spent_by_its_first_use_even_a_failed_one() {
    let mut desk = Desk::default();
    let mut fresh = act();
    fresh.binding.role = "replica".into();
    assert!(desk.redeem(ticket(), fresh, &judged(), at(1000)).is_err());
    // The same nonce again: a second key press, or a replay.
    assert_eq!(desk.redeem(ticket(), act(), &judged(), at(1000)).unwrap_err(), Refusal::Spent);
    let other = grant(&act(), &judged(), &consent(&act()), [8; 32]).unwrap();
    assert!(desk.redeem(other, act(), &judged(), at(1000)).is_ok());
}

#[test]
fn more_rows_than_were_shown_are_refused() {
    let approved = redeemed(act(), at(1000)).unwrap();
    assert_eq!(approved.accepts_rows(1), Ok(()));
    assert_eq!(approved.accepts_rows(2), Err(Refusal::TooManyRows { changed: 2, most: 1 }));
}

proptest! {
    /// One changed byte, anywhere in what is sent, is another act.
    #[test]
    fn one_byte_makes_another_digest(position in 0_usize..36, byte in 32_u8..127) {
        let mut bytes = act().statement.into_bytes();
        prop_assume!(bytes[position] != byte);
        bytes[position] = byte;
        let changed = Act { statement: String::from_utf8(bytes).unwrap(), ..act() };
        prop_assert_ne!(changed.digest(), act().digest());
        prop_assert!(redeemed(changed, at(1000)).is_err());
    }

    /// Nothing can move from one part into its neighbour.
    #[test]
    fn parts_do_not_run_into_each_other(text in "[a-z]{2,12}", cut in 1_usize..11) {
        prop_assume!(cut < text.len());
        let whole = Act { parameters: vec![text.clone()], ..act() };
        let split = Act { parameters: vec![text[..cut].to_owned(), text[cut..].to_owned()], ..act() };
        prop_assert_ne!(whole.digest(), split.digest());
        let (mut left, mut right) = (act(), act());
        left.binding.database = text.clone();
        left.binding.login = String::new();
        right.binding.database = text[..cut].to_owned();
        right.binding.login = text[cut..].to_owned();
        prop_assert_ne!(left.digest(), right.digest());
    }
}

fn act_with(rollback: Option<Back>) -> Act {
    let sequel = Sequel { requires: vec!["a".into()], verification: "b".into(), rollback };
    Act { sequel: Some(sequel), ..act() }
}

fn back() -> Act {
    Act { statement: "undo".into(), sequel: None, ..act() }
}

/// A desk that redeemed the act.
fn desk_after(act: &Act) -> Desk {
    let mut desk = Desk::default();
    let ticket = grant(act, &judged(), &consent(act), NONCE).unwrap();
    desk.redeem(ticket, act.clone(), &judged(), at(DEAD_MS)).unwrap();
    desk
}

#[test]
fn every_part_of_what_comes_after_an_act_is_in_its_digest() {
    let statements = |texts: &[&str]| Some(Back::Statements(texts.iter().map(|t| (*t).to_owned()).collect()));
    let sequel = |requires: &[&str], verification: &str, rollback| Act {
        sequel: Some(Sequel {
            requires: requires.iter().map(|t| (*t).to_owned()).collect(),
            verification: verification.into(),
            rollback,
        }),
        ..act()
    };
    let acts = [
        act(),
        sequel(&[], "", None),
        sequel(&["a"], "b", None),
        sequel(&["a", "b"], "", None),
        sequel(&["a"], "b", statements(&[])),
        sequel(&["a"], "b", statements(&["c"])),
        sequel(&["a"], "b", statements(&["c", "d"])),
        sequel(&["a"], "b", statements(&["cd"])),
        sequel(&["a"], "b", Some(Back::FromRows(1))),
        sequel(&["a"], "b", Some(Back::FromRows(2))),
    ];
    let digests: std::collections::BTreeSet<ActDigest> = acts.iter().map(Act::digest).collect();
    assert_eq!(digests.len(), acts.len());
}

#[test]
fn a_rollback_is_owed_once_and_only_for_what_was_approved_with_it() {
    let stored = ["undo".to_owned(), "undo".to_owned()];
    let known = act_with(Some(Back::Statements(stored.to_vec())));
    let mut desk = desk_after(&known);
    assert_eq!(desk.roll_back(act().digest(), &stored).unwrap_err(), Refusal::NotOwed, "another act");
    let mut rollback = desk.roll_back(known.digest(), &stored).unwrap();
    for _ in 0..2 {
        assert_eq!(rollback.next_statement(), Some("undo"));
        assert_eq!(rollback.approve(back(), &judged()).unwrap().statement(), "undo");
    }
    assert_eq!(rollback.next_statement(), None);
    assert!(rollback.approve(back(), &judged()).is_err(), "no third one");
    assert_eq!(desk.roll_back(known.digest(), &stored).unwrap_err(), Refusal::NotOwed, "used");

    let mut desk = desk_after(&known);
    assert!(matches!(desk.roll_back(known.digest(), &["drop".to_owned()]), Err(Refusal::Moved(_))));
    let mut desk = desk_after(&known);
    desk.settle(known.digest());
    assert_eq!(desk.roll_back(known.digest(), &stored).unwrap_err(), Refusal::NotOwed, "it helped");
    for none in [act(), act_with(None)] {
        assert_eq!(desk_after(&none).roll_back(none.digest(), &stored).unwrap_err(), Refusal::NotOwed);
    }
    let rows = act_with(Some(Back::FromRows(3)));
    assert!(desk_after(&rows).roll_back(rows.digest(), &stored).is_ok());
    assert!(desk_after(&rows).roll_back(rows.digest(), &[]).is_err(), "nothing was stored");
}

#[test]
fn a_rollback_is_sent_where_and_as_it_was_approved_or_not_at_all() {
    let stored = ["undo".to_owned(), "undo".to_owned()];
    let known = act_with(Some(Back::Statements(stored.to_vec())));
    let elsewhere = Binding { server: Some("other".into()), ..act().binding };
    let wrong = [
        Act { statement: "drop".into(), ..back() },
        Act { id: 59, ..back() },
        Act { binding: elsewhere, ..back() },
        Act { environment: Environment::Development, ..back() },
        Act { sequel: act_with(None).sequel, ..back() },
        Act { class: Class::Ddl, ..back() },
    ];
    for fresh in wrong {
        let mut rollback = desk_after(&known).roll_back(known.digest(), &stored).unwrap();
        assert!(rollback.approve(fresh, &judged()).is_err());
        assert!(rollback.approve(back(), &judged()).is_err(), "a refused rollback is over");
    }
    let mut rollback = desk_after(&known).roll_back(known.digest(), &stored).unwrap();
    assert!(rollback.approve(back(), &Judgement::deny(Class::Dml, "no")).is_err());
}
