import { ConnectionError, type ErrorObject, RatchetdError } from "./errors.js";
import type { EventInfo } from "./generated.js";
import { checkedToken, checkedUrl, http } from "./http.js";
import { encode } from "./json.js";
import type { Cursor, Item, Transport } from "./transport.js";

/** Events that wait to be taken. Past these the subscription ends, and begins again when they have been. */
const MOST_WAITING = 1000;
/** So long it may take to find out why a connection was refused, in milliseconds. */
const LONGEST_REFUSAL = 5000;

/** What of a WebSocket is used. Those of browsers and of the package `ws` have it. */
export interface WebSocketLike {
  send(text: string): void;
  close(): void;
  addEventListener(type: "open" | "close" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

interface Answer {
  id?: number | null;
  result?: unknown;
  error?: ErrorObject;
}

interface Notification {
  method: string;
  params: { subscription: string; result: EventInfo };
}

/** Finds out why a connection was not opened: a WebSocket does not say. It does not fail. */
type Why = () => Promise<Error>;

/** Waits for an answer: to a call, or to the first call of a batch. */
interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (error: unknown) => void;
}

/** One connection, from its opening to its end. */
class Connection {
  readonly #socket: WebSocketLike;
  readonly #opened: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #subscriptions = new Map<string, Subscription>();
  /** Subscriptions asked for whose names are not known yet: their events may be here before the answer is. */
  #asked = 0;
  #early: Notification["params"][] = [];
  #calls = 0;
  isOver = false;

  constructor(socket: WebSocketLike, why: Why) {
    this.#socket = socket;
    this.#opened = new Promise((resolve, reject) => {
      let isOpen = false;
      socket.addEventListener("open", () => {
        isOpen = true;
        resolve();
      });
      const over = () => {
        if (this.isOver) return;
        this.isOver = true;
        if (isOpen) {
          this.#end(broken());
          return;
        }
        why().then((error) => {
          this.#end(error);
          reject(error);
        });
      };
      socket.addEventListener("error", over);
      socket.addEventListener("close", over);
    });
    // Who waits for it is told; if nobody does, nobody minds.
    this.#opened.catch(() => {});
    socket.addEventListener("message", (event) => this.#take(String(event.data)));
  }

  /** Sends a message or a batch. The ids in it are ours alone, so that calls of several clients do not meet. */
  async exchange(message: unknown, signal: AbortSignal): Promise<unknown> {
    const messages = (Array.isArray(message) ? message : [message]) as { id: number }[];
    const ids = messages.map(({ id }) => id);
    const first = this.#calls + 1;
    const renumbered = messages.map((one) => ({ ...one, id: ++this.#calls }));
    const text = encode(Array.isArray(message) ? renumbered : renumbered[0]);
    const answered = new Promise<unknown>((resolve, reject) => this.#waiting.set(first, { resolve, reject }));
    answered.catch(() => {});
    const abort = () => this.#waiting.get(first)?.reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      await Promise.race([this.#opened, answered]);
      if (this.isOver) throw broken();
      this.#socket.send(text);
      const answer = await answered;
      if (Array.isArray(answer)) return answer.map((one: Answer, index) => ({ ...one, id: ids[index] }));
      return { ...(answer as Answer), id: ids[0] };
    } finally {
      signal.removeEventListener("abort", abort);
      this.#waiting.delete(first);
    }
  }

  async subscribe(from: Cursor, signal: AbortSignal): Promise<Subscription> {
    const message = { jsonrpc: "2.0", id: 0, method: "event_subscribe", params: from };
    this.#asked += 1;
    try {
      const answer = (await this.exchange(message, signal)) as Answer;
      if (answer.error) throw new RatchetdError(answer.error);
      const name = answer.result as string;
      const subscription = new Subscription(() => this.#unsubscribe(name));
      this.#subscriptions.set(name, subscription);
      for (const early of this.#early.filter((early) => early.subscription === name)) subscription.put(early.result);
      if (this.isOver) subscription.end();
      return subscription;
    } finally {
      this.#asked -= 1;
      if (this.#asked === 0) this.#early = [];
    }
  }

  close(): void {
    this.#socket.close();
    this.#end(broken());
  }

  #unsubscribe(name: string): void {
    if (!this.#subscriptions.delete(name) || this.isOver) return;
    const message = { jsonrpc: "2.0", id: 0, method: "event_unsubscribe", params: { subscription: name } };
    // If it does not get there, the connection is over, and the subscription with it.
    this.exchange(message, new AbortController().signal).catch(() => {});
  }

  #take(text: string): void {
    const message = JSON.parse(text) as Answer | Answer[] | Notification;
    if ("method" in message) {
      const { subscription, result } = message.params;
      const known = this.#subscriptions.get(subscription);
      if (known) known.put(result);
      else if (this.#asked > 0) this.#early.push(message.params);
      return;
    }
    const id = Array.isArray(message) ? message[0]?.id : message.id;
    // A message that the daemon could not read has no id. It is the only one of ours that is under way, or the connection is lost.
    const waiting = id == null ? [...this.#waiting.values()] : [this.#waiting.get(id)];
    for (const one of waiting) one?.resolve(message);
  }

  #end(error: Error): void {
    this.isOver = true;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    for (const subscription of this.#subscriptions.values()) subscription.end();
    this.#subscriptions.clear();
  }
}

/** The events of one subscription, in their order. */
class Subscription implements AsyncIterable<Item> {
  readonly #events: EventInfo[] = [];
  readonly #unsubscribe: () => void;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(unsubscribe: () => void) {
    this.#unsubscribe = unsubscribe;
  }

  put(event: EventInfo): void {
    if (this.#isOver) return;
    this.#events.push(event);
    // Whoever takes these will ask for the next ones: they wait at the daemon.
    if (this.#events.length >= MOST_WAITING) this.end();
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#unsubscribe();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    try {
      for (;;) {
        const event = this.#events.shift();
        if (event) yield { event };
        else if (this.#isOver) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.end();
    }
  }
}

function broken(): ConnectionError {
  return new ConnectionError("no daemon answers on this WebSocket, or it closed it: does it run, and is the URL right?");
}

/** JSON-RPC over a WebSocket, which is opened when it is needed, and again when it is over. */
export class WebSocketTransport implements Transport {
  readonly #open: () => WebSocketLike;
  readonly #why: Why;
  #connection: Connection | undefined;

  constructor(open: () => WebSocketLike, why: Why = async () => broken()) {
    this.#open = open;
    this.#why = why;
  }

  exchange(message: unknown, signal: AbortSignal): Promise<unknown> {
    return this.#connected().exchange(message, signal);
  }

  async *follow(from: Cursor, signal: AbortSignal): AsyncGenerator<Item> {
    const subscription = await this.#connected().subscribe(from, signal);
    const end = () => subscription.end();
    signal.addEventListener("abort", end);
    try {
      yield* subscription;
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #connected(): Connection {
    if (this.#connection === undefined || this.#connection.isOver) {
      this.#connection = new Connection(this.#open(), this.#why);
    }
    return this.#connection;
  }
}

/** Where a daemon listens, and what opens a WebSocket. */
export interface WebSocketOptions {
  /** As `ws://127.0.0.1:8645`, with `--http`. With a WebSocket that can do so also that of a Unix socket, `ws+unix:/path:/`. */
  url: string;
  /** What is in `rpc.token`: letters and digits, as the daemon makes it. A Unix socket needs none. */
  token?: string;
  /** By default that of the platform: browsers, and Node from 22 on. */
  WebSocket?: new (url: string, protocols: string[]) => WebSocketLike;
}

/** The way over a WebSocket. Nothing but subprotocols can be set on one, so the token goes there. */
export function webSocket(options: WebSocketOptions): WebSocketTransport {
  const platform = (globalThis as { WebSocket?: WebSocketOptions["WebSocket"] }).WebSocket;
  const Socket = options.WebSocket ?? platform;
  if (Socket === undefined) {
    throw new TypeError("WebSocket: there is none here (hint: Node has one from 22 on; give that of the package ws, or use http)");
  }
  const { url } = options;
  if (checkedUrl(url, "ws").protocol === "ws+unix:") return new WebSocketTransport(() => new Socket(url, []));
  const token = checkedToken(options.token ?? "");
  const protocols = ["ratchetd", `ratchetd.bearer.${token}`];
  return new WebSocketTransport(() => new Socket(url, protocols), () => refusal(url, token));
}

/** Why the daemon refuses a WebSocket, by what it answers to a call with the same token. */
async function refusal(url: string, token: string): Promise<Error> {
  const call = { jsonrpc: "2.0", id: 1, method: "system_version" };
  try {
    await http({ url: url.replace(/^ws/, "http"), token }).exchange(call, AbortSignal.timeout(LONGEST_REFUSAL));
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof RatchetdError) return error;
  }
  return broken();
}
