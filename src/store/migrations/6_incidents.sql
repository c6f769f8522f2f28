-- What went wrong: incidents with their newest errors, patterns, and how many errors came in each hour.
CREATE TABLE incidents (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- a number is never given twice, since people say it
    target      TEXT NOT NULL,
    signature   TEXT NOT NULL,
    object      TEXT,
    similar     TEXT NOT NULL,    -- the better grouping
    kind        TEXT NOT NULL,
    severity    TEXT NOT NULL,
    strategy    TEXT NOT NULL,
    stage       TEXT NOT NULL,
    resolution  TEXT,             -- the word of how it ended
    condition   INTEGER NOT NULL, -- it is measured, and nothing is heard of it while it holds
    first_ms    INTEGER NOT NULL, -- the server's clock, where it is from a log
    last_ms     INTEGER NOT NULL,
    detected_ms INTEGER NOT NULL, -- our clock
    resolved_ms INTEGER,
    count       INTEGER NOT NULL,
    reopened    INTEGER NOT NULL,
    cause       INTEGER,
    body        TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

-- The next error of a key looks for its newest incident.
CREATE INDEX incidents_by_key ON incidents (target, signature, object, id);
-- The few that somebody still has to care for.
CREATE INDEX incidents_open ON incidents (target, kind, similar) WHERE stage <> 'resolved';
CREATE INDEX incidents_by_end ON incidents (resolved_ms);
CREATE INDEX incidents_by_pattern ON incidents (signature);

-- The newest errors of an incident as they came, without secrets.
CREATE TABLE incident_events (
    incident INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL, -- counts the incident's events
    body     TEXT NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (incident, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE patterns (
    signature TEXT PRIMARY KEY,
    engine    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    code      TEXT NOT NULL,
    text      TEXT NOT NULL,
    title     TEXT NOT NULL,
    first_ms  INTEGER NOT NULL,
    last_ms   INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    private   INTEGER NOT NULL,
    incidents INTEGER NOT NULL,
    twins     TEXT NOT NULL CHECK (json_valid(twins)) -- typed errors that the server may report too
) STRICT, WITHOUT ROWID;

CREATE INDEX patterns_by_use ON patterns (last_ms);

CREATE TABLE error_hours (
    signature TEXT NOT NULL,
    hour      INTEGER NOT NULL, -- counted from 1970
    target    TEXT NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (signature, hour, target)
) STRICT, WITHOUT ROWID;

CREATE INDEX error_hours_by_hour ON error_hours (hour);
