//! Parameters of the methods of devices and sessions.

use crypto_core::{IdentityKey, InstallationId};

use crate::params::{Metadata, params};

params! {
    /// For `installation_list` and `session_list`.
    ListParams {
        account;
        /// Whose.
        identity = "identity": Option<IdentityKey>,
    }

    /// For `installation_enable` and `installation_disable`.
    PairingParams {
        account;
        /// Which device.
        installation_id = "installationId": InstallationId,
        /// Whose: our own by default.
        identity = "identity": Option<IdentityKey>,
    }

    /// For `installation_setMetadata`.
    SetMetadataParams {
        account;
        /// Which device.
        installation_id = "installationId": InstallationId,
        /// What to note about it, in place of what was noted.
        metadata = "metadata": Metadata,
        /// Whose: our own by default.
        identity = "identity": Option<IdentityKey>,
    }

    /// For `session_reset`.
    ResetParams {
        account;
        /// With whom to start over.
        identity = "identity": IdentityKey,
        /// With which device of it: all by default.
        installation_id = "installationId": Option<InstallationId>,
    }
}
