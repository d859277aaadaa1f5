/**
 * A door to a Waku network, for one person's frontend on this machine: what it posts goes to the network, and it asks for what came.
 *
 *   npm start -- [--listen [HOST:]PORT] [PORT [ADDRESS …]]
 *
 * PORT is where the frontend finds it, by the same requests as clients/typescript/examples/relay.ts. Each ADDRESS is another node, as
 * HOST:PORT or as a multiaddr; it is dialled until it answers, and again when it was gone. `--listen` says where other nodes dial this
 * one: a free port of this machine alone if it is left out.
 */

import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";

import { type Relay, type RelayOptions, startRelay } from "../../clients/typescript/examples/relay.js";
import { WakuNode } from "./waku.js";

const USAGE = "npm start -- [--listen [HOST:]PORT] [PORT [ADDRESS …]]";

/** A node with a door. */
export interface Door {
  readonly url: string;
  readonly node: WakuNode;
  stop(): Promise<void>;
}

export interface DoorOptions extends RelayOptions {
  /** Where other nodes dial this one, as `toMultiaddr` takes it. */
  listen?: string;
  /** Told why a node that was named does not answer. It is dialled again. */
  unanswered?: (address: string, reason: string) => void;
}

/** The content topics that are for frontends of ratchetd: others go by on the same shard. */
const CONTENT_TOPIC = /^\/waku\/1\/0x[0-9a-f]{8}\/rfc26$/;

/** Starts one, and follows the others. */
export async function startDoor(options: DoorOptions, others: readonly string[] = []): Promise<Door> {
  let relay: Relay | undefined;
  const addresses = others.map(toMultiaddr);
  const node = await WakuNode.start({
    ...(options.listen !== undefined && { listen: toMultiaddr(options.listen) }),
    received: (contentTopic, payload) => {
      if (CONTENT_TOPIC.test(contentTopic)) relay?.keep(contentTopic, payload);
    },
  });
  try {
    relay = await startRelay({ ...options, passOn: (topic, envelope) => node.publish(topic, envelope) });
  } catch (error) {
    await node.stop();
    throw error;
  }
  const door = relay;
  for (const address of addresses) void node.follow(address, (reason) => options.unanswered?.(address, reason));
  const stop = async () => {
    await door.stop();
    await node.stop();
  };
  return { url: door.url, node, stop };
}

/** What libp2p calls HOST:PORT, or a PORT of this machine alone. What is a multiaddr stays one. */
export function toMultiaddr(address: string): string {
  if (/^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d+(\/p2p\/[1-9A-HJ-NP-Za-km-z]+)?$/.test(address)) return address;
  const [, host = "127.0.0.1", port] = /^(?:([a-z0-9.-]+):)?(\d+)$/i.exec(address) ?? [];
  if (port === undefined || Number(port) > 65535) {
    throw new TypeError(`"${address}" is no address of a node, such as 127.0.0.1:60000 or /ip4/127.0.0.1/tcp/60000`);
  }
  return `/${/^[\d.]+$/.test(host) ? "ip4" : "dns4"}/${host}/tcp/${port}`;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { listen: { type: "string" } } });
  const [port = "8646", ...others] = positionals;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new TypeError(`"${port}" is no port`);
  const unanswered = (address: string, reason: string): void => console.log(`no node answers at ${address} (${reason}): it is dialled again`);
  const { url, node } = await startDoor({ port: Number(port), unanswered, ...values }, others);
  console.log(`the relay of a frontend is at ${url}`);
  for (const address of node.addresses) console.log(`another node dials ${address}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error: Error) => {
    const [taken] = /listen EADDRINUSE: .*/.exec(String(error)) ?? [];
    const how = taken === undefined ? "give it as" : "another program has that port: end it, or give another one";
    console.error(`${taken ?? error.message}\n${how}: ${USAGE}`);
    process.exit(1);
  });
}
