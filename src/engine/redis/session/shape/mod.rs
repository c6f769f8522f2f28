//! Replies -> tables. What a DBA reads most (INFO, CLIENT LIST, SLOWLOG, LATENCY, CONFIG, CLUSTER, streams) has columns
//! of its own; everything else goes by its shape.

pub(crate) mod cells;
mod elements;
mod server;

use crate::domain::rows::{Column, Value};
use crate::engine::redis::wire::Reply;
use cells::value;
pub(crate) use elements::entries;
pub(crate) use server::{clients, of_info};

/// A table that was made of a reply.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value>>,
    /// What the rows do not say: where a scan goes on, that something was left out.
    pub(crate) notices: Vec<String>,
}

impl Table {
    /// A table of these columns; a name that begins with `#` is a column of numbers.
    pub(crate) fn new(columns: &[&str]) -> Self {
        let column = |name: &&str| name.strip_prefix('#').map_or_else(|| Column::text(name), Column::number);
        Self { columns: columns.iter().map(column).collect(), ..Self::default() }
    }
    /// Adds a row.
    pub(crate) fn push(&mut self, row: Vec<Value>) {
        self.rows.push(row);
    }
}

/// A command line whose reply is shaped: its words, the first two in capitals.
pub(crate) struct Asked<'a> {
    pub(crate) name: String,
    pub(crate) subcommand: String,
    pub(crate) words: &'a [Vec<u8>],
}

impl<'a> Asked<'a> {
    pub(crate) fn new(words: &'a [Vec<u8>]) -> Self {
        let upper =
            |at: usize| words.get(at).map(|w| String::from_utf8_lossy(w).to_ascii_uppercase()).unwrap_or_default();
        Self { name: upper(0), subcommand: upper(1), words }
    }
    /// A switch stands among the words.
    fn has(&self, switch: &str) -> bool {
        self.words.iter().skip(1).any(|word| word.eq_ignore_ascii_case(switch.as_bytes()))
    }
}

/// The table of a reply that is no refusal.
pub(crate) fn table(asked: &Asked<'_>, reply: &Reply) -> Table {
    let mut table =
        server::table(asked, reply).or_else(|| elements::table(asked, reply)).unwrap_or_else(|| plain(asked, reply));
    if reply.is_cut() && matches!(reply, Reply::Array { .. } | Reply::Map(_)) {
        table.notices.push("the reply was longer than the limits: the rest was left out".into());
    }
    table
}

/// A table by the shape of the reply alone.
fn plain(asked: &Asked<'_>, reply: &Reply) -> Table {
    match reply {
        Reply::Map(_) => pairs(reply, ["name", "value"]),
        Reply::Array { items, .. } if !items.is_empty() && items.iter().all(|item| matches!(item, Reply::Map(_))) => {
            records(items)
        }
        Reply::Array { items, .. } => {
            let mut table = Table::new(&["#n", "value"]);
            for (n, item) in items.iter().enumerate() {
                table.push(vec![Value::Int(i64::try_from(n + 1).unwrap_or(i64::MAX)), value(item)]);
            }
            table
        }
        scalar => {
            let numeric = matches!(scalar, Reply::Int(_) | Reply::Double(_) | Reply::Big(_));
            let name = asked.name.to_ascii_lowercase();
            let mut table = Table::new(&[&if numeric { format!("#{name}") } else { name }]);
            table.push(vec![value(scalar)]);
            table
        }
    }
}

/// Names and values as rows.
fn pairs(reply: &Reply, columns: [&str; 2]) -> Table {
    let mut table = Table::new(&columns);
    for (name, own) in reply.pairs() {
        table.push(vec![cells::name(name), value(own)]);
    }
    table
}

/// Maps, or flat lists of names and values, one row each; the columns are the names in the order of their first use.
fn records(items: &[Reply]) -> Table {
    let mut names: Vec<String> = Vec::new();
    for item in items {
        for (name, _) in item.pairs() {
            let name = name.text();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let mut table = Table::default();
    for name in &names {
        let numeric = items
            .iter()
            .filter_map(|item| item.get(name))
            .all(|v| matches!(v, Reply::Int(_) | Reply::Double(_) | Reply::Null));
        table.columns.push(if numeric { Column::number(name) } else { Column::text(name) });
    }
    for item in items {
        table.push(names.iter().map(|name| item.get(name).map_or(Value::Null, value)).collect());
    }
    table
}

#[cfg(test)]
mod tests;
