-- A page that is put back is told by a keyed sum over the rows that ratchets run from: whichever row counts a commit has it as
-- of that commit. NULL where it is not known: it is worked out at the next opening, as after every migration.
ALTER TABLE session_chains ADD COLUMN digest BLOB CHECK (length(digest) = 32);
ALTER TABLE epoch ADD COLUMN digest BLOB CHECK (length(digest) = 32);
ALTER TABLE epoch ADD COLUMN digest_key BLOB CHECK (length(digest_key) = 32);
UPDATE epoch SET digest_key = randomblob(32);
-- What the file beside the database is authenticated with, from the first opening on; another one whenever the store begins anew.
ALTER TABLE epoch ADD COLUMN witness_key BLOB CHECK (length(witness_key) = 32);
