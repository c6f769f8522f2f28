//! The parts of an ALTER statement.

use super::rows::column_word;
use super::{Named, Sort, child, has, last_word};
use squawk_syntax::SyntaxKind as K;
use squawk_syntax::SyntaxNode;

/// What fills a new column of the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::postgres) enum Default {
    /// Nothing: NULL.
    None,
    /// One value for all rows, kept in the catalogue.
    Constant,
    /// A value of its own for each row: every row is written anew.
    EachRow,
    /// An expression of which that is not known.
    Unknown,
}

/// One part. Names are decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::postgres) enum Action {
    AddColumn {
        name: String,
        default: Default,
        checks: bool,
        references: Option<Named>,
        if_not_exists: bool,
    },
    DropColumn {
        name: String,
    },
    SetDefault {
        column: String,
    },
    SetNotNull {
        column: String,
    },
    DropNotNull {
        column: String,
    },
    SetType {
        column: String,
        to: String,
        using: bool,
    },
    SetStatistics {
        column: String,
    },
    Rename {
        to: String,
    },
    RenameColumn {
        from: String,
        to: String,
    },
    RenameConstraint {
        from: String,
        to: String,
    },
    AddConstraint {
        name: Option<String>,
        kind: Constraint,
        not_valid: bool,
        references: Option<Named>,
    },
    DropConstraint {
        name: String,
    },
    ValidateConstraint {
        name: String,
    },
    /// SET or RESET of storage parameters.
    Options {
        names: Vec<String>,
    },
    SetSchema,
    AttachPartition,
    DetachPartition,
    /// Switches a trigger.
    Trigger,
    /// SET TABLESPACE, LOGGED, UNLOGGED, ACCESS METHOD: everything is copied.
    Rewrites,
    Other,
}

/// What a new constraint demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::postgres) enum Constraint {
    /// CHECK.
    Check,
    /// FOREIGN KEY.
    ForeignKey,
    /// PRIMARY KEY, UNIQUE or EXCLUDE: an index is built.
    Index,
    /// The same from an index that is there.
    ReadyIndex,
    /// NOT NULL.
    NotNull,
}

/// All parts of an ALTER TABLE, INDEX, VIEW or SEQUENCE.
pub(super) fn actions(root: &SyntaxNode) -> Vec<Action> {
    root.children()
        .filter(|node| {
            !matches!(
                node.kind(),
                K::IF_EXISTS
                    | K::TABLE_RELATION_NAME
                    | K::INDEX_REF
                    | K::VIEW_REF
                    | K::SEQUENCE_REF
                    | K::TABLE_NAME_REF
            )
        })
        .map(|node| action(&node).unwrap_or(Action::Other))
        .collect()
}

fn action(node: &SyntaxNode) -> Option<Action> {
    let name = |kind| child(node, kind).and_then(|name| column_word(&name));
    Some(match node.kind() {
        K::ADD_COLUMN => Action::AddColumn {
            name: name(K::COLUMN_NAME)?,
            default: default(node),
            checks: has(node, K::CHECK_CONSTRAINT),
            references: references(node),
            if_not_exists: child(node, K::IF_NOT_EXISTS).is_some(),
        },
        K::DROP_COLUMN => Action::DropColumn { name: name(K::COLUMN_NAME_REF)? },
        K::ALTER_COLUMN => alter_column(node, name(K::COLUMN_NAME_REF)?)?,
        K::TABLE_RENAME_TO => Action::Rename { to: name(K::TABLE_NAME)? },
        K::INDEX_RENAME_TO => Action::Rename { to: name(K::INDEX)? },
        K::VIEW_RENAME_TO => Action::Rename { to: name(K::VIEW)? },
        K::SEQUENCE_RENAME_TO => Action::Rename { to: name(K::SEQUENCE)? },
        K::RENAME_COLUMN => Action::RenameColumn { from: name(K::COLUMN_NAME_REF)?, to: name(K::COLUMN_NAME)? },
        K::RENAME_CONSTRAINT => {
            Action::RenameConstraint { from: name(K::CONSTRAINT_NAME_REF)?, to: name(K::CONSTRAINT_NAME)? }
        }
        K::ADD_CONSTRAINT => add_constraint(node)?,
        K::DROP_CONSTRAINT => Action::DropConstraint { name: name(K::CONSTRAINT_NAME_REF)? },
        K::VALIDATE_CONSTRAINT => Action::ValidateConstraint { name: name(K::CONSTRAINT_NAME_REF)? },
        K::SET_OPTIONS | K::RESET_OPTIONS => Action::Options { names: option_names(node)? },
        K::SET_SCHEMA => Action::SetSchema,
        K::ATTACH_PARTITION => Action::AttachPartition,
        K::DETACH_PARTITION => Action::DetachPartition,
        K::ENABLE_TRIGGER | K::DISABLE_TRIGGER | K::ENABLE_ALWAYS_TRIGGER | K::ENABLE_REPLICA_TRIGGER => {
            Action::Trigger
        }
        K::SET_TABLESPACE | K::SET_LOGGED | K::SET_UNLOGGED | K::SET_ACCESS_METHOD => Action::Rewrites,
        _ => return None,
    })
}

fn alter_column(node: &SyntaxNode, column: String) -> Option<Action> {
    let option = node.children().find(|n| n.kind() != K::COLUMN_NAME_REF)?;
    Some(match option.kind() {
        K::SET_DEFAULT | K::DROP_DEFAULT => Action::SetDefault { column },
        K::SET_NOT_NULL => Action::SetNotNull { column },
        K::DROP_NOT_NULL => Action::DropNotNull { column },
        K::SET_STATISTICS => Action::SetStatistics { column },
        K::SET_TYPE => {
            let to = option.children().find(|n| !matches!(n.kind(), K::USING_EXPR | K::COLLATE))?;
            let using = child(&option, K::USING_EXPR).is_some() || child(&option, K::COLLATE).is_some();
            Action::SetType { column, to: to.text().to_string(), using }
        }
        _ => return None,
    })
}

fn add_constraint(node: &SyntaxNode) -> Option<Action> {
    let constraint = node.children().next()?;
    let ready = has(&constraint, K::USING_INDEX_NAME);
    let kind = match constraint.kind() {
        K::CHECK_CONSTRAINT => Constraint::Check,
        K::FOREIGN_KEY_CONSTRAINT => Constraint::ForeignKey,
        K::PRIMARY_KEY_CONSTRAINT | K::UNIQUE_CONSTRAINT if ready => Constraint::ReadyIndex,
        K::PRIMARY_KEY_CONSTRAINT | K::UNIQUE_CONSTRAINT | K::EXCLUDE_CONSTRAINT => Constraint::Index,
        K::NOT_NULL_CONSTRAINT => Constraint::NotNull,
        _ => return None,
    };
    let name = child(&constraint, K::CONSTRAINT_NAME_CLAUSE)
        .and_then(|clause| child(&clause, K::CONSTRAINT_NAME))
        .and_then(|name| last_word(&name));
    Some(Action::AddConstraint {
        name,
        kind,
        not_valid: has(&constraint, K::NOT_VALID),
        references: references(&constraint),
    })
}

fn references(node: &SyntaxNode) -> Option<Named> {
    let table = node.descendants().find(|n| n.kind() == K::TABLE_NAME_REF)?;
    Named::of(Sort::Relation, &table)
}

fn option_names(node: &SyntaxNode) -> Option<Vec<String>> {
    let list = child(node, K::ATTRIBUTE_LIST)?;
    list.children()
        .filter(|n| n.kind() == K::ATTRIBUTE_OPTION)
        .map(|option| {
            let part = |kind| child(&option, kind).and_then(|name| last_word(&name));
            let name = part(K::ATTRIBUTE_NAME)?;
            Some(part(K::ATTRIBUTE_NAMESPACE).map_or(name.clone(), |space| format!("{space}.{name}")))
        })
        .collect()
}

/// Functions of one value a statement, and operators of constants.
const SAME_FOR_ALL: &[&str] =
    &["now", "transaction_timestamp", "statement_timestamp", "lower", "upper", "to_timestamp", "make_interval"];
/// Functions of another value each time.
const EACH_TIME: &[&str] = &[
    "random",
    "gen_random_uuid",
    "uuidv7",
    "uuid_generate_v4",
    "uuid_generate_v1",
    "clock_timestamp",
    "timeofday",
    "nextval",
];

fn default(node: &SyntaxNode) -> Default {
    if has(node, K::GENERATED_CONSTRAINT) {
        return Default::EachRow;
    }
    let typed = node.children().find(|n| n.kind() == K::PATH_TYPE).map(|n| n.text().to_string().to_ascii_lowercase());
    if typed.is_some_and(|name| name.ends_with("serial")) {
        return Default::EachRow;
    }
    let Some(default) = child(node, K::DEFAULT_CONSTRAINT) else { return Default::None };
    let called: Vec<String> = default
        .descendants()
        .filter(|n| n.kind() == K::CALL_EXPR)
        .map(|call| call.first_child().and_then(|name| last_word(&name)).unwrap_or_default())
        .collect();
    if called.iter().any(|name| EACH_TIME.contains(&name.as_str())) {
        Default::EachRow
    } else if called.iter().all(|name| SAME_FOR_ALL.contains(&name.as_str())) {
        Default::Constant
    } else {
        Default::Unknown
    }
}
