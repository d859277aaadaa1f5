//! Results about identities: how they look, and codes to hand out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use engine::closed_sets;

use crate::types::Hex;

closed_sets! {
    /// How a QR code is drawn.
    QrFormat {
        /// An SVG document: dark on white, with a margin of 4 modules.
        Svg = "svg",
        /// Lines of half blocks for a terminal with a dark background, with a margin of 4 modules:
        /// the light modules are filled.
        Text = "text",
    }
}

/// An identity in the forms by which people and programs recognise it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityInfo {
    /// The public key of the identity, `0x04…`, which Status calls the chat key.
    pub public_key: Hex,
    /// The public key in its compact form, `zQ3sh…`.
    pub compressed_key: String,
    /// The ring of colours around a picture: 1 to 11 stretches, each given as its length (1 to 5)
    /// and its colour (0 to 31).
    pub color_hash: Vec<[u8; 2]>,
    /// Which of 11 colours stands for the identity: 0 to 10.
    pub color_id: u8,
    /// The identicon: a small picture worked out from the identity.
    pub identicon: IdenticonInfo,
    /// The safety number of the identity and the `account`: 60 decimal digits that are equal at
    /// both ends, to be compared by another way than this transport. Left out without an account,
    /// and for the account's own identity.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub safety_number: Option<String>,
}

/// The picture of an identity: 5 by 5 cells, mirrored left to right, in one colour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdenticonInfo {
    /// The 25 cells row by row from the top, `1` where one is set.
    pub bitmap: String,
    /// The colour of the cells that are set: red, green and blue, a byte each.
    pub rgb: Hex,
    /// A drawing of 50 by 50 pixels on transparent ground, as an SVG document.
    pub svg: String,
}

/// The contact code as a QR code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactCodeDrawing {
    /// The text that the QR code holds: the `contactCode` of `bundle_get`.
    pub contact_code: String,
    /// How the QR code is drawn.
    pub format: QrFormat,
    /// The drawing: an SVG document, or lines of text.
    pub qr: String,
}
