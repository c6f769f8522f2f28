//! What comes after the object itself: indexes, triggers, rules, policies, marks, comments, owner and rights, and the
//! attachment of a partition.

use super::super::parts::{Attached, Column, Grant, Parts, Policy};
use super::{full_name, place, word};
use crate::engine::postgres::dialect::{literal, quote};

pub(super) fn statements(parts: &Parts) -> Vec<String> {
    let mut statements = Vec::new();
    indexes(parts, &mut statements);
    unproven(parts, &mut statements);
    statements.extend(parts.statistics.iter().cloned());
    columns(parts, &mut statements);
    marks(parts, &mut statements);
    attached(parts, &parts.triggers, "TRIGGER", &mut statements);
    attached(parts, &parts.rules, "RULE", &mut statements);
    statements.extend(parts.policies.iter().map(|policy| self::policy(parts, policy)));
    comments(parts, &mut statements);
    rights(parts, &mut statements);
    if let (Some(bound), Some(parent)) = (&parts.bound, parts.parents.first()) {
        let parent = place(&parent.space, &parent.name);
        statements.push(format!("ALTER TABLE {parent} ATTACH PARTITION {} {bound}", full_name(parts)));
    }
    statements
}

fn indexes(parts: &Parts, statements: &mut Vec<String>) {
    // On a partitioned table an index is not whole while one of its partitions has none; it is made all the same.
    for index in parts.indexes.iter().filter(|i| !i.of_constraint && (i.valid || parts.kind == 'p')) {
        let predicate = index.definition.find(" WHERE ").unwrap_or(index.definition.len());
        match &index.tablespace {
            Some(tablespace) => {
                let (head, tail) = index.definition.split_at(predicate);
                statements.push(format!("{head} TABLESPACE {tablespace}{tail}"));
            }
            None => statements.push(index.definition.clone()),
        }
    }
}

/// Constraints that nobody has proved for the rows that are there.
fn unproven(parts: &Parts, statements: &mut Vec<String>) {
    let name = full_name(parts);
    let is_partition = parts.bound.is_some();
    for constraint in parts.constraints.iter().filter(|c| !c.valid && (c.local || is_partition)) {
        statements.push(format!("ALTER TABLE {name} ADD CONSTRAINT {} {}", constraint.name, constraint.definition));
    }
    for constraint in parts.columns.iter().filter_map(|c| c.not_null_constraint.as_ref()).filter(|c| !c.valid) {
        statements.push(format!("ALTER TABLE {name} ADD CONSTRAINT {} {}", constraint.name, constraint.definition));
    }
}

/// What a column has besides its type and value.
fn columns(parts: &Parts, statements: &mut Vec<String>) {
    let (name, kind) = (full_name(parts), word(parts));
    for column in &parts.columns {
        let mut alter =
            |what: String| statements.push(format!("ALTER {kind} {name} ALTER COLUMN {} {what}", column.name));
        if (inherited(parts, column) || parts.kind == 'v')
            && let Some(default) = column.default.as_ref().filter(|_| column.generated.is_empty())
        {
            alter(format!("SET DEFAULT {default}"));
        }
        if let Some(storage) = column.storage.as_deref().and_then(storage) {
            alter(format!("SET STORAGE {storage}"));
        }
        match column.compression.as_deref() {
            Some("p") => alter("SET COMPRESSION pglz".to_owned()),
            Some("l") => alter("SET COMPRESSION lz4".to_owned()),
            _ => {}
        }
        if let Some(target) = column.statistics.filter(|target| *target >= 0) {
            alter(format!("SET STATISTICS {target}"));
        }
        if !column.options.is_empty() {
            alter(format!("SET ({})", column.options.join(", ")));
        }
    }
}

/// The column comes with a parent table.
fn inherited(parts: &Parts, column: &Column) -> bool {
    !column.local && parts.bound.is_none()
}

fn storage(letter: &str) -> Option<&'static str> {
    Some(match letter {
        "p" => "PLAIN",
        "e" => "EXTERNAL",
        "m" => "MAIN",
        "x" => "EXTENDED",
        _ => return None,
    })
}

fn marks(parts: &Parts, statements: &mut Vec<String>) {
    let (name, kind) = (full_name(parts), word(parts));
    for index in parts.indexes.iter().filter(|i| i.clustered) {
        statements.push(format!("ALTER {kind} {name} CLUSTER ON {}", index.name));
    }
    match parts.replica_identity {
        'f' => statements.push(format!("ALTER TABLE {name} REPLICA IDENTITY FULL")),
        'n' if matches!(parts.kind, 'r' | 'p') => {
            statements.push(format!("ALTER TABLE {name} REPLICA IDENTITY NOTHING"));
        }
        'i' => {
            let index = parts.indexes.iter().find(|i| i.identity);
            statements.extend(index.map(|i| format!("ALTER TABLE {name} REPLICA IDENTITY USING INDEX {}", i.name)));
        }
        _ => {}
    }
    if parts.row_security {
        statements.push(format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"));
    }
    if parts.force_row_security {
        statements.push(format!("ALTER TABLE {name} FORCE ROW LEVEL SECURITY"));
    }
}

/// Triggers or rules.
fn attached(parts: &Parts, list: &[Attached], kind: &str, statements: &mut Vec<String>) {
    let name = full_name(parts);
    for each in list {
        statements.push(each.definition.trim_end().trim_end_matches(';').to_owned());
        let state = match each.enabled {
            'D' => "DISABLE",
            'R' => "ENABLE REPLICA",
            'A' => "ENABLE ALWAYS",
            _ => continue,
        };
        statements.push(format!("ALTER TABLE {name} {state} {kind} {}", each.name));
    }
}

fn policy(parts: &Parts, policy: &Policy) -> String {
    let kind = if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" };
    let command = match policy.command {
        'r' => "SELECT",
        'a' => "INSERT",
        'w' => "UPDATE",
        'd' => "DELETE",
        _ => "ALL",
    };
    let roles = policy.roles.as_ref().map_or_else(|| "PUBLIC".to_owned(), |roles| roles.join(", "));
    let mut text = format!("CREATE POLICY {} ON {} AS {kind} FOR {command} TO {roles}", policy.name, full_name(parts));
    if let Some(using) = &policy.using {
        text.push_str(&format!(" USING ({using})"));
    }
    if let Some(check) = &policy.check {
        text.push_str(&format!(" WITH CHECK ({check})"));
    }
    text
}

fn comments(parts: &Parts, statements: &mut Vec<String>) {
    let (name, kind) = (full_name(parts), word(parts));
    let mut on = |what: String, comment: &Option<String>| {
        if let Some(comment) = comment {
            statements.push(format!("COMMENT ON {what} IS {}", literal(comment)));
        }
    };
    on(format!("{kind} {name}"), &parts.comment);
    for column in &parts.columns {
        on(format!("COLUMN {name}.{}", column.name), &column.comment);
    }
    for constraint in parts.constraints.iter().filter(|c| c.local || parts.bound.is_some()) {
        on(format!("CONSTRAINT {} ON {name}", constraint.name), &constraint.comment);
    }
    let space = quote(&parts.space);
    for index in parts.indexes.iter().filter(|i| i.valid || parts.kind == 'p') {
        on(format!("INDEX {space}.{}", index.name), &index.comment);
    }
    for trigger in &parts.triggers {
        on(format!("TRIGGER {} ON {name}", trigger.name), &trigger.comment);
    }
}

fn rights(parts: &Parts, statements: &mut Vec<String>) {
    let (name, kind) = (full_name(parts), word(parts));
    statements.push(format!("ALTER {kind} {name} OWNER TO {}", parts.owner));
    // Rights on a view or a materialized view are a table's.
    let on = if parts.kind == 'S' { format!("SEQUENCE {name}") } else { format!("TABLE {name}") };
    if parts.granted {
        let kept = parts.grants.iter().filter(|g| g.owner).count();
        if kept < parts.owner_rights {
            statements.push(format!("REVOKE ALL ON {on} FROM {}", parts.owner));
        }
        let told = |g: &&Grant| !g.owner || kept < parts.owner_rights;
        statements.extend(grants(parts.grants.iter().filter(told), &on, None));
    }
    for column in &parts.columns {
        statements.extend(grants(column.grants.iter(), &on, Some(&column.name)));
    }
    for sequence in &parts.sequences {
        let on = format!("SEQUENCE {}", place(&sequence.space, &sequence.name));
        statements.extend(grants(sequence.grants.iter().filter(|g| !g.owner), &on, None));
    }
}

/// One statement a role, and one more for what it may pass on.
fn grants<'a>(grants: impl Iterator<Item = &'a Grant>, on: &str, column: Option<&str>) -> Vec<String> {
    let mut by_role: Vec<((&str, bool), Vec<String>)> = Vec::new();
    for grant in grants {
        let right = column.map_or_else(|| grant.right.clone(), |column| format!("{} ({column})", grant.right));
        let key = (grant.role.as_str(), grant.grantable);
        match by_role.iter_mut().find(|(known, _)| *known == key) {
            Some((_, rights)) => rights.push(right),
            None => by_role.push((key, vec![right])),
        }
    }
    let statement = |((role, grantable), rights): ((&str, bool), Vec<String>)| {
        let option = if grantable { " WITH GRANT OPTION" } else { "" };
        format!("GRANT {} ON {on} TO {role}{option}", rights.join(", "))
    };
    by_role.into_iter().map(statement).collect()
}
