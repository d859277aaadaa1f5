/** The way between two people: something that keeps what it is given under a content topic. It sees sealed envelopes alone. */

import { type SealedEnvelopeInfo, fromHex } from "ratchetd";

/** What the chat needs of a relay. Each method fails if it is not certain that it was done. */
export interface Relay {
  /** Leaves an envelope under its content topic. */
  post(envelope: Pick<SealedEnvelopeInfo, "contentTopic" | "sealed">): Promise<void>;
  /** What came under a content topic behind `after`, and where to go on. */
  fetch(contentTopic: string, after: number): Promise<{ next: number; envelopes: string[] }>;
  /** Waits until something has come behind `after`; where, and where to go on. */
  arrivals(after: number, signal: AbortSignal): Promise<{ next: number; topics: string[] }>;
  /** Leaves an encrypted file, which is found by its hash. */
  keep(file: Blob): Promise<void>;
  /** An encrypted file; null if it is not there, or not any more. */
  find(hash: string): Promise<ReadableStream<Uint8Array> | null>;
}

/** The relay is not there, or refuses. */
export class RelayError extends Error {
  override readonly name = "RelayError";

  constructor(
    message: string,
    /** Whether it will refuse the same again, such as what is too large for it. */
    readonly isRefusal = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** How long an answer may take, in milliseconds. A question for arrivals is open for up to 25 seconds on purpose. */
const LONGEST_ANSWER = 40_000;

/** A relay over HTTP, as `clients/typescript/examples/relay.ts` and `examples/waku-relay` are. */
export class HttpRelay implements Relay {
  constructor(readonly url: string) {}

  async post({ contentTopic, sealed }: Pick<SealedEnvelopeInfo, "contentTopic" | "sealed">): Promise<void> {
    await this.#ask(contentTopic, { method: "POST", body: fromHex(sealed) });
  }

  async fetch(contentTopic: string, after: number): Promise<{ next: number; envelopes: string[] }> {
    return this.#json(`${contentTopic}?after=${after}`);
  }

  async arrivals(after: number, signal: AbortSignal): Promise<{ next: number; topics: string[] }> {
    return this.#json(`/arrivals?after=${after}`, { signal });
  }

  async keep(file: Blob): Promise<void> {
    await this.#ask("/blobs", { method: "POST", body: await file.arrayBuffer() });
  }

  async find(hash: string): Promise<ReadableStream<Uint8Array> | null> {
    const answer = await this.#fetch(`/blobs/${hash}`);
    if (answer.status === 404) return null;
    return checked(answer).body;
  }

  async #json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const answer = await this.#ask(path, init);
    return answered(answer.json(), init.signal);
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    return checked(await this.#fetch(path, init));
  }

  #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const timeout = AbortSignal.timeout(LONGEST_ANSWER);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    const how = { credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" } as const;
    return answered(fetch(this.url + path, { ...init, signal, ...how }), init.signal);
  }
}

/** An answer or its content, both of which can be cut off. The platform does not always give the reason of the signal. */
async function answered<T>(answer: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new RelayError("the relay does not answer", false, { cause });
  }
}

function checked(answer: Response): Response {
  const { ok, status } = answer;
  if (!ok) throw new RelayError(`the relay answers ${status}`, status >= 400 && status < 500 && status !== 408 && status !== 429);
  return answer;
}
