//! An entity diagram in plain text: a box for each table, then the keys between them.

use super::intent::Relation;
use super::joins;
use crate::domain::schema::{Schema, Table};
use crate::domain::text;
use unicode_width::UnicodeWidthStr as _;

/// Columns shown of one table; keys always are.
const COLUMNS: usize = 14;
/// Tables shown.
const TABLES: usize = 60;
/// Widest line, in terminal columns, unless one box alone is wider.
const WIDTH: usize = 96;

/// Draws these tables and the foreign keys between them; all tables when none is named. Names are escaped.
pub fn draw(schema: &Schema, wanted: &[Relation]) -> String {
    let mut shown: Vec<usize> = (0..schema.tables.len())
        .filter(|i| {
            let table = &schema.tables[*i];
            if wanted.is_empty() { table.is_table() } else { wanted.contains(&Relation::of(table)) }
        })
        .collect();
    let all = shown.len();
    shown.truncate(TABLES);
    if shown.is_empty() {
        return "There are no tables to draw.\n".to_owned();
    }
    let links: Vec<joins::Link> = joins::links(schema)
        .all
        .into_iter()
        .filter(|l| !l.implied)
        .filter(|l| {
            if wanted.len() == 1 {
                shown.contains(&l.child) || shown.contains(&l.parent)
            } else {
                shown.contains(&l.child) && shown.contains(&l.parent)
            }
        })
        .collect();
    let boxes: Vec<Vec<String>> = shown.iter().map(|i| table_box(&schema.tables[*i])).collect();
    let mut out = String::new();
    let mut row: Vec<&Vec<String>> = Vec::new();
    let mut used = 0;
    for drawn in &boxes {
        let width = drawn[0].width() + 2;
        if !row.is_empty() && used + width > WIDTH {
            side_by_side(&row, &mut out);
            row.clear();
            used = 0;
        }
        used += width;
        row.push(drawn);
    }
    side_by_side(&row, &mut out);
    if !links.is_empty() {
        out.push_str("Keys (many >-- one)\n");
        let name = |i: usize| text::escape(&schema.tables[i].full_name());
        let lines: Vec<(String, String)> = links
            .iter()
            .map(|l| {
                let columns = |pick: fn(&(String, String)) -> &String| {
                    l.columns.iter().map(|c| text::escape(pick(c))).collect::<Vec<_>>().join(", ")
                };
                (
                    format!("{}.{}", name(l.child), columns(|c| &c.0)),
                    format!("{}.{}", name(l.parent), columns(|c| &c.1)),
                )
            })
            .collect();
        let width = lines.iter().map(|(from, _)| from.width()).max().unwrap_or(0);
        for (from, to) in lines {
            out.push_str(&format!("  {from}{} >-- {to}\n", " ".repeat(width - from.width())));
        }
    }
    if all > TABLES {
        out.push_str(&format!("{} more tables are left out: name the ones you want.\n", all - TABLES));
    }
    out
}

fn table_box(table: &Table) -> Vec<String> {
    let key_of = |name: &str| {
        let primary = table.primary_key.iter().any(|k| k == name);
        let foreign = table.foreign_keys.iter().any(|k| k.columns.iter().any(|c| c == name));
        match (primary, foreign) {
            (true, true) => "PK FK",
            (true, false) => "PK",
            (false, true) => "FK",
            (false, false) => "",
        }
    };
    let mut rows: Vec<(String, String, &str)> = Vec::new();
    let mut left_out = 0;
    for column in &table.columns {
        let key = key_of(&column.name);
        if rows.len() < COLUMNS || !key.is_empty() {
            rows.push((
                text::fit(&text::escape(&column.name), 30),
                text::fit(&text::escape(&column.type_name), 24),
                key,
            ));
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        rows.push((format!("... {left_out} more"), String::new(), ""));
    }
    let width_of = |pick: fn(&(String, String, &'static str)) -> usize| rows.iter().map(pick).max().unwrap_or(0);
    let (names, types) = (width_of(|r| r.0.width()), width_of(|r| r.1.width()));
    let keys = width_of(|r| r.2.len());
    let title = text::fit(&text::escape(&table.full_name()), 60);
    let inner = (names + 1 + types + 1 + keys).max(title.width());
    let pad = |text: &str, width: usize| format!("{text}{}", " ".repeat(width.saturating_sub(text.width())));
    let rule = format!("+{}+", "-".repeat(inner + 2));
    let mut out = vec![rule.clone(), format!("| {} |", pad(&title, inner)), rule.clone()];
    for (name, type_name, key) in &rows {
        let line = format!("{} {} {}", pad(name, names), pad(type_name, types), key);
        out.push(format!("| {} |", pad(&line, inner)));
    }
    out.push(rule);
    out
}

fn side_by_side(boxes: &[&Vec<String>], out: &mut String) {
    let height = boxes.iter().map(|b| b.len()).max().unwrap_or(0);
    for line in 0..height {
        let mut text = String::new();
        for drawn in boxes {
            let width = drawn[0].width();
            let part = drawn.get(line).map_or("", String::as_str);
            text.push_str(part);
            text.push_str(&" ".repeat(width - part.width() + 2));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
}
