/** What there is in Node alone: the Unix socket. */

import { request } from "node:http";

import { ConnectionError } from "./errors.js";
import { type Ask, HttpTransport } from "./http.js";

export * from "./index.js";

/** Where the daemon's socket is if nothing else was said to it. */
export function defaultSocket(environment: Record<string, string | undefined> = process.env): string {
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
  const hints: Record<string, string> = {
    EACCES: "run as the daemon's own user, or widen the socket with --socket-mode",
    ECONNREFUSED: "start it with `ratchetd serve`",
    ENOENT: "start it with `ratchetd serve`, or name the socket where it listens",
  };
  const hint = hints[(cause as { code?: string }).code ?? ""];
  const message = hint ? `no daemon answers at ${path}: ${hint}` : "the connection to the daemon broke";
  return new ConnectionError(message, null, { cause });
}
