/**
 * What payloads say besides their text. The sender wrote it: whatever has not the form that is expected counts as not there.
 *
 * - `at`: when it was written. `name`: what its author is called.
 * - `attachments`: one picture, as `docs/attachments.md` has it.
 * - `delivered`: the ids of messages that have arrived.
 * - `people`: whom we chat with, to another device of our own.
 */

import type { BlobReference } from "ratchetd";

import type { Picture } from "./history.js";

/** Pictures that are shown, by their media types: those that cannot hold scripts. */
export const PICTURES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
/** The largest picture that is sent or fetched, in bytes. */
export const MAX_PICTURE_BYTES = 16 * 1024 * 1024;
/** The longest name that is shown. */
export const MAX_NAME_CHARS = 64;
/** Most messages that one receipt speaks of. */
export const MAX_DELIVERED = 1000;
const MAX_PEOPLE = 1000;

/** As it is sent. */
export interface Content {
  at: number;
  name: string;
  attachments: (Partial<BlobReference> & { type: string; name: string })[];
  delivered: string[];
  people: { identity: string; name: string }[];
}

/** As it is read. */
export function content(said: Record<string, unknown>): Omit<Content, "attachments"> & { picture?: Picture } {
  const now = Date.now();
  const { at, delivered, people, attachments } = said;
  const picture = toPicture(list(attachments)[0]);
  return {
    // Nobody writes in the future.
    at: typeof at === "number" && at > 0 && at < now ? at : now,
    name: name(said.name),
    delivered: list(delivered).slice(0, MAX_DELIVERED).filter((id) => typeof id === "string"),
    people: list(people)
      .slice(0, MAX_PEOPLE)
      .map((person) => ({ identity: text(member(person, "identity")), name: name(member(person, "name")) }))
      .filter(({ identity }) => /^0x04[0-9a-f]{128}$/.test(identity)),
    ...(picture && { picture }),
  };
}

function toPicture(said: unknown): Picture | undefined {
  const [key, hash, type] = ["key", "hash", "type"].map((of) => text(member(said, of)));
  const size = member(said, "size");
  // The hash is a part of the address that the picture is fetched from.
  const isReference = [key, hash].every((hex) => /^0x[0-9a-f]{64}$/.test(hex ?? ""));
  if (!isReference || typeof size !== "number" || !(size <= MAX_PICTURE_BYTES) || !PICTURES.includes(type ?? "")) return undefined;
  return { reference: { key, hash, size } as BlobReference, type: type as string, name: name(member(said, "name")) };
}

function member(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A name on one line, without characters that turn around what stands beside it. */
function name(value: unknown): string {
  return text(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "").trim().slice(0, MAX_NAME_CHARS);
}
