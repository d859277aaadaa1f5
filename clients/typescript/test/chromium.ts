/** Chromium, as a person or a page meets it. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { after } from "node:test";

import { WebSocket } from "ws";

/** Opens a page in Chromium, which stays open until the test is over. What it says on its standard error is given back. */
export function open(url: string, ...more: string[]): Readable {
  const profile = mkdtempSync(join(tmpdir(), "ratchetd-chromium-"));
  const quiet = ["quic", "background-networking", "component-update", "sync", "gpu"].map((what) => `--disable-${what}`);
  const flags = ["--headless", "--no-sandbox", "--no-first-run", "--disable-popup-blocking", `--user-data-dir=${profile}`, ...quiet, ...more];
  const chromium = spawn(process.env.CHROMIUM ?? "chromium", [...flags, url], { stdio: ["ignore", "ignore", "pipe"], detached: true });
  const gone = new Promise((resolve) => chromium.once("exit", resolve));
  chromium.once("error", (error) => {
    throw new Error("these tests need chromium; name it with CHROMIUM, or leave them out with RATCHETD_WITHOUT_BROWSER=1", {
      cause: error,
    });
  });
  // Nobody has to read it.
  chromium.stderr.resume();
  after(async () => {
    // It is a group of processes.
    if (chromium.pid !== undefined) process.kill(-chromium.pid, "SIGKILL");
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  return chromium.stderr;
}

/** What the browser tells of itself: a method and its parameters. */
interface Told {
  method: string;
  params: Record<string, any>;
}

/** A page in a window, with hands and eyes. */
export class Tab {
  /** All that the page asked for, by its address. */
  readonly requests: string[] = [];
  /** What went wrong in it: exceptions, and what its policy forbade. */
  readonly faults: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: any) => void>();
  #calls = 0;
  #loaded = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as { id?: number } & Told;
      if (message.id === undefined) this.#note(message);
      else this.#waiting.get(message.id)?.(message);
    });
    after(() => socket.terminate());
  }

  /** An empty page. */
  static async open(): Promise<Tab> {
    const lines = createInterface({ input: open("about:blank", "--remote-debugging-port=0", "--window-size=1440,1200") });
    for await (const line of lines) {
      const [, port] = /^DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(line) ?? [];
      if (port === undefined) continue;
      const pages = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { type: string; webSocketDebuggerUrl: string }[];
      const socket = new WebSocket(pages.find(({ type }) => type === "page")?.webSocketDebuggerUrl ?? "");
      await new Promise((resolve) => socket.once("open", resolve));
      const tab = new Tab(socket);
      for (const domain of ["Page", "Runtime", "Network", "Log"]) await tab.tell(`${domain}.enable`);
      return tab;
    }
    throw new Error("Chromium said nothing");
  }

  #note({ method, params }: Told): void {
    if (method === "Page.loadEventFired") this.#loaded();
    if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
    if (method === "Runtime.exceptionThrown") this.faults.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    // What is refused with a status is told here as well.
    if (method === "Log.entryAdded" && params.entry.source !== "network") this.faults.push(params.entry.text);
  }

  async tell(method: string, params: object = {}): Promise<any> {
    const id = ++this.#calls;
    const answered = new Promise<any>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answered;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  async goTo(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => (this.#loaded = resolve));
    await this.tell("Page.navigate", { url });
    await loaded;
  }

  /** What an expression is in the page. */
  async read<T = string>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.tell("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value as T;
  }

  /** Waits until the page shows what an expression asks for. If it does not come to that, what there is shows why. */
  async until(expression: string): Promise<void> {
    const looks = `new Promise((resolve) => {
      const done = (outcome) => { seer.disconnect(); clearTimeout(timer); resolve(outcome); };
      const look = () => { if (${expression}) done(""); };
      const seer = new MutationObserver(look);
      const timer = setTimeout(() => done(document.body.innerText), 30000);
      seer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      look();
    })`;
    const shown = await this.read(looks);
    if (shown !== "") throw new Error(`never came: ${expression}\n${shown}`);
  }

  /** Types into a field, in place of what is there. */
  async type(selector: string, text: string): Promise<void> {
    await this.read(`document.querySelector(${JSON.stringify(selector)}).select()`);
    await this.tell("Input.insertText", { text });
  }

  async press(key: "Enter"): Promise<void> {
    for (const type of ["keyDown", "keyUp"]) await this.tell("Input.dispatchKeyEvent", { type, key, code: key, windowsVirtualKeyCode: 13, text: "\r" });
  }

  async click(selector: string): Promise<void> {
    await this.read(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  /** The text of an element. */
  text(selector: string): Promise<string> {
    return this.read(`document.querySelector(${JSON.stringify(selector)}).innerText`);
  }
}
