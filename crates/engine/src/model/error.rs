//! Errors: one type for each operation.

use super::{GroupError, GroupKeyError, Trouble};

/// A store failed. The batch is rolled back.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum StoreError {
    /// The operating system refused it, for a reason that a user can do something about.
    #[error("the store could not be read or written: {}", .0.words())]
    Refused(Trouble),
    /// It failed for another reason.
    #[error("the store could not be read or written: {0}")]
    Io(String),
    /// The disk failed during a commit, and undoing it failed as well. If the process ends before
    /// the disk works again, the next one may find the batch committed; otherwise it is undone.
    #[error(
        "the store could not be written, and whether this was done shows when the disk works again: {0}"
    )]
    InDoubt(String),
    /// A record cannot be decoded.
    #[error("the store holds a record that cannot be read: {0}")]
    Corrupt(String),
    /// Another state was put in the place of the store while it was open, which may be an older
    /// one.
    #[error("another state of the store was put in its place")]
    RolledBack,
}

/// Sending failed. No ratchet was advanced, and nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The store failed; the call may be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The group cannot be written to.
    #[error(transparent)]
    Group(GroupError),
    /// The keys of the group do not allow it.
    #[error(transparent)]
    GroupKey(#[from] GroupKeyError),
    /// The payload is larger than one message may carry.
    #[error("the payload has {bytes} bytes; at most {limit} fit one message")]
    PayloadTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// An empty payload that would go by DH or in public, where it means an advertisement (protocol
    /// §6).
    #[error("an empty payload by DH or in public is an advertisement: nobody would be shown it")]
    EmptyPayload,
    /// More recipients than one call takes.
    #[error("{count} recipients; at most {limit} in one call")]
    TooManyRecipients {
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// The messages to all recipients together are larger than one call may make.
    #[error("the messages to all recipients have more than {limit} bytes together")]
    TooMuchAtOnce {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Every known device of a recipient would need a suite that the configuration forbids, or it
    /// would go by DH to a recipient with a post-quantum device (protocol §13).
    #[error("no suite that the configuration allows may be used to write this to {recipient}")]
    SuiteForbidden {
        /// The recipient, compressed, in hex.
        recipient: String,
    },
    /// The configuration lets only contacts that were accepted be written to.
    #[error("{recipient} is not an accepted contact")]
    ContactNotAccepted {
        /// The recipient, compressed, in hex.
        recipient: String,
    },
    /// Our own identity cannot be a contact.
    #[error("this is our own identity")]
    OwnIdentity,
    /// The request id was used with other input.
    #[error("the request id was used for another request")]
    RequestIdReused,
    /// A key of the store failed in use.
    #[error("a key failed in use: {0}")]
    Key(String),
}

impl From<GroupError> for SendError {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Store(error) => Self::Store(error),
            other => Self::Group(other),
        }
    }
}

/// Receiving failed. A message that cannot be read is an outcome, not an error.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The store failed; the call may be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes are not a wire message.
    #[error("the bytes are no wire message: {0}")]
    NotAMessage(String),
    /// A key of the store failed in use.
    #[error("a key failed in use: {0}")]
    Key(String),
}

impl From<WireError> for ReceiveError {
    fn from(error: WireError) -> Self {
        Self::NotAMessage(error.0)
    }
}

/// A device was not enabled, disabled or named.
#[derive(Debug, thiserror::Error)]
pub enum PairingError {
    /// The store or a key failed; the call may be repeated.
    #[error(transparent)]
    Send(#[from] SendError),
    /// No such device is known.
    #[error("no such device is known of this identity")]
    NotFound,
    /// The limit of enabled devices of our own is reached.
    #[error("{limit} devices of this identity are enabled, this one included")]
    Limit {
        /// The limit.
        limit: usize,
    },
    /// This device cannot disable itself.
    #[error("this is the device itself")]
    ThisDevice,
}

/// A bundle was not imported.
#[derive(Debug, thiserror::Error)]
pub enum BundleImportError {
    /// The store failed; the call may be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not a bundle, or not signed by the identity it names.
    #[error("{0}")]
    Invalid(String),
}

/// A device was not linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A device could not be enabled, or the store or a key failed.
    #[error(transparent)]
    Pairing(#[from] PairingError),
    /// The bundle that was given could not be imported.
    #[error(transparent)]
    Bundle(#[from] BundleImportError),
    /// The bundle that was given is of another identity, or does not list the device that gave it.
    #[error("the bundle is not that of the device that gave it")]
    OtherBundle,
    /// Our bundle leaves no room for anything else.
    #[error("the bundle is too large for the code: it lists many devices")]
    TooLarge,
}

/// The bytes are not of the wire format.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct WireError(pub String);
