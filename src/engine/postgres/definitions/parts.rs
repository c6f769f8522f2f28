//! What the catalogue says about an object, in the shape in which the query of the parts brings it. Names that begin a
//! statement's words are quoted by the server already; `space` and `name` are as the catalogue has them.

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Parts {
    pub(super) space: String,
    pub(super) name: String,
    /// `pg_class.relkind`
    pub(super) kind: char,
    pub(super) persistence: char,
    pub(super) owner: String,
    pub(super) options: Vec<String>,
    pub(super) toast_options: Vec<String>,
    pub(super) tablespace: Option<String>,
    /// The access method, where it is not the usual one.
    pub(super) method: Option<String>,
    pub(super) of_type: Option<String>,
    pub(super) replica_identity: char,
    pub(super) row_security: bool,
    pub(super) force_row_security: bool,
    pub(super) populated: bool,
    pub(super) partition_key: Option<String>,
    /// `FOR VALUES ...` of a partition.
    pub(super) bound: Option<String>,
    pub(super) view: Option<String>,
    pub(super) parents: Vec<Place>,
    pub(super) comment: Option<String>,
    pub(super) columns: Vec<Column>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) indexes: Vec<Index>,
    pub(super) statistics: Vec<String>,
    pub(super) triggers: Vec<Attached>,
    pub(super) rules: Vec<Attached>,
    pub(super) policies: Vec<Policy>,
    /// Sequences that belong to its columns.
    pub(super) sequences: Vec<Sequence>,
    /// Itself, when it is one.
    pub(super) sequence: Option<Sequence>,
    /// Its rights are not the usual ones of a new object.
    pub(super) granted: bool,
    /// How many rights an owner has of a new object.
    pub(super) owner_rights: usize,
    pub(super) grants: Vec<Grant>,
    pub(super) referenced_by: Vec<String>,
    pub(super) publications: Vec<String>,
    pub(super) labelled: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Place {
    pub(super) space: String,
    pub(super) name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) collation: Option<String>,
    pub(super) not_null: bool,
    /// `a` always, `d` by default, empty for none.
    pub(super) identity: String,
    /// `s` stored, `v` virtual, empty for none.
    pub(super) generated: String,
    pub(super) default: Option<String>,
    pub(super) local: bool,
    pub(super) statistics: Option<i64>,
    /// Where it is not the type's own.
    pub(super) storage: Option<String>,
    pub(super) compression: Option<String>,
    pub(super) options: Vec<String>,
    pub(super) comment: Option<String>,
    pub(super) grants: Vec<Grant>,
    /// Since 18.
    pub(super) not_null_constraint: Option<NotNull>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct NotNull {
    pub(super) name: String,
    pub(super) valid: bool,
    pub(super) no_inherit: bool,
    pub(super) definition: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Constraint {
    pub(super) name: String,
    pub(super) definition: String,
    pub(super) valid: bool,
    pub(super) local: bool,
    /// Of its index.
    pub(super) options: Vec<String>,
    /// Of its index.
    pub(super) tablespace: Option<String>,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "the catalogue's own flags")]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) definition: String,
    pub(super) valid: bool,
    pub(super) clustered: bool,
    /// It is the replica identity.
    pub(super) identity: bool,
    pub(super) of_constraint: bool,
    pub(super) tablespace: Option<String>,
    pub(super) comment: Option<String>,
}

/// A trigger or a rule.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Attached {
    pub(super) name: String,
    pub(super) definition: String,
    /// `O` as usual, `D` disabled, `R` on replicas, `A` always.
    pub(super) enabled: char,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) command: char,
    pub(super) permissive: bool,
    pub(super) using: Option<String>,
    pub(super) check: Option<String>,
    pub(super) roles: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Sequence {
    pub(super) space: String,
    pub(super) name: String,
    /// The column that it belongs to, quoted.
    pub(super) column: String,
    pub(super) identity: bool,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) start: i64,
    pub(super) increment: i64,
    pub(super) least: i64,
    pub(super) most: i64,
    pub(super) cache: i64,
    pub(super) cycle: bool,
    pub(super) grants: Vec<Grant>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Grant {
    /// Quoted, or `PUBLIC`.
    pub(super) role: String,
    pub(super) right: String,
    pub(super) grantable: bool,
    #[serde(default)]
    pub(super) owner: bool,
}
