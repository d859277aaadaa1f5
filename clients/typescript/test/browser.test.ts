import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";

import { open } from "./chromium.js";
import { Daemon } from "./support.js";

/** The directory of this package. */
const PACKAGE = new URL("../../", import.meta.url);
/** The compiled client, as a page would load it. */
const CLIENT = new URL("dist/", PACKAGE);

/** What a page does: everything a frontend does, and then it says what came of it. */
const FRONTEND = `<!doctype html><title>ratchetd</title><script type="module">
  import { Client, http, webSocket } from "/node_modules/ratchetd/dist/index.js";
  const told = {};
  try {
    const { url, nowhere, token } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    const ways = (token) => ({
      http: http({ url, token }),
      socket: webSocket({ url: url.replace("http", "ws"), token }),
    });
    const wrong = ways("0".repeat(64));
    const nobody = new Client(http({ url: nowhere, token }));
    told.nobody = await nobody.call("system_version").catch((error) => ({ error: error.message, isTransient: error.isTransient }));
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
        // A stream that is refused ends: it is not opened again and again.
        const onInterruption = (error) => (outcome.interrupted = error.message);
        outcome.stream = await new Client(transport).events({ after: 0, onInterruption }).next().catch((error) => error.status);
      }
    }
  } finally {
    await fetch("/told", { method: "POST", body: JSON.stringify(told) });
  }
</script>`;

/** The page of the README, for a daemon at this address. */
function readmePage(url: string): string {
  const readme = readFileSync(new URL("README.md", PACKAGE), "utf8");
  const page = /<!-- page -->\n```html\n(.*?)```/s.exec(readme)?.[1] ?? "";
  assert.ok(page.includes("http://127.0.0.1:8645"));
  return page.replace("http://127.0.0.1:8645", url);
}

/** What types into the page of the README, and reads from it. */
const PERSON = readFileSync(new URL("test/person.js", PACKAGE), "utf8");

type Outcome = {
  text?: string;
  events?: string[];
  refused?: string;
  wrong?: number;
  error?: string;
  stream?: number;
  interrupted?: string;
};

type Told = Record<"http" | "socket", Outcome> & { nobody: { error: string; isTransient: boolean } };

/** A server of a page, at an origin of its own. */
async function serve() {
  let html = "";
  let tabs = "";
  const told: object[] = [];
  let tell = () => {};
  const met: ServerResponse[] = [];
  const server: Server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    if (pathname === "/told") {
      let text = "";
      for await (const part of request) text += part;
      response.end();
      told.push(JSON.parse(text) as object);
      tell();
    } else if (pathname === "/meet") {
      // Answered when both are there.
      if (met.push(response) === 2) for (const one of met) one.end();
    } else if (pathname.startsWith("/node_modules/ratchetd/dist/")) {
      response.setHeader("content-type", "text/javascript");
      response.end(readFileSync(new URL(pathname.slice("/node_modules/ratchetd/dist/".length), CLIENT)));
    } else {
      response.setHeader("content-type", "text/html");
      response.end(pathname === "/tabs" ? tabs : html);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    show: (page: string) => (html = page),
    /** Without a screen Chromium opens one page, and that one others. */
    tabs: (...urls: string[]) => (tabs = `<script>for (const url of ${JSON.stringify(urls)}) open(url)</script>`),
    /** What so many pages told, all together. */
    told: async (pages = 1) => {
      while (told.length < pages) await new Promise<void>((resolve) => (tell = resolve));
      return Object.assign({}, ...told) as unknown;
    },
  };
}

const skip = process.env.RATCHETD_WITHOUT_BROWSER === "1";

test("a page of an allowed origin encrypts, decrypts and follows events over TCP; one of another origin is refused", { skip }, async () => {
  const [friend, stranger] = [await serve(), await serve()];
  for (const site of [friend, stranger]) site.show(FRONTEND);
  const daemon = await Daemon.start(`[rpc]\nallowed_origins = [${JSON.stringify(friend.origin)}]\n`);
  const closed = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => closed.once("listening", resolve));
  const nowhere = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
  await new Promise((resolve) => closed.close(resolve));
  const secrets = new URLSearchParams({ url: daemon.url, nowhere, token: daemon.token });
  open(`${friend.origin}/#${secrets}`);
  const told = (await friend.told()) as Told;
  for (const way of ["http", "socket"] as const) {
    assert.equal(told[way].error, undefined, way);
    assert.equal(told[way].text, "from a page", way);
    assert.ok(told[way].events?.includes("installation.discovered"), way);
    assert.equal(told[way].refused, "account_not_found", way);
    assert.equal(told[way].wrong, 401, "a wrong token ends the stream of events");
  }
  // Nobody is there: that is told from a refusal, and worth trying again.
  assert.match(told.nobody.error, /no daemon answers at .*ratchetd serve --http/);
  assert.equal(told.nobody.isTransient, true);
  open(`${stranger.origin}/#${secrets}`);
  const refused = (await stranger.told()) as Told;
  for (const way of ["http", "socket"] as const) {
    const { error = "", stream, interrupted } = refused[way];
    assert.ok(error.startsWith("ConnectionError: ") && error.includes(stranger.origin), error);
    assert.match(error, /rpc\.allowed_origins/, way);
    assert.deepEqual([stream, interrupted], [403, undefined], way);
  }
  const accounts = await daemon.client().call("account_list");
  assert.equal(accounts.length, 4, "the stranger made none");
});

test("two tabs of the page of the README chat, by an import map and without a bundler", { skip }, async () => {
  const site = await serve();
  const daemon = await Daemon.start(`[rpc]\nallowed_origins = [${JSON.stringify(site.origin)}]\n`);
  site.show(`${readmePage(daemon.url)}<script type="module">${PERSON}</script>`);
  const tab = (me: string, other: string) => `/page.html#${new URLSearchParams({ me, other, token: daemon.token })}`;
  site.tabs(tab("alice", "bob"), tab("bob", "alice"));
  open(`${site.origin}/tabs`);
  const told = (await site.told(2)) as Record<"alice" | "bob", string[]>;
  for (const lines of Object.values(told)) {
    const said = lines.filter((line) => line.includes(": "));
    assert.deepEqual(said, ["alice: this is alice", "bob: this is bob"], lines.join("\n"));
    assert.ok(lines.includes("installation.discovered"), lines.join("\n"));
  }
});
