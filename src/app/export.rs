//! What leaves the program by the person's wish: copies and files.

use super::conversation::next_request;
use super::effect::{Effect, ReadRequest};
use super::fleet::{current_list, current_table};
use super::model::{Model, Screen};
use crate::domain::interchange::{ExportFormat, json_object};
use crate::domain::rows::{Column, Rows, Value};
use serde_json::Map;
use std::path::PathBuf;
use std::sync::Arc;

/// Rows as JSON lines.
pub fn json_lines(rows: &Rows, which: &[usize]) -> String {
    which
        .iter()
        .filter_map(|&i| rows.rows.get(i))
        .map(|row| serde_json::Value::Object(json_object(&rows.columns, row)).to_string())
        .collect::<Vec<_>>()
        .join("\n")
}

/// What `y` (the cell under the keys, or a session's statement) and `Y` (the row) copy from a table.
pub fn copied_from_table(model: &mut Model, whole_row: bool) -> Option<String> {
    if let Some(text) = super::healing::copied(model, whole_row) {
        return Some(text);
    }
    if model.screen == Screen::Incidents {
        return super::incidents::act::copied(model, whole_row);
    }
    let table = current_table(model)?;
    let list = current_list(model)?;
    let row = list.selected(&table)?;
    let column = list.column;
    if model.screen == Screen::Approvals && !whole_row {
        return super::approvals::copied(model);
    }
    if let Some(result) = shown_rows(model) {
        // Real values, not what the screen made of them.
        let values = result.rows.get(row)?;
        return if whole_row {
            Some(serde_json::Value::Object(json_object(&result.columns, values)).to_string())
        } else {
            values.get(column)?.plain()
        };
    }
    let statement = model.open_server().and_then(|t| {
        let pid: i64 = table.rows[row].key.parse().ok()?;
        t.sample.as_ref()?.sessions.iter().find(|s| s.pid == pid).map(|s| s.statement.clone())
    });
    let row = &table.rows[row];
    if whole_row {
        let object: Map<String, serde_json::Value> = table
            .columns
            .iter()
            .zip(&row.cells)
            .filter(|(c, _)| !super::table::is_spark(&c.title))
            .map(|(c, cell)| (c.title.clone(), cell.text.clone().into()))
            .collect();
        return Some(serde_json::Value::Object(object).to_string());
    }
    statement.or_else(|| Some(row.key.clone()))
}

/// The result behind the table under the keys, where the table shows a server's own rows.
fn shown_rows(model: &Model) -> Option<Arc<Rows>> {
    match model.screen {
        Screen::Health => {
            let data = model.open_server()?.view_data.get(model.health.view)?;
            data.result.as_ref()?.as_ref().ok().cloned()
        }
        Screen::Approvals | Screen::Incidents => None,
        Screen::Chat => {
            let open = model.chat.open_table.as_ref()?;
            match &model.chat.block(open.entry)?.outcome {
                super::chat::Outcome::Done { rows, .. } => Some(Arc::clone(rows)),
                _ => None,
            }
        }
    }
}

/// Starts an export: `csv`, `json` or `md` of what is shown, a file name, or `all FILE` to run the statement again
/// with every row. Of incidents, Markdown is the handover of the shift.
pub fn export(model: &mut Model, what: &str) -> Vec<Effect> {
    let handover = model.screen == Screen::Incidents;
    let usual = if handover { "md" } else { "csv" };
    let what = if what.is_empty() { usual } else { what.trim() };
    let (all, file) = what.strip_prefix("all ").map_or((false, what), |f| (true, f.trim()));
    let (format, path) = match destination(model, file) {
        Ok(found) => found,
        Err(words) => {
            model.tell(words, true);
            return Vec::new();
        }
    };
    if all {
        return export_all(model, format, path);
    }
    if handover && format == ExportFormat::Markdown {
        return vec![Effect::WriteHandover(path)];
    }
    let rows = shown_rows(model).or_else(|| match model.screen {
        Screen::Chat => match &model.chat.block(model.chat.focused()?)?.outcome {
            super::chat::Outcome::Done { rows, .. } => Some(Arc::clone(rows)),
            _ => None,
        },
        Screen::Health | Screen::Approvals | Screen::Incidents => {
            current_table(model).map(|table| Arc::new(rows_of_table(&table)))
        }
    });
    let Some(rows) = rows else {
        model.tell("nothing here to export", true);
        return Vec::new();
    };
    if rows.truncated.is_some() {
        model.tell(format!("exporting the {} rows shown; `:export all FILE` writes every row", rows.rows.len()), false);
    }
    vec![Effect::ExportRows(rows, format, path)]
}

fn destination(model: &Model, file: &str) -> Result<(ExportFormat, PathBuf), String> {
    if let Some(format) = ExportFormat::from_word(file) {
        let stamp = model.now.date_time(model.offset_minutes).replace([' ', ':'], "-");
        return Ok((format, model.export_folder.join(format!("dba-gpt-{stamp}.{}", format.ending()))));
    }
    let ending = file.rsplit_once('.').map(|(_, e)| e).unwrap_or_default();
    let format = ExportFormat::from_word(ending)
        .ok_or_else(|| format!("`{file}`: end the file's name in .csv, .json or .md, or say csv, json or md"))?;
    Ok((format, model.export_folder.join(file)))
}

fn export_all(model: &mut Model, format: ExportFormat, path: PathBuf) -> Vec<Effect> {
    let entry = match (&model.chat.open_table, model.screen) {
        (Some(open), Screen::Chat) => Some(open.entry),
        (None, Screen::Chat) => model.chat.focused(),
        _ => None,
    };
    let statement = entry.and_then(|i| model.chat.block(i)).map(|b| b.statement.clone()).filter(|s| !s.is_empty());
    let (Some(statement), Some(target)) = (statement, model.chat.target.clone()) else {
        model.tell("`:export all` runs a statement of the chat again; there is none here", true);
        return Vec::new();
    };
    if model.chat.running.is_some() {
        model.tell("one thing at a time: Esc stops what runs", true);
        return Vec::new();
    }
    let id = next_request(model);
    let mut limits = model.limits;
    limits.rows = usize::MAX;
    limits.bytes = usize::MAX;
    limits.timeout_ms = model.chat.timeout_once.take().unwrap_or(limits.timeout_ms.max(600_000));
    let blocks = Vec::new();
    model.chat.running = Some(super::chat::Running { id, since: model.now, blocks, rows: 0, stopping: false });
    let database = model.chat.database.clone();
    let request = ReadRequest { id, target, database, statements: vec![statement], limits };
    vec![Effect::ExportRead(request, format, path)]
}

fn rows_of_table(table: &super::table::Table) -> Rows {
    let shown: Vec<usize> =
        (0..table.columns.len()).filter(|&i| !super::table::is_spark(&table.columns[i].title)).collect();
    Rows {
        columns: shown.iter().map(|&i| Column::text(&table.columns[i].title)).collect(),
        rows: table
            .rows
            .iter()
            .map(|r| shown.iter().map(|&i| Value::Text(r.cells[i].text.clone())).collect())
            .collect(),
        truncated: None,
    }
}
