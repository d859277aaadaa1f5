//! Parameters of the methods that show identities and contact codes to people.

use crypto_core::IdentityKey;
use engine::model::AccountName;

use crate::{params::params, types::QrFormat};

params! {
    /// For `identity_describe`.
    DescribeParams {
        /// Who.
        identity = "identity": IdentityKey,
        /// Ours, for the safety number; without one there is none.
        account = "account": Option<AccountName>,
    }

    /// For `contact_code_qr`.
    ContactCodeQrParams {
        account;
        /// How it is drawn.
        format = "format": QrFormat,
    }
}
