//! Changes of rows: what is said before, what is kept, and that it comes back to the bit.

use super::bench::Bench;
use crate::mysql::support::*;
use dba_gpt::domain::guard::ticket::Gravity;
use dba_gpt::domain::proposal::survey::Inverse;

/// A table of every type, and rows that are hard to write down.
const KINDS: &str = "CREATE TABLE kinds (
      a INT, `b ``c` VARCHAR(20) CHARACTER SET latin1, u BIGINT UNSIGNED, d DECIMAL(30,10), f FLOAT, g DOUBLE, bt BIT(9), b1 BIT(1),
      y YEAR, da DATE, dt DATETIME(3), ts TIMESTAMP(6) NULL, ti TIME(6), tx TEXT, bin VARBINARY(8), bl BLOB,
      e ENUM('x','it''s',''), st SET('p','q'), j JSON, geo POINT, num INT NULL, calc INT AS (a * 2) VIRTUAL,
      seen TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (a, `b ``c`));
    SET time_zone = '+00:00';
    INSERT INTO kinds (a, `b ``c`, u, d, f, g, bt, b1, y, da, dt, ts, ti, tx, bin, bl, e, st, j, geo, num, seen) VALUES
      (1, 'é \\\\ ''', 18446744073709551615, '-12345678901234567890.0123456789', 0.1, 1.7976931348623157e308, b'100000001', b'1',
       2024, '0000-00-00', '2024-02-29 23:59:59.999', '2038-01-19 03:14:07.999999', '-838:59:58.5', CONCAT('a', CHAR(10), 'ü😀', CHAR(0 USING utf8mb4)),
       X'00FF5C27', X'', 'it''s', 'p,q', '{\"k\": [1, 2.5, null, \"é\"]}', ST_GeomFromText('POINT(1.5 -2)'), NULL, '2001-02-03 04:05:06'),
      (2, '', 0, 0, -1e-30, -0.5, b'0', b'0', 0, '2024-00-00', '1000-01-01 00:00:00', '0000-00-00 00:00:00', '00:00:00', '',
       NULL, NULL, '', '', NULL, NULL, -5, NULL),
      (3, 'x', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 7, '2020-01-01')";

const STATE: &str = "SELECT a, HEX(`b ``c`), u, d, f + 0e0, g, HEX(bt), HEX(b1), y, da, dt, UNIX_TIMESTAMP(ts), ti, HEX(tx), HEX(bin), HEX(bl), \
    e, e + 0, st, j, HEX(geo), num, calc, UNIX_TIMESTAMP(seen) FROM kinds ORDER BY a";

#[test]
fn rows_of_every_type_come_back_to_the_bit() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "types", KINDS);
        assert_eq!(bench.admin.run(STATE).len(), 3, "the rows that are hard to write down are there");
        bench.there_and_back("DELETE FROM kinds WHERE a < 10", STATE).await;
        bench
            .there_and_back(
                "UPDATE kinds SET u = 1, d = 2, f = 3, g = 4, bt = 5, b1 = 1 - COALESCE(b1, 0), y = 1999, da = '2000-01-01', \
                 dt = '2000-01-01', ts = '2000-01-01', ti = '01:00', tx = 'changed', bin = 'x', bl = 'y', e = 'x', st = 'q', \
                 j = '[]', geo = NULL, num = 0 WHERE a IN (1, 2, 3)",
                STATE,
            )
            .await;
        // One row, and a column that moves by itself.
        bench.there_and_back("UPDATE kinds AS k SET k.num = k.num + 1 WHERE k.a = 3 AND k.`b ``c` = 'X'", STATE).await;
    });
}

const SHOP: &str =
    "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, grp INT, v VARCHAR(20), KEY (grp)) ENGINE=InnoDB;
    INSERT INTO t (grp, v) VALUES (1, 'a'), (1, 'b'), (2, 'c'), (2, 'd'), (3, 'e');
    CREATE TABLE s (id INT PRIMARY KEY, v VARCHAR(20)); INSERT INTO s VALUES (1, 'x'), (3, 'y');
    CREATE TABLE parent (id INT PRIMARY KEY); INSERT INTO parent VALUES (1), (2);
    CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE);
    INSERT INTO child VALUES (1, 1), (2, 1);
    CREATE TABLE nokey (a INT); INSERT INTO nokey VALUES (1);
    CREATE TABLE flat (id INT PRIMARY KEY, a INT) ENGINE=MyISAM; INSERT INTO flat VALUES (1, 1), (2, 2);
    CREATE TABLE log (what VARCHAR(20));
    CREATE TABLE watched (id INT PRIMARY KEY, a INT, b INT); INSERT INTO watched VALUES (1, 1, 1);
    CREATE TRIGGER moves BEFORE UPDATE ON watched FOR EACH ROW SET NEW.b = NEW.b + 1;
    CREATE VIEW seen AS SELECT id, grp, v FROM t WHERE grp < 3";

#[test]
fn changes_of_one_table_are_counted_and_undone() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "one", SHOP);
        let state = "SELECT * FROM t ORDER BY id";
        for statement in [
            "UPDATE t SET v = CONCAT(v, '!') WHERE grp = 2",
            "update acts_one.`t` as x set x.v = upper(x.v), grp = 9 where x.id in (select s.id from s)",
            "DELETE FROM t WHERE grp = 1",
            "DELETE FROM acts_one.t WHERE id IN (SELECT id FROM s)",
            "INSERT INTO t (grp, v) VALUES (7, 'new'), (8, 'newer')",
            "INSERT INTO t SET grp = 5",
        ] {
            bench.there_and_back(statement, state).await;
        }
        let survey = bench.survey(&bench.typed("DELETE FROM t WHERE grp = 1")).await.unwrap();
        assert_eq!((survey.blast.exact_rows, survey.inverse), (Some(2), Inverse::FromRows(1_000)));
        assert_eq!(survey.blast.tables.len(), 1);
        let (acted, _) = bench.act("UPDATE t SET v = 'a' WHERE grp = 1").await;
        assert_eq!(acted.unwrap().rows, Some(2), "rows that match, also the one that is as it should be");
    });
}

#[test]
fn what_cannot_come_back_is_said_before() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "none", SHOP);
        for (statement, why) in [
            ("UPDATE t SET id = id + 100 WHERE grp = 1", "key"),
            ("UPDATE t JOIN s ON s.id = t.id SET t.v = s.v WHERE t.grp > 0", "several"),
            ("DELETE a FROM t AS a JOIN s USING (id) WHERE a.id > 0", "several"),
            ("DELETE FROM t WHERE grp = 1 LIMIT 1", "LIMIT"),
            ("DELETE FROM t WHERE id > RAND()", "each time"),
            ("DELETE FROM nokey WHERE a = 1", "primary key"),
            ("DELETE FROM parent WHERE id = 1", "child"),
            ("DELETE FROM flat WHERE id = 1", "transaction"),
            ("REPLACE INTO s VALUES (1, 'z')", "REPLACE"),
            ("INSERT INTO s VALUES (9, 'z')", "own keys"),
            ("INSERT INTO s SELECT id + 50, v FROM t", "query"),
            ("INSERT INTO t (id, v) VALUES (1, 'q') ON DUPLICATE KEY UPDATE v = 'q'", "not known"),
            ("UPDATE watched SET a = 5 WHERE id = 1", "moves"),
            ("UPDATE seen SET v = 'q' WHERE grp = 1", "view"),
        ] {
            let survey = bench.survey(&bench.typed(statement)).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
            let Inverse::None(said) = &survey.inverse else { panic!("{statement}: {:?}", survey.inverse) };
            assert!(said.contains(why), "{statement}: {said}");
            let (acted, _) = bench.act(statement).await;
            acted.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        let flat = bench.survey(&bench.typed("UPDATE flat SET a = 5 WHERE id = 2")).await.unwrap();
        assert_eq!(flat.blast.at_least, Gravity::High);
        assert!(flat.blast.notes.iter().any(|n| n.contains("cannot roll back")), "{:?}", flat.blast.notes);
        assert_eq!(bench.admin.number("SELECT COUNT(*) FROM child"), 0, "the foreign key did its part");
    });
}
