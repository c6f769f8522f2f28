SELECT 1
SELECT 1;
SELECT count(*), sum(total), avg(total), min(id), max(id), group_concat(name, ', '), total(x) FROM orders
SELECT o.id, c.name FROM orders AS o LEFT JOIN customers c ON c.id = o.customer_id WHERE o.total > 10.5 AND c.name LIKE 'A%' ESCAPE '\'
SELECT * FROM main.orders NATURAL JOIN customers CROSS JOIN items
SELECT * FROM orders, customers WHERE orders.customer_id = customers.id
SELECT * FROM orders LEFT OUTER JOIN items USING (id) INNER JOIN products ON 1
SELECT DISTINCT city FROM customers ORDER BY city COLLATE NOCASE DESC NULLS LAST LIMIT 10 OFFSET 5
SELECT id FROM orders LIMIT 5, 10
SELECT id FROM orders UNION ALL SELECT id FROM customers EXCEPT SELECT 1 INTERSECT SELECT 2 ORDER BY 1
SELECT CASE status WHEN 'a' THEN 1 ELSE 0 END, CASE WHEN x IS NULL THEN 1 END, iif(1, 2, 3) FROM orders
SELECT a IS NOT b, a IS b, a == b, a <> b, a != 1, x ISNULL, x NOTNULL, x NOT NULL, a IS DISTINCT FROM b FROM t
SELECT a || 'x', a % 2, a << 1, a >> 1, a & 1, a | 1, ~a, -a, +a, NOT a FROM t
SELECT x FROM t WHERE a GLOB '*x*' AND b NOT GLOB 'y' AND c NOT LIKE 'z' AND d BETWEEN 1 AND 2 AND e NOT BETWEEN 3 AND 4
SELECT x FROM t WHERE a IN (1, 2) AND b NOT IN (SELECT id FROM u) AND (a, b) IN (SELECT 1, 2) AND c IN ()
SELECT x FROM t WHERE a IN u
SELECT x FROM docs WHERE docs MATCH 'word' ORDER BY rank
SELECT x FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id) AND NOT EXISTS (SELECT 1)
SELECT CAST('1' AS INTEGER), CAST(x AS TEXT), CAST(x AS VARCHAR(20)), x'ab12', 0x1F, 1.5e3, .5, 1e-2, TRUE, FALSE, NULL, CURRENT_TIMESTAMP, current_date FROM t
SELECT "quoted", [bracketed], `ticked` FROM "weird table" AS "T" WHERE "T"."id" = 1
SELECT date('now', '-1 day'), strftime('%Y', created), julianday('now'), unixepoch(), datetime(0, 'unixepoch'), time('12:00'), timediff('now', '2024-01-01') FROM t
SELECT json_extract(doc, '$.a'), doc -> 'a', doc ->> '$.b', json_object('a', 1), json_group_array(x), json_valid(doc), jsonb('{}') FROM t
SELECT key, value, atom FROM json_each('[1, 2]')
SELECT j.value FROM docs d, json_tree(d.doc) AS j WHERE j.type = 'text'
SELECT value FROM generate_series(1, 10, 2)
SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'orders'
SELECT * FROM sqlite_schema ORDER BY rootpage
SELECT name, type FROM pragma_table_info('orders') WHERE pk > 0
SELECT m.name, i.name FROM sqlite_master m, pragma_index_list(m.name) i
SELECT * FROM pragma_database_list
SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC
SELECT * FROM sqlite_stat1
SELECT id, rank() OVER (PARTITION BY city ORDER BY total DESC), sum(total) OVER w, lag(total, 1) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE NO OTHERS) FROM orders WINDOW w AS (ORDER BY id)
SELECT count(*) FILTER (WHERE total > 5), string_agg(name, ',') FROM orders GROUP BY city HAVING count(*) > 1
WITH a AS (SELECT 1 AS x), b(y) AS MATERIALIZED (SELECT x FROM a) SELECT * FROM a, b
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t
WITH RECURSIVE p(id, path) AS (SELECT id, name FROM c WHERE parent IS NULL UNION SELECT c.id, p.path || '/' || c.name FROM c JOIN p ON c.parent = p.id) SELECT * FROM p
VALUES (1, 'a'), (2, 'b')
SELECT * FROM (SELECT id FROM orders) AS s, (VALUES (1)) v
SELECT (SELECT max(id) FROM orders), (1, 2) = (1, 2)
SELECT abs(-1), round(1.5, 1), length('a'), upper('a'), lower('A'), trim(' a '), substr('abc', 2), substring('abc', 1, 1), replace('a', 'a', 'b'), instr('ab', 'b'), hex('a'), unhex('61'), quote('a'), printf('%d', 1), format('%s', 'x'), char(65), unicode('a'), typeof(1), coalesce(NULL, 1), ifnull(NULL, 1), nullif(1, 2), max(1, 2), min(1, 2), random(), changes(), total_changes(), last_insert_rowid(), sqlite_version(), likelihood(1, 0.5), zeroblob(10), randomblob(16), concat('a', 'b'), sign(-1), octet_length('a'), soundex('a')
SELECT sqrt(4), ceil(1.1), floor(1.1), power(2, 3), pow(2, 3), ln(2), log(10), log2(8), exp(1), pi(), mod(5, 3), sin(1), degrees(1), trunc(1.5)
SELECT * FROM orders INDEXED BY orders_customer WHERE customer_id = 1
SELECT * FROM orders NOT INDEXED WHERE customer_id = 1
SELECT rowid, oid, _rowid_, * FROM orders WHERE rowid = 1
SELECT ALL id FROM orders WHERE id = 1 -- comment
/* comment */ SELECT 'DELETE FROM x; PRAGMA writable_schema=ON'
SELECT id AS "delete", name AS 'drop', total update_total FROM orders
select Name from Customers where City = 'Oslo' order by NAME
SELECT city, count(*) AS n FROM customers GROUP BY 1 ORDER BY n DESC
SELECT t.* FROM orders t WHERE date(t.created) >= date('now', 'start of month')
SELECT bm25(docs), highlight(docs, 0, '[', ']'), snippet(docs, 0, '', '', '...', 5) FROM docs WHERE docs MATCH 'x'
EXPLAIN SELECT * FROM orders
EXPLAIN QUERY PLAN SELECT * FROM orders JOIN items ON items.order_id = orders.id
EXPLAIN QUERY PLAN WITH x AS (SELECT 1) SELECT * FROM x
PRAGMA table_info(orders)
PRAGMA table_info('orders')
PRAGMA main.table_xinfo("orders")
PRAGMA table_info = orders
PRAGMA index_list(orders);
PRAGMA index_info(orders_customer)
PRAGMA index_xinfo([orders_customer])
PRAGMA foreign_key_list(orders)
PRAGMA foreign_key_check
PRAGMA foreign_key_check(orders)
PRAGMA integrity_check
PRAGMA integrity_check(10)
PRAGMA quick_check
PRAGMA database_list
PRAGMA table_list
PRAGMA collation_list
PRAGMA function_list
PRAGMA compile_options
PRAGMA page_count
PRAGMA page_size
PRAGMA freelist_count
PRAGMA journal_mode
PRAGMA user_version
PRAGMA main.schema_version
PRAGMA application_id
PRAGMA encoding
PRAGMA foreign_keys
PRAGMA cache_size
PRAGMA synchronous
PRAGMA auto_vacuum
PRAGMA query_only
pragma  Table_Info ( orders )
