import { ConnectionError, type ErrorObject, RatchetdError, refused } from "./errors.js";
import type { EventInfo } from "./generated.js";
import { encode } from "./json.js";
import { type ServerSentEvent, serverSentEvents } from "./sse.js";
import type { Cursor, Item, Transport } from "./transport.js";

/** So long it may take to find out why there was no answer, in milliseconds. */
const LONGEST_REFUSAL = 5000;

/** A request of HTTP/1.1. */
export interface HttpRequest {
  method: "GET" | "POST";
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
}

/** What is answered. */
export interface HttpAnswer {
  status: number;
  body: AsyncIterable<Uint8Array>;
}

/** Asks, and gives the answer as soon as its head is there. */
export type Ask = (request: HttpRequest) => Promise<HttpAnswer>;

/** JSON-RPC by HTTP POST, and events by `GET /events`. */
export class HttpTransport implements Transport {
  readonly #ask: Ask;
  readonly #headers: Record<string, string>;

  constructor(ask: Ask, token?: string) {
    this.#ask = ask;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async exchange(message: unknown, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#ask({
      method: "POST",
      path: "/",
      headers: { ...this.#headers, "content-type": "application/json" },
      body: encode(message),
      signal,
    });
    const text = await whole(answer.body);
    if (answer.status !== 200) throw refusal(answer.status, text);
    return parsed(text);
  }

  async *follow(from: Cursor, signal: AbortSignal): AsyncGenerator<Item> {
    const query = new URLSearchParams({ after: String(from.after) });
    if (from.account !== undefined) query.set("account", from.account);
    const answer = await this.#ask({ method: "GET", path: `/events?${query}`, headers: this.#headers, signal });
    if (answer.status !== 200) throw refusal(answer.status, await whole(answer.body));
    for await (const event of serverSentEvents(answer.body)) yield item(event);
  }

  close(): void {
    // Nothing is held: each request has a connection of its own, or one of the platform's.
  }
}

function item(event: ServerSentEvent): Item {
  if (event.data === null) return { cursor: Number(event.id) };
  return { event: parsed(event.data) as EventInfo };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConnectionError("what was answered is not from ratchetd: is the URL right?", 200, { cause });
  }
}

/** Why a request is refused. The daemon says so in an error of JSON-RPC; what is before it, or another server, does not. */
function refusal(status: number, text: string): Error {
  let said: ErrorObject | null = null;
  try {
    said = (JSON.parse(text) as { error?: ErrorObject }).error ?? null;
  } catch {
    // It is no JSON.
  }
  // Nothing is wrong with a request of these, but with who makes it, or with the way.
  const isOfConnection = status === 401 || status === 403 || status === 408 || status >= 500;
  return said === null || isOfConnection ? refused(status, said) : new RatchetdError(said);
}

async function whole(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** Where a daemon listens with `--http`, and the token it asks for. */
export interface HttpOptions {
  /**
   * As `http://127.0.0.1:8645`; with a path, where a proxy has the daemon below one: what is asked for is `url` with `/`,
   * `/events` and `/livez` after it.
   */
  url: string;
  /** What is in `rpc.token`. */
  token: string;
}

/** The way over TCP, in browsers and in Node. A page's origin must be in `rpc.allowed_origins`. */
export function http({ url, token }: HttpOptions): HttpTransport {
  const base = checkedUrl(url, "http");
  const ask: Ask = async ({ method, path, headers, body, signal }) => {
    const init: RequestInit = { method, headers, signal, cache: "no-store", redirect: "error" };
    if (body !== undefined) init.body = body;
    let response: Response;
    try {
      response = await fetch(below(base, path), init);
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw await unanswered(base, cause);
    }
    return { status: response.status, body: chunks(response.body, signal) };
  };
  return new HttpTransport(ask, checkedToken(token));
}

/** The URL of what the daemon has at this path. */
function below(base: URL, path: string): URL {
  const url = new URL(base);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return new URL(`.${path}`, url);
}

/** The URL of a daemon: of this scheme, or of its secure form. */
export function checkedUrl(url: string, scheme: "http" | "ws"): URL {
  const example = `as ${scheme}://127.0.0.1:8645, where \`ratchetd serve --http 127.0.0.1:8645\` listens`;
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new TypeError(`url: not a URL (hint: give one ${example})`, { cause });
  }
  if (!parsed.protocol.startsWith(scheme)) throw new TypeError(`url: not of ${scheme} (hint: give one ${example})`);
  return parsed;
}

/** A token as a file holds it, without the end of its line. */
export function checkedToken(token: string): string {
  const trimmed = String(token ?? "").trim();
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    throw new TypeError("token: not one (hint: it is what rpc.token in the daemon's data directory holds)");
  }
  return trimmed;
}

/**
 * Why there was no answer. The platform does not say, and keeps from a page what was answered to one of an origin that is not
 * allowed. But it says whether there was an answer, if one asks for no more.
 */
async function unanswered(base: URL, cause: unknown): Promise<ConnectionError> {
  const livez = async (mode: RequestMode) => {
    try {
      return await fetch(below(base, "/livez"), { mode, cache: "no-store", signal: AbortSignal.timeout(LONGEST_REFUSAL) });
    } catch {
      return null;
    }
  };
  if ((await livez("no-cors")) === null) {
    const hint = `start one with \`ratchetd serve --http ${base.host}\`, or see where yours listens`;
    return new ConnectionError(`no daemon answers at ${base.origin}: ${hint}`, null, { cause });
  }
  const read = await livez("cors");
  // What cannot be read is refused, unless the daemon has gone in between: then there is no answer of either kind.
  const isRefused = read === null ? (await livez("no-cors")) !== null : read.status === 403;
  return isRefused ? refused(403, null, { cause }) : new ConnectionError("the connection to the daemon broke", null, { cause });
}

/** The chunks of a body. Not every browser can iterate over one. */
async function* chunks(body: ReadableStream<Uint8Array> | null, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    for (;;) {
      const chunk = await reader?.read();
      if (chunk === undefined || chunk.done) return;
      yield chunk.value;
    }
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new ConnectionError("the connection to the daemon broke", null, { cause });
  } finally {
    // Whoever leaves in the middle wants no more of it.
    reader?.cancel().catch(() => {});
  }
}
