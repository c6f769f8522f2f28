-- What was asked and answered, the lines that were typed, and small things to remember.
CREATE TABLE conversations (
    id      INTEGER PRIMARY KEY AUTOINCREMENT, -- a deleted number is never given again
    name    TEXT NOT NULL,
    target  TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT;

CREATE INDEX conversations_by_use ON conversations (updated);

CREATE TABLE entries (
    conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    number       INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    body         TEXT NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (conversation, number)
) STRICT;

CREATE TABLE input_lines (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    line TEXT NOT NULL
) STRICT;

CREATE TABLE preferences (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
