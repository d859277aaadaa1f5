"""What the interface of the daemon takes and gives: types, errors and methods.

Made by scripts/generate.py from the OpenRPC document of the daemon. Do not edit.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, overload

from .errors import RatchetdError

if sys.version_info >= (3, 11):
    from typing import NotRequired, TypedDict
else:
    from typing_extensions import NotRequired, TypedDict


__all__ = [
    "AcceptedContact",
    "AccountAmbiguousError",
    "AccountExistsError",
    "AccountInfo",
    "AccountNotFoundError",
    "AccountStatus",
    "AccountTotals",
    "Act",
    "AddedGroupKey",
    "Addressed",
    "AnsweredLink",
    "Applied",
    "AppliedChanged",
    "AppliedCreated",
    "AppliedRefused",
    "AppliedUnchanged",
    "BegunLink",
    "BundleInfo",
    "BundleRotated",
    "BusyError",
    "Bytes",
    "ChangedGroup",
    "ChangedTopic",
    "ChatClock",
    "Confirmed",
    "ConfirmedLink",
    "ContactCodeDrawing",
    "ContactInfo",
    "ContactMark",
    "ContactNotAcceptedError",
    "ContactPolicy",
    "ContactState",
    "ContactStepInfo",
    "CopyOfInfo",
    "Decrypted",
    "DecryptedBundle",
    "DecryptedContact",
    "DecryptedDecrypted",
    "DecryptedGroupKey",
    "DecryptedNotTargeted",
    "DecryptedOwn",
    "DecryptedPublic",
    "DecryptedUndecryptable",
    "DecryptedUnopened",
    "DeviceVersion",
    "DhHeaderInfo",
    "DiscoveredDevice",
    "DrHeaderInfo",
    "DroppedKey",
    "DueGroupKey",
    "ERRORS",
    "Encrypted",
    "EnvelopeInfo",
    "EnvelopeKind",
    "EnvelopeOutcome",
    "EnvelopeReason",
    "Envelopes",
    "ErrorData",
    "ErrorKind",
    "EventDevice",
    "EventInfo",
    "EventInfoBundleRotated",
    "EventInfoContactAccepted",
    "EventInfoContactRequested",
    "EventInfoGroupChanged",
    "EventInfoGroupInvited",
    "EventInfoGroupKeyAdded",
    "EventInfoGroupKeyDue",
    "EventInfoInstallationActive",
    "EventInfoInstallationDisabled",
    "EventInfoInstallationDiscovered",
    "EventInfoInstallationEnabled",
    "EventInfoInstallationKemPrekey",
    "EventInfoInstallationPostQuantum",
    "EventInfoInstallationStale",
    "EventInfoInstallationVersionWentBack",
    "EventInfoLagged",
    "EventInfoMessageKeyDropped",
    "EventInfoMessageUndecryptable",
    "EventInfoSessionErased",
    "EventInfoSessionEstablished",
    "EventInfoSessionExpired",
    "EventInfoSessionReactivated",
    "EventInfoSessionSuperseded",
    "EventInfoStoreRolledBack",
    "EventInfoTopicChanged",
    "EventSession",
    "EventTicketInfo",
    "Events",
    "Explanation",
    "ExportedAccount",
    "Forgotten",
    "GoneMember",
    "Group",
    "GroupChange",
    "GroupChangeKind",
    "GroupForbiddenError",
    "GroupInvitation",
    "GroupKeyDue",
    "GroupKeyDueError",
    "GroupKeyInfo",
    "GroupKeyMissingError",
    "GroupKeyRefused",
    "GroupKeyState",
    "GroupLimitError",
    "GroupMember",
    "GroupNotFoundError",
    "GroupOutcome",
    "GroupRefusal",
    "GroupRules",
    "GroupSetters",
    "GroupStanding",
    "Health",
    "HealthStatus",
    "HrHeaderInfo",
    "IdenticonInfo",
    "IdentityInfo",
    "IgnoredEvents",
    "IgnoredReason",
    "ImportedBundleInfo",
    "ImportedInstallation",
    "InspectedBundleEntry",
    "InspectedBundleInfo",
    "InspectedKemPreKeyInfo",
    "InspectedMessageInfo",
    "InspectedTargetInfo",
    "InstallationInfo",
    "InstallationLimitError",
    "InstallationNotFoundError",
    "InstallationState",
    "InternalError",
    "InvalidBundleError",
    "InvalidKeyError",
    "InvalidMessageError",
    "InvalidMnemonicError",
    "InvalidParamsError",
    "InvalidRequestError",
    "KemPreKeyState",
    "KemState",
    "KeyDropped",
    "Lagged",
    "LinkFailedError",
    "LinkNotFoundError",
    "LinkedAccount",
    "LinkedContactInfo",
    "ListedGroup",
    "ListenedTopic",
    "ListenedTopics",
    "LogFilterInfo",
    "MemoryProtection",
    "MessageKeyState",
    "MetadataInfo",
    "MetadataOfInstallationSetMetadata",
    "MethodNotFoundError",
    "Mode",
    "NamedKemPreKeyInfo",
    "NamedPreKeyInfo",
    "NamesOfLinkConfirmItem",
    "NewAccount",
    "NextAction",
    "NextStep",
    "NotPostQuantum",
    "OfferedLink",
    "OpenedEnvelope",
    "OpenedEnvelopeOpened",
    "OpenedEnvelopeUnopened",
    "Outcome",
    "ParseError",
    "ParsedTopic",
    "PayloadTooLargeError",
    "PossibleSessionInfo",
    "PostQuantumState",
    "PreKeyState",
    "QrFormat",
    "Reason",
    "ReceivedGroupKey",
    "Removed",
    "RequestIdReusedError",
    "RequestedContact",
    "Role",
    "RollbackKind",
    "RolledBackStore",
    "SealedEnvelope",
    "SessionInfo",
    "SessionState",
    "SessionsReset",
    "SharedGroupKey",
    "ShuttingDownError",
    "SkipReason",
    "SkippedInfo",
    "Standing",
    "Status",
    "StoreFailedError",
    "StoreRolledBackError",
    "Suite",
    "SuiteForbiddenError",
    "TargetInfo",
    "TopicInfo",
    "TopicKind",
    "UndecryptableMessage",
    "UsedGroupKey",
    "VERSION",
    "Version",
    "WarningInfo",
    "WarningKind",
    "X3dhHeaderInfo",
]


VERSION = "0.1.0"
"""The daemon that this was made for."""


Bytes = str
"""Bytes: 0x and lowercase hex digits."""


class AcceptedContact(TypedDict):
    """A contact that is accepted."""

    byUs: bool
    """Whether we accepted, and not the contact."""
    identity: Bytes
    """The identity of the contact."""


class AccountInfo(TypedDict):
    """An account: one device of one identity."""

    account: str
    """The name of the account in this daemon."""
    compressedKey: str
    """The public key in its compact form, `zQ3sh…`."""
    createdAt: int
    """When the account was made in this daemon."""
    installationId: str
    """The id of this device."""
    publicKey: Bytes
    """The public key of the identity, `0x04…`, which Status calls the chat key."""


RollbackKind = Literal[
    "older",
    "elsewhere",
    "unmarked",
]
"""Why a store was not trusted to be the newest state of its account.
older: The store was newer before: a backup or a snapshot was put back.
elsewhere: The store is a copy in another place: the original may still be in use.
unmarked: The file that belongs beside the store's database is missing.
"""


class AccountStatus(TypedDict):
    """How an account is doing, as was last found."""

    account: str
    """The name of the account."""
    devices: int
    """How many devices are known."""
    failing: str | None
    """Why the account's store cannot be read or written, as far as was found; null if it can."""
    open: bool
    """Whether it is open."""
    peers: int
    """How many identities are known."""
    queued: int
    """How many calls wait for the account."""
    rolledBackAt: int | None
    """When the account's store was last found to be an older state or a copy; null if never.
    Nothing is sent on sessions from before.
    """
    rolledBackReason: RollbackKind | None
    """Why the store was not the newest state of the account then; null if it always was."""
    sessions: int
    """How many sessions there are, of any standing."""
    storedKeys: int
    """How many message keys are kept."""


class AccountTotals(TypedDict):
    """All accounts of the daemon together. What a closed one holds is what it held when it was
    closed.
    """

    devices: int
    """How many devices are known."""
    open: int
    """How many of them are open: a call opens an account, and closes for it the one that was used
    longest ago if `accounts.open_max` are open.
    """
    peers: int
    """How many identities are known."""
    queued: int
    """How many calls wait."""
    sessions: int
    """How many sessions there are, of any standing."""
    storedKeys: int
    """How many message keys are kept."""
    total: int
    """How many accounts there are."""


class GoneMember(TypedDict):
    """An identity that was in a group."""

    at: int
    """The clock of the event."""
    by: Bytes
    """The identity that signed the event: its own if it left."""
    identity: Bytes
    """The identity that is gone."""
    left: bool
    """Whether it left by itself: false if it was removed."""


class GroupMember(TypedDict):
    """An identity that is in a group."""

    addedAt: int
    """The clock of the invitation; of the creator that of the creation."""
    addedBy: Bytes
    """The identity that invited the member; of the creator its own."""
    admin: bool
    """Whether the member is an admin."""
    identity: Bytes
    """The identity of the member."""
    joined: bool
    """Whether the member has accepted the invitation."""


GroupStanding = Literal[
    "invited",
    "member",
    "admin",
    "left",
    "removed",
]
"""What we are in a group.
invited: Invited, admin or not, and not accepted yet.
member: In the group.
admin: In the group, and an admin.
left: We left, or declined the invitation.
removed: Somebody removed us.
"""


GroupRules = Literal[
    "admins",
    "members",
]
"""Who may do what in a group: fixed by its id.
admins: Admins alone invite, rename, and remove others: the specification's rules.
members: Everybody in the group may invite, and rename it: the rules of status-go.
"""


class Group(TypedDict):
    """A group and who is in it."""

    clock: int
    """The highest clock of the group's events."""
    color: str
    """The colour of the group, as its members chose it; empty if they chose none."""
    creator: Bytes
    """The identity that created the group."""
    digest: Bytes
    """A digest of these events: two members with the same one agree on the group."""
    events: int
    """How many events the state of the group follows from."""
    gone: list[GoneMember]
    """Who was in the group and is not any more."""
    group: str
    """The id of the group."""
    image: NotRequired[Bytes]
    """The image of the group. Left out if it has none, and of everything but `group_get`."""
    members: list[GroupMember]
    """Who is in the group, the invited among them."""
    name: str
    """The name of the group."""
    own: GroupStanding
    """How this account stands to the group."""
    rules: GroupRules
    """Who may do what in the group."""
    update: NotRequired[Bytes]
    """The whole log of the group, for a member who lacks some of it. Left out of everything but
    `group_get`.
    """


class Act(TypedDict):
    """What was done in a group, and who is to hear of it."""

    group: Group
    """The group as it is now."""
    recipients: list[Bytes]
    """The identities that are to get the update: all that were in the group before, or are after,
    without our own.
    """
    update: Bytes
    """The whole log of the group: what to send to the recipients."""


class AddedGroupKey(TypedDict):
    """A group key that is here now."""

    by: Bytes
    """The identity that set the key."""
    current: bool
    """Whether it is the current key: the one that is written with."""
    group: str
    """The group: its id, or `0x` and hex of one without a log."""
    keyId: Bytes
    """The id of the key. What was not read for want of it can be decrypted again."""


Addressed = Literal[
    "this_device",
    "any_device",
    "group",
    "everyone",
    "other_devices",
    "nobody",
]
"""For whom a message is.
this_device: It has an entry for this device.
any_device: It is for any device of this identity, by DH.
group: It is for a whole group, under its key or with keys of it.
everyone: It is public, for everyone.
other_devices: It is for other devices or identities.
nobody: It has no content, only bundles.
"""


class AnsweredLink(TypedDict):
    """What the new device answers to a challenge."""

    expiresInMs: int
    """How long the link can go on to its next step, in milliseconds."""
    response: str
    """The response: six digits that the person is to type into the old device."""


GroupRefusal = Literal[
    "malformed",
    "not_created",
    "not_member",
    "forgotten",
    "log_full",
    "too_many_groups",
]
"""Why the update of a group was refused.
malformed: It is no update, or the id of its group is of no form that is known.
not_created: It has no valid creation of the group.
not_member: We are not in this new group now, or its sender is in the group neither before nor
    after.
forgotten: The group was forgotten, and we were not invited since.
log_full: The log of the group would be too large.
too_many_groups: The account has too many groups.
"""


GroupChangeKind = Literal[
    "invited",
    "accepted",
    "promoted",
    "resigned",
    "left",
    "removed",
    "renamed",
    "recolored",
    "pictured",
]
"""What has changed in a group.
invited: Somebody was invited.
accepted: Somebody accepted the invitation.
promoted: Somebody became an admin.
resigned: An admin is none any more, and still in the group.
left: Somebody left, or declined the invitation.
removed: Somebody was removed.
renamed: The group has another name.
recolored: The group has another colour.
pictured: The group has another image.
"""


class GroupChange(TypedDict):
    """Something that is different in a group."""

    at: int
    """The clock of that event."""
    by: Bytes
    """The identity that signed the event behind it."""
    change: GroupChangeKind
    """What is different."""
    identity: NotRequired[Bytes]
    """Whom the change is about. Left out if it is about the group itself."""


IgnoredReason = Literal[
    "malformed",
    "bad_signature",
    "unknown_type",
    "future",
    "not_entitled",
]
"""Why events of an update do not count.
malformed: They have not the form of an event.
bad_signature: Their signature is none that a key can have made.
unknown_type: They are of a type that is not known here.
future: They are dated too far ahead of our clock, and count when they come again in time.
not_entitled: Who signed them was not allowed to, or they change nothing that is there.
"""


class IgnoredEvents(TypedDict):
    """Events of an update that do not count."""

    events: int
    """How many they are."""
    reason: IgnoredReason
    """Why they do not count."""


GroupOutcome = Literal[
    "created",
    "changed",
    "unchanged",
    "refused",
]
"""What the update of a group did.
created: The group is new.
changed: The log of the group is another than before.
unchanged: All of it was known.
refused: It was refused, and nothing of it is kept.
"""


class _Applied(TypedDict):
    """What all have in common."""

    changes: list[GroupChange]
    """What is different in the group."""
    ignored: list[IgnoredEvents]
    """The events of the update that do not count."""


class AppliedCreated(_Applied):
    """The group is new."""

    group: Group
    """The group as it is now. Left out if the update was refused."""
    outcome: Literal["created"]
    """What became of the update."""
    reason: NotRequired[GroupRefusal]
    """Why the update was refused. Left out if it was not."""


class AppliedChanged(_Applied):
    """The log of the group is another than before."""

    group: Group
    """The group as it is now. Left out if the update was refused."""
    outcome: Literal["changed"]
    """What became of the update."""
    reason: NotRequired[GroupRefusal]
    """Why the update was refused. Left out if it was not."""


class AppliedUnchanged(_Applied):
    """All of it was known."""

    group: Group
    """The group as it is now. Left out if the update was refused."""
    outcome: Literal["unchanged"]
    """What became of the update."""
    reason: NotRequired[GroupRefusal]
    """Why the update was refused. Left out if it was not."""


class AppliedRefused(_Applied):
    """It was refused, and nothing of it is kept."""

    group: NotRequired[Group]
    """The group as it is now. Left out if the update was refused."""
    outcome: Literal["refused"]
    """What became of the update."""
    reason: GroupRefusal
    """Why the update was refused. Left out if it was not."""


Applied = (
    AppliedCreated
    | AppliedChanged
    | AppliedUnchanged
    | AppliedRefused
)
"""What became of an update of a group."""


class BegunLink(TypedDict):
    """The first code of a link, to be shown on the new device."""

    code: str
    """The first code, which the old device is to read."""
    expiresInMs: int
    """How long the link can go on to its next step, in milliseconds."""
    installationId: str
    """The id that the device will have."""
    link: str
    """The name of the link in this daemon, for `link_answer` and `link_accept`."""
    qr: NotRequired[str]
    """The code as a QR code, if a `format` was given."""


class BundleInfo(TypedDict):
    """The bundle we publish."""

    bundle: Bytes
    """The encoded bundle."""
    contactCode: str
    """The bundle as text, for QR codes and profiles: about 400 characters for one device, 900 for
    three.
    """
    contactCodeFull: str
    """The bundle as text with the KEM prekeys of its devices, for profiles and messengers: about
    2100 characters for one device, 6100 for three, which no QR code holds well. Whoever imports it
    begins in suite x25519-mlkem768, so that the first text is post-quantum. Equal to `contactCode`
    if there is no KEM prekey.
    """
    createdAt: int
    """When the bundle was made."""
    expiresAt: int
    """When this device's prekey is due to be replaced."""
    identity: Bytes
    """Our identity."""
    installationIds: list[str]
    """The ids of the devices that the bundle lists."""
    version: int
    """The version of this device's prekey, which rises by one with each new one."""


class BundleRotated(TypedDict):
    """A bundle that was made anew."""

    installationIds: list[str]
    """The ids of the devices that the bundle lists."""
    prekeyReplaced: bool
    """Whether the prekey is a new one."""
    version: int
    """The version of this device's prekey."""


class ChangedGroup(TypedDict):
    """A group that is another than before."""

    changes: list[GroupChange]
    """What is different in the group."""
    group: str
    """The id of the group."""


TopicKind = Literal[
    "contact_code",
    "partitioned",
    "personal",
    "negotiated",
]
"""What a topic is listened to for.
contact_code: The contact codes that our identity publishes, its other devices among them.
partitioned: Messages of those who have not agreed on another topic with us, shared with every
    5000th identity.
personal: What status-go sends to this identity alone.
negotiated: Messages of one other identity, or of devices of status-go of our own.
"""


class ChangedTopic(TypedDict):
    """A topic that is to be listened to, or not any more."""

    kind: TopicKind
    """What the topic is listened to for: always `negotiated`, since the others never change."""
    listen: bool
    """Whether the topic is to be listened to from now on: false if it is not any more."""
    peer: Bytes
    """The identity that the topic is shared with. `topic_negotiated` gives the topic and its key.
    """


class ChatClock(TypedDict):
    """The clock of a chat and the present time."""

    clock: int
    """The highest clock of the chat by now. From `clock_next` it is the one for the message that is
    about to be sent.
    """
    timestamp: int
    """The present time in milliseconds, which goes into the message as `timestamp`."""


class Confirmed(TypedDict):
    """The answer to a confirmation."""

    confirmed: int
    """How many messages were read, not yet confirmed, and are confirmed now."""


class ConfirmedLink(TypedDict):
    """The second code of a link, for the new device."""

    code: str
    """The second code, which the new device is to read. Only that device can open it."""
    contacts: int
    """How many contacts are in the code."""
    contactsLeftOut: int
    """For how many more there was no room."""
    installationId: str
    """The id of the new device, which is enabled from now on."""
    qr: NotRequired[str]
    """The code as a QR code, if a `format` was given."""


QrFormat = Literal[
    "svg",
    "text",
]
"""How a QR code is drawn.
svg: An SVG document: dark on white, with a margin of 4 modules.
text: Lines of half blocks for a terminal with a dark background, with a margin of 4 modules: the
    light modules are filled.
"""


class ContactCodeDrawing(TypedDict):
    """The contact code as a QR code."""

    contactCode: str
    """The text that the QR code holds: the `contactCode` of `bundle_get`."""
    format: QrFormat
    """How the QR code is drawn."""
    qr: str
    """The drawing: an SVG document, or lines of text."""


ContactState = Literal[
    "none",
    "request_sent",
    "request_received",
    "accepted",
    "declined",
]
"""The state of a contact.
none: Neither side has asked the other.
request_sent: We have asked.
request_received: They have asked.
accepted: Both sides have agreed to be contacts.
declined: We declined.
"""


class ContactInfo(TypedDict):
    """An identity as a contact, and how far both sides have come."""

    addedAt: int | None
    """When the contact was first recorded; null if nothing was."""
    compressedKey: str
    """The identity in its compact form, `zQ3sh…`."""
    forwardSecrecy: bool
    """Whether a device of the contact has answered ours: what is sent to it now has forward
    secrecy.
    """
    identity: Bytes
    """The identity of the contact, `0x04…`."""
    safetyNumber: str
    """The safety number: 60 decimal digits that are equal at both ends, to be compared by another
    way than this transport.
    """
    state: ContactState
    """The state of the contact."""
    verified: bool
    """Whether the user has compared the safety number and noted that it is equal."""


ContactMark = Literal[
    "request",
    "accept",
    "decline",
]
"""What a message means to a contact, as it says itself.
request: The sender asks to become a contact.
accept: The sender accepts the recipient as a contact.
decline: The sender declines the recipient as a contact.
"""


ContactPolicy = Literal[
    "open",
    "request",
]
"""Whom messages may be sent to. Those of a declined contact are read under neither.
open: Everybody.
request: Only contacts that were accepted.
"""


Mode = Literal[
    "x3dh",
    "ratchet",
    "dh",
    "public",
    "group",
]
"""How a copy of a message is encrypted.
x3dh: It sets up a session by X3DH, and goes on it.
ratchet: It goes on a session that the recipient has answered.
dh: It is encrypted to the identity key, without forward secrecy, for any device of the identity
    that has no copy of its own: none is known, or, in suite secp256k1, the one session that may be
    begun on the device's present prekey is not to be used any more.
public: It is public: not encrypted at all.
group: It is encrypted with a key that a whole group shares, once for all its members.
"""


NotPostQuantum = Literal[
    "not_offered",
    "key_missing",
    "forbidden",
]
"""Why a copy is not post-quantum.
not_offered: The device is not known to have KEM prekeys.
key_missing: The device has KEM prekeys, and none is here that serves.
forbidden: The configuration (`ratchet.suites`) leaves out suite x25519-mlkem768.
"""


Suite = Literal[
    "x25519-mlkem768",
    "x25519",
    "secp256k1",
]
"""How a session is set up, and the curve of its ratchet.
x25519-mlkem768: X3DH with ML-KEM-768, and a ratchet on Curve25519: post-quantum. Used between
devices of ratchetd that have each other's KEM prekeys.
x25519: X3DH, and a ratchet on Curve25519. Used between devices of ratchetd.
secp256k1: X3DH, and a ratchet on secp256k1. Used with devices of status-go.
"""


class TargetInfo(TypedDict):
    """One device a message was encrypted for."""

    installationId: str | None
    """The id of the device; `"none"` for DH to an identity of which no device is known; null for a
    public message.
    """
    messageId: Bytes
    """The id of the message, which is equal at both ends."""
    mode: Mode
    """How the entry is encrypted for the device."""
    notPostQuantum: NotRequired[NotPostQuantum]
    """Why the copy is not post-quantum. Left out if it is, and of public messages and those under a
    group key.
    """
    postQuantum: bool
    """Whether the copy stays secret from whoever records it now and has a quantum computer later:
    whether it is of suite x25519-mlkem768.
    """
    sessionId: Bytes | None
    """The id of the session, which is equal at both ends; null for DH and public messages."""
    suite: Suite | None
    """The suite of the session; null for DH and public messages."""


class EnvelopeInfo(TypedDict):
    """A wire message for the transport."""

    contentTopic: NotRequired[str]
    """The topic as a Waku network names it: `/waku/1/0x…/rfc26`. Left out unless `seal` asked for
    it.
    """
    message: Bytes
    """The wire message: an encoded `ProtocolMessage`."""
    recipient: Bytes | None
    """The identity that the message is for; null for a public message."""
    sealed: NotRequired[Bytes]
    """The wire message in an envelope that this identity signed, ready for a relay. Left out unless
    `seal` asked for it.
    """
    targets: list[TargetInfo]
    """The devices that the message is encrypted for. What goes by DH can be read by any other
    device of the identity, too, if it has no copy of its own. Empty if the message is an
    advertisement, which has no text: beside devices in `skipped` it asks for KEM prekeys that are
    missing.
    """
    topic: NotRequired[Bytes]
    """The topic to send the sealed envelope by: 4 bytes. Left out unless `seal` asked for it."""


SkipReason = Literal[
    "stale",
    "over_limit",
    "pending",
    "disabled",
    "suite_forbidden",
    "no_prekey",
    "kem_key_missing",
]
"""Why a device got no copy.
stale: Nothing was heard of it for a week.
over_limit: As many other devices of its identity as are written to were active more recently.
pending: It is one of our own devices, and not enabled yet.
disabled: The user disabled it.
suite_forbidden: The configuration (`ratchet.suites`) allows no suite that would reach it.
no_prekey: Its prekey is not known.
kem_key_missing: It has KEM prekeys and none is here that serves, and nothing may be written to it
    below suite x25519-mlkem768; or it can be reached by DH alone, which such a device of the same
    identity would read.
"""


class SkippedInfo(TypedDict):
    """A device that got no copy."""

    identity: Bytes
    """The identity that the device belongs to."""
    installationId: str
    """The id of the device."""
    reason: SkipReason
    """Why the device got no copy. With `kem_key_missing`, send the envelopes of this result all the
    same. If no device of the recipient got a copy, send the text again once
    `installation.kem_prekey` names the device; or import the contact's `contactCodeFull` with
    `bundle_import`, and send the text again. Beside a copy for another device the text is not
    withheld, and the next message reaches this one.
    """


class ContactStepInfo(TypedDict):
    """A contact's new state, and what has to be sent."""

    addedAt: int | None
    """When the contact was first recorded; null if nothing was."""
    compressedKey: str
    """The identity in its compact form, `zQ3sh…`."""
    envelopes: list[EnvelopeInfo]
    """The wire messages to send; empty if there is nothing to send."""
    forwardSecrecy: bool
    """Whether a device of the contact has answered ours: what is sent to it now has forward
    secrecy.
    """
    identity: Bytes
    """The identity of the contact, `0x04…`."""
    safetyNumber: str
    """The safety number: 60 decimal digits that are equal at both ends, to be compared by another
    way than this transport.
    """
    skipped: list[SkippedInfo]
    """The devices that got no copy, and why."""
    state: ContactState
    """The state of the contact."""
    verified: bool
    """Whether the user has compared the safety number and noted that it is equal."""


class CopyOfInfo(TypedDict):
    """For whom a message was that another device of this identity sent."""

    recipients: list[Bytes]
    """The identities that the message was addressed to, each once, in the order of the call. Our
    own is among them if it was named there.
    """
    requestId: NotRequired[str]
    """The request id of the call that made the message. Left out if it had none."""


GroupKeyRefused = Literal[
    "malformed",
    "group_unknown",
    "unauthenticated",
    "not_entitled",
    "too_old",
]
"""Why a group key was not taken.
malformed: It does not have 32 bytes, or its group or time is not one that a key may have.
group_unknown: The group is not known here, and nobody was named who may set its keys.
unauthenticated: Nothing proves who set the key, and for which group.
not_entitled: Who set the key may not set keys of the group.
too_old: It is older than 32 keys that are kept, or not newer than one that was erased.
"""


GroupKeyState = Literal[
    "accepted",
    "known",
    "refused",
]
"""What became of a group key in a message.
accepted: The key is kept, and messages under it can be read.
known: The key was here already.
refused: The key was not taken.
"""


class ReceivedGroupKey(TypedDict):
    """A group key that a message brought."""

    group: str
    """The group: its id, or `0x` and hex of one without a log; `0x` if the message names none."""
    keyId: NotRequired[Bytes]
    """The id of the key, which is equal for all who have it. Left out if it is malformed."""
    reason: NotRequired[GroupKeyRefused]
    """Why the key was not taken. Left out if it was."""
    state: GroupKeyState
    """What became of the key."""
    timestamp: NotRequired[int]
    """The time of the key. Left out if it is malformed."""


NextAction = Literal[
    "send_reply",
    "drop",
    "wait",
    "rekey",
]
"""What to do about a message that was not read.
send_reply: Send the `reply` to the sender.
drop: Do nothing: forget the message.
wait: Do nothing yet: it mends itself.
rekey: Start over: call `session_reset`, and write to the sender.
"""


Reason = Literal[
    "other_installation",
    "not_paired",
    "session_not_found",
    "prekey_not_found",
    "authentication_failed",
    "already_read",
    "message_key_gone",
    "too_many_skipped",
    "too_many_sessions",
    "malformed",
    "suite_forbidden",
    "declined",
    "not_member",
    "group_key_missing",
    "bad_signature",
    "unauthenticated_sender",
    "keys_pending",
]
"""Why a message was not read.
other_installation: The message is for other devices: the sender does not know this one.
not_paired: The message is from another device of ours, which has not enabled this one.
session_not_found: The session of the message is not here: it was erased, or lost with a store.
prekey_not_found: The prekey that the message was encrypted with is not here: it was erased, or is
    another device's.
authentication_failed: The message was changed, or somebody else sent it.
already_read: The message was read before, and `message_confirm` has said that its text is stored.
message_key_gone: The key of the message is gone: it is too old, or was read without a confirmation
    that its text arrived.
too_many_skipped: More than 1000 messages before it are missing.
too_many_sessions: The sender began more than 1000 sessions on one prekey.
malformed: The message does not have the form that the protocol asks for.
suite_forbidden: The configuration (`ratchet.suites`) forbids the suite of the message.
declined: The sender's contact request was declined.
not_member: The sender is not in the group that the message is for.
group_key_missing: The group key that the message is encrypted under is not here yet.
bad_signature: The signature of the message's envelope is not one of any key.
unauthenticated_sender: Nobody signed the envelope that the message came in.
keys_pending: Keys that may open the message's envelope are not derived yet.
"""


class UsedGroupKey(TypedDict):
    """The group key that a message is encrypted under."""

    group: str
    """The group: its id, or `0x` and hex of one without a log."""
    keyId: Bytes
    """The id of the key, which is equal for all who have it."""
    seqNo: int
    """The number of the message under the key. Two who write at once may use the same."""


Outcome = Literal[
    "decrypted",
    "public",
    "contact",
    "bundle",
    "group_key",
    "own",
    "not_targeted",
    "undecryptable",
    "unopened",
]
"""What became of a received message.
decrypted: The message was read.
public: The message is public: it was not encrypted.
contact: The message was read, and says how its sender stands to us as a contact, without a text:
    see `contact`.
bundle: The message is an advertisement, a bundle alone: there is nothing to show.
group_key: The message brought keys of a group, and has nothing to show: see `groupKeys`.
own: The message is one of this device's own that came back.
not_targeted: The message is for other devices.
undecryptable: The message is for this device and cannot be read.
unopened: The envelope that the message came in did not open, or nobody signed it.
"""


WarningKind = Literal[
    "invalid_bundle",
    "foreign_bundle",
    "too_many_bundles",
    "invalid_entry",
    "missing_extension",
    "version_jump",
    "version_went_back",
    "version_not_believed",
    "cloned_installation",
    "too_many_devices",
    "invalid_installation",
    "invalid_kem_prekey",
    "below_post_quantum",
]
"""What was odd about a bundle or a sender.
invalid_bundle: The bundle is damaged, or not signed by its identity.
foreign_bundle: The bundle is not the sender's, but another identity's.
too_many_bundles: The message has more bundles than are read: the others were left out.
invalid_entry: An entry of the bundle is not well formed, and was left out.
missing_extension: An entry lacks the ratchet prekey that its device is known to have.
version_jump: The version of an entry is far too high to be believed: the device is sent to as
    before, or left out if it was unknown. After `session_reset` the next version of a known device
    is believed.
version_went_back: A device was set up again or restored: its bundle lists a lower version than the
    known one, and is believed.
version_not_believed: A bundle lists a lower version of a device than the known one, and is not
    believed: the device is sent to as before. A message of that device itself, or `session_reset`,
    settles it.
cloned_installation: Another device publishes under this device's id.
too_many_devices: The identity has more devices than are remembered: the others were left out.
invalid_installation: The sender's installation id is not of the form of one.
invalid_kem_prekey: A KEM prekey beside the bundle is damaged or not signed by its identity, or
    there are more than 4: it was left out.
below_post_quantum: The message was read on a session below suite x25519-mlkem768, from a device to
    which nothing is written below it.
"""


class WarningInfo(TypedDict):
    """A warning: something was odd, and nothing else failed for it."""

    detail: str
    """What the warning is about, in words."""
    kind: WarningKind
    """The kind of the warning."""


class _Decrypted(TypedDict):
    """What all have in common."""

    authenticated: bool
    """Whether the sender's identity is proven: by the message itself, or by the signature of the
    envelope that it came in.
    """
    copyOf: NotRequired[CopyOfInfo]
    """For whom the message was, if it is a copy of one that another device of this identity sent.
    Left out of everything else, and of a copy that does not say so.
    """
    duplicate: bool
    """Whether the message was read before, and not confirmed."""
    forwardSecrecy: bool
    """Whether the message was read through a ratchet."""
    groupKey: NotRequired[UsedGroupKey]
    """The group key that the message is encrypted under, whether or not it was read. Left out of
    everything else.
    """
    installationId: str | None
    """The device that the message names as its sender; null if it names none."""
    newInstallations: list[str]
    """The ids of devices of the sender that were met for the first time."""
    postQuantum: bool
    """Whether the message was read on a session of suite x25519-mlkem768: whoever has recorded it
    cannot read it with a quantum computer later.
    """
    reply: NotRequired[EnvelopeInfo]
    """A message to send back to the sender. Left out if there is none."""
    sessionId: NotRequired[Bytes]
    """The session that the message was read on. Left out if there was none."""
    text: NotRequired[str]
    """The plaintext as text, if it is UTF-8."""
    warnings: list[WarningInfo]
    """What was odd about the message or its bundles."""


class DecryptedDecrypted(_Decrypted):
    """The message was read."""

    contact: NotRequired[ContactMark]
    """What the message says that it is to a contact, besides its text or without one. Left out if
    it says nothing of the kind.
    """
    groupKeys: NotRequired[list[ReceivedGroupKey]]
    """The group keys that came with the message, and what became of each. Left out if none came."""
    hint: NotRequired[str]
    """What to know about the reason, for people. Left out if the message was read."""
    messageId: Bytes
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    nextAction: NotRequired[NextAction]
    """What to do next. Left out if there is nothing to do."""
    outcome: Literal["decrypted"]
    """What became of the message."""
    payload: Bytes
    """The plaintext as bytes. Left out if there is none."""
    reason: NotRequired[Reason]
    """Why the message was not read. Left out if it was."""
    sender: Bytes
    """The identity that the caller named as the sender, or that signed the envelope; null if the
    envelope did not open.
    """


class DecryptedPublic(_Decrypted):
    """The message is public: it was not encrypted."""

    contact: NotRequired[ContactMark]
    """What the message says that it is to a contact, besides its text or without one. Left out if
    it says nothing of the kind.
    """
    groupKeys: NotRequired[list[ReceivedGroupKey]]
    """The group keys that came with the message, and what became of each. Left out if none came."""
    hint: NotRequired[str]
    """What to know about the reason, for people. Left out if the message was read."""
    messageId: Bytes
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    nextAction: NotRequired[NextAction]
    """What to do next. Left out if there is nothing to do."""
    outcome: Literal["public"]
    """What became of the message."""
    payload: Bytes
    """The plaintext as bytes. Left out if there is none."""
    reason: NotRequired[Reason]
    """Why the message was not read. Left out if it was."""
    sender: Bytes
    """The identity that the caller named as the sender, or that signed the envelope; null if the
    envelope did not open.
    """


class DecryptedContact(_Decrypted):
    """The message was read, and says how its sender stands to us as a contact, without a text: see
    `contact`.
    """

    contact: ContactMark
    """What the message says that it is to a contact, besides its text or without one. Left out if
    it says nothing of the kind.
    """
    groupKeys: NotRequired[list[ReceivedGroupKey]]
    """The group keys that came with the message, and what became of each. Left out if none came."""
    hint: NotRequired[str]
    """What to know about the reason, for people. Left out if the message was read."""
    messageId: Bytes
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    nextAction: NotRequired[NextAction]
    """What to do next. Left out if there is nothing to do."""
    outcome: Literal["contact"]
    """What became of the message."""
    payload: NotRequired[Bytes]
    """The plaintext as bytes. Left out if there is none."""
    reason: NotRequired[Reason]
    """Why the message was not read. Left out if it was."""
    sender: Bytes
    """The identity that the caller named as the sender, or that signed the envelope; null if the
    envelope did not open.
    """


class DecryptedBundle(_Decrypted):
    """The message is an advertisement, a bundle alone: there is nothing to show."""

    contact: NotRequired[ContactMark]
    """What the message says that it is to a contact, besides its text or without one. Left out if
    it says nothing of the kind.
    """
    groupKeys: NotRequired[list[ReceivedGroupKey]]
    """The group keys that came with the message, and what became of each. Left out if none came."""
    hint: NotRequired[str]
    """What to know about the reason, for people. Left out if the message was read."""
    messageId: Bytes | None
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    nextAction: NotRequired[NextAction]
    """What to do next. Left out if there is nothing to do."""
    outcome: Literal["bundle"]
    """What became of the message."""
    payload: NotRequired[Bytes]
    """The plaintext as bytes. Left out if there is none."""
    reason: NotRequired[Reason]
    """Why the message was not read. Left out if it was."""
    sender: Bytes
    """The identity that the caller named as the sender, or that signed the envelope; null if the
    envelope did not open.
    """


class DecryptedGroupKey(_Decrypted):
    """The message brought keys of a group, and has nothing to show: see `groupKeys`."""

    contact: NotRequired[ContactMark]
    """What the message says that it is to a contact, besides its text or without one. Left out if
    it says nothing of the kind.
    """
    groupKeys: list[ReceivedGroupKey]
    """The group keys that came with the message, and what became of each. Left out if none came."""
    hint: NotRequired[str]
    """What to know about the reason, for people. Left out if the message was read."""
    messageId: Bytes
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    nextAction: NotRequired[NextAction]
    """What to do next. Left out if there is nothing to do."""
    outcome: Literal["group_key"]
    """What became of the message."""
    payload: NotRequired[Bytes]
    """The plaintext as bytes. Left out if there is none."""
    reason: NotRequired[Reason]
    """Why the message was not read. Left out if it was."""
    sender: Bytes
    """The identity that the caller named as the sender, or that signed the envelope; null if the
    envelope did not open.
    """


class DecryptedOwn(_Decrypted):
    """The message is one of this device's own that came back."""

    contact: NotRequired[ContactMark]
    """What the message says that it is to a contact, besides its text or without one. Left out if
    it says nothing of the kind.
    """
    groupKeys: NotRequired[list[ReceivedGroupKey]]
    """The group keys that came with the message, and what became of each. Left out if none came."""
    hint: NotRequired[str]
    """What to know about the reason, for people. Left out if the message was read."""
    messageId: Bytes | None
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    nextAction: NotRequired[NextAction]
    """What to do next. Left out if there is nothing to do."""
    outcome: Literal["own"]
    """What became of the message."""
    payload: NotRequired[Bytes]
    """The plaintext as bytes. Left out if there is none."""
    reason: NotRequired[Reason]
    """Why the message was not read. Left out if it was."""
    sender: Bytes
    """The identity that the caller named as the sender, or that signed the envelope; null if the
    envelope did not open.
    """


class DecryptedNotTargeted(_Decrypted):
    """The message is for other devices."""

    contact: NotRequired[ContactMark]
    """What the message says that it is to a contact, besides its text or without one. Left out if
    it says nothing of the kind.
    """
    groupKeys: NotRequired[list[ReceivedGroupKey]]
    """The group keys that came with the message, and what became of each. Left out if none came."""
    hint: str
    """What to know about the reason, for people. Left out if the message was read."""
    messageId: Bytes | None
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    nextAction: NextAction
    """What to do next. Left out if there is nothing to do."""
    outcome: Literal["not_targeted"]
    """What became of the message."""
    payload: NotRequired[Bytes]
    """The plaintext as bytes. Left out if there is none."""
    reason: Reason
    """Why the message was not read. Left out if it was."""
    sender: Bytes
    """The identity that the caller named as the sender, or that signed the envelope; null if the
    envelope did not open.
    """


class DecryptedUndecryptable(_Decrypted):
    """The message is for this device and cannot be read."""

    contact: NotRequired[ContactMark]
    """What the message says that it is to a contact, besides its text or without one. Left out if
    it says nothing of the kind.
    """
    groupKeys: NotRequired[list[ReceivedGroupKey]]
    """The group keys that came with the message, and what became of each. Left out if none came."""
    hint: str
    """What to know about the reason, for people. Left out if the message was read."""
    messageId: Bytes | None
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    nextAction: NextAction
    """What to do next. Left out if there is nothing to do."""
    outcome: Literal["undecryptable"]
    """What became of the message."""
    payload: NotRequired[Bytes]
    """The plaintext as bytes. Left out if there is none."""
    reason: Reason
    """Why the message was not read. Left out if it was."""
    sender: Bytes
    """The identity that the caller named as the sender, or that signed the envelope; null if the
    envelope did not open.
    """


class DecryptedUnopened(_Decrypted):
    """The envelope that the message came in did not open, or nobody signed it."""

    contact: NotRequired[ContactMark]
    """What the message says that it is to a contact, besides its text or without one. Left out if
    it says nothing of the kind.
    """
    groupKeys: NotRequired[list[ReceivedGroupKey]]
    """The group keys that came with the message, and what became of each. Left out if none came."""
    hint: str
    """What to know about the reason, for people. Left out if the message was read."""
    messageId: Bytes | None
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    nextAction: NextAction
    """What to do next. Left out if there is nothing to do."""
    outcome: Literal["unopened"]
    """What became of the message."""
    payload: NotRequired[Bytes]
    """The plaintext as bytes. Left out if there is none."""
    reason: Reason
    """Why the message was not read. Left out if it was."""
    sender: Bytes | None
    """The identity that the caller named as the sender, or that signed the envelope; null if the
    envelope did not open.
    """


Decrypted = (
    DecryptedDecrypted
    | DecryptedPublic
    | DecryptedContact
    | DecryptedBundle
    | DecryptedGroupKey
    | DecryptedOwn
    | DecryptedNotTargeted
    | DecryptedUndecryptable
    | DecryptedUnopened
)
"""What became of a received message."""


# A device whose version is lower than before.
DeviceVersion = TypedDict(
    "DeviceVersion",
    {
        "from": int,
        "identity": Bytes,
        "installationId": str,
        "to": int,
    },
)


class DhHeaderInfo(TypedDict):
    """The header of a message by DH to the identity."""

    key: Bytes
    """The sender's ephemeral key."""


class DiscoveredDevice(TypedDict):
    """A device that was met for the first time."""

    identity: Bytes
    """The identity that the device belongs to."""
    installationId: str
    """The id of the device."""
    own: bool
    """Whether the device is one of our own identity."""


class DrHeaderInfo(TypedDict):
    """The header of a message of the Double Ratchet."""

    id: Bytes
    """The responder's signed prekey."""
    key: Bytes
    """The sender's public ratchet key."""
    n: int
    """The number of the message in its chain."""
    pn: int
    """The length of the chain before it."""


KeyDropped = Literal[
    "limit",
    "unconfirmed",
    "session_erased",
]
"""Why the key of a message was dropped.
limit: There were too many keys to keep.
unconfirmed: The message was read and not confirmed for a day.
session_erased: The session of the message was erased.
"""


class DroppedKey(TypedDict):
    """A message whose key is gone."""

    messageId: Bytes
    """The id of the message."""
    reason: KeyDropped
    """Why the key is gone."""


GroupKeyDue = Literal[
    "removal",
    "spent",
    "age",
]
"""Why another group key should be made.
removal: Somebody who has the key, or may have it, is gone from the group.
spent: As many messages were written under the key as may be.
age: The key is older than a week.
"""


class DueGroupKey(TypedDict):
    """A group key in the place of which another should be made."""

    group: str
    """The group: its id, or `0x` and hex of one without a log."""
    keyId: Bytes
    """The id of the key."""
    reason: GroupKeyDue
    """Why another key should be made."""


class Encrypted(TypedDict):
    """The messages that were made for a send, and the devices that were left out."""

    envelopes: list[EnvelopeInfo]
    """The wire messages to send, one for each identity; the one with the copies for our own devices
    comes last.
    """
    forwardSecrecy: bool
    """Whether every copy has forward secrecy."""
    groupKey: NotRequired[UsedGroupKey]
    """The group key that the message is encrypted under. Left out unless `mode` asked for it."""
    postQuantum: bool
    """Whether every copy is post-quantum, those for our own devices too; false if there is no copy,
    and under a group key.
    """
    skipped: list[SkippedInfo]
    """The devices that got no copy, and why."""


EnvelopeKind = Literal[
    "symmetric",
    "asymmetric",
]
"""How an envelope is sealed.
symmetric: With a symmetric key that both ends have.
asymmetric: To the public key of an identity.
"""


EnvelopeOutcome = Literal[
    "opened",
    "unopened",
]
"""What became of an envelope.
opened: The envelope opened.
unopened: The envelope did not open.
"""


EnvelopeReason = Literal[
    "malformed",
    "authentication_failed",
    "bad_signature",
]
"""Why an envelope did not open.
malformed: The bytes are no envelope of this kind, or hold no payload.
authentication_failed: The envelope is not for this key, or was changed.
bad_signature: The signature of the envelope is not one of any key.
"""


class Envelopes(TypedDict):
    """Wire messages to send."""

    envelopes: list[EnvelopeInfo]
    """The wire messages to send."""


ErrorKind = Literal[
    "parse_error",
    "invalid_request",
    "method_not_found",
    "internal",
    "invalid_params",
    "invalid_key",
    "invalid_bundle",
    "invalid_message",
    "invalid_mnemonic",
    "payload_too_large",
    "account_not_found",
    "account_exists",
    "account_ambiguous",
    "installation_not_found",
    "installation_limit",
    "contact_not_accepted",
    "request_id_reused",
    "suite_forbidden",
    "busy",
    "shutting_down",
    "store_failed",
    "store_rolled_back",
    "group_not_found",
    "group_forbidden",
    "group_limit",
    "group_key_missing",
    "group_key_due",
    "link_not_found",
    "link_failed",
]
"""The stable names of errors. Protocol outcomes are results, not errors.
parse_error: The request is not JSON.
invalid_request: The JSON is no JSON-RPC request.
method_not_found: There is no such method.
internal: A bug of the daemon.
invalid_params: A parameter is missing, unknown or of the wrong form; `field` names it.
invalid_key: The text is not a key of the form that is asked for.
invalid_bundle: The bytes are no bundle, or not signed by its identity.
invalid_message: The bytes are no wire message.
invalid_mnemonic: The text is no recovery phrase.
payload_too_large: The content is larger than one message or envelope can carry.
account_not_found: There is no account of this name.
account_exists: There is an account of this name already.
account_ambiguous: No account was named, and there is more than one.
installation_not_found: No device of this id is known.
installation_limit: As many devices are enabled as may be.
contact_not_accepted: The contact has not accepted, and the policy asks for that.
request_id_reused: The request id stands for another request.
suite_forbidden: The configuration forbids every suite that would reach the recipient.
busy: The queue is full; nothing was done.
shutting_down: The daemon is stopping; nothing was done.
store_failed: The disk failed; nothing was done and nothing was lost.
store_rolled_back: The store is older than it was: a copy was put back.
group_not_found: There is no group of this id.
group_forbidden: The rules of the group do not allow it to this account now.
group_limit: The group, its log or the account has as much as it may have.
group_key_missing: There is no key of the group here.
group_key_due: The key of the group is not to be used any more: another one is due.
link_not_found: There is no such link, or it is over, or used.
link_failed: The two devices of a link do not agree: nothing was given or taken, and it is over.
"""


class ErrorData(TypedDict):
    """`error.data`, always of this shape."""

    field: NotRequired[str]
    """The parameter that the error is about, or the place inside it, such as `metadata.name` or
    `recipients[3]`. Left out if it is about none.
    """
    hint: str
    """What to do, in words."""
    kind: ErrorKind
    """The stable name of the error."""


class EventDevice(TypedDict):
    """The device that an event is about."""

    identity: Bytes
    """The identity that the device belongs to."""
    installationId: str
    """The id of the device."""


Role = Literal[
    "initiator",
    "responder",
]
"""Who began a session.
initiator: This device began it.
responder: The other device began it.
"""


class EventSession(TypedDict):
    """The session that an event is about."""

    identity: Bytes
    """The identity that the session is with."""
    installationId: str | None
    """The device that the session is with; null until it is known."""
    role: Role
    """Who began the session."""
    sessionId: Bytes
    """The id of the session, which is equal at both ends."""
    suite: Suite
    """The suite of the session."""


class UndecryptableMessage(TypedDict):
    """A message that could not be read."""

    hint: str | None
    """What to know about the reason, for people."""
    installationId: str | None
    """The device that the message names as its sender; null if it names none."""
    messageId: Bytes | None
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    nextAction: NextAction | None
    """What to do about it."""
    reason: Reason | None
    """Why the message could not be read."""
    sender: Bytes
    """The identity that the caller named as the sender."""


class RequestedContact(TypedDict):
    """An identity that asks to become a contact."""

    authenticated: bool
    """Whether that message proves the identity of its sender."""
    identity: Bytes
    """The identity of the contact."""
    messageId: Bytes | None
    """The id of the message with the introduction, which `message_decrypt` gave; null if the bytes
    do not tell it.
    """


class GroupInvitation(TypedDict):
    """An invitation to a group."""

    by: Bytes
    """The identity that invited this account."""
    group: str
    """The id of the group."""


class RolledBackStore(TypedDict):
    """A store that is an older state, or a copy."""

    expired: int
    """How many sessions ended with it."""
    reason: RollbackKind
    """Why the store is not the newest state of its account."""


class Lagged(TypedDict):
    """The mark that events are missing."""

    hint: str
    """What to do, for people: list anew what the events were about."""


class _EventInfo(TypedDict):
    """What all have in common."""

    account: str | None
    """The account that the event is about; null for `lagged`."""
    at: int
    """When it happened. For the mark `lagged`, when that was found out."""
    seq: int
    """The number of the event: what to give as `after` to go on behind it."""


class EventInfoBundleRotated(_EventInfo):
    """Our bundle was made anew."""

    data: BundleRotated
    type: Literal["bundle.rotated"]


class EventInfoInstallationDiscovered(_EventInfo):
    """A device was met for the first time."""

    data: DiscoveredDevice
    type: Literal["installation.discovered"]


class EventInfoInstallationEnabled(_EventInfo):
    """A device was enabled."""

    data: EventDevice
    type: Literal["installation.enabled"]


class EventInfoInstallationDisabled(_EventInfo):
    """A device was disabled."""

    data: EventDevice
    type: Literal["installation.disabled"]


class EventInfoInstallationStale(_EventInfo):
    """A device was not heard of for a week."""

    data: EventDevice
    type: Literal["installation.stale"]


class EventInfoInstallationActive(_EventInfo):
    """A stale device was heard of again."""

    data: EventDevice
    type: Literal["installation.active"]


class EventInfoInstallationKemPrekey(_EventInfo):
    """A KEM prekey of a device came that serves, where none did before: a new session with the
    device is post-quantum. What was skipped with `kem_key_missing` can be sent again.
    """

    data: EventDevice
    type: Literal["installation.kem_prekey"]


class EventInfoInstallationPostQuantum(_EventInfo):
    """A message of a post-quantum session with a device was read for the first time: from now on
    nothing is written to the device below suite x25519-mlkem768.
    """

    data: EventDevice
    type: Literal["installation.post_quantum"]


class EventInfoInstallationVersionWentBack(_EventInfo):
    """A device was set up again or restored: its version is lower than before."""

    data: DeviceVersion
    type: Literal["installation.version_went_back"]


class EventInfoSessionEstablished(_EventInfo):
    """Both ends of a session have read something of the other."""

    data: EventSession
    type: Literal["session.established"]


class EventInfoSessionSuperseded(_EventInfo):
    """A session was superseded: another one took its place."""

    data: EventSession
    type: Literal["session.superseded"]


class EventInfoSessionReactivated(_EventInfo):
    """A session that had been superseded is used again."""

    data: EventSession
    type: Literal["session.reactivated"]


class EventInfoSessionExpired(_EventInfo):
    """A session ended."""

    data: EventSession
    type: Literal["session.expired"]


class EventInfoSessionErased(_EventInfo):
    """A session and its keys were erased."""

    data: EventSession
    type: Literal["session.erased"]


class EventInfoMessageUndecryptable(_EventInfo):
    """A message could not be read. What it says of itself is not proven."""

    data: UndecryptableMessage
    type: Literal["message.undecryptable"]


class EventInfoMessageKeyDropped(_EventInfo):
    """The key of a message that was not confirmed is gone."""

    data: DroppedKey
    type: Literal["message.key_dropped"]


class EventInfoContactRequested(_EventInfo):
    """Somebody asks to become a contact."""

    data: RequestedContact
    type: Literal["contact.requested"]


class EventInfoContactAccepted(_EventInfo):
    """A contact is accepted."""

    data: AcceptedContact
    type: Literal["contact.accepted"]


class EventInfoTopicChanged(_EventInfo):
    """A topic is to be listened to from now on, or not any more."""

    data: ChangedTopic
    type: Literal["topic.changed"]


class EventInfoGroupInvited(_EventInfo):
    """This account was invited to a group."""

    data: GroupInvitation
    type: Literal["group.invited"]


class EventInfoGroupChanged(_EventInfo):
    """A group is another than before, by an update or by our own act."""

    data: ChangedGroup
    type: Literal["group.changed"]


class EventInfoGroupKeyAdded(_EventInfo):
    """A key of a group is here: messages under it can be read."""

    data: AddedGroupKey
    type: Literal["group.key_added"]


class EventInfoGroupKeyDue(_EventInfo):
    """A group should have another key."""

    data: DueGroupKey
    type: Literal["group.key_due"]


class EventInfoStoreRolledBack(_EventInfo):
    """The account's store is an older state, or a copy: its sessions have ended."""

    data: RolledBackStore
    type: Literal["store.rolled_back"]


class EventInfoLagged(_EventInfo):
    """Events before this mark are no longer there."""

    data: Lagged
    type: Literal["lagged"]


EventInfo = (
    EventInfoBundleRotated
    | EventInfoInstallationDiscovered
    | EventInfoInstallationEnabled
    | EventInfoInstallationDisabled
    | EventInfoInstallationStale
    | EventInfoInstallationActive
    | EventInfoInstallationKemPrekey
    | EventInfoInstallationPostQuantum
    | EventInfoInstallationVersionWentBack
    | EventInfoSessionEstablished
    | EventInfoSessionSuperseded
    | EventInfoSessionReactivated
    | EventInfoSessionExpired
    | EventInfoSessionErased
    | EventInfoMessageUndecryptable
    | EventInfoMessageKeyDropped
    | EventInfoContactRequested
    | EventInfoContactAccepted
    | EventInfoTopicChanged
    | EventInfoGroupInvited
    | EventInfoGroupChanged
    | EventInfoGroupKeyAdded
    | EventInfoGroupKeyDue
    | EventInfoStoreRolledBack
    | EventInfoLagged
)
"""An event, or the mark that some are missing."""


class EventTicketInfo(TypedDict):
    """A ticket for one stream of events."""

    expiresInMs: int
    """How long the ticket can be used, in milliseconds."""
    ticket: str
    """The ticket: what to give as `ticket` in the query of `GET /events`."""


class Events(TypedDict):
    """Some of the events, and where to go on."""

    events: list[EventInfo]
    """The events, in the order of their numbers."""
    lagged: bool
    """Whether events between `after` and `next` are no longer there."""
    next: int
    """What to give as `after` next time. It goes on past the events of other accounts, too."""


class MetadataInfo(TypedDict):
    """What a frontend may note about a device."""

    deviceType: str
    """The kind of the device, such as phone or laptop; empty by default."""
    name: str
    """A name of the device for people; empty by default."""
    pushToken: str
    """The address of a push service; empty by default."""


PostQuantumState = Literal[
    "none",
    "offered",
    "required",
]
"""Whether a device takes part in suite x25519-mlkem768.
none: It is not known to have KEM prekeys.
offered: It has KEM prekeys.
required: A message of a session of this suite was read from it: nothing is written to it below any
    more.
"""


InstallationState = Literal[
    "active",
    "pending",
    "disabled",
    "stale",
    "over_limit",
]
"""Whether messages are encrypted for a device, and why not.
active: Messages are encrypted for it.
pending: It is one of our own devices, and not enabled yet.
disabled: The user disabled it.
stale: Nothing was heard of it for a week.
over_limit: As many other devices of its identity as are written to were active more recently.
"""


class InstallationInfo(TypedDict):
    """A device of an identity, ours or a contact's."""

    enabled: bool
    """Whether the user allows messages to it: see `installation_enable`."""
    identity: Bytes
    """The identity that the device belongs to."""
    installationId: str
    """The id of the device."""
    kemVersion: int | None
    """The version of the device's KEM prekey that is held here: that of the signed prekey it was
    made with. A new session is post-quantum while `version` is from this one to 13 above it. Null
    if none is held.
    """
    lastActiveAt: int
    """When the device was last active, as far as its messages and bundles tell."""
    metadata: MetadataInfo
    """What the frontend noted about the device."""
    nextMode: Mode | None
    """How the next message for the device is encrypted; null if it gets none. `dh`, without forward
    secrecy, means that the device has to have a new prekey first: in suite secp256k1 only one
    session is begun on each prekey, and that one was reset, erased or lost with a store.
    """
    own: bool
    """Whether the device belongs to our own identity."""
    postQuantum: PostQuantumState
    """Whether the device takes part in suite x25519-mlkem768."""
    protocolVersion: int | None
    """The version of the protocol that the device says it speaks; null until a bundle lists it.
    Nothing depends on it.
    """
    refusedVersion: int | None
    """A version of the prekey that bundles list and that is not believed; null if there is none. A
    message of the device itself, or `session_reset`, settles it.
    """
    self: bool
    """Whether it is this very device."""
    staleAt: int | None
    """When the device became stale, or will become so if nothing is heard of it; null if no timer
    runs.
    """
    state: InstallationState
    """The state of the device: whether messages are encrypted for it, and why not."""
    suite: Suite | None
    """The suite that the next new session with the device uses; null if its prekey is not known."""
    version: int | None
    """The version of the device's prekey; null if that is not known."""
    versionWentBackAt: int | None
    """When the version was last found to be lower than before, because the device was set up again
    or restored; null if it never was.
    """


KemPreKeyState = Literal[
    "current",
    "before",
    "not_ours",
]
"""Which KEM prekey of this device a message names.
current: The one that was current when the signed prekey was made.
before: The one before that.
not_ours: None that is kept with the signed prekey.
"""


class NamedKemPreKeyInfo(TypedDict):
    """A KEM prekey that an entry names."""

    kemId: Bytes
    """The id of the KEM prekey: 32 bytes, a hash of its public key."""
    state: KemPreKeyState
    """Which of those that this device keeps with the signed prekey it is."""


class InspectedBundleEntry(TypedDict):
    """One entry of an inspected bundle."""

    installationId: str
    """The id of the device."""
    protocolVersion: int
    """The version of the protocol that the device says it speaks. Nothing depends on it."""
    ratchetPreKey: Bytes | None
    """The ratchet prekey of suites x25519 and x25519-mlkem768; null if there is none, as with
    devices of status-go.
    """
    ratchetValid: bool | None
    """Whether the ratchet prekey is signed for this entry; null if there is none, or if the bundle
    is not valid.
    """
    signedPreKey: Bytes
    """The public signed prekey of the device."""
    version: int
    """The version of the device's prekey."""


class InspectedKemPreKeyInfo(TypedDict):
    """A KEM prekey beside an inspected bundle."""

    installationId: str
    """The id of the device, whatever its form."""
    kemId: Bytes | None
    """The id of the KEM prekey: 32 bytes, a hash of its public key; null if that does not have 1184
    bytes.
    """
    valid: bool
    """Whether the KEM prekey is well formed and signed by the identity."""
    version: int
    """The version of the signed prekey that the KEM prekey was made with."""


class InspectedBundleInfo(TypedDict):
    """A bundle taken apart."""

    createdAt: int | None
    """The signed timestamp in milliseconds; null if there is none."""
    entries: list[InspectedBundleEntry]
    """The entries, one for each device."""
    identity: Bytes | None
    """The identity whose bundle it claims to be; null if that is no public key."""
    kemPreKeys: list[InspectedKemPreKeyInfo]
    """The KEM prekeys beside the entries: at most 4, since no more are read."""
    reason: str | None
    """Why the bundle is not valid; null if it is."""
    timestamp: int
    """The signed timestamp in nanoseconds: more digits than a JavaScript number holds exactly;
    `createdAt` has fewer.
    """
    valid: bool
    """Whether the bundle is well formed and signed by its identity."""


class HrHeaderInfo(TypedDict):
    """The header of a message under a group key, or of one that brings keys."""

    group: str
    """The group: its id, or `0x` and hex of one without a log."""
    keyId: Bytes
    """The id of the key."""
    keys: int
    """How many keys the header itself has. Keys in the payload cannot be seen without the key to
    it.
    """
    seqNo: int
    """The number of the message under the key; 0 if it brings keys."""


class X3dhHeaderInfo(TypedDict):
    """The header of a first message, by X3DH."""

    id: Bytes
    """The responder's signed prekey."""
    kemCiphertextBytes: int
    """The length of the ML-KEM-768 ciphertext, in bytes: 1088 in suite x25519-mlkem768, else 0."""
    kemId: Bytes | None
    """The id of the responder's KEM prekey, 32 bytes; null outside of suite x25519-mlkem768."""
    key: Bytes
    """The initiator's ephemeral key."""


class InspectedTargetInfo(TypedDict):
    """One entry of an inspected message."""

    copyOfBytes: int
    """The length of the sealed field that says for whom the message was, in bytes: 0 in everything
    but copies for the sender's own devices.
    """
    dhHeader: DhHeaderInfo | None
    """The header of a message by DH; null if there is none."""
    drHeader: DrHeaderInfo | None
    """The header of the Double Ratchet; null if there is none."""
    hrHeader: HrHeaderInfo | None
    """The header of a message under a group key, or of one that brings keys; null if there is none.
    """
    installationId: str
    """The device that the entry is for, or `none` for DH to the identity."""
    mode: Mode | None
    """How the entry is encrypted; null if its headers make no sense together."""
    payloadBytes: int
    """The length of the ciphertext, in bytes."""
    x3dhHeader: X3dhHeaderInfo | None
    """The header of a first message, by X3DH; null if there is none."""


class InspectedMessageInfo(TypedDict):
    """What is in a wire message, as far as it can be seen without keys."""

    bundles: list[InspectedBundleInfo]
    """The bundles that come with the message."""
    contact: ContactMark | None
    """What the message says that it means to a contact; null if it says nothing."""
    installationId: str
    """The device that the message names as its sender, whatever its form."""
    kemWanted: list[str]
    """The ids of the devices whose KEM prekeys the message asks for, whatever their form: at most
    4, since no more are read.
    """
    publicBytes: int
    """The length of the public message in it, in bytes; 0 if there is none."""
    targets: list[InspectedTargetInfo]
    """The entries, one for each device that the message is for."""


NextStep = Literal[
    "decrypt",
    "send_reply",
    "drop",
    "wait",
    "rekey",
]
"""What to do about a message that was explained.
decrypt: Give the message to `message_decrypt`: it opens.
send_reply: Give the message to `message_decrypt`, and send the `reply` to the sender.
drop: Do nothing: forget the message.
wait: Do nothing yet: it mends itself.
rekey: Start over: call `session_reset`, and write to the sender.
"""


PreKeyState = Literal[
    "current",
    "replaced",
    "not_ours",
]
"""What is known of a signed prekey.
current: It is ours, and in the present bundle.
replaced: It is ours, was replaced and is not erased yet.
not_ours: It is not ours, or was erased.
"""


class NamedPreKeyInfo(TypedDict):
    """A signed prekey that an entry names."""

    eraseAt: int | None
    """When the prekey will be erased at the earliest; null if it was not replaced."""
    replacedAt: int | None
    """When the prekey was replaced; null if it was not."""
    signedPreKey: Bytes
    """The public signed prekey."""
    state: PreKeyState
    """What is known of the prekey."""


MessageKeyState = Literal[
    "read",
    "skipped",
    "gone",
    "ahead",
    "new_chain",
]
"""Where the key of a message is.
read: The key is kept until the message is confirmed.
skipped: The key is kept since a later message of its chain was read.
gone: The key was used or dropped.
ahead: The key comes after those of messages that have not arrived.
new_chain: The message begins a new chain: its key is known once it opens.
"""


Standing = Literal[
    "active",
    "superseded",
    "expired",
]
"""What a session is used for.
active: It is used for sending and receiving.
superseded: It is used for receiving only: another session has its place.
expired: It is used for receiving what is late, until it is erased.
"""


SessionState = Literal[
    "unconfirmed",
    "established",
]
"""Whether a session was answered.
unconfirmed: The other end has not answered yet.
established: Each end has read something of the other.
"""


class SessionInfo(TypedDict):
    """A session with a device. No secret of it is shown."""

    createdAt: int
    """When the session was set up on this device."""
    endedAt: int | None
    """When the session was superseded or expired; null if it is active."""
    eraseAt: int | None
    """When the session will be erased with its keys; null if it is active."""
    identity: Bytes
    """The identity that the session is with."""
    installationId: str | None
    """The device that the session is with; null until it is known."""
    lastReceivedAt: int | None
    """When we last received on the session; null if never."""
    lastSentAt: int | None
    """When we last sent on the session; null if never."""
    postQuantum: bool
    """Whether the session is post-quantum: of suite x25519-mlkem768."""
    prekeyBlocked: bool
    """Whether the session keeps its device from a new one: it is the one session of suite secp256k1
    that may be begun on the present prekey of the device, and is not to be used any more. The
    device is written to by DH until it has a new prekey.
    """
    received: int
    """How many messages were decrypted on the session."""
    role: Role
    """Who began the session."""
    sent: int
    """How many messages were encrypted on the session."""
    sessionId: Bytes
    """The id of the session, which is equal at both ends."""
    standing: Standing
    """What the session is used for."""
    state: SessionState
    """Whether the session was answered."""
    storedKeys: int
    """How many message keys are kept: of messages that were skipped, or read and not confirmed."""
    suite: Suite
    """The suite of the session."""


class PossibleSessionInfo(TypedDict):
    """A session that the message may belong to."""

    messageId: Bytes
    """The id of the message, if it belongs to this session."""
    messageKey: MessageKeyState
    """Where the key of the message is, if it belongs to this session."""
    missing: int | None
    """How many messages between the last one read and this one are missing; null unless
    `messageKey` is `ahead`.
    """
    session: SessionInfo
    """The session that is tried."""


class Explanation(TypedDict):
    """What a message is, what it needs to be read, what of that is here, and what to do next.
    Nothing was changed to find it out.
    """

    addressedTo: Addressed
    """For whom the message is."""
    authenticated: bool
    """Whether the message itself proves the identity of its sender."""
    duplicate: bool
    """Whether the message was read before, and not confirmed."""
    explanation: list[str]
    """The whole explanation in sentences, in their order, for people."""
    forwardSecrecy: bool
    """Whether the message would be read through a ratchet."""
    hint: str
    """What there is to know about the outcome, for people."""
    installation: InstallationInfo | None
    """What is known of the sender's device; null if nothing is."""
    installationId: str | None
    """The device that the message names as its sender; null if it names none."""
    kemPreKey: NamedKemPreKeyInfo | None
    """The KEM prekey that the entry for this device names; null if it names none, as all but first
    messages of suite x25519-mlkem768.
    """
    message: InspectedMessageInfo
    """What is in the message, as `message_inspect` shows it."""
    messageId: Bytes | None
    """The id of the message, which is equal at both ends; null if the bytes do not tell it."""
    mode: Mode | None
    """How the entry for this device is encrypted; null if there is none, or if its headers make no
    sense together.
    """
    newInstallations: list[str]
    """The ids of devices that the message would tell of for the first time."""
    nextAction: NextStep
    """What to do with the message."""
    outcome: Outcome
    """What `message_decrypt` would answer now."""
    postQuantum: bool
    """Whether the message would be read on a session of suite x25519-mlkem768."""
    prekey: NamedPreKeyInfo | None
    """The signed prekey that the entry for this device names; null if it names none."""
    reason: NotRequired[Reason]
    """Why the message would not be read. Left out if it would."""
    replyDue: bool
    """Whether `message_decrypt` would give a `reply` to send."""
    sender: Bytes
    """The identity that the caller named as the sender."""
    sessionId: NotRequired[Bytes]
    """The session that the message opens on. Left out if there is none."""
    sessions: list[PossibleSessionInfo]
    """The sessions that the entry for this device is tried on, in this order; at most 8."""
    suite: Suite | None
    """The suite of the entry for this device, as far as its headers and the sessions here tell;
    null if they do not, or if there is none.
    """
    warnings: list[WarningInfo]
    """What is odd about the message."""


class ExportedAccount(TypedDict):
    """An identity key under a password."""

    keystore: Any
    """The keystore file: Web3 Secret Storage, version 3. Whoever has it and the password has the
    identity.
    """


class Forgotten(TypedDict):
    """The answer to the removal of a group from this account."""

    forgotten: bool
    """Whether the group is forgotten: always true."""


class GroupKeyInfo(TypedDict):
    """A group key that is kept."""

    current: bool
    """Whether it is the current key: the one that is written with."""
    due: GroupKeyDue | None
    """Why another key should be made; null if there is no need. `age` is told to those who may set
    one.
    """
    eraseAt: int | None
    """When the key will be erased at the earliest; null if no other has replaced it."""
    group: str
    """The group: its id, or `0x` and hex of one without a log."""
    highest: int
    """The highest number of a message that was read or written under the key; 0 if none was."""
    keyId: Bytes
    """The id of the key, which is equal for all who have it."""
    setBy: Bytes
    """The identity that set the key."""
    timestamp: int
    """The time of the key. The one with the highest is the current key."""


class GroupSetters(TypedDict):
    """Who may set the keys of a group without a log."""

    group: str
    """The group, as `0x` and hex."""
    setters: list[Bytes]
    """The identities whose keys are taken, besides our own."""


HealthStatus = Literal[
    "ok",
    "failing",
]
"""Whether the daemon works.
ok: The daemon works.
failing: The daemon does not work: `reason` says what fails.
"""


class Health(TypedDict):
    """Whether the daemon works."""

    devOnRealData: bool
    """Whether callers may move the clock and set prekeys of accounts that may be real."""
    hint: str | None
    """What to do about what is failing; null if nothing is."""
    reason: str | None
    """What is failing, with the account and the file where there is one; null if nothing is."""
    status: HealthStatus
    """Whether the daemon works."""


class IdenticonInfo(TypedDict):
    """The picture of an identity: 5 by 5 cells, mirrored left to right, in one colour."""

    bitmap: str
    """The 25 cells row by row from the top, `1` where one is set."""
    rgb: Bytes
    """The colour of the cells that are set: red, green and blue, a byte each."""
    svg: str
    """A drawing of 50 by 50 pixels on transparent ground, as an SVG document."""


class IdentityInfo(TypedDict):
    """An identity in the forms by which people and programs recognise it."""

    colorHash: list[list[int]]
    """The ring of colours around a picture: 1 to 11 stretches, each given as its length (1 to 5)
    and its colour (0 to 31).
    """
    colorId: int
    """Which of 11 colours stands for the identity: 0 to 10."""
    compressedKey: str
    """The public key in its compact form, `zQ3sh…`."""
    identicon: IdenticonInfo
    """The identicon: a small picture worked out from the identity."""
    publicKey: Bytes
    """The public key of the identity, `0x04…`, which Status calls the chat key."""
    safetyNumber: NotRequired[str]
    """The safety number of the identity and the `account`: 60 decimal digits that are equal at both
    ends, to be compared by another way than this transport. Left out without an account, and for
    the account's own identity.
    """


KemState = Literal[
    "held",
    "aged",
    "missing",
    "none",
]
"""What is held of a device's KEM prekeys.
held: One that serves, and is not older than a week.
aged: One that serves, and is to be replaced by a newer one.
missing: None that serves, though the device has KEM prekeys.
none: The device is not known to have KEM prekeys.
"""


class ImportedInstallation(TypedDict):
    """One entry of an imported bundle."""

    installationId: str
    """The id of the device."""
    isNew: bool
    """Whether the device was not known before."""
    isNewer: bool
    """Whether its prekey replaced an older one that was known."""
    kem: KemState
    """What is held of the device's KEM prekeys now. With `missing`, ask for the `contactCodeFull`
    of its user, or write: the device brings its KEM prekey with its answer.
    """
    version: int
    """The version of the device's prekey that the bundle lists."""


class ImportedBundleInfo(TypedDict):
    """What an imported bundle brought."""

    identity: Bytes
    """The identity whose bundle it is."""
    installations: list[ImportedInstallation]
    """The devices that the bundle lists and that are known now."""
    warnings: list[WarningInfo]
    """What was odd about the bundle."""


class LinkedContactInfo(TypedDict):
    """A contact that came with a second code."""

    compressedKey: str
    """The identity in its compact form, `zQ3sh…`."""
    identity: Bytes
    """The identity of the contact, `0x04…`."""
    name: str
    """What the frontend of the old device calls the contact; empty if it gave no name."""
    state: ContactState
    """The state of the contact."""
    verified: bool
    """Whether the user has compared the safety number and noted that it is equal."""


class LinkedAccount(TypedDict):
    """An account that was made from a second code: a new device of its identity."""

    account: str
    """The name of the account in this daemon."""
    compressedKey: str
    """The public key in its compact form, `zQ3sh…`."""
    contacts: list[LinkedContactInfo]
    """The contacts that came with the code."""
    contactsLeftOut: int
    """How many more the old device has, for which there was no room."""
    createdAt: int
    """When the account was made in this daemon."""
    envelopes: list[EnvelopeInfo]
    """The messages to send to our own identity: with them the old device learns the prekey of this
    one.
    """
    installationId: str
    """The id of this device."""
    linkedTo: str
    """The device that gave the code. It is enabled."""
    publicKey: Bytes
    """The public key of the identity, `0x04…`, which Status calls the chat key."""


class ListedGroup(TypedDict):
    """A group, as a list shows it."""

    clock: int
    """The highest clock of the group's events."""
    color: str
    """The colour of the group, as its members chose it; empty if they chose none."""
    creator: Bytes
    """The identity that created the group."""
    digest: Bytes
    """A digest of these events: two members with the same one agree on the group."""
    events: int
    """How many events the state of the group follows from."""
    group: str
    """The id of the group."""
    name: str
    """The name of the group."""
    own: GroupStanding
    """How this account stands to the group."""
    rules: GroupRules
    """Who may do what in the group."""


class ListenedTopic(TypedDict):
    """A topic that an account listens to."""

    contentTopic: str
    """The topic as a Waku network names it: `/waku/1/0x…/rfc26`."""
    kind: TopicKind
    """What the topic is listened to for."""
    peer: Bytes | None
    """The identity that the topic is shared with: our own for what our devices of status-go write.
    Null for topics of the account alone.
    """
    symKey: NotRequired[Bytes]
    """The symmetric key of the envelopes there: 32 bytes. Left out where they are sealed to their
    recipient.
    """
    topic: Bytes
    """The topic: 4 bytes."""


class ListenedTopics(TypedDict):
    """A part of the topics that an account listens to."""

    next: Bytes | None
    """What to give as `afterPeer` for the next part; null if this is the last."""
    topics: list[ListenedTopic]
    """The topics of this part: at first those of the account alone, then those shared with others,
    in the order of their keys.
    """


class LogFilterInfo(TypedDict):
    """What is logged, and what was before."""

    filter: str
    """The filter from now on."""
    previous: str
    """The filter until now."""


class MemoryProtection(TypedDict):
    """How the daemon's memory is protected, as far as the system allowed it."""

    coreDumps: bool
    """Whether a crash may leave a core."""
    locked: bool
    """Whether all of the memory is locked, so that none is swapped out."""
    reason: str | None
    """Why the memory is not locked; null if it is."""
    traceable: bool
    """Whether other processes of the same user may read the memory."""


class NewAccount(TypedDict):
    """A new account with its recovery phrase, which is shown this once."""

    account: str
    """The name of the account in this daemon."""
    compressedKey: str
    """The public key in its compact form, `zQ3sh…`."""
    createdAt: int
    """When the account was made in this daemon."""
    installationId: str
    """The id of this device."""
    mnemonic: str
    """The recovery phrase: whoever has it has the identity."""
    publicKey: Bytes
    """The public key of the identity, `0x04…`, which Status calls the chat key."""


class OfferedLink(TypedDict):
    """What an old device is about to do, before it does it."""

    account: str
    """The account whose identity the new device would have."""
    challenge: str
    """The challenge: six digits that the person is to type into the new device."""
    compressedKey: str
    """Its public key in the compact form, which the new device shows when it is done."""
    contacts: int
    """How many contacts the account has."""
    expiresInMs: int
    """How long the link can go on to its next step, in milliseconds."""
    installationId: str
    """The id of the new device."""
    link: str
    """The name of the link in this daemon, for `link_confirm`."""
    warning: str
    """What has to be said to the person before anything else: what they are about to give away, and
    when to stop.
    """


class _OpenedEnvelope(TypedDict):
    """What all have in common."""

    signer: Bytes | None
    """The identity that signed the envelope; null if nobody did, or if it did not open. It is
    whatever key fits the signature: compare it.
    """
    text: NotRequired[str]
    """The content as text, if it is UTF-8."""


class OpenedEnvelopeOpened(_OpenedEnvelope):
    """The envelope opened."""

    hint: NotRequired[str]
    """What to know about the reason, for people. Left out if the envelope opened."""
    outcome: Literal["opened"]
    """Whether the envelope opened."""
    payload: Bytes
    """The content as bytes. Left out if the envelope did not open."""
    reason: NotRequired[EnvelopeReason]
    """Why the envelope did not open. Left out if it did."""


class OpenedEnvelopeUnopened(_OpenedEnvelope):
    """The envelope did not open."""

    hint: str
    """What to know about the reason, for people. Left out if the envelope opened."""
    outcome: Literal["unopened"]
    """Whether the envelope opened."""
    payload: NotRequired[Bytes]
    """The content as bytes. Left out if the envelope did not open."""
    reason: EnvelopeReason
    """Why the envelope did not open. Left out if it did."""


OpenedEnvelope = (
    OpenedEnvelopeOpened
    | OpenedEnvelopeUnopened
)
"""What became of an envelope."""


class ParsedTopic(TypedDict):
    """The topic of a content topic."""

    topic: Bytes
    """The topic: 4 bytes."""


class Removed(TypedDict):
    """The answer to a removal."""

    removed: bool
    """Always true."""


class SealedEnvelope(TypedDict):
    """An envelope, ready for a relay."""

    envelope: Bytes
    """The bytes of the envelope."""
    kind: EnvelopeKind
    """How the envelope is sealed."""
    signer: Bytes | None
    """The identity that signed the envelope; null if nobody did."""


class SessionsReset(TypedDict):
    """The answer to `session_reset`."""

    expired: int
    """How many sessions were ended."""


class SharedGroupKey(TypedDict):
    """A group key, and the messages that bring it to others."""

    envelopes: list[EnvelopeInfo]
    """The wire messages to send, one for each identity; the one for our own devices comes last."""
    forwardSecrecy: bool
    """Whether every copy has forward secrecy."""
    group: str
    """The group: its id, or `0x` and hex of one without a log."""
    keyId: Bytes
    """The id of the key, which is equal for all who have it."""
    postQuantum: bool
    """Whether every copy is post-quantum, those for our own devices too; false if there is no copy.
    """
    skipped: list[SkippedInfo]
    """The devices that got no copy, and why."""
    timestamp: int
    """The time of the key. The one with the highest is the current key."""


class Status(TypedDict):
    """How the daemon is doing."""

    account: AccountStatus | None
    """The account that was asked for; null if none was."""
    accounts: AccountTotals
    """All accounts of the daemon together."""
    attention: list[AccountStatus]
    """The first 100 accounts that somebody should look at: those that cannot be read or written, as
    far as was found, those whose queue is nearly full, and those whose store was found to be an
    older state or a copy in the last 14 days.
    """
    attentionMore: int
    """How many such accounts there are besides."""
    contactPolicy: ContactPolicy
    """Whom messages may be sent to, as `contacts.policy` says."""
    dev: bool
    """Whether callers may move the clock and set prekeys."""
    devOnRealData: bool
    """Whether callers may do so to accounts that may be real: the data directory was made or used
    without `--dev`.
    """
    failing: str | None
    """What is failing, as `system_health` says it; null if nothing is."""
    memory: MemoryProtection
    """How the daemon's memory is protected."""
    newestEvent: int
    """The number of the newest event, 0 if there was none: as `after` it leads to those that are
    still to come.
    """
    now: int
    """The daemon's clock."""
    pid: int
    """The number of the daemon's process."""
    revision: str | None
    """The git revision it was built from; null if that is not known."""
    startedAt: int
    """When the daemon started."""
    version: str
    """The program's version."""


class TopicInfo(TypedDict):
    """Where envelopes go, and how they are sealed there."""

    contentTopic: str
    """The topic as a Waku network names it: `/waku/1/0x…/rfc26`."""
    name: str
    """The text that the topic is derived from."""
    symKey: NotRequired[Bytes]
    """The symmetric key of the envelopes there: 32 bytes. Left out where they are sealed to their
    recipient.
    """
    topic: Bytes
    """The topic: 4 bytes."""


class Version(TypedDict):
    """The program that is running."""

    name: str
    """The name of the program."""
    protocol: int
    """The version of the protocol that our bundles name."""
    revision: str | None
    """The git revision it was built from; null if that is not known."""
    version: str
    """The version of the program."""


class MetadataOfInstallationSetMetadata(TypedDict):
    """What to note about the device, in place of everything noted before. It takes an object of the
    texts name and deviceType (at most 256 characters each) and pushToken (at most 4096).
    """

    deviceType: NotRequired[str]
    name: NotRequired[str]
    pushToken: NotRequired[str]


class NamesOfLinkConfirmItem(TypedDict):
    """What the frontend calls its contacts: the names go along. By default none do. It takes an
    array of at most 1000 objects, each with the identity of a contact and the name that it is
    called by, at most 128 bytes.
    """

    identity: str
    name: str


class ParseError(RatchetdError):
    """The request is not JSON.
    What to do, by default: send one JSON value: a request object, or an array of them.
    """

    kind = "parse_error"


class InvalidRequestError(RatchetdError):
    """The JSON is no JSON-RPC request.
    What to do, by default: a request is {"jsonrpc":"2.0","id":…,"method":"…","params":{…}}; a batch
    has at most 100.
    """

    kind = "invalid_request"


class MethodNotFoundError(RatchetdError):
    """There is no such method.
    What to do, by default: `ratchetd call --list` names the methods there are.
    """

    kind = "method_not_found"


class InternalError(RatchetdError):
    """A bug of the daemon.
    What to do, by default: nothing was done; the daemon's log has the details: please report them.
    """

    kind = "internal"


class InvalidParamsError(RatchetdError):
    """A parameter is missing, unknown or of the wrong form; `field` names it.
    What to do, by default: compare the parameters with docs/api.md.
    """

    kind = "invalid_params"


class InvalidKeyError(RatchetdError):
    """The text is not a key of the form that is asked for.
    What to do, by default: a public key is 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…;
    a private key 0x and 64 hex digits.
    """

    kind = "invalid_key"


class InvalidBundleError(RatchetdError):
    """The bytes are no bundle, or not signed by its identity.
    What to do, by default: get the contact's bundle or contact code again: this one is damaged or
    not signed by its identity.
    """

    kind = "invalid_bundle"


class InvalidMessageError(RatchetdError):
    """The bytes are no wire message.
    What to do, by default: pass the bytes exactly as the transport delivered them; if they are,
    they are not for ratchetd: drop them.
    """

    kind = "invalid_message"


class InvalidMnemonicError(RatchetdError):
    """The text is no recovery phrase.
    What to do, by default: check the words and their order against the phrase as written down.
    """

    kind = "invalid_mnemonic"


class PayloadTooLargeError(RatchetdError):
    """The content is larger than one message or envelope can carry.
    What to do, by default: split the payload: one message carries at most 1 MiB.
    """

    kind = "payload_too_large"


class AccountNotFoundError(RatchetdError):
    """There is no account of this name.
    What to do, by default: `account_list` names the accounts there are; `account_create` makes one.
    """

    kind = "account_not_found"


class AccountExistsError(RatchetdError):
    """There is an account of this name already.
    What to do, by default: choose another name, or use the account that has it.
    """

    kind = "account_exists"


class AccountAmbiguousError(RatchetdError):
    """No account was named, and there is more than one.
    What to do, by default: name the account: `account_list` shows which there are.
    """

    kind = "account_ambiguous"


class InstallationNotFoundError(RatchetdError):
    """No device of this id is known.
    What to do, by default: `installation_list` names the devices that are known.
    """

    kind = "installation_not_found"


class InstallationLimitError(RatchetdError):
    """As many devices are enabled as may be.
    What to do, by default: disable another device first: `installation_list` shows which are
    enabled.
    """

    kind = "installation_limit"


class ContactNotAcceptedError(RatchetdError):
    """The contact has not accepted, and the policy asks for that.
    What to do, by default: ask them with contact_request, or answer their request with
    contact_accept.
    """

    kind = "contact_not_accepted"


class RequestIdReusedError(RatchetdError):
    """The request id stands for another request.
    What to do, by default: use a new requestId for a new request.
    """

    kind = "request_id_reused"


class SuiteForbiddenError(RatchetdError):
    """The configuration forbids every suite that would reach the recipient.
    What to do, by default: allow the suite in ratchet.suites, or ask the recipient to update; what
    goes by DH alone, such as a text to somebody who is declined, is never written to a recipient
    with a post-quantum device: leave the text out.
    """

    kind = "suite_forbidden"


class BusyError(RatchetdError):
    """The queue is full; nothing was done.
    What to do, by default: nothing was done: try again in a moment.
    """

    kind = "busy"


class ShuttingDownError(RatchetdError):
    """The daemon is stopping; nothing was done.
    What to do, by default: nothing was done: try again when the daemon is back.
    """

    kind = "shutting_down"


class StoreFailedError(RatchetdError):
    """The disk failed; nothing was done and nothing was lost.
    What to do, by default: nothing was done and nothing was lost: mend what the message says, then
    repeat the call.
    """

    kind = "store_failed"


class StoreRolledBackError(RatchetdError):
    """The store is older than it was: a copy was put back.
    What to do, by default: nothing was done: another copy of the data directory was put in this
    one's place while the daemon ran, or another program writes to it; restart the daemon, which
    then sets up new sessions, and see `system_status`.
    """

    kind = "store_rolled_back"


class GroupNotFoundError(RatchetdError):
    """There is no group of this id.
    What to do, by default: `group_list` names the groups there are; `group_apply` takes up one that
    an update tells of.
    """

    kind = "group_not_found"


class GroupForbiddenError(RatchetdError):
    """The rules of the group do not allow it to this account now.
    What to do, by default: `group_get` shows the group's rules, its admins, and how this account
    stands to it.
    """

    kind = "group_forbidden"


class GroupLimitError(RatchetdError):
    """The group, its log or the account has as much as it may have.
    What to do, by default: nothing was done: a group has at most 1000 members, an account 1000
    groups (`group_forget`); past the limit of a log, make a new group.
    """

    kind = "group_limit"


class GroupKeyMissingError(RatchetdError):
    """There is no key of the group here.
    What to do, by default: make one with `groupKey_create` if you may, or ask an admin for
    `groupKey_share`; without `mode` the message is encrypted for each member.
    """

    kind = "group_key_missing"


class GroupKeyDueError(RatchetdError):
    """The key of the group is not to be used any more: another one is due.
    What to do, by default: nothing was encrypted: make a new key with `groupKey_create` if you may,
    or leave out `mode`, and the message is encrypted for each member.
    """

    kind = "group_key_due"


class LinkNotFoundError(RatchetdError):
    """There is no such link, or it is over, or used.
    What to do, by default: begin again with `link_begin` on the new device: each step has to follow
    within a minute, and a link is used once.
    """

    kind = "link_not_found"


class LinkFailedError(RatchetdError):
    """The two devices of a link do not agree: nothing was given or taken, and it is over.
    What to do, by default: begin again with `link_begin` on the new device; if it fails again
    though all digits and codes were copied right, somebody is in between.
    """

    kind = "link_failed"


ERRORS: dict[str, type[RatchetdError]] = {
    "parse_error": ParseError,
    "invalid_request": InvalidRequestError,
    "method_not_found": MethodNotFoundError,
    "internal": InternalError,
    "invalid_params": InvalidParamsError,
    "invalid_key": InvalidKeyError,
    "invalid_bundle": InvalidBundleError,
    "invalid_message": InvalidMessageError,
    "invalid_mnemonic": InvalidMnemonicError,
    "payload_too_large": PayloadTooLargeError,
    "account_not_found": AccountNotFoundError,
    "account_exists": AccountExistsError,
    "account_ambiguous": AccountAmbiguousError,
    "installation_not_found": InstallationNotFoundError,
    "installation_limit": InstallationLimitError,
    "contact_not_accepted": ContactNotAcceptedError,
    "request_id_reused": RequestIdReusedError,
    "suite_forbidden": SuiteForbiddenError,
    "busy": BusyError,
    "shutting_down": ShuttingDownError,
    "store_failed": StoreFailedError,
    "store_rolled_back": StoreRolledBackError,
    "group_not_found": GroupNotFoundError,
    "group_forbidden": GroupForbiddenError,
    "group_limit": GroupLimitError,
    "group_key_missing": GroupKeyMissingError,
    "group_key_due": GroupKeyDueError,
    "link_not_found": LinkNotFoundError,
    "link_failed": LinkFailedError,
}


class AsyncMethods:
    """The methods of the daemon, under its own names and those of its parameters."""

    async def call(self, method: str, params: Mapping[str, object]) -> Any:
        """Calls a method by its name."""
        raise NotImplementedError

    async def account_create(
        self,
        *,
        account: str,
        installationId: str | None = None,
        words: Literal[12, 24] | None = None,
    ) -> NewAccount:
        """Makes an account with a new identity, and shows its recovery phrase this once.

        The account is the first device of the identity. The recovery phrase (BIP-39, English; the
        key at m/43'/60'/1581'/0'/0) is in the answer and kept nowhere else: write it down.

        account: The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        installationId: The id of the new device; a fresh one is made by default. One that was used
            before must not be given where a contact uses status-go: neither would read the other
            until the prekeys of both have changed. It takes an installation id: 1 to 64 of A-Z,
            a-z, 0-9, '.', '_' and '-', not "none" and not digits followed by x1-.
        words: Length of the recovery phrase, in words: 12 by default. It takes a number of words:
            12 or 24.

        Raises: AccountExistsError, InternalError, InvalidParamsError, ShuttingDownError,
            StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "installationId": installationId,
            "words": words,
        }
        return cast(NewAccount, await self.call("account_create", params))

    async def account_recover(
        self,
        *,
        account: str,
        mnemonic: str,
        mnemonicPassphrase: str | None = None,
        installationId: str | None = None,
    ) -> AccountInfo:
        """Makes an account from a recovery phrase: a new device of that identity.

        No sessions come with it. Contacts write to it when they have its bundle, and devices of the
        same identity when they have enabled it.

        account: The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        mnemonic: The recovery phrase. It takes text.
        mnemonicPassphrase: The passphrase of the recovery phrase, if it has one. It takes text.
        installationId: The id of the new device. Best left out, and a fresh one is made: contacts
            on status-go do not read a device whose id was used before. It takes an installation id:
            1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', not "none" and not digits followed by x1-.

        Raises: AccountExistsError, InternalError, InvalidMnemonicError, InvalidParamsError,
            ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "mnemonic": mnemonic,
            "mnemonicPassphrase": mnemonicPassphrase,
            "installationId": installationId,
        }
        return cast(AccountInfo, await self.call("account_recover", params))

    async def account_import(
        self,
        *,
        account: str,
        privateKey: str,
        installationId: str | None = None,
    ) -> AccountInfo:
        """Makes an account from a private key: a new device of that identity.

        The private key is that of the identity. No sessions come with it: contacts write to the new
        device when they have its bundle.

        account: The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        privateKey: The private key of the identity, which Status calls the chat key. It takes a
            private key as 0x and 64 hex digits.
        installationId: The id of the new device. Best left out, and a fresh one is made: contacts
            on status-go do not read a device whose id was used before. It takes an installation id:
            1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', not "none" and not digits followed by x1-.

        Raises: AccountExistsError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "privateKey": privateKey,
            "installationId": installationId,
        }
        return cast(AccountInfo, await self.call("account_import", params))

    async def account_list(
        self,
        *,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[AccountInfo]:
        """Lists the accounts.

        They are sorted by name. No secret of theirs is shown. A part that has fewer than `limit` is
        the last one; else ask for the part after the last name.

        limit: The most accounts to give in one answer. By default all are given. It takes a whole
            number from 1 to 1000.
        after: Where the list goes on: after the account of this name, whether there is one or not.
            By default it begins. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
            beginning with a letter or digit.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "limit": limit,
            "after": after,
        }
        return cast(list[AccountInfo], await self.call("account_list", params))

    async def account_get(self, *, account: str | None = None) -> AccountInfo:
        """Shows one account.

        Give its public key, in either form, to whoever is to write to it.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError.
        """
        params: dict[str, object] = {
            "account": account,
        }
        return cast(AccountInfo, await self.call("account_get", params))

    async def account_export(
        self,
        *,
        password: str,
        account: str | None = None,
    ) -> ExportedAccount:
        """Exports the identity key as a keystore file under a password. Nothing else of the account
        is in it.

        The file is Web3 Secret Storage, version 3, with scrypt, which takes 256 MiB of memory for
        about a second. The state of ratchets is never exported: a copy of it could use a key twice.

        password: The password that the keystore file is encrypted with. It takes text.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "password": password,
            "account": account,
        }
        return cast(ExportedAccount, await self.call("account_export", params))

    async def account_importKeystore(
        self,
        *,
        account: str,
        keystore: Mapping[str, Any] | str,
        password: str,
        installationId: str | None = None,
    ) -> AccountInfo:
        """Makes an account from a keystore file: a new device of that identity.

        The file is Web3 Secret Storage, version 3, with scrypt or PBKDF2. No sessions come with it.
        A wrong password is `invalid_params` about `password`.

        account: The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        keystore: The keystore file. It takes a keystore file (Web3 Secret Storage, version 3) as an
            object or as text.
        password: The password of the keystore file. It takes text.
        installationId: The id of the new device. Best left out, and a fresh one is made: contacts
            on status-go do not read a device whose id was used before. It takes an installation id:
            1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', not "none" and not digits followed by x1-.

        Raises: AccountExistsError, InternalError, InvalidParamsError, ShuttingDownError,
            StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "keystore": keystore,
            "password": password,
            "installationId": installationId,
        }
        return cast(AccountInfo, await self.call("account_importKeystore", params))

    async def account_remove(self, *, account: str, publicKey: str) -> Removed:
        """Erases an account and all its data.

        The public key must be the account's, so that none is erased by mistake. Calls that wait for
        the account are finished first; then its sessions, keys and events are gone for good.

        account: The account to erase. It must be named even if there is only one. It takes an
            account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
        publicKey: The public key of that account, so that no other is erased by mistake. It takes a
            public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountNotFoundError, BusyError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "account": account,
            "publicKey": publicKey,
        }
        return cast(Removed, await self.call("account_remove", params))

    async def bundle_get(self, *, account: str | None = None) -> BundleInfo:
        """Gives the bundle to publish; rotates the prekey first if that is due.

        Publish it where contacts look, or show `contactCode` to them: whoever has it can begin a
        session with forward secrecy. Every message carries it as well. With `contactCodeFull`,
        which is text alone and too long for a QR code, the first message is post-quantum, too; with
        `contactCode` the messages after the first answer are.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "account": account,
        }
        return cast(BundleInfo, await self.call("bundle_get", params))

    async def bundle_import(
        self,
        *,
        bundle: str,
        account: str | None = None,
    ) -> ImportedBundleInfo:
        """Imports a contact's bundle that came by another way than a message.

        The bundle must be signed by the identity that it names. Entries that are refused or skipped
        are told in `warnings`. `kem` says of each device whether what is written to it next can be
        post-quantum.

        bundle: The bundle, as bytes or as a contact code. It takes a bundle as 0x and hex digits,
            or a contact code.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidBundleError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "bundle": bundle,
            "account": account,
        }
        return cast(ImportedBundleInfo, await self.call("bundle_import", params))

    async def bundle_inspect(self, *, bundle: str) -> InspectedBundleInfo:
        """Shows what is in a bundle. No key is needed.

        Needs no account, and changes nothing.

        bundle: The bundle, as bytes or as a contact code. It takes a bundle as 0x and hex digits,
            or a contact code.

        Raises: InternalError, InvalidBundleError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "bundle": bundle,
        }
        return cast(InspectedBundleInfo, await self.call("bundle_inspect", params))

    @overload
    async def message_encrypt(
        self,
        *,
        recipient: str,
        payload: str | bytes,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> Encrypted: ...

    @overload
    async def message_encrypt(
        self,
        *,
        recipient: str,
        text: str,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> Encrypted: ...

    async def message_encrypt(
        self,
        *,
        recipient: str,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> Encrypted:
        """Encrypts for every active device of the recipient and for our own other devices.

        Send every envelope of the result. If no device of the recipient is known, the message is
        encrypted by DH to the identity, without forward secrecy, and an empty payload is then
        refused: it would be an advertisement. `postQuantum` says whether every copy is. If no
        device of the recipient gets a copy, since KEM prekeys are missing and nothing may be
        written below, an advertisement that asks for them is in the place of the text; the same
        `requestId` sends the text once they are there. Else a retry with the same `requestId`
        within 24 hours gives the same bytes, and no ratchet moves. With `seal`, each envelope also
        comes sealed and signed, with the topic to send it by.

        recipient: The identity to write to. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03…
            (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: The plaintext as bytes. It takes bytes as 0x and hex digits, at most 1 MiB.
        text: The plaintext as text. It takes text, at most 1 MiB of UTF-8.
        requestId: A name for this request, which makes a retry safe: within 24 hours, the same
            request under the same name gives the same bytes again. It takes a request id: text of 1
            to 128 characters.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            InternalError, InvalidKeyError, InvalidParamsError, PayloadTooLargeError,
            RequestIdReusedError, ShuttingDownError, StoreFailedError, StoreRolledBackError,
            SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "recipient": recipient,
            "account": account,
            "payload": payload,
            "text": text,
            "requestId": requestId,
            "seal": seal,
        }
        return cast(Encrypted, await self.call("message_encrypt", params))

    @overload
    async def message_encryptGroup(
        self,
        *,
        recipients: Sequence[str],
        payload: str | bytes,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        joinedOnly: bool | None = None,
        mode: Literal["key"] | None = None,
    ) -> Encrypted: ...

    @overload
    async def message_encryptGroup(
        self,
        *,
        payload: str | bytes,
        group: str,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        joinedOnly: bool | None = None,
        mode: Literal["key"] | None = None,
    ) -> Encrypted: ...

    @overload
    async def message_encryptGroup(
        self,
        *,
        recipients: Sequence[str],
        text: str,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        joinedOnly: bool | None = None,
        mode: Literal["key"] | None = None,
    ) -> Encrypted: ...

    @overload
    async def message_encryptGroup(
        self,
        *,
        text: str,
        group: str,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        joinedOnly: bool | None = None,
        mode: Literal["key"] | None = None,
    ) -> Encrypted: ...

    async def message_encryptGroup(
        self,
        *,
        account: str | None = None,
        recipients: Sequence[str] | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        group: str | None = None,
        joinedOnly: bool | None = None,
        mode: Literal["key"] | None = None,
    ) -> Encrypted:
        """Encrypts for every active device of all recipients, or of all members of a group, and for
        our own other devices: for all of them, or for none.

        Each of up to 1000 recipients has an envelope of its own, encrypted as `message_encrypt`
        does, in one transaction. A group that we have accepted is written to by its id, whatever
        the policy for contacts: everybody who is in it gets a copy, and nobody who is gone. With
        `mode: "key"` there is one envelope, encrypted once under the group's key: without forward
        secrecy, and without a proof of who wrote it unless it is sealed. A retry with the same
        `requestId` within 24 hours gives the same bytes, unless a recipient got no copy for want of
        a KEM prekey.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        recipients: The identities to write to, in place of `group`. It takes an array of 1 to 1000
            public keys.
        payload: The plaintext as bytes. It takes bytes as 0x and hex digits, at most 1 MiB.
        text: The plaintext as text. It takes text, at most 1 MiB of UTF-8.
        requestId: A name for this request, which makes a retry safe: within 24 hours, the same
            request under the same name gives the same bytes again. It takes a request id: text of 1
            to 128 characters.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".
        group: The group to write to, in place of `recipients`: everybody in it, whether or not they
            have accepted, and without us. It takes the id of a group, as group_create gave it, or
            0x and the hex digits of 1 to 256 bytes.
        joinedOnly: Whether those who have not accepted get no copy: false by default. It takes true
            or false.
        mode: `key` for one message under the group's key, in place of one for each member. By
            default each member has one of its own, with forward secrecy. It takes "key".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            GroupForbiddenError, GroupKeyDueError, GroupKeyMissingError, GroupLimitError,
            GroupNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            PayloadTooLargeError, RequestIdReusedError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "account": account,
            "recipients": recipients,
            "payload": payload,
            "text": text,
            "requestId": requestId,
            "seal": seal,
            "group": group,
            "joinedOnly": joinedOnly,
            "mode": mode,
        }
        return cast(Encrypted, await self.call("message_encryptGroup", params))

    @overload
    async def message_encryptPublic(
        self,
        *,
        payload: str | bytes,
        account: str | None = None,
    ) -> Envelopes: ...

    @overload
    async def message_encryptPublic(
        self,
        *,
        text: str,
        account: str | None = None,
    ) -> Envelopes: ...

    async def message_encryptPublic(
        self,
        *,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
    ) -> Envelopes:
        """Makes a public message, which is not encrypted.

        Everybody can read it, and nothing proves who wrote it. It carries our bundle, and cannot be
        empty.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: The content as bytes. It takes bytes as 0x and hex digits, at most 1 MiB.
        text: The content as text. It takes text, at most 1 MiB of UTF-8.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, PayloadTooLargeError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "account": account,
            "payload": payload,
            "text": text,
        }
        return cast(Envelopes, await self.call("message_encryptPublic", params))

    async def message_advertise(
        self,
        *,
        recipient: str,
        account: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> Envelopes:
        """Makes an empty message that brings our bundle to the recipient.

        Send it to let a contact begin sessions with all our devices. It has nothing to show to
        people.

        recipient: The identity that our bundle is brought to. It takes a public key: 0x04… (65
            bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "recipient": recipient,
            "account": account,
            "seal": seal,
        }
        return cast(Envelopes, await self.call("message_advertise", params))

    @overload
    async def message_decrypt(
        self,
        *,
        sender: str,
        message: str | bytes,
        account: str | None = None,
        confirm: bool | None = None,
        symKey: str | None = None,
    ) -> Decrypted: ...

    @overload
    async def message_decrypt(
        self,
        *,
        sealed: str | bytes,
        account: str | None = None,
        confirm: bool | None = None,
        symKey: str | None = None,
    ) -> Decrypted: ...

    async def message_decrypt(
        self,
        *,
        account: str | None = None,
        sender: str | None = None,
        message: str | bytes | None = None,
        confirm: bool | None = None,
        sealed: str | bytes | None = None,
        symKey: str | None = None,
    ) -> Decrypted:
        """Reads a received wire message.

        Give `message` with the `sender` that the transport names, or `sealed`, an envelope whose
        signature names the sender. What became of the message is a result, not an error; if it was
        not read, the result has the reason and what to do. Send the `reply` if there is one. Until
        `message_confirm` the message can be read again, and is then marked as a duplicate.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        sender: The identity that the transport names as the sender. It goes with `message`, not
            with `sealed`. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or
            zQ3sh….
        message: The wire message as the transport delivered it. It takes a wire message as 0x and
            hex digits, at most 4 MiB.
        confirm: Whether the message is confirmed at once, so that it is read at most once: false by
            default. It takes true or false.
        sealed: The message in its envelope, in place of `sender` and `message`: the signature of
            the envelope names the sender. It takes an envelope as 0x and hex digits, at most 5 MiB.
        symKey: The symmetric key of the topic that `sealed` came by, from `topic_negotiated`.
            Without it, our identity and the keys that we share with the 1024 identities last
            written to are tried. It takes a symmetric key as 0x and 64 hex digits, not all zero.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidMessageError, InvalidParamsError, PayloadTooLargeError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "account": account,
            "sender": sender,
            "message": message,
            "confirm": confirm,
            "sealed": sealed,
            "symKey": symKey,
        }
        return cast(Decrypted, await self.call("message_decrypt", params))

    async def message_confirm(
        self,
        *,
        messageIds: Sequence[str],
        account: str | None = None,
    ) -> Confirmed:
        """Erases the keys of messages whose text the caller has stored.

        Store the text first: afterwards nobody reads that message again. Ids that are not known, or
        confirmed already, are ignored.

        messageIds: The ids of the messages whose text is stored. It takes an array of at most 10000
            message ids, each 0x and 64 hex digits.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "messageIds": messageIds,
            "account": account,
        }
        return cast(Confirmed, await self.call("message_confirm", params))

    async def message_inspect(self, *, message: str | bytes) -> InspectedMessageInfo:
        """Shows what is in a wire message. No key is needed.

        Needs no account, and changes nothing.

        message: The wire message as the transport delivered it. It takes a wire message as 0x and
            hex digits, at most 4 MiB.

        Raises: InternalError, InvalidMessageError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "message": message,
        }
        return cast(InspectedMessageInfo, await self.call("message_inspect", params))

    async def message_explain(
        self,
        *,
        sender: str,
        message: str | bytes,
        account: str | None = None,
    ) -> Explanation:
        """Says why a message opens or does not, what it needs, and what to do next. Changes
        nothing.

        The result says what the bytes are, which session and keys they need, and what is known of
        the sender's device.

        sender: The identity that the transport names as the sender. It takes a public key: 0x04…
            (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
        message: The wire message as the transport delivered it. It takes a wire message as 0x and
            hex digits, at most 4 MiB.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidMessageError, InvalidParamsError, ShuttingDownError,
            StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "sender": sender,
            "message": message,
            "account": account,
        }
        return cast(Explanation, await self.call("message_explain", params))

    async def installation_list(
        self,
        *,
        account: str | None = None,
        identity: str | None = None,
    ) -> list[InstallationInfo]:
        """Lists the devices of an identity, ours by default.

        Each comes with its state, with how the next message to it is encrypted, and with what the
        frontend noted about it.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        identity: The identity whose devices or sessions are listed. By default, `installation_list`
            lists our own devices, and `session_list` the sessions with everybody. It takes a public
            key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "identity": identity,
        }
        return cast(list[InstallationInfo], await self.call("installation_list", params))

    async def installation_enable(
        self,
        *,
        installationId: str,
        account: str | None = None,
        identity: str | None = None,
    ) -> InstallationInfo:
        """Enables a device: messages are encrypted for it from now on.

        A device of our own gets a copy of every message then, and our bundle lists it; enable it on
        every other device of ours, too. For a device of a contact this undoes
        `installation_disable`.

        installationId: The id of the device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9,
            '.', '_' and '-', and not "none".
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        identity: The identity that the device belongs to: our own by default. It takes a public
            key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationLimitError,
            InstallationNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "installationId": installationId,
            "account": account,
            "identity": identity,
        }
        return cast(InstallationInfo, await self.call("installation_enable", params))

    async def installation_disable(
        self,
        *,
        installationId: str,
        account: str | None = None,
        identity: str | None = None,
    ) -> InstallationInfo:
        """Disables a device: nothing is sent to it any more.

        Our bundle leaves out a device of our own, and our contacts and our other devices stop
        writing to it.

        installationId: The id of the device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9,
            '.', '_' and '-', and not "none".
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        identity: The identity that the device belongs to: our own by default. It takes a public
            key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationNotFoundError,
            InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "installationId": installationId,
            "account": account,
            "identity": identity,
        }
        return cast(InstallationInfo, await self.call("installation_disable", params))

    async def installation_setMetadata(
        self,
        *,
        installationId: str,
        metadata: MetadataOfInstallationSetMetadata,
        account: str | None = None,
        identity: str | None = None,
    ) -> InstallationInfo:
        """Notes a name, a type and a push address of a device.

        The notes stay in this daemon. A member that is left out becomes empty.

        installationId: The id of the device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9,
            '.', '_' and '-', and not "none".
        metadata: What to note about the device, in place of everything noted before. It takes an
            object of the texts name and deviceType (at most 256 characters each) and pushToken (at
            most 4096).
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        identity: The identity that the device belongs to: our own by default. It takes a public
            key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationNotFoundError,
            InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "installationId": installationId,
            "metadata": metadata,
            "account": account,
            "identity": identity,
        }
        return cast(InstallationInfo, await self.call("installation_setMetadata", params))

    async def link_begin(self, *, format: Literal["svg", "text"] | None = None) -> BegunLink:
        """Begins to make this daemon a further device of an identity: gives the code to show.

        Needs no account. Show the code on this device, as text and as a QR code; the old device
        reads it with `link_offer`. Nothing is written: after a minute without a next step the link
        is over.

        format: How the code is drawn as a QR code. By default it is not. It takes svg or text.

        Raises: BusyError, InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "format": format,
        }
        return cast(BegunLink, await self.call("link_begin", params))

    async def link_offer(self, *, code: str, account: str | None = None) -> OfferedLink:
        """Reads the code of a new device, and says what confirming it would do. Nothing is given
        yet.

        Say the `warning` and what the link is for, then show the challenge: the person types it
        into the new device, which shows six digits in turn. Give those to `link_confirm` as the
        person has typed them. Do not take them from anywhere else.

        code: The code that the new device shows. It takes the code that a new device shows:
            ratchetd-link-1:….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationLimitError,
            InternalError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "code": code,
            "account": account,
        }
        return cast(OfferedLink, await self.call("link_offer", params))

    async def link_answer(self, *, link: str, challenge: str) -> AnsweredLink:
        """Answers the challenge of the old device on the new one.

        Show the response: the person types it into the old device.

        link: The link that `link_begin` began. It takes the `link` that link_begin or link_offer
            answered.
        challenge: The challenge, which the old device shows. It takes six digits.

        Raises: InternalError, InvalidParamsError, LinkNotFoundError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "link": link,
            "challenge": challenge,
        }
        return cast(AnsweredLink, await self.call("link_answer", params))

    async def link_confirm(
        self,
        *,
        link: str,
        response: str,
        format: Literal["svg", "text"] | None = None,
        names: Sequence[NamesOfLinkConfirmItem] | None = None,
    ) -> ConfirmedLink:
        """Gives the new device the identity, the contacts and our bundle, and enables it.

        **Whoever opens the code of the result has the identity for good.** It opens on the device
        that showed the first code alone, and only if the person has typed what that device showed.
        With a wrong response nothing is given, and the link is over.

        link: The link that `link_offer` offered. It takes the `link` that link_begin or link_offer
            answered.
        response: The response, which the new device shows. It takes six digits.
        format: How the second code is drawn as a QR code, in which there is room for some dozens of
            contacts. By default it is not drawn, and has room for hundreds. It takes svg or text.
        names: What the frontend calls its contacts: the names go along. By default none do. It
            takes an array of at most 1000 objects, each with the identity of a contact and the name
            that it is called by, at most 128 bytes.

        Raises: AccountNotFoundError, BusyError, InstallationLimitError, InternalError,
            InvalidKeyError, InvalidParamsError, LinkFailedError, LinkNotFoundError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "link": link,
            "response": response,
            "format": format,
            "names": names,
        }
        return cast(ConfirmedLink, await self.call("link_confirm", params))

    async def link_accept(
        self,
        *,
        link: str,
        account: str,
        code: str,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> LinkedAccount:
        """Makes an account from the second code: a new device of the identity, with its contacts.

        The device that gave the code is enabled, and has enabled this one. Send the `envelopes` to
        our own identity: with them it learns this device's prekey. No sessions come with the code:
        contacts write to the new device when they have its bundle. A code that is not for this link
        ends it.

        link: The link that `link_begin` began. It takes the `link` that link_begin or link_offer
            answered.
        account: The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        code: The code that the old device gave. It takes the code that the old device gave:
            ratchetd-link-2:….
        seal: Whether the message for the old device also comes sealed in an envelope for a relay,
            and by which topic it goes: `true` for the negotiated topic once it is agreed upon, or
            one of the two by name. By default it does not. It takes true, false, "negotiated" or
            "partitioned".

        Raises: AccountExistsError, InternalError, InvalidParamsError, LinkFailedError,
            LinkNotFoundError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "link": link,
            "account": account,
            "code": code,
            "seal": seal,
        }
        return cast(LinkedAccount, await self.call("link_accept", params))

    async def session_list(
        self,
        *,
        account: str | None = None,
        identity: str | None = None,
    ) -> list[SessionInfo]:
        """Lists the sessions with an identity, or with all.

        For diagnostics: they come with counters and times, and never with a secret.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        identity: The identity whose devices or sessions are listed. By default, `installation_list`
            lists our own devices, and `session_list` the sessions with everybody. It takes a public
            key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "identity": identity,
        }
        return cast(list[SessionInfo], await self.call("session_list", params))

    async def session_reset(
        self,
        *,
        identity: str,
        account: str | None = None,
        installationId: str | None = None,
    ) -> SessionsReset:
        """Ends the sessions with an identity or one of its devices: the next message sets up a new
        one.

        For two devices that no longer understand each other. What was sent on the old sessions can
        still be read for a while. A device of status-go on whose present prekey a session was begun
        is written to by DH, without forward secrecy, until it has another one: it would not read a
        second session. That a device is post-quantum is forgotten, and its KEM prekey: so reset one
        that went back to a program without them.

        identity: The identity to start over with. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        installationId: The device of that identity to start over with: all of them by default. It
            takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not "none".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationNotFoundError,
            InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
            "installationId": installationId,
        }
        return cast(SessionsReset, await self.call("session_reset", params))

    async def contact_list(self, *, account: str | None = None) -> list[ContactInfo]:
        """Lists the contacts.

        A contact is an identity that asked, was asked, accepted, declined or verified.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
        }
        return cast(list[ContactInfo], await self.call("contact_list", params))

    async def contact_get(self, *, identity: str, account: str | None = None) -> ContactInfo:
        """Shows the state of an identity as a contact, and the safety number.

        An identity that nothing was recorded of is in the state `none`. Both ends have the same
        safety number.

        identity: The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
        }
        return cast(ContactInfo, await self.call("contact_get", params))

    async def contact_request(
        self,
        *,
        identity: str,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> ContactStepInfo:
        """Asks an identity to become a contact, with an introduction.

        Send the envelopes of the result. If the identity has asked us already, this accepts it. As
        long as none of its devices is known, the introduction cannot be empty. If KEM prekeys are
        missing, an envelope without targets is in its place, as of `message_encrypt`: the same call
        again sends it once they are there.

        identity: The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: What the message says, as bytes. It takes bytes as 0x and hex digits, at most 1
            MiB.
        text: What the message says, as text. It takes text, at most 1 MiB of UTF-8.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            InternalError, InvalidKeyError, InvalidParamsError, PayloadTooLargeError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
            "payload": payload,
            "text": text,
            "seal": seal,
        }
        return cast(ContactStepInfo, await self.call("contact_request", params))

    async def contact_accept(
        self,
        *,
        identity: str,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> ContactStepInfo:
        """Accepts an identity, with a message that gives both ends forward secrecy.

        Send the envelopes of the result: with them the other end learns of it. As long as none of
        its devices is known, the message cannot be empty. If KEM prekeys are missing, an envelope
        without targets is in its place, as of `message_encrypt`: the same call again sends it once
        they are there.

        identity: The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: What the message says, as bytes. It takes bytes as 0x and hex digits, at most 1
            MiB.
        text: What the message says, as text. It takes text, at most 1 MiB of UTF-8.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            InternalError, InvalidKeyError, InvalidParamsError, PayloadTooLargeError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
            "payload": payload,
            "text": text,
            "seal": seal,
        }
        return cast(ContactStepInfo, await self.call("contact_accept", params))

    async def contact_decline(
        self,
        *,
        identity: str,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> ContactStepInfo:
        """Declines an identity, which is told nothing unless there is a text.

        A `payload` or `text`, even an empty one, is encrypted to it by DH, so that it is not taken
        for an acceptance. Without one there is at most the copy for our own other devices. Send the
        envelopes of the result. What the identity sends is not read any more, until
        `contact_accept` or `contact_request`.

        identity: The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: What the message says, as bytes. It takes bytes as 0x and hex digits, at most 1
            MiB.
        text: What the message says, as text. It takes text, at most 1 MiB of UTF-8.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            InternalError, InvalidKeyError, InvalidParamsError, PayloadTooLargeError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
            "payload": payload,
            "text": text,
            "seal": seal,
        }
        return cast(ContactStepInfo, await self.call("contact_decline", params))

    async def contact_verify(
        self,
        *,
        identity: str,
        verified: bool,
        account: str | None = None,
    ) -> ContactInfo:
        """Notes whether the safety number was compared.

        Let both people compare the safety number first, by another way than this transport.

        identity: The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        verified: Whether both people compared the safety number and it was equal. It takes true or
            false.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "verified": verified,
            "account": account,
        }
        return cast(ContactInfo, await self.call("contact_verify", params))

    async def group_create(
        self,
        *,
        name: str,
        account: str | None = None,
        members: Sequence[str] | None = None,
        color: str | None = None,
        open: bool | None = None,
        requestId: str | None = None,
    ) -> Act:
        """Creates a group, and invites its members.

        This account is its first admin. Send the `update` to the `recipients`, in a message of your
        own, with `message_encryptGroup`.

        name: The name of the group. It takes text, at most 1024 bytes of UTF-8.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        members: The identities to invite: nobody by default. It takes an array of 1 to 1000 public
            keys.
        color: The colour of the group: none by default. It takes text, 1 to 64 bytes of UTF-8.
        open: Whether everybody in the group may invite, and change its name, colour and image, as
            in groups of status-go: false by default, so that admins alone may. It takes true or
            false.
        requestId: A name for this request, which makes a retry safe: within 24 hours, the same
            request under the same name gives the same group again. It takes a request id: text of 1
            to 128 characters.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, InternalError, InvalidKeyError, InvalidParamsError,
            RequestIdReusedError, ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "name": name,
            "account": account,
            "members": members,
            "color": color,
            "open": open,
            "requestId": requestId,
        }
        return cast(Act, await self.call("group_create", params))

    async def group_invite(
        self,
        *,
        group: str,
        members: Sequence[str],
        account: str | None = None,
    ) -> Act:
        """Invites identities to a group.

        An admin may; in an open group everybody in it. Who is in the group is passed over. Send the
        `update` to the `recipients`.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        members: The identities that it is done to. It takes an array of 1 to 1000 public keys.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "members": members,
            "account": account,
        }
        return cast(Act, await self.call("group_invite", params))

    async def group_remove(
        self,
        *,
        group: str,
        members: Sequence[str],
        account: str | None = None,
    ) -> Act:
        """Removes identities from a group.

        An admin may, and no other admin can be removed. Send the `update` to the `recipients`, who
        include those that are removed. What is written to the group from now on is not encrypted
        for them; a group key that they have needs another in its place (`groupKey_create`).

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        members: The identities that it is done to. It takes an array of 1 to 1000 public keys.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "members": members,
            "account": account,
        }
        return cast(Act, await self.call("group_remove", params))

    async def group_promote(
        self,
        *,
        group: str,
        members: Sequence[str],
        account: str | None = None,
    ) -> Act:
        """Makes members of a group its admins.

        An admin may. Nobody but the new admins themselves can undo it. Send the `update` to the
        `recipients`.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        members: The identities that it is done to. It takes an array of 1 to 1000 public keys.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "members": members,
            "account": account,
        }
        return cast(Act, await self.call("group_promote", params))

    async def group_accept(self, *, group: str, account: str | None = None) -> Act:
        """Accepts the invitation to a group.

        From then on the group can be written to. Send the `update` to the `recipients`.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
        }
        return cast(Act, await self.call("group_accept", params))

    async def group_leave(self, *, group: str, account: str | None = None) -> Act:
        """Leaves a group, or declines the invitation to it.

        Send the `update` to the `recipients`. The group stays in the list until `group_forget`.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
        }
        return cast(Act, await self.call("group_leave", params))

    async def group_edit(
        self,
        *,
        group: str,
        account: str | None = None,
        name: str | None = None,
        color: str | None = None,
        image: str | bytes | None = None,
    ) -> Act:
        """Changes the name, the colour or the image of a group.

        An admin may; in an open group everybody in it. Give at least one of the three. Send the
        `update` to the `recipients`.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        name: The new name: as it is by default. It takes text, 1 to 1024 bytes of UTF-8.
        color: The new colour: as it is by default. It takes text, 1 to 64 bytes of UTF-8.
        image: The new image: as it is by default. It takes an image as 0x and hex digits, 1 to
            400000 bytes.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
            "name": name,
            "color": color,
            "image": image,
        }
        return cast(Act, await self.call("group_edit", params))

    async def group_apply(
        self,
        *,
        update: str | bytes,
        account: str | None = None,
        sender: str | None = None,
    ) -> Applied:
        """Takes up an update of a group that a message brought.

        What became of it is a result, not an error. Updates may come in any order and any number of
        times: who has the same ones has the same group, and the same `digest` of it. An event
        without the signature of somebody who was entitled to it has no effect.

        update: The update, as the sender's frontend put it into its message. It takes an update of
            a group as 0x and hex digits, at most 1 MiB.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        sender: The identity that sent the update, as `message_decrypt` gave it. With it, the update
            of somebody who is not in the group is refused. It takes a public key: 0x04… (65 bytes),
            0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "update": update,
            "account": account,
            "sender": sender,
        }
        return cast(Applied, await self.call("group_apply", params))

    async def group_list(self, *, account: str | None = None) -> list[ListedGroup]:
        """Lists the groups: those that this account is in, is invited to, or is gone from.

        They come without their members and images, which `group_get` gives.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
        }
        return cast(list[ListedGroup], await self.call("group_list", params))

    async def group_get(self, *, group: str, account: str | None = None) -> Group:
        """Shows a group, with its image, and with its whole log as an update.

        Send the `update` to a member whose `digest` is another one.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupNotFoundError,
            InternalError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
        }
        return cast(Group, await self.call("group_get", params))

    async def group_forget(self, *, group: str, account: str | None = None) -> Forgotten:
        """Erases the log and the keys of a group from this account. Nobody is told.

        It has to be a group that this account has not accepted, has left, or was removed from. The
        group comes back with an update in which this account was invited later.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
        }
        return cast(Forgotten, await self.call("group_forget", params))

    async def groupKey_create(
        self,
        *,
        group: str,
        account: str | None = None,
        recipients: Sequence[str] | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        requestId: str | None = None,
    ) -> SharedGroupKey:
        """Makes a new key of a group, and encrypts it for everybody in the group and for our own
        devices.

        Send every envelope of the result. It is the current key from then on: what is written under
        it can be read by all who get it, and not by those who are gone. An admin may make one; of a
        group without a log, whoever is named as one who may (`groupKey_trust`).

        group: The group: its id, or `0x` and hex of one without a log. It takes the id of a group,
            as group_create gave it, or 0x and the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        recipients: The identities that get the key, for a group without a log. In a group with one,
            everybody gets it. It takes an array of 1 to 1000 public keys.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".
        requestId: A name for this request, which makes a retry safe: within 24 hours, the same
            request under the same name gives the same key again. It takes a request id: text of 1
            to 128 characters.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            GroupForbiddenError, GroupLimitError, GroupNotFoundError, InternalError,
            InvalidKeyError, InvalidParamsError, RequestIdReusedError, ShuttingDownError,
            StoreFailedError, StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
            "recipients": recipients,
            "seal": seal,
            "requestId": requestId,
        }
        return cast(SharedGroupKey, await self.call("groupKey_create", params))

    async def groupKey_share(
        self,
        *,
        group: str,
        account: str | None = None,
        recipients: Sequence[str] | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> SharedGroupKey:
        """Encrypts the current key of a group for some of its members, or for our own devices.

        For those who lack it, such as who was invited later. With it they can read all that was and
        will be written under it; to keep that from them, make a new key.

        group: The group: its id, or `0x` and hex of one without a log. It takes the id of a group,
            as group_create gave it, or 0x and the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        recipients: The identities that get the key: in the group, or our own. By default everybody
            in the group. It takes an array of 1 to 1000 public keys.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            GroupForbiddenError, GroupKeyDueError, GroupKeyMissingError, GroupLimitError,
            GroupNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
            "recipients": recipients,
            "seal": seal,
        }
        return cast(SharedGroupKey, await self.call("groupKey_share", params))

    async def groupKey_list(
        self,
        *,
        account: str | None = None,
        group: str | None = None,
    ) -> list[GroupKeyInfo]:
        """Lists the keys of a group, or of all, and says which should be replaced. No secret is
        shown.

        Make a new key when the current one is due: at `removal` and `spent` nothing is encrypted
        under it any more.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        group: The group whose keys are listed: those of all groups by default. It takes the id of a
            group, as group_create gave it, or 0x and the hex digits of 1 to 256 bytes.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupNotFoundError,
            InternalError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "group": group,
        }
        return cast(list[GroupKeyInfo], await self.call("groupKey_list", params))

    async def groupKey_trust(
        self,
        *,
        group: str,
        setters: Sequence[str],
        account: str | None = None,
    ) -> GroupSetters:
        """Names those who may set the keys of a group without a log, such as a community.

        It is the whole list, in place of the one before; with an empty one the group and its keys
        are forgotten. Keys from our own identity are always taken.

        group: The group, as `0x` and hex: one without a log. It takes the id of a group, as
            group_create gave it, or 0x and the hex digits of 1 to 256 bytes.
        setters: The identities whose keys are taken from now on. With none, the group and its keys
            are forgotten. It takes an array of at most 16 public keys.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError,
            StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "setters": setters,
            "account": account,
        }
        return cast(GroupSetters, await self.call("groupKey_trust", params))

    async def contact_code_qr(
        self,
        *,
        format: Literal["svg", "text"],
        account: str | None = None,
    ) -> ContactCodeDrawing:
        """Draws the contact code as a QR code, for another device to read from paper or a screen.

        The QR code holds the `contactCode` of `bundle_get`. Each enabled device makes it longer,
        and the drawing finer: with very many it fits no QR code, which is `installation_limit`.

        format: How the QR code is drawn. It takes svg or text.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationLimitError,
            InternalError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "format": format,
            "account": account,
        }
        return cast(ContactCodeDrawing, await self.call("contact_code_qr", params))

    async def identity_describe(
        self,
        *,
        identity: str,
        account: str | None = None,
    ) -> IdentityInfo:
        """Shows an identity in the forms by which people and programs recognise it; with an
        account, the safety number too.

        Needs no account, and changes nothing. Pictures and colours can be imitated: what people
        compare is the safety number.

        identity: The identity to describe. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03…
            (33 bytes), or zQ3sh….
        account: The account of ours to work out the safety number with. Without it there is no
            safety number. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
            beginning with a letter or digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, InternalError, InvalidKeyError,
            InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
        }
        return cast(IdentityInfo, await self.call("identity_describe", params))

    @overload
    async def envelope_seal(
        self,
        *,
        payload: str | bytes,
        recipient: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    @overload
    async def envelope_seal(
        self,
        *,
        payload: str | bytes,
        symKey: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    @overload
    async def envelope_seal(
        self,
        *,
        payload: str | bytes,
        password: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    @overload
    async def envelope_seal(
        self,
        *,
        text: str,
        recipient: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    @overload
    async def envelope_seal(
        self,
        *,
        text: str,
        symKey: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    @overload
    async def envelope_seal(
        self,
        *,
        text: str,
        password: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    async def envelope_seal(
        self,
        *,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        recipient: str | None = None,
        symKey: str | None = None,
        password: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope:
        """Seals a content in an envelope for a relay, signed by the account's identity.

        It is sealed to an identity (`recipient`), or with a key (`symKey`, or a `password` that
        stands for one): give exactly one of them. The envelope does not say whom it is for: whoever
        can open it can pass the content on, under the signer's name. For messages,
        `message_encrypt` with `seal` does all of this.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: The content of the envelope, as bytes. It takes bytes as 0x and hex digits, at most
            4 MiB.
        text: The content of the envelope, as text. It takes text, at most 1 MiB of UTF-8.
        recipient: The identity that the envelope is sealed to: it alone can open it. It takes a
            public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
        symKey: The symmetric key that the envelope is sealed with: whoever has it can open it. It
            takes a symmetric key as 0x and 64 hex digits, not all zero.
        password: A text that the symmetric key is derived from, such as the name of a public chat.
            It takes text.
        sign: Whether the account's identity signs the envelope: true by default. It takes true or
            false.
        padding: What the envelope is filled up with: by default random bytes, up to a multiple of
            256. It takes bytes as 0x and hex digits, at most 1 MiB.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, PayloadTooLargeError, ShuttingDownError,
            StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "payload": payload,
            "text": text,
            "recipient": recipient,
            "symKey": symKey,
            "password": password,
            "sign": sign,
            "padding": padding,
        }
        return cast(SealedEnvelope, await self.call("envelope_seal", params))

    async def envelope_open(
        self,
        *,
        envelope: str | bytes,
        account: str | None = None,
        symKey: str | None = None,
        password: str | None = None,
    ) -> OpenedEnvelope:
        """Opens an envelope from a relay, and says who signed it.

        It is opened with the account's identity, or with the key that is given. That it does not
        open is a result, not an error: listeners see strangers' envelopes all day. Give an envelope
        with a message of ratchetd to `message_decrypt` as it is.

        envelope: The envelope as the relay delivered it. It takes an envelope as 0x and hex digits,
            at most 5 MiB.
        account: The account whose identity opens the envelope, unless a key does. May be left out
            when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        symKey: The symmetric key of the topic that the envelope came by. It takes a symmetric key
            as 0x and 64 hex digits, not all zero.
        password: A text that the symmetric key is derived from, such as the name of a public chat.
            It takes text.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, PayloadTooLargeError, ShuttingDownError,
            StoreFailedError.
        """
        params: dict[str, object] = {
            "envelope": envelope,
            "account": account,
            "symKey": symKey,
            "password": password,
        }
        return cast(OpenedEnvelope, await self.call("envelope_open", params))

    async def topic_list(
        self,
        *,
        account: str | None = None,
        afterPeer: str | None = None,
        limit: int | None = None,
    ) -> ListenedTopics:
        """Lists every topic that an account has to listen to, with the keys.

        Its own, and one with everybody who may write to it by a topic that the two alone can tell,
        from before the first message that could be answered there. `topic.changed` tells of each
        that is added, or taken away with a contact that is declined. Give the `symKey` of the topic
        that an envelope came by to `message_decrypt`.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        afterPeer: Where the list goes on: the `next` of the part before. By default it begins. It
            takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
        limit: The most topics shared with others to give in one answer: 100 by default. It takes a
            whole number from 1 to 1000.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "account": account,
            "afterPeer": afterPeer,
            "limit": limit,
        }
        return cast(ListenedTopics, await self.call("topic_list", params))

    async def topic_contactCode(self, *, identity: str) -> TopicInfo:
        """Gives the topic where an identity publishes its contact code, and the key of that topic.

        Topic and key follow from the identity: whoever knows it can listen there and read.

        identity: The identity whose topic it is. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….

        Raises: InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "identity": identity,
        }
        return cast(TopicInfo, await self.call("topic_contactCode", params))

    async def topic_partitioned(self, *, identity: str) -> TopicInfo:
        """Gives the topic where an identity is written to before a negotiated topic is agreed upon.

        There are 5000 such topics, which all identities share. Envelopes there are sealed to their
        recipient: there is no `symKey`.

        identity: The identity whose topic it is. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….

        Raises: InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "identity": identity,
        }
        return cast(TopicInfo, await self.call("topic_partitioned", params))

    async def topic_personal(self, *, identity: str) -> TopicInfo:
        """Gives the topic that belongs to one identity alone.

        status-go sends there what an identity tells itself, such as backups, and what it tells
        servers, such as those of push notifications. Envelopes there are sealed to their recipient:
        there is no `symKey`. Whoever knows the identity sees when something is sent, so ratchetd
        sends nothing there.

        identity: The identity whose topic it is. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….

        Raises: InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "identity": identity,
        }
        return cast(TopicInfo, await self.call("topic_personal", params))

    async def topic_negotiated(self, *, identity: str, account: str | None = None) -> TopicInfo:
        """Gives the topic where this account and an identity write to each other, and the key of
        that topic.

        Both ends have the same topic and key, and nobody else can work them out: they are secrets.
        `topic_list` says with whom to listen there.

        identity: The identity that the topic is shared with. It takes a public key: 0x04… (65
            bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
        }
        return cast(TopicInfo, await self.call("topic_negotiated", params))

    async def topic_public(self, *, name: str) -> TopicInfo:
        """Gives the topic of a public chat, and the key of that topic.

        Whoever knows the name of the chat can read and write there.

        name: The name of the public chat. It is taken as it is: nothing is normalised. It takes the
            name of a chat: text, at most 1024 characters.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "name": name,
        }
        return cast(TopicInfo, await self.call("topic_public", params))

    async def topic_parse(self, *, contentTopic: str) -> ParsedTopic:
        """Reads the topic out of a content topic.

        A content topic is `/waku/1/0x`, eight hex digits and `/rfc26`; anything else is refused.

        contentTopic: The topic as a Waku network names it. It takes a content topic: /waku/1/0x,
            eight hex digits and /rfc26.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "contentTopic": contentTopic,
        }
        return cast(ParsedTopic, await self.call("topic_parse", params))

    async def clock_next(self, *, chat: str, account: str | None = None) -> ChatClock:
        """Gives the clock and the time for a message that is about to be sent in a chat.

        It is a Lamport clock: the present time in milliseconds, or one more than the highest clock
        that was sent or seen in the chat, but at most 120 seconds above the present time. Below
        that bound no clock is given twice.

        chat: The name that the frontend has for the chat. It takes the name of a chat: text, at
            most 1024 characters.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "chat": chat,
            "account": account,
        }
        return cast(ChatClock, await self.call("clock_next", params))

    async def clock_observe(
        self,
        *,
        chat: str,
        clock: int,
        envelopeAt: int,
        account: str | None = None,
    ) -> ChatClock:
        """Takes note of the clock of a message that was received in a chat.

        A clock is refused if it is 0 or more than 120 seconds above the time of its envelope, or if
        that time is more than a day ahead of this machine, so that nobody can push a chat's clock
        away. Do not show such a message.

        chat: The name that the frontend has for the chat. It takes the name of a chat: text, at
            most 1024 characters.
        clock: The clock of the message that was received. It takes a whole number from 0 to
            9007199254740991.
        envelopeAt: The time of the envelope that the message came in. It takes a time in whole
            milliseconds since the epoch.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "chat": chat,
            "clock": clock,
            "envelopeAt": envelopeAt,
            "account": account,
        }
        return cast(ChatClock, await self.call("clock_observe", params))

    async def event_list(
        self,
        *,
        account: str | None = None,
        after: int | None = None,
        limit: int | None = None,
        waitMs: int | None = None,
    ) -> Events:
        """Lists the events after a given one, and waits for one if asked to.

        For a long poll, give `next` as `after` of the next call. `lagged` says that some events are
        no longer there.

        account: The account whose events are told, or `*` for all. May be left out when there is
            exactly one account. It takes an account name, or "*" for all accounts.
        after: The number of the last event that is known already: 0 by default, to begin with the
            oldest. It takes a number: the seq of an event, or 0 to begin with the oldest.
        limit: The most events to give in one answer: 100 by default. It takes a whole number from 1
            to 1000.
        waitMs: How long to wait for an event if there is none yet, in milliseconds: 0 by default.
            It takes a whole number of milliseconds from 0 to 60000.

        Raises: AccountAmbiguousError, AccountNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "after": after,
            "limit": limit,
            "waitMs": waitMs,
        }
        return cast(Events, await self.call("event_list", params))

    async def event_ticket(self) -> EventTicketInfo:
        """Gives a ticket that opens one stream of events in place of the token.

        For `GET /events?ticket=` over TCP, from an `EventSource` of a page, which cannot send the
        token. It is used up by the first request that shows it, and is over soon. A browser that
        comes back by itself shows it again, and is refused: take another, and go on with `after`.

        Raises: BusyError, InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {}
        return cast(EventTicketInfo, await self.call("event_ticket", params))

    async def system_health(self) -> Health:
        """Says whether the daemon works.

        To find out, a message between two scratch devices is encrypted, stored and read, as for
        `GET /readyz`.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {}
        return cast(Health, await self.call("system_health", params))

    async def system_version(self) -> Version:
        """Says which program in which version is running.

        The git revision is for bug reports.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {}
        return cast(Version, await self.call("system_version", params))

    async def system_status(self, *, account: str | None = None) -> Status:
        """Says how the daemon and its accounts are doing.

        Of the accounts there are counts over all of them, those that somebody should look at, and
        the one that is asked for.

        account: The account to look at besides. It is opened for that. It takes an account name: 1
            to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
        }
        return cast(Status, await self.call("system_status", params))

    async def system_setLogFilter(self, *, filter: str) -> LogFilterInfo:
        """Changes what the daemon logs, until its next start or SIGHUP.

        For looking at something while it happens. What may never be logged, such as keys and texts,
        is not, whatever the filter says.

        filter: What to log: a level, or directives for parts of the daemon. It takes a level or
            directives, such as info or daemon=debug, at most 1024 characters.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "filter": filter,
        }
        return cast(LogFilterInfo, await self.call("system_setLogFilter", params))


class Methods:
    """The methods of the daemon, under its own names and those of its parameters."""

    def call(self, method: str, params: Mapping[str, object]) -> Any:
        """Calls a method by its name."""
        raise NotImplementedError

    def account_create(
        self,
        *,
        account: str,
        installationId: str | None = None,
        words: Literal[12, 24] | None = None,
    ) -> NewAccount:
        """Makes an account with a new identity, and shows its recovery phrase this once.

        The account is the first device of the identity. The recovery phrase (BIP-39, English; the
        key at m/43'/60'/1581'/0'/0) is in the answer and kept nowhere else: write it down.

        account: The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        installationId: The id of the new device; a fresh one is made by default. One that was used
            before must not be given where a contact uses status-go: neither would read the other
            until the prekeys of both have changed. It takes an installation id: 1 to 64 of A-Z,
            a-z, 0-9, '.', '_' and '-', not "none" and not digits followed by x1-.
        words: Length of the recovery phrase, in words: 12 by default. It takes a number of words:
            12 or 24.

        Raises: AccountExistsError, InternalError, InvalidParamsError, ShuttingDownError,
            StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "installationId": installationId,
            "words": words,
        }
        return cast(NewAccount, self.call("account_create", params))

    def account_recover(
        self,
        *,
        account: str,
        mnemonic: str,
        mnemonicPassphrase: str | None = None,
        installationId: str | None = None,
    ) -> AccountInfo:
        """Makes an account from a recovery phrase: a new device of that identity.

        No sessions come with it. Contacts write to it when they have its bundle, and devices of the
        same identity when they have enabled it.

        account: The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        mnemonic: The recovery phrase. It takes text.
        mnemonicPassphrase: The passphrase of the recovery phrase, if it has one. It takes text.
        installationId: The id of the new device. Best left out, and a fresh one is made: contacts
            on status-go do not read a device whose id was used before. It takes an installation id:
            1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', not "none" and not digits followed by x1-.

        Raises: AccountExistsError, InternalError, InvalidMnemonicError, InvalidParamsError,
            ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "mnemonic": mnemonic,
            "mnemonicPassphrase": mnemonicPassphrase,
            "installationId": installationId,
        }
        return cast(AccountInfo, self.call("account_recover", params))

    def account_import(
        self,
        *,
        account: str,
        privateKey: str,
        installationId: str | None = None,
    ) -> AccountInfo:
        """Makes an account from a private key: a new device of that identity.

        The private key is that of the identity. No sessions come with it: contacts write to the new
        device when they have its bundle.

        account: The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        privateKey: The private key of the identity, which Status calls the chat key. It takes a
            private key as 0x and 64 hex digits.
        installationId: The id of the new device. Best left out, and a fresh one is made: contacts
            on status-go do not read a device whose id was used before. It takes an installation id:
            1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', not "none" and not digits followed by x1-.

        Raises: AccountExistsError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "privateKey": privateKey,
            "installationId": installationId,
        }
        return cast(AccountInfo, self.call("account_import", params))

    def account_list(
        self,
        *,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[AccountInfo]:
        """Lists the accounts.

        They are sorted by name. No secret of theirs is shown. A part that has fewer than `limit` is
        the last one; else ask for the part after the last name.

        limit: The most accounts to give in one answer. By default all are given. It takes a whole
            number from 1 to 1000.
        after: Where the list goes on: after the account of this name, whether there is one or not.
            By default it begins. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
            beginning with a letter or digit.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "limit": limit,
            "after": after,
        }
        return cast(list[AccountInfo], self.call("account_list", params))

    def account_get(self, *, account: str | None = None) -> AccountInfo:
        """Shows one account.

        Give its public key, in either form, to whoever is to write to it.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError.
        """
        params: dict[str, object] = {
            "account": account,
        }
        return cast(AccountInfo, self.call("account_get", params))

    def account_export(
        self,
        *,
        password: str,
        account: str | None = None,
    ) -> ExportedAccount:
        """Exports the identity key as a keystore file under a password. Nothing else of the account
        is in it.

        The file is Web3 Secret Storage, version 3, with scrypt, which takes 256 MiB of memory for
        about a second. The state of ratchets is never exported: a copy of it could use a key twice.

        password: The password that the keystore file is encrypted with. It takes text.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "password": password,
            "account": account,
        }
        return cast(ExportedAccount, self.call("account_export", params))

    def account_importKeystore(
        self,
        *,
        account: str,
        keystore: Mapping[str, Any] | str,
        password: str,
        installationId: str | None = None,
    ) -> AccountInfo:
        """Makes an account from a keystore file: a new device of that identity.

        The file is Web3 Secret Storage, version 3, with scrypt or PBKDF2. No sessions come with it.
        A wrong password is `invalid_params` about `password`.

        account: The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        keystore: The keystore file. It takes a keystore file (Web3 Secret Storage, version 3) as an
            object or as text.
        password: The password of the keystore file. It takes text.
        installationId: The id of the new device. Best left out, and a fresh one is made: contacts
            on status-go do not read a device whose id was used before. It takes an installation id:
            1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', not "none" and not digits followed by x1-.

        Raises: AccountExistsError, InternalError, InvalidParamsError, ShuttingDownError,
            StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "keystore": keystore,
            "password": password,
            "installationId": installationId,
        }
        return cast(AccountInfo, self.call("account_importKeystore", params))

    def account_remove(self, *, account: str, publicKey: str) -> Removed:
        """Erases an account and all its data.

        The public key must be the account's, so that none is erased by mistake. Calls that wait for
        the account are finished first; then its sessions, keys and events are gone for good.

        account: The account to erase. It must be named even if there is only one. It takes an
            account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
        publicKey: The public key of that account, so that no other is erased by mistake. It takes a
            public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountNotFoundError, BusyError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "account": account,
            "publicKey": publicKey,
        }
        return cast(Removed, self.call("account_remove", params))

    def bundle_get(self, *, account: str | None = None) -> BundleInfo:
        """Gives the bundle to publish; rotates the prekey first if that is due.

        Publish it where contacts look, or show `contactCode` to them: whoever has it can begin a
        session with forward secrecy. Every message carries it as well. With `contactCodeFull`,
        which is text alone and too long for a QR code, the first message is post-quantum, too; with
        `contactCode` the messages after the first answer are.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "account": account,
        }
        return cast(BundleInfo, self.call("bundle_get", params))

    def bundle_import(
        self,
        *,
        bundle: str,
        account: str | None = None,
    ) -> ImportedBundleInfo:
        """Imports a contact's bundle that came by another way than a message.

        The bundle must be signed by the identity that it names. Entries that are refused or skipped
        are told in `warnings`. `kem` says of each device whether what is written to it next can be
        post-quantum.

        bundle: The bundle, as bytes or as a contact code. It takes a bundle as 0x and hex digits,
            or a contact code.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidBundleError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "bundle": bundle,
            "account": account,
        }
        return cast(ImportedBundleInfo, self.call("bundle_import", params))

    def bundle_inspect(self, *, bundle: str) -> InspectedBundleInfo:
        """Shows what is in a bundle. No key is needed.

        Needs no account, and changes nothing.

        bundle: The bundle, as bytes or as a contact code. It takes a bundle as 0x and hex digits,
            or a contact code.

        Raises: InternalError, InvalidBundleError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "bundle": bundle,
        }
        return cast(InspectedBundleInfo, self.call("bundle_inspect", params))

    @overload
    def message_encrypt(
        self,
        *,
        recipient: str,
        payload: str | bytes,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> Encrypted: ...

    @overload
    def message_encrypt(
        self,
        *,
        recipient: str,
        text: str,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> Encrypted: ...

    def message_encrypt(
        self,
        *,
        recipient: str,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> Encrypted:
        """Encrypts for every active device of the recipient and for our own other devices.

        Send every envelope of the result. If no device of the recipient is known, the message is
        encrypted by DH to the identity, without forward secrecy, and an empty payload is then
        refused: it would be an advertisement. `postQuantum` says whether every copy is. If no
        device of the recipient gets a copy, since KEM prekeys are missing and nothing may be
        written below, an advertisement that asks for them is in the place of the text; the same
        `requestId` sends the text once they are there. Else a retry with the same `requestId`
        within 24 hours gives the same bytes, and no ratchet moves. With `seal`, each envelope also
        comes sealed and signed, with the topic to send it by.

        recipient: The identity to write to. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03…
            (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: The plaintext as bytes. It takes bytes as 0x and hex digits, at most 1 MiB.
        text: The plaintext as text. It takes text, at most 1 MiB of UTF-8.
        requestId: A name for this request, which makes a retry safe: within 24 hours, the same
            request under the same name gives the same bytes again. It takes a request id: text of 1
            to 128 characters.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            InternalError, InvalidKeyError, InvalidParamsError, PayloadTooLargeError,
            RequestIdReusedError, ShuttingDownError, StoreFailedError, StoreRolledBackError,
            SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "recipient": recipient,
            "account": account,
            "payload": payload,
            "text": text,
            "requestId": requestId,
            "seal": seal,
        }
        return cast(Encrypted, self.call("message_encrypt", params))

    @overload
    def message_encryptGroup(
        self,
        *,
        recipients: Sequence[str],
        payload: str | bytes,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        joinedOnly: bool | None = None,
        mode: Literal["key"] | None = None,
    ) -> Encrypted: ...

    @overload
    def message_encryptGroup(
        self,
        *,
        payload: str | bytes,
        group: str,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        joinedOnly: bool | None = None,
        mode: Literal["key"] | None = None,
    ) -> Encrypted: ...

    @overload
    def message_encryptGroup(
        self,
        *,
        recipients: Sequence[str],
        text: str,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        joinedOnly: bool | None = None,
        mode: Literal["key"] | None = None,
    ) -> Encrypted: ...

    @overload
    def message_encryptGroup(
        self,
        *,
        text: str,
        group: str,
        account: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        joinedOnly: bool | None = None,
        mode: Literal["key"] | None = None,
    ) -> Encrypted: ...

    def message_encryptGroup(
        self,
        *,
        account: str | None = None,
        recipients: Sequence[str] | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        requestId: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        group: str | None = None,
        joinedOnly: bool | None = None,
        mode: Literal["key"] | None = None,
    ) -> Encrypted:
        """Encrypts for every active device of all recipients, or of all members of a group, and for
        our own other devices: for all of them, or for none.

        Each of up to 1000 recipients has an envelope of its own, encrypted as `message_encrypt`
        does, in one transaction. A group that we have accepted is written to by its id, whatever
        the policy for contacts: everybody who is in it gets a copy, and nobody who is gone. With
        `mode: "key"` there is one envelope, encrypted once under the group's key: without forward
        secrecy, and without a proof of who wrote it unless it is sealed. A retry with the same
        `requestId` within 24 hours gives the same bytes, unless a recipient got no copy for want of
        a KEM prekey.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        recipients: The identities to write to, in place of `group`. It takes an array of 1 to 1000
            public keys.
        payload: The plaintext as bytes. It takes bytes as 0x and hex digits, at most 1 MiB.
        text: The plaintext as text. It takes text, at most 1 MiB of UTF-8.
        requestId: A name for this request, which makes a retry safe: within 24 hours, the same
            request under the same name gives the same bytes again. It takes a request id: text of 1
            to 128 characters.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".
        group: The group to write to, in place of `recipients`: everybody in it, whether or not they
            have accepted, and without us. It takes the id of a group, as group_create gave it, or
            0x and the hex digits of 1 to 256 bytes.
        joinedOnly: Whether those who have not accepted get no copy: false by default. It takes true
            or false.
        mode: `key` for one message under the group's key, in place of one for each member. By
            default each member has one of its own, with forward secrecy. It takes "key".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            GroupForbiddenError, GroupKeyDueError, GroupKeyMissingError, GroupLimitError,
            GroupNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            PayloadTooLargeError, RequestIdReusedError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "account": account,
            "recipients": recipients,
            "payload": payload,
            "text": text,
            "requestId": requestId,
            "seal": seal,
            "group": group,
            "joinedOnly": joinedOnly,
            "mode": mode,
        }
        return cast(Encrypted, self.call("message_encryptGroup", params))

    @overload
    def message_encryptPublic(
        self,
        *,
        payload: str | bytes,
        account: str | None = None,
    ) -> Envelopes: ...

    @overload
    def message_encryptPublic(
        self,
        *,
        text: str,
        account: str | None = None,
    ) -> Envelopes: ...

    def message_encryptPublic(
        self,
        *,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
    ) -> Envelopes:
        """Makes a public message, which is not encrypted.

        Everybody can read it, and nothing proves who wrote it. It carries our bundle, and cannot be
        empty.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: The content as bytes. It takes bytes as 0x and hex digits, at most 1 MiB.
        text: The content as text. It takes text, at most 1 MiB of UTF-8.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, PayloadTooLargeError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "account": account,
            "payload": payload,
            "text": text,
        }
        return cast(Envelopes, self.call("message_encryptPublic", params))

    def message_advertise(
        self,
        *,
        recipient: str,
        account: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> Envelopes:
        """Makes an empty message that brings our bundle to the recipient.

        Send it to let a contact begin sessions with all our devices. It has nothing to show to
        people.

        recipient: The identity that our bundle is brought to. It takes a public key: 0x04… (65
            bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "recipient": recipient,
            "account": account,
            "seal": seal,
        }
        return cast(Envelopes, self.call("message_advertise", params))

    @overload
    def message_decrypt(
        self,
        *,
        sender: str,
        message: str | bytes,
        account: str | None = None,
        confirm: bool | None = None,
        symKey: str | None = None,
    ) -> Decrypted: ...

    @overload
    def message_decrypt(
        self,
        *,
        sealed: str | bytes,
        account: str | None = None,
        confirm: bool | None = None,
        symKey: str | None = None,
    ) -> Decrypted: ...

    def message_decrypt(
        self,
        *,
        account: str | None = None,
        sender: str | None = None,
        message: str | bytes | None = None,
        confirm: bool | None = None,
        sealed: str | bytes | None = None,
        symKey: str | None = None,
    ) -> Decrypted:
        """Reads a received wire message.

        Give `message` with the `sender` that the transport names, or `sealed`, an envelope whose
        signature names the sender. What became of the message is a result, not an error; if it was
        not read, the result has the reason and what to do. Send the `reply` if there is one. Until
        `message_confirm` the message can be read again, and is then marked as a duplicate.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        sender: The identity that the transport names as the sender. It goes with `message`, not
            with `sealed`. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or
            zQ3sh….
        message: The wire message as the transport delivered it. It takes a wire message as 0x and
            hex digits, at most 4 MiB.
        confirm: Whether the message is confirmed at once, so that it is read at most once: false by
            default. It takes true or false.
        sealed: The message in its envelope, in place of `sender` and `message`: the signature of
            the envelope names the sender. It takes an envelope as 0x and hex digits, at most 5 MiB.
        symKey: The symmetric key of the topic that `sealed` came by, from `topic_negotiated`.
            Without it, our identity and the keys that we share with the 1024 identities last
            written to are tried. It takes a symmetric key as 0x and 64 hex digits, not all zero.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidMessageError, InvalidParamsError, PayloadTooLargeError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "account": account,
            "sender": sender,
            "message": message,
            "confirm": confirm,
            "sealed": sealed,
            "symKey": symKey,
        }
        return cast(Decrypted, self.call("message_decrypt", params))

    def message_confirm(
        self,
        *,
        messageIds: Sequence[str],
        account: str | None = None,
    ) -> Confirmed:
        """Erases the keys of messages whose text the caller has stored.

        Store the text first: afterwards nobody reads that message again. Ids that are not known, or
        confirmed already, are ignored.

        messageIds: The ids of the messages whose text is stored. It takes an array of at most 10000
            message ids, each 0x and 64 hex digits.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "messageIds": messageIds,
            "account": account,
        }
        return cast(Confirmed, self.call("message_confirm", params))

    def message_inspect(self, *, message: str | bytes) -> InspectedMessageInfo:
        """Shows what is in a wire message. No key is needed.

        Needs no account, and changes nothing.

        message: The wire message as the transport delivered it. It takes a wire message as 0x and
            hex digits, at most 4 MiB.

        Raises: InternalError, InvalidMessageError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "message": message,
        }
        return cast(InspectedMessageInfo, self.call("message_inspect", params))

    def message_explain(
        self,
        *,
        sender: str,
        message: str | bytes,
        account: str | None = None,
    ) -> Explanation:
        """Says why a message opens or does not, what it needs, and what to do next. Changes
        nothing.

        The result says what the bytes are, which session and keys they need, and what is known of
        the sender's device.

        sender: The identity that the transport names as the sender. It takes a public key: 0x04…
            (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
        message: The wire message as the transport delivered it. It takes a wire message as 0x and
            hex digits, at most 4 MiB.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidMessageError, InvalidParamsError, ShuttingDownError,
            StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "sender": sender,
            "message": message,
            "account": account,
        }
        return cast(Explanation, self.call("message_explain", params))

    def installation_list(
        self,
        *,
        account: str | None = None,
        identity: str | None = None,
    ) -> list[InstallationInfo]:
        """Lists the devices of an identity, ours by default.

        Each comes with its state, with how the next message to it is encrypted, and with what the
        frontend noted about it.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        identity: The identity whose devices or sessions are listed. By default, `installation_list`
            lists our own devices, and `session_list` the sessions with everybody. It takes a public
            key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "identity": identity,
        }
        return cast(list[InstallationInfo], self.call("installation_list", params))

    def installation_enable(
        self,
        *,
        installationId: str,
        account: str | None = None,
        identity: str | None = None,
    ) -> InstallationInfo:
        """Enables a device: messages are encrypted for it from now on.

        A device of our own gets a copy of every message then, and our bundle lists it; enable it on
        every other device of ours, too. For a device of a contact this undoes
        `installation_disable`.

        installationId: The id of the device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9,
            '.', '_' and '-', and not "none".
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        identity: The identity that the device belongs to: our own by default. It takes a public
            key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationLimitError,
            InstallationNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "installationId": installationId,
            "account": account,
            "identity": identity,
        }
        return cast(InstallationInfo, self.call("installation_enable", params))

    def installation_disable(
        self,
        *,
        installationId: str,
        account: str | None = None,
        identity: str | None = None,
    ) -> InstallationInfo:
        """Disables a device: nothing is sent to it any more.

        Our bundle leaves out a device of our own, and our contacts and our other devices stop
        writing to it.

        installationId: The id of the device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9,
            '.', '_' and '-', and not "none".
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        identity: The identity that the device belongs to: our own by default. It takes a public
            key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationNotFoundError,
            InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "installationId": installationId,
            "account": account,
            "identity": identity,
        }
        return cast(InstallationInfo, self.call("installation_disable", params))

    def installation_setMetadata(
        self,
        *,
        installationId: str,
        metadata: MetadataOfInstallationSetMetadata,
        account: str | None = None,
        identity: str | None = None,
    ) -> InstallationInfo:
        """Notes a name, a type and a push address of a device.

        The notes stay in this daemon. A member that is left out becomes empty.

        installationId: The id of the device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9,
            '.', '_' and '-', and not "none".
        metadata: What to note about the device, in place of everything noted before. It takes an
            object of the texts name and deviceType (at most 256 characters each) and pushToken (at
            most 4096).
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        identity: The identity that the device belongs to: our own by default. It takes a public
            key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationNotFoundError,
            InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "installationId": installationId,
            "metadata": metadata,
            "account": account,
            "identity": identity,
        }
        return cast(InstallationInfo, self.call("installation_setMetadata", params))

    def link_begin(self, *, format: Literal["svg", "text"] | None = None) -> BegunLink:
        """Begins to make this daemon a further device of an identity: gives the code to show.

        Needs no account. Show the code on this device, as text and as a QR code; the old device
        reads it with `link_offer`. Nothing is written: after a minute without a next step the link
        is over.

        format: How the code is drawn as a QR code. By default it is not. It takes svg or text.

        Raises: BusyError, InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "format": format,
        }
        return cast(BegunLink, self.call("link_begin", params))

    def link_offer(self, *, code: str, account: str | None = None) -> OfferedLink:
        """Reads the code of a new device, and says what confirming it would do. Nothing is given
        yet.

        Say the `warning` and what the link is for, then show the challenge: the person types it
        into the new device, which shows six digits in turn. Give those to `link_confirm` as the
        person has typed them. Do not take them from anywhere else.

        code: The code that the new device shows. It takes the code that a new device shows:
            ratchetd-link-1:….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationLimitError,
            InternalError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "code": code,
            "account": account,
        }
        return cast(OfferedLink, self.call("link_offer", params))

    def link_answer(self, *, link: str, challenge: str) -> AnsweredLink:
        """Answers the challenge of the old device on the new one.

        Show the response: the person types it into the old device.

        link: The link that `link_begin` began. It takes the `link` that link_begin or link_offer
            answered.
        challenge: The challenge, which the old device shows. It takes six digits.

        Raises: InternalError, InvalidParamsError, LinkNotFoundError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "link": link,
            "challenge": challenge,
        }
        return cast(AnsweredLink, self.call("link_answer", params))

    def link_confirm(
        self,
        *,
        link: str,
        response: str,
        format: Literal["svg", "text"] | None = None,
        names: Sequence[NamesOfLinkConfirmItem] | None = None,
    ) -> ConfirmedLink:
        """Gives the new device the identity, the contacts and our bundle, and enables it.

        **Whoever opens the code of the result has the identity for good.** It opens on the device
        that showed the first code alone, and only if the person has typed what that device showed.
        With a wrong response nothing is given, and the link is over.

        link: The link that `link_offer` offered. It takes the `link` that link_begin or link_offer
            answered.
        response: The response, which the new device shows. It takes six digits.
        format: How the second code is drawn as a QR code, in which there is room for some dozens of
            contacts. By default it is not drawn, and has room for hundreds. It takes svg or text.
        names: What the frontend calls its contacts: the names go along. By default none do. It
            takes an array of at most 1000 objects, each with the identity of a contact and the name
            that it is called by, at most 128 bytes.

        Raises: AccountNotFoundError, BusyError, InstallationLimitError, InternalError,
            InvalidKeyError, InvalidParamsError, LinkFailedError, LinkNotFoundError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "link": link,
            "response": response,
            "format": format,
            "names": names,
        }
        return cast(ConfirmedLink, self.call("link_confirm", params))

    def link_accept(
        self,
        *,
        link: str,
        account: str,
        code: str,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> LinkedAccount:
        """Makes an account from the second code: a new device of the identity, with its contacts.

        The device that gave the code is enabled, and has enabled this one. Send the `envelopes` to
        our own identity: with them it learns this device's prekey. No sessions come with the code:
        contacts write to the new device when they have its bundle. A code that is not for this link
        ends it.

        link: The link that `link_begin` began. It takes the `link` that link_begin or link_offer
            answered.
        account: The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        code: The code that the old device gave. It takes the code that the old device gave:
            ratchetd-link-2:….
        seal: Whether the message for the old device also comes sealed in an envelope for a relay,
            and by which topic it goes: `true` for the negotiated topic once it is agreed upon, or
            one of the two by name. By default it does not. It takes true, false, "negotiated" or
            "partitioned".

        Raises: AccountExistsError, InternalError, InvalidParamsError, LinkFailedError,
            LinkNotFoundError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "link": link,
            "account": account,
            "code": code,
            "seal": seal,
        }
        return cast(LinkedAccount, self.call("link_accept", params))

    def session_list(
        self,
        *,
        account: str | None = None,
        identity: str | None = None,
    ) -> list[SessionInfo]:
        """Lists the sessions with an identity, or with all.

        For diagnostics: they come with counters and times, and never with a secret.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        identity: The identity whose devices or sessions are listed. By default, `installation_list`
            lists our own devices, and `session_list` the sessions with everybody. It takes a public
            key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "identity": identity,
        }
        return cast(list[SessionInfo], self.call("session_list", params))

    def session_reset(
        self,
        *,
        identity: str,
        account: str | None = None,
        installationId: str | None = None,
    ) -> SessionsReset:
        """Ends the sessions with an identity or one of its devices: the next message sets up a new
        one.

        For two devices that no longer understand each other. What was sent on the old sessions can
        still be read for a while. A device of status-go on whose present prekey a session was begun
        is written to by DH, without forward secrecy, until it has another one: it would not read a
        second session. That a device is post-quantum is forgotten, and its KEM prekey: so reset one
        that went back to a program without them.

        identity: The identity to start over with. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        installationId: The device of that identity to start over with: all of them by default. It
            takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not "none".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationNotFoundError,
            InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
            "installationId": installationId,
        }
        return cast(SessionsReset, self.call("session_reset", params))

    def contact_list(self, *, account: str | None = None) -> list[ContactInfo]:
        """Lists the contacts.

        A contact is an identity that asked, was asked, accepted, declined or verified.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
        }
        return cast(list[ContactInfo], self.call("contact_list", params))

    def contact_get(self, *, identity: str, account: str | None = None) -> ContactInfo:
        """Shows the state of an identity as a contact, and the safety number.

        An identity that nothing was recorded of is in the state `none`. Both ends have the same
        safety number.

        identity: The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
        }
        return cast(ContactInfo, self.call("contact_get", params))

    def contact_request(
        self,
        *,
        identity: str,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> ContactStepInfo:
        """Asks an identity to become a contact, with an introduction.

        Send the envelopes of the result. If the identity has asked us already, this accepts it. As
        long as none of its devices is known, the introduction cannot be empty. If KEM prekeys are
        missing, an envelope without targets is in its place, as of `message_encrypt`: the same call
        again sends it once they are there.

        identity: The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: What the message says, as bytes. It takes bytes as 0x and hex digits, at most 1
            MiB.
        text: What the message says, as text. It takes text, at most 1 MiB of UTF-8.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            InternalError, InvalidKeyError, InvalidParamsError, PayloadTooLargeError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
            "payload": payload,
            "text": text,
            "seal": seal,
        }
        return cast(ContactStepInfo, self.call("contact_request", params))

    def contact_accept(
        self,
        *,
        identity: str,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> ContactStepInfo:
        """Accepts an identity, with a message that gives both ends forward secrecy.

        Send the envelopes of the result: with them the other end learns of it. As long as none of
        its devices is known, the message cannot be empty. If KEM prekeys are missing, an envelope
        without targets is in its place, as of `message_encrypt`: the same call again sends it once
        they are there.

        identity: The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: What the message says, as bytes. It takes bytes as 0x and hex digits, at most 1
            MiB.
        text: What the message says, as text. It takes text, at most 1 MiB of UTF-8.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            InternalError, InvalidKeyError, InvalidParamsError, PayloadTooLargeError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
            "payload": payload,
            "text": text,
            "seal": seal,
        }
        return cast(ContactStepInfo, self.call("contact_accept", params))

    def contact_decline(
        self,
        *,
        identity: str,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> ContactStepInfo:
        """Declines an identity, which is told nothing unless there is a text.

        A `payload` or `text`, even an empty one, is encrypted to it by DH, so that it is not taken
        for an acceptance. Without one there is at most the copy for our own other devices. Send the
        envelopes of the result. What the identity sends is not read any more, until
        `contact_accept` or `contact_request`.

        identity: The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: What the message says, as bytes. It takes bytes as 0x and hex digits, at most 1
            MiB.
        text: What the message says, as text. It takes text, at most 1 MiB of UTF-8.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            InternalError, InvalidKeyError, InvalidParamsError, PayloadTooLargeError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
            "payload": payload,
            "text": text,
            "seal": seal,
        }
        return cast(ContactStepInfo, self.call("contact_decline", params))

    def contact_verify(
        self,
        *,
        identity: str,
        verified: bool,
        account: str | None = None,
    ) -> ContactInfo:
        """Notes whether the safety number was compared.

        Let both people compare the safety number first, by another way than this transport.

        identity: The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….
        verified: Whether both people compared the safety number and it was equal. It takes true or
            false.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "verified": verified,
            "account": account,
        }
        return cast(ContactInfo, self.call("contact_verify", params))

    def group_create(
        self,
        *,
        name: str,
        account: str | None = None,
        members: Sequence[str] | None = None,
        color: str | None = None,
        open: bool | None = None,
        requestId: str | None = None,
    ) -> Act:
        """Creates a group, and invites its members.

        This account is its first admin. Send the `update` to the `recipients`, in a message of your
        own, with `message_encryptGroup`.

        name: The name of the group. It takes text, at most 1024 bytes of UTF-8.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        members: The identities to invite: nobody by default. It takes an array of 1 to 1000 public
            keys.
        color: The colour of the group: none by default. It takes text, 1 to 64 bytes of UTF-8.
        open: Whether everybody in the group may invite, and change its name, colour and image, as
            in groups of status-go: false by default, so that admins alone may. It takes true or
            false.
        requestId: A name for this request, which makes a retry safe: within 24 hours, the same
            request under the same name gives the same group again. It takes a request id: text of 1
            to 128 characters.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, InternalError, InvalidKeyError, InvalidParamsError,
            RequestIdReusedError, ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "name": name,
            "account": account,
            "members": members,
            "color": color,
            "open": open,
            "requestId": requestId,
        }
        return cast(Act, self.call("group_create", params))

    def group_invite(
        self,
        *,
        group: str,
        members: Sequence[str],
        account: str | None = None,
    ) -> Act:
        """Invites identities to a group.

        An admin may; in an open group everybody in it. Who is in the group is passed over. Send the
        `update` to the `recipients`.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        members: The identities that it is done to. It takes an array of 1 to 1000 public keys.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "members": members,
            "account": account,
        }
        return cast(Act, self.call("group_invite", params))

    def group_remove(
        self,
        *,
        group: str,
        members: Sequence[str],
        account: str | None = None,
    ) -> Act:
        """Removes identities from a group.

        An admin may, and no other admin can be removed. Send the `update` to the `recipients`, who
        include those that are removed. What is written to the group from now on is not encrypted
        for them; a group key that they have needs another in its place (`groupKey_create`).

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        members: The identities that it is done to. It takes an array of 1 to 1000 public keys.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "members": members,
            "account": account,
        }
        return cast(Act, self.call("group_remove", params))

    def group_promote(
        self,
        *,
        group: str,
        members: Sequence[str],
        account: str | None = None,
    ) -> Act:
        """Makes members of a group its admins.

        An admin may. Nobody but the new admins themselves can undo it. Send the `update` to the
        `recipients`.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        members: The identities that it is done to. It takes an array of 1 to 1000 public keys.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "members": members,
            "account": account,
        }
        return cast(Act, self.call("group_promote", params))

    def group_accept(self, *, group: str, account: str | None = None) -> Act:
        """Accepts the invitation to a group.

        From then on the group can be written to. Send the `update` to the `recipients`.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
        }
        return cast(Act, self.call("group_accept", params))

    def group_leave(self, *, group: str, account: str | None = None) -> Act:
        """Leaves a group, or declines the invitation to it.

        Send the `update` to the `recipients`. The group stays in the list until `group_forget`.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
        }
        return cast(Act, self.call("group_leave", params))

    def group_edit(
        self,
        *,
        group: str,
        account: str | None = None,
        name: str | None = None,
        color: str | None = None,
        image: str | bytes | None = None,
    ) -> Act:
        """Changes the name, the colour or the image of a group.

        An admin may; in an open group everybody in it. Give at least one of the three. Send the
        `update` to the `recipients`.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        name: The new name: as it is by default. It takes text, 1 to 1024 bytes of UTF-8.
        color: The new colour: as it is by default. It takes text, 1 to 64 bytes of UTF-8.
        image: The new image: as it is by default. It takes an image as 0x and hex digits, 1 to
            400000 bytes.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
            "name": name,
            "color": color,
            "image": image,
        }
        return cast(Act, self.call("group_edit", params))

    def group_apply(
        self,
        *,
        update: str | bytes,
        account: str | None = None,
        sender: str | None = None,
    ) -> Applied:
        """Takes up an update of a group that a message brought.

        What became of it is a result, not an error. Updates may come in any order and any number of
        times: who has the same ones has the same group, and the same `digest` of it. An event
        without the signature of somebody who was entitled to it has no effect.

        update: The update, as the sender's frontend put it into its message. It takes an update of
            a group as 0x and hex digits, at most 1 MiB.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        sender: The identity that sent the update, as `message_decrypt` gave it. With it, the update
            of somebody who is not in the group is refused. It takes a public key: 0x04… (65 bytes),
            0x02… or 0x03… (33 bytes), or zQ3sh….

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "update": update,
            "account": account,
            "sender": sender,
        }
        return cast(Applied, self.call("group_apply", params))

    def group_list(self, *, account: str | None = None) -> list[ListedGroup]:
        """Lists the groups: those that this account is in, is invited to, or is gone from.

        They come without their members and images, which `group_get` gives.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
        }
        return cast(list[ListedGroup], self.call("group_list", params))

    def group_get(self, *, group: str, account: str | None = None) -> Group:
        """Shows a group, with its image, and with its whole log as an update.

        Send the `update` to a member whose `digest` is another one.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupNotFoundError,
            InternalError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
        }
        return cast(Group, self.call("group_get", params))

    def group_forget(self, *, group: str, account: str | None = None) -> Forgotten:
        """Erases the log and the keys of a group from this account. Nobody is told.

        It has to be a group that this account has not accepted, has left, or was removed from. The
        group comes back with an update in which this account was invited later.

        group: The id of the group. It takes the id of a group, as group_create gave it, or 0x and
            the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, GroupNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
        }
        return cast(Forgotten, self.call("group_forget", params))

    def groupKey_create(
        self,
        *,
        group: str,
        account: str | None = None,
        recipients: Sequence[str] | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
        requestId: str | None = None,
    ) -> SharedGroupKey:
        """Makes a new key of a group, and encrypts it for everybody in the group and for our own
        devices.

        Send every envelope of the result. It is the current key from then on: what is written under
        it can be read by all who get it, and not by those who are gone. An admin may make one; of a
        group without a log, whoever is named as one who may (`groupKey_trust`).

        group: The group: its id, or `0x` and hex of one without a log. It takes the id of a group,
            as group_create gave it, or 0x and the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        recipients: The identities that get the key, for a group without a log. In a group with one,
            everybody gets it. It takes an array of 1 to 1000 public keys.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".
        requestId: A name for this request, which makes a retry safe: within 24 hours, the same
            request under the same name gives the same key again. It takes a request id: text of 1
            to 128 characters.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            GroupForbiddenError, GroupLimitError, GroupNotFoundError, InternalError,
            InvalidKeyError, InvalidParamsError, RequestIdReusedError, ShuttingDownError,
            StoreFailedError, StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
            "recipients": recipients,
            "seal": seal,
            "requestId": requestId,
        }
        return cast(SharedGroupKey, self.call("groupKey_create", params))

    def groupKey_share(
        self,
        *,
        group: str,
        account: str | None = None,
        recipients: Sequence[str] | None = None,
        seal: Literal[True, False, "negotiated", "partitioned"] | None = None,
    ) -> SharedGroupKey:
        """Encrypts the current key of a group for some of its members, or for our own devices.

        For those who lack it, such as who was invited later. With it they can read all that was and
        will be written under it; to keep that from them, make a new key.

        group: The group: its id, or `0x` and hex of one without a log. It takes the id of a group,
            as group_create gave it, or 0x and the hex digits of 1 to 256 bytes.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        recipients: The identities that get the key: in the group, or our own. By default everybody
            in the group. It takes an array of 1 to 1000 public keys.
        seal: Whether each message also comes sealed in an envelope for a relay, and by which topic
            it goes: `true` for the negotiated topic once it is agreed upon, or one of the two by
            name. By default it does not. It takes true, false, "negotiated" or "partitioned".

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, ContactNotAcceptedError,
            GroupForbiddenError, GroupKeyDueError, GroupKeyMissingError, GroupLimitError,
            GroupNotFoundError, InternalError, InvalidKeyError, InvalidParamsError,
            ShuttingDownError, StoreFailedError, StoreRolledBackError, SuiteForbiddenError.
        """
        params: dict[str, object] = {
            "group": group,
            "account": account,
            "recipients": recipients,
            "seal": seal,
        }
        return cast(SharedGroupKey, self.call("groupKey_share", params))

    def groupKey_list(
        self,
        *,
        account: str | None = None,
        group: str | None = None,
    ) -> list[GroupKeyInfo]:
        """Lists the keys of a group, or of all, and says which should be replaced. No secret is
        shown.

        Make a new key when the current one is due: at `removal` and `spent` nothing is encrypted
        under it any more.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        group: The group whose keys are listed: those of all groups by default. It takes the id of a
            group, as group_create gave it, or 0x and the hex digits of 1 to 256 bytes.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupNotFoundError,
            InternalError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "group": group,
        }
        return cast(list[GroupKeyInfo], self.call("groupKey_list", params))

    def groupKey_trust(
        self,
        *,
        group: str,
        setters: Sequence[str],
        account: str | None = None,
    ) -> GroupSetters:
        """Names those who may set the keys of a group without a log, such as a community.

        It is the whole list, in place of the one before; with an empty one the group and its keys
        are forgotten. Keys from our own identity are always taken.

        group: The group, as `0x` and hex: one without a log. It takes the id of a group, as
            group_create gave it, or 0x and the hex digits of 1 to 256 bytes.
        setters: The identities whose keys are taken from now on. With none, the group and its keys
            are forgotten. It takes an array of at most 16 public keys.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, GroupForbiddenError,
            GroupLimitError, InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError,
            StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "group": group,
            "setters": setters,
            "account": account,
        }
        return cast(GroupSetters, self.call("groupKey_trust", params))

    def contact_code_qr(
        self,
        *,
        format: Literal["svg", "text"],
        account: str | None = None,
    ) -> ContactCodeDrawing:
        """Draws the contact code as a QR code, for another device to read from paper or a screen.

        The QR code holds the `contactCode` of `bundle_get`. Each enabled device makes it longer,
        and the drawing finer: with very many it fits no QR code, which is `installation_limit`.

        format: How the QR code is drawn. It takes svg or text.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InstallationLimitError,
            InternalError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "format": format,
            "account": account,
        }
        return cast(ContactCodeDrawing, self.call("contact_code_qr", params))

    def identity_describe(
        self,
        *,
        identity: str,
        account: str | None = None,
    ) -> IdentityInfo:
        """Shows an identity in the forms by which people and programs recognise it; with an
        account, the safety number too.

        Needs no account, and changes nothing. Pictures and colours can be imitated: what people
        compare is the safety number.

        identity: The identity to describe. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03…
            (33 bytes), or zQ3sh….
        account: The account of ours to work out the safety number with. Without it there is no
            safety number. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
            beginning with a letter or digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, InternalError, InvalidKeyError,
            InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
        }
        return cast(IdentityInfo, self.call("identity_describe", params))

    @overload
    def envelope_seal(
        self,
        *,
        payload: str | bytes,
        recipient: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    @overload
    def envelope_seal(
        self,
        *,
        payload: str | bytes,
        symKey: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    @overload
    def envelope_seal(
        self,
        *,
        payload: str | bytes,
        password: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    @overload
    def envelope_seal(
        self,
        *,
        text: str,
        recipient: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    @overload
    def envelope_seal(
        self,
        *,
        text: str,
        symKey: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    @overload
    def envelope_seal(
        self,
        *,
        text: str,
        password: str,
        account: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope: ...

    def envelope_seal(
        self,
        *,
        account: str | None = None,
        payload: str | bytes | None = None,
        text: str | None = None,
        recipient: str | None = None,
        symKey: str | None = None,
        password: str | None = None,
        sign: bool | None = None,
        padding: str | bytes | None = None,
    ) -> SealedEnvelope:
        """Seals a content in an envelope for a relay, signed by the account's identity.

        It is sealed to an identity (`recipient`), or with a key (`symKey`, or a `password` that
        stands for one): give exactly one of them. The envelope does not say whom it is for: whoever
        can open it can pass the content on, under the signer's name. For messages,
        `message_encrypt` with `seal` does all of this.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        payload: The content of the envelope, as bytes. It takes bytes as 0x and hex digits, at most
            4 MiB.
        text: The content of the envelope, as text. It takes text, at most 1 MiB of UTF-8.
        recipient: The identity that the envelope is sealed to: it alone can open it. It takes a
            public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
        symKey: The symmetric key that the envelope is sealed with: whoever has it can open it. It
            takes a symmetric key as 0x and 64 hex digits, not all zero.
        password: A text that the symmetric key is derived from, such as the name of a public chat.
            It takes text.
        sign: Whether the account's identity signs the envelope: true by default. It takes true or
            false.
        padding: What the envelope is filled up with: by default random bytes, up to a multiple of
            256. It takes bytes as 0x and hex digits, at most 1 MiB.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, PayloadTooLargeError, ShuttingDownError,
            StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "payload": payload,
            "text": text,
            "recipient": recipient,
            "symKey": symKey,
            "password": password,
            "sign": sign,
            "padding": padding,
        }
        return cast(SealedEnvelope, self.call("envelope_seal", params))

    def envelope_open(
        self,
        *,
        envelope: str | bytes,
        account: str | None = None,
        symKey: str | None = None,
        password: str | None = None,
    ) -> OpenedEnvelope:
        """Opens an envelope from a relay, and says who signed it.

        It is opened with the account's identity, or with the key that is given. That it does not
        open is a result, not an error: listeners see strangers' envelopes all day. Give an envelope
        with a message of ratchetd to `message_decrypt` as it is.

        envelope: The envelope as the relay delivered it. It takes an envelope as 0x and hex digits,
            at most 5 MiB.
        account: The account whose identity opens the envelope, unless a key does. May be left out
            when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and
            '-', beginning with a letter or digit.
        symKey: The symmetric key of the topic that the envelope came by. It takes a symmetric key
            as 0x and 64 hex digits, not all zero.
        password: A text that the symmetric key is derived from, such as the name of a public chat.
            It takes text.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, PayloadTooLargeError, ShuttingDownError,
            StoreFailedError.
        """
        params: dict[str, object] = {
            "envelope": envelope,
            "account": account,
            "symKey": symKey,
            "password": password,
        }
        return cast(OpenedEnvelope, self.call("envelope_open", params))

    def topic_list(
        self,
        *,
        account: str | None = None,
        afterPeer: str | None = None,
        limit: int | None = None,
    ) -> ListenedTopics:
        """Lists every topic that an account has to listen to, with the keys.

        Its own, and one with everybody who may write to it by a topic that the two alone can tell,
        from before the first message that could be answered there. `topic.changed` tells of each
        that is added, or taken away with a contact that is declined. Give the `symKey` of the topic
        that an envelope came by to `message_decrypt`.

        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.
        afterPeer: Where the list goes on: the `next` of the part before. By default it begins. It
            takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
        limit: The most topics shared with others to give in one answer: 100 by default. It takes a
            whole number from 1 to 1000.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError,
            StoreRolledBackError.
        """
        params: dict[str, object] = {
            "account": account,
            "afterPeer": afterPeer,
            "limit": limit,
        }
        return cast(ListenedTopics, self.call("topic_list", params))

    def topic_contactCode(self, *, identity: str) -> TopicInfo:
        """Gives the topic where an identity publishes its contact code, and the key of that topic.

        Topic and key follow from the identity: whoever knows it can listen there and read.

        identity: The identity whose topic it is. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….

        Raises: InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "identity": identity,
        }
        return cast(TopicInfo, self.call("topic_contactCode", params))

    def topic_partitioned(self, *, identity: str) -> TopicInfo:
        """Gives the topic where an identity is written to before a negotiated topic is agreed upon.

        There are 5000 such topics, which all identities share. Envelopes there are sealed to their
        recipient: there is no `symKey`.

        identity: The identity whose topic it is. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….

        Raises: InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "identity": identity,
        }
        return cast(TopicInfo, self.call("topic_partitioned", params))

    def topic_personal(self, *, identity: str) -> TopicInfo:
        """Gives the topic that belongs to one identity alone.

        status-go sends there what an identity tells itself, such as backups, and what it tells
        servers, such as those of push notifications. Envelopes there are sealed to their recipient:
        there is no `symKey`. Whoever knows the identity sees when something is sent, so ratchetd
        sends nothing there.

        identity: The identity whose topic it is. It takes a public key: 0x04… (65 bytes), 0x02… or
            0x03… (33 bytes), or zQ3sh….

        Raises: InternalError, InvalidKeyError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "identity": identity,
        }
        return cast(TopicInfo, self.call("topic_personal", params))

    def topic_negotiated(self, *, identity: str, account: str | None = None) -> TopicInfo:
        """Gives the topic where this account and an identity write to each other, and the key of
        that topic.

        Both ends have the same topic and key, and nobody else can work them out: they are secrets.
        `topic_list` says with whom to listen there.

        identity: The identity that the topic is shared with. It takes a public key: 0x04… (65
            bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidKeyError, InvalidParamsError, ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "identity": identity,
            "account": account,
        }
        return cast(TopicInfo, self.call("topic_negotiated", params))

    def topic_public(self, *, name: str) -> TopicInfo:
        """Gives the topic of a public chat, and the key of that topic.

        Whoever knows the name of the chat can read and write there.

        name: The name of the public chat. It is taken as it is: nothing is normalised. It takes the
            name of a chat: text, at most 1024 characters.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "name": name,
        }
        return cast(TopicInfo, self.call("topic_public", params))

    def topic_parse(self, *, contentTopic: str) -> ParsedTopic:
        """Reads the topic out of a content topic.

        A content topic is `/waku/1/0x`, eight hex digits and `/rfc26`; anything else is refused.

        contentTopic: The topic as a Waku network names it. It takes a content topic: /waku/1/0x,
            eight hex digits and /rfc26.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "contentTopic": contentTopic,
        }
        return cast(ParsedTopic, self.call("topic_parse", params))

    def clock_next(self, *, chat: str, account: str | None = None) -> ChatClock:
        """Gives the clock and the time for a message that is about to be sent in a chat.

        It is a Lamport clock: the present time in milliseconds, or one more than the highest clock
        that was sent or seen in the chat, but at most 120 seconds above the present time. Below
        that bound no clock is given twice.

        chat: The name that the frontend has for the chat. It takes the name of a chat: text, at
            most 1024 characters.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "chat": chat,
            "account": account,
        }
        return cast(ChatClock, self.call("clock_next", params))

    def clock_observe(
        self,
        *,
        chat: str,
        clock: int,
        envelopeAt: int,
        account: str | None = None,
    ) -> ChatClock:
        """Takes note of the clock of a message that was received in a chat.

        A clock is refused if it is 0 or more than 120 seconds above the time of its envelope, or if
        that time is more than a day ahead of this machine, so that nobody can push a chat's clock
        away. Do not show such a message.

        chat: The name that the frontend has for the chat. It takes the name of a chat: text, at
            most 1024 characters.
        clock: The clock of the message that was received. It takes a whole number from 0 to
            9007199254740991.
        envelopeAt: The time of the envelope that the message came in. It takes a time in whole
            milliseconds since the epoch.
        account: The account that the call works on. May be left out when there is exactly one. It
            takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or
            digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, BusyError, InternalError,
            InvalidParamsError, ShuttingDownError, StoreFailedError, StoreRolledBackError.
        """
        params: dict[str, object] = {
            "chat": chat,
            "clock": clock,
            "envelopeAt": envelopeAt,
            "account": account,
        }
        return cast(ChatClock, self.call("clock_observe", params))

    def event_list(
        self,
        *,
        account: str | None = None,
        after: int | None = None,
        limit: int | None = None,
        waitMs: int | None = None,
    ) -> Events:
        """Lists the events after a given one, and waits for one if asked to.

        For a long poll, give `next` as `after` of the next call. `lagged` says that some events are
        no longer there.

        account: The account whose events are told, or `*` for all. May be left out when there is
            exactly one account. It takes an account name, or "*" for all accounts.
        after: The number of the last event that is known already: 0 by default, to begin with the
            oldest. It takes a number: the seq of an event, or 0 to begin with the oldest.
        limit: The most events to give in one answer: 100 by default. It takes a whole number from 1
            to 1000.
        waitMs: How long to wait for an event if there is none yet, in milliseconds: 0 by default.
            It takes a whole number of milliseconds from 0 to 60000.

        Raises: AccountAmbiguousError, AccountNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
            "after": after,
            "limit": limit,
            "waitMs": waitMs,
        }
        return cast(Events, self.call("event_list", params))

    def event_ticket(self) -> EventTicketInfo:
        """Gives a ticket that opens one stream of events in place of the token.

        For `GET /events?ticket=` over TCP, from an `EventSource` of a page, which cannot send the
        token. It is used up by the first request that shows it, and is over soon. A browser that
        comes back by itself shows it again, and is refused: take another, and go on with `after`.

        Raises: BusyError, InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {}
        return cast(EventTicketInfo, self.call("event_ticket", params))

    def system_health(self) -> Health:
        """Says whether the daemon works.

        To find out, a message between two scratch devices is encrypted, stored and read, as for
        `GET /readyz`.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {}
        return cast(Health, self.call("system_health", params))

    def system_version(self) -> Version:
        """Says which program in which version is running.

        The git revision is for bug reports.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {}
        return cast(Version, self.call("system_version", params))

    def system_status(self, *, account: str | None = None) -> Status:
        """Says how the daemon and its accounts are doing.

        Of the accounts there are counts over all of them, those that somebody should look at, and
        the one that is asked for.

        account: The account to look at besides. It is opened for that. It takes an account name: 1
            to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.

        Raises: AccountAmbiguousError, AccountNotFoundError, InternalError, InvalidParamsError,
            ShuttingDownError, StoreFailedError.
        """
        params: dict[str, object] = {
            "account": account,
        }
        return cast(Status, self.call("system_status", params))

    def system_setLogFilter(self, *, filter: str) -> LogFilterInfo:
        """Changes what the daemon logs, until its next start or SIGHUP.

        For looking at something while it happens. What may never be logged, such as keys and texts,
        is not, whatever the filter says.

        filter: What to log: a level, or directives for parts of the daemon. It takes a level or
            directives, such as info or daemon=debug, at most 1024 characters.

        Raises: InternalError, InvalidParamsError, ShuttingDownError.
        """
        params: dict[str, object] = {
            "filter": filter,
        }
        return cast(LogFilterInfo, self.call("system_setLogFilter", params))
