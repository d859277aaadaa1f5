//! The Double Ratchet (protocol §5, spec 2.4.2), once for both curves.
//!
//! A ratchet is a value. Sealing consumes it and gives the next one. Opening borrows it and gives
//! the next one, so a message that does not open changes nothing.

pub(crate) mod chain;
mod curve;
mod session;
mod state;

use rand_core::CryptoRng;

use crate::{ids::AssociatedData, keys::KeyError, wiped::Wiped};

use self::{
    chain::{ChainKey, RootKey, Unsealed},
    curve::Curve,
};
pub use self::{
    chain::{MessageKey, SEAL_OVERHEAD_BYTES},
    curve::HeaderKey,
    session::{OwnPreKeys, SessionRatchet},
    state::StateError,
};

/// A DR header: the position of a message in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The sender's ratchet public key, which names the chain.
    pub key: HeaderKey,
    /// Number in the chain, from 0.
    pub n: u32,
    /// Length of the sender's chain before this one.
    pub pn: u32,
}

/// Limits on the work that one message may cause (protocol §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkipLimits {
    /// Most message keys that may be skipped in one chain.
    pub max_skip: u32,
    /// Most message keys that may be skipped for one message in both chains.
    pub max_steps: u32,
}

/// A sealed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its header.
    pub header: Header,
    /// `IV ‖ body ‖ MAC`.
    pub ciphertext: Vec<u8>,
    /// The same of what is said beside the message, if it was [sealed as a
    /// copy](SessionRatchet::seal_copy).
    pub copy_of: Option<Vec<u8>>,
}

/// An opened message, and what it changes.
#[derive(Debug)]
pub struct Opened<R> {
    /// The ratchet after it.
    pub ratchet: R,
    /// The plaintext.
    pub plaintext: Wiped<Vec<u8>>,
    /// The keys of the skipped messages, in order.
    pub skipped: Vec<SkippedKey>,
    /// The key of this message, to be kept until the caller confirms it.
    pub used: MessageKey,
}

/// The key of a message that was skipped.
#[derive(Debug)]
pub struct SkippedKey {
    /// Its chain.
    pub header_key: HeaderKey,
    /// Its number there.
    pub n: u32,
    /// The key.
    pub key: MessageKey,
}

/// Why a message cannot be sealed.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// The responder cannot send before it has received something.
    #[error("there is no sending chain before the first message in")]
    NoSendingChain,
    /// The chain has as many messages as can be numbered.
    #[error("the sending chain is exhausted")]
    ChainExhausted,
}

/// Why a message does not open. The ratchet is unchanged then.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    /// Too short, or the header key is of the other curve or no key at all.
    #[error("not a message of this session's form")]
    Malformed,
    /// Its number in the current chain was passed, and its key is not among the skipped ones.
    #[error("the key of this message was used or passed over")]
    KeyGone,
    /// Its number is further ahead than the limits allow.
    #[error("too many messages would be passed over")]
    TooManySkipped,
    /// Its `pn` is below the number of messages received of the old chain.
    #[error("the length given for the chain before is below what was received of it")]
    BadPreviousCount,
    /// The MAC does not hold.
    #[error("the message is not authentic")]
    Authentication,
    /// The chain has as many messages as can be numbered.
    #[error("the receiving chain is exhausted")]
    ChainExhausted,
}

impl From<Unsealed> for OpenError {
    fn from(unsealed: Unsealed) -> Self {
        match unsealed {
            Unsealed::TooShort => Self::Malformed,
            Unsealed::NotAuthentic => Self::Authentication,
        }
    }
}

/// One side of a session on curve `C`.
pub(crate) struct Ratchet<C: Curve> {
    root: RootKey,
    own: C::Pair,
    /// `None` at the responder before it has received a message.
    sending: Option<Chain>,
    receiving: Option<Receiving>,
    /// Length of our chain before the sending one.
    previous_count: u32,
}

/// A chain and the number of its next message.
struct Chain {
    /// The chain key of message `n`, or of the one after it if `ahead` holds the key of message
    /// `n`.
    key: ChainKey,
    n: u32,
    /// The key of message `n`, derived ahead of time so that the chain key before it is not kept.
    ahead: Option<MessageKey>,
}

/// The chain of the peer's current ratchet key.
struct Receiving {
    key: HeaderKey,
    chain: Chain,
}

impl<C: Curve> Ratchet<C> {
    /// The initiator's side: a fresh pair, and one root step with the responder's prekey.
    ///
    /// `receiving` is the chain that the responder may use before it has our public key, if the
    /// curve has one. Its first chain key is SK, which must not be kept (protocol §4), so its first
    /// step is taken here.
    fn initiate(
        root: &RootKey,
        prekey: &HeaderKey,
        receiving: Option<ChainKey>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, KeyError> {
        let own = C::generate(rng);
        let (root, key) = root.step(&C::agree(&own, prekey)?);
        Ok(Self {
            root,
            own,
            sending: Some(Chain::new(key)),
            receiving: receiving.map(|key| Receiving {
                key: *prekey,
                chain: Chain::new(key).one_ahead(),
            }),
            previous_count: 0,
        })
    }

    /// The responder's side: its prekey pair, and no chain yet.
    const fn respond(root: RootKey, prekey: C::Pair) -> Self {
        Self {
            root,
            own: prekey,
            sending: None,
            receiving: None,
            previous_count: 0,
        }
    }

    /// Encrypts the next message of the sending chain, and with the same key, if it is a copy, what
    /// is said beside it.
    fn seal(
        self,
        ad: &AssociatedData,
        plaintext: &[u8],
        copy_of: Option<&[u8]>,
    ) -> Result<(Self, Sealed), SealError> {
        let chain = self.sending.ok_or(SealError::NoSendingChain)?;
        let header = Header {
            key: C::public(&self.own),
            n: chain.n,
            pn: self.previous_count,
        };
        let (chain, message_key) = chain.step().ok_or(SealError::ChainExhausted)?;
        let (ciphertext, copy_of) = message_key.seal(&header, ad, plaintext, copy_of);
        let next = Self {
            sending: Some(chain),
            ..self
        };
        let sealed = Sealed {
            header,
            ciphertext,
            copy_of,
        };
        Ok((next, sealed))
    }

    /// Decrypts a message of the receiving chain, or of a new one that the peer has begun.
    fn open(
        &self,
        header: &Header,
        ad: &AssociatedData,
        ciphertext: &[u8],
        limits: &SkipLimits,
        rng: &mut dyn CryptoRng,
    ) -> Result<Opened<Self>, OpenError> {
        if header.key.curve() != C::CURVE || ciphertext.len() < SEAL_OVERHEAD_BYTES {
            return Err(OpenError::Malformed);
        }
        match &self.receiving {
            Some(current) if current.key == header.key => {
                self.open_on(current, header, ad, ciphertext, limits)
            }
            _ => self.open_on_new_chain(header, ad, ciphertext, limits, rng),
        }
    }

    fn open_on(
        &self,
        current: &Receiving,
        header: &Header,
        ad: &AssociatedData,
        ciphertext: &[u8],
        limits: &SkipLimits,
    ) -> Result<Opened<Self>, OpenError> {
        let skip = header
            .n
            .checked_sub(current.chain.n)
            .ok_or(OpenError::KeyGone)?;
        if skip > limits.max_skip.min(limits.max_steps) {
            return Err(OpenError::TooManySkipped);
        }
        let (skipped, used, chain) = current.chain.duplicate().run_to(&header.key, header.n)?;
        let plaintext = used.open(header, ad, ciphertext)?;
        let ratchet = Self {
            receiving: Some(Receiving {
                key: header.key,
                chain,
            }),
            ..self.duplicate()
        };
        Ok(Opened {
            ratchet,
            plaintext,
            skipped,
            used,
        })
    }

    fn open_on_new_chain(
        &self,
        header: &Header,
        ad: &AssociatedData,
        ciphertext: &[u8],
        limits: &SkipLimits,
        rng: &mut dyn CryptoRng,
    ) -> Result<Opened<Self>, OpenError> {
        let received = self.receiving.as_ref().map_or(0, |old| old.chain.n);
        let left_over = header
            .pn
            .checked_sub(received)
            .ok_or(OpenError::BadPreviousCount)?;
        if self.receiving.is_none() && left_over > 0 {
            return Err(OpenError::BadPreviousCount);
        }
        let steps = left_over.saturating_add(header.n);
        if left_over > limits.max_skip || header.n > limits.max_skip || steps > limits.max_steps {
            return Err(OpenError::TooManySkipped);
        }
        let dh = C::agree(&self.own, &header.key).map_err(|_| OpenError::Malformed)?;
        let (root, key) = self.root.step(&dh);
        let (mut passed, used, chain) = Chain::new(key).run_to(&header.key, header.n)?;
        let plaintext = used.open(header, ad, ciphertext)?;

        // The message is authentic: only now compute the rest of the old chain and make a new pair.
        let mut skipped = match &self.receiving {
            Some(old) => old.chain.duplicate().skip_to(&old.key, header.pn)?.0,
            None => Vec::new(),
        };
        skipped.append(&mut passed);
        let own = C::generate(rng);
        let dh = C::agree(&own, &header.key).map_err(|_| OpenError::Malformed)?;
        let (root, key) = root.step(&dh);
        let ratchet = Self {
            root,
            own,
            sending: Some(Chain::new(key)),
            receiving: Some(Receiving {
                key: header.key,
                chain,
            }),
            previous_count: self.sending.as_ref().map_or(0, |sending| sending.n),
        };
        Ok(Opened {
            ratchet,
            plaintext,
            skipped,
            used,
        })
    }
}

impl<C: Curve> Ratchet<C> {
    fn duplicate(&self) -> Self {
        Self {
            root: self.root.duplicate(),
            own: C::duplicate(&self.own),
            sending: self.sending.as_ref().map(Chain::duplicate),
            receiving: self.receiving.as_ref().map(|receiving| Receiving {
                key: receiving.key,
                chain: receiving.chain.duplicate(),
            }),
            previous_count: self.previous_count,
        }
    }

    /// Whether two states of one session differ only in their chains. A DH step makes a fresh pair,
    /// the peer's DH step or first message changes the header key, and the first message of a chain
    /// that begins with SK uses the key derived ahead.
    fn is_same_dh_step(&self, other: &Self) -> bool {
        let receiving_key = |ratchet: &Self| {
            let receiving = ratchet.receiving.as_ref();
            receiving.map(|receiving| (receiving.key, receiving.chain.ahead.is_some()))
        };
        C::public(&self.own) == C::public(&other.own)
            && receiving_key(self) == receiving_key(other)
            && self.sending.is_some() == other.sending.is_some()
            && self.previous_count == other.previous_count
    }
}

impl Chain {
    /// A chain that begins with this key.
    const fn new(key: ChainKey) -> Self {
        Self {
            key,
            n: 0,
            ahead: None,
        }
    }

    /// The chain with the key of its next message derived, and its chain key replaced.
    fn one_ahead(self) -> Self {
        let (key, ahead) = self.key.step();
        Self {
            key,
            ahead: Some(ahead),
            ..self
        }
    }

    /// The chain after its next message, and the key of that message; `None` if the number of the
    /// message after it would overflow.
    fn step(self) -> Option<(Self, MessageKey)> {
        let n = self.n.checked_add(1)?;
        let (key, message_key) = match self.ahead {
            Some(message_key) => (self.key, message_key),
            None => self.key.step(),
        };
        let next = Self {
            key,
            n,
            ahead: None,
        };
        Some((next, message_key))
    }

    /// Steps up to message `n`; gives the keys of the messages before it.
    fn skip_to(
        mut self,
        header_key: &HeaderKey,
        n: u32,
    ) -> Result<(Vec<SkippedKey>, Self), OpenError> {
        // In one allocation: a vector that grows leaves keys behind. The caller has limited the
        // number.
        let mut skipped = Vec::with_capacity(n.saturating_sub(self.n) as usize);
        while self.n < n {
            let passed = self.n;
            let (chain, key) = self.step().ok_or(OpenError::ChainExhausted)?;
            skipped.push(SkippedKey {
                header_key: *header_key,
                n: passed,
                key,
            });
            self = chain;
        }
        Ok((skipped, self))
    }

    /// Steps past message `n`; gives the keys of the messages before it, its own, and the chain.
    fn run_to(
        self,
        header_key: &HeaderKey,
        n: u32,
    ) -> Result<(Vec<SkippedKey>, MessageKey, Self), OpenError> {
        // Checked before the steps, of which there may be many.
        if n == u32::MAX {
            return Err(OpenError::ChainExhausted);
        }
        let (skipped, chain) = self.skip_to(header_key, n)?;
        let (chain, used) = chain.step().ok_or(OpenError::ChainExhausted)?;
        Ok((skipped, used, chain))
    }

    fn duplicate(&self) -> Self {
        Self {
            key: self.key.duplicate(),
            n: self.n,
            ahead: self.ahead.as_ref().map(MessageKey::duplicate),
        }
    }
}
