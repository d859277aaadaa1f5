/**
 * A relay: it keeps what it is given under a content topic, and gives it to whoever asks for that topic.
 *
 *   node relay.ts [PORT]
 *
 *   POST /waku/1/0x…/rfc26            an envelope, as it is: 204
 *   GET  /waku/1/0x…/rfc26?after=N    what came after the Nth: {"next": M, "envelopes": ["0x…"]}
 *   GET  /arrivals?after=N            where anything came after the Nth: {"next": M, "topics": ["/waku/1/0x…/rfc26"]}; if nothing
 *                                     has, it is answered when something does, or after a while
 *   POST /blobs                       an encrypted file, as it is: {"blob": "0x…"}, its hash (docs/attachments.md)
 *   GET  /blobs/0x…                   that file
 *
 * Pages of every origin may call it. Numbers begin with the time of the start, so that they rise from one process to the next.
 *
 * It knows nobody. It cannot read what it carries, and has no say in who wrote it: it may lose envelopes, bring them twice, in another
 * order or to the wrong door, and all of that is for those at the ends to notice. What it sees is which topics are in use, when,
 * and how large the envelopes are. Everything is in memory, and gone with the process.
 *
 * A real one is a network, such as Waku; this one is for trying things out on one machine. Node 22.18 and later run it as it is.
 */

import { createHash } from "node:crypto";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

/** Where an envelope goes: the path of the request. */
const CONTENT_TOPIC = /^\/waku\/1\/0x[0-9a-f]{8}\/rfc26$/;
/** Where a file is. */
const BLOB = /^\/blobs\/0x[0-9a-f]{64}$/;
/** Largest envelope, in bytes: a message of the largest size, and what goes around it. */
const MAX_ENVELOPE_BYTES = 5 * 1024 * 1024;
/** Largest file, in bytes. */
const MAX_BLOB_BYTES = 32 * 1024 * 1024;
/** The pieces that a file is hashed in. */
const PIECE_BYTES = 1024 * 1024;
/** How long a question for arrivals waits for some, in milliseconds: less than proxies do. */
const LONGEST_WAIT = 25_000;
/** Most bytes that are kept. When there are more, the oldest go. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024;
/** Most bytes in one answer, unless one envelope has more: who gets fewer than there are asks again. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** An envelope that is kept under its content topic, or a file under its path. */
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
  /** Keeps an envelope that came by another way. */
  keep(topic: string, envelope: Uint8Array): void;
  stop(): Promise<void>;
}

/** How one is started. */
export interface RelayOptions {
  host?: string;
  /** A free one if none is named. */
  port?: number;
  /** How many bytes are kept. */
  keepBytes?: number;
  /**
   * Takes each envelope on to a network, of which this is the door: it fails if the network cannot have it, with a RangeError if
   * it is too large for it. Files are refused then: they would be at this door alone.
   */
  passOn?: (topic: string, envelope: Uint8Array) => Promise<void>;
  /** Is shown all that the relay sees. */
  watch?: (seen: Seen) => void;
}

/** Starts one. */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const { host = "127.0.0.1", port = 0, keepBytes = MAX_KEPT_BYTES, passOn, watch = () => {} } = options;
  let kept: Kept[] = [];
  let keptBytes = 0;
  let numbered = Date.now();
  /** Those who wait for arrivals. */
  const waiting = new Set<() => void>();

  function keep(topic: string, bytes: Buffer): void {
    numbered += 1;
    kept.push({ number: numbered, topic, bytes });
    keptBytes += bytes.length;
    while (keptBytes > keepBytes) keptBytes -= kept.shift()?.bytes.length ?? keptBytes;
    if (!CONTENT_TOPIC.test(topic)) return;
    for (const wake of waiting) wake();
    waiting.clear();
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

  function arrivals(last: number): { next: number; topics: string[] } {
    const came = kept.filter(({ number, topic }) => number > last && CONTENT_TOPIC.test(topic));
    return { next: Math.max(last, ...came.slice(-1).map(({ number }) => number)), topics: [...new Set(came.map(({ topic }) => topic))] };
  }

  /** Answers when something has come after the last one, or when it has waited for long enough. */
  function wait(last: number, answer: ServerResponse, end: (status: number, said: unknown) => void): void {
    if (arrivals(last).topics.length > 0) return end(200, arrivals(last));
    const wake = (): void => end(200, arrivals(last));
    const timer = setTimeout(wake, LONGEST_WAIT);
    waiting.add(wake);
    answer.once("close", () => {
      clearTimeout(timer);
      waiting.delete(wake);
    });
  }

  const server: Server = createServer((request, answer) => {
    // What is here is for whoever asks, and no request carries a secret.
    answer.setHeader("access-control-allow-origin", "*");
    const end = (status: number, said?: unknown): void => {
      answer.writeHead(status, said === undefined ? {} : { "content-type": "application/json" });
      answer.end(said === undefined ? undefined : `${JSON.stringify(said)}\n`);
    };
    const isBlob = request.url === "/blobs";
    read(request, isBlob ? MAX_BLOB_BYTES : MAX_ENVELOPE_BYTES).then(
      async (body) => {
        const { method = "", url = "" } = request;
        watch({ method, url, headers: request.rawHeaders, body });
        const [topic = "", query = ""] = url.split("?", 2);
        if (isBlob && method === "POST" && passOn === undefined) {
          if (body.length === 0) return end(400, { error: "the body is an encrypted file, as it is" });
          const blob = hashOf(body);
          if (!kept.some(({ topic }) => topic === `/blobs/${blob}`)) keep(`/blobs/${blob}`, body);
          return end(200, { blob });
        }
        if (BLOB.test(topic) && method === "GET") {
          const found = kept.find(({ topic: at }) => at === topic);
          if (found === undefined) return end(404, { error: "there is no such file, or not any more" });
          answer.writeHead(200, { "content-type": "application/octet-stream" });
          return void answer.end(found.bytes);
        }
        if (topic === "/arrivals" && method === "GET") {
          const last = new URLSearchParams(query).get("after") ?? "0";
          if (!/^\d{1,15}$/.test(last)) return end(400, { error: "after is the `next` of the answer before" });
          return wait(Number(last), answer, end);
        }
        if (!CONTENT_TOPIC.test(topic)) return end(404, { error: "the path is a content topic: /waku/1/0x, 8 hex digits, /rfc26" });
        if (method === "POST") {
          if (body.length === 0) return end(400, { error: "the body is an envelope, as it is" });
          try {
            await passOn?.(topic, body);
          } catch (error) {
            return end(error instanceof RangeError ? 413 : 502, { error: (error as Error).message });
          }
          keep(topic, body);
          return end(204);
        }
        if (method !== "GET") return end(405, { error: "POST an envelope, or GET those that are there" });
        const last = new URLSearchParams(query).get("after") ?? "0";
        if (!/^\d{1,15}$/.test(last)) return end(400, { error: "after is the `next` of the answer before" });
        return end(200, after(topic, Number(last)));
      },
      () => end(413, { error: `an envelope has at most ${MAX_ENVELOPE_BYTES} bytes, and a file ${MAX_BLOB_BYTES}` }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}`,
    keep: (topic, envelope) => keep(topic, Buffer.from(envelope)),
    async stop() {
      const stopped = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await stopped;
    },
  };
}

/** The hash of an encrypted file: that of the hashes of its pieces. */
function hashOf(file: Buffer): string {
  const all = createHash("sha256");
  for (let at = 0; at < file.length; at += PIECE_BYTES) {
    all.update(createHash("sha256").update(file.subarray(at, at + PIECE_BYTES)).digest());
  }
  return `0x${all.digest("hex")}`;
}

/** The body of a request. Of one that is too large the rest is not kept, and it is refused. */
async function read(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= maxBytes) parts.push(part);
  }
  if (bytes > maxBytes) throw new RangeError("too large");
  return Buffer.concat(parts);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , port = "8646"] = process.argv;
  const relay = await startRelay({ host: process.env.RELAY_HOST ?? "127.0.0.1", port: Number(port) });
  console.log(`relaying on ${relay.url}`);
}
