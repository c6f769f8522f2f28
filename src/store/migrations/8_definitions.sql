-- How objects of servers were defined, a version a row: what was there yesterday can be made again as it was.
CREATE TABLE definitions (
    id       INTEGER PRIMARY KEY,
    target   INTEGER NOT NULL REFERENCES targets (id),
    space    TEXT NOT NULL,    -- schema or database; empty where the engine has none
    name     TEXT NOT NULL,
    print    TEXT NOT NULL,    -- tells it from any other definition of the object
    part_of  TEXT,             -- the object that it goes with, as a JSON list of space and name
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER,          -- when it was last seen; NULL while it is how the object is
    gone_ms  INTEGER,          -- when the object was not there any more, for its last version
    bytes    INTEGER NOT NULL,
    body     TEXT NOT NULL CHECK (json_valid(body)) -- statements, and what they do not bring back
) STRICT;

CREATE UNIQUE INDEX definitions_now ON definitions (target, space, name) WHERE last_ms IS NULL;
CREATE INDEX definitions_by_name ON definitions (target, name COLLATE NOCASE);
CREATE INDEX definitions_by_end ON definitions (last_ms);
CREATE INDEX definitions_parts ON definitions (target, part_of) WHERE part_of IS NOT NULL;

-- When the definitions of a target were last looked at: until then, its present versions were seen.
CREATE TABLE definition_looks (
    target INTEGER PRIMARY KEY REFERENCES targets (id),
    at_ms  INTEGER NOT NULL
) STRICT;
