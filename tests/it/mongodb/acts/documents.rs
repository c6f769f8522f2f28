//! Documents changed, and brought back to the byte by what was stored before: on the engine behind the bridge, which
//! has no transactions.

use super::*;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Document, RawDocumentBuf, Regex, doc};

/// Documents of every type that a person may put into a statement.
fn documents() -> Vec<Document> {
    vec![
        doc! { "_id": 1, "status": "open", "total": Bson::Decimal128("19.90".parse().unwrap()), "n": 5_i64,
        "at": DateTime::from_millis(1_787_157_000_123), "tags": ["a", Bson::Null, { "deep": -0.5 }] },
        doc! { "_id": bson::oid::ObjectId::from_bytes([9; 12]), "status": "open", "total": 7.0, "n": 5,
        "bin": Binary { subtype: BinarySubtype::Generic, bytes: vec![0, 1, 255] } },
        doc! { "_id": "a \u{202e}name", "status": "open", "text": "line\nend \"quoted\" \u{200b}", "none": Bson::Null,
        "regex": Bson::RegularExpression(Regex { pattern: "^a/b".try_into().unwrap(), options: "i".try_into().unwrap() }) },
        doc! { "_id": { "year": 2026, "no": 5_i64 }, "status": "paid", "total": 3 },
    ]
}

/// Everything in the collection, as its bytes.
async fn bytes(database: &::mongodb::Database) -> Vec<Vec<u8>> {
    let mut cursor = database.collection::<RawDocumentBuf>("orders").find(doc! {}).await.unwrap();
    let mut all = Vec::new();
    while cursor.advance().await.unwrap() {
        all.push(cursor.current().as_bytes().to_vec());
    }
    all.sort();
    all
}

#[test]
fn every_change_of_documents_can_be_taken_back() {
    on_engine("dba_gpt_acts_undo", |url, database| async move {
        let orders = database.collection::<Document>("orders");
        orders.insert_many(documents()).await.unwrap();
        let mut session = connect(&url).await;
        for (text, rows) in [
            ("db.orders.updateMany({status: 'open'}, {$set: {status: 'void'}, $unset: {n: ''}})", 3),
            ("{update: 'orders', updates: [{q: {_id: 1}, u: {$inc: {n: 1}}}]}", 1),
            ("db.orders.updateOne({_id: 1}, [{$set: {total: {$multiply: ['$n', 2]}}}])", 1),
            ("db.orders.replaceOne({_id: {year: 2026, no: NumberLong(5)}}, {new: true})", 1),
            ("db.orders.replaceOne({_id: 99}, {made: true}, {upsert: true})", 1),
            ("db.orders.deleteMany({status: {$in: ['open', 'paid']}})", 4),
            ("db.orders.deleteOne({status: 'paid'})", 1),
            ("db.orders.findOneAndUpdate({_id: 1}, {$set: {status: 'sent'}})", 1),
            ("db.orders.findOneAndDelete({_id: 1})", 1),
            ("{delete: 'orders', deletes: [{q: {_id: 1}, limit: 1}, {q: {_id: 'none'}, limit: 0}]}", 1),
            ("db.orders.insertMany([{_id: 50, a: 1}, {_id: '51'}])", 2),
            ("db.orders.insertOne({no: 'id'})", 1),
        ] {
            let before = bytes(&database).await;
            let draft = typed(text);
            let found = survey(&mut *session, &draft).await.unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(found.blast.exact_rows, Some(rows), "{text}");
            assert_eq!(found.inverse, Inverse::FromRows(1_000), "{text}");
            let (acted, notebook) = carry_out(&mut *session, &draft).await;
            let acted = acted.unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(acted.rows, Some(rows), "{text}");
            assert_ne!(bytes(&database).await, before, "{text}");
            undo(&mut *session, &notebook).await;
            assert_eq!(bytes(&database).await, before, "{text}: {:?}", notebook.inverse);
        }
    });
}

#[test]
fn a_survey_tells_what_is_there_and_changes_nothing() {
    on_engine("dba_gpt_acts_survey", |url, database| async move {
        database.collection::<Document>("orders").insert_many(documents()).await.unwrap();
        let before = bytes(&database).await;
        let mut session = connect(&url).await;
        let found = survey(&mut *session, &typed("db.orders.deleteMany({status: 'open'})")).await.unwrap();
        assert_eq!((found.place.database.as_str(), found.place.role.as_str()), ("dba_gpt_acts_survey", "standalone"));
        assert_eq!(found.objects[0].name, "dba_gpt_acts_survey.orders");
        assert!(found.objects[0].id.len() == 32, "{:?}", found.objects);
        assert_eq!((found.blast.exact_rows, found.blast.tables[0].rows), (Some(3), Some(4)));
        assert!(found.blast.tables[0].bytes.is_some_and(|bytes| bytes > 0));
        assert!(found.blast.notes.iter().any(|note| note.contains("no transactions")), "{:?}", found.blast.notes);
        assert_eq!(survey(&mut *session, &typed("db.orders.deleteMany({status: 'open'})")).await.unwrap(), found);
        assert_eq!(bytes(&database).await, before);
    });
}

#[test]
fn what_cannot_be_taken_back_is_said_before() {
    on_engine("dba_gpt_acts_none", |url, database| async move {
        let orders = database.collection::<Document>("orders");
        orders.insert_many((0..1_100).map(|i| doc! { "_id": i, "status": "open" })).await.unwrap();
        let mut session = connect(&url).await;
        for (text, piece) in [
            ("db.orders.deleteMany({status: 'open'})", "1100 documents"),
            ("db.orders.deleteOne({status: 'open'})", "meets first"),
            ("db.orders.updateOne({status: 'new'}, {$set: {a: 1}}, {upsert: true})", "makes one"),
        ] {
            let found = survey(&mut *session, &typed(text)).await.unwrap();
            assert!(matches!(&found.inverse, Inverse::None(why) if why.contains(piece)), "{text}: {:?}", found.inverse);
        }
        // It can be done all the same, by whoever approves it knowing that.
        let (acted, notebook) = carry_out(&mut *session, &typed("db.orders.deleteMany({status: 'open'})")).await;
        assert_eq!((acted.unwrap().rows, notebook.inverse.len()), (Some(1_100), 0));
        assert!(bytes(&database).await.is_empty());
    });
}

#[test]
fn more_documents_than_approved_change_nothing() {
    on_engine("dba_gpt_acts_more", |url, database| async move {
        let orders = database.collection::<Document>("orders");
        orders.insert_many(documents()).await.unwrap();
        let mut session = connect(&url).await;
        let draft = typed("db.orders.deleteMany({status: 'open'})");
        let shown = survey(&mut *session, &draft).await.unwrap();
        let approved = approve(&draft, &shown, &shown).unwrap();
        orders.insert_many((100..110).map(|i| doc! { "_id": i, "status": "open" })).await.unwrap();
        let before = bytes(&database).await;
        let mut notebook = Notebook::default();
        let acted = session.act(approved, &shown, &mut notebook, &CancellationToken::new()).await;
        assert!(matches!(&acted, Err(ActError::NotDone(why)) if why.to_string().contains("13 documents")), "{acted:?}");
        assert_eq!(bytes(&database).await, before);
        assert!(notebook.inverse.is_empty());
    });
}

#[test]
fn a_collection_that_was_made_anew_is_another_one() {
    on_engine("dba_gpt_acts_anew", |url, database| async move {
        let orders = database.collection::<Document>("orders");
        orders.insert_many(documents()).await.unwrap();
        let mut session = connect(&url).await;
        let draft = typed("db.orders.deleteMany({status: 'open'})");
        let shown = survey(&mut *session, &draft).await.unwrap();
        let redeemed = approve(&draft, &shown, &shown).unwrap();
        orders.drop().await.unwrap();
        orders.insert_many(documents()).await.unwrap();
        let before = bytes(&database).await;
        // Before the ticket is redeemed, and after.
        let fresh = survey(&mut *session, &draft).await.unwrap();
        assert_eq!(approve(&draft, &shown, &fresh).err(), Some(Refusal::Moved("an object that it touches changed")));
        let acted = session.act(redeemed, &shown, &mut Notebook::default(), &CancellationToken::new()).await;
        assert!(matches!(acted, Err(ActError::RolledBack(Refusal::Moved(_)))), "{acted:?}");
        // So is one with another index.
        let shown = survey(&mut *session, &draft).await.unwrap();
        orders.create_index(::mongodb::IndexModel::builder().keys(doc! { "n": 1 }).build()).await.unwrap();
        let fresh = survey(&mut *session, &draft).await.unwrap();
        assert!(approve(&draft, &shown, &fresh).is_err());
        orders.drop().await.unwrap();
        assert!(survey(&mut *session, &draft).await.is_err_and(|e| e.to_string().contains("no collection")));
        database.create_collection("orders").await.unwrap();
        orders.insert_many(documents()).await.unwrap();
        assert_eq!(bytes(&database).await, before);
    });
}

#[test]
fn what_cannot_be_written_down_is_not_done() {
    on_engine("dba_gpt_acts_witness", |url, database| async move {
        let orders = database.collection::<Document>("orders");
        orders.insert_many(documents()).await.unwrap();
        orders
            .insert_one(doc! { "_id": "odd", "status": "odd", "code": Bson::JavaScriptCode("1".into()) })
            .await
            .unwrap();
        let before = bytes(&database).await;
        let mut session = connect(&url).await;
        let draft = typed("db.orders.deleteMany({status: 'open'})");
        let shown = survey(&mut *session, &draft).await.unwrap();
        let approved = approve(&draft, &shown, &shown).unwrap();
        let mut full = Notebook { full: true, ..Notebook::default() };
        let acted = session.act(approved, &shown, &mut full, &CancellationToken::new()).await;
        assert!(matches!(acted, Err(ActError::NoWitness(_))), "{acted:?}");
        // A document that no statement could bring back stays as well.
        let (acted, _) = carry_out(&mut *session, &typed("db.orders.deleteMany({status: 'odd'})")).await;
        assert!(matches!(&acted, Err(ActError::NotDone(why)) if why.to_string().contains("undone")), "{acted:?}");
        assert_eq!(bytes(&database).await, before);
    });
}

#[test]
fn an_insert_meets_no_document_of_its_ids() {
    on_engine("dba_gpt_acts_insert", |url, database| async move {
        let orders = database.collection::<Document>("orders");
        orders.insert_many(documents()).await.unwrap();
        let mut session = connect(&url).await;
        let taken = survey(&mut *session, &typed("db.orders.insertMany([{_id: 1}, {_id: 2}])")).await;
        assert!(taken.is_err_and(|why| why.to_string().contains("there already")));
        let missing = survey(&mut *session, &typed("db.nowhere.insertOne({_id: 1})")).await;
        assert!(missing.is_err_and(|why| why.to_string().contains("create it first")));
        // One comes in between: the approval does not hold any more, and nothing is deleted by its undo.
        let draft = typed("db.orders.insertOne({_id: 2})");
        let shown = survey(&mut *session, &draft).await.unwrap();
        let approved = approve(&draft, &shown, &shown).unwrap();
        orders.insert_one(doc! { "_id": 2, "theirs": true }).await.unwrap();
        let before = bytes(&database).await;
        let acted = session.act(approved, &shown, &mut Notebook::default(), &CancellationToken::new()).await;
        assert!(matches!(acted, Err(ActError::NotDone(_))), "{acted:?}");
        assert_eq!(bytes(&database).await, before);
    });
}
