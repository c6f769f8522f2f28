-- A login that sees what this program shows and can change nothing. Type the password yourself, and name the
-- databases; never SELECT on *.*, which includes the password hashes of the server.
CREATE USER dbagpt_ro@'%' IDENTIFIED BY '...' REQUIRE SSL WITH MAX_USER_CONNECTIONS 3;
-- To see what all sessions do, and InnoDB's transactions.
GRANT PROCESS ON *.* TO dbagpt_ro@'%';
-- To see replication and binary logs. MySQL:
GRANT REPLICATION CLIENT ON *.* TO dbagpt_ro@'%';
-- MariaDB, in place of the line above:
GRANT BINLOG MONITOR, SLAVE MONITOR ON *.* TO dbagpt_ro@'%';
-- Statement statistics, lock waits, use of indexes.
GRANT SELECT ON performance_schema.* TO dbagpt_ro@'%';
-- To ask about the data; leave it out to watch only.
GRANT SELECT, SHOW VIEW ON app.* TO dbagpt_ro@'%';
