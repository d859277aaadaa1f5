/** Drives Chromium by its own protocol, over pipes, without a screen. */

import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** How long a page may take to become what a test waits for, in milliseconds. */
const LONGEST_WAIT = 60_000;

/** Is in every page before its own scripts: waits until something is found, and sees what a person sees. */
const UNTIL = `globalThis.until = (find, what = String(find)) => new Promise((resolve, reject) => {
  const over = performance.now() + ${LONGEST_WAIT};
  const look = () => {
    let found;
    try { found = find(); } catch {}
    if (found) resolve(found);
    else if (performance.now() > over) reject(new Error("there is no " + what + " in: " + document.body.innerText));
    else setTimeout(look, 15);
  };
  look();
});
globalThis.visible = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility() && !one.disabled);`;

interface Answer {
  id?: number;
  result?: Record<string, unknown>;
  error?: { message: string };
  method?: string;
  params?: Record<string, unknown>;
  sessionId?: string;
}

/** A running browser with a profile of its own. */
export class Chromium {
  readonly #process: ChildProcess;
  readonly #gone: Promise<unknown>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  /** What pages have complained of: errors that nobody caught, and what their policy refused. */
  readonly complaints: string[] = [];
  #calls = 0;

  private constructor(profile: string, flags: readonly string[]) {
    const quiet = ["quic", "background-networking", "component-update", "sync", "gpu"].map((what) => `--disable-${what}`);
    const all = ["--headless", "--no-sandbox", "--no-first-run", "--remote-debugging-pipe", "--hide-scrollbars", `--user-data-dir=${profile}`];
    this.#process = spawn(process.env.CHROMIUM ?? "chromium", [...all, ...quiet, ...flags, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.once("error", (cause) => {
      throw new Error("this test needs chromium; name it with CHROMIUM", { cause });
    });
    let text = "";
    (this.#process.stdio[4] as Readable).setEncoding("utf8").on("data", (part: string) => {
      const messages = (text + part).split("\0");
      text = messages.pop() ?? "";
      for (const message of messages) this.#take(JSON.parse(message) as Answer);
    });
    (this.#process.stdio[3] as Writable).on("error", () => {});
  }

  static start(profile: string, ...flags: string[]): Chromium {
    return new Chromium(profile, flags);
  }

  async open(url: string): Promise<Page> {
    const { targetId } = await this.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId as string);
    for (const domain of ["Page", "Runtime", "Log"]) await page.call(`${domain}.enable`);
    await page.call("Page.addScriptToEvaluateOnNewDocument", { source: UNTIL });
    await page.size(1180, 780);
    await page.call("Page.navigate", { url });
    return page;
  }

  async call(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = (this.#calls += 1);
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    (this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    if (this.#process.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    // It is a group of processes.
    process.kill(-this.#process.pid, "SIGKILL");
    await this.#gone;
  }

  #take({ id, method, params, ...answer }: Answer): void {
    if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") this.complaints.push(JSON.stringify(params));
    if (id === undefined) return;
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}

/** A page, and a person in front of it, who sees what is visible and presses what is not disabled. */
export class Page {
  constructor(
    readonly browser: Chromium,
    readonly session: string,
  ) {}

  call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    return this.browser.call(method, params, this.session);
  }

  /** What an expression of JavaScript comes to in the page. */
  async get<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = (await this.call("Runtime.evaluate", {
      expression, awaitPromise: true, returnByValue: true, userGesture: true,
    })) as { result: { value: Value }; exceptionDetails?: { text: string; exception?: { description?: string } } };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression is true in the page, or in the one that takes its place meanwhile. */
  async until(expression: string): Promise<void> {
    for (;;) {
      try {
        return void (await this.get(`until(() => { return ${expression}; }, ${JSON.stringify(expression)}).then(() => true)`));
      } catch (error) {
        if (!/navigated|context|until is not defined/.test((error as Error).message)) throw error;
      }
    }
  }

  /** Waits for a text to be seen in an element. */
  sees(selector: string, text: string): Promise<void> {
    return this.until(`visible(${JSON.stringify(selector)}).some((one) => one.innerText.includes(${JSON.stringify(text)}))`);
  }

  /** Presses a button that says this. */
  async press(name: string): Promise<void> {
    const button = `visible("button, summary").find((one) => (one.ariaLabel ?? one.innerText).trim() === ${JSON.stringify(name)})`;
    await this.get(`until(() => ${button}, ${JSON.stringify(`button ${name}`)}).then((button) => { button.click(); })`);
  }

  /** Fills in a field by its label. */
  async fill(label: string, value: string): Promise<void> {
    const named = `(one.ariaLabel ?? one.labels[0]?.innerText ?? "").trim().startsWith(${JSON.stringify(label)})`;
    const find = `visible("input, textarea").find((one) => ${named})`;
    await this.get(`until(() => ${find}, ${JSON.stringify(`field ${label}`)}).then((field) => {
      field.focus();
      field.value = ${JSON.stringify(value)};
      field.dispatchEvent(new Event("input", { bubbles: true }));
    })`);
  }

  size(width: number, height: number): Promise<unknown> {
    return this.call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  }

  dark(isDark: boolean): Promise<unknown> {
    const features = [{ name: "prefers-color-scheme", value: isDark ? "dark" : "light" }];
    return this.call("Emulation.setEmulatedMedia", { features });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.call("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data as string, "base64");
  }

  /** Loads an address, and waits until that is what there is. */
  async go(url: string): Promise<void> {
    await this.call("Page.navigate", { url });
    await this.until(`location.href === ${JSON.stringify(url)} && document.readyState === "complete"`);
  }

  async reload(): Promise<void> {
    await this.get("globalThis.isOld = true");
    await this.call("Page.reload");
    await this.until("!globalThis.isOld && document.readyState === 'complete'");
  }

  /** Gives a file to a field that takes one. */
  async give(selector: string, file: string): Promise<void> {
    const { result } = (await this.call("Runtime.evaluate", { expression: `document.querySelector(${JSON.stringify(selector)})` })) as {
      result: { objectId: string };
    };
    await this.call("DOM.setFileInputFiles", { files: [file], objectId: result.objectId });
  }
}
