//! Results about identities: how they look, and codes to hand out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use engine::closed_sets;

use crate::types::Hex;

closed_sets! {
    /// How a QR code is drawn.
    QrFormat {
        /// An SVG document: dark on white, 4 modules of quiet ground around it.
        Svg = "svg",
        /// Lines of half blocks, the light modules filled, as for a dark terminal; the same quiet
        /// ground.
        Text = "text",
    }
}

/// An identity in the forms that people and programs tell it by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityInfo {
    /// The chat key, `0x04…`.
    pub public_key: Hex,
    /// The same in the short form, `zQ3sh…`.
    pub compressed_key: String,
    /// The ring around a picture: 1 to 11 stretches, each its length (1 to 5) and its colour (0 to
    /// 31).
    pub color_hash: Vec<[u8; 2]>,
    /// Which of 11 colours stands for the identity: 0 to 10.
    pub color_id: u8,
    /// The picture.
    pub identicon: IdenticonInfo,
    /// With `account`: 60 decimal digits, the same at both ends, to be compared by another way.
    /// Left out without one, and for the account's own identity.
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
pub struct ContactCodeQr {
    /// What the QR code says: as `contactCode` of `bundle_get`.
    pub contact_code: String,
    /// How it is drawn.
    pub format: QrFormat,
    /// The drawing.
    pub qr: String,
}
