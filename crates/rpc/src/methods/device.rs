//! Parameters of the methods of devices and sessions.

use crypto_core::{IdentityKey, InstallationId};

use crate::params::{Metadata, params};

params! {
    /// For `installation_list` and `session_list`.
    ListParams {
        account;
        /// The identity whose devices or sessions are listed. By default, `installation_list` lists
        /// our own devices, and `session_list` the sessions with everybody.
        identity = "identity": Option<IdentityKey>,
    }

    /// For `installation_enable` and `installation_disable`.
    PairingParams {
        account;
        /// The id of the device.
        installation_id = "installationId": InstallationId,
        /// The identity that the device belongs to: our own by default.
        identity = "identity": Option<IdentityKey>,
    }

    /// For `installation_setMetadata`.
    SetMetadataParams {
        account;
        /// The id of the device.
        installation_id = "installationId": InstallationId,
        /// What to note about the device, in place of everything noted before.
        metadata = "metadata": Metadata,
        /// The identity that the device belongs to: our own by default.
        identity = "identity": Option<IdentityKey>,
    }

    /// For `session_reset`.
    ResetParams {
        account;
        /// The identity to start over with.
        identity = "identity": IdentityKey,
        /// The device of that identity to start over with: all of them by default.
        installation_id = "installationId": Option<InstallationId>,
    }
}
