//! Indexes: built, dropped and rebuilt beside the traffic, or in its way.

use super::act::{Act, all_written, source, source_with, written};
use crate::engine::sql::advice::Remark;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{AstNode, CreateIndex, DropBehavior, ReindexTarget, Stmt};

fn created(act: &Act) -> Option<&CreateIndex> {
    match &act.statement {
        Stmt::CreateIndex(create) => Some(create),
        _ => None,
    }
}

/// CREATE INDEX without CONCURRENTLY. `ON ONLY` is left alone: it is the first step for a partitioned table, where it
/// builds nothing.
pub(super) fn creation(act: &Act) -> Vec<Remark> {
    let Some(create) = created(act) else { return Vec::new() };
    let Some(table) = create.table_relation_name() else { return Vec::new() };
    if create.concurrently_token().is_some() || table.only_token().is_some() {
        return Vec::new();
    }
    let name = written(table.table_name_ref()).unwrap_or_default();
    let concurrent = source_with(create.syntax(), &[SyntaxKind::INDEX_KW], "CONCURRENTLY");
    let remark = Remark::new(format!(
        "Nobody can write to {name} until the index is built; a partitioned table wants it ON ONLY the table, then \
         CONCURRENTLY on each partition."
    ));
    vec![remark.instead([concurrent])]
}

/// CONCURRENTLY IF NOT EXISTS: an index that an earlier attempt left invalid exists.
pub(super) fn if_not_exists(act: &Act) -> Vec<Remark> {
    let Some(create) = created(act) else { return Vec::new() };
    let (Some(_), Some(_), Some(index)) =
        (create.concurrently_token(), create.if_not_exists(), written(create.index()))
    else {
        return Vec::new();
    };
    let clause = written(create.if_not_exists()).unwrap_or_default();
    vec![
        Remark::new(format!(
            "If an earlier attempt left {index} invalid, this succeeds without building anything, and no query can \
             use it while every write still pays for it."
        ))
        .instead([source(create.syntax()).replacen(&format!("{clause} "), "", 1)]),
    ]
}

/// More columns than an index without UNIQUE usually needs.
pub(super) fn many_columns(act: &Act) -> Vec<Remark> {
    const MOST: usize = 3; // strong_migrations' limit
    let Some(create) = created(act).filter(|create| create.unique_token().is_none()) else { return Vec::new() };
    let method = create.using_method().map(|method| source(method.syntax()).to_ascii_lowercase());
    // Every column of a GIN or BRIN index helps by itself.
    if method.is_some_and(|method| !method.ends_with("btree")) {
        return Vec::new();
    }
    let columns = create.partition_item_list().map_or(0, |list| list.partition_items().count());
    if columns <= MOST {
        return Vec::new();
    }
    vec![Remark::new(format!(
        "The first columns of an index do most of the work: {columns} make every write and the index itself bigger \
         for little more."
    ))]
}

/// DROP INDEX without CONCURRENTLY.
pub(super) fn deletion(act: &Act) -> Vec<Remark> {
    let Stmt::DropIndex(drop) = &act.statement else { return Vec::new() };
    if drop.concurrently_token().is_some() {
        return Vec::new();
    }
    let names = all_written(drop.index_refs());
    let remark = Remark::new(format!(
        "Nobody can read or write the table of {} from the moment this waits for its lock until it has it.",
        names.join(", ")
    ));
    if matches!(drop.drop_behavior(), Some(DropBehavior::Cascade(_))) {
        return vec![remark];
    }
    let if_exists = if drop.if_exists().is_some() { "IF EXISTS " } else { "" };
    vec![remark.instead(names.iter().map(|name| format!("DROP INDEX CONCURRENTLY {if_exists}{name}")))]
}

/// REINDEX without CONCURRENTLY, which exists since 12.
pub(super) fn rebuild(act: &Act) -> Vec<Remark> {
    let Stmt::Reindex(reindex) = &act.statement else { return Vec::new() };
    let Some(target) = reindex.reindex_target() else { return Vec::new() };
    if reindex.is_concurrently() {
        return Vec::new();
    }
    let what = match &target {
        ReindexTarget::ReindexTargetIndex(_) => "the table of this index",
        ReindexTarget::ReindexTargetTable(_) => "this table",
        ReindexTarget::ReindexTargetSchema(_) => "each table of this schema in turn",
        ReindexTarget::ReindexTargetDatabase(_) => "each table of this database in turn",
        ReindexTarget::ReindexTargetSystem(_) => "each system catalogue in turn",
    };
    let remark = Remark::new(format!(
        "Nobody can write to {what}, nor run a query that would use the index, until it is rebuilt."
    ));
    // The catalogues cannot be rebuilt beside the traffic.
    if !act.since(12) || matches!(target, ReindexTarget::ReindexTargetSystem(_)) {
        return vec![remark];
    }
    let kinds = [SyntaxKind::INDEX_KW, SyntaxKind::TABLE_KW, SyntaxKind::SCHEMA_KW, SyntaxKind::DATABASE_KW];
    let concurrent = source_with(reindex.syntax(), &kinds, "CONCURRENTLY");
    vec![remark.instead([concurrent])]
}
