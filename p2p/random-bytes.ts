/** Owns how bytes come out of the machine's random numbers: for nonces and salts. It holds no state. */

/** `length` bytes, a multiple of 4, of a source of uniformly random u32. */
export function drawBytes(random: () => number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < length; at += 4) view.setUint32(at, random());
  return bytes;
}
