import { ConnectionError, type ErrorObject, RatchetdError, isTransient } from "./errors.js";
import type { EventInfo } from "./generated.js";
import { checkParams } from "./json.js";
import type { Arguments, Call, Method, Outcomes, Result, SealingMethod, SealingParams } from "./methods.js";
import { type Delay, backOff } from "./retry.js";
import type { Transport } from "./transport.js";

/** How long to wait for an answer, in milliseconds: the longest call waits for a minute on purpose. */
const ANSWER_TIMEOUT = 90_000;
/** Most requests under way at once; others wait for their turn. The daemon would refuse some of too many. */
const MOST_REQUESTS = 100;

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
  delay?: Delay;
}

interface Answer {
  id?: unknown;
  result?: unknown;
  error?: ErrorObject;
}

/** A client of one daemon. */
export class Client {
  readonly #transport: Transport;
  #calls = 0;
  #underWay = 0;
  readonly #waiting = new Set<() => void>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Calls a method.
   *
   * @throws RatchetdError if the daemon answers with an error, or would; ConnectionError if it does not answer.
   */
  call<M extends SealingMethod>(
    method: M,
    params: SealingParams<M>,
    options?: CallOptions,
  ): Promise<Result<M, SealingParams<M>>>;
  call<M extends Method>(method: M, ...args: Arguments<M, CallOptions>): Promise<Result<M>>;
  async call(method: Method, params?: object | null, options: CallOptions = {}): Promise<unknown> {
    const message = this.#message(method, params ?? {});
    const outcome = this.#outcome(await this.#exchange(message, options), message.id);
    if (outcome instanceof RatchetdError) throw outcome;
    return outcome;
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
    const messages = calls.map(([method, params]) => this.#message(method, params ?? {}));
    const answers = await this.#exchange(messages, options);
    if (!Array.isArray(answers)) {
      const { error } = (answers ?? {}) as Answer;
      throw error ? new RatchetdError(error) : unreadable();
    }
    return messages.map(({ id }, index) => this.#outcome(answers[index], id)) as Outcomes<Calls>;
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

  #message(method: string, params: object): { id: number } {
    checkParams(method, params);
    this.#calls += 1;
    return { jsonrpc: "2.0", id: this.#calls, method, params } as { id: number };
  }

  async #exchange(message: unknown, options: CallOptions): Promise<unknown> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? ANSWER_TIMEOUT);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    try {
      signal.throwIfAborted();
      await this.#turn(signal);
      try {
        signal.throwIfAborted();
        return await this.#transport.exchange(message, signal);
      } finally {
        this.#next();
      }
    } catch (error) {
      if (timeout.aborted && !options.signal?.aborted) {
        throw new ConnectionError("the daemon did not answer in time", null, { cause: error });
      }
      throw error;
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    if (this.#underWay < MOST_REQUESTS) {
      this.#underWay += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const takeTurn = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.delete(takeTurn);
        reject(signal.reason);
      };
      this.#waiting.add(takeTurn);
      signal.addEventListener("abort", giveUp);
    });
  }

  /** Ends a turn: it goes to whoever has waited longest. */
  #next(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#underWay -= 1;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }

  #outcome(answer: unknown, id: number): unknown {
    const { id: answered, result, error } = (answer ?? {}) as Answer;
    if (error) return new RatchetdError(error);
    if (answered !== id || result === undefined) throw unreadable();
    return result;
  }
}

function unreadable(): ConnectionError {
  return new ConnectionError("what was answered is no answer to what was asked");
}
