//! Records that hold secrets have no `Clone`, so that none is copied by accident. A store is where copies are made.

use crypto_core::{SessionRatchet, SharedKey};

use crate::{Handshake, Session, StoreError};

pub(crate) fn corrupt(_: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt("a record in memory".to_owned())
}

pub(crate) fn copy_session(session: &Session) -> Result<Session, StoreError> {
    Ok(Session {
        installation: session.installation.clone(),
        handshake: match &session.handshake {
            Handshake::Unconfirmed { shared, ephemeral } => Handshake::Unconfirmed {
                shared: SharedKey::from_stored(*shared.secret_bytes()),
                ephemeral: *ephemeral,
            },
            Handshake::Established => Handshake::Established,
        },
        ratchet: SessionRatchet::from_bytes(&session.ratchet.to_bytes()).map_err(corrupt)?,
        retired: session.retired.clone(),
        ..*session
    })
}
