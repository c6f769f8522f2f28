//! Every screen, overlay and state that has a golden frame.

use super::stage::Stage;
use super::{fixtures, panes};
use crossterm::event::KeyCode;
use dba_gpt::app::action::{Action, ComposerEdit};
use dba_gpt::app::chat::{Entry, Pending};
use dba_gpt::app::list::Motion;
use dba_gpt::app::model::{Model, Screen};
use dba_gpt::app::overlay::Overlay;
use dba_gpt::app::turn::Source;
use dba_gpt::domain::rows::Limits;
use dba_gpt::domain::target::TargetId;

/// Name, and how to get there from the fleet.
pub type Scene = (&'static str, fn(&mut Stage));

pub const SCENES: &[Scene] = &[
    ("fleet", |_| {}),
    ("fleet_starting", |s| s.model = starting()),
    ("fleet_without_targets", |s| s.model = Model::new(fixtures::NOW, 0, Vec::new(), Limits::default())),
    ("fleet_making_the_demo", |s| s.model.demo_progress = Some(63)),
    ("fleet_of_the_demo_with_an_offer", |s| {
        s.model = only("lite-edge-07");
        s.model.offer = Some("found here: a server on /run/sockets (5432); :connect 1 watches it".into());
    }),
    ("fleet_paused_and_sorted", |s| {
        s.act(Action::Pause);
        for _ in 0..5 {
            s.act(Action::Sort);
        }
        s.act(Action::SortReverse);
    }),
    ("fleet_down_selected", |s| {
        s.act(Action::Move(Motion::By(1)));
        let id = TargetId::new("pg-dwh");
        let now = s.model.now;
        let t = s.model.target_mut(&id).unwrap();
        t.schedule.in_flight = Some(now.plus_ms(-7_000));
        t.schedule.stretched_ms = 16_000;
    }),
    ("fleet_file_selected", |s| {
        s.act(Action::Move(Motion::By(6)));
    }),
    ("fleet_columns_scrolled", |s| {
        for _ in 0..10 {
            s.act(Action::Columns(1));
        }
    }),
    ("fleet_filtered", |s| {
        s.act(Action::Filter);
        s.keys("orders");
        s.act(Action::Accept);
        s.model.tell("no theme `pink`; there are default, mono, dark, light, cb-safe", true);
    }),
    ("fleet_zoomed", |s| {
        s.act(Action::Zoom);
    }),
    ("server_activity", |s| s.model = fixtures::server("activity")),
    ("server_blocking", |s| {
        s.model = fixtures::server("blocking");
        s.act(Action::Move(Motion::By(2)));
    }),
    ("server_queries", |s| {
        s.model = fixtures::server("queries");
        s.act(Action::Columns(1));
        s.act(Action::Columns(1));
    }),
    ("server_queries_zoomed", |s| {
        s.model = fixtures::server("queries");
        s.act(Action::Zoom);
        s.act(Action::Sort);
    }),
    ("server_view_loading", |s| s.model = fixtures::server("tables")),
    ("server_view_failed", |s| {
        s.model = fixtures::server("replication");
        let t = s.model.target_mut(&TargetId::new("pg-orders-1")).unwrap();
        let identity = t.identity.as_mut().unwrap();
        identity.excess_powers = vec!["superuser".into()];
        identity.hints = vec![
            "this role cannot read who replicates: grant pg_monitor".into(),
            "track_io_timing is off: times of reads are not known".into(),
        ];
    }),
    ("server_view_empty", |s| s.model = fixtures::server("progress")),
    ("server_nothing_blocked", |s| s.model = at_server("pg-billing", "blocking")),
    ("server_filtered_away", |s| {
        s.model = fixtures::server("activity");
        s.act(Action::Filter);
        s.keys("no such thing");
        s.act(Action::Accept);
    }),
    ("server_down", |s| s.model = at_server("pg-legacy", "activity")),
    ("server_never_answered", |s| s.model = at_server("pg-new", "activity")),
    ("server_stale_and_paused", |s| {
        s.model = at_server("pg-events", "activity");
        s.act(Action::Pause);
    }),
    ("server_file", |s| s.model = at_server("lite-edge-07", "activity")),
    ("connection_refused", |s| s.model = panes::refused()),
    ("connection_refused_login", |s| s.model = panes::refused_login()),
    ("connection_mended", |s| s.model = panes::mended()),
    ("connection_never_tried", |s| s.model = at_server("pg-new", "connection")),
    ("security_with_reasons", |s| s.model = panes::insecure()),
    ("security_of_a_file", |s| s.model = at_server("lite-edge-07", "security")),
    ("server_prefix", |s| {
        s.model = fixtures::server("activity");
        s.keys("g");
    }),
    ("server_detail", |s| {
        s.model = fixtures::server("blocking");
        s.act(Action::Open);
    }),
    ("chat_welcome", |s| {
        s.model = only("pg-billing");
        s.model.screen = Screen::Chat;
        s.act(Action::Compose);
    }),
    ("chat_without_target", |s| s.model.screen = Screen::Chat),
    ("chat_results", |s| {
        s.model = fixtures::chat();
        s.model.chat.row_limit = Some(2_000);
        s.model.chat.timeout_once = Some(120_000);
    }),
    ("chat_read_from_the_top", |s| {
        s.model = fixtures::chat();
        s.draw();
        s.act(Action::Move(Motion::Top));
    }),
    ("chat_block_selected", |s| {
        s.model = fixtures::chat();
        s.model.chat.typing = false;
        s.draw();
        s.act(Action::Move(Motion::By(-1)));
        s.act(Action::Move(Motion::By(-1)));
    }),
    ("chat_running", |s| s.model = fixtures::chat_running()),
    ("chat_waiting_for_the_schema", |s| {
        s.model = fixtures::chat();
        s.model.chat.entries.truncate(3);
        s.model.chat.pending = Some(Pending { text: "what is in orders?".into(), fresh: false });
    }),
    ("chat_draft_of_several_lines", |s| {
        s.model = fixtures::chat();
        s.act(Action::Composer(ComposerEdit::Paste("select o.id, c.name -- größe 漢字\n  from orders o\n".into())));
        s.keys(
            "  join customers c on c.id = o.customer_id where o.created_at > now() - interval '1 week' and c.city = ",
        );
    }),
    ("chat_diagram_and_refusal", |s| {
        s.model = fixtures::chat();
        s.model.chat.entries.truncate(2);
        let at = fixtures::NOW;
        s.model.chat.entries[1] = Entry::Lead {
            at,
            title: "How orders and customers join.".into(),
            text: Some("customers 1 --- n orders\n    id <------- customer_id\n\norders 1 --- n order_items".into()),
            notes: vec!["No foreign key says so: the names do.".into()],
            source: Source::Intent,
        };
        s.model
            .chat
            .say(at, "Not run: this changes or may change something, and that needs a person's approval in the terminal app. [dml]".into());
    }),
    ("chat_table", |s| {
        s.model = fixtures::chat();
        s.model.chat.typing = false;
        s.model.chat.selected = Some(4);
        s.act(Action::Open);
        for _ in 0..3 {
            s.act(Action::Move(Motion::By(1)));
        }
        for _ in 0..7 {
            s.act(Action::Columns(1));
        }
    }),
    ("help", |s| {
        s.act(Action::Help);
    }),
    ("help_searched", |s| {
        s.model = fixtures::chat();
        s.act(Action::Help);
        s.keys("sta");
    }),
    ("palette", |s| {
        s.act(Action::Palette);
        s.press(KeyCode::Down);
    }),
    ("command", |s| {
        s.act(Action::CommandLine);
        s.keys("re");
    }),
    ("command_argument", |s| {
        s.model = fixtures::server("queries");
        s.act(Action::CommandLine);
        s.keys("views ");
        s.press(KeyCode::Down);
    }),
    ("filter", |s| {
        s.act(Action::Filter);
        s.keys("!pg-or");
    }),
    ("conversations", |s| {
        s.model = fixtures::chat();
        s.act(Action::Conversations);
        s.model.chat.conversations = fixtures::conversations();
        s.press(KeyCode::Down);
    }),
    ("targets", |s| {
        s.model = fixtures::chat();
        s.act(Action::Server(String::new()));
    }),
    ("long_text", |s| {
        let text: Vec<String> = (1..60).map(|n| format!("line {n} of a text that is longer than the screen")).collect();
        s.model.overlay = Some(Overlay::Detail { title: "Hints".into(), text: text.join("\n"), offset: 0 });
        s.draw();
        s.press(KeyCode::PageDown);
    }),
];

/// A fleet of which nothing is known yet.
fn starting() -> Model {
    let targets = fixtures::fleet().targets.into_iter().take(3);
    let fresh = targets
        .map(|t| dba_gpt::app::model::TargetModel::new(t.target, t.dialect, fixtures::VIEWS, 2_000, fixtures::NOW));
    let mut model = Model::new(fixtures::NOW, 0, fresh.collect(), Limits::default());
    dba_gpt::app::update::follow_lists(&mut model);
    model
}

/// One target and nothing else.
fn only(name: &str) -> Model {
    let targets = fixtures::fleet().targets.into_iter().filter(|t| t.target.id.as_str() == name).collect();
    let mut model = Model::new(fixtures::NOW, 0, targets, Limits::default());
    dba_gpt::app::update::follow_lists(&mut model);
    model
}

/// The fleet with a server of it opened.
fn at_server(name: &str, view: &'static str) -> Model {
    let mut model = fixtures::server(view);
    model.health.server = Some(TargetId::new(name));
    dba_gpt::app::update::follow_lists(&mut model);
    model
}
