//! Changes of rows.

use super::super::forms::Form;
use super::super::forms::rows::{Change, Source, Verb};
use super::{Act, Remark};

fn change<'a>(act: &'a Act<'_>) -> Option<&'a Change> {
    match &act.form {
        Form::Rows(change) => Some(change),
        _ => None,
    }
}

pub(super) fn replaces(act: &Act<'_>) -> Option<Remark> {
    (change(act)?.verb == Verb::Replace).then(|| {
        let text = "REPLACE deletes the old row, with what foreign keys and triggers do then, and columns that are not named lose \
                    their values";
        (text.to_owned(), Some("INSERT ... ON DUPLICATE KEY UPDATE".into()))
    })
}

pub(super) fn ignores(act: &Act<'_>) -> Option<Remark> {
    change(act)?.ignore.then(|| {
        (
            "IGNORE passes over rows and bends values that do not fit, with a warning alone".into(),
            Some("leave it out".into()),
        )
    })
}

pub(super) fn unordered(act: &Act<'_>) -> Option<Remark> {
    let change = change(act)?;
    (change.limited && change.tail.to_ascii_lowercase().starts_with("limit")).then(|| {
        (
            "which rows LIMIT picks is left to chance, and replicas may pick others".into(),
            Some("ORDER BY the key before it".into()),
        )
    })
}

pub(super) fn nameless(act: &Act<'_>) -> Option<Remark> {
    let bare = matches!(&change(act)?.source, Some(Source::Values { columns: None, .. }));
    bare.then(|| {
        ("a column that is added or moved later changes what the values mean".into(), Some("name the columns".into()))
    })
}
