import type { EventInfo, InstallationInfo, SessionInfo } from "../src/generated.js";
import { fromHex, toHex } from "../src/bytes.js";

/** The start and end of a long name or key: enough to tell it from others. The whole is in its title. */
export function short(text: string, from = 8, to = 4): string {
  return text.length <= from + to + 1 ? text : `${text.slice(0, from)}…${text.slice(-to)}`;
}

/** How long ago something was, in one unit. */
export function ago(at: number | null, now: number): string {
  if (at === null) return "never";
  const seconds = Math.round((now - at) / 1000);
  if (seconds < 5) return "just now";
  if (seconds < 100) return `${seconds} s ago`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** A time as people of this place write it. */
export function time(at: number): string {
  return new Date(at).toLocaleString();
}

/** What a session is used for. */
export function standing({ standing, state, prekeyBlocked }: SessionInfo): string {
  const blocked = prekeyBlocked ? "; keeps its device from a new one" : "";
  if (standing === "expired") return `ended, for late messages${blocked}`;
  if (standing === "superseded") return `receives only, another took its place${blocked}`;
  return state === "established" ? "answered by both ends" : "not answered yet";
}

/** How the next message to a device goes. */
export function next({ self, nextMode }: InstallationInfo): string {
  if (self) return "this device";
  if (nextMode === null) return "gets nothing";
  return ({ ratchet: "by ratchet", x3dh: "by X3DH", dh: "by DH, without forward secrecy" } as Record<string, string>)[nextMode] ?? nextMode;
}

/** Whether what is written to a device is post-quantum; empty if it does not take part in that. */
export function shut({ postQuantum }: InstallationInfo): string {
  return { none: "", offered: "post-quantum is offered", required: "post-quantum alone" }[postQuantum];
}

const TOLD: Partial<Record<EventInfo["type"], string>> = {
  "bundle.rotated": "our bundle was made anew",
  "installation.discovered": "a device was met for the first time",
  "installation.enabled": "a device was enabled",
  "installation.disabled": "a device was disabled",
  "installation.stale": "a device was not heard of for a week",
  "installation.active": "a stale device was heard of again",
  "installation.version_went_back": "a device was set up again or restored",
  "installation.kem_prekey": "a KEM prekey of a device came where none served",
  "installation.post_quantum": "nothing but post-quantum messages is written to a device from now on",
  "session.established": "both ends of a session have read something of the other",
  "session.superseded": "another session took the place of this one",
  "session.reactivated": "a superseded session is used again",
  "session.expired": "a session ended",
  "session.erased": "a session and its keys were erased",
  "message.undecryptable": "a message could not be read",
  "message.key_dropped": "the key of an unconfirmed message is gone",
  "contact.requested": "somebody asks to become a contact",
  "contact.accepted": "a contact is accepted",
  "topic.changed": "a topic is to be listened to, or not any more",
  "group.invited": "this account was invited to a group",
  "group.changed": "a group is another than before",
  "group.key_added": "a key of a group is here",
  "group.key_due": "a group should have another key",
  "store.rolled_back": "the store is an older state or a copy: its sessions have ended",
  lagged: "some events before this are no longer there",
};

/** What an event tells, for people. */
export function told({ type }: EventInfo): string {
  return TOLD[type] ?? type;
}

/** What an event is about: the members of its data that name something. */
export function about(event: EventInfo): [name: string, value: string][] {
  const shown = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  return Object.entries(event.data ?? {}).map(([name, value]) => [name, shown(value)]);
}

/**
 * Bytes as people paste them: hex with or without `0x`, or base64, in lines or not.
 *
 * @throws RangeError if it is neither.
 */
export function pasted(text: string): string {
  const bare = text.replace(/[\s\u200b-\u200f\u2060\ufeff]/g, "").replace(/^["']|["'],?$/g, "");
  if (bare === "") throw new RangeError("nothing was pasted");
  const digits = bare.replace(/^0x/i, "");
  if (/^[0-9a-f]+$/i.test(digits) && digits.length % 2 === 0) return toHex(fromHex(`0x${digits}`));
  if (/^0x/i.test(bare)) throw new RangeError("0x is followed by an even number of hex digits, 0 to 9 and a to f");
  try {
    const standard = bare.replaceAll("-", "+").replaceAll("_", "/");
    return toHex(Uint8Array.from(atob(standard), (character) => character.charCodeAt(0)));
  } catch {
    throw new RangeError("this is neither hex nor base64");
  }
}
