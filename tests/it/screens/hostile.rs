//! Text that wants to leave its place: every payload in every field that a screen shows, and what reaches the
//! terminal.

use super::fixtures;
use super::stage::{Stage, text};
use dba_gpt::app::action::{Action, ComposerEdit};
use dba_gpt::app::analysis::Analysis;
use dba_gpt::app::approvals::ApprovalsModel;
use dba_gpt::app::chat::{Block, ConversationSummary, Entry, Outcome};
use dba_gpt::app::event::Event;
use dba_gpt::app::incidents::detail::{DetailLine, LineKind};
use dba_gpt::app::incidents::{Remembered, View};
use dba_gpt::app::list::Motion;
use dba_gpt::app::model::{Link, Model, Screen, ViewData};
use dba_gpt::app::overlay::Overlay;
use dba_gpt::app::pane::Tone;
use dba_gpt::app::turn::Source;
use dba_gpt::domain::activity::{Sample, SessionInfo, SessionState};
use dba_gpt::domain::error_event::ConnectKind;
use dba_gpt::domain::health::{Reason, State};
use dba_gpt::domain::incident::Pattern;
use dba_gpt::domain::proposal::advice::{Advice, Weight};
use dba_gpt::domain::proposal::survey::{Inverse, Rights};
use dba_gpt::domain::rows::{Column, Limits, Rows, Value};
use dba_gpt::domain::target::{Identity, TargetId};
use dba_gpt::domain::text::risky;
use ratatui::buffer::Buffer;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr as _;

const PAYLOADS: &str = include_str!("../data/payloads.tsv");

/// Id and text of the payloads of the terminal and of Unicode.
fn payloads() -> Vec<(String, String)> {
    let of_screen = |line: &&str| line.starts_with("term\t") || line.starts_with("uni\t");
    PAYLOADS
        .lines()
        .filter(of_screen)
        .map(|line| {
            let mut fields = line.split('\t').skip(1);
            let id = fields.next().unwrap().to_owned();
            (id, unescaped(fields.next().unwrap()))
        })
        .collect()
}

/// `\u{1b}` and `\r` as characters; `@repeat(x,1000)` written out.
fn unescaped(text: &str) -> String {
    if let Some((what, count)) = text.strip_prefix("@repeat(").and_then(|r| r.strip_suffix(')')?.split_once(',')) {
        return what.repeat(count.parse().unwrap());
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(hex) = rest.strip_prefix("u{") {
            let (code, after) = hex.split_once('}').unwrap();
            out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
            rest = after;
        } else if let Some(after) = rest.strip_prefix('r') {
            out.push('\r');
            rest = after;
        } else {
            out.push('\\');
            rest = rest.strip_prefix('\\').unwrap_or(rest);
        }
    }
    out + rest
}

/// A fleet in which every text is the payload.
fn poisoned(payload: &str) -> Model {
    let p = || payload.to_owned();
    let spec = fixtures::troubled();
    let mut t = spec.build();
    t.target.id = TargetId::new(payload);
    t.target.address = p();
    t.identity = Some(Identity {
        version: p(),
        kind: p(),
        role: p(),
        database: p(),
        user: p(),
        excess_powers: vec![p()],
        hints: vec![p()],
        ..t.identity.take().unwrap()
    });
    let session = |pid, by: Vec<i64>| SessionInfo {
        database: p(),
        user: p(),
        application: p(),
        client: p(),
        wait: p(),
        holds: p(),
        statement: p(),
        blocked_by: by,
        ..fixtures::session(pid, "", "", SessionState::Active, "")
    };
    let mut sample = Sample::clone(t.sample.as_ref().unwrap());
    sample.sessions = vec![session(1, vec![]), session(2, vec![1]), session(3, vec![2])];
    sample.hints = vec![p()];
    t.sample = Some(Arc::new(sample));
    t.health.reasons.insert(0, Reason { state: State::Critical, word: "conns", text: p(), metric: None });
    let rows = rows(payload);
    let loaded = |result| ViewData { result: Some(result), at: fixtures::NOW, loading: false };
    t.view_data.insert("queries", loaded(Ok(Arc::new(rows.clone()))));
    t.view_data.insert("replication", loaded(Err(p())));
    let mut down = fixtures::file().build();
    down.target.id = TargetId::new(&format!("down {payload}"));
    down.link = Link::Down(ConnectKind::Other, p());
    let mut model = Model::new(fixtures::NOW, 0, vec![t, down], Limits::default());
    model.tell(payload, true);
    let at = fixtures::NOW;
    let block =
        |outcome| Entry::Block(Block { at, title: p(), statement: p(), target: p(), database: Some(p()), outcome });
    let chat = &mut model.chat;
    chat.target = Some(TargetId::new(payload));
    chat.database = Some(p());
    chat.name = p();
    chat.entries = vec![
        Entry::You { at, text: p() },
        Entry::Lead { at, title: p(), text: Some(p()), notes: vec![p()], source: Source::Intent },
        block(Outcome::Failed(p())),
        Entry::Analysis { at, analysis: poisoned_analysis(payload) },
        Entry::Say { at, text: p() },
        block(Outcome::Done { rows: Arc::new(rows), took_ms: 1, notices: vec![p()] }),
    ];
    chat.conversations = vec![ConversationSummary { id: 1, name: p(), updated: at, entries: 1 }];
    model.approvals = poisoned_approvals(payload);
    let examined = super::healing::poisoned(payload);
    dba_gpt::app::update::update(&mut model, Event::IncidentsLoaded(at, Box::new(poisoned_incidents(payload))));
    super::healing::answer_all(&mut model, &examined);
    model.tell(payload, true);
    model
}

/// An analysis in which every text is the payload.
fn poisoned_analysis(payload: &str) -> Analysis {
    let line = |kind| DetailLine { lead: "about".into(), text: payload.to_owned(), kind };
    let lines = vec![line(LineKind::Fact(Tone::Plain)), line(LineKind::Heading), line(LineKind::Statement)];
    Analysis { title: payload.to_owned(), tone: Tone::Bad, lines }
}

/// An incident and a pattern in which every text is the payload.
fn poisoned_incidents(payload: &str) -> Remembered {
    let p = || payload.to_owned();
    let mut incident = super::incidents::full();
    incident.target = TargetId::new(payload);
    (incident.title, incident.message, incident.code) = (p(), p(), p());
    (incident.object, incident.statement, incident.more) = (Some(p()), Some(p()), Some(p()));
    (incident.signature, incident.group, incident.cause_reason) = (p(), p(), p());
    (incident.cause, incident.acknowledged_by) = (Some(411), Some(p()));
    let mut happening = incident.timeline[0].clone();
    (happening.words, happening.who) = (p(), Some(p()));
    incident.timeline.push(happening);
    let event = super::incidents::event(payload, incident.kind, payload, payload, 1);
    let mut pattern = Pattern::of(&event);
    (pattern.signature, pattern.text, pattern.code, pattern.engine) = (p(), p(), p(), p());
    Remembered { incidents: vec![incident], patterns: vec![pattern], ..Remembered::default() }
}

/// A proposal in which every text is the payload.
fn poisoned_approvals(payload: &str) -> ApprovalsModel {
    let p = || payload.to_owned();
    let mut proposal = super::proposals::update_of_orders(58);
    proposal.target = TargetId::new(payload);
    (proposal.address, proposal.login, proposal.ticket) = (p(), p(), Some(p()));
    proposal.draft.statement = p();
    proposal.origin = dba_gpt::domain::proposal::Origin::Procedure(p());
    proposal.purpose = Some(Box::new(super::healing::poisoned_purpose(payload)));
    proposal.advice = vec![Advice { rule: p(), weight: Weight::Note, text: p(), instead: Some(p()) }];
    let survey = &mut proposal.survey;
    (survey.place.database, survey.place.role, survey.place.server) = (p(), p(), Some(p()));
    survey.objects[0].name = p();
    survey.preconditions[0].found = p();
    survey.blast.tables[0].name = p();
    (survey.blast.locks, survey.blast.replicas, survey.blast.disk) = (p(), Some(p()), Some(p()));
    survey.blast.notes = vec![p()];
    survey.inverse = Inverse::Statements(vec![p()]);
    survey.rights = Rights::Missing(vec![p()]);
    let mut model = super::proposals::model(vec![proposal]);
    model.approvals.refused.insert(58, p());
    model.approvals
}

fn rows(payload: &str) -> Rows {
    let mut columns = vec![Column::text(payload), Column::number("n"), Column::text("after")];
    columns[1].name = format!("n {payload}");
    let row = |n| vec![Value::Text(payload.to_owned()), Value::Int(n), Value::Text(format!("{n}{payload}"))];
    Rows { columns, rows: (0..4).map(row).collect(), truncated: None }
}

type Act = fn(&mut Stage);

/// Everything that shows a text from outside.
const PLACES: &[(&str, Act)] = &[
    ("fleet", |_| {}),
    ("the target that is down", |s| drop(s.act(Action::Move(Motion::Bottom)))),
    ("hint", |s| s.model.notice = None),
    ("offer", |s| {
        s.model.notice = None;
        s.model.offer = Some(s.model.targets[0].target.address.clone());
    }),
    ("activity", |s| open(s, "activity")),
    ("blocking", |s| open(s, "blocking")),
    ("queries", |s| open(s, "queries")),
    ("failed view", |s| open(s, "replication")),
    ("detail", |s| {
        open(s, "blocking");
        s.act(Action::Open);
    }),
    ("hints", |s| drop(s.act(Action::Hints))),
    ("filter", |s| {
        s.act(Action::Filter);
        paste(s);
    }),
    ("filtered", |s| s.model.health.fleet.filter = s.model.targets[0].target.address.clone()),
    ("command", |s| {
        s.act(Action::CommandLine);
        paste(s);
    }),
    ("command completions", |s| {
        s.act(Action::CommandLine);
        s.keys("server ");
    }),
    ("chat", |s| s.model.screen = Screen::Chat),
    ("chat from the top", |s| {
        s.model.screen = Screen::Chat;
        s.act(Action::Move(Motion::Top));
    }),
    ("result", |s| {
        s.model.screen = Screen::Chat;
        s.act(Action::Open);
    }),
    ("composer", |s| {
        s.model.screen = Screen::Chat;
        s.act(Action::Compose);
        paste(s);
    }),
    ("draft from the editor", |s| {
        s.model.screen = Screen::Chat;
        let text = s.model.targets[0].target.address.clone();
        s.act(Action::Composer(ComposerEdit::Set(text)));
    }),
    ("conversations", |s| drop(s.act(Action::Conversations))),
    ("targets", |s| drop(s.act(Action::Server(String::new())))),
    ("approvals", |s| s.model.screen = Screen::Approvals),
    ("an approval over the whole screen", |s| {
        s.model.screen = Screen::Approvals;
        s.act(Action::Open);
    }),
    ("why an approval", |s| {
        s.model.screen = Screen::Approvals;
        s.act(Action::Why);
    }),
    ("an approval that waits", |s| s.model.notice = None),
    ("incidents", |s| s.model.screen = Screen::Incidents),
    ("an incident", |s| {
        s.model.screen = Screen::Incidents;
        s.act(Action::Open);
    }),
    ("a cause in full", |s| {
        s.model.screen = Screen::Incidents;
        s.act(Action::Open);
        s.act(Action::Open);
    }),
    ("a plan of an incident", |s| {
        s.model.screen = Screen::Incidents;
        s.act(Action::Open);
        s.act(Action::Move(Motion::By(1)));
    }),
    ("a plan in full", |s| {
        s.model.screen = Screen::Incidents;
        s.act(Action::Open);
        s.act(Action::Move(Motion::By(1)));
        s.act(Action::Open);
    }),
    ("what cannot be proposed", |s| {
        s.model.screen = Screen::Incidents;
        s.act(Action::Open);
        s.act(Action::Move(Motion::By(1)));
        s.act(Action::ProposePlan);
    }),
    ("what could not be seen", |s| {
        s.model.screen = Screen::Incidents;
        s.act(Action::Open);
        s.act(Action::Move(Motion::Bottom));
    }),
    ("the diagnosis of a server", |s| open(s, "diagnosis")),
    ("changes", |s| {
        s.model.screen = Screen::Approvals;
        s.act(Action::Changes);
    }),
    ("a change in full", |s| {
        s.model.screen = Screen::Approvals;
        s.act(Action::Changes);
        s.act(Action::Open);
    }),
    ("patterns", |s| {
        s.model.screen = Screen::Incidents;
        s.act(Action::Incidents(View::Patterns));
    }),
    ("a pattern", |s| {
        s.model.screen = Screen::Incidents;
        s.act(Action::Incidents(View::Patterns));
        s.act(Action::Open);
    }),
    ("a note about an incident", |s| {
        s.model.screen = Screen::Incidents;
        s.act(Action::Note);
        paste(s);
    }),
    ("text", |s| {
        let text = s.model.targets[0].target.address.clone();
        s.model.overlay = Some(Overlay::Detail { title: text.clone(), text, offset: 0 });
    }),
];

fn open(s: &mut Stage, view: &'static str) {
    s.model.health.server = Some(s.model.targets[0].target.id.clone());
    s.model.health.view = view;
}

fn paste(s: &mut Stage) {
    let text: String = s.model.targets[0].target.address.chars().take(2_000).collect();
    for action in dba_gpt::ui::on_paste(&text, &s.model, &mut s.view) {
        s.act(action);
    }
}

/// What is wrong with a frame.
fn complaints(buffer: &Buffer) -> Vec<String> {
    let mut found = Vec::new();
    let area = buffer.area;
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let symbol = buffer[(x, y)].symbol();
            // The rule of the escaper, but for its marks: combining ones may follow a letter.
            if symbol.chars().any(risky) {
                found.push(format!("({x},{y}) holds {symbol:?}"));
            }
            let width = symbol.width();
            if width == 0 || width > 2 {
                found.push(format!("({x},{y}) holds {symbol:?}, {width} columns wide"));
            }
            x += u16::try_from(width.max(1)).unwrap();
        }
        if x > area.width {
            found.push(format!("line {y} ends in half a character"));
        }
        // Frames end where they begin: a line with a border on its left has one on its right.
        let side = |x: u16| buffer[(x, y)].symbol();
        if "│├╭╰".contains(side(0)) && !"│┤╮╯".contains(side(area.width - 1)) {
            found.push(format!("line {y} has lost its right border"));
        }
    }
    found
}

#[test]
fn payloads_are_read_as_they_are_meant() {
    let all = payloads();
    assert!(all.len() >= 24);
    let of = |id: &str| all.iter().find(|(i, _)| i == id).map(|(_, p)| p.clone()).unwrap();
    assert_eq!(of("TERM-01"), "\u{1b}[2J\u{1b}[1;1H");
    assert_eq!(of("TERM-20"), "abc\rSELECT ok");
    assert_eq!(of("TERM-10"), "\u{1b}P+q544e\u{1b}\\");
    assert_eq!(of("UNI-14").len(), 1_000_000);
}

#[test]
fn the_check_sees_what_it_looks_for() {
    let mut stage = Stage::with(fixtures::fleet());
    let mut buffer = stage.draw();
    assert_eq!(complaints(&buffer), Vec::<String>::new());
    buffer[(5, 5)].set_symbol("\u{1b}");
    buffer[(6, 6)].set_symbol("a\u{202e}");
    buffer[(99, 7)].set_symbol("漢");
    buffer[(99, 8)].set_symbol("x");
    let found = complaints(&buffer).join("\n");
    for words in ["(5,5)", "(6,6)", "line 7 ends in half", "line 8 has lost"] {
        assert!(found.contains(words), "{words} is not in {found}");
    }
}

/// In eight parts, so that a busy machine draws all of them in its time.
#[test]
fn no_payload_leaves_its_place_first_part() {
    no_payload_leaves_its_place(0);
}

#[test]
fn no_payload_leaves_its_place_second_part() {
    no_payload_leaves_its_place(1);
}

#[test]
fn no_payload_leaves_its_place_third_part() {
    no_payload_leaves_its_place(2);
}

#[test]
fn no_payload_leaves_its_place_fourth_part() {
    no_payload_leaves_its_place(3);
}

#[test]
fn no_payload_leaves_its_place_fifth_part() {
    no_payload_leaves_its_place(4);
}

#[test]
fn no_payload_leaves_its_place_sixth_part() {
    no_payload_leaves_its_place(5);
}

#[test]
fn no_payload_leaves_its_place_seventh_part() {
    no_payload_leaves_its_place(6);
}

#[test]
fn no_payload_leaves_its_place_eighth_part() {
    no_payload_leaves_its_place(7);
}

/// Every eighth pair of a payload and a place, from this one on: the payload of a megabyte is spread over all of them.
fn no_payload_leaves_its_place(first: usize) {
    let mut found = Vec::new();
    for (row, (id, payload)) in payloads().into_iter().enumerate() {
        for (place, act) in PLACES.iter().skip((first + row) % 8).step_by(8) {
            let mut stage = Stage::with(poisoned(&payload));
            dba_gpt::app::update::follow_lists(&mut stage.model);
            stage.draw();
            act(&mut stage);
            let buffer = stage.draw();
            for complaint in complaints(&buffer) {
                found.push(format!("{id} in {place}: {complaint}\n{}", text(&buffer)));
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn what_cannot_be_shown_is_shown_by_its_name() {
    let mut stage = Stage::with(poisoned("\u{1b}[31mred\u{202e}"));
    dba_gpt::app::update::follow_lists(&mut stage.model);
    assert!(stage.text().contains("<U+001B>[31mred<U+202E>"));
}
