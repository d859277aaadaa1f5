//! Content topics, and how a QR code is drawn.

use envelope::ContentTopic;
use serde_json::Value;

use super::{Form, macros::parsed};
use crate::{error::RpcError, types::QrFormat};

parsed! {
    ContentTopic,
        "a content topic: /waku/1/0x, eight hex digits and /rfc26",
        {"type": "string", "pattern": "^/waku/1/0x[0-9a-fA-F]{8}/rfc26$"},
        |_| "a string of another form";
}

impl Form for QrFormat {
    const TAKES: &'static str = "svg or text";

    fn schema() -> Value {
        serde_json::json!({"enum": ["svg", "text"]})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let known = Self::ALL.iter().find(|format| value == format.name());
        known.copied().ok_or_else(|| <Self as Form>::wrong(&value))
    }

    fn write(&self) -> Value {
        self.name().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formats_are_those_two_in_lower_case() {
        for good in ["svg", "text"] {
            assert_eq!(QrFormat::read(json!(good)).unwrap().write(), json!(good));
        }
        for bad in [json!("SVG"), json!("png"), json!(""), json!(0)] {
            assert!(QrFormat::read(bad).is_err());
        }
    }
}
