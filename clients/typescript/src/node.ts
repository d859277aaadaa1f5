/** What there is in Node alone: the Unix socket, and a WebSocket in all versions. */

import { request } from "node:http";

import { WebSocket } from "ws";

import { ConnectionError } from "./errors.js";
import { type Ask, HttpTransport } from "./http.js";
import { type WebSocketLike, type WebSocketOptions, WebSocketTransport, webSocket as onPlatform } from "./websocket.js";

export * from "./index.js";

/** Where the daemon's socket is if nothing else was said to it. */
export function defaultSocket(environment: NodeJS.ProcessEnv = process.env): string {
  const { RATCHETD_SOCKET, RATCHETD_DATA_DIR, XDG_RUNTIME_DIR, XDG_DATA_HOME, HOME } = environment;
  if (RATCHETD_SOCKET) return RATCHETD_SOCKET;
  if (XDG_RUNTIME_DIR) return `${XDG_RUNTIME_DIR}/ratchetd.sock`;
  if (RATCHETD_DATA_DIR) return `${RATCHETD_DATA_DIR}/ratchetd.sock`;
  return `${XDG_DATA_HOME || `${HOME ?? ""}/.local/share`}/ratchetd/ratchetd.sock`;
}

/** The way over the daemon's Unix socket, by HTTP. It needs no token: the daemon knows the user. */
export function unixSocket(path: string = defaultSocket()): HttpTransport {
  const ask: Ask = ({ method, path: target, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const fail = (cause: unknown) => reject(signal.aborted ? signal.reason : unreachable(path, cause));
      const options = { socketPath: path, method, path: target, headers: { ...headers, host: "localhost" }, signal };
      const asked = request(options, (answer) => {
        resolve({ status: answer.statusCode ?? 0, body: unbroken(answer, signal) });
      });
      asked.on("error", fail);
      asked.end(body);
    });
  return new HttpTransport(ask);
}

async function* unbroken(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new ConnectionError("the connection to the daemon broke", null, { cause });
  }
}

function unreachable(path: string, cause: unknown): ConnectionError {
  const isForbidden = (cause as NodeJS.ErrnoException).code === "EACCES";
  const hint = isForbidden ? "run as the daemon's own user, or widen the socket with --socket-mode" : "start it with `ratchetd serve`";
  return new ConnectionError(`no daemon answers at ${path}: ${hint}`, null, { cause });
}

/** The way over a WebSocket on the daemon's Unix socket. */
export function unixWebSocket(path: string = defaultSocket()): WebSocketTransport {
  return new WebSocketTransport(() => new WebSocket(`ws+unix:${path}:/`) as WebSocketLike);
}

/** The way over a WebSocket on TCP. */
export function webSocket(options: WebSocketOptions): WebSocketTransport {
  return onPlatform({ WebSocket: WebSocket as unknown as NonNullable<WebSocketOptions["WebSocket"]>, ...options });
}
