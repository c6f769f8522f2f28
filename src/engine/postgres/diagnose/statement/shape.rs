//! Statements that differ in their values alone are one shape; and the statement whose plan tells of a shape.

use super::text::{Verb, Words, read};
use crate::engine::sql::lexer::Kind;

/// A shape is kept to this many bytes.
const LONGEST: usize = 2_000;

/// The statement without its values, comments and blanks. Lists of values count as one.
pub(in super::super) fn shape(text: &str) -> String {
    let words = Words::of(text);
    let mut out: Vec<String> = Vec::new();
    for at in 0..words.tokens.len() {
        let next = match words.kind(at) {
            Some(Kind::Text | Kind::Number | Kind::Parameter) => "?".to_owned(),
            Some(Kind::Word) => words.raw(at).to_lowercase(),
            _ if words.raw(at) == ";" => continue,
            _ => words.raw(at).to_owned(),
        };
        out.push(next);
        fold(&mut out);
    }
    let mut shape = out.join(" ");
    if shape.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| shape.is_char_boundary(*at)).unwrap_or(0);
        shape.truncate(end);
    }
    shape
}

/// Makes `? , ?` and `( ? ) , ( ? )` one.
fn fold(out: &mut Vec<String>) {
    for (list, kept) in [(&["?", ",", "?"][..], 1), (&["(", "?", ")", ",", "(", "?", ")"][..], 3)] {
        let start = out.len().saturating_sub(list.len());
        if out[start..].iter().eq(list.iter()) {
            out.truncate(start + kept);
        }
    }
}

/// The EXPLAIN that tells how the server would find the rows of a statement; none where no plan would tell. A change of
/// rows is asked for as the read of the rows that it changes.
pub(in super::super) fn explain(text: &str, version: u32) -> Option<String> {
    let query = as_query(text)?;
    let words = Words::of(&query);
    let parameters: Vec<_> =
        words.tokens.iter().filter(|token| token.kind == Kind::Parameter).map(|token| token.range.clone()).collect();
    if parameters.is_empty() {
        return Some(format!("EXPLAIN (FORMAT JSON) {query}"));
    }
    if version >= 160_000 {
        return Some(format!("EXPLAIN (FORMAT JSON, GENERIC_PLAN) {query}"));
    }
    // Before 16 nothing plans a placeholder. A stand-in of no type takes that of what it is compared with; where it
    // does not fit, the server refuses and there is no plan.
    let mut stand_in = String::with_capacity(query.len());
    let mut done = 0;
    for range in parameters {
        stand_in.push_str(&query[done..range.start]);
        stand_in.push_str("'1'");
        done = range.end;
    }
    stand_in.push_str(&query[done..]);
    Some(format!("EXPLAIN (FORMAT JSON) {stand_in}"))
}

/// The part of a statement that finds rows, as a query.
fn as_query(text: &str) -> Option<String> {
    let words = Words::of(text);
    let (mut depth, mut tops) = (0_i32, Vec::new());
    for at in 0..words.tokens.len() {
        match words.raw(at) {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ if depth == 0 => tops.push(at),
            _ => {}
        }
    }
    let end_of_text = words.tokens.iter().rev().find(|t| &text[t.range.clone()] != ";").map(|t| t.range.end)?;
    let start = |at: usize| words.tokens.get(at).map_or(end_of_text, |token| token.range.start);
    let after = |at: usize| words.tokens.get(at).map_or(end_of_text, |token| token.range.end);
    let find = |names: &[&str], from: usize| {
        tops.iter().copied().find(|at| *at >= from && names.contains(&words.word(*at).as_str()))
    };
    match read(text).verb {
        Verb::Read => {
            // A lock on the rows would not be allowed, and changes nothing about how they are found.
            let locks = tops.iter().copied().find(|at| {
                words.word(*at) == "for" && matches!(words.word(at + 1).as_str(), "update" | "no" | "share" | "key")
            });
            let end = locks.map_or(end_of_text, start);
            Some(text[start(0)..end].trim_end().to_owned())
        }
        Verb::Insert if words.word(0) == "insert" => {
            let query = find(&["select", "with"], 1)?;
            let end = find(&["on", "returning"], query).map_or(end_of_text, start);
            Some(text[start(query)..end].trim_end().to_owned())
        }
        Verb::Change => {
            let (table_from, table_end) = match words.word(0).as_str() {
                "update" => (1, find(&["set"], 1)?),
                "delete" => (2, find(&["using", "where"], 2)?),
                _ => return None,
            };
            let more = find(&["from", "using"], table_end);
            let condition = find(&["where"], table_end)?;
            if words.word(condition + 1) == "current" {
                return None;
            }
            let end = find(&["returning"], condition).map_or(end_of_text, start);
            let table = text[start(table_from)..start(table_end)].trim();
            let others = more.map(|at| text[after(at)..start(condition)].trim()).filter(|others| !others.is_empty());
            let others = others.map(|others| format!(", {others}")).unwrap_or_default();
            Some(format!("SELECT * FROM {table}{others} {}", text[start(condition)..end].trim()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{explain, shape};

    #[test]
    fn values_do_not_make_a_shape() {
        let one = shape("SELECT * FROM t WHERE a = 17 AND b IN (1, 2,3) -- x\n;");
        assert_eq!(one, shape("select *  from T where a = $1 and b in ($2)"));
        assert_eq!(one, "select * from t where a = ? and b in ( ? )");
        assert_eq!(shape("insert into t values (1,'a'), (2,'b'), (3,'c')"), "insert into t values ( ? )");
        assert_ne!(one, shape("select * from t where a = 17 and c in (1)"));
    }

    #[test]
    fn a_change_is_planned_as_the_read_of_its_rows() {
        let plan = |text| explain(text, 150_000).unwrap();
        assert_eq!(
            plan("UPDATE app.t AS x SET a = (SELECT 1), b = b + 1 WHERE x.k = 3 RETURNING a;"),
            "EXPLAIN (FORMAT JSON) SELECT * FROM app.t AS x WHERE x.k = 3"
        );
        assert_eq!(
            plan("update t set a = u.a from u where t.id = u.id"),
            "EXPLAIN (FORMAT JSON) SELECT * FROM t, u where t.id = u.id"
        );
        assert_eq!(plan("delete from t where k < 9"), "EXPLAIN (FORMAT JSON) SELECT * FROM t where k < 9");
        assert_eq!(
            plan("DELETE FROM t USING u WHERE t.id = u.id"),
            "EXPLAIN (FORMAT JSON) SELECT * FROM t, u WHERE t.id = u.id"
        );
        assert_eq!(
            plan("insert into t (a) select a from u where u.b = 1 on conflict do nothing"),
            "EXPLAIN (FORMAT JSON) select a from u where u.b = 1"
        );
        assert_eq!(plan("select * from t where a = 1 for update"), "EXPLAIN (FORMAT JSON) select * from t where a = 1");
        assert_eq!(explain("insert into t values (1)", 150_000), None);
        assert_eq!(explain("delete from t", 150_000), None);
        assert_eq!(explain("commit", 150_000), None);
    }

    #[test]
    fn placeholders_are_planned_as_such_where_the_server_can() {
        assert_eq!(
            explain("select * from t where a = $1 and b = '$2'", 160_000).unwrap(),
            "EXPLAIN (FORMAT JSON, GENERIC_PLAN) select * from t where a = $1 and b = '$2'"
        );
        assert_eq!(
            explain("select * from t where a = $1 and b = '$2'", 150_000).unwrap(),
            "EXPLAIN (FORMAT JSON) select * from t where a = '1' and b = '$2'"
        );
    }
}
