import type { EventInfo } from "./generated.js";

/** Where a reader of events begins. */
export interface Cursor {
  /** Whose; `*` for all. May be left out when there is exactly one account. */
  account?: string;
  /** The last event known. */
  after: number;
}

/** What a stream of events brings: an event, or where it stands after the events of others. */
export type Item = { event: EventInfo } | { cursor: number };

/** A way to the daemon. */
export interface Transport {
  /**
   * Sends a JSON-RPC message, or a batch of them, and gives what is answered.
   *
   * @throws ConnectionError if there is no answer.
   */
  exchange(message: unknown, signal: AbortSignal): Promise<unknown>;

  /** Events after a cursor, over one connection. It ends when that does, with an error or without. */
  follow(from: Cursor, signal: AbortSignal): AsyncIterable<Item>;

  /** Lets go of connections that are held. */
  close(): void;
}
