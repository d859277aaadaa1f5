/**
 * Serves the page, and runs a relay beside it, for trying things out on one machine.
 *
 *   npm start -- [PORT [RELAY]]
 *
 * RELAY is a port for the relay, or the URL of one that runs already: then none is started.
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

/** A port, from the command line. */
function toPort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new TypeError(`"${text}" is no port`);
  return Number(text);
}

async function main(): Promise<void> {
  const [port = "8000", given = "8646"] = process.argv.slice(2);
  const [pagePort, relayPort] = [toPort(port), /^https?:/.test(given) ? null : toPort(given)];
  const page = await servePage(pagePort);
  const url = relayPort === null ? given : (await startRelay({ port: relayPort })).url;
  console.log(`the page is at ${page.origin}/#relay=${url}`);
  console.log(`let it call a daemon: ratchetd serve --http 127.0.0.1:8645 --allow-origin ${page.origin}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error: Error & { code?: string }) => {
    const how = error.code === "EADDRINUSE" ? "another program has that port: end it, or give another one" : "give them as";
    console.error(`${error.message}\n${how}: npm start -- [PORT [RELAY_PORT or RELAY_URL]]`);
    process.exit(1);
  });
}
