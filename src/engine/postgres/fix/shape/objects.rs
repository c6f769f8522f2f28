//! The objects that a statement names, and the one that it makes.

use super::super::super::dialect::{scope, words};
use super::{What, child, has};
use squawk_syntax::SyntaxKind as K;
use squawk_syntax::SyntaxNode;

/// In which catalogue a name is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::postgres) enum Sort {
    /// Tables, views, sequences and indexes.
    Relation,
    /// Types and domains.
    Type,
    /// Functions and procedures, all of one name.
    Routine,
    /// Schemas.
    Schema,
    /// Databases.
    Database,
    /// Roles.
    Role,
}

impl Sort {
    /// The word in our own query.
    pub(in crate::engine::postgres) fn word(self) -> &'static str {
        match self {
            Self::Relation => "relation",
            Self::Type => "type",
            Self::Routine => "routine",
            Self::Schema => "schema",
            Self::Database => "database",
            Self::Role => "role",
        }
    }
    /// Its names stand in a schema.
    pub(in crate::engine::postgres) fn is_in_schema(self) -> bool {
        matches!(self, Self::Relation | Self::Type | Self::Routine)
    }
}

/// A name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::postgres) struct Named {
    /// What it names.
    pub(in crate::engine::postgres) sort: Sort,
    /// The schema, decoded; none for a bare name.
    pub(in crate::engine::postgres) schema: Option<String>,
    /// The name, decoded.
    pub(in crate::engine::postgres) name: String,
}

impl Named {
    /// From a dotted name: the last part and the one before it.
    pub(super) fn of(sort: Sort, node: &SyntaxNode) -> Option<Self> {
        Self::from_parts(sort, words::dotted(node)?)
    }
    fn from_parts(sort: Sort, mut parts: Vec<String>) -> Option<Self> {
        let name = parts.pop()?;
        let schema = if sort.is_in_schema() { parts.pop() } else { None };
        Some(Self { sort, schema, name })
    }
}

/// Every object that is named, each once, in the order of the text. What the statement makes is not among them.
pub(super) fn named(root: &SyntaxNode, what: &What) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    let mut schema: Option<String> = None;
    let mut add = |named: Option<Named>| {
        if let Some(named) = named
            && !found.contains(&named)
        {
            found.push(named);
        }
    };
    let shadowed: Vec<SyntaxNode> =
        scope::relations(root).into_iter().filter(|relation| relation.shadowed).map(|relation| relation.node).collect();
    for node in root.descendants() {
        match node.kind() {
            K::RELATION_NAME_REF | K::TABLE_NAME_REF | K::VIEW_REF | K::SEQUENCE_REF if !shadowed.contains(&node) => {
                let named = Named::of(Sort::Relation, &node);
                schema = schema.or_else(|| named.as_ref()?.schema.clone());
                add(named);
            }
            K::INDEX_REF => {
                let named = Named::of(Sort::Relation, &node);
                let stands_alone = matches!(root.kind(), K::DROP_INDEX | K::ALTER_INDEX | K::REINDEX | K::COMMENT_ON);
                // Behind its table, an index is looked up in the table's schema.
                add(named.map(|named| match named.schema {
                    None if !stands_alone => Named { schema: schema.clone(), ..named },
                    _ => named,
                }));
            }
            K::TYPE_NAME_REF | K::DOMAIN_REF => add(Named::of(Sort::Type, &node)),
            K::FUNCTION_NAME_REF | K::PROCEDURE_NAME_REF | K::ROUTINE_NAME_REF => add(Named::of(Sort::Routine, &node)),
            K::SCHEMA_REF => add(Named::of(Sort::Schema, &node)),
            K::DATABASE_REF => add(Named::of(Sort::Database, &node)),
            K::ROLE_NAME_REF => {
                let named = Named::of(Sort::Role, &node);
                // Words that stand for a role are none.
                add(named.filter(|n| {
                    !matches!(n.name.as_str(), "public" | "current_user" | "current_role" | "session_user")
                }));
            }
            K::QUALIFIED_COLUMN_NAME_REF => {
                let mut parts = words::dotted(&node).unwrap_or_default();
                parts.pop();
                add(Named::from_parts(Sort::Relation, parts));
            }
            _ => {}
        }
    }
    if matches!(what, What::Alter(..)) && child(root, K::ALL_IN_TABLESPACE).is_some() {
        found.clear();
    }
    found
}

/// The object that the statement makes, where its name is a schema's. An index has the schema of its table.
pub(super) fn made(root: &SyntaxNode) -> Option<Named> {
    let (sort, kind) = match root.kind() {
        K::CREATE_TABLE | K::CREATE_TABLE_AS => (Sort::Relation, K::TABLE_NAME),
        K::CREATE_VIEW | K::CREATE_MATERIALIZED_VIEW => (Sort::Relation, K::VIEW),
        K::CREATE_SEQUENCE => (Sort::Relation, K::SEQUENCE),
        K::CREATE_TYPE => (Sort::Type, K::TYPE_NAME),
        K::CREATE_DOMAIN => (Sort::Type, K::DOMAIN),
        K::CREATE_SCHEMA => {
            let schema = root.descendants().find(|node| node.kind() == K::SCHEMA)?;
            return Named::of(Sort::Schema, &schema);
        }
        _ => return None,
    };
    Named::of(sort, &child(root, kind)?)
}

/// The kinds that make or drop an object, by their word in SQL.
pub(super) fn word_of(kind: K) -> What {
    match kind {
        K::CREATE_TABLE | K::CREATE_TABLE_AS => What::Make("TABLE"),
        K::CREATE_VIEW => What::Make("VIEW"),
        K::CREATE_MATERIALIZED_VIEW => What::Make("MATERIALIZED VIEW"),
        K::CREATE_SEQUENCE => What::Make("SEQUENCE"),
        K::CREATE_SCHEMA => What::Make("SCHEMA"),
        K::CREATE_TYPE => What::Make("TYPE"),
        K::CREATE_DOMAIN => What::Make("DOMAIN"),
        K::DROP_TABLE => What::Drop("TABLE"),
        K::DROP_INDEX => What::Drop("INDEX"),
        K::DROP_VIEW => What::Drop("VIEW"),
        K::DROP_MATERIALIZED_VIEW => What::Drop("MATERIALIZED VIEW"),
        K::DROP_SEQUENCE => What::Drop("SEQUENCE"),
        K::DROP_SCHEMA => What::Drop("SCHEMA"),
        K::DROP_TYPE => What::Drop("TYPE"),
        K::DROP_DOMAIN => What::Drop("DOMAIN"),
        K::DROP_DATABASE => What::Drop("DATABASE"),
        _ => What::Other,
    }
}

/// A WITH query that changes rows.
pub(super) fn changes_in_with(root: &SyntaxNode) -> bool {
    root.descendants()
        .filter(|node| node.kind() == K::WITH_TABLE)
        .any(|query| [K::INSERT, K::UPDATE, K::DELETE, K::MERGE].into_iter().any(|kind| has(&query, kind)))
}
