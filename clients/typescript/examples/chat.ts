/**
 * Two people chat. Each has a daemon of their own, and between them is a relay (relay.ts) that sees content topics and sealed
 * envelopes, and nothing of who writes to whom.
 *
 *   npm run chat
 *
 * What a frontend has to do is in `Person`: it listens to the topics that its daemon names, and gives what comes to `receive`,
 * which stores before it confirms. It never says who a message is from: the signature on the envelope does.
 */

import { randomUUID } from "node:crypto";

import {
  Client, type EventInfo, type Message, type Outgoing, type Receiver, type SealedEnvelopeInfo, Topics, type Transport, fromHex, receive, send,
} from "../src/node.js";

/** Where envelopes are left and fetched, by the URL of the relay. */
class Post {
  readonly #next = new Map<string, number>();
  #seen = 0;

  constructor(readonly relay: string) {}

  async send({ contentTopic, sealed }: SealedEnvelopeInfo): Promise<void> {
    const answer = await fetch(this.relay + contentTopic, { method: "POST", body: fromHex(sealed) });
    if (!answer.ok) throw new Error(`the relay answers ${answer.status}`);
  }

  /** What has come under this topic since it was asked last. */
  async fetch(contentTopic: string): Promise<string[]> {
    const answer = await fetch(`${this.relay}${contentTopic}?after=${this.#next.get(contentTopic) ?? 0}`);
    const { next, envelopes } = (await answer.json()) as { next: number; envelopes: string[] };
    // A real frontend keeps this with what it has read.
    this.#next.set(contentTopic, next);
    return envelopes;
  }

  /** Waits until something has come under any topic since it was asked last, or for a while. */
  async arrivals(): Promise<void> {
    const answer = await fetch(`${this.relay}/arrivals?after=${this.#seen}`);
    if (!answer.ok) throw new Error(`the relay answers ${answer.status}`);
    this.#seen = ((await answer.json()) as { next: number }).next;
  }
}

/** A person, who sees what `say` is told. */
export class Person implements Receiver {
  /** What this person has read, by its key. A real frontend has a database. */
  readonly inbox = new Map<string, Message>();
  /** What was written and waits for a KEM prekey, by its id. A real frontend has a database here as well. */
  readonly waiting = new Map<string, Outgoing>();
  key = "";
  readonly #client: Client;
  readonly #post: Post;
  /** The last event that was looked at. */
  #seen = 0;
  /** Where something for this person may come. */
  readonly #topics: Topics;

  constructor(
    readonly name: string,
    transport: Transport,
    relay: string,
    readonly say: (line: string) => void,
  ) {
    this.#client = new Client(transport);
    this.#topics = new Topics(this.#client);
    this.#post = new Post(relay);
  }

  async arrive(): Promise<void> {
    const account = await this.#client.call("account_create", { account: this.name });
    // `account.mnemonic` is shown this once: the user writes it down.
    this.key = account.publicKey;
    this.say(`${this.name} has the key ${account.compressedKey}`);
  }

  /** What to show another person, as text or as a QR code: with it the first message already has forward secrecy. */
  async contactCode(): Promise<string> {
    return (await this.#client.call("bundle_get")).contactCode;
  }

  async meet(contactCode: string): Promise<void> {
    await this.#client.call("bundle_import", { bundle: contactCode });
  }

  async write(to: Person, text: string): Promise<void> {
    // A real frontend stores text and id before, to send it again after a crash.
    await this.#send({ to: to.key, id: randomUUID(), text });
  }

  async #send(message: Outgoing): Promise<void> {
    const sent = await send(this.#client, message, (envelope) => this.deliver(envelope));
    if (sent.withheld.length > 0) return void this.waiting.set(message.id, message);
    this.waiting.delete(message.id);
    this.say(`${this.name} writes "${message.text}"${sent.forwardSecrecy ? "" : ", without forward secrecy"}`);
  }

  /** Reads whatever has come, and sends what waited for it. */
  async look(): Promise<void> {
    let isDue = false;
    await this.#topics.update();
    for (const topic of this.#topics.contentTopics) {
      const symKeys = this.#topics.keys(topic);
      for (const sealed of await this.#post.fetch(topic)) {
        const { outcome } = await receive(this.#client, { sealed, symKeys }, this);
        isDue ||= outcome === "decrypted";
      }
    }
    const { events, next } = await this.#client.call("event_list", { after: this.#seen });
    this.#seen = next;
    isDue ||= events.some(({ type }) => type === "installation.kem_prekey");
    if (isDue) for (const message of this.waiting.values()) await this.#send(message);
  }

  /** Reads what comes, until this text has. */
  async hear(text: string): Promise<void> {
    for (await this.look(); ![...this.inbox.values()].some((message) => message.text === text); await this.look()) {
      await this.#post.arrivals();
    }
  }

  async store(message: Message): Promise<void> {
    if (this.inbox.has(message.key)) return;
    this.inbox.set(message.key, message);
    this.say(`${this.name} reads "${message.text}"`);
  }

  async deliver(envelope: SealedEnvelopeInfo): Promise<void> {
    // Where the answer comes is listened to before what it answers is sent.
    await this.#topics.update();
    await this.#post.send(envelope);
  }

  unreadable({ hint }: { hint: string }): void {
    this.say(`${this.name} cannot read a message: ${hint}`);
  }

  /** The number that both compare by another way, to know that nobody is between them. */
  async safetyNumber(other: Person): Promise<string> {
    return (await this.#client.call("contact_get", { identity: other.key })).safetyNumber ?? "";
  }

  events(after: number): AsyncGenerator<EventInfo, void, void> {
    return this.#client.events({ after });
  }

  leave(): void {
    this.#client.close();
  }
}

/** The chat itself, over the relay of this URL, or over a network that each of them has a door to. */
export async function chat(
  ways: [Transport, Transport],
  relay: string | [string, string],
  say: (line: string) => void,
): Promise<[Person, Person]> {
  const doors = typeof relay === "string" ? [relay, relay] as const : relay;
  const alice = new Person("alice", ways[0], doors[0], say);
  const bob = new Person("bob", ways[1], doors[1], say);
  await alice.arrive();
  await bob.arrive();
  await alice.meet(await bob.contactCode());
  await alice.write(bob, "Are you there?");
  await bob.hear("Are you there?");
  await bob.write(alice, "I am. Read me the safety number?");
  await alice.hear("I am. Read me the safety number?");
  const numbers = [await alice.safetyNumber(bob), await bob.safetyNumber(alice)];
  say(numbers[0] === numbers[1] ? `both see ${numbers[0]}` : "somebody is between them");
  await alice.write(bob, "It is the same.");
  await bob.hear("It is the same.");
  for await (const event of alice.events(0)) {
    if (event.type === "session.established") {
      say(`alice's daemon tells that a session in suite ${event.data.suite} is established`);
      break;
    }
  }
  return [alice, bob];
}
