//! Things that go: what depends on them, and what nothing brings back.

use super::act::{Act, Table, all_written, source_from, written};
use crate::engine::sql::advice::Remark;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{AstNode, DropBehavior, DropTable, Stmt};

/// DROP TABLE: a name is given back in a moment, rows are not.
pub(super) fn table(act: &Act) -> Vec<Remark> {
    let Stmt::DropTable(drop) = &act.statement else { return Vec::new() };
    let names = all_written(drop.table_name_refs());
    let remark = Remark::new(format!(
        "The rows of {} are gone for good, and so are its indexes, triggers and rights; under another name for some \
         days first, a forgotten program shows itself and the name can be given back.",
        names.join(", ")
    ));
    vec![remark.instead(renamed_away(drop))]
}

fn renamed_away(drop: &DropTable) -> Vec<String> {
    let if_exists = if drop.if_exists().is_some() { "IF EXISTS " } else { "" };
    let tables = drop.table_name_refs().filter_map(|name| {
        let written = written(Some(name.clone()))?;
        let table = Table::of_name(name.syntax(), written)?;
        Some(format!("ALTER TABLE {if_exists}{} RENAME TO {}", table.name, table.derived_name(&[], "to_drop")))
    });
    tables.collect()
}

pub(super) fn database(act: &Act) -> Vec<Remark> {
    let Stmt::DropDatabase(drop) = &act.statement else { return Vec::new() };
    let Some(name) = written(drop.database_ref()) else { return Vec::new() };
    let remark = Remark::new(format!(
        "Everything in {name} is gone for good, and only a backup brings it back; without connections for some days \
         first, a forgotten program shows itself."
    ));
    vec![remark.instead([format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")])]
}

/// TRUNCATE ... CASCADE: tables that nobody named.
pub(super) fn truncate_cascade(act: &Act) -> Vec<Remark> {
    let Stmt::Truncate(truncate) = &act.statement else { return Vec::new() };
    if !matches!(truncate.drop_behavior(), Some(DropBehavior::Cascade(_))) {
        return Vec::new();
    }
    let tables = truncate.table_list().map_or_else(Vec::new, |list| all_written(list.table_relation_names()));
    vec![Remark::new(format!(
        "Every table with a foreign key to {} loses all its rows too, and so does every table behind those.",
        tables.join(", ")
    ))]
}

/// CASCADE: what else goes is not in the statement.
pub(super) fn cascade(act: &Act) -> Vec<Remark> {
    let statement = act.statement.syntax();
    if matches!(act.statement, Stmt::Truncate(_)) {
        return Vec::new();
    }
    let dropping = statement.descendants().filter(|node| {
        node.first_token().is_some_and(|token| token.kind() == SyntaxKind::DROP_KW)
            && node.children().any(|child| child.kind() == SyntaxKind::CASCADE)
    });
    dropping
        .map(|node| {
            let what = source_from(&node, &[SyntaxKind::DROP_KW]);
            let plain = what.get(..what.len() - "cascade".len()).unwrap_or_default().trim_end().to_owned();
            let remark = Remark::new(
                "CASCADE also drops everything that depends on this (views, foreign keys, defaults, triggers), named \
                 nowhere in the statement; without it the server refuses and lists them.",
            );
            match &act.statement {
                Stmt::AlterTable(alter) => {
                    let table = alter.table_relation_name().map(|name| super::act::source(name.syntax()));
                    remark.instead(table.map(|table| format!("ALTER TABLE {table} {plain}")))
                }
                _ if node == *statement => remark.instead([plain]),
                _ => remark,
            }
        })
        .collect()
}

/// What happens when a thing of a kind goes.
macro_rules! fates {
    ($($kind:ident $name:ident $text:literal;)*) => {
        $(pub(super) fn $name(act: &Act) -> Vec<Remark> {
            if matches!(act.statement, Stmt::$kind(_)) { vec![Remark::new($text)] } else { Vec::new() }
        })*
    };
}

fates! {
    DropSchema schema "Programs that find their tables through this schema fail at once, and everything in it must go first.";
    DropView view "Programs that read this view fail at once, and its rights are to be granted anew if it comes back.";
    DropMaterializedView materialized_view
        "Programs that read this view fail at once, and to have it back its whole query must run again.";
    DropType type_ "Programs and functions that name this type fail at once.";
    DropDomain domain "Programs and functions that name this domain fail at once.";
    DropFunction function "Programs that call this function fail at once, and its rights are to be granted anew if it comes back.";
    DropProcedure procedure "Programs that call this procedure fail at once, and its rights are to be granted anew if it comes back.";
    DropSequence sequence "The last number is gone: a new sequence starts again, over keys that exist.";
    DropExtension extension "Functions, types and operators of the extension are gone for every program at once.";
    DropTrigger trigger "What this trigger kept true (audit rows, sums, copies) is no longer kept, from the next row on.";
    DropPolicy policy "Row security changes for everybody at once: with its last policy gone nobody but the owner sees a row.";
}
