//! Parameters of the methods of devices and sessions.

use crypto_core::{IdentityKey, InstallationId};
use engine::AccountName;

use crate::params::{Metadata, params};

params! {
    /// For `installation_list` and `session_list`.
    ListParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// Whose.
        identity = "identity": Option<IdentityKey>,
    }
}

params! {
    /// For `installation_enable` and `installation_disable`.
    PairingParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// Which device.
        installation_id = "installationId": InstallationId,
        /// Whose: our own by default.
        identity = "identity": Option<IdentityKey>,
    }
}

params! {
    /// For `installation_setMetadata`.
    SetMetadataParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// Which device.
        installation_id = "installationId": InstallationId,
        /// What to note about it, in place of what was noted.
        metadata = "metadata": Metadata,
        /// Whose: our own by default.
        identity = "identity": Option<IdentityKey>,
    }
}

params! {
    /// For `session_reset`.
    ResetParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// With whom to start over.
        identity = "identity": IdentityKey,
        /// With which device of it: all by default.
        installation_id = "installationId": Option<InstallationId>,
    }
}
