//! The typed acts as statements.

use super::classify;
use super::forms::events::Event;
use super::forms::server::{self, Account};
use super::names::{literal, quote};
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::proposal::kind::{FixKind, ObjectRef, SessionRef, Upkeep};

/// The one statement of a kind.
///
/// # Errors
/// One sentence when there is no such act here, or when a parameter cannot be one.
pub(super) fn render(kind: &FixKind) -> Result<String, String> {
    match kind {
        FixKind::CancelStatements(sessions) => Ok(format!("KILL QUERY {}", only(sessions)?)),
        FixKind::EndSessions(sessions) => Ok(format!("KILL {}", only(sessions)?)),
        FixKind::ChangeSetting { name, value } => setting(name, value),
        FixKind::ResetSetting(name) => setting(name, "DEFAULT"),
        FixKind::CreateIndex { table, name, columns } => create_index(table, name, columns),
        FixKind::DropIndex { table, name } if name.eq_ignore_ascii_case("primary") => {
            Err(format!("the primary key of {} is no index that can be spared", table.words()))
        }
        // MariaDB takes no algorithm in DROP INDEX itself.
        FixKind::DropIndex { table, name } => {
            Ok(format!("ALTER TABLE {} DROP INDEX {}, ALGORITHM=INPLACE, LOCK=NONE", object(table)?, named(name)?))
        }
        FixKind::RebuildIndex { .. } => {
            Err("InnoDB builds no single index anew: compact the table, which builds all of them".into())
        }
        FixKind::Maintain(Upkeep::Analyze, Some(table)) => {
            Ok(format!("ANALYZE NO_WRITE_TO_BINLOG TABLE {}", object(table)?))
        }
        // OPTIMIZE would fall back to a copy that stops writers; this refuses instead.
        FixKind::Maintain(Upkeep::Compact, Some(table)) => {
            Ok(format!("ALTER TABLE {} FORCE, ALGORITHM=INPLACE, LOCK=NONE", object(table)?))
        }
        FixKind::Maintain(upkeep, None) => Err(format!("name the table to {}", upkeep.words())),
        FixKind::Maintain(Upkeep::Checkpoint, _) => Err("InnoDB moves its log into the data by itself".into()),
        FixKind::Maintain(Upkeep::Vacuum | Upkeep::Freeze, _) => {
            Err("InnoDB purges old row versions by itself, once no transaction needs them".into())
        }
        FixKind::LimitConnections(account, most) => Account::read(account)
            .map(|account| account.limited_to(most.unwrap_or(0)))
            .ok_or_else(|| format!("{account} is no account: write it as user@host")),
        FixKind::ScheduleUpkeep { name, every_hours, upkeep, table } => {
            Event::new(name, *every_hours, *upkeep, table).map(|event| event.create())
        }
        FixKind::StartReplication => Ok(server::START.to_owned()),
        FixKind::PurgeLogs(before) => {
            server::purge(before).ok_or_else(|| format!("{before} is no name of a binary log: base.000123"))
        }
        FixKind::DropReplicationSlot(_) => Err("MySQL and MariaDB have no replication slots".into()),
        FixKind::UnlinkKeys(_) => Err("MySQL and MariaDB have rows, not keys: write a DELETE".into()),
        other => Err(format!("there is no act here to {}", other.words())),
    }
}

/// What makes the server refuse instead of stopping writers.
const ONLINE: &str = "ALGORITHM=INPLACE LOCK=NONE";
/// Characters of a name, at most.
const LONGEST_NAME: usize = 64;
/// Columns of an index, at most.
const MOST_COLUMNS: usize = 16;

/// A name in quotes where it needs them.
fn named(name: &str) -> Result<String, String> {
    let plain = !name.is_empty()
        && name.chars().count() <= LONGEST_NAME
        && !name.ends_with(' ')
        && !name.chars().any(|c| c.is_control() || crate::domain::text::risky(c));
    plain.then(|| quote(name)).ok_or_else(|| "a name has 1 to 64 plain characters".to_owned())
}

fn object(table: &ObjectRef) -> Result<String, String> {
    Ok(match &table.space {
        Some(space) => format!("{}.{}", named(space)?, named(&table.name)?),
        None => named(&table.name)?,
    })
}

fn create_index(table: &ObjectRef, name: &str, columns: &[String]) -> Result<String, String> {
    if columns.is_empty() || columns.len() > MOST_COLUMNS || name.eq_ignore_ascii_case("primary") {
        return Err(format!("an index has a name of its own and 1 to {MOST_COLUMNS} columns"));
    }
    let part = |column: &String| match column.strip_prefix('-') {
        Some(descending) => named(descending).map(|name| format!("{name} DESC")),
        None => named(column),
    };
    let columns = columns.iter().map(part).collect::<Result<Vec<_>, _>>()?.join(", ");
    Ok(format!("CREATE INDEX {} ON {} ({columns}) {ONLINE}", named(name)?, object(table)?))
}

/// KILL ends one session, and takes no condition.
fn only(sessions: &[SessionRef]) -> Result<i64, String> {
    match sessions {
        [one] if one.id > 0 => Ok(one.id),
        [_] => Err("a session has a number above zero".into()),
        [] => Err("there is no such session any more".into()),
        _ => Err("one statement ends one session in MySQL and MariaDB: propose them one at a time".into()),
    }
}

/// Longest value of a setting that is taken, bytes.
const LONGEST: usize = 1024;

fn setting(name: &str, value: &str) -> Result<String, String> {
    let mut bytes = name.bytes();
    let plain = bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.len() <= 64;
    if !plain {
        return Err("the name of a setting has letters, digits and underscores".into());
    }
    if value.len() > LONGEST || value.chars().any(|c| c.is_control() || crate::domain::text::risky(c)) {
        return Err("the value of a setting is one line of plain text".into());
    }
    let statement = format!("SET GLOBAL {} = {}", name.to_ascii_lowercase(), value_of(value.trim()));
    // Settings that name files, libraries or statements are refused here as they are in free text.
    let judged = classify::classify(&statement, Author::Person, &Catalog::default());
    if judged.verdict == Verdict::Deny { Err(judged.reason) } else { Ok(statement) }
}

/// A number or a switch bare, as the server wants them; anything else as text. A size may have its letter.
fn value_of(value: &str) -> String {
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let fraction = unsigned.split_once('.').is_some_and(|(whole, part)| number(whole) && number(part));
    if number(unsigned) || fraction {
        return value.to_owned();
    }
    if ["on", "off", "true", "false", "default"].iter().any(|word| value.eq_ignore_ascii_case(word)) {
        return value.to_ascii_uppercase();
    }
    let shift = match unsigned.chars().last().map(|c| c.to_ascii_lowercase()) {
        Some('k') => 10,
        Some('m') => 20,
        Some('g') => 30,
        _ => 0,
    };
    let digits = &unsigned[..unsigned.len().saturating_sub(usize::from(shift > 0))];
    let size = Some(digits).filter(|d| shift > 0 && number(d)).and_then(|d| d.parse::<u64>().ok());
    // SET GLOBAL takes no letters: `512M` is a mistake there, and is meant as a number.
    match size.and_then(|size| size.checked_mul(1 << shift)) {
        Some(size) if unsigned == value => size.to_string(),
        _ => literal(value),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn session(id: i64) -> SessionRef {
        SessionRef { id, facts: Vec::new(), about: String::new() }
    }
    fn set(name: &str, value: &str) -> Result<String, String> {
        render(&FixKind::ChangeSetting { name: name.into(), value: value.into() })
    }

    #[test]
    fn one_statement_ends_one_session() {
        assert_eq!(render(&FixKind::EndSessions(vec![session(7)])).unwrap(), "KILL 7");
        assert_eq!(render(&FixKind::CancelStatements(vec![session(7)])).unwrap(), "KILL QUERY 7");
        for sessions in [vec![], vec![session(0)], vec![session(-1)], vec![session(1), session(2)]] {
            assert!(render(&FixKind::EndSessions(sessions)).is_err());
        }
        assert!(render(&FixKind::DropReplicationSlot("s".into())).is_err());
        assert!(render(&FixKind::UnlinkKeys(vec!["k".into()])).is_err());
    }

    #[test]
    fn indexes_are_built_and_dropped_beside_the_traffic_or_not_at_all() {
        let table = ObjectRef::new("sh`op", "orders");
        let create = |name: &str, columns: &[&str]| {
            let columns = columns.iter().map(|c| (*c).to_owned()).collect();
            render(&FixKind::CreateIndex { table: table.clone(), name: name.into(), columns })
        };
        assert_eq!(
            create("idx_a", &["a", "-b c"]).unwrap(),
            "CREATE INDEX idx_a ON `sh``op`.orders (a, `b c` DESC) ALGORITHM=INPLACE LOCK=NONE"
        );
        for (name, columns) in
            [("i", vec![]), ("primary", vec!["a"]), ("", vec!["a"]), ("i", vec![""]), ("i\n", vec!["a"])]
        {
            assert!(create(name, &columns).is_err(), "{name:?} {columns:?}");
        }
        let drop = |name: &str| render(&FixKind::DropIndex { table: table.clone(), name: name.into() });
        assert_eq!(drop("i").unwrap(), "ALTER TABLE `sh``op`.orders DROP INDEX i, ALGORITHM=INPLACE, LOCK=NONE");
        assert!(drop("PRIMARY").is_err());
    }

    #[test]
    fn upkeep_logs_accounts_and_replication_have_one_form_each() {
        let table = Some(ObjectRef::new("shop", "orders"));
        let maintain = |upkeep, table: &Option<ObjectRef>| render(&FixKind::Maintain(upkeep, table.clone()));
        assert_eq!(maintain(Upkeep::Analyze, &table).unwrap(), "ANALYZE NO_WRITE_TO_BINLOG TABLE shop.orders");
        assert_eq!(
            maintain(Upkeep::Compact, &table).unwrap(),
            "ALTER TABLE shop.orders FORCE, ALGORITHM=INPLACE, LOCK=NONE"
        );
        for (upkeep, table) in
            [(Upkeep::Analyze, &None), (Upkeep::Vacuum, &table), (Upkeep::Freeze, &table), (Upkeep::Checkpoint, &None)]
        {
            assert!(maintain(upkeep, table).is_err(), "{upkeep:?}");
        }
        assert_eq!(render(&FixKind::StartReplication).unwrap(), "START REPLICA");
        assert_eq!(
            render(&FixKind::PurgeLogs("binlog.000042".into())).unwrap(),
            "PURGE BINARY LOGS TO 'binlog.000042'"
        );
        assert!(render(&FixKind::PurgeLogs("x' OR '".into())).is_err());
        let limit = |account: &str, most| render(&FixKind::LimitConnections(account.into(), most));
        assert_eq!(limit("app@%", Some(40)).unwrap(), "ALTER USER 'app'@'%' WITH MAX_USER_CONNECTIONS 40");
        assert_eq!(limit("app", None).unwrap(), "ALTER USER 'app'@'%' WITH MAX_USER_CONNECTIONS 0");
        assert!(limit("a'b@%", Some(1)).is_err());
        assert_eq!(
            render(&FixKind::ResetSetting("tmp_table_size".into())).unwrap(),
            "SET GLOBAL tmp_table_size = DEFAULT"
        );
        assert!(render(&FixKind::RebuildIndex { table: ObjectRef::new("", "t"), name: "i".into() }).is_err());
    }

    #[test]
    fn a_setting_is_one_name_and_one_plain_value() {
        assert_eq!(set("Max_Connections", " 500 ").unwrap(), "SET GLOBAL max_connections = 500");
        assert_eq!(set("long_query_time", "0.5").unwrap(), "SET GLOBAL long_query_time = 0.5");
        assert_eq!(set("slow_query_log", "on").unwrap(), "SET GLOBAL slow_query_log = ON");
        assert_eq!(set("innodb_buffer_pool_size", "2G").unwrap(), "SET GLOBAL innodb_buffer_pool_size = 2147483648");
        assert_eq!(set("default_week_format", "it's").unwrap(), "SET GLOBAL default_week_format = 'it''s'");
        assert_eq!(set("x", "1; DROP TABLE t").unwrap(), "SET GLOBAL x = '1; DROP TABLE t'");
        for name in ["", "a b", "a=1,b", "@@x", "x`", "1a", "a.b"] {
            assert!(set(name, "1").is_err(), "{name}");
        }
        assert!(set("init_connect", "DROP TABLE t").is_err(), "statements that the server runs by itself");
        assert!(set("a", "x\ny").is_err() && set("a", "\u{202e}").is_err());
    }
}
