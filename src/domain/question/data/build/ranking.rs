//! What the rows, or the groups, are ranked by.

use super::super::draft::{Draft, Operand, Ranking, column_ref, spoken};
use super::super::guess;
use super::Assembly;
use crate::domain::question::Cannot;
use crate::domain::question::selection::{Aggregate, ColumnRef, Order, OrderKey, Output};
use crate::domain::schema::Schema;

/// `the dearest product of each category`: what is ranked by is shown at its greatest in each group. The row itself
/// would take a window over the groups, which no selection has, so that is said.
pub(super) fn greatest_of_each(draft: &mut Draft, subject: usize, schema: &Schema) -> Result<(), Cannot> {
    let [(by, descending)] = draft.order.as_slice() else { return Ok(()) };
    let table = &schema.tables[subject];
    let column = match by {
        Ranking::Column(column) if draft.single => column.clone(),
        Ranking::Money | Ranking::Date => {
            let found = if *by == Ranking::Money { guess::money(table) } else { guess::date(table) };
            let [one] = found[..] else { return Ok(()) };
            column_ref(schema, subject, one)
        }
        _ => return Ok(()),
    };
    if draft.limit.is_some() {
        return Err(Cannot {
            reason: format!("the first {} of each group are not found by one statement of this kind", spoken(table)),
            did_you_mean: Vec::new(),
            can: vec![format!("{} sorted by {}", spoken(table), column.name)],
        });
    }
    let (how, word) = if *descending { (Aggregate::Maximum, "greatest") } else { (Aggregate::Minimum, "least") };
    draft.note(format!("the {word} {} of each group is shown, not the row that has it", column.name));
    draft.measures.push((how, Operand::Column(column)));
    draft.order.clear();
    draft.single = false;
    Ok(())
}

pub(super) fn order(
    draft: &mut Draft,
    subject: usize,
    output: &Output,
    schema: &Schema,
    assembly: &mut Assembly<'_>,
) -> Result<Vec<Order>, Cannot> {
    let mut out = Vec::new();
    for (by, descending) in std::mem::take(&mut draft.order) {
        let table = &schema.tables[subject];
        let measured = matches!(output, Output::Measures { .. });
        let one = |found: guess::Plausible, what: &str| match found.as_slice() {
            [one] => Ok(column_ref(schema, subject, *one)),
            [] => Err(Cannot {
                reason: format!("{} has no column that tells {what}", spoken(table)),
                ..Cannot::default()
            }),
            several => Err(Cannot {
                reason: format!("{} has more than one column that tells {what}", spoken(table)),
                did_you_mean: several
                    .iter()
                    .map(|c| format!("{} sorted by {}", spoken(table), table.columns[*c].name))
                    .collect(),
                can: Vec::new(),
            }),
        };
        let column = match by {
            Ranking::Column(column) => column,
            Ranking::Measure => {
                out.push(Order { key: OrderKey::Measure(0), descending });
                continue;
            }
            // Groups and a number are there: the ranking is by the number.
            Ranking::Money if measured => {
                out.push(Order { key: OrderKey::Measure(0), descending });
                continue;
            }
            Ranking::Money => {
                let column = one(guess::money(table), "how large or how dear it is")?;
                draft.note(format!("ranked by {}", column.name));
                column
            }
            Ranking::Date => match guess::date(table).as_slice() {
                // Without a date, the key grows with time in most tables: said, not hidden.
                [] => {
                    let key = key_of(schema, subject)?;
                    draft.note(format!("{} has no date: ranked by its key {}", spoken(table), key.name));
                    key
                }
                _ => {
                    let column = one(guess::date(table), "when it was")?;
                    draft.note(format!("ranked by {}", column.name));
                    column
                }
            },
            Ranking::Key => {
                let key = key_of(schema, subject)?;
                draft.note(format!("ranked by the key {}", key.name));
                key
            }
        };
        out.push(Order { key: OrderKey::Column(assembly.column(column)?), descending });
        // Ties would make the cut at the limit a matter of chance.
        if let (Ok(key), false, true) = (key_of(schema, subject), measured, draft.limit.is_some() || draft.single) {
            let key = assembly.column(key)?;
            if !out.iter().any(|o| o.key == OrderKey::Column(key.clone())) && matches!(output, Output::Rows(_)) {
                out.push(Order { key: OrderKey::Column(key), descending });
            }
        }
    }
    Ok(out)
}

pub(super) fn key_of(schema: &Schema, table: usize) -> Result<ColumnRef, Cannot> {
    let found = &schema.tables[table];
    let none = || Cannot { reason: format!("{} has no primary key to order by", spoken(found)), ..Cannot::default() };
    let key = found.primary_key.first().ok_or_else(none)?;
    let column = found.columns.iter().position(|c| c.name == *key).ok_or_else(none)?;
    Ok(column_ref(schema, table, column))
}
