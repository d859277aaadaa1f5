/**
 * Files, encrypted for the place where they lie: AES-GCM-HKDF streaming, as `docs/attachments.md` specifies it, by the WebCrypto
 * that pages and Node have. A file of any size goes through in pieces of a mebibyte.
 */

import { fromHex, toHex } from "./bytes.js";

const KEY_BYTES = 32;
const SALT_BYTES = 32;
const PREFIX_BYTES = 7;
/** Its own length, the salt, and what nonces begin with. */
const HEADER_BYTES = 1 + SALT_BYTES + PREFIX_BYTES;
const TAG_BYTES = 16;
/** A segment of the ciphertext, the first with the header. The last may be shorter. */
const SEGMENT_BYTES = 1024 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

/** What is read: a `File` is a `Blob`, and the body of a `Response` is a stream. */
export type BlobSource = Blob | Uint8Array | ReadableStream<Uint8Array>;

/** What a message says of a file, so that whoever reads it can have the file and nobody else can. */
export interface BlobReference {
  /** The key of this file, `0x` and 64 hex digits. */
  key: string;
  /** The hash of its ciphertext, which also names it where it lies. */
  hash: string;
  /** How many bytes the file has. */
  size: number;
}

/** A file that is being encrypted. */
export interface EncryptedBlob {
  /** What to store. Anybody may see it. */
  ciphertext: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What to send in a message: known once all of the ciphertext was taken. It fails as the ciphertext fails. */
  reference: Promise<BlobReference>;
}

/** The ciphertext is not the one that the reference names, or it is not whole. */
export class BlobError extends Error {
  override readonly name = "BlobError";
}

/** Encrypts a file under a new key. The ciphertext comes as it is read, and nothing is read ahead of that. */
export function encryptBlob(plaintext: BlobSource): EncryptedBlob {
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  const header = crypto.getRandomValues(new Uint8Array(HEADER_BYTES));
  header[0] = HEADER_BYTES;
  return encryptWith(key, header, plaintext);
}

/** The same with a key and a header that are given, for tests: neither may be used twice. */
export function encryptWith(key: Bytes, header: Bytes, plaintext: BlobSource): EncryptedBlob {
  let known = (_: BlobReference): void => {};
  let failed = (_: unknown): void => {};
  const reference = new Promise<BlobReference>((resolve, reject) => {
    known = resolve;
    failed = reject;
  });
  // Whoever takes the ciphertext is told why it ends; this need not be asked for besides.
  reference.catch(() => {});
  async function* segments(): AsyncGenerator<Bytes> {
    try {
      const cipher = await deriveKey(key, header);
      const hash = new PieceHash();
      let size = 0;
      let number = 0;
      const [first, later] = [SEGMENT_BYTES - HEADER_BYTES - TAG_BYTES, SEGMENT_BYTES - TAG_BYTES];
      for await (const { piece, isLast } of pieces(plaintext, first, later)) {
        const sealed = new Uint8Array(await crypto.subtle.encrypt(segment(header, number, isLast), cipher, piece));
        const written = number === 0 ? joined(header, sealed) : sealed;
        await hash.add(written);
        size += piece.length;
        number += 1;
        yield written;
      }
      known({ key: toHex(key), hash: await hash.digest(), size });
    } catch (error) {
      failed(error);
      throw error;
    }
  }
  const cancelled = (): void => failed(new BlobError("the ciphertext was not taken to its end"));
  return { ciphertext: streamOf(segments(), cancelled), reference };
}

/**
 * Decrypts a file. Each piece of what comes is authentic; whether it is all of the file is known when the stream has ended without
 * an error. So keep nothing of it until then.
 *
 * @throws RangeError if the reference is none. The stream fails with a BlobError if the ciphertext is another than it names.
 */
export function decryptBlob(ciphertext: BlobSource, reference: BlobReference): ReadableStream<Uint8Array<ArrayBuffer>> {
  const key = fromHex(reference.key);
  if (key.length !== KEY_BYTES) throw new RangeError(`the key of a file has ${KEY_BYTES} bytes`);
  async function* plaintext(): AsyncGenerator<Bytes> {
    const hash = new PieceHash();
    let header: Bytes = new Uint8Array();
    let cipher: CryptoKey | undefined;
    let size = 0;
    let number = 0;
    for await (const { piece, isLast } of pieces(ciphertext, SEGMENT_BYTES, SEGMENT_BYTES)) {
      await hash.add(piece);
      let sealed = piece;
      if (cipher === undefined) {
        if (piece[0] !== HEADER_BYTES || piece.length < HEADER_BYTES + TAG_BYTES) throw new BlobError("this is no encrypted file");
        header = piece.slice(0, HEADER_BYTES);
        sealed = piece.subarray(HEADER_BYTES);
        cipher = await deriveKey(key, header);
      }
      const opened = await open(cipher, segment(header, number, isLast), sealed);
      size += opened.length;
      number += 1;
      if (size > reference.size) throw new BlobError("the file is longer than its reference says");
      if (opened.length > 0) yield opened;
    }
    if (size !== reference.size) throw new BlobError("the file is shorter than its reference says");
    if ((await hash.digest()) !== reference.hash.toLowerCase()) throw new BlobError("this is another ciphertext than the reference names");
  }
  return streamOf(plaintext());
}

async function open(cipher: CryptoKey, parameters: AesGcmParams, sealed: Bytes): Promise<Bytes> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, cipher, sealed));
  } catch (cause) {
    throw new BlobError("the encrypted file was changed or cut off, or is under another key", { cause });
  }
}

async function deriveKey(key: Bytes, header: Bytes): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveKey"]);
  const salt = header.subarray(1, 1 + SALT_BYTES);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt, info: new Uint8Array() };
  return crypto.subtle.deriveKey(hkdf, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** How a segment is encrypted: its nonce has its number, and says whether it is the last. */
function segment(header: Bytes, number: number, isLast: boolean): AesGcmParams {
  const iv = new Uint8Array(PREFIX_BYTES + 5);
  iv.set(header.subarray(1 + SALT_BYTES));
  new DataView(iv.buffer).setUint32(PREFIX_BYTES, number);
  iv[PREFIX_BYTES + 4] = isLast ? 1 : 0;
  return { name: "AES-GCM", iv, tagLength: 8 * TAG_BYTES };
}

/** The hash of the hashes of the pieces: WebCrypto takes all of what it hashes at once. */
class PieceHash {
  #hashes: Bytes = new Uint8Array();

  async add(piece: Bytes): Promise<void> {
    this.#hashes = joined(this.#hashes, new Uint8Array(await crypto.subtle.digest("SHA-256", piece)));
  }

  async digest(): Promise<string> {
    return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", this.#hashes)));
  }
}

function joined(one: Bytes, other: Bytes): Bytes {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** Cuts what comes into pieces of these lengths; only the last, which there always is, may be shorter. */
async function* pieces(source: BlobSource, first: number, later: number): AsyncGenerator<{ piece: Bytes; isLast: boolean }> {
  let piece = new Uint8Array(first);
  let filled = 0;
  for await (const chunk of chunks(source)) {
    for (let at = 0; at < chunk.length; ) {
      if (filled === piece.length) {
        yield { piece, isLast: false };
        piece = new Uint8Array(later);
        filled = 0;
      }
      const part = chunk.subarray(at, at + piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
    }
  }
  yield { piece: piece.subarray(0, filled), isLast: true };
}

async function* chunks(source: BlobSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) {
    yield source;
    return;
  }
  // Not every browser iterates over streams.
  const reader = (source instanceof Blob ? source.stream() : source).getReader();
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isOver = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isOver) await reader.cancel().catch(() => {});
  }
}

function streamOf(items: AsyncGenerator<Bytes>, cancelled: () => void = () => {}): ReadableStream<Bytes> {
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const { done, value } = await items.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        cancelled();
        await items.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
