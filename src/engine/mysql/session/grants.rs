//! What the login may do, read from `SHOW GRANTS`, and what of it a watcher should not be able to.

use std::collections::BTreeMap;

/// Powers over the whole server that watching needs, or that show nothing but names.
const HARMLESS_GLOBAL: &[&str] = &[
    "USAGE",
    "PROCESS",
    "REPLICATION CLIENT",
    "BINLOG MONITOR",
    "SLAVE MONITOR",
    "REPLICA MONITOR",
    "SHOW DATABASES",
    "SHOW VIEW",
    "SHOW_ROUTINE",
    "SHOW CREATE ROUTINE",
];
/// Powers over a schema that only read.
const HARMLESS_LOCAL: &[&str] = &["SELECT", "SHOW VIEW", "SHOW CREATE ROUTINE", "USAGE"];
/// Powers that are named; the others of a long list are counted.
const NAMED: usize = 6;

/// An account of `CURRENT_USER()` as a statement names it: `weak@%` -> `'weak'@'%'`.
pub(crate) fn account(user: &str) -> String {
    let quoted = |part: &str| format!("'{}'", part.replace('\'', "''"));
    // A name may hold an @, a host may not.
    match user.rsplit_once('@') {
        Some((name, host)) => format!("{}@{}", quoted(name), quoted(host)),
        None => quoted(user),
    }
}

/// Grants by what they are on: `*.*`, `shop.*`, `shop.orders`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Grants {
    by_scope: BTreeMap<String, Vec<String>>,
    /// A statement that could not be read.
    unclear: bool,
}

impl Grants {
    /// Reads the lines of `SHOW GRANTS`.
    pub(super) fn read(lines: &[String]) -> Self {
        let mut grants = Self { unclear: lines.is_empty(), ..Self::default() };
        for line in lines {
            let Some(rest) = line.strip_prefix("GRANT ") else {
                // `SET DEFAULT ROLE` and partial revokes; the latter only take away.
                grants.unclear |= !line.starts_with("SET DEFAULT ROLE") && !line.starts_with("REVOKE ");
                continue;
            };
            // A grant of roles has no ON: what the roles may is listed by itself.
            let Some((powers, rest)) = rest.split_once(" ON ") else { continue };
            let scope = rest.rsplit_once(" TO ").map_or(rest, |(scope, _)| scope);
            let option = rest.contains(" WITH GRANT OPTION") || rest.ends_with(" GRANT OPTION");
            let list = grants.by_scope.entry(scope.replace('`', "")).or_default();
            list.extend(split(powers));
            if option {
                list.push("GRANT OPTION".into());
            }
        }
        grants
    }

    /// Has a power over the whole server.
    pub(super) fn has(&self, power: &str) -> bool {
        let list = self.by_scope.get("*.*");
        list.is_some_and(|list| list.iter().any(|p| p == power || p == "ALL PRIVILEGES" || p == "SUPER"))
    }

    /// May read every table of a schema.
    pub(super) fn may_select(&self, schema: &str) -> bool {
        let scopes = ["*.*".to_owned(), format!("{schema}.*")];
        scopes
            .iter()
            .filter_map(|scope| self.by_scope.get(scope))
            .flatten()
            .any(|p| p == "SELECT" || p == "ALL PRIVILEGES")
    }

    /// What a watcher should not be able to do, one sentence part a scope, the whole server first.
    pub(super) fn excess(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (scope, powers) in &self.by_scope {
            let global = scope == "*.*";
            let schema = scope.split('.').next().unwrap_or_default();
            let allowed = if global { HARMLESS_GLOBAL } else { HARMLESS_LOCAL };
            let mut excess: Vec<&str> = powers
                .iter()
                // Powers over columns are written `SELECT (a, b)`.
                .map(|power| power.split(" (").next().unwrap_or(power).trim())
                .filter(|power| !allowed.contains(power) || (*power == "SELECT" && schema == "mysql"))
                // Functions of sys only read.
                .filter(|power| !(*power == "EXECUTE" && schema.ends_with("sys")))
                .collect();
            // A role that was named in a proxy grant reaches for another account.
            excess.dedup();
            if excess.is_empty() {
                continue;
            }
            let more = excess.len().saturating_sub(NAMED);
            let mut words = excess[..excess.len() - more].join(", ");
            if more > 0 {
                words.push_str(&format!(" and {more} more"));
            }
            out.push(format!("{words} on {scope}"));
        }
        if self.unclear {
            out.push("its grants could not be read".into());
        }
        out
    }
}

/// Splits a list at commas outside parentheses.
fn split(powers: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut depth = 0_u32;
    for c in powers.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                out.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out.iter().map(|power| power.trim().to_owned()).filter(|power| !power.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Grants {
        Grants::read(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_recommended_login_has_no_excess() {
        let grants = read(&[
            "GRANT PROCESS, BINLOG MONITOR, SLAVE MONITOR ON *.* TO `ro`@`%` IDENTIFIED BY PASSWORD '*X' WITH MAX_USER_CONNECTIONS 3",
            "GRANT SELECT, SHOW VIEW ON `shop`.* TO `ro`@`%`",
            "GRANT SELECT ON `performance_schema`.* TO `ro`@`%`",
            "GRANT `reader`@`%` TO `ro`@`%`",
            "SET DEFAULT ROLE `reader` FOR `ro`@`%`",
        ]);
        assert!(grants.has("PROCESS") && !grants.has("FILE") && grants.may_select("performance_schema"));
        assert!(!grants.may_select("mysql"));
        assert_eq!(grants.excess(), Vec::<String>::new());
    }

    #[test]
    fn every_power_to_change_is_named() {
        let root = read(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"]);
        assert_eq!(root.excess(), ["ALL PRIVILEGES, GRANT OPTION on *.*"]);
        assert!(root.has("PROCESS") && root.may_select("mysql"));
        let some = read(&[
            "GRANT SELECT, FILE, SUPER ON *.* TO `a`@`%`",
            "GRANT SYSTEM_VARIABLES_ADMIN,CONNECTION_ADMIN ON *.* TO `a`@`%`",
            "GRANT SELECT (`a`, `b`), INSERT (`a`) ON `shop`.`t` TO `a`@`%`",
            "GRANT SELECT ON `mysql`.* TO `a`@`%`",
            "GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `a`@`%`",
        ]);
        assert_eq!(
            some.excess(),
            [
                "SELECT, FILE, SUPER, SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN on *.*",
                "EXECUTE on PROCEDURE shop.p",
                "SELECT on mysql.*",
                "INSERT on shop.t",
            ]
        );
        assert_eq!(read(&[]).excess(), ["its grants could not be read"]);
    }
}
