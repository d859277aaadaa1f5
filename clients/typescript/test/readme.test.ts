import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Daemon } from "./support.js";

const PACKAGE = new URL("../../", import.meta.url);
const COMPILER = createRequire(import.meta.url).resolve("typescript/bin/tsc");

/** The programs in the README, by what is said before them. */
function programs(): { runs: string[]; compiles: string[] } {
  const text = readFileSync(new URL("README.md", PACKAGE), "utf8");
  const found = { runs: [] as string[], compiles: [] as string[] };
  let all = 0;
  for (const [, how, program] of text.matchAll(/(?:<!-- (runs|compiles) -->\n)?```ts\n(.*?)```/gs)) {
    all += 1;
    if (how === "runs" || how === "compiles") found[how].push(program ?? "");
  }
  assert.equal(found.runs.length + found.compiles.length, all, "a program that nothing tries");
  assert.ok(found.runs.length > 0 && found.compiles.length > 0);
  return found;
}

test("the programs of the README compile, and those that can run print what it says", async () => {
  const directory = new URL("build/readme/", PACKAGE);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const { runs, compiles } = programs();
  const files = [...runs, ...compiles].map((program, index) => {
    const file = new URL(`${index}.ts`, directory);
    writeFileSync(file, program);
    return fileURLToPath(file);
  });
  const strict = ["--strict", "--target", "ES2022", "--module", "NodeNext", "--skipLibCheck", "--types", "node"];
  execFileSync(process.execPath, [COMPILER, ...strict, ...files], { cwd: PACKAGE, stdio: ["ignore", "inherit", "inherit"] });
  const text = readFileSync(new URL("README.md", PACKAGE), "utf8");
  const commands = /```sh\n(npx tsc .*?)```/s.exec(text)?.[1];
  assert.ok(commands, "how it is run");
  for (const program of runs) {
    // As whoever reads it does: with the commands below it, on a daemon that has met the curl session, and again.
    writeFileSync(new URL("hello.ts", directory), program);
    const daemon = await Daemon.start();
    for (const account of ["alice", "bob"]) await daemon.client().call("account_create", { account });
    const options = { cwd: directory, env: { ...process.env, RATCHETD_SOCKET: daemon.socket }, encoding: "utf8" } as const;
    for (const _again of [false, true]) {
      const printed = execFileSync("bash", ["-euc", commands], options);
      assert.ok(printed.trim() !== "" && text.includes(`prints \`${printed.trim()}\``), printed);
    }
    const fresh = await Daemon.start();
    const environment = { ...options.env, RATCHETD_SOCKET: fresh.socket };
    const printed = execFileSync(process.execPath, ["hello.js"], { ...options, env: environment });
    assert.ok(text.includes(`prints \`${printed.trim()}\``), printed);
  }
});
