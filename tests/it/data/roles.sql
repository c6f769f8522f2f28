-- The roles of the test servers. The variable `password` is the same for all of them.

ALTER ROLE dbagpt_admin PASSWORD :'password';

-- The recommended read-only role. CONNECTION LIMIT is 3 where people use it; tests run side by side.
CREATE ROLE dbagpt_ro LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 20
    PASSWORD :'password';
GRANT pg_monitor TO dbagpt_ro;
ALTER ROLE dbagpt_ro SET default_transaction_read_only = on;
ALTER ROLE dbagpt_ro SET statement_timeout = '5s';
ALTER ROLE dbagpt_ro SET lock_timeout = '500ms';
ALTER ROLE dbagpt_ro SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE dbagpt_ro SET temp_file_limit = '256MB';
ALTER ROLE dbagpt_ro SET search_path = pg_catalog;

-- No rights of any kind: what a person sees who was given only a login.
CREATE ROLE dbagpt_nobody LOGIN PASSWORD :'password';

-- One for each way of logging in; see pg_hba.conf in scripts/servers.
CREATE ROLE dbagpt_tls_only LOGIN PASSWORD :'password';
CREATE ROLE dbagpt_cleartext LOGIN PASSWORD :'password';
SET client_min_messages = error;   -- newer servers warn that MD5 is on its way out
SET password_encryption = 'md5';
CREATE ROLE dbagpt_md5 LOGIN PASSWORD :'password';
RESET password_encryption;
RESET client_min_messages;

-- A group, a member and an owner, for questions about users and their rights.
CREATE ROLE shop_staff NOLOGIN;
CREATE ROLE shop_clerk LOGIN IN ROLE shop_staff CONNECTION LIMIT 5 VALID UNTIL '2099-12-31';
