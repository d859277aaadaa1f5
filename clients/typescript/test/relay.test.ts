import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { type Seen, startRelay } from "../examples/relay.js";
import { decryptBlob, encryptBlob } from "../src/index.js";

const TOPIC = "/waku/1/0xcd423760/rfc26";
const OTHER = "/waku/1/0x00000001/rfc26";

async function relay(keepBytes = 1 << 30) {
  const seen: Seen[] = [];
  const started = await startRelay({ keepBytes, watch: (request) => seen.push(request) });
  after(() => started.stop());
  const post = async (topic: string, body: Uint8Array<ArrayBuffer>) => (await fetch(started.url + topic, { method: "POST", body })).status;
  const get = async (path: string) => (await fetch(started.url + path)).json() as Promise<{ next: number; envelopes: string[] }>;
  return { url: started.url, seen, post, get };
}

test("the relay gives what came under a topic, in order, and what came after", async () => {
  const { post, get, seen } = await relay();
  assert.deepEqual(await get(TOPIC), { next: 0, envelopes: [] });
  for (const byte of [0, 1, 2]) {
    assert.equal(await post(TOPIC, Uint8Array.of(0xff, byte)), 204);
    assert.equal(await post(OTHER, Uint8Array.of(0xee, byte)), 204);
  }
  const first = await get(TOPIC);
  assert.deepEqual(first.envelopes, ["0xff00", "0xff01", "0xff02"]);
  assert.deepEqual((await get(OTHER)).envelopes, ["0xee00", "0xee01", "0xee02"]);
  assert.equal(await post(TOPIC, Uint8Array.of(0xff, 3)), 204);
  const second = await get(`${TOPIC}?after=${first.next}`);
  assert.deepEqual(second.envelopes, ["0xff03"]);
  assert.deepEqual(await get(`${TOPIC}?after=${second.next}`), { next: second.next, envelopes: [] });
  assert.equal(seen.length, 12);
  assert.deepEqual([...(seen[1]?.body ?? [])], [0xff, 0]);
});

test("the relay gives large ones in several answers, and none is lost or comes twice", async () => {
  const { post, get } = await relay();
  for (let byte = 1; byte <= 3; byte += 1) assert.equal(await post(TOPIC, new Uint8Array(4 << 20).fill(byte)), 204);
  const came: number[] = [];
  for (let last = 0; ; ) {
    const { next, envelopes } = await get(`${TOPIC}?after=${last}`);
    if (envelopes.length === 0) break;
    assert.ok(envelopes.length <= 2);
    came.push(...envelopes.map((envelope) => Number(envelope.slice(0, 4))));
    last = next;
  }
  assert.deepEqual(came, [1, 2, 3]);
});

test("the relay forgets the oldest when it is full", async () => {
  const { post, get } = await relay(3);
  for (const byte of [1, 2, 3, 4]) assert.equal(await post(byte % 2 === 0 ? TOPIC : OTHER, Uint8Array.of(byte)), 204);
  assert.deepEqual((await get(OTHER)).envelopes, ["0x03"]);
  assert.deepEqual((await get(TOPIC)).envelopes, ["0x02", "0x04"]);
});

test("the relay refuses what is no envelope under a content topic, and goes on", async () => {
  const { url, post, get } = await relay();
  for (const path of ["/", "/waku/1/0xCD423760/rfc26", "/waku/1/0xcd4237/rfc26", `/x${TOPIC}`, "//[", `${TOPIC}/`]) {
    assert.equal(await post(path, Uint8Array.of(1)), 404, path);
  }
  assert.equal(await post(TOPIC, new Uint8Array()), 400);
  assert.equal(await post(TOPIC, new Uint8Array((5 << 20) + 1)), 413);
  for (const last of ["-1", "x", "1e3", "9".repeat(20)]) assert.equal((await fetch(`${url}${TOPIC}?after=${last}`)).status, 400, last);
  assert.equal((await fetch(url + TOPIC, { method: "DELETE" })).status, 405);
  assert.deepEqual(await get(TOPIC), { next: 0, envelopes: [] });
});

test("whoever waits is told where something has come, at once, and nobody else's file is in the way", async () => {
  const { url, post, get } = await relay();
  const arrivals = (after: number) => get(`/arrivals?after=${after}`) as Promise<unknown> as Promise<{ next: number; topics: string[] }>;
  const waiting = arrivals(0);
  assert.equal((await fetch(`${url}/blobs`, { method: "POST", body: "a file" })).status, 200);
  await post(OTHER, Uint8Array.of(1));
  const first = await waiting;
  assert.deepEqual(first.topics, [OTHER]);
  await post(TOPIC, Uint8Array.of(2));
  await post(TOPIC, Uint8Array.of(3));
  await post(OTHER, Uint8Array.of(4));
  // What is there already is told without waiting.
  assert.deepEqual((await arrivals(first.next)).topics, [TOPIC, OTHER]);
  assert.equal((await arrivals(first.next)).next, (await get(OTHER)).next);
  for (const last of ["-1", "x", "9".repeat(20)]) assert.equal((await fetch(`${url}/arrivals?after=${last}`)).status, 400, last);
});

test("numbers go on where those of the relay before it ended", async () => {
  const [before, after] = [await relay(), await relay()];
  await before.post(TOPIC, Uint8Array.of(1));
  const { next } = await before.get(TOPIC);
  await after.post(TOPIC, Uint8Array.of(2));
  assert.deepEqual((await after.get(`${TOPIC}?after=${next - 1}`)).envelopes, ["0x02"]);
});

test("an encrypted file is found by its hash, from a page of any origin", async () => {
  const { url } = await relay();
  const { ciphertext, reference } = encryptBlob(new Uint8Array(3 << 20).fill(7));
  const file = await new Response(ciphertext).blob();
  const { hash } = await reference;
  for (let time = 0; time < 2; time += 1) {
    const answer = await fetch(`${url}/blobs`, { method: "POST", body: file });
    assert.deepEqual(await answer.json(), { blob: hash });
  }
  const found = await fetch(`${url}/blobs/${hash}`);
  assert.equal(found.headers.get("access-control-allow-origin"), "*");
  assert.equal((await new Response(decryptBlob(found.body!, await reference)).blob()).size, 3 << 20);
  for (const path of [`/blobs/0x${"0".repeat(64)}`, "/blobs/", "/blobs"]) assert.equal((await fetch(url + path)).status, 404, path);
  assert.equal((await fetch(`${url}/blobs`, { method: "POST", body: "" })).status, 400);
});

test("the relay is a program too", async () => {
  const program = fileURLToPath(new URL("../examples/relay.js", import.meta.url));
  const process_ = spawn(process.execPath, [program, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  after(() => process_.kill());
  for await (const line of createInterface({ input: process_.stdout })) {
    const [, url] = /^relaying on (http:.*)$/.exec(line) ?? [];
    assert.ok(url, line);
    assert.equal((await fetch(url + TOPIC, { method: "POST", body: "x" })).status, 204);
    return;
  }
  assert.fail("it did not start");
});
