import { Client } from "../src/client.js";
import { RatchetdError } from "../src/errors.js";
import type { EventInfo } from "../src/generated.js";
import type { Params, Result } from "../src/methods.js";
import type { Transport } from "../src/transport.js";

/**
 * All that the page calls. None of these writes to an account: `topic_list` is not among them, since
 * it keeps the keys that it derives, nor is `bundle_get`, which may rotate the prekey.
 */
export const READING = [
  "account_list",
  "contact_list",
  "envelope_open",
  "installation_list",
  "message_explain",
  "message_inspect",
  "session_list",
  "system_status",
  "topic_contactCode",
  "topic_negotiated",
  "topic_partitioned",
  "topic_personal",
] as const;

export type Reading = (typeof READING)[number];

/** The page's only way to the daemon. */
export class Reader {
  readonly #client: Client;

  constructor(transport: Transport) {
    this.#client = new Client(transport);
  }

  /**
   * Calls a method that reads. The types allow no other; that is held here, too, where it counts.
   *
   * @throws RatchetdError for any other method, without asking the daemon.
   */
  async read<M extends Reading>(method: M, params: Params<M>): Promise<Result<M>> {
    if (!READING.includes(method)) {
      throw new RatchetdError({ code: -32601, message: `${String(method)}: the page only reads` });
    }
    return await (this.#client.call as (method: M, params: Params<M>) => Promise<Result<M>>).call(this.#client, method, params);
  }

  /** Events of all accounts. Each reader has a cursor of its own: this one moves nobody's. */
  events(after: number, signal: AbortSignal, onInterruption: (error: unknown) => void): AsyncGenerator<EventInfo> {
    return this.#client.events({ account: "*", after, signal, onInterruption });
  }
}
