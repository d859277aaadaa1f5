// Made by scripts/generate.mjs from the OpenRPC document of the daemon (`ratchetd openrpc`). Do not edit.

/** The daemon that this was made for. */
export const VERSION = "0.1.0";

/** A contact that is accepted. */
export interface AcceptedContact {
  /** Whether we accepted, and not the contact. */
  byUs: boolean;
  /** The identity of the contact. */
  identity: Bytes;
}

/** An account: one device of one identity. */
export interface AccountInfo {
  /** The name of the account in this daemon. */
  account: string;
  /** The public key in its compact form, `zQ3sh…`. */
  compressedKey: string;
  /** When the account was made in this daemon. */
  createdAt: number;
  /** The id of this device. */
  installationId: string;
  /** The public key of the identity, `0x04…`, which Status calls the chat key. */
  publicKey: Bytes;
}

/** How an account is doing, as was last found. */
export interface AccountStatus {
  /** The name of the account. */
  account: string;
  /** How many devices are known. */
  devices: number;
  /** Why the account's store cannot be read or written, as far as was found; null if it can. */
  failing: string | null;
  /** Whether it is open. */
  open: boolean;
  /** How many identities are known. */
  peers: number;
  /** How many calls wait for the account. */
  queued: number;
  /**
   * When the account's store was last found to be an older state or a copy; null if never. Nothing is sent on
   * sessions from before.
   */
  rolledBackAt: number | null;
  /** Why the store was not the newest state of the account then; null if it always was. */
  rolledBackReason: RollbackKind | null;
  /** How many sessions there are, of any standing. */
  sessions: number;
  /** How many message keys are kept. */
  storedKeys: number;
}

/** All accounts of the daemon together. What a closed one holds is what it held when it was closed. */
export interface AccountTotals {
  /** How many devices are known. */
  devices: number;
  /**
   * How many of them are open: a call opens an account, and closes for it the one that was used longest ago if
   * `accounts.open_max` are open.
   */
  open: number;
  /** How many identities are known. */
  peers: number;
  /** How many calls wait. */
  queued: number;
  /** How many sessions there are, of any standing. */
  sessions: number;
  /** How many message keys are kept. */
  storedKeys: number;
  /** How many accounts there are. */
  total: number;
}

/** What was done in a group, and who is to hear of it. */
export interface Act {
  /** The group as it is now. */
  group: Group;
  /** The identities that are to get the update: all that were in the group before, or are after, without our own. */
  recipients: Bytes[];
  /** The whole log of the group: what to send to the recipients. */
  update: Bytes;
}

/** A group key that is here now. */
export interface AddedGroupKey {
  /** The identity that set the key. */
  by: Bytes;
  /** Whether it is the current key: the one that is written with. */
  current: boolean;
  /** The group: its id, or `0x` and hex of one without a log. */
  group: string;
  /** The id of the key. What was not read for want of it can be decrypted again. */
  keyId: Bytes;
}

/** For whom a message is. */
export type Addressed =
  /** It has an entry for this device. */
  | "this_device"
  /** It is for any device of this identity, by DH. */
  | "any_device"
  /** It is for a whole group, under its key or with keys of it. */
  | "group"
  /** It is public, for everyone. */
  | "everyone"
  /** It is for other devices or identities. */
  | "other_devices"
  /** It has no content, only bundles. */
  | "nobody";

/** What the new device answers to a challenge. */
export interface AnsweredLink {
  /** How long the link can go on to its next step, in milliseconds. */
  expiresInMs: number;
  /** The response: six digits that the person is to type into the old device. */
  response: string;
}

/** What became of an update of a group. */
export type Applied = {
  /** What is different in the group. */
  changes: GroupChange[];
  /** The group as it is now. Left out if the update was refused. */
  group?: Group;
  /** The events of the update that do not count. */
  ignored: IgnoredEvents[];
  /** What became of the update. */
  outcome: GroupOutcome;
  /** Why the update was refused. Left out if it was not. */
  reason?: GroupRefusal;
} & (
    /** The group is new. */
    | {
      group: Group;
      outcome: "created";
    }
    /** The log of the group is another than before. */
    | {
      group: Group;
      outcome: "changed";
    }
    /** All of it was known. */
    | {
      group: Group;
      outcome: "unchanged";
    }
    /** It was refused, and nothing of it is kept. */
    | {
      outcome: "refused";
      reason: GroupRefusal;
    }
  );

/** The first code of a link, to be shown on the new device. */
export interface BegunLink {
  /** The first code, which the old device is to read. */
  code: string;
  /** How long the link can go on to its next step, in milliseconds. */
  expiresInMs: number;
  /** The id that the device will have. */
  installationId: string;
  /** The name of the link in this daemon, for `link_answer` and `link_accept`. */
  link: string;
  /** The code as a QR code, if a `format` was given. */
  qr?: string;
}

/** The bundle we publish. */
export interface BundleInfo {
  /** The encoded bundle. */
  bundle: Bytes;
  /** The bundle as text, for QR codes and profiles: about 400 characters for one device, 900 for three. */
  contactCode: string;
  /**
   * The bundle as text with the KEM prekeys of its devices, for profiles and messengers: about 2100 characters for
   * one device, 6100 for three, which no QR code holds well. Whoever imports it begins in suite x25519-mlkem768, so
   * that the first text is post-quantum. Equal to `contactCode` if there is no KEM prekey.
   */
  contactCodeFull: string;
  /** When the bundle was made. */
  createdAt: number;
  /** When this device's prekey is due to be replaced. */
  expiresAt: number;
  /** Our identity. */
  identity: Bytes;
  /** The ids of the devices that the bundle lists. */
  installationIds: string[];
  /** The version of this device's prekey, which rises by one with each new one. */
  version: number;
}

/** A bundle that was made anew. */
export interface BundleRotated {
  /** The ids of the devices that the bundle lists. */
  installationIds: string[];
  /** Whether the prekey is a new one. */
  prekeyReplaced: boolean;
  /** The version of this device's prekey. */
  version: number;
}

/** Bytes: 0x and lowercase hex digits. */
export type Bytes = string;

/** A group that is another than before. */
export interface ChangedGroup {
  /** What is different in the group. */
  changes: GroupChange[];
  /** The id of the group. */
  group: string;
}

/** A topic that is to be listened to, or not any more. */
export interface ChangedTopic {
  /** What the topic is listened to for: always `negotiated`, since the others never change. */
  kind: TopicKind;
  /** Whether the topic is to be listened to from now on: false if it is not any more. */
  listen: boolean;
  /** The identity that the topic is shared with. `topic_negotiated` gives the topic and its key. */
  peer: Bytes;
}

/** The clock of a chat and the present time. */
export interface ChatClock {
  /** The highest clock of the chat by now. From `clock_next` it is the one for the message that is about to be sent. */
  clock: number;
  /** The present time in milliseconds, which goes into the message as `timestamp`. */
  timestamp: number;
}

/** The answer to a confirmation. */
export interface Confirmed {
  /** How many messages were read, not yet confirmed, and are confirmed now. */
  confirmed: number;
}

/** The second code of a link, for the new device. */
export interface ConfirmedLink {
  /** The second code, which the new device is to read. Only that device can open it. */
  code: string;
  /** How many contacts are in the code. */
  contacts: number;
  /** For how many more there was no room. */
  contactsLeftOut: number;
  /** The id of the new device, which is enabled from now on. */
  installationId: string;
  /** The code as a QR code, if a `format` was given. */
  qr?: string;
}

/** The contact code as a QR code. */
export interface ContactCodeDrawing {
  /** The text that the QR code holds: the `contactCode` of `bundle_get`. */
  contactCode: string;
  /** How the QR code is drawn. */
  format: QrFormat;
  /** The drawing: an SVG document, or lines of text. */
  qr: string;
}

/** An identity as a contact, and how far both sides have come. */
export interface ContactInfo {
  /** When the contact was first recorded; null if nothing was. */
  addedAt: number | null;
  /** The identity in its compact form, `zQ3sh…`. */
  compressedKey: string;
  /** Whether a device of the contact has answered ours: what is sent to it now has forward secrecy. */
  forwardSecrecy: boolean;
  /** The identity of the contact, `0x04…`. */
  identity: Bytes;
  /**
   * The safety number: 60 decimal digits that are equal at both ends, to be compared by another way than this
   * transport.
   */
  safetyNumber: string;
  /** The state of the contact. */
  state: ContactState;
  /** Whether the user has compared the safety number and noted that it is equal. */
  verified: boolean;
}

/** What a message means to a contact, as it says itself. */
export type ContactMark =
  /** The sender asks to become a contact. */
  | "request"
  /** The sender accepts the recipient as a contact. */
  | "accept"
  /** The sender declines the recipient as a contact. */
  | "decline";

/** Whom messages may be sent to. Those of a declined contact are read under neither. */
export type ContactPolicy =
  /** Everybody. */
  | "open"
  /** Only contacts that were accepted. */
  | "request";

/** The state of a contact. */
export type ContactState =
  /** Neither side has asked the other. */
  | "none"
  /** We have asked. */
  | "request_sent"
  /** They have asked. */
  | "request_received"
  /** Both sides have agreed to be contacts. */
  | "accepted"
  /** We declined. */
  | "declined";

/** A contact's new state, and what has to be sent. */
export interface ContactStepInfo {
  /** When the contact was first recorded; null if nothing was. */
  addedAt: number | null;
  /** The identity in its compact form, `zQ3sh…`. */
  compressedKey: string;
  /** The wire messages to send; empty if there is nothing to send. */
  envelopes: EnvelopeInfo[];
  /** Whether a device of the contact has answered ours: what is sent to it now has forward secrecy. */
  forwardSecrecy: boolean;
  /** The identity of the contact, `0x04…`. */
  identity: Bytes;
  /**
   * The safety number: 60 decimal digits that are equal at both ends, to be compared by another way than this
   * transport.
   */
  safetyNumber: string;
  /** The devices that got no copy, and why. */
  skipped: SkippedInfo[];
  /** The state of the contact. */
  state: ContactState;
  /** Whether the user has compared the safety number and noted that it is equal. */
  verified: boolean;
}

/** For whom a message was that another device of this identity sent. */
export interface CopyOfInfo {
  /**
   * The identities that the message was addressed to, each once, in the order of the call. Our own is among them if
   * it was named there.
   */
  recipients: Bytes[];
  /** The request id of the call that made the message. Left out if it had none. */
  requestId?: string;
}

/** What became of a received message. */
export type Decrypted = {
  /**
   * Whether the sender's identity is proven: by the message itself, or by the signature of the envelope that it
   * came in.
   */
  authenticated: boolean;
  /**
   * What the message says that it is to a contact, besides its text or without one. Left out if it says nothing of
   * the kind.
   */
  contact?: ContactMark;
  /**
   * For whom the message was, if it is a copy of one that another device of this identity sent. Left out of
   * everything else, and of a copy that does not say so.
   */
  copyOf?: CopyOfInfo;
  /** Whether the message was read before, and not confirmed. */
  duplicate: boolean;
  /** Whether the message was read through a ratchet. */
  forwardSecrecy: boolean;
  /** The group key that the message is encrypted under, whether or not it was read. Left out of everything else. */
  groupKey?: UsedGroupKey;
  /** The group keys that came with the message, and what became of each. Left out if none came. */
  groupKeys?: ReceivedGroupKey[];
  /** What to know about the reason, for people. Left out if the message was read. */
  hint?: string;
  /** The device that the message names as its sender; null if it names none. */
  installationId: string | null;
  /** The id of the message, which is equal at both ends; null if the bytes do not tell it. */
  messageId: Bytes | null;
  /** The ids of devices of the sender that were met for the first time. */
  newInstallations: string[];
  /** What to do next. Left out if there is nothing to do. */
  nextAction?: NextAction;
  /** What became of the message. */
  outcome: Outcome;
  /** The plaintext as bytes. Left out if there is none. */
  payload?: Bytes;
  /**
   * Whether the message was read on a session of suite x25519-mlkem768: whoever has recorded it cannot read it with
   * a quantum computer later.
   */
  postQuantum: boolean;
  /** Why the message was not read. Left out if it was. */
  reason?: Reason;
  /** A message to send back to the sender. Left out if there is none. */
  reply?: EnvelopeInfo;
  /**
   * The identity that the caller named as the sender, or that signed the envelope; null if the envelope did not
   * open.
   */
  sender: Bytes | null;
  /** The session that the message was read on. Left out if there was none. */
  sessionId?: Bytes;
  /** The plaintext as text, if it is UTF-8. */
  text?: string;
  /** What was odd about the message or its bundles. */
  warnings: WarningInfo[];
} & (
    /** The message was read. */
    | {
      messageId: Bytes;
      outcome: "decrypted";
      payload: Bytes;
      sender: Bytes;
    }
    /** The message is public: it was not encrypted. */
    | {
      messageId: Bytes;
      outcome: "public";
      payload: Bytes;
      sender: Bytes;
    }
    /** The message was read, and says how its sender stands to us as a contact, without a text: see `contact`. */
    | {
      contact: ContactMark;
      messageId: Bytes;
      outcome: "contact";
      sender: Bytes;
    }
    /** The message is an advertisement, a bundle alone: there is nothing to show. */
    | {
      outcome: "bundle";
      sender: Bytes;
    }
    /** The message brought keys of a group, and has nothing to show: see `groupKeys`. */
    | {
      groupKeys: ReceivedGroupKey[];
      messageId: Bytes;
      outcome: "group_key";
      sender: Bytes;
    }
    /** The message is one of this device's own that came back. */
    | {
      outcome: "own";
      sender: Bytes;
    }
    /** The message is for other devices. */
    | {
      hint: string;
      nextAction: NextAction;
      outcome: "not_targeted";
      reason: Reason;
      sender: Bytes;
    }
    /** The message is for this device and cannot be read. */
    | {
      hint: string;
      nextAction: NextAction;
      outcome: "undecryptable";
      reason: Reason;
      sender: Bytes;
    }
    /** The envelope that the message came in did not open, or nobody signed it. */
    | {
      hint: string;
      nextAction: NextAction;
      outcome: "unopened";
      reason: Reason;
    }
  );

/** A device whose version is lower than before. */
export interface DeviceVersion {
  /** The version that was known. */
  from: number;
  /** The identity that the device belongs to. */
  identity: Bytes;
  /** The id of the device. */
  installationId: string;
  /** The version that is known now. */
  to: number;
}

/** The header of a message by DH to the identity. */
export interface DhHeaderInfo {
  /** The sender's ephemeral key. */
  key: Bytes;
}

/** A device that was met for the first time. */
export interface DiscoveredDevice {
  /** The identity that the device belongs to. */
  identity: Bytes;
  /** The id of the device. */
  installationId: string;
  /** Whether the device is one of our own identity. */
  own: boolean;
}

/** The header of a message of the Double Ratchet. */
export interface DrHeaderInfo {
  /** The responder's signed prekey. */
  id: Bytes;
  /** The sender's public ratchet key. */
  key: Bytes;
  /** The number of the message in its chain. */
  n: number;
  /** The length of the chain before it. */
  pn: number;
}

/** A message whose key is gone. */
export interface DroppedKey {
  /** The id of the message. */
  messageId: Bytes;
  /** Why the key is gone. */
  reason: KeyDropped;
}

/** A group key in the place of which another should be made. */
export interface DueGroupKey {
  /** The group: its id, or `0x` and hex of one without a log. */
  group: string;
  /** The id of the key. */
  keyId: Bytes;
  /** Why another key should be made. */
  reason: GroupKeyDue;
}

/** The messages that were made for a send, and the devices that were left out. */
export interface Encrypted {
  /** The wire messages to send, one for each identity; the one with the copies for our own devices comes last. */
  envelopes: EnvelopeInfo[];
  /** Whether every copy has forward secrecy. */
  forwardSecrecy: boolean;
  /** The group key that the message is encrypted under. Left out unless `mode` asked for it. */
  groupKey?: UsedGroupKey;
  /**
   * Whether every copy is post-quantum, those for our own devices too; false if there is no copy, and under a group
   * key.
   */
  postQuantum: boolean;
  /** The devices that got no copy, and why. */
  skipped: SkippedInfo[];
}

/** A wire message for the transport. */
export interface EnvelopeInfo {
  /** The topic as a Waku network names it: `/waku/1/0x…/rfc26`. Left out unless `seal` asked for it. */
  contentTopic?: string;
  /** The wire message: an encoded `ProtocolMessage`. */
  message: Bytes;
  /** The identity that the message is for; null for a public message. */
  recipient: Bytes | null;
  /**
   * The wire message in an envelope that this identity signed, ready for a relay. Left out unless `seal` asked for
   * it.
   */
  sealed?: Bytes;
  /**
   * The devices that the message is encrypted for. What goes by DH can be read by any other device of the identity,
   * too, if it has no copy of its own. Empty if the message is an advertisement, which has no text: beside devices
   * in `skipped` it asks for KEM prekeys that are missing.
   */
  targets: TargetInfo[];
  /** The topic to send the sealed envelope by: 4 bytes. Left out unless `seal` asked for it. */
  topic?: Bytes;
}

/** How an envelope is sealed. */
export type EnvelopeKind =
  /** With a symmetric key that both ends have. */
  | "symmetric"
  /** To the public key of an identity. */
  | "asymmetric";

/** What became of an envelope. */
export type EnvelopeOutcome =
  /** The envelope opened. */
  | "opened"
  /** The envelope did not open. */
  | "unopened";

/** Why an envelope did not open. */
export type EnvelopeReason =
  /** The bytes are no envelope of this kind, or hold no payload. */
  | "malformed"
  /** The envelope is not for this key, or was changed. */
  | "authentication_failed"
  /** The signature of the envelope is not one of any key. */
  | "bad_signature";

/** Wire messages to send. */
export interface Envelopes {
  /** The wire messages to send. */
  envelopes: EnvelopeInfo[];
}

/** `error.data`, always of this shape. */
export interface ErrorData {
  /**
   * The parameter that the error is about, or the place inside it, such as `metadata.name` or `recipients[3]`. Left
   * out if it is about none.
   */
  field?: string;
  /** What to do, in words. */
  hint: string;
  /** The stable name of the error. */
  kind: ErrorKind;
}

/** The stable names of errors. Protocol outcomes are results, not errors. */
export type ErrorKind =
  /** The request is not JSON. */
  | "parse_error"
  /** The JSON is no JSON-RPC request. */
  | "invalid_request"
  /** There is no such method. */
  | "method_not_found"
  /** A bug of the daemon. */
  | "internal"
  /** A parameter is missing, unknown or of the wrong form; `field` names it. */
  | "invalid_params"
  /** The text is not a key of the form that is asked for. */
  | "invalid_key"
  /** The bytes are no bundle, or not signed by its identity. */
  | "invalid_bundle"
  /** The bytes are no wire message. */
  | "invalid_message"
  /** The text is no recovery phrase. */
  | "invalid_mnemonic"
  /** The content is larger than one message or envelope can carry. */
  | "payload_too_large"
  /** There is no account of this name. */
  | "account_not_found"
  /** There is an account of this name already. */
  | "account_exists"
  /** No account was named, and there is more than one. */
  | "account_ambiguous"
  /** No device of this id is known. */
  | "installation_not_found"
  /** As many devices are enabled as may be. */
  | "installation_limit"
  /** The contact has not accepted, and the policy asks for that. */
  | "contact_not_accepted"
  /** The request id stands for another request. */
  | "request_id_reused"
  /** The configuration forbids every suite that would reach the recipient. */
  | "suite_forbidden"
  /** The queue is full; nothing was done. */
  | "busy"
  /** The daemon is stopping; nothing was done. */
  | "shutting_down"
  /** The disk failed; nothing was done and nothing was lost. */
  | "store_failed"
  /** The store is older than it was: a copy was put back. */
  | "store_rolled_back"
  /** There is no group of this id. */
  | "group_not_found"
  /** The rules of the group do not allow it to this account now. */
  | "group_forbidden"
  /** The group, its log or the account has as much as it may have. */
  | "group_limit"
  /** There is no key of the group here. */
  | "group_key_missing"
  /** The key of the group is not to be used any more: another one is due. */
  | "group_key_due"
  /** There is no such link, or it is over, or used. */
  | "link_not_found"
  /** The two devices of a link do not agree: nothing was given or taken, and it is over. */
  | "link_failed";

/** The device that an event is about. */
export interface EventDevice {
  /** The identity that the device belongs to. */
  identity: Bytes;
  /** The id of the device. */
  installationId: string;
}

/** An event, or the mark that some are missing. */
export type EventInfo = {
  /** The account that the event is about; null for `lagged`. */
  account: string | null;
  /** When it happened. For the mark `lagged`, when that was found out. */
  at: number;
  /** The number of the event: what to give as `after` to go on behind it. */
  seq: number;
} & (
    /** Our bundle was made anew. */
    | {
      data: BundleRotated;
      type: "bundle.rotated";
    }
    /** A device was met for the first time. */
    | {
      data: DiscoveredDevice;
      type: "installation.discovered";
    }
    /** A device was enabled. */
    | {
      data: EventDevice;
      type: "installation.enabled";
    }
    /** A device was disabled. */
    | {
      data: EventDevice;
      type: "installation.disabled";
    }
    /** A device was not heard of for a week. */
    | {
      data: EventDevice;
      type: "installation.stale";
    }
    /** A stale device was heard of again. */
    | {
      data: EventDevice;
      type: "installation.active";
    }
    /**
     * A KEM prekey of a device came that serves, where none did before: a new session with the device is
     * post-quantum. What was skipped with `kem_key_missing` can be sent again.
     */
    | {
      data: EventDevice;
      type: "installation.kem_prekey";
    }
    /**
     * A message of a post-quantum session with a device was read for the first time: from now on nothing is written
     * to the device below suite x25519-mlkem768.
     */
    | {
      data: EventDevice;
      type: "installation.post_quantum";
    }
    /** A device was set up again or restored: its version is lower than before. */
    | {
      data: DeviceVersion;
      type: "installation.version_went_back";
    }
    /** Both ends of a session have read something of the other. */
    | {
      data: EventSession;
      type: "session.established";
    }
    /** A session was superseded: another one took its place. */
    | {
      data: EventSession;
      type: "session.superseded";
    }
    /** A session that had been superseded is used again. */
    | {
      data: EventSession;
      type: "session.reactivated";
    }
    /** A session ended. */
    | {
      data: EventSession;
      type: "session.expired";
    }
    /** A session and its keys were erased. */
    | {
      data: EventSession;
      type: "session.erased";
    }
    /** A message could not be read. What it says of itself is not proven. */
    | {
      data: UndecryptableMessage;
      type: "message.undecryptable";
    }
    /** The key of a message that was not confirmed is gone. */
    | {
      data: DroppedKey;
      type: "message.key_dropped";
    }
    /** Somebody asks to become a contact. */
    | {
      data: RequestedContact;
      type: "contact.requested";
    }
    /** A contact is accepted. */
    | {
      data: AcceptedContact;
      type: "contact.accepted";
    }
    /** A topic is to be listened to from now on, or not any more. */
    | {
      data: ChangedTopic;
      type: "topic.changed";
    }
    /** This account was invited to a group. */
    | {
      data: GroupInvitation;
      type: "group.invited";
    }
    /** A group is another than before, by an update or by our own act. */
    | {
      data: ChangedGroup;
      type: "group.changed";
    }
    /** A key of a group is here: messages under it can be read. */
    | {
      data: AddedGroupKey;
      type: "group.key_added";
    }
    /** A group should have another key. */
    | {
      data: DueGroupKey;
      type: "group.key_due";
    }
    /** The account's store is an older state, or a copy: its sessions have ended. */
    | {
      data: RolledBackStore;
      type: "store.rolled_back";
    }
    /** Events before this mark are no longer there. */
    | {
      data: Lagged;
      type: "lagged";
    }
  );

/** The session that an event is about. */
export interface EventSession {
  /** The identity that the session is with. */
  identity: Bytes;
  /** The device that the session is with; null until it is known. */
  installationId: string | null;
  /** Who began the session. */
  role: Role;
  /** The id of the session, which is equal at both ends. */
  sessionId: Bytes;
  /** The suite of the session. */
  suite: Suite;
}

/** A ticket for one stream of events. */
export interface EventTicketInfo {
  /** How long the ticket can be used, in milliseconds. */
  expiresInMs: number;
  /** The ticket: what to give as `ticket` in the query of `GET /events`. */
  ticket: string;
}

/** Some of the events, and where to go on. */
export interface Events {
  /** The events, in the order of their numbers. */
  events: EventInfo[];
  /** Whether events between `after` and `next` are no longer there. */
  lagged: boolean;
  /** What to give as `after` next time. It goes on past the events of other accounts, too. */
  next: number;
}

/**
 * What a message is, what it needs to be read, what of that is here, and what to do next. Nothing was changed to
 * find it out.
 */
export interface Explanation {
  /** For whom the message is. */
  addressedTo: Addressed;
  /** Whether the message itself proves the identity of its sender. */
  authenticated: boolean;
  /** Whether the message was read before, and not confirmed. */
  duplicate: boolean;
  /** The whole explanation in sentences, in their order, for people. */
  explanation: string[];
  /** Whether the message would be read through a ratchet. */
  forwardSecrecy: boolean;
  /** What there is to know about the outcome, for people. */
  hint: string;
  /** What is known of the sender's device; null if nothing is. */
  installation: InstallationInfo | null;
  /** The device that the message names as its sender; null if it names none. */
  installationId: string | null;
  /**
   * The KEM prekey that the entry for this device names; null if it names none, as all but first messages of suite
   * x25519-mlkem768.
   */
  kemPreKey: NamedKemPreKeyInfo | null;
  /** What is in the message, as `message_inspect` shows it. */
  message: InspectedMessageInfo;
  /** The id of the message, which is equal at both ends; null if the bytes do not tell it. */
  messageId: Bytes | null;
  /** How the entry for this device is encrypted; null if there is none, or if its headers make no sense together. */
  mode: Mode | null;
  /** The ids of devices that the message would tell of for the first time. */
  newInstallations: string[];
  /** What to do with the message. */
  nextAction: NextStep;
  /** What `message_decrypt` would answer now. */
  outcome: Outcome;
  /** Whether the message would be read on a session of suite x25519-mlkem768. */
  postQuantum: boolean;
  /** The signed prekey that the entry for this device names; null if it names none. */
  prekey: NamedPreKeyInfo | null;
  /** Why the message would not be read. Left out if it would. */
  reason?: Reason;
  /** Whether `message_decrypt` would give a `reply` to send. */
  replyDue: boolean;
  /** The identity that the caller named as the sender. */
  sender: Bytes;
  /** The session that the message opens on. Left out if there is none. */
  sessionId?: Bytes;
  /** The sessions that the entry for this device is tried on, in this order; at most 8. */
  sessions: PossibleSessionInfo[];
  /**
   * The suite of the entry for this device, as far as its headers and the sessions here tell; null if they do not,
   * or if there is none.
   */
  suite: Suite | null;
  /** What is odd about the message. */
  warnings: WarningInfo[];
}

/** An identity key under a password. */
export interface ExportedAccount {
  /** The keystore file: Web3 Secret Storage, version 3. Whoever has it and the password has the identity. */
  keystore: unknown;
}

/** The answer to the removal of a group from this account. */
export interface Forgotten {
  /** Whether the group is forgotten: always true. */
  forgotten: boolean;
}

/** An identity that was in a group. */
export interface GoneMember {
  /** The clock of the event. */
  at: number;
  /** The identity that signed the event: its own if it left. */
  by: Bytes;
  /** The identity that is gone. */
  identity: Bytes;
  /** Whether it left by itself: false if it was removed. */
  left: boolean;
}

/** A group and who is in it. */
export interface Group {
  /** The highest clock of the group's events. */
  clock: number;
  /** The colour of the group, as its members chose it; empty if they chose none. */
  color: string;
  /** The identity that created the group. */
  creator: Bytes;
  /** A digest of these events: two members with the same one agree on the group. */
  digest: Bytes;
  /** How many events the state of the group follows from. */
  events: number;
  /** Who was in the group and is not any more. */
  gone: GoneMember[];
  /** The id of the group. */
  group: string;
  /** The image of the group. Left out if it has none, and of everything but `group_get`. */
  image?: Bytes;
  /** Who is in the group, the invited among them. */
  members: GroupMember[];
  /** The name of the group. */
  name: string;
  /** How this account stands to the group. */
  own: GroupStanding;
  /** Who may do what in the group. */
  rules: GroupRules;
  /** The whole log of the group, for a member who lacks some of it. Left out of everything but `group_get`. */
  update?: Bytes;
}

/** Something that is different in a group. */
export interface GroupChange {
  /** The clock of that event. */
  at: number;
  /** The identity that signed the event behind it. */
  by: Bytes;
  /** What is different. */
  change: GroupChangeKind;
  /** Whom the change is about. Left out if it is about the group itself. */
  identity?: Bytes;
}

/** What has changed in a group. */
export type GroupChangeKind =
  /** Somebody was invited. */
  | "invited"
  /** Somebody accepted the invitation. */
  | "accepted"
  /** Somebody became an admin. */
  | "promoted"
  /** An admin is none any more, and still in the group. */
  | "resigned"
  /** Somebody left, or declined the invitation. */
  | "left"
  /** Somebody was removed. */
  | "removed"
  /** The group has another name. */
  | "renamed"
  /** The group has another colour. */
  | "recolored"
  /** The group has another image. */
  | "pictured";

/** An invitation to a group. */
export interface GroupInvitation {
  /** The identity that invited this account. */
  by: Bytes;
  /** The id of the group. */
  group: string;
}

/** Why another group key should be made. */
export type GroupKeyDue =
  /** Somebody who has the key, or may have it, is gone from the group. */
  | "removal"
  /** As many messages were written under the key as may be. */
  | "spent"
  /** The key is older than a week. */
  | "age";

/** A group key that is kept. */
export interface GroupKeyInfo {
  /** Whether it is the current key: the one that is written with. */
  current: boolean;
  /** Why another key should be made; null if there is no need. `age` is told to those who may set one. */
  due: GroupKeyDue | null;
  /** When the key will be erased at the earliest; null if no other has replaced it. */
  eraseAt: number | null;
  /** The group: its id, or `0x` and hex of one without a log. */
  group: string;
  /** The highest number of a message that was read or written under the key; 0 if none was. */
  highest: number;
  /** The id of the key, which is equal for all who have it. */
  keyId: Bytes;
  /** The identity that set the key. */
  setBy: Bytes;
  /** The time of the key. The one with the highest is the current key. */
  timestamp: number;
}

/** Why a group key was not taken. */
export type GroupKeyRefused =
  /** It does not have 32 bytes, or its group or time is not one that a key may have. */
  | "malformed"
  /** The group is not known here, and nobody was named who may set its keys. */
  | "group_unknown"
  /** Nothing proves who set the key, and for which group. */
  | "unauthenticated"
  /** Who set the key may not set keys of the group. */
  | "not_entitled"
  /** It is older than 32 keys that are kept, or not newer than one that was erased. */
  | "too_old";

/** What became of a group key in a message. */
export type GroupKeyState =
  /** The key is kept, and messages under it can be read. */
  | "accepted"
  /** The key was here already. */
  | "known"
  /** The key was not taken. */
  | "refused";

/** An identity that is in a group. */
export interface GroupMember {
  /** The clock of the invitation; of the creator that of the creation. */
  addedAt: number;
  /** The identity that invited the member; of the creator its own. */
  addedBy: Bytes;
  /** Whether the member is an admin. */
  admin: boolean;
  /** The identity of the member. */
  identity: Bytes;
  /** Whether the member has accepted the invitation. */
  joined: boolean;
}

/** What the update of a group did. */
export type GroupOutcome =
  /** The group is new. */
  | "created"
  /** The log of the group is another than before. */
  | "changed"
  /** All of it was known. */
  | "unchanged"
  /** It was refused, and nothing of it is kept. */
  | "refused";

/** Why the update of a group was refused. */
export type GroupRefusal =
  /** It is no update, or the id of its group is of no form that is known. */
  | "malformed"
  /** It has no valid creation of the group. */
  | "not_created"
  /** We are not in this new group now, or its sender is in the group neither before nor after. */
  | "not_member"
  /** The group was forgotten, and we were not invited since. */
  | "forgotten"
  /** The log of the group would be too large. */
  | "log_full"
  /** The account has too many groups. */
  | "too_many_groups";

/** Who may do what in a group: fixed by its id. */
export type GroupRules =
  /** Admins alone invite, rename, and remove others: the specification's rules. */
  | "admins"
  /** Everybody in the group may invite, and rename it: the rules of status-go. */
  | "members";

/** Who may set the keys of a group without a log. */
export interface GroupSetters {
  /** The group, as `0x` and hex. */
  group: string;
  /** The identities whose keys are taken, besides our own. */
  setters: Bytes[];
}

/** What we are in a group. */
export type GroupStanding =
  /** Invited, admin or not, and not accepted yet. */
  | "invited"
  /** In the group. */
  | "member"
  /** In the group, and an admin. */
  | "admin"
  /** We left, or declined the invitation. */
  | "left"
  /** Somebody removed us. */
  | "removed";

/** Whether the daemon works. */
export interface Health {
  /** Whether callers may move the clock and set prekeys of accounts that may be real. */
  devOnRealData: boolean;
  /** What to do about what is failing; null if nothing is. */
  hint: string | null;
  /** What is failing, with the account and the file where there is one; null if nothing is. */
  reason: string | null;
  /** Whether the daemon works. */
  status: HealthStatus;
}

/** Whether the daemon works. */
export type HealthStatus =
  /** The daemon works. */
  | "ok"
  /** The daemon does not work: `reason` says what fails. */
  | "failing";

/** The header of a message under a group key, or of one that brings keys. */
export interface HrHeaderInfo {
  /** The group: its id, or `0x` and hex of one without a log. */
  group: string;
  /** The id of the key. */
  keyId: Bytes;
  /** How many keys the header itself has. Keys in the payload cannot be seen without the key to it. */
  keys: number;
  /** The number of the message under the key; 0 if it brings keys. */
  seqNo: number;
}

/** The picture of an identity: 5 by 5 cells, mirrored left to right, in one colour. */
export interface IdenticonInfo {
  /** The 25 cells row by row from the top, `1` where one is set. */
  bitmap: string;
  /** The colour of the cells that are set: red, green and blue, a byte each. */
  rgb: Bytes;
  /** A drawing of 50 by 50 pixels on transparent ground, as an SVG document. */
  svg: string;
}

/** An identity in the forms by which people and programs recognise it. */
export interface IdentityInfo {
  /**
   * The ring of colours around a picture: 1 to 11 stretches, each given as its length (1 to 5) and its colour (0 to
   * 31).
   */
  colorHash: number[][];
  /** Which of 11 colours stands for the identity: 0 to 10. */
  colorId: number;
  /** The public key in its compact form, `zQ3sh…`. */
  compressedKey: string;
  /** The identicon: a small picture worked out from the identity. */
  identicon: IdenticonInfo;
  /** The public key of the identity, `0x04…`, which Status calls the chat key. */
  publicKey: Bytes;
  /**
   * The safety number of the identity and the `account`: 60 decimal digits that are equal at both ends, to be
   * compared by another way than this transport. Left out without an account, and for the account's own identity.
   */
  safetyNumber?: string;
}

/** Events of an update that do not count. */
export interface IgnoredEvents {
  /** How many they are. */
  events: number;
  /** Why they do not count. */
  reason: IgnoredReason;
}

/** Why events of an update do not count. */
export type IgnoredReason =
  /** They have not the form of an event. */
  | "malformed"
  /** Their signature is none that a key can have made. */
  | "bad_signature"
  /** They are of a type that is not known here. */
  | "unknown_type"
  /** They are dated too far ahead of our clock, and count when they come again in time. */
  | "future"
  /** Who signed them was not allowed to, or they change nothing that is there. */
  | "not_entitled";

/** What an imported bundle brought. */
export interface ImportedBundleInfo {
  /** The identity whose bundle it is. */
  identity: Bytes;
  /** The devices that the bundle lists and that are known now. */
  installations: ImportedInstallation[];
  /** What was odd about the bundle. */
  warnings: WarningInfo[];
}

/** One entry of an imported bundle. */
export interface ImportedInstallation {
  /** The id of the device. */
  installationId: string;
  /** Whether the device was not known before. */
  isNew: boolean;
  /** Whether its prekey replaced an older one that was known. */
  isNewer: boolean;
  /**
   * What is held of the device's KEM prekeys now. With `missing`, ask for the `contactCodeFull` of its user, or
   * write: the device brings its KEM prekey with its answer.
   */
  kem: KemState;
  /** The version of the device's prekey that the bundle lists. */
  version: number;
}

/** One entry of an inspected bundle. */
export interface InspectedBundleEntry {
  /** The id of the device. */
  installationId: string;
  /** The version of the protocol that the device says it speaks. Nothing depends on it. */
  protocolVersion: number;
  /** The ratchet prekey of suites x25519 and x25519-mlkem768; null if there is none, as with devices of status-go. */
  ratchetPreKey: Bytes | null;
  /** Whether the ratchet prekey is signed for this entry; null if there is none, or if the bundle is not valid. */
  ratchetValid: boolean | null;
  /** The public signed prekey of the device. */
  signedPreKey: Bytes;
  /** The version of the device's prekey. */
  version: number;
}

/** A bundle taken apart. */
export interface InspectedBundleInfo {
  /** The signed timestamp in milliseconds; null if there is none. */
  createdAt: number | null;
  /** The entries, one for each device. */
  entries: InspectedBundleEntry[];
  /** The identity whose bundle it claims to be; null if that is no public key. */
  identity: Bytes | null;
  /** The KEM prekeys beside the entries: at most 4, since no more are read. */
  kemPreKeys: InspectedKemPreKeyInfo[];
  /** Why the bundle is not valid; null if it is. */
  reason: string | null;
  /** The signed timestamp in nanoseconds: more digits than a JavaScript number holds exactly; `createdAt` has fewer. */
  timestamp: number;
  /** Whether the bundle is well formed and signed by its identity. */
  valid: boolean;
}

/** A KEM prekey beside an inspected bundle. */
export interface InspectedKemPreKeyInfo {
  /** The id of the device, whatever its form. */
  installationId: string;
  /** The id of the KEM prekey: 32 bytes, a hash of its public key; null if that does not have 1184 bytes. */
  kemId: Bytes | null;
  /** Whether the KEM prekey is well formed and signed by the identity. */
  valid: boolean;
  /** The version of the signed prekey that the KEM prekey was made with. */
  version: number;
}

/** What is in a wire message, as far as it can be seen without keys. */
export interface InspectedMessageInfo {
  /** The bundles that come with the message. */
  bundles: InspectedBundleInfo[];
  /** What the message says that it means to a contact; null if it says nothing. */
  contact: ContactMark | null;
  /** The device that the message names as its sender, whatever its form. */
  installationId: string;
  /**
   * The ids of the devices whose KEM prekeys the message asks for, whatever their form: at most 4, since no more
   * are read.
   */
  kemWanted: string[];
  /** The length of the public message in it, in bytes; 0 if there is none. */
  publicBytes: number;
  /** The entries, one for each device that the message is for. */
  targets: InspectedTargetInfo[];
}

/** One entry of an inspected message. */
export interface InspectedTargetInfo {
  /**
   * The length of the sealed field that says for whom the message was, in bytes: 0 in everything but copies for the
   * sender's own devices.
   */
  copyOfBytes: number;
  /** The header of a message by DH; null if there is none. */
  dhHeader: DhHeaderInfo | null;
  /** The header of the Double Ratchet; null if there is none. */
  drHeader: DrHeaderInfo | null;
  /** The header of a message under a group key, or of one that brings keys; null if there is none. */
  hrHeader: HrHeaderInfo | null;
  /** The device that the entry is for, or `none` for DH to the identity. */
  installationId: string;
  /** How the entry is encrypted; null if its headers make no sense together. */
  mode: Mode | null;
  /** The length of the ciphertext, in bytes. */
  payloadBytes: number;
  /** The header of a first message, by X3DH; null if there is none. */
  x3dhHeader: X3dhHeaderInfo | null;
}

/** A device of an identity, ours or a contact's. */
export interface InstallationInfo {
  /** Whether the user allows messages to it: see `installation_enable`. */
  enabled: boolean;
  /** The identity that the device belongs to. */
  identity: Bytes;
  /** The id of the device. */
  installationId: string;
  /**
   * The version of the device's KEM prekey that is held here: that of the signed prekey it was made with. A new
   * session is post-quantum while `version` is from this one to 13 above it. Null if none is held.
   */
  kemVersion: number | null;
  /** When the device was last active, as far as its messages and bundles tell. */
  lastActiveAt: number;
  /** What the frontend noted about the device. */
  metadata: MetadataInfo;
  /**
   * How the next message for the device is encrypted; null if it gets none. `dh`, without forward secrecy, means
   * that the device has to have a new prekey first: in suite secp256k1 only one session is begun on each prekey,
   * and that one was reset, erased or lost with a store.
   */
  nextMode: Mode | null;
  /** Whether the device belongs to our own identity. */
  own: boolean;
  /** Whether the device takes part in suite x25519-mlkem768. */
  postQuantum: PostQuantumState;
  /**
   * The version of the protocol that the device says it speaks; null until a bundle lists it. Nothing depends on
   * it.
   */
  protocolVersion: number | null;
  /**
   * A version of the prekey that bundles list and that is not believed; null if there is none. A message of the
   * device itself, or `session_reset`, settles it.
   */
  refusedVersion: number | null;
  /** Whether it is this very device. */
  self: boolean;
  /** When the device became stale, or will become so if nothing is heard of it; null if no timer runs. */
  staleAt: number | null;
  /** The state of the device: whether messages are encrypted for it, and why not. */
  state: InstallationState;
  /** The suite that the next new session with the device uses; null if its prekey is not known. */
  suite: Suite | null;
  /** The version of the device's prekey; null if that is not known. */
  version: number | null;
  /**
   * When the version was last found to be lower than before, because the device was set up again or restored; null
   * if it never was.
   */
  versionWentBackAt: number | null;
}

/** Whether messages are encrypted for a device, and why not. */
export type InstallationState =
  /** Messages are encrypted for it. */
  | "active"
  /** It is one of our own devices, and not enabled yet. */
  | "pending"
  /** The user disabled it. */
  | "disabled"
  /** Nothing was heard of it for a week. */
  | "stale"
  /** As many other devices of its identity as are written to were active more recently. */
  | "over_limit";

/** Which KEM prekey of this device a message names. */
export type KemPreKeyState =
  /** The one that was current when the signed prekey was made. */
  | "current"
  /** The one before that. */
  | "before"
  /** None that is kept with the signed prekey. */
  | "not_ours";

/** What is held of a device's KEM prekeys. */
export type KemState =
  /** One that serves, and is not older than a week. */
  | "held"
  /** One that serves, and is to be replaced by a newer one. */
  | "aged"
  /** None that serves, though the device has KEM prekeys. */
  | "missing"
  /** The device is not known to have KEM prekeys. */
  | "none";

/** Why the key of a message was dropped. */
export type KeyDropped =
  /** There were too many keys to keep. */
  | "limit"
  /** The message was read and not confirmed for a day. */
  | "unconfirmed"
  /** The session of the message was erased. */
  | "session_erased";

/** The mark that events are missing. */
export interface Lagged {
  /** What to do, for people: list anew what the events were about. */
  hint: string;
}

/** An account that was made from a second code: a new device of its identity. */
export interface LinkedAccount {
  /** The name of the account in this daemon. */
  account: string;
  /** The public key in its compact form, `zQ3sh…`. */
  compressedKey: string;
  /** The contacts that came with the code. */
  contacts: LinkedContactInfo[];
  /** How many more the old device has, for which there was no room. */
  contactsLeftOut: number;
  /** When the account was made in this daemon. */
  createdAt: number;
  /** The messages to send to our own identity: with them the old device learns the prekey of this one. */
  envelopes: EnvelopeInfo[];
  /** The id of this device. */
  installationId: string;
  /** The device that gave the code. It is enabled. */
  linkedTo: string;
  /** The public key of the identity, `0x04…`, which Status calls the chat key. */
  publicKey: Bytes;
}

/** A contact that came with a second code. */
export interface LinkedContactInfo {
  /** The identity in its compact form, `zQ3sh…`. */
  compressedKey: string;
  /** The identity of the contact, `0x04…`. */
  identity: Bytes;
  /** What the frontend of the old device calls the contact; empty if it gave no name. */
  name: string;
  /** The state of the contact. */
  state: ContactState;
  /** Whether the user has compared the safety number and noted that it is equal. */
  verified: boolean;
}

/** A group, as a list shows it. */
export interface ListedGroup {
  /** The highest clock of the group's events. */
  clock: number;
  /** The colour of the group, as its members chose it; empty if they chose none. */
  color: string;
  /** The identity that created the group. */
  creator: Bytes;
  /** A digest of these events: two members with the same one agree on the group. */
  digest: Bytes;
  /** How many events the state of the group follows from. */
  events: number;
  /** The id of the group. */
  group: string;
  /** The name of the group. */
  name: string;
  /** How this account stands to the group. */
  own: GroupStanding;
  /** Who may do what in the group. */
  rules: GroupRules;
}

/** A topic that an account listens to. */
export interface ListenedTopic {
  /** The topic as a Waku network names it: `/waku/1/0x…/rfc26`. */
  contentTopic: string;
  /** What the topic is listened to for. */
  kind: TopicKind;
  /**
   * The identity that the topic is shared with: our own for what our devices of status-go write. Null for topics of
   * the account alone.
   */
  peer: Bytes | null;
  /** The symmetric key of the envelopes there: 32 bytes. Left out where they are sealed to their recipient. */
  symKey?: Bytes;
  /** The topic: 4 bytes. */
  topic: Bytes;
}

/** A part of the topics that an account listens to. */
export interface ListenedTopics {
  /** What to give as `afterPeer` for the next part; null if this is the last. */
  next: Bytes | null;
  /**
   * The topics of this part: at first those of the account alone, then those shared with others, in the order of
   * their keys.
   */
  topics: ListenedTopic[];
}

/** What is logged, and what was before. */
export interface LogFilterInfo {
  /** The filter from now on. */
  filter: string;
  /** The filter until now. */
  previous: string;
}

/** How the daemon's memory is protected, as far as the system allowed it. */
export interface MemoryProtection {
  /** Whether a crash may leave a core. */
  coreDumps: boolean;
  /** Whether all of the memory is locked, so that none is swapped out. */
  locked: boolean;
  /** Why the memory is not locked; null if it is. */
  reason: string | null;
  /** Whether other processes of the same user may read the memory. */
  traceable: boolean;
}

/** Where the key of a message is. */
export type MessageKeyState =
  /** The key is kept until the message is confirmed. */
  | "read"
  /** The key is kept since a later message of its chain was read. */
  | "skipped"
  /** The key was used or dropped. */
  | "gone"
  /** The key comes after those of messages that have not arrived. */
  | "ahead"
  /** The message begins a new chain: its key is known once it opens. */
  | "new_chain";

/** What a frontend may note about a device. */
export interface MetadataInfo {
  /** The kind of the device, such as phone or laptop; empty by default. */
  deviceType: string;
  /** A name of the device for people; empty by default. */
  name: string;
  /** The address of a push service; empty by default. */
  pushToken: string;
}

/** How a copy of a message is encrypted. */
export type Mode =
  /** It sets up a session by X3DH, and goes on it. */
  | "x3dh"
  /** It goes on a session that the recipient has answered. */
  | "ratchet"
  /**
   * It is encrypted to the identity key, without forward secrecy, for any device of the identity that has no copy
   * of its own: none is known, or, in suite secp256k1, the one session that may be begun on the device's present
   * prekey is not to be used any more.
   */
  | "dh"
  /** It is public: not encrypted at all. */
  | "public"
  /** It is encrypted with a key that a whole group shares, once for all its members. */
  | "group";

/** A KEM prekey that an entry names. */
export interface NamedKemPreKeyInfo {
  /** The id of the KEM prekey: 32 bytes, a hash of its public key. */
  kemId: Bytes;
  /** Which of those that this device keeps with the signed prekey it is. */
  state: KemPreKeyState;
}

/** A signed prekey that an entry names. */
export interface NamedPreKeyInfo {
  /** When the prekey will be erased at the earliest; null if it was not replaced. */
  eraseAt: number | null;
  /** When the prekey was replaced; null if it was not. */
  replacedAt: number | null;
  /** The public signed prekey. */
  signedPreKey: Bytes;
  /** What is known of the prekey. */
  state: PreKeyState;
}

/** A new account with its recovery phrase, which is shown this once. */
export interface NewAccount {
  /** The name of the account in this daemon. */
  account: string;
  /** The public key in its compact form, `zQ3sh…`. */
  compressedKey: string;
  /** When the account was made in this daemon. */
  createdAt: number;
  /** The id of this device. */
  installationId: string;
  /** The recovery phrase: whoever has it has the identity. */
  mnemonic: string;
  /** The public key of the identity, `0x04…`, which Status calls the chat key. */
  publicKey: Bytes;
}

/** What to do about a message that was not read. */
export type NextAction =
  /** Send the `reply` to the sender. */
  | "send_reply"
  /** Do nothing: forget the message. */
  | "drop"
  /** Do nothing yet: it mends itself. */
  | "wait"
  /** Start over: call `session_reset`, and write to the sender. */
  | "rekey";

/** What to do about a message that was explained. */
export type NextStep =
  /** Give the message to `message_decrypt`: it opens. */
  | "decrypt"
  /** Give the message to `message_decrypt`, and send the `reply` to the sender. */
  | "send_reply"
  /** Do nothing: forget the message. */
  | "drop"
  /** Do nothing yet: it mends itself. */
  | "wait"
  /** Start over: call `session_reset`, and write to the sender. */
  | "rekey";

/** Why a copy is not post-quantum. */
export type NotPostQuantum =
  /** The device is not known to have KEM prekeys. */
  | "not_offered"
  /** The device has KEM prekeys, and none is here that serves. */
  | "key_missing"
  /** The configuration (`ratchet.suites`) leaves out suite x25519-mlkem768. */
  | "forbidden";

/** What an old device is about to do, before it does it. */
export interface OfferedLink {
  /** The account whose identity the new device would have. */
  account: string;
  /** The challenge: six digits that the person is to type into the new device. */
  challenge: string;
  /** Its public key in the compact form, which the new device shows when it is done. */
  compressedKey: string;
  /** How many contacts the account has. */
  contacts: number;
  /** How long the link can go on to its next step, in milliseconds. */
  expiresInMs: number;
  /** The id of the new device. */
  installationId: string;
  /** The name of the link in this daemon, for `link_confirm`. */
  link: string;
  /** What has to be said to the person before anything else: what they are about to give away, and when to stop. */
  warning: string;
}

/** What became of an envelope. */
export type OpenedEnvelope = {
  /** What to know about the reason, for people. Left out if the envelope opened. */
  hint?: string;
  /** Whether the envelope opened. */
  outcome: EnvelopeOutcome;
  /** The content as bytes. Left out if the envelope did not open. */
  payload?: Bytes;
  /** Why the envelope did not open. Left out if it did. */
  reason?: EnvelopeReason;
  /**
   * The identity that signed the envelope; null if nobody did, or if it did not open. It is whatever key fits the
   * signature: compare it.
   */
  signer: Bytes | null;
  /** The content as text, if it is UTF-8. */
  text?: string;
} & (
    /** The envelope opened. */
    | {
      outcome: "opened";
      payload: Bytes;
    }
    /** The envelope did not open. */
    | {
      hint: string;
      outcome: "unopened";
      reason: EnvelopeReason;
    }
  );

/** What became of a received message. */
export type Outcome =
  /** The message was read. */
  | "decrypted"
  /** The message is public: it was not encrypted. */
  | "public"
  /** The message was read, and says how its sender stands to us as a contact, without a text: see `contact`. */
  | "contact"
  /** The message is an advertisement, a bundle alone: there is nothing to show. */
  | "bundle"
  /** The message brought keys of a group, and has nothing to show: see `groupKeys`. */
  | "group_key"
  /** The message is one of this device's own that came back. */
  | "own"
  /** The message is for other devices. */
  | "not_targeted"
  /** The message is for this device and cannot be read. */
  | "undecryptable"
  /** The envelope that the message came in did not open, or nobody signed it. */
  | "unopened";

/** The topic of a content topic. */
export interface ParsedTopic {
  /** The topic: 4 bytes. */
  topic: Bytes;
}

/** A session that the message may belong to. */
export interface PossibleSessionInfo {
  /** The id of the message, if it belongs to this session. */
  messageId: Bytes;
  /** Where the key of the message is, if it belongs to this session. */
  messageKey: MessageKeyState;
  /** How many messages between the last one read and this one are missing; null unless `messageKey` is `ahead`. */
  missing: number | null;
  /** The session that is tried. */
  session: SessionInfo;
}

/** Whether a device takes part in suite x25519-mlkem768. */
export type PostQuantumState =
  /** It is not known to have KEM prekeys. */
  | "none"
  /** It has KEM prekeys. */
  | "offered"
  /** A message of a session of this suite was read from it: nothing is written to it below any more. */
  | "required";

/** What is known of a signed prekey. */
export type PreKeyState =
  /** It is ours, and in the present bundle. */
  | "current"
  /** It is ours, was replaced and is not erased yet. */
  | "replaced"
  /** It is not ours, or was erased. */
  | "not_ours";

/** How a QR code is drawn. */
export type QrFormat =
  /** An SVG document: dark on white, with a margin of 4 modules. */
  | "svg"
  /**
   * Lines of half blocks for a terminal with a dark background, with a margin of 4 modules: the light modules are
   * filled.
   */
  | "text";

/** Why a message was not read. */
export type Reason =
  /** The message is for other devices: the sender does not know this one. */
  | "other_installation"
  /** The message is from another device of ours, which has not enabled this one. */
  | "not_paired"
  /** The session of the message is not here: it was erased, or lost with a store. */
  | "session_not_found"
  /** The prekey that the message was encrypted with is not here: it was erased, or is another device's. */
  | "prekey_not_found"
  /** The message was changed, or somebody else sent it. */
  | "authentication_failed"
  /** The message was read before, and `message_confirm` has said that its text is stored. */
  | "already_read"
  /** The key of the message is gone: it is too old, or was read without a confirmation that its text arrived. */
  | "message_key_gone"
  /** More than 1000 messages before it are missing. */
  | "too_many_skipped"
  /** The sender began more than 1000 sessions on one prekey. */
  | "too_many_sessions"
  /** The message does not have the form that the protocol asks for. */
  | "malformed"
  /** The configuration (`ratchet.suites`) forbids the suite of the message. */
  | "suite_forbidden"
  /** The sender's contact request was declined. */
  | "declined"
  /** The sender is not in the group that the message is for. */
  | "not_member"
  /** The group key that the message is encrypted under is not here yet. */
  | "group_key_missing"
  /** The signature of the message's envelope is not one of any key. */
  | "bad_signature"
  /** Nobody signed the envelope that the message came in. */
  | "unauthenticated_sender"
  /** Keys that may open the message's envelope are not derived yet. */
  | "keys_pending";

/** A group key that a message brought. */
export interface ReceivedGroupKey {
  /** The group: its id, or `0x` and hex of one without a log; `0x` if the message names none. */
  group: string;
  /** The id of the key, which is equal for all who have it. Left out if it is malformed. */
  keyId?: Bytes;
  /** Why the key was not taken. Left out if it was. */
  reason?: GroupKeyRefused;
  /** What became of the key. */
  state: GroupKeyState;
  /** The time of the key. Left out if it is malformed. */
  timestamp?: number;
}

/** The answer to a removal. */
export interface Removed {
  /** Always true. */
  removed: boolean;
}

/** An identity that asks to become a contact. */
export interface RequestedContact {
  /** Whether that message proves the identity of its sender. */
  authenticated: boolean;
  /** The identity of the contact. */
  identity: Bytes;
  /** The id of the message with the introduction, which `message_decrypt` gave; null if the bytes do not tell it. */
  messageId: Bytes | null;
}

/** Who began a session. */
export type Role =
  /** This device began it. */
  | "initiator"
  /** The other device began it. */
  | "responder";

/** Why a store was not trusted to be the newest state of its account. */
export type RollbackKind =
  /** The store was newer before: a backup or a snapshot was put back. */
  | "older"
  /** The store is a copy in another place: the original may still be in use. */
  | "elsewhere"
  /** The file that belongs beside the store's database is missing. */
  | "unmarked";

/** A store that is an older state, or a copy. */
export interface RolledBackStore {
  /** How many sessions ended with it. */
  expired: number;
  /** Why the store is not the newest state of its account. */
  reason: RollbackKind;
}

/** An envelope, ready for a relay. */
export interface SealedEnvelope {
  /** The bytes of the envelope. */
  envelope: Bytes;
  /** How the envelope is sealed. */
  kind: EnvelopeKind;
  /** The identity that signed the envelope; null if nobody did. */
  signer: Bytes | null;
}

/** A session with a device. No secret of it is shown. */
export interface SessionInfo {
  /** When the session was set up on this device. */
  createdAt: number;
  /** When the session was superseded or expired; null if it is active. */
  endedAt: number | null;
  /** When the session will be erased with its keys; null if it is active. */
  eraseAt: number | null;
  /** The identity that the session is with. */
  identity: Bytes;
  /** The device that the session is with; null until it is known. */
  installationId: string | null;
  /** When we last received on the session; null if never. */
  lastReceivedAt: number | null;
  /** When we last sent on the session; null if never. */
  lastSentAt: number | null;
  /** Whether the session is post-quantum: of suite x25519-mlkem768. */
  postQuantum: boolean;
  /**
   * Whether the session keeps its device from a new one: it is the one session of suite secp256k1 that may be begun
   * on the present prekey of the device, and is not to be used any more. The device is written to by DH until it
   * has a new prekey.
   */
  prekeyBlocked: boolean;
  /** How many messages were decrypted on the session. */
  received: number;
  /** Who began the session. */
  role: Role;
  /** How many messages were encrypted on the session. */
  sent: number;
  /** The id of the session, which is equal at both ends. */
  sessionId: Bytes;
  /** What the session is used for. */
  standing: Standing;
  /** Whether the session was answered. */
  state: SessionState;
  /** How many message keys are kept: of messages that were skipped, or read and not confirmed. */
  storedKeys: number;
  /** The suite of the session. */
  suite: Suite;
}

/** Whether a session was answered. */
export type SessionState =
  /** The other end has not answered yet. */
  | "unconfirmed"
  /** Each end has read something of the other. */
  | "established";

/** The answer to `session_reset`. */
export interface SessionsReset {
  /** How many sessions were ended. */
  expired: number;
}

/** A group key, and the messages that bring it to others. */
export interface SharedGroupKey {
  /** The wire messages to send, one for each identity; the one for our own devices comes last. */
  envelopes: EnvelopeInfo[];
  /** Whether every copy has forward secrecy. */
  forwardSecrecy: boolean;
  /** The group: its id, or `0x` and hex of one without a log. */
  group: string;
  /** The id of the key, which is equal for all who have it. */
  keyId: Bytes;
  /** Whether every copy is post-quantum, those for our own devices too; false if there is no copy. */
  postQuantum: boolean;
  /** The devices that got no copy, and why. */
  skipped: SkippedInfo[];
  /** The time of the key. The one with the highest is the current key. */
  timestamp: number;
}

/** Why a device got no copy. */
export type SkipReason =
  /** Nothing was heard of it for a week. */
  | "stale"
  /** As many other devices of its identity as are written to were active more recently. */
  | "over_limit"
  /** It is one of our own devices, and not enabled yet. */
  | "pending"
  /** The user disabled it. */
  | "disabled"
  /** The configuration (`ratchet.suites`) allows no suite that would reach it. */
  | "suite_forbidden"
  /** Its prekey is not known. */
  | "no_prekey"
  /**
   * It has KEM prekeys and none is here that serves, and nothing may be written to it below suite x25519-mlkem768;
   * or it can be reached by DH alone, which such a device of the same identity would read.
   */
  | "kem_key_missing";

/** A device that got no copy. */
export interface SkippedInfo {
  /** The identity that the device belongs to. */
  identity: Bytes;
  /** The id of the device. */
  installationId: string;
  /**
   * Why the device got no copy. With `kem_key_missing`, send the envelopes of this result all the same. If no
   * device of the recipient got a copy, send the text again once `installation.kem_prekey` names the device; or
   * import the contact's `contactCodeFull` with `bundle_import`, and send the text again. Beside a copy for another
   * device the text is not withheld, and the next message reaches this one.
   */
  reason: SkipReason;
}

/** What a session is used for. */
export type Standing =
  /** It is used for sending and receiving. */
  | "active"
  /** It is used for receiving only: another session has its place. */
  | "superseded"
  /** It is used for receiving what is late, until it is erased. */
  | "expired";

/** How the daemon is doing. */
export interface Status {
  /** The account that was asked for; null if none was. */
  account: AccountStatus | null;
  /** All accounts of the daemon together. */
  accounts: AccountTotals;
  /**
   * The first 100 accounts that somebody should look at: those that cannot be read or written, as far as was found,
   * those whose queue is nearly full, and those whose store was found to be an older state or a copy in the last 14
   * days.
   */
  attention: AccountStatus[];
  /** How many such accounts there are besides. */
  attentionMore: number;
  /** Whom messages may be sent to, as `contacts.policy` says. */
  contactPolicy: ContactPolicy;
  /** Whether callers may move the clock and set prekeys. */
  dev: boolean;
  /** Whether callers may do so to accounts that may be real: the data directory was made or used without `--dev`. */
  devOnRealData: boolean;
  /** What is failing, as `system_health` says it; null if nothing is. */
  failing: string | null;
  /** How the daemon's memory is protected. */
  memory: MemoryProtection;
  /** The number of the newest event, 0 if there was none: as `after` it leads to those that are still to come. */
  newestEvent: number;
  /** The daemon's clock. */
  now: number;
  /** The number of the daemon's process. */
  pid: number;
  /** The git revision it was built from; null if that is not known. */
  revision: string | null;
  /** When the daemon started. */
  startedAt: number;
  /** The program's version. */
  version: string;
}

/** How a session is set up, and the curve of its ratchet. */
export type Suite =
  /**
   * X3DH with ML-KEM-768, and a ratchet on Curve25519: post-quantum. Used between devices of ratchetd that have
   * each other's KEM prekeys.
   */
  | "x25519-mlkem768"
  /** X3DH, and a ratchet on Curve25519. Used between devices of ratchetd. */
  | "x25519"
  /** X3DH, and a ratchet on secp256k1. Used with devices of status-go. */
  | "secp256k1";

/** One device a message was encrypted for. */
export interface TargetInfo {
  /** The id of the device; `"none"` for DH to an identity of which no device is known; null for a public message. */
  installationId: string | null;
  /** The id of the message, which is equal at both ends. */
  messageId: Bytes;
  /** How the entry is encrypted for the device. */
  mode: Mode;
  /** Why the copy is not post-quantum. Left out if it is, and of public messages and those under a group key. */
  notPostQuantum?: NotPostQuantum;
  /**
   * Whether the copy stays secret from whoever records it now and has a quantum computer later: whether it is of
   * suite x25519-mlkem768.
   */
  postQuantum: boolean;
  /** The id of the session, which is equal at both ends; null for DH and public messages. */
  sessionId: Bytes | null;
  /** The suite of the session; null for DH and public messages. */
  suite: Suite | null;
}

/** Where envelopes go, and how they are sealed there. */
export interface TopicInfo {
  /** The topic as a Waku network names it: `/waku/1/0x…/rfc26`. */
  contentTopic: string;
  /** The text that the topic is derived from. */
  name: string;
  /** The symmetric key of the envelopes there: 32 bytes. Left out where they are sealed to their recipient. */
  symKey?: Bytes;
  /** The topic: 4 bytes. */
  topic: Bytes;
}

/** What a topic is listened to for. */
export type TopicKind =
  /** The contact codes that our identity publishes, its other devices among them. */
  | "contact_code"
  /** Messages of those who have not agreed on another topic with us, shared with every 5000th identity. */
  | "partitioned"
  /** What status-go sends to this identity alone. */
  | "personal"
  /** Messages of one other identity, or of devices of status-go of our own. */
  | "negotiated";

/** A message that could not be read. */
export interface UndecryptableMessage {
  /** What to know about the reason, for people. */
  hint: string | null;
  /** The device that the message names as its sender; null if it names none. */
  installationId: string | null;
  /** The id of the message, which is equal at both ends; null if the bytes do not tell it. */
  messageId: Bytes | null;
  /** What to do about it. */
  nextAction: NextAction | null;
  /** Why the message could not be read. */
  reason: Reason | null;
  /** The identity that the caller named as the sender. */
  sender: Bytes;
}

/** The group key that a message is encrypted under. */
export interface UsedGroupKey {
  /** The group: its id, or `0x` and hex of one without a log. */
  group: string;
  /** The id of the key, which is equal for all who have it. */
  keyId: Bytes;
  /** The number of the message under the key. Two who write at once may use the same. */
  seqNo: number;
}

/** The program that is running. */
export interface Version {
  /** The name of the program. */
  name: string;
  /** The version of the protocol that our bundles name. */
  protocol: number;
  /** The git revision it was built from; null if that is not known. */
  revision: string | null;
  /** The version of the program. */
  version: string;
}

/** A warning: something was odd, and nothing else failed for it. */
export interface WarningInfo {
  /** What the warning is about, in words. */
  detail: string;
  /** The kind of the warning. */
  kind: WarningKind;
}

/** What was odd about a bundle or a sender. */
export type WarningKind =
  /** The bundle is damaged, or not signed by its identity. */
  | "invalid_bundle"
  /** The bundle is not the sender's, but another identity's. */
  | "foreign_bundle"
  /** The message has more bundles than are read: the others were left out. */
  | "too_many_bundles"
  /** An entry of the bundle is not well formed, and was left out. */
  | "invalid_entry"
  /** An entry lacks the ratchet prekey that its device is known to have. */
  | "missing_extension"
  /**
   * The version of an entry is far too high to be believed: the device is sent to as before, or left out if it was
   * unknown. After `session_reset` the next version of a known device is believed.
   */
  | "version_jump"
  /** A device was set up again or restored: its bundle lists a lower version than the known one, and is believed. */
  | "version_went_back"
  /**
   * A bundle lists a lower version of a device than the known one, and is not believed: the device is sent to as
   * before. A message of that device itself, or `session_reset`, settles it.
   */
  | "version_not_believed"
  /** Another device publishes under this device's id. */
  | "cloned_installation"
  /** The identity has more devices than are remembered: the others were left out. */
  | "too_many_devices"
  /** The sender's installation id is not of the form of one. */
  | "invalid_installation"
  /**
   * A KEM prekey beside the bundle is damaged or not signed by its identity, or there are more than 4: it was left
   * out.
   */
  | "invalid_kem_prekey"
  /**
   * The message was read on a session below suite x25519-mlkem768, from a device to which nothing is written below
   * it.
   */
  | "below_post_quantum";

/** The header of a first message, by X3DH. */
export interface X3dhHeaderInfo {
  /** The responder's signed prekey. */
  id: Bytes;
  /** The length of the ML-KEM-768 ciphertext, in bytes: 1088 in suite x25519-mlkem768, else 0. */
  kemCiphertextBytes: number;
  /** The id of the responder's KEM prekey, 32 bytes; null outside of suite x25519-mlkem768. */
  kemId: Bytes | null;
  /** The initiator's ephemeral key. */
  key: Bytes;
}

/** Every method, with what it takes and gives. */
export interface Methods {
  /**
   * Makes an account with a new identity, and shows its recovery phrase this once.
   * The account is the first device of the identity. The recovery phrase (BIP-39, English; the key at
   * m/43'/60'/1581'/0'/0) is in the answer and kept nowhere else: write it down.
   */
  "account_create": {
    params: {
      /**
       * The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a
       * letter or digit.
       */
      account: string;
      /**
       * The id of the new device; a fresh one is made by default. One that was used before must not be given where
       * a contact uses status-go: neither would read the other until the prekeys of both have changed. It takes an
       * installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', not "none" and not digits followed by x1-.
       */
      installationId?: string | undefined;
      /** Length of the recovery phrase, in words: 12 by default. It takes a number of words: 12 or 24. */
      words?: 12 | 24 | undefined;
    };
    result: NewAccount;
  };
  /**
   * Makes an account from a recovery phrase: a new device of that identity.
   * No sessions come with it. Contacts write to it when they have its bundle, and devices of the same identity when
   * they have enabled it.
   */
  "account_recover": {
    params: {
      /**
       * The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a
       * letter or digit.
       */
      account: string;
      /** The recovery phrase. It takes text. */
      mnemonic: string;
      /** The passphrase of the recovery phrase, if it has one. It takes text. */
      mnemonicPassphrase?: string | undefined;
      /**
       * The id of the new device. Best left out, and a fresh one is made: contacts on status-go do not read a
       * device whose id was used before. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-',
       * not "none" and not digits followed by x1-.
       */
      installationId?: string | undefined;
    };
    result: AccountInfo;
  };
  /**
   * Makes an account from a private key: a new device of that identity.
   * The private key is that of the identity. No sessions come with it: contacts write to the new device when they
   * have its bundle.
   */
  "account_import": {
    params: {
      /**
       * The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a
       * letter or digit.
       */
      account: string;
      /**
       * The private key of the identity, which Status calls the chat key. It takes a private key as 0x and 64 hex
       * digits.
       */
      privateKey: string;
      /**
       * The id of the new device. Best left out, and a fresh one is made: contacts on status-go do not read a
       * device whose id was used before. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-',
       * not "none" and not digits followed by x1-.
       */
      installationId?: string | undefined;
    };
    result: AccountInfo;
  };
  /**
   * Lists the accounts.
   * They are sorted by name. No secret of theirs is shown. A part that has fewer than `limit` is the last one; else
   * ask for the part after the last name.
   */
  "account_list": {
    params: {
      /** The most accounts to give in one answer. By default all are given. It takes a whole number from 1 to 1000. */
      limit?: number | undefined;
      /**
       * Where the list goes on: after the account of this name, whether there is one or not. By default it begins.
       * It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      after?: string | undefined;
    };
    result: AccountInfo[];
  };
  /**
   * Shows one account.
   * Give its public key, in either form, to whoever is to write to it.
   */
  "account_get": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: AccountInfo;
  };
  /**
   * Exports the identity key as a keystore file under a password. Nothing else of the account is in it.
   * The file is Web3 Secret Storage, version 3, with scrypt, which takes 256 MiB of memory for about a second. The
   * state of ratchets is never exported: a copy of it could use a key twice.
   */
  "account_export": {
    params: {
      /** The password that the keystore file is encrypted with. It takes text. */
      password: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: ExportedAccount;
  };
  /**
   * Makes an account from a keystore file: a new device of that identity.
   * The file is Web3 Secret Storage, version 3, with scrypt or PBKDF2. No sessions come with it. A wrong password
   * is `invalid_params` about `password`.
   */
  "account_importKeystore": {
    params: {
      /**
       * The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a
       * letter or digit.
       */
      account: string;
      /** The keystore file. It takes a keystore file (Web3 Secret Storage, version 3) as an object or as text. */
      keystore: Record<string, unknown> | string;
      /** The password of the keystore file. It takes text. */
      password: string;
      /**
       * The id of the new device. Best left out, and a fresh one is made: contacts on status-go do not read a
       * device whose id was used before. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-',
       * not "none" and not digits followed by x1-.
       */
      installationId?: string | undefined;
    };
    result: AccountInfo;
  };
  /**
   * Erases an account and all its data.
   * The public key must be the account's, so that none is erased by mistake. Calls that wait for the account are
   * finished first; then its sessions, keys and events are gone for good.
   */
  "account_remove": {
    params: {
      /**
       * The account to erase. It must be named even if there is only one. It takes an account name: 1 to 64 of a-z,
       * 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account: string;
      /**
       * The public key of that account, so that no other is erased by mistake. It takes a public key: 0x04… (65
       * bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
       */
      publicKey: string;
    };
    result: Removed;
  };
  /**
   * Gives the bundle to publish; rotates the prekey first if that is due.
   * Publish it where contacts look, or show `contactCode` to them: whoever has it can begin a session with forward
   * secrecy. Every message carries it as well. With `contactCodeFull`, which is text alone and too long for a QR
   * code, the first message is post-quantum, too; with `contactCode` the messages after the first answer are.
   */
  "bundle_get": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: BundleInfo;
  };
  /**
   * Imports a contact's bundle that came by another way than a message.
   * The bundle must be signed by the identity that it names. Entries that are refused or skipped are told in
   * `warnings`. `kem` says of each device whether what is written to it next can be post-quantum.
   */
  "bundle_import": {
    params: {
      /** The bundle, as bytes or as a contact code. It takes a bundle as 0x and hex digits, or a contact code. */
      bundle: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: ImportedBundleInfo;
  };
  /**
   * Shows what is in a bundle. No key is needed.
   * Needs no account, and changes nothing.
   */
  "bundle_inspect": {
    params: {
      /** The bundle, as bytes or as a contact code. It takes a bundle as 0x and hex digits, or a contact code. */
      bundle: string;
    };
    result: InspectedBundleInfo;
  };
  /**
   * Encrypts for every active device of the recipient and for our own other devices.
   * Send every envelope of the result. If no device of the recipient is known, the message is encrypted by DH to
   * the identity, without forward secrecy, and an empty payload is then refused: it would be an advertisement.
   * `postQuantum` says whether every copy is. If no device of the recipient gets a copy, since KEM prekeys are
   * missing and nothing may be written below, an advertisement that asks for them is in the place of the text; the
   * same `requestId` sends the text once they are there. Else a retry with the same `requestId` within 24 hours
   * gives the same bytes, and no ratchet moves. With `seal`, each envelope also comes sealed and signed, with the
   * topic to send it by.
   */
  "message_encrypt": {
    params: {
      /** The identity to write to. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      recipient: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * A name for this request, which makes a retry safe: within 24 hours, the same request under the same name
       * gives the same bytes again. It takes a request id: text of 1 to 128 characters.
       */
      requestId?: string | undefined;
      /**
       * Whether each message also comes sealed in an envelope for a relay, and by which topic it goes: `true` for
       * the negotiated topic once it is agreed upon, or one of the two by name. By default it does not. It takes
       * true, false, "negotiated" or "partitioned".
       */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    } & (
      | {
        /** The plaintext as bytes. It takes bytes as 0x and hex digits, at most 1 MiB. */
        payload: string;
        text?: undefined;
      }
      | {
        /** The plaintext as text. It takes text, at most 1 MiB of UTF-8. */
        text: string;
        payload?: undefined;
      }
    );
    result: Encrypted;
  };
  /**
   * Encrypts for every active device of all recipients, or of all members of a group, and for our own other
   * devices: for all of them, or for none.
   * Each of up to 1000 recipients has an envelope of its own, encrypted as `message_encrypt` does, in one
   * transaction. A group that we have accepted is written to by its id, whatever the policy for contacts: everybody
   * who is in it gets a copy, and nobody who is gone. With `mode: "key"` there is one envelope, encrypted once
   * under the group's key: without forward secrecy, and without a proof of who wrote it unless it is sealed. A
   * retry with the same `requestId` within 24 hours gives the same bytes, unless a recipient got no copy for want
   * of a KEM prekey.
   */
  "message_encryptGroup": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * A name for this request, which makes a retry safe: within 24 hours, the same request under the same name
       * gives the same bytes again. It takes a request id: text of 1 to 128 characters.
       */
      requestId?: string | undefined;
      /**
       * Whether each message also comes sealed in an envelope for a relay, and by which topic it goes: `true` for
       * the negotiated topic once it is agreed upon, or one of the two by name. By default it does not. It takes
       * true, false, "negotiated" or "partitioned".
       */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
      /** Whether those who have not accepted get no copy: false by default. It takes true or false. */
      joinedOnly?: boolean | undefined;
      /**
       * `key` for one message under the group's key, in place of one for each member. By default each member has
       * one of its own, with forward secrecy. It takes "key".
       */
      mode?: "key" | undefined;
    } & (
      | {
        /** The plaintext as bytes. It takes bytes as 0x and hex digits, at most 1 MiB. */
        payload: string;
        text?: undefined;
      }
      | {
        /** The plaintext as text. It takes text, at most 1 MiB of UTF-8. */
        text: string;
        payload?: undefined;
      }
    ) & (
      | {
        /** The identities to write to, in place of `group`. It takes an array of 1 to 1000 public keys. */
        recipients: string[];
        group?: undefined;
      }
      | {
        /**
         * The group to write to, in place of `recipients`: everybody in it, whether or not they have accepted, and
         * without us. It takes the id of a group, as group_create gave it, or 0x and the hex digits of 1 to 256
         * bytes.
         */
        group: string;
        recipients?: undefined;
      }
    );
    result: Encrypted;
  };
  /**
   * Makes a public message, which is not encrypted.
   * Everybody can read it, and nothing proves who wrote it. It carries our bundle, and cannot be empty.
   */
  "message_encryptPublic": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    } & (
      | {
        /** The content as bytes. It takes bytes as 0x and hex digits, at most 1 MiB. */
        payload: string;
        text?: undefined;
      }
      | {
        /** The content as text. It takes text, at most 1 MiB of UTF-8. */
        text: string;
        payload?: undefined;
      }
    );
    result: Envelopes;
  };
  /**
   * Makes an empty message that brings our bundle to the recipient.
   * Send it to let a contact begin sessions with all our devices. It has nothing to show to people.
   */
  "message_advertise": {
    params: {
      /**
       * The identity that our bundle is brought to. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33
       * bytes), or zQ3sh….
       */
      recipient: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * Whether each message also comes sealed in an envelope for a relay, and by which topic it goes: `true` for
       * the negotiated topic once it is agreed upon, or one of the two by name. By default it does not. It takes
       * true, false, "negotiated" or "partitioned".
       */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    };
    result: Envelopes;
  };
  /**
   * Reads a received wire message.
   * Give `message` with the `sender` that the transport names, or `sealed`, an envelope whose signature names the
   * sender. What became of the message is a result, not an error; if it was not read, the result has the reason and
   * what to do. Send the `reply` if there is one. Until `message_confirm` the message can be read again, and is
   * then marked as a duplicate.
   */
  "message_decrypt": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * Whether the message is confirmed at once, so that it is read at most once: false by default. It takes true
       * or false.
       */
      confirm?: boolean | undefined;
      /**
       * The symmetric key of the topic that `sealed` came by, from `topic_negotiated`. Without it, our identity and
       * the keys that we share with the 1024 identities last written to are tried. It takes a symmetric key as 0x
       * and 64 hex digits, not all zero.
       */
      symKey?: string | undefined;
    } & (
      | {
        /**
         * The identity that the transport names as the sender. It goes with `message`, not with `sealed`. It takes
         * a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
         */
        sender: string;
        /**
         * The wire message as the transport delivered it. It takes a wire message as 0x and hex digits, at most 4
         * MiB.
         */
        message: string;
        sealed?: undefined;
      }
      | {
        /**
         * The message in its envelope, in place of `sender` and `message`: the signature of the envelope names the
         * sender. It takes an envelope as 0x and hex digits, at most 5 MiB.
         */
        sealed: string;
        sender?: undefined;
        message?: undefined;
      }
    );
    result: Decrypted;
  };
  /**
   * Erases the keys of messages whose text the caller has stored.
   * Store the text first: afterwards nobody reads that message again. Ids that are not known, or confirmed already,
   * are ignored.
   */
  "message_confirm": {
    params: {
      /**
       * The ids of the messages whose text is stored. It takes an array of at most 10000 message ids, each 0x and
       * 64 hex digits.
       */
      messageIds: string[];
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: Confirmed;
  };
  /**
   * Shows what is in a wire message. No key is needed.
   * Needs no account, and changes nothing.
   */
  "message_inspect": {
    params: {
      /**
       * The wire message as the transport delivered it. It takes a wire message as 0x and hex digits, at most 4
       * MiB.
       */
      message: string;
    };
    result: InspectedMessageInfo;
  };
  /**
   * Says why a message opens or does not, what it needs, and what to do next. Changes nothing.
   * The result says what the bytes are, which session and keys they need, and what is known of the sender's device.
   */
  "message_explain": {
    params: {
      /**
       * The identity that the transport names as the sender. It takes a public key: 0x04… (65 bytes), 0x02… or
       * 0x03… (33 bytes), or zQ3sh….
       */
      sender: string;
      /**
       * The wire message as the transport delivered it. It takes a wire message as 0x and hex digits, at most 4
       * MiB.
       */
      message: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: Explanation;
  };
  /**
   * Lists the devices of an identity, ours by default.
   * Each comes with its state, with how the next message to it is encrypted, and with what the frontend noted about
   * it.
   */
  "installation_list": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The identity whose devices or sessions are listed. By default, `installation_list` lists our own devices,
       * and `session_list` the sessions with everybody. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33
       * bytes), or zQ3sh….
       */
      identity?: string | undefined;
    };
    result: InstallationInfo[];
  };
  /**
   * Enables a device: messages are encrypted for it from now on.
   * A device of our own gets a copy of every message then, and our bundle lists it; enable it on every other device
   * of ours, too. For a device of a contact this undoes `installation_disable`.
   */
  "installation_enable": {
    params: {
      /**
       * The id of the device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not
       * "none".
       */
      installationId: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The identity that the device belongs to: our own by default. It takes a public key: 0x04… (65 bytes), 0x02…
       * or 0x03… (33 bytes), or zQ3sh….
       */
      identity?: string | undefined;
    };
    result: InstallationInfo;
  };
  /**
   * Disables a device: nothing is sent to it any more.
   * Our bundle leaves out a device of our own, and our contacts and our other devices stop writing to it.
   */
  "installation_disable": {
    params: {
      /**
       * The id of the device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not
       * "none".
       */
      installationId: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The identity that the device belongs to: our own by default. It takes a public key: 0x04… (65 bytes), 0x02…
       * or 0x03… (33 bytes), or zQ3sh….
       */
      identity?: string | undefined;
    };
    result: InstallationInfo;
  };
  /**
   * Notes a name, a type and a push address of a device.
   * The notes stay in this daemon. A member that is left out becomes empty.
   */
  "installation_setMetadata": {
    params: {
      /**
       * The id of the device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not
       * "none".
       */
      installationId: string;
      /**
       * What to note about the device, in place of everything noted before. It takes an object of the texts name
       * and deviceType (at most 256 characters each) and pushToken (at most 4096).
       */
      metadata: {
        deviceType?: string;
        name?: string;
        pushToken?: string;
      };
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The identity that the device belongs to: our own by default. It takes a public key: 0x04… (65 bytes), 0x02…
       * or 0x03… (33 bytes), or zQ3sh….
       */
      identity?: string | undefined;
    };
    result: InstallationInfo;
  };
  /**
   * Begins to make this daemon a further device of an identity: gives the code to show.
   * Needs no account. Show the code on this device, as text and as a QR code; the old device reads it with
   * `link_offer`. Nothing is written: after a minute without a next step the link is over.
   */
  "link_begin": {
    params: {
      /** How the code is drawn as a QR code. By default it is not. It takes svg or text. */
      format?: "svg" | "text" | undefined;
    };
    result: BegunLink;
  };
  /**
   * Reads the code of a new device, and says what confirming it would do. Nothing is given yet.
   * Say the `warning` and what the link is for, then show the challenge: the person types it into the new device,
   * which shows six digits in turn. Give those to `link_confirm` as the person has typed them. Do not take them
   * from anywhere else.
   */
  "link_offer": {
    params: {
      /** The code that the new device shows. It takes the code that a new device shows: ratchetd-link-1:…. */
      code: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: OfferedLink;
  };
  /**
   * Answers the challenge of the old device on the new one.
   * Show the response: the person types it into the old device.
   */
  "link_answer": {
    params: {
      /** The link that `link_begin` began. It takes the `link` that link_begin or link_offer answered. */
      link: string;
      /** The challenge, which the old device shows. It takes six digits. */
      challenge: string;
    };
    result: AnsweredLink;
  };
  /**
   * Gives the new device the identity, the contacts and our bundle, and enables it.
   * **Whoever opens the code of the result has the identity for good.** It opens on the device that showed the
   * first code alone, and only if the person has typed what that device showed. With a wrong response nothing is
   * given, and the link is over.
   */
  "link_confirm": {
    params: {
      /** The link that `link_offer` offered. It takes the `link` that link_begin or link_offer answered. */
      link: string;
      /** The response, which the new device shows. It takes six digits. */
      response: string;
      /**
       * How the second code is drawn as a QR code, in which there is room for some dozens of contacts. By default
       * it is not drawn, and has room for hundreds. It takes svg or text.
       */
      format?: "svg" | "text" | undefined;
      /**
       * What the frontend calls its contacts: the names go along. By default none do. It takes an array of at most
       * 1000 objects, each with the identity of a contact and the name that it is called by, at most 128 bytes.
       */
      names?: {
        identity: string;
        name: string;
      }[] | undefined;
    };
    result: ConfirmedLink;
  };
  /**
   * Makes an account from the second code: a new device of the identity, with its contacts.
   * The device that gave the code is enabled, and has enabled this one. Send the `envelopes` to our own identity:
   * with them it learns this device's prekey. No sessions come with the code: contacts write to the new device when
   * they have its bundle. A code that is not for this link ends it.
   */
  "link_accept": {
    params: {
      /** The link that `link_begin` began. It takes the `link` that link_begin or link_offer answered. */
      link: string;
      /**
       * The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a
       * letter or digit.
       */
      account: string;
      /** The code that the old device gave. It takes the code that the old device gave: ratchetd-link-2:…. */
      code: string;
      /**
       * Whether the message for the old device also comes sealed in an envelope for a relay, and by which topic it
       * goes: `true` for the negotiated topic once it is agreed upon, or one of the two by name. By default it does
       * not. It takes true, false, "negotiated" or "partitioned".
       */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    };
    result: LinkedAccount;
  };
  /**
   * Lists the sessions with an identity, or with all.
   * For diagnostics: they come with counters and times, and never with a secret.
   */
  "session_list": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The identity whose devices or sessions are listed. By default, `installation_list` lists our own devices,
       * and `session_list` the sessions with everybody. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33
       * bytes), or zQ3sh….
       */
      identity?: string | undefined;
    };
    result: SessionInfo[];
  };
  /**
   * Ends the sessions with an identity or one of its devices: the next message sets up a new one.
   * For two devices that no longer understand each other. What was sent on the old sessions can still be read for a
   * while. A device of status-go on whose present prekey a session was begun is written to by DH, without forward
   * secrecy, until it has another one: it would not read a second session. That a device is post-quantum is
   * forgotten, and its KEM prekey: so reset one that went back to a program without them.
   */
  "session_reset": {
    params: {
      /**
       * The identity to start over with. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or
       * zQ3sh….
       */
      identity: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The device of that identity to start over with: all of them by default. It takes an installation id: 1 to
       * 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not "none".
       */
      installationId?: string | undefined;
    };
    result: SessionsReset;
  };
  /**
   * Lists the contacts.
   * A contact is an identity that asked, was asked, accepted, declined or verified.
   */
  "contact_list": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: ContactInfo[];
  };
  /**
   * Shows the state of an identity as a contact, and the safety number.
   * An identity that nothing was recorded of is in the state `none`. Both ends have the same safety number.
   */
  "contact_get": {
    params: {
      /** The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: ContactInfo;
  };
  /**
   * Asks an identity to become a contact, with an introduction.
   * Send the envelopes of the result. If the identity has asked us already, this accepts it. As long as none of its
   * devices is known, the introduction cannot be empty. If KEM prekeys are missing, an envelope without targets is
   * in its place, as of `message_encrypt`: the same call again sends it once they are there.
   */
  "contact_request": {
    params: {
      /** The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /** What the message says, as bytes. It takes bytes as 0x and hex digits, at most 1 MiB. */
      payload?: string | undefined;
      /** What the message says, as text. It takes text, at most 1 MiB of UTF-8. */
      text?: string | undefined;
      /**
       * Whether each message also comes sealed in an envelope for a relay, and by which topic it goes: `true` for
       * the negotiated topic once it is agreed upon, or one of the two by name. By default it does not. It takes
       * true, false, "negotiated" or "partitioned".
       */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    };
    result: ContactStepInfo;
  };
  /**
   * Accepts an identity, with a message that gives both ends forward secrecy.
   * Send the envelopes of the result: with them the other end learns of it. As long as none of its devices is
   * known, the message cannot be empty. If KEM prekeys are missing, an envelope without targets is in its place, as
   * of `message_encrypt`: the same call again sends it once they are there.
   */
  "contact_accept": {
    params: {
      /** The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /** What the message says, as bytes. It takes bytes as 0x and hex digits, at most 1 MiB. */
      payload?: string | undefined;
      /** What the message says, as text. It takes text, at most 1 MiB of UTF-8. */
      text?: string | undefined;
      /**
       * Whether each message also comes sealed in an envelope for a relay, and by which topic it goes: `true` for
       * the negotiated topic once it is agreed upon, or one of the two by name. By default it does not. It takes
       * true, false, "negotiated" or "partitioned".
       */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    };
    result: ContactStepInfo;
  };
  /**
   * Declines an identity, which is told nothing unless there is a text.
   * A `payload` or `text`, even an empty one, is encrypted to it by DH, so that it is not taken for an acceptance.
   * Without one there is at most the copy for our own other devices. Send the envelopes of the result. What the
   * identity sends is not read any more, until `contact_accept` or `contact_request`.
   */
  "contact_decline": {
    params: {
      /** The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /** What the message says, as bytes. It takes bytes as 0x and hex digits, at most 1 MiB. */
      payload?: string | undefined;
      /** What the message says, as text. It takes text, at most 1 MiB of UTF-8. */
      text?: string | undefined;
      /**
       * Whether each message also comes sealed in an envelope for a relay, and by which topic it goes: `true` for
       * the negotiated topic once it is agreed upon, or one of the two by name. By default it does not. It takes
       * true, false, "negotiated" or "partitioned".
       */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    };
    result: ContactStepInfo;
  };
  /**
   * Notes whether the safety number was compared.
   * Let both people compare the safety number first, by another way than this transport.
   */
  "contact_verify": {
    params: {
      /** The identity of the contact. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /** Whether both people compared the safety number and it was equal. It takes true or false. */
      verified: boolean;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: ContactInfo;
  };
  /**
   * Creates a group, and invites its members.
   * This account is its first admin. Send the `update` to the `recipients`, in a message of your own, with
   * `message_encryptGroup`.
   */
  "group_create": {
    params: {
      /** The name of the group. It takes text, at most 1024 bytes of UTF-8. */
      name: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /** The identities to invite: nobody by default. It takes an array of 1 to 1000 public keys. */
      members?: string[] | undefined;
      /** The colour of the group: none by default. It takes text, 1 to 64 bytes of UTF-8. */
      color?: string | undefined;
      /**
       * Whether everybody in the group may invite, and change its name, colour and image, as in groups of
       * status-go: false by default, so that admins alone may. It takes true or false.
       */
      open?: boolean | undefined;
      /**
       * A name for this request, which makes a retry safe: within 24 hours, the same request under the same name
       * gives the same group again. It takes a request id: text of 1 to 128 characters.
       */
      requestId?: string | undefined;
    };
    result: Act;
  };
  /**
   * Invites identities to a group.
   * An admin may; in an open group everybody in it. Who is in the group is passed over. Send the `update` to the
   * `recipients`.
   */
  "group_invite": {
    params: {
      /**
       * The id of the group. It takes the id of a group, as group_create gave it, or 0x and the hex digits of 1 to
       * 256 bytes.
       */
      group: string;
      /** The identities that it is done to. It takes an array of 1 to 1000 public keys. */
      members: string[];
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: Act;
  };
  /**
   * Removes identities from a group.
   * An admin may, and no other admin can be removed. Send the `update` to the `recipients`, who include those that
   * are removed. What is written to the group from now on is not encrypted for them; a group key that they have
   * needs another in its place (`groupKey_create`).
   */
  "group_remove": {
    params: {
      /**
       * The id of the group. It takes the id of a group, as group_create gave it, or 0x and the hex digits of 1 to
       * 256 bytes.
       */
      group: string;
      /** The identities that it is done to. It takes an array of 1 to 1000 public keys. */
      members: string[];
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: Act;
  };
  /**
   * Makes members of a group its admins.
   * An admin may. Nobody but the new admins themselves can undo it. Send the `update` to the `recipients`.
   */
  "group_promote": {
    params: {
      /**
       * The id of the group. It takes the id of a group, as group_create gave it, or 0x and the hex digits of 1 to
       * 256 bytes.
       */
      group: string;
      /** The identities that it is done to. It takes an array of 1 to 1000 public keys. */
      members: string[];
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: Act;
  };
  /**
   * Accepts the invitation to a group.
   * From then on the group can be written to. Send the `update` to the `recipients`.
   */
  "group_accept": {
    params: {
      /**
       * The id of the group. It takes the id of a group, as group_create gave it, or 0x and the hex digits of 1 to
       * 256 bytes.
       */
      group: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: Act;
  };
  /**
   * Leaves a group, or declines the invitation to it.
   * Send the `update` to the `recipients`. The group stays in the list until `group_forget`.
   */
  "group_leave": {
    params: {
      /**
       * The id of the group. It takes the id of a group, as group_create gave it, or 0x and the hex digits of 1 to
       * 256 bytes.
       */
      group: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: Act;
  };
  /**
   * Changes the name, the colour or the image of a group.
   * An admin may; in an open group everybody in it. Give at least one of the three. Send the `update` to the
   * `recipients`.
   */
  "group_edit": {
    params: {
      /**
       * The id of the group. It takes the id of a group, as group_create gave it, or 0x and the hex digits of 1 to
       * 256 bytes.
       */
      group: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /** The new name: as it is by default. It takes text, 1 to 1024 bytes of UTF-8. */
      name?: string | undefined;
      /** The new colour: as it is by default. It takes text, 1 to 64 bytes of UTF-8. */
      color?: string | undefined;
      /** The new image: as it is by default. It takes an image as 0x and hex digits, 1 to 400000 bytes. */
      image?: string | undefined;
    };
    result: Act;
  };
  /**
   * Takes up an update of a group that a message brought.
   * What became of it is a result, not an error. Updates may come in any order and any number of times: who has the
   * same ones has the same group, and the same `digest` of it. An event without the signature of somebody who was
   * entitled to it has no effect.
   */
  "group_apply": {
    params: {
      /**
       * The update, as the sender's frontend put it into its message. It takes an update of a group as 0x and hex
       * digits, at most 1 MiB.
       */
      update: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The identity that sent the update, as `message_decrypt` gave it. With it, the update of somebody who is not
       * in the group is refused. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
       */
      sender?: string | undefined;
    };
    result: Applied;
  };
  /**
   * Lists the groups: those that this account is in, is invited to, or is gone from.
   * They come without their members and images, which `group_get` gives.
   */
  "group_list": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: ListedGroup[];
  };
  /**
   * Shows a group, with its image, and with its whole log as an update.
   * Send the `update` to a member whose `digest` is another one.
   */
  "group_get": {
    params: {
      /**
       * The id of the group. It takes the id of a group, as group_create gave it, or 0x and the hex digits of 1 to
       * 256 bytes.
       */
      group: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: Group;
  };
  /**
   * Erases the log and the keys of a group from this account. Nobody is told.
   * It has to be a group that this account has not accepted, has left, or was removed from. The group comes back
   * with an update in which this account was invited later.
   */
  "group_forget": {
    params: {
      /**
       * The id of the group. It takes the id of a group, as group_create gave it, or 0x and the hex digits of 1 to
       * 256 bytes.
       */
      group: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: Forgotten;
  };
  /**
   * Makes a new key of a group, and encrypts it for everybody in the group and for our own devices.
   * Send every envelope of the result. It is the current key from then on: what is written under it can be read by
   * all who get it, and not by those who are gone. An admin may make one; of a group without a log, whoever is
   * named as one who may (`groupKey_trust`).
   */
  "groupKey_create": {
    params: {
      /**
       * The group: its id, or `0x` and hex of one without a log. It takes the id of a group, as group_create gave
       * it, or 0x and the hex digits of 1 to 256 bytes.
       */
      group: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The identities that get the key, for a group without a log. In a group with one, everybody gets it. It
       * takes an array of 1 to 1000 public keys.
       */
      recipients?: string[] | undefined;
      /**
       * Whether each message also comes sealed in an envelope for a relay, and by which topic it goes: `true` for
       * the negotiated topic once it is agreed upon, or one of the two by name. By default it does not. It takes
       * true, false, "negotiated" or "partitioned".
       */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
      /**
       * A name for this request, which makes a retry safe: within 24 hours, the same request under the same name
       * gives the same key again. It takes a request id: text of 1 to 128 characters.
       */
      requestId?: string | undefined;
    };
    result: SharedGroupKey;
  };
  /**
   * Encrypts the current key of a group for some of its members, or for our own devices.
   * For those who lack it, such as who was invited later. With it they can read all that was and will be written
   * under it; to keep that from them, make a new key.
   */
  "groupKey_share": {
    params: {
      /**
       * The group: its id, or `0x` and hex of one without a log. It takes the id of a group, as group_create gave
       * it, or 0x and the hex digits of 1 to 256 bytes.
       */
      group: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The identities that get the key: in the group, or our own. By default everybody in the group. It takes an
       * array of 1 to 1000 public keys.
       */
      recipients?: string[] | undefined;
      /**
       * Whether each message also comes sealed in an envelope for a relay, and by which topic it goes: `true` for
       * the negotiated topic once it is agreed upon, or one of the two by name. By default it does not. It takes
       * true, false, "negotiated" or "partitioned".
       */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    };
    result: SharedGroupKey;
  };
  /**
   * Lists the keys of a group, or of all, and says which should be replaced. No secret is shown.
   * Make a new key when the current one is due: at `removal` and `spent` nothing is encrypted under it any more.
   */
  "groupKey_list": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The group whose keys are listed: those of all groups by default. It takes the id of a group, as
       * group_create gave it, or 0x and the hex digits of 1 to 256 bytes.
       */
      group?: string | undefined;
    };
    result: GroupKeyInfo[];
  };
  /**
   * Names those who may set the keys of a group without a log, such as a community.
   * It is the whole list, in place of the one before; with an empty one the group and its keys are forgotten. Keys
   * from our own identity are always taken.
   */
  "groupKey_trust": {
    params: {
      /**
       * The group, as `0x` and hex: one without a log. It takes the id of a group, as group_create gave it, or 0x
       * and the hex digits of 1 to 256 bytes.
       */
      group: string;
      /**
       * The identities whose keys are taken from now on. With none, the group and its keys are forgotten. It takes
       * an array of at most 16 public keys.
       */
      setters: string[];
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: GroupSetters;
  };
  /**
   * Draws the contact code as a QR code, for another device to read from paper or a screen.
   * The QR code holds the `contactCode` of `bundle_get`. Each enabled device makes it longer, and the drawing
   * finer: with very many it fits no QR code, which is `installation_limit`.
   */
  "contact_code_qr": {
    params: {
      /** How the QR code is drawn. It takes svg or text. */
      format: "svg" | "text";
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: ContactCodeDrawing;
  };
  /**
   * Shows an identity in the forms by which people and programs recognise it; with an account, the safety number
   * too.
   * Needs no account, and changes nothing. Pictures and colours can be imitated: what people compare is the safety
   * number.
   */
  "identity_describe": {
    params: {
      /** The identity to describe. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /**
       * The account of ours to work out the safety number with. Without it there is no safety number. It takes an
       * account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: IdentityInfo;
  };
  /**
   * Seals a content in an envelope for a relay, signed by the account's identity.
   * It is sealed to an identity (`recipient`), or with a key (`symKey`, or a `password` that stands for one): give
   * exactly one of them. The envelope does not say whom it is for: whoever can open it can pass the content on,
   * under the signer's name. For messages, `message_encrypt` with `seal` does all of this.
   */
  "envelope_seal": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Whether the account's identity signs the envelope: true by default. It takes true or false. */
      sign?: boolean | undefined;
      /**
       * What the envelope is filled up with: by default random bytes, up to a multiple of 256. It takes bytes as 0x
       * and hex digits, at most 1 MiB.
       */
      padding?: string | undefined;
    } & (
      | {
        /** The content of the envelope, as bytes. It takes bytes as 0x and hex digits, at most 4 MiB. */
        payload: string;
        text?: undefined;
      }
      | {
        /** The content of the envelope, as text. It takes text, at most 1 MiB of UTF-8. */
        text: string;
        payload?: undefined;
      }
    ) & (
      | {
        /**
         * The identity that the envelope is sealed to: it alone can open it. It takes a public key: 0x04… (65
         * bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
         */
        recipient: string;
        symKey?: undefined;
        password?: undefined;
      }
      | {
        /**
         * The symmetric key that the envelope is sealed with: whoever has it can open it. It takes a symmetric key
         * as 0x and 64 hex digits, not all zero.
         */
        symKey: string;
        recipient?: undefined;
        password?: undefined;
      }
      | {
        /** A text that the symmetric key is derived from, such as the name of a public chat. It takes text. */
        password: string;
        recipient?: undefined;
        symKey?: undefined;
      }
    );
    result: SealedEnvelope;
  };
  /**
   * Opens an envelope from a relay, and says who signed it.
   * It is opened with the account's identity, or with the key that is given. That it does not open is a result, not
   * an error: listeners see strangers' envelopes all day. Give an envelope with a message of ratchetd to
   * `message_decrypt` as it is.
   */
  "envelope_open": {
    params: {
      /** The envelope as the relay delivered it. It takes an envelope as 0x and hex digits, at most 5 MiB. */
      envelope: string;
      /**
       * The account whose identity opens the envelope, unless a key does. May be left out when there is exactly
       * one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The symmetric key of the topic that the envelope came by. It takes a symmetric key as 0x and 64 hex digits,
       * not all zero.
       */
      symKey?: string | undefined;
      /** A text that the symmetric key is derived from, such as the name of a public chat. It takes text. */
      password?: string | undefined;
    };
    result: OpenedEnvelope;
  };
  /**
   * Lists every topic that an account has to listen to, with the keys.
   * Its own, and one with everybody who may write to it by a topic that the two alone can tell, from before the
   * first message that could be answered there. `topic.changed` tells of each that is added, or taken away with a
   * contact that is declined. Give the `symKey` of the topic that an envelope came by to `message_decrypt`.
   */
  "topic_list": {
    params: {
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * Where the list goes on: the `next` of the part before. By default it begins. It takes a public key: 0x04…
       * (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
       */
      afterPeer?: string | undefined;
      /**
       * The most topics shared with others to give in one answer: 100 by default. It takes a whole number from 1 to
       * 1000.
       */
      limit?: number | undefined;
    };
    result: ListenedTopics;
  };
  /**
   * Gives the topic where an identity publishes its contact code, and the key of that topic.
   * Topic and key follow from the identity: whoever knows it can listen there and read.
   */
  "topic_contactCode": {
    params: {
      /**
       * The identity whose topic it is. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or
       * zQ3sh….
       */
      identity: string;
    };
    result: TopicInfo;
  };
  /**
   * Gives the topic where an identity is written to before a negotiated topic is agreed upon.
   * There are 5000 such topics, which all identities share. Envelopes there are sealed to their recipient: there is
   * no `symKey`.
   */
  "topic_partitioned": {
    params: {
      /**
       * The identity whose topic it is. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or
       * zQ3sh….
       */
      identity: string;
    };
    result: TopicInfo;
  };
  /**
   * Gives the topic that belongs to one identity alone.
   * status-go sends there what an identity tells itself, such as backups, and what it tells servers, such as those
   * of push notifications. Envelopes there are sealed to their recipient: there is no `symKey`. Whoever knows the
   * identity sees when something is sent, so ratchetd sends nothing there.
   */
  "topic_personal": {
    params: {
      /**
       * The identity whose topic it is. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or
       * zQ3sh….
       */
      identity: string;
    };
    result: TopicInfo;
  };
  /**
   * Gives the topic where this account and an identity write to each other, and the key of that topic.
   * Both ends have the same topic and key, and nobody else can work them out: they are secrets. `topic_list` says
   * with whom to listen there.
   */
  "topic_negotiated": {
    params: {
      /**
       * The identity that the topic is shared with. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33
       * bytes), or zQ3sh….
       */
      identity: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: TopicInfo;
  };
  /**
   * Gives the topic of a public chat, and the key of that topic.
   * Whoever knows the name of the chat can read and write there.
   */
  "topic_public": {
    params: {
      /**
       * The name of the public chat. It is taken as it is: nothing is normalised. It takes the name of a chat:
       * text, at most 1024 characters.
       */
      name: string;
    };
    result: TopicInfo;
  };
  /**
   * Reads the topic out of a content topic.
   * A content topic is `/waku/1/0x`, eight hex digits and `/rfc26`; anything else is refused.
   */
  "topic_parse": {
    params: {
      /** The topic as a Waku network names it. It takes a content topic: /waku/1/0x, eight hex digits and /rfc26. */
      contentTopic: string;
    };
    result: ParsedTopic;
  };
  /**
   * Gives the clock and the time for a message that is about to be sent in a chat.
   * It is a Lamport clock: the present time in milliseconds, or one more than the highest clock that was sent or
   * seen in the chat, but at most 120 seconds above the present time. Below that bound no clock is given twice.
   */
  "clock_next": {
    params: {
      /** The name that the frontend has for the chat. It takes the name of a chat: text, at most 1024 characters. */
      chat: string;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: ChatClock;
  };
  /**
   * Takes note of the clock of a message that was received in a chat.
   * A clock is refused if it is 0 or more than 120 seconds above the time of its envelope, or if that time is more
   * than a day ahead of this machine, so that nobody can push a chat's clock away. Do not show such a message.
   */
  "clock_observe": {
    params: {
      /** The name that the frontend has for the chat. It takes the name of a chat: text, at most 1024 characters. */
      chat: string;
      /** The clock of the message that was received. It takes a whole number from 0 to 9007199254740991. */
      clock: number;
      /** The time of the envelope that the message came in. It takes a time in whole milliseconds since the epoch. */
      envelopeAt: number;
      /**
       * The account that the call works on. May be left out when there is exactly one. It takes an account name: 1
       * to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: ChatClock;
  };
  /**
   * Lists the events after a given one, and waits for one if asked to.
   * For a long poll, give `next` as `after` of the next call. `lagged` says that some events are no longer there.
   */
  "event_list": {
    params: {
      /**
       * The account whose events are told, or `*` for all. May be left out when there is exactly one account. It
       * takes an account name, or "*" for all accounts.
       */
      account?: string | undefined;
      /**
       * The number of the last event that is known already: 0 by default, to begin with the oldest. It takes a
       * number: the seq of an event, or 0 to begin with the oldest.
       */
      after?: number | undefined;
      /** The most events to give in one answer: 100 by default. It takes a whole number from 1 to 1000. */
      limit?: number | undefined;
      /**
       * How long to wait for an event if there is none yet, in milliseconds: 0 by default. It takes a whole number
       * of milliseconds from 0 to 60000.
       */
      waitMs?: number | undefined;
    };
    result: Events;
  };
  /**
   * Gives a ticket that opens one stream of events in place of the token.
   * For `GET /events?ticket=` over TCP, from an `EventSource` of a page, which cannot send the token. It is used up
   * by the first request that shows it, and is over soon. A browser that comes back by itself shows it again, and
   * is refused: take another, and go on with `after`.
   */
  "event_ticket": {
    params: Record<string, never>;
    result: EventTicketInfo;
  };
  /**
   * Subscribes to events over a WebSocket: each comes in a notification. The answer is the name of the
   * subscription.
   * A notification has the method `event_notification`, and as parameters the name of the subscription and the
   * event. Without a WebSocket there are `event_list` and `GET /events`.
   */
  "event_subscribe": {
    params: {
      /**
       * The account whose events are told, or `*` for all. May be left out when there is exactly one account. It
       * takes an account name, or "*" for all accounts.
       */
      account?: string | undefined;
      /**
       * The number of the last event that is known already: by default that of the newest, so that only later ones
       * are told. It takes a number: the seq of an event, or 0 to begin with the oldest.
       */
      after?: number | undefined;
    };
    result: string;
  };
  /**
   * Ends a subscription of this WebSocket; false if there is none of this name.
   * When a WebSocket closes, all its subscriptions end.
   */
  "event_unsubscribe": {
    params: {
      /**
       * The name of the subscription, which `event_subscribe` answered. It takes the text that event_subscribe
       * answered.
       */
      subscription: string;
    };
    result: boolean;
  };
  /**
   * Says whether the daemon works.
   * To find out, a message between two scratch devices is encrypted, stored and read, as for `GET /readyz`.
   */
  "system_health": {
    params: Record<string, never>;
    result: Health;
  };
  /**
   * Says which program in which version is running.
   * The git revision is for bug reports.
   */
  "system_version": {
    params: Record<string, never>;
    result: Version;
  };
  /**
   * Says how the daemon and its accounts are doing.
   * Of the accounts there are counts over all of them, those that somebody should look at, and the one that is
   * asked for.
   */
  "system_status": {
    params: {
      /**
       * The account to look at besides. It is opened for that. It takes an account name: 1 to 64 of a-z, 0-9, '.',
       * '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: Status;
  };
  /**
   * Changes what the daemon logs, until its next start or SIGHUP.
   * For looking at something while it happens. What may never be logged, such as keys and texts, is not, whatever
   * the filter says.
   */
  "system_setLogFilter": {
    params: {
      /**
       * What to log: a level, or directives for parts of the daemon. It takes a level or directives, such as info
       * or daemon=debug, at most 1024 characters.
       */
      filter: string;
    };
    result: LogFilterInfo;
  };
}

/** Their names, each with the parameters that are never left out. */
export const METHODS = {
  "account_create": ["account"],
  "account_recover": ["account", "mnemonic"],
  "account_import": ["account", "privateKey"],
  "account_list": [],
  "account_get": [],
  "account_export": ["password"],
  "account_importKeystore": ["account", "keystore", "password"],
  "account_remove": ["account", "publicKey"],
  "bundle_get": [],
  "bundle_import": ["bundle"],
  "bundle_inspect": ["bundle"],
  "message_encrypt": ["recipient"],
  "message_encryptGroup": [],
  "message_encryptPublic": [],
  "message_advertise": ["recipient"],
  "message_decrypt": [],
  "message_confirm": ["messageIds"],
  "message_inspect": ["message"],
  "message_explain": ["sender", "message"],
  "installation_list": [],
  "installation_enable": ["installationId"],
  "installation_disable": ["installationId"],
  "installation_setMetadata": ["installationId", "metadata"],
  "link_begin": [],
  "link_offer": ["code"],
  "link_answer": ["link", "challenge"],
  "link_confirm": ["link", "response"],
  "link_accept": ["link", "account", "code"],
  "session_list": [],
  "session_reset": ["identity"],
  "contact_list": [],
  "contact_get": ["identity"],
  "contact_request": ["identity"],
  "contact_accept": ["identity"],
  "contact_decline": ["identity"],
  "contact_verify": ["identity", "verified"],
  "group_create": ["name"],
  "group_invite": ["group", "members"],
  "group_remove": ["group", "members"],
  "group_promote": ["group", "members"],
  "group_accept": ["group"],
  "group_leave": ["group"],
  "group_edit": ["group"],
  "group_apply": ["update"],
  "group_list": [],
  "group_get": ["group"],
  "group_forget": ["group"],
  "groupKey_create": ["group"],
  "groupKey_share": ["group"],
  "groupKey_list": [],
  "groupKey_trust": ["group", "setters"],
  "contact_code_qr": ["format"],
  "identity_describe": ["identity"],
  "envelope_seal": [],
  "envelope_open": ["envelope"],
  "topic_list": [],
  "topic_contactCode": ["identity"],
  "topic_partitioned": ["identity"],
  "topic_personal": ["identity"],
  "topic_negotiated": ["identity"],
  "topic_public": ["name"],
  "topic_parse": ["contentTopic"],
  "clock_next": ["chat"],
  "clock_observe": ["chat", "clock", "envelopeAt"],
  "event_list": [],
  "event_ticket": [],
  "event_subscribe": [],
  "event_unsubscribe": ["subscription"],
  "system_health": [],
  "system_version": [],
  "system_status": [],
  "system_setLogFilter": ["filter"],
} as const satisfies Record<keyof Methods, readonly string[]>;
