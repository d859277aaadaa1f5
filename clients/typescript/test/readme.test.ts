import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Daemon } from "./support.js";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const README = readFileSync(join(PACKAGE, "README.md"), "utf8");
const COMPILER = createRequire(import.meta.url).resolve("typescript/bin/tsc");

/** The programs in the README, by what is said before them. */
function programs(): { runs: string[]; compiles: string[] } {
  const found = { runs: [] as string[], compiles: [] as string[], page: [] as string[] };
  let all = 0;
  for (const [, how, program] of README.matchAll(/(?:<!-- (runs|compiles|page) -->\n)?```(?:ts|js|html)\n(.*?)```/gs)) {
    all += 1;
    if (how === "runs" || how === "compiles" || how === "page") found[how].push(program ?? "");
  }
  assert.equal(found.runs.length + found.compiles.length + found.page.length, all, "a program that nothing tries");
  // The page is opened by browser.test.ts.
  assert.ok(found.runs.length === 1 && found.compiles.length > 0 && found.page.length === 1);
  return found;
}

/** A project with the package in it, made by the commands that the README begins with; where it is. */
function install(): string {
  const above = mkdtempSync(join(tmpdir(), "ratchetd-install-"));
  after(() => rmSync(above, { recursive: true, force: true }));
  // This directory as it is checked out.
  const made = ["node_modules", "dist", "build"].map((name) => join(PACKAGE, name));
  cpSync(PACKAGE, join(above, "typescript"), { recursive: true, filter: (path) => !made.includes(path) });
  const commands = /```sh\n(npm ci .*?)```/s.exec(README)?.[1];
  assert.ok(commands, "how it is installed");
  // What `npm ci` has fetched for these tests it need not fetch again.
  const env = { ...process.env, npm_config_prefer_offline: "true", npm_config_audit: "false", npm_config_loglevel: "error" };
  execFileSync("bash", ["-euc", commands], { cwd: join(above, "typescript"), env, stdio: ["ignore", "pipe", "inherit"] });
  return join(above, "hello");
}

test("what the README says from its first line on works in a project of one's own, as JavaScript and as TypeScript", async () => {
  const project = install();
  const { runs, compiles } = programs();
  const [hello] = runs as [string];
  writeFileSync(join(project, "hello.mjs"), hello);
  const command = /```sh\n(node hello\.mjs)\n```/.exec(README)?.[1];
  assert.ok(command, "how it is run");
  const daemon = await Daemon.start();
  // On a daemon that has met the curl session, again, and on one that has met nobody.
  for (const account of ["alice", "bob"]) await daemon.client().call("account_create", { account });
  for (const { socket } of [daemon, daemon, await Daemon.start()]) {
    const env = { ...process.env, RATCHETD_SOCKET: socket };
    const printed = execFileSync("bash", ["-euc", command], { cwd: project, env, encoding: "utf8" });
    assert.ok(printed.trim() !== "" && README.includes(`prints \`${printed.trim()}\``), printed);
  }

  // Without the types of Node: the package needs none.
  const typed = hello.replace("account(name)", "account(name: string)");
  assert.ok(typed !== hello && README.includes("with `name: string`"));
  const files = [typed, ...compiles].map((program, index) => {
    const file = join(project, `${index}.mts`);
    writeFileSync(file, program);
    return { file, needsNode: /from "ws"/.test(program) };
  });
  const compile = (files: string[], ...flags: string[]) => {
    const strict = ["--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--noEmit", ...flags, ...files];
    execFileSync(process.execPath, [COMPILER, ...strict], { cwd: project, stdio: ["ignore", "inherit", "inherit"] });
  };
  const bundler = ["--module", "esnext", "--moduleResolution", "bundler"];
  for (const flags of [["--module", "nodenext"], bundler]) {
    const plain = files.filter(({ needsNode }) => !needsNode);
    compile(plain.map(({ file }) => file), ...flags);
  }
  for (const name of ["ws", "@types", "undici-types"]) {
    symlinkSync(join(PACKAGE, "node_modules", name), join(project, "node_modules", name));
  }
  for (const flags of [["--module", "nodenext"], bundler]) compile(files.map(({ file }) => file), "--skipLibCheck", ...flags);
});
