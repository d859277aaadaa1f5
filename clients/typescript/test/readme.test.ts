import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { PACKAGE, compile, link, programs } from "./programs.js";
import { Daemon } from "./support.js";

const README = readFileSync(join(PACKAGE, "README.md"), "utf8");

/** The programs in the README, by what is said before them. */
function byHow(): { runs: string[]; compiles: string[] } {
  const all = programs(README);
  const [runs, compiles, page] = ["runs", "compiles", "page"].map((how) => all.filter((program) => program.how === how).map(({ text }) => text));
  assert.ok(runs && compiles && page && runs.length + compiles.length + page.length === all.length, "a program that nothing tries");
  // The page is opened by browser.test.ts.
  assert.ok(runs.length === 1 && compiles.length > 0 && page.length === 1);
  return { runs, compiles };
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
  const { runs, compiles } = byHow();
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
  const check = (files: { file: string }[], ...flags: string[]) => compile(project, files.map(({ file }) => file), "--noEmit", ...flags);
  const bundler = ["--module", "esnext", "--moduleResolution", "bundler"];
  for (const flags of [["--module", "nodenext"], bundler]) {
    check(files.filter(({ needsNode }) => !needsNode), ...flags);
  }
  link(project, "ws", "@types", "undici-types");
  for (const flags of [["--module", "nodenext"], bundler]) check(files, "--skipLibCheck", ...flags);
});
