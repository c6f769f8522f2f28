//! Secrets in every form that is known, and texts that only look like it.

use super::redact;
use std::time::{Duration, Instant};

#[track_caller]
fn hides(text: &str) {
    let redacted = redact(text);
    assert!(!redacted.contains("S3cr3t"), "{text}\n-> {redacted}");
    assert!(redacted.contains("***"), "{text}\n-> {redacted}");
    assert_eq!(redact(&redacted), redacted, "once is enough: {text}");
}

#[track_caller]
fn keeps(text: &str) {
    assert_eq!(redact(text), text);
}

#[test]
fn a_secret_behind_its_name() {
    for text in [
        "host=h password=S3cr3t! user=u",
        "api_key = 'S3cr3t'",
        "api_key='S3cr3t'",
        "token: \"S3cr3t\"",
        "secret='S3cr3t'",
        "secret => 'S3cr3t'",
        "SET clientSecret := 'S3cr3t'",
        "{\"user\": \"u\", \"password\": \"S3cr3t\"}",
        "{\\\"accessToken\\\":\\\"S3cr3t\\\", \\\"x\\\": 1}",
        "doc->>'secret_access_key' = 'S3cr3t'",
        "WHERE u.reset_token <> 'S3cr3t' AND id = 2",
        "UPDATE users SET `passwd` = 'it''s S3cr3t'",
        "UPDATE users SET passwd = 'it\\'s S3cr3t'",
        "UPDATE users SET password = E'\\\\S3cr3t'",
        "ALTER ROLE a PASSWORD $x$S3cr3t$x$",
        "CREATE USER a PASSWORD 'S3cr3t'",
        "CREATE USER a PASSWORD 'S3cr3t",
        "SET PASSWORD FOR 'u'@'h' = 'S3cr3t'",
        "SET PASSWORD FOR u@h = PASSWORD('S3cr3t')",
        "SELECT set_user_password('bob', 'S3cr3t')",
        "CHANGE MASTER TO MASTER_USER='u', MASTER_PASSWORD='S3cr3t'",
        "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = \"S3cr3t\"",
        "PGPASSWORD=S3cr3t psql",
        "Authorization: Bearer S3cr3t",
        "db_pass: S3cr3t",
    ] {
        hides(text);
    }
}

#[test]
fn a_secret_in_a_clause_of_a_statement() {
    for text in [
        "IDENTIFIED BY 'S3cr3t!'",
        "CREATE USER u IDENTIFIED BY S3cr3t",
        "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD 'S3cr3t!'",
        "IDENTIFIED VIA unix_socket OR ed25519 USING 'S3cr3t!'",
        "IDENTIFIED VIA ed25519 USING PASSWORD('S3cr3t!')",
        "IDENTIFIED WITH caching_sha2_password AS 'S3cr3t!'",
        "IDENTIFIED WITH 'caching_sha2_password' AS 'S3cr3t!'",
        "identified with caching_sha2_password by 'S3cr3t!'",
        "ALTER USER u IDENTIFIED BY 'S3cr3t1' REPLACE 'S3cr3t2'",
        "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'u', PASSWORD 'S3cr3t')",
        "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u', password 'S3cr3t')",
        "ALTER USER MAPPING FOR u SERVER s OPTIONS (SET password 'S3cr3t')",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=S3cr3t dbname=d' PUBLICATION p",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=''S3cr3t and more''' PUBLICATION p",
        "SELECT dblink('host=h user=u password=S3cr3t', 'select 1')",
    ] {
        hides(text);
    }
}

#[test]
fn keys_that_functions_are_given() {
    for text in [
        "SELECT pgp_sym_encrypt(note, 'S3cr3t') FROM t",
        "SELECT public.pgp_sym_decrypt(note::bytea, 'S3cr3t'::text) FROM t",
        "SELECT pgp_sym_encrypt(note, 'S3' || 'S3cr3t')",
        "SELECT crypt('S3cr3t', gen_salt('bf'))",
        "SELECT AES_ENCRYPT('a', 'S3cr3t'), 1",
        "SELECT AES_DECRYPT(a, UNHEX(SHA2('S3cr3t', 512)))",
        "SELECT ENCODE(a, 'S3cr3t')",
        "SELECT decode(a, 'S3cr3t')",
        "ERROR: can't run pgp_sym_decrypt(note, 'S3cr3t')",
    ] {
        hides(text);
    }
    keeps("SELECT encode(a, 'hex'), decode('DEADBEEF', 'base64') FROM t");
    keeps("SELECT crypt($1, gen_salt('bf'))");
    keeps("SELECT pgp_sym_decrypt(note, current_setting('app.key')), 'a' FROM t");
    assert_eq!(redact("SELECT encode(hmac(a, 'S3cr3t', 'sha256'), 'hex')"), "SELECT encode(hmac(a, ***, ***), 'hex')");
}

#[test]
fn commands_and_addresses() {
    for text in [
        "AUTH S3cr3t",
        "auth default S3cr3t",
        "\"AUTH\" \"S3cr3t\"",
        "HELLO 3 AUTH default S3cr3t SETNAME x",
        "MIGRATE h 6379 \"\" 0 5000 AUTH S3cr3t KEYS a b",
        "MIGRATE h 6379 \"\" 0 5000 AUTH2 u S3cr3t KEYS a b",
        "ACL SETUSER u on >S3cr3t ~* +@all",
        "ACL SETUSER u on \">S3cr3t\" ~*",
        "acl setuser u <S3cr3t",
        "CONFIG SET requirepass S3cr3t",
        "CONFIG SET masterauth \"S3cr3t\"",
        "sentinel auth-pass mymaster S3cr3t",
        "postgres://u:S3cr3t!@h/db",
        "redis://:S3cr3t@h:6379/0",
        "mongodb+srv://u:S3cr3t!@h/db",
        "postgres://u:S3c/r3t!S3cr3t!@h/db",
        "postgres://u:p@S3cr3t@h/db",
    ] {
        hides(text);
    }
    assert_eq!(redact("MIGRATE h 1 k 0 9 AUTH x KEYS a"), "MIGRATE h 1 k 0 9 AUTH *** KEYS a");
    assert_eq!(redact("ACL SETUSER u on >x ~a:* +get"), "ACL SETUSER u on >*** ~a:* +get");
    assert_eq!(redact("a \u{1f511} password='\u{1f511}' z"), "a \u{1f511} password=*** z");
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    for text in [
        "select 1 from t",
        "SELECT * FROM orders WHERE status = 'paid'",
        "SELECT token_count FROM t WHERE token_count = 'x'",
        "SELECT * FROM tokens WHERE kind = 'token' AND name = 'a'",
        "INSERT INTO tokens VALUES ('a', 'b')",
        "INSERT INTO secrets (name) VALUES ('a')",
        "CREATE TABLE t (id int, password text NOT NULL, token varchar(20) DEFAULT 'x', secret bytea)",
        "CREATE TABLE token (kind text DEFAULT 'x')",
        "CREATE TABLE IF NOT EXISTS token(kind text DEFAULT 'x')",
        "the row is identified by its number",
        "CREATE VIEW v AS SELECT password::text, u.token::uuid FROM u WHERE kind = 'password'",
        "UPDATE u SET password = $1, token = ?, secret = NULL WHERE id = :id",
        "UPDATE u SET password = :password WHERE id = 1",
        "UPDATE u SET password = excluded.password, token = lower(token)",
        "SELECT * FROM u JOIN p ON u.password = p.password",
        "COMMENT ON COLUMN u.password IS 'a hash'",
        "ALTER TABLE t ADD CONSTRAINT t_primary_key PRIMARY KEY (id)",
        "SELECT partition_key = 'x', primary_key = 'y', password_expired = 'N'",
        "Duplicate entry 'x' for key 'PRIMARY'",
        "SELECT tokenizer = 'simple', compass = 'north', bypass = 'yes', secret_santa = 'ann', boarding_pass = 'A1'",
        "WHERE password = ''",
        "auth failed for the user of the shop",
        "role has author = 'ann'",
        "ACL LIST",
        "SELECT a > 'b', c <> 'd' FROM t",
        "GRANT SELECT ON t TO u IDENTIFIED WITH unix_socket",
        "http://host:8080/path",
    ] {
        keeps(text);
    }
}

/// A text of a megabyte takes a moment, whatever it is made of: what takes a square of time would take minutes.
#[test]
fn time_goes_with_the_length() {
    for piece in [
        "password = '",
        "password ",
        "encode(",
        "crypt(",
        "identified by ",
        "set password for ",
        "a",
        "''",
        "\\\"",
        "$a$",
        "password=$a",
        "auth\n",
        "acl setuser >",
        "a://b:",
        "@",
        "password=bearer ",
        "bearer ",
        "password=(",
        "password=a(",
        "password = a(",
        "password=%(",
    ] {
        let text = piece.repeat((1 << 20) / piece.len());
        let started = Instant::now();
        redact(&text);
        assert!(started.elapsed() < Duration::from_secs(20), "{piece:?} took {:?}", started.elapsed());
    }
}
