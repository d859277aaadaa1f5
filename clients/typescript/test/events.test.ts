import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, type EventInfo } from "../src/node.js";
import { Daemon } from "./support.js";

/** Makes one event each time: the other device is disabled, or enabled. */
async function toggles(daemon: Daemon): Promise<() => Promise<void>> {
  const client = daemon.client();
  await client.call("account_create", { account: "alice" });
  const { publicKey: identity, installationId } = await client.call("account_create", { account: "bob" });
  const { bundle } = await client.call("bundle_get", { account: "bob" });
  await client.call("bundle_import", { account: "alice", bundle });
  let isEnabled = true;
  return async () => {
    const method = isEnabled ? "installation_disable" : "installation_enable";
    await client.call(method, { account: "alice", identity, installationId });
    isEnabled = !isEnabled;
  };
}

/** Waits for nothing. */
const atOnce = async () => {};

test("events come from where the reader was, also across kills of the daemon, none twice and none left out", async () => {
  for (const way of Object.keys((await Daemon.start()).ways())) {
    const daemon = await Daemon.start();
    const toggle = await toggles(daemon);
    const client = new Client(daemon.ways()[way]!);
    let interruptions = 0;
    const { newestEvent: after } = await client.call("system_status");
    const events = client.events({
      account: "alice",
      after,
      delay: atOnce,
      onInterruption: () => {
        interruptions += 1;
      },
    });
    const seen: EventInfo[] = [];
    for (let round = 0; round < 3; round++) {
      await toggle();
      seen.push((await events.next()).value as EventInfo);
      await toggle();
      await daemon.kill();
      const next = events.next();
      await daemon.restart();
      seen.push((await next).value as EventInfo);
    }
    await events.return();
    client.close();
    const expected = Array.from({ length: 3 }, () => ["installation.disabled", "installation.enabled"]).flat();
    assert.deepEqual(seen.map(({ type }) => type), expected, way);
    const numbers = seen.map(({ seq }) => seq);
    assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b), way);
    assert.ok(interruptions >= 0);
  }
});

test("only what is still to come is told, if nothing else is asked for", async () => {
  const daemon = await Daemon.start();
  const toggle = await toggles(daemon);
  const before = (await daemon.client().call("system_status")).newestEvent;
  for (const [way, transport] of Object.entries(daemon.ways())) {
    const client = new Client(transport);
    const next = client.events({ account: "alice" }).next();
    let event: EventInfo | undefined;
    next.then(({ value }) => (event = value as EventInfo));
    // When the reader has begun is not to be seen from here.
    while (event === undefined) await toggle();
    assert.ok(event.seq > before, way);
    client.close();
  }
});

test("what is kept is told from the beginning, and by its type one knows what it holds", async () => {
  const daemon = await Daemon.start();
  await toggles(daemon);
  for (const [way, transport] of Object.entries(daemon.ways())) {
    const client = new Client(transport);
    for await (const event of client.events({ account: "*", after: 0 })) {
      if (event.type !== "installation.discovered") continue;
      assert.equal(event.data.own, false, way);
      break;
    }
    client.close();
  }
});

test("a reader who is slow gets everything, and a cursor of elsewhere is told as lagged", async () => {
  const daemon = await Daemon.start();
  const toggle = await toggles(daemon);
  const { newestEvent: newest } = await daemon.client().call("system_status");
  const TOGGLES = 1200;
  for (let count = 0; count < TOGGLES; count++) await toggle();
  for (const [way, transport] of Object.entries(daemon.ways())) {
    const client = new Client(transport);
    const seen: number[] = [];
    for await (const event of client.events({ account: "alice", after: newest, delay: atOnce })) {
      seen.push(event.seq);
      // Others come in meanwhile.
      await Promise.resolve();
      if (seen.length === TOGGLES) break;
    }
    assert.deepEqual(seen, [...new Set(seen)].sort((a, b) => a - b), way);
    const types: string[] = [];
    for await (const event of client.events({ account: "alice", after: 10 ** 9, delay: atOnce })) {
      types.push(event.type);
      if (types.length === 2) break;
    }
    assert.equal(types[0], "lagged", way);
    assert.notEqual(types[1], "lagged", way);
    client.close();
  }
});

test("a stream ends when it is told to, and when trying again does not help", async () => {
  const daemon = await Daemon.start();
  const toggle = await toggles(daemon);
  for (const [way, transport] of Object.entries(daemon.ways())) {
    const client = new Client(transport);
    const controller = new AbortController();
    const events = client.events({ account: "alice", signal: controller.signal, after: 0 });
    assert.equal((await events.next()).done, false, way);
    const rest = (async () => {
      for await (const _ of events);
    })();
    controller.abort();
    await rest;
    await assert.rejects(client.events({ account: "nobody" }).next(), /account/, way);
    await toggle();
    client.close();
  }
  await daemon.kill();
  const interrupted = new AbortController();
  const waiting = new Client(daemon.ways()["http"]!).events({
    signal: interrupted.signal,
    delay: async () => interrupted.abort(),
  });
  assert.equal((await waiting.next()).done, true, "it would have waited for the daemon to come back");
});
