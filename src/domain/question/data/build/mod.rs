//! Puts the parts of a data question together: which table is the base, how the others join, what comes out.

mod ranking;

use super::super::Cannot;
use super::super::intent::Relation;
use super::super::joins::{self, Link, Links};
use super::super::selection::{Aggregate, ColumnRef, Filter, Group, Join, Measure, Order, OrderKey, Output, Selection};
use super::draft::{Draft, Grouping, Operand, Ranking, Role, column_ref, refs, spoken};
use super::guess;
use crate::domain::schema::{ColumnKind, Schema, TableColumn};
use ranking::{greatest_of_each, order};
use std::collections::BTreeSet;

/// A selection with the notes of how it was read.
pub(super) struct Built {
    pub(super) selection: Selection,
    pub(super) notes: Vec<String>,
}

/// Puts a draft together.
///
/// # Errors
/// The reason, when no foreign keys connect its tables, or when more than one reading fits.
pub(super) fn build(mut draft: Draft, schema: &Schema, links: &Links) -> Result<Built, Cannot> {
    if let Some((reason, did_you_mean)) = draft.ambiguous.take() {
        return Err(Cannot { reason, did_you_mean, can: Vec::new() });
    }
    let subject = draft.subject().or_else(|| draft.tables.first().map(|(t, _)| *t));
    let Some(subject) = subject else {
        return Err(Cannot { reason: "no table is named".into(), ..Cannot::default() });
    };
    let mut used: BTreeSet<usize> = draft.tables.iter().map(|(t, _)| *t).collect();
    used.insert(subject);
    let base = base_of(&draft, subject, &used, schema, links)?;
    // The other table's rows are tied to the base, which must then be what is asked about.
    let exists = |f: &Filter| matches!(f, Filter::Exists { .. });
    if base != subject && draft.conditions.iter().any(|(_, f)| exists(f)) {
        return Err(Cannot {
            reason: "this mixes what is there and what is not in a way that is not understood".into(),
            ..Cannot::default()
        });
    }
    let mut assembly = Assembly { schema, links, sources: vec![base], joins: Vec::new(), implied: Vec::new() };
    for table in &used {
        assembly.source(*table)?;
    }
    let output = output(&mut draft, subject, base, schema, &mut assembly)?;
    let filter = conditions(std::mem::take(&mut draft.conditions));
    let filter = filter.map(|f| assembly.filter(f)).transpose()?;
    let mut order = order(&mut draft, subject, &output, schema, &mut assembly)?;
    if let Output::Measures { groups, .. } = &output {
        // Groups of the same number stand in a fixed order, so that a limit does not cut by chance.
        if order.iter().any(|o| matches!(o.key, OrderKey::Measure(_))) {
            order.extend((0..groups.len()).map(|g| Order { key: OrderKey::Group(g), descending: false }));
        }
        if order.is_empty() {
            if let Some(first) = groups.iter().position(|g| g.bucket.is_some()) {
                order.push(Order { key: OrderKey::Group(first), descending: false });
            } else if !groups.is_empty() {
                order.push(Order { key: OrderKey::Measure(0), descending: true });
                order.extend((0..groups.len()).map(|g| Order { key: OrderKey::Group(g), descending: false }));
            }
        }
    }
    for link in &assembly.implied {
        let name = |t: usize| &schema.tables[t].name;
        let (there, here) = &link.columns[0];
        draft.note(format!(
            "no foreign key connects {0} and {1}: joined by {0}.{there} = {1}.{here}",
            name(link.child),
            name(link.parent)
        ));
    }
    let limit = if draft.single { Some(draft.limit.unwrap_or(1)) } else { draft.limit };
    let many = matches!(output, Output::Measures { ref groups, .. } if groups.is_empty());
    let selection = Selection {
        base: Relation::of(&schema.tables[base]),
        joins: assembly.joins,
        output,
        filter,
        having: draft.having.take(),
        order: if many { Vec::new() } else { order },
        limit: if many { None } else { limit },
    };
    Ok(Built { selection, notes: draft.notes })
}

/// The table whose rows are counted or listed: one from which every other is reached by keys that point upward, so
/// that nothing is counted twice.
fn base_of(
    draft: &Draft,
    subject: usize,
    used: &BTreeSet<usize>,
    schema: &Schema,
    links: &Links,
) -> Result<usize, Cannot> {
    let measured = draft.measures.iter().find_map(|(_, operand)| match operand {
        Operand::RowsOf(table) => Some(*table),
        Operand::Column(column) => Some(column.source),
        Operand::Rows => None,
    });
    let reaches_all = |base: usize| used.iter().all(|t| *t == base || joins::path_upward(links, base, *t).is_some());
    let candidates = measured.into_iter().chain([subject]).chain(used.iter().copied());
    let mut candidates: Vec<usize> = candidates.collect();
    if measured.is_some_and(|m| !reaches_all(m)) && !draft.groups.is_empty() {
        candidates.clear();
    }
    if let Some(base) = candidates.into_iter().find(|b| reaches_all(*b)) {
        // A sum over the rows of a parent, joined to a child, would count the parent's rows many times.
        let multiplied = measured.is_some_and(|m| m != base)
            && draft
                .measures
                .iter()
                .any(|(how, _)| matches!(how, Aggregate::Sum | Aggregate::Average | Aggregate::Count));
        if !multiplied {
            return Ok(base);
        }
    }
    let names: Vec<String> = used.iter().map(|t| schema.tables[*t].full_name()).collect();
    Err(Cannot {
        reason: format!(
            "no foreign keys lead from one of {} to the others in a way that counts each row once",
            names.join(", ")
        ),
        did_you_mean: Vec::new(),
        can: vec![format!("how do {} join?", names.iter().take(2).cloned().collect::<Vec<_>>().join(" and "))],
    })
}

/// Sources and joins while they are collected.
struct Assembly<'a> {
    schema: &'a Schema,
    links: &'a Links,
    /// Table of each source.
    sources: Vec<usize>,
    joins: Vec<Join>,
    /// Links that only names told.
    implied: Vec<Link>,
}

impl Assembly<'_> {
    /// The source of a table, joined if it is not yet there.
    fn source(&mut self, table: usize) -> Result<usize, Cannot> {
        if let Some(found) = self.sources.iter().position(|t| *t == table) {
            return Ok(found);
        }
        let none = || Cannot {
            reason: format!("no foreign key leads to {}", self.schema.tables[table].full_name()),
            ..Cannot::default()
        };
        let path = joins::path_upward(self.links, self.sources[0], table).ok_or_else(none)?;
        let mut from = 0;
        for step in path {
            let to = step.link.parent;
            from = match self.sources.iter().position(|t| *t == to) {
                Some(known) => known,
                None => {
                    if step.link.implied {
                        self.implied.push(step.link.clone());
                    }
                    self.joins.push(Join {
                        from,
                        to: Relation::of(&self.schema.tables[to]),
                        columns: step.link.columns,
                    });
                    self.sources.push(to);
                    self.sources.len() - 1
                }
            };
        }
        Ok(from)
    }

    fn column(&mut self, column: ColumnRef) -> Result<ColumnRef, Cannot> {
        let source = self.source(column.source)?;
        Ok(ColumnRef { source, ..column })
    }

    fn columns(&mut self, columns: Vec<ColumnRef>) -> Result<Vec<ColumnRef>, Cannot> {
        columns.into_iter().map(|c| self.column(c)).collect()
    }

    fn filter(&mut self, filter: Filter) -> Result<Filter, Cannot> {
        Ok(match filter {
            Filter::All(all) => Filter::All(all.into_iter().map(|f| self.filter(f)).collect::<Result<_, _>>()?),
            Filter::Any(all) => Filter::Any(all.into_iter().map(|f| self.filter(f)).collect::<Result<_, _>>()?),
            Filter::Not(inner) => Filter::Not(Box::new(self.filter(*inner)?)),
            Filter::Compare(c, how, value) => Filter::Compare(self.column(c)?, how, value),
            Filter::Between(c, low, high) => Filter::Between(self.column(c)?, low, high),
            Filter::OneOf(c, values) => Filter::OneOf(self.column(c)?, values),
            Filter::Like(c, kind, text) => Filter::Like(self.column(c)?, kind, text),
            Filter::IsNull(c, empty) => Filter::IsNull(self.column(c)?, empty),
            Filter::IsTrue(c, truth) => Filter::IsTrue(self.column(c)?, truth),
            Filter::During(c, period) => Filter::During(self.column(c)?, period),
            Filter::Exists { .. } => filter,
        })
    }

    /// A table as a group: its key and the columns by which people call a row.
    fn table_groups(&mut self, table: usize) -> Result<Vec<Group>, Cannot> {
        let found = &self.schema.tables[table];
        let key = found.primary_key.iter().filter_map(|k| found.columns.iter().position(|c| c.name == *k));
        let mut columns: Vec<usize> = key.collect();
        columns.extend(guess::labels(found));
        if columns.is_empty() {
            columns.push(0);
        }
        columns.dedup();
        let refs = refs(self.schema, table, &columns);
        Ok(self.columns(refs)?.into_iter().map(|column| Group { column, bucket: None }).collect())
    }
}

fn output(
    draft: &mut Draft,
    subject: usize,
    base: usize,
    schema: &Schema,
    assembly: &mut Assembly<'_>,
) -> Result<Output, Cannot> {
    let counted = draft.tables.iter().any(|(_, role)| *role == Role::Counted);
    let grouped = !draft.groups.is_empty();
    if draft.measures.is_empty() && !grouped {
        return rows(draft, subject, base, schema, assembly);
    }
    // `amount by month`: the one number shown is summed.
    if let ([column], true, true) = (draft.shown.as_slice(), draft.measures.is_empty(), grouped)
        && column.kind == ColumnKind::Number
    {
        let column = column.clone();
        draft.note(format!("the sum of {} is meant", column.name));
        draft.measures.push((Aggregate::Sum, Operand::Column(column)));
        draft.shown.clear();
    }
    if draft.measures.is_empty() && grouped {
        greatest_of_each(draft, subject, schema)?;
    }
    let mut groups = Vec::new();
    for grouping in std::mem::take(&mut draft.groups) {
        match grouping {
            Grouping::Column(column) => {
                let bucket = None;
                groups.push(Group { column: assembly.column(column)?, bucket });
            }
            Grouping::Table(table) => groups.extend(assembly.table_groups(table)?),
            Grouping::Bucket(bucket, column) => {
                let column = match column {
                    Some(column) => column,
                    None => dated(draft, base, subject, schema, assembly.links)?,
                };
                let column = assembly.column(column)?;
                groups.push(Group { column, bucket: Some(bucket) });
            }
        }
    }
    // `top 5 customers by total orders`: one row for each customer.
    let measured_elsewhere = draft.measures.iter().any(|(_, o)| match o {
        Operand::RowsOf(table) => *table != subject,
        Operand::Column(column) => column.source != subject,
        Operand::Rows => false,
    });
    let ranked = draft.order.iter().any(|(by, _)| *by == Ranking::Measure) || draft.having.is_some();
    // `top 2 categories by number of products`: the category is a column of the products themselves.
    if let ([column], true, true) = (draft.shown.as_slice(), groups.is_empty() && !measured_elsewhere, ranked) {
        groups.push(Group { column: assembly.column(column.clone())?, bucket: None });
        draft.shown.clear();
    }
    if groups.is_empty() && measured_elsewhere && (ranked || counted) {
        groups = assembly.table_groups(subject)?;
        let name = spoken(&schema.tables[subject]);
        if draft.having.is_none() {
            draft.note(format!("{name} that have none do not appear"));
        }
    }
    let mut measures = Vec::new();
    for (how, operand) in std::mem::take(&mut draft.measures) {
        measures.push(match operand {
            Operand::Column(column) => {
                let sums = matches!(how, Aggregate::Sum | Aggregate::Average);
                if sums && column.kind != ColumnKind::Number {
                    return Err(Cannot {
                        reason: format!("{} does not hold numbers", column.name),
                        ..Cannot::default()
                    });
                }
                Measure { how, column: Some(assembly.column(column)?) }
            }
            Operand::RowsOf(_) => Measure { how: Aggregate::Count, column: None },
            Operand::Rows => count_of_subject(draft, subject, base, schema, assembly)?,
        });
    }
    if measures.is_empty() {
        measures.push(count_of_subject(draft, subject, base, schema, assembly)?);
    }
    draft.shown.clear();
    Ok(Output::Measures { groups, measures })
}

/// Rows of the subject: of the base itself, or the different ones that the base points to.
fn count_of_subject(
    draft: &mut Draft,
    subject: usize,
    base: usize,
    schema: &Schema,
    assembly: &mut Assembly<'_>,
) -> Result<Measure, Cannot> {
    if draft.distinct
        && let Some(column) = draft.shown.first().cloned()
    {
        return Ok(Measure { how: Aggregate::CountDistinct, column: Some(assembly.column(column)?) });
    }
    if subject == base {
        // `how many cities do customers live in`: a column is counted by its different values, and that is said.
        let Some(column) = draft.shown.first().cloned() else {
            return Ok(Measure { how: Aggregate::Count, column: None });
        };
        draft.note(format!("different values of {} are counted", column.name));
        return Ok(Measure { how: Aggregate::CountDistinct, column: Some(assembly.column(column)?) });
    }
    let table = &schema.tables[subject];
    let key = match table.primary_key.as_slice() {
        [one] => table.columns.iter().position(|c| c.name == *one),
        _ => None,
    };
    let Some(key) = key else {
        return Err(Cannot {
            reason: format!("{} has no key of one column to count by", table.full_name()),
            ..Cannot::default()
        });
    };
    Ok(Measure { how: Aggregate::CountDistinct, column: Some(assembly.column(column_ref(schema, subject, key))?) })
}

fn rows(
    draft: &mut Draft,
    subject: usize,
    base: usize,
    schema: &Schema,
    assembly: &mut Assembly<'_>,
) -> Result<Output, Cannot> {
    let mut shown = std::mem::take(&mut draft.shown);
    shown.dedup();
    let shown = assembly.columns(shown)?;
    if draft.distinct && !shown.is_empty() {
        return Ok(Output::Distinct(shown));
    }
    // `statuses of orders`, `payment methods`: nobody wants the same few words once for every row.
    if let ([column], true) =
        (shown.as_slice(), draft.conditions.is_empty() && draft.order.is_empty() && draft.limit.is_none())
        && repeats(schema, subject, base, &column.name)
    {
        draft.note(format!("different values of {} are shown", column.name));
        return Ok(Output::Distinct(shown));
    }
    if subject == base {
        return Ok(Output::Rows(shown));
    }
    if !shown.is_empty() {
        return Ok(if draft.distinct { Output::Distinct(shown) } else { Output::Rows(shown) });
    }
    // Rows of a table that the base points to, each once.
    let table = &schema.tables[subject];
    let comparable = |c: &TableColumn| c.kind != ColumnKind::Other || !c.type_name.to_lowercase().contains("json");
    let columns: Vec<usize> = (0..table.columns.len()).filter(|c| comparable(&table.columns[*c])).collect();
    Ok(Output::Distinct(assembly.columns(refs(schema, subject, &columns))?))
}

/// A column of the subject that says how, where or how far something is: few values, each in many rows.
fn repeats(schema: &Schema, subject: usize, base: usize, column: &str) -> bool {
    let table = &schema.tables[subject];
    let found = [guess::states(table), guess::ways(table), guess::places(table)];
    subject == base && found.iter().flatten().any(|i| table.columns[*i].name == column)
}

/// The date of the base, else of the subject.
fn dated(draft: &mut Draft, base: usize, subject: usize, schema: &Schema, links: &Links) -> Result<ColumnRef, Cannot> {
    for table in [base, subject] {
        let found = guess::date(&schema.tables[table]);
        match found.as_slice() {
            [one] => {
                let column = column_ref(schema, table, *one);
                draft.note(format!("dated by {}.{}", schema.tables[table].name, column.name));
                return Ok(column);
            }
            [] => {}
            several => {
                let names = several.iter().map(|c| schema.tables[table].columns[*c].name.clone());
                let name = spoken(&schema.tables[table]);
                return Err(Cannot {
                    reason: format!("{name} has more than one date"),
                    did_you_mean: names.map(|n| format!("{name} by month of {n}")).collect(),
                    can: Vec::new(),
                });
            }
        }
    }
    // A table that it points to may be the one with the date: order items are dated by their order.
    let mut best: Option<(usize, usize, usize)> = None;
    for other in 0..schema.tables.len() {
        let [one] = guess::date(&schema.tables[other])[..] else { continue };
        let Some(path) = joins::path_upward(links, base, other).filter(|_| other != base) else { continue };
        if best.is_none_or(|(n, _, _)| path.len() < n) {
            best = Some((path.len(), other, one));
        }
    }
    match best {
        Some((_, table, column)) => {
            let column = column_ref(schema, table, column);
            draft.note(format!("dated by {}.{}", schema.tables[table].name, column.name));
            Ok(column)
        }
        None => Err(Cannot { reason: format!("{} has no date", spoken(&schema.tables[base])), ..Cannot::default() }),
    }
}

/// `a and b or c` is `(a and b) or c`, as in every language of this kind.
fn conditions(all: Vec<(bool, Filter)>) -> Option<Filter> {
    let mut alternatives: Vec<Vec<Filter>> = Vec::new();
    for (or, filter) in all {
        match alternatives.last_mut() {
            Some(last) if !or => last.push(filter),
            _ => alternatives.push(vec![filter]),
        }
    }
    let one = |mut all: Vec<Filter>| if all.len() == 1 { all.swap_remove(0) } else { Filter::All(all) };
    let mut all: Vec<Filter> = alternatives.into_iter().map(one).collect();
    match all.len() {
        0 => None,
        1 => Some(all.swap_remove(0)),
        _ => Some(Filter::Any(all)),
    }
}
