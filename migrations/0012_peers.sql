-- How many new devices of an identity events have told of, in the day that began then.
ALTER TABLE peers ADD COLUMN discoveries_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN discoveries_told INTEGER NOT NULL DEFAULT 0;

-- When the user wrote to an identity, as last_sent_at has it of replies as well; until now the two were not told apart.
ALTER TABLE peers ADD COLUMN written_at INTEGER;
UPDATE peers SET written_at = last_sent_at;
CREATE INDEX peers_written_to ON peers (written_at DESC, identity) WHERE written_at IS NOT NULL;

-- What we share with an identity: the negotiated topic, then its key. It takes milliseconds to derive and follows from the
-- identity keys alone, so that it is kept.
CREATE TABLE negotiated_keys (
    identity BLOB PRIMARY KEY,
    shared BLOB NOT NULL CHECK (length(shared) = 36)
) STRICT, WITHOUT ROWID;
