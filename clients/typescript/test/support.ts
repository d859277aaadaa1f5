/** A real daemon in a scratch directory. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";

import { WebSocket } from "ws";

import { Client, type Transport, http, unixSocket, webSocket } from "../src/node.js";

/** The binary under test. */
export const RATCHETD = process.env.RATCHETD_BIN ?? new URL("../../../../target/debug/ratchetd", import.meta.url).pathname;

/** The configuration of a daemon that writes nothing that can be read later. */
export const POST_QUANTUM_ONLY = '[ratchet]\nsuites = ["x25519-mlkem768"]\n';

export class Daemon {
  readonly directory = mkdtempSync(join(tmpdir(), "ratchetd-client-"));
  readonly socket = join(this.directory, "sock");
  url = "";
  #process: ChildProcess | undefined;

  private constructor(config: string) {
    writeFileSync(join(this.directory, "config.toml"), config);
    after(async () => {
      await this.kill();
      rmSync(this.directory, { recursive: true });
    });
  }

  /** A daemon with this configuration. */
  static async start(config = ""): Promise<Daemon> {
    const daemon = new Daemon(config);
    await daemon.restart();
    return daemon;
  }

  /** Starts it, on the port it had before. */
  async restart(): Promise<void> {
    const address = this.url === "" ? "127.0.0.1:0" : new URL(this.url).host;
    const process = spawn(
      RATCHETD,
      ["serve", "--data-dir", join(this.directory, "data"), "--socket", this.socket, "--http", address].concat([
        "--config", join(this.directory, "config.toml"), "--log-filter", "error",
      ]),
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    this.#process = process;
    for await (const line of createInterface({ input: process.stdout })) {
      const [, url] = /^listening on (http:.*)$/.exec(line) ?? [];
      if (url !== undefined) {
        this.url = url;
        return;
      }
    }
    throw new Error("the daemon did not start");
  }

  /** Ends it in the middle of whatever it does. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const ended = new Promise((resolve) => process.once("exit", resolve));
    process.kill("SIGKILL");
    await ended;
  }

  get token(): string {
    return readFileSync(join(this.directory, "data", "rpc.token"), "utf8").trim();
  }

  /** Every way to it. */
  ways(): Record<string, Transport> {
    const { url, token, socket } = this;
    return {
      http: http({ url, token }),
      "Unix socket": unixSocket(socket),
      WebSocket: webSocket({ url: url.replace("http", "ws"), token, WebSocket }),
      "WebSocket on the Unix socket": webSocket({ url: `ws+unix:${socket}:/`, WebSocket }),
    };
  }

  /** A client over the Unix socket. */
  client(): Client {
    return new Client(unixSocket(this.socket));
  }
}
