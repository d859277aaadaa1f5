-- How many new devices of an identity events have told of, in the day that began then.
ALTER TABLE peers ADD COLUMN discoveries_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN discoveries_told INTEGER NOT NULL DEFAULT 0;
