-- Who was doing what at each sample, so that "who blocked at 02:10?" has an answer.

-- Every text of a session once. Rows are removed by the day on which they were last used, not by a foreign key:
-- looking for users of a text would mean reading all sessions.
CREATE TABLE texts (
    id       INTEGER PRIMARY KEY,
    hash     BLOB NOT NULL UNIQUE,
    last_day INTEGER NOT NULL,
    text     TEXT NOT NULL
) STRICT;

CREATE INDEX texts_by_day ON texts (last_day);

CREATE TABLE sessions (
    target            INTEGER NOT NULL,
    slot              INTEGER NOT NULL,
    pid               INTEGER NOT NULL,
    user              INTEGER NOT NULL, -- these numbers are of texts
    database          INTEGER NOT NULL,
    application       INTEGER NOT NULL,
    client            INTEGER NOT NULL,
    wait              INTEGER NOT NULL,
    holds             INTEGER NOT NULL,
    statement         INTEGER NOT NULL,
    state             TEXT NOT NULL,
    blocked_by        TEXT NOT NULL,    -- pids with spaces between
    transaction_start INTEGER,
    statement_start   INTEGER,
    state_change      INTEGER,
    background        INTEGER NOT NULL,
    PRIMARY KEY (target, slot, pid),
    FOREIGN KEY (target, slot) REFERENCES samples (target, slot) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
