/**
 * What the page keeps, in IndexedDB: what was said, with whom, what is still to be sent, and how far each topic was read.
 * A method that writes resolves when the browser has it on the disk. It lies there in clear, as the browser's profile does.
 */

import type { BlobReference } from "ratchetd";

/** What a picture is, and the picture itself once it was fetched. */
export interface Picture {
  /** There once it was encrypted. */
  reference?: BlobReference;
  type: string;
  name: string;
  file?: Blob;
}

/**
 * How far a message has come. Ours: `sending` until the daemon has encrypted it, `posting` until the relay has it, `sent`,
 * and `delivered` when a device of the other end has said so; `waiting` while a KEM prekey of theirs is missing; `failed` if it
 * is refused. Others: `received`. A `note` says that something could not be read.
 */
export type State = "sending" | "waiting" | "posting" | "sent" | "delivered" | "failed" | "received" | "note";

/** A message of a chat. */
export interface Said {
  /** The order in which messages came to this device. */
  seq?: number;
  /** The same for each copy of a message, and for no other. */
  key: string;
  id: string;
  chat: string;
  from: string;
  text: string;
  /** When it was written, as its author says. */
  at: number;
  state: State;
  /** Whether every copy is post-quantum, or the one that we read. */
  postQuantum?: boolean;
  /** What its sender asks for with it. Of others it is not noted. */
  step?: Step;
  picture?: Picture;
}

/** What somebody who is no contact yet is written to with. */
export type Step = "contact_request" | "contact_accept";

/** How a message was encrypted. */
export interface Encrypted {
  added?: Said | undefined;
  isWaiting?: boolean;
  postQuantum?: boolean;
}

/** Somebody, by the name that they gave themselves. */
export interface Person {
  identity: string;
  name: string;
  unread: number;
}

/** An envelope that the relay has yet to take. */
export interface Posting {
  number?: number;
  contentTopic: string;
  sealed: string;
  /** The message that it is of. Replies of the protocol are of none. */
  key: string | null;
}

const STORES = ["said", "people", "postings", "notes"] as const;
type StoreName = (typeof STORES)[number];

/** The history of one account. */
export class History {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  static async open(identity: string): Promise<History> {
    const opening = indexedDB.open(`ratchetd-chat ${identity}`, 1);
    opening.onupgradeneeded = () => {
      const said = opening.result.createObjectStore("said", { keyPath: "seq", autoIncrement: true });
      said.createIndex("key", "key", { unique: true });
      said.createIndex("chat", "chat");
      said.createIndex("state", "state");
      opening.result.createObjectStore("people", { keyPath: "identity" });
      opening.result.createObjectStore("postings", { keyPath: "number", autoIncrement: true });
      opening.result.createObjectStore("notes");
    };
    return new History(await result(opening));
  }

  /** Adds a message, unless it is there already; whether it was added. */
  add(said: Said): Promise<boolean> {
    return this.#write(async (stores) => {
      if ((await result(stores.said.index("key").getKey(said.key))) !== undefined) return false;
      await result(stores.said.add(said));
      return true;
    });
  }

  /** Changes a message, if it is there. */
  change(key: string, change: (said: Said) => void): Promise<void> {
    return this.#write((stores) => changed(stores.said, key, change));
  }

  /**
   * Notes that a message is encrypted, with its envelopes: both, or neither. One that is new is added. If it waits, the envelopes
   * are none of its own: they ask for what is missing.
   */
  encrypted(key: string | null, envelopes: readonly Omit<Posting, "key">[], how: Encrypted = {}): Promise<void> {
    const { added, isWaiting = false, postQuantum = false } = how;
    return this.#write(async (stores) => {
      if (added !== undefined) await result(stores.said.add(added));
      for (const { contentTopic, sealed } of envelopes) await result(stores.postings.add({ contentTopic, sealed, key: isWaiting ? null : key }));
      // With nobody to send it to but devices that there are none of, it is sent.
      const state = isWaiting ? "waiting" : envelopes.length > 0 ? "posting" : "sent";
      if (key !== null) await changed(stores.said, key, (said) => said.state === "sending" && Object.assign(said, { state, postQuantum }));
    });
  }

  /**
   * Notes that the relay has an envelope, or refuses it. A message is sent when the relay has the last one; the chat is answered of
   * a message that has come further.
   */
  posted({ number, key }: Posting, isRefused = false): Promise<string | null> {
    return this.#write(async (stores) => {
      await result(stores.postings.delete(number as number));
      const left = (await result(stores.postings.getAll())) as Posting[];
      if (key === null || (!isRefused && left.some((posting) => posting.key === key))) return null;
      let chat: string | null = null;
      await changed(stores.said, key, (said) => {
        chat = said.chat;
        if (said.state === "posting") said.state = isRefused ? "failed" : "sent";
      });
      return chat;
    });
  }

  postings(): Promise<Posting[]> {
    return this.#read((stores) => result(stores.postings.getAll()));
  }

  /** The messages of a chat, in their order. */
  chat(chat: string): Promise<Said[]> {
    return this.#read((stores) => result(stores.said.index("chat").getAll(chat)));
  }

  /** The last message of a chat. */
  last(chat: string): Promise<Said | null> {
    return this.#read(async (stores) => {
      const cursor = await result(stores.said.index("chat").openCursor(chat, "prev"));
      return (cursor?.value as Said | undefined) ?? null;
    });
  }

  inState(state: State): Promise<Said[]> {
    return this.#read((stores) => result(stores.said.index("state").getAll(state)));
  }

  people(): Promise<Person[]> {
    return this.#read((stores) => result(stores.people.getAll()));
  }

  /** Changes what is kept of somebody, who may be new. */
  person(identity: string, change: (person: Person) => void): Promise<void> {
    return this.#write(async (stores) => {
      const person = ((await result(stores.people.get(identity))) as Person | undefined) ?? { identity, name: "", unread: 0 };
      change(person);
      await result(stores.people.put(person));
    });
  }

  /** Something small, by its name. */
  note<Value>(name: string): Promise<Value | undefined> {
    return this.#read((stores) => result(stores.notes.get(name)) as Promise<Value | undefined>);
  }

  setNote(name: string, value: unknown): Promise<void> {
    return this.#write(async (stores) => void (await result(stores.notes.put(value, name))));
  }

  close(): void {
    this.#database.close();
  }

  #read<Value>(read: (stores: Record<StoreName, IDBObjectStore>) => Promise<Value>): Promise<Value> {
    return read(stores(this.#database.transaction(STORES)));
  }

  async #write<Value>(write: (stores: Record<StoreName, IDBObjectStore>) => Promise<Value>): Promise<Value> {
    // `strict`: complete means on the disk, and not on its way there. What is confirmed after it cannot be read again.
    const transaction = this.#database.transaction(STORES, "readwrite", { durability: "strict" });
    const complete = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const writing = write(stores(transaction));
    writing.catch(() => transaction.abort());
    const [written] = await Promise.all([writing, complete]);
    return written;
  }
}

function stores(transaction: IDBTransaction): Record<StoreName, IDBObjectStore> {
  return Object.fromEntries(STORES.map((name) => [name, transaction.objectStore(name)])) as Record<StoreName, IDBObjectStore>;
}

function result<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function changed(said: IDBObjectStore, key: string, change: (said: Said) => void): Promise<void> {
  const found = (await result(said.index("key").get(key))) as Said | undefined;
  if (found === undefined) return;
  change(found);
  await result(said.put(found));
}
