//! Parameters of a person's own statements: `:object` and its like, filled in as names or literals that the engine
//! quotes, never as text.

use crate::domain::definition::readings;
use crate::domain::dialect::Dialect;
use crate::domain::incident::Incident;

/// The parameters, and what each becomes.
pub const PARAMETERS: &[(&str, &str)] = &[
    ("object", "the incident's object as a name, with its schema where the error names it"),
    ("object_text", "the incident's object as a literal"),
    ("name_text", "the incident's object without its schema, as a literal"),
];

/// Values of the parameters, quoted by the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// Those of an incident; none of them without an object.
    pub fn of(incident: Option<&Incident>, dialect: &dyn Dialect) -> Self {
        let Some(object) = incident.and_then(|incident| incident.object.as_deref()) else { return Self::default() };
        let Some((space, name)) = readings(object).into_iter().next() else { return Self::default() };
        let quoted = match &space {
            Some(space) => format!("{}.{}", dialect.quote(space), dialect.quote(&name)),
            None => dialect.quote(&name),
        };
        Self(vec![("object", quoted), ("object_text", dialect.literal(object)), ("name_text", dialect.literal(&name))])
    }

    /// A stand-in for each, for judging a statement before there is an incident.
    pub fn examples(dialect: &dyn Dialect) -> Self {
        let name = "example";
        let text = dialect.literal(name);
        Self(vec![("object", dialect.quote(name)), ("object_text", text.clone()), ("name_text", text)])
    }

    /// A statement with its parameters filled in.
    ///
    /// # Errors
    /// Words when one of them has no value.
    pub fn fill(&self, statement: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(statement.len());
        let mut rest = statement;
        while let Some((before, name, after)) = next(rest) {
            let Some((_, value)) = self.0.iter().find(|(known, _)| *known == name) else {
                return Err(format!("it needs :{name}, and the incident names no object"));
            };
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// The first parameter of a text, with what stands before and behind it. `::` is a cast, and a word that is none of
/// the parameters stays as it is.
fn next(text: &str) -> Option<(&str, &'static str, &str)> {
    for (at, _) in text.match_indices(':') {
        let before = &text[..at];
        if before.ends_with(|c: char| c == ':' || c.is_alphanumeric() || c == '_') {
            continue;
        }
        let word_end =
            text[at + 1..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(text.len(), |n| at + 1 + n);
        let word = &text[at + 1..word_end];
        if let Some((name, _)) = PARAMETERS.iter().find(|(name, _)| *name == word) {
            return Some((before, name, &text[word_end..]));
        }
    }
    None
}

/// The statement has a parameter.
pub fn uses(statement: &str) -> bool {
    next(statement).is_some()
}

/// Why a statement's parameters cannot be filled in safely: within quotes or a comment a quoted name would end them.
/// Where it cannot be told what is within quotes, a statement with parameters is refused.
pub fn objection(statement: &str) -> Option<String> {
    if !uses(statement) {
        return None;
    }
    for (mark, what) in
        [("--", "a comment"), ("/*", "a comment"), ("#", "a `#`"), ("$", "a `$`"), ("\\", "a backslash")]
    {
        if statement.contains(mark) {
            return Some(format!("a statement with parameters has no {}", what.trim_start_matches("a ")));
        }
    }
    let mut rest = statement;
    let mut quote = None;
    while let Some((before, name, after)) = next(rest) {
        for c in before.chars() {
            match quote {
                None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
                Some(open) if open == c => quote = None,
                _ => {}
            }
        }
        if quote.is_some() {
            return Some(format!(":{name} stands within quotes: write it without, it is quoted when it is filled in"));
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(statement: &str) -> Result<String, String> {
        let values = [("object", "app.\"a;b\""), ("object_text", "'app.a;b'"), ("name_text", "'a;b'")];
        Parameters(values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()).fill(statement)
    }

    #[test]
    fn whole_words_are_filled_in_and_nothing_else() {
        assert_eq!(filled("VACUUM :object").as_deref(), Ok("VACUUM app.\"a;b\""));
        assert_eq!(
            filled("SELECT 'x'::object, a:object, :objects, :object_text").as_deref(),
            Ok("SELECT 'x'::object, a:object, :objects, 'app.a;b'")
        );
        // A value is not looked through again.
        let tricky = Parameters(vec![("object", "\":object_text\"".to_owned())]);
        assert_eq!(tricky.fill("VACUUM :object").as_deref(), Ok("VACUUM \":object_text\""));
        assert!(Parameters::default().fill("VACUUM :object").is_err_and(|words| words.contains(":object")));
        assert_eq!(Parameters::default().fill("SELECT 1").as_deref(), Ok("SELECT 1"));
    }

    #[test]
    fn a_parameter_within_quotes_or_beside_a_comment_is_refused() {
        assert_eq!(objection("SELECT count(*) FROM :object WHERE a = 'it''s' AND b = :object_text"), None);
        assert_eq!(objection("SELECT ':' -- no parameter at all"), None);
        for wrong in [
            "SELECT ':object'",
            "SELECT \"a:x\", ':name_text'",
            "SELECT :object -- x",
            "SELECT /* x */ :object",
            "SELECT $$ :object $$",
            "SELECT E'\\' || :object_text",
        ] {
            assert!(objection(wrong).is_some(), "{wrong}");
        }
    }
}
