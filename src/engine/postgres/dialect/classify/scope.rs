//! Which relation names of a statement are relations, and which are only the names of its own WITH queries.

use super::words::{self, Word};
use squawk_syntax::{SyntaxKind, SyntaxNode};

/// A relation that a statement names.
#[derive(Debug)]
pub(in crate::engine::postgres) struct Relation {
    /// The parts of the name, `schema.name` or bare.
    pub(in crate::engine::postgres) words: Vec<Word>,
    /// A WITH query of the same name is in scope, so this is not a relation of the database.
    pub(in crate::engine::postgres) shadowed: bool,
    /// Where it stands.
    pub(in crate::engine::postgres) node: SyntaxNode,
}

impl Relation {
    /// The decoded name without its schema.
    pub(in crate::engine::postgres) fn name(&self) -> Option<&str> {
        self.words.last()?.name.as_deref()
    }

    /// The decoded schema, where there is one.
    pub(in crate::engine::postgres) fn schema(&self) -> Option<&str> {
        let at = self.words.len().checked_sub(2)?;
        self.words[at].name.as_deref()
    }
}

/// Every relation that is named anywhere below `root`, to be read or to be changed.
pub(in crate::engine::postgres) fn relations(root: &SyntaxNode) -> Vec<Relation> {
    root.descendants()
        .filter(|node| {
            matches!(
                node.kind(),
                SyntaxKind::RELATION_NAME_REF
                    | SyntaxKind::TABLE_NAME_REF
                    | SyntaxKind::VIEW_REF
                    | SyntaxKind::SEQUENCE_REF
            )
        })
        .map(|node| {
            let words = words::parts(&node);
            let shadowed = match words.as_slice() {
                [only] => only.name.as_deref().is_some_and(|name| in_scope(&node, name)),
                _ => false,
            };
            Relation { words, shadowed, node }
        })
        .collect()
}

/// True when a WITH query called `name` is visible at `node`.
fn in_scope(node: &SyntaxNode, name: &str) -> bool {
    let mut inner = node.clone();
    while let Some(outer) = inner.parent() {
        let visible = if outer.kind() == SyntaxKind::WITH_CLAUSE {
            // Inside the list itself: all of it when it is recursive, otherwise what comes before.
            let recursive = outer.children_with_tokens().any(|e| e.kind() == SyntaxKind::RECURSIVE_KW);
            queries(&outer).take_while(|query| recursive || *query != inner).any(|query| is_called(&query, name))
        } else {
            with_clause(&outer)
                .filter(|with| with.text_range().end() <= inner.text_range().start())
                .is_some_and(|with| queries(&with).any(|query| is_called(&query, name)))
        };
        if visible {
            return true;
        }
        inner = outer;
    }
    false
}

/// The WITH clause whose names hold in all of `node`. The grammar hangs the clause of a UNION under its first SELECT.
fn with_clause(node: &SyntaxNode) -> Option<SyntaxNode> {
    if node.kind() == SyntaxKind::COMPOUND_SELECT {
        return with_clause(&node.first_child()?);
    }
    node.children().find(|child| child.kind() == SyntaxKind::WITH_CLAUSE)
}

fn queries(with: &SyntaxNode) -> impl Iterator<Item = SyntaxNode> + use<> {
    with.children().filter(|child| child.kind() == SyntaxKind::WITH_TABLE)
}

fn is_called(query: &SyntaxNode, name: &str) -> bool {
    query
        .children()
        .find(|child| child.kind() == SyntaxKind::CTE_NAME)
        .and_then(|child| words::parts(&child).pop())
        .is_some_and(|word| word.name.as_deref() == Some(name))
}
