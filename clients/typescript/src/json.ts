import { RatchetdError } from "./errors.js";
import { METHODS } from "./generated.js";

/** Largest request that the daemon takes, in bytes. */
export const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
/** Half of a pair of UTF-16, alone: such a text has no UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Makes sure that JSON carries these parameters as they are meant. By itself it would leave some out without a word.
 *
 * @throws RatchetdError about the parameter that it does not.
 */
export function checkParams(method: string, params: object): void {
  const needed: readonly string[] = (METHODS as Record<string, readonly string[]>)[method] ?? [];
  for (const [field, value] of Object.entries(params)) {
    if (value !== undefined) checkValue(field, value);
    else if (needed.includes(field)) throw refusal(field, "required, and undefined", "give it a value");
  }
}

function checkValue(field: string, value: unknown): void {
  try {
    JSON.stringify(value, function (this: unknown, key: string, member: unknown) {
      const [what, hint] = fault(member, Array.isArray(this)) ?? (LONE_SURROGATE.test(key) ? NO_TEXT : []);
      if (what !== undefined) throw refusal(field, key === "" ? what : `${what}, at ${JSON.stringify(key)}`, hint);
      return member;
    });
  } catch (cause) {
    if (cause instanceof RatchetdError) throw cause;
    throw refusal(field, "JSON cannot carry it", "give it without references to itself", { cause });
  }
}

const NO_TEXT = [
  "not well-formed text: half of a surrogate pair stands alone in it",
  "cut texts between characters, as Array.from or Intl.Segmenter do; toWellFormed() replaces such halves",
] as const;

/** Why JSON does not carry a value as it is, and what to do. */
function fault(value: unknown, isInArray: boolean): readonly [what: string, hint: string] | undefined {
  switch (typeof value) {
    case "string":
      return LONE_SURROGATE.test(value) ? NO_TEXT : undefined;
    case "number":
      return Number.isFinite(value) ? undefined : [`${value}, which JSON does not have`, "give a finite number"];
    case "bigint":
      return ["a bigint, which JSON does not have", "give it as a number"];
    case "undefined":
      return isInArray ? ["undefined", "leave it out of the array"] : undefined;
    case "function":
    case "symbol":
      return [`a ${typeof value}, which JSON does not have`, "give a value"];
    case "object":
      if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return ["bytes as they are", "give toHex(bytes)"];
      return value instanceof Map || value instanceof Set ? ["a collection, which JSON does not have", "give a plain object"] : undefined;
    default:
      return undefined;
  }
}

/** What the daemon would say about a parameter. */
function refusal(field: string, message: string, hint: string | undefined, options?: ErrorOptions): RatchetdError {
  return new RatchetdError({ code: -32602, message, data: { kind: "invalid_params", field, hint } }, options);
}

/**
 * A request as it is sent.
 *
 * @throws RatchetdError if the daemon would not take so many bytes: it may close the connection without an answer then.
 */
export function encode(message: unknown): string {
  const text = JSON.stringify(message);
  // A unit of UTF-16 has at most three bytes of UTF-8.
  if (3 * text.length > MAX_REQUEST_BYTES && new TextEncoder().encode(text).length > MAX_REQUEST_BYTES) {
    const hint =
      "the same again is refused again: send less at once; a payload is at most 1 MiB, a wire message 4 MiB, and a batch may be sent in parts";
    throw new RatchetdError({
      code: -32600,
      message: "the request is larger than 10 MiB",
      data: { kind: "invalid_request", hint },
    });
  }
  return text;
}
