//! Backslash commands as a well-known client has them: `\dt`, `\d orders`, `\l`.

use super::intent::{Intent, ListKind, Scope, TableList, Topic};
use super::names::{self, Found};
use super::words;
use super::{Cannot, Relation};
use crate::domain::schema::Schema;

/// Reads a backslash command; none when the text is not one.
pub(super) fn read(text: &str, schema: &Schema) -> Option<Result<Intent, Cannot>> {
    let rest = text.trim().trim_end_matches(';').strip_prefix('\\')?;
    let (command, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let argument = argument.trim();
    let command = command.trim_end_matches(['+', 'S']);
    let pattern = || (!argument.is_empty()).then(|| argument.trim_matches('*').to_owned());
    let topic = |topic| Ok(Intent::Topic(topic, Scope { name: pattern(), ..Scope::default() }));
    let list = |kind| Ok(Intent::Tables(TableList { kind, containing: pattern(), ..TableList::default() }));
    Some(match command {
        "d" if argument.is_empty() => list(ListKind::Tables),
        "d" => match names::find_table(schema, &names::table_words(schema), &words::tokens(argument)) {
            Some(Found::One(index, how)) if how.plain() => Ok(Intent::Describe(Relation::of(&schema.tables[index]))),
            _ => Err(Cannot {
                reason: format!("there is no table \"{argument}\" here"),
                did_you_mean: names::similar(schema, argument),
                can: vec!["\\dt".into()],
            }),
        },
        "dt" => list(ListKind::Tables),
        "dv" | "dm" => list(ListKind::Views),
        "di" => topic(Topic::Indexes),
        "du" | "dg" => topic(Topic::Roles),
        "l" => topic(Topic::Databases),
        "dn" => topic(Topic::Schemas),
        "df" => topic(Topic::Functions),
        "ds" => topic(Topic::Sequences),
        "dT" => topic(Topic::Types),
        "dx" => topic(Topic::Extensions),
        "dp" | "z" => topic(Topic::Privileges),
        "db" => topic(Topic::Tablespaces),
        "dy" => topic(Topic::Triggers),
        "conninfo" => topic(Topic::CurrentUser),
        "s" => topic(Topic::Performance),
        "?" | "h" => Ok(Intent::Help),
        _ => Err(Cannot {
            reason: format!("\\{command} is not one of the backslash commands known here"),
            did_you_mean: Vec::new(),
            can: ["\\dt", "\\d TABLE", "\\di", "\\dv", "\\dn", "\\du", "\\l", "\\df", "\\dx"].map(Into::into).to_vec(),
        }),
    })
}
