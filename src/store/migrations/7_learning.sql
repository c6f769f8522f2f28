-- How fixes went, from which confidence is worked out, and what persons think of them.
CREATE TABLE outcomes (
    id        INTEGER PRIMARY KEY,
    proposal  INTEGER UNIQUE,   -- none for a changed setting of our own connection
    at_ms     INTEGER NOT NULL,
    target    TEXT NOT NULL,
    signature TEXT NOT NULL,    -- the pattern of the errors, or the cause
    similar   TEXT NOT NULL,    -- the better grouping, empty where there is none
    fix       TEXT NOT NULL,
    engine    TEXT NOT NULL,    -- empty for a setting of our own connection
    major     INTEGER NOT NULL,
    initial   INTEGER NOT NULL, -- points of 100
    shown     INTEGER NOT NULL,
    ended     TEXT NOT NULL     -- the word of how it went
) STRICT;

-- What nobody uses is forgotten by its last use.
CREATE INDEX outcomes_by_fix ON outcomes (engine, fix, at_ms);

CREATE TABLE ratings (
    proposal INTEGER NOT NULL,
    who      TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    up       INTEGER NOT NULL,
    comment  TEXT NOT NULL,
    PRIMARY KEY (proposal, who) -- whoever rates twice has changed their mind
) STRICT, WITHOUT ROWID;
