//! What an act left in its rows, and the undo that passes over rows which hold something else by then. Texts and bytes
//! are compared by a digest, so that no collation takes different ones for the same.

use super::{Form, Prior, Undo};
use crate::domain::rows::Value;
use crate::engine::mysql::dialect::names::literal;

/// The rows as the act left them: the key's values as in [`Prior`], then what is compared of the others.
#[derive(Debug, Clone, Default)]
pub(in crate::engine::mysql) struct Left(pub(in crate::engine::mysql) Vec<Vec<Value>>);

/// A statement that takes an act back, and the read of the keys that it passes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Guarded {
    pub(in crate::engine::mysql) statement: String,
    pub(in crate::engine::mysql) passed_over: String,
}

impl Form {
    /// What is compared of a column.
    fn compared(&self, column: &str) -> String {
        match self {
            Self::Number | Self::Words => format!("CAST({column} AS CHAR)"),
            Self::Float => format!("CAST({column} + 0e0 AS CHAR)"),
            Self::Text(_) | Self::Bytes => format!("SHA2(HEX({column}), 256)"),
            Self::Bits => format!("CAST({column} + 0 AS CHAR)"),
            Self::Moment => format!("CAST(UNIX_TIMESTAMP({column}) AS CHAR)"),
        }
    }
}

impl Undo {
    /// The query that reads what the act left in these rows.
    ///
    /// # Errors
    /// One sentence when a value cannot be written.
    pub(in crate::engine::mysql) fn left(&self, prior: &Prior) -> Result<String, String> {
        let keys = self.key.iter().map(|kept| kept.form.selected(&kept.column));
        let others = self.others.iter().map(|kept| kept.form.compared(&kept.column));
        let list: Vec<String> = keys.chain(others).collect();
        let rows = self.keys(prior)?;
        Ok(format!("SELECT {} FROM {} WHERE {}", list.join(", "), self.table, self.finds(&rows)))
    }

    /// The undo of an UPDATE.
    ///
    /// # Errors
    /// One sentence when a value cannot be written.
    pub(in crate::engine::mysql) fn guarded_update(&self, prior: &Prior, left: &Left) -> Result<Guarded, String> {
        let statement = self.update(prior, Some(left))?;
        Ok(Guarded { statement, passed_over: self.others_than(prior, left)? })
    }

    /// The undo of an INSERT.
    ///
    /// # Errors
    /// One sentence when a value cannot be written.
    pub(in crate::engine::mysql) fn guarded_delete(&self, new: &Prior, left: &Left) -> Result<Guarded, String> {
        let rows = self.keys(new)?;
        let statement = format!("DELETE FROM {} WHERE {}{}", self.table, self.finds(&rows), self.holds(&rows, left)?);
        Ok(Guarded { statement, passed_over: self.others_than(new, left)? })
    }

    /// The keys of removed rows that are there again: the undo of a DELETE fails because of them.
    ///
    /// # Errors
    /// One sentence when a value cannot be written.
    pub(in crate::engine::mysql) fn there_again(&self, prior: &Prior) -> Result<String, String> {
        let rows = self.keys(prior)?;
        Ok(format!("SELECT {} FROM {} WHERE {}", self.key_list(), self.table, self.finds(&rows)))
    }

    /// The condition, with AND before it, that rows still hold what the act left.
    ///
    /// # Errors
    /// One sentence when a row is missing.
    pub(super) fn holds(&self, rows: &[Vec<String>], left: &Left) -> Result<String, String> {
        let gone = || "a row could not be found again after the change".to_owned();
        let left_keys = left.0.iter().map(|row| self.key_of(row)).collect::<Result<Vec<_>, _>>()?;
        let mut all = String::new();
        for (place, kept) in self.others.iter().enumerate() {
            let mut values = Vec::with_capacity(rows.len());
            for row in rows {
                let key = row.get(..self.key.len()).ok_or_else(gone)?;
                let at = left_keys.iter().position(|left| left.as_slice() == key).ok_or_else(gone)?;
                let value = left.0.get(at).and_then(|row| row.get(self.key.len() + place)).ok_or_else(gone)?;
                values.push(value.plain().map_or_else(|| "NULL".to_owned(), |text| literal(&text)));
            }
            let texts: Vec<&str> = values.iter().map(String::as_str).collect();
            let expected = match texts.as_slice() {
                [one, rest @ ..] if rest.iter().all(|value| value == one) => (*one).to_owned(),
                texts => self.choice(rows, texts),
            };
            all.push_str(&format!(" AND {} <=> {expected}", kept.form.compared(&kept.column)));
        }
        Ok(all)
    }

    /// The read of the keys of rows that are gone or hold something else.
    fn others_than(&self, prior: &Prior, left: &Left) -> Result<String, String> {
        let rows = self.keys(prior)?;
        let asked = rows.iter().enumerate().map(|(n, row)| {
            let name = |place: usize| if n == 0 { format!(" AS key_{}", place + 1) } else { String::new() };
            let cells = row.iter().enumerate().map(|(place, value)| format!("{value}{}", name(place)));
            format!("SELECT {}", cells.collect::<Vec<_>>().join(", "))
        });
        let asked = asked.collect::<Vec<_>>().join(" UNION ALL ");
        let names: Vec<String> = (1..=self.key.len()).map(|n| format!("asked.key_{n}")).collect();
        let (names, holds) = (names.join(", "), self.holds(&rows, left)?);
        let tuple = if self.key.len() == 1 { names.clone() } else { format!("({names})") };
        Ok(format!(
            "SELECT {names} FROM ({asked}) AS asked WHERE {tuple} NOT IN (SELECT {} FROM {} WHERE {}{holds})",
            self.key_list(),
            self.table,
            self.finds(&rows)
        ))
    }

    fn key_list(&self) -> String {
        self.key.iter().map(|kept| kept.column.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn keys(&self, prior: &Prior) -> Result<Vec<Vec<String>>, String> {
        prior.0.iter().map(|row| self.key_of(row)).collect()
    }

    fn key_of(&self, row: &[Value]) -> Result<Vec<String>, String> {
        self.key.iter().zip(row).map(|(kept, value)| kept.form.written(&kept.column, value)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::super::look::Column;
    use super::*;
    use crate::domain::guard::{Author, Catalog, Verdict};
    use crate::engine::mysql::dialect::DIALECT;

    fn column(name: &str, base: &str, charset: Option<&str>) -> Column {
        Column {
            name: name.into(),
            base: base.into(),
            full: base.into(),
            charset: charset.map(Into::into),
            extra: String::new(),
            is_generated: false,
            nullable: true,
        }
    }
    fn text(words: &str) -> Value {
        Value::Text(words.into())
    }

    #[test]
    fn only_rows_that_hold_what_the_act_left_are_brought_back() {
        let columns = [column("id", "int", None), column("n", "int", None), column("t", "text", Some("utf8mb4"))];
        let undo = Undo::new("d.t", &columns, &["id".into()], &["n".into(), "t".into()]).unwrap();
        let prior =
            Prior(vec![vec![Value::Int(1), Value::Int(5), text("61")], vec![Value::Int(2), Value::Int(6), text("62")]]);
        assert_eq!(
            undo.left(&prior).unwrap(),
            "SELECT id, CAST(n AS CHAR), SHA2(HEX(t), 256) FROM d.t WHERE id IN (1, 2)"
        );
        // In another order than they were asked for.
        let left = Left(vec![vec![Value::Int(2), text("9"), text("bb")], vec![Value::Int(1), text("9"), Value::Null]]);
        let guarded = undo.guarded_update(&prior, &left).unwrap();
        assert_eq!(
            guarded.statement,
            "UPDATE d.t SET n = CASE id WHEN 1 THEN 5 WHEN 2 THEN 6 END, t = CASE id WHEN 1 THEN 'a' WHEN 2 THEN 'b' END \
             WHERE id IN (1, 2) AND CAST(n AS CHAR) <=> '9' AND SHA2(HEX(t), 256) <=> CASE id WHEN 1 THEN NULL WHEN 2 THEN \
             'bb' END"
        );
        let removed = undo.guarded_delete(&prior, &left).unwrap();
        assert!(
            removed.statement.starts_with("DELETE FROM d.t WHERE id IN (1, 2) AND CAST(n"),
            "{}",
            removed.statement
        );
        for (statement, verdict) in [
            (&guarded.statement, Verdict::NeedsApproval),
            (&removed.statement, Verdict::NeedsApproval),
            (&guarded.passed_over, Verdict::Allow),
            (&undo.there_again(&prior).unwrap(), Verdict::Allow),
        ] {
            let judged = DIALECT.classify(statement, Author::Person, &Catalog::default());
            assert_eq!(judged.verdict, verdict, "{statement}: {}", judged.reason);
        }
        assert!(undo.guarded_update(&prior, &Left::default()).is_err());
    }
}
