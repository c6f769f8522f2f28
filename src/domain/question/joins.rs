//! Paths through foreign keys: how two tables join, and which tables a row points to.

use super::intent::Relation;
use super::names::name_words;
use crate::domain::schema::Schema;
use std::collections::{HashMap, VecDeque};

/// One foreign key as an edge between two tables of the schema, by their indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The table that holds the key.
    pub child: usize,
    /// The table that it points to.
    pub parent: usize,
    /// Pairs of columns: child, parent.
    pub columns: Vec<(String, String)>,
    /// No foreign key says so: the column has the name and type of the other table's key.
    pub implied: bool,
}

/// One step of a path: a link, walked from child to parent or back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The link.
    pub link: Link,
    /// From the child to the parent.
    pub upward: bool,
}

impl Step {
    /// Where it begins.
    pub fn from(&self) -> usize {
        if self.upward { self.link.child } else { self.link.parent }
    }
    /// Where it ends.
    pub fn to(&self) -> usize {
        if self.upward { self.link.parent } else { self.link.child }
    }
}

/// Every foreign key of a schema, found from either end.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// All of them.
    pub all: Vec<Link>,
    /// By table: those that it holds.
    up: HashMap<usize, Vec<usize>>,
    /// By table: those that point to it.
    down: HashMap<usize, Vec<usize>>,
}

impl Links {
    /// The keys that a table holds.
    pub fn of_child(&self, table: usize) -> impl Iterator<Item = &Link> {
        self.up.get(&table).into_iter().flatten().map(|i| &self.all[*i])
    }
    /// The keys that point to a table.
    pub fn of_parent(&self, table: usize) -> impl Iterator<Item = &Link> {
        self.down.get(&table).into_iter().flatten().map(|i| &self.all[*i])
    }
}

/// Every foreign key whose two ends are in the schema.
pub fn links(schema: &Schema) -> Links {
    let index: HashMap<(&str, &str), usize> =
        schema.tables.iter().enumerate().map(|(i, t)| ((t.schema.as_str(), t.name.as_str()), i)).collect();
    let mut out = Links::default();
    for (child, table) in schema.tables.iter().enumerate() {
        for key in &table.foreign_keys {
            let Some(parent) = index.get(&(key.to_schema.as_str(), key.to_table.as_str())) else { continue };
            // A key that names no columns there means the primary key.
            let there = if key.to_columns.is_empty() { &schema.tables[*parent].primary_key } else { &key.to_columns };
            if there.len() == key.columns.len() && !there.is_empty() {
                let columns = key.columns.iter().cloned().zip(there.iter().cloned()).collect();
                out.up.entry(child).or_default().push(out.all.len());
                out.down.entry(*parent).or_default().push(out.all.len());
                out.all.push(Link { child, parent: *parent, columns, implied: false });
            }
        }
    }
    imply(schema, &mut out);
    out
}

/// Adds the links that names tell where no foreign key does: `bid` of a child for the key `bid` of a parent, and
/// `customer_id` for the key `id` of `customers`. Databases without declared keys are common.
fn imply(schema: &Schema, links: &mut Links) {
    let mut by_name: HashMap<(&str, String), Vec<usize>> = HashMap::new();
    for (i, table) in schema.tables.iter().enumerate() {
        if let ([key], true) = (table.primary_key.as_slice(), table.is_table()) {
            let own = name_words(&table.name).join("_");
            let referring = if key.eq_ignore_ascii_case("id") { format!("{own}_id") } else { key.to_lowercase() };
            by_name.entry((&table.schema, referring)).or_default().push(i);
        }
    }
    for (child, table) in schema.tables.iter().enumerate() {
        for column in &table.columns {
            let Some([parent]) = by_name.get(&(&*table.schema, column.name.to_lowercase())).map(Vec::as_slice) else {
                continue;
            };
            let key = &schema.tables[*parent].primary_key[0];
            let same_type = schema.tables[*parent].column(key).is_some_and(|k| k.kind == column.kind);
            let own_key = table.primary_key.as_slice() == [column.name.clone()];
            let declared =
                links.of_child(child).any(|l| l.parent == *parent || l.columns.iter().any(|(c, _)| *c == column.name));
            if *parent != child && same_type && !own_key && !declared && table.is_table() {
                links.up.entry(child).or_default().push(links.all.len());
                links.down.entry(*parent).or_default().push(links.all.len());
                let columns = vec![(column.name.clone(), key.clone())];
                links.all.push(Link { child, parent: *parent, columns, implied: true });
            }
        }
    }
}

/// The shortest path between two tables, in whichever direction the keys point; none when nothing connects them.
pub fn path(schema: &Schema, from: usize, to: usize) -> Option<Vec<Step>> {
    search(&links(schema), from, to, true)
}

/// The shortest path that only follows keys to the row they point to, so that rows are not multiplied.
pub(super) fn path_upward(links: &Links, from: usize, to: usize) -> Option<Vec<Step>> {
    search(links, from, to, false)
}

fn search(links: &Links, from: usize, to: usize, both_ways: bool) -> Option<Vec<Step>> {
    let mut came: HashMap<usize, Step> = HashMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        if at == to && (at != from || !came.is_empty()) {
            break;
        }
        let up = links.of_child(at).map(|link| (link, true));
        let down = links.of_parent(at).filter(|_| both_ways).map(|link| (link, false));
        for (link, upward) in up.chain(down) {
            let next = if upward { link.parent } else { link.child };
            // A table that points to itself: the step home is the whole path.
            if (next == from && from != to) || came.contains_key(&next) {
                continue;
            }
            came.insert(next, Step { link: link.clone(), upward });
            queue.push_back(next);
        }
        if from == to && came.contains_key(&to) {
            break;
        }
    }
    let mut steps = Vec::new();
    let mut at = to;
    loop {
        let step = came.get(&at)?;
        let before = step.from();
        steps.push(step.clone());
        at = before;
        if at == from {
            break;
        }
    }
    steps.reverse();
    Some(steps)
}

/// Relation -> index in the schema.
pub fn index_of(schema: &Schema, relation: &Relation) -> Option<usize> {
    schema.tables.iter().position(|t| t.schema == relation.schema && t.name == relation.name)
}

/// A path in one line a step: `order_items.order_id -> orders.id`.
pub fn path_in_words(schema: &Schema, path: &[Step]) -> Vec<String> {
    let name = |i: usize| schema.tables[i].full_name();
    path.iter()
        .map(|step| {
            let list = |pick: fn(&(String, String)) -> &String| {
                let names: Vec<&str> = step.link.columns.iter().map(|c| pick(c).as_str()).collect();
                if names.len() == 1 { names[0].to_owned() } else { format!("({})", names.join(", ")) }
            };
            let child = format!("{}.{}", name(step.link.child), list(|c| &c.0));
            let parent = format!("{}.{}", name(step.link.parent), list(|c| &c.1));
            let why = if step.link.implied { "   (by their names: no foreign key says so)" } else { "" };
            if step.upward { format!("{child} -> {parent}{why}") } else { format!("{parent} <- {child}{why}") }
        })
        .collect()
}
