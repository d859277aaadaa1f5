import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Person, chat } from "../examples/chat.js";
import { type Seen, startRelay } from "../examples/relay.js";
import { type Transport, unixSocket } from "../src/node.js";
import { Daemon, POST_QUANTUM_ONLY, RATCHETD } from "./support.js";

test("the example chats over every way, both read all, and both see one safety number", async () => {
  for (const way of Object.keys((await Daemon.start()).ways())) {
    const daemons = [await Daemon.start(), await Daemon.start()] as const;
    const lines: string[] = [];
    const seen: Seen[] = [];
    const relay = await startRelay({ watch: (request) => seen.push(request) });
    const ways: [Transport, Transport] = [daemons[0].ways()[way]!, daemons[1].ways()[way]!];
    const [alice, bob] = await chat(ways, relay.url, (line) => lines.push(line));
    await relay.stop();
    const texts = ({ inbox }: Person) => [...inbox.values()].map(({ text }) => text);
    assert.deepEqual(texts(bob), ["Are you there?", "It is the same."], way);
    assert.deepEqual(texts(alice), ["I am. Read me the safety number?"], way);
    assert.ok(lines.some((line) => /^both see [0-9 ]{60,}$/.test(line)), lines.join("\n"));
    assert.ok(!lines.some((line) => line.includes("without forward secrecy")), lines.join("\n"));
    assert.ok(lines.some((line) => line.includes("suite x25519-mlkem768 is established")), lines.join("\n"));
    // All that the relay was shown, as text and as hex, names neither of them and says nothing of what they wrote.
    const shown = seen.map(({ method, url, headers, body }) => `${method} ${url} ${headers.join(" ")} ${body.toString("hex")} ${body.toString("latin1")}`);
    const sent = seen.filter(({ method }) => method === "POST");
    assert.equal(sent.length, 3, way);
    for (const { url } of sent) assert.match(url, /^\/waku\/1\/0x[0-9a-f]{8}\/rfc26$/);
    const topics = new Set(sent.map(({ url }) => url));
    assert.equal(topics.size, 2, "the first goes to Bob's part of all, the others where only the two can tell");
    for (const person of [alice, bob]) {
      const known = [person.key.slice(2), person.key.slice(4, 68), person.name, ...texts(person)];
      for (const word of known) assert.ok(!shown.some((text) => text.includes(word)), word);
      person.leave();
    }
  }
});

test("what is withheld for want of a KEM prekey goes when that has come", async () => {
  const daemons = [await Daemon.start(POST_QUANTUM_ONLY), await Daemon.start(POST_QUANTUM_ONLY)] as const;
  const lines: string[] = [];
  const relay = await startRelay();
  const [alice, bob] = daemons.map((daemon, index) => new Person(["alice", "bob"][index]!, unixSocket(daemon.socket), relay.url, (line) => lines.push(line)));
  assert.ok(alice && bob);
  for (const person of [alice, bob]) await person.arrive();
  await alice.meet(await bob.contactCode());
  lines.length = 0;
  await alice.write(bob, "Are you there?");
  await alice.look();
  assert.deepEqual([alice.waiting.size, lines], [1, []]);
  await bob.look();
  assert.equal(bob.inbox.size, 0);
  await alice.look();
  await bob.look();
  assert.deepEqual([alice.waiting.size, lines], [0, ['alice writes "Are you there?"', 'bob reads "Are you there?"']]);
  await relay.stop();
  for (const person of [alice, bob]) person.leave();
});

test("`npm run chat` starts two daemons, shows the conversation, and ends them", () => {
  const main = "build/examples/main.js";
  const { scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  assert.ok(scripts.chat.endsWith(`node ${main}`), scripts.chat);
  const program = fileURLToPath(new URL(`../../${main}`, import.meta.url));
  const environment = { ...process.env, RATCHETD_BIN: RATCHETD };
  const said = execFileSync(process.execPath, [program], { env: environment, encoding: "utf8", timeout: 60_000 });
  assert.match(said, /both see [0-9 ]{60,}/);
  assert.match(said, /It is the same\./);
});
