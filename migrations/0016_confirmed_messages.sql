-- Messages that were read and that the frontend has confirmed, to tell one that comes again from one whose key is gone for
-- another reason: of each session the last 256, by digests of 8 bytes, one after the other.
CREATE TABLE confirmed_messages (
    age INTEGER PRIMARY KEY REFERENCES sessions (age) ON DELETE CASCADE,
    tags BLOB NOT NULL
) STRICT;

-- The digest of a message that was read, until it is confirmed. Those that earlier versions have read have none.
ALTER TABLE stored_keys ADD COLUMN read_tag BLOB CHECK (length(read_tag) = 8);
