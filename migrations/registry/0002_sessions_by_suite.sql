-- Sessions are counted by suite. What an account held by suite when it was closed was not noted, so
-- each is entered as open, and looked at again.
CREATE TABLE accounts_by_suite (
    name TEXT PRIMARY KEY,
    identity BLOB NOT NULL CHECK (length(identity) = 33),
    installation TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- NULL from here on while the account is open, and of one that was not closed properly.
    due_at INTEGER,
    peers INTEGER,
    devices INTEGER,
    post_quantum_sessions INTEGER,
    x25519_sessions INTEGER,
    secp256k1_sessions INTEGER,
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
    CHECK ((due_at IS NULL) = (post_quantum_sessions IS NULL)),
    CHECK ((due_at IS NULL) = (x25519_sessions IS NULL)),
    CHECK ((due_at IS NULL) = (secp256k1_sessions IS NULL)),
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
INSERT INTO accounts_by_suite (name, identity, installation, created_at)
    SELECT name, identity, installation, created_at FROM accounts;
DROP TABLE accounts;
ALTER TABLE accounts_by_suite RENAME TO accounts;
