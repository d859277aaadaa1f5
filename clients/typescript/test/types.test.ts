/** What the compiler lets through, and what it refuses: compiled with the tests, never run. */

import { test } from "node:test";

import { WebSocket } from "ws";

import { type Client, RatchetdError, type SealingMethod, webSocket } from "../src/node.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isTrue = <_ extends true>() => {};

async function required(client: Client) {
  await client.call("account_list");
  await client.call("account_list", {}, { timeoutMs: 1 });
  await client.call("account_get");
  await client.call("account_create", { account: "alice", words: 24 });
  // @ts-expect-error no parameters
  await client.call("account_create");
  // @ts-expect-error no account
  await client.call("account_create", {});
  // @ts-expect-error a number of words there is not
  await client.call("account_create", { account: "alice", words: 13 });
  // @ts-expect-error no such parameter
  await client.call("account_list", { acount: "alice" });
  // @ts-expect-error no such method
  await client.call("account_lists");
  // @ts-expect-error no such parameter, beside those that there are
  await client.call("message_encrypt", { recipient: "0x", text: "", txt: "" });
  // @ts-expect-error no such parameter, when sealed
  await client.call("message_encrypt", { recipient: "0x", text: "", seal: true, sealed: "" });
  // @ts-expect-error neither text nor payload
  await client.call("message_encrypt", { recipient: "0x" });
  // @ts-expect-error both
  await client.call("message_encrypt", { recipient: "0x", text: "", payload: "0x" });
  // @ts-expect-error a message without its sender
  await client.call("message_decrypt", { message: "0x" });
  // @ts-expect-error a sender of what is sealed
  await client.call("message_decrypt", { sealed: "0x", sender: "0x" });
  // @ts-expect-error two keys
  await client.call("envelope_seal", { text: "", recipient: "0x", password: "status" });
  const account: string | undefined = process.env.ACCOUNT;
  await client.call("message_encrypt", { account, recipient: "0x", text: "" });
}

async function narrowed(client: Client) {
  const read = await client.call("message_decrypt", { sender: "0x", message: "0x" });
  isTrue<Same<typeof read.payload, string | undefined>>();
  if (read.outcome === "decrypted") {
    const { payload, sender, messageId, text }: { payload: string; sender: string; messageId: string; text?: string } = read;
    return [payload, sender, messageId, text];
  }
  if (read.outcome === "undecryptable" || read.outcome === "unopened") {
    const { reason, hint, nextAction }: { reason: string; hint: string; nextAction: string } = read;
    return [reason, hint, nextAction];
  }
  // @ts-expect-error only what was not read has a hint
  const hint: string = read.hint;
  return [hint];
}

async function sealed(client: Client) {
  isTrue<
    Same<
      SealingMethod,
      | "message_encrypt" | "message_encryptGroup" | "message_advertise" | "message_decrypt"
      | "contact_request" | "contact_accept" | "contact_decline" | "groupKey_create" | "groupKey_share" | "link_accept"
    >
  >();
  const asked = await client.call("message_encrypt", { recipient: "0x", text: "", seal: true });
  for (const { sealed, contentTopic, topic } of asked.envelopes) {
    const all: [string, string, string] = [sealed, contentTopic, topic];
    await client.call("message_decrypt", { sealed: all[0] });
  }
  const named = await client.call("contact_request", { identity: "0x", seal: "partitioned" });
  const topics: string[] = named.envelopes.map(({ contentTopic }) => contentTopic);
  const not = await client.call("message_encrypt", { recipient: "0x", text: "" });
  // @ts-expect-error not sealed
  topics.push(not.envelopes[0]!.contentTopic);
  const read = await client.call("message_decrypt", { sealed: "0x" });
  if (read.reply) topics.push(read.reply.contentTopic);
  if (read.outcome === "decrypted") topics.push(read.payload);
  const [first, second] = await client.batch([
    ["message_encrypt", { recipient: "0x", text: "", seal: true }],
    ["message_decrypt", { sender: "0x", message: "0x" }],
  ]);
  if (!(first instanceof RatchetdError)) topics.push(first.envelopes[0]!.contentTopic);
  // @ts-expect-error not sealed
  if (!(second instanceof RatchetdError)) topics.push(second.reply!.contentTopic);
  // @ts-expect-error no parameters
  await client.batch([["account_create"]]);
  return topics;
}

test("types are checked when the tests are compiled", () => {
  void [required, narrowed, sealed];
  // The WebSocket of the package ws is one.
  webSocket({ url: "ws://127.0.0.1:1", token: "x", WebSocket }).close();
});
