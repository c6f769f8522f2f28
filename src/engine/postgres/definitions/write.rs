//! Statements that make an object as its parts say. A partition is made by itself and then attached, so that its
//! columns keep their order and its indexes their names.

mod after;

use super::parts::{Column, Constraint, Parts, Sequence};
use crate::domain::definition::{Definition, Fingerprint};
use crate::engine::postgres::dialect::{literal, quote};

/// The definition of an object.
pub(super) fn definition(parts: &Parts, object: Fingerprint) -> Definition {
    let mut statements = match parts.kind {
        'v' | 'm' => view(parts),
        'S' => parts.sequence.iter().map(sequence).collect(),
        _ => table(parts),
    };
    statements.extend(after::statements(parts));
    let is_partition = parts.bound.is_some();
    let part_of = parts.parents.first().filter(|_| is_partition).map(|p| (p.space.clone(), p.name.clone()));
    Definition { object, part_of, statements, missing: missing(parts) }
}

pub(super) fn full_name(parts: &Parts) -> String {
    place(&parts.space, &parts.name)
}

fn place(space: &str, name: &str) -> String {
    format!("{}.{}", quote(space), quote(name))
}

/// The word of its kind in COMMENT, ALTER and DROP.
fn word(parts: &Parts) -> &'static str {
    match parts.kind {
        'v' => "VIEW",
        'm' => "MATERIALIZED VIEW",
        'S' => "SEQUENCE",
        _ => "TABLE",
    }
}

fn table(parts: &Parts) -> Vec<String> {
    let mut statements = Vec::new();
    let serial = || parts.sequences.iter().filter(|s| !s.identity);
    statements.extend(serial().map(sequence));
    statements.push(create_table(parts));
    for owned in serial() {
        statements.push(format!(
            "ALTER SEQUENCE {} OWNED BY {}.{}",
            place(&owned.space, &owned.name),
            full_name(parts),
            owned.column
        ));
    }
    statements
}

fn create_table(parts: &Parts) -> String {
    let is_partition = parts.bound.is_some();
    let unlogged = if parts.persistence == 'u' { "UNLOGGED " } else { "" };
    let mut text = format!("CREATE {unlogged}TABLE {}", full_name(parts));
    // What a parent gives comes with it; a partition is made by itself, with everything.
    let own = |local: bool| local || is_partition;
    let mut lines: Vec<String> = match &parts.of_type {
        Some(_) => parts.columns.iter().filter_map(of_typed).collect(),
        None => parts.columns.iter().filter(|c| own(c.local)).map(|c| column(parts, c)).collect(),
    };
    lines.extend(parts.constraints.iter().filter(|c| c.valid && own(c.local)).map(constraint));
    if let Some(name) = &parts.of_type {
        text.push_str(&format!(" OF {name}"));
    }
    if !lines.is_empty() || parts.of_type.is_none() {
        text.push_str(" (");
        for (index, line) in lines.iter().enumerate() {
            text.push_str(if index == 0 { "\n    " } else { ",\n    " });
            text.push_str(line);
        }
        text.push_str(if lines.is_empty() { ")" } else { "\n)" });
    }
    if !is_partition && !parts.parents.is_empty() {
        let parents: Vec<String> = parts.parents.iter().map(|p| place(&p.space, &p.name)).collect();
        text.push_str(&format!(" INHERITS ({})", parents.join(", ")));
    }
    if let Some(key) = &parts.partition_key {
        text.push_str(&format!(" PARTITION BY {key}"));
    }
    if let Some(method) = &parts.method {
        text.push_str(&format!(" USING {method}"));
    }
    let toast = parts.toast_options.iter().map(|option| format!("toast.{option}"));
    text.push_str(&with(&parts.options.iter().cloned().chain(toast).collect::<Vec<_>>()));
    if let Some(tablespace) = &parts.tablespace {
        text.push_str(&format!(" TABLESPACE {tablespace}"));
    }
    text
}

fn column(parts: &Parts, column: &Column) -> String {
    let mut text = format!("{} {}", column.name, column.type_name);
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    text.push_str(&value_of(parts, column));
    text.push_str(&not_null(column));
    text
}

/// A column of a typed table: its type is the type's.
fn of_typed(column: &Column) -> Option<String> {
    let default = column.default.as_ref().map(|d| format!(" DEFAULT {d}")).unwrap_or_default();
    let rest = format!("{default}{}", not_null(column));
    (!rest.is_empty()).then(|| format!("{} WITH OPTIONS{rest}", column.name))
}

/// Where a column's values come from when a statement gives none.
fn value_of(parts: &Parts, column: &Column) -> String {
    let identity = match column.identity.as_str() {
        "a" => "ALWAYS",
        "d" => "BY DEFAULT",
        _ => {
            let Some(default) = &column.default else { return String::new() };
            return match column.generated.as_str() {
                "s" => format!(" GENERATED ALWAYS AS ({default}) STORED"),
                "v" => format!(" GENERATED ALWAYS AS ({default}) VIRTUAL"),
                _ => format!(" DEFAULT {default}"),
            };
        }
    };
    let own = parts.sequences.iter().find(|s| s.identity && s.column == column.name);
    let options = own.map(|s| format!(" (SEQUENCE NAME {} {})", place(&s.space, &s.name), counting(s)));
    format!(" GENERATED {identity} AS IDENTITY{}", options.unwrap_or_default())
}

fn not_null(column: &Column) -> String {
    match &column.not_null_constraint {
        Some(constraint) if constraint.valid => {
            let no_inherit = if constraint.no_inherit { " NO INHERIT" } else { "" };
            format!(" CONSTRAINT {} NOT NULL{no_inherit}", constraint.name)
        }
        // One that is not valid is added afterwards.
        Some(_) => String::new(),
        None if column.not_null => " NOT NULL".to_owned(),
        None => String::new(),
    }
}

fn constraint(constraint: &Constraint) -> String {
    // What its index has stands before the words about deferring.
    let at = constraint.definition.find(" DEFERRABLE").unwrap_or(constraint.definition.len());
    let (head, tail) = constraint.definition.split_at(at);
    let tablespace = constraint.tablespace.as_ref().map(|t| format!(" USING INDEX TABLESPACE {t}")).unwrap_or_default();
    let options = with(&constraint.options);
    if options.is_empty() && tablespace.is_empty() {
        return format!("CONSTRAINT {} {}", constraint.name, constraint.definition);
    }
    format!("CONSTRAINT {} {head}{options}{tablespace}{tail}", constraint.name)
}

/// ` WITH (...)` of storage parameters; nothing without any.
fn with(options: &[String]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let each = options.iter().map(|option| {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let name: Vec<String> = name.split('.').map(quote).collect();
        format!("{} = {}", name.join("."), literal(value))
    });
    format!(" WITH ({})", each.collect::<Vec<_>>().join(", "))
}

fn sequence(s: &Sequence) -> String {
    format!("CREATE SEQUENCE {} AS {} {}", place(&s.space, &s.name), s.type_name, counting(s))
}

/// How it counts; its type is said apart, since an identity's is its column's.
fn counting(s: &Sequence) -> String {
    let cycle = if s.cycle { "CYCLE" } else { "NO CYCLE" };
    format!(
        "INCREMENT BY {} MINVALUE {} MAXVALUE {} START WITH {} CACHE {} {cycle}",
        s.increment, s.least, s.most, s.start, s.cache
    )
}

fn view(parts: &Parts) -> Vec<String> {
    let Some(query) = &parts.view else { return Vec::new() };
    let query = query.trim_end().trim_end_matches(';');
    let mut text = format!("CREATE {} {}", word(parts), full_name(parts));
    if let Some(method) = &parts.method {
        text.push_str(&format!(" USING {method}"));
    }
    text.push_str(&with(&parts.options));
    if let Some(tablespace) = &parts.tablespace {
        text.push_str(&format!(" TABLESPACE {tablespace}"));
    }
    text.push_str(&format!(" AS\n{query}"));
    if parts.kind == 'm' && !parts.populated {
        text.push_str("\n WITH NO DATA");
    }
    vec![text]
}

/// What the statements do not bring back.
fn missing(parts: &Parts) -> Vec<String> {
    let mut missing = Vec::new();
    let mut say = |is: bool, words: String| {
        if is {
            missing.push(words);
        }
    };
    say(
        !parts.referenced_by.is_empty(),
        format!("foreign keys of {} pointed at it; they are made anew there", parts.referenced_by.join(", ")),
    );
    say(!parts.publications.is_empty(), format!("it was published by {}", parts.publications.join(", ")));
    say(parts.labelled, "it had security labels".to_owned());
    let counts = parts.kind == 'S' || !parts.sequences.is_empty();
    say(counts, "its numbers are counted from the beginning again".to_owned());
    for index in parts.indexes.iter().filter(|i| !i.valid && parts.kind != 'p') {
        missing.push(format!("the index {} was not whole and is left out", index.name));
    }
    missing
}

#[cfg(test)]
mod tests;
