import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { Daemon } from "./support.js";

/** The compiled client, as a page would load it. */
const SOURCES = new URL("../src/", import.meta.url);

/** What the page does: everything a frontend does, and then it says what came of it. */
const PAGE = `<!doctype html><title>ratchetd</title><script type="module">
  import { Client, http, webSocket } from "/client/index.js";
  const told = {};
  try {
    const { url, token } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    const ways = (token) => ({
      http: http({ url, token }),
      socket: webSocket({ url: url.replace("http", "ws"), token }),
    });
    const wrong = ways("0".repeat(64));
    for (const [way, transport] of Object.entries(ways(token))) {
      const outcome = (told[way] = {});
      try {
        const client = new Client(transport);
        const { publicKey: sender } = await client.call("account_create", { account: "alice-" + way });
        const { publicKey: recipient } = await client.call("account_create", { account: "bob-" + way });
        const { bundle } = await client.call("bundle_get", { account: "bob-" + way });
        await client.call("bundle_import", { account: "alice-" + way, bundle });
        const account = "alice-" + way;
        const { envelopes } = await client.call("message_encrypt", { account, recipient, text: "from a page" });
        const { message } = envelopes[0];
        const read = await client.call("message_decrypt", { account: "bob-" + way, sender, message, confirm: true });
        outcome.text = read.text;
        outcome.events = [];
        for await (const event of client.events({ account, after: 0 })) {
          outcome.events.push(event.type);
          if (event.type === "installation.discovered") break;
        }
        outcome.refused = await client.call("account_get", { account: "nobody" }).catch((error) => error.kind);
        outcome.wrong = await new Client(wrong[way]).events().next().catch((error) => error.status);
        client.close();
      } catch (error) {
        outcome.error = error.name + ": " + error.message;
      }
    }
  } finally {
    await fetch("/told", { method: "POST", body: JSON.stringify(told) });
  }
</script>`;

type Told = Record<"http" | "socket", { text?: string; events?: string[]; refused?: string; wrong?: number; error?: string }>;

/** A server of the page, at an origin of its own, and what the page told it. */
async function page(): Promise<{ origin: string; told: Promise<Told> }> {
  let tell: (told: Told) => void;
  const told = new Promise<Told>((resolve) => (tell = resolve));
  const server: Server = createServer((request, response) => {
    if (request.url === "/told") {
      let text = "";
      request.on("data", (chunk) => (text += chunk));
      request.on("end", () => {
        response.end();
        tell(JSON.parse(text) as Told);
      });
    } else if (request.url?.startsWith("/client/")) {
      response.setHeader("content-type", "text/javascript");
      response.end(readFileSync(new URL(request.url.slice("/client/".length), SOURCES)));
    } else {
      response.setHeader("content-type", "text/html");
      response.end(PAGE);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, told };
}

/** Opens a page in Chromium, which stays open until the test is over. */
function open(url: string): void {
  const profile = mkdtempSync(join(tmpdir(), "ratchetd-chromium-"));
  const quiet = ["quic", "background-networking", "component-update", "sync", "gpu"].map((what) => `--disable-${what}`);
  const flags = ["--headless", "--no-sandbox", "--no-first-run", `--user-data-dir=${profile}`, ...quiet];
  const chromium = spawn(process.env.CHROMIUM ?? "chromium", [...flags, url], { stdio: "ignore", detached: true });
  const gone = new Promise((resolve) => chromium.once("exit", resolve));
  chromium.once("error", (error) => {
    throw new Error("these tests need chromium; name it with CHROMIUM, or leave them out with RATCHETD_WITHOUT_BROWSER=1", {
      cause: error,
    });
  });
  after(async () => {
    // It is a group of processes.
    if (chromium.pid !== undefined) process.kill(-chromium.pid, "SIGKILL");
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
}

const skip = process.env.RATCHETD_WITHOUT_BROWSER === "1";

test("a page of an allowed origin encrypts, decrypts and follows events over TCP; one of another origin is refused", { skip }, async () => {
  const [friend, stranger] = [await page(), await page()];
  const daemon = await Daemon.start(`[rpc]\nallowed_origins = [${JSON.stringify(friend.origin)}]\n`);
  const secrets = new URLSearchParams({ url: daemon.url, token: daemon.token });
  open(`${friend.origin}/#${secrets}`);
  const told = await friend.told;
  for (const way of ["http", "socket"] as const) {
    assert.equal(told[way].error, undefined, way);
    assert.equal(told[way].text, "from a page", way);
    assert.ok(told[way].events?.includes("installation.discovered"), way);
    assert.equal(told[way].refused, "account_not_found", way);
    assert.equal(told[way].wrong, 401, "a wrong token ends the stream of events");
  }
  open(`${stranger.origin}/#${secrets}`);
  const refused = await stranger.told;
  assert.match(refused.http.error ?? "", /ConnectionError: .*allowed_origins/);
  assert.match(refused.socket.error ?? "", /ConnectionError: .*origin/);
  const accounts = await daemon.client().call("account_list");
  assert.equal(accounts.length, 4, "the stranger made none");
});
