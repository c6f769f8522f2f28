-- A second login, for approved fixes alone. Keep its password apart from the reading one.
CREATE ROLE dbagpt_fix LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 2;
\password dbagpt_fix
ALTER ROLE dbagpt_fix SET lock_timeout = '500ms';
ALTER ROLE dbagpt_fix SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE dbagpt_fix SET search_path = pg_catalog;
-- To end sessions of other roles; never those of superusers.
GRANT pg_signal_backend TO dbagpt_fix;
-- To see that such a session is still the one that was approved.
GRANT pg_read_all_stats TO dbagpt_fix;
-- To be let in when every other connection is taken (PostgreSQL 16 and newer). It takes effect once the server has
-- reserved_connections above 0, which wants a restart: ALTER SYSTEM SET reserved_connections = 2;
GRANT pg_use_reserved_connections TO dbagpt_fix;
-- To VACUUM, ANALYZE and REINDEX (PostgreSQL 17 and newer); name the tables.
GRANT MAINTAIN ON app.orders, app.customers TO dbagpt_fix;
-- To make and drop indexes, which only the owner of a table may.
GRANT app_owner TO dbagpt_fix;
-- To change settings of the server and have them read (PostgreSQL 15 and newer); name the settings.
GRANT ALTER SYSTEM ON PARAMETER work_mem, max_wal_size, max_slot_wal_keep_size TO dbagpt_fix;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO dbagpt_fix;
-- To run a checkpoint (PostgreSQL 15 and newer).
GRANT pg_checkpoint TO dbagpt_fix;
