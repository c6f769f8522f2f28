//! What can be asked, in words that can be typed: made from the person's own tables.

use crate::domain::schema::{ColumnKind, Schema};

/// Questions that can be answered for this schema.
pub fn examples(schema: &Schema) -> Vec<String> {
    if schema.keyed {
        return keyed_examples(schema);
    }
    let mut out: Vec<String> =
        ["which tables are biggest", "what is running now", "who blocks whom"].map(Into::into).to_vec();
    let first = schema.tables.iter().filter(|t| t.is_table()).max_by(|a, b| {
        let rows = |t: &crate::domain::schema::Table| t.row_estimate.unwrap_or(0.0);
        rows(a)
            .total_cmp(&rows(b))
            .then_with(|| a.foreign_keys.len().cmp(&b.foreign_keys.len()))
            .then_with(|| b.name.cmp(&a.name))
    });
    if let Some(table) = first {
        let name = table.name.replace('_', " ");
        out.push(format!("describe {name}"));
        out.push(format!("how many rows are in {name}"));
        let group = table.columns.iter().find(|c| c.kind == ColumnKind::Text && !table.primary_key.contains(&c.name));
        if let Some(column) = group {
            out.push(format!("{name} by {}", column.name.replace('_', " ")));
        }
        let number = table.columns.iter().find(|c| {
            c.kind == ColumnKind::Number
                && !table.primary_key.contains(&c.name)
                && !table.foreign_keys.iter().any(|k| k.columns.contains(&c.name))
        });
        if let Some(column) = number {
            out.push(format!("average {} of {name}", column.name.replace('_', " ")));
        }
    }
    out.push("what can you do".into());
    out
}

/// The same where the objects are keys.
fn keyed_examples(schema: &Schema) -> Vec<String> {
    let mut out: Vec<String> =
        ["how many keys are there", "keys by prefix", "where does the memory go"].map(Into::into).to_vec();
    let largest = schema.tables.iter().max_by(|a, b| {
        a.row_estimate.unwrap_or(0.0).total_cmp(&b.row_estimate.unwrap_or(0.0)).then_with(|| b.name.cmp(&a.name))
    });
    if let Some(table) = largest {
        out.push(format!("how many keys match \"{}\"", table.name));
        out.push(format!("keys like \"{}\"", table.name));
    }
    out.extend(["slow commands", "which clients are connected", "what can you do"].map(Into::into));
    out
}

const KEYED: &str = "\
Keys         how many keys are there | keys by prefix | keys like user:* | biggest keys | keys that take the most memory
             hot keys | idle keys | keys without ttl | streams and their groups
One key      show user:42 | type of user:42 | ttl of user:42 | memory of user:42 | encoding of user:42
Memory       where does the memory go | fragmentation | evictions | hit ratio | clients by memory
Now          clients by address | blocked clients | slow commands | most used commands | latency | ops per second
Server       replication | persistence | cluster state | what is maxmemory-policy | changed settings | errors | version
             uptime | users | databases | modules | channels
Past         what ran yesterday at 14:00
All servers  which replicas lag? | which servers are down? | any server with blocked sessions?
Statements   type a command and it runs if it only reads; --show KEY, --scan, --keyspace, --bigkeys and --config too
";

/// The long answer to "what can you do", with examples from the person's own tables at the end.
pub fn overview(schema: &Schema) -> String {
    let mut out = if schema.keyed { KEYED } else { OVERVIEW }.to_owned();
    let own: Vec<String> = examples(schema).iter().skip(3).map(|e| crate::domain::text::escape(e)).collect();
    out.push_str(&format!("Here         {}\n", own.join(" | ")));
    out
}

const OVERVIEW: &str = "\
Objects      show me all tables | which tables are biggest | describe orders | columns of orders | views | schemas
             indexes of orders | unused indexes | foreign keys of orders | how do orders and customers join
             draw a diagram | where is email stored | which tables have a timestamp column | tables without primary key
Rows         how many rows are in orders | row counts of all tables | sample rows of orders | the newest 5 orders
Your data    orders per status | revenue by month | average price per category | customers from Germany
             orders over 100 last week | top 5 customers by total orders | customers without orders
Now          what is running | who blocks whom | locks | long transactions | connections by user | slow queries
Server       analyze the performance of my database | cache hit ratio | vacuum state | replication | what is work_mem
             users | who can read orders | database size | version | uptime | extensions
Past         who blocked at 02:10? | what ran yesterday at 14:00
All servers  which replicas lag? | which servers are down? | any server with blocked sessions?
Statements   type one in the database's own language and it runs read-only; \\d, \\dt, \\di, \\l work too
";
