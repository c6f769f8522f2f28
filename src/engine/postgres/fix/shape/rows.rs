//! Statements that change rows: the table, the rows that are picked, and the columns that are set.

use super::objects::changes_in_with;
use super::{Named, Sort, child, has, last_word};
use crate::engine::postgres::dialect::words;
use squawk_syntax::SyntaxKind as K;
use squawk_syntax::{SyntaxElement, SyntaxNode};

/// What is done to the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::postgres) enum Verb {
    /// New rows.
    Insert,
    /// Changed rows.
    Update,
    /// Removed rows.
    Delete,
    /// Any of the three.
    Merge,
}

/// Where inserted rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::postgres) enum Source {
    /// So many rows are written out.
    Values(u64),
    /// A query, its WITH included.
    Query(String),
}

/// INSERT, UPDATE, DELETE or MERGE. Parts of the text are as the person wrote them.
#[derive(Debug, Clone)]
pub(in crate::engine::postgres) struct RowChange {
    /// What is done.
    pub(in crate::engine::postgres) verb: Verb,
    /// The table.
    pub(in crate::engine::postgres) target: Named,
    /// `ONLY`: not the tables below it.
    pub(in crate::engine::postgres) only: bool,
    /// Columns that are set (UPDATE) or filled (INSERT), decoded.
    pub(in crate::engine::postgres) columns: Vec<String>,
    /// Rows to insert.
    pub(in crate::engine::postgres) source: Option<Source>,
    /// `ON CONFLICT ... DO UPDATE`: rows that were there may change too.
    pub(in crate::engine::postgres) upserts: bool,
    /// It looks at rows: a WHERE, a RETURNING, another table.
    pub(in crate::engine::postgres) reads: bool,
    /// Another act in a WITH query.
    pub(in crate::engine::postgres) changes_more: bool,
    /// A part of the grammar whose rows cannot be picked by a SELECT.
    unusual: bool,
    with: Option<String>,
    target_text: String,
    alias: Option<String>,
    others: Option<String>,
    condition: Option<String>,
}

impl RowChange {
    /// A SELECT of the rows that UPDATE or DELETE would change. `list` makes its target list from the word by which
    /// the statement itself calls the table. None for other verbs, and where such a SELECT would not mean the same.
    pub(in crate::engine::postgres) fn picked(&self, list: impl FnOnce(&str) -> String) -> Option<String> {
        if self.unusual || self.changes_more || !matches!(self.verb, Verb::Update | Verb::Delete) {
            return None;
        }
        let with = self.with.as_deref().unwrap_or_default();
        let alias = self.alias.as_ref().map(|alias| format!(" AS {alias}")).unwrap_or_default();
        let others = self.others.as_ref().map(|others| format!(", {others}")).unwrap_or_default();
        let condition = self.condition.as_ref().map(|c| format!(" WHERE {c}")).unwrap_or_default();
        Some(format!("{with} SELECT {} FROM {}{alias}{others}{condition}", list(&self.called()), self.target_text))
    }
    /// Other tables take part, so that one row may be picked more than once.
    pub(in crate::engine::postgres) fn joins(&self) -> bool {
        self.others.is_some()
    }
    fn called(&self) -> String {
        self.alias.clone().unwrap_or_else(|| crate::engine::postgres::dialect::quote(&self.target.name))
    }
}

/// Reads one; none when it names no table.
pub(super) fn read(root: &SyntaxNode) -> Option<RowChange> {
    let verb = match root.kind() {
        K::INSERT => Verb::Insert,
        K::UPDATE => Verb::Update,
        K::DELETE => Verb::Delete,
        _ => Verb::Merge,
    };
    let holder = root
        .children()
        .find(|n| matches!(n.kind(), K::RELATION_NAME | K::RELATION_NAME_REF | K::TABLE_RELATION_NAME))?;
    let name = holder
        .descendants()
        .find(|n| matches!(n.kind(), K::RELATION_NAME_REF | K::TABLE_NAME_REF))
        .unwrap_or_else(|| holder.clone());
    let alias = root
        .children()
        .find(|n| matches!(n.kind(), K::OPTIONAL_AS_ALIAS | K::REQUIRED_AS_ALIAS))
        .and_then(|alias| child(&alias, K::TABLE_ALIAS))
        .map(|alias| alias.text().to_string());
    let with = child(root, K::WITH_CLAUSE).map(|with| with.text().to_string());
    let others = child(root, K::FROM_CLAUSE)
        .filter(|_| verb == Verb::Update)
        .or_else(|| child(root, K::USING_CLAUSE))
        .and_then(|clause| after_keyword(&clause));
    let condition = child(root, K::WHERE_CLAUSE).and_then(|clause| after_keyword(&clause));
    let source = if verb == Verb::Insert { source(root, with.as_deref()) } else { None };
    Some(RowChange {
        verb,
        target: Named::of(Sort::Relation, &name)?,
        only: holder.children_with_tokens().any(|e| e.kind() == K::ONLY_KW),
        columns: columns(root, verb),
        reads: condition.is_some()
            || others.is_some()
            || verb == Verb::Merge
            || child(root, K::RETURNING_CLAUSE).is_some()
            || has(root, K::CONFLICT_DO_UPDATE_SET)
            || child(root, K::SET_CLAUSE).is_some_and(|set| has(&set, K::NAME_REF)),
        upserts: has(root, K::CONFLICT_DO_UPDATE_SET),
        changes_more: changes_in_with(root),
        unusual: has(root, K::FOR_PORTION_OF) || has(root, K::WHERE_CURRENT_OF),
        source,
        with,
        target_text: holder.text().to_string(),
        alias,
        others,
        condition,
    })
}

/// Columns that are set or filled. An element of an array or a part of a composite counts as its column.
fn columns(root: &SyntaxNode, verb: Verb) -> Vec<String> {
    let place = match verb {
        Verb::Update => child(root, K::SET_CLAUSE),
        Verb::Insert => child(root, K::COLUMN_TARGET_LIST),
        Verb::Delete | Verb::Merge => None,
    };
    let mut found = Vec::new();
    let targets = place.into_iter().flat_map(|place| place.descendants().collect::<Vec<_>>());
    for target in targets.filter(|n| n.kind() == K::COLUMN_TARGET) {
        if let Some(name) = child(&target, K::COLUMN_NAME_REF).and_then(|column| last_word(&column))
            && !found.contains(&name)
        {
            found.push(name);
        }
    }
    found
}

fn source(root: &SyntaxNode, with: Option<&str>) -> Option<Source> {
    for part in root.children() {
        match part.kind() {
            K::DEFAULT_VALUES => return Some(Source::Values(1)),
            K::VALUES => {
                let rows = part.descendants().find(|n| n.kind() == K::ROW_LIST)?;
                let count = rows.children().filter(|n| n.kind() == K::ROW).count();
                return Some(Source::Values(count as u64));
            }
            K::SELECT | K::COMPOUND_SELECT | K::TABLE => {
                return Some(Source::Query(format!("{} {}", with.unwrap_or_default(), part.text())));
            }
            K::PAREN_SELECT => {
                return Some(Source::Query(format!(
                    "{} SELECT * FROM {} AS source_rows",
                    with.unwrap_or_default(),
                    part.text()
                )));
            }
            _ => {}
        }
    }
    None
}

/// The text of a clause behind its first keyword.
fn after_keyword(clause: &SyntaxNode) -> Option<String> {
    let keyword = clause.children_with_tokens().find_map(SyntaxElement::into_token)?;
    let start = usize::from(keyword.text_range().end()) - usize::from(clause.text_range().start());
    let text = clause.text().to_string();
    text.get(start..).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The word of a column reference, decoded; for tests of equality with catalogue names.
pub(super) fn column_word(node: &SyntaxNode) -> Option<String> {
    words::parts(node).pop()?.name
}
