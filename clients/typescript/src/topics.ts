import type { Client } from "./client.js";
import type { ListenedTopic } from "./generated.js";
import { type RetryOptions, untilAnswered } from "./retry.js";

/** Events that are asked for at once. */
const EVENTS = 1000;

/** Told of each content topic that is to be listened to from now on, or no more. */
export type TopicChanged = (contentTopic: string, isListened: boolean) => Promise<void> | void;

/** What an account listens to. It is as `update` left it last. */
export class Topics {
  readonly #client: Client;
  readonly #account: string | undefined;
  readonly #changed: TopicChanged;
  /** By content topic, and then by name: different ones may have the same four bytes. */
  readonly #topics = new Map<string, Map<string, ListenedTopic>>();
  /** The last event that was looked at; the list is still to be asked for if there is none. */
  #seen: number | undefined;
  #updating: Promise<void> = Promise.resolve();

  /** `changed` subscribes at the relay, for one: what it has resolved for is listened to. */
  constructor(client: Client, { account, changed = () => {} }: { account?: string; changed?: TopicChanged } = {}) {
    this.#client = client;
    this.#account = account;
    this.#changed = changed;
  }

  /** The content topics, each once. */
  get contentTopics(): string[] {
    return [...this.#topics.keys()];
  }

  /** The keys to give to `receive` with an envelope that came by a content topic; `undefined` where there are none. */
  keys(contentTopic: string): (string | undefined)[] {
    const there = this.#topics.get(contentTopic)?.values() ?? [];
    return [...new Set([...there].map(({ symKey }) => symKey))];
  }

  /**
   * Brings it up to date: first by the whole list, then by what has changed since. A call tells of a new topic before it is
   * answered: update before what it gave is delivered, and no answer is missed.
   *
   * @throws RatchetdError if the daemon refuses it, and what `changed` throws: the same change is told again by the next one.
   */
  update(options: RetryOptions = {}): Promise<void> {
    const update = () => (this.#seen === undefined ? this.#list(options) : this.#follow(this.#seen, options));
    // One after the other: changes are told in their order.
    this.#updating = this.#updating.then(update, update);
    return this.#updating;
  }

  /** Keeps it up to date with the events of the account, until the signal. */
  async follow(options: RetryOptions & { signal: AbortSignal }): Promise<void> {
    await this.update(options);
    const account = this.#account === undefined ? {} : { account: this.#account };
    const after = this.#seen ?? 0;
    for await (const { type } of this.#client.events({ ...account, ...options, after })) {
      if (type === "topic.changed" || type === "lagged") await this.update(options);
    }
  }

  async #list(options: RetryOptions): Promise<void> {
    const account = this.#account;
    const { newestEvent } = await untilAnswered(() => this.#client.call("system_status"), options);
    const gone = new Map([...this.#topics.values()].flatMap((there) => [...there]));
    let afterPeer: string | undefined;
    do {
      const list = () => this.#client.call("topic_list", { account, afterPeer });
      const { topics, next } = await untilAnswered(list, options);
      for (const topic of topics) {
        if (!gone.delete(name(topic))) await this.#change(topic, true);
      }
      afterPeer = next ?? undefined;
    } while (afterPeer !== undefined);
    for (const topic of gone.values()) await this.#change(topic, false);
    this.#seen = newestEvent;
  }

  async #follow(after: number, options: RetryOptions): Promise<void> {
    const account = this.#account;
    const list = () => this.#client.call("event_list", { account, after, limit: EVENTS });
    const { events, next, lagged } = await untilAnswered(list, options);
    if (lagged) return this.#list(options);
    for (const { type, data, seq } of events) {
      if (type !== "topic.changed") continue;
      const negotiated = () => this.#client.call("topic_negotiated", { account, identity: data.peer });
      const topic = await untilAnswered(negotiated, options);
      await this.#change({ ...topic, kind: data.kind, peer: data.peer }, data.listen);
      this.#seen = seq;
    }
    this.#seen = next;
    if (events.length === EVENTS) await this.#follow(next, options);
  }

  async #change(topic: ListenedTopic, isListened: boolean): Promise<void> {
    const { contentTopic } = topic;
    const there = this.#topics.get(contentTopic) ?? new Map<string, ListenedTopic>();
    if (isListened) {
      if (there.size === 0) await this.#changed(contentTopic, true);
      this.#topics.set(contentTopic, there.set(name(topic), topic));
    } else if (there.has(name(topic))) {
      if (there.size === 1) await this.#changed(contentTopic, false);
      there.delete(name(topic));
      if (there.size === 0) this.#topics.delete(contentTopic);
    }
  }
}

/** What a topic is told apart by. */
function name({ kind, peer }: ListenedTopic): string {
  return `${kind} ${peer}`;
}
