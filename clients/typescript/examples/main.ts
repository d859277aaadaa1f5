/** Runs the chat over two daemons and a relay that it starts in a scratch directory. RATCHETD_BIN names the program. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { unixSocket } from "../src/node.js";
import { chat } from "./chat.js";
import { startRelay } from "./relay.js";

const scratch = mkdtempSync(join(tmpdir(), "ratchetd-chat-"));
const program = process.env.RATCHETD_BIN ?? "ratchetd";

async function daemon(name: string): Promise<{ socket: string; stop: () => Promise<void> }> {
  const socket = join(scratch, `${name}.sock`);
  const flags = ["serve", "--data-dir", join(scratch, name), "--socket", socket, "--log-filter", "error"];
  const started = spawn(program, flags, { stdio: ["ignore", "pipe", "inherit"] });
  started.once("error", () => {
    console.error(`${program} cannot be started: put it on PATH, or name it with RATCHETD_BIN`);
    process.exit(2);
  });
  const ended = once(started, "exit");
  const stop = async () => {
    started.kill();
    await ended;
  };
  for await (const _ready of createInterface({ input: started.stdout })) {
    return { socket, stop };
  }
  throw new Error("the daemon did not start");
}

const relay = await startRelay();
const daemons = [await daemon("alice"), await daemon("bob")] as const;
try {
  const people = await chat([unixSocket(daemons[0].socket), unixSocket(daemons[1].socket)], relay.url, console.log);
  for (const person of people) person.leave();
} finally {
  // Until it has ended a daemon writes to its directory.
  await Promise.all(daemons.map(({ stop }) => stop()));
  await relay.stop();
  rmSync(scratch, { recursive: true, force: true });
}
