import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { encryptWith } from "../src/attachments.js";
import { BlobError, type BlobReference, type BlobSource, decryptBlob, encryptBlob, fromHex, toHex } from "../src/index.js";

const MIB = 1024 * 1024;

interface Vector {
  key: string;
  plaintextBytes: number;
  header: string;
  ciphertextBytes: number;
  hash: string;
  ciphertext?: string;
}

const { vectors } = JSON.parse(readFileSync(new URL("../../../../tests/vectors/attachments.json", import.meta.url), "utf8")) as {
  vectors: Vector[];
};

/** Byte i of a plaintext is i mod 251. */
const plain = (length: number) => Uint8Array.from({ length }, (_, index) => index % 251);
const bytes = async (stream: ReadableStream<Uint8Array>) => new Uint8Array(await new Response(stream).arrayBuffer());
const equal = (one: Uint8Array, other: Uint8Array, what?: string) => assert.ok(Buffer.compare(one, other) === 0, what);

async function encrypted(file: BlobSource): Promise<{ ciphertext: Uint8Array<ArrayBuffer>; reference: BlobReference }> {
  const blob = encryptBlob(file);
  return { ciphertext: await bytes(blob.ciphertext), reference: await blob.reference };
}

/** A stream in pieces that no boundary falls together with. */
function inPieces(all: Uint8Array, length: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= all.length) return controller.close();
      controller.enqueue(all.subarray(at, (at += length)));
    },
  });
}

test("what is encrypted and decrypted is what Tink has recorded, byte for byte", async () => {
  assert.ok(vectors.length >= 5);
  for (const { key, plaintextBytes, header, ciphertextBytes, hash, ciphertext } of vectors) {
    const file = plain(plaintextBytes);
    const made = encryptWith(fromHex(key), fromHex(header), inPieces(file, 65_537));
    const all = await bytes(made.ciphertext);
    assert.equal(all.length, ciphertextBytes);
    if (ciphertext !== undefined) assert.equal(toHex(all), ciphertext);
    assert.deepEqual(await made.reference, { key, hash, size: plaintextBytes });
    equal(await bytes(decryptBlob(inPieces(all, 100_003), { key, hash, size: plaintextBytes })), file, `${plaintextBytes}`);
  }
});

test("a file goes through as bytes, as a Blob and as a stream, under a new key each time", async () => {
  const file = plain(2 * MIB + 5);
  const keys = new Set<string>();
  for (const source of [file, new Blob([file]), inPieces(file, 4099)]) {
    const { ciphertext, reference } = await encrypted(source);
    keys.add(reference.key);
    for (const there of [ciphertext, new Blob([ciphertext]), inPieces(ciphertext, 7919)]) equal(await bytes(decryptBlob(there, reference)), file);
  }
  assert.equal(keys.size, 3);
});

test("a ciphertext that was changed, cut, lengthened or mixed up is an error", async () => {
  const file = plain(3 * MIB);
  const { ciphertext, reference } = await encrypted(file);
  const changed = (at: number) => {
    const copy = ciphertext.slice();
    copy[at]! ^= 1;
    return copy;
  };
  const swapped = ciphertext.slice();
  swapped.copyWithin(MIB, 2 * MIB, 3 * MIB);
  const wrong: Record<string, Uint8Array> = {
    "nothing": new Uint8Array(), "a header alone": ciphertext.subarray(0, 40), "another first byte": changed(0), "the salt": changed(1),
    "the nonce": changed(39), "a byte of the first segment": changed(40), "a byte of a later one": changed(2 * MIB), "the last byte": changed(ciphertext.length - 1),
    "without the last segment": ciphertext.subarray(0, 3 * MIB), "without the last byte": ciphertext.subarray(0, -1),
    "a byte more": Buffer.concat([ciphertext, Uint8Array.of(0)]), "a segment in another's place": swapped,
  };
  for (const [what, there] of Object.entries(wrong)) await assert.rejects(bytes(decryptBlob(there, reference)), BlobError, what);
  equal(await bytes(decryptBlob(ciphertext, reference)), file);
});

test("a reference that is another file's, or lies, is an error", async () => {
  const { ciphertext, reference } = await encrypted(plain(100));
  const { reference: other } = await encrypted(plain(100));
  const wrong: Record<string, BlobReference> = {
    "the key": { ...reference, key: other.key }, "the hash": { ...reference, hash: other.hash },
    "too small a size": { ...reference, size: 99 }, "too large a size": { ...reference, size: 101 },
  };
  for (const [what, named] of Object.entries(wrong)) await assert.rejects(bytes(decryptBlob(ciphertext, named)), BlobError, what);
  for (const key of ["", "0x00", `${reference.key}00`]) assert.throws(() => decryptBlob(ciphertext, { ...reference, key }), RangeError);
});

test("more than the reference says is not read", async () => {
  const { ciphertext, reference } = await encrypted(plain(5 * MIB));
  let taken = 0;
  const counted = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (taken >= ciphertext.length) return controller.close();
      controller.enqueue(ciphertext.subarray(taken, (taken += MIB)));
    },
  }, { highWaterMark: 0 });
  await assert.rejects(bytes(decryptBlob(counted, { ...reference, size: 10 })), /longer/);
  assert.ok(taken <= 2 * MIB, `${taken}`);
});

test("nothing is read before it is asked for, and an error of the source is the error of the ciphertext", async () => {
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      if (pulled < 3) controller.enqueue(plain(MIB));
      else controller.error(new Error("the disk is gone"));
    },
  }, { highWaterMark: 0 });
  const { ciphertext, reference } = encryptBlob(source);
  assert.equal(pulled, 0);
  await assert.rejects(bytes(ciphertext), /the disk is gone/);
  await assert.rejects(reference, /the disk is gone/);
  const given = encryptBlob(plain(10));
  await given.ciphertext.cancel();
  await assert.rejects(given.reference, BlobError);
});
