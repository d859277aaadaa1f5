-- What time does to sessions, prekeys and devices, and what the sweep asks for.

-- How long daemons have run on this store, in milliseconds: no clock that can be set has a part in it.
CREATE TABLE running_time (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    ms INTEGER NOT NULL
) STRICT;

-- read_at counts running time from here on.
UPDATE stored_keys SET read_at = 0 WHERE read_at IS NOT NULL;
CREATE INDEX stored_keys_read ON stored_keys (read_at) WHERE read_at IS NOT NULL;

CREATE INDEX sessions_ended ON sessions (standing_since) WHERE standing_since IS NOT NULL;
CREATE INDEX sessions_on_own_prekey ON sessions (signed_pre_key) WHERE role = 1 AND standing <> 2;

-- A session has one id, whoever is said to have begun it.
CREATE UNIQUE INDEX first_messages_session ON first_messages (session);
CREATE INDEX first_messages_prekey ON first_messages (prekey);

ALTER TABLE devices ADD COLUMN stale_told INTEGER NOT NULL DEFAULT 0 CHECK (stale_told IN (0, 1));
CREATE INDEX devices_omitted ON devices (omitted_since) WHERE omitted_since IS NOT NULL;

-- Events until they are in the daemon's log.
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event BLOB NOT NULL
) STRICT;

-- What the published bundle lists, in full: any change of it makes a new bundle. The old list is made anew.
DROP TABLE own_bundle_entries;
CREATE TABLE own_bundle_entries (
    installation TEXT PRIMARY KEY,
    signed_pre_key BLOB NOT NULL CHECK (length(signed_pre_key) = 33),
    ratchet_pre_key BLOB CHECK (length(ratchet_pre_key) = 32),
    version INTEGER NOT NULL,
    protocol_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
