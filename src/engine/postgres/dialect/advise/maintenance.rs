//! Tables rewritten, partitions moved, triggers and row security switched: acts on a table as a whole.

use super::act::{Act, Table, all_written, source, source_with, written};
use crate::engine::sql::advice::Remark;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{
    AlterTableAction, AstNode, Cluster, DataOption, ReplicaIdentityOption, Stmt, TableRelationName,
};

/// VACUUM FULL and CLUSTER: the table is written anew under the strongest lock.
pub(super) fn repack(act: &Act) -> Vec<Remark> {
    match &act.statement {
        Stmt::Vacuum(vacuum) if vacuum.is_full() => {
            let listed = vacuum.table_and_columns_list();
            let tables: Vec<TableRelationName> = listed
                .iter()
                .flat_map(|list| list.syntax().descendants())
                .filter_map(TableRelationName::cast)
                .collect();
            let tables = all_written(tables);
            let plain = tables.iter().map(|table| format!("VACUUM (ANALYZE) {table}"));
            let packed = tables.iter().map(|table| format!("REPACK (CONCURRENTLY) {table}"));
            let what = if tables.is_empty() { "each table of the database".to_owned() } else { tables.join(", ") };
            let remark = rewritten_whole(act, &what, "a plain VACUUM lets new rows use the space again");
            vec![if act.since(19) { remark.instead(packed) } else { remark.instead(plain) }]
        }
        Stmt::Cluster(cluster) => vec![clustered(act, cluster)],
        _ => Vec::new(),
    }
}

fn clustered(act: &Act, cluster: &Cluster) -> Remark {
    let (table, index) = match cluster.cluster_legacy() {
        Some(legacy) => (written(legacy.on_path().and_then(|on| on.table_name_ref())), written(legacy.index_ref())),
        None => {
            let index = cluster.cluster_using_index().and_then(|using| using.index_ref());
            (written(cluster.table_name_ref()), written(index))
        }
    };
    let Some(table) = table else {
        return rewritten_whole(act, "each table that was clustered before", "later rows are not kept in order");
    };
    let remark = rewritten_whole(act, &table, "later rows are not kept in order");
    if !act.since(19) {
        return remark;
    }
    let order = index.map(|index| format!(" USING INDEX {index}")).unwrap_or_default();
    remark.instead([format!("REPACK (CONCURRENTLY) {table}{order}")])
}

fn rewritten_whole(act: &Act, what: &str, more: &str) -> Remark {
    let tool = if act.since(19) { "REPACK does it" } else { "the extensions pg_repack and pg_squeeze do it" };
    Remark::new(format!(
        "Nobody can read or write {what} while it is written anew, which takes its size again on disk; {more}, and \
         {tool} beside the traffic."
    ))
}

/// Actions of ALTER TABLE that copy the whole table.
pub(super) fn rewrite(act: &Act) -> Vec<Remark> {
    let rewritten = |(table, action): (Table, AlterTableAction)| {
        let more = match action {
            AlterTableAction::SetLogged(_) => ", and all of it goes to the write-ahead log and the replicas",
            AlterTableAction::SetUnlogged(_) => {
                "; from then on replicas have none of its rows, and a crash of the server empties it"
            }
            AlterTableAction::SetTablespace(_) | AlterTableAction::SetAccessMethod(_) => "",
            _ => return None,
        };
        Some(Remark::new(format!("Nobody can read or write {} while every page of it is copied{more}.", table.name)))
    };
    act.alterations().into_iter().filter_map(rewritten).collect()
}

/// DETACH PARTITION without CONCURRENTLY, which exists since 14.
pub(super) fn detach(act: &Act) -> Vec<Remark> {
    let detached = |(table, action): (Table, AlterTableAction)| match action {
        AlterTableAction::DetachPartition(detach) if detach.detach_partition_option().is_none() => {
            let partition = written(detach.table_name_ref())?;
            let remark = Remark::new(format!(
                "Nobody can read or write {} or any partition of it from the moment this waits for its lock until it \
                 has it.",
                table.name
            ));
            Some(if act.since(14) {
                remark.instead([format!("ALTER TABLE {} DETACH PARTITION {partition} CONCURRENTLY", table.target)])
            } else {
                remark
            })
        }
        _ => None,
    };
    act.alterations().into_iter().filter_map(detached).collect()
}

/// ATTACH PARTITION: the rows are checked, unless a CHECK proves them.
pub(super) fn attach(act: &Act) -> Vec<Remark> {
    let attached = |(table, action): (Table, AlterTableAction)| match action {
        AlterTableAction::AttachPartition(attach) => {
            let partition = written(attach.table_name_ref())?;
            let default = if act.since(12) { "" } else { ", and the lock stops the readers of the whole table" };
            Some(Remark::new(format!(
                "Nobody can read or write {partition} while its rows are held against its bounds, and the default \
                 partition of {} is searched for rows of it{default}; a validated CHECK of the bounds on {partition} \
                 spares the first.",
                table.name
            )))
        }
        _ => None,
    };
    act.alterations().into_iter().filter_map(attached).collect()
}

/// REFRESH MATERIALIZED VIEW without CONCURRENTLY.
pub(super) fn refresh(act: &Act) -> Vec<Remark> {
    let Stmt::Refresh(refresh) = &act.statement else { return Vec::new() };
    let Some(view) = written(refresh.view_ref()) else { return Vec::new() };
    if refresh.concurrently_token().is_some() {
        return Vec::new();
    }
    if matches!(refresh.data_option(), Some(DataOption::WithNoData(_))) {
        return vec![Remark::new(format!("Every read of {view} fails until it is refreshed with data."))];
    }
    let concurrent = source_with(refresh.syntax(), &[SyntaxKind::VIEW_KW], "CONCURRENTLY");
    let remark = Remark::new(format!(
        "Nobody can read {view} while its query runs; beside the readers it needs a unique index of plain columns."
    ));
    vec![remark.instead([concurrent])]
}

/// DISABLE TRIGGER: what the trigger keeps true is no longer kept.
pub(super) fn disable_trigger(act: &Act) -> Vec<Remark> {
    let disabled = |(table, action): (Table, AlterTableAction)| match action {
        AlterTableAction::DisableTrigger(disable) => {
            let all =
                disable.trigger_target().is_some_and(|target| source(target.syntax()).eq_ignore_ascii_case("all"));
            let keys = if all { ", foreign keys among them," } else { "" };
            Some(Remark::new(format!(
                "What the trigger keeps true on {}{keys} is not kept for any session until it is enabled again, and \
                 the rows written meanwhile are never looked at again.",
                table.name
            )))
        }
        _ => None,
    };
    act.alterations().into_iter().filter_map(disabled).collect()
}

/// REPLICA IDENTITY: what logical replication can find a row by.
pub(super) fn replica_identity(act: &Act) -> Vec<Remark> {
    let changed = |(table, action): (Table, AlterTableAction)| match action {
        AlterTableAction::ReplicaIdentity(identity) => match identity.replica_identity_option()? {
            ReplicaIdentityOption::ReplicaIdentityNothing(_) => Some(Remark::new(format!(
                "Every UPDATE and DELETE on {} fails while it is published to logical replicas.",
                table.name
            ))),
            ReplicaIdentityOption::ReplicaIdentityFull(_) => Some(Remark::new(format!(
                "Every UPDATE and DELETE on {} writes the whole old row to the log, and subscribers may search their \
                 whole table for it.",
                table.name
            ))),
            _ => None,
        },
        _ => None,
    };
    act.alterations().into_iter().filter_map(changed).collect()
}

/// Row security on or off: another set of rows for everybody at once.
pub(super) fn row_security(act: &Act) -> Vec<Remark> {
    let switched = |(table, action): (Table, AlterTableAction)| {
        let name = &table.name;
        match action {
            AlterTableAction::DisableRls(_) => Some(Remark::new(format!(
                "Every role with SELECT on {name} sees all rows of it at once, whatever its policies say."
            ))),
            AlterTableAction::EnableRls(_) | AlterTableAction::ForceRls(_) => Some(Remark::new(format!(
                "Rows of {name} that no policy shows are gone at once for the programs that it now counts for, \
                 without any error."
            ))),
            _ => None,
        }
    };
    act.alterations().into_iter().filter_map(switched).collect()
}

/// A new table without a key.
pub(super) fn without_key(act: &Act) -> Vec<Remark> {
    let Stmt::CreateTable(create) = &act.statement else { return Vec::new() };
    let node = create.syntax();
    let has = |kinds: &[SyntaxKind]| node.descendants().any(|child| kinds.contains(&child.kind()));
    // What it is made like, or part of, may have the key.
    let elsewhere = [SyntaxKind::PARTITION_OF, SyntaxKind::LIKE_CLAUSE, SyntaxKind::OF_TYPE, SyntaxKind::INHERITS];
    if super::act::is_temporary(node) || has(&[SyntaxKind::PRIMARY_KEY_CONSTRAINT]) || has(&elsewhere) {
        return Vec::new();
    }
    vec![Remark::new(
        "Without a primary key nothing tells two equal rows apart, and logical replication refuses every UPDATE and \
         DELETE.",
    )]
}
