-- The daemon's registry: an index of the accounts, so that none has to be opened to be listed, and of what was found when each
-- was closed. The accounts' own databases say what is true; this one is made anew when it is lost.
CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    identity BLOB NOT NULL CHECK (length(identity) = 33),
    installation TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- NULL from here on while the account is open, and of one that was not closed properly.
    due_at INTEGER,
    peers INTEGER,
    devices INTEGER,
    sessions INTEGER,
    stored_keys INTEGER,
    unconfirmed_keys INTEGER,
    stale_devices INTEGER,
    prekey_created_at INTEGER,
    displaced_at INTEGER,
    displaced INTEGER,
    -- The account's database file as it was closed.
    inode INTEGER,
    bytes INTEGER,
    modified INTEGER,
    CHECK ((due_at IS NULL) = (peers IS NULL)),
    CHECK ((due_at IS NULL) = (devices IS NULL)),
    CHECK ((due_at IS NULL) = (sessions IS NULL)),
    CHECK ((due_at IS NULL) = (stored_keys IS NULL)),
    CHECK ((due_at IS NULL) = (unconfirmed_keys IS NULL)),
    CHECK ((due_at IS NULL) = (stale_devices IS NULL)),
    CHECK ((due_at IS NULL) = (inode IS NULL)),
    CHECK ((due_at IS NULL) = (bytes IS NULL)),
    CHECK ((due_at IS NULL) = (modified IS NULL)),
    CHECK (due_at IS NOT NULL OR prekey_created_at IS NULL),
    CHECK (due_at IS NOT NULL OR displaced_at IS NULL),
    CHECK ((displaced_at IS NULL) = (displaced IS NULL))
) STRICT, WITHOUT ROWID;
