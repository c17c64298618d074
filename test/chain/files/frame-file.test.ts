import { describe, expect, it, test } from 'vitest';
import { FRAME_HEAD_BYTES, FRAMES_AT } from '../../../chain/files/frame.ts';
import { FrameFile, type Scan } from '../../../chain/files/frame-file.ts';
import { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { equalBytes, toHex } from '../../../chain/format/bytes.ts';
import { draws } from '../../p2p/test-node.ts';

const OWNER = new Uint8Array(32).fill(7);
const HEAD = { kind: 1, owner: OWNER };
const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const PAYLOADS = [fill(0, 0), fill(1, 1), fill(40, 2), fill(1_100, 3), fill(7, 4)];

async function made(payloads: readonly Uint8Array[] = PAYLOADS) {
  const files = new MemoryFiles();
  const file = await FrameFile.create(files, 'a', HEAD);
  const offsets = await file.append(payloads.map((part, type) => ({ type, parts: [part] })));
  await file.sync();
  return { files, file, offsets };
}

async function opened(files: MemoryFiles): Promise<FrameFile> {
  const file = await FrameFile.open(files, 'a', HEAD);
  if (file === null || file === 'damaged') throw new Error(`the file is ${file}`);
  return file;
}

/** Types of the frames that a scan finds, and what it says. */
async function scanned(file: FrameFile, from = 0): Promise<{ types: number[]; scan: Scan }> {
  const types: number[] = [];
  const scan = await file.scan(from, ({ type, payload, at, end }) => {
    types.push(type);
    if (!equalBytes(payload, PAYLOADS[type]!) || end - at !== FRAME_HEAD_BYTES + payload.length)
      throw new Error(`frame ${type} is another`);
  });
  return { types, scan };
}

describe('the format', () => {
  test('is frozen', async () => {
    const { files } = await made([Uint8Array.of(1, 2, 3)]);
    const bytes = files.find('a')!.get(0, 1e6);
    const copy = `706965722f6c6f670101${'07'.repeat(32)}0000000100000000000000000000000053d1189bb018d2ac`;
    expect(toHex(bytes.subarray(0, 66))).toBe(copy);
    expect(toHex(bytes.subarray(4_096, 4_162))).toBe(copy);
    expect(toHex(bytes.subarray(FRAMES_AT))).toBe('1eb900710000000300b9f20d155da3b40a010203');
  });
});

describe('a file of frames', () => {
  it('gives back what was appended, by place and in order, also after it was opened again', async () => {
    const { files, offsets } = await made();
    const file = await opened(files);
    expect(await scanned(file)).toEqual({
      types: [0, 1, 2, 3, 4],
      scan: { end: file.end, damaged: 0, tail: 0 },
    });
    expect((await scanned(file, offsets[3])).types).toEqual([3, 4]);
    for (const [type, at] of offsets.entries()) {
      const frame = (await file.read(at))!;
      expect([frame.type, frame.payload, frame.at]).toEqual([type, PAYLOADS[type], at]);
      expect(await file.read(at + 1)).toBeNull();
    }
    expect(await file.read(file.end)).toBeNull();
    const [more] = await file.append([{ type: 4, parts: [fill(3, 4), fill(4, 4)] }]);
    expect((await scanned(file, more)).types).toEqual([4]);
  });

  it('reads and scans frames larger than what it reads at once', async () => {
    const large = fill(3_000_000, 9);
    const { files, offsets } = await made([fill(5, 1), large, fill(5, 2)]);
    const file = await opened(files);
    expect(equalBytes((await file.read(offsets[1]!))!.payload, large)).toBe(true);
    const lengths: number[] = [];
    await file.scan(0, ({ payload }) => void lengths.push(payload.length));
    expect(lengths).toEqual([5, 3_000_000, 5]);
    await expect(file.append([{ type: 1, parts: [fill(8 * 1024 * 1024 + 1, 0)] }])).rejects.toThrow('frame');
  });

  it('one flipped bit anywhere costs at most the frame it is in', async () => {
    const { files, offsets } = await made();
    const size = files.find('a')!.size;
    const frameAt = (at: number): number => offsets.findLastIndex((offset) => offset <= at);
    for (let bit = 0; bit < size * 8; bit += bit < FRAMES_AT * 8 ? 101 : 13) {
      const hurt = files.copy();
      hurt.find('a')!.flip(bit);
      const file = await opened(hurt);
      const hit = frameAt(bit >> 3);
      const { types, scan } = await scanned(file);
      expect(types).toEqual([0, 1, 2, 3, 4].filter((type) => type !== hit));
      const missing: number[] = [];
      for (const [type, at] of offsets.entries()) if ((await file.read(at)) === null) missing.push(type);
      expect(missing).toEqual(hit === -1 ? [] : [hit]);
      const isLast = hit === 4;
      expect([scan.damaged > 0, scan.tail > 0]).toEqual([hit !== -1 && !isLast, isLast]);
    }
  });

  it('any damage costs only the frames that it touches, and cutting the tail loses none of the others', async () => {
    const random = draws(11);
    const { files, offsets } = await made();
    const { size } = files.find('a')!;
    for (let round = 0; round < 150; round++) {
      const hurt = files.copy();
      const from = FRAMES_AT + (random() % (size - FRAMES_AT));
      const to = Math.min(size, from + 1 + (random() % 600));
      const bytes = hurt.find('a')!.get(0, size);
      const kind = random() % 3;
      for (let at = from; at < to; at++) bytes[at] = kind === 0 ? 0 : bytes[at]! ^ (1 + (random() % 255));
      hurt.find('a')!.replace(bytes);
      const same = files.find('a')!.get(0, size);
      const isWhole = (type: number): boolean => {
        const end = offsets[type + 1] ?? size;
        return same.subarray(offsets[type]!, end).every((byte, i) => byte === bytes[offsets[type]! + i]);
      };
      const whole = [0, 1, 2, 3, 4].filter(isWhole);
      const file = await opened(hurt);
      await file.recover(0, () => {});
      expect((await scanned(file)).types).toEqual(whole);
      const [at] = await file.append([{ type: 2, parts: [PAYLOADS[2]!] }]);
      expect((await scanned(await opened(hurt))).types).toEqual([...whole, 2]);
      expect(at).toBe(whole.length === 0 ? FRAMES_AT : (offsets[whole.at(-1)! + 1] ?? size));
    }
  });

  it('cut at any byte keeps the frames that are whole', async () => {
    const { files, offsets } = await made();
    const { size } = files.find('a')!;
    for (let cut = FRAMES_AT; cut <= size; cut += 5) {
      const torn = files.copy();
      torn.find('a')!.cut(cut);
      const file = await opened(torn);
      const found: number[] = [];
      await file.recover(0, ({ type }) => void found.push(type));
      expect(found).toEqual([0, 1, 2, 3, 4].filter((type) => (offsets[type + 1] ?? size) <= cut));
      expect((await scanned(file)).scan.tail).toBe(0);
    }
  });

  it('that is shorter than its head is damaged, never taken for none', async () => {
    const { files } = await made([]);
    for (const size of [0, 1, 66, 100, 4_095, 4_096, FRAMES_AT - 1, FRAMES_AT]) {
      const torn = files.copy();
      torn.find('a')!.cut(size);
      if (size === FRAMES_AT) torn.find('a')!.replace(new Uint8Array(size));
      expect(await FrameFile.open(torn, 'a', HEAD)).toBe('damaged');
    }
  });

  it('is whole or not there, whatever a power cut takes while it is made', async () => {
    const random = draws(7);
    for (let round = 0; round < 50; round++) {
      const files = new MemoryFiles();
      const making = FrameFile.create(files, 'a', HEAD);
      for (let steps = round % 10; steps > 0; steps--) await null;
      files.cutPower((bound) => random() % bound);
      expect(await FrameFile.open(files.copy(), 'a', HEAD)).not.toBe('damaged');
      await making.catch(() => undefined);
    }
  });

  it('takes nothing for a frame that somebody else has made: not its own bytes elsewhere, nor another file’s bytes', async () => {
    const { files } = await made();
    const own = files.find('a')!.get(0, 1e6).slice(FRAMES_AT);
    const other = (await made()).files.find('a')!.get(0, 1e6);
    const file = await opened(files);
    const before = file.end;
    await file.append([own, other.slice(FRAMES_AT)].map((part) => ({ type: 9, parts: [part] })));
    // The frame around them is damaged, so that the scan looks into it.
    files.find('a')!.flip((before + FRAME_HEAD_BYTES + own.length - 1) * 8);
    const types: number[] = [];
    await (await opened(files)).scan(before, ({ type }) => void types.push(type));
    expect(types).toEqual([9]);
  });

  it('takes nothing of another file, even where it stood there', async () => {
    const files = new MemoryFiles();
    const [a, b] = [await FrameFile.create(files, 'a', HEAD), await FrameFile.create(files, 'b', HEAD)];
    for (const file of [a, b]) await file.append([{ type: 1, parts: [PAYLOADS[1]!] }]);
    const bytes = files.find('a')!.get(0, 1e6);
    bytes.set(files.find('b')!.get(FRAMES_AT, 1e6), FRAMES_AT);
    files.find('a')!.replace(bytes);
    expect((await scanned(await opened(files))).types).toEqual([]);
  });

  it('a head damaged in both copies, of another kind, or missing is told from another owner’s', async () => {
    const { files } = await made();
    const hurt = files.copy();
    hurt.find('a')!.flip(0);
    expect((await scanned(await opened(hurt))).types).toHaveLength(5);
    hurt.find('a')!.flip(4_096 * 8);
    expect(await FrameFile.open(hurt, 'a', HEAD)).toBe('damaged');
    hurt.makeFolder('a');
    expect(await FrameFile.open(hurt, 'a', HEAD)).toBe('damaged');
    expect(await FrameFile.open(files, 'a', { ...HEAD, kind: 2 })).toBe('damaged');
    expect(await FrameFile.open(files, 'b', HEAD)).toBeNull();
    await expect(FrameFile.open(files, 'a', { ...HEAD, owner: fill(32, 8) })).rejects.toThrow('ledger');
  });
});
