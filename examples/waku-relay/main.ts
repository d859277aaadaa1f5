/**
 * A door to a Waku network, for one person's frontend on this machine: what it posts goes to the network, and it asks for what came.
 *
 *   npm start -- [PORT [ADDRESS …]]
 *
 * PORT is where the frontend finds it, by the same requests as clients/typescript/examples/relay.ts; each ADDRESS is another node.
 */

import { fileURLToPath } from "node:url";

import { type Relay, type RelayOptions, startRelay } from "../../clients/typescript/examples/relay.js";
import { WakuNode } from "./waku.js";

/** A node with a door. */
export interface Door {
  readonly url: string;
  readonly node: WakuNode;
  stop(): Promise<void>;
}

/** The content topics that are for frontends of ratchetd: others go by on the same shard. */
const CONTENT_TOPIC = /^\/waku\/1\/0x[0-9a-f]{8}\/rfc26$/;

/** Starts one, and dials the others. */
export async function startDoor(options: RelayOptions, others: readonly string[] = []): Promise<Door> {
  let relay: Relay | undefined;
  const node = await WakuNode.start({
    received: (contentTopic, payload) => {
      if (CONTENT_TOPIC.test(contentTopic)) relay?.keep(contentTopic, payload);
    },
  });
  const door = await startRelay({ ...options, passOn: (topic, envelope) => node.publish(topic, envelope) });
  relay = door;
  for (const other of others) await node.dial(other);
  const stop = async () => {
    await door.stop();
    await node.stop();
  };
  return { url: door.url, node, stop };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port = "8646", ...others] = process.argv.slice(2);
  const { url, node } = await startDoor({ port: Number(port) }, others);
  console.log(`the relay of a frontend is at ${url}`);
  for (const address of node.addresses) console.log(`another node dials ${address}`);
}
