//! Whether a login may do an act, read from what SHOW GRANTS says of it.

use super::asks::Asks;
use crate::domain::error_event::SessionError;
use crate::domain::proposal::survey::Rights;
use crate::domain::rows::{Rows, Value};
use crate::engine::Query;
use crate::engine::mysql::dialect::forms;
use crate::engine::mysql::dialect::names::quote;
use crate::engine::mysql::session::account as quoted_account;
use crate::engine::sql::lexer::Kind;
use crate::engine::sql::words::Words;

static OWN: Query = Query { name: "fix.grants", text: "SHOW GRANTS", timeout_ms: 2_000 };

/// What a privilege is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum On {
    Server,
    Database(String),
    Table(String, String),
}

/// A need: one of these privileges, the first being the one to grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) one_of: Vec<&'static str>,
    pub(super) on: On,
}

impl Need {
    pub(super) fn on_table(privilege: &'static str, database: &str, table: &str) -> Self {
        Self { one_of: vec![privilege], on: On::Table(database.to_owned(), table.to_owned()) }
    }
    pub(super) fn on_server(one_of: &[&'static str]) -> Self {
        Self { one_of: one_of.to_vec(), on: On::Server }
    }
}

/// What is held, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    revoked: bool,
    privileges: Vec<String>,
    /// As written: `*` or a pattern, and `*` or a name.
    database: String,
    table: String,
}

/// Whether the login may: `login` by its name, or the session's own.
pub(super) async fn of(
    asks: &mut dyn Asks,
    needs: &[Need],
    account: &str,
    login: Option<&str>,
) -> Result<Rights, SessionError> {
    let own_name = account.rsplit_once('@').map_or(account, |(name, _)| name);
    if let Some(login) = login.filter(|login| *login != own_name) {
        return Ok(Rights::Unknown(format!("a reading login may not see the grants of {login}")));
    }
    // Both products list what active roles give, too.
    let held = lines(&asks.own(&OWN, &[]).await?);
    let missing = missing(&held, needs, &quoted_account(account));
    Ok(if missing.is_empty() { Rights::Held } else { Rights::Missing(missing) })
}

fn lines(shown: &Rows) -> Vec<Held> {
    shown.rows.iter().filter_map(|row| row.first().and_then(Value::plain)).filter_map(|line| held(&line)).collect()
}

/// One line of SHOW GRANTS; none for grants of roles and for what cannot be read, which then counts for nothing.
fn held(line: &str) -> Option<Held> {
    let tokens = forms::tokens(line);
    let words = Words { text: line, tokens: &tokens };
    let revoked = words.is(0, &["revoke"]);
    if !revoked && !words.is(0, &["grant"]) {
        return None;
    }
    let on = (1..words.len()).find(|&i| words.is(i, &["on"]))?;
    let privileges = forms::parts(words, 1, on)
        .into_iter()
        // Privileges over some columns alone do not count.
        .filter(|&(start, end)| !(start..end).any(|i| words.at(i) == "("))
        .map(|(start, end)| forms::slice(words, start, end).to_ascii_uppercase())
        .collect();
    let at = on + 1 + usize::from(words.is(on + 1, &["table"]));
    let part = |at: usize| match words.kind(at) {
        Some(Kind::Symbol) if words.at(at) == "*" => Some("*".to_owned()),
        _ => words.identifier(at),
    };
    (words.at(at + 1) == ".")
        .then(|| Some(Held { revoked, privileges, database: part(at)?, table: part(at + 2)? }))
        .flatten()
}

/// The statements that would give what is missing, one for each thing that privileges are on.
fn missing(held: &[Held], needs: &[Need], whom: &str) -> Vec<String> {
    let mut grants: Vec<(On, Vec<&str>)> = Vec::new();
    for need in needs.iter().filter(|need| !need.one_of.iter().any(|privilege| holds(held, privilege, &need.on))) {
        let Some(privilege) = need.one_of.first().copied() else { continue };
        match grants.iter_mut().find(|(on, _)| *on == need.on) {
            Some((_, list)) if list.contains(&privilege) => {}
            Some((_, list)) => list.push(privilege),
            None => grants.push((need.on.clone(), vec![privilege])),
        }
    }
    grants
        .into_iter()
        .map(|(on, list)| {
            let on = match on {
                On::Server => "*.*".to_owned(),
                On::Database(database) => format!("{}.*", quote(&database)),
                On::Table(database, table) => format!("{}.{}", quote(&database), quote(&table)),
            };
            format!("GRANT {} ON {on} TO {whom}", list.join(", "))
        })
        .collect()
}

fn holds(held: &[Held], privilege: &str, on: &On) -> bool {
    let covers = |line: &Held| match on {
        On::Server => line.database == "*",
        On::Database(database) => line.table == "*" && matches(&line.database, database),
        On::Table(database, table) => matches(&line.database, database) && (line.table == "*" || line.table == *table),
    };
    let names = |line: &Held| line.privileges.iter().any(|p| p == privilege || p == "ALL PRIVILEGES" || p == "ALL");
    held.iter().any(|line| !line.revoked && covers(line) && names(line))
        && !held.iter().any(|line| line.revoked && covers(line) && names(line))
}

/// A database in a grant is a pattern: `%` and `_`, with a backslash before those that are meant.
fn matches(pattern: &str, name: &str) -> bool {
    fn go(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['%', rest @ ..], _) => (0..=name.len()).any(|skip| go(rest, &name[skip..])),
            (['\\', meant, rest @ ..], [first, others @ ..]) => meant == first && go(rest, others),
            (['_', rest @ ..], [_, others @ ..]) => go(rest, others),
            ([one, rest @ ..], [first, others @ ..]) => one == first && go(rest, others),
            _ => false,
        }
    }
    pattern == "*" || go(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_held_against_needs() {
        let held: Vec<Held> = [
            "GRANT PROCESS, CONNECTION ADMIN ON *.* TO `f`@`%` IDENTIFIED BY PASSWORD '*X'",
            "GRANT SELECT, INSERT ON `sh\\_p`.* TO `f`@`%`",
            "GRANT UPDATE (`a`), DELETE ON `shop`.`or``d` TO `f`@`%`",
            "GRANT ALL PRIVILEGES ON `x%`.* TO `f`@`%` WITH GRANT OPTION",
            "REVOKE DROP ON `xy`.* FROM `f`@`%`",
            "GRANT `role`@`%` TO `f`@`%`",
        ]
        .iter()
        .filter_map(|line| super::held(line))
        .collect();
        assert_eq!(held.len(), 5);
        let on = |privilege, database, table| Need::on_table(privilege, database, table);
        let none = |need: Need| missing(&held, &[need], "'f'@'%'").is_empty();
        assert!(none(on("INSERT", "sh_p", "t")) && !none(on("INSERT", "shop", "t")));
        assert!(none(on("DELETE", "shop", "or`d")) && !none(on("UPDATE", "shop", "or`d")));
        assert!(none(on("ALTER", "xz", "t")) && !none(on("DROP", "xy", "t")) && none(on("DROP", "xz", "t")));
        assert!(none(Need::on_server(&["CONNECTION_ADMIN", "CONNECTION ADMIN", "SUPER"])));
        assert_eq!(
            missing(
                &held,
                &[on("UPDATE", "a b", "t"), on("DELETE", "a b", "t"), Need::on_server(&["SUPER"])],
                "'f'@'%'"
            ),
            ["GRANT UPDATE, DELETE ON `a b`.t TO 'f'@'%'", "GRANT SUPER ON *.* TO 'f'@'%'"]
        );
    }
}
