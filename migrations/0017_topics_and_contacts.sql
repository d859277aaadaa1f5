-- Whether the negotiated topic with an identity is one that we listen to: it may have learnt of this device. Of those that were
-- only sent replies, which are due to strangers as well, the last 1024.
ALTER TABLE peers ADD COLUMN listened INTEGER NOT NULL DEFAULT 0 CHECK (listened IN (0, 1));
UPDATE peers SET listened = 1 WHERE written_at IS NOT NULL;
UPDATE peers SET listened = 1 WHERE identity IN (
    SELECT identity FROM peers WHERE written_at IS NULL AND last_sent_at IS NOT NULL
    ORDER BY last_sent_at DESC, identity LIMIT 1024);
CREATE INDEX peers_listened ON peers (identity) WHERE listened = 1;
CREATE INDEX peers_listened_for_replies ON peers (identity) WHERE listened = 1 AND written_at IS NULL;

-- Whether an identity has asked us, or has accepted us, whatever we decided since; and when the user last decided about it, on
-- whichever device.
ALTER TABLE contacts ADD COLUMN asked INTEGER NOT NULL DEFAULT 0 CHECK (asked IN (0, 1));
UPDATE contacts SET asked = 1 WHERE state IN (2, 3);
ALTER TABLE contacts ADD COLUMN decided_at INTEGER;
