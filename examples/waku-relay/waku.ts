/**
 * A node of a Waku network: it relays messages (11/WAKU2-RELAY, which is gossipsub), keeps them for a while, and gives what it kept
 * to nodes that were away (13/WAKU2-STORE, version 3). A node that connects asks the others for what it has missed, and asks once more
 * when they begin to relay to it: what they heard in between comes on neither way.
 */

import { createHash } from "node:crypto";

import "./node20.js";
import { GossipSub, type GossipSubComponents } from "@chainsafe/libp2p-gossipsub";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import { type Libp2p, type PeerId, type Stream, TopicValidatorResult } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { WakuMessage, proto_store } from "@waku/proto";
import { lpStream } from "it-length-prefixed-stream";
import { createLibp2p } from "libp2p";

const RELAY = "/vac/waku/relay/2.0.0";
const STORE = "/vac/waku/store-query/3.0.0";
/** The largest message that nodes of Waku take, in bytes. */
const MAX_MESSAGE_BYTES = 150 * 1024;
/** Most bytes of messages that are kept. When there are more, the oldest go. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** Most messages in one answer of the store. */
const PAGE = 100;
/** How far the clocks of two nodes may be apart, in nanoseconds. */
const MAX_AHEAD = 20_000_000_000n;
/** How often a node that is gone is dialled, in milliseconds. */
const REDIAL = 1000;
/** The messages are encrypted (26/WAKU2-PAYLOAD): what is in them is an envelope. */
const VERSION = 1;

export interface WakuOptions {
  /** Where it listens. */
  listen?: string;
  /** The shard: only nodes that name the same one hear each other. */
  shard?: string;
  /** Told of each message once, those of this node left out. */
  received: (contentTopic: string, payload: Uint8Array) => void;
}

export class WakuNode {
  readonly #libp2p: Libp2p<{ pubsub: GossipSub }>;
  readonly #options: Required<WakuOptions>;
  /** By their hashes, the oldest first. */
  readonly #kept = new Map<string, WakuMessage>();
  #keptBytes = 0;

  private constructor(libp2p: Libp2p<{ pubsub: GossipSub }>, options: Required<WakuOptions>) {
    this.#libp2p = libp2p;
    this.#options = options;
  }

  static async start(given: WakuOptions): Promise<WakuNode> {
    const options = { listen: "/ip4/127.0.0.1/tcp/0", shard: "/waku/2/rs/16/32", ...given };
    const libp2p = await createLibp2p({
      addresses: { listen: [options.listen] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify(), pubsub: relay },
    });
    const node = new WakuNode(libp2p, options);
    const { pubsub } = libp2p.services;
    pubsub.topicValidators.set(options.shard, (_, { data }) => (node.#read(data) ? TopicValidatorResult.Accept : TopicValidatorResult.Reject));
    pubsub.addEventListener("message", ({ detail: { topic, data } }) => {
      const message = topic === options.shard ? node.#read(data) : null;
      if (message && node.#keep(message)) options.received(message.contentTopic, message.payload);
    });
    await libp2p.handle(STORE, ({ stream }) => void node.#answer(stream).catch(() => stream.abort(new Error("this is no query"))));
    // It may be gone again. Then it is asked when it comes back.
    const catchUp = (peer: PeerId | Multiaddr) => node.#catchUp(peer).catch(() => {});
    libp2p.addEventListener("peer:identify", ({ detail: { peerId, protocols } }) => {
      if (protocols.includes(STORE)) void catchUp(peerId);
    });
    // Only now it passes on what it hears, and what it has heard since the first query nobody else would tell.
    pubsub.addEventListener("gossipsub:graft", ({ detail }) => void catchUp(multiaddr(`/p2p/${detail.peerId}`)));
    pubsub.subscribe(options.shard);
    return node;
  }

  /** Where others can dial it. */
  get addresses(): string[] {
    return this.#libp2p.getMultiaddrs().map(String);
  }

  /** Waits until so many nodes relay what this one says. */
  async connected(nodes = 1): Promise<void> {
    const { pubsub } = this.#libp2p.services;
    while (pubsub.getMeshPeers(this.#options.shard).length < nodes) {
      await new Promise((resolve) => pubsub.addEventListener("gossipsub:graft", resolve, { once: true }));
    }
  }

  async dial(address: string): Promise<void> {
    await this.#libp2p.dial(multiaddr(address));
  }

  /** Dials a node, and again whenever it is gone, until this one is stopped. Told, once each time, why there is no answer. */
  async follow(address: string, unanswered: (reason: string) => void): Promise<void> {
    const where = multiaddr(address);
    const stopped = new Promise<void>((resolve) => this.#libp2p.addEventListener("stop", () => resolve(), { once: true }));
    let isTold = false;
    while (this.#libp2p.status === "started") {
      try {
        const connection = await this.#libp2p.dial(where);
        isTold = false;
        while (connection.status === "open" && this.#libp2p.status === "started") await Promise.race([pause(), stopped]);
      } catch (error) {
        if (!isTold && this.#libp2p.status === "started") unanswered((error as Error).message);
        isTold = true;
        await Promise.race([pause(), stopped]);
      }
    }
  }

  /** Says something to the network. If nobody is connected, whoever connects later finds it in the store. */
  async publish(contentTopic: string, payload: Uint8Array): Promise<void> {
    const message: WakuMessage = { payload, contentTopic, version: VERSION, timestamp: now() };
    const data = WakuMessage.encode(message);
    if (data.length > MAX_MESSAGE_BYTES) throw new RangeError(`a message of Waku has at most ${MAX_MESSAGE_BYTES} bytes`);
    this.#keep(message);
    await this.#libp2p.services.pubsub.publish(this.#options.shard, data);
  }

  async stop(): Promise<void> {
    await this.#libp2p.stop();
  }

  /** A message that is one; null if it is none, or dated ahead so that it would be the newest for long. */
  #read(data: Uint8Array): WakuMessage | null {
    try {
      if (data.length > MAX_MESSAGE_BYTES) return null;
      const message = WakuMessage.decode(data);
      return message.contentTopic !== "" && (message.timestamp ?? 0n) <= now() + MAX_AHEAD ? message : null;
    } catch {
      return null;
    }
  }

  /** Whether it is new. */
  #keep(message: WakuMessage): boolean {
    const hash = hex(this.#hash(message));
    if (this.#kept.has(hash)) return false;
    if (message.ephemeral) return true;
    this.#kept.set(hash, message);
    this.#keptBytes += message.payload.length;
    for (const [oldest, { payload }] of this.#kept) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= payload.length;
    }
    return true;
  }

  /** What names a message for everybody (14/WAKU2-MESSAGE). */
  #hash({ payload, contentTopic, meta, timestamp }: WakuMessage): Buffer {
    const time = Buffer.alloc(timestamp === undefined ? 0 : 8);
    if (timestamp !== undefined) time.writeBigInt64BE(timestamp);
    const parts = [Buffer.from(this.#options.shard), payload, Buffer.from(contentTopic), meta ?? Buffer.alloc(0), time];
    return createHash("sha256").update(Buffer.concat(parts)).digest();
  }

  // The store.

  /** Answers a query of another node: with a page of what is kept, in the order of the messages' times. */
  async #answer(stream: Stream): Promise<void> {
    const wire = lpStream(stream, { maxDataLength: MAX_MESSAGE_BYTES });
    const query = proto_store.StoreQueryRequest.decode(await wire.read());
    const { requestId, includeData, contentTopics, messageHashes, paginationCursor, paginationForward, timeStart = 0n, timeEnd } = query;
    const named = new Set(messageHashes.map(hex));
    const found = [...this.#kept]
      .map(([hash, message]) => ({ hash, message, time: message.timestamp ?? 0n }))
      .filter(({ hash, message: { contentTopic }, time }) =>
        named.size > 0 ? named.has(hash)
        : (contentTopics.length === 0 || contentTopics.includes(contentTopic)) && time >= timeStart && (timeEnd === undefined || time < timeEnd))
      .sort((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : one.hash < other.hash ? -1 : 1));
    if (!paginationForward) found.reverse();
    const cursor = paginationCursor && hex(paginationCursor);
    const from = cursor === undefined ? 0 : found.findIndex(({ hash }) => hash === cursor) + 1;
    const isLost = cursor !== undefined && from === 0;
    const limit = Math.min(Number(query.paginationLimit ?? 0n) || PAGE, PAGE);
    const page = isLost ? [] : found.slice(from, from + limit);
    const last = from + page.length < found.length ? page.at(-1) : undefined;
    const { shard } = this.#options;
    await wire.write(proto_store.StoreQueryResponse.encode({
      requestId,
      statusCode: isLost ? 400 : 200,
      statusDesc: isLost ? "there is no such cursor, or not any more" : "OK",
      messages: page.map(({ hash, message }) => ({ messageHash: Buffer.from(hash, "hex"), ...(includeData ? { message, pubsubTopic: shard } : {}) })),
      ...(last && { paginationCursor: Buffer.from(last.hash, "hex") }),
    }));
    await stream.close();
  }

  /** Asks another node for what it has and this one has not: first for the hashes, then for what is missing. */
  async #catchUp(peer: PeerId | Multiaddr): Promise<void> {
    let cursor: Uint8Array | undefined;
    do {
      const page = await this.#query(peer, { includeData: false, ...(cursor && { paginationCursor: cursor }) });
      const missing = page.messages.flatMap(({ messageHash }) => (messageHash && !this.#kept.has(hex(messageHash)) ? [messageHash] : []));
      const { messages } = missing.length > 0 ? await this.#query(peer, { includeData: true, messageHashes: missing }) : { messages: [] };
      for (const { message: said } of messages) {
        const message = said && this.#read(WakuMessage.encode(said));
        if (message && this.#keep(message)) this.#options.received(message.contentTopic, message.payload);
      }
      cursor = page.paginationCursor;
    } while (cursor !== undefined);
  }

  async #query(peer: PeerId | Multiaddr, query: Partial<proto_store.StoreQueryRequest>): Promise<proto_store.StoreQueryResponse> {
    const stream = await this.#libp2p.dialProtocol(peer, STORE);
    try {
      const wire = lpStream(stream, { maxDataLength: PAGE * MAX_MESSAGE_BYTES });
      await wire.write(proto_store.StoreQueryRequest.encode({
        requestId: crypto.randomUUID(), pubsubTopic: this.#options.shard, paginationForward: true, paginationLimit: BigInt(PAGE), ...query,
      }));
      const answer = proto_store.StoreQueryResponse.decode(await wire.read());
      if (answer.statusCode !== 200) throw new Error(`the store answers ${answer.statusCode}: ${answer.statusDesc}`);
      return answer;
    } finally {
      await stream.close();
    }
  }
}

/** Gossipsub as Waku has it: under its own name, without signatures, and messages named by their hashes. */
function relay(components: GossipSubComponents): GossipSub {
  const gossipsub = new GossipSub(components, {
    globalSignaturePolicy: "StrictNoSign",
    allowPublishToZeroTopicPeers: true,
    fallbackToFloodsub: false,
    msgIdFn: ({ data }) => createHash("sha256").update(data).digest(),
  });
  gossipsub.multicodecs = [RELAY];
  return gossipsub;
}

function pause(): Promise<unknown> {
  return new Promise((resolve) => setTimeout(resolve, REDIAL).unref());
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
