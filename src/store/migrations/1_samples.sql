-- Values of metrics over time. Numbers stand for names to keep rows small, and keys begin with target and time, so
-- that one collection is written to one place of the file.
PRAGMA application_id = 1145192775; -- "DBAG"

CREATE TABLE targets (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE metrics (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- One collection of a target for every ten seconds (slot), the last one of them.
CREATE TABLE samples (
    target    INTEGER NOT NULL REFERENCES targets (id),
    slot      INTEGER NOT NULL,
    at        INTEGER NOT NULL, -- our clock, milliseconds
    server_at INTEGER NOT NULL, -- the server's
    PRIMARY KEY (target, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE readings (
    target INTEGER NOT NULL,
    slot   INTEGER NOT NULL,
    metric INTEGER NOT NULL REFERENCES metrics (id),
    value  REAL NOT NULL,
    PRIMARY KEY (target, slot, metric)
) STRICT, WITHOUT ROWID;

-- What readings become: the mean of five minutes (bucket), and of how many readings.
CREATE TABLE means (
    target   INTEGER NOT NULL,
    bucket   INTEGER NOT NULL,
    metric   INTEGER NOT NULL REFERENCES metrics (id),
    mean     REAL NOT NULL,
    readings INTEGER NOT NULL,
    PRIMARY KEY (target, bucket, metric)
) STRICT, WITHOUT ROWID;
