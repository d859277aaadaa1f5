import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";

import { WebSocket } from "ws";

import { Client, ConnectionError, type ErrorObject, RatchetdError, fromHex, http, toHex, unixSocket, webSocket } from "../src/node.js";
import { Daemon, RATCHETD } from "./support.js";

/** The directory of this package. */
const PACKAGE = new URL("../../", import.meta.url);

test("a message goes from one account to another, on every way", async () => {
  const daemon = await Daemon.start();
  for (const [way, transport] of Object.entries(daemon.ways())) {
    const client = new Client(transport);
    const name = way.toLowerCase().replaceAll(" ", "-");
    const [alice, bob] = [`alice-${name}`, `bob-${name}`];
    const { publicKey: sender } = await client.call("account_create", { account: alice });
    const { publicKey: recipient } = await client.call("account_create", { account: bob });
    const { bundle } = await client.call("bundle_get", { account: bob });
    await client.call("bundle_import", { account: alice, bundle });
    const sent = await client.call("message_encrypt", { account: alice, recipient, text: "żółw 🐢" });
    assert.equal(sent.forwardSecrecy, true, way);
    const message = sent.envelopes[0]?.message ?? "";
    const read = await client.call("message_decrypt", { account: bob, sender, message, confirm: true });
    assert.equal(read.outcome, "decrypted", way);
    assert.equal(read.text, "żółw 🐢", way);
    client.close();
  }
});

test("an error names what is wrong and what to do, on every way, alone and in a batch", async () => {
  const daemon = await Daemon.start();
  await daemon.client().call("account_create", { account: "alice" });
  for (const [way, transport] of Object.entries(daemon.ways())) {
    const client = new Client(transport);
    await assert.rejects(
      client.call("message_encrypt", { recipient: "nobody", text: "x" }),
      (error: unknown) => {
        assert.ok(error instanceof RatchetdError, way);
        assert.deepEqual([error.code, error.kind, error.field], [-32602, "invalid_key", "recipient"], way);
        assert.notEqual(error.hint, "", way);
        assert.deepEqual(error.data, { kind: error.kind, field: error.field, hint: error.hint }, way);
        // Whoever sees nothing but the message of an uncaught error knows what to do.
        assert.match(error.message, /^recipient: .+ \(hint: .+\)$/, way);
        assert.ok(error.message.includes(error.hint), way);
        assert.equal(error.isTransient, false);
        return true;
      },
    );
    const [version, missing, list] = await client.batch([
      ["system_version"],
      ["account_get", { account: "nobody" }],
      ["account_list"],
    ]);
    assert.ok(!(version instanceof RatchetdError) && version.protocol === 1, way);
    assert.ok(missing instanceof RatchetdError && missing.kind === "account_not_found", way);
    assert.ok(!(list instanceof RatchetdError) && list[0]?.account === "alice", way);
    const many = Array.from({ length: 101 }, () => ["system_version"] as const);
    await assert.rejects(client.batch(many), RatchetdError, way);
    assert.deepEqual(await client.batch([]), []);
    client.close();
  }
});

test("more calls at the same time than the daemon takes are all answered, on every way", async () => {
  const daemon = await Daemon.start();
  for (const [way, transport] of Object.entries(daemon.ways())) {
    const client = new Client(transport);
    const given = new AbortController();
    const calls = Array.from({ length: 500 }, () => client.call("system_version"));
    const one = client.call("system_version", {}, { signal: given.signal });
    given.abort(new Error("never mind"));
    await assert.rejects(one, /never mind/, way);
    assert.ok((await Promise.all(calls)).every(({ protocol }) => protocol === 1), way);
    client.close();
  }
});

test("calls at the same time over one WebSocket each get their own answer", async () => {
  const daemon = await Daemon.start();
  const client = new Client(daemon.ways()["WebSocket"]!);
  const names = Array.from({ length: 20 }, (_, index) => `account-${index}`);
  const made = await Promise.all(names.map((account) => client.call("account_create", { account })));
  assert.deepEqual(made.map(({ account }) => account), names);
  client.close();
});

test("what JSON cannot carry, or the daemon not read, is refused before it is sent, with the parameter", async () => {
  const sent: unknown[] = [];
  const client = new Client({
    exchange: async (message) => sent.push(message),
    follow: () => assert.fail("nothing is followed"),
    close: () => {},
  });
  const around: unknown[] = [];
  around.push({ around });
  const refused: [method: string, params: object, field: string, message: RegExp][] = [
    ["message_encrypt", { recipient: undefined, text: "x" }, "recipient", /required/],
    ["message_encrypt", { recipient: "0x", text: "cut \ud83d" }, "text", /surrogate.*between characters/],
    ["message_encrypt", { recipient: "0x", text: "\udc22 off" }, "text", /surrogate/],
    ["message_encrypt", { recipient: "0x", payload: new Uint8Array(3) }, "payload", /toHex/],
    ["message_encryptGroup", { recipients: ["0x", undefined] }, "recipients", /undefined, at "1"/],
    ["message_encryptGroup", { recipients: around }, "recipients", /itself/],
    ["message_confirm", { messageIds: new Set(["0x"]) }, "messageIds", /plain object/],
    ["installation_setMetadata", { metadata: { name: "\ud83d" } }, "metadata", /surrogate.*at "name"/],
    ["installation_setMetadata", { metadata: { "\ud83d": "" } }, "metadata", /surrogate/],
    ["event_list", { after: NaN }, "after", /NaN.*finite/],
    ["event_list", { waitMs: Infinity }, "waitMs", /Infinity/],
    ["event_list", { after: 1n }, "after", /bigint/],
    ["event_list", { after: () => 1 }, "after", /function/],
    ["event_list", { after: Symbol("1") }, "after", /symbol/],
  ];
  for (const [method, params, field, message] of refused) {
    const isRefusal = (error: unknown) => {
      assert.ok(error instanceof RatchetdError, `${field}: ${error}`);
      assert.deepEqual([error.code, error.kind, error.field, error.isTransient], [-32602, "invalid_params", field, false]);
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(`${field}: `) && error.message.endsWith(`(hint: ${error.hint})`), error.message);
      return true;
    };
    await assert.rejects(client.call(method as "event_list", params), isRefusal);
    await assert.rejects(client.batch([["account_list"], [method as "event_list", params]]), isRefusal);
  }
  assert.deepEqual(sent, []);
  // Whole pairs, and what may be left out.
  await assert.rejects(client.call("event_list", { account: "🐢", after: undefined }), /no answer/);
  assert.equal(sent.length, 1);
});

test("what is larger than the daemon takes is refused before it is sent, on every way, and not tried again", async () => {
  const daemon = await Daemon.start();
  // Fewer characters than bytes.
  for (const text of ["x".repeat(10 << 20), "ż".repeat(5 << 20)]) {
    for (const [way, transport] of Object.entries(daemon.ways())) {
      const client = new Client(transport);
      await assert.rejects(client.call("message_encrypt", { recipient: "0x", text }), (error: unknown) => {
        assert.ok(error instanceof RatchetdError, way);
        assert.deepEqual([error.code, error.kind, error.isTransient], [-32600, "invalid_request", false], way);
        assert.match(error.message, /10 MiB.*send less at once/, way);
        return true;
      });
      if (text.startsWith("x")) {
        // The daemon says the same to those that do not look before.
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "message_encrypt", params: { recipient: "0x", text } });
        const headers = { authorization: `Bearer ${daemon.token}`, "content-type": "application/json" };
        const { error } = (await (await fetch(daemon.url, { method: "POST", headers, body })).json()) as { error: ErrorObject };
        await assert.rejects(client.call("message_encrypt", { recipient: "0x", text }), { message: new RatchetdError(error).message });
      }
      const almost = client.call("message_encrypt", { recipient: "0x", text: "x".repeat((10 << 20) - 200) });
      await assert.rejects(almost, (error: unknown) => error instanceof RatchetdError && error.kind !== "invalid_request", way);
      client.close();
    }
  }
});

test("refusals of other servers are told apart, with what to do and whether to try again", async () => {
  let answer = { status: 200, text: "" };
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(answer.status);
    response.end(answer.text);
  });
  server.listen(0, "127.0.0.1");
  after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const client = new Client(http({ url: `http://127.0.0.1:${port}`, token: "x" }));
  const statuses: [status: number, isTransient: boolean, message: RegExp][] = [
    [401, false, /rpc\.token/],
    [403, false, /rpc\.allowed_origins/],
    [404, false, /URL/],
    [413, false, /send less/],
    [429, true, /later/],
    [502, true, /502/],
  ];
  for (const [status, isTransient, message] of statuses) {
    const said = JSON.stringify({ error: { code: -32600, message: "no", data: { kind: "invalid_request", hint: `${message}` } } });
    for (const text of status === 413 || status === 429 || status === 404 ? ["", "<html>"] : ["", "<html>", said]) {
      answer = { status, text };
      const isRefusal = (error: unknown) => {
        assert.ok(error instanceof ConnectionError, `${error}`);
        assert.deepEqual([error.status, error.isTransient], [status, isTransient]);
        if (text === said) assert.equal(error.message, `no: ${message}`);
        else assert.match(error.message, message);
        return true;
      };
      await assert.rejects(client.call("system_version"), isRefusal);
      if (!isTransient) await assert.rejects(client.events({ after: 0 }).next(), isRefusal);
    }
  }
});

test("a request that the daemon refuses is answered with an error of the daemon", async () => {
  const data = { kind: "busy", hint: "wait" };
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(request.method === "POST" ? 429 : 400);
    response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: 1, message: "there is no room", data } }));
  });
  server.listen(0, "127.0.0.1");
  after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const client = new Client(http({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "x" }));
  const isBusy = (error: unknown) => error instanceof RatchetdError && error.kind === "busy" && error.isTransient;
  await assert.rejects(client.call("system_version"), isBusy);
  const interrupted = new AbortController();
  const onInterruption = (error: unknown) => {
    assert.ok(isBusy(error));
    interrupted.abort();
  };
  assert.equal((await client.events({ after: 0, signal: interrupted.signal, onInterruption }).next()).done, true);
});

test("a daemon below a path of a proxy is asked there", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    response.writeHead(503);
    response.end();
  });
  server.listen(0, "127.0.0.1");
  after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const [path, expected] of [["", ""], ["/", ""], ["/accounts/alice", "/accounts/alice"], ["/accounts/alice/?x=1", "/accounts/alice"]]) {
    asked.length = 0;
    const client = new Client(http({ url: origin + path, token: "x" }));
    await assert.rejects(client.call("system_version"), ConnectionError);
    const given = new AbortController();
    const onInterruption = () => given.abort();
    await client.events({ after: 0, signal: given.signal, onInterruption }).next();
    assert.deepEqual(asked, [`POST ${expected}/`, `GET ${expected}/events?after=0`], path);
  }
});

test("a wrong token, a missing daemon and a strange server are each told apart, with what to do", async () => {
  const daemon = await Daemon.start();
  const { url } = daemon;
  const token = "wrong-wrong-wrong-wrong";
  for (const transport of [http({ url, token }), webSocket({ url: url.replace("http", "ws"), token, WebSocket })]) {
    const wrong = new Client(transport);
    const isRefusal = (error: unknown) => {
      assert.ok(error instanceof ConnectionError);
      assert.deepEqual([error.status, error.isTransient], [401, false]);
      assert.match(error.message, /rpc\.token/);
      return true;
    };
    await assert.rejects(wrong.call("system_version"), isRefusal);
    // It is refused again, however often it is tried.
    const onInterruption = () => assert.fail("it is tried again");
    await assert.rejects(wrong.events({ after: 0, onInterruption }).next(), isRefusal);
    wrong.close();
  }

  const nowhere = new Client(unixSocket(`${daemon.socket}.not`));
  await assert.rejects(nowhere.call("system_version"), /ratchetd serve/);
  await assert.rejects(new Client(http({ url: "http://127.0.0.1:1", token: "x" })).call("system_version"), /--http 127.0.0.1:1/);
  for (const url of ["", "127.0.0.1:8645", "localhost:8645"]) {
    assert.throws(() => http({ url, token }), /url: .*http:\/\/127\.0\.0\.1:8645/, url);
    assert.throws(() => webSocket({ url, token, WebSocket }), /url: .*ws:\/\/127\.0\.0\.1:8645/, url);
  }
  for (const none of ["", "two words", undefined as unknown as string]) {
    assert.throws(() => http({ url, token: none }), /token: .*rpc\.token/);
    assert.throws(() => webSocket({ url: "ws://127.0.0.1:1", token: none, WebSocket }), /token: .*rpc\.token/);
  }
  // As a file has it.
  assert.equal((await new Client(http({ url, token: `${daemon.token}\n` })).call("system_version")).protocol, 1);

  const stranger = createServer((_, answer) => answer.end("<html>")).listen(0, "127.0.0.1");
  after(() => stranger.close());
  await new Promise((resolve) => stranger.once("listening", resolve));
  const { port } = stranger.address() as AddressInfo;
  const strange = new Client(http({ url: `http://127.0.0.1:${port}`, token: "x" }));
  await assert.rejects(strange.call("system_version"), /not from ratchetd/);
});

test("a call can be given up, and has a time", async () => {
  const daemon = await Daemon.start();
  await daemon.client().call("account_create", { account: "alice" });
  const { newestEvent: newest } = await daemon.client().call("system_status");
  for (const [way, transport] of Object.entries(daemon.ways())) {
    const client = new Client(transport);
    const controller = new AbortController();
    const call = client.call("event_list", { after: newest, waitMs: 60_000 }, { signal: controller.signal });
    controller.abort(new Error("never mind"));
    await assert.rejects(call, /never mind/, way);
    const late = client.call("event_list", { after: newest, waitMs: 60_000 }, { timeoutMs: 1 });
    await assert.rejects(late, /in time/, way);
    assert.equal((await client.call("system_version")).protocol, 1, way);
    client.close();
  }
});

test("the types are those of this daemon", () => {
  const document = execFileSync(RATCHETD, ["openrpc"]);
  const generator = new URL("scripts/generate.mjs", PACKAGE).pathname;
  const made = spawnSync(process.execPath, [generator, "--print"], { input: document, encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
  const kept = readFileSync(new URL("src/generated.ts", PACKAGE), "utf8");
  assert.ok(made.stdout === kept, "run `ratchetd openrpc | npm run generate`");
});

test("bytes are hex both ways, and nothing else is bytes", () => {
  const all = Uint8Array.from({ length: 256 }, (_, index) => index);
  assert.deepEqual(fromHex(toHex(all)), all);
  assert.equal(toHex(new Uint8Array([0, 1, 255])), "0x0001ff");
  assert.deepEqual(fromHex("0x"), new Uint8Array());
  for (const none of ["", "00", "0x0", "0xzz", " 0x00", "0x00\n"]) assert.throws(() => fromHex(none), RangeError, none);
});
