//! Records that hold secrets have no `Clone`, so that none is copied by accident. A store is where copies are made.

use crypto_core::SharedKey;

use crate::{Handshake, Session};

pub(crate) fn copy_session(session: &Session) -> Session {
    Session {
        installation: session.installation.clone(),
        handshake: match &session.handshake {
            Handshake::Unconfirmed { shared, ephemeral } => Handshake::Unconfirmed {
                shared: SharedKey::from_stored(*shared.secret_bytes()),
                ephemeral: *ephemeral,
            },
            Handshake::Established => Handshake::Established,
        },
        ratchet: session.ratchet.copy(),
        retired: session.retired.clone(),
        ..*session
    }
}
