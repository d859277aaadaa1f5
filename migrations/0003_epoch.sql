-- What tells the newest state of an account from an older one and from a copy, together with a file beside
-- the database: its name bears the mark, it counts the commits too, and it knows its own place.

CREATE TABLE epoch (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    mark BLOB NOT NULL CHECK (length(mark) = 8),
    previous BLOB NOT NULL CHECK (length(previous) = 8), -- the mark before, whose file may still bear its name
    commits INTEGER NOT NULL,
    displaced_at INTEGER, -- when the store was last found to be an older state or a copy
    displaced INTEGER CHECK (displaced IN (1, 2, 3)), -- older, elsewhere, unmarked
    CHECK ((displaced_at IS NULL) = (displaced IS NULL))
) STRICT;
