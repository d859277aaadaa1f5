/**
 * A relay: it keeps what it is given under a content topic, and gives it to whoever asks for that topic.
 *
 *   node relay.ts [PORT]
 *
 *   POST /waku/1/0x…/rfc26            an envelope, as it is: 204
 *   GET  /waku/1/0x…/rfc26?after=N    what came after the Nth: {"next": M, "envelopes": ["0x…"]}
 *
 * It knows nobody. It cannot read what it carries, and has no say in who wrote it: it may lose envelopes, bring them twice, in another
 * order or to the wrong door, and all of that is for those at the ends to notice. What it sees is which topics are in use, when,
 * and how large the envelopes are. Everything is in memory, and gone with the process.
 *
 * A real one is a network, such as Waku; this one is for trying things out on one machine. Node 22.18 and later run it as it is.
 */

import { type IncomingMessage, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

/** Where an envelope goes: the path of the request. */
const CONTENT_TOPIC = /^\/waku\/1\/0x[0-9a-f]{8}\/rfc26$/;
/** Largest envelope, in bytes: a message of the largest size, and what goes around it. */
const MAX_ENVELOPE_BYTES = 5 * 1024 * 1024;
/** Most bytes that are kept. When there are more, the oldest go. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024;
/** Most bytes in one answer, unless one envelope has more: who gets fewer than there are asks again. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** An envelope that is kept. */
interface Kept {
  number: number;
  topic: string;
  bytes: Buffer;
}

/** Everything there is to know of a request: what the relay sees. */
export interface Seen {
  method: string;
  url: string;
  headers: string[];
  body: Buffer;
}

/** A relay that listens. */
export interface Relay {
  readonly url: string;
  stop(): Promise<void>;
}

/** How one is started. */
export interface RelayOptions {
  host?: string;
  /** A free one if none is named. */
  port?: number;
  /** How many bytes are kept. */
  keepBytes?: number;
  /** Is shown all that the relay sees. */
  watch?: (seen: Seen) => void;
}

/** Starts one. */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const { host = "127.0.0.1", port = 0, keepBytes = MAX_KEPT_BYTES, watch = () => {} } = options;
  let kept: Kept[] = [];
  let keptBytes = 0;
  let numbered = 0;

  function keep(topic: string, bytes: Buffer): void {
    numbered += 1;
    kept.push({ number: numbered, topic, bytes });
    keptBytes += bytes.length;
    while (keptBytes > keepBytes) keptBytes -= kept.shift()?.bytes.length ?? keptBytes;
  }

  function after(topic: string, last: number): { next: number; envelopes: string[] } {
    const envelopes: string[] = [];
    let next = last;
    let room = MAX_ANSWER_BYTES;
    for (const { number, topic: at, bytes } of kept) {
      if (number <= last || at !== topic) continue;
      room -= bytes.length;
      if (room < 0 && envelopes.length > 0) break;
      envelopes.push(`0x${bytes.toString("hex")}`);
      next = number;
    }
    return { next, envelopes };
  }

  const server: Server = createServer((request, answer) => {
    const end = (status: number, said?: unknown): void => {
      answer.writeHead(status, said === undefined ? {} : { "content-type": "application/json" });
      answer.end(said === undefined ? undefined : `${JSON.stringify(said)}\n`);
    };
    read(request).then(
      (body) => {
        const { method = "", url = "" } = request;
        watch({ method, url, headers: request.rawHeaders, body });
        const [topic = "", query = ""] = url.split("?", 2);
        if (!CONTENT_TOPIC.test(topic)) return end(404, { error: "the path is a content topic: /waku/1/0x, 8 hex digits, /rfc26" });
        if (method === "POST") {
          if (body.length === 0) return end(400, { error: "the body is an envelope, as it is" });
          keep(topic, body);
          return end(204);
        }
        if (method !== "GET") return end(405, { error: "POST an envelope, or GET those that are there" });
        const last = new URLSearchParams(query).get("after") ?? "0";
        if (!/^\d{1,15}$/.test(last)) return end(400, { error: "after is the `next` of the answer before" });
        return end(200, after(topic, Number(last)));
      },
      () => end(413, { error: `an envelope has at most ${MAX_ENVELOPE_BYTES} bytes` }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}`,
    async stop() {
      const stopped = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await stopped;
    },
  };
}

/** The body of a request. Of one that is too large the rest is not kept, and it is refused. */
async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= MAX_ENVELOPE_BYTES) parts.push(part);
  }
  if (bytes > MAX_ENVELOPE_BYTES) throw new RangeError("too large");
  return Buffer.concat(parts);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , port = "8646"] = process.argv;
  const relay = await startRelay({ host: process.env.RELAY_HOST ?? "127.0.0.1", port: Number(port) });
  console.log(`relaying on ${relay.url}`);
}
