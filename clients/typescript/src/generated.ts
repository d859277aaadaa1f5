// Made by scripts/generate.mjs from the OpenRPC document of the daemon (`ratchetd openrpc`). Do not edit.

/** The daemon that this was made for. */
export const VERSION = "0.1.0";

/** A contact that is accepted. */
export interface AcceptedContact {
  /** By us, or by them. */
  byUs: boolean;
  /** Who. */
  identity: Bytes;
}

/** An account: one device of one identity. */
export interface AccountInfo {
  /** Its local name. */
  account: string;
  /** The same, `zQ3sh…`. */
  compressedKey: string;
  /** When it was made here. */
  createdAt: number;
  /** This device. */
  installationId: string;
  /** The chat key, `0x04…`. */
  publicKey: Bytes;
}

/** How an account is doing. */
export interface AccountStatus {
  /** Its name. */
  account: string;
  /** Devices known. */
  devices: number;
  /** Identities known. */
  peers: number;
  /** Calls that wait for the account's worker. */
  queued: number;
  /**
   * When its store was last found to be an older state or a copy; null if never. Sessions from
   * before do not send.
   */
  rolledBackAt: number | null;
  /** What it was found to be then. */
  rolledBackReason: RollbackKind | null;
  /** Sessions of any standing. */
  sessions: number;
  /** Message keys kept. */
  storedKeys: number;
}

/** For whom a message is. */
export type Addressed =
  /** For this device. */
  | "this_device"
  /** For any device of this identity: DH. */
  | "any_device"
  /** For everyone: it is public. */
  | "everyone"
  /** For others. */
  | "other_devices"
  /** It has no content. */
  | "nobody";

/** The bundle we publish. */
export interface BundleInfo {
  /** Encoded. */
  bundle: Bytes;
  /** The same as text, for QR codes and profiles. */
  contactCode: string;
  /** When the bundle was made. */
  createdAt: number;
  /** When this device's prekey is due to be replaced. */
  expiresAt: number;
  /** Our identity. */
  identity: Bytes;
  /** The devices it lists. */
  installationIds: string[];
  /** Version of this device's prekey. */
  version: number;
}

/** A bundle that was made anew. */
export interface BundleRotated {
  /** The devices it lists. */
  installationIds: string[];
  /** Whether that is a new one. */
  prekeyReplaced: boolean;
  /** Version of this device's prekey. */
  version: number;
}

/** Bytes: 0x and lowercase hex digits. */
export type Bytes = string;

/** A chat's clock and the time of day. */
export interface ChatClock {
  /**
   * The highest clock of the chat by now; of `clock_next`, the one for the message that is about
   * to be sent.
   */
  clock: number;
  /** Now, as `timestamp` of that message. */
  timestamp: number;
}

/** The answer to a confirmation. */
export interface Confirmed {
  /** How many were read, not yet confirmed, and are confirmed now. */
  confirmed: number;
}

/** The contact code as a QR code. */
export interface ContactCodeQr {
  /** What the QR code says: as `contactCode` of `bundle_get`. */
  contactCode: string;
  /** How it is drawn. */
  format: QrFormat;
  /** The drawing. */
  qr: string;
}

/** A contact. */
export interface ContactInfo {
  /** When it was first recorded; null if it is not. */
  addedAt: number | null;
  /** The same in the short form, `zQ3sh…`. */
  compressedKey: string;
  /** Some device of theirs has answered ours: what is sent to it now has forward secrecy. */
  forwardSecrecy: boolean;
  /** Who, uncompressed. */
  identity: Bytes;
  /** 60 decimal digits, the same at both ends: to be compared by another way. */
  safetyNumber: string;
  /** How we stand to it. */
  state: ContactState;
  /** The user has compared the safety number. */
  verified: boolean;
}

/** What a message says that it is to a contact. */
export type ContactMark =
  /** It asks to become one. */
  | "request"
  /** It accepts its recipient. */
  | "accept"
  /** It declines its recipient. */
  | "decline";

/** How we stand to a contact. */
export type ContactState =
  /** Nothing was asked. */
  | "none"
  /** We have asked. */
  | "request_sent"
  /** They have asked. */
  | "request_received"
  /** Asked and answered. */
  | "accepted"
  /** Turned away. */
  | "declined";

/** A contact's new state, and what has to be sent. */
export interface ContactStepInfo {
  /** When it was first recorded; null if it is not. */
  addedAt: number | null;
  /** The same in the short form, `zQ3sh…`. */
  compressedKey: string;
  /** Wire messages for the transport. */
  envelopes: EnvelopeInfo[];
  /** Some device of theirs has answered ours: what is sent to it now has forward secrecy. */
  forwardSecrecy: boolean;
  /** Who, uncompressed. */
  identity: Bytes;
  /** 60 decimal digits, the same at both ends: to be compared by another way. */
  safetyNumber: string;
  /** Devices that got no copy. */
  skipped: SkippedInfo[];
  /** How we stand to it. */
  state: ContactState;
  /** The user has compared the safety number. */
  verified: boolean;
}

/** What became of a received message. */
export type Decrypted = {
  /**
   * The sender's identity is proven: by the message itself, or by the signature of the envelope
   * that it came in.
   */
  authenticated: boolean;
  /** It was read before, and not confirmed. */
  duplicate: boolean;
  /** It was read through a ratchet. */
  forwardSecrecy: boolean;
  /** The same for people. */
  hint?: string;
  /** The device the message names; null if it names none. */
  installationId: string | null;
  /** The message, the same at both ends; null if the bytes do not tell. */
  messageId: Bytes | null;
  /** Devices met for the first time. */
  newInstallations: string[];
  /** What to do about it. */
  nextAction?: NextAction;
  /** What it is. */
  outcome: Outcome;
  /** The plaintext. */
  payload?: Bytes;
  /** Why it was not read. */
  reason?: Reason;
  /** To be sent back to the sender. */
  reply?: EnvelopeInfo;
  /** The identity that the caller named, or that signed the envelope; null if that did not open. */
  sender: Bytes | null;
  /** The session it was read on. */
  sessionId?: Bytes;
  /** The plaintext, if it is UTF-8. */
  text?: string;
  /** What was odd. */
  warnings: WarningInfo[];
} & (
    /** It was read. */
    | {
      messageId: Bytes;
      outcome: "decrypted";
      payload: Bytes;
      sender: Bytes;
    }
    /** It was not encrypted. */
    | {
      messageId: Bytes;
      outcome: "public";
      payload: Bytes;
      sender: Bytes;
    }
    /** An advertisement: there is nothing to show. */
    | {
      outcome: "bundle";
      sender: Bytes;
    }
    /** One of our own that came back. */
    | {
      outcome: "own";
      sender: Bytes;
    }
    /** It is for other devices. */
    | {
      hint: string;
      nextAction: NextAction;
      outcome: "not_targeted";
      reason: Reason;
      sender: Bytes;
    }
    /** It is for this device and cannot be read. */
    | {
      hint: string;
      nextAction: NextAction;
      outcome: "undecryptable";
      reason: Reason;
      sender: Bytes;
    }
    /** The envelope that it came in did not open, or nobody signed it. */
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
  /** Whose. */
  identity: Bytes;
  /** Which. */
  installationId: string;
  /** The version that is known now. */
  to: number;
}

/** A DH header. */
export interface DhHeaderInfo {
  /** The ephemeral key. */
  key: Bytes;
}

/** A device that was met for the first time. */
export interface DiscoveredDevice {
  /** Whose. */
  identity: Bytes;
  /** Which. */
  installationId: string;
  /** It is of our own identity. */
  own: boolean;
}

/** A DR header. */
export interface DrHeaderInfo {
  /** The responder's signed prekey. */
  id: Bytes;
  /** Ratchet public key. */
  key: Bytes;
  /** Number in its chain. */
  n: number;
  /** Length of the chain before. */
  pn: number;
}

/** A message whose key is gone. */
export interface DroppedKey {
  /** Which. */
  messageId: Bytes;
  /** Why. */
  reason: KeyDropped;
}

/** The answer to a send. */
export interface Encrypted {
  /** One wire message per identity addressed; our own devices' copies come last. */
  envelopes: EnvelopeInfo[];
  /** Whether every copy has forward secrecy. */
  forwardSecrecy: boolean;
  /** The devices left out. */
  skipped: SkippedInfo[];
}

/** A wire message for the transport. */
export interface EnvelopeInfo {
  /** The same as a Waku network names it: `/waku/1/0x…/rfc26`. */
  contentTopic?: string;
  /** The encoded `ProtocolMessage`. */
  message: Bytes;
  /** Whom it is for; null for a public message. */
  recipient: Bytes | null;
  /**
   * The same in an envelope that this identity signed, ready for a relay; left out unless `seal`
   * asked for it.
   */
  sealed?: Bytes;
  /**
   * The devices it is encrypted for. What goes by DH any other device of the identity can read,
   * too, if it has no copy of its own.
   */
  targets: TargetInfo[];
  /** The topic that the envelope goes by: 4 bytes. */
  topic?: Bytes;
}

/** How an envelope is sealed. */
export type EnvelopeKind =
  /** With a key that both sides know. */
  | "symmetric"
  /** To an identity. */
  | "asymmetric";

/** What became of an envelope. */
export type EnvelopeOutcome =
  /** It opened. */
  | "opened"
  /** It did not. */
  | "unopened";

/** Why an envelope did not open. */
export type EnvelopeReason =
  /** It is no envelope of this kind, or holds no payload. */
  | "malformed"
  /** It is not for this key, or was changed. */
  | "authentication_failed"
  /** Its signature is not one of any key. */
  | "bad_signature";

/** Wire messages without more to say. */
export interface Envelopes {
  /** The wire messages. */
  envelopes: EnvelopeInfo[];
}

/** `error.data`, always of this shape. */
export interface ErrorData {
  /** The parameter it is about. */
  field?: string;
  /** What to do. */
  hint: string;
  /** The stable name. */
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
  /** Not a public or private key. */
  | "invalid_key"
  /** Not a bundle, or not signed by its identity. */
  | "invalid_bundle"
  /** Not a wire message. */
  | "invalid_message"
  /** Not a recovery phrase. */
  | "invalid_mnemonic"
  /** Larger than one message can carry. */
  | "payload_too_large"
  /** No account of this name. */
  | "account_not_found"
  /** The name is taken. */
  | "account_exists"
  /** No account was named, and there is not exactly one. */
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
  | "store_rolled_back";

/** The device that an event is about. */
export interface EventDevice {
  /** Whose. */
  identity: Bytes;
  /** Which. */
  installationId: string;
}

/** An event, or the mark that some are missing. */
export type EventInfo = {
  /** Whose; null for `lagged`. */
  account: string | null;
  /** When it happened; of the mark `lagged`, when that was found out. */
  at: number;
  /** Its number: what to give as `after` to go on behind it. */
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
    /** Another session took its place. */
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
    /** The account's store is an older state, or a copy: its sessions have ended. */
    | {
      data: RolledBackStore;
      type: "store.rolled_back";
    }
    /** Events before this one are no longer there. */
    | {
      data: Lagged;
      type: "lagged";
    }
  );

/** The session that an event is about. */
export interface EventSession {
  /** The other identity. */
  identity: Bytes;
  /** The other device; null until it is known. */
  installationId: string | null;
  /** Who began it. */
  role: Role;
  /** The same at both ends. */
  sessionId: Bytes;
  /** Its suite. */
  suite: Suite;
}

/** A part of the events. */
export interface Events {
  /** In order. */
  events: EventInfo[];
  /** Events between `after` and `next` are no longer there. */
  lagged: boolean;
  /** What to give as `after` next time. It moves on past the events of other accounts, too. */
  next: number;
}

/**
 * What a message is, what it needs, what of that there is, and what to do next. Nothing was
 * changed to find it out.
 */
export interface Explanation {
  /** For whom it is. */
  addressedTo: Addressed;
  /** The sender's identity is proven by the message itself. */
  authenticated: boolean;
  /** Read before, and not confirmed. */
  duplicate: boolean;
  /** All of it in sentences, one after the other, for people. */
  explanation: string[];
  /** Read through a ratchet. */
  forwardSecrecy: boolean;
  /** What is to be known of that, for people. */
  hint: string;
  /** What is known of that device; null if nothing is. */
  installation: InstallationInfo | null;
  /** The device the message names; null if it names none. */
  installationId: string | null;
  /** The message taken apart, as `message_inspect` does. */
  message: InspectedMessageInfo;
  /** The message, the same at both ends; null if the bytes do not tell. */
  messageId: Bytes | null;
  /**
   * How the entry for this device is encrypted; null if there is none, or its headers make no
   * sense together.
   */
  mode: Mode | null;
  /** Devices it would tell of for the first time. */
  newInstallations: string[];
  /** What to do. */
  nextAction: NextStep;
  /** What `message_decrypt` would answer now. */
  outcome: Outcome;
  /** The signed prekey that the entry names; null if it names none. */
  prekey: NamedPreKeyInfo | null;
  /** Why it would not be read. */
  reason?: Reason;
  /** Whether `message_decrypt` would give a `reply` to send. */
  replyDue: boolean;
  /** The identity the caller named. */
  sender: Bytes;
  /** The session it opens on. */
  sessionId?: Bytes;
  /** The sessions that the entry is tried on, in this order; at most 8. */
  sessions: PossibleSessionInfo[];
  /** What was odd. */
  warnings: WarningInfo[];
}

/** An identity key under a password. */
export interface ExportedAccount {
  /**
   * The keystore file: Web3 Secret Storage, version 3. Whoever has it and the password has the
   * identity.
   */
  keystore: unknown;
}

/** Whether the daemon works. */
export interface Health {
  /** Whether callers may move the clock and set prekeys of accounts that may be real. */
  devOnRealData: boolean;
  /** What is failing. */
  reason: string | null;
  /** Whether it does. */
  status: HealthStatus;
}

/** Whether the daemon works. */
export type HealthStatus =
  /** It does. */
  | "ok"
  /** `reason` says what does not. */
  | "failing";

/** The picture of an identity: 5 by 5 cells, mirrored left to right, in one colour. */
export interface IdenticonInfo {
  /** The 25 cells row by row from the top, `1` where one is set. */
  bitmap: string;
  /** The colour of the cells that are set: red, green and blue, a byte each. */
  rgb: Bytes;
  /** A drawing of 50 by 50 pixels on transparent ground, as an SVG document. */
  svg: string;
}

/** An identity in the forms that people and programs tell it by. */
export interface IdentityInfo {
  /**
   * The ring around a picture: 1 to 11 stretches, each its length (1 to 5) and its colour (0 to
   * 31).
   */
  colorHash: number[][];
  /** Which of 11 colours stands for the identity: 0 to 10. */
  colorId: number;
  /** The same in the short form, `zQ3sh…`. */
  compressedKey: string;
  /** The picture. */
  identicon: IdenticonInfo;
  /** The chat key, `0x04…`. */
  publicKey: Bytes;
  /**
   * With `account`: 60 decimal digits, the same at both ends, to be compared by another way.
   * Left out without one, and for the account's own identity.
   */
  safetyNumber?: string;
}

/** What an imported bundle brought. */
export interface ImportedBundleInfo {
  /** Whose. */
  identity: Bytes;
  /** Its entries that are known now. */
  installations: ImportedInstallation[];
  /** What was odd. */
  warnings: WarningInfo[];
}

/** One entry of an imported bundle. */
export interface ImportedInstallation {
  /** The device. */
  installationId: string;
  /** It was not known before. */
  isNew: boolean;
  /** Its prekey replaced an older one. */
  isNewer: boolean;
  /** The version listed. */
  version: number;
}

/** One entry of an inspected bundle. */
export interface InspectedBundleEntry {
  /** The device. */
  installationId: string;
  /** Informational. */
  protocolVersion: number;
  /** The ratchet prekey of suite x25519; null if there is none. */
  ratchetPreKey: Bytes | null;
  /** Whether it is signed for this entry; null if there is none, or the bundle is not valid. */
  ratchetValid: boolean | null;
  /** Its signed prekey. */
  signedPreKey: Bytes;
  /** Its version. */
  version: number;
}

/** A bundle taken apart. */
export interface InspectedBundleInfo {
  /** The same in milliseconds; null if it has none. */
  createdAt: number | null;
  /** Its entries. */
  entries: InspectedBundleEntry[];
  /** Whose it claims to be; null if that is no key. */
  identity: Bytes | null;
  /** Why not. */
  reason: string | null;
  /**
   * Its signed timestamp, nanoseconds: more digits than a JavaScript number holds exactly;
   * `createdAt` has fewer.
   */
  timestamp: number;
  /** Whether it is well formed and signed by its identity. */
  valid: boolean;
}

/** A wire message taken apart. */
export interface InspectedMessageInfo {
  /** Its bundles. */
  bundles: InspectedBundleInfo[];
  /** What it says that it is to a contact; null if it says nothing. */
  contact: ContactMark | null;
  /** The device it names as its sender, of whatever form. */
  installationId: string;
  /** Length of its public message; 0 if there is none. */
  publicBytes: number;
  /** Its entries. */
  targets: InspectedTargetInfo[];
}

/** One entry of an inspected message. */
export interface InspectedTargetInfo {
  /** DH header. */
  dhHeader: DhHeaderInfo | null;
  /** DR header. */
  drHeader: DrHeaderInfo | null;
  /** The device it is for, or `none`. */
  installationId: string;
  /** How it is encrypted; null if its headers make no sense together. */
  mode: Mode | null;
  /** Length of the ciphertext. */
  payloadBytes: number;
  /** X3DH header. */
  x3dhHeader: X3dhHeaderInfo | null;
}

/** A device. */
export interface InstallationInfo {
  /** Whether it may be sent to at all. */
  enabled: boolean;
  /** Whose. */
  identity: Bytes;
  /** Its id. */
  installationId: string;
  /** Its last activity. */
  lastActiveAt: number;
  /** What the frontend noted about it. */
  metadata: MetadataInfo;
  /**
   * How the next message for it is encrypted; null if it gets none. `dh`, without forward
   * secrecy, until the device has a new prekey: in suite secp256k1 one session is begun on each,
   * and that one was reset, erased or lost with a store.
   */
  nextMode: Mode | null;
  /** It belongs to our own identity. */
  own: boolean;
  /** Informational; null until a bundle lists it. */
  protocolVersion: number | null;
  /**
   * A version that its bundles list and that is not believed; null if there is none. A message
   * of the device itself, or `session_reset`, settles it.
   */
  refusedVersion: number | null;
  /** It is this very device. */
  self: boolean;
  /** When it became, or will become, stale; null if no timer runs. */
  staleAt: number | null;
  /** How it stands. */
  state: InstallationState;
  /** The suite the next new session with it uses; null if its prekey is not known. */
  suite: Suite | null;
  /** Version of its prekey; null if that is not known. */
  version: number | null;
  /** When its version was last lower than before, because it was set up again or restored. */
  versionWentBackAt: number | null;
}

/** How a device stands. */
export type InstallationState =
  /** It is sent to. */
  | "active"
  /** Of our own, and not enabled yet. */
  | "pending"
  /** Disabled by hand. */
  | "disabled"
  /** Not heard of for a week. */
  | "stale"
  /** Others of its identity were active more recently. */
  | "over_limit";

/** Why the key of a message was dropped. */
export type KeyDropped =
  /** There were too many. */
  | "limit"
  /** The message was read and not confirmed for a day. */
  | "unconfirmed"
  /** Its session was erased. */
  | "session_erased";

/** The mark that events are missing. */
export interface Lagged {
  /** What to do. */
  hint: string;
}

/** What is logged. */
export interface LogFilterInfo {
  /** From now on. */
  filter: string;
  /** Until now. */
  previous: string;
}

/** What keeps the daemon's memory to itself, as it was achieved. */
export interface MemoryProtection {
  /** Whether a crash may leave a core. */
  coreDumps: boolean;
  /** Whether all of it is locked, so that none is swapped out. */
  locked: boolean;
  /** Why it is not locked; null if it is. */
  reason: string | null;
  /** Whether other processes of the same user may read the memory. */
  traceable: boolean;
}

/** Where the key of a message is. */
export type MessageKeyState =
  /** Kept until the message is confirmed. */
  | "read"
  /** Kept since a later message was read. */
  | "skipped"
  /** Used or dropped. */
  | "gone"
  /** Reached over messages that have not come. */
  | "ahead"
  /** Known once the message opens. */
  | "new_chain";

/** What a frontend may note about a device. */
export interface MetadataInfo {
  /** Phone, laptop and the like. */
  deviceType: string;
  /** A name for people. */
  name: string;
  /** Address of a push service. */
  pushToken: string;
}

/** How a copy of a message is encrypted. */
export type Mode =
  /** It sets up a session. */
  | "x3dh"
  /** On a session that the recipient has answered. */
  | "ratchet"
  /**
   * To the identity key, without forward secrecy, for any device that has no copy of its
   * own: no device is known, or, in suite secp256k1, the one session of the device's present
   * prekey is not to be used.
   */
  | "dh"
  /** Not at all. */
  | "public";

/** A signed prekey that an entry names. */
export interface NamedPreKeyInfo {
  /** The earliest that it will be erased; null if it was not replaced. */
  eraseAt: number | null;
  /** When it was replaced; null if it was not. */
  replacedAt: number | null;
  /** Its public part. */
  signedPreKey: Bytes;
  /** What is known of it. */
  state: PreKeyState;
}

/** A new account with its recovery phrase, which is shown this once. */
export interface NewAccount {
  /** Its local name. */
  account: string;
  /** The same, `zQ3sh…`. */
  compressedKey: string;
  /** When it was made here. */
  createdAt: number;
  /** This device. */
  installationId: string;
  /** The phrase: whoever has it has the identity. */
  mnemonic: string;
  /** The chat key, `0x04…`. */
  publicKey: Bytes;
}

/** What to do about a message that was not read. */
export type NextAction =
  /** Send the `reply` to the sender. */
  | "send_reply"
  /** Nothing: forget it. */
  | "drop"
  /** Nothing yet: it mends itself. */
  | "wait"
  /** Start over: `session_reset`, and write. */
  | "rekey";

/** What to do about a message that was explained. */
export type NextStep =
  /** Give it to `message_decrypt`: it opens. */
  | "decrypt"
  /** Give it to `message_decrypt` and send the `reply` to the sender. */
  | "send_reply"
  /** Nothing: forget it. */
  | "drop"
  /** Nothing yet: it mends itself. */
  | "wait"
  /** Start over: `session_reset`, and write. */
  | "rekey";

/** An OpenRPC document, as https://spec.open-rpc.org says. */
export type OpenRpcDocument = Record<string, unknown>;

/** What became of an envelope. */
export type OpenedEnvelope = {
  /** The same for people. */
  hint?: string;
  /** Whether it opened. */
  outcome: EnvelopeOutcome;
  /** What was sealed. */
  payload?: Bytes;
  /** Why it did not open. */
  reason?: EnvelopeReason;
  /**
   * Who signed it; null if nobody did, or it did not open. It is whatever key fits the
   * signature: compare it.
   */
  signer: Bytes | null;
  /** The same, if it is UTF-8. */
  text?: string;
} & (
    /** It opened. */
    | {
      outcome: "opened";
      payload: Bytes;
    }
    /** It did not. */
    | {
      hint: string;
      outcome: "unopened";
      reason: EnvelopeReason;
    }
  );

/** What became of a received message. */
export type Outcome =
  /** It was read. */
  | "decrypted"
  /** It was not encrypted. */
  | "public"
  /** An advertisement: there is nothing to show. */
  | "bundle"
  /** One of our own that came back. */
  | "own"
  /** It is for other devices. */
  | "not_targeted"
  /** It is for this device and cannot be read. */
  | "undecryptable"
  /** The envelope that it came in did not open, or nobody signed it. */
  | "unopened";

/** The topic of a content topic. */
export interface ParsedTopic {
  /** The topic: 4 bytes. */
  topic: Bytes;
}

/** A session that an entry can be of. */
export interface PossibleSessionInfo {
  /** What the message is called if it is of this session. */
  messageId: Bytes;
  /** Where its key is. */
  messageKey: MessageKeyState;
  /** Messages between the last one read and this one; null unless it is ahead. */
  missing: number | null;
  /** The session. */
  session: SessionInfo;
}

/** What is known of a signed prekey. */
export type PreKeyState =
  /** Ours, in the present bundle. */
  | "current"
  /** Ours, replaced and not erased yet. */
  | "replaced"
  /** The other side's, or erased. */
  | "not_ours";

/** How a QR code is drawn. */
export type QrFormat =
  /** An SVG document: dark on white, 4 modules of quiet ground around it. */
  | "svg"
  /**
   * Lines of half blocks, the light modules filled, as for a dark terminal; the same quiet
   * ground.
   */
  | "text";

/** Why a message was not read. */
export type Reason =
  /** It is for other devices: the sender does not know this one. */
  | "other_installation"
  /** It is from another device of ours, which has not enabled this one. */
  | "not_paired"
  /** Its session is not here: the state was lost, or it was erased. */
  | "session_not_found"
  /** Its prekey is not here: it was erased, or is of another device. */
  | "prekey_not_found"
  /** It was changed, or the sender is another. */
  | "authentication_failed"
  /** It was read and confirmed before, or is too old. */
  | "message_key_gone"
  /** More than 1000 messages before it are missing. */
  | "too_many_skipped"
  /** The sender began more than 1000 sessions on one prekey. */
  | "too_many_sessions"
  /** It does not have the protocol's form. */
  | "malformed"
  /** `ratchet.suites` forbids its suite. */
  | "suite_forbidden"
  /** The sender's contact request was declined. */
  | "declined"
  /** The signature of its envelope is not one of any key. */
  | "bad_signature"
  /** Nobody signed the envelope that it came in. */
  | "unauthenticated_sender"
  /** Keys that may open its envelope are not derived yet. */
  | "keys_pending";

/** The answer to a removal. */
export interface Removed {
  /** Always true. */
  removed: boolean;
}

/** An identity that asks to become a contact. */
export interface RequestedContact {
  /** Whether that message proves who it is. */
  authenticated: boolean;
  /** Who. */
  identity: Bytes;
  /**
   * The message with its introduction, which `message_decrypt` gave; null if the bytes do not
   * tell.
   */
  messageId: Bytes | null;
}

/** Who began a session. */
export type Role =
  /** This device. */
  | "initiator"
  /** The other one. */
  | "responder";

/** Why a store was not trusted to be the newest state of its account. */
export type RollbackKind =
  /** It was newer before. */
  | "older"
  /** It is a copy in another place. */
  | "elsewhere"
  /** The file beside its database is missing. */
  | "unmarked";

/** A store that is an older state, or a copy. */
export interface RolledBackStore {
  /** Sessions that ended. */
  expired: number;
  /** What it was found to be. */
  reason: RollbackKind;
}

/** An envelope, ready for a relay. */
export interface SealedEnvelope {
  /** Its bytes. */
  envelope: Bytes;
  /** How it is sealed. */
  kind: EnvelopeKind;
  /** Who signed it; null if nobody did. */
  signer: Bytes | null;
}

/** A session. Never a secret. */
export interface SessionInfo {
  /** When it was set up here. */
  createdAt: number;
  /** When it was superseded or expired. */
  endedAt: number | null;
  /** When it will be erased with its keys. */
  eraseAt: number | null;
  /** The other identity. */
  identity: Bytes;
  /** The other device; null until it is known. */
  installationId: string | null;
  /** When we last received on it. */
  lastReceivedAt: number | null;
  /** When we last sent on it. */
  lastSentAt: number | null;
  /**
   * It is the one session of suite secp256k1 that is begun on the present prekey of its device,
   * and is not to be used: the device is written to by DH until it has a new prekey.
   */
  prekeyBlocked: boolean;
  /** Messages opened. */
  received: number;
  /** Who began it. */
  role: Role;
  /** Messages sealed. */
  sent: number;
  /** The same at both ends. */
  sessionId: Bytes;
  /** What it is used for. */
  standing: Standing;
  /** Whether it was answered. */
  state: SessionState;
  /** Message keys kept: skipped, or read and not confirmed. */
  storedKeys: number;
  /** The curve of its ratchet. */
  suite: Suite;
}

/** Whether a session was answered. */
export type SessionState =
  /** Not yet. */
  | "unconfirmed"
  /** Each end has read something of the other. */
  | "established";

/** The answer to `session_reset`. */
export interface SessionsReset {
  /** Sessions that expired. */
  expired: number;
}

/** Why a device got no copy. */
export type SkipReason =
  /** Not heard of for a week. */
  | "stale"
  /** Others of its identity were active more recently. */
  | "over_limit"
  /** Of our own, and not enabled yet. */
  | "pending"
  /** Disabled by hand. */
  | "disabled"
  /** `ratchet.suites` allows none that would reach it. */
  | "suite_forbidden"
  /** Its prekey is not known. */
  | "no_prekey";

/** A device that got no copy. */
export interface SkippedInfo {
  /** Whose. */
  identity: Bytes;
  /** Which. */
  installationId: string;
  /** Why. */
  reason: SkipReason;
}

/** What a session is used for. */
export type Standing =
  /** Sending and receiving. */
  | "active"
  /** Receiving: another has its place. */
  | "superseded"
  /** Receiving what is late, until it is erased. */
  | "expired";

/** How the daemon is doing. */
export interface Status {
  /** Its accounts. */
  accounts: AccountStatus[];
  /** Whether callers may move the clock and set prekeys. */
  dev: boolean;
  /**
   * Whether they may do so to accounts that may be real: their data directory was made or used
   * without `--dev`.
   */
  devOnRealData: boolean;
  /** What keeps its memory to itself. */
  memory: MemoryProtection;
  /**
   * The number of the newest event, 0 if there was none: as `after` it leads to those that are
   * still to come.
   */
  newestEvent: number;
  /** Its clock. */
  now: number;
  /** The git revision it was built from; null if that is not known. */
  revision: string | null;
  /** When it started. */
  startedAt: number;
  /** The program's version. */
  version: string;
}

/** The curve of a session's ratchet. */
export type Suite =
  /** Curve25519, between devices of ratchetd. */
  | "x25519"
  /** secp256k1, with status-go. */
  | "secp256k1";

/** One device a message was encrypted for. */
export interface TargetInfo {
  /**
   * The device; `"none"` for DH to an identity of which no device is known; null for a public
   * message.
   */
  installationId: string | null;
  /** The message, the same at both ends. */
  messageId: Bytes;
  /** How it is encrypted. */
  mode: Mode;
  /** The session, the same at both ends; null for DH and public messages. */
  sessionId: Bytes | null;
  /** The session's; null for DH and public messages. */
  suite: Suite | null;
}

/** Where envelopes go, and how they are sealed there. */
export interface TopicInfo {
  /** The same as a Waku network names it: `/waku/1/0x…/rfc26`. */
  contentTopic: string;
  /** The text that the topic is made of. */
  name: string;
  /** The key of the envelopes there, 32 bytes; left out where they are sealed to their recipient. */
  symKey?: Bytes;
  /** The topic: 4 bytes. */
  topic: Bytes;
}

/** A message that could not be read. */
export interface UndecryptableMessage {
  /** The same for people. */
  hint: string | null;
  /** The device that the message names; null if it names none. */
  installationId: string | null;
  /** The message, the same at both ends; null if the bytes do not tell. */
  messageId: Bytes | null;
  /** What to do. */
  nextAction: NextAction | null;
  /** Why. */
  reason: Reason | null;
  /** The identity that the caller named. */
  sender: Bytes;
}

/** What is running. */
export interface Version {
  /** The program. */
  name: string;
  /** Version of the protocol in our bundles. */
  protocol: number;
  /** The git revision it was built from; null if that is not known. */
  revision: string | null;
  /** Its version. */
  version: string;
}

/** Something odd that cost nothing. */
export interface WarningInfo {
  /** What it is about. */
  detail: string;
  /** What it is. */
  kind: WarningKind;
}

/** Something odd about a bundle. */
export type WarningKind =
  /** It is damaged, or not signed by its identity. */
  | "invalid_bundle"
  /** It is another identity's than the sender's. */
  | "foreign_bundle"
  /** The message has more than are read. */
  | "too_many_bundles"
  /** An entry was left out. */
  | "invalid_entry"
  /** An entry has lost the extension that its device has. */
  | "missing_extension"
  /**
   * The version of an entry is beyond belief: the device is sent to as before, or not taken
   * up if it was unknown. `session_reset` believes the next one of a known device.
   */
  | "version_jump"
  /**
   * A device was set up again or restored: its bundle lists a lower version than was known,
   * and is believed.
   */
  | "version_went_back"
  /**
   * A bundle lists a lower version of a device than is known, and is not believed: the
   * device is sent to as before. A message of that device itself, or `session_reset`,
   * settles it.
   */
  | "version_not_believed"
  /** Another device publishes under this device's id. */
  | "cloned_installation"
  /** More devices of the identity than are remembered. */
  | "too_many_devices"
  /** The sender's installation id is none. */
  | "invalid_installation";

/** An X3DH header. */
export interface X3dhHeaderInfo {
  /** The responder's signed prekey. */
  id: Bytes;
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
       * A fresh one is made by default. One that was used before must not be given where a contact uses status-go:
       * neither would read the other until the prekeys of both have changed. It takes an installation id: 1 to 64
       * of A-Z, a-z, 0-9, '.', '_' and '-', not "none" and not digits followed by x1-.
       */
      installationId?: string | undefined;
      /** Length of the recovery phrase: 12 by default. It takes a number of words: 12 or 24. */
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
      /** Its passphrase, if it has one. It takes text. */
      mnemonicPassphrase?: string | undefined;
      /**
       * As for `account_create`: best left out. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and
       * '-', not "none" and not digits followed by x1-.
       */
      installationId?: string | undefined;
    };
    result: AccountInfo;
  };
  /**
   * Makes an account from a private key: a new device of that identity.
   * As `account_recover`, with the identity key itself.
   */
  "account_import": {
    params: {
      /**
       * The new account's name. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a
       * letter or digit.
       */
      account: string;
      /** The chat key. It takes a private key as 0x and 64 hex digits. */
      privateKey: string;
      /**
       * As for `account_create`: best left out. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and
       * '-', not "none" and not digits followed by x1-.
       */
      installationId?: string | undefined;
    };
    result: AccountInfo;
  };
  /**
   * Lists the accounts.
   * By name; never a secret of theirs.
   */
  "account_list": {
    params: Record<string, never>;
    result: AccountInfo[];
  };
  /**
   * Shows one account.
   * What others need of it is the public key, or the compact form of it.
   */
  "account_get": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: AccountInfo;
  };
  /**
   * Gives the identity key in a keystore file, under a password. Nothing else of the account is in it.
   * The file is Web3 Secret Storage, version 3, with scrypt, which takes 256 MiB for about a second. Ratchet state
   * is never exported: a copy of it could use a key twice.
   */
  "account_export": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** The password that the key is put under. It takes text. */
      password: string;
    };
    result: ExportedAccount;
  };
  /**
   * Makes an account from a keystore file: a new device of that identity.
   * As `account_recover`, from Web3 Secret Storage, version 3, with scrypt or PBKDF2. A wrong password is
   * `invalid_params` about `password`.
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
      /** Its password. It takes text. */
      password: string;
      /**
       * As for `account_create`: best left out. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and
       * '-', not "none" and not digits followed by x1-.
       */
      installationId?: string | undefined;
    };
    result: AccountInfo;
  };
  /**
   * Erases an account and all its data.
   * The public key must be the account's, so that none is erased by mistake. What is waiting is finished first;
   * then its sessions, keys and events are gone for good.
   */
  "account_remove": {
    params: {
      /**
       * Which; never left out. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a
       * letter or digit.
       */
      account: string;
      /**
       * Its public key, to make sure it is meant. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33
       * bytes), or zQ3sh….
       */
      publicKey: string;
    };
    result: Removed;
  };
  /**
   * Gives the bundle to publish; rotates the prekey first if that is due.
   * Publish it where contacts look, or show `contactCode` to them: whoever has it can begin a session with forward
   * secrecy. It rides on every message as well.
   */
  "bundle_get": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: BundleInfo;
  };
  /**
   * Takes a contact's bundle that came by another way than a message.
   * The bundle must be signed by the identity that it names. Entries that are refused or skipped are told in
   * `warnings`.
   */
  "bundle_import": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** The bundle. It takes a bundle as 0x and hex digits, or a contact code. */
      bundle: string;
    };
    result: ImportedBundleInfo;
  };
  /**
   * Takes a bundle apart without any key.
   * Needs no account, and changes nothing.
   */
  "bundle_inspect": {
    params: {
      /** The bundle. It takes a bundle as 0x and hex digits, or a contact code. */
      bundle: string;
    };
    result: InspectedBundleInfo;
  };
  /**
   * Encrypts for every active device of the recipient and for our own other devices.
   * Send every envelope. If no device of the recipient is known, it is encrypted by DH to the identity, without
   * forward secrecy, and an empty payload is then refused: it would be an advertisement. A retry with the same
   * `requestId` within 24 hours gives the same bytes, without a step of any ratchet. With `seal`, each envelope
   * also comes sealed and signed, with the topic to send it by.
   */
  "message_encrypt": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** The identity to write to. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      recipient: string;
      /** Makes a retry safe for 24 hours. It takes a request id: text of 1 to 128 characters. */
      requestId?: string | undefined;
      /**
       * Give each message also sealed, for a relay: by the negotiated topic once it is agreed upon (`true`), or by
       * the one named. It takes true, false, "negotiated" or "partitioned".
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
   * Encrypts for every active device of all recipients and for our own other devices: for all of them, or for none.
   * One transaction, pairwise, for up to 1000 recipients; each has an envelope of its own. A retry with the same
   * `requestId` gives the same bytes.
   */
  "message_encryptGroup": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** The identities to write to. It takes an array of 1 to 1000 public keys. */
      recipients: string[];
      /** Makes a retry safe for 24 hours. It takes a request id: text of 1 to 128 characters. */
      requestId?: string | undefined;
      /**
       * Give each message also sealed, for a relay: by the negotiated topic once it is agreed upon (`true`), or by
       * the one named. It takes true, false, "negotiated" or "partitioned".
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
   * Wraps a public message: not encrypted.
   * Everybody can read it, and nothing proves who wrote it. Our bundle rides on it. It cannot be empty.
   */
  "message_encryptPublic": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
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
   * Makes the empty message that tells the recipient of our bundle.
   * Send it to let a contact begin sessions with all our devices. It shows nothing to people.
   */
  "message_advertise": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The identity to tell of our bundle. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or
       * zQ3sh….
       */
      recipient: string;
      /** As for `message_encrypt`. It takes true, false, "negotiated" or "partitioned". */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    };
    result: Envelopes;
  };
  /**
   * Reads a received wire message.
   * With its `sender`, as the transport names it, or `sealed`, when the signature names it and the reply comes
   * sealed, too. What becomes of a message is a result, with a reason and what to do if it was not read. Send the
   * `reply` if there is one. Until `message_confirm` the message can be read again, and is marked as a duplicate.
   */
  "message_decrypt": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Confirm at once: the message is read at most once. False by default. It takes true or false. */
      confirm?: boolean | undefined;
      /**
       * The key of the topic that `sealed` came by, from `topic_negotiated`. Without it, our identity and the keys
       * that we share with the 1024 identities last written to are tried. It takes a symmetric key as 0x and 64 hex
       * digits, not all zero.
       */
      symKey?: string | undefined;
    } & (
      | {
        /**
         * The identity that the transport names as the sender. With `message`; not with `sealed`. It takes a public
         * key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh….
         */
        sender: string;
        /** The wire message. It takes a wire message as 0x and hex digits, at most 4 MiB. */
        message: string;
        sealed?: undefined;
      }
      | {
        /**
         * The message in its envelope, instead of `sender` and `message`: the signature names the sender. It takes
         * an envelope as 0x and hex digits, at most 5 MiB.
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
   * are passed over.
   */
  "message_confirm": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The messages whose text is stored. It takes an array of at most 10000 message ids, each 0x and 64 hex
       * digits.
       */
      messageIds: string[];
    };
    result: Confirmed;
  };
  /**
   * Takes a wire message apart without any key.
   * Needs no account, and changes nothing.
   */
  "message_inspect": {
    params: {
      /** The wire message. It takes a wire message as 0x and hex digits, at most 4 MiB. */
      message: string;
    };
    result: InspectedMessageInfo;
  };
  /**
   * Says why a message opens or does not, what it needs, and what to do next. Changes nothing.
   * What the bytes are, which session and keys they would need, and what is known of the sender's device.
   */
  "message_explain": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /**
       * The identity that the transport names as the sender. It takes a public key: 0x04… (65 bytes), 0x02… or
       * 0x03… (33 bytes), or zQ3sh….
       */
      sender: string;
      /** The wire message. It takes a wire message as 0x and hex digits, at most 4 MiB. */
      message: string;
    };
    result: Explanation;
  };
  /**
   * Lists the devices of an identity, ours by default.
   * With what the frontend noted about each, and whether it is sent to.
   */
  "installation_list": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Whose. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity?: string | undefined;
    };
    result: InstallationInfo[];
  };
  /**
   * Enables a device: of our own, it gets a copy of every message, and our bundle lists it.
   * Of our own, it must be enabled on every device; of a contact, it undoes `installation_disable`.
   */
  "installation_enable": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Which device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not "none". */
      installationId: string;
      /** Whose: our own by default. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity?: string | undefined;
    };
    result: InstallationInfo;
  };
  /**
   * Disables a device: nothing is sent to it any more.
   * Of our own, our bundle leaves it out, and other devices of ours and our contacts stop writing to it.
   */
  "installation_disable": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Which device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not "none". */
      installationId: string;
      /** Whose: our own by default. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity?: string | undefined;
    };
    result: InstallationInfo;
  };
  /**
   * Notes a name, a type and a push address of a device.
   * It stays here. What is left out becomes empty.
   */
  "installation_setMetadata": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Which device. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not "none". */
      installationId: string;
      /**
       * What to note about it, in place of what was noted. It takes an object of the texts name and deviceType (at
       * most 256 characters each) and pushToken (at most 4096).
       */
      metadata: {
        deviceType?: string;
        name?: string;
        pushToken?: string;
      };
      /** Whose: our own by default. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity?: string | undefined;
    };
    result: InstallationInfo;
  };
  /**
   * Lists the sessions with an identity, or with all.
   * With counters and times, and never a secret: for diagnostics.
   */
  "session_list": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Whose. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity?: string | undefined;
    };
    result: SessionInfo[];
  };
  /**
   * Ends the sessions with an identity or one of its devices: the next message sets up a new one.
   * For two devices that no longer understand each other. What was sent on the old sessions can still be read for a
   * while. A device of status-go on whose present prekey a session was begun is written to by DH, without forward
   * secrecy, until it has another one: it would not read a second session.
   */
  "session_reset": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** With whom to start over. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /**
       * With which device of it: all by default. It takes an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_'
       * and '-', and not "none".
       */
      installationId?: string | undefined;
    };
    result: SessionsReset;
  };
  /**
   * Lists the contacts.
   * Those that something was recorded of.
   */
  "contact_list": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: ContactInfo[];
  };
  /**
   * Shows how we stand to an identity, and the safety number.
   * An identity that nothing was recorded of is in the state `none`. The safety number is the same at both ends.
   */
  "contact_get": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Who. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
    };
    result: ContactInfo;
  };
  /**
   * Asks an identity to become a contact, with an introduction.
   * Send the envelopes. If they have asked us, this accepts them. Until a device of theirs is known, something has
   * to be said.
   */
  "contact_request": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Who. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /** What to say, as bytes. It takes bytes as 0x and hex digits, at most 1 MiB. */
      payload?: string | undefined;
      /** What to say, as text. It takes text, at most 1 MiB of UTF-8. */
      text?: string | undefined;
      /** As for `message_encrypt`. It takes true, false, "negotiated" or "partitioned". */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    };
    result: ContactStepInfo;
  };
  /**
   * Accepts an identity, with a message that gives both ends forward secrecy.
   * Send the envelopes: with them the other end learns of it. Until a device of theirs is known, something has to
   * be said.
   */
  "contact_accept": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Who. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /** What to say, as bytes. It takes bytes as 0x and hex digits, at most 1 MiB. */
      payload?: string | undefined;
      /** What to say, as text. It takes text, at most 1 MiB of UTF-8. */
      text?: string | undefined;
      /** As for `message_encrypt`. It takes true, false, "negotiated" or "partitioned". */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    };
    result: ContactStepInfo;
  };
  /**
   * Declines an identity. It is told nothing, unless there is something to say.
   * With `payload` or `text`, that is encrypted to them, by DH, so that it is not taken for an acceptance: send the
   * envelopes. Without, there are none. Under the policy `request` what they send is not read any more, until
   * `contact_accept`.
   */
  "contact_decline": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Who. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /** What to say, as bytes. It takes bytes as 0x and hex digits, at most 1 MiB. */
      payload?: string | undefined;
      /** What to say, as text. It takes text, at most 1 MiB of UTF-8. */
      text?: string | undefined;
      /** As for `message_encrypt`. It takes true, false, "negotiated" or "partitioned". */
      seal?: true | false | "negotiated" | "partitioned" | undefined;
    };
    result: ContactStepInfo;
  };
  /**
   * Notes whether the safety number was compared.
   * Ask both people to compare the safety number by another way first.
   */
  "contact_verify": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Who. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /** Whether the safety numbers were compared and are the same. It takes true or false. */
      verified: boolean;
    };
    result: ContactInfo;
  };
  /**
   * Draws the contact code as a QR code, for another device to read from paper or a screen.
   * What it says is the `contactCode` of `bundle_get`. Each enabled device makes it longer, and the drawing finer:
   * with very many it fits no QR code, which is `installation_limit`.
   */
  "contact_code_qr": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** How it is drawn. It takes svg or text. */
      format: "svg" | "text";
    };
    result: ContactCodeQr;
  };
  /**
   * Shows an identity in the forms that people and programs tell it by; with an account, the safety number too.
   * Needs no account, and changes nothing. Pictures and colours can be imitated: what people compare is the safety
   * number.
   */
  "identity_describe": {
    params: {
      /** Who. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
      /**
       * Ours, for the safety number; without one there is none. It takes an account name: 1 to 64 of a-z, 0-9, '.',
       * '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
    };
    result: IdentityInfo;
  };
  /**
   * Puts something into an envelope for a relay, signed by the account's identity.
   * To an identity (`recipient`), or with a key (`symKey`, or a `password` that stands for one): exactly one of
   * them. Where it goes is not in it: whoever can open it can pass it on, under the signer's name.
   * `message_encrypt` with `seal` does this for messages.
   */
  "envelope_seal": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** Signed by the account's identity: true by default. It takes true or false. */
      sign?: boolean | undefined;
      /**
       * What it is filled up with: by default random bytes up to a multiple of 256. It takes bytes as 0x and hex
       * digits, at most 1 MiB.
       */
      padding?: string | undefined;
    } & (
      | {
        /** What is sealed, as bytes. It takes bytes as 0x and hex digits, at most 4 MiB. */
        payload: string;
        text?: undefined;
      }
      | {
        /** What is sealed, as text. It takes text, at most 1 MiB of UTF-8. */
        text: string;
        payload?: undefined;
      }
    ) & (
      | {
        /**
         * The identity that alone can open it. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes),
         * or zQ3sh….
         */
        recipient: string;
        symKey?: undefined;
        password?: undefined;
      }
      | {
        /** The key that whoever opens it has. It takes a symmetric key as 0x and 64 hex digits, not all zero. */
        symKey: string;
        recipient?: undefined;
        password?: undefined;
      }
      | {
        /** A text that stands for such a key, such as the name of a topic. It takes text. */
        password: string;
        recipient?: undefined;
        symKey?: undefined;
      }
    );
    result: SealedEnvelope;
  };
  /**
   * Opens an envelope from a relay, and says who signed it.
   * With the account's identity, or with the key given. That it does not open is a result: listeners see strangers'
   * envelopes all day. What comes sealed from another ratchetd goes to `message_decrypt` as it is.
   */
  "envelope_open": {
    params: {
      /**
       * May be left out when there is exactly one. Its identity opens the envelope, unless a key does. It takes an
       * account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
       */
      account?: string | undefined;
      /** The envelope. It takes an envelope as 0x and hex digits, at most 5 MiB. */
      envelope: string;
      /** The key of the topic that it came by. It takes a symmetric key as 0x and 64 hex digits, not all zero. */
      symKey?: string | undefined;
      /** A text that stands for such a key, such as the name of a topic. It takes text. */
      password?: string | undefined;
    };
    result: OpenedEnvelope;
  };
  /**
   * The topic where an identity publishes its contact code, and its key.
   * Both follow from the identity: whoever knows it can listen there, and read.
   */
  "topic_contactCode": {
    params: {
      /** Whose. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
    };
    result: TopicInfo;
  };
  /**
   * The topic where an identity is written to before a secret is agreed upon.
   * Every 5000th identity has the same one. Envelopes there are sealed to their recipient: there is no `symKey`.
   */
  "topic_partitioned": {
    params: {
      /** Whose. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
    };
    result: TopicInfo;
  };
  /**
   * The topic where an identity alone is written to.
   * status-go sends there what an identity tells itself, its backups, and what it tells servers, those of push
   * notifications among them; sealed to their recipient, as on the partitioned topic. Whoever knows the identity
   * sees when: nothing of ours goes by it.
   */
  "topic_personal": {
    params: {
      /** Whose. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
    };
    result: TopicInfo;
  };
  /**
   * The topic where this account and an identity write to each other, and its key.
   * The same at both ends, and nobody else can tell: name and key are secrets. Listen there and at our own
   * partitioned topic.
   */
  "topic_negotiated": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** With whom. It takes a public key: 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…. */
      identity: string;
    };
    result: TopicInfo;
  };
  /**
   * The topic of a public chat, and its key.
   * Whoever knows the name can read, and write.
   */
  "topic_public": {
    params: {
      /**
       * The chat's name, as it is: nothing is normalised. It takes the name of a chat: text, at most 1024
       * characters.
       */
      name: string;
    };
    result: TopicInfo;
  };
  /**
   * Reads the topic out of a content topic.
   * The form is exact: `/waku/1/0x`, eight hex digits and `/rfc26`.
   */
  "topic_parse": {
    params: {
      /** As a Waku network names it. It takes a content topic: /waku/1/0x, eight hex digits and /rfc26. */
      contentTopic: string;
    };
    result: ParsedTopic;
  };
  /**
   * Gives the clock and the time for a message that is about to be sent in a chat.
   * A Lamport clock: now in milliseconds, or one more than the highest clock that was sent or seen in the chat, but
   * at most 120 seconds above now. Never the same twice below that.
   */
  "clock_next": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** What the frontend calls the chat. It takes the name of a chat: text, at most 1024 characters. */
      chat: string;
    };
    result: ChatClock;
  };
  /**
   * Takes note of the clock of a message that was received in a chat.
   * Refused if it is 0, or more than 120 seconds above the time of its envelope, or if that is more than a day
   * ahead of this machine: nobody pushes a chat's clock away. Such a message is not to be shown.
   */
  "clock_observe": {
    params: {
      /**
       * May be left out when there is exactly one. It takes an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-',
       * beginning with a letter or digit.
       */
      account?: string | undefined;
      /** What the frontend calls the chat. It takes the name of a chat: text, at most 1024 characters. */
      chat: string;
      /** The clock of the message that was received. It takes a whole number from 0 to 9007199254740991. */
      clock: number;
      /** The time of the envelope that it came in. It takes a time in whole milliseconds since the epoch. */
      envelopeAt: number;
    };
    result: ChatClock;
  };
  /**
   * Gives the events after one; waits for some, if asked.
   * A long poll: give `next` as `after` of the next call. `lagged` says that some are no longer there.
   */
  "event_list": {
    params: {
      /**
       * May be left out when there is exactly one; `*` means all. It takes an account name, or "*" for all
       * accounts.
       */
      account?: string | undefined;
      /**
       * The last event known: 0 by default, and then the oldest comes first. It takes a number: the seq of an
       * event, or 0 to begin with the oldest.
       */
      after?: number | undefined;
      /** How many at most: 100 by default. It takes a whole number from 1 to 1000. */
      limit?: number | undefined;
      /**
       * How long to wait if there is none: not at all by default. It takes a whole number of milliseconds from 0 to
       * 60000.
       */
      waitMs?: number | undefined;
    };
    result: Events;
  };
  /**
   * Over a WebSocket, tells of each event in a notification. The answer names the subscription.
   * Notifications bear the method `event_notification` and hold the name of the subscription and an event. Without
   * a WebSocket there are `event_list` and `GET /events`.
   */
  "event_subscribe": {
    params: {
      /**
       * May be left out when there is exactly one; `*` means all. It takes an account name, or "*" for all
       * accounts.
       */
      account?: string | undefined;
      /**
       * The last event known: by default the newest there is. It takes a number: the seq of an event, or 0 to begin
       * with the oldest.
       */
      after?: number | undefined;
    };
    result: string;
  };
  /**
   * Ends a subscription of this WebSocket; false if there is none of this name.
   * All end with their WebSocket.
   */
  "event_unsubscribe": {
    params: {
      /** What `event_subscribe` answered. It takes the text that event_subscribe answered. */
      subscription: string;
    };
    result: boolean;
  };
  /**
   * Whether the daemon works.
   * A message between two scratch devices is encrypted, stored and read, as for `GET /readyz`.
   */
  "system_health": {
    params: Record<string, never>;
    result: Health;
  };
  /**
   * What is running.
   * With the git revision, for reports.
   */
  "system_version": {
    params: Record<string, never>;
    result: Version;
  };
  /**
   * How the daemon and its accounts are doing.
   * Counts of each account, and whether its data directory was found to be a copy or an older state.
   */
  "system_status": {
    params: Record<string, never>;
    result: Status;
  };
  /**
   * Changes what the daemon logs, until its next start or SIGHUP. What may never be logged is not, whatever is
   * asked for.
   * For looking at something while it happens.
   */
  "system_setLogFilter": {
    params: {
      /**
       * What is to be logged. It takes a level or directives, such as info or daemon=debug, at most 1024
       * characters.
       */
      filter: string;
    };
    result: LogFilterInfo;
  };
  /**
   * Gives this interface as an OpenRPC document.
   * The same as `ratchetd openrpc` prints, of the methods that this daemon has.
   */
  "rpc.discover": {
    params: Record<string, never>;
    result: OpenRpcDocument;
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
  "message_encryptGroup": ["recipients"],
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
  "session_list": [],
  "session_reset": ["identity"],
  "contact_list": [],
  "contact_get": ["identity"],
  "contact_request": ["identity"],
  "contact_accept": ["identity"],
  "contact_decline": ["identity"],
  "contact_verify": ["identity", "verified"],
  "contact_code_qr": ["format"],
  "identity_describe": ["identity"],
  "envelope_seal": [],
  "envelope_open": ["envelope"],
  "topic_contactCode": ["identity"],
  "topic_partitioned": ["identity"],
  "topic_personal": ["identity"],
  "topic_negotiated": ["identity"],
  "topic_public": ["name"],
  "topic_parse": ["contentTopic"],
  "clock_next": ["chat"],
  "clock_observe": ["chat", "clock", "envelopeAt"],
  "event_list": [],
  "event_subscribe": [],
  "event_unsubscribe": ["subscription"],
  "system_health": [],
  "system_version": [],
  "system_status": [],
  "system_setLogFilter": ["filter"],
  "rpc.discover": [],
} as const satisfies Record<keyof Methods, readonly string[]>;
