SELECT 1
SELECT version()
SELECT current_user, session_user, current_database(), current_schema, current_date, current_timestamp(3), localtime
SELECT count(*), count(DISTINCT note), sum(id) FILTER (WHERE id > 3), array_agg(id ORDER BY id DESC) FROM app.canary
SELECT id, note FROM app.canary WHERE id BETWEEN 1 AND 10 AND note LIKE 'r%' AND note NOT ILIKE '%z' AND id NOT IN (3, 4)
SELECT c.id, x.email FROM app.canary c LEFT JOIN app.customers x ON x.id = c.id WHERE x.email IS NOT NULL
SELECT * FROM app.canary NATURAL JOIN app.customers CROSS JOIN app.vc
SELECT * FROM app.canary a FULL OUTER JOIN app.customers b USING (id) RIGHT JOIN app.vc v ON true
SELECT id FROM app.canary UNION ALL SELECT id FROM app.customers EXCEPT SELECT 1 INTERSECT SELECT 2 ORDER BY 1 LIMIT 10 OFFSET 2
SELECT id FROM app.canary ORDER BY note COLLATE "C" DESC NULLS LAST FETCH FIRST 5 ROWS WITH TIES
SELECT id FROM app.canary ORDER BY id FETCH NEXT ROW ONLY
SELECT DISTINCT ON (note) note, id FROM app.canary ORDER BY note, id
SELECT CASE id WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END FROM app.canary
SELECT EXTRACT(epoch FROM now()), date_part('hour', now()), now() AT TIME ZONE 'UTC', now()::date
SELECT substring('abc' FROM 2 FOR 1), position('a' IN 'abc'), overlay('abc' PLACING 'x' FROM 2), trim(BOTH ' ' FROM ' a '), substr('abc', 2)
SELECT coalesce(NULL, 1), nullif(1, 2), greatest(1, 2), least(1, 2), ROW(1, 'a'), (1, 2) = (1, 2)
SELECT ARRAY[1, 2, 3][2], (ARRAY[1, 2, 3])[1:2], ARRAY(SELECT id FROM app.canary), 1 = ANY (ARRAY[1, 2]), 2 <> ALL (ARRAY[3])
SELECT '{"a": {"b": 1}}'::jsonb -> 'a' ->> 'b', '{"a":1}'::jsonb @> '{"a":1}', '{"a":1}'::jsonb ? 'a', jsonb_path_query('{"a":1}', '$.a')
SELECT json_build_object('a', 1), json_agg(id), jsonb_object_agg(id, note) FROM app.canary
SELECT to_tsvector('english', 'a fat cat') @@ to_tsquery('fat & cat'), ts_rank(to_tsvector('a'), to_tsquery('a'))
SELECT int4range(1, 10) @> 5, lower(int4range(1, 10)), upper_inc(int4range(1, 10)), int4range(1, 5) && int4range(4, 8)
SELECT id, sum(id) OVER (PARTITION BY note ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES), lag(id, 1) OVER w, rank() OVER w FROM app.canary WINDOW w AS (ORDER BY id)
SELECT note, count(*) FROM app.canary GROUP BY GROUPING SETS ((note), ()) HAVING count(*) > 1
SELECT note, id, count(*), grouping(note, id) FROM app.canary GROUP BY ROLLUP (note, id), CUBE (id)
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY id), mode() WITHIN GROUP (ORDER BY note) FROM app.canary
SELECT * FROM app.canary c, LATERAL (SELECT count(*) AS n FROM app.customers x WHERE x.id = c.id) s
SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS g(v, n)
SELECT * FROM unnest(ARRAY[1, 2], ARRAY['a', 'b']) AS u(a, b)
SELECT * FROM json_to_recordset('[{"a":1,"b":"x"}]') AS r(a int, b text)
SELECT * FROM jsonb_array_elements_text('["a"]') AS e(value)
SELECT * FROM XMLTABLE('/r/i' PASSING xmlparse(document '<r><i>1</i></r>') COLUMNS a int PATH '.', n FOR ORDINALITY)
SELECT * FROM JSON_TABLE('[{"a":1}]'::jsonb, '$[*]' COLUMNS (id FOR ORDINALITY, a int PATH '$.a')) AS j
WITH a AS (SELECT 1 AS x), b AS MATERIALIZED (SELECT x + 1 AS y FROM a) SELECT * FROM a, b
WITH RECURSIVE t(n, path) AS (SELECT 1, ARRAY[1] UNION ALL SELECT n + 1, path || (n + 1) FROM t WHERE n < 5) SELECT * FROM t
WITH RECURSIVE s AS (SELECT oid, 1 AS depth FROM pg_class WHERE relname = 'pg_class' UNION ALL SELECT s.oid, depth + 1 FROM s WHERE depth < 3) SEARCH DEPTH FIRST BY oid SET ordercol SELECT * FROM s
SELECT EXISTS (SELECT 1 FROM app.canary WHERE id = 1), NOT EXISTS (SELECT 1 FROM app.customers)
SELECT (SELECT max(id) FROM app.canary) AS newest, id IS DISTINCT FROM 4, note IS NULL, note SIMILAR TO 'a%', note ~ '^a', note !~* 'b$' FROM app.canary
SELECT 1 + 2 * 3 - 4 / 5 % 6 ^ 2, - 1, + 1, @ -5, |/ 25, 5 & 3, 5 | 3, 5 # 3, ~ 5, 1 << 2, 8 >> 1, 'a' || 'b'
SELECT date '2024-01-01' + interval '1 month', (date '2024-01-01', date '2024-02-01') OVERLAPS (date '2024-01-15', date '2024-03-01')
SELECT 'x'::text, CAST('1' AS integer), '1.5'::numeric(10, 2), 'a'::varchar(20), '{1,2}'::int[], now()::timestamp(0) with time zone, 'a'::"char", '1'::double precision, 'x'::character varying
SELECT U&'d\0061t\+000061', E'a\nb', $$it's$$, $tag$a $$ b$tag$, B'101', X'1F', N'a', 'it''s', U&"d\0061ta" FROM (SELECT 1 AS data) q
SELECT "id", "note" AS "Weird Name" FROM "app"."canary" AS "C" WHERE "C"."id" = 1
SELECT pg_size_pretty(pg_total_relation_size('app.canary'::regclass)), pg_relation_size('app.canary', 'fsm'), pg_table_size('app.canary'), pg_indexes_size('app.canary')
SELECT datname, pg_database_size(datname), pg_size_pretty(pg_database_size(oid)) FROM pg_database ORDER BY 2 DESC
SELECT pg_get_viewdef('app.v_ok'::regclass, true), pg_get_functiondef('app.dbl'::regproc), pg_get_triggerdef(oid), pg_get_expr(tgqual, tgrelid) FROM pg_trigger
SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum) FROM pg_attribute a WHERE a.attrelid = to_regclass('app.canary') AND a.attnum > 0 AND NOT a.attisdropped
SELECT pid, pg_blocking_pids(pid), age(clock_timestamp(), query_start), wait_event FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0
SELECT a.pid, l.mode, l.granted FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.relation IS NOT NULL
SELECT schemaname, relname, indexrelname, idx_scan FROM pg_stat_user_indexes WHERE idx_scan = 0
SELECT name, setting, unit, source FROM pg_settings WHERE source <> 'default'
SELECT current_setting('work_mem'), current_setting('app.missing', true), pg_postmaster_start_time(), pg_conf_load_time()
SELECT pg_is_in_recovery(), pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(), pg_last_xact_replay_timestamp(), pg_wal_lsn_diff('0/1'::pg_lsn, '0/0')
SELECT slot_name, active, pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) FROM pg_replication_slots
SELECT grantee, privilege_type FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
SELECT (aclexplode(relacl)).grantee, (aclexplode(relacl)).privilege_type FROM pg_class WHERE relname = 'canary'
SELECT (pg_control_checkpoint()).redo_lsn, (information_schema._pg_expandarray(indkey)).n FROM pg_index
SELECT rolname, rolsuper, rolconnlimit FROM pg_roles WHERE pg_has_role(current_user, oid, 'member') AND has_database_privilege(rolname, current_database(), 'CONNECT')
SELECT subname, subenabled FROM pg_subscription
SELECT s.schemaname, s.relname, s.n_dead_tup, s.last_autovacuum, c.reloptions FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
SELECT datname, age(datfrozenxid), mxid_age(datminmxid) FROM pg_database
SELECT attname, n_distinct, null_frac, most_common_vals::text FROM pg_stats WHERE tablename = 'canary'
SELECT md5('x'), encode(sha256('x'::bytea), 'hex'), length('é'), octet_length('é'), reverse('abc'), initcap('a b'), split_part('a,b', ',', 1), regexp_replace('a', 'a', 'b', 'g'), format('%s', 1), repeat('ab', 3), lpad('1', 3, '0')
SELECT abs(-1), ceil(1.2), floor(1.8), round(1.5), trunc(1.7), mod(5, 3), power(2, 3), sqrt(4), ln(2), log(10), exp(1), pi(), sign(-2), random(), width_bucket(5, 1, 10, 3), gcd(4, 6)
SELECT stddev(id), variance(id), corr(id, id), regr_slope(id, id), bool_and(true), every(true), string_agg(note, ','), min(id), max(id), avg(id) FROM app.canary
SELECT host(inet '10.0.0.1'), masklen('10.0.0.0/8'), network('10.0.0.1/8'), inet '10.0.0.1' << inet '10.0.0.0/8'
SELECT xmlelement(name a, xmlattributes('x' AS b), 'c'), xmlforest(1 AS a), xpath('/a', '<a/>'::xml), xmlserialize(content '<a/>'::xml AS text)
SELECT json_object('a': 1), json_array(1, 2), json_value('{"a":1}', '$.a'), json_query('{"a":[1]}', '$.a'), json_exists('{"a":1}', '$.a')
SELECT '{}' IS JSON, '{}' IS NOT JSON OBJECT, 'x' IS NORMALIZED, normalize('x', NFC)
SELECT row_to_json(c), to_jsonb(c.*), c FROM app.canary c
SELECT (c).id, c.note FROM app.canary AS c
SELECT t.a FROM (VALUES (1, 'x'), (2, 'y')) AS t(a, b)
SELECT id FROM ONLY app.canary TABLESAMPLE BERNOULLI (10) REPEATABLE (1)
SELECT id FROM app.canary WHERE (id, note) IN (SELECT id, note FROM app.canary) AND id >= ALL (SELECT 1)
SELECT id FROM app.canary WHERE note IN ('a', 'b') AND (id % 2 = 0 OR id = 3) AND NOT (id = 7)
SELECT make_date(2024, 1, 1), make_interval(days => 3), date_bin('15 minutes', now(), timestamptz '2024-01-01'), to_timestamp(0), justify_days(interval '40 days'), isfinite(now())
SELECT interval '1' day, interval '1-2' year to month, timestamp '2024-01-01 10:00', time '10:00', timestamptz '2024-01-01 00:00+00'
SELECT quote_ident('a b'), quote_literal('x'), quote_nullable(NULL), concat('a', 1), concat_ws(',', 'a', 'b'), left('abc', 1), right('abc', 1), ascii('a'), chr(65), to_hex(255), starts_with('abc', 'a'), translate('abc', 'a', 'b')
SELECT txid_current_if_assigned(), pg_current_snapshot(), pg_snapshot_xmin(pg_current_snapshot()), pg_backend_pid(), inet_server_port(), pg_client_encoding()
SELECT conrelid::regclass AS child, confrelid::regclass AS parent, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'
SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
SELECT * FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat%' ORDER BY total_exec_time DESC LIMIT 5
SELECT pg_column_size(c.*), pg_typeof(c.id), num_nulls(c.note) FROM app.canary c
SELECT 1 OPERATOR(pg_catalog.+) 2, 'a' OPERATOR(pg_catalog.||) 'b'
SELECT pg_catalog.count(*), pg_catalog.lower('X') FROM pg_catalog.pg_class
SELECT last_value, is_called FROM app.sq
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'app'::regnamespace AND relname ~ '^c' ORDER BY pg_relation_size(oid) DESC
SELECT s.usename, s.application_name, (now() - s.query_start) > interval '5 minutes' AS slow FROM pg_stat_activity AS s WHERE s.backend_type = 'client backend'
SELECT sum(blks_hit) * 100.0 / nullif(sum(blks_hit) + sum(blks_read), 0) AS hit_ratio FROM pg_stat_database
SELECT collation for ('a' COLLATE "C"), 'a' < 'b' COLLATE "POSIX"
SELECT ALL id FROM app.canary WHERE id <> 1 AND id != 2 AND id >= 3 AND id <= 4
SELECT id AS delete, note AS "drop", 'DROP TABLE x' AS update FROM app.canary
SELECT setting::int * 8192 FROM pg_settings WHERE name = 'shared_buffers'
TABLE app.canary ORDER BY id LIMIT 3
VALUES (1, 'a'), (2, 'b') ORDER BY 1
(SELECT 1)
((SELECT id FROM app.canary) UNION (SELECT 2)) ORDER BY 1
SHOW server_version
SHOW ALL
SHOW work_mem
SHOW TIME ZONE
SHOW transaction isolation level
SHOW search_path
EXPLAIN SELECT * FROM app.canary
EXPLAIN ANALYZE SELECT count(*) FROM app.canary
EXPLAIN VERBOSE SELECT 1
EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT YAML) WITH x AS (SELECT 1) SELECT * FROM x
EXPLAIN (COSTS false, SETTINGS, SUMMARY on, WAL) VALUES (1)
/* hi */ SELECT 1 -- bye
SELECT 1 /* outer /* inner */ still */ + 1;
select Id from APP.Canary where NOTE = 'x'
SELECT N'x''y'
SELECT B'101', X'1F', b'0'
SELECT (((SELECT 1)))
SELECT * FROM ((SELECT 1) UNION (SELECT 2)) x
SELECT count(*) FROM ((SELECT 1) UNION (SELECT 2) ORDER BY 1) x
SELECT 1 WHERE 1 IN ((SELECT 1) UNION (SELECT 2))
SELECT n.nspname AS "Schema", c.relname AS "Name", CASE c.relkind WHEN 'r' THEN 'table' END AS "Type", pg_catalog.pg_get_userbyid(c.relowner) AS "Owner" FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','') AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2
SELECT c.relname OPERATOR(pg_catalog.~) '^(x)$' COLLATE pg_catalog.default FROM pg_catalog.pg_class c
SELECT blocked_locks.pid AS blocked_pid, blocking_locks.pid AS blocking_pid FROM pg_catalog.pg_locks blocked_locks JOIN pg_catalog.pg_stat_activity blocked_activity ON blocked_activity.pid = blocked_locks.pid JOIN pg_catalog.pg_locks blocking_locks ON blocking_locks.locktype = blocked_locks.locktype AND blocking_locks.database IS NOT DISTINCT FROM blocked_locks.database AND blocking_locks.pid != blocked_locks.pid WHERE NOT blocked_locks.granted
SELECT current_database(), schemaname, tablename, ROUND((CASE WHEN otta=0 THEN 0.0 ELSE sml.relpages::float/otta END)::numeric,1) AS tbloat FROM (SELECT schemaname, tablename, cc.relpages, CEIL((cc.reltuples*((datahdr+8-(CASE WHEN datahdr%8=0 THEN 8 ELSE datahdr%8 END))+4+20))/(current_setting('block_size')::numeric-20::float)) AS otta FROM (SELECT 1 AS datahdr, s.schemaname, s.tablename FROM pg_stats s) rs JOIN pg_class cc ON cc.relname = rs.tablename) AS sml
SELECT queryid, left(query, 60), calls, round(total_exec_time::numeric, 2) FROM pg_stat_statements ORDER BY total_exec_time DESC NULLS LAST LIMIT 10
SELECT relname, heap_blks_read, heap_blks_hit, heap_blks_hit::float / greatest(heap_blks_hit + heap_blks_read, 1) FROM pg_statio_user_tables
SELECT unnest(histogram_bounds::text::text[]) FROM pg_stats
SELECT array_to_string(array(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)), ', ') FROM pg_index i
SELECT ('2024-01-01'::date + (n || ' days')::interval)::date FROM generate_series(0, 10) n
SELECT tablename FROM pg_tables WHERE schemaname = current_schema()
SELECT regexp_matches('a', 'b', 'g'), string_to_array('a,b', ',')
SELECT date_part('epoch', now() - pg_postmaster_start_time())::int AS uptime
SELECT sum(numbackends) OVER () FROM pg_stat_database
SELECT name FROM pg_available_extensions WHERE installed_version IS NOT NULL
SELECT pg_size_pretty(sum(pg_relation_size(oid))::bigint) FROM pg_class
SELECT indexdef FROM pg_indexes WHERE indexdef ILIKE '%(lower(%'
SELECT t.tgname, pg_get_triggerdef(t.oid, true) FROM pg_trigger t WHERE NOT t.tgisinternal
SELECT enumlabel FROM pg_enum WHERE enumtypid = 'app.mood'::regtype
SELECT 1 AS one, 2 two, 3 "three"
SELECT a, b FROM t WHERE (a, b) > (1, 2) ORDER BY a, b
SELECT DISTINCT a FROM t
SELECT json_agg(row_to_json(t)) FROM (SELECT 1 AS a) t
SELECT id::text || '-' || name FROM t
SELECT * FROM t WHERE created_at >= now() - '7 days'::interval AND status IS TRUE
SELECT * FROM t WHERE data->'a'->>'b' = 'c' AND tags @> ARRAY['x']::text[] AND data ?| ARRAY['a']
SELECT (row_number() OVER ())::int, * FROM t
SELECT lead(a) OVER (PARTITION BY b ORDER BY c), ntile(4) OVER w FROM t WINDOW w AS (ORDER BY a)
SELECT * FROM a LEFT JOIN b ON a.x = b.x AND b.y IS NULL, c
SELECT bool_or(a), array_agg(DISTINCT b ORDER BY b DESC NULLS LAST), json_object_agg(k, v) FROM t
SELECT * FROM pg_stat_wal;
SELECT * FROM pg_stat_io
SELECT * FROM pg_stat_checkpointer
SELECT * FROM pg_stat_progress_vacuum
SELECT * FROM pg_replication_slots
SELECT * FROM pg_prepared_xacts
SELECT * FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
SELECT * FROM pg_db_role_setting
SELECT * FROM pg_stat_user_functions
SELECT * FROM pg_user
SELECT usename, passwd FROM pg_user
SELECT * FROM pg_policies
SELECT extname, extversion FROM pg_extension
SELECT * FROM pg_sequences
SELECT * FROM information_schema.role_table_grants
SELECT srvname, srvoptions FROM pg_foreign_server
SELECT pubname FROM pg_publication
SELECT * FROM pg_stat_subscription
SELECT id, (xpath('/a/text()', x))[1]::text FROM t
SELECT pg_current_logfile()
SELECT pg_walfile_name(pg_current_wal_lsn())
SELECT timezone('UTC', now()), now() AT TIME ZONE 'Europe/Oslo', age(now(), '2020-01-01')
SELECT to_char(1234.5, 'FM999,999.00'), to_number('1', '9'), cast('1' as bigint)
select nullif(btrim(a), '') from t
SELECT * FROM t ORDER BY random() LIMIT 5
SELECT * FROM t LIMIT 10 OFFSET 20 ROWS
SELECT 0x1F, 1_000, 0b11
SELECT t FROM t
SELECT (t.*) IS NULL FROM t
SELECT * FROM t1 JOIN LATERAL unnest(t1.arr) AS u(x) ON true
SELECT max(ts) FILTER (WHERE kind = 'a') AS a FROM t GROUP BY DISTINCT ROLLUP (a, b)
SELECT CASE WHEN a THEN 1 WHEN b THEN 2 END CASE_ FROM t
SELECT "A"."b" FROM "Weird Table" "A"
SELECT x FROM t WHERE x ~~ 'a%' AND y !~~* 'b'
SELECT * FROM t WHERE a = ANY ($1::int[])
SELECT * FROM t WHERE a ISNULL OR b NOTNULL
SELECT a FROM t WHERE a BETWEEN SYMMETRIC 5 AND 1
SELECT a IS UNKNOWN, a IS NOT TRUE FROM t
SELECT nextval FROM t
SELECT interval '1 day' * 2, '1 day'::interval / 2, -interval '1 h'
SELECT to_timestamp(1), make_timestamptz(2020,1,1,0,0,0,'UTC')
SELECT col_description('t'::regclass, 1), shobj_description(1, 'pg_database')
EXPLAIN (ANALYZE, VERBOSE, BUFFERS, WAL, SETTINGS, FORMAT TEXT) SELECT 1
EXPLAIN (GENERIC_PLAN) SELECT * FROM t WHERE id = $1
EXPLAIN (ANALYZE, SERIALIZE TEXT, MEMORY) SELECT 1
SHOW max_connections;
SHOW lc_collate
SHOW "TimeZone"
SELECT ts_rewrite('a & b'::tsquery, 'a'::tsquery, 'c'::tsquery)
SELECT pg_catalog.ts_rewrite(to_tsquery('a & b'), (SELECT 'a'::tsquery), 'c') FROM t
