-- Watch rules of the person's own. Numbers are never given twice: an incident names the rule that it comes from.
CREATE TABLE rules (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    body   TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

CREATE INDEX rules_by_target ON rules (target);
