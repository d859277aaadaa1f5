-- The suite of each session, by the byte that stands for it in session ids, in place of whether
-- ML-KEM had a part in it: sessions are counted by suite, of which an index has all that is read.
-- The second byte of a ratchet is its curve.
ALTER TABLE sessions ADD COLUMN suite INTEGER NOT NULL DEFAULT 1 CHECK (suite IN (1, 2, 3));
UPDATE sessions SET suite = 3 WHERE post_quantum;
UPDATE sessions SET suite = 2 WHERE substr(ratchet, 2, 1) = x'02';
ALTER TABLE sessions DROP COLUMN post_quantum;
CREATE INDEX sessions_by_suite ON sessions (suite);
