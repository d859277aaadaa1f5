// A page's EventSource, which sends no header of ours: it opens with a ticket, and when the stream is
// lost, another does, behind the last event. This is how docs/api.md (§7) shows it.
import assert from "node:assert";
import { EventSource } from "eventsource";

const daemon = process.env.RATCHETD_URL;
// What is listened to may be a proxy before it.
const place = process.env.RATCHETD_EVENTS ?? daemon;
const authorization = `Bearer ${process.env.RATCHETD_TOKEN}`;

async function call(method, params = {}) {
  const response = await fetch(daemon, {
    method: "POST",
    headers: { "content-type": "application/json", authorization },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = await response.json();
  if (error) throw Object.assign(new Error(error.message), { status: response.status });
  return result;
}

async function listen(account, after, types, onEvent) {
  for (;;) {
    try {
      const { ticket } = await call("event_ticket");
      const query = new URLSearchParams({ account, after, ticket });
      const source = new EventSource(`${place}/events?${query}`);
      await new Promise((lost) => {
        source.onerror = lost;
        for (const type of types) {
          source.addEventListener(type, (event) => {
            after = event.lastEventId;
            onEvent(JSON.parse(event.data));
          });
        }
      });
      source.close();
    } catch (error) {
      if (error.status === 401 || error.status === 403) throw error;
    }
    await new Promise((later) => setTimeout(later, 100));
  }
}

// A ticket that was used ends an EventSource for good: it does not come back again and again.
const { ticket } = await call("event_ticket");
const open = () => new EventSource(`${place}/events?account=*&ticket=${ticket}`);
const first = open();
await new Promise((resolve, reject) => Object.assign(first, { onopen: resolve, onerror: reject }));
const second = open();
const refused = await new Promise((resolve) => (second.onerror = resolve));
assert.strictEqual(refused.code, 401);
assert.strictEqual(second.readyState, EventSource.CLOSED);
assert.strictEqual(first.readyState, EventSource.OPEN);
first.close();

// It tells when it has had an event, and is done when it has had one more.
let seen = 0;
const { newestEvent } = await call("system_status");
listen("*", newestEvent, ["installation.discovered"], (event) => {
  assert(event.seq > newestEvent);
  seen += 1;
  if (seen === 1) console.log("an event");
  if (seen === 2) process.exit(0);
});
const { publicKey } = await call("account_create", { account: "events-a" });
assert(publicKey);
await call("account_create", { account: "events-b" });
const { bundle } = await call("bundle_get", { account: "events-b" });
await call("bundle_import", { account: "events-a", bundle });
setTimeout(() => process.exit(1), 30_000);
