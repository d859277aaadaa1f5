import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { type Person, chat } from "../../../clients/typescript/examples/chat.js";
import { unixSocket } from "../../../clients/typescript/src/node.js";
import { Daemon } from "../../../clients/typescript/test/support.js";
import { type Door, startDoor, toMultiaddr } from "../main.js";

const TOPIC = "/waku/1/0xcd423760/rfc26";

async function door(port = 0, ...others: Door[]): Promise<Door> {
  const started = await startDoor({ port }, others.flatMap(({ node }) => node.addresses));
  after(() => started.stop().catch(() => {}));
  return started;
}

const post = async ({ url }: Door, topic: string, body: Uint8Array<ArrayBuffer>) => fetch(url + topic, { method: "POST", body });

/** What a door has, once it has so many. */
async function envelopes({ url }: { url: string }, count: number): Promise<string[]> {
  for (let seen = 0; ; ) {
    const { envelopes } = (await (await fetch(url + TOPIC)).json()) as { envelopes: string[] };
    if (envelopes.length >= count) return envelopes;
    seen = ((await (await fetch(`${url}/arrivals?after=${seen}`)).json()) as { next: number }).next;
  }
}

test("two people chat over two Waku nodes, and mail that is late comes from the store of the other", async () => {
  const alices = await door();
  const bobs = await door(0, alices);
  await Promise.all([alices.node.connected(), bobs.node.connected()]);
  const daemons = [await Daemon.start(), await Daemon.start()] as const;
  const lines: string[] = [];
  const [alice, bob] = await chat([unixSocket(daemons[0].socket), unixSocket(daemons[1].socket)], [alices.url, bobs.url], (line) => lines.push(line));
  const texts = ({ inbox }: Person) => [...inbox.values()].map(({ text }) => text);
  assert.deepEqual(texts(bob), ["Are you there?", "It is the same."]);
  assert.ok(lines.some((line) => /^both see [0-9 ]{60,}$/.test(line)), lines.join("\n"));

  // Bob's node is gone, with all that it had. He is written to, and writes while he is alone.
  const { port } = new URL(bobs.url);
  await bobs.stop();
  await alice.write(bob, "Are you away?");
  await alice.write(bob, "Then read this later.");
  const back = await door(Number(port));
  await bob.write(alice, "I was, and nobody hears me yet.");
  await back.node.dial(alices.node.addresses[0] as string);
  await bob.hear("Then read this later.");
  await alice.hear("I was, and nobody hears me yet.");
  assert.deepEqual(texts(bob).slice(2), ["Are you away?", "Then read this later."]);
  for (const person of [alice, bob]) person.leave();
});

test("what comes twice is kept once, and a node far away hears it through one between", async () => {
  const first = await door();
  const middle = await door(0, first);
  const last = await door(0, middle);
  await Promise.all([first.node.connected(), middle.node.connected(2), last.node.connected()]);
  for (const byte of [1, 2, 3]) assert.equal((await post(first, TOPIC, Uint8Array.of(byte))).status, 204);
  assert.deepEqual((await envelopes(last, 3)).sort(), ["0x01", "0x02", "0x03"]);
  // It is told of them again by the store of the first.
  await last.node.dial(first.node.addresses[0] as string);
  assert.equal((await post(middle, TOPIC, Uint8Array.of(4))).status, 204);
  assert.equal((await envelopes(last, 4)).length, 4);
});

test("what is said while a node joins reaches it through the one it joins", async () => {
  const speaker = await door();
  const middle = await door(0, speaker);
  await speaker.node.connected();
  const joining = await door(0, middle);
  let isJoined = false;
  void joining.node.connected().then(() => (isJoined = true));
  let said = 0;
  while (!isJoined) assert.equal((await post(speaker, TOPIC, Buffer.from(`${said++}`))).status, 204);
  assert.equal(new Set(await envelopes(joining, said)).size, said);
});

test("a store with many messages is caught up with in pages", async () => {
  const full = await door();
  for (let number = 0; number < 250; number++) await full.node.publish(TOPIC, Uint8Array.of(number));
  const late = await door(0, full);
  assert.equal(new Set(await envelopes(late, 250)).size, 250);
});

test("what is too large for Waku is refused, and so are files", async () => {
  const one = await door();
  assert.equal((await post(one, TOPIC, new Uint8Array(150 * 1024))).status, 413);
  assert.equal((await post(one, "/blobs", Uint8Array.of(1))).status, 404);
  assert.equal((await post(one, TOPIC, Uint8Array.of(1))).status, 204);
});

test("each of two nodes may go away and come back: who named the other one dials it again", async () => {
  const missing: string[] = [];
  const probe = await door();
  const [, port] = /tcp\/(\d+)/.exec(probe.node.addresses[0] as string) ?? [];
  await probe.stop();
  // The one that is named is not there yet.
  const second = await startDoor({ unanswered: (address) => missing.push(address) }, [`127.0.0.1:${port}`]);
  after(() => second.stop());
  assert.equal((await post(second, TOPIC, Uint8Array.of(1))).status, 204);
  for (const round of [1, 2]) {
    const first = await startDoor({ listen: `${port}` });
    assert.equal((await envelopes(first, round)).length, round);
    await second.node.connected();
    assert.equal((await post(first, TOPIC, Uint8Array.of(1 + round))).status, 204);
    assert.equal((await envelopes(second, 1 + round)).length, 1 + round);
    await first.stop();
  }
  assert.equal(missing[0], `/ip4/127.0.0.1/tcp/${port}`);
});

test("addresses are taken as people write them, and others are refused", () => {
  for (const [given, address] of [
    ["60000", "/ip4/127.0.0.1/tcp/60000"],
    ["0.0.0.0:60000", "/ip4/0.0.0.0/tcp/60000"],
    ["relay.example:1", "/dns4/relay.example/tcp/1"],
    ["/ip4/10.0.0.1/tcp/60000", "/ip4/10.0.0.1/tcp/60000"],
  ] as const) {
    assert.equal(toMultiaddr(given), address);
  }
  for (const wrong of ["", "127.0.0.1", "http://127.0.0.1:8646", "127.0.0.1:99999", "/ip4/127.0.0.1"]) {
    assert.throws(() => toMultiaddr(wrong), /is no address of a node, such as 127\.0\.0\.1:60000/);
  }
});

/** The program, with the arguments of a line. */
function run(line: string) {
  const program = fileURLToPath(new URL("../main.js", import.meta.url));
  const started = spawn(process.execPath, [program, ...line.split(" ").filter(Boolean)], { stdio: ["ignore", "pipe", "pipe"] });
  after(() => started.kill());
  return started;
}

async function opened(line: string): Promise<{ url: string; address: string }> {
  const lines = createInterface({ input: run(line).stdout })[Symbol.asyncIterator]();
  const { value: first = "" } = await lines.next();
  const [, url = ""] = /^the relay of a frontend is at (http:.*)$/.exec(first) ?? assert.fail(first);
  const { value: second = "" } = await lines.next();
  const [, address = ""] = /^another node dials (.*)$/.exec(second) ?? assert.fail(second);
  return { url, address };
}

test("`npm start` as the README has it starts two nodes that hear each other, and says where they are", async () => {
  const readme = readFileSync(new URL("../../../../README.md", import.meta.url), "utf8");
  const [one = "", two = ""] = [...readme.matchAll(/^npm start -- (.*)$/gm)].map(([, line]) => line);
  assert.ok(one.startsWith("--listen 60000 ") && two.endsWith(" 127.0.0.1:60000"), `${one}, ${two}`);
  // At ports that are free.
  const alices = await opened(one.replace("60000", "0").replace("8646", "0"));
  const [, port = ""] = /tcp\/(\d+)/.exec(alices.address) ?? [];
  const bobs = await opened(two.replace("8647", "0").replace("60000", port));
  const other = await startDoor({}, [bobs.address]);
  after(() => other.stop());
  await other.node.connected();
  assert.equal((await post(other, TOPIC, Uint8Array.of(7))).status, 204);
  assert.deepEqual(await envelopes(alices, 1), ["0x07"]);
});

test("what is wrong on the command line is said in two lines, with what to type", async () => {
  const taken = await door();
  const { port } = new URL(taken.url);
  for (const [line, says] of [
    [port, /^listen EADDRINUSE: .*\nanother program has that port: end it, or give another one: npm start -- .*\n$/],
    [`--listen ${port} 0`, /^listen EADDRINUSE: .*\nanother program has that port: end it, or give another one: npm start -- .*\n$/],
    ["nothing", /^"nothing" is no port\ngive it as: npm start -- .*\n$/],
    ["0 nobody", /^"nobody" is no address of a node, .*\ngive it as: npm start -- .*\n$/],
  ] as const) {
    const started = run(line);
    let said = "";
    for await (const part of started.stderr.setEncoding("utf8")) said += part;
    assert.match(said, says);
  }
});
