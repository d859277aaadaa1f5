import type { ErrorData, ErrorKind } from "./generated.js";

/** An error as JSON-RPC carries it. */
export interface ErrorObject {
  code: number;
  message: string;
  data?: unknown;
}

/**
 * The daemon answered with an error, or this client saw that it would and did not ask. Nothing was done. The message says
 * what is wrong, with which parameter, and what to do.
 */
export class RatchetdError extends Error {
  override readonly name = "RatchetdError";
  /** The JSON-RPC code. */
  readonly code: number;
  /** The stable name of what went wrong; null if the answer has none. */
  readonly kind: ErrorKind | null;
  /** The parameter it is about, if it is about one. */
  readonly field: string | null;
  /** What to do. */
  readonly hint: string;
  /** All that the answer has about it. */
  readonly data: unknown;

  constructor({ code, message, data }: ErrorObject, options?: ErrorOptions) {
    const { kind = null, field = null, hint = "" } = (data ?? {}) as Partial<ErrorData>;
    super(`${field === null ? "" : `${field}: `}${message}${hint === "" ? "" : ` (hint: ${hint})`}`, options);
    this.code = code;
    this.kind = kind;
    this.field = field;
    this.hint = hint;
    this.data = data;
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
function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Why a connection is refused, by its HTTP status, in the daemon's own words if it `said` something. */
export function refused(status: number, said?: ErrorObject | null, options?: ErrorOptions): ConnectionError {
  const { hint } = (said?.data ?? {}) as Partial<ErrorData>;
  if (said) return new ConnectionError(hint === undefined ? said.message : `${said.message}: ${hint}`, status, options);
  const page = (globalThis as { location?: { origin?: string } }).location?.origin ?? "the page's origin";
  const meanings: Record<number, string> = {
    400: "the daemon refused the handshake",
    401: "the token is missing or wrong: it is in rpc.token in the daemon's data directory, or where --token-file says",
    403: `the daemon refuses pages of this origin: start it with --allow-origin ${page}, or list that in rpc.allowed_origins`,
    404: "there is no daemon at this address: is the URL the one that `ratchetd serve` printed?",
    408: "the request took too long to arrive",
    413: "the request is too large: send less at once",
    429: "as many connections are open as may be, or there is no room for this request: try again later",
    431: "the head of the request is too large",
  };
  return new ConnectionError(meanings[status] ?? `the daemon answered with status ${status}`, status, options);
}

/** Whether to try again after this. */
export function isTransient(error: unknown): boolean {
  return (error instanceof ConnectionError || error instanceof RatchetdError) && error.isTransient;
}
