-- The earliest that a device's known version can have been signed: how far versions may run ahead is counted from here.
ALTER TABLE devices ADD COLUMN dated_at INTEGER;
UPDATE devices SET dated_at = max(bundle_ns, 0) / 1000000;
