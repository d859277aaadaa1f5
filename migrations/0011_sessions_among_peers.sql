-- Of SK its first 8 bytes are kept, to settle a crossing, and none once another session was active; the column keeps its
-- length, filled up with zeros. With all of it and the first ratchet key, everything sent before the first answer opened.
UPDATE sessions SET shared = CAST(
        CASE standing WHEN 0 THEN substr(shared, 1, 8) ELSE zeroblob(8) END || zeroblob(24) AS BLOB)
    WHERE shared IS NOT NULL;

-- In suite secp256k1 the receiving chain of an unconfirmed initiator began as SK itself. A responder that was sent a forged
-- first message before the genuine one answers on it, and hardly any other: sessions that wait for an answer now do without.
CREATE TEMP TABLE waiting AS
    SELECT age FROM sessions WHERE shared IS NOT NULL AND substr(ratchet, 2, 2) = x'0203';
UPDATE session_chains SET chains = CAST(substr(chains, 1, 36) AS BLOB)
    WHERE age IN (SELECT age FROM waiting);
UPDATE sessions SET ratchet = CAST(
        substr(ratchet, 1, 2) || x'01' || substr(ratchet, 4, length(ratchet) - 3 - 33) AS BLOB)
    WHERE age IN (SELECT age FROM waiting);
DROP TABLE waiting;

-- Whether we began a session of suite secp256k1 on the device's prekey, or may have; what follows from the versions that its
-- bundles list; when it last wrote.
ALTER TABLE devices ADD COLUMN signed_ns INTEGER NOT NULL DEFAULT 0;
UPDATE devices SET signed_ns = coalesce(bundle_ns, 0);
ALTER TABLE devices ADD COLUMN begun INTEGER NOT NULL DEFAULT 0 CHECK (begun IN (0, 1));
ALTER TABLE devices ADD COLUMN any_version INTEGER NOT NULL DEFAULT 0 CHECK (any_version IN (0, 1));
ALTER TABLE devices ADD COLUMN former BLOB NOT NULL DEFAULT x'';
ALTER TABLE devices ADD COLUMN refused_version INTEGER;
ALTER TABLE devices ADD COLUMN went_back_at INTEGER;
ALTER TABLE devices RENAME COLUMN last_seen_at TO wrote_at;
UPDATE devices SET wrote_at = coalesce((
    SELECT max(last_received_at) FROM sessions JOIN session_chains USING (age)
    WHERE sessions.peer = devices.identity AND sessions.installation = devices.installation), 0);
UPDATE devices SET begun = 1 WHERE EXISTS (
    SELECT 1 FROM sessions WHERE sessions.peer = devices.identity
        AND sessions.signed_pre_key = devices.signed_pre_key AND sessions.role = 0
        AND substr(sessions.ratchet, 2, 1) = x'02');
-- After a reset the jump rule counted from the beginning of time.
UPDATE devices SET any_version = 1 WHERE dated_at = 0 AND bundle_ns > 0;

-- Answers to request ids count running time from here on.
UPDATE replies SET at = coalesce((SELECT ms FROM running_time), 0);

-- What no jump of the wall clock moves: see protocol §7, time.
ALTER TABLE running_time ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE running_time ADD COLUMN ahead_since INTEGER;
ALTER TABLE running_time ADD COLUMN put_back_at INTEGER;
ALTER TABLE running_time RENAME TO timekeeping;
-- The newest moment that was written down while the clock can be believed, and when an older state was last put back.
INSERT OR IGNORE INTO timekeeping (id, ms) VALUES (1, 0);
UPDATE timekeeping SET settled = coalesce((SELECT max(created_at) FROM own_prekeys), 0),
    put_back_at = (SELECT displaced_at FROM epoch);
UPDATE devices SET begun = 1 WHERE bundle_ns / 1000000 < (SELECT put_back_at FROM timekeeping) + 86400000;
