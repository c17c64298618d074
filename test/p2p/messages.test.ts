import { describe, expect, test } from 'vitest';
import { RuleError } from '../../chain/errors.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { UNKNOWN_BYTES_MAX } from '../../p2p/limits.ts';
import {
  decodeMessage,
  encodeMessage,
  FRAME_BYTES_MAX,
  MESSAGES,
  nameOfFrame,
  speaksOtherVersion,
} from '../../p2p/messages.ts';
import { NAMES, SAMPLES } from './sample-messages.ts';
import frozen from './vectors/messages.json' with { type: 'json' };

const codeOf = (frame: Uint8Array): string => {
  try {
    return `decoded ${decodeMessage(frame)?.name ?? 'nothing'}`;
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return error.code;
  }
};

describe('every message', () => {
  test.each(NAMES)('%s has its frozen bytes and comes back from them', (name) => {
    const frame = fromHex(frozen.frames[name]);
    expect(toHex(encodeMessage(name, SAMPLES[name] as never))).toBe(frozen.frames[name]);
    expect(decodeMessage(frame)).toEqual({ name, body: SAMPLES[name] });
    expect(nameOfFrame(frame)).toBe(name);
  });

  test.each(NAMES)('%s with a byte more or any byte less is malformed', (name) => {
    const frame = fromHex(frozen.frames[name]);
    const longer = new Uint8Array(frame.length + 1);
    longer.set(frame);
    expect(['MALFORMED', 'OVERSIZE']).toContain(codeOf(longer));
    for (let length = 0; length < frame.length; length++) {
      expect(codeOf(frame.subarray(0, length))).toBe('MALFORMED');
    }
  });

  test.each(NAMES)('%s over its limit is refused before it is decoded', (name) => {
    const frame = new Uint8Array(MESSAGES[name].maxBytes + 1);
    frame[0] = MESSAGES[name].id;
    expect(codeOf(frame)).toBe('OVERSIZE');
  });

  test.each(NAMES)('%s with any bit flipped decodes to what encodes to it, or not at all', (name) => {
    const frame = fromHex(frozen.frames[name]);
    for (let bit = 8; bit < frame.length * 8; bit++) {
      const bent = frame.slice();
      bent[bit >> 3]! ^= 1 << (bit & 7);
      if (!codeOf(bent).startsWith('decoded')) continue;
      const message = decodeMessage(bent)!;
      expect(toHex(encodeMessage(message.name, message.body as never))).toBe(toHex(bent));
    }
  });
});

test('ids are unique, and no frame is larger than the largest', () => {
  const specs = Object.values(MESSAGES);
  expect(new Set(specs.map(({ id }) => id)).size).toBe(specs.length);
  expect(FRAME_BYTES_MAX).toBe(Math.max(...specs.map(({ maxBytes }) => maxBytes)));
  expect(FRAME_BYTES_MAX).toBeLessThan(4 * 1024 * 1024 + 64);
});

test('unknown types are ignored up to their limit', () => {
  expect(codeOf(Uint8Array.of(0xee, 1, 2))).toBe('decoded nothing');
  expect(codeOf(new Uint8Array(UNKNOWN_BYTES_MAX).fill(0xee))).toBe('decoded nothing');
  expect(codeOf(new Uint8Array(UNKNOWN_BYTES_MAX + 1).fill(0xee))).toBe('OVERSIZE');
  expect(codeOf(new Uint8Array())).toBe('MALFORMED');
});

test('a hello of another version is known by its first bytes, whatever follows', () => {
  expect(speaksOtherVersion(fromHex(frozen.frames.hello))).toBe(false);
  expect(speaksOtherVersion(Uint8Array.of(1, 0, 2, 99))).toBe(true);
  expect(speaksOtherVersion(Uint8Array.of(1, 0))).toBe(false);
  expect(speaksOtherVersion(Uint8Array.of(2, 0, 2))).toBe(false);
});
