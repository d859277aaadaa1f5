//! Parameters of the methods that show identities and contact codes to people.

use crypto_core::IdentityKey;
use engine::model::AccountName;

use crate::{params::params, types::QrFormat};

params! {
    /// For `identity_describe`.
    DescribeParams {
        /// The identity to describe.
        identity = "identity": IdentityKey,
        /// The account of ours to work out the safety number with. Without it there is no safety
        /// number.
        account = "account": Option<AccountName>,
    }

    /// For `contact_code_qr`.
    ContactCodeQrParams {
        account;
        /// How the QR code is drawn.
        format = "format": QrFormat,
    }
}
