SELECT 1
SELECT NOW(), CURDATE(), UTC_TIMESTAMP(), CURRENT_TIMESTAMP, CURRENT_USER(), USER(), DATABASE(), CONNECTION_ID()
SELECT @@version, @@global.max_connections, @@session.sql_mode, @@`hostname`
SELECT @x, @`a b`, @'c d'
SELECT c.id, c.name, COUNT(o.id) AS orders FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name HAVING COUNT(o.id) > 2 ORDER BY orders DESC, c.name LIMIT 10
SELECT * FROM orders AS o INNER JOIN order_items AS i USING (order_id) WHERE o.created_at >= '2024-01-01' AND o.created_at < '2024-02-01'
SELECT * FROM a NATURAL JOIN b
SELECT * FROM a CROSS JOIN b LEFT OUTER JOIN c ON c.id = b.id RIGHT JOIN d ON d.id = c.id
SELECT * FROM t1 STRAIGHT_JOIN t2 ON t1.id = t2.id
SELECT STRAIGHT_JOIN SQL_NO_CACHE DISTINCT a FROM t
SELECT SQL_CALC_FOUND_ROWS id FROM t LIMIT 5
SELECT HIGH_PRIORITY SQL_BIG_RESULT a, COUNT(*) FROM t GROUP BY a
SELECT DISTINCTROW a FROM t
SELECT * FROM (t1, t2) JOIN t3 ON t3.id = t1.id
SELECT * FROM t1 LEFT JOIN (t2 CROSS JOIN t3) ON t2.a = t1.a AND t3.b = t1.b
SELECT * FROM orders USE INDEX (orders_customer) WHERE customer_id = 5
SELECT * FROM orders o FORCE INDEX FOR ORDER BY (PRIMARY, `by date`) IGNORE INDEX FOR JOIN (x) ORDER BY id
SELECT * FROM orders USE INDEX () WHERE id = 1
SELECT * FROM sales PARTITION (p2023, p2024) WHERE amount > 0
SELECT COUNT(*) FROM sales PARTITION (p0) AS s
SELECT a, b, SUM(c) FROM t GROUP BY a, b WITH ROLLUP
SELECT IF(GROUPING(a) = 1, 'all', a) AS a, SUM(b) FROM t GROUP BY a WITH ROLLUP
SELECT id, name FROM t WHERE name REGEXP '^[A-C]' OR name RLIKE 'z$' OR name NOT REGEXP BINARY 'q'
SELECT REGEXP_REPLACE(name, '[0-9]+', '#'), REGEXP_LIKE(name, 'a', 'i'), REGEXP_SUBSTR(name, '[a-z]+') FROM t
SELECT a <=> b, a <> b, a != b, NOT a, !a, a XOR b, a && b, a || b FROM t
SELECT 7 DIV 2, 7 MOD 2, MOD(7, 2), 7 % 2, ~1, 5 ^ 3, 5 | 2, 5 & 4, 1 << 3, 16 >> 2, -a FROM t
SELECT x'4D7953514C', X'ff', 0xFF, b'0101', B'1', 0b11, N'abc', _utf8mb4'abc', _latin1 'abc', _binary 0x41
SELECT 'it''s', "double ""quoted""", 'back\'slash\\', 'a' 'b' 'c', 'line\nend'
SELECT 'x' COLLATE utf8mb4_bin, name COLLATE utf8mb4_general_ci FROM t ORDER BY name COLLATE utf8mb4_unicode_ci
SELECT CONVERT(name USING utf8mb4), CONVERT('12', SIGNED), CONVERT(a, DECIMAL(10, 2)), CONVERT(b, CHAR(10) CHARACTER SET latin1) FROM t
SELECT CAST(a AS UNSIGNED), CAST(b AS SIGNED INTEGER), CAST(c AS CHAR(20) CHARACTER SET utf8mb4), CAST(d AS DATETIME(6)), CAST(e AS JSON), CAST(f AS BINARY(16)), CAST(g AS DECIMAL(12, 4)), CAST(h AS YEAR), CAST(i AS DOUBLE) FROM t
SELECT BINARY 'a' = 'A', BINARY name FROM t
SELECT DATE '2024-01-01', TIME '10:00:00', TIMESTAMP '2024-01-01 10:00:00'
SELECT DATE_ADD(NOW(), INTERVAL 1 DAY), DATE_SUB(created_at, INTERVAL '1:30' HOUR_MINUTE), NOW() - INTERVAL 7 DAY, INTERVAL 1 MONTH + '2024-01-31' FROM t
SELECT * FROM t WHERE created_at > NOW() - INTERVAL (2 * 3) HOUR AND d BETWEEN CURDATE() - INTERVAL 1 YEAR AND CURDATE()
SELECT INTERVAL(23, 1, 15, 17, 30, 44, 200)
SELECT EXTRACT(YEAR_MONTH FROM created_at), EXTRACT(DAY FROM NOW()), YEAR(d), QUARTER(d), WEEK(d, 1), DAYNAME(d) FROM t
SELECT TIMESTAMPDIFF(MINUTE, a, b), TIMESTAMPADD(WEEK, 1, a), DATEDIFF(a, b), DATE_FORMAT(a, '%Y-%m'), STR_TO_DATE('01,5,2013', '%d,%m,%Y'), GET_FORMAT(DATE, 'USA'), FROM_UNIXTIME(0), UNIX_TIMESTAMP() FROM t
SELECT SUBSTRING('abc' FROM 2 FOR 1), SUBSTRING('abc', 2), SUBSTR('abc' FROM 2), MID('abc', 1, 1), LEFT('abc', 1), RIGHT('abc', 1), SUBSTRING_INDEX('a.b.c', '.', 2)
SELECT TRIM('  a '), TRIM(BOTH 'x' FROM 'xax'), TRIM(LEADING FROM ' a'), TRIM(TRAILING 'x' FROM a), LTRIM(a), POSITION('b' IN 'abc'), LOCATE('b', 'abc'), INSTR('abc', 'b') FROM t
SELECT CHAR(77, 121 USING utf8mb4), CHAR(65), HEX(a), UNHEX('41'), CONCAT_WS(',', a, b), REPEAT('a', 3), REPLACE(a, 'x', 'y'), INSERT('abc', 1, 1, 'z'), FIELD(a, 'x', 'y'), ELT(1, 'a'), FIND_IN_SET('a', 'a,b'), LPAD(a, 5, '0') FROM t
SELECT GROUP_CONCAT(DISTINCT name ORDER BY name DESC SEPARATOR '; ') FROM t GROUP BY country
SELECT GROUP_CONCAT(id, ':', name SEPARATOR ''), JSON_ARRAYAGG(id), JSON_OBJECTAGG(name, id), BIT_OR(flags), STDDEV_POP(a), VAR_SAMP(a), ANY_VALUE(b) FROM t
SELECT COUNT(DISTINCT a, b), SUM(DISTINCT c), AVG(c), MIN(d), MAX(d) FROM t
SELECT doc->'$.a', doc->>'$.b.c', JSON_EXTRACT(doc, '$.x'), JSON_UNQUOTE(JSON_EXTRACT(doc, '$[0]')), JSON_LENGTH(doc), JSON_KEYS(doc), JSON_CONTAINS(doc, '1', '$.a') FROM t
SELECT jt.* FROM t, JSON_TABLE(t.doc, '$[*]' COLUMNS (rid FOR ORDINALITY, id INT PATH '$.id' DEFAULT '0' ON EMPTY, name VARCHAR(40) PATH '$.name', ok INT EXISTS PATH '$.x', NESTED PATH '$.items[*]' COLUMNS (item DECIMAL(10, 2) PATH '$'))) AS jt WHERE jt.id > 1
SELECT JSON_VALUE(doc, '$.a' RETURNING UNSIGNED NULL ON EMPTY), JSON_OVERLAPS(doc, '[1]'), 17 MEMBER OF ('[23, 17]') FROM t
SELECT MATCH(title, body) AGAINST ('database -oracle' IN BOOLEAN MODE) AS score FROM articles WHERE MATCH(title, body) AGAINST ('database' IN NATURAL LANGUAGE MODE WITH QUERY EXPANSION)
SELECT * FROM articles WHERE MATCH (title) AGAINST (CONCAT('a', 'b'))
SELECT id, ROW_NUMBER() OVER (PARTITION BY a ORDER BY b DESC) AS rn, RANK() OVER w, LAG(b, 1, 0) OVER w, SUM(b) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t WINDOW w AS (PARTITION BY a ORDER BY b)
SELECT AVG(x) OVER (ORDER BY d ROWS 2 PRECEDING), SUM(x) OVER (ORDER BY d ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), NTILE(4) OVER (ORDER BY x), FIRST_VALUE(x) OVER (ORDER BY d), NTH_VALUE(x, 2) OVER (ORDER BY d RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) FROM t
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < 10) SELECT * FROM seq
WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT * FROM b UNION ALL SELECT * FROM a ORDER BY 1 LIMIT 3
SELECT * FROM t WHERE (a, b) IN ((1, 2), (3, 4)) AND ROW(a, b) = ROW(1, 2)
SELECT * FROM t WHERE a = ANY (SELECT b FROM u) AND c > ALL (SELECT d FROM u) AND e = SOME (SELECT 1)
SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id) AND NOT EXISTS (SELECT * FROM v WHERE v.id = t.id)
SELECT t.id, l.total FROM t, LATERAL (SELECT SUM(amount) AS total FROM p WHERE p.tid = t.id) AS l
SELECT * FROM t JOIN LATERAL (SELECT * FROM u WHERE u.tid = t.id ORDER BY u.d DESC LIMIT 1) AS latest ON TRUE
SELECT 1 UNION SELECT 2 UNION ALL SELECT 3
(SELECT a FROM t ORDER BY a LIMIT 1) UNION DISTINCT (SELECT b FROM u) ORDER BY 1 LIMIT 5
SELECT a FROM t INTERSECT SELECT b FROM u
SELECT a FROM t EXCEPT SELECT b FROM u
VALUES ROW(1, 'a'), ROW(2, 'b') ORDER BY 1
TABLE orders
TABLE orders ORDER BY id LIMIT 5
(TABLE orders)
SELECT * FROM (VALUES ROW(1, 2), ROW(3, 4)) AS v (a, b)
SELECT CASE WHEN a > 1 THEN 'x' WHEN a IS NULL THEN 'n' ELSE 'y' END, CASE a WHEN 1 THEN 2 END FROM t
SELECT IFNULL(a, 0), NULLIF(a, b), COALESCE(a, b, 1), GREATEST(a, b), LEAST(1, 2), ISNULL(a), a IS NOT NULL, a IS UNKNOWN, a IS NOT TRUE FROM t
SELECT a AS 'text alias', b "other", c `third` FROM t
SELECT `select`, `from`, t.`order` FROM `my table` AS t WHERE t.`key` = 'group'
SELECT status, type, value, date, time, year, position, user, language, comment, data, end, offset, sample, qualify FROM t
SELECT name LIKE 'a\_%', name LIKE 'a|_%' ESCAPE '|', name NOT LIKE '%x%', name SOUNDS LIKE 'smith' FROM t
SELECT * FROM t LIMIT 10 OFFSET 20
SELECT * FROM t LIMIT 20, 10
SELECT id FROM t ORDER BY FIELD(status, 'new', 'open'), created_at IS NULL, RAND() LIMIT 3
SELECT 1 FROM DUAL WHERE 1 = 1
SELECT {d '2024-01-01'}, {ts '2024-01-01 00:00:00'}, {fn NOW()}
SELECT ST_Distance_Sphere(POINT(1, 2), POINT(3, 4)), ST_AsText(geom), ST_Contains(a, b), MBRContains(a, b), ST_GeomFromText('POINT(1 1)', 4326) FROM places
SELECT UUID(), UUID_TO_BIN(UUID()), BIN_TO_UUID(id), IS_UUID('x'), INET6_NTOA(addr), INET_ATON('1.2.3.4') FROM t
SELECT MD5('a'), SHA2('a', 256), CRC32('a'), TO_BASE64('a'), AES_DECRYPT(a, 'k'), COMPRESS(b), PASSWORD('x') FROM t
SELECT FORMAT(1234.5, 2), FORMAT_BYTES(1024), ROUND(1.5), TRUNCATE(1.567, 1), CEILING(1.2), FLOOR(1.8), POW(2, 3), LOG(2, 8), CONV('a', 16, 2), BIT_COUNT(7), SIGN(-1)
SELECT LAST_INSERT_ID(), ROW_COUNT(), FOUND_ROWS(), VERSION(), SESSION_USER(), SYSTEM_USER(), CHARSET(a), COLLATION(a) FROM t
SELECT * FROM orders FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01 00:00:00' WHERE id = 1
SELECT * FROM orders FOR SYSTEM_TIME ALL
SELECT * FROM t LIMIT 10 ROWS EXAMINED 1000
SELECT * FROM t ORDER BY id FETCH FIRST 5 ROWS ONLY
SELECT 5--1
SELECT 1 -- a comment; DROP TABLE x
SELECT 1 # a comment; DROP TABLE x
SELECT /* inner 'quote */ 1
SELECT 'a;b', "DROP TABLE t; --", `weird;name` FROM t
SELECT table_schema, table_name, engine, table_rows, data_length + index_length AS bytes FROM information_schema.tables WHERE table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY bytes DESC LIMIT 20
SELECT table_schema, ROUND(SUM(data_length + index_length) / 1024 / 1024, 1) AS mb FROM information_schema.TABLES GROUP BY table_schema
SELECT c.table_name, c.column_name, c.column_type, c.is_nullable, c.column_default FROM information_schema.columns c WHERE c.table_schema = DATABASE() ORDER BY c.table_name, c.ordinal_position
SELECT index_name, GROUP_CONCAT(column_name ORDER BY seq_in_index) FROM information_schema.statistics WHERE table_schema = 'shop' AND table_name = 'orders' GROUP BY index_name
SELECT constraint_name, referenced_table_name FROM information_schema.key_column_usage WHERE referenced_table_name IS NOT NULL
SELECT trx_id, trx_state, TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS seconds, trx_mysql_thread_id FROM information_schema.innodb_trx ORDER BY trx_started
SELECT id, user, host, db, command, time, state, LEFT(info, 100) FROM information_schema.processlist WHERE command <> 'Sleep' ORDER BY time DESC
SELECT digest_text, count_star, ROUND(sum_timer_wait / 1e12, 2) AS seconds FROM performance_schema.events_statements_summary_by_digest ORDER BY sum_timer_wait DESC LIMIT 10
SELECT object_schema, object_name, index_name, count_star FROM performance_schema.table_io_waits_summary_by_index_usage WHERE index_name IS NOT NULL AND count_star = 0
SELECT variable_name, variable_value FROM performance_schema.global_status WHERE variable_name IN ('Threads_connected', 'Threads_running')
SELECT r.trx_mysql_thread_id waiting, b.trx_mysql_thread_id blocking FROM performance_schema.data_lock_waits w JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_engine_transaction_id JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_engine_transaction_id
SELECT * FROM sys.innodb_lock_waits
SELECT * FROM sys.schema_unused_indexes WHERE object_schema = 'shop'
SELECT sys.format_bytes(SUM(data_length)), sys.format_statement(digest_text) FROM sys.x$statement_analysis LIMIT 1
SELECT * FROM sys.statement_analysis LIMIT 10
SELECT db, user, select_priv FROM mysql.db
SELECT * FROM mysql.slow_log ORDER BY start_time DESC LIMIT 10
SELECT * FROM user WHERE id = 1
SHOW TABLES
SHOW FULL TABLES FROM shop LIKE 'ord%'
SHOW TABLES IN shop WHERE Tables_in_shop LIKE 'o%'
SHOW SCHEMAS
SHOW COLUMNS FROM orders FROM shop
SHOW FULL COLUMNS FROM shop.orders LIKE 'c%'
SHOW FULL FIELDS FROM orders WHERE `Null` = 'YES'
SHOW INDEX FROM orders
SHOW INDEXES IN shop.orders WHERE Key_name <> 'PRIMARY'
SHOW KEYS FROM orders
SHOW CREATE TABLE shop.orders
SHOW CREATE VIEW v
SHOW CREATE DATABASE IF NOT EXISTS shop
SHOW CREATE PROCEDURE p
SHOW CREATE TRIGGER shop.trg
SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool%'
SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_key', 'Created_tmp_tables')
SHOW GLOBAL VARIABLES WHERE Variable_name LIKE '%timeout%' AND Value > 10
SHOW PROCESSLIST
SHOW ENGINE PERFORMANCE_SCHEMA STATUS
SHOW ENGINE INNODB MUTEX
SHOW ENGINES
SHOW PLUGINS
SHOW PRIVILEGES
SHOW GRANTS
SHOW GRANTS FOR CURRENT_USER()
SHOW CHARACTER SET LIKE 'utf8%'
SHOW COLLATION WHERE Charset = 'utf8mb4'
SHOW OPEN TABLES WHERE In_use > 0
SHOW TABLE STATUS FROM shop LIKE 'orders'
SHOW TRIGGERS FROM shop
SHOW EVENTS
SHOW PROCEDURE STATUS WHERE Db = 'shop'
SHOW FUNCTION STATUS LIKE 'f%'
SHOW BINARY LOGS
SHOW MASTER STATUS
SHOW BINARY LOG STATUS
SHOW REPLICA STATUS
SHOW SLAVE STATUS
SHOW ALL SLAVES STATUS
SHOW REPLICA STATUS FOR CHANNEL 'c1'
SHOW REPLICAS
SHOW SLAVE HOSTS
SHOW ERRORS LIMIT 5
SHOW COUNT(*) WARNINGS
SHOW PROFILES
SHOW PROFILE CPU, BLOCK IO FOR QUERY 2
DESCRIBE shop.orders
DESC orders 'c%'
EXPLAIN orders
EXPLAIN SELECT * FROM orders WHERE id = 1
EXPLAIN FORMAT=TREE SELECT * FROM orders
EXPLAIN FORMAT = JSON WITH a AS (SELECT 1) SELECT * FROM a
EXPLAIN EXTENDED SELECT 1
EXPLAIN PARTITIONS SELECT * FROM sales
EXPLAIN ANALYZE SELECT COUNT(*) FROM orders
EXPLAIN ANALYZE FORMAT=TREE SELECT 1
ANALYZE SELECT * FROM orders WHERE id = 1
ANALYZE FORMAT=JSON SELECT * FROM orders
EXPLAIN FOR CONNECTION 12
DESC SELECT 1
DESCRIBE TABLE orders
SHOW EXPLAIN FOR 12
SELECT a.id, (SELECT COUNT(*) FROM b WHERE b.aid = a.id) AS n FROM a ORDER BY (SELECT 1), n DESC
SELECT SQL_BUFFER_RESULT * FROM t1 AS a JOIN t2 AS b ON a.x = b.x AND b.y IN (SELECT y FROM t3 WHERE z BETWEEN 1 AND 5)
SELECT DATE(created_at) AS day, HOUR(created_at) AS hour, COUNT(*) FROM orders GROUP BY DATE(created_at), HOUR(created_at)
SELECT t.5a, 2024_sales.id FROM t JOIN 2024_sales ON TRUE
SELECT EXPORT_SET(5, 'Y', 'N', ',', 4), MAKE_SET(1, 'a', 'b'), SOUNDEX('a'), STRCMP('a', 'b'), WEIGHT_STRING('a' AS CHAR(3)), QUOTE('x'), ORD('a'), OCT(8)
SELECT IS_FREE_LOCK('x'), IS_USED_LOCK('x'), GTID_SUBSET('a', 'b')
SHOW SLAVE 'north' STATUS
SHOW EXPLAIN FORMAT=JSON FOR 7
SHOW ANALYZE FOR 5
SHOW ANALYZE FORMAT=JSON FOR 5
SELECT PREVIOUS VALUE FOR shop.numbers + 1
SELECT * FROM orders LIMIT ROWS EXAMINED 1000
SELECT PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY total DESC) OVER (PARTITION BY status) FROM orders
SELECT COLUMN_GET(attributes, 'colour' AS CHAR(20)) FROM orders
SELECT status, region, COUNT(*) FROM orders GROUP BY status ASC, region DESC ORDER BY 3 DESC
SELECT DECODE_ORACLE(a, 1, 'one', 'other') FROM t
SELECT `upper`(name), `concat`(a, b) FROM t
SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = 'app'
SELECT {ts '2024-01-01 00:00:00'}, {fn NOW()}
SELECT CAST(placed AT TIME ZONE '+00:00' AS DATETIME) FROM orders
SELECT * FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01 00:00:00'
SELECT * FROM a LEFT JOIN (b JOIN c ON b.x = c.x) ON a.id = b.id
SELECT 'a' COLLATE utf8mb4_bin = _latin1 X'41', N'b'
SELECT name, type, status, position, end, start, value, date, time, year, count, user, comment FROM t
SELECT id, SUM(a) OVER (ORDER BY d RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND INTERVAL 1 DAY FOLLOWING) FROM t
