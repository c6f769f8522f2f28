//! Names: given to new things, taken from things that programs use.

use super::act::{Act, NAME_BYTES, Table, is_temporary, written};
use crate::engine::postgres::dialect::classify::words;
use crate::engine::sql::advice::Remark;
use squawk_syntax::ast::{
    AlterSchemaAction, AlterTableAction, AlterTypeAction, AstNode, Stmt, TableName, ValuePosition,
};
use squawk_syntax::{SyntaxKind, SyntaxNode};

/// Names of more bytes than the server keeps.
pub(super) fn too_long(act: &Act) -> Vec<Remark> {
    let statement = act.statement.syntax();
    let names = statement.descendants_with_tokens().filter_map(squawk_syntax::SyntaxElement::into_token);
    let mut found: Vec<String> = names
        .filter(|token| token.kind() == SyntaxKind::IDENT)
        .filter_map(|token| words::decode(token.text(), "\\"))
        .filter(|name| name.len() > NAME_BYTES)
        .collect();
    found.sort();
    found.dedup();
    let shortened = |name: &String| name[..name.floor_char_boundary(NAME_BYTES)].to_owned();
    found
        .iter()
        .map(|name| {
            Remark::new(format!(
                "The server keeps the first {NAME_BYTES} bytes of a name, so this one becomes {} and may meet another \
                 that starts alike.",
                shortened(name)
            ))
        })
        .collect()
}

/// A new table without its schema.
pub(super) fn without_schema(act: &Act) -> Vec<Remark> {
    let (name, node) = match &act.statement {
        Stmt::CreateTable(create) => (create.syntax().children().find_map(TableName::cast), create.syntax()),
        Stmt::CreateTableAs(create) => (create.table_name(), create.syntax()),
        _ => return Vec::new(),
    };
    let Some(name) = name.filter(|_| !is_temporary(node)) else { return Vec::new() };
    if words::parts(name.syntax()).len() > 1 {
        return Vec::new();
    }
    let name = written(Some(name)).unwrap_or_default();
    vec![Remark::new(format!(
        "{name} is made in whichever schema stands first in search_path then; write the schema before its name."
    ))]
}

/// ALTER TABLE ... RENAME TO.
pub(super) fn table(act: &Act) -> Vec<Remark> {
    let renamed = |(table, action): (Table, AlterTableAction)| match action {
        AlterTableAction::TableRenameTo(rename) => {
            let new = written(rename.table_name())?;
            let remark = Remark::new(format!(
                "Every program, function and report that still says {} fails the moment this commits; with a view of \
                 the new name they can change one after another, and a plain view takes writes too.",
                table.name
            ));
            Some(remark.instead([format!("CREATE VIEW {}{new} AS SELECT * FROM {}", table.qualifier, table.name)]))
        }
        _ => None,
    };
    act.alterations().into_iter().filter_map(renamed).collect()
}

/// ALTER SCHEMA ... RENAME TO.
pub(super) fn schema(act: &Act) -> Vec<Remark> {
    let Stmt::AlterSchema(alter) = &act.statement else { return Vec::new() };
    let (Some(AlterSchemaAction::SchemaRenameTo(_)), Some(name)) = (alter.action(), written(alter.schema_ref())) else {
        return Vec::new();
    };
    vec![Remark::new(format!(
        "Every program with {name} in its statements or its search_path fails the moment this commits, and so does \
         every function with the name in its text."
    ))]
}

/// Other things that get another name.
pub(super) fn object(act: &Act) -> Vec<Remark> {
    const RENAMES: &[SyntaxKind] = &[
        SyntaxKind::VIEW_RENAME_TO,
        SyntaxKind::TYPE_RENAME_TO,
        SyntaxKind::DOMAIN_RENAME_TO,
        SyntaxKind::FUNCTION_RENAME_TO,
        SyntaxKind::SEQUENCE_RENAME_TO,
        SyntaxKind::RENAME_ATTRIBUTE,
    ];
    let is_rename = |node: &SyntaxNode| RENAMES.contains(&node.kind());
    if act.statement.syntax().children().any(|child| is_rename(&child)) {
        return vec![Remark::new("Programs that still use the old name fail the moment this commits.")];
    }
    Vec::new()
}

/// ... SET SCHEMA.
pub(super) fn moved(act: &Act) -> Vec<Remark> {
    let moves = act.statement.syntax().children().any(|child| child.kind() == SyntaxKind::SET_SCHEMA);
    if moves {
        return vec![Remark::new(
            "Programs that name the old schema, or find this through a search_path without the new one, fail the \
             moment this commits.",
        )];
    }
    Vec::new()
}

/// A value of an enum gets another name.
pub(super) fn enum_value(act: &Act) -> Vec<Remark> {
    let Stmt::AlterType(alter) = &act.statement else { return Vec::new() };
    let Some(AlterTypeAction::RenameValue(rename)) = alter.action() else { return Vec::new() };
    let old = rename.syntax().children().find(|child| child.kind() == SyntaxKind::LITERAL);
    let old = old.map(|literal| super::act::source(&literal)).unwrap_or_default();
    vec![Remark::new(format!("Programs that still send {old}, or compare with it, fail the moment this commits."))]
}

/// A new value of an enum without its place among the others.
pub(super) fn enum_order(act: &Act) -> Vec<Remark> {
    let Stmt::AlterType(alter) = &act.statement else { return Vec::new() };
    let Some(AlterTypeAction::AddValue(add)) = alter.action() else { return Vec::new() };
    if add.syntax().children().any(|child| ValuePosition::can_cast(child.kind())) {
        return Vec::new();
    }
    let value = written(add.literal()).unwrap_or_default();
    vec![Remark::new(format!(
        "{value} sorts after all values that there are, and neither its place can be changed later nor the value be \
         removed; say BEFORE or AFTER which one it belongs."
    ))]
}
