//! The methods: names, parameters, results. This file reads as the API reference.

mod account;
mod contact;
mod development;
mod device;
mod envelope;
mod event;
mod group;
mod identity;
mod link;
mod message;
mod system;
mod topic;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

pub use self::{
    account::{
        CreateParams, ExportParams, ImportAccountParams, ImportKeystoreParams, ListAccountsParams,
        RecoverParams, RemoveParams,
    },
    contact::{ContactParams, IntroduceParams, VerifyContactParams},
    development::{AdvanceTimeParams, ImportPreKeyParams},
    device::{ListParams, PairingParams, ResetParams, SetMetadataParams},
    envelope::{ClockNextParams, ClockObserveParams, OpenParams, SealParams},
    event::{EventListParams, SubscribeParams, UnsubscribeParams},
    group::{
        ApplyParams, CreateGroupKeyParams, CreateGroupParams, EditGroupParams, GroupMembersParams,
        GroupParams, ListGroupKeysParams, ShareGroupKeyParams, TrustParams,
    },
    identity::{ContactCodeQrParams, DescribeParams},
    link::{
        AcceptLinkParams, AnswerLinkParams, BeginLinkParams, ConfirmLinkParams, OfferLinkParams,
    },
    message::{
        AdvertiseParams, ConfirmParams, DecryptParams, EncryptGroupParams, EncryptParams,
        EncryptPublicParams, ExplainParams, ImportBundleParams, InspectBundleParams,
        InspectMessageParams,
    },
    system::{LogFilterParams, StatusParams},
    topic::{
        ListTopicsParams, NegotiatedTopicParams, ParseTopicParams, PublicTopicParams, TopicOfParams,
    },
};
use crate::{
    error::{ErrorKind, RpcError},
    params::{Fields, ParamInfo, Params, params},
    types::{
        AccountInfo, Act, AnsweredLink, Applied, BegunLink, BundleInfo, ChatClock, Clock,
        Confirmed, ConfirmedLink, ContactCodeDrawing, ContactInfo, ContactStepInfo, Decrypted,
        Encrypted, Envelopes, EventTicketInfo, Events, Explanation, ExportedAccount, Forgotten,
        Group, GroupKeyInfo, GroupSetters, Health, IdentityInfo, ImportedBundleInfo,
        ImportedPreKeyInfo, InspectedBundleInfo, InspectedMessageInfo, InstallationInfo,
        LinkedAccount, ListedGroup, ListenedTopics, LogFilterInfo, NewAccount, OfferedLink,
        OpenRpcDocument, OpenedEnvelope, ParsedTopic, Removed, SealedEnvelope, SessionInfo,
        SessionsReset, SharedGroupKey, Status, TopicInfo, Version,
    },
};

/// A method: its name and the types of both directions.
pub trait Method {
    /// As it is called.
    const NAME: &'static str;
    /// What it does, in a line.
    const SUMMARY: &'static str;
    /// What it takes.
    type Params: Params + Send + 'static;
    /// What it gives.
    type Output: Serialize + DeserializeOwned + JsonSchema + Clone + Send + 'static;
}

/// A method, for listings.
#[derive(Clone, Copy, Debug)]
pub struct MethodInfo {
    /// As it is called.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// What else there is to know of it.
    pub more: &'static str,
    /// What it takes, in the order of positions.
    pub params: &'static [ParamInfo],
    /// Makes the schema of what it gives.
    pub output: fn(&mut SchemaGenerator) -> Schema,
    /// How it can fail, besides what its parameters can be refused for and what every call can fail
    /// with.
    pub fails: &'static [&'static [ErrorKind]],
    /// It exists only with `--dev`.
    pub dev: bool,
    /// Reads parameters as a request carries them, and writes them as the client does.
    pub rewrite: fn(&str) -> Result<Map<String, Value>, RpcError>,
}

fn rewrite<P: Params>(params: &str) -> Result<Map<String, Value>, RpcError> {
    Fields::parse(Some(params), P::FIELDS)
        .and_then(P::read)
        .map(|params| params.write())
}

/// Defines the methods and their list.
macro_rules! methods {
    ($(
        #[doc = $summary:literal]
        $(#[doc = $more:literal])*
        $(@$dev:ident)? $method:ident = $name:literal ($params:ty) -> $output:ty $(, fails $($fails:ident)|+)?;
    )*) => {
        $(
            #[doc = $summary]
            $(#[doc = $more])*
            #[derive(Clone, Copy, Debug)]
            pub struct $method;

            impl Method for $method {
                const NAME: &'static str = $name;
                const SUMMARY: &'static str = $summary.trim_ascii();
                type Params = $params;
                type Output = $output;
            }
        )*

        /// Every method there is.
        pub const METHODS: &[MethodInfo] = &[
            $(MethodInfo {
                name: $name,
                summary: <$method as Method>::SUMMARY,
                more: concat!($($more),*).trim_ascii(),
                params: <$params as Params>::FIELDS,
                output: SchemaGenerator::subschema_for::<$output>,
                fails: &[$($($fails),+)?],
                dev: is_dev!($($dev)?),
                rewrite: rewrite::<$params>,
            },)*
        ];
    };
}

macro_rules! is_dev {
    () => {
        false
    };
    (dev) => {
        true
    };
}

params! {
    /// No parameters.
    NoParams {}

    /// An account alone.
    AccountOnly {
        account;
    }
}

/// A method that reads files of the daemon.
const READS: &[ErrorKind] = &[ErrorKind::StoreFailed];
/// A method that needs an account's store, which may have to be opened for it, or its key.
const OPENS: &[ErrorKind] = &[ErrorKind::Busy, ErrorKind::StoreFailed];
/// A method that changes an account's store.
const WRITES: &[ErrorKind] = &[
    ErrorKind::Busy,
    ErrorKind::StoreFailed,
    ErrorKind::StoreRolledBack,
];
/// A method that makes an account.
const MAKES: &[ErrorKind] = &[ErrorKind::AccountExists, ErrorKind::StoreFailed];
/// A method that takes a recovery phrase.
const PHRASE: &[ErrorKind] = &[ErrorKind::InvalidMnemonic];
/// A method that names an account, and does not leave it out.
const NAMED: &[ErrorKind] = &[ErrorKind::AccountNotFound];
/// A method that encrypts for devices.
const SENDS: &[ErrorKind] = &[ErrorKind::SuiteForbidden, ErrorKind::ContactNotAccepted];
/// A method with a request id.
const ONCE: &[ErrorKind] = &[ErrorKind::RequestIdReused];
/// A method about one device.
const DEVICE: &[ErrorKind] = &[ErrorKind::InstallationNotFound];
/// A method that enables devices.
const PAIRS: &[ErrorKind] = &[ErrorKind::InstallationLimit];
/// A step of a link.
const LINK: &[ErrorKind] = &[ErrorKind::LinkNotFound];
/// A step of a link at which it can fail for good.
const LINK_ENDS: &[ErrorKind] = &[ErrorKind::LinkFailed];
/// A method about one group.
const GROUP: &[ErrorKind] = &[ErrorKind::GroupNotFound];
/// A method that only some may do something with in a group, or within limits.
const ACTS: &[ErrorKind] = &[ErrorKind::GroupForbidden, ErrorKind::GroupLimit];
/// A method that encrypts under a group's key, or shares it.
const KEYS: &[ErrorKind] = &[ErrorKind::GroupKeyMissing, ErrorKind::GroupKeyDue];
/// A method that has limits of its own.
const LIMITED: &[ErrorKind] = &[ErrorKind::Busy];
/// A method of WebSockets alone.
const STREAMS: &[ErrorKind] = &[ErrorKind::InvalidRequest];

methods! {
    /// Makes an account with a new identity, and shows its recovery phrase this once.
    ///
    /// The account is the first device of the identity. The recovery phrase (BIP-39, English; the
    /// key at m/43'/60'/1581'/0'/0) is in the answer and kept nowhere else: write it down.
    AccountCreate = "account_create" (CreateParams) -> NewAccount, fails MAKES;
    /// Makes an account from a recovery phrase: a new device of that identity.
    ///
    /// No sessions come with it. Contacts write to it when they have its bundle, and devices of the
    /// same identity when they have enabled it.
    AccountRecover = "account_recover" (RecoverParams) -> AccountInfo, fails MAKES | PHRASE;
    /// Makes an account from a private key: a new device of that identity.
    ///
    /// The private key is that of the identity. No sessions come with it: contacts write to the new
    /// device when they have its bundle.
    AccountImport = "account_import" (ImportAccountParams) -> AccountInfo, fails MAKES;
    /// Lists the accounts.
    ///
    /// They are sorted by name. No secret of theirs is shown. A part that has fewer than `limit` is
    /// the last one; else ask for the part after the last name.
    AccountList = "account_list" (ListAccountsParams) -> Vec<AccountInfo>;
    /// Shows one account.
    ///
    /// Give its public key, in either form, to whoever is to write to it.
    AccountGet = "account_get" (AccountOnly) -> AccountInfo;
    /// Exports the identity key as a keystore file under a password. Nothing else of the account is in it.
    ///
    /// The file is Web3 Secret Storage, version 3, with scrypt, which takes 256 MiB of memory for
    /// about a second. The state of ratchets is never exported: a copy of it could use a key twice.
    AccountExport = "account_export" (ExportParams) -> ExportedAccount, fails OPENS;
    /// Makes an account from a keystore file: a new device of that identity.
    ///
    /// The file is Web3 Secret Storage, version 3, with scrypt or PBKDF2. No sessions come with it.
    /// A wrong password is `invalid_params` about `password`.
    AccountImportKeystore = "account_importKeystore" (ImportKeystoreParams) -> AccountInfo, fails MAKES;
    /// Erases an account and all its data.
    ///
    /// The public key must be the account's, so that none is erased by mistake. Calls that wait for
    /// the account are finished first; then its sessions, keys and events are gone for good.
    AccountRemove = "account_remove" (RemoveParams) -> Removed, fails NAMED | WRITES;

    /// Gives the bundle to publish; rotates the prekey first if that is due.
    ///
    /// Publish it where contacts look, or show `contactCode` to them: whoever has it can begin a
    /// session with forward secrecy. Every message carries it as well. With `contactCodeFull`, which
    /// is text alone and too long for a QR code, the first message is post-quantum, too; with
    /// `contactCode` the messages after the first answer are.
    BundleGet = "bundle_get" (AccountOnly) -> BundleInfo, fails WRITES;
    /// Imports a contact's bundle that came by another way than a message.
    ///
    /// The bundle must be signed by the identity that it names. Entries that are refused or skipped
    /// are told in `warnings`. `kem` says of each device whether what is written to it next can be
    /// post-quantum.
    BundleImport = "bundle_import" (ImportBundleParams) -> ImportedBundleInfo, fails WRITES;
    /// Shows what is in a bundle. No key is needed.
    ///
    /// Needs no account, and changes nothing.
    BundleInspect = "bundle_inspect" (InspectBundleParams) -> InspectedBundleInfo;

    /// Encrypts for every active device of the recipient and for our own other devices.
    ///
    /// Send every envelope of the result. If no device of the recipient is known, the message is
    /// encrypted by DH to the identity, without forward secrecy, and an empty payload is then
    /// refused: it would be an advertisement. `postQuantum` says whether every copy is. If no device
    /// of the recipient gets a copy, since KEM prekeys are missing and nothing may be written below,
    /// an advertisement that asks for them is in the place of the text; the same `requestId` sends
    /// the text once they are there. Else a retry with the same `requestId` within 24 hours gives
    /// the same bytes, and no ratchet moves. With `seal`, each envelope also comes sealed and
    /// signed, with the topic to send it by.
    MessageEncrypt = "message_encrypt" (EncryptParams) -> Encrypted, fails WRITES | SENDS | ONCE;
    /// Encrypts for every active device of all recipients, or of all members of a group, and for our own other devices: for all of them, or for none.
    ///
    /// Each of up to 1000 recipients has an envelope of its own, encrypted as `message_encrypt`
    /// does, in one transaction. A group that we have accepted is written to by its id, whatever
    /// the policy for contacts: everybody who is in it gets a copy, and nobody who is gone. With
    /// `mode: "key"` there is one envelope, encrypted once under the group's key: without forward
    /// secrecy, and without a proof of who wrote it unless it is sealed. A retry with the same
    /// `requestId` within 24 hours gives the same bytes, unless a recipient got no copy for want of
    /// a KEM prekey.
    MessageEncryptGroup = "message_encryptGroup" (EncryptGroupParams) -> Encrypted, fails WRITES | SENDS | ONCE | GROUP | ACTS | KEYS;
    /// Makes a public message, which is not encrypted.
    ///
    /// Everybody can read it, and nothing proves who wrote it. It carries our bundle, and cannot be
    /// empty.
    MessageEncryptPublic = "message_encryptPublic" (EncryptPublicParams) -> Envelopes, fails WRITES;
    /// Makes an empty message that brings our bundle to the recipient.
    ///
    /// Send it to let a contact begin sessions with all our devices. It has nothing to show to
    /// people.
    MessageAdvertise = "message_advertise" (AdvertiseParams) -> Envelopes, fails WRITES | SENDS;
    /// Reads a received wire message.
    ///
    /// Give `message` with the `sender` that the transport names, or `sealed`, an envelope whose
    /// signature names the sender. What became of the message is a result, not an error; if it was
    /// not read, the result has the reason and what to do. Send the `reply` if there is one. Until
    /// `message_confirm` the message can be read again, and is then marked as a duplicate.
    MessageDecrypt = "message_decrypt" (DecryptParams) -> Decrypted, fails WRITES;
    /// Erases the keys of messages whose text the caller has stored.
    ///
    /// Store the text first: afterwards nobody reads that message again. Ids that are not known, or
    /// confirmed already, are ignored.
    MessageConfirm = "message_confirm" (ConfirmParams) -> Confirmed, fails WRITES;
    /// Shows what is in a wire message. No key is needed.
    ///
    /// Needs no account, and changes nothing.
    MessageInspect = "message_inspect" (InspectMessageParams) -> InspectedMessageInfo;
    /// Says why a message opens or does not, what it needs, and what to do next. Changes nothing.
    ///
    /// The result says what the bytes are, which session and keys they need, and what is known of
    /// the sender's device.
    MessageExplain = "message_explain" (ExplainParams) -> Explanation, fails WRITES;

    /// Lists the devices of an identity, ours by default.
    ///
    /// Each comes with its state, with how the next message to it is encrypted, and with what the
    /// frontend noted about it.
    InstallationList = "installation_list" (ListParams) -> Vec<InstallationInfo>, fails OPENS;
    /// Enables a device: messages are encrypted for it from now on.
    ///
    /// A device of our own gets a copy of every message then, and our bundle lists it; enable it on
    /// every other device of ours, too. For a device of a contact this undoes
    /// `installation_disable`.
    InstallationEnable = "installation_enable" (PairingParams) -> InstallationInfo, fails WRITES | DEVICE | PAIRS;
    /// Disables a device: nothing is sent to it any more.
    ///
    /// Our bundle leaves out a device of our own, and our contacts and our other devices stop
    /// writing to it.
    InstallationDisable = "installation_disable" (PairingParams) -> InstallationInfo, fails WRITES | DEVICE;
    /// Notes a name, a type and a push address of a device.
    ///
    /// The notes stay in this daemon. A member that is left out becomes empty.
    InstallationSetMetadata = "installation_setMetadata" (SetMetadataParams) -> InstallationInfo, fails WRITES | DEVICE;
    /// Begins to make this daemon a further device of an identity: gives the code to show.
    ///
    /// Needs no account. Show the code on this device, as text and as a QR code; the old device
    /// reads it with `link_offer`. Nothing is written: after a minute without a next step the link
    /// is over.
    LinkBegin = "link_begin" (BeginLinkParams) -> BegunLink, fails LIMITED;
    /// Reads the code of a new device, and says what confirming it would do. Nothing is given yet.
    ///
    /// Say the `warning` and what the link is for, then show the challenge: the person types it
    /// into the new device, which shows six digits in turn. Give those to `link_confirm` as the
    /// person has typed them. Do not take them from anywhere else.
    LinkOffer = "link_offer" (OfferLinkParams) -> OfferedLink, fails OPENS | PAIRS | LIMITED;
    /// Answers the challenge of the old device on the new one.
    ///
    /// Show the response: the person types it into the old device.
    LinkAnswer = "link_answer" (AnswerLinkParams) -> AnsweredLink, fails LINK;
    /// Gives the new device the identity, the contacts and our bundle, and enables it.
    ///
    /// **Whoever opens the code of the result has the identity for good.** It opens on the device
    /// that showed the first code alone, and only if the person has typed what that device showed.
    /// With a wrong response nothing is given, and the link is over.
    LinkConfirm = "link_confirm" (ConfirmLinkParams) -> ConfirmedLink, fails NAMED | WRITES | PAIRS | LINK | LINK_ENDS;
    /// Makes an account from the second code: a new device of the identity, with its contacts.
    ///
    /// The device that gave the code is enabled, and has enabled this one. Send the `envelopes` to
    /// our own identity: with them it learns this device's prekey. No sessions come with the code:
    /// contacts write to the new device when they have its bundle. A code that is not for this link
    /// ends it.
    LinkAccept = "link_accept" (AcceptLinkParams) -> LinkedAccount, fails MAKES | LINK | LINK_ENDS;
    /// Lists the sessions with an identity, or with all.
    ///
    /// For diagnostics: they come with counters and times, and never with a secret.
    SessionList = "session_list" (ListParams) -> Vec<SessionInfo>, fails OPENS;
    /// Ends the sessions with an identity or one of its devices: the next message sets up a new one.
    ///
    /// For two devices that no longer understand each other. What was sent on the old sessions can
    /// still be read for a while. A device of status-go on whose present prekey a session was begun
    /// is written to by DH, without forward secrecy, until it has another one: it would not read a
    /// second session. That a device is post-quantum is forgotten, and its KEM prekey: so reset one
    /// that went back to a program without them.
    SessionReset = "session_reset" (ResetParams) -> SessionsReset, fails WRITES | DEVICE;

    /// Lists the contacts.
    ///
    /// A contact is an identity that asked, was asked, accepted, declined or verified.
    ContactList = "contact_list" (AccountOnly) -> Vec<ContactInfo>, fails OPENS;
    /// Shows the state of an identity as a contact, and the safety number.
    ///
    /// An identity that nothing was recorded of is in the state `none`. Both ends have the same
    /// safety number.
    ContactGet = "contact_get" (ContactParams) -> ContactInfo, fails OPENS;
    /// Asks an identity to become a contact, with an introduction.
    ///
    /// Send the envelopes of the result. If the identity has asked us already, this accepts it. As
    /// long as none of its devices is known, the introduction cannot be empty. If KEM prekeys are
    /// missing, an envelope without targets is in its place, as of `message_encrypt`: the same call
    /// again sends it once they are there.
    ContactRequest = "contact_request" (IntroduceParams) -> ContactStepInfo, fails WRITES | SENDS;
    /// Accepts an identity, with a message that gives both ends forward secrecy.
    ///
    /// Send the envelopes of the result: with them the other end learns of it. As long as none of
    /// its devices is known, the message cannot be empty. If KEM prekeys are missing, an envelope
    /// without targets is in its place, as of `message_encrypt`: the same call again sends it once
    /// they are there.
    ContactAccept = "contact_accept" (IntroduceParams) -> ContactStepInfo, fails WRITES | SENDS;
    /// Declines an identity, which is told nothing unless there is a text.
    ///
    /// A `payload` or `text`, even an empty one, is encrypted to it by DH, so that it is not taken
    /// for an acceptance. Without one there is at most the copy for our own other devices. Send the
    /// envelopes of the result. What the identity sends is not read any more, until
    /// `contact_accept` or `contact_request`.
    ContactDecline = "contact_decline" (IntroduceParams) -> ContactStepInfo, fails WRITES | SENDS;
    /// Notes whether the safety number was compared.
    ///
    /// Let both people compare the safety number first, by another way than this transport.
    ContactVerify = "contact_verify" (VerifyContactParams) -> ContactInfo, fails WRITES;

    /// Creates a group, and invites its members.
    ///
    /// This account is its first admin. Send the `update` to the `recipients`, in a message of
    /// your own, with `message_encryptGroup`.
    GroupCreate = "group_create" (CreateGroupParams) -> Act, fails WRITES | ACTS | ONCE;
    /// Invites identities to a group.
    ///
    /// An admin may; in an open group everybody in it. Who is in the group is passed over. Send the
    /// `update` to the `recipients`.
    GroupInvite = "group_invite" (GroupMembersParams) -> Act, fails WRITES | GROUP | ACTS;
    /// Removes identities from a group.
    ///
    /// An admin may, and no other admin can be removed. Send the `update` to the `recipients`, who
    /// include those that are removed. What is written to the group from now on is not encrypted
    /// for them; a group key that they have needs another in its place (`groupKey_create`).
    GroupRemove = "group_remove" (GroupMembersParams) -> Act, fails WRITES | GROUP | ACTS;
    /// Makes members of a group its admins.
    ///
    /// An admin may. Nobody but the new admins themselves can undo it. Send the `update` to the
    /// `recipients`.
    GroupPromote = "group_promote" (GroupMembersParams) -> Act, fails WRITES | GROUP | ACTS;
    /// Accepts the invitation to a group.
    ///
    /// From then on the group can be written to. Send the `update` to the `recipients`.
    GroupAccept = "group_accept" (GroupParams) -> Act, fails WRITES | GROUP | ACTS;
    /// Leaves a group, or declines the invitation to it.
    ///
    /// Send the `update` to the `recipients`. The group stays in the list until `group_forget`.
    GroupLeave = "group_leave" (GroupParams) -> Act, fails WRITES | GROUP | ACTS;
    /// Changes the name, the colour or the image of a group.
    ///
    /// An admin may; in an open group everybody in it. Give at least one of the three. Send the
    /// `update` to the `recipients`.
    GroupEdit = "group_edit" (EditGroupParams) -> Act, fails WRITES | GROUP | ACTS;
    /// Takes up an update of a group that a message brought.
    ///
    /// What became of it is a result, not an error. Updates may come in any order and any number of
    /// times: who has the same ones has the same group, and the same `digest` of it. An event
    /// without the signature of somebody who was entitled to it has no effect.
    GroupApply = "group_apply" (ApplyParams) -> Applied, fails WRITES;
    /// Lists the groups: those that this account is in, is invited to, or is gone from.
    ///
    /// They come without their members and images, which `group_get` gives.
    GroupList = "group_list" (AccountOnly) -> Vec<ListedGroup>, fails OPENS;
    /// Shows a group, with its image, and with its whole log as an update.
    ///
    /// Send the `update` to a member whose `digest` is another one.
    GroupGet = "group_get" (GroupParams) -> Group, fails OPENS | GROUP;
    /// Erases the log and the keys of a group from this account. Nobody is told.
    ///
    /// It has to be a group that this account has not accepted, has left, or was removed from. The
    /// group comes back with an update in which this account was invited later.
    GroupForget = "group_forget" (GroupParams) -> Forgotten, fails WRITES | GROUP | ACTS;

    /// Makes a new key of a group, and encrypts it for everybody in the group and for our own devices.
    ///
    /// Send every envelope of the result. It is the current key from then on: what is written under
    /// it can be read by all who get it, and not by those who are gone. An admin may make one; of a
    /// group without a log, whoever is named as one who may (`groupKey_trust`).
    GroupKeyCreate = "groupKey_create" (CreateGroupKeyParams) -> SharedGroupKey, fails WRITES | SENDS | ONCE | GROUP | ACTS;
    /// Encrypts the current key of a group for some of its members, or for our own devices.
    ///
    /// For those who lack it, such as who was invited later. With it they can read all that was and
    /// will be written under it; to keep that from them, make a new key.
    GroupKeyShare = "groupKey_share" (ShareGroupKeyParams) -> SharedGroupKey, fails WRITES | SENDS | GROUP | ACTS | KEYS;
    /// Lists the keys of a group, or of all, and says which should be replaced. No secret is shown.
    ///
    /// Make a new key when the current one is due: at `removal` and `spent` nothing is encrypted
    /// under it any more.
    GroupKeyList = "groupKey_list" (ListGroupKeysParams) -> Vec<GroupKeyInfo>, fails OPENS | GROUP;
    /// Names those who may set the keys of a group without a log, such as a community.
    ///
    /// It is the whole list, in place of the one before; with an empty one the group and its keys
    /// are forgotten. Keys from our own identity are always taken.
    GroupKeyTrust = "groupKey_trust" (TrustParams) -> GroupSetters, fails WRITES | ACTS;

    /// Draws the contact code as a QR code, for another device to read from paper or a screen.
    ///
    /// The QR code holds the `contactCode` of `bundle_get`. Each enabled device makes it longer,
    /// and the drawing finer: with very many it fits no QR code, which is `installation_limit`.
    ContactCodeQr = "contact_code_qr" (ContactCodeQrParams) -> ContactCodeDrawing, fails WRITES | PAIRS;

    /// Shows an identity in the forms by which people and programs recognise it; with an account, the safety number too.
    ///
    /// Needs no account, and changes nothing. Pictures and colours can be imitated: what people
    /// compare is the safety number.
    IdentityDescribe = "identity_describe" (DescribeParams) -> IdentityInfo;

    /// Seals a content in an envelope for a relay, signed by the account's identity.
    ///
    /// It is sealed to an identity (`recipient`), or with a key (`symKey`, or a `password` that
    /// stands for one): give exactly one of them. The envelope does not say whom it is for: whoever
    /// can open it can pass the content on, under the signer's name. For messages,
    /// `message_encrypt` with `seal` does all of this.
    EnvelopeSeal = "envelope_seal" (SealParams) -> SealedEnvelope, fails OPENS;
    /// Opens an envelope from a relay, and says who signed it.
    ///
    /// It is opened with the account's identity, or with the key that is given. That it does not
    /// open is a result, not an error: listeners see strangers' envelopes all day. Give an envelope
    /// with a message of ratchetd to `message_decrypt` as it is.
    EnvelopeOpen = "envelope_open" (OpenParams) -> OpenedEnvelope, fails OPENS;

    /// Lists every topic that an account has to listen to, with the keys.
    ///
    /// Its own, and one with everybody who may write to it by a topic that the two alone can tell,
    /// from before the first message that could be answered there. `topic.changed` tells of each
    /// that is added, or taken away with a contact that is declined. Give the `symKey` of the topic
    /// that an envelope came by to `message_decrypt`.
    TopicList = "topic_list" (ListTopicsParams) -> ListenedTopics, fails WRITES;
    /// Gives the topic where an identity publishes its contact code, and the key of that topic.
    ///
    /// Topic and key follow from the identity: whoever knows it can listen there and read.
    TopicContactCode = "topic_contactCode" (TopicOfParams) -> TopicInfo;
    /// Gives the topic where an identity is written to before a negotiated topic is agreed upon.
    ///
    /// There are 5000 such topics, which all identities share. Envelopes there are sealed to their
    /// recipient: there is no `symKey`.
    TopicPartitioned = "topic_partitioned" (TopicOfParams) -> TopicInfo;
    /// Gives the topic that belongs to one identity alone.
    ///
    /// status-go sends there what an identity tells itself, such as backups, and what it tells
    /// servers, such as those of push notifications. Envelopes there are sealed to their recipient:
    /// there is no `symKey`. Whoever knows the identity sees when something is sent, so ratchetd
    /// sends nothing there.
    TopicPersonal = "topic_personal" (TopicOfParams) -> TopicInfo;
    /// Gives the topic where this account and an identity write to each other, and the key of that topic.
    ///
    /// Both ends have the same topic and key, and nobody else can work them out: they are secrets.
    /// `topic_list` says with whom to listen there.
    TopicNegotiated = "topic_negotiated" (NegotiatedTopicParams) -> TopicInfo, fails OPENS;
    /// Gives the topic of a public chat, and the key of that topic.
    ///
    /// Whoever knows the name of the chat can read and write there.
    TopicPublic = "topic_public" (PublicTopicParams) -> TopicInfo;
    /// Reads the topic out of a content topic.
    ///
    /// A content topic is `/waku/1/0x`, eight hex digits and `/rfc26`; anything else is refused.
    TopicParse = "topic_parse" (ParseTopicParams) -> ParsedTopic;

    /// Gives the clock and the time for a message that is about to be sent in a chat.
    ///
    /// It is a Lamport clock: the present time in milliseconds, or one more than the highest clock
    /// that was sent or seen in the chat, but at most 120 seconds above the present time. Below
    /// that bound no clock is given twice.
    ClockNext = "clock_next" (ClockNextParams) -> ChatClock, fails WRITES;
    /// Takes note of the clock of a message that was received in a chat.
    ///
    /// A clock is refused if it is 0 or more than 120 seconds above the time of its envelope, or if
    /// that time is more than a day ahead of this machine, so that nobody can push a chat's clock
    /// away. Do not show such a message.
    ClockObserve = "clock_observe" (ClockObserveParams) -> ChatClock, fails WRITES;

    /// Lists the events after a given one, and waits for one if asked to.
    ///
    /// For a long poll, give `next` as `after` of the next call. `lagged` says that some events are
    /// no longer there.
    EventList = "event_list" (EventListParams) -> Events, fails READS;
    /// Gives a ticket that opens one stream of events in place of the token.
    ///
    /// For `GET /events?ticket=` over TCP, from an `EventSource` of a page, which cannot send the
    /// token. It is used up by the first request that shows it, and is over soon. A browser that
    /// comes back by itself shows it again, and is refused: take another, and go on with `after`.
    EventTicket = "event_ticket" (NoParams) -> EventTicketInfo, fails LIMITED;
    /// Subscribes to events over a WebSocket: each comes in a notification. The answer is the name of the subscription.
    ///
    /// A notification has the method `event_notification`, and as parameters the name of the
    /// subscription and the event. Without a WebSocket there are `event_list` and `GET /events`.
    EventSubscribe = "event_subscribe" (SubscribeParams) -> String, fails LIMITED | STREAMS;
    /// Ends a subscription of this WebSocket; false if there is none of this name.
    ///
    /// When a WebSocket closes, all its subscriptions end.
    EventUnsubscribe = "event_unsubscribe" (UnsubscribeParams) -> bool, fails STREAMS;

    /// Says whether the daemon works.
    ///
    /// To find out, a message between two scratch devices is encrypted, stored and read, as for
    /// `GET /readyz`.
    SystemHealth = "system_health" (NoParams) -> Health;
    /// Says which program in which version is running.
    ///
    /// The git revision is for bug reports.
    SystemVersion = "system_version" (NoParams) -> Version;
    /// Says how the daemon and its accounts are doing.
    ///
    /// Of the accounts there are counts over all of them, those that somebody should look at, and
    /// the one that is asked for.
    SystemStatus = "system_status" (StatusParams) -> Status, fails READS;

    /// Changes what the daemon logs, until its next start or SIGHUP.
    ///
    /// For looking at something while it happens. What may never be logged, such as keys and texts,
    /// is not, whatever the filter says.
    SystemSetLogFilter = "system_setLogFilter" (LogFilterParams) -> LogFilterInfo;
    /// Gives this interface as an OpenRPC document.
    ///
    /// It is what `ratchetd openrpc` prints, for the methods that this daemon has.
    RpcDiscover = "rpc.discover" (NoParams) -> OpenRpcDocument;

    /// Reads the development clock.
    ///
    /// It is ahead of the system's clock by as much as it was moved.
    @dev DevNow = "dev_now" (NoParams) -> Clock;
    /// Moves the development clock forward, and runs what falls due on the way.
    ///
    /// Timers fall due in their order, each at its own time.
    @dev DevAdvanceTime = "dev_advanceTime" (AdvanceTimeParams) -> Clock, fails WRITES;
    /// Sets a known prekey, for conformance runs.
    ///
    /// It becomes the present prekey of the account: what was recorded with it can be opened.
    @dev DevImportPrekey = "dev_importPrekey" (ImportPreKeyParams) -> ImportedPreKeyInfo, fails WRITES;
}

#[cfg(test)]
mod tests {
    use crypto_core::link::{FirstCode, SecondCode};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;

    /// A value that the method's parameter of this name takes, as the client writes it.
    fn good(method: &MethodInfo, name: &str) -> Value {
        let key = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        let secret = format!("0x{}", "17".repeat(32));
        match name {
            "account" => json!("alice"),
            "after" if method.name == "account_list" => json!("alice"),
            "installationId" => json!("x1-phone"),
            "words" => json!(24),
            "mnemonic" | "mnemonicPassphrase" => json!("legal winner thank year"),
            "publicKey" | "recipient" | "sender" | "identity" | "afterPeer" => json!(key),
            "password" => json!("correct horse"),
            "keystore" => {
                let vectors = include_str!("../../../../tests/vectors/trust-keystore.json");
                let vectors: Value = serde_json::from_str(vectors).unwrap();
                json!(vectors["good"][0]["keystore"].to_string())
            }
            "privateKey" | "signedPreKeyPrivate" | "ratchetPreKeyPrivate" => json!(secret),
            "kemSeed" | "kemBeforeSeed" => json!(format!("0x{}", "17".repeat(64))),
            "bundle" | "payload" | "message" | "update" | "group" | "image" => json!("0x0a21"),
            "color" => json!("#8a5cf5"),
            "mode" => json!("key"),
            "text" => json!("hello"),
            "requestId" | "subscription" => json!("r-1"),
            "seal" => json!(true),
            "sealed" | "envelope" | "padding" => json!("0x04"),
            "symKey" => json!(secret),
            "sign" => json!(false),
            "chat" => json!("c"),
            "clock" | "envelopeAt" => json!(7),
            "name" => json!("status"),
            "contentTopic" => json!("/waku/1/0xcd423760/rfc26"),
            "format" => json!("svg"),
            "link" => json!("1f"),
            "code" if method.name == "link_accept" => json!(second_code()),
            "code" => json!(first_code()),
            "challenge" | "response" => json!("012345"),
            "names" => json!([{"identity": key, "name": "Bob"}]),
            "filter" => json!("daemon=debug"),
            "confirm" | "verified" | "current" | "open" | "joinedOnly" => json!(true),
            "messageIds" => json!([secret]),
            "recipients" | "members" | "setters" => json!([key]),
            "metadata" => json!({"name": "Phone", "deviceType": "phone", "pushToken": ""}),
            "ms" | "version" | "createdAt" | "after" | "limit" | "waitMs" => json!(7),
            "kemVersion" | "kemBeforeVersion" => json!(7),
            other => panic!("no value for {other}"),
        }
    }

    /// The key of X25519 that is 9.
    fn nine() -> [u8; 32] {
        let mut nine = [0; 32];
        nine[0] = 9;
        nine
    }

    fn first_code() -> String {
        let id = [0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0];
        let bytes = [&[2], &nine()[..], &id].concat();
        engine::wire::encode_first_code(&FirstCode::from_bytes(&bytes).unwrap())
    }

    fn second_code() -> String {
        let bytes = [&[2], &nine()[..], &[7; 48]].concat();
        engine::wire::encode_second_code(&SecondCode::from_bytes(&bytes).unwrap())
    }

    #[test]
    fn the_methods_are_those_of_the_interface() {
        let rows: Vec<(String, String)> = METHODS
            .iter()
            .map(|method| {
                let params: Vec<String> = method
                    .params
                    .iter()
                    .map(|info| format!("{}{}", info.name, if info.required { "" } else { "?" }))
                    .collect();
                (method.name.to_owned(), params.join(", "))
            })
            .collect();
        let expected = [
            ("account_create", "account, installationId?, words?"),
            (
                "account_recover",
                "account, mnemonic, mnemonicPassphrase?, installationId?",
            ),
            ("account_import", "account, privateKey, installationId?"),
            ("account_list", "limit?, after?"),
            ("account_get", "account?"),
            ("account_export", "account?, password"),
            (
                "account_importKeystore",
                "account, keystore, password, installationId?",
            ),
            ("account_remove", "account, publicKey"),
            ("bundle_get", "account?"),
            ("bundle_import", "account?, bundle"),
            ("bundle_inspect", "bundle"),
            (
                "message_encrypt",
                "account?, recipient, payload?, text?, requestId?, seal?",
            ),
            (
                "message_encryptGroup",
                "account?, recipients?, payload?, text?, requestId?, seal?, group?, joinedOnly?, mode?",
            ),
            ("message_encryptPublic", "account?, payload?, text?"),
            ("message_advertise", "account?, recipient, seal?"),
            (
                "message_decrypt",
                "account?, sender?, message?, confirm?, sealed?, symKey?",
            ),
            ("message_confirm", "account?, messageIds"),
            ("message_inspect", "message"),
            ("message_explain", "account?, sender, message"),
            ("installation_list", "account?, identity?"),
            ("installation_enable", "account?, installationId, identity?"),
            (
                "installation_disable",
                "account?, installationId, identity?",
            ),
            (
                "installation_setMetadata",
                "account?, installationId, metadata, identity?",
            ),
            ("link_begin", "format?"),
            ("link_offer", "account?, code"),
            ("link_answer", "link, challenge"),
            ("link_confirm", "link, response, format?, names?"),
            ("link_accept", "link, account, code, seal?"),
            ("session_list", "account?, identity?"),
            ("session_reset", "account?, identity, installationId?"),
            ("contact_list", "account?"),
            ("contact_get", "account?, identity"),
            (
                "contact_request",
                "account?, identity, payload?, text?, seal?",
            ),
            (
                "contact_accept",
                "account?, identity, payload?, text?, seal?",
            ),
            (
                "contact_decline",
                "account?, identity, payload?, text?, seal?",
            ),
            ("contact_verify", "account?, identity, verified"),
            (
                "group_create",
                "account?, name, members?, color?, open?, requestId?",
            ),
            ("group_invite", "account?, group, members"),
            ("group_remove", "account?, group, members"),
            ("group_promote", "account?, group, members"),
            ("group_accept", "account?, group"),
            ("group_leave", "account?, group"),
            ("group_edit", "account?, group, name?, color?, image?"),
            ("group_apply", "account?, update, sender?"),
            ("group_list", "account?"),
            ("group_get", "account?, group"),
            ("group_forget", "account?, group"),
            (
                "groupKey_create",
                "account?, group, recipients?, seal?, requestId?",
            ),
            ("groupKey_share", "account?, group, recipients?, seal?"),
            ("groupKey_list", "account?, group?"),
            ("groupKey_trust", "account?, group, setters"),
            ("contact_code_qr", "account?, format"),
            ("identity_describe", "identity, account?"),
            (
                "envelope_seal",
                "account?, payload?, text?, recipient?, symKey?, password?, sign?, padding?",
            ),
            ("envelope_open", "account?, envelope, symKey?, password?"),
            ("topic_list", "account?, afterPeer?, limit?"),
            ("topic_contactCode", "identity"),
            ("topic_partitioned", "identity"),
            ("topic_personal", "identity"),
            ("topic_negotiated", "account?, identity"),
            ("topic_public", "name"),
            ("topic_parse", "contentTopic"),
            ("clock_next", "account?, chat"),
            ("clock_observe", "account?, chat, clock, envelopeAt"),
            ("event_list", "account?, after?, limit?, waitMs?"),
            ("event_ticket", ""),
            ("event_subscribe", "account?, after?"),
            ("event_unsubscribe", "subscription"),
            ("system_health", ""),
            ("system_version", ""),
            ("system_status", "account?"),
            ("system_setLogFilter", "filter"),
            ("rpc.discover", ""),
            ("dev_now", ""),
            ("dev_advanceTime", "ms"),
            (
                "dev_importPrekey",
                "account?, signedPreKeyPrivate, ratchetPreKeyPrivate?, version?, current?, createdAt?, kemSeed?, kemVersion?, kemBeforeSeed?, kemBeforeVersion?",
            ),
        ];
        let expected = expected.map(|(name, params)| (name.to_owned(), params.to_owned()));
        assert_eq!(rows, expected);
    }

    #[test]
    fn every_method_says_what_it_does_and_takes() {
        for method in METHODS {
            assert!(method.summary.ends_with('.'), "{}", method.name);
            assert_eq!(
                method.dev,
                method.name.starts_with("dev_"),
                "{}",
                method.name
            );
            for info in method.params {
                assert!(!info.takes.is_empty(), "{} {}", method.name, info.name);
            }
        }
    }

    #[test]
    fn by_position_says_what_by_name_says() {
        for method in METHODS {
            let names = method.params.iter().map(|info| info.name);
            let by_name: Map<String, Value> = names
                .clone()
                .map(|name| (name.to_owned(), good(method, name)))
                .collect();
            let by_position: Vec<Value> = names.map(|name| good(method, name)).collect();
            assert_eq!(
                (method.rewrite)(&json!(by_name).to_string()).unwrap(),
                by_name,
                "{}",
                method.name
            );
            assert_eq!(
                (method.rewrite)(&json!(by_position).to_string()).unwrap(),
                by_name,
                "{}",
                method.name
            );
        }
    }

    #[test]
    fn each_required_parameter_is_missed_by_its_name() {
        for method in METHODS {
            for missing in method.params {
                let others = method
                    .params
                    .iter()
                    .filter(|info| info.name != missing.name);
                let params: Map<String, Value> = others
                    .map(|info| (info.name.to_owned(), good(method, info.name)))
                    .collect();
                let read = (method.rewrite)(&Value::Object(params).to_string());
                if missing.required {
                    let error = read.unwrap_err();
                    assert_eq!(error.kind, ErrorKind::InvalidParams, "{}", method.name);
                    assert_eq!(
                        error.field.as_deref(),
                        Some(missing.name),
                        "{}",
                        method.name
                    );
                } else {
                    assert!(!read.unwrap().contains_key(missing.name), "{}", method.name);
                }
            }
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,16}".prop_map(Value::from),
            "0x[0-9a-fA-F]{0,140}".prop_map(Value::from),
            "(0x0[234]|zQ3sh)[0-9a-f]{60,130}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,8}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// What one parameter of a request may be.
    #[derive(Clone, Debug)]
    enum Given {
        Absent,
        Good,
        Other(Value),
    }

    fn given() -> impl Strategy<Value = Given> {
        prop_oneof![
            1 => Just(Given::Absent),
            4 => Just(Given::Good),
            2 => any_json().prop_map(Given::Other),
        ]
    }

    proptest! {
        #[test]
        fn no_json_panics_and_every_refusal_helps(params in any_json()) {
            let text = params.to_string();
            for method in METHODS {
                if let Err(error) = (method.rewrite)(&text) {
                    prop_assert_eq!(error.kind.code(), -32602, "{}", method.name);
                    prop_assert!(!error.hint.is_empty() && !error.message.is_empty());
                    // By name, there is always one to blame.
                    prop_assert!(!params.is_object() || error.field.is_some(), "{}", text);
                }
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,64}") {
            for method in METHODS {
                let _ = (method.rewrite)(&text);
            }
        }

        #[test]
        fn only_what_is_wrong_is_blamed(
            index in 0..METHODS.len(),
            given in prop::collection::vec(given(), 5),
        ) {
            let method = &METHODS[index];
            let mut params = Map::new();
            let mut blame = Vec::new();
            for (info, given) in method.params.iter().zip(given) {
                match given {
                    Given::Good => {
                        params.insert(info.name.to_owned(), good(method, info.name));
                    }
                    Given::Other(value) => {
                        blame.push(info.name);
                        params.insert(info.name.to_owned(), value);
                    }
                    Given::Absent if info.required => blame.push(info.name),
                    Given::Absent => {}
                }
            }
            match (METHODS[index].rewrite)(&Value::Object(params).to_string()) {
                // What the client writes is read as the same again.
                Ok(written) => {
                    let again = (METHODS[index].rewrite)(&json!(written).to_string());
                    prop_assert_eq!(again.unwrap(), written);
                }
                Err(error) => {
                    // Of a parameter that is an object or an array, the place in it is named.
                    let field = error.field.unwrap();
                    let parameter = field.split(['.', '[']).next().unwrap();
                    prop_assert!(blame.contains(&parameter), "{} of {:?}", field, blame);
                }
            }
        }
    }
}
