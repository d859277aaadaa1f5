/**
 * A chat frontend without its screen. The daemon encrypts, the relay carries, the store keeps; what is here puts their calls into
 * the order that loses nothing, whichever of them is away for a while:
 *
 * - What comes is stored before it is confirmed, and the place in the topic is noted after that.
 * - What goes out is stored first, then encrypted under its own id, then posted. Each step is noted before the next one, and done
 *   again after a crash: the same id gives the same bytes.
 * - What is withheld, since a KEM prekey of theirs is missing, waits until that has come, and is encrypted then.
 * - What the protocol wants to be answered is answered, whatever became of the message.
 */

import {
  type AccountInfo, type BlobReference, type Client, type ContactInfo, type InstallationInfo, type Message, RatchetdError, type Receiver,
  type SealedEnvelopeInfo, Topics, type Unread, decryptBlob, encryptBlob, isTransient, payload, receive, send,
} from "ratchetd";

import { type Content, MAX_DELIVERED, MAX_NAME_CHARS, MAX_PICTURE_BYTES, PICTURES, content } from "./content.js";
import type { Encrypted, History, Person, Said, Step } from "./history.js";
import { type Relay, RelayError } from "./relay.js";

/** What is refused because of the bytes themselves, or for being too many: the same bytes will be refused again. */
const BROKEN = ["invalid_message", "payload_too_large", "invalid_request"];
const FIRST_DELAY = 250;
const LONGEST_DELAY = 5_000;

/** A chat, as a list shows it. */
export interface Chat extends Person {
  contact: ContactInfo;
  last: Said | null;
}

/** Whether daemon and relay answer. */
export type Status = Record<"daemon" | "relay", boolean>;

/** Told of what is different now. */
export interface Listener {
  /** The list of chats, and devices. */
  changed(): void;
  /** The messages of a chat. */
  said(chat: string): void;
  status(status: Status): void;
  /** It cannot go on: the daemon refuses us. */
  failed(error: unknown): void;
}

export class Messenger implements Receiver {
  readonly me: string;
  /** What we call ourselves, which goes with requests and acceptances. */
  name = "";
  readonly #account: string;
  readonly #topics: Topics;
  readonly #status: Status = { daemon: true, relay: true };
  readonly #stopped = new AbortController();
  /** Topics where something is to be read. */
  readonly #arrived = new Set<string>();
  readonly #arrival = new Bell();
  readonly #departure = new Bell();
  /** How many KEM prekeys have come. */
  #keysCame = 0;

  constructor(
    readonly client: Client,
    account: AccountInfo,
    readonly relay: Relay,
    readonly history: History,
    readonly listener: Listener,
  ) {
    this.#account = account.account;
    this.me = account.publicKey;
    this.#topics = new Topics(client, {
      account: this.#account,
      // What came under it before we listened is read, too.
      changed: (topic, isListened) => {
        if (!isListened) return;
        this.#arrived.add(topic);
        this.#arrival.ring();
      },
    });
  }

  async start(): Promise<void> {
    this.name = (await this.history.note<string>("name")) ?? this.#account;
    const signal = this.#stopped.signal;
    const works = [this.#topics.follow({ signal, onInterruption: this.#interrupted }), this.#events(), this.#incoming(), this.#outgoing()];
    for (const work of works) work.catch((error) => signal.aborted || this.listener.failed(error));
  }

  stop(): void {
    this.#stopped.abort();
    this.#arrival.ring();
    this.#departure.ring();
    this.client.close();
    this.history.close();
  }

  // People.

  async chats(): Promise<Chat[]> {
    const account = this.#account;
    const [people, contacts] = await Promise.all([this.history.people(), this.client.call("contact_list", { account })]);
    const known = new Map(contacts.map((contact) => [contact.identity, contact]));
    for (const { identity } of people) {
      // Somebody whom another device of ours chats with.
      if (!known.has(identity)) known.set(identity, await this.contact(identity));
    }
    const chats = [...known].map(async ([identity, contact]) => {
      const person = people.find((one) => one.identity === identity) ?? { identity, name: "", unread: 0 };
      return { ...person, contact, last: await this.history.last(identity) };
    });
    return (await Promise.all(chats)).sort((one, other) => (other.last?.seq ?? 0) - (one.last?.seq ?? 0));
  }

  contact(identity: string): Promise<ContactInfo> {
    return this.client.call("contact_get", { account: this.#account, identity });
  }

  /** What to give to others, with which their first message has forward secrecy; as text, and drawn. */
  async code(): Promise<{ contactCode: string; qr: string }> {
    return this.client.call("contact_code_qr", { account: this.#account, format: "svg" });
  }

  /** Whose contact code this is. */
  async lookUp(code: string): Promise<string> {
    const { identity, valid, reason } = await this.client.call("bundle_inspect", { bundle: code });
    if (!valid || identity === null) throw new Error(reason ?? "this is no contact code");
    if (identity === this.me) throw new Error("This is your own code. Give it to somebody else.");
    return identity;
  }

  /** Takes up a contact code, and asks its owner to become a contact. */
  async request(code: string, introduction: string): Promise<string> {
    const identity = await this.lookUp(code);
    await this.client.call("bundle_import", { account: this.#account, bundle: code });
    await this.#step("contact_request", identity, introduction);
    return identity;
  }

  /** Accepts somebody who asked. What they wrote before has arrived: the acceptance says so. */
  async accept(identity: string): Promise<void> {
    const theirs = (await this.history.chat(identity)).filter(({ from }) => from === identity);
    await this.#step("contact_accept", identity, "", { delivered: theirs.map(({ id }) => id).slice(-MAX_DELIVERED) });
  }

  /** Declines somebody, without telling them. */
  async decline(identity: string): Promise<void> {
    const { envelopes } = await this.client.call("contact_decline", { account: this.#account, identity, seal: true });
    await this.#depart(null, envelopes);
    this.listener.changed();
  }

  async verify(identity: string, verified: boolean): Promise<void> {
    await this.client.call("contact_verify", { account: this.#account, identity, verified });
    this.listener.changed();
  }

  async #step(step: Step, identity: string, text: string, said: Partial<Content> = {}): Promise<void> {
    const id = crypto.randomUUID();
    const at = Date.now();
    const before = this.#keysCame;
    const { envelopes, ...how } = await this.#decide(step, identity, { id, text, extra: { ...said, at } });
    await this.history.person(identity, () => {});
    const key = text === "" ? null : `${this.me}/${id}`;
    const added: Said | undefined = key === null ? undefined : { key, id, chat: identity, from: this.me, text, at, state: "sending", step };
    // Without a text there is nothing in the chat that could wait: it is noted.
    if (key === null) await this.history.setNote(`${step} ${identity}`, how.isWaiting);
    await this.#depart(key, envelopes, { ...how, added }, before);
    if (key !== null) this.listener.said(identity);
    this.listener.changed();
  }

  async #decide(step: Step, identity: string, { id, text, extra }: { id: string; text: string; extra: Partial<Content> }) {
    const said = payload({ id, text, extra: { ...extra, name: this.name } });
    const { envelopes } = await this.client.call(step, { account: this.#account, identity, text: said, seal: true });
    const copies = envelopes.flatMap(({ targets }) => targets);
    const isWaiting = envelopes.length > 0 && copies.length === 0;
    return { envelopes, isWaiting, postQuantum: copies.length > 0 && copies.every(({ postQuantum }) => postQuantum) };
  }

  // Messages.

  async open(chat: string): Promise<Said[]> {
    const said = await this.history.chat(chat);
    const person = (await this.history.people()).find(({ identity }) => identity === chat);
    if (person !== undefined && person.unread > 0) {
      await this.history.person(chat, (person) => (person.unread = 0));
      this.listener.changed();
    }
    return said;
  }

  async say(chat: string, text: string, file?: File): Promise<void> {
    const id = crypto.randomUUID();
    if (file !== undefined && (!PICTURES.includes(file.type) || file.size > MAX_PICTURE_BYTES)) {
      throw new Error("Pictures of up to 16 MiB can be sent, as PNG, JPEG, WebP or GIF.");
    }
    const picture = file && { picture: { type: file.type, name: file.name.slice(0, MAX_NAME_CHARS), file } };
    await this.history.add({ key: `${this.me}/${id}`, id, chat, from: this.me, text, at: Date.now(), state: "sending", ...picture });
    this.#departure.ring();
    this.listener.said(chat);
    this.listener.changed();
  }

  /** The picture of a message, which is fetched if it has to be; null if it is nowhere any more, or of a stranger. */
  async picture({ key, chat, picture }: Said): Promise<Blob | null> {
    if (picture === undefined || picture.file) return picture?.file ?? null;
    if ((await this.contact(chat)).state !== "accepted") return null;
    const reference = picture.reference as BlobReference;
    const ciphertext = await this.relay.find(reference.hash);
    if (ciphertext === null) return null;
    // All of it, or an error: nothing is shown before the hash was compared.
    const file = await new Response(decryptBlob(ciphertext, reference)).blob();
    const typed = file.slice(0, file.size, picture.type);
    await this.history.change(key, (said) => said.picture && (said.picture.file = typed));
    this.listener.said(chat);
    return typed;
  }

  // Devices.

  devices(): Promise<InstallationInfo[]> {
    return this.client.call("installation_list", { account: this.#account });
  }

  async nameDevice(installationId: string, name: string): Promise<void> {
    const metadata = { name: name.slice(0, MAX_NAME_CHARS) };
    await this.client.call("installation_setMetadata", { account: this.#account, installationId, metadata });
  }

  /** Tells our other devices of this one. */
  async announce(): Promise<void> {
    const { envelopes } = await this.client.call("message_advertise", { account: this.#account, recipient: this.me, seal: true });
    await this.#depart(null, envelopes);
  }

  /** Enables one of our devices, and tells it whom we chat with; or disables it. */
  async enable(installationId: string, isEnabled: boolean): Promise<void> {
    const account = this.#account;
    await this.client.call(isEnabled ? "installation_enable" : "installation_disable", { account, installationId });
    if (isEnabled) {
      const chats = await this.chats();
      const people = chats.filter(({ contact }) => contact.state === "accepted").map(({ identity, name }) => ({ identity, name }));
      await this.#send(this.me, { people });
    }
    this.listener.changed();
  }

  // What comes.

  /** Reads what the relay has for us. */
  #incoming(): Promise<void> {
    let seen = 0;
    return this.#forever(async (stopped) => {
      const waiting = AbortSignal.any([stopped, this.#arrival.renew()]);
      if (!this.#status.relay) for (const topic of this.#topics.contentTopics) this.#arrived.add(topic);
      for (const topic of this.#arrived) {
        await this.#read(topic, stopped);
        this.#arrived.delete(topic);
        this.#answers("relay", true);
      }
      const { next, topics } = await this.relay.arrivals(seen, waiting);
      const listened = new Set(this.#topics.contentTopics);
      for (const topic of topics) if (listened.has(topic)) this.#arrived.add(topic);
      seen = next;
    });
  }

  async #read(topic: string, signal: AbortSignal): Promise<void> {
    const options = { signal, onInterruption: this.#interrupted };
    for (;;) {
      const { next, envelopes } = await this.relay.fetch(topic, (await this.history.note<number>(`after ${topic}`)) ?? 0);
      if (envelopes.length === 0) return;
      for (const sealed of envelopes) {
        try {
          await receive(this.client, { account: this.#account, sealed, symKeys: this.#topics.keys(topic) }, this, options);
        } catch (error) {
          // Anybody can leave rubbish under a topic. It must not keep us from what comes behind it.
          if (!(error instanceof RatchetdError && BROKEN.includes(error.kind ?? ""))) throw error;
        }
      }
      await this.history.setNote(`after ${topic}`, next);
    }
  }

  /** Stores what `receive` has read. It is confirmed when this has resolved. */
  async store(message: Message): Promise<void> {
    const { key, id, from, text, read } = message;
    const isMine = from === this.me;
    const chat = message.chat.startsWith("group/") ? from : message.chat;
    const { at, name, picture, delivered, people } = content(message.extra);
    if (chat === this.me) return this.#meet(people);
    const isMessage = text !== "" || picture !== undefined;
    if (isMessage) {
      const state = isMine ? "sent" : "received";
      const { postQuantum } = read;
      const isNew = await this.history.add({ key, id, chat, from, text, at, state, postQuantum, ...(picture && { picture }) });
      if (isNew && !isMine) await this.history.person(chat, (person) => void (person.unread += 1));
    }
    if (!isMine) {
      await this.#resume(from);
      await this.history.person(from, (person) => void (person.name = name || person.name));
      // A receipt speaks of what we wrote in the chat with its author, and of nothing else.
      for (const theirs of delivered) {
        await this.history.change(`${this.me}/${theirs}`, (said) => void (said.chat === from && (said.state = "delivered")));
      }
      // Somebody who has not been accepted is told nothing.
      const isAccepted = (await this.contact(from)).state === "accepted";
      // A contact who asks once more has lost what we agreed on.
      if (isAccepted && read.contact === "request") await this.accept(from);
      else if (isAccepted && isMessage) await this.#send(from, { delivered: [id] });
    }
    this.listener.said(chat);
    this.listener.changed();
  }

  /** Another device of ours tells whom we chat with. This one is made known to them. */
  async #meet(people: Content["people"]): Promise<void> {
    for (const { identity, name } of people) {
      await this.history.person(identity, (person) => void (person.name ||= name));
      if ((await this.contact(identity)).state === "none") await this.accept(identity);
    }
    this.listener.changed();
  }

  /** Says in the chat with a contact that something cannot be read. Strangers cannot fill the page with that. */
  unreadable({ sender, messageId, hint }: Unread): void {
    const note = async (chat: string) => {
      if ((await this.contact(chat)).state !== "accepted") return;
      const id = messageId ?? crypto.randomUUID();
      await this.history.add({ key: `note/${id}`, id, chat, from: chat, text: hint ?? "", at: Date.now(), state: "note" });
      this.listener.said(chat);
    };
    if (sender !== null) note(sender).catch(this.#interrupted);
  }

  // What goes out.

  /** Sends what the protocol wants the sender of a message to know. */
  deliver(reply: SealedEnvelopeInfo): Promise<void> {
    return this.#depart(null, [reply]);
  }

  /** Sends something that is no message of the chat. */
  async #send(to: string, extra: Partial<Content>): Promise<void> {
    const envelopes: SealedEnvelopeInfo[] = [];
    const message = { account: this.#account, to, id: crypto.randomUUID(), text: "", extra };
    const options = { signal: this.#stopped.signal, onInterruption: this.#interrupted };
    await send(this.client, message, async (envelope) => void envelopes.push(envelope), options);
    await this.#depart(null, envelopes);
  }

  /** Has envelopes posted, after everything that waits. `before` is how many KEM prekeys had come before they were made. */
  async #depart(key: string | null, envelopes: readonly SealedEnvelopeInfo[], how?: Encrypted, before = this.#keysCame): Promise<void> {
    await this.history.encrypted(key, envelopes, how);
    this.#departure.ring();
    // What it waits for has come before it was known to wait.
    if (how?.isWaiting && before !== this.#keysCame) await this.#resume().catch(this.#interrupted);
  }

  /** Sends what waits for a KEM prekey of somebody, or of anybody. If none has come, they are asked once more. */
  async #resume(identity?: string): Promise<void> {
    const people = identity === undefined ? await this.history.people() : [{ identity }];
    const waiting = await this.history.inState("waiting");
    for (const { identity } of people) {
      const theirs = waiting.filter(({ chat }) => chat === identity);
      const isNoted = await this.history.note<boolean>(`contact_accept ${identity}`);
      if (theirs.length === 0 && !isNoted) continue;
      // Nothing goes to somebody who was declined meanwhile.
      if ((await this.contact(identity)).state === "declined") continue;
      if (isNoted) await this.accept(identity);
      for (const { key } of theirs) await this.history.change(key, (said) => void (said.state = "sending"));
      this.#departure.ring();
    }
  }

  /** Encrypts what was written, and posts what is encrypted. */
  #outgoing(): Promise<void> {
    return this.#forever(async (stopped) => {
      const written = this.#departure.renew();
      for (const said of await this.history.inState("sending")) await this.#encrypt(said, stopped);
      // Where an answer comes is listened to before what it answers is posted.
      await this.#topics.update({ signal: stopped, onInterruption: this.#interrupted });
      for (const posting of await this.history.postings()) {
        // What is refused must not keep back what waits behind it.
        const isRefused = await this.relay.post(posting).then(() => false, (error) => isRefusal(error) || Promise.reject(error));
        const chat = await this.history.posted(posting, isRefused);
        if (chat !== null) this.listener.said(chat);
      }
      this.#answers("relay", true);
      await new Promise<void>((resolve) => {
        if (written.aborted) resolve();
        else AbortSignal.any([stopped, written]).addEventListener("abort", () => resolve());
      });
    });
  }

  async #encrypt({ key, chat, id, text, at, step, picture }: Said, signal: AbortSignal): Promise<void> {
    const extra: Partial<Content> = { at };
    const envelopes: SealedEnvelopeInfo[] = [];
    try {
      if (step !== undefined) {
        const before = this.#keysCame;
        const { envelopes, ...how } = await this.#decide(step, chat, { id, text, extra });
        await this.#depart(key, envelopes, how, before);
        return this.listener.said(chat);
      }
      if (picture !== undefined) {
        picture.reference ??= await this.#keep(picture.file as Blob);
        await this.history.change(key, (said) => void (said.picture = picture));
        const { type, name, reference } = picture;
        extra.attachments = [{ ...reference, type, name }];
      }
      // After a crash it is the same call, and gives the same bytes.
      const options = { signal, onInterruption: this.#interrupted };
      const message = { account: this.#account, to: chat, id, text, extra };
      const before = this.#keysCame;
      const { withheld, postQuantum } = await send(this.client, message, async (envelope) => void envelopes.push(envelope), options);
      await this.#depart(key, envelopes, { isWaiting: withheld.length > 0, postQuantum }, before);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.history.change(key, (said) => void (said.state = "failed"));
    }
    this.listener.said(chat);
  }

  /** Leaves an encrypted picture with the relay. */
  async #keep(file: Blob): Promise<BlobReference> {
    const { ciphertext, reference } = encryptBlob(file);
    await this.relay.keep(await new Response(ciphertext).blob());
    return reference;
  }

  // Who is there.

  /** Does something again and again until the end, whoever is away for a while. Told when it cannot go on. */
  async #forever(work: (stopped: AbortSignal) => Promise<void>): Promise<void> {
    const stopped = this.#stopped.signal;
    for (let failures = 0; !stopped.aborted; ) {
      try {
        await work(stopped);
        failures = 0;
      } catch (error) {
        if (stopped.aborted || error === RUNG) continue;
        if (error instanceof RelayError) this.#answers("relay", false);
        else if (isTransient(error)) this.#interrupted();
        else throw error;
        await pause(Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** failures++), stopped);
      }
    }
  }

  /** The daemon does not answer: asks until it does. */
  readonly #interrupted = (): void => {
    if (!this.#status.daemon) return;
    this.#answers("daemon", false);
    const ask = async (): Promise<void> => {
      while (!this.#stopped.signal.aborted) {
        await pause(FIRST_DELAY, this.#stopped.signal);
        if ((await this.client.call("system_version").catch(() => null)) === null) continue;
        this.#answers("daemon", true);
        // It may have gone while what waits was being sent.
        return this.#resume().catch(this.#interrupted);
      }
    };
    void ask();
  };

  #answers(who: keyof Status, isThere: boolean): void {
    if (this.#status[who] === isThere) return;
    this.#status[who] = isThere;
    this.listener.status({ ...this.#status });
  }

  async #events(): Promise<void> {
    const options = { account: this.#account, signal: this.#stopped.signal, onInterruption: this.#interrupted };
    const resume = (identity?: string): Promise<void> => this.#resume(identity).catch(this.#interrupted);
    // A KEM prekey may have come while we were away.
    await resume();
    for await (const event of this.client.events(options)) {
      if (event.type === "installation.kem_prekey") {
        this.#keysCame++;
        await resume(event.data.identity);
      }
      if (event.type === "lagged") await resume();
      if (/^(contact|installation|lagged)/.test(event.type)) this.listener.changed();
    }
  }
}

/** Why a wait is over: not because anything failed. */
const RUNG = new Error("something is to be done");

/** Wakes one who waits. */
class Bell {
  #rung = new AbortController();

  /** Aborted when it rings from now on. */
  renew(): AbortSignal {
    this.#rung = new AbortController();
    return this.#rung.signal;
  }

  ring(): void {
    this.#rung.abort(RUNG);
  }
}

/** Whether daemon or relay will not have this, now or later. */
function isRefusal(error: unknown): boolean {
  return error instanceof RelayError ? error.isRefusal : error instanceof RatchetdError && !isTransient(error);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
