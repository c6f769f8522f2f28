CREATE ROLE dbagpt_ro LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 3;
\password dbagpt_ro
GRANT pg_monitor TO dbagpt_ro;
ALTER ROLE dbagpt_ro SET default_transaction_read_only = on;
ALTER ROLE dbagpt_ro SET statement_timeout = '5s';
ALTER ROLE dbagpt_ro SET lock_timeout = '500ms';
ALTER ROLE dbagpt_ro SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE dbagpt_ro SET temp_file_limit = '256MB';
ALTER ROLE dbagpt_ro SET search_path = pg_catalog;
-- Only where rows of your tables may be read as well; name what may be seen.
GRANT USAGE ON SCHEMA app TO dbagpt_ro;
GRANT SELECT ON app.orders, app.customers TO dbagpt_ro;
-- A way in when the server is full (PostgreSQL 16 and newer, with reserved_connections = 2 or more in its settings).
GRANT pg_use_reserved_connections TO dbagpt_ro;
