-- What only MySQL has: the sys schema, and its own ways of logging in.

GRANT SELECT ON sys.* TO dbagpt_ro@'%';

CREATE USER dbagpt_sha2@'%' IDENTIFIED WITH caching_sha2_password BY '@password@';
GRANT SELECT ON shop.* TO dbagpt_sha2@'%';
CREATE USER dbagpt_sha256@'%' IDENTIFIED WITH sha256_password BY '@password@';
GRANT SELECT ON shop.* TO dbagpt_sha256@'%';
