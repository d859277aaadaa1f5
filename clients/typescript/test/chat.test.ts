import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { chat } from "../examples/chat.js";
import { Daemon, RATCHETD } from "./support.js";

test("the example chats over every way, both read all, and both see one safety number", async () => {
  for (const way of Object.keys((await Daemon.start()).ways())) {
    const daemons = [await Daemon.start(), await Daemon.start()] as const;
    const lines: string[] = [];
    const [alice, bob] = await chat([daemons[0].ways()[way]!, daemons[1].ways()[way]!], (line) => lines.push(line));
    assert.deepEqual(bob.inbox, ["Are you there?", "It is the same."], way);
    assert.deepEqual(alice.inbox, ["I am. Read me the safety number?"], way);
    assert.ok(lines.some((line) => /^both see [0-9 ]{60,}$/.test(line)), lines.join("\n"));
    assert.ok(!lines.some((line) => line.includes("without forward secrecy")), lines.join("\n"));
    assert.ok(lines.some((line) => line.includes("suite x25519 is established")), lines.join("\n"));
    for (const person of [alice, bob]) person.leave();
  }
});

test("`npm run chat` starts two daemons, shows the conversation, and ends them", () => {
  const main = "build/examples/main.js";
  const { scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  assert.ok(scripts.chat.endsWith(`node ${main}`), scripts.chat);
  const program = fileURLToPath(new URL(`../../${main}`, import.meta.url));
  const environment = { ...process.env, RATCHETD_BIN: RATCHETD };
  const said = execFileSync(process.execPath, [program], { env: environment, encoding: "utf8", timeout: 60_000 });
  assert.match(said, /both see [0-9 ]{60,}/);
  assert.match(said, /It is the same\./);
});
