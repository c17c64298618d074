/** Owns bytes as text for the referee, which shares nothing with what it judges. */

const DIGITS = [...'0123456789abcdef'].map((digit) => digit.charCodeAt(0));

/** Lower-case hex. */
export function hexOf(bytes: Uint8Array): string {
  const codes: number[] = [];
  for (const byte of bytes) codes.push(DIGITS[byte >> 4]!, DIGITS[byte & 15]!);
  return String.fromCharCode(...codes);
}
