import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { type InstallationInfo, RatchetdError, type Transport } from "../src/node.js";
import { READING, Reader } from "../ui/reader.js";
import { pasted, shut } from "../ui/words.js";
import { Tab } from "./chromium.js";
import { Daemon } from "./support.js";

const SOURCES = new URL("../../ui/", import.meta.url);
const skip = process.env.RATCHETD_WITHOUT_BROWSER === "1";

test("the page calls methods of a closed list, none of which writes, and asks the daemon for no other", async () => {
  assert.deepEqual(READING, [
    "account_list",
    "contact_list",
    "envelope_open",
    "installation_list",
    "message_explain",
    "message_inspect",
    "session_list",
    "system_status",
    "topic_contactCode",
    "topic_negotiated",
    "topic_partitioned",
    "topic_personal",
  ]);
  const asked: unknown[] = [];
  const transport: Transport = {
    exchange: async (message) => (asked.push(message), { id: 1, result: {} }),
    follow: async function* () {},
    close: () => {},
  };
  const reader = new Reader(transport);
  for (const method of ["message_decrypt", "topic_list", "bundle_get", "event_ticket", "toString"]) {
    await assert.rejects(reader.read(method as "account_list", {}), RatchetdError, method);
  }
  assert.deepEqual(asked, []);
  await reader.read("account_list", {});
  assert.equal(asked.length, 1);
  // Nothing in the page goes past the reader, or makes elements out of texts.
  for (const name of readdirSync(SOURCES).filter((name) => name.endsWith(".ts"))) {
    const source = readFileSync(new URL(name, SOURCES), "utf8");
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|fetch\(|XMLHttpRequest|WebSocket/, name);
    if (name !== "reader.ts") assert.doesNotMatch(source, /src\/client|new Client/, name);
  }
});

test("bytes are taken as people paste them", () => {
  for (const text of ["0x00ff10", "00FF10", " 0x00\nff 10\u200b", "AP8Q", "AP\n8Q", '"0x00ff10",']) assert.equal(pasted(text), "0x00ff10", text);
  assert.equal(pasted("-_8="), "0xfbff");
  for (const text of ["", " \n", "0x0", "0xzz", "hello, world"]) assert.throws(() => pasted(text), RangeError, text);
});

test("a device says whether what is written to it is post-quantum", () => {
  const said = (["none", "offered", "required"] as const).map((postQuantum) => shut({ postQuantum } as InstallationInfo));
  assert.deepEqual(said, ["", "post-quantum is offered", "post-quantum alone"]);
});

/** What a daemon holds, and how many calls of each method it has answered. */
async function held(daemon: Daemon) {
  const answer = await fetch(`${daemon.url}/metrics`, { headers: { authorization: `Bearer ${daemon.token}` } });
  const metrics = await answer.text();
  const calls = new Map<string, number>();
  for (const [, method = "", count] of metrics.matchAll(/^ratchetd_call_duration_seconds_count\{method="(.*?)"\} (\d+)$/gm)) calls.set(method, Number(count));
  const client = daemon.client();
  const lists = [];
  for (const account of ["alice", "bob", "carol"]) {
    for (const list of ["session_list", "contact_list"] as const) lists.push(await client.call(list, { account }));
    // This very device is always active now.
    lists.push((await client.call("installation_list", { account })).map((device) => ({ ...device, lastActiveAt: 0 })));
  }
  const { newestEvent, accounts } = await client.call("system_status");
  return { calls, all: { lists, newestEvent, keys: accounts.storedKeys } };
}

test("a person looks at a daemon through its page: nothing is written by that", { skip }, async () => {
  const daemon = await Daemon.start("[rpc]\nui = true\n");
  const client = daemon.client();
  const keys: Record<string, string> = {};
  for (const account of ["alice", "bob", "carol"]) keys[account] = (await client.call("account_create", { account })).publicKey;
  const [alice = "", bob = ""] = [keys.alice, keys.bob];
  await client.call("bundle_import", { account: "alice", bundle: (await client.call("bundle_get", { account: "bob" })).contactCodeFull });
  const encrypted = async (from: string, recipient: string) => {
    const { envelopes } = await client.call("message_encrypt", { account: from, recipient, text: "<b>hello</b>" });
    return envelopes[0]?.message ?? "";
  };
  const send = async (from: string, to: string) => {
    const message = await encrypted(from, keys[to] ?? "");
    await client.call("message_decrypt", { account: to, sender: keys[from] ?? "", message, confirm: true });
  };
  await send("alice", "bob");
  const tab = await Tab.open();

  // A wrong token is told, and so is a right one taken.
  await tab.goTo(`${daemon.url}/ui`);
  await tab.type("#token", "0".repeat(64));
  await tab.press("Enter");
  await tab.until("document.querySelector('#refused').textContent.includes('the token is wrong')");
  assert.equal(await tab.read("document.querySelector('#inside').hidden"), true);
  assert.equal(await tab.read("sessionStorage.length"), 0);
  await tab.type("#token", daemon.token);
  await tab.press("Enter");
  await tab.until("document.querySelectorAll('#accounts button').length === 3");

  // Its accounts, and of the first one devices, the session and topics.
  assert.equal(await tab.read("[...document.querySelectorAll('#accounts button')].map(({ textContent }) => textContent).join()"), "alice,bob,carol");
  await tab.until("document.querySelectorAll('#topics tbody tr').length === 4");
  const counts = "[...document.querySelectorAll('#sessions tbody .number')].map((cell) => cell.firstChild.data).join()";
  assert.equal(await tab.read(counts), "1,0,0");
  assert.match(await tab.text("#sessions"), /bob[\s\S]*not answered yet[\s\S]*x25519-mlkem768, initiator/);
  assert.match(await tab.text("#devices"), /Of alice[\s\S]*this device[\s\S]*Of others[\s\S]*bob/);

  // Messages flow: the session changes, and its event comes.
  await send("bob", "alice");
  await send("alice", "bob");
  await tab.until(`${counts} === "2,1,0"`);
  await tab.until("document.querySelector('#sessions').textContent.includes('answered by both ends')");
  await tab.until("document.querySelector('#sessions rect.sent') !== null && document.querySelector('#sessions rect.received') !== null");
  await tab.until("document.querySelector('#events').textContent.includes('session.established')");

  // A message to somebody else, a changed one, one for alice, and what is none.
  const before = await held(daemon);
  const why = async (bytes: string, sender: string, verdict: RegExp) => {
    await tab.read("document.querySelector('#answer').replaceChildren()");
    await tab.type("#bytes", bytes);
    await tab.type("#sender", sender);
    await tab.click("#why button");
    await tab.until("document.querySelector('#answer').textContent !== ''");
    assert.match(await tab.text("#answer"), verdict);
  };
  await why("0102030405", "", /no message of ratchetd, and no envelope/);
  await why("what is this?", "", /neither hex nor base64/);
  assert.deepEqual((await held(daemon)).all, before.all);

  const forAlice = await encrypted("bob", alice);
  const forBob = await encrypted("alice", bob);
  const between = await held(daemon);
  await why(forAlice, "", /^It opens[\s\S]*decrypted[\s\S]*sender proven\s+yes/);
  await why(Buffer.from(forAlice.slice(2), "hex").toString("base64"), "", /^It opens/);
  await why(`${forAlice.slice(0, -2)}${forAlice.endsWith("00") ? "01" : "00"}`, "", /does not open[\s\S]*undecryptable/);
  await why(forBob, "", /one of this device's own/);
  await tab.click("#accounts li:nth-child(3) button");
  await tab.until("document.querySelector('#own').textContent === 'carol' && document.querySelectorAll('#topics tbody tr').length === 3");
  await why(forAlice, "", /somebody who is not known here[\s\S]*Fill in the sender/);
  await why(forAlice, bob, /for other devices[\s\S]*not_targeted/);

  // Nothing was written, and nothing was called that could.
  const afterwards = await held(daemon);
  assert.deepEqual(afterwards.all, between.all);
  const called = [...afterwards.calls].filter(([method, count]) => count > (between.calls.get(method) ?? 0)).map(([method]) => method);
  assert.ok(called.includes("message_explain") && called.includes("session_list"), called.join());
  assert.deepEqual(called.filter((method) => !(READING as readonly unknown[]).includes(method)), []);
  assert.equal((await client.call("message_decrypt", { account: "alice", sender: bob, message: forAlice })).outcome, "decrypted");

  // It asks nobody else, keeps its own rules, and the token stands in no address.
  assert.deepEqual(tab.faults, []);
  assert.deepEqual(tab.requests.filter((url) => !url.startsWith(`${daemon.url}/`) || url.includes(daemon.token)), []);
  await tab.goTo("about:blank");
  await tab.goTo(`${daemon.url}/ui#token=${daemon.token}`);
  await tab.until("document.querySelectorAll('#accounts button').length === 3");
  assert.equal(await tab.read("location.href"), `${daemon.url}/ui`);
  await tab.click("#leave");
  await tab.until("document.querySelector('#inside').hidden");
  assert.equal(await tab.read("sessionStorage.length"), 0);
});
