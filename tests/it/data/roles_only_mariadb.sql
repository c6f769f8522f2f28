-- What only MariaDB has: reading the state of a replica is a right of its own, and so are its ways of logging in.

GRANT SLAVE MONITOR ON *.* TO dbagpt_ro@'%';

CREATE USER dbagpt_ed25519@'%' IDENTIFIED VIA ed25519 USING PASSWORD('@password@');
GRANT SELECT ON shop.* TO dbagpt_ed25519@'%';
CREATE USER dbagpt_native@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('@password@');
GRANT SELECT ON shop.* TO dbagpt_native@'%';
