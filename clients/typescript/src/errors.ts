import type { ErrorData, ErrorKind } from "./generated.js";

/** The daemon answered with an error. `hint` says what to do; nothing was done. */
export class RatchetdError extends Error {
  override readonly name = "RatchetdError";

  constructor(
    message: string,
    /** The JSON-RPC code. */
    readonly code: number,
    /** The stable name of what went wrong; null if the answer has none. */
    readonly kind: ErrorKind | null,
    /** What to do. */
    readonly hint: string,
    /** The parameter it is about, if it is about one. */
    readonly field: string | null,
  ) {
    super(message);
  }

  /** The error of an answer. */
  static from(error: { code: number; message: string; data?: unknown }): RatchetdError {
    const data = (error.data ?? {}) as Partial<ErrorData>;
    return new RatchetdError(error.message, error.code, data.kind ?? null, data.hint ?? "", data.field ?? null);
  }

  /** The same call may work later. */
  get isTransient(): boolean {
    return ["busy", "shutting_down", "store_failed", "internal"].includes(this.kind ?? "");
  }
}

/**
 * There was no answer. Whether a call that was sent has been done is not known: repeat `message_encrypt` with the same
 * `requestId`, `message_decrypt` and `message_confirm` as they were.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  constructor(
    message: string,
    /** The HTTP status, if there was one. */
    readonly status: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** What was refused for what it is will be refused again. */
  get isTransient(): boolean {
    return this.status === null || isTransientStatus(this.status);
  }
}

/** Whether the same request may be taken later. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status >= 500;
}

/** What an HTTP status that is no answer means. */
export function refused(status: number): ConnectionError {
  const meanings: Record<number, string> = {
    400: "the daemon refused the handshake",
    401: "the token is missing or wrong: it is in rpc.token in the daemon's data directory, or where --token-file says",
    403: "the daemon does not know this host or the origin of this page: see rpc.allowed_hosts and rpc.allowed_origins",
    404: "there is no daemon of this kind at this address",
    408: "the request took too long to arrive",
    431: "the head of the request is too large",
  };
  return new ConnectionError(meanings[status] ?? `the daemon answered with status ${status}`, status);
}

/** Whether to try again after this. */
export function isTransient(error: unknown): boolean {
  return (error instanceof ConnectionError || error instanceof RatchetdError) && error.isTransient;
}
