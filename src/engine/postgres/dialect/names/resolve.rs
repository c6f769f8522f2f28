//! Gives unqualified relations the schema that the person's own search path would find them in.
//!
//! Our sessions pin `search_path` to `pg_catalog`, so that no function of a stranger shadows a built-in. What a person
//! writes must still mean what it means in their own session, so relations are qualified in the text before it is
//! judged. Everything else in the text stays as it is, to the byte.

use super::super::classify::scope;
use super::quote;
use crate::domain::schema::Schema;
use crate::engine::sql::lexer::{self, Lexis};
use crate::engine::sql::size;
use squawk_syntax::SourceFile;

/// The statement with every unqualified relation that the schema knows qualified. A text that does not parse comes
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
    let mut out = statement.to_owned();
    // From the end, so that earlier places stay where they are.
    for relation in scope::relations(&parsed.syntax_node()).iter().rev() {
        let [word] = relation.words.as_slice() else { continue };
        if relation.shadowed {
            continue;
        }
        if let Some(found) = word.name.as_deref().and_then(|name| schema_of(name, schema)) {
            let at = usize::from(word.token.text_range().start());
            out.insert_str(at, &format!("{}.", quote(found)));
        }
    }
    out
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
    use crate::domain::schema::{Schema, Table, TableKind};

    fn schema() -> Schema {
        let table = |schema: &str, name: &str, kind| Table {
            schema: schema.into(),
            name: name.into(),
            kind,
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
            ("select count(orders) from orders", "select count(orders) from app.orders"),
        ];
        for (written, resolved) in cases {
            assert_eq!(resolve(written, &schema()), resolved);
        }
    }
}
