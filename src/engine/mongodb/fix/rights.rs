//! Whether a login has the right to an act, and what to grant where it has not.

use super::change::{Change, Statement};
use crate::domain::error_event::SessionError;
use crate::domain::proposal::survey::Rights;
use crate::engine::Session as _;
use crate::engine::mongodb::dialect::write;
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::{Document, RawDocument, doc};

/// Time for each look, milliseconds.
const LOOK_MS: u64 = 2_000;
/// The role that `least_privilege_fix.js` makes.
const ROLE: &str = "dbagptFix";

/// What an act wants: a place, and the actions there.
#[derive(Debug, Clone, PartialEq)]
struct Need {
    /// As the server writes it: `{cluster: true}`, `{db: "shop", collection: "orders"}`.
    resource: Document,
    actions: Vec<&'static str>,
}

/// Whether `login` may do it; none is the session itself.
pub(in crate::engine::mongodb) async fn look(
    session: &mut MongoSession,
    statement: &Statement,
    login: Option<&str>,
) -> Result<Rights, SessionError> {
    let needs = needs(statement);
    let own = session.look("admin", doc! { "connectionStatus": 1, "showPrivileges": true }, LOOK_MS).await;
    let own = match own {
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => return Err(error),
        own => own.ok(),
    };
    let is_own = login.is_none_or(|login| login.is_empty() || login == session.identity().user);
    if is_own {
        let Some(status) = own.filter(|status| !status.documents("authInfo.authenticatedUsers").is_empty()) else {
            return Ok(if session.has_login() {
                Rights::Unknown("the server does not tell what this login may do".to_owned())
            } else {
                // It let us in without a login, so it asks nobody for rights.
                Rights::Held
            });
        };
        return Ok(judge(&needs, &status.documents("authInfo.authenticatedUserPrivileges")));
    }
    let login = login.unwrap_or_default();
    let users = own.as_ref().map(|status| status.documents("authInfo.authenticatedUsers")).unwrap_or_default();
    let home = users.first().and_then(|user| user.text("db")).unwrap_or("admin").to_owned();
    let ask = doc! { "usersInfo": { "user": login, "db": &home }, "showPrivileges": true };
    let unseen = |why: &str| Ok(Rights::Unknown(format!("what {login} may do is asked when it has logged in: {why}")));
    match session.look("admin", ask, LOOK_MS).await {
        Ok(reply) => match reply.documents("users").first() {
            Some(user) => Ok(judge(&needs, &user.documents("inheritedPrivileges"))),
            None => unseen(&format!("there is no such user in {home}, as far as this login sees")),
        },
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => Err(error),
        Err(_) => unseen("this login may not look at other users"),
    }
}

fn judge(needs: &[Need], privileges: &[&RawDocument]) -> Rights {
    let missing: Vec<String> = needs
        .iter()
        .filter_map(|need| {
            let missing: Vec<&str> =
                need.actions.iter().copied().filter(|action| !holds(privileges, &need.resource, action)).collect();
            (!missing.is_empty()).then(|| grant(&need.resource, &missing))
        })
        .collect();
    if missing.is_empty() { Rights::Held } else { Rights::Missing(missing) }
}

fn grant(resource: &Document, actions: &[&str]) -> String {
    let privilege = doc! { "resource": resource.clone(), "actions": actions.to_vec() };
    format!("db.getSiblingDB(\"admin\").grantPrivilegesToRole(\"{ROLE}\", [{}])", write::document(&privilege))
}

/// A privilege covers the place and has the action.
fn holds(privileges: &[&RawDocument], resource: &Document, action: &str) -> bool {
    privileges.iter().any(|privilege| {
        let has = privilege.texts("actions").into_iter().any(|held| held == action || held == "anyAction");
        has && privilege.document("resource").is_some_and(|held| covers(held, resource))
    })
}

fn covers(held: &RawDocument, wanted: &Document) -> bool {
    if held.flag("anyResource") {
        return true;
    }
    if wanted.get_bool("cluster").unwrap_or(false) {
        return held.flag("cluster");
    }
    let part = |field: &str| held.text(field).filter(|_| !held.flag("cluster"));
    let (Some(database), Some(collection)) = (part("db"), part("collection")) else { return false };
    let wanted = |field: &str| wanted.get_str(field).unwrap_or_default();
    (database.is_empty() || database == wanted("db")) && (collection.is_empty() || collection == wanted("collection"))
}

fn needs(statement: &Statement) -> Vec<Need> {
    let cluster = |actions: &[&'static str]| Need { resource: doc! { "cluster": true }, actions: actions.to_vec() };
    let (database, collection) =
        statement.collection.clone().unwrap_or_else(|| (statement.database.clone(), String::new()));
    let place = |database: &str, collection: &str| doc! { "db": database, "collection": collection };
    let there = |actions: &[&'static str]| Need { resource: place(&database, &collection), actions: actions.to_vec() };
    // Looking once more, right before the act: what a collection is, and how its indexes are defined.
    let looking = || Need { resource: place(&database, ""), actions: vec!["listCollections"] };
    let on_it = |actions: &[&'static str]| vec![looking(), there(&["listIndexes"]), there(actions)];
    let upserts = statement.picks().iter().any(|pick| pick.upsert);
    match &statement.change {
        Change::Insert(_) => on_it(&["find", "insert"]),
        Change::Update(_) if upserts => on_it(&["find", "update", "insert"]),
        Change::Update(_) => on_it(&["find", "update"]),
        Change::Delete(_) => on_it(&["find", "remove"]),
        Change::CreateIndexes(_) => on_it(&["createIndex"]),
        Change::DropIndexes(_) => on_it(&["dropIndex"]),
        Change::Modify => on_it(&["collMod"]),
        Change::Create(None) => vec![looking(), there(&["createCollection"])],
        Change::Create(Some(source)) => {
            let source = Need { resource: place(&database, source), actions: vec!["find"] };
            vec![looking(), there(&["createCollection"]), source]
        }
        Change::Drop => on_it(&["dropCollection"]),
        Change::Rename(to) => {
            let (other, name) = to.split_once('.').unwrap_or((to, ""));
            if other == database {
                let in_database = Need { resource: place(&database, ""), actions: vec!["renameCollectionSameDB"] };
                vec![looking(), there(&["listIndexes"]), in_database]
            } else {
                let target = Need { resource: place(other, name), actions: vec!["insert", "createIndex"] };
                vec![looking(), there(&["listIndexes", "find", "dropCollection"]), target]
            }
        }
        Change::Parameter(_) => vec![cluster(&["setParameter", "getParameter"])],
        Change::ResizeLog => {
            let log = Need { resource: place("local", "oplog.rs"), actions: vec!["collStats"] };
            vec![cluster(&["replSetResizeOplog"]), log]
        }
        Change::Profile => vec![Need { resource: place(&database, ""), actions: vec!["enableProfiler"] }],
        Change::Kill(..) => vec![cluster(&["inprog", "killop"])],
        Change::EndSessions(_) => vec![cluster(&["inprog", "killAnySession"])],
        Change::Upkeep => match statement.name() {
            "compact" => on_it(&["compact"]),
            "reIndex" => on_it(&["reIndex"]),
            "validate" => on_it(&["validate"]),
            "fsync" => vec![cluster(&["fsync"])],
            _ => vec![Need { resource: place(&database, ""), actions: vec!["dbHash"] }],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{RawArrayBuf, RawDocumentBuf, rawdoc};

    fn privileges(resource: RawDocumentBuf, actions: &[&str]) -> RawDocumentBuf {
        let actions: RawArrayBuf = actions.iter().copied().collect();
        rawdoc! { "resource": resource, "actions": actions }
    }

    fn rights(text: &str, held: &[RawDocumentBuf]) -> Rights {
        let statement = Statement::parse(text, "shop").unwrap_or_else(|e| panic!("{text}: {e}"));
        judge(&needs(&statement), &held.iter().map(|held| &**held).collect::<Vec<_>>())
    }

    #[test]
    fn a_right_is_held_on_the_collection_its_database_or_everything() {
        let every = ["listCollections", "listIndexes", "find", "remove"];
        let text = "db.orders.deleteOne({_id: 1})";
        for resource in [
            rawdoc! { "db": "shop", "collection": "" },
            rawdoc! { "db": "", "collection": "" },
            rawdoc! { "anyResource": true },
        ] {
            assert_eq!(rights(text, &[privileges(resource, &every)]), Rights::Held);
        }
        assert_eq!(rights(text, &[privileges(rawdoc! { "anyResource": true }, &["anyAction"])]), Rights::Held);
    }

    #[test]
    fn what_is_missing_comes_with_its_grant() {
        let held = [
            privileges(rawdoc! { "db": "shop", "collection": "" }, &["find", "listIndexes", "listCollections"]),
            privileges(rawdoc! { "db": "other", "collection": "" }, &["remove"]),
            privileges(rawdoc! { "cluster": true }, &["remove"]),
        ];
        let wanted = r#"db.getSiblingDB("admin").grantPrivilegesToRole("dbagptFix", [{"resource": {"db": "shop", "collection": "orders"}, "actions": ["remove"]}])"#;
        assert_eq!(rights("db.orders.deleteOne({_id: 1})", &held), Rights::Missing(vec![wanted.to_owned()]));
        assert!(matches!(rights("{setParameter: 1, logLevel: 1}", &held), Rights::Missing(_)));
    }
}
