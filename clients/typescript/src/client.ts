import { ConnectionError, RatchetdError, isTransient } from "./errors.js";
import type { EventInfo, Methods } from "./generated.js";
import type { Transport } from "./transport.js";

/** How long to wait for an answer, in milliseconds: the longest call waits for a minute on purpose. */
const ANSWER_TIMEOUT = 90_000;
/** How long to wait before a stream is opened again, in milliseconds: first, and at most. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 10_000;

/** A call of a batch: the method, and its parameters. */
export type Call = { [M in keyof Methods]: readonly [method: M, params?: Methods[M]["params"]] }[keyof Methods];

/** What came of the calls of a batch, in their order. */
export type Outcomes<Calls extends readonly Call[]> = {
  [Index in keyof Calls]: Methods[Calls[Index][0]]["result"] | RatchetdError;
};

/** What every call takes. */
export interface CallOptions {
  /** Ends the wait. What was sent may be done all the same. */
  signal?: AbortSignal;
  /** How long to wait for the answer: 90 seconds by default. */
  timeoutMs?: number;
}

/** What a stream of events takes. */
export interface EventOptions {
  /** Whose; `*` for all. May be left out when there is exactly one account. */
  account?: string;
  /** The last event known, 0 for all that are kept. By default only what is still to come is told. */
  after?: number;
  /** Ends the stream. */
  signal?: AbortSignal;
  /** Told when the connection broke; the stream goes on by itself. */
  onInterruption?: (error: unknown) => void;
  /** Waits before the connection is opened again; by default longer each time, up to ten seconds. */
  delay?: (attempt: number, signal: AbortSignal) => Promise<void>;
}

interface Answer {
  id?: unknown;
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

/** A client of one daemon. */
export class Client {
  readonly #transport: Transport;
  #calls = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Calls a method.
   *
   * @throws RatchetdError if the daemon answers with an error, ConnectionError if it does not answer.
   */
  async call<M extends keyof Methods>(
    method: M,
    params: Methods[M]["params"] = {} as Methods[M]["params"],
    options: CallOptions = {},
  ): Promise<Methods[M]["result"]> {
    const message = this.#message(method, params);
    const outcome = this.#outcome(await this.#exchange(message, options), message.id);
    if (outcome instanceof RatchetdError) throw outcome;
    return outcome as Methods[M]["result"];
  }

  /**
   * Makes up to 100 calls in one request. Each has its own result or error; they are made one after the other, and one that
   * fails keeps the others from nothing.
   *
   * @throws RatchetdError if the whole is refused, ConnectionError if there is no answer.
   */
  async batch<const Calls extends readonly Call[]>(
    calls: Calls,
    options: CallOptions = {},
  ): Promise<Outcomes<Calls>> {
    if (calls.length === 0) return [] as unknown as Outcomes<Calls>;
    const first = this.#calls + 1;
    const messages = calls.map(([method, params]) => this.#message(method, params ?? {}));
    const answers = await this.#exchange(messages, options);
    if (!Array.isArray(answers)) {
      const { error } = (answers ?? {}) as Answer;
      throw error ? RatchetdError.from(error) : unreadable();
    }
    return calls.map((_, index) => this.#outcome(answers[index], first + index)) as Outcomes<Calls>;
  }

  /**
   * Events as they come. The connection is opened again when it breaks, and the stream goes on where it was: nothing is left
   * out and nothing comes twice. Where the daemon no longer has what was missed, an event of type `lagged` says so: ask for
   * the lists anew then. Keep the `seq` of what you have handled, and give it as `after` next time.
   *
   * @throws RatchetdError or ConnectionError if trying again does not help, such as a wrong token.
   */
  async *events(options: EventOptions = {}): AsyncGenerator<EventInfo, void, void> {
    const signal = options.signal ?? new AbortController().signal;
    const delay = options.delay ?? backOff;
    const account = options.account === undefined ? {} : { account: options.account };
    let after = options.after;
    let failures = 0;
    while (!signal.aborted) {
      try {
        after ??= (await this.call("system_status", {}, { signal })).newestEvent;
        for await (const item of this.#transport.follow({ ...account, after }, signal)) {
          failures = 0;
          if ("cursor" in item) {
            after = item.cursor;
            continue;
          }
          // The mark may lead back: to the beginning of another data directory.
          if (item.event.type !== "lagged" && item.event.seq <= after) continue;
          after = item.event.seq;
          yield item.event;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isTransient(error)) throw error;
        options.onInterruption?.(error);
      }
      if (signal.aborted) return;
      await delay(failures++, signal);
    }
  }

  /** Lets go of connections that are held. */
  close(): void {
    this.#transport.close();
  }

  #message(method: string, params: unknown): { id: number } {
    this.#calls += 1;
    return { jsonrpc: "2.0", id: this.#calls, method, params } as { id: number };
  }

  async #exchange(message: unknown, options: CallOptions): Promise<unknown> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? ANSWER_TIMEOUT);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    signal.throwIfAborted();
    try {
      return await this.#transport.exchange(message, signal);
    } catch (error) {
      if (timeout.aborted && !options.signal?.aborted) {
        throw new ConnectionError("the daemon did not answer in time", null, { cause: error });
      }
      throw error;
    }
  }

  #outcome(answer: unknown, id: number): unknown {
    const { id: answered, result, error } = (answer ?? {}) as Answer;
    if (error) return RatchetdError.from(error);
    if (answered !== id || result === undefined) throw unreadable();
    return result;
  }
}

function unreadable(): ConnectionError {
  return new ConnectionError("what was answered is no answer to what was asked");
}

/** Waits longer after each failure, and not exactly as long as everybody else. */
async function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);
  const wait = longest * (0.5 + Math.random() / 2);
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, wait);
    signal.addEventListener("abort", done);
  });
}
