-- Sessions are counted by suite. What an account held by suite when it was closed was not noted, so
-- each is entered as open, and looked at again.
UPDATE accounts SET due_at = NULL, peers = NULL, devices = NULL, sessions = NULL,
    stored_keys = NULL, unconfirmed_keys = NULL, stale_devices = NULL, prekey_created_at = NULL,
    displaced_at = NULL, displaced = NULL, inode = NULL, bytes = NULL, modified = NULL;
ALTER TABLE accounts RENAME COLUMN sessions TO secp256k1_sessions;
ALTER TABLE accounts ADD COLUMN x25519_sessions INTEGER
    CHECK ((due_at IS NULL) = (x25519_sessions IS NULL));
ALTER TABLE accounts ADD COLUMN post_quantum_sessions INTEGER
    CHECK ((due_at IS NULL) = (post_quantum_sessions IS NULL));
