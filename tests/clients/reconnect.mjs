// A client that connects again by itself when the daemon was restarted.
import assert from "node:assert";
import ReconnectingWebSocket from "reconnecting-websocket";
import WebSocket from "ws";

const offers = ["ratchetd", `ratchetd.bearer.${process.env.RATCHETD_TOKEN}`];
const socket = new ReconnectingWebSocket(process.env.RATCHETD_URL.replace("http", "ws"), offers, {
  WebSocket,
  minReconnectionDelay: 50,
  maxReconnectionDelay: 200,
});
const codes = [];
let opened = 0;
socket.addEventListener("close", (event) => codes.push(event.code));
socket.addEventListener("open", () => {
  opened += 1;
  socket.send(JSON.stringify({ jsonrpc: "2.0", id: opened, method: "system_version" }));
});
socket.addEventListener("message", (message) => {
  assert(JSON.parse(message.data).result.version);
  if (opened === 1) {
    console.log("connected");
    return;
  }
  assert.strictEqual(codes[0], 1001);
  socket.close();
  process.exit(0);
});
setTimeout(() => process.exit(1), 30_000);
