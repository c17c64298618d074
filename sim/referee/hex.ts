/** Owns bytes as text for the referee, which shares nothing with what it judges. */

const DIGITS = [...'0123456789abcdef'].map((digit) => digit.charCodeAt(0));

/** Lower-case hex. */
export function hexOf(bytes: Uint8Array): string {
  const codes = new Array<number>(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    codes[2 * i] = DIGITS[bytes[i]! >> 4]!;
    codes[2 * i + 1] = DIGITS[bytes[i]! & 15]!;
  }
  return String.fromCharCode.apply(null, codes);
}
