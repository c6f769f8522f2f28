//! The last deadlock as InnoDB tells it in its status: who waited for what and held what, and who was rolled back. MySQL
//! says of each transaction what it holds, MariaDB what it conflicts with; every lock names its transaction.

use super::session::shown;
use crate::domain::rows::Rows;

/// Transactions that are told, at most.
const MOST: usize = 6;

/// A lock on rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Lock {
    /// `shop.orders`. Untrusted text.
    pub(in crate::engine::mysql) table: String,
    /// The index whose entries are locked; empty for a lock on the whole table.
    index: String,
}

impl Lock {
    /// The lock, and the number of its transaction, of a line such as
    /// ``RECORD LOCKS ... index PRIMARY of table `shop`.`orders` trx id 7 lock_mode X``.
    fn of(line: &str) -> Option<(Self, String)> {
        let (before, after) = match line.strip_prefix("TABLE LOCK table ") {
            Some(after) => ("", after),
            None => line.split_once(" of table ")?,
        };
        let (table, after) = after.split_once(" trx id ")?;
        // A partition stands in a comment behind its table.
        let table = table.split(" /*").next()?.replace('`', "");
        let index = before.rsplit_once(" index ").map_or("", |(_, index)| index).trim_matches('`').to_owned();
        let transaction = after.split_whitespace().next()?.to_owned();
        Some((Self { table, index }, transaction))
    }

    fn words(&self) -> String {
        if self.index.is_empty() { self.table.clone() } else { format!("{} ({})", self.table, self.index) }
    }
}

/// A transaction in the circle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Party {
    transaction: String,
    session: Option<i64>,
    statement: String,
    /// What it waited for.
    pub(in crate::engine::mysql) waits: Vec<Lock>,
    /// What it held that another one waited for.
    pub(in crate::engine::mysql) holds: Vec<Lock>,
    rolled_back: bool,
}

impl Party {
    /// `session 12 (update b set v = ?) held rows of shop.a (PRIMARY) and waited for rows of shop.b (PRIMARY)`
    fn words(&self) -> String {
        let list = |locks: &[Lock]| match locks {
            [] => "rows".to_owned(),
            locks => format!("rows of {}", locks.iter().map(Lock::words).collect::<Vec<_>>().join(" and ")),
        };
        let who = self.session.map_or_else(|| "a session".to_owned(), |id| format!("session {id}"));
        let end = if self.rolled_back { "; it was rolled back" } else { "" };
        format!(
            "{who} ({}) held {} and waited for {}{end}",
            shown(&self.statement),
            list(&self.holds),
            list(&self.waits)
        )
    }
}

/// A deadlock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Deadlock {
    /// When, as the server writes it.
    at: String,
    /// Those in the circle.
    pub(in crate::engine::mysql) parties: Vec<Party>,
}

impl Deadlock {
    /// The last one in an answer of SHOW ENGINE INNODB STATUS; none when there was none.
    pub(in crate::engine::mysql) fn of(rows: &Rows) -> Option<Self> {
        let status = rows.rows.first().map(|row| rows.text(row, "Status"))?;
        let (_, section) = status.split_once("LATEST DETECTED DEADLOCK")?;
        let mut lines = section.lines().skip_while(|line| line.trim_matches('-').is_empty());
        let moment: Vec<&str> = lines.next()?.split_whitespace().take(2).collect();
        let mut found = Self { at: moment.join(" "), parties: Vec::new() };
        let mut locks: Vec<(bool, Lock, String)> = Vec::new();
        let (mut waiting, mut saying) = (false, false);
        for line in lines.take_while(|line| !line.starts_with("--------")) {
            if let Some(head) = line.strip_prefix("*** ") {
                saying = false;
                waiting = head.contains("WAITING");
                found.head(head);
            } else if let Some((lock, transaction)) = Lock::of(line) {
                locks.push((waiting, lock, transaction));
            } else if let Some(party) = found.parties.last_mut() {
                saying = party.take(line, saying);
            }
        }
        for (waited, lock, transaction) in locks {
            let Some(party) = found.parties.iter_mut().find(|party| party.transaction == transaction) else { continue };
            let list = if waited { &mut party.waits } else { &mut party.holds };
            if !list.contains(&lock) {
                list.push(lock);
            }
        }
        (!found.parties.is_empty()).then_some(found)
    }

    /// A line behind stars: `(1) TRANSACTION:`, `WE ROLL BACK TRANSACTION (2)`.
    fn head(&mut self, head: &str) {
        if let Some((_, number)) = head.split_once("ROLL BACK TRANSACTION (") {
            let number = number.trim_end().trim_end_matches(')').parse::<usize>().unwrap_or(0);
            if let Some(party) = number.checked_sub(1).and_then(|at| self.parties.get_mut(at)) {
                party.rolled_back = true;
            }
        } else if head.trim_end().ends_with("TRANSACTION:") && self.parties.len() < MOST {
            self.parties.push(Party::default());
        }
    }

    /// One line for the circle and one for each in it.
    pub(in crate::engine::mysql) fn words(&self) -> Vec<String> {
        let head = format!("the last deadlock that InnoDB tells of, {}, had {} in it", self.at, self.parties.len());
        std::iter::once(head).chain(self.parties.iter().map(Party::words)).collect()
    }

    /// The order in which tables were locked against each other; none when it was not that.
    pub(in crate::engine::mysql) fn order(&self) -> Option<String> {
        let mut tables: Vec<&str> =
            self.parties.iter().flat_map(|p| p.holds.iter().chain(&p.waits)).map(|lock| lock.table.as_str()).collect();
        tables.sort_unstable();
        tables.dedup();
        match tables.as_slice() {
            [] => None,
            [one] => Some(format!(
                "they took rows of {one} in different orders: write them in the order of their key, in every transaction"
            )),
            several => Some(format!(
                "they took rows of {} in different orders: choose one order, and keep to it in every transaction",
                several.join(" and ")
            )),
        }
    }
}

impl Party {
    /// A line that tells of the transaction itself. True when the next one is of its statement.
    fn take(&mut self, line: &str, saying: bool) -> bool {
        if let Some(after) = line.strip_prefix("TRANSACTION ") {
            after.split([',', ' ']).next().unwrap_or_default().clone_into(&mut self.transaction);
            return false;
        }
        if let Some((_, after)) = line.split_once(" thread id ").filter(|_| self.session.is_none()) {
            let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
            self.session = digits.parse().ok();
            return true;
        }
        if saying && line.trim().is_empty() {
            return false;
        }
        if saying {
            self.statement.push_str(line);
            self.statement.push(' ');
        }
        saying
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::rows::{Column, Value};

    const MYSQL: &str = "
------------------------
LATEST DETECTED DEADLOCK
------------------------
2026-03-01 12:30:00 139872
*** (1) TRANSACTION:
TRANSACTION 1956, ACTIVE 4 sec starting index read
mysql tables in use 1, locked 1
LOCK WAIT 3 lock struct(s), heap size 1128, 2 row lock(s), undo log entries 1
MySQL thread id 23, OS thread handle 140, query id 77 10.0.0.7 app updating
UPDATE stock SET n = 4
 WHERE id = 17

*** (1) HOLDS THE LOCK(S):
RECORD LOCKS space id 30 page no 4 n bits 80 index PRIMARY of table `shop`.`orders` trx id 1956 lock_mode X locks rec but not gap
Record lock, heap no 2 PHYSICAL RECORD: n_fields 4; compact format; info bits 0
 0: len 4; hex 80000001; asc     ;;

*** (1) WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 31 page no 4 n bits 80 index by_n of table `shop`.`stock` trx id 1956 lock_mode X waiting

*** (2) TRANSACTION:
TRANSACTION 1957, ACTIVE 3 sec starting index read
MySQL thread id 24, OS thread handle 141, query id 78 10.0.0.8 app updating
DELETE FROM orders WHERE id = 1

*** (2) HOLDS THE LOCK(S):
RECORD LOCKS space id 31 page no 4 n bits 80 index by_n of table `shop`.`stock` trx id 1957 lock_mode X

*** (2) WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 30 page no 4 n bits 80 index PRIMARY of table `shop`.`orders` trx id 1957 lock_mode X waiting

*** WE ROLL BACK TRANSACTION (2)
------------
TRANSACTIONS
------------
RECORD LOCKS space id 1 index PRIMARY of table `other`.`table` trx id 1956 lock_mode X";

    const MARIADB: &str = "
LATEST DETECTED DEADLOCK
------------------------
2026-03-01 12:30:00 0x7f3a
*** (1) TRANSACTION:
TRANSACTION 240, ACTIVE 0 sec starting index read
MariaDB thread id 20, OS thread handle 140, query id 60 localhost app Updating
UPDATE t SET v = 2 WHERE id = 5
*** WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 9 page no 3 n bits 8 index PRIMARY of table `a`.`t` /* Partition `p1` */ trx id 240 lock_mode X waiting
Record lock, heap no 6
*** CONFLICTING WITH:
RECORD LOCKS space id 9 page no 3 n bits 8 index PRIMARY of table `a`.`t` /* Partition `p1` */ trx id 241 lock_mode X

*** (2) TRANSACTION:
TRANSACTION 241, ACTIVE 0 sec starting index read
MariaDB thread id 21, OS thread handle 141, query id 61 localhost app Updating
UPDATE t SET v = 2 WHERE id = 4
*** WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 9 page no 3 n bits 8 index PRIMARY of table `a`.`t` trx id 241 lock_mode X waiting
*** CONFLICTING WITH:
RECORD LOCKS space id 9 page no 3 n bits 8 index PRIMARY of table `a`.`t` trx id 240 lock_mode X

*** WE ROLL BACK TRANSACTION (1)
------------
TRANSACTIONS";

    fn rows(status: &str) -> Rows {
        Rows {
            columns: ["Type", "Name", "Status"].map(Column::text).into(),
            rows: vec![["InnoDB", "", status].map(|text| Value::Text(text.into())).into()],
            truncated: None,
        }
    }

    #[test]
    fn both_products_say_who_met_whom() {
        let found = Deadlock::of(&rows(MYSQL)).unwrap().words();
        assert_eq!(
            found,
            [
                "the last deadlock that InnoDB tells of, 2026-03-01 12:30:00, had 2 in it",
                "session 23 (update stock set n = ? where id = ?) held rows of shop.orders (PRIMARY) and waited for rows of \
                 shop.stock (by_n)",
                "session 24 (delete from orders where id = ?) held rows of shop.stock (by_n) and waited for rows of \
                 shop.orders (PRIMARY); it was rolled back",
            ]
        );
        let found = Deadlock::of(&rows(MARIADB)).unwrap();
        assert_eq!(
            found.words()[1],
            "session 20 (update t set v = ? where id = ?) held rows of a.t (PRIMARY) and waited for rows of a.t (PRIMARY); it \
             was rolled back"
        );
        assert!(found.order().unwrap().contains("a.t in different orders: write them in the order of their key"));
    }

    #[test]
    fn what_is_cut_or_missing_is_no_deadlock_or_a_shorter_one() {
        assert_eq!(Deadlock::of(&rows("no such section")), None);
        for end in 0..MYSQL.len() {
            let found = Deadlock::of(&rows(&MYSQL[..end]));
            assert!(found.is_none_or(|found| found.parties.len() <= 2));
        }
    }
}
