//! Statements from parts that are written by hand. That a server takes them and makes the same of them is tested
//! against servers.
#![allow(clippy::unwrap_used)]

use super::*;
use serde_json::{Value, json};

/// The parts of an empty table of `kind`, with these on top.
fn parts(kind: &str, over: Value) -> Parts {
    let mut all = json!({
        "space": "app", "name": "Order", "kind": kind, "persistence": "p", "owner": "boss", "options": [],
        "toast_options": [], "tablespace": null, "method": null, "of_type": null, "replica_identity": "d",
        "row_security": false, "force_row_security": false, "populated": true, "partition_key": null, "bound": null,
        "view": null, "parents": [], "comment": null, "columns": [], "constraints": [], "indexes": [],
        "statistics": [], "triggers": [], "rules": [], "policies": [], "sequences": [], "sequence": null,
        "granted": false, "owner_rights": 7, "grants": [], "referenced_by": [], "publications": [], "labelled": false,
    });
    let Value::Object(over) = over else { panic!("an object is wanted") };
    all.as_object_mut().unwrap().extend(over);
    serde_json::from_value(all).unwrap()
}

fn column(name: &str, type_name: &str, over: Value) -> Value {
    let mut all = json!({
        "name": name, "type": type_name, "collation": null, "not_null": false, "identity": "", "generated": "",
        "default": null, "local": true, "statistics": -1, "storage": null, "compression": "", "options": [],
        "comment": null, "grants": [], "not_null_constraint": null,
    });
    let Value::Object(over) = over else { panic!("an object is wanted") };
    all.as_object_mut().unwrap().extend(over);
    all
}

fn statements(parts: &Parts) -> Vec<String> {
    let object = Fingerprint { space: parts.space.clone(), name: parts.name.clone(), print: "x".into() };
    definition(parts, object).statements
}

#[test]
fn a_table_is_one_statement_and_what_hangs_on_it_follows() {
    let key = json!({ "name": "pk", "definition": "PRIMARY KEY (id) DEFERRABLE", "valid": true,
        "local": true, "options": ["fillfactor=70"], "tablespace": null, "comment": "the key" });
    let unproven = json!({ "name": "big", "definition": "CHECK ((n > 0)) NOT VALID", "valid": false,
        "local": true, "options": [], "tablespace": null, "comment": null });
    let parts = parts(
        "r",
        json!({
            "columns": [column("id", "bigint", json!({"not_null": true, "default": "nextval('app.s'::regclass)"})),
                        column("\"N\"", "text", json!({"collation": "pg_catalog.\"C\"", "comment": "it's"}))],
            "constraints": [key, unproven],
            "options": ["autovacuum_enabled=false"], "toast_options": ["autovacuum_enabled=false"],
            "sequences": [{"space": "app", "name": "s", "column": "id", "identity": false, "type": "bigint",
                "start": 1, "increment": 1, "least": 1, "most": 9, "cache": 1, "cycle": false, "grants": []}],
        }),
    );
    assert_eq!(
        statements(&parts),
        [
            "CREATE SEQUENCE app.s AS bigint INCREMENT BY 1 MINVALUE 1 MAXVALUE 9 START WITH 1 CACHE 1 NO CYCLE",
            "CREATE TABLE app.\"Order\" (\n    id bigint DEFAULT nextval('app.s'::regclass) NOT NULL,\n    \
             \"N\" text COLLATE pg_catalog.\"C\",\n    CONSTRAINT pk PRIMARY KEY (id) WITH (fillfactor = '70') DEFERRABLE\n) \
             WITH (autovacuum_enabled = 'false', toast.autovacuum_enabled = 'false')",
            "ALTER SEQUENCE app.s OWNED BY app.\"Order\".id",
            "ALTER TABLE app.\"Order\" ADD CONSTRAINT big CHECK ((n > 0)) NOT VALID",
            "COMMENT ON COLUMN app.\"Order\".\"N\" IS 'it''s'",
            "COMMENT ON CONSTRAINT pk ON app.\"Order\" IS 'the key'",
            "ALTER TABLE app.\"Order\" OWNER TO boss",
        ]
    );
}

#[test]
fn a_partition_is_made_by_itself_and_attached() {
    let over = json!({ "bound": "FOR VALUES FROM (1) TO (2)", "parents": [{"space": "app", "name": "all"}],
        "columns": [column("id", "integer", json!({"local": false}))] });
    let parts = parts("r", over);
    let made = statements(&parts);
    assert_eq!(made[0], "CREATE TABLE app.\"Order\" (\n    id integer\n)");
    assert_eq!(
        made.last().unwrap(),
        "ALTER TABLE app.\"all\" ATTACH PARTITION app.\"Order\" FOR VALUES FROM (1) TO (2)"
    );
    let object = Fingerprint { space: "app".into(), name: "Order".into(), print: String::new() };
    assert_eq!(definition(&parts, object).part_of, Some(("app".to_owned(), "all".to_owned())));
}

#[test]
fn rights_are_given_as_they_were() {
    let grant = |role: &str, right: &str, grantable: bool, owner: bool| json!({"role": role, "right": right, "grantable": grantable, "owner": owner});
    let given = parts(
        "r",
        json!({ "granted": true, "owner_rights": 2, "grants": [
            grant("boss", "INSERT", false, true), grant("boss", "SELECT", false, true),
            grant("PUBLIC", "SELECT", false, false), grant("app", "DELETE", true, false)] }),
    );
    let rights = statements(&given);
    assert_eq!(
        rights[1..],
        [
            "ALTER TABLE app.\"Order\" OWNER TO boss",
            "GRANT SELECT ON TABLE app.\"Order\" TO PUBLIC",
            "GRANT DELETE ON TABLE app.\"Order\" TO app WITH GRANT OPTION",
        ]
    );
    let less =
        parts("r", json!({ "granted": true, "owner_rights": 2, "grants": [grant("boss", "SELECT", false, true)] }));
    assert_eq!(
        statements(&less)[2..],
        ["REVOKE ALL ON TABLE app.\"Order\" FROM boss", "GRANT SELECT ON TABLE app.\"Order\" TO boss"]
    );
}

#[test]
fn what_does_not_come_back_is_said() {
    let parts = parts("r", json!({ "referenced_by": ["app.lines"], "publications": ["feed"] }));
    let object = Fingerprint { space: "app".into(), name: "Order".into(), print: String::new() };
    let missing = definition(&parts, object).missing;
    assert!(missing.len() == 2 && missing[0].contains("app.lines") && missing[1].contains("feed"), "{missing:?}");
}
