-- When a device was first heard of was kept, and nothing ever asked for it.
ALTER TABLE devices DROP COLUMN first_seen_at;
