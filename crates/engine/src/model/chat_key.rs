//! The key under which a store keeps the clock of a chat.

use std::fmt;

use crypto_core::keccak256;

/// A digest of the name that the frontend gives a chat.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatKey([u8; 32]);

impl ChatKey {
    /// Shared by all chats beyond [`MAX_CLOCKS`](crate::chat_clock::MAX_CLOCKS).
    pub(crate) const OTHERS: Self = Self([0; 32]);

    /// The key of the chat with this name.
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
    /// Hides the digest, from which the name of a chat could be guessed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatKey(..)")
    }
}
