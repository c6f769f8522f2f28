//! The shop's own life: a few orders, payments and deliveries a second, and as many old orders cleared away, so that
//! the file keeps its size. Times come from SQLite's clock, inside the statements.

use super::fill::{CUSTOMERS, PRODUCTS};
use super::random::Random;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Result, params};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Pauses between bursts in milliseconds, from and to. A burst is one to three transactions.
const PAUSE_MS: (i64, i64) = (400, 1600);
/// Bursts between two checkpoints of the log.
const BURSTS_A_CHECKPOINT: u32 = 30;
/// Failed bursts in a row after which the workload gives up, for example because the disk is full.
const MOST_FAILURES: u32 = 20;

/// The running workload; it ends, within one short transaction, when this is dropped.
#[derive(Debug)]
pub struct Workload {
    end: Arc<End>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct End {
    wanted: Mutex<bool>,
    told: Condvar,
}

impl End {
    /// Waits that long; true when the end was wanted before it was over.
    fn comes_within(&self, pause: Duration) -> bool {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.told.wait_timeout_while(wanted, pause, |wanted| !*wanted);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
    fn want(&self) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }
}

impl Workload {
    /// Starts working on the shop at `path`, on a thread and a connection of its own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(path: &Path) -> std::io::Result<Self> {
        let end = Arc::new(End::default());
        let thread = std::thread::Builder::new().name("demo".into()).spawn({
            let (path, end) = (path.to_owned(), Arc::clone(&end));
            move || {
                if let Err(error) = live(&path, &end) {
                    tracing::warn!(%error, "the demo's workload ended");
                }
            }
        })?;
        Ok(Self { end, thread: Some(thread) })
    }
}

impl Drop for Workload {
    fn drop(&mut self) {
        self.end.want();
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by the panic hook already.
            let _ = thread.join();
        }
    }
}

fn live(path: &Path, end: &End) -> Result<()> {
    let mut shop = Shop::open(path)?;
    let mut bursts: u32 = 0;
    let mut failures = 0;
    while !end.comes_within(shop.pause()) {
        match shop.burst() {
            Ok(()) => failures = 0,
            // Busy, mostly: another program makes a backup or a checkpoint.
            Err(error) if failures == MOST_FAILURES => return Err(error),
            Err(_) => failures += 1,
        }
        bursts = bursts.wrapping_add(1);
        if bursts.is_multiple_of(BURSTS_A_CHECKPOINT) {
            shop.checkpoint();
        }
    }
    Ok(())
}

/// The connection of the workload.
pub(super) struct Shop {
    connection: Connection,
    random: Random,
}

impl Shop {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_millis(100))?;
        connection
            .execute_batch("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -1024;")?;
        // Where the last run stopped differs from run to run, and the work with it.
        let seed = connection.query_row("SELECT max(id) FROM orders", [], |row| row.get::<_, Option<i64>>(0))?;
        Ok(Self { connection, random: Random::new(seed.unwrap_or(0).unsigned_abs()) })
    }

    fn pause(&mut self) -> Duration {
        Duration::from_millis(self.random.between(PAUSE_MS.0, PAUSE_MS.1).unsigned_abs())
    }

    /// One to three transactions.
    pub(super) fn burst(&mut self) -> Result<()> {
        for _ in 0..=self.random.below(3) {
            match self.random.below(4) {
                0 => self.settle()?,
                1 => self.ship()?,
                _ => self.trade()?,
            }
        }
        Ok(())
    }

    /// A new order comes in and the oldest one is cleared away.
    fn trade(&mut self) -> Result<()> {
        let lines = 1 + self.random.below(4);
        let wishes: Vec<(i64, i64)> =
            (0..lines).map(|_| (self.random.between(1, PRODUCTS), self.random.between(1, 3))).collect();
        let customer = self.random.between(1, CUSTOMERS);
        let method = self.random.weighted(&[("card", 55), ("paypal", 25), ("invoice", 14), ("bank transfer", 6)]);
        let work = self.connection.transaction()?;
        work.prepare_cached(
            "INSERT INTO orders(customer_id, status, total, ordered_at) VALUES (?1, 'pending', 0, datetime('now'))",
        )?
        .execute([customer])?;
        let order = work.last_insert_rowid();
        for (line, (product, quantity)) in (1_i64..).zip(&wishes) {
            work.prepare_cached("INSERT INTO order_items SELECT ?1, ?2, id, ?4, price FROM products WHERE id = ?3")?
                .execute(params![order, line, product, quantity])?;
        }
        work.prepare_cached(
            "UPDATE orders SET total = (SELECT round(sum(quantity * unit_price), 2) FROM order_items WHERE order_id = ?1)
             WHERE id = ?1",
        )?
        .execute([order])?;
        work.prepare_cached(
            "INSERT INTO payments(order_id, method, status, amount, paid_at)
             SELECT id, ?2, 'open', total, datetime('now') FROM orders WHERE id = ?1",
        )?
        .execute(params![order, method])?;
        let oldest: i64 = work.prepare_cached("SELECT min(id) FROM orders")?.query_row([], |row| row.get(0))?;
        for clear in [
            "DELETE FROM payments WHERE order_id = ?1",
            "DELETE FROM order_items WHERE order_id = ?1",
            "DELETE FROM orders WHERE id = ?1",
        ] {
            work.prepare_cached(clear)?.execute([oldest])?;
        }
        work.commit()
    }

    /// The payment that has been open longest arrives.
    fn settle(&mut self) -> Result<()> {
        let work = self.connection.transaction()?;
        if let Some(order) = first_of(&work, OLDEST_PENDING)? {
            work.prepare_cached(
                "UPDATE payments SET status = 'settled', paid_at = datetime('now') WHERE order_id = ?1",
            )?
            .execute([order])?;
            work.prepare_cached("UPDATE orders SET status = 'paid' WHERE id = ?1")?.execute([order])?;
        }
        work.commit()
    }

    /// The order that has been paid longest is sent.
    fn ship(&mut self) -> Result<()> {
        let work = self.connection.transaction()?;
        if let Some(order) = first_of(&work, OLDEST_PAID)? {
            work.prepare_cached("UPDATE orders SET status = 'shipped', shipped_at = datetime('now') WHERE id = ?1")?
                .execute([order])?;
        }
        work.commit()
    }

    /// Moves the log into the file as far as readers allow; when they do not, the next time will do.
    fn checkpoint(&self) {
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    }
}

/// The oldest order in a state. The second term on the state says again what the index over open orders says, since
/// SQLite uses a partial index only for a query that repeats its predicate.
const OLDEST_PENDING: &str = "SELECT id FROM orders
     WHERE status = 'pending' AND status IN ('pending', 'paid') ORDER BY ordered_at LIMIT 1";
const OLDEST_PAID: &str = "SELECT id FROM orders
     WHERE status = 'paid' AND status IN ('pending', 'paid') ORDER BY ordered_at LIMIT 1";

fn first_of(connection: &Connection, statement: &'static str) -> Result<Option<i64>> {
    connection.prepare_cached(statement)?.query_row([], |row| row.get(0)).optional()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::domain::target::Timestamp;

    #[test]
    fn work_changes_the_shop_but_not_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        super::super::ensure(&path, Timestamp(1_782_000_000_000), &mut |_| {}).unwrap();
        let mut shop = Shop::open(&path).unwrap();
        let number = |shop: &Shop, sql: &str| shop.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let (orders, pages) = (number(&shop, "SELECT count(*) FROM orders"), number(&shop, "PRAGMA page_count"));
        let newest = number(&shop, "SELECT max(id) FROM orders");
        for _ in 0..500 {
            shop.burst().unwrap();
        }
        assert!(number(&shop, "SELECT max(id) FROM orders") > newest + 100);
        assert_eq!(number(&shop, "SELECT count(*) FROM orders"), orders);
        assert!(number(&shop, "PRAGMA page_count") < pages + pages / 50);
        assert_eq!(number(&shop, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert!(number(&shop, "SELECT count(*) FROM orders WHERE id > 60000 AND total > 0") > 100);
        for statement in [OLDEST_PENDING, OLDEST_PAID] {
            let plan = shop
                .connection
                .query_row(&format!("EXPLAIN QUERY PLAN {statement}"), [], |row| row.get::<_, String>(3))
                .unwrap();
            assert!(plan.contains("orders_open"), "{plan}");
        }
    }
}
