-- The roles of the test servers that speak MySQL. @password@ is filled in, and is the same for all of them.

CREATE USER dbagpt_admin@'%' IDENTIFIED BY '@password@';
GRANT ALL PRIVILEGES ON *.* TO dbagpt_admin@'%' WITH GRANT OPTION;

-- The recommended read-only login. MAX_USER_CONNECTIONS is 3 where people use it; tests run side by side.
CREATE USER dbagpt_ro@'%' IDENTIFIED BY '@password@' WITH MAX_USER_CONNECTIONS 20;
GRANT PROCESS, REPLICATION CLIENT ON *.* TO dbagpt_ro@'%';
GRANT SELECT, SHOW VIEW ON shop.* TO dbagpt_ro@'%';
GRANT SELECT, SHOW VIEW ON bench.* TO dbagpt_ro@'%';
GRANT SELECT, SHOW VIEW ON questions.* TO dbagpt_ro@'%';
GRANT SELECT ON performance_schema.* TO dbagpt_ro@'%';

-- No rights of any kind: what a person sees who was given only a login.
CREATE USER dbagpt_nobody@'%' IDENTIFIED BY '@password@';

-- Refused without TLS.
CREATE USER dbagpt_tls_only@'%' IDENTIFIED BY '@password@' REQUIRE SSL;
GRANT SELECT ON shop.* TO dbagpt_tls_only@'%';
