-- A second login, for approved fixes alone. Keep its password apart from the reading one.
CREATE USER dbagpt_fix@'%' IDENTIFIED BY '...' REQUIRE SSL WITH MAX_USER_CONNECTIONS 2;
-- To see the sessions that it may end, to tell a table from another of the same name, and to be let in by the one
-- connection that is kept for administrators when every other one is taken. MySQL:
GRANT PROCESS, CONNECTION_ADMIN ON *.* TO dbagpt_fix@'%';
-- MariaDB, in place of the line above:
GRANT PROCESS, CONNECTION ADMIN ON *.* TO dbagpt_fix@'%';
-- To make and drop indexes, and to ANALYZE and OPTIMIZE; name the databases. Approved changes of rows and of tables need
-- more: each approval that lacks a right shows the one GRANT that it takes.
GRANT SELECT, INSERT, INDEX, ALTER ON app.* TO dbagpt_fix@'%';
