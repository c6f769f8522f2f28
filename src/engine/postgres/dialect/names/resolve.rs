//! Gives unqualified relations, functions and types the schema that the person's own search path would find them in.
//!
//! Our sessions pin `search_path` to `pg_catalog`, so that no function of a stranger shadows a built-in. What a person
//! writes must still mean what it means in their own session, so relations are qualified in the text before it is
//! judged, and so are functions and types that are not the server's own. Everything else in the text stays as it is, to the byte.

use super::super::classify::{is_known_by_name, scope, words};
use super::quote;
use crate::domain::schema::Schema;
use crate::engine::sql::lexer::{self, Lexis};
use crate::engine::sql::size;
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

/// The statement with every unqualified name that the schema knows qualified. A text that does not parse comes
/// back unchanged.
pub(in super::super) fn resolve(statement: &str, schema: &Schema) -> String {
    let tokens = lexer::meaningful(statement, Lexis::Postgres);
    if size::check(statement, &tokens).is_some() {
        return statement.to_owned();
    }
    let parsed = SourceFile::parse(statement);
    if !parsed.errors().is_empty() {
        return statement.to_owned();
    }
    let root = parsed.syntax_node();
    let mut places: Vec<(usize, &str)> = Vec::new();
    for relation in &scope::relations(&root) {
        let [word] = relation.words.as_slice() else { continue };
        if relation.shadowed {
            continue;
        }
        if let Some(found) = word.name.as_deref().and_then(|name| schema_of(name, schema)) {
            places.push((usize::from(word.token.text_range().start()), found));
        }
    }
    places.extend(root.descendants().filter_map(|node| schema_of_code(&node, schema)));
    places.extend(root.children().filter_map(|statement| schema_of_new(&statement, schema)));
    places.extend(root.descendants().filter_map(|node| schema_of_index(&node, schema)));
    places.sort_unstable();
    let mut out = statement.to_owned();
    // From the end, so that earlier places stay where they are.
    for (at, found) in places.iter().rev() {
        out.insert_str(*at, &format!("{}.", quote(found)));
    }
    out
}

/// The place of a bare name of a function or a type, and the only schema on the path that has it. What the server
/// itself may mean by the name stays, and so does what is in several schemas: there the arguments decide.
fn schema_of_code<'a>(node: &SyntaxNode, schema: &'a Schema) -> Option<(usize, &'a str)> {
    let (name, list) = match node.kind() {
        SyntaxKind::CALL_EXPR => {
            (node.first_child().filter(|callee| callee.kind() == SyntaxKind::NAME_REF)?, &schema.functions)
        }
        SyntaxKind::PATH_TYPE => (node.clone(), &schema.types),
        _ => return None,
    };
    let parts = words::parts(&name);
    let [word] = parts.as_slice() else { return None };
    let bare = word.name.as_deref().filter(|bare| !is_known_by_name(bare))?;
    let mut holders = schema.search_path.iter().filter(|holder| {
        list.iter().any(|known| {
            known.strip_prefix(holder.as_str()).and_then(|rest| rest.strip_prefix('.')).is_some_and(|rest| rest == bare)
        })
    });
    let only = holders.next().filter(|_| holders.next().is_none())?;
    Some((usize::from(word.token.text_range().start()), only))
}

/// The place of the bare name of a new object, and the schema in which the person's own session would make it.
fn schema_of_new<'a>(statement: &SyntaxNode, schema: &'a Schema) -> Option<(usize, &'a str)> {
    let kind = match statement.kind() {
        SyntaxKind::CREATE_TABLE | SyntaxKind::CREATE_TABLE_AS => SyntaxKind::TABLE_NAME,
        SyntaxKind::CREATE_VIEW | SyntaxKind::CREATE_MATERIALIZED_VIEW => SyntaxKind::VIEW,
        SyntaxKind::CREATE_SEQUENCE => SyntaxKind::SEQUENCE,
        SyntaxKind::CREATE_TYPE => SyntaxKind::TYPE_NAME,
        SyntaxKind::CREATE_DOMAIN => SyntaxKind::DOMAIN,
        _ => return None,
    };
    // What is temporary has a schema of its own.
    if statement.children().any(|child| child.kind() == SyntaxKind::TEMP) {
        return None;
    }
    let parts = words::parts(&statement.children().find(|child| child.kind() == kind)?);
    let [word] = parts.as_slice() else { return None };
    Some((usize::from(word.token.text_range().start()), schema.search_path.first()?))
}

/// The place of the bare name of an index that stands without its table, and the schema of the table that has it.
fn schema_of_index<'a>(node: &SyntaxNode, schema: &'a Schema) -> Option<(usize, &'a str)> {
    let alone =
        [SyntaxKind::DROP_INDEX, SyntaxKind::ALTER_INDEX, SyntaxKind::REINDEX_TARGET_INDEX, SyntaxKind::OBJECT_INDEX];
    if node.kind() != SyntaxKind::INDEX_REF || !node.parent().is_some_and(|parent| alone.contains(&parent.kind())) {
        return None;
    }
    let parts = words::parts(node);
    let [word] = parts.as_slice() else { return None };
    let name = word.name.as_deref()?;
    let holds = |holder: &&String| {
        schema
            .tables
            .iter()
            .any(|table| table.schema == **holder && table.indexes.iter().any(|index| index.name == name))
    };
    Some((usize::from(word.token.text_range().start()), schema.search_path.iter().find(holds)?))
}

/// The schema in which a bare name is found: `pg_catalog` comes first unless the path says otherwise, as on the server.
fn schema_of<'a>(name: &str, schema: &'a Schema) -> Option<&'a str> {
    let path = &schema.search_path;
    let catalog_is_implicit = !path.iter().any(|s| s == "pg_catalog");
    if catalog_is_implicit && is_system_relation(name) {
        return None;
    }
    path.iter()
        .find(|s| schema.tables.iter().any(|table| table.name == name && table.schema == **s))
        .map(String::as_str)
}

/// A relation of `pg_catalog` by its name. The prefix is reserved for schemas, not for tables, but the views that
/// extensions put elsewhere (`pg_stat_statements`) are the only ones that people have.
fn is_system_relation(name: &str) -> bool {
    name.starts_with("pg_") && !name.starts_with("pg_stat_statements") && !name.starts_with("pg_buffercache")
}

#[cfg(test)]
mod tests {
    use super::resolve;
    use crate::domain::schema::{Index, Schema, Table, TableKind};

    fn schema() -> Schema {
        let table = |schema: &str, name: &str, kind| Table {
            schema: schema.into(),
            name: name.into(),
            kind,
            indexes: if name == "orders" {
                vec![Index { name: "orders_at".into(), ..Index::default() }]
            } else {
                Vec::new()
            },
            ..Table::default()
        };
        Schema {
            search_path: vec!["app".into(), "Odd Schema".into(), "public".into()],
            tables: vec![
                table("app", "orders", TableKind::Table),
                table("public", "orders", TableKind::Table),
                table("public", "customers", TableKind::Table),
                table("app", "v", TableKind::View),
                table("Odd Schema", "Case", TableKind::Table),
                table("hidden", "secret", TableKind::Table),
                table("public", "pg_stat_statements", TableKind::View),
                table("public", "pg_class", TableKind::Table),
            ],
            functions: ["public.similarity", "app.total", "public.total", "app.lower", "hidden.f"]
                .map(Into::into)
                .into(),
            types: ["app.mood", "public.Odd", "app.text"].map(Into::into).into(),
            ..Schema::default()
        }
    }

    #[test]
    fn relations_get_the_schema_of_the_search_path() {
        let cases = [
            ("select * from orders", "select * from app.orders"),
            ("SELECT * FROM  ORDERS o /* x */", "SELECT * FROM  app.ORDERS o /* x */"),
            (
                "select orders.id from orders where orders.id = 1",
                "select orders.id from app.orders where orders.id = 1",
            ),
            ("select * from \"Case\", \"case\"", "select * from \"Odd Schema\".\"Case\", \"case\""),
            ("select * from Case_", "select * from Case_"),
            ("table v", "table app.v"),
            ("select * from public.orders, secret", "select * from public.orders, secret"),
            ("select * from pg_class, pg_stat_statements", "select * from pg_class, public.pg_stat_statements"),
            (
                "with orders as (select * from orders) select * from orders, customers",
                "with orders as (select * from app.orders) select * from orders, public.customers",
            ),
            (
                "with recursive orders as (select 1 union select * from orders) select * from orders",
                "with recursive orders as (select 1 union select * from orders) select * from orders",
            ),
            (
                "select (with orders as (select 1) select 1 from orders), 'orders' from orders orders",
                "select (with orders as (select 1) select 1 from orders), 'orders' from app.orders orders",
            ),
            (
                "with v as (select 1) select 1 from v union select 2 from v",
                "with v as (select 1) select 1 from v union select 2 from v",
            ),
            (
                "explain select * from only orders, lateral (select 1 from v) x",
                "explain select * from only app.orders, lateral (select 1 from app.v) x",
            ),
            ("delete from orders where id = 1", "delete from app.orders where id = 1"),
            (
                "update orders set a = 1 from customers c where c.id = 1",
                "update app.orders set a = 1 from public.customers c where c.id = 1",
            ),
            ("select * from U&\"ord\\0065rs\"", "select * from app.U&\"ord\\0065rs\""),
            ("select * from orders where", "select * from orders where"),
            (
                "select Similarity(name, 'x'), total(1), lower('a'), f(1) from orders",
                "select public.Similarity(name, 'x'), total(1), lower('a'), f(1) from app.orders",
            ),
            ("select app.total(1), similarity", "select app.total(1), similarity"),
            (
                "select 'sad'::mood, cast('x' as \"Odd\"), 'x'::odd, '{}'::mood[], 'a'::text",
                "select 'sad'::app.mood, cast('x' as public.\"Odd\"), 'x'::odd, '{}'::app.mood[], 'a'::text",
            ),
            ("select count(orders) from orders", "select count(orders) from app.orders"),
            ("create table made (id int references orders)", "create table app.made (id int references app.orders)"),
            ("create view \"V\" as select 1 from v", "create view app.\"V\" as select 1 from app.v"),
            ("create table public.made as table orders", "create table public.made as table app.orders"),
            ("create temp table made (id int)", "create temp table made (id int)"),
            ("create sequence if not exists s", "create sequence if not exists app.s"),
            ("create type feeling as enum ('x')", "create type app.feeling as enum ('x')"),
            ("create index made on orders (id)", "create index made on app.orders (id)"),
            (
                "drop index concurrently if exists orders_at, gone",
                "drop index concurrently if exists app.orders_at, gone",
            ),
            ("alter index orders_at rename to later", "alter index app.orders_at rename to later"),
            ("reindex index concurrently orders_at", "reindex index concurrently app.orders_at"),
            ("alter table orders rename to old_orders", "alter table app.orders rename to old_orders"),
        ];
        for (written, resolved) in cases {
            assert_eq!(resolve(written, &schema()), resolved);
        }
    }
}
