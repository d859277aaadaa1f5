import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { Client, http } from "../src/index.js";
import { PACKAGE, compile, link, programs } from "./programs.js";
import { Daemon, POST_QUANTUM_ONLY } from "./support.js";

/** Stands in a shown line for any text. */
const LEFT_OUT = "…";

const COOKBOOK = readFileSync(join(PACKAGE, "../../docs/cookbook.md"), "utf8");

/** What a program says that it prints, behind each `console.log`. */
function shown(program: string): string[] {
  const lines = [...program.matchAll(/console\.log\(.*\);(?: \/\/ (.*))?$/gm)].map(([line, result]) => {
    assert.ok(result !== undefined, `${line}: what does it print?`);
    return result;
  });
  assert.ok(lines.length > 0, "it shows nothing");
  return lines;
}

function assertShown(lines: string[], printed: string[]): void {
  const isAs = (line: string, other: string | undefined) => {
    const parts = line.split(LEFT_OUT).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`).test(other ?? "");
  };
  if (lines.length !== printed.length || !lines.every((line, index) => isAs(line, printed[index]))) assert.deepEqual(printed, lines);
}

const project = mkdtempSync(join(tmpdir(), "ratchetd-cookbook-"));
after(() => rmSync(project, { recursive: true, force: true }));
link(project, "ratchetd", "@types", "undici-types");
writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));

const all = programs(COOKBOOK).map((program, index) => ({ ...program, name: program.how === "frontend.ts" ? "frontend" : `recipe${index}` }));
for (const { name, text } of all) writeFileSync(join(project, `${name}.ts`), text);

test("every recipe compiles", () => {
  assert.ok(all.every(({ how }) => /^(frontend\.ts|runs|compiles)$/.test(how)), "a program that nothing tries");
  compile(project, all.map(({ name }) => `${name}.ts`), "--skipLibCheck", "--module", "nodenext");
});

for (const recipe of all.filter(({ how }) => how === "runs")) {
  test(`${recipe.heading}: it prints what it shows`, async () => {
    const { socket, url } = await Daemon.start();
    const env = { ...process.env, RATCHETD_SOCKET: socket, RATCHETD_URL: url };
    const printed = execFileSync(process.execPath, [`${recipe.name}.js`], { cwd: project, env, encoding: "utf8" });
    assertShown(shown(recipe.text), printed.split("\n").slice(0, -1));
  });
}

test("the frontend keeps what is withheld, and sends it when a KEM prekey has come", async () => {
  const { socket } = await Daemon.start(POST_QUANTUM_ONLY);
  writeFileSync(join(project, "withheld.js"), `
    import { Frontend, account, client } from "./frontend.js";
    const { publicKey: to } = await account("bob");
    await account("alice");
    const [alice, bob] = [new Frontend("alice"), new Frontend("bob")];
    await alice.write({ to, id: crypto.randomUUID(), text: "hello" });
    await alice.poll();
    await bob.poll();
    console.log(alice.outbox.size, bob.texts.length);
    await alice.poll();
    await bob.poll();
    console.log(alice.outbox.size, bob.texts.join());
    client.close();
  `);
  const printed = execFileSync(process.execPath, ["withheld.js"], { cwd: project, env: { ...process.env, RATCHETD_SOCKET: socket }, encoding: "utf8" });
  assert.equal(printed, "1 0\n0 hello\n");
});

test("a token that was removed is another one after a restart", async () => {
  const daemon = await Daemon.start();
  const before = daemon.token;
  await daemon.kill();
  rmSync(join(daemon.directory, "data", "rpc.token"));
  await daemon.restart();
  assert.notEqual(daemon.token, before);
  await assert.rejects(fetchVersion(daemon.url, before), { status: 401 });
  assert.equal(await fetchVersion(daemon.url, daemon.token), "ratchetd");
});

async function fetchVersion(url: string, token: string): Promise<string> {
  return (await new Client(http({ url, token })).call("system_version")).name;
}
