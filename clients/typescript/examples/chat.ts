/**
 * Two people chat. Each has a daemon of their own, and between them is a relay that carries bytes and reads none.
 *
 *   npm run chat
 *
 * What a frontend has to do is in `Person`: it stores before it confirms, sends the replies it is given, and asks for the
 * same bytes again when it does not know whether a call was done.
 */

import { randomUUID } from "node:crypto";

import { Client, ConnectionError, type EventInfo, type Transport } from "../src/node.js";

/** What is on the relay: it knows from whom and to whom, and bytes. */
interface Letter {
  from: string;
  to: string;
  message: string;
}

/** Carries letters. A real one is a network; whoever runs it sees no text. */
export class Relay {
  readonly letters: Letter[] = [];
  #people = new Map<string, Person>();

  join(person: Person): void {
    this.#people.set(person.key, person);
  }

  send(letter: Letter): void {
    this.letters.push(letter);
  }

  /** Brings everything that is on the way, also what is sent in reply. */
  async deliver(): Promise<void> {
    for (let letter = this.letters.shift(); letter; letter = this.letters.shift()) {
      // Everybody gets everything: those it is not for cannot read it.
      for (const person of this.#people.values()) if (person.key === letter.to) await person.receive(letter);
    }
  }
}

/** A person, who sees what `say` is told. */
export class Person {
  /** What this person has read, stored before it is confirmed. A real frontend has a database. */
  readonly inbox: string[] = [];
  key = "";
  readonly #client: Client;

  constructor(
    readonly name: string,
    transport: Transport,
    readonly relay: Relay,
    readonly say: (line: string) => void,
  ) {
    this.#client = new Client(transport);
  }

  async arrive(): Promise<void> {
    const account = await this.#client.call("account_create", { account: this.name });
    // `account.mnemonic` is shown this once: the user writes it down.
    this.key = account.publicKey;
    this.relay.join(this);
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
    const requestId = randomUUID();
    const encrypt = () => this.#client.call("message_encrypt", { recipient: to.key, text, requestId });
    // Without an answer it is not known whether the ratchet has moved. The same request gives the same bytes.
    const sent = await encrypt().catch((error: unknown) => {
      if (error instanceof ConnectionError) return encrypt();
      throw error;
    });
    this.say(`${this.name} writes "${text}"${sent.forwardSecrecy ? "" : ", without forward secrecy"}`);
    for (const { recipient, message } of sent.envelopes) {
      this.relay.send({ from: this.key, to: recipient ?? to.key, message });
    }
  }

  async receive({ from: sender, message }: Letter): Promise<void> {
    const read = await this.#client.call("message_decrypt", { sender, message });
    // The protocol asks for this when a sender does not know of this device, for one.
    if (read.reply) this.relay.send({ from: this.key, to: sender, message: read.reply.message });
    if (read.outcome === "decrypted" && read.messageId !== null) {
      if (!read.duplicate) this.inbox.push(read.text ?? "");
      // Stored: now its key may go, and nobody reads this message again.
      await this.#client.call("message_confirm", { messageIds: [read.messageId] });
      this.say(`${this.name} reads "${read.text}"`);
    } else if (read.outcome === "undecryptable") {
      this.say(`${this.name} cannot read a message: ${read.hint}`);
    }
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

/** The chat itself. */
export async function chat(ways: [Transport, Transport], say: (line: string) => void): Promise<[Person, Person]> {
  const relay = new Relay();
  const alice = new Person("alice", ways[0], relay, say);
  const bob = new Person("bob", ways[1], relay, say);
  await alice.arrive();
  await bob.arrive();
  await alice.meet(await bob.contactCode());
  await alice.write(bob, "Are you there?");
  await relay.deliver();
  await bob.write(alice, "I am. Read me the safety number?");
  await relay.deliver();
  const numbers = [await alice.safetyNumber(bob), await bob.safetyNumber(alice)];
  say(numbers[0] === numbers[1] ? `both see ${numbers[0]}` : "somebody is between them");
  await alice.write(bob, "It is the same.");
  await relay.deliver();
  for await (const event of alice.events(0)) {
    if (event.type === "session.established") {
      say(`alice's daemon tells that a session in suite ${event.data.suite} is established`);
      break;
    }
  }
  return [alice, bob];
}
