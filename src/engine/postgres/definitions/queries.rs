//! What definitions are read from: the catalogue alone.

use crate::engine::Query;

/// $1: how many objects, at most. Every table, partition, view and free-standing sequence of users' schemas, with a
/// hash over the rows of the catalogue that make up its definition. Takes no lock on any of them: no expression is
/// printed here. What autovacuum writes (pages, rows, transaction numbers) is not part of it.
pub(super) static FINGERPRINTS: Query = Query {
    name: "definitions.fingerprints",
    text: "WITH rels AS MATERIALIZED (
  SELECT c.*, n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relpersistence <> 't'
     AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg\\_temp\\_%'
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND d.objsubid = 0 AND (d.deptype = 'e' OR c.relkind = 'S' AND d.deptype IN ('a', 'i')
                          AND d.refclassid = 'pg_class'::regclass))
   ORDER BY c.oid LIMIT $1::int8),
columns AS (
  SELECT a.attrelid AS oid, md5(string_agg(concat_ws(',', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull,
           a.attidentity, a.attgenerated, a.attcollation, a.attstattarget, a.attstorage, a.attoptions, a.attacl,
           a.attislocal, a.attinhcount, to_jsonb(a)->>'attcompression', md5(d.adbin::text), m.description),
           ';' ORDER BY a.attnum)) AS print
    FROM rels r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_description m ON m.classoid = 'pg_class'::regclass AND m.objoid = a.attrelid AND m.objsubid = a.attnum
   WHERE r.relkind <> 'S' GROUP BY a.attrelid),
keys AS (
  SELECT k.conrelid AS oid, md5(string_agg(concat_ws(',', k.conname, k.contype, k.condeferrable, k.condeferred,
           k.convalidated, k.conislocal, k.conkey, k.confrelid::regclass, k.confkey, k.confupdtype, k.confdeltype, k.confmatchtype,
           md5(k.conbin::text), to_jsonb(k)->>'conenforced', to_jsonb(k)->>'confdelsetcols'), ';' ORDER BY k.oid)) AS print
    FROM pg_catalog.pg_constraint k WHERE k.conrelid <> 0 GROUP BY k.conrelid),
indexes AS (
  SELECT i.indrelid AS oid, md5(string_agg(concat_ws(',', x.relname, x.relam, x.reloptions, x.reltablespace, i.indkey,
           i.indclass, i.indcollation, i.indoption, i.indisunique, i.indisvalid, i.indisclustered, i.indisreplident,
           md5(i.indexprs::text), md5(i.indpred::text), to_jsonb(i)->>'indnullsnotdistinct'),
           ';' ORDER BY i.indexrelid)) AS print
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid GROUP BY i.indrelid),
triggers AS (
  SELECT t.tgrelid AS oid, md5(string_agg(concat_ws(',', t.tgname, t.tgfoid, t.tgtype, t.tgenabled, t.tgattr,
           t.tgargs, md5(t.tgqual::text)), ';' ORDER BY t.oid)) AS print
    FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal GROUP BY t.tgrelid),
rules AS (
  SELECT w.ev_class AS oid, md5(string_agg(concat_ws(',', w.rulename, w.ev_type, w.ev_enabled, md5(w.ev_qual::text),
           md5(w.ev_action::text)), ';' ORDER BY w.oid)) AS print
    FROM rels r JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid GROUP BY w.ev_class),
policies AS (
  SELECT p.polrelid AS oid, md5(string_agg(concat_ws(',', p.polname, p.polcmd, p.polpermissive, p.polroles,
           md5(p.polqual::text), md5(p.polwithcheck::text)), ';' ORDER BY p.oid)) AS print
    FROM pg_catalog.pg_policy p GROUP BY p.polrelid),
statistics AS (
  SELECT s.stxrelid AS oid, md5(string_agg(concat_ws(',', s.stxname, s.stxkeys, s.stxkind), ';' ORDER BY s.oid)) AS print
    FROM pg_catalog.pg_statistic_ext s GROUP BY s.stxrelid),
parents AS (
  SELECT h.inhrelid AS oid, string_agg(h.inhparent::text, ',' ORDER BY h.inhseqno) AS print
    FROM pg_catalog.pg_inherits h GROUP BY h.inhrelid),
sequences AS (
  SELECT d.refobjid AS oid, md5(string_agg(concat_ws(',', s.*, x.relname, x.relacl), ';' ORDER BY s.seqrelid)) AS print
    FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
    JOIN pg_catalog.pg_class x ON x.oid = s.seqrelid
   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
   GROUP BY d.refobjid)
SELECT r.nspname AS space, r.relname AS name, md5(concat_ws('/', r.oid, r.relkind, r.relpersistence, r.relowner, r.relacl,
         r.reloptions, r.reltablespace, r.relam, r.reloftype, r.relreplident, r.relrowsecurity, r.relforcerowsecurity,
         md5(r.relpartbound::text), (SELECT t.reloptions FROM pg_catalog.pg_class t WHERE t.oid = r.reltoastrelid),
         (SELECT s::text FROM pg_catalog.pg_sequence s WHERE s.seqrelid = r.oid), m.description,
         coalesce(columns.print, '-'), coalesce(keys.print, '-'), coalesce(indexes.print, '-'),
         coalesce(triggers.print, '-'), coalesce(rules.print, '-'), coalesce(policies.print, '-'),
         coalesce(statistics.print, '-'), coalesce(parents.print, '-'), coalesce(sequences.print, '-'))) AS print
  FROM rels r
  LEFT JOIN columns ON columns.oid = r.oid LEFT JOIN keys ON keys.oid = r.oid LEFT JOIN indexes ON indexes.oid = r.oid
  LEFT JOIN triggers ON triggers.oid = r.oid LEFT JOIN rules ON rules.oid = r.oid
  LEFT JOIN policies ON policies.oid = r.oid LEFT JOIN statistics ON statistics.oid = r.oid
  LEFT JOIN parents ON parents.oid = r.oid LEFT JOIN sequences ON sequences.oid = r.oid
  LEFT JOIN pg_catalog.pg_description m ON m.classoid = 'pg_class'::regclass AND m.objoid = r.oid AND m.objsubid = 0",
    timeout_ms: 5_000,
};

/// $1: a JSON list of objects, each with `space` and `name`. Everything that their statements are made from, one JSON
/// object each ([`super::parts::Parts`]). Those that somebody has for himself, or waits for, are left out: printing
/// expressions would wait with him.
pub(super) static PARTS: Query = Query {
    name: "definitions.parts",
    text: "SELECT json_build_object('space', n.nspname, 'name', c.relname, 'kind', c.relkind, 'persistence', c.relpersistence,
  'owner', quote_ident(pg_get_userbyid(c.relowner)), 'options', coalesce(to_json(c.reloptions), '[]'),
  'toast_options', coalesce((SELECT to_json(t.reloptions) FROM pg_catalog.pg_class t WHERE t.oid = c.reltoastrelid), '[]'),
  'tablespace', (SELECT quote_ident(s.spcname) FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace),
  'method', (SELECT quote_ident(m.amname) FROM pg_catalog.pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'),
  'of_type', CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
  'replica_identity', c.relreplident, 'row_security', c.relrowsecurity, 'force_row_security', c.relforcerowsecurity,
  'populated', c.relispopulated,
  'partition_key', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
  'bound', CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
  'view', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
  'parents', coalesce((SELECT json_agg(json_build_object('space', pn.nspname, 'name', p.relname) ORDER BY h.inhseqno)
      FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class p ON p.oid = h.inhparent
      JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace WHERE h.inhrelid = c.oid), '[]'),
  'comment', obj_description(c.oid, 'pg_class'),
  'columns', coalesce((SELECT json_agg(json_build_object('name', quote_ident(a.attname),
      'type', format_type(a.atttypid, a.atttypmod),
      'collation', (SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname) FROM pg_catalog.pg_collation co
         JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation AND a.attcollation <> t.typcollation),
      'not_null', a.attnotnull, 'identity', a.attidentity, 'generated', a.attgenerated,
      'default', pg_get_expr(d.adbin, d.adrelid), 'local', a.attislocal,
      'statistics', a.attstattarget, 'storage', CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END,
      'compression', to_jsonb(a)->>'attcompression', 'options', coalesce(to_json(a.attoptions), '[]'),
      'comment', col_description(a.attrelid, a.attnum),
      'grants', coalesce((SELECT json_agg(json_build_object('role', CASE WHEN x.grantee = 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(x.grantee)) END, 'right', x.privilege_type, 'grantable', x.is_grantable)
            ORDER BY x.grantee, x.is_grantable, x.privilege_type) FROM aclexplode(a.attacl) x), '[]'),
      'not_null_constraint', (SELECT json_build_object('name', quote_ident(k.conname), 'valid', k.convalidated,
            'no_inherit', k.connoinherit, 'definition', pg_get_constraintdef(k.oid))
         FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum])) ORDER BY a.attnum)
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
     LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'S'), '[]'),
  'constraints', coalesce((SELECT json_agg(json_build_object('name', quote_ident(k.conname),
      'definition', pg_get_constraintdef(k.oid), 'valid', k.convalidated, 'local', k.conislocal,
      'options', coalesce(to_json(x.reloptions), '[]'),
      'tablespace', (SELECT quote_ident(s.spcname) FROM pg_catalog.pg_tablespace s WHERE s.oid = x.reltablespace),
      'comment', obj_description(k.oid, 'pg_constraint')) ORDER BY k.contype <> 'p', k.contype, k.conname)
     FROM pg_catalog.pg_constraint k
     LEFT JOIN pg_catalog.pg_class x ON x.oid = k.conindid AND k.contype IN ('p', 'u', 'x')
    WHERE k.conrelid = c.oid AND k.contype IN ('c', 'p', 'u', 'x', 'f')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint up WHERE up.oid = k.conparentid AND up.conrelid = k.conrelid)), '[]'),
  'indexes', coalesce((SELECT json_agg(json_build_object('name', quote_ident(x.relname), 'definition', pg_get_indexdef(i.indexrelid),
      'valid', i.indisvalid, 'clustered', i.indisclustered, 'identity', i.indisreplident,
      'of_constraint', EXISTS (SELECT FROM pg_catalog.pg_constraint k
          WHERE k.conindid = i.indexrelid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')),
      'tablespace', (SELECT quote_ident(s.spcname) FROM pg_catalog.pg_tablespace s WHERE s.oid = x.reltablespace),
      'comment', obj_description(i.indexrelid, 'pg_class')) ORDER BY i.indexrelid)
     FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid), '[]'),
  'statistics', coalesce((SELECT json_agg(pg_get_statisticsobjdef(s.oid) ORDER BY s.oid)
     FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid), '[]'),
  'triggers', coalesce((SELECT json_agg(json_build_object('name', quote_ident(t.tgname), 'definition', pg_get_triggerdef(t.oid),
      'enabled', t.tgenabled, 'comment', obj_description(t.oid, 'pg_trigger')) ORDER BY t.oid)
     FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
      AND coalesce(to_jsonb(t)->>'tgparentid', '0') = '0'), '[]'),
  'rules', coalesce((SELECT json_agg(json_build_object('name', quote_ident(w.rulename), 'definition', pg_get_ruledef(w.oid),
      'enabled', w.ev_enabled, 'comment', NULL) ORDER BY w.oid)
     FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND NOT (c.relkind IN ('v', 'm') AND w.ev_type = '1')), '[]'),
  'policies', coalesce((SELECT json_agg(json_build_object('name', quote_ident(p.polname), 'command', p.polcmd,
      'permissive', p.polpermissive, 'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid),
      'roles', (SELECT json_agg(CASE WHEN r.oid = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.oid)) END)
                  FROM unnest(p.polroles) r (oid))) ORDER BY p.polname)
     FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid), '[]'),
  'sequences', coalesce((SELECT json_agg(json_build_object('space', qn.nspname, 'name', q.relname, 'column', quote_ident(a.attname),
      'identity', d.deptype = 'i', 'type', format_type(s.seqtypid, NULL), 'start', s.seqstart, 'increment', s.seqincrement,
      'least', s.seqmin, 'most', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle,
      'grants', coalesce((SELECT json_agg(json_build_object('role', CASE WHEN x.grantee = 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(x.grantee)) END, 'right', x.privilege_type, 'grantable', x.is_grantable,
            'owner', x.grantee = q.relowner) ORDER BY x.grantee, x.is_grantable, x.privilege_type) FROM aclexplode(q.relacl) x), '[]'))
      ORDER BY s.seqrelid)
     FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
     JOIN pg_catalog.pg_class q ON q.oid = s.seqrelid JOIN pg_catalog.pg_namespace qn ON qn.oid = q.relnamespace
     JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
      AND d.deptype IN ('a', 'i')), '[]'),
  'sequence', (SELECT json_build_object('space', n.nspname, 'name', c.relname, 'column', '', 'identity', false,
      'type', format_type(s.seqtypid, NULL), 'start', s.seqstart, 'increment', s.seqincrement, 'least', s.seqmin,
      'most', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle, 'grants', '[]'::json)
     FROM pg_catalog.pg_sequence s WHERE s.seqrelid = c.oid),
  'granted', c.relacl IS NOT NULL,
  'owner_rights', (SELECT count(*) FROM aclexplode(acldefault(CASE WHEN c.relkind = 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END, c.relowner))),
  'grants', coalesce((SELECT json_agg(json_build_object('role', CASE WHEN x.grantee = 0 THEN 'PUBLIC'
        ELSE quote_ident(pg_get_userbyid(x.grantee)) END, 'right', x.privilege_type, 'grantable', x.is_grantable,
        'owner', x.grantee = c.relowner) ORDER BY x.grantee, x.is_grantable, x.privilege_type) FROM aclexplode(c.relacl) x), '[]'),
  'referenced_by', coalesce((SELECT json_agg(DISTINCT f.conrelid::regclass::text) FROM pg_catalog.pg_constraint f
     WHERE f.contype = 'f' AND f.confrelid = c.oid AND f.conrelid <> c.oid AND f.conparentid = 0), '[]'),
  'publications', coalesce((SELECT json_agg(quote_ident(u.pubname) ORDER BY u.pubname) FROM pg_catalog.pg_publication_rel pr
     JOIN pg_catalog.pg_publication u ON u.oid = pr.prpubid WHERE pr.prrelid = c.oid), '[]'),
  'labelled', EXISTS (SELECT FROM pg_catalog.pg_seclabel l WHERE l.classoid = 'pg_class'::regclass AND l.objoid = c.oid))::text AS parts
  FROM json_to_recordset($1::json) AS x (space text, name text)
  JOIN pg_catalog.pg_namespace n ON n.nspname = x.space
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = x.name AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.relation = c.oid AND l.mode = 'AccessExclusiveLock'
                    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()))",
    timeout_ms: 5_000,
};
