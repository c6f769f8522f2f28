-- The history of attempts to connect, and the changed settings that let us in.
CREATE TABLE attempts (
    target  INTEGER NOT NULL REFERENCES targets (id),
    number  INTEGER NOT NULL, -- counts the target's attempts
    at      INTEGER NOT NULL, -- our clock, milliseconds
    purpose TEXT NOT NULL,
    failure TEXT,             -- the word of its kind; none for a success
    code    TEXT NOT NULL,
    message TEXT NOT NULL,
    took_ms INTEGER NOT NULL,
    setting TEXT NOT NULL,    -- the changed setting that was tried
    PRIMARY KEY (target, number)
) STRICT, WITHOUT ROWID;

-- The last one that worked for each target. No secret is part of a change.
CREATE TABLE connection_fixes (
    target INTEGER PRIMARY KEY REFERENCES targets (id),
    at     INTEGER NOT NULL,
    change TEXT NOT NULL CHECK (json_valid(change)),
    reason TEXT NOT NULL
) STRICT;
