//! What must be quick: judging a statement, understanding a question, drawing a frame.
//!
//! `cargo bench` measures; `cargo test --bench main` runs each of them once.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot begin must say so")]

use dba_gpt::app::model::{Model, Screen, TargetModel};
use dba_gpt::domain::guard::{Author, Catalog};
use dba_gpt::domain::question;
use dba_gpt::domain::rows::Limits;
use dba_gpt::domain::schema::{ColumnKind, ForeignKey, Schema, Table, TableColumn};
use dba_gpt::domain::target::{Access, Environment, Target, TargetId, Timestamp};
use dba_gpt::engine::ENGINES;
use dba_gpt::ui::{self, ViewOptions, ViewState};
use divan::{Bencher, black_box};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// A moment in 2026.
const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn main() {
    divan::main();
}

/// Statements of every length that a person types or a model writes.
const STATEMENTS: &[(&str, &str)] = &[
    ("short", "SELECT 1"),
    (
        "usual",
        "SELECT c.name, count(*) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.name LIMIT 20",
    ),
    ("refused", "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone"),
];

#[divan::bench(args = STATEMENTS.iter().map(|(name, _)| *name))]
fn judge_a_statement(bencher: Bencher<'_, '_>, name: &str) {
    let statement = STATEMENTS.iter().find(|(n, _)| *n == name).map_or("", |(_, text)| *text);
    let catalog = Catalog::default();
    bencher.bench(|| {
        for engine in ENGINES {
            black_box(engine.dialect.classify(black_box(statement), Author::Person, &catalog));
        }
    });
}

#[divan::bench]
fn judge_a_statement_of_100_kilobytes(bencher: Bencher<'_, '_>) {
    let values: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
    let statement = format!("SELECT * FROM orders WHERE id IN ({})", values.join(","));
    let catalog = Catalog::default();
    bencher.bench(|| {
        for engine in ENGINES {
            black_box(engine.dialect.classify(black_box(&statement), Author::Person, &catalog));
        }
    });
}

#[divan::bench(args = [10, 500])]
fn understand_a_question(bencher: Bencher<'_, '_>, tables: usize) {
    let schema = schema(tables);
    bencher.bench(|| {
        for words in
            ["which tables are biggest?", "how many records are in the table_7 table last week?", "good morning"]
        {
            drop(black_box(question::understand(black_box(words), &schema, NOW, 60)));
        }
    });
}

#[divan::bench(args = [(Screen::Health, 100, 30), (Screen::Health, 300, 100), (Screen::Chat, 100, 30)])]
fn draw_a_frame(bencher: Bencher<'_, '_>, (screen, columns, rows): (Screen, u16, u16)) {
    let mut model = fleet(50);
    model.screen = screen;
    let mut view = ViewState::new(ViewOptions { theme: "default", ..ViewOptions::default() }).unwrap();
    view.sync(&model);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    bencher.bench_local(|| {
        terminal.draw(|frame| ui::draw(frame, &model, &mut view)).unwrap();
    });
}

/// A schema of so many tables of eight columns, each pointing at the one before.
fn schema(tables: usize) -> Schema {
    let column = |name: &str, kind| TableColumn { name: name.to_owned(), kind, ..TableColumn::default() };
    let table = |number: usize| Table {
        schema: "public".to_owned(),
        name: format!("table_{number}"),
        columns: vec![
            column("id", ColumnKind::Number),
            column("previous_id", ColumnKind::Number),
            column("name", ColumnKind::Text),
            column("city", ColumnKind::Text),
            column("amount", ColumnKind::Number),
            column("active", ColumnKind::Bool),
            column("created_at", ColumnKind::Time),
            column("payload", ColumnKind::Other),
        ],
        primary_key: vec!["id".to_owned()],
        foreign_keys: (number > 0)
            .then(|| ForeignKey {
                columns: vec!["previous_id".to_owned()],
                to_schema: "public".to_owned(),
                to_table: format!("table_{}", number - 1),
                to_columns: vec!["id".to_owned()],
                ..ForeignKey::default()
            })
            .into_iter()
            .collect(),
        ..Table::default()
    };
    Schema { search_path: vec!["public".to_owned()], tables: (0..tables).map(table).collect(), ..Schema::default() }
}

/// A program that watches so many targets and has heard from none yet.
fn fleet(targets: usize) -> Model {
    let target = |number: usize| {
        let engine = ENGINES[number % ENGINES.len()];
        let target = Target {
            id: TargetId::new(&format!("target-{number}")),
            engine: engine.id,
            environment: Environment::Staging,
            address: format!("host-{number}.example.net:5432/shop"),
            accent: None,
            access: Access::ReadOnlyAtStart,
        };
        TargetModel::new(target, engine.dialect, &[], 2_000, NOW)
    };
    Model::new(NOW, 60, (0..targets).map(target).collect(), Limits::default())
}
