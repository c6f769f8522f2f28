//! What a server says when greeted: what it is, in which replica set, and who else is there.

use crate::engine::mongodb::wire::Fields as _;
use bson::{Document, RawDocument, doc};

/// What a server is in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Standalone,
    Primary,
    Secondary,
    /// A secondary that clients do not see.
    Hidden,
    Arbiter,
    /// The router of a sharded cluster.
    Router,
    /// A member that starts, recovers or was removed.
    Between,
}

impl Role {
    /// The word on the screen.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Hidden => "hidden",
            Self::Arbiter => "arbiter",
            Self::Router => "mongos",
            Self::Between => "recovering",
        }
    }

    /// It is a member of a replica set, which can be asked for its state.
    pub(crate) fn is_in_set(self) -> bool {
        !matches!(self, Self::Standalone | Self::Router)
    }

    /// The role of `hello` and of the section `repl` of `serverStatus`, which have the same fields.
    pub(crate) fn of(said: &RawDocument) -> Self {
        if said.text("msg") == Some("isdbgrid") {
            return Self::Router;
        }
        if said.text("setName").is_none() {
            return if said.flag("isreplicaset") { Self::Between } else { Self::Standalone };
        }
        if said.flag("isWritablePrimary") || said.flag("ismaster") {
            Self::Primary
        } else if said.flag("arbiterOnly") {
            Self::Arbiter
        } else if said.flag("secondary") {
            if said.flag("hidden") { Self::Hidden } else { Self::Secondary }
        } else {
            Self::Between
        }
    }
}

/// A server's answer to a greeting.
#[derive(Debug, Clone)]
pub(crate) struct Hello {
    pub(crate) role: Role,
    /// The name of its replica set.
    pub(crate) set: Option<String>,
    /// Its own name in the set, `host:port`.
    pub(crate) me: Option<String>,
    /// The primary's name in the set.
    pub(crate) primary: Option<String>,
    /// The members that hold data and can be seen.
    pub(crate) hosts: Vec<String>,
    /// The newest protocol that it speaks: 9 is MongoDB 4.4, 17 is 6.0, 21 is 7.0.
    pub(crate) wire_version: i64,
    /// Ways in which the asked user can log in.
    pub(crate) mechanisms: Vec<String>,
}

impl Hello {
    pub(crate) fn of(reply: &RawDocument) -> Self {
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut hosts = owned(reply.texts("hosts"));
        hosts.extend(owned(reply.texts("passives")));
        Self {
            role: Role::of(reply),
            set: reply.text("setName").map(str::to_owned),
            me: reply.text("me").map(str::to_owned),
            primary: reply.text("primary").map(str::to_owned),
            hosts,
            wire_version: reply.int("maxWireVersion").unwrap_or(0),
            mechanisms: owned(reply.texts("saslSupportedMechs")),
        }
    }
}

/// The greeting: the name under which the server sees us, and whose ways of logging in we want to know
/// (`admin.reader`).
pub(super) fn greeting(command: &str, application: &str, user: Option<&str>, load_balanced: bool) -> Document {
    let mut hello = doc! {
        command: 1,
        "helloOk": true,
        "client": {
            "application": { "name": application.chars().take(120).collect::<String>() },
            "driver": { "name": "dba-gpt", "version": env!("CARGO_PKG_VERSION") },
            "os": { "type": std::env::consts::OS },
        },
    };
    if let Some(user) = user {
        hello.insert("saslSupportedMechs", user);
    }
    if load_balanced {
        hello.insert("loadBalanced", true);
    }
    hello
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    #[test]
    fn roles_are_told_apart() {
        for (said, role) in [
            (rawdoc! { "isWritablePrimary": true }, Role::Standalone),
            (rawdoc! { "isWritablePrimary": true, "msg": "isdbgrid" }, Role::Router),
            (rawdoc! { "isWritablePrimary": true, "setName": "rs0" }, Role::Primary),
            (rawdoc! { "ismaster": true, "setName": "rs0" }, Role::Primary),
            (rawdoc! { "isWritablePrimary": false, "secondary": true, "setName": "rs0" }, Role::Secondary),
            (rawdoc! { "secondary": true, "hidden": true, "setName": "rs0" }, Role::Hidden),
            (rawdoc! { "arbiterOnly": true, "setName": "rs0" }, Role::Arbiter),
            (rawdoc! { "isWritablePrimary": false, "secondary": false, "setName": "rs0" }, Role::Between),
            (rawdoc! { "isWritablePrimary": false, "isreplicaset": true }, Role::Between),
        ] {
            assert_eq!(Role::of(&said), role, "{said:?}");
        }
    }
}
