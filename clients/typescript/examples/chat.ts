/**
 * Two people chat. Each has a daemon of their own, and between them is a relay (relay.ts) that sees content topics and sealed
 * envelopes, and nothing of who writes to whom.
 *
 *   npm run chat
 *
 * What a frontend has to do is in `Person`: it listens to two topics for each contact, stores before it confirms, sends the
 * replies it is given, and asks for the same bytes again when it does not know whether a call was done. It never says who a
 * message is from: the signature on the envelope does.
 */

import { randomUUID } from "node:crypto";

import { Client, ConnectionError, type EventInfo, type Transport } from "../src/node.js";
import type { EnvelopeInfo } from "../src/index.js";

/** Where envelopes are left and fetched, by the URL of the relay. */
class Post {
  readonly #next = new Map<string, number>();

  constructor(readonly relay: string) {}

  async send({ contentTopic, sealed }: EnvelopeInfo): Promise<void> {
    const body = Buffer.from(sealed?.slice(2) ?? "", "hex");
    const answer = await fetch(this.relay + contentTopic, { method: "POST", body });
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
}

/** A person, who sees what `say` is told. */
export class Person {
  /** What this person has read, stored before it is confirmed. A real frontend has a database. */
  readonly inbox: string[] = [];
  key = "";
  readonly #client: Client;
  readonly #post: Post;
  /** Where something for this person may come. */
  readonly #topics = new Set<string>();

  constructor(
    readonly name: string,
    transport: Transport,
    relay: string,
    readonly say: (line: string) => void,
  ) {
    this.#client = new Client(transport);
    this.#post = new Post(relay);
  }

  async arrive(): Promise<void> {
    const account = await this.#client.call("account_create", { account: this.name });
    // `account.mnemonic` is shown this once: the user writes it down.
    this.key = account.publicKey;
    // Whoever does not know this person yet writes to the first; to the second, what other programs send to one identity alone.
    this.#topics.add((await this.#client.call("topic_partitioned", { identity: this.key })).contentTopic);
    this.#topics.add((await this.#client.call("topic_personal", { identity: this.key })).contentTopic);
    this.say(`${this.name} has the key ${account.compressedKey}`);
  }

  /** What to show another person, as text or as a QR code: with it the first message already has forward secrecy. */
  async contactCode(): Promise<string> {
    return (await this.#client.call("bundle_get")).contactCode;
  }

  async meet(contactCode: string): Promise<void> {
    const { identity } = await this.#client.call("bundle_import", { bundle: contactCode });
    await this.listenTo(identity);
  }

  /** Once both have heard of each other, envelopes come by a topic that only the two can tell. */
  private async listenTo(identity: string): Promise<void> {
    this.#topics.add((await this.#client.call("topic_negotiated", { identity })).contentTopic);
  }

  async write(to: Person, text: string): Promise<void> {
    const requestId = randomUUID();
    const encrypt = () => this.#client.call("message_encrypt", { recipient: to.key, text, requestId, seal: true });
    // Without an answer it is not known whether the ratchet has moved. The same request gives the same bytes.
    const sent = await encrypt().catch((error: unknown) => {
      if (error instanceof ConnectionError) return encrypt();
      throw error;
    });
    this.say(`${this.name} writes "${text}"${sent.forwardSecrecy ? "" : ", without forward secrecy"}`);
    for (const envelope of sent.envelopes) await this.#post.send(envelope);
  }

  /** Reads whatever has come. */
  async look(): Promise<void> {
    for (const topic of [...this.#topics]) {
      for (const sealed of await this.#post.fetch(topic)) await this.receive(sealed);
    }
  }

  private async receive(sealed: string): Promise<void> {
    const read = await this.#client.call("message_decrypt", { sealed });
    // The protocol asks for this when a sender does not know of this device, for one.
    if (read.reply) await this.#post.send(read.reply);
    if (read.outcome === "decrypted" && read.messageId !== null && read.sender !== null) {
      if (!read.duplicate) this.inbox.push(read.text ?? "");
      // Stored: now its key may go, and nobody reads this message again.
      await this.#client.call("message_confirm", { messageIds: [read.messageId] });
      await this.listenTo(read.sender);
      this.say(`${this.name} reads "${read.text}"`);
    } else if (read.outcome === "undecryptable") {
      this.say(`${this.name} cannot read a message: ${read.hint}`);
    }
    // What is "unopened" is for somebody else on the same topic, or forged: that is no news.
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

/** The chat itself, over the relay of this URL. */
export async function chat(
  ways: [Transport, Transport],
  relay: string,
  say: (line: string) => void,
): Promise<[Person, Person]> {
  const alice = new Person("alice", ways[0], relay, say);
  const bob = new Person("bob", ways[1], relay, say);
  await alice.arrive();
  await bob.arrive();
  await alice.meet(await bob.contactCode());
  await alice.write(bob, "Are you there?");
  await bob.look();
  await bob.write(alice, "I am. Read me the safety number?");
  await alice.look();
  const numbers = [await alice.safetyNumber(bob), await bob.safetyNumber(alice)];
  say(numbers[0] === numbers[1] ? `both see ${numbers[0]}` : "somebody is between them");
  await alice.write(bob, "It is the same.");
  await bob.look();
  for await (const event of alice.events(0)) {
    if (event.type === "session.established") {
      say(`alice's daemon tells that a session in suite ${event.data.suite} is established`);
      break;
    }
  }
  return [alice, bob];
}
