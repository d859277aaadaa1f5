// The ordinary clients of Node, each doing what its manual shows first.
import assert from "node:assert";
import { EventSource } from "eventsource";
import { JSONRPCClient } from "json-rpc-2.0";
import { Client } from "rpc-websockets";
import WebSocket from "ws";

const url = process.env.RATCHETD_URL;
const authorization = `Bearer ${process.env.RATCHETD_TOKEN}`;
const socketUrl = url.replace("http", "ws");

// json-rpc-2.0 over fetch.
const client = new JSONRPCClient(async (request) => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization },
    body: JSON.stringify(request),
  });
  assert.strictEqual(response.status, 200);
  client.receive(await response.json());
});
assert((await client.request("system_version")).version);
await assert.rejects(client.request("nothing_here"), /no method/);
const many = await Promise.all(Array.from({ length: 200 }, () => client.request("system_version")));
assert.strictEqual(many.length, 200);

// rpc-websockets, which numbers its requests and expects the answers by their numbers.
const rpc = new Client(socketUrl, { headers: { authorization }, reconnect: false });
await new Promise((resolve, reject) => rpc.on("open", resolve).on("error", reject));
assert((await rpc.call("system_version")).version);
await assert.rejects(rpc.call("nothing_here"));
assert.match(await rpc.call("event_subscribe", ["*"]), /^events-/);
const closed = new Promise((resolve) => rpc.on("close", resolve));
rpc.close();
assert.strictEqual(await closed, 1000);

// ws, with a token among the subprotocols as a page offers it, and messages of some size.
const offers = ["ratchetd", `ratchetd.bearer.${process.env.RATCHETD_TOKEN}`];
const socket = new WebSocket(socketUrl, offers);
await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
assert.strictEqual(socket.protocol, "ratchetd");
const next = () => new Promise((resolve) => socket.once("message", (text) => resolve(JSON.parse(text))));
for (const pad of [0, 200, 70_000, 5_000_000]) {
  const request = { jsonrpc: "2.0", id: pad, method: "system_version", params: {} };
  socket.send(JSON.stringify(request) + " ".repeat(pad));
  assert.strictEqual((await next()).id, pad);
}
const code = new Promise((resolve) => socket.on("close", resolve).on("error", () => {}));
socket.send(" ".repeat(10 * 1024 * 1024 + 1));
assert.strictEqual(await code, 1009);

// An EventSource that opens.
const source = new EventSource(`${url}/events?account=*&after=0`, {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization } }),
});
await new Promise((resolve, reject) => {
  source.onopen = resolve;
  source.onerror = reject;
});
source.close();
