/** What README.md says from its first line on: two people in a browser, over a Waku network, by the commands that are printed there. */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { RATCHETD } from "../../../clients/typescript/test/support.js";
import { Chromium, type Page } from "./chromium.js";

const TOP = fileURLToPath(new URL("../../../../../../", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "ratchetd-readme-"));
const env: NodeJS.ProcessEnv = { ...process.env, HOME: home, PATH: `${join(home, ".local/bin")}:${process.env.PATH}` };
for (const name of ["RATCHETD_BIN", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"]) delete env[name];
// What npm has fetched it need not fetch again.
env.npm_config_cache = execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).trim();
env.npm_config_prefer_offline = "true";
const running: ChildProcess[] = [];
const browsers: Chromium[] = [];
after(async () => {
  await Promise.all(browsers.map((browser) => browser.kill()));
  for (const process of running) await end(process, "SIGTERM");
  rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** The blocks of commands of a document. */
function commands(document: string): string[] {
  return [...readFileSync(join(TOP, document), "utf8").matchAll(/```sh\n(.*?)```/gs)].map(([, text = ""]) => text);
}

/** A terminal in the directory of a copy of the repository, where nothing is installed; its lines. */
function terminal(command: string, cwd: string): { lines: AsyncIterator<string>; process: ChildProcess } {
  const process = spawn("bash", ["-euc", command.replace(/(.* && )?(.*)\n$/s, "$1exec $2")], { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  running.push(process);
  return { lines: createInterface({ input: process.stdout })[Symbol.asyncIterator](), process };
}

async function end(process: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const ended = new Promise((resolve) => process.once("exit", resolve));
  process.kill(signal);
  await ended;
}

/** What the first line says that matches. */
async function line(lines: AsyncIterator<string>, pattern: RegExp): Promise<string> {
  for (;;) {
    const { value, done } = await lines.next();
    assert.ok(!done, `nothing was printed like ${pattern}`);
    const [, found] = pattern.exec(value) ?? [];
    if (found !== undefined) return found;
  }
}

/** The first of so many ports in a row that are free. */
async function ports(count: number): Promise<number> {
  for (let first = 20_000 + Math.floor(Math.random() * 10_000); ; first += count) {
    const all = Array.from({ length: count }, (_, index) => new Promise<boolean>((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(first + index, "127.0.0.1", () => server.close(() => resolve(true)));
    }));
    if ((await Promise.all(all)).every(Boolean)) return first;
  }
}

async function begin(link: string, name: string): Promise<Page> {
  const browser = Chromium.start(join(home, `profile-${name}`));
  browsers.push(browser);
  const page = await browser.open(link);
  await page.fill("Your name", name);
  await page.press("Start");
  await page.press("I have written them down");
  return page;
}

async function add(page: Page, code: string): Promise<void> {
  await page.press("Add a contact");
  await page.fill("Contact code", code);
  await page.sees("#whose", "A valid code");
  await page.press("Send request");
}

async function say(page: Page, text: string): Promise<void> {
  await page.fill("Message", text);
  await page.press("Send");
}

const choose = (page: Page, name: string): Promise<unknown> =>
  page.sees("#list", name).then(() => page.get(`visible("#list .item").find((item) => item.innerText.includes(${JSON.stringify(name)})).click()`));
const reads = (page: Page, text: string): Promise<void> => page.sees(".message:not(.mine) p", text);

test("with the README alone two people chat in a browser over a Waku network, and with a bot", async () => {
  // As it is checked out, with the program where the README installs it.
  const made = ["node_modules", "dist", "build", ".venv", "target", ".git", "vectors"];
  const copy = join(home, "ratchetd");
  for (const part of ["examples", "clients"]) {
    cpSync(join(TOP, part), join(copy, part), { recursive: true, filter: (path) => !made.includes(path.split("/").at(-1) as string) });
  }
  mkdirSync(join(home, ".local/bin"), { recursive: true });
  symlinkSync(RATCHETD, join(home, ".local/bin/ratchetd"));

  const [together] = commands("README.md").filter((text) => text.startsWith("examples/"));
  assert.ok(together, "the README does not say how two people meet");
  env.PORT = String(await ports(6));
  const { lines, process: two } = terminal(together, copy);
  const links = [await line(lines, /^ +alice +(http:.*)$/), await line(lines, /^ +bob +(http:.*)$/)] as const;
  const [alice, bob] = [await begin(links[0], "Alice"), await begin(links[1], "Bob")];

  await alice.press("Add a contact");
  await alice.get(`Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => { globalThis.copied = text; } } })`);
  await alice.press("Copy code");
  await alice.sees("#copied", "Copied.");
  const code = await alice.get<string>("copied");
  await alice.press("Close");
  await add(bob, code);
  await choose(alice, "Bob");
  await alice.press("Accept");
  await bob.sees("#standing", "Encrypted");
  await say(bob, "Do you read this?");
  await reads(alice, "Do you read this?");
  await say(alice, "I do.");
  await reads(bob, "I do.");

  // The daemons of two people who start theirs by hand get along with each other.
  const byHand = commands("examples/web-chat/README.md").filter((text) => text.startsWith("ratchetd serve"));
  assert.equal(byHand.length, 2);
  const daemons = byHand.map((text) => terminal(text.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:0"), copy));
  for (const { lines } of daemons) await line(lines, /^listening on (http:.*)$/);
  for (const { process } of daemons) await end(process, "SIGTERM");

  // What the page of the bot says. Its relay is Alice's node.
  const [install = "", relay = "", start = ""] = commands("examples/bot/README.md");
  assert.ok(install.startsWith("python3 -m venv ") && start.includes("bot.py"));
  execFileSync("bash", ["-euc", install], { cwd: copy, env, stdio: ["ignore", "ignore", "inherit"] });
  // There is a relay already.
  const second = spawnSync("bash", ["-euc", `${relay.trim()} ${Number(env.PORT) + 1}`], { cwd: copy, env, encoding: "utf8" });
  assert.match(second.stderr, /^relay\.py: .*: name another port: relay\.py PORT\n$/);
  const serving = terminal("ratchetd serve\n", copy);
  await line(serving.lines, /^listening on (.*)$/);
  env.BOT_RELAY = `http://127.0.0.1:${Number(env.PORT) + 1}`;
  const bot = await line(terminal(start, copy).lines, /^listening as (.*)$/);
  await add(alice, bot);
  await alice.sees("#name", "bot");
  await reads(alice, "I am a bot");
  await say(alice, "/time");
  await reads(alice, "UTC.");

  // Ctrl-C ends all of it, and frees the ports for the next time.
  await end(two, "SIGINT");
  const again = terminal(together, copy);
  await line(again.lines, /^ +bob +(http:.*)$/);
});
