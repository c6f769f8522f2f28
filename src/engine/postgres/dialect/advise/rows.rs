//! INSERT, UPDATE and DELETE: how many rows, and which.

use super::act::{Act, Table, source, written};
use super::steps;
use crate::engine::postgres::dialect::classify::words;
use crate::engine::sql::advice::Remark;
use crate::engine::sql::list::holds;
use squawk_syntax::ast::{
    AstNode, BinExpr, BinOp, ColumnTarget, Delete, Expr, FromClause, Insert, LitKind, RelationName, SetColumn, Stmt,
    Update, UsingClause, WhereClause, WhereClauseOrCurrentOf,
};
use squawk_syntax::{SyntaxKind, SyntaxNode};

/// An UPDATE or DELETE, alone or in a WITH.
struct Change {
    node: SyntaxNode,
    verb: &'static str,
    table: Table,
    /// `orders AS o`, as it was written.
    source: String,
    condition: Option<Expr>,
    /// Rows of other tables decide.
    joins: bool,
}

fn changes(act: &Act) -> Vec<Change> {
    let is_rows = matches!(
        act.statement,
        Stmt::Update(_)
            | Stmt::Delete(_)
            | Stmt::Insert(_)
            | Stmt::Merge(_)
            | Stmt::Select(_)
            | Stmt::CompoundSelect(_)
    );
    if !is_rows {
        return Vec::new();
    }
    act.statement.syntax().descendants().filter_map(change).collect()
}

/// `WHERE CURRENT OF` is left alone: it is one row.
fn change(node: SyntaxNode) -> Option<Change> {
    let (verb, relation, clause, alias) = if let Some(update) = Update::cast(node.clone()) {
        ("UPDATE", update.relation_name()?, update.where_clause_or_current_of(), written(update.alias()))
    } else {
        let delete = Delete::cast(node.clone())?;
        ("DELETE FROM", delete.relation_name()?, delete.where_clause_or_current_of(), written(delete.alias()))
    };
    let condition = match clause {
        Some(WhereClauseOrCurrentOf::WhereCurrentOf(_)) => return None,
        Some(WhereClauseOrCurrentOf::WhereClause(clause)) => clause.expr(),
        None => None,
    };
    let table = table_of(&relation)?;
    let source = alias.map_or(table.target.clone(), |alias| format!("{} {alias}", table.target));
    let joins = node.children().any(|child| FromClause::can_cast(child.kind()) || UsingClause::can_cast(child.kind()));
    Some(Change { node, verb, table, source, condition, joins })
}

fn table_of(relation: &RelationName) -> Option<Table> {
    let name = relation.relation_name_ref()?;
    Table::of_name(name.syntax(), source(relation.syntax()))
}

/// No WHERE: every row.
pub(super) fn every_row(act: &Act) -> Vec<Remark> {
    changes(act)
        .into_iter()
        .filter(|change| change.condition.is_none())
        .map(|change| {
            let name = &change.table.name;
            if change.verb == "UPDATE" {
                Remark::new(format!("Every row of {name} is changed: there is no WHERE."))
            } else {
                Remark::new(format!("Every row of {name} is removed: there is no WHERE."))
            }
        })
        .collect()
}

/// A WHERE in which nothing looks like a key.
pub(super) fn many_rows(act: &Act) -> Vec<Remark> {
    let changes = changes(act).into_iter();
    changes.filter_map(|change| Some(many(act, &change, change.condition.as_ref()?))).flatten().collect()
}

fn many(act: &Act, change: &Change, condition: &Expr) -> Option<Remark> {
    if conjuncts(condition).iter().any(picks_by_key) {
        return None;
    }
    let name = &change.table.name;
    let remark = Remark::new(format!(
        "No column that is fixed in the WHERE is named like a key, so this may be many rows of {name}: they stay \
         locked until the last one is done, and a replica gets them all at once."
    ));
    let alone = change.node == *act.statement.syntax()
        && !change.joins
        && !change.node.children().any(|child| {
            matches!(child.kind(), SyntaxKind::WITH_CLAUSE | SyntaxKind::RETURNING_CLAUSE | SyntaxKind::FOR_PORTION_OF)
        });
    let step = if alone { batch(change, condition) } else { None };
    Some(remark.instead(step))
}

/// A batch that can be run until it changes nothing. An UPDATE of which a second run would change the row again has
/// none.
fn batch(change: &Change, condition: &Expr) -> Option<String> {
    let condition = format!("({})", source(condition.syntax()));
    let Some(update) = Update::cast(change.node.clone()) else {
        return Some(steps::batched(&format!("{} {}", change.verb, change.source), &change.source, &condition));
    };
    let assigned = update.set_clause()?;
    let mut open = Vec::new();
    for column in assigned.set_column_list()?.set_columns() {
        let SetColumn::SetSingleColumn(single) = column else { return None };
        let target = single.column_target().filter(|target| target.accessors().next().is_none())?;
        let value = single.set_expr().and_then(|value| value.expr())?;
        if !is_constant(&value) {
            return None;
        }
        open.push(format!("{} IS DISTINCT FROM {}", source(target.syntax()), source(value.syntax())));
    }
    let open = if open.len() == 1 { open.concat() } else { format!("({})", open.join(" OR ")) };
    let act = format!("{} {} {}", change.verb, change.source, source(assigned.syntax()));
    Some(steps::batched(&act, &change.source, &format!("{condition} AND {open}")))
}

fn is_constant(value: &Expr) -> bool {
    let reads = [SyntaxKind::NAME_REF, SyntaxKind::FIELD_EXPR, SyntaxKind::CALL_EXPR, SyntaxKind::SELECT];
    !value.syntax().descendants().any(|node| reads.contains(&node.kind()))
}

/// The parts of a condition that all must hold.
fn conjuncts(condition: &Expr) -> Vec<Expr> {
    match condition {
        Expr::BinExpr(both) if matches!(both.op(), Some(BinOp::And(_))) => {
            [both.lhs(), both.rhs()].into_iter().flatten().flat_map(|side| conjuncts(&side)).collect()
        }
        Expr::ParenExpr(inner) => inner.expr().map_or_else(Vec::new, |inner| conjuncts(&inner)),
        other => vec![other.clone()],
    }
}

/// `id = 3`, `3 = id`, `o.id IN (1, 2)`: a column that is named like a key is fixed.
fn picks_by_key(part: &Expr) -> bool {
    let Expr::BinExpr(comparison) = part else { return false };
    let (Some(op), Some(left), Some(right)) = (comparison.op(), comparison.lhs(), comparison.rhs()) else {
        return false;
    };
    let fixed = matches!(op, BinOp::Eq(_) | BinOp::In(_) | BinOp::OperatorCall(_) | BinOp::IsNotDistinctFrom(_));
    fixed && (is_key(&left) || is_key(&right))
}

/// Names that keys have. The schema is not known here.
fn is_key(side: &Expr) -> bool {
    const KEYS: &str = "id uuid guid key pk ctid code number no nr slug email username login token";
    const ENDINGS: &[&str] = &["id", "_key", "_uuid", "_guid", "_pk", "_no", "_nr", "_number", "_code"];
    let column = match side {
        Expr::NameRef(_) | Expr::FieldExpr(_) => words::dotted(side.syntax()).and_then(|parts| parts.last().cloned()),
        Expr::ParenExpr(inner) => return inner.expr().is_some_and(|inner| is_key(&inner)),
        Expr::TupleExpr(tuple) => return tuple.exprs().any(|part| is_key(&part)),
        _ => None,
    };
    column.is_some_and(|column| {
        let column = column.to_lowercase();
        holds(KEYS, &column) || ENDINGS.iter().any(|ending| column.ends_with(ending))
    })
}

/// `= NULL` is never true.
pub(super) fn equals_null(act: &Act) -> Vec<Remark> {
    let is_null = |side: Option<Expr>| match side {
        Some(Expr::Literal(literal)) => matches!(literal.kind(), Some(LitKind::Null(_))),
        _ => false,
    };
    conditions(act)
        .flat_map(|condition| condition.descendants().filter_map(BinExpr::cast).collect::<Vec<_>>())
        .filter(|comparison| matches!(comparison.op(), Some(BinOp::Eq(_) | BinOp::Neq(_) | BinOp::Neqb(_))))
        .filter(|comparison| is_null(comparison.lhs()) || is_null(comparison.rhs()))
        .map(|comparison| {
            let text = source(comparison.syntax());
            Remark::new(format!(
                "{text} is true for no row at all, not even for one with a NULL: write IS NULL or IS NOT NULL."
            ))
        })
        .collect()
}

/// `NOT IN (SELECT ...)`: one NULL in the answer, and no row matches.
pub(super) fn not_in_query(act: &Act) -> Vec<Remark> {
    conditions(act)
        .flat_map(|condition| condition.descendants().filter_map(BinExpr::cast).collect::<Vec<_>>())
        .filter(|comparison| matches!(comparison.op(), Some(BinOp::NotIn(_))))
        .filter(|comparison| comparison.rhs().is_some_and(|set| !matches!(set, Expr::TupleExpr(_)) && is_query(&set)))
        .map(|comparison| {
            let side = written(comparison.lhs()).unwrap_or_default();
            Remark::new(format!(
                "If the query after {side} NOT IN gives a single NULL, no row matches; NOT EXISTS has no such trap and \
                 is faster."
            ))
        })
        .collect()
}

fn is_query(set: &Expr) -> bool {
    set.syntax().descendants().any(|node| node.kind() == SyntaxKind::SELECT)
}

/// The conditions of statements that change rows.
fn conditions(act: &Act) -> impl Iterator<Item = SyntaxNode> {
    changes(act).into_iter().filter_map(|change| change.condition).map(|condition| condition.syntax().clone())
}

/// FROM or USING with nothing that ties the tables together.
pub(super) fn loose_join(act: &Act) -> Vec<Remark> {
    let is_column = |side: Option<Expr>| matches!(side, Some(Expr::NameRef(_) | Expr::FieldExpr(_)));
    let ties = |node: &SyntaxNode| {
        node.descendants()
            .filter_map(BinExpr::cast)
            .any(|comparison| is_column(comparison.lhs()) && is_column(comparison.rhs()))
    };
    changes(act)
        .into_iter()
        .filter(|change| change.joins)
        .filter(|change| !change.node.children().filter(|child| WhereClause::can_cast(child.kind())).any(|c| ties(&c)))
        .map(|change| {
            Remark::new(format!(
                "Nothing in the WHERE compares a column of {} with one of the other table, so every row of it meets \
                 any row there.",
                change.table.name
            ))
        })
        .collect()
}

/// The same column twice: an error.
pub(super) fn assigned_twice(act: &Act) -> Vec<Remark> {
    let lists = act.statement.syntax().descendants().filter(|node| {
        matches!(node.kind(), SyntaxKind::SET_COLUMN_LIST)
            || node.kind() == SyntaxKind::COLUMN_TARGET_LIST
                && node
                    .parent()
                    .is_some_and(|parent| matches!(parent.kind(), SyntaxKind::INSERT | SyntaxKind::MERGE_INSERT))
    });
    lists.filter_map(|list| twice(&list)).collect()
}

fn twice(list: &SyntaxNode) -> Option<Remark> {
    // Parts of an array or a row may be set one by one.
    let whole = list.descendants().filter_map(ColumnTarget::cast).filter(|target| target.accessors().next().is_none());
    let mut names: Vec<String> = Vec::new();
    for target in whole {
        let name = words::dotted(target.name()?.syntax())?.concat();
        if names.contains(&name) {
            let shown = source(target.syntax());
            return Some(Remark::new(format!("The server refuses this: {shown} is given a value twice.")));
        }
        names.push(name);
    }
    None
}

/// INSERT without a list of columns.
pub(super) fn unnamed_columns(act: &Act) -> Vec<Remark> {
    let Stmt::Insert(insert) = &act.statement else { return Vec::new() };
    let unnamed = insert.column_target_list().is_none() && !is_default_values(insert);
    let Some(table) = written(insert.relation_name_ref()).filter(|_| unnamed) else { return Vec::new() };
    vec![Remark::new(format!(
        "The values go to the columns of {table} in the order in which they were once added; with their names beside \
         them none can land in the wrong one."
    ))]
}

fn is_default_values(insert: &Insert) -> bool {
    insert.syntax().children().any(|child| child.kind() == SyntaxKind::DEFAULT_VALUES)
}
