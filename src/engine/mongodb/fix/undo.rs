//! Commands that bring back what was: written as text, read back, and held against what was meant, so that nothing is
//! stored as an inverse that the guard would refuse or that would bring back something else.

use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::text::risky;
use crate::engine::mongodb::dialect::{DIALECT, command, write};
use bson::{Bson, Document, doc};

/// Size of one statement, bytes: well below the longest text that is read as a statement.
const STATEMENT_BYTES: usize = 900 << 10;

/// Where the commands run, and whether they have to say so.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine::mongodb) struct Home<'a> {
    /// The database.
    pub(in crate::engine::mongodb) database: &'a str,
    /// The command that is undone names its database, so what undoes it does too.
    pub(in crate::engine::mongodb) named: bool,
}

/// A command as a statement that a person could have typed.
///
/// # Errors
/// One sentence when it cannot be written so that it means the same.
pub(in crate::engine::mongodb) fn statement(command: &Document, home: Home<'_>) -> Result<String, String> {
    let name = command.keys().next().map_or("a command", String::as_str);
    let written = escaped(&write::document(command));
    let text = if home.named {
        format!("db.getSiblingDB({}).runCommand({written})", escaped(&DIALECT.literal(home.database)))
    } else {
        written
    };
    let same = |read: &command::Command| match (read.document.to_vec(), command.to_vec()) {
        (Ok(read), Ok(meant)) => read == meant,
        _ => false,
    };
    match command::parse(&text) {
        Ok(read) if same(&read) => {}
        _ => return Err(format!("the {name} that would undo it cannot be written as text without a loss")),
    }
    let judgement = DIALECT.classify(&text, Author::Person, &Catalog::default());
    if judgement.verdict != Verdict::NeedsApproval {
        return Err(format!("the guard refuses the {name} that would undo it: {}", judgement.reason));
    }
    Ok(text)
}

/// Characters that cannot be seen stand only within quotes, where an escape means the same.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if risky(c) {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// What brings documents back as they were, whether they were changed or deleted, and removes those that were not
/// there: replacements by `_id`, and deletes by `_id`.
///
/// # Errors
/// One sentence when a document cannot be brought back by a statement.
pub(in crate::engine::mongodb) fn of_documents(
    collection: &str,
    home: Home<'_>,
    were: &[Document],
    were_not: &[Bson],
) -> Result<Vec<String>, String> {
    let mut statements = Vec::new();
    let mut batch = Batch { collection, home, name: "update", field: "updates", entries: Vec::new(), bytes: 0 };
    for document in were {
        let id = document.get("_id").ok_or("a document has no _id")?;
        if document.keys().next().is_some_and(|key| key.starts_with('$')) {
            return Err("a document begins with a field that an update would take for an operator".to_owned());
        }
        let mut entry = doc! { "q": { "_id": id.clone() }, "u": document.clone() };
        entry.insert("upsert", true);
        batch.add(entry, &mut statements)?;
    }
    batch.end(&mut statements)?;
    let mut batch = Batch { name: "delete", field: "deletes", ..batch };
    for id in were_not {
        batch.add(doc! { "q": { "_id": id.clone() }, "limit": 1 }, &mut statements)?;
    }
    batch.end(&mut statements)?;
    Ok(statements)
}

/// Entries of one command, up to the size of a statement.
struct Batch<'a> {
    collection: &'a str,
    home: Home<'a>,
    name: &'static str,
    field: &'static str,
    entries: Vec<Document>,
    bytes: usize,
}

impl Batch<'_> {
    fn add(&mut self, entry: Document, statements: &mut Vec<String>) -> Result<(), String> {
        let bytes = escaped(&write::document(&entry)).len() + 2;
        if bytes > STATEMENT_BYTES {
            return Err("a document is too large for a statement that brings it back".to_owned());
        }
        if self.bytes + bytes > STATEMENT_BYTES {
            self.end(statements)?;
        }
        self.bytes += bytes;
        self.entries.push(entry);
        Ok(())
    }

    fn end(&mut self, statements: &mut Vec<String>) -> Result<(), String> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let mut command = Document::new();
        command.insert(self.name, self.collection);
        command.insert(self.field, std::mem::take(&mut self.entries));
        self.bytes = 0;
        statements.push(statement(&command, self.home)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::oid::ObjectId;
    use bson::spec::BinarySubtype;
    use bson::{Binary, DateTime, Regex, Timestamp};

    const HERE: Home<'_> = Home { database: "shop", named: false };

    #[test]
    fn documents_come_back_with_their_exact_types() {
        let document = doc! {
            "_id": ObjectId::from_bytes([7; 12]), "int": 5, "long": 5_i64, "double": 5.0, "nan": f64::NAN,
            "zero": -0.0, "decimal": Bson::Decimal128("1.10".parse().unwrap()), "at": DateTime::from_millis(-5),
            "far": DateTime::from_millis(400_000_000_000_000),
            "bin": Binary { subtype: BinarySubtype::Generic, bytes: vec![0, 255] },
            "old": Binary { subtype: BinarySubtype::UuidOld, bytes: vec![1; 16] },
            "null": Bson::Null, "deep": { "list": [1, [2_i64], { "x": "\u{202e}\u{200b}\"\\\n\u{0}" }] },
            "stamp": Timestamp { time: 5, increment: 6 }, "": "no name", "a.b": 1, "min": Bson::MinKey,
            "regex": Bson::RegularExpression(Regex { pattern: "^a/b".try_into().unwrap(), options: "i".try_into().unwrap() }),
        };
        let statements = of_documents("orders", HERE, std::slice::from_ref(&document), &[]).unwrap();
        let [one] = statements.as_slice() else { panic!("{statements:?}") };
        assert!(!one.contains(risky), "{one}");
        let read = command::parse(one).unwrap().document;
        let entry = read.get_array("updates").unwrap()[0].as_document().unwrap().clone();
        assert_eq!(entry.get_document("u").unwrap().to_vec().unwrap(), document.to_vec().unwrap());
        assert!(entry.get_bool("upsert").unwrap());
    }

    #[test]
    fn what_was_not_there_is_deleted_again() {
        let statements =
            of_documents("orders", Home { database: "x", named: true }, &[], &[Bson::Int32(1), Bson::from("a")])
                .unwrap();
        assert_eq!(
            statements,
            [
                r#"db.getSiblingDB("x").runCommand({"delete": "orders", "deletes": [{"q": {"_id": 1}, "limit": 1}, {"q": {"_id": "a"}, "limit": 1}]})"#
            ]
        );
    }

    #[test]
    fn what_cannot_come_back_is_said() {
        for document in [
            doc! { "_id": 1, "code": Bson::JavaScriptCode("1".into()) },
            doc! { "_id": 1, "gone": Bson::Undefined },
            doc! { "_id": 1, "inner": { "$set": 1 } },
            doc! { "$first": 1, "_id": 1 },
            doc! { "no": "id" },
            doc! { "_id": 1, "large": "x".repeat(1 << 20) },
        ] {
            assert!(of_documents("orders", HERE, std::slice::from_ref(&document), &[]).is_err(), "{document}");
        }
        let system = of_documents("system.users", HERE, &[doc! { "_id": 1 }], &[]);
        assert!(system.is_err_and(|why| why.contains("guard")));
    }

    #[test]
    fn many_documents_are_several_statements() {
        let documents: Vec<Document> = (0..30).map(|i| doc! { "_id": i, "text": "x".repeat(100 << 10) }).collect();
        let statements = of_documents("orders", HERE, &documents, &[]).unwrap();
        assert!(statements.len() > 1 && statements.iter().all(|text| text.len() < 1 << 20));
    }
}
