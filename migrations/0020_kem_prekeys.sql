-- KEM prekeys and sessions of suite x25519-mlkem768 (protocol §13). What there is has neither.

-- The KEM prekeys for sessions on an own prekey, of 100 bytes each: the seed, the id, the version
-- (big endian). A seed is erased with the last own prekey that has it.
ALTER TABLE own_prekeys ADD COLUMN kem BLOB NOT NULL DEFAULT x'' CHECK (length(kem) IN (0, 100, 200));

-- The current KEM prekey of this device, as messages bring it.
ALTER TABLE own_bundle ADD COLUMN kem_installation TEXT;
ALTER TABLE own_bundle ADD COLUMN kem_version INTEGER;
ALTER TABLE own_bundle ADD COLUMN kem_signature BLOB CHECK (length(kem_signature) = 65);
ALTER TABLE own_bundle ADD COLUMN kem_key BLOB CHECK (length(kem_key) = 1184);

-- The KEM prekey that is held of a device, but for its key, which the signature is over; what the
-- device has shown; and how far the KEM prekeys of our devices have come to it: for each the length
-- of our device's id, the id, the version, and how many messages were written while it was due, or
-- 4294967295 once the device was heard not to ask for it (numbers of 4 bytes, big endian).
ALTER TABLE devices ADD COLUMN kem_version INTEGER;
ALTER TABLE devices ADD COLUMN kem_signature BLOB CHECK (length(kem_signature) = 65);
ALTER TABLE devices ADD COLUMN kem_shown INTEGER NOT NULL DEFAULT 0 CHECK (kem_shown IN (0, 1));
ALTER TABLE devices ADD COLUMN post_quantum INTEGER NOT NULL DEFAULT 0 CHECK (post_quantum IN (0, 1));
ALTER TABLE devices ADD COLUMN kem_only_from_itself INTEGER NOT NULL DEFAULT 0
    CHECK (kem_only_from_itself IN (0, 1));
ALTER TABLE devices ADD COLUMN kem_deliveries BLOB NOT NULL DEFAULT x'';

-- The keys of these KEM prekeys. Apart, since nearly every message writes the row of a device.
CREATE TABLE device_kem_keys (
    identity BLOB NOT NULL,
    installation TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 1184),
    PRIMARY KEY (identity, installation),
    FOREIGN KEY (identity, installation) REFERENCES devices (identity, installation) ON DELETE CASCADE
) STRICT;

-- Whether ML-KEM had a part in a session, and what the X3DH header repeats of it until the first
-- answer.
ALTER TABLE sessions ADD COLUMN post_quantum INTEGER NOT NULL DEFAULT 0 CHECK (post_quantum IN (0, 1));
ALTER TABLE sessions ADD COLUMN kem_id BLOB CHECK (length(kem_id) = 32);
ALTER TABLE sessions ADD COLUMN kem_ciphertext BLOB CHECK (length(kem_ciphertext) = 1088);
