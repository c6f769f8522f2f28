//! What a dossier says, what it never hides, and what never reaches a terminal through it.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::guard::Class;
use crate::domain::guard::ticket::Precondition;
use crate::domain::proposal::advice::{Advice, Weight};
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::survey::{Place, Survey};
use crate::domain::proposal::{Draft, Origin, Parts, Who};
use crate::domain::target::{Environment, TargetId, Timestamp};

/// 2026-08-22 14:31:58 UTC.
const AT: Timestamp = Timestamp(1_787_409_118_000);

/// A proposal all of whose texts are this one, with as much in it as a proposal can hold.
fn of(text: &str) -> Proposal {
    let word = || text.to_owned();
    let advice = |weight| Advice { rule: word(), weight, text: word(), instead: Some(word()) };
    let survey = Survey {
        place: Place {
            database: word(),
            role: word(),
            server: Some(word()),
            started_at: Some(AT),
            epoch: Some(word()),
        },
        objects: vec![TouchedObject { name: word(), id: "16384".into(), definition: word() }],
        preconditions: vec![Precondition { text: word(), found: word() }],
        blast: Blast {
            estimated_rows: Some(1_200),
            tables: vec![Footprint { name: word(), rows: None, bytes: Some(3 << 30) }],
            locks: word(),
            replicas: Some(word()),
            disk: Some(word()),
            notes: vec![word()],
            ..Blast::default()
        },
        inverse: Inverse::Statements(vec![word(), word()]),
        rights: Rights::Missing(vec![word()]),
        timeouts: Timeouts::ROWS,
    };
    let session = SessionRef { id: 88_123, facts: vec![(word(), word())], about: word() };
    let parts = Parts {
        target: TargetId::new(text),
        engine: word(),
        environment: Environment::Production,
        address: word(),
        login: word(),
        approvers: 2,
        draft: Draft {
            statement: word(),
            class: Class::Kill,
            kind: Some(FixKind::EndSessions(vec![session])),
            database: Some(word()),
        },
        survey,
        advice: vec![advice(Weight::Note), advice(Weight::Danger)],
    };
    let mut proposal = Proposal::new(AT, Origin::Person, parts);
    proposal.ticket = Some(word());
    let who = Who { user: word(), before_sudo: Some(word()), ssh_from: Some(word()) };
    proposal.move_to(Stage::Denied, AT, text, Some(who)).unwrap();
    proposal
}

/// The lines of a section; empty when it is not there.
fn lines<'a>(sections: &'a [Section], title: &str) -> &'a [String] {
    sections.iter().find(|s| s.title == title).map_or(&[], |s| s.lines.as_slice())
}

#[test]
fn nothing_that_acts_on_a_terminal_passes() {
    for evil in ["a\u{1b}]0;owned\u{7}b", "a\u{9b}2Jb", "a\u{202e}b\r\nc", "\u{200b}\u{0}\u{7f}"] {
        for section in dossier(&of(evil), 0) {
            for line in &section.lines {
                let hidden = line.chars().find(|c| crate::domain::text::risky(*c));
                assert_eq!(hidden, None, "{}: {line:?}", section.title);
            }
        }
    }
}

#[test]
fn a_statement_is_whole_and_each_of_its_lines_is_a_line() {
    let long = format!("SELECT '{}{}'", "äx".repeat(60_000), "\u{202e}");
    let statement = format!("{long}\n\tFROM t\n  WHERE a\t= 'b\r'\n");
    let shown = statement_lines(&statement);
    let whole = long.replace('\u{202e}', "<U+202E>");
    assert_eq!(shown, [whole.as_str(), "    FROM t", "  WHERE a<U+0009>= 'b<U+000D>'", ""]);
    assert_eq!(lines(&dossier(&of(&statement), 0), STATEMENT), shown);
}

#[test]
fn letters_that_look_alike_are_pointed_out() {
    let sections = dossier(&of("DELETE FROM p\u{430}yments WHERE \u{438}мя = 'größe' AND p\u{430}yments.id = 1"), 0);
    assert_eq!(lines(&sections, "Look closely"), ["\"p\u{430}yments\" mixes letters that look alike: p<U+0430>yments"]);
    assert_eq!(lines(&dossier(&of("DELETE FROM größe"), 0), "Look closely"), [""; 0]);
}

#[test]
fn what_is_not_known_is_said_and_never_shown_as_nothing() {
    let mut proposal = of("x");
    proposal.survey.blast = Blast::default();
    proposal.most_rows = None;
    let sections = dossier(&proposal, 0);
    let effects = lines(&sections, "What it does");
    for (lead, words) in [
        ("rows", "not known"),
        ("locks", "none"),
        ("rewrite", "not known"),
        ("replicas", "not known"),
        ("disk", "not known"),
        ("time limits", "1m 00s for the statement, 500 ms for each lock"),
    ] {
        assert!(effects.contains(&pair(lead, words)), "{lead}: {effects:?}");
    }
    proposal.survey.rights = Rights::Unknown("pg_roles cannot be read".into());
    assert_eq!(lines(&dossier(&proposal, 0), "Right to do it"), ["not known: pg_roles cannot be read"]);
}

#[test]
fn a_person_reads_what_why_and_how_it_is_undone() {
    let mut proposal = of("x");
    proposal.survey.inverse = Inverse::Statements(vec!["CREATE INDEX i\nON t (a)".into()]);
    proposal.happenings[0].words = "not in office hours".into();
    let sections = dossier(&proposal, 120);
    assert_eq!(lines(&sections, "How it is undone"), ["yes, by this statement:", "  CREATE INDEX i", "  ON t (a)"]);
    assert_eq!(lines(&sections, "Advice")[0], pair("danger", "x (x)"), "the weightiest comes first");
    let effects = lines(&sections, "What it does");
    assert_eq!(effects[0], pair("rows", "about 1 200 (estimated)"));
    assert_eq!(effects[1], pair("limit", "more than 1 440 rows: it fails and is rolled back"));
    assert_eq!(effects[2], pair("table", "x: rows not known, 3.0 GB"));
    assert_eq!(lines(&sections, "Sessions"), [format!("{:<LEAD$}x   only if x x", 88_123)]);
    assert_eq!(
        lines(&sections, "What happened"),
        ["2026-08-22 16:31:58  denied by x (as x, from x): not in office hours"]
    );
    let first: Vec<&str> = sections.iter().map(|s| s.title.as_str()).take(4).collect();
    assert_eq!(first, ["Proposal", "Stands in the way", "Where", STATEMENT]);
    proposal.survey.inverse = Inverse::None("the rows have no key".into());
    assert_eq!(lines(&dossier(&proposal, 0), "How it is undone"), ["NO: the rows have no key"]);
}
