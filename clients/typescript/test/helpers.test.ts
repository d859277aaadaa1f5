import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Client, ConnectionError, type Decrypted, type EventDevice, type Message, RatchetdError, type Receiver, type SealedEnvelopeInfo, type Transport,
  type Unread, chatId, payload, receive, send,
} from "../src/node.js";
import { Daemon, POST_QUANTUM_ONLY } from "./support.js";

/** Alice and Bob on one daemon; each knows the other's bundle. */
async function pair(config = "") {
  const daemon = await Daemon.start(config);
  const client = daemon.client();
  const { publicKey: alice } = await client.call("account_create", { account: "alice" });
  const { publicKey: bob } = await client.call("account_create", { account: "bob" });
  const { bundle } = await client.call("bundle_get", { account: "bob" });
  await client.call("bundle_import", { account: "alice", bundle });
  return { daemon, client, alice, bob };
}

/** A frontend's store, and what else it was told. */
class Inbox implements Receiver {
  readonly stored = new Map<string, Message>();
  readonly delivered: SealedEnvelopeInfo[] = [];
  readonly unread: Unread[] = [];
  readonly order: string[] = [];

  async store(message: Message): Promise<void> {
    this.order.push("store");
    if (!this.stored.has(message.key)) this.stored.set(message.key, message);
  }

  deliver = async (envelope: SealedEnvelopeInfo): Promise<void> => {
    this.order.push("deliver");
    this.delivered.push(envelope);
  };

  unreadable(read: Unread): void {
    this.unread.push(read);
  }

  texts(): string[] {
    return [...this.stored.values()].map(({ text }) => text);
  }
}

/** A way to the daemon that loses every other answer, after the daemon has done what was asked. */
function lossy(way: Transport): Transport {
  let count = 0;
  return {
    async exchange(message, signal) {
      const answer = await way.exchange(message, signal);
      count += 1;
      if (count % 2 === 1) throw new ConnectionError("lost");
      return answer;
    },
    follow: (from, signal) => way.follow(from, signal),
    close: () => way.close(),
  };
}

/** A daemon that answers each call of a method with what comes next. */
function answering(answers: Record<string, (object | Error)[]>, calls: string[] = []): Client {
  return new Client({
    async exchange(message) {
      const { id, method } = message as { id: number; method: string };
      calls.push(method);
      const answer = answers[method]?.shift() ?? assert.fail(`${method} is called once more`);
      if (answer instanceof RatchetdError) return { id, error: answer };
      if (answer instanceof Error) throw answer;
      return { id, result: answer };
    },
    follow: () => assert.fail("nothing is followed"),
    close: () => {},
  });
}

const atOnce = async () => {};

test("what is sent is stored first and then confirmed, once, over connections that lose every other answer", async () => {
  const { daemon, client, alice, bob } = await pair();
  const lost = new Client(lossy(daemon.ways()["Unix socket"]!));
  const post: SealedEnvelopeInfo[] = [];
  const put = async (envelope: SealedEnvelopeInfo) => void post.push(envelope);
  const letter = { account: "alice", to: bob, id: "letter-1", text: "żółw 🐢" };
  const sent = await send(lost, letter, put, { delay: atOnce });
  assert.ok(sent.forwardSecrecy);
  // Again, as after a restart: the same bytes.
  await send(lost, letter, put, { delay: atOnce });
  assert.equal(post.length, 2);
  assert.equal(post[0]!.sealed, post[1]!.sealed);
  const [session] = await client.call("session_list", { account: "alice" });
  assert.equal(session?.sent, 1, "the ratchet has moved once");

  const inbox = new Inbox();
  const arrived = { account: "bob", sealed: post[0]!.sealed };
  const full = { store: () => Promise.reject(new Error("the disk is full")), deliver: put, unreadable: () => assert.fail("it can be read") };
  await assert.rejects(receive(lost, arrived, full, { delay: atOnce }), /the disk is full/);
  const late = Object.assign(new Inbox(), {
    async store(message: Message) {
      inbox.stored.set(message.key, message);
      // Not confirmed yet: whoever dies here reads it again.
      const again = await client.call("message_decrypt", arrived);
      assert.deepEqual([again.outcome, again.duplicate], ["decrypted", true]);
    },
  });
  await receive(lost, arrived, late, { delay: atOnce });
  const gone = await client.call("message_decrypt", arrived);
  assert.equal(gone.outcome, "undecryptable", "it is confirmed");
  const [message] = inbox.stored.values();
  assert.deepEqual(
    [message?.key, message?.id, message?.from, message?.chat, message?.text],
    [`${alice}/letter-1`, "letter-1", alice, alice, "żółw 🐢"],
  );
  assert.deepEqual(late.unread, []);
});

test("what nobody got for want of a KEM prekey is withheld, and goes under the same id when that has come", async () => {
  const { client, bob } = await pair(POST_QUANTUM_ONLY);
  const inbox = new Inbox();
  const letter = { account: "alice", to: bob, id: "letter-1", text: "between us" };
  const asked = await send(client, letter, inbox.deliver);
  assert.deepEqual([asked.withheld, asked.postQuantum], [[bob], false]);
  assert.deepEqual(asked.skipped.map(({ reason }) => reason), ["kem_key_missing"]);
  const [asking, ...others] = inbox.delivered.splice(0);
  assert.deepEqual([asking?.targets, others], [[], []]);
  // Bob's daemon answers with its KEM prekey, whether or not he looks.
  const { outcome, reply } = await receive(client, { account: "bob", sealed: asking!.sealed }, inbox);
  assert.equal(outcome, "bundle");
  const { newestEvent: after } = await client.call("system_status");
  await receive(client, { account: "alice", sealed: reply!.sealed }, inbox);
  const { events } = await client.call("event_list", { account: "alice", after });
  const came = events.find(({ type }) => type === "installation.kem_prekey");
  assert.equal((came?.data as EventDevice | undefined)?.identity, bob);
  inbox.delivered.length = 0;
  const sent = await send(client, letter, inbox.deliver);
  assert.deepEqual([sent.withheld, sent.postQuantum], [[], true]);
  // From now on it is the same message again.
  await send(client, letter, inbox.deliver);
  const [first, second] = inbox.delivered;
  assert.equal(first!.sealed, second!.sealed);
  const read = await receive(client, { account: "bob", sealed: first!.sealed }, inbox);
  assert.deepEqual([inbox.texts(), read.postQuantum], [["between us"], true]);
  // Of a group, those are named who got nothing; and nobody is who has no device that is known.
  const { publicKey: carol } = await client.call("account_create", { account: "carol" });
  const both = await send(client, { account: "alice", to: [bob, carol], id: "2", text: "to both", group: "g" }, inbox.deliver);
  assert.deepEqual(both.withheld, [carol]);
  const here = await pair();
  const byDh = await send(here.client, { account: "bob", to: here.alice, id: "1", text: "by DH" }, inbox.deliver);
  assert.deepEqual([byDh.withheld, byDh.envelopes.length], [[], 1]);
});

test("a device of our own that is still to be asked withholds nothing", async () => {
  const [alice, bob] = ["0x04aa", "0x04bb"];
  const envelope = (recipient: string, targets: object[]) => ({ recipient, targets, message: "0x", sealed: "0x", contentTopic: "", topic: "0x" });
  const results = [
    [envelope(bob, [{}]), envelope(alice, [])],
    [envelope(bob, []), envelope(alice, [])],
    [envelope(alice, [])],
    [],
  ];
  const client = answering({ message_encrypt: results.map((envelopes) => ({ envelopes })), account_get: [{ publicKey: alice }] });
  const withheld = [];
  for (const _ of results) withheld.push((await send(client, { to: bob, id: "1", text: "a" }, atOnce)).withheld);
  assert.deepEqual(withheld, [[], [bob, alice], [alice], []]);
});

test("a group's message reaches all of it under one name, and what others say in other forms is a text", async () => {
  const { client, alice, bob } = await pair();
  const { publicKey: carol } = await client.call("account_create", { account: "carol" });
  const post: SealedEnvelopeInfo[] = [];
  const put = async (envelope: SealedEnvelopeInfo) => void post.push(envelope);
  await send(client, { account: "alice", to: [bob, carol], id: "1", text: "all of you", group: "g-7f3a" }, put);
  assert.equal(post.length, 2);
  for (const account of ["bob", "carol"]) {
    const inbox = new Inbox();
    for (const { sealed } of post) await receive(client, { account, sealed }, inbox);
    const [message, ...others] = inbox.stored.values();
    assert.deepEqual([message?.chat, message?.from, message?.text, others.length], ["group/g-7f3a", alice, "all of you", 0]);
    assert.deepEqual(inbox.unread, [], "what is for the other is no news");
  }
  const plain = ["hello", '{"id":7,"text":"x"}', '{"id":"","text":"x"}', `{"id":"${"x".repeat(129)}","text":"x"}`, "null", "[]"];
  for (const text of plain) {
    const sent = await client.call("message_encrypt", { account: "bob", recipient: alice, text, seal: true });
    const inbox = new Inbox();
    const read = await receive(client, { account: "alice", sealed: sent.envelopes[0]!.sealed }, inbox);
    const [message] = inbox.stored.values();
    assert.deepEqual([message?.text, message?.id, message?.chat], [text, read.messageId, bob]);
  }
  const sent = await client.call("message_encrypt", { account: "bob", recipient: alice, payload: "0x61ff", seal: true });
  const inbox = new Inbox();
  await receive(client, { account: "alice", sealed: sent.envelopes[0]!.sealed }, inbox);
  assert.deepEqual(inbox.texts(), ["a\ufffd"]);
});

test("a group with a log is written to by its id: whoever is in it then reads it", async () => {
  const { client, alice, bob } = await pair();
  const { group: { group } } = await client.call("group_create", { account: "alice", name: "club", members: [bob] });
  const post: SealedEnvelopeInfo[] = [];
  const put = async (envelope: SealedEnvelopeInfo) => void post.push(envelope);
  await send(client, { account: "alice", id: "1", text: "all of you", group }, put);
  const inbox = new Inbox();
  for (const { sealed } of post) await receive(client, { account: "bob", sealed }, inbox);
  const [message, ...others] = inbox.stored.values();
  assert.deepEqual([message?.chat, message?.from, message?.text, others.length], [`group/${group}`, alice, "all of you", 0]);
  await client.call("group_remove", { account: "alice", group, members: [bob] });
  await send(client, { account: "alice", id: "2", text: "the rest of you", group }, put);
  assert.equal(post.length, 1);
});

test("nobody gets into another's chat, or in the place of another's message", () => {
  const [alice, bob, mallory] = ["0x04aa", "0x04bb", "0x04cc"];
  assert.equal(chatId({ sender: bob }), bob);
  // A copy of what we sent on another device.
  assert.equal(chatId({ sender: alice, copyOf: { recipients: [bob] } }), bob);
  assert.equal(chatId({ sender: alice, copyOf: { recipients: [bob, mallory] } }, "g"), "group/g");
  // One to several who are no group, or to nobody but ourselves, is a note of our own.
  for (const recipients of [[], [bob, mallory]]) assert.equal(chatId({ sender: alice, copyOf: { recipients } }), alice);
  // Whatever a group is called, it is no identity.
  assert.notEqual(chatId({ sender: mallory }, bob), bob);
});

/** What the daemon answers about a message. */
function read(about: object): object {
  const common = { authenticated: true, duplicate: false, forwardSecrecy: true, installationId: null, newInstallations: [], warnings: [] };
  return { ...common, sender: "0x04bb", messageId: "0x01", ...about };
}

test("what was read before is passed over, what cannot be read is told, and what is for others is no news", async () => {
  const unread = (outcome: string, reason: string) => read({ outcome, reason, hint: "what to do", nextAction: "drop" });
  const cases: [answer: object, isTold: boolean][] = [
    [unread("undecryptable", "already_read"), false],
    [unread("undecryptable", "message_key_gone"), true],
    [unread("undecryptable", "session_not_found"), true],
    [unread("undecryptable", "authentication_failed"), true],
    [unread("unopened", "authentication_failed"), false],
    [unread("unopened", "bad_signature"), false],
    [unread("not_targeted", "other_installation"), false],
    [read({ outcome: "bundle" }), false],
    [read({ outcome: "own" }), false],
    [read({ outcome: "public", payload: "0x61", text: "a" }), false],
    [read({ outcome: "one that is still to be thought of" }), false],
  ];
  for (const [answer, isTold] of cases) {
    const calls: string[] = [];
    const inbox = new Inbox();
    const result = await receive(answering({ message_decrypt: [answer] }, calls), { sealed: "0x" }, inbox);
    assert.deepEqual([result, calls, inbox.order], [answer, ["message_decrypt"], []]);
    assert.deepEqual(inbox.unread, isTold ? [answer as Decrypted] : []);
  }
});

test("an envelope that the daemon does not take for its size is passed over, on every way", async () => {
  const { daemon } = await pair();
  for (const [way, transport] of Object.entries(daemon.ways())) {
    const client = new Client(transport);
    const inbox = new Inbox();
    const nonsense = await receive(client, { account: "bob", sealed: "0x00" }, inbox);
    const large = await receive(client, { account: "bob", sealed: `0x${"00".repeat(5 << 20)}`, symKeys: [undefined, undefined] }, inbox);
    assert.deepEqual([large.outcome, large.reason, large.nextAction], ["unopened", "malformed", "drop"], way);
    assert.match(large.hint ?? "", /10 MiB/, way);
    assert.deepEqual({ ...large, hint: nonsense.hint }, nonsense, way);
    assert.deepEqual([inbox.order, inbox.unread], [[], []], way);
    // What is wrong with the call is no fault of the envelope.
    await assert.rejects(receive(client, { account: "nobody", sealed: "0x00" }, inbox), /account/, way);
    client.close();
  }
});

test("a reply is delivered whatever the message was, after that is stored and confirmed", async () => {
  const reply = { recipient: "0x04bb", message: "0x", targets: [], sealed: "0x", topic: "0x", contentTopic: "/waku/1/0x/rfc26" };
  const calls: string[] = [];
  const inbox = new Inbox();
  const answers = {
    message_decrypt: [
      read({ outcome: "not_targeted", reason: "other_installation", hint: "", nextAction: "send_reply", reply }),
      read({ outcome: "decrypted", payload: "0x61", text: "a", reply }),
    ],
    message_confirm: [{ confirmed: 1 }],
  };
  // One that has no text, and a key all the same.
  answers.message_decrypt.push(read({ outcome: "contact", contact: "accept" }));
  answers.message_confirm.push({ confirmed: 1 });
  const client = answering(answers, calls);
  for (const _ of [1, 2, 3]) await receive(client, { sealed: "0x" }, inbox);
  assert.deepEqual(inbox.delivered, [reply, reply]);
  assert.deepEqual(inbox.order, ["deliver", "store", "deliver"]);
  assert.deepEqual(calls.slice(1), ["message_decrypt", "message_confirm", "message_decrypt", "message_confirm"]);
});

test("keys that are still derived are waited for, busy is no answer, and an error is one", async () => {
  const pending = () => read({ outcome: "unopened", reason: "keys_pending", hint: "", nextAction: "wait" });
  const busy = new RatchetdError({ code: 1, message: "busy", data: { kind: "busy", hint: "" } });
  const inbox = new Inbox();
  const answers = [pending(), busy, new ConnectionError("lost"), pending(), read({ outcome: "decrypted", payload: "0x61", text: "a" })];
  const client = answering({ message_decrypt: answers, message_confirm: [{ confirmed: 1 }] });
  await receive(client, { sealed: "0x" }, inbox, { delay: atOnce });
  assert.deepEqual([inbox.texts(), inbox.unread], [["a"], []]);
  // They are not waited for without end.
  const never = Array.from({ length: 21 }, pending);
  await receive(answering({ message_decrypt: never }), { sealed: "0x" }, inbox, { delay: atOnce });
  assert.equal(inbox.unread.length, 1);

  const wrong = new RatchetdError({ code: 1, message: "no", data: { kind: "invalid_key", field: "recipient", hint: "" } });
  const letter = { to: "0x", id: "1", text: "a" };
  await assert.rejects(send(answering({ message_encrypt: [wrong] }), letter, inbox.deliver, { delay: atOnce }), /recipient: no/);
  const controller = new AbortController();
  const delay = async () => controller.abort();
  const gone = answering({ message_encrypt: [new ConnectionError("not there")] });
  await assert.rejects(send(gone, letter, inbox.deliver, { delay, signal: controller.signal }), /not there/);
});

test("an envelope is tried with each key that there is at its topic", async () => {
  const given: unknown[] = [];
  const unopened = read({ outcome: "unopened", reason: "authentication_failed", hint: "", nextAction: "drop" });
  const answers = [unopened, unopened, read({ outcome: "decrypted", payload: "0x61", text: "a" }), { confirmed: 1 }];
  const client = new Client({
    async exchange(message) {
      const { id, params } = message as { id: number; params: { symKey?: string } };
      given.push(params.symKey);
      return { id, result: answers.shift() };
    },
    follow: () => assert.fail("nothing is followed"),
    close: () => {},
  });
  const inbox = new Inbox();
  await receive(client, { sealed: "0x", symKeys: ["0x01", "0x02", undefined, "0x03"] }, inbox);
  assert.deepEqual([given, inbox.texts()], [["0x01", "0x02", undefined, undefined], ["a"]]);
});

test("what else a message says comes as it was said, and takes the place of nothing", async () => {
  const { client, alice, bob } = await pair();
  const extra = { delivered: ["a", "b"], attachments: [{ size: 3 }], id: "another", text: "another" };
  const inbox = new Inbox();
  const envelopes: SealedEnvelopeInfo[] = [];
  await send(client, { account: "alice", to: bob, id: "m1", text: "hello", extra }, async (envelope) => void envelopes.push(envelope));
  // A call that takes a text of its own says the same.
  const text = payload({ id: "m2", text: "", extra: { name: "Alice" } });
  const asked = await client.call("contact_request", { account: "alice", identity: bob, text, seal: true });
  for (const { sealed } of [...envelopes, ...asked.envelopes]) await receive(client, { account: "bob", sealed }, inbox);
  const read = [...inbox.stored.values()].map(({ key, id, text, extra }) => ({ key, id, text, extra }));
  assert.deepEqual(read, [
    { key: `${alice}/m1`, id: "m1", text: "hello", extra: { delivered: ["a", "b"], attachments: [{ size: 3 }] } },
    { key: `${alice}/m2`, id: "m2", text: "", extra: { name: "Alice" } },
  ]);
});
