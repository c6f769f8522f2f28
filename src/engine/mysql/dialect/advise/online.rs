//! How the server would do it: by a copy, with writers waiting, or beside the traffic.

use super::super::forms::Form;
use super::super::forms::alter::Part;
use super::super::forms::objects::Objects;
use super::super::online::{self, Way};
use super::{Act, Remark};

/// The way without a look at the table, and what the statement says of it itself.
fn way(act: &Act<'_>) -> Option<(Way, bool)> {
    let (way, how) = match &act.form {
        Form::Alter(alter) => (online::of(alter, act.flavour, |_, _| None), &alter.how),
        Form::Objects(Objects::CreateIndex { index, how, .. }) => (online::of_index(index.kind), how),
        Form::Objects(Objects::DropIndex { how, .. }) => (Way::InPlace, how),
        _ => return None,
    };
    let way = if how.algorithm.as_deref() == Some("COPY") { Way::Copy } else { way };
    Some((way, how.algorithm.is_some() || how.lock.is_some()))
}

/// The statement with a clause, after a comma where it is an ALTER TABLE.
fn with_clause(act: &Act<'_>, clause: &str) -> String {
    match act.form {
        Form::Alter(_) => format!("{}, {clause}", act.statement()),
        _ => format!("{} {}", act.statement(), clause.replace(',', "")),
    }
}

pub(super) fn copies(act: &Act<'_>) -> Option<Remark> {
    let (Way::Copy, said) = way(act)? else { return None };
    let text =
        "as far as can be told without the table, the server copies all of it, and writers wait to the end".to_owned();
    let instead = (!said).then(|| with_clause(act, "ALGORITHM=INPLACE, LOCK=NONE"));
    let instead = instead.map(|clause| {
        format!("{clause} -- refuses instead of copying; gh-ost or pt-online-schema-change do it beside the traffic")
    });
    Some((text, instead))
}

pub(super) fn stops_writers(act: &Act<'_>) -> Option<Remark> {
    let how = match &act.form {
        Form::Alter(alter) => &alter.how,
        Form::Objects(Objects::CreateIndex { how, .. } | Objects::DropIndex { how, .. }) => how,
        _ => return None,
    };
    let asked = matches!(how.lock.as_deref(), Some("SHARED" | "EXCLUSIVE"));
    let (way, _) = way(act)?;
    if asked {
        return Some((
            format!("LOCK={} keeps writers out until it is done", how.lock.clone().unwrap_or_default()),
            None,
        ));
    }
    (way == Way::InPlaceShared).then(|| ("writers of the table wait until it is done, readers go on".to_owned(), None))
}

pub(super) fn rebuilds(act: &Act<'_>) -> Option<Remark> {
    let (Way::Rebuild, _) = way(act)? else { return None };
    Some((
        "the whole table is written anew beside the traffic: it takes the table's size on disk again, and replicas lag"
            .into(),
        None,
    ))
}

pub(super) fn names_no_algorithm(act: &Act<'_>) -> Option<Remark> {
    let (way, false) = way(act)? else { return None };
    let clause = way.clause()?;
    let text =
        format!("without ALGORITHM and LOCK the server may fall back to something heavier than {}", way.algorithm());
    Some((text, Some(with_clause(act, clause))))
}

fn part(act: &Act<'_>, wanted: fn(&Part) -> bool) -> bool {
    matches!(&act.form, Form::Alter(alter) if alter.parts.iter().any(wanted))
}

pub(super) fn foreign_key(act: &Act<'_>) -> Option<Remark> {
    let text = "every row is checked while the table is copied and writers wait; only a session with foreign_key_checks = 0 \
                adds the key at once, and leaves old rows unchecked";
    part(act, |p| matches!(p, Part::AddForeignKey { .. })).then(|| (text.to_owned(), None))
}

pub(super) fn check(act: &Act<'_>) -> Option<Remark> {
    part(act, |p| matches!(p, Part::AddCheck(_)))
        .then(|| ("every row is checked first, and one that does not fit makes it fail".to_owned(), None))
}
