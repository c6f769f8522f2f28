//! Whatever is typed, a question is read without a panic, and what comes of it is a statement that the guard allows.

use super::{Asked, NOW, block_on};
use dba_gpt::domain::guard::{Author, Verdict};

const WORDS: &[&str] = &[
    "how many",
    "orders",
    "customers",
    "order",
    "Order",
    "by",
    "per",
    "month",
    "last",
    "week",
    "7",
    "days",
    "top",
    "5",
    "the",
    "most",
    "highest",
    "total",
    "sum of",
    "average",
    "where",
    "status",
    "is",
    "not",
    "'paid'",
    "over",
    "100",
    "between",
    "and",
    "or",
    "from",
    "Germany",
    "in",
    "2024",
    "since",
    "March",
    "without",
    "with",
    "no",
    "email",
    "name",
    "starts with",
    "newest",
    "cheapest",
    "products",
    "category",
    "price",
    "distinct",
    "locks",
    "settings",
    "users",
    "indexes of",
    "describe",
    "size",
    "foreign keys",
    "join",
    "diagram",
    "who",
    "blocked",
    "at 02:10",
    "servers",
    "which",
    "sorted by",
    "descending",
    "limit",
    "never",
    "ordered",
    "shipped",
    "yesterday",
    "\"",
    "'",
    "(",
    ")",
    ",",
    "-",
    "=",
    "<",
    ">",
    "%",
    "\\d",
    "\u{202e}",
    "größen",
    "null",
    "missing",
    "more than",
    "3",
    "each",
    "of",
    "for",
    "customer",
    "42",
    "first_name",
    "orders.total",
    "public.orders",
    "out of stock",
    "revenue",
    "spent",
    "count",
    "rows",
    "table",
    "select",
    ";",
    "drop",
    "0",
    "99999999999999999999",
    "1e9",
];

/// A small generator with a fixed start, so that a failure can be seen again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(sides).unwrap()).unwrap()
    }
}

#[test]
fn any_words_are_read_without_harm() {
    block_on(async {
        let asked = Asked::sqlite_shop().await;
        let postgres = dba_gpt::engine::by_name("postgres").unwrap();
        let mut dice = Dice(20_260_819);
        let mut answered = 0;
        for _ in 0..600 {
            let words: Vec<&str> = (0..=dice.roll(8)).map(|_| WORDS[dice.roll(WORDS.len())]).collect();
            let question = words.join(" ");
            let Ok(understood) = asked.understand(&question) else { continue };
            for dialect in [asked.spec.dialect, postgres.dialect] {
                let Ok(answer) = dialect.answer(&understood.intent, &asked.schema, NOW) else { continue };
                answered += 1;
                for part in &answer.statements {
                    let judged = dialect.classify(&part.statement, Author::Model, &asked.catalog);
                    assert_eq!(judged.verdict, Verdict::Allow, "{question}\n{}\n{}", part.statement, judged.reason);
                }
            }
        }
        assert!(answered > 20, "only {answered} were answered: the words say too little");
    });
}

#[test]
fn a_large_schema_is_read_in_time() {
    use dba_gpt::domain::question::understand;
    use dba_gpt::domain::schema::{ColumnKind, ForeignKey, Schema, Table, TableColumn};
    let column = |name: String, kind| TableColumn { name, kind, type_name: "integer".into(), ..TableColumn::default() };
    let tables = (0..3_000_usize).map(|t| Table {
        schema: "public".into(),
        name: format!("part_{t}_lists"),
        columns: (0..20).map(|c| column(format!("field_{c}_{t}"), ColumnKind::Number)).collect(),
        primary_key: vec![format!("field_0_{t}")],
        foreign_keys: vec![ForeignKey {
            columns: vec![format!("field_1_{t}")],
            to_schema: "public".into(),
            to_table: format!("part_{}_lists", t / 2),
            to_columns: vec![format!("field_0_{}", t / 2)],
            ..ForeignKey::default()
        }],
        ..Table::default()
    });
    let schema = Schema { search_path: vec!["public".into()], tables: tables.collect(), ..Schema::default() };
    let started = std::time::Instant::now();
    for question in [
        "how many part 7 lists per part 3 lists",
        "sum of field 5 77 by field 4 77",
        "which colours have the unicorns",
        "total revenue by month last year in nothing",
    ] {
        let _ = understand(question, &schema, NOW, 0);
    }
    // Without an index of names this took minutes; the bound leaves room for a busy machine and a debug build.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
