//! The server's role among others: primary, replica, a member of Galera or of Group Replication.

use super::begin::{Facts, ask, rows};
use crate::domain::error_event::ConnectError;
use crate::domain::rows::Rows;
use crate::engine::mysql::wire::Wire;

/// State and size of a Galera cluster.
const GALERA: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN \
    ('wsrep_local_state_comment', 'wsrep_cluster_size', 'wsrep_cluster_status', 'wsrep_incoming_addresses')";
/// Members of a Group Replication group, ours marked.
const GROUP: &str = "SELECT MEMBER_ROLE AS role, MEMBER_STATE AS state, MEMBER_ID = @@server_uuid AS ours \
    FROM performance_schema.replication_group_members WHERE MEMBER_ID <> ''";

/// The role in words.
pub(super) async fn role(wire: &mut Wire, facts: &Facts, read_only: bool) -> Result<String, ConnectError> {
    if facts.galera {
        let status = ask(wire, GALERA).await?.map(rows).unwrap_or_default();
        return Ok(galera(&status));
    }
    if !facts.is_mariadb() && facts.performance_schema {
        let members = ask(wire, GROUP).await?.map(rows).unwrap_or_default();
        if let Some(role) = group(&members) {
            return Ok(role);
        }
    }
    let follows = follows(wire, facts).await?;
    Ok(match (follows, read_only) {
        (Some(true), _) => "replica",
        (Some(false), _) => "primary",
        // Nobody else sets it.
        (None, true) => "replica",
        (None, false) => "primary",
    }
    .into())
}

/// Whether the server follows another one; `None` when we may not know.
async fn follows(wire: &mut Wire, facts: &Facts) -> Result<Option<bool>, ConnectError> {
    if !facts.sees_replication {
        return Ok(None);
    }
    let text = match (facts.is_mariadb(), facts.version) {
        (true, _) => "SHOW ALL SLAVES STATUS",
        (false, 80_022..) => "SHOW REPLICA STATUS",
        (false, _) => "SHOW SLAVE STATUS",
    };
    Ok(ask(wire, text).await?.ok().map(|answer| !answer.rows.is_empty()))
}

/// `galera synced 3/3`: our state, and how many members the cluster has of those that are named.
fn galera(status: &Rows) -> String {
    let get = |name: &str| {
        let row = status
            .rows
            .iter()
            .find(|row| row.first().and_then(crate::domain::rows::Value::plain).as_deref() == Some(name));
        row.and_then(|row| row.get(1)).and_then(crate::domain::rows::Value::plain).unwrap_or_default()
    };
    let state = match get("wsrep_cluster_status").as_str() {
        "Primary" => get("wsrep_local_state_comment").to_lowercase(),
        // A part without a majority serves nobody.
        other => other.to_lowercase(),
    };
    let size = get("wsrep_cluster_size");
    let named = get("wsrep_incoming_addresses").split(',').filter(|address| !address.is_empty()).count();
    format!("galera {state} {size}/{}", named.max(size.parse().unwrap_or(0)))
}

/// `group primary online 3/3`: our role and state, and how many members are online.
fn group(members: &Rows) -> Option<String> {
    let ours = members.rows.iter().find(|row| members.get(row, "ours").int() == Some(1))?;
    let online = members.rows.iter().filter(|row| members.text(row, "state") == "ONLINE").count();
    let role = members.text(ours, "role").to_lowercase();
    let state = members.text(ours, "state").to_lowercase();
    let role = if role.is_empty() { "member".into() } else { role };
    Some(format!("group {role} {state} {online}/{}", members.rows.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rows::{Column, Value};

    fn table(names: &[&str], rows: &[&[&str]]) -> Rows {
        Rows {
            columns: names.iter().map(|name| Column::text(name)).collect(),
            rows: rows.iter().map(|row| row.iter().map(|cell| Value::Text((*cell).into())).collect()).collect(),
            truncated: None,
        }
    }

    #[test]
    fn a_galera_node_tells_its_state_and_the_clusters_size() {
        let mut status = table(
            &["Variable_name", "Value"],
            &[
                &["wsrep_local_state_comment", "Synced"],
                &["wsrep_cluster_size", "3"],
                &["wsrep_cluster_status", "Primary"],
                &["wsrep_incoming_addresses", "a:3306,b:3306,c:3306"],
            ],
        );
        assert_eq!(galera(&status), "galera synced 3/3");
        status.rows[2][1] = Value::Text("non-Primary".into());
        assert_eq!(galera(&status), "galera non-primary 3/3");
    }

    #[test]
    fn a_group_member_tells_its_role_and_who_is_online() {
        let names = ["role", "state", "ours"];
        let members = table(
            &names,
            &[&["PRIMARY", "ONLINE", "0"], &["SECONDARY", "RECOVERING", "1"], &["SECONDARY", "ONLINE", "0"]],
        );
        assert_eq!(group(&members).as_deref(), Some("group secondary recovering 2/3"));
        assert_eq!(group(&table(&names, &[])), None);
    }
}
