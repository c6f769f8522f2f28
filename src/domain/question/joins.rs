//! Paths through foreign keys: how two tables join, and which tables a row points to.

use super::intent::Relation;
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

/// Every foreign key whose two ends are in the schema.
pub fn links(schema: &Schema) -> Vec<Link> {
    let index: HashMap<(&str, &str), usize> =
        schema.tables.iter().enumerate().map(|(i, t)| ((t.schema.as_str(), t.name.as_str()), i)).collect();
    let mut out = Vec::new();
    for (child, table) in schema.tables.iter().enumerate() {
        for key in &table.foreign_keys {
            let Some(parent) = index.get(&(key.to_schema.as_str(), key.to_table.as_str())) else { continue };
            // A key that names no columns there means the primary key.
            let there = if key.to_columns.is_empty() { &schema.tables[*parent].primary_key } else { &key.to_columns };
            if there.len() == key.columns.len() && !there.is_empty() {
                let columns = key.columns.iter().cloned().zip(there.iter().cloned()).collect();
                out.push(Link { child, parent: *parent, columns });
            }
        }
    }
    out
}

/// The shortest path between two tables, in whichever direction the keys point; none when nothing connects them.
pub fn path(schema: &Schema, from: usize, to: usize) -> Option<Vec<Step>> {
    search(&links(schema), from, to, true)
}

/// The shortest path that only follows keys to the row they point to, so that rows are not multiplied.
pub(super) fn path_upward(links: &[Link], from: usize, to: usize) -> Option<Vec<Step>> {
    search(links, from, to, false)
}

fn search(links: &[Link], from: usize, to: usize, both_ways: bool) -> Option<Vec<Step>> {
    let mut came: HashMap<usize, Step> = HashMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        if at == to && (at != from || !came.is_empty()) {
            break;
        }
        for link in links {
            let steps = [
                (link.child == at).then_some((link.parent, true)),
                (both_ways && link.parent == at).then_some((link.child, false)),
            ];
            for (next, upward) in steps.into_iter().flatten() {
                // A table that points to itself: the step home is the whole path.
                if (next == from && from != to) || came.contains_key(&next) {
                    continue;
                }
                came.insert(next, Step { link: link.clone(), upward });
                queue.push_back(next);
            }
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
            if step.upward { format!("{child} -> {parent}") } else { format!("{parent} <- {child}") }
        })
        .collect()
}
