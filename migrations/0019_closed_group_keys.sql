-- Whether we made the key and have heard of a going since: who is gone was given it, and nothing
-- more is written under it. Until now `highest` said so, by a number that no message has.
ALTER TABLE group_keys ADD COLUMN closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));
UPDATE group_keys SET closed = 1, highest = 100000 WHERE highest = 4294967295;
