//! What our login may do, from `connectionStatus`: what a watcher should not be able to, and what it lacks.

use crate::engine::mongodb::wire::Fields as _;
use bson::RawDocument;
use std::collections::BTreeMap;

/// Actions of the roles `read` and `clusterMonitor`, as the manual lists them, and those that change nothing. Whatever
/// is not named here is more than a watcher needs.
const READING: &[&str] = &[
    "analyzeShardKey",
    "changeStream",
    "checkFreeMonitoringStatus",
    "checkMetadataConsistency",
    "collStats",
    "connPoolStats",
    "dbHash",
    "dbStats",
    "find",
    "getClusterParameter",
    "getCmdLineOpts",
    "getDatabaseVersion",
    "getDefaultRWConcern",
    "getLog",
    "getParameter",
    "getShardMap",
    "getShardVersion",
    "hostInfo",
    "indexStats",
    "inprog",
    "killCursors",
    "listCachedAndActiveUsers",
    "listClusterCatalog",
    "listCollections",
    "listDatabases",
    "listIndexes",
    "listSampledQueries",
    "listSearchIndexes",
    "listSessions",
    "listShards",
    "logicalTime",
    "netstat",
    "planCacheRead",
    "queryStatsRead",
    "queryStatsReadTransformed",
    "replSetGetConfig",
    "replSetGetStatus",
    "serverStatus",
    "shardedDataDistribution",
    "shardingState",
    "top",
    "useUUID",
    "viewRole",
    "viewUser",
];
/// Lines of excess, at most.
const MOST: usize = 10;
/// Actions named in one line.
const NAMED: usize = 4;

/// A login and its rights.
#[derive(Debug, Default)]
pub(super) struct Powers {
    user: Option<String>,
    home: Option<String>,
    /// Nobody could be asked.
    unknown: bool,
    /// Actions by resource in words.
    actions: BTreeMap<String, Vec<String>>,
}

impl Powers {
    /// From the reply of `connectionStatus` with privileges.
    pub(super) fn of(status: &RawDocument) -> Self {
        let users = status.documents("authInfo.authenticatedUsers");
        let first = |field: &str| users.first().and_then(|user| user.text(field)).map(str::to_owned);
        let mut actions: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for privilege in status.documents("authInfo.authenticatedUserPrivileges") {
            let Some(resource) = privilege.document("resource") else { continue };
            let list = actions.entry(resource_words(resource)).or_default();
            for action in privilege.texts("actions") {
                if !list.iter().any(|known| known == action) {
                    list.push(action.to_owned());
                }
            }
        }
        Self { user: first("user"), home: first("db"), unknown: false, actions }
    }

    /// Of a server that does not tell.
    pub(super) fn unknown() -> Self {
        Self { unknown: true, ..Self::default() }
    }

    /// The user's name.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
    /// The database in which the user lives.
    pub(super) fn home(&self) -> Option<&str> {
        self.home.as_deref()
    }
    /// No user is logged in.
    pub(super) fn is_nobody(&self) -> bool {
        self.user.is_none() && !self.unknown
    }
    /// The operations of others are visible.
    pub(super) fn may_see_operations(&self) -> bool {
        self.unknown || self.actions.values().flatten().any(|action| action == "inprog" || action == "anyAction")
    }

    /// What a watcher should not be able to, one line a resource.
    pub(super) fn excess(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for (resource, actions) in &self.actions {
            let beyond: Vec<&str> =
                actions.iter().map(String::as_str).filter(|action| !READING.contains(action)).collect();
            if beyond.is_empty() {
                continue;
            }
            let more = beyond.len().saturating_sub(NAMED);
            let named = beyond[..beyond.len().min(NAMED)].join(", ");
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            lines.push(format!("may {named}{more} in {resource}"));
        }
        let left = lines.len().saturating_sub(MOST);
        lines.truncate(MOST);
        if left > 0 {
            lines.push(format!("and more in {left} other places"));
        }
        lines
    }
}

fn resource_words(resource: &RawDocument) -> String {
    if resource.flag("anyResource") {
        return "everything".to_owned();
    }
    if resource.flag("cluster") {
        return "the cluster".to_owned();
    }
    match (resource.text("db").unwrap_or_default(), resource.text("collection").unwrap_or_default()) {
        ("", "") => "every database".to_owned(),
        ("", collection) => format!("{collection} of every database"),
        (database, "") => format!("the database {database}"),
        (database, collection) => format!("{database}.{collection}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    #[test]
    fn a_watcher_has_no_excess() {
        let status = rawdoc! { "authInfo": {
            "authenticatedUsers": [{ "user": "dbagpt_ro", "db": "admin" }],
            "authenticatedUserPrivileges": [
                { "resource": { "cluster": true }, "actions": ["serverStatus", "inprog", "top", "replSetGetStatus"] },
                { "resource": { "db": "shop", "collection": "" }, "actions": ["find", "listIndexes", "changeStream"] },
            ],
        } };
        let powers = Powers::of(&status);
        assert_eq!((powers.user(), powers.home(), powers.is_nobody()), (Some("dbagpt_ro"), Some("admin"), false));
        assert!(powers.may_see_operations() && powers.excess().is_empty());
    }

    #[test]
    fn what_is_more_is_named_and_what_is_unknown_counts_as_more() {
        let status = rawdoc! { "authInfo": {
            "authenticatedUsers": [{ "user": "app", "db": "shop" }],
            "authenticatedUserPrivileges": [
                { "resource": { "db": "shop", "collection": "" },
                  "actions": ["find", "insert", "update", "remove", "dropCollection", "createIndex"] },
                { "resource": { "cluster": true }, "actions": ["shutdown"] },
                { "resource": { "db": "", "collection": "system.js" }, "actions": ["find", "somethingNew"] },
            ],
        } };
        let powers = Powers::of(&status);
        assert!(!powers.may_see_operations());
        assert_eq!(
            powers.excess(),
            [
                "may somethingNew in system.js of every database",
                "may shutdown in the cluster",
                "may insert, update, remove, dropCollection and 1 more in the database shop",
            ]
        );
        assert!(Powers::of(&rawdoc! { "authInfo": { "authenticatedUsers": [] } }).is_nobody());
        assert!(!Powers::unknown().is_nobody());
    }
}
