-- When we asked a contact that has not answered: what it wrote before that is no answer. Of those asked before this was noted, the
-- record was not begun later.
ALTER TABLE contacts ADD COLUMN requested_at INTEGER;
UPDATE contacts SET requested_at = added_at WHERE state = 1;
