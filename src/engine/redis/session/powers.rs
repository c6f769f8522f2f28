//! What our login may do that a watcher should not. Read from its ACL where that is allowed, else asked of the server by
//! ACL DRYRUN, which runs nothing.

use crate::engine::redis::wire::{Reply, Wire, WireError};

/// Commands that a watcher has no use for, with a call that the server could judge, and the power that they stand for.
const DANGERS: &[(&[&str], &str)] = &[
    (&["SET", "k", "v"], "may write keys (SET)"),
    (&["DEL", "k"], "may delete keys (DEL)"),
    (&["FLUSHALL"], "may delete everything (FLUSHALL)"),
    (&["CONFIG", "SET", "hz", "10"], "may change settings (CONFIG SET)"),
    (&["ACL", "SETUSER", "u"], "may change users (ACL SETUSER)"),
    (&["EVAL", "return 1", "0"], "may run scripts (EVAL)"),
    (&["SHUTDOWN"], "may stop the server (SHUTDOWN)"),
    (&["DEBUG", "SLEEP", "0"], "may debug the server (DEBUG)"),
    (&["MODULE", "LOAD", "x"], "may load code (MODULE)"),
    (&["REPLICAOF", "NO", "ONE"], "may change the replication (REPLICAOF)"),
    (&["CLIENT", "KILL", "ID", "0"], "may end connections (CLIENT KILL)"),
    (&["KEYS", "x"], "may run KEYS, which holds the server up"),
];

/// Powers beyond reading, one sentence each.
pub(super) async fn excess(wire: &mut Wire, user: &str, open_default: bool) -> Result<Vec<String>, WireError> {
    let mut powers = Vec::new();
    if open_default {
        powers.push(if user == "default" {
            "the default user needs no password: whoever reaches this port is let in".to_owned()
        } else {
            "the default user needs no password: RESET leads back to it, past the limits of this user \
             (ACL SETUSER default resetpass, or off)"
                .to_owned()
        });
    }
    let acl = wire.ask(&["ACL", "GETUSER", user]).await?;
    if let Some(rules) = acl.get("commands").map(Reply::text) {
        powers.extend(by_rules(&rules));
        return Ok(powers);
    }
    let commands: Vec<Vec<&str>> = DANGERS
        .iter()
        .map(|(call, _)| {
            let mut words = vec!["ACL", "DRYRUN", user];
            words.extend(*call);
            words
        })
        .collect();
    let replies = wire.ask_all(&commands).await?;
    powers.extend(
        replies
            .iter()
            .zip(DANGERS)
            .filter(|(reply, _)| reply.text() == "OK")
            .map(|(_, (_, power))| (*power).to_owned()),
    );
    Ok(powers)
}

/// The powers that rules such as `-@all +@read +info -keys` give. Later rules win.
fn by_rules(rules: &str) -> Vec<String> {
    let mut powers = Vec::new();
    for (call, power) in DANGERS {
        let name = call[0].to_ascii_lowercase();
        let full = call.get(1).map(|sub| format!("{name}|{}", sub.to_ascii_lowercase()));
        let mut allowed = false;
        for rule in rules.split_ascii_whitespace() {
            let (sign, what) = rule.split_at(rule.len().min(1));
            let hit = match what.strip_prefix('@') {
                Some(category) => is_in(&name, category),
                None => what == name || full.as_deref() == Some(what),
            };
            if hit {
                allowed = sign == "+";
            }
        }
        if allowed {
            powers.push((*power).to_owned());
        }
    }
    if powers.len() == DANGERS.len() {
        powers = vec!["may do everything (+@all)".to_owned()];
    }
    powers
}

/// The categories of the commands above, as every version since 6 has them.
fn is_in(name: &str, category: &str) -> bool {
    match category {
        "all" => true,
        "write" => matches!(name, "set" | "del" | "flushall"),
        "keyspace" => matches!(name, "del" | "flushall" | "keys"),
        "string" => name == "set",
        "dangerous" => {
            matches!(
                name,
                "flushall" | "config" | "acl" | "shutdown" | "debug" | "module" | "replicaof" | "client" | "keys"
            )
        }
        "admin" => matches!(name, "config" | "acl" | "shutdown" | "debug" | "module" | "replicaof" | "client"),
        "scripting" => name == "eval",
        "read" => name == "keys",
        "connection" => name == "client",
        "slow" => !matches!(name, "set"),
        "fast" => false,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::by_rules;

    #[test]
    fn rules_are_read_in_their_order() {
        assert_eq!(by_rules("+@all"), ["may do everything (+@all)"]);
        assert_eq!(by_rules("-@all +info +get +config|get"), Vec::<String>::new());
        assert_eq!(by_rules("-@all +@read"), ["may run KEYS, which holds the server up"]);
        assert_eq!(by_rules("-@all +@read -keys"), Vec::<String>::new());
        assert_eq!(by_rules("-@all +config|set"), ["may change settings (CONFIG SET)"]);
        assert!(by_rules("+@all -@dangerous").iter().any(|p| p.contains("SET)")));
    }
}
