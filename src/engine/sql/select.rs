//! Writes a selection as one SELECT. What differs between engines (quoting, functions, dates, case) is a [`Flavour`].

use crate::domain::question::{
    Aggregate, Bucket, ColumnRef, Comparison, Filter, Group, LikeKind, Literal, Measure, OrderKey, Output, Period,
    Relation, Selection, joins::Step,
};
use crate::domain::schema::Schema;

/// How one engine writes the parts of a SELECT. Column expressions come in quoted and qualified.
pub(in crate::engine) trait Flavour {
    /// An identifier.
    fn quote(&self, name: &str) -> String;
    /// A table or view.
    fn relation(&self, relation: &Relation) -> String;
    /// An aggregate function.
    fn aggregate(&self, name: &str) -> String;
    /// A column compared with a text.
    fn compare_text(&self, column: &str, of: &ColumnRef, comparison: Comparison, text: &str, exact: bool) -> String;
    /// A column that contains, begins or ends with a text, in any case.
    fn like(&self, column: &str, of: &ColumnRef, kind: LikeKind, text: &str) -> String;
    /// A truth value.
    fn truth(&self, column: &str, of: &ColumnRef, truth: bool) -> String;
    /// A date in a period; at least one end is closed.
    fn during(&self, column: &str, of: &ColumnRef, period: &Period) -> String;
    /// A date cut to a bucket, as text that sorts.
    fn bucket(&self, column: &str, of: &ColumnRef, bucket: Bucket) -> String;
    /// Holds numbers, so that a number may stand without quotes.
    fn is_number(&self, of: &ColumnRef) -> bool;
    /// One key of an order with empty values last. `ordinal` is set when the key is the number of an output column.
    fn sorted(&self, key: &str, _ordinal: bool, descending: bool) -> String {
        format!("{key}{} NULLS LAST", if descending { " DESC" } else { "" })
    }
}

/// The SELECT of a selection, on one line.
pub(in crate::engine) fn select(selection: &Selection, flavour: &dyn Flavour) -> String {
    let writer = Writer {
        selection,
        flavour,
        aliased: !selection.joins.is_empty() || mentions_exists(selection.filter.as_ref()),
    };
    writer.write()
}

fn mentions_exists(filter: Option<&Filter>) -> bool {
    match filter {
        None => false,
        Some(Filter::All(all) | Filter::Any(all)) => all.iter().any(|f| mentions_exists(Some(f))),
        Some(Filter::Not(inner)) => mentions_exists(Some(inner)),
        Some(other) => matches!(other, Filter::Exists { .. }),
    }
}

/// The SELECT that follows a path of foreign keys, a few rows of it.
pub(in crate::engine) fn join(schema: &Schema, path: &[Step], rows: u32, flavour: &dyn Flavour) -> String {
    let relation = |i: usize| flavour.relation(&Relation::of(&schema.tables[i]));
    let mut sql = String::from("SELECT * FROM ");
    for (i, step) in path.iter().enumerate() {
        if i == 0 {
            sql.push_str(&format!("{} AS t0", relation(step.from())));
        }
        let on: Vec<String> = step
            .link
            .columns
            .iter()
            .map(|(child, parent)| {
                let (here, there) = if step.upward { (child, parent) } else { (parent, child) };
                format!("t{}.{} = t{i}.{}", i + 1, flavour.quote(there), flavour.quote(here))
            })
            .collect();
        sql.push_str(&format!(" JOIN {} AS t{} ON {}", relation(step.to()), i + 1, on.join(" AND ")));
    }
    sql.push_str(&format!(" LIMIT {rows}"));
    sql
}

struct Writer<'a> {
    selection: &'a Selection,
    flavour: &'a dyn Flavour,
    /// Sources have aliases `t0`, `t1`, ...; a lone table needs none.
    aliased: bool,
}

impl Writer<'_> {
    fn write(&self) -> String {
        let mut sql = String::from("SELECT ");
        let mut group_by = 0;
        match &self.selection.output {
            Output::Rows(columns) if columns.is_empty() => sql.push_str(if self.aliased { "t0.*" } else { "*" }),
            Output::Rows(columns) => sql.push_str(&self.columns(columns)),
            Output::Distinct(columns) => {
                sql.push_str("DISTINCT ");
                sql.push_str(&self.columns(columns));
            }
            Output::Measures { groups, measures } => {
                group_by = groups.len();
                let mut parts: Vec<String> = groups.iter().map(|g| self.group(g)).collect();
                parts.extend(measures.iter().map(|m| self.measure(m)));
                sql.push_str(&parts.join(", "));
            }
        }
        sql.push_str(" FROM ");
        sql.push_str(&self.flavour.relation(&self.selection.base));
        if self.aliased {
            sql.push_str(" AS t0");
        }
        for (i, join) in self.selection.joins.iter().enumerate() {
            let here = i + 1;
            let on: Vec<String> = join
                .columns
                .iter()
                .map(|(there, own)| {
                    format!("t{here}.{} = t{}.{}", self.flavour.quote(own), join.from, self.flavour.quote(there))
                })
                .collect();
            sql.push_str(&format!(" JOIN {} AS t{here} ON {}", self.flavour.relation(&join.to), on.join(" AND ")));
        }
        if let Some(filter) = &self.selection.filter {
            sql.push_str(" WHERE ");
            sql.push_str(&self.filter(filter, false));
        }
        if group_by > 0 {
            let ordinals: Vec<String> = (1..=group_by).map(|n| n.to_string()).collect();
            sql.push_str(&format!(" GROUP BY {}", ordinals.join(", ")));
        }
        if let (Some((comparison, number)), Output::Measures { measures, .. }) =
            (&self.selection.having, &self.selection.output)
            && let Some(measure) = measures.first()
        {
            sql.push_str(&format!(" HAVING {} {} {number}", self.expression(measure), comparison.operator()));
        }
        sql.push_str(&self.order());
        if let Some(limit) = self.selection.limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        sql
    }

    fn column(&self, column: &ColumnRef) -> String {
        let name = self.flavour.quote(&column.name);
        if self.aliased { format!("t{}.{name}", column.source) } else { name }
    }

    /// Columns by name; one of a joined table is told apart by its table's name.
    fn columns(&self, columns: &[ColumnRef]) -> String {
        let doubled = |c: &ColumnRef| columns.iter().filter(|o| o.name == c.name).count() > 1;
        let parts: Vec<String> = columns
            .iter()
            .map(|c| match c.source.checked_sub(1).and_then(|i| self.selection.joins.get(i)).filter(|_| doubled(c)) {
                Some(join) => {
                    format!("{} AS {}", self.column(c), self.flavour.quote(&format!("{}_{}", join.to.name, c.name)))
                }
                None => self.column(c),
            })
            .collect();
        parts.join(", ")
    }

    fn group(&self, group: &Group) -> String {
        let column = self.column(&group.column);
        match group.bucket {
            Some(bucket) => {
                let name = match bucket {
                    Bucket::Hour => "hour",
                    Bucket::Day => "day",
                    Bucket::Week => "week",
                    Bucket::Month => "month",
                    Bucket::Quarter => "quarter",
                    Bucket::Year => "year",
                    Bucket::Weekday => "weekday",
                };
                format!("{} AS {}", self.flavour.bucket(&column, &group.column, bucket), self.flavour.quote(name))
            }
            None => column,
        }
    }

    fn expression(&self, measure: &Measure) -> String {
        let column = measure.column.as_ref().map_or_else(|| "*".to_owned(), |c| self.column(c));
        let call = |name: &str| format!("{}({column})", self.flavour.aggregate(name));
        match measure.how {
            Aggregate::Count => call("count"),
            Aggregate::CountDistinct => format!("{}(DISTINCT {column})", self.flavour.aggregate("count")),
            Aggregate::Sum => call("sum"),
            Aggregate::Average => call("avg"),
            Aggregate::Minimum => call("min"),
            Aggregate::Maximum => call("max"),
        }
    }

    fn measure(&self, measure: &Measure) -> String {
        let word = match measure.how {
            Aggregate::Count | Aggregate::CountDistinct => "count",
            Aggregate::Sum => "sum",
            Aggregate::Average => "average",
            Aggregate::Minimum => "min",
            Aggregate::Maximum => "max",
        };
        let name = match &measure.column {
            Some(c) if measure.how != Aggregate::CountDistinct => format!("{word}_{}", c.name),
            _ => word.to_owned(),
        };
        format!("{} AS {}", self.expression(measure), self.flavour.quote(&name))
    }

    fn order(&self) -> String {
        let groups = match &self.selection.output {
            Output::Measures { groups, .. } => groups.len(),
            _ => 0,
        };
        let mut parts = Vec::new();
        for order in &self.selection.order {
            let key = match &order.key {
                OrderKey::Group(n) => (n + 1).to_string(),
                OrderKey::Measure(n) => (groups + n + 1).to_string(),
                // What is ordered after DISTINCT or GROUP BY must be among what comes out.
                OrderKey::Column(c) => match &self.selection.output {
                    Output::Rows(_) => self.column(c),
                    Output::Distinct(columns) => match columns.iter().position(|o| o == c) {
                        Some(n) => (n + 1).to_string(),
                        None => continue,
                    },
                    Output::Measures { groups, .. } => match groups.iter().position(|g| g.column == *c) {
                        Some(n) => (n + 1).to_string(),
                        None => continue,
                    },
                },
            };
            // Empty values stand last; for a group that is listed up it does not matter where they stand.
            let plain = matches!(order.key, OrderKey::Group(_)) && !order.descending;
            let ordinal = key.bytes().all(|b| b.is_ascii_digit());
            parts.push(if plain { key } else { self.flavour.sorted(&key, ordinal, order.descending) });
        }
        if parts.is_empty() && matches!(self.selection.output, Output::Distinct(_)) {
            parts.push("1".to_owned());
        }
        if parts.is_empty() { String::new() } else { format!(" ORDER BY {}", parts.join(", ")) }
    }

    fn filter(&self, filter: &Filter, inner: bool) -> String {
        let join = |all: &[Filter], word: &str| {
            let text = all.iter().map(|f| self.filter(f, true)).collect::<Vec<_>>().join(word);
            if inner { format!("({text})") } else { text }
        };
        match filter {
            Filter::All(all) => join(all, " AND "),
            Filter::Any(all) => join(all, " OR "),
            Filter::Not(f) => format!("NOT ({})", self.filter(f, false)),
            Filter::Compare(c, comparison, value) => self.compare(c, *comparison, value),
            Filter::Between(c, low, high) => format!(
                "({} AND {})",
                self.compare(c, Comparison::AtLeast, low),
                self.compare(c, Comparison::AtMost, high)
            ),
            Filter::OneOf(c, values) => {
                let all: Vec<String> = values.iter().map(|v| self.compare(c, Comparison::Equal, v)).collect();
                format!("({})", all.join(" OR "))
            }
            Filter::Like(c, kind, text) => self.flavour.like(&self.column(c), c, *kind, text),
            Filter::IsNull(c, empty) => format!("{} IS {}NULL", self.column(c), if *empty { "" } else { "NOT " }),
            Filter::IsTrue(c, truth) => self.flavour.truth(&self.column(c), c, *truth),
            Filter::During(c, period) => self.flavour.during(&self.column(c), c, period),
            Filter::Exists { table, columns, exists } => {
                let on: Vec<String> = columns
                    .iter()
                    .map(|(there, own)| format!("x.{} = t0.{}", self.flavour.quote(there), self.flavour.quote(own)))
                    .collect();
                let not = if *exists { "" } else { "NOT " };
                format!("{not}EXISTS (SELECT 1 FROM {} AS x WHERE {})", self.flavour.relation(table), on.join(" AND "))
            }
        }
    }

    fn compare(&self, column: &ColumnRef, comparison: Comparison, value: &Literal) -> String {
        let sql = self.column(column);
        match value {
            Literal::Number(digits) if self.flavour.is_number(column) => {
                format!("{sql} {} {digits}", comparison.operator())
            }
            Literal::Number(text) => self.flavour.compare_text(&sql, column, comparison, text, true),
            Literal::Text { text, exact } => self.flavour.compare_text(&sql, column, comparison, text, *exact),
        }
    }
}

/// A LIKE pattern of a text taken to the letter; the escape character is `\`.
pub(in crate::engine) fn pattern(kind: LikeKind, text: &str) -> String {
    let plain = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    match kind {
        LikeKind::Contains => format!("%{plain}%"),
        LikeKind::StartsWith => format!("{plain}%"),
        LikeKind::EndsWith => format!("%{plain}"),
    }
}
