-- Groups that have a log (protocol §10).
CREATE TABLE groups (
    number INTEGER PRIMARY KEY,
    group_id BLOB NOT NULL UNIQUE CHECK (length(group_id) BETWEEN 1 AND 256),
    accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)), -- whether we are in it and have accepted
    taken_up INTEGER NOT NULL,
    clock INTEGER NOT NULL, -- the highest of its events
    kept_bytes INTEGER NOT NULL,
    kept_events INTEGER NOT NULL
) STRICT;

CREATE INDEX groups_accepted ON groups (accepted);

-- Their logs. An event may have half a megabyte: it comes last, so that what is before it is read
-- without it.
CREATE TABLE group_events (
    number INTEGER PRIMARY KEY,
    of_group INTEGER NOT NULL REFERENCES groups (number) ON DELETE CASCADE,
    id BLOB NOT NULL CHECK (length(id) = 32),
    signer BLOB NOT NULL CHECK (length(signer) = 33),
    signature BLOB NOT NULL CHECK (length(signature) = 65),
    -- Ids of the events that began the memberships that a leaving ended, one after the other.
    ended BLOB NOT NULL CHECK (length(ended) % 32 = 0),
    event BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX group_events_of_group ON group_events (of_group, id);

-- Groups that were forgotten: the highest clock that was known of each, so that its old log does
-- not bring it back.
CREATE TABLE forgotten_groups (
    group_id BLOB PRIMARY KEY CHECK (length(group_id) BETWEEN 1 AND 256),
    newest INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The keys of groups, with or without a log (protocol §11).
CREATE TABLE group_keys (
    number INTEGER PRIMARY KEY,
    group_id BLOB NOT NULL CHECK (length(group_id) BETWEEN 1 AND 256),
    id BLOB NOT NULL CHECK (length(id) = 32),
    timestamp INTEGER NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 32),
    set_by BLOB NOT NULL CHECK (length(set_by) = 33),
    added_at INTEGER NOT NULL,
    highest INTEGER NOT NULL, -- the number of a message that was read or sent under it
    replaced_at INTEGER
) STRICT;

CREATE UNIQUE INDEX group_keys_of_group ON group_keys (group_id, id);
CREATE INDEX group_keys_by_timestamp ON group_keys (group_id, timestamp, id);
CREATE INDEX group_keys_replaced ON group_keys (replaced_at) WHERE replaced_at IS NOT NULL;

-- The highest timestamp of the keys of a group that were erased: no older one is taken again.
CREATE TABLE erased_group_keys (
    group_id BLOB PRIMARY KEY CHECK (length(group_id) BETWEEN 1 AND 256),
    timestamp INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages that were read under a key, and their age among those of that key: the oldest are
-- dropped first.
CREATE TABLE group_messages (
    message BLOB PRIMARY KEY CHECK (length(message) = 32),
    of_key INTEGER NOT NULL REFERENCES group_keys (number) ON DELETE CASCADE,
    age INTEGER NOT NULL,
    confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX group_messages_of_key ON group_messages (of_key, age);

-- Whose keys are taken of a group without a log.
CREATE TABLE group_setters (
    group_id BLOB NOT NULL CHECK (length(group_id) BETWEEN 1 AND 256),
    identity BLOB NOT NULL CHECK (length(identity) = 33),
    PRIMARY KEY (group_id, identity)
) STRICT, WITHOUT ROWID;
