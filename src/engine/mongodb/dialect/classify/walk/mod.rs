//! Walks of what is nested: filters, expressions and pipelines, at every depth. The statement's own depth is bounded
//! by its reader, so these recursions are too.

pub(super) mod accumulators;
pub(super) mod expression;
pub(super) mod filter;
pub(super) mod operators;
pub(super) mod stage;

use crate::domain::guard::{Class, Judgement};

/// Refuses an operator or a stage that is not on its list, saying what it does where that is known.
fn refused(name: &str, of: &str) -> Judgement {
    match name {
        "$where" | "$function" | "$accumulator" | "$eval" => {
            Judgement::deny(Class::Resource, format!("{name} runs JavaScript on the server"))
        }
        "$out" | "$merge" => Judgement::deny(Class::Dml, format!("{name} writes its result into a collection")),
        "$changeStream" | "$changeStreamSplitLargeEvent" => {
            Judgement::deny(Class::Resource, format!("{name} is a read without end"))
        }
        "$queryStats" => Judgement::deny(Class::Secret, "$queryStats shows what other people asked"),
        "$backupCursor" | "$backupCursorExtend" => {
            Judgement::deny(Class::Admin, format!("{name} pins the server's files for a backup"))
        }
        "$search" | "$searchMeta" | "$vectorSearch" | "$rankFusion" | "$scoreFusion" => Judgement::deny(
            Class::Unparsed,
            format!("{name} is work of another service, whose language is not judged here"),
        ),
        other => Judgement::deny(
            Class::Unparsed,
            format!("{other} is not a known {of}; names are written exactly, with upper and lower case"),
        ),
    }
}
