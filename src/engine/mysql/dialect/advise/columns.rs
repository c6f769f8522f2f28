//! Columns that come, change and go under programs that run.

use super::super::forms::Form;
use super::super::forms::alter::Part;
use super::super::names::quote;
use super::super::online;
use super::{Act, Remark};

/// The columns that it adds, with their descriptions in lower case.
fn added<'a>(act: &'a Act<'_>) -> impl Iterator<Item = (&'a str, String)> {
    let parts = match &act.form {
        Form::Alter(alter) => alter.parts.as_slice(),
        _ => &[],
    };
    parts.iter().filter_map(|part| match part {
        Part::AddColumn { name, definition, .. } => Some((name.as_str(), definition.to_ascii_lowercase())),
        _ => None,
    })
}

fn parts<'a>(act: &'a Act<'_>) -> &'a [Part] {
    match &act.form {
        Form::Alter(alter) => &alter.parts,
        _ => &[],
    }
}

pub(super) fn expression_default(act: &Act<'_>) -> Option<Remark> {
    let (name, _) = added(act).find(|(_, definition)| online::expression_default(definition))?;
    let text = format!("the default of {name} is computed for every row that is there, by a copy of the table");
    Some((
        text,
        Some(format!("add {} without a default, fill it in batches, then ALTER COLUMN ... SET DEFAULT", quote(name))),
    ))
}

pub(super) fn required(act: &Act<'_>) -> Option<Remark> {
    let (name, _) = added(act).find(|(_, d)| {
        d.contains("not null")
            && !d.contains("default")
            && !d.contains("auto_increment")
            && !d.contains(" as (")
            && !d.contains("generated")
    })?;
    let text = format!(
        "rows that are there get 0 or an empty text in {name}, and every running INSERT that does not name it fails from then on"
    );
    Some((text, Some(format!("give {} a DEFAULT, or add it as NULL first", quote(name)))))
}

pub(super) fn auto_increment(act: &Act<'_>) -> Option<Remark> {
    let (name, _) = added(act).find(|(_, d)| d.contains("auto_increment"))?;
    Some((
        format!(
            "{name} numbers every row: the table is written anew and writers wait; replicas may number in another order"
        ),
        None,
    ))
}

pub(super) fn stored(act: &Act<'_>) -> Option<Remark> {
    let (name, _) = added(act).find(|(_, d)| {
        (d.contains(" as (") || d.contains("generated")) && (d.contains("stored") || d.contains("persistent"))
    })?;
    Some((
        format!("{name} is computed for every row, by a copy of the table"),
        Some(
            "make it VIRTUAL: it takes no space and is added at once, and an index on it is built beside the traffic"
                .into(),
        ),
    ))
}

pub(super) fn changes_type(act: &Act<'_>) -> Option<Remark> {
    let name = parts(act).iter().find_map(|part| match part {
        Part::ModifyColumn { name, .. } | Part::ChangeColumn { old: name, .. } => Some(name),
        _ => None,
    })?;
    let text = format!(
        "all of {name} is described anew: what the description leaves out (NOT NULL, DEFAULT, COMMENT, character set) is lost, and \
         another type copies the table"
    );
    Some((text, None))
}

pub(super) fn not_null(act: &Act<'_>) -> Option<Remark> {
    let name = parts(act).iter().find_map(|part| match part {
        Part::ModifyColumn { name, definition, .. } | Part::ChangeColumn { new: name, definition, .. } => {
            definition.to_ascii_lowercase().contains("not null").then_some(name)
        }
        _ => None,
    })?;
    Some((
        format!("a row with NULL in {name} makes it fail, after it has worked through the table"),
        Some(format!("SELECT COUNT(*) ... WHERE {} IS NULL first", quote(name))),
    ))
}

pub(super) fn renames(act: &Act<'_>) -> Option<Remark> {
    let (old, new) = parts(act).iter().find_map(|part| match part {
        Part::RenameColumn { old, new } | Part::ChangeColumn { old, new, .. }
            if old.to_lowercase() != new.to_lowercase() =>
        {
            Some((old, new))
        }
        _ => None,
    })?;
    let text = format!("programs that use {old} fail from that moment on");
    let steps =
        format!("add {}, write both, fill the old rows, read the new one, then drop {}", quote(new), quote(old));
    Some((text, Some(steps)))
}

pub(super) fn drops(act: &Act<'_>) -> Option<Remark> {
    let name = parts(act).iter().find_map(|part| match part {
        Part::DropColumn(name) => Some(name),
        _ => None,
    })?;
    let text = format!("the values of {name} are gone, and programs that still read or write it fail");
    let instead = act.flavour.is_mysql_since(80_023) || matches!(act.flavour, super::Flavour::Mariadb(100_300..));
    Some((
        text,
        instead.then(|| format!("make {} INVISIBLE first, and drop it once nobody has missed it", quote(name))),
    ))
}
