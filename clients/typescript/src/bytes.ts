/** Bytes as the daemon takes and gives them: `0x` and hex digits. */
export function toHex(bytes: Uint8Array): string {
  let hex = "0x";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/**
 * The bytes of `0x` and hex digits.
 *
 * @throws RangeError if it is anything else.
 */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(hex)) throw new RangeError("bytes are 0x and an even number of hex digits");
  const bytes = new Uint8Array(hex.length / 2 - 1);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(hex.slice(2 * index + 2, 2 * index + 4), 16);
  }
  return bytes;
}
