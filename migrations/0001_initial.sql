-- One database per account. Keys and ids have their fixed lengths; times are
-- milliseconds since the epoch. Never edited once released: changes are new files.

CREATE TABLE account (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    identity_secret BLOB NOT NULL CHECK (length(identity_secret) = 32),
    identity BLOB NOT NULL CHECK (length(identity) = 33),
    installation TEXT NOT NULL,
    fresh_installation INTEGER NOT NULL CHECK (fresh_installation IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE own_prekeys (
    public BLOB PRIMARY KEY CHECK (length(public) = 33),
    secret BLOB NOT NULL CHECK (length(secret) = 32),
    ratchet_public BLOB CHECK (length(ratchet_public) = 32),
    ratchet_secret BLOB CHECK (length(ratchet_secret) = 32),
    ratchet_signature BLOB CHECK (length(ratchet_signature) = 65),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    replaced_at INTEGER,
    CHECK ((ratchet_public IS NULL) = (ratchet_secret IS NULL)),
    CHECK ((ratchet_public IS NULL) = (ratchet_signature IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE own_bundle (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    wire BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    timestamp_ns INTEGER NOT NULL,
    version INTEGER NOT NULL,
    prekey_created_at INTEGER NOT NULL
) STRICT;

-- What the published bundle lists.
CREATE TABLE own_bundle_entries (
    installation TEXT PRIMARY KEY,
    signed_pre_key BLOB NOT NULL CHECK (length(signed_pre_key) = 33)
) STRICT, WITHOUT ROWID;

CREATE TABLE peers (
    identity BLOB PRIMARY KEY CHECK (length(identity) = 33),
    newest_bundle_ns INTEGER NOT NULL,
    newest_bundle_at INTEGER,
    last_sent_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    identity BLOB NOT NULL CHECK (length(identity) = 33),
    installation TEXT NOT NULL,
    signed_pre_key BLOB CHECK (length(signed_pre_key) = 33),
    ratchet_pre_key BLOB CHECK (length(ratchet_pre_key) = 32),
    version INTEGER,
    protocol_version INTEGER,
    bundle_ns INTEGER,
    pairing INTEGER NOT NULL CHECK (pairing IN (0, 1, 2)), -- pending, enabled, disabled
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    last_active_at INTEGER NOT NULL,
    omitted_since INTEGER,
    rekey_due INTEGER NOT NULL CHECK (rekey_due IN (0, 1)),
    extension_shown INTEGER NOT NULL CHECK (extension_shown IN (0, 1)),
    name TEXT NOT NULL,
    device_type TEXT NOT NULL,
    push_token TEXT NOT NULL,
    PRIMARY KEY (identity, installation),
    CHECK ((signed_pre_key IS NULL) = (version IS NULL)),
    CHECK ((signed_pre_key IS NULL) = (protocol_version IS NULL)),
    CHECK ((signed_pre_key IS NULL) = (bundle_ns IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    age INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    peer BLOB NOT NULL CHECK (length(peer) = 33),
    installation TEXT,
    role INTEGER NOT NULL CHECK (role IN (0, 1)), -- initiator, responder
    signed_pre_key BLOB NOT NULL CHECK (length(signed_pre_key) = 33),
    ratchet_pre_key BLOB CHECK (length(ratchet_pre_key) = 32),
    shared BLOB CHECK (length(shared) = 32),       -- only while unconfirmed
    ephemeral BLOB CHECK (length(ephemeral) = 33), -- only while unconfirmed
    standing INTEGER NOT NULL CHECK (standing IN (0, 1, 2)), -- active, superseded, expired
    standing_since INTEGER,
    lost_to BLOB CHECK (length(lost_to) = 32),
    overtaking BLOB CHECK (length(overtaking) = 32),
    overtaking_advances INTEGER,
    ratchet BLOB NOT NULL,
    retired BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    last_sent_at INTEGER,
    last_received_at INTEGER,
    sent INTEGER NOT NULL,
    received INTEGER NOT NULL,
    advances INTEGER NOT NULL,
    CHECK ((shared IS NULL) = (ephemeral IS NULL)),
    CHECK ((standing = 0) = (standing_since IS NULL)),
    CHECK ((overtaking IS NULL) = (overtaking_advances IS NULL))
) STRICT;

-- At most one active session per device.
CREATE UNIQUE INDEX sessions_active ON sessions (peer, installation) WHERE standing = 0;
CREATE INDEX sessions_on_prekey ON sessions (peer, signed_pre_key);

-- Message keys outside their chain: skipped, or read and not confirmed.
CREATE TABLE stored_keys (
    age INTEGER PRIMARY KEY AUTOINCREMENT,
    message BLOB NOT NULL UNIQUE CHECK (length(message) = 32),
    session BLOB NOT NULL CHECK (length(session) = 32)
        REFERENCES sessions (id) ON DELETE CASCADE,
    key BLOB NOT NULL CHECK (length(key) = 32),
    read_at INTEGER
) STRICT;

CREATE INDEX stored_keys_of_session ON stored_keys (session, age);

-- First messages that were accepted: none may set up its session a second time.
CREATE TABLE first_messages (
    identity BLOB NOT NULL CHECK (length(identity) = 33),
    prekey BLOB NOT NULL CHECK (length(prekey) = 33),
    session BLOB NOT NULL CHECK (length(session) = 32),
    PRIMARY KEY (identity, prekey, session)
) STRICT, WITHOUT ROWID;

-- Answers to request ids, so that a retry gets the same bytes.
CREATE TABLE replies (
    request_id TEXT PRIMARY KEY,
    input BLOB NOT NULL CHECK (length(input) = 32),
    reply BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX replies_by_age ON replies (at);
