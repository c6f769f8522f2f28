//! What is plausible when a question names no column: which column is the money, the date, the place, the name.
//! Every such reading is said in a note; where two columns fit equally well, nobody guesses.

use super::super::names::name_words;
use super::super::selection::ColumnRef;
use crate::domain::schema::{ColumnKind, Table, TableColumn};

/// The indexes of plausible columns. More than one means that the question must say which.
pub(super) type Plausible = Vec<usize>;

/// Columns that hold an amount of money or the worth of a row, best word first.
pub(super) fn money(table: &Table) -> Plausible {
    by_words(
        table,
        &["revenue", "total", "amount", "price", "cost", "salary", "balance", "value", "wage", "fee", "pay", "budget"],
        |c| numeric(c) && !is_key(table, c),
    )
}

/// Columns for a word of money: `revenue` is a column of that name, or the total or amount of a row.
pub(super) fn meant_by(table: &Table, word: &str) -> Plausible {
    let words: &[&str] = match word {
        "revenue" | "sales" | "turnover" | "income" | "earnings" | "takings" => {
            &["revenue", "sales", "turnover", "income", "total", "amount"]
        }
        "cost" | "costs" | "costing" | "priced" | "expensive" | "cheap" | "cheapest" | "priciest" | "costliest" => {
            &["price", "cost", "amount", "total", "fee"]
        }
        "earn" | "earns" | "earning" | "paid" | "wage" | "pay" => &["salary", "wage", "pay", "income"],
        "worth" | "value" | "values" => &["value", "total", "amount", "price", "worth"],
        "spend" | "spent" | "spending" | "spends" => &["spent", "total", "amount"],
        "stock" | "inventory" => &["stock", "quantity", "qty"],
        "sold" | "units" => &["quantity", "qty", "units"],
        _ => return Vec::new(),
    };
    by_words(table, words, |c| numeric(c) && !is_key(table, c))
}

/// [`meant_by`] knows the word.
pub(super) fn means_money(word: &str) -> bool {
    const PROBE: &str = "revenue sales turnover income earnings takings cost costs costing priced expensive cheap cheapest \
                         priciest costliest earn earns earning paid wage pay worth value values spend spent spending spends \
                         stock inventory sold units";
    PROBE.split_ascii_whitespace().any(|w| w == word)
}

/// Columns that tell where somebody or something is.
pub(super) fn places(table: &Table) -> Plausible {
    const WORDS: &[&str] = &[
        "country",
        "city",
        "state",
        "region",
        "location",
        "province",
        "nationality",
        "origin",
        "county",
        "town",
        "continent",
    ];
    all_with(table, WORDS, |c| !numeric(c))
}

/// Columns that tell in which way something was done.
pub(super) fn ways(table: &Table) -> Plausible {
    const WORDS: &[&str] = &["method", "channel", "type", "kind", "source", "provider", "carrier", "via"];
    all_with(table, WORDS, |c| !numeric(c) && !is_key(table, c))
}

/// Columns that tell how far something is in its life.
pub(super) fn states(table: &Table) -> Plausible {
    by_words(table, &["status", "state", "stage", "phase"], |c| !numeric(c) && c.kind != ColumnKind::Bool)
}

/// Columns by which people call a row.
pub(super) fn labels(table: &Table) -> Plausible {
    let text = |c: &TableColumn| !numeric(c) && c.kind != ColumnKind::Bool;
    let position = |name: &str| table.columns.iter().position(|c| c.name.eq_ignore_ascii_case(name) && text(c));
    for name in ["name", "title", "full_name", "fullname", "label", "display_name"] {
        if let Some(found) = position(name) {
            return vec![found];
        }
    }
    let own = name_words(&table.name);
    let composed = table.columns.iter().position(|c| {
        let words = name_words(&c.name);
        text(c)
            && words.len() == own.len() + 1
            && words.starts_with(&own)
            && words.last().is_some_and(|w| w == "name" || w == "title")
    });
    if let Some(found) = composed {
        return vec![found];
    }
    let parts: Plausible =
        ["first_name", "last_name", "firstname", "lastname", "surname"].iter().filter_map(|n| position(n)).collect();
    if !parts.is_empty() {
        return parts;
    }
    for name in ["username", "login", "email", "code", "description", "slug"] {
        if let Some(found) = position(name) {
            return vec![found];
        }
    }
    Vec::new()
}

/// The column that dates a row: the only one, or the best known name. Empty when there is none, several when the
/// question must say which.
pub(super) fn date(table: &Table) -> Plausible {
    let dated: Plausible = (0..table.columns.len()).filter(|i| dates(&table.columns[*i])).collect();
    if dated.len() <= 1 {
        return dated;
    }
    let own = name_words(&table.name).pop().unwrap_or_default();
    let known = [
        format!("{own}_date"),
        format!("{own}ed_at"),
        format!("{own}d_at"),
        format!("{own}_at"),
        format!("{own}_time"),
        "created_at".into(),
        "createdat".into(),
        "created".into(),
        "created_on".into(),
        "creation_date".into(),
        "date_created".into(),
        "date".into(),
        "placed_at".into(),
        "timestamp".into(),
        "ts".into(),
        "time".into(),
        "occurred_at".into(),
        "inserted_at".into(),
        "paid_at".into(),
        "event_time".into(),
        "mtime".into(),
    ];
    for name in &known {
        if let Some(found) = dated.iter().find(|i| table.columns[**i].name.to_lowercase() == *name) {
            return vec![*found];
        }
    }
    dated
}

/// Date columns whose name begins with the act: `shipped` finds `shipped_at`, `hired` finds `hire_date`.
pub(super) fn date_of_act(table: &Table, act: &str) -> Plausible {
    let stem: String = act.trim_end_matches("ed").trim_end_matches('e').to_owned();
    if stem.chars().count() < 3 {
        return Vec::new();
    }
    (0..table.columns.len())
        .filter(|i| {
            let column = &table.columns[*i];
            dates(column) && name_words(&column.name).iter().any(|w| w.starts_with(&stem))
        })
        .collect()
}

/// Holds dates: by its type, or by its name where the engine has no type for them.
pub(super) fn dates(column: &TableColumn) -> bool {
    if column.kind == ColumnKind::Time {
        return true;
    }
    let name = column.name.to_lowercase();
    let named = ["_at", "_date", "_on", "_time", "_ts"].iter().any(|end| name.ends_with(end))
        || ["date", "timestamp", "created", "updated", "ts"].contains(&name.as_str());
    named
        && matches!(column.kind, ColumnKind::Text | ColumnKind::Number | ColumnKind::Other)
        && column.type_name.to_lowercase() != "boolean"
}

/// Says how far a row is: `pending`, `paid`, `shipped`.
pub(super) fn is_state_word(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "active",
        "inactive",
        "pending",
        "paid",
        "unpaid",
        "open",
        "closed",
        "new",
        "done",
        "failed",
        "draft",
        "live",
        "sent",
        "overdue",
        "late",
        "lost",
        "won",
        "sold",
        "ready",
        "hold",
        "booked",
        "processing",
        "waiting",
        "running",
        "queued",
        "successful",
        "complete",
        "incomplete",
        "partial",
        "expired",
        "valid",
        "invalid",
        "public",
        "private",
        "hidden",
        "visible",
        "enabled",
        "disabled",
        "outstanding",
        "settled",
        "verified",
        "unverified",
        "blocked",
        "idle",
        "returned",
    ];
    WORDS.contains(&word) || (word.len() >= 5 && word.ends_with("ed"))
}

/// The table's own key or a key into another one: counted, never summed.
pub(super) fn is_key(table: &Table, column: &TableColumn) -> bool {
    table.primary_key.contains(&column.name) || table.foreign_keys.iter().any(|k| k.columns.contains(&column.name))
}

/// Holds numbers.
pub(super) fn numeric(column: &TableColumn) -> bool {
    column.kind == ColumnKind::Number
}

/// The same for a column already found.
pub(super) fn numeric_ref(column: &ColumnRef) -> bool {
    column.kind == ColumnKind::Number
}

/// [`dates`] for a column already found.
pub(super) fn dates_ref(column: &ColumnRef) -> bool {
    dates(&TableColumn {
        name: column.name.clone(),
        kind: column.kind,
        type_name: column.type_name.clone(),
        ..TableColumn::default()
    })
}

/// Columns with the first of these words that any column has; the whole name beats a part of one.
fn by_words(table: &Table, words: &[&str], fits: impl Fn(&TableColumn) -> bool) -> Plausible {
    for word in words {
        let having = |whole: bool| -> Plausible {
            (0..table.columns.len())
                .filter(|i| {
                    let column = &table.columns[*i];
                    let own = name_words(&column.name);
                    fits(column)
                        && if whole {
                            own == [(*word).to_owned()]
                        } else {
                            own.iter().any(|w| w == word || (word.len() >= 5 && w.ends_with(word)))
                        }
                })
                .collect()
        };
        let whole = having(true);
        if !whole.is_empty() {
            return whole;
        }
        let part = having(false);
        if !part.is_empty() {
            return part;
        }
    }
    Vec::new()
}

/// Every column with any of these words.
fn all_with(table: &Table, words: &[&str], fits: impl Fn(&TableColumn) -> bool) -> Plausible {
    (0..table.columns.len())
        .filter(|i| {
            let column = &table.columns[*i];
            fits(column) && name_words(&column.name).iter().any(|w| words.contains(&w.as_str()))
        })
        .collect()
}
