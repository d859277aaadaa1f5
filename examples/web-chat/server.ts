/**
 * Serves the page, and runs a relay beside it, for trying things out on one machine.
 *
 *   npm start -- [PORT [RELAY_PORT]]
 */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

import { startRelay } from "../../clients/typescript/examples/relay.js";

/** All there is to serve: nothing else of the directory is. */
const FILES: Record<string, string> = {
  "/": "index.html", "/style.css": "style.css", "/icon.svg": "icon.svg", "/build/page.js": "build/page.js",
};
const TYPES: Record<string, string> = { html: "text/html; charset=utf-8", css: "text/css", svg: "image/svg+xml", js: "text/javascript" };
/** Where the files are: this program is built into `build/examples/web-chat`. */
const DIRECTORY = new URL("../../../", import.meta.url);

/** Serves the page at a port, a free one for 0. Its policy for scripts is in the page; what a page cannot say is said here. */
export async function servePage(port: number): Promise<{ origin: string; stop: () => void }> {
  const server = createServer(async (request, answer) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const name = FILES[path];
    if (name === undefined) return void answer.writeHead(404).end();
    answer.writeHead(200, {
      "content-type": TYPES[name.split(".").at(-1) as string],
      "content-security-policy": "frame-ancestors 'none'",
      "cross-origin-opener-policy": "same-origin",
      "permissions-policy": "camera=(self)",
      "x-content-type-options": "nosniff",
      "cache-control": "no-cache",
    });
    answer.end(await readFile(new URL(name, DIRECTORY)));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, stop };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port = "8000", relayPort = "8646"] = process.argv.slice(2);
  const page = await servePage(Number(port));
  const relay = await startRelay({ port: Number(relayPort) });
  console.log(`the page is at ${page.origin}/#relay=${relay.url}`);
  console.log(`let it call a daemon: ratchetd serve --http 127.0.0.1:8645 --allow-origin ${page.origin}`);
}
