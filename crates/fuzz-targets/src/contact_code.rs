//! Contact codes, and bundles as parameters.

use crypto_core::typed::one_word;
use engine::{
    model::MAX_KEM_PREKEYS_PER_BUNDLE,
    wire::{
        MAX_CONTACT_CODE_CHARS, decode_contact_code, encode_contact_code, inspect_bundle,
        rewrite::without_kem_prekeys,
    },
};
use rpc::params::{BundleBytes, Form as _};
use serde_json::Value;

/// Any text is read as a contact code and as the parameter of a bundle; any bytes are written as a
/// code.
///
/// What is written is read as the same; what is read is written in one way; nothing larger than the
/// limit is read. KEM prekeys beside a bundle change nothing of it.
pub fn contact_code(input: &[u8]) {
    let code = encode_contact_code(input);
    if !input.is_empty() && code.len() <= MAX_CONTACT_CODE_CHARS {
        assert_eq!(decode_contact_code(&code).as_deref(), Some(input));
    }
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let decoded = decode_contact_code(text);
    if let Some(bytes) = &decoded {
        assert!(bytes.len() <= text.len());
        let text = one_word(text);
        assert!(text.trim_end_matches('=').len() <= MAX_CONTACT_CODE_CHARS);
        let written = encode_contact_code(bytes);
        assert_eq!(decode_contact_code(&written).as_ref(), Some(bytes));
        // A code is read in no other way than it is written, but for its alphabet and its padding.
        let plain = text.replace('-', "+").replace('_', "/");
        assert_eq!(
            plain.trim_end_matches('='),
            written.trim_end_matches('='),
            "two codes are one bundle"
        );
        // What the bytes are is for the bundle's own parser.
        if let Ok(mut full) = inspect_bundle(bytes) {
            assert!(full.kem_pre_keys.len() <= MAX_KEM_PREKEYS_PER_BUNDLE);
            for key in full.kem_pre_keys.drain(..) {
                assert!(!key.valid || key.id.is_some());
            }
            let short = without_kem_prekeys(bytes).expect("it was read");
            let short = inspect_bundle(&short);
            assert_eq!(short, Ok(full), "another bundle without KEM prekeys");
        }
    }
    match BundleBytes::read(Value::from(text)) {
        Ok(parameter) => {
            let again = BundleBytes::read(parameter.write()).map(|again| again.0);
            assert_eq!(again.as_ref(), Ok(&parameter.0));
            if !one_word(text).starts_with("0x") {
                assert_eq!(Some(parameter.0), decoded);
            }
        }
        Err(error) => assert!(!error.hint.is_empty()),
    }
}
