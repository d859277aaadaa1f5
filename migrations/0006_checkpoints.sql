-- How many commits the database's own file was known to hold, without the log, when this row was written; 0 if that was
-- not known. A file that holds fewer is not the one that the log belongs to.
ALTER TABLE epoch ADD COLUMN based INTEGER NOT NULL DEFAULT 0;
