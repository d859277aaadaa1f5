//! Names of chats, as a store keeps them.

use std::fmt;

use crypto_core::keccak256;

/// A chat, named by a digest of what the frontend calls it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatKey([u8; 32]);

impl ChatKey {
    /// All chats beyond [`MAX_CLOCKS`].
    pub(crate) const OTHERS: Self = Self([0; 32]);

    /// The chat of this name.
    #[must_use]
    pub fn of(chat: &str) -> Self {
        Self(keccak256(&[b"ratchetd/chat/1", chat.as_bytes()]))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ChatKey {
    /// A name of a chat can be guessed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatKey(..)")
    }
}
