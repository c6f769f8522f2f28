//! Walks every node of a query. A node of a kind that is not on the list below is refused, whatever it holds.

use super::Context;
use super::functions::{self, Call};
use super::grammar::{self, parts, place};
use super::relations::{self, Columns, Relation};
use crate::domain::guard::Class;
use crate::engine::sql::findings::Findings;
use crate::engine::sql::lexer::Kind;
use crate::engine::sql::words::Words;
use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArgumentClause, FunctionArguments, GroupByExpr, ObjectName, Query, Select,
    SelectFlavor, SelectItem, SetExpr, Statement, TableFactor, UnaryOperator, Visit, Visitor,
};
use std::ops::{ControlFlow, Range};

/// What stands around the nodes that are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// A read: everything must be on the lists.
    Read,
    /// Inside a change that a person will look at: only what must never run counts.
    Aside,
}

/// Refuses, by its bare words, what a read has no business with. The grammar would refuse it too; here it gets its
/// class.
pub(super) fn check_words(words: Words<'_>, findings: &mut Findings) {
    for index in 0..words.len() {
        if words.at(index) == ":" && words.at(index + 1) == "=" {
            findings.deny(Class::Session, "a read assigns no variables");
        }
        // `sequence.NEXTVAL`, of the server's Oracle mode.
        if index > 0
            && words.at(index - 1) == "."
            && words.identifier(index).is_some_and(|name| name.eq_ignore_ascii_case("nextval"))
        {
            findings.deny(Class::Dml, "NEXTVAL advances a sequence");
        }
        let bare = words.kind(index) == Some(Kind::Word) && (index == 0 || words.at(index - 1) != ".");
        if !bare {
            continue;
        }
        if words.is(index, &["into"]) {
            if words.is(index + 1, &["outfile", "dumpfile"]) {
                findings.deny(Class::File, "writes a file of the server");
            } else {
                findings.deny(Class::Session, "a read stores nothing in variables or tables");
            }
        } else if words.is(index, &["for"]) && words.is(index + 1, &["update", "share"])
            || words.is(index, &["lock"]) && words.is(index + 1, &["in"]) && words.is(index + 2, &["share"])
        {
            findings.deny(Class::Lock, "a read takes no row locks");
        } else if words.is(index, &["procedure"]) {
            findings.deny(Class::Admin, "PROCEDURE runs a procedure over the result");
        } else if words.is(index, &["next"]) && words.is(index + 1, &["value"]) && words.is(index + 2, &["for"]) {
            findings.deny(Class::Dml, "NEXT VALUE FOR advances a sequence");
        }
    }
}

/// The same inside a change, where INTO and UPDATE have their place.
pub(super) fn check_words_aside(words: Words<'_>, findings: &mut Findings) {
    for index in 0..words.len() {
        if words.is(index, &["outfile", "dumpfile"]) {
            findings.deny(Class::File, "writes a file of the server");
        }
        if words.at(index) == ":" && words.at(index + 1) == "=" {
            findings.deny(Class::Session, "assigns a variable of the session");
        }
    }
}

/// The places of relations that are named without a schema.
pub(super) fn bare_relations(words: Words<'_>) -> Vec<Range<usize>> {
    let explained = (0..words.len().min(6)).take_while(|&i| !words.is(i, &["select", "with", "values", "table"]));
    let inner =
        if words.is(0, &["explain", "describe", "desc", "analyze"]) { words.skip(explained.count()) } else { words };
    let Ok(parsed) = grammar::parse(inner) else { return Vec::new() };
    let mut survey = Survey::default();
    let _ = parsed.visit(&mut survey);
    let mut found: Vec<Range<usize>> = survey
        .relations
        .iter()
        .filter_map(|relation| match relation.0.as_slice() {
            [only] => only.as_ident(),
            _ => None,
        })
        .filter(|name| !survey.queries.iter().any(|query| query.eq_ignore_ascii_case(&name.value)))
        .filter_map(place)
        .filter_map(|at| words.tokens.iter().find(|t| t.range.start == at).map(|t| t.range.clone()))
        .collect();
    found.sort_by_key(|range| range.start);
    found
}

/// Every relation, by the parts of its name.
pub(super) fn relations(words: Words<'_>) -> Option<Vec<Vec<String>>> {
    let parsed = grammar::parse(words).ok()?;
    let mut survey = Survey::default();
    let _ = parsed.visit(&mut survey);
    let hidden = |name: &[String]| match name {
        [only] => survey.queries.iter().any(|query| query.eq_ignore_ascii_case(only)),
        _ => false,
    };
    let named = survey.relations.iter().map(parts).collect::<Option<Vec<_>>>()?;
    Some(named.into_iter().filter(|name| !hidden(name)).collect())
}

/// Refuses every call that is known to act, wherever it stands in the tokens: a second look that needs no grammar.
pub(super) fn check_calls(words: Words<'_>, findings: &mut Findings) {
    for index in 0..words.len() {
        let Some(name) = words.identifier(index) else { continue };
        if words.at(index + 1) == "("
            && let functions::Known::Acts(class, what) = functions::known(&[&name])
        {
            findings.deny(class, format!("{name} {what}"));
        }
    }
}

/// Judges every node of a parsed statement.
pub(super) fn check(
    statement: &impl Visit,
    words: Words<'_>,
    position: Position,
    context: Context<'_>,
    findings: &mut Findings,
) {
    let names: Vec<String> = (0..words.len()).filter_map(|index| words.identifier(index)).collect();
    let mut survey = Survey::default();
    let _ = statement.visit(&mut survey);
    let wildcard = survey.wildcard;
    for relation in &survey.relations {
        let Some(relation) = parts(relation).and_then(|parts| Relation::of(&parts)) else {
            findings.deny(Class::Unparsed, "the name of a relation cannot be read");
            continue;
        };
        relations::check_secret(&relation, Columns { names: &names, wildcard }, findings);
        if position == Position::Read {
            relations::check_catalog(&relation, context, findings);
        }
    }
    let mut walk = Walk { words, position, context, findings };
    let _ = statement.visit(&mut walk);
}

/// The relations of a statement, and whether it asks for columns without naming them.
#[derive(Default)]
struct Survey {
    relations: Vec<ObjectName>,
    /// Names of WITH queries.
    queries: Vec<String>,
    wildcard: bool,
}

impl Visitor for Survey {
    type Break = ();
    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.relations.push(relation.clone());
        ControlFlow::Continue(())
    }
    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for query in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.queries.push(query.alias.name.value.clone());
        }
        ControlFlow::Continue(())
    }
    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let star = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        self.wildcard |= select.projection.iter().any(star);
        ControlFlow::Continue(())
    }
}

struct Walk<'a, 'f> {
    words: Words<'a>,
    position: Position,
    context: Context<'a>,
    findings: &'f mut Findings,
}

impl Walk<'_, '_> {
    fn unknown(&mut self, what: &str) {
        self.findings.deny(Class::Unparsed, format!("{what} is not a part of a read that is known"));
    }

    fn body(&mut self, body: &SetExpr) {
        match body {
            // Their own parts are visited on their own.
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => {}
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left);
                self.body(right);
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                if self.position == Position::Read {
                    self.findings.deny(Class::Dml, "a WITH query changes rows");
                }
            }
            SetExpr::Table(_) => self.unknown("this form of TABLE"),
        }
    }

    fn function(&mut self, function: &Function) {
        let clauses_known = match &function.args {
            FunctionArguments::None | FunctionArguments::Subquery(_) => true,
            FunctionArguments::List(list) => list.clauses.iter().all(|clause| {
                matches!(
                    clause,
                    FunctionArgumentClause::OrderBy(_)
                        | FunctionArgumentClause::Limit(_)
                        | FunctionArgumentClause::Separator(_)
                )
            }),
        };
        if !clauses_known || function.parameters != FunctionArguments::None || function.filter.is_some() {
            self.unknown("this form of a call");
        }
        let arguments = match &function.args {
            FunctionArguments::None => 0,
            FunctionArguments::Subquery(_) => 1,
            FunctionArguments::List(list) => list.args.len(),
        };
        self.name_of_call(&function.name, arguments);
    }

    fn name_of_call(&mut self, name: &ObjectName, arguments: usize) {
        let Some(parts) = parts(name) else {
            self.findings.deny(Class::Unparsed, "the name of a function cannot be read");
            return;
        };
        let written = name.0.last().and_then(|part| part.as_ident()).and_then(place);
        // A name that the translation put there has no place, and is the built-in that was meant.
        let token = written.map(|at| self.words.tokens.iter().find(|token| token.range.start == at));
        let touches = token.is_none_or(|token| {
            token.is_some_and(|token| {
                token.kind == Kind::Word && self.words.text.as_bytes().get(token.range.end) == Some(&b'(')
            })
        });
        let quoted = token.is_some_and(|token| token.is_none_or(|token| token.kind != Kind::Word));
        let call = Call { parts: &parts, touches, quoted, arguments };
        functions::check(call, self.position == Position::Aside, self.context, self.findings);
    }
}

impl Visitor for Walk<'_, '_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        let expected = match self.position {
            Position::Read => matches!(statement, Statement::Query(_)),
            Position::Aside => true,
        };
        if !expected {
            self.findings.deny(Class::Dml, "a WITH query changes rows");
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        // All fields are named, so that a new one has to be looked at before this compiles.
        let Query {
            with: _,
            body,
            order_by: _,
            limit_clause: _,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if !locks.is_empty() {
            self.findings.deny(Class::Lock, "a read takes no row locks");
        }
        let foreign = fetch.is_some()
            || for_clause.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || !pipe_operators.is_empty();
        if foreign {
            self.unknown("a clause of another database");
        }
        self.body(body);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let Select {
            select_token: _,
            optimizer_hints,
            distinct: _,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection: _,
            exclude,
            into,
            from: _,
            lateral_views,
            prewhere,
            selection: _,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having: _,
            named_window: _,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        if into.is_some() {
            self.findings.deny(Class::Session, "a read stores nothing in variables or tables");
        }
        let foreign = !optimizer_hints.is_empty()
            || select_modifiers.as_ref().is_some_and(|m| *m != sqlparser::ast::SelectModifiers::default())
            || top.is_some()
            || exclude.is_some()
            || !lateral_views.is_empty()
            || prewhere.is_some()
            || !connect_by.is_empty()
            || matches!(group_by, GroupByExpr::All(_))
            || !cluster_by.is_empty()
            || !distribute_by.is_empty()
            || !sort_by.is_empty()
            || qualify.is_some()
            || value_table_mode.is_some()
            || *flavor != SelectFlavor::Standard;
        if foreign {
            self.unknown("a clause of another database");
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args, with_hints, version, with_ordinality, json_path, sample, .. } => {
                if let Some(arguments) = args {
                    self.name_of_call(name, arguments.args.len());
                    self.unknown("a function in FROM");
                }
                if !with_hints.is_empty()
                    || version.is_some()
                    || *with_ordinality
                    || json_path.is_some()
                    || sample.is_some()
                {
                    self.unknown("this form of a table");
                }
            }
            TableFactor::Derived { sample: None, .. } | TableFactor::NestedJoin { .. } => {}
            _ => self.unknown("this form of a table"),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => self.function(function),
            Expr::BinaryOp { op, .. } => {
                if !is_operator(op) {
                    self.unknown("this operator");
                }
            }
            Expr::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not, .. }
            | Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Like { any: false, .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. }
            | Expr::Nested(_)
            | Expr::Value(_)
            | Expr::Case { .. }
            | Expr::Exists { .. }
            | Expr::Subquery(_)
            | Expr::Tuple(_) => {}
            _ => self.unknown("this form of an expression"),
        }
        ControlFlow::Continue(())
    }
}

/// The operators that the translation writes.
fn is_operator(operator: &BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
            | BinaryOperator::And
            | BinaryOperator::Or
    )
}
