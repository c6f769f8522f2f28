-- Acts that wait for a person, and what became of them. They are never forgotten: this is all that was ever changed.
CREATE TABLE proposals (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- a number is never given twice, since the audit log names it
    target     TEXT NOT NULL,
    stage      TEXT NOT NULL,
    at_ms      INTEGER NOT NULL, -- proposed, our clock
    updated_ms INTEGER NOT NULL, -- when it came to its stage
    body       TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

-- The few that somebody still has to care for.
CREATE INDEX proposals_not_closed ON proposals (id)
    WHERE stage NOT IN ('done', 'undone', 'not-run', 'denied', 'withdrawn');
