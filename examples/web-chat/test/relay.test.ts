/** What the page makes of a relay whose answers are cut off. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";

import { HttpRelay, RelayError } from "../src/relay.js";

test("an answer that is cut off is the signal's, or one that the relay did not give", async () => {
  let began = (): void => {};
  const server = createServer((request, answer) => {
    answer.writeHead(200, { "content-type": "application/json" });
    answer.write('{"next": 1,', () => began());
    if (request.url?.startsWith("/1/")) setImmediate(() => answer.destroy());
  });
  after(() => (server.closeAllConnections(), server.close()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const relay = new HttpRelay(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  const [rings, rung] = [new AbortController(), new Error("rung")];
  const begun = new Promise<void>((resolve) => (began = resolve));
  const waiting = relay.arrivals(0, rings.signal);
  waiting.catch(() => {});
  await begun;
  rings.abort(rung);
  await assert.rejects(waiting, (error) => error === rung);

  await assert.rejects(relay.fetch("/1/topic", 0), (error) => error instanceof RelayError && !error.isRefusal);
});
