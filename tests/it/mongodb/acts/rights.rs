//! Whether a login may do it, and where changes are made at all.

use super::*;
use bson::{Document, doc};
use dba_gpt::domain::proposal::survey::Rights;

const DELETE: &str = "db.orders.deleteMany({status: 'open'})";

fn privileges(actions: &[&str]) -> Document {
    doc! { "resource": { "db": "shop", "collection": "" }, "actions": actions.to_vec() }
}

fn status(actions: &[&str]) -> Document {
    doc! { "authInfo": {
        "authenticatedUsers": [{ "user": "reader", "db": "admin" }], "authenticatedUserRoles": [],
        "authenticatedUserPrivileges": [privileges(actions)],
    } }
}

#[test]
fn the_right_of_each_login_is_asked_for() {
    run(async {
        let mongo = Mongo::start("primary");
        mongo.require("reader", "pw", &["SCRAM-SHA-256"]);
        mongo.answer("connectionStatus", status(&["find", "listCollections", "listIndexes"]));
        let mut session =
            connect(&mongo.url("shop").replace("//", "//reader:pw@").replace("shop", "shop?authSource=admin")).await;
        let fixing = mongodb::SPEC.fixing;
        let draft = typed(DELETE);
        let Rights::Missing(grants) = survey(&mut *session, &draft).await.unwrap().rights else { panic!() };
        assert_eq!(grants.len(), 1);
        assert!(grants[0].contains(r#"{"db": "shop", "collection": "orders"}, "actions": ["remove"]"#), "{grants:?}");
        // Another login, which this one may not look at, may look at, or which is not there.
        let unseen = (fixing.survey)(&mut *session, &draft, Some("fixer")).await.unwrap().rights;
        assert!(matches!(unseen, Rights::Unknown(_)), "{unseen:?}");
        mongo.answer("usersInfo", doc! { "users": [] });
        let nobody = (fixing.survey)(&mut *session, &draft, Some("fixer")).await.unwrap().rights;
        assert!(matches!(&nobody, Rights::Unknown(why) if why.contains("no such user")), "{nobody:?}");
        let every = privileges(&["find", "listCollections", "listIndexes", "remove"]);
        mongo.answer(
            "usersInfo",
            doc! { "users": [{ "user": "fixer", "db": "admin", "inheritedPrivileges": [every] }] },
        );
        assert_eq!((fixing.survey)(&mut *session, &draft, Some("fixer")).await.unwrap().rights, Rights::Held);
        let asked = mongo.requests_of("usersInfo").remove(0);
        assert_eq!(asked.get_document("usersInfo").unwrap(), &doc! { "user": "fixer", "db": "admin" });
    });
}

#[test]
fn changes_are_made_on_the_primary() {
    run(async {
        let mongo = Mongo::start("secondary");
        let mut session = connect(&mongo.url("shop?directConnection=true")).await;
        let refused = survey(&mut *session, &typed(DELETE)).await;
        assert!(refused.is_err_and(|why| why.to_string().contains("on the primary")));
    });
}

#[test]
fn an_election_a_restart_and_another_member_void_an_approval() {
    run(async {
        let mongo = Mongo::start("primary");
        let mut hello = mongo.reply("hello");
        hello.insert("electionId", bson::oid::ObjectId::from_bytes([1; 12]));
        hello.insert(
            "topologyVersion",
            doc! { "processId": bson::oid::ObjectId::from_bytes([2; 12]), "counter": 6_i64 },
        );
        mongo.answer("hello", hello.clone());
        let mut session = connect(&mongo.url("shop")).await;
        let draft = typed(DELETE);
        let shown = survey(&mut *session, &draft).await.unwrap();
        assert_eq!(shown.place.server.as_deref(), Some("rs0/db1.shop.example:27017"));
        assert_eq!(shown.place.started_at, Some(Timestamp(i64::from(0x0202_0202) * 1000)));
        assert!(approve(&draft, &shown, &survey(&mut *session, &draft).await.unwrap()).is_ok());
        for (field, other, words) in [
            ("electionId", bson::Bson::ObjectId(bson::oid::ObjectId::from_bytes([3; 12])), "there was a failover"),
            ("me", "db2.shop.example:27017".into(), "another server answers at this address"),
        ] {
            let mut changed = hello.clone();
            changed.insert(field, other);
            mongo.answer("hello", changed);
            let fresh = survey(&mut *session, &draft).await.unwrap();
            assert_eq!(approve(&draft, &shown, &fresh).err(), Some(Refusal::Moved(words)));
        }
        let mut restarted = hello.clone();
        restarted.insert("topologyVersion", doc! { "processId": bson::oid::ObjectId::from_bytes([4; 12]) });
        mongo.answer("hello", restarted);
        let fresh = survey(&mut *session, &draft).await.unwrap();
        assert!(approve(&draft, &shown, &fresh).is_err());
    });
}
