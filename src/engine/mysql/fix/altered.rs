//! A change of a table's definition, before it happens: how the server would do it, and the ALTER TABLE that undoes it.

use super::definition;
use super::look::Table;
use super::survey::Found;
use super::tables::{say, table_needs};
use crate::domain::guard::ticket::Gravity;
use crate::domain::proposal::survey::Inverse;
use crate::engine::mysql::dialect::flavour::Flavour;
use crate::engine::mysql::dialect::forms::alter::{Alter, Part};
use crate::engine::mysql::dialect::forms::objects::Index;
use crate::engine::mysql::dialect::names::quote;
use crate::engine::mysql::dialect::online;

/// Looks at it. The tables are the changed one, then parents of foreign keys.
pub(super) fn survey(alter: &Alter, tables: &[Table], flavour: Flavour, found: &mut Found) {
    let Some(table) = tables.first() else { return };
    let change = |name: &str, new: &str| {
        let old = definition::column(&table.create, name)?;
        // Nullability and a character set of its own are beyond the type.
        let beyond = |text: &str| {
            let lower = text.to_ascii_lowercase();
            (lower.contains("not null"), lower.contains("character set"), lower.contains("collate"))
        };
        (beyond(&old) == beyond(new))
            .then(|| online::of_types(&definition::type_of(&old), &definition::type_of(new), flavour))
            .flatten()
    };
    say(online::of(alter, flavour, change), &alter.how, table, found);
    let only_indexes = alter.parts.iter().all(|p| {
        matches!(p, Part::AddIndex(_) | Part::DropIndex(_) | Part::RenameIndex { .. } | Part::IndexUse { .. })
    });
    table_needs(table, &["ALTER"], found);
    if !only_indexes {
        table_needs(table, &["CREATE", "INSERT"], found);
    }
    if alter.parts.iter().any(|p| matches!(p, Part::DropColumn(_) | Part::Convert(_) | Part::Other(_))) {
        found.blast.at_least = Gravity::High;
    }
    for parent in tables.iter().skip(1).filter(|_| alter.parts.iter().any(|p| matches!(p, Part::AddForeignKey { .. })))
    {
        table_needs(parent, &["REFERENCES"], found);
    }
    if alter.parts.iter().any(|p| matches!(p, Part::Rename(_))) {
        table_needs(table, &["DROP"], found);
    }
    found.inverse = inverse(alter, table, found);
}

/// The one ALTER TABLE that undoes all parts, the last one first.
fn inverse(alter: &Alter, table: &Table, found: &mut Found) -> Inverse {
    if table.is_view {
        return Inverse::None("a view is no table".into());
    }
    if let [Part::Rename(new)] = alter.parts.as_slice() {
        let (database, name) = new.within(&table.database);
        return Inverse::Statements(vec![format!(
            "RENAME TABLE {}.{} TO {}",
            quote(&database),
            quote(&name),
            table.full()
        )]);
    }
    let mut back = Vec::new();
    for part in alter.parts.iter().rev() {
        match undone(part, table, found) {
            Ok(undone) => back.push(undone),
            Err(why) => return Inverse::None(why),
        }
    }
    Inverse::Statements(vec![format!("ALTER TABLE {} {}", table.full(), back.join(", "))])
}

/// What undoes one part.
fn undone(part: &Part, table: &Table, found: &mut Found) -> Result<String, String> {
    let create = table.create.as_str();
    let index = |name: &str| definition::index(create, name);
    let there = |what: &str, name: &str| {
        Err(format!("the {what} {name} is there already, so that this would fail or do nothing"))
    };
    let gone = |what: &str, name: &str| format!("there is no {what} {name}");
    Ok(match part {
        Part::AddColumn { name, .. } => match definition::column(create, name) {
            Some(_) => return there("column", name),
            None => {
                found.blast.notes.push(format!("undoing it drops the column {name} with all that was written into it"));
                format!("DROP COLUMN {}", quote(name))
            }
        },
        Part::DropColumn(name) => return Err(format!("the values of the column {name} are gone with it")),
        Part::ModifyColumn { name, definition: new, placed } => {
            let old = restored(create, name, new, *placed)?;
            format!("MODIFY COLUMN {} {old}", quote(name))
        }
        Part::ChangeColumn { old: name, new: renamed, definition: new, placed } => {
            let old = restored(create, name, new, *placed)?;
            format!("CHANGE COLUMN {} {} {old}", quote(renamed), quote(name))
        }
        Part::RenameColumn { old, new } => format!("RENAME COLUMN {} TO {}", quote(new), quote(old)),
        Part::Default(name) => {
            let old = definition::column(create, name).ok_or_else(|| gone("column", name))?;
            format!("MODIFY COLUMN {} {old}", quote(name))
        }
        Part::AddIndex(Index { name: Some(name), .. }) => match index(name) {
            Some(_) => return there("index", name),
            None => format!("DROP INDEX {}", quote(name)),
        },
        Part::AddIndex(_) => return Err("the server chooses the name of an index without one: give it a name".into()),
        Part::DropIndex(name) => format!("ADD {}", index(name).ok_or_else(|| gone("index", name))?),
        Part::RenameIndex { old, new } => format!("RENAME INDEX {} TO {}", quote(new), quote(old)),
        Part::IndexUse { name, undone_by } => format!("ALTER INDEX {} {undone_by}", quote(name)),
        Part::AddPrimaryKey { .. } => match definition::primary_key(create) {
            Some(_) => return there("primary key", "of the table"),
            None => "DROP PRIMARY KEY".into(),
        },
        Part::DropPrimaryKey => {
            format!("ADD {}", definition::primary_key(create).ok_or_else(|| gone("primary", "key"))?)
        }
        Part::AddForeignKey { name: Some(name), .. } => {
            found.blast.notes.push("an index that the foreign key makes for itself stays when it is undone".into());
            format!("DROP FOREIGN KEY {}", quote(name))
        }
        Part::AddCheck(Some(name)) => format!("DROP CONSTRAINT {}", quote(name)),
        Part::AddForeignKey { name: None, .. } | Part::AddCheck(None) => {
            return Err("the server chooses the name of a constraint without one: give it a name".into());
        }
        Part::DropForeignKey(name) | Part::DropConstraint(name) => {
            format!("ADD {}", definition::constraint(create, name).ok_or_else(|| gone("constraint", name))?)
        }
        Part::AutoIncrement => return Err("numbers that are given out meanwhile are not taken back".into()),
        Part::Engine(new) if new.eq_ignore_ascii_case(&table.engine) => format!("ENGINE = {}", quote(&table.engine)),
        Part::Engine(_) => return Err("another engine may keep values, keys and transactions in another way".into()),
        Part::Convert(_) => return Err("letters that the other character set lacks do not come back".into()),
        Part::Rename(_) => return Err("it renames the table and changes it at once: do it in two statements".into()),
        Part::About(what) | Part::Rebuild(what) | Part::Other(what) => {
            return Err(format!("what was there before `{what}` is not known here"));
        }
    })
}

/// The old description of a column, when every value outlives the new one.
fn restored(create: &str, name: &str, new: &str, placed: bool) -> Result<String, String> {
    let old = definition::column(create, name).ok_or_else(|| format!("there is no column {name}"))?;
    let charset = |text: &str| text.to_ascii_lowercase().contains("character set");
    if placed {
        return Err("the column moves to another place".into());
    }
    if charset(&old) || charset(new) {
        return Err("letters that the other character set lacks do not come back".into());
    }
    if !definition::keeps_values(&definition::type_of(&old), &definition::type_of(new)) {
        return Err(format!("values of {name} that the new type changes do not come back"));
    }
    Ok(old)
}
