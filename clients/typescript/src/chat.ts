/**
 * What every frontend does around the calls, in the order that loses nothing: sending, receiving, listening. Each is made of calls
 * that anybody can make; nothing is kept here.
 *
 * By the convention of these helpers the payload is JSON: `{"id", "text"}`, and in a group `"group"` besides. The daemon's
 * message ids differ from device to device, and a copy for our own devices is a message of its own: the id in the payload is the
 * same everywhere. Whatever else a frontend has to say (receipts, references to attachments) goes beside them, as `extra`.
 * What comes without all this, as from other programs, is a text with the daemon's id.
 */

import type { Client } from "./client.js";
import { fromHex } from "./bytes.js";
import { RatchetdError } from "./errors.js";
import type { Decrypted } from "./generated.js";
import type { Result, SealedEnvelopeInfo } from "./methods.js";
import { type RetryOptions, backOff, untilAnswered } from "./retry.js";

/** How often an envelope is given again while the daemon derives the keys that may open it: a few with each call. */
const MOST_KEYS_DELAYS = 20;
/** Longest id of a message: what the daemon takes as a request id. */
const MAX_ID_CHARS = 128;

/**
 * Takes a sealed envelope to a relay, which gives it to whoever listens to its `contentTopic`. Fails if it is not certain that
 * it got there.
 */
export type Deliver = (envelope: SealedEnvelopeInfo) => Promise<void>;

/** A message to send. */
export type Outgoing = {
  /** Whose. May be left out when there is exactly one account. */
  account?: string;
  /** Your own id for it, new for each message (`crypto.randomUUID()`), at most 128 characters: stored before it is sent. */
  id: string;
  text: string;
  /** What else the message says: other members of its payload, as JSON has them. */
  extra?: Record<string, unknown>;
} & (
  | {
      /** The identity it is for, or those of a group without a log. */
      to: string | readonly string[];
      /** The group's name, the same for all members and known to nobody else. One person's chat has none. */
      group?: string;
    }
  | {
      to?: undefined;
      /** The id of a group that `group_create` made: it is for everybody in it. */
      group: string;
    }
);

/** A message that was read. */
export interface Message {
  /** What to store it under: the same on each of our devices, for each copy that comes, and for no other sender's. */
  key: string;
  /** What its sender calls it. Others may call theirs the same: `key` has the sender in it. */
  id: string;
  /** The identity that wrote it, which its signature proves; our own, if another device of ours did. */
  from: string;
  /** Where to show it: the identity that we chat with, or `group/` and a group's name. See `chatId`. */
  chat: string;
  text: string;
  /** What else its payload says, whatever it is: check all of it. Empty where there is nothing. */
  extra: Record<string, unknown>;
  /** All that the daemon says of it, with the bytes of its payload. */
  read: Decrypted & { outcome: "decrypted" };
}

/** What became of a message that was to be sent. */
export type Sent = Result<"message_encrypt", { seal: true }> & {
  /**
   * Those of whom no device got a copy, because KEM prekeys are missing and nothing may be written below suite x25519-mlkem768.
   * They were asked for them. Empty if the message is on its way to everybody.
   */
  withheld: string[];
};

/** What the daemon says of an envelope that came. */
type Read = Result<"message_decrypt", { sealed: string }>;

/** A message that cannot be read: with a reason, a hint for people, and what to do. */
export type Unread = Decrypted & { outcome: "undecryptable" | "unopened" };

/** What becomes of what arrives. */
export interface Receiver {
  /**
   * Stores a message, and resolves once it is safe. Only then its key is erased, and nobody reads it again. What is there
   * under `key` already is the same message again, and stays.
   */
  store(message: Message): Promise<void>;
  /** Sends what the protocol wants the sender to know. */
  deliver: Deliver;
  /** Tells that a message for us cannot be read. `read.sender` may be a stranger; `read.hint` says what it means. */
  unreadable(read: Unread): void;
}

/**
 * Encrypts, seals and delivers a message to all devices of those it is for, and to our own other ones. It waits for the daemon
 * as long as that does not answer. If it fails, call it again as it was, within 24 hours and also after a restart: the daemon
 * gives the same bytes for the same `id`, and whoever has them already drops them.
 *
 * If somebody is in `withheld` it is not sent yet, though what was delivered has to be. Call it again as it was when an event
 * `installation.kem_prekey` names them, or when a message of theirs was read: with each call they are asked once more.
 *
 * @throws RatchetdError if the daemon refuses it, and what `deliver` throws.
 */
export async function send(
  client: Client,
  { account, to, id, text, group, extra }: Outgoing,
  deliver: Deliver,
  options: RetryOptions = {},
): Promise<Sent> {
  const content = { account, text: payload({ id, text, group, extra }), requestId: id, seal: true } as const;
  const sent = await untilAnswered(
    () =>
      typeof to === "string"
        ? client.call("message_encrypt", { ...content, recipient: to })
        : client.call("message_encryptGroup", { ...content, ...(to === undefined ? { group } : { recipients: [...to] }) }),
    options,
  );
  for (const envelope of sent.envelopes) await deliver(envelope);
  const asked = sent.envelopes.filter(({ targets }) => targets.length === 0).map(({ recipient }) => recipient ?? "");
  if (asked.length === 0 || asked.length === sent.envelopes.length) return { ...sent, withheld: asked };
  // What others have got is sent, though a device of our own is still to be asked.
  const { publicKey } = await untilAnswered(() => client.call("account_get", { account }), options);
  return { ...sent, withheld: asked.filter((recipient) => recipient !== publicKey) };
}

/**
 * What `send` puts into a message, for calls that take a text of their own, such as `contact_request`: `receive` reads it at the
 * other end.
 */
export function payload(
  { id, text, group, extra }: { id: string; text: string; group?: string | undefined; extra?: Record<string, unknown> | undefined },
): string {
  return JSON.stringify({ ...extra, id, text, group });
}

/**
 * Reads an envelope that came from a relay, has its message stored, confirms it, and sends the reply if one is due. Give it
 * everything that comes, under any topic: what is for others, was read before or is larger than any message is passed over. Go on
 * to the next envelope when it resolves; if it fails, give it the same one again.
 *
 * @throws RatchetdError if the daemon refuses it, and what `store` and `deliver` throw.
 */
export async function receive(
  client: Client,
  arrived: { account?: string; sealed: string; symKeys?: readonly (string | undefined)[] },
  receiver: Receiver,
  options: RetryOptions = {},
): Promise<Read> {
  const { account, sealed, symKeys = [] } = arrived;
  const signal = options.signal ?? new AbortController().signal;
  const decrypt = async ([symKey, ...others]: readonly (string | undefined)[]): Promise<Read> => {
    const read = await untilAnswered(() => client.call("message_decrypt", { account, sealed, symKey }), options).catch(tooLarge);
    return read.outcome === "unopened" && others.length > 0 ? decrypt(others) : read;
  };
  let read = await decrypt(symKeys);
  for (let attempt = 0; read.reason === "keys_pending" && attempt < MOST_KEYS_DELAYS && !signal.aborted; attempt++) {
    await (options.delay ?? backOff)(attempt, signal);
    read = await decrypt(symKeys);
  }
  if (read.outcome === "decrypted") await receiver.store(opened(read));
  // What says nothing but how its sender stands to us has a key as well.
  if ((read.outcome === "decrypted" || read.outcome === "contact") && read.messageId !== null) {
    const messageIds = [read.messageId];
    await untilAnswered(() => client.call("message_confirm", { account, messageIds }), options);
  } else if (isUnreadable(read)) {
    receiver.unreadable(read);
  }
  if (read.reply) await receiver.deliver(read.reply);
  return read;
}

/**
 * What the daemon would say of an envelope that it does not take for its size: no message is as large, and the same again is
 * refused again.
 */
function tooLarge(error: unknown): Read {
  const isTooLarge = error instanceof RatchetdError && ["invalid_request", "payload_too_large"].includes(error.kind ?? "");
  if (!isTooLarge) throw error;
  return {
    outcome: "unopened", reason: "malformed", hint: error.message, nextAction: "drop", sender: null, messageId: null,
    installationId: null, authenticated: false, duplicate: false, forwardSecrecy: false, postQuantum: false, newInstallations: [],
    warnings: [],
  };
}

/** Whether it is for us and cannot be read. What does not open is for others, unless the keys to tell are still to come. */
function isUnreadable(read: Decrypted): read is Unread {
  if (read.outcome === "undecryptable") return read.reason !== "already_read";
  return read.outcome === "unopened" && read.reason === "keys_pending";
}

/** Reads a payload by the convention. What is no UTF-8 is shown as it can be. */
function opened(read: Message["read"]): Message {
  const said = read.text ?? new TextDecoder().decode(fromHex(read.payload));
  const { id, text, group, extra } = content(said) ?? { id: read.messageId, text: said, extra: {} };
  return { key: `${read.sender}/${id}`, id, from: read.sender, chat: chatId(read, group), text, extra, read };
}

function content(said: string): { id: string; text: string; group?: string; extra: Record<string, unknown> } | null {
  try {
    const { id, text, group, ...extra } = JSON.parse(said) as Record<string, unknown>;
    const isContent = typeof id === "string" && id !== "" && id.length <= MAX_ID_CHARS && typeof text === "string";
    if (!isContent) return null;
    return typeof group === "string" ? { id, text, group, extra } : { id, text, extra };
  } catch {
    return null;
  }
}

/**
 * Where a message belongs: the identity of the other end, for a copy of our own the one that it was sent to; or `group/` and the
 * name of the group that it says it is of. No identity begins so: nobody gets into the chat that we have with another. Who
 * is in a group you know: whoever knows its name can write this.
 */
export function chatId(read: { sender: string; copyOf?: { recipients: string[] } }, group?: string): string {
  if (group !== undefined) return `group/${group}`;
  const [other, ...others] = read.copyOf?.recipients ?? [];
  return other !== undefined && others.length === 0 ? other : read.sender;
}
