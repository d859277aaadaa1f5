-- What every message moves in a session, apart from what DH steps and rules change: in rows of a hundred bytes, so that a batch
-- of messages writes few pages. A chain key is here alone: elsewhere, one that was passed would stay.
CREATE TABLE session_chains (
    age INTEGER PRIMARY KEY REFERENCES sessions (age) ON DELETE CASCADE,
    chains BLOB NOT NULL CHECK (length(chains) % 36 = 0), -- sending, receiving: those that the ratchet says there are
    last_sent_at INTEGER,
    last_received_at INTEGER,
    sent INTEGER NOT NULL,
    received INTEGER NOT NULL,
    advances INTEGER NOT NULL
) STRICT;

-- Of the old layout: where the flag of the sending chain stands, then whether there is one, where the flag of the receiving
-- chain stands, and whether there is one. Joined bytes count as text until they are cast.
CREATE TEMP TABLE old AS
    SELECT *, substr(ratchet, receiving_at, 1) = x'01' AS receives FROM (
        SELECT *, sending_at + CASE WHEN sends THEN 37 ELSE 1 END AS receiving_at FROM (
            SELECT *, substr(ratchet, sending_at, 1) = x'01' AS sends FROM (
                SELECT age, ratchet, CASE substr(ratchet, 2, 1) WHEN x'01' THEN 103 ELSE 104 END AS sending_at FROM sessions)));

INSERT INTO session_chains (age, chains, last_sent_at, last_received_at, sent, received, advances)
    SELECT age, CAST(
            CASE WHEN sends THEN substr(old.ratchet, sending_at + 1, 36) ELSE x'' END
            || CASE WHEN receives THEN substr(old.ratchet, -36) ELSE x'' END AS BLOB),
        last_sent_at, last_received_at, sent, received, advances
    FROM old JOIN sessions USING (age);

UPDATE sessions SET ratchet = CAST(
        x'02' || substr(old.ratchet, 2, 1)
        || CASE WHEN sends THEN CASE WHEN receives THEN x'03' ELSE x'01' END
            ELSE CASE WHEN receives THEN x'02' ELSE x'00' END END
        || substr(old.ratchet, 3, sending_at - 3)
        || CASE WHEN receives THEN substr(old.ratchet, receiving_at + 1, length(old.ratchet) - receiving_at - 36) ELSE x'' END
        AS BLOB)
    FROM old WHERE old.age = sessions.age;

DROP TABLE old;
ALTER TABLE sessions DROP COLUMN last_sent_at;
ALTER TABLE sessions DROP COLUMN last_received_at;
ALTER TABLE sessions DROP COLUMN sent;
ALTER TABLE sessions DROP COLUMN received;
ALTER TABLE sessions DROP COLUMN advances;
