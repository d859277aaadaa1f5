-- How many commits there were with the one that wrote this row. Most commits write such a row: they are counted here, and the
-- row of epoch, on a page of its own, need not be written each time. The count of all is the highest there is.
ALTER TABLE session_chains ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;
