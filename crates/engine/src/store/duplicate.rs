//! Records that hold secrets have no `Clone`, so that none is copied by accident. A store is where copies are made.

use crate::model::Session;

pub(crate) fn copy_session(session: &Session) -> Session {
    Session {
        installation: session.installation.clone(),
        ratchet: session.ratchet.copy(),
        retired: session.retired.clone(),
        ..*session
    }
}
