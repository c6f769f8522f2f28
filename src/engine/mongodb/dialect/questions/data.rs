//! The person's own data: a selection as a find where that is enough, else as a pipeline.

use super::filters::{self, Places, matching};
use super::values::{bucket, bucket_name, flat};
use super::{aggregate, at_most, one, rows, table_of};
use crate::domain::question::{
    Aggregate, Answer, ColumnRef, Filter, Group, Join, Measure, Order, OrderKey, Output, Selection, selection_in_words,
};
use crate::domain::schema::{Schema, Table};
use bson::{Bson, Document, doc};

pub(super) fn answer(selection: &Selection, schema: &Schema) -> Answer {
    let writer = Writer::new(selection, schema);
    let mut answer = one(selection_in_words(selection), &writer.command());
    answer.notes.extend(writer.notes());
    answer
}

/// The first stages of a join: what it looks up, and one row for each match.
pub(super) fn lookup(from: &str, columns: &[(String, String)], name: &str) -> Document {
    if let [(there, here)] = columns {
        return doc! {"$lookup": {"from": from, "localField": there, "foreignField": here, "as": name}};
    }
    let mut variables = Document::new();
    let mut equal = Vec::new();
    for (i, (there, here)) in columns.iter().enumerate() {
        variables.insert(format!("v{i}"), format!("${there}"));
        equal.push(doc! {"$eq": [format!("${here}"), format!("$$v{i}")]});
    }
    doc! {"$lookup": {"from": from, "let": variables, "pipeline": [{"$match": {"$expr": {"$and": equal}}}], "as": name}}
}

struct Writer<'a> {
    selection: &'a Selection,
    base: Option<&'a Table>,
    /// The field that holds each joined document.
    names: Vec<String>,
    /// The filters that ask whether rows exist elsewhere, in order.
    existing: Vec<&'a Filter>,
}

impl Places for Writer<'_> {
    fn path(&self, column: &ColumnRef) -> String {
        match column.source.checked_sub(1).and_then(|i| self.names.get(i)) {
            Some(joined) => format!("{joined}.{}", column.name),
            None => column.name.clone(),
        }
    }
    fn exists(&self, filter: &Filter) -> String {
        let index = self.existing.iter().position(|known| std::ptr::eq(*known, filter)).unwrap_or(0);
        self.existing_name(index)
    }
}

fn collect_existing<'a>(filter: &'a Filter, found: &mut Vec<&'a Filter>) {
    match filter {
        Filter::All(all) | Filter::Any(all) => all.iter().for_each(|f| collect_existing(f, found)),
        Filter::Not(inner) => collect_existing(inner, found),
        Filter::Exists { .. } => found.push(filter),
        _ => {}
    }
}

/// True when a filter looks at fields of the base alone.
fn of_base(filter: &Filter) -> bool {
    match filter {
        Filter::All(all) | Filter::Any(all) => all.iter().all(of_base),
        Filter::Not(inner) => of_base(inner),
        Filter::Exists { .. } => false,
        Filter::Compare(c, ..)
        | Filter::Between(c, ..)
        | Filter::OneOf(c, _)
        | Filter::Like(c, ..)
        | Filter::IsNull(c, _)
        | Filter::IsTrue(c, _)
        | Filter::During(c, _) => c.source == 0,
    }
}

impl<'a> Writer<'a> {
    fn new(selection: &'a Selection, schema: &'a Schema) -> Self {
        let base = table_of(&selection.base, schema);
        let mut existing = Vec::new();
        if let Some(filter) = &selection.filter {
            collect_existing(filter, &mut existing);
        }
        // A joined document stands under its collection's name, unless a field has that name already.
        let mut names: Vec<String> = Vec::new();
        for (i, join) in selection.joins.iter().enumerate() {
            let taken = names.contains(&join.to.name)
                || base.is_some_and(|t| t.columns.iter().any(|c| c.name.split('.').next() == Some(&*join.to.name)));
            let plain = join.to.name.chars().all(|c| c.is_alphanumeric() || c == '_');
            names.push(if taken || !plain { format!("joined_{}", i + 1) } else { join.to.name.clone() });
        }
        Self { selection, base, names, existing }
    }

    fn existing_name(&self, index: usize) -> String {
        match self.existing.get(index) {
            Some(Filter::Exists { table, .. }) => format!("_{}_{}", flat(&table.name), index + 1),
            _ => format!("_exists_{}", index + 1),
        }
    }

    fn notes(&self) -> Vec<String> {
        self.unwound().map(|field| format!("one row for each element of {field}")).into_iter().collect()
    }

    fn command(&self) -> Document {
        let (name, filter) = (&self.selection.base.name, self.selection.filter.as_ref());
        let simple = self.selection.joins.is_empty() && self.existing.is_empty();
        match &self.selection.output {
            Output::Rows(columns) if simple && !self.sorts_empty_first() => {
                let mut command = doc! {"find": name};
                if let Some(filter) = filter {
                    command.insert("filter", matching(filter, self));
                }
                if !columns.is_empty() {
                    command.insert("projection", Self::plain_fields(columns));
                }
                if let Some(sort) = self.sort_of_rows() {
                    command.insert("sort", sort);
                }
                if let Some(limit) = self.selection.limit {
                    command.insert("limit", rows(limit));
                }
                command
            }
            // The count command gives a zero where a pipeline gives no row. Without a filter it answers from
            // statistics, so each document is asked for its id.
            Output::Measures { groups, measures } if simple && groups.is_empty() && only_counts(measures) => {
                let query = filter.map_or_else(|| doc! {"_id": {"$exists": true}}, |filter| matching(filter, self));
                doc! {"count": name, "query": query}
            }
            _ => aggregate(name.as_str(), self.pipeline()),
        }
    }

    fn pipeline(&self) -> Vec<Document> {
        let mut stages = self.sources();
        let before = stages.len();
        match &self.selection.output {
            Output::Rows(columns) => self.rows(columns, &mut stages),
            Output::Distinct(columns) => {
                let groups: Vec<Group> = columns.iter().map(|c| Group { column: c.clone(), bucket: None }).collect();
                self.groups(&groups, &[], &mut stages);
            }
            Output::Measures { groups, measures } => self.groups(groups, measures, &mut stages),
        }
        if let Some(limit) = self.selection.limit {
            stages.push(at_most(limit));
        }
        // A pipeline gives no row where nothing is counted; a person asked for a number and gets a zero.
        if let Output::Measures { groups, measures } = &self.selection.output
            && groups.is_empty()
            && let Some(first) =
                measures.first().filter(|m| matches!(m.how, Aggregate::Count | Aggregate::CountDistinct))
        {
            let zero = doc! {measure_name(first): 0};
            let counted = stages.split_off(before);
            stages.push(doc! {"$facet": {"counted": counted}});
            stages.push(doc! {"$replaceRoot": {"newRoot": {"$ifNull": [{"$arrayElemAt": ["$counted", 0]}, zero]}}});
        }
        stages
    }

    /// The base with its filter and what is joined to it. What concerns the base alone comes first, where an index
    /// can help.
    fn sources(&self) -> Vec<Document> {
        let mut stages = Vec::new();
        let (mut first, mut later): (Vec<&Filter>, Vec<&Filter>) = (Vec::new(), Vec::new());
        match &self.selection.filter {
            Some(Filter::All(all)) => all.iter().for_each(|f| if of_base(f) { first.push(f) } else { later.push(f) }),
            Some(filter) if of_base(filter) => first.push(filter),
            Some(filter) => later.push(filter),
            None => {}
        }
        let push = |filters: &[&Filter], stages: &mut Vec<Document>| match filters {
            [] => {}
            [only] => stages.push(doc! {"$match": matching(only, self)}),
            [..] => {
                let all: Vec<Document> = filters.iter().map(|f| matching(f, self)).collect();
                let keys: Vec<&String> = all.iter().flat_map(Document::keys).collect();
                let doubled = (1..keys.len()).any(|i| keys[..i].contains(&keys[i]));
                if doubled {
                    stages.push(doc! {"$match": {"$and": all}});
                } else {
                    let mut merged = Document::new();
                    for one in all {
                        merged.extend(one);
                    }
                    stages.push(doc! {"$match": merged});
                }
            }
        };
        push(&first, &mut stages);
        for (Join { from, to, columns }, name) in self.selection.joins.iter().zip(&self.names) {
            let prefix = from.checked_sub(1).and_then(|i| self.names.get(i));
            let columns: Vec<(String, String)> = columns
                .iter()
                .map(|(there, here)| (prefix.map_or_else(|| there.clone(), |p| format!("{p}.{there}")), here.clone()))
                .collect();
            stages.push(lookup(&to.name, &columns, name));
            stages.push(doc! {"$unwind": format!("${name}")});
        }
        for (i, filter) in self.existing.iter().enumerate() {
            if let Filter::Exists { table, columns, .. } = filter {
                let pairs: Vec<(String, String)> =
                    columns.iter().map(|(there, own)| (own.clone(), there.clone())).collect();
                let mut looked_up = lookup(&table.name, &pairs, &self.existing_name(i));
                // One row is enough to know.
                if let Ok(stage) = looked_up.get_document_mut("$lookup") {
                    let mut inner = stage.get_array("pipeline").cloned().unwrap_or_default();
                    inner.extend([Bson::Document(doc! {"$limit": 1}), Bson::Document(doc! {"$project": {"_id": 1}})]);
                    stage.insert("pipeline", inner);
                }
                stages.push(looked_up);
            }
        }
        push(&later, &mut stages);
        stages
    }

    fn rows(&self, columns: &[ColumnRef], stages: &mut Vec<Document>) {
        if let Some(mut sort) = self.sort_of_rows() {
            // An ascending order puts what is empty first; a key before it puts it last.
            let empty: Vec<(String, String)> = self
                .selection
                .order
                .iter()
                .filter(|order| self.may_be_empty(order))
                .filter_map(|order| if let OrderKey::Column(c) = &order.key { Some(self.path(c)) } else { None })
                .map(|path| (format!("_empty_{}", flat(&path)), path))
                .collect();
            if !empty.is_empty() {
                let mut marks = Document::new();
                let mut marked = Document::new();
                for (key, direction) in &sort {
                    if let Some((mark, path)) = empty.iter().find(|(_, path)| path == key) {
                        marks.insert(mark, doc! {"$lte": [format!("${path}"), Bson::Null]});
                        marked.insert(mark, 1);
                    }
                    marked.insert(key, direction.clone());
                }
                stages.push(doc! {"$addFields": marks});
                sort = marked;
            }
            stages.push(doc! {"$sort": sort});
            if columns.is_empty() && !empty.is_empty() {
                let names: Vec<Bson> = empty.into_iter().map(|(mark, _)| Bson::String(mark)).collect();
                stages.push(doc! {"$unset": names});
            }
        }
        if !columns.is_empty() {
            stages.push(doc! {"$project": self.fields(columns)});
            return;
        }
        let mut added: Vec<Bson> = self.names.iter().cloned().map(Bson::String).collect();
        added.extend((0..self.existing.len()).map(|i| Bson::String(self.existing_name(i))));
        if !added.is_empty() {
            stages.push(doc! {"$unset": added});
        }
    }

    /// Fields of a find, by their own names.
    fn plain_fields(columns: &[ColumnRef]) -> Document {
        let mut fields = Document::new();
        if !columns.iter().any(|c| c.name == "_id") {
            fields.insert("_id", 0);
        }
        for column in columns {
            if column.name.contains('.') {
                fields.insert(flat(&column.name), format!("${}", column.name));
            } else {
                fields.insert(&column.name, 1);
            }
        }
        fields
    }

    /// Fields of a pipeline; one of a joined document is told apart by its collection's name where it must be.
    fn fields(&self, columns: &[ColumnRef]) -> Document {
        let mut fields = doc! {"_id": 0};
        for column in columns {
            let doubled = columns.iter().filter(|other| other.name == column.name).count() > 1;
            let name = match column.source.checked_sub(1).and_then(|i| self.selection.joins.get(i)) {
                Some(join) if doubled || column.name == "_id" => {
                    format!("{}_{}", flat(&join.to.name), flat(&column.name))
                }
                _ => flat(&column.name),
            };
            fields.insert(name, format!("${}", self.path(column)));
        }
        fields
    }

    fn sort_of_rows(&self) -> Option<Document> {
        let mut sort = Document::new();
        for order in &self.selection.order {
            if let OrderKey::Column(column) = &order.key {
                sort.insert(self.path(column), direction(order));
            }
        }
        (!sort.is_empty()).then_some(sort)
    }

    /// An ascending order by a field that some documents have not.
    fn may_be_empty(&self, order: &Order) -> bool {
        let OrderKey::Column(column) = &order.key else { return false };
        let known = self.base.filter(|_| column.source == 0).and_then(|t| t.column(&column.name));
        !order.descending && column.name != "_id" && known.is_none_or(|c| c.nullable)
    }

    fn sorts_empty_first(&self) -> bool {
        self.selection.order.iter().any(|order| self.may_be_empty(order))
    }

    /// The array whose elements are what is grouped or measured.
    fn unwound(&self) -> Option<String> {
        let Output::Measures { groups, measures } = &self.selection.output else { return None };
        let columns = groups.iter().map(|g| &g.column).chain(measures.iter().filter_map(|m| m.column.as_ref()));
        let base = self.base?;
        columns.filter(|c| c.source == 0).find_map(|column| {
            let mut ends = column.name.match_indices('.').map(|(at, _)| at).chain([column.name.len()]);
            ends.find_map(|end| {
                let path = &column.name[..end];
                let array = base.columns.iter().any(|c| c.name == path && c.type_name.contains("array"));
                array.then(|| path.to_owned())
            })
        })
    }

    fn groups(&self, groups: &[Group], measures: &[Measure], stages: &mut Vec<Document>) {
        if let Some(array) = self.unwound() {
            stages.push(doc! {"$unwind": format!("${array}")});
        }
        let names = group_names(groups);
        let key = |group: &Group| {
            let path = format!("${}", self.path(&group.column));
            group.bucket.map_or_else(|| Bson::String(path.clone()), |cut| bucket(&group.column, &path, cut))
        };
        let mut grouped = Document::new();
        let mut shown = doc! {"_id": 0};
        match groups {
            [] => {
                grouped.insert("_id", Bson::Null);
            }
            [only] => {
                grouped.insert("_id", key(only));
                shown.insert(&names[0], "$_id");
            }
            [..] => {
                let mut id = Document::new();
                for (group, name) in groups.iter().zip(&names) {
                    id.insert(name, key(group));
                    shown.insert(name, format!("$_id.{name}"));
                }
                grouped.insert("_id", id);
            }
        }
        for measure in measures {
            let name = measure_name(measure);
            grouped.insert(&name, self.measure(measure));
            if measure.how == Aggregate::CountDistinct {
                shown.insert(&name, doc! {"$size": {"$setDifference": [format!("${name}"), [Bson::Null]]}});
            } else {
                // Written as a value, it stands where it is named: fields that are merely kept come first.
                shown.insert(&name, format!("${name}"));
            }
        }
        stages.push(doc! {"$group": grouped});
        stages.push(doc! {"$project": shown});
        if let (Some((comparison, number)), Some(first)) = (&self.selection.having, measures.first()) {
            stages.push(doc! {"$match": filters::having(&measure_name(first), *comparison, number)});
        }
        let mut sort = Document::new();
        for order in &self.selection.order {
            let name = match &order.key {
                OrderKey::Group(n) => names.get(*n).cloned(),
                OrderKey::Measure(n) => measures.get(*n).map(measure_name),
                OrderKey::Column(c) => groups.iter().position(|g| g.column == *c).map(|n| names[n].clone()),
            };
            if let Some(name) = name {
                sort.insert(name, direction(order));
            }
        }
        if sort.is_empty() && measures.is_empty() {
            sort.extend(names.iter().map(|name| (name.clone(), Bson::Int32(1))));
        }
        if !sort.is_empty() {
            stages.push(doc! {"$sort": sort});
        }
    }

    fn measure(&self, measure: &Measure) -> Document {
        let Some(column) = &measure.column else { return doc! {"$sum": 1} };
        let path = format!("${}", self.path(column));
        match measure.how {
            // Everything but what is empty sorts behind null.
            Aggregate::Count => doc! {"$sum": {"$cond": [{"$gt": [path, Bson::Null]}, 1, 0]}},
            Aggregate::CountDistinct => doc! {"$addToSet": path},
            Aggregate::Sum => doc! {"$sum": path},
            Aggregate::Average => doc! {"$avg": path},
            Aggregate::Minimum => doc! {"$min": path},
            Aggregate::Maximum => doc! {"$max": path},
        }
    }
}

fn only_counts(measures: &[Measure]) -> bool {
    matches!(measures, [Measure { how: Aggregate::Count, column: None }])
}

fn direction(order: &Order) -> i32 {
    if order.descending { -1 } else { 1 }
}

fn group_names(groups: &[Group]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for group in groups {
        let name = group.bucket.map_or_else(|| flat(&group.column.name), |cut| bucket_name(cut).to_owned());
        // The id of a document is no name for a group beside it.
        let name = if name == "_id" { "id".to_owned() } else { name };
        let taken = names.contains(&name);
        names.push(if taken { format!("{name}_{}", names.len() + 1) } else { name });
    }
    names
}

fn measure_name(measure: &Measure) -> String {
    let word = match measure.how {
        Aggregate::Count | Aggregate::CountDistinct => "count",
        Aggregate::Sum => "sum",
        Aggregate::Average => "average",
        Aggregate::Minimum => "min",
        Aggregate::Maximum => "max",
    };
    match &measure.column {
        Some(column) if measure.how != Aggregate::CountDistinct => format!("{word}_{}", flat(&column.name)),
        _ => word.to_owned(),
    }
}
