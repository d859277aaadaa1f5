-- How many events there are of each account, and the newest of them that was dropped to make room: an account makes room for its
-- own events alone.
ALTER TABLE sources ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN dropped_through INTEGER NOT NULL DEFAULT 0;
-- One that was put back has events and no row.
INSERT OR IGNORE INTO sources (account, last) SELECT DISTINCT account, 0 FROM events;
-- Whose events were dropped until now was not noted.
UPDATE sources SET dropped_through = (SELECT dropped_through FROM state),
    kept = (SELECT count(*) FROM events WHERE events.account = sources.account);
ALTER TABLE state DROP COLUMN dropped_through;
