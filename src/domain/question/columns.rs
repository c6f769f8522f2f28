//! Questions that look for columns anywhere: `where is email stored`, `which tables have a timestamp column`.

use super::Cannot;
use super::intent::{ColumnSearch, Intent, TypeFamily};
use super::names;
use super::reading::{Question, Reading};
use super::words::{Kind, Token, singular};

const STORE: &[&str] = &[
    "stored",
    "store",
    "stores",
    "kept",
    "keep",
    "keeps",
    "saved",
    "save",
    "held",
    "hold",
    "holds",
    "contain",
    "contains",
    "containing",
    "include",
    "includes",
    "including",
    "named",
    "called",
    "like",
    "have",
    "has",
    "matching",
    "name",
    "live",
    "lives",
];

const NOISE: &[&str] = &[
    "~", "show", "what", "all", "of", "in", "on", "from", "for", "with", "to", "database", "where", "table", "column",
    "type", "schema", "how", "each", "by",
];

/// A search for columns, if the question is one. `Err` when it is one, for a column that does not exist.
pub(super) fn read(question: &Question<'_>) -> Option<Result<Reading, Cannot>> {
    let tokens = &question.tokens;
    let has = |canon: &str| tokens.iter().any(|t| t.means(canon));
    let (wheres, columns, tables) = (has("where"), has("column"), has("table"));
    if !(tokens.first().is_some_and(|t| t.means("where")) || columns || tables) {
        return None;
    }
    // `tables named order`: their own names are meant.
    if !columns && !wheres && tokens.iter().any(|t| t.is(&["like", "named", "called", "matching"])) {
        return None;
    }
    let mut words: Vec<&Token> = Vec::new();
    let mut family = None;
    let mut type_name = None;
    for (i, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Symbol || token.is(STORE) && !token.means("name") {
            continue;
        }
        if token.kind == Kind::Word && NOISE.contains(&token.canon) {
            continue;
        }
        if token.means("name") && !(wheres && words.is_empty() || i + 1 == tokens.len()) {
            continue;
        }
        let of_type = i > 0
            && (tokens[i - 1].means("type") || (i > 1 && tokens[i - 1].is(&["of"]) && tokens[i - 2].means("type")));
        let beside_column =
            tokens.get(i + 1).is_some_and(|t| t.means("column") || t.means("type")) || columns && i + 1 == tokens.len();
        match type_family(&token.lower) {
            Some(found) if columns && (of_type || beside_column) && family.is_none() => family = Some(found),
            _ if of_type && type_name.is_none() => type_name = Some(token.lower.clone()),
            _ => words.push(token),
        }
    }
    if words.is_empty() && family.is_none() && type_name.is_none() {
        return None;
    }
    if words.iter().any(|t| t.kind == Kind::Number || (t.kind == Kind::Word && t.one_of(GRAMMAR))) {
        return None;
    }
    let name = (!words.is_empty()).then(|| words.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" "));
    let known = name.as_ref().is_none_or(|n| exists(question, n));
    if !known {
        // `tables with X` may be about anything; only a plain question for a column earns a plain "no".
        let plainly = (wheres || columns) && words.iter().all(|t| t.canon.is_empty()) && words.len() <= 3;
        return plainly.then(|| {
            let wanted = name.unwrap_or_default();
            Err(Cannot {
                reason: format!("no column here is called \"{wanted}\""),
                did_you_mean: names::similar(question.schema, &wanted),
                can: vec!["columns of type timestamp".into()],
            })
        });
    }
    if name.is_some() && !columns && !wheres && words.iter().any(|t| !t.canon.is_empty()) {
        return None;
    }
    let search = ColumnSearch { name, kind: family, type_name };
    Some(Ok(Reading { intent: Intent::FindColumns(search), notes: Vec::new(), topic: None, plain: true }))
}

/// Words that show that something else is asked.
const GRAMMAR: &[&str] = &[
    "howmany",
    "count",
    "top",
    "largest",
    "size",
    "no",
    "not",
    "without",
    "row",
    "index",
    "primarykey",
    "foreignkey",
    "most",
    "per",
    "sample",
    "rowcount",
    "describe",
    "reference",
    "unused",
    "orderby",
    "bloat",
    "vacuum",
    "lock",
    "mostrows",
    "diagram",
    "join",
];

/// A column with these words in its name.
fn exists(question: &Question<'_>, name: &str) -> bool {
    let wanted = names::name_words(name);
    question.schema.tables.iter().flat_map(|t| &t.columns).any(|c| contains(&c.name, &wanted))
}

/// The name has these words in a row, or has them joined as a part of itself.
pub(super) fn contains(name: &str, wanted: &[String]) -> bool {
    let words = names::name_words(name);
    words.windows(wanted.len().max(1)).any(|w| w == wanted) || words.concat().contains(&wanted.concat())
}

fn type_family(word: &str) -> Option<TypeFamily> {
    Some(match singular(word).as_str() {
        "timestamp" | "timestamptz" | "datetime" | "date" | "time" => TypeFamily::Time,
        "int" | "integer" | "bigint" | "smallint" | "numeric" | "number" | "decimal" | "float" | "double" | "real"
        | "money" => TypeFamily::Number,
        "text" | "string" | "varchar" | "char" | "character" => TypeFamily::Text,
        "boolean" | "bool" | "flag" => TypeFamily::Bool,
        "json" | "jsonb" => TypeFamily::Json,
        "uuid" | "guid" => TypeFamily::Uuid,
        "bytea" | "blob" | "binary" => TypeFamily::Binary,
        "array" => TypeFamily::Array,
        _ => return None,
    })
}
