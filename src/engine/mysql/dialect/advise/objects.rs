//! Tables, indexes and settings.

use super::super::forms::Form;
use super::super::forms::alter::Part;
use super::super::forms::objects::{Index, IndexKind, Objects};
use super::super::names::quote;
use super::{Act, Remark};

/// More columns than this make an index that costs more than it saves (`strong_migrations`' limit).
const WIDE: usize = 3;

fn parts<'a>(act: &'a Act<'_>) -> &'a [Part] {
    match &act.form {
        Form::Alter(alter) => &alter.parts,
        _ => &[],
    }
}

pub(super) fn renames(act: &Act<'_>) -> Option<Remark> {
    let renames = matches!(&act.form, Form::Objects(Objects::RenameTables(_)))
        || parts(act).iter().any(|part| matches!(part, Part::Rename(_)));
    let instead = "keep a view under the old name until every program knows the new one";
    renames.then(|| ("programs that use the old name fail from that moment on".into(), Some(instead.into())))
}

pub(super) fn drops(act: &Act<'_>) -> Option<Remark> {
    let Form::Objects(Objects::DropTables { tables, .. }) = &act.form else { return None };
    let mut text = "the rows are gone: a backup is the way back".to_owned();
    if tables.len() > 1 && act.flavour.is_mariadb() {
        text.push_str("; MariaDB drops one after the other, and an error in the middle leaves the first ones gone");
    }
    let first = tables.first()?;
    let old = quote(&format!("{}_old", first.name));
    Some((text, Some(format!("RENAME TABLE {} TO {old}, and drop it once nobody has missed it", quote(&first.name)))))
}

pub(super) fn drops_database(act: &Act<'_>) -> Option<Remark> {
    matches!(&act.form, Form::Objects(Objects::DropDatabase(_)))
        .then(|| ("every table in it is gone with its rows".into(), None))
}

pub(super) fn drops_index(act: &Act<'_>) -> Option<Remark> {
    let (name, table) = match &act.form {
        Form::Objects(Objects::DropIndex { name, table, .. }) => (name, table),
        Form::Alter(alter) => {
            let name = alter.parts.iter().find_map(|part| match part {
                Part::DropIndex(name) => Some(name),
                _ => None,
            })?;
            (name, &alter.table)
        }
        _ => return None,
    };
    let hidden = match act.flavour {
        super::Flavour::Mariadb(100_600..) => Some("IGNORED"),
        super::Flavour::Mysql(80_000..) => Some("INVISIBLE"),
        _ => None,
    };
    let full = table.database.iter().map(|d| quote(d) + ".").collect::<String>() + &quote(&table.name);
    let instead = hidden.map(|word| {
        format!("ALTER TABLE {full} ALTER INDEX {} {word} -- and drop it once nothing became slow", quote(name))
    });
    Some((format!("statements that used {name} read the table instead, and building it again takes its time"), instead))
}

pub(super) fn drops_primary_key(act: &Act<'_>) -> Option<Remark> {
    let alone = parts(act).iter().any(|p| matches!(p, Part::DropPrimaryKey))
        && !parts(act).iter().any(|p| matches!(p, Part::AddPrimaryKey { .. }));
    let instead = "drop it and add the new one in one statement";
    alone.then(|| {
        ("rows lose their order and replicas find each of them by reading the table".into(), Some(instead.into()))
    })
}

fn indexes<'a>(act: &'a Act<'_>) -> Vec<&'a Index> {
    match &act.form {
        Form::Objects(Objects::CreateIndex { index, .. }) => vec![index],
        Form::Alter(alter) => alter
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::AddIndex(index) => Some(index),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

pub(super) fn wide_index(act: &Act<'_>) -> Option<Remark> {
    let wide = indexes(act).into_iter().find(|i| i.kind == IndexKind::Plain && i.columns > WIDE)?;
    let text = format!(
        "an index of {} columns is rarely better than one of the first {WIDE}, and every write pays for it",
        wide.columns
    );
    Some((text, None))
}

pub(super) fn nameless_index(act: &Act<'_>) -> Option<Remark> {
    indexes(act).iter().any(|i| i.name.is_none()).then(|| {
        (
            "the server chooses the name of the index: nobody can say beforehand how to drop it again".into(),
            Some("give it a name".into()),
        )
    })
}

pub(super) fn optimizes(act: &Act<'_>) -> Option<Remark> {
    matches!(&act.form, Form::Upkeep { verb, .. } if verb == "OPTIMIZE").then(|| {
        ("InnoDB writes the whole table anew, other engines keep writers out; space within the table is used again without it".into(), None)
    })
}

pub(super) fn forgotten(act: &Act<'_>) -> Option<Remark> {
    let Form::Set { scope, .. } = &act.form else { return None };
    if scope != "GLOBAL" {
        return None;
    }
    let token = act.words.tokens.get(1).map(|t| t.range.clone()).filter(|_| act.words.is(1, &["global"]));
    let instead = if let Some(global) = token.filter(|_| act.flavour.is_mysql_since(80_000)) {
        format!("{}PERSIST{}", &act.words.text[..global.start], &act.words.text[global.end..])
    } else if act.flavour.is_mysql_since(80_000) {
        "SET PERSIST".into()
    } else {
        "write it into the server's option file as well".into()
    };
    Some(("it is forgotten when the server restarts, and sessions that run keep the old value".into(), Some(instead)))
}
