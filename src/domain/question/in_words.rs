//! Says a selection in words: the title of its answer, so that a person sees how the question was read.

use super::selection::{Bucket, ColumnRef, Comparison, Filter, LikeKind, Literal, OrderKey, Output, Selection};

/// One line: `number of orders by customers.name, where status is "paid"`. Unescaped names in it.
pub fn selection_in_words(selection: &Selection) -> String {
    let name = |c: &ColumnRef| match c.source {
        0 => c.name.clone(),
        n => format!("{}.{}", selection.joins[n - 1].to.name, c.name),
    };
    let base = &selection.base.name;
    let list = |columns: &[ColumnRef]| columns.iter().map(name).collect::<Vec<_>>().join(", ");
    let mut out = match &selection.output {
        Output::Rows(columns) if columns.is_empty() => format!("rows of {base}"),
        Output::Rows(columns) => format!("{} of {base}", list(columns)),
        Output::Distinct(columns) => format!("different values of {} in {base}", list(columns)),
        Output::Measures { groups, measures } => {
            let numbers: Vec<String> = measures
                .iter()
                .map(|m| match &m.column {
                    Some(c) => format!("{} of {}", m.how.word(), name(c)),
                    None => format!("{} of {base}", m.how.word()),
                })
                .collect();
            let by: Vec<String> = groups
                .iter()
                .map(|g| match g.bucket {
                    Some(bucket) => format!("{} of {}", bucket_word(bucket), name(&g.column)),
                    None => name(&g.column),
                })
                .collect();
            let by = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
            format!("{}{by}", numbers.join(", "))
        }
    };
    if let Some(filter) = &selection.filter {
        out.push_str(", where ");
        out.push_str(&filter_in_words(filter, &name, false));
    }
    if let Some((comparison, number)) = &selection.having {
        out.push_str(&format!(", only those with {} {number}", comparison_word(*comparison)));
    }
    if let Some(first) = selection.order.first() {
        let key = match &first.key {
            OrderKey::Column(c) => Some(name(c)),
            OrderKey::Measure(_) if selection.limit.is_some() => Some("the number".to_owned()),
            OrderKey::Measure(_) | OrderKey::Group(_) => None,
        };
        if let Some(key) = key {
            out.push_str(&format!(", {} {key} first", if first.descending { "largest" } else { "smallest" }));
        }
    }
    if let Some(limit) = selection.limit {
        out.push_str(&format!(", {limit} at most"));
    }
    let mut chars = out.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

fn bucket_word(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Hour => "hour",
        Bucket::Day => "day",
        Bucket::Week => "week",
        Bucket::Month => "month",
        Bucket::Quarter => "quarter",
        Bucket::Year => "year",
        Bucket::Weekday => "weekday",
    }
}

fn comparison_word(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "exactly",
        Comparison::NotEqual => "not",
        Comparison::Less => "fewer than",
        Comparison::AtMost => "at most",
        Comparison::Greater => "more than",
        Comparison::AtLeast => "at least",
    }
}

fn value(literal: &Literal) -> String {
    match literal {
        Literal::Number(n) => n.clone(),
        Literal::Text { text, .. } => format!("\"{text}\""),
    }
}

fn filter_in_words(filter: &Filter, name: &dyn Fn(&ColumnRef) -> String, inner: bool) -> String {
    let join = |all: &[Filter], word: &str| {
        let text = all.iter().map(|f| filter_in_words(f, name, true)).collect::<Vec<_>>().join(word);
        if inner { format!("({text})") } else { text }
    };
    match filter {
        Filter::All(all) => join(all, " and "),
        Filter::Any(all) => join(all, " or "),
        Filter::Not(f) => format!("not {}", filter_in_words(f, name, true)),
        Filter::Compare(c, how, v) => format!("{} {} {}", name(c), how.operator(), value(v)),
        Filter::Between(c, low, high) => format!("{} is between {} and {}", name(c), value(low), value(high)),
        Filter::OneOf(c, values) => {
            format!("{} is one of {}", name(c), values.iter().map(value).collect::<Vec<_>>().join(", "))
        }
        Filter::Like(c, kind, text) => {
            let verb = match kind {
                LikeKind::Contains => "contains",
                LikeKind::StartsWith => "starts with",
                LikeKind::EndsWith => "ends with",
            };
            format!("{} {verb} \"{text}\"", name(c))
        }
        Filter::IsNull(c, true) => format!("{} is empty", name(c)),
        Filter::IsNull(c, false) => format!("{} is not empty", name(c)),
        Filter::IsTrue(c, truth) => format!("{} is {truth}", name(c)),
        Filter::During(c, period) => {
            let at = |t: super::Timestamp| t.date_time(period.offset_minutes);
            match (period.from, period.to) {
                (Some(from), Some(to)) => format!("{} is from {} to before {}", name(c), at(from), at(to)),
                (Some(from), None) => format!("{} is {} or later", name(c), at(from)),
                (None, Some(to)) => format!("{} is before {}", name(c), at(to)),
                (None, None) => format!("{} is any time", name(c)),
            }
        }
        Filter::Exists { table, exists: true, .. } => format!("there are {}", table.name),
        Filter::Exists { table, exists: false, .. } => format!("there are no {}", table.name),
    }
}
