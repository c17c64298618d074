/**
 * Owns a second reader of proofs, written from docs/PROOFS.md and docs/PROTOCOL.md: slow, literal, in the order of the
 * document. Of the code it uses only what has vectors of its own: transactions, entries of the state, signatures.
 */
import { createHash } from 'node:crypto';
import { verifyStrict } from '../../chain/crypto/ed25519.ts';
import { RuleError } from '../../chain/errors.ts';
import { decodeTransaction, signatureChecks } from '../../chain/format/transaction.ts';
import { decodeEntry, type Entry } from '../../chain/state/entries.ts';
import { Cursor, demand, Fault, numberOf } from './cursor.ts';

/** What the document says one must know of a ledger. */
export interface Ledger {
  readonly chainId: Buffer;
  readonly bits: number;
  readonly floorBits: number;
}

interface Node {
  readonly hash: Buffer;
  readonly count: number;
  readonly work: bigint;
}

const ZEROS: Buffer = Buffer.alloc(32);
const FILE_MAX = 2 * 1024 * 1024;

const H = (domain: string, ...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha256')
    .update(Buffer.concat([Buffer.from(domain), ...parts]))
    .digest();
const be = (value: bigint | number, bytes: number): Buffer =>
  Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex');
const bitOf = (bytes: Buffer, i: number): number => (bytes[i >> 3]! >> (7 - (i & 7))) & 1;

/** 'true', or the code of the first fault. */
export function judgeLiterally(file: Buffer, ledger: Ledger): string {
  try {
    judge(file, ledger);
    return 'true';
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}

function judge(file: Buffer, ledger: Ledger): void {
  demand(file.subarray(0, 7).toString('latin1') === 'PIERPRF', 'NOT_A_PROOF');
  demand(file[7] === 1, 'PROOF_VERSION');
  const content = file.subarray(0, -32);
  const isWhole = file.length > 32 && file.length <= FILE_MAX;
  demand(isWhole && H('pier/prf', content).equals(file.subarray(-32)), 'PROOF_DAMAGED');

  // Structure
  const from = new Cursor(content.subarray(8));
  const kind = from.number(1);
  from.demand(kind >= 1 && kind <= 7);
  const tip = headerOf(from);
  const genesis = placeOf(from);
  const block = from.optional(() => ({ header: headerOf(from), place: placeOf(from) }));
  from.demand(tip.height > 0 || (genesis.length === 0 && block === null));
  const checkClaim = claimOf(from, kind, ledger);
  from.demand(from.left === 0);

  // Ledger
  if (tip.height === 0) {
    demand(tip.id.equals(ledger.chainId), 'OTHER_LEDGER');
  } else {
    const leaf = { hash: ledger.chainId, count: 1, work: workOf(ledger.bits) };
    demand(historyRoot(leaf, 0, tip.height, genesis)?.equals(tip.historyRoot) === true, 'OTHER_LEDGER');
  }

  // Work
  const worked = [tip, ...(block === null ? [] : [block.header])].filter(({ height }) => height > 0);
  for (const { id, bits } of worked) {
    demand(targetOf(bits) <= targetOf(ledger.floorBits) && numberOf(id) <= targetOf(bits), 'NO_WORK');
  }

  // History
  if (block !== null) {
    const { id, bits, height } = block.header;
    const leaf = { hash: id, count: 1, work: workOf(bits) };
    const root = height < tip.height ? historyRoot(leaf, height, tip.height, block.place) : null;
    demand(root?.equals(tip.historyRoot) === true, 'NOT_IN_CHAIN');
  }
  checkClaim(block?.header ?? tip);
}

interface ReadHeader {
  readonly id: Buffer;
  readonly height: number;
  readonly bits: number;
  readonly historyRoot: Buffer;
  readonly txRoot: Buffer;
  readonly stateRoot: Buffer;
}

function headerOf(from: Cursor): ReadHeader {
  const bytes = from.bytes(181);
  const bits = bytes.readUInt32BE(149);
  from.demand(bytes[0] === 1);
  for (const at of [133, 141, 173]) from.demand(bytes.readBigUInt64BE(at) < 1n << 53n);
  const [size, mantissa] = [bits >>> 24, bits & 0xff_ffff];
  const target = mantissa > 0x7f_ffff ? 0n : targetOf(bits);
  from.demand(target > 0n && target < 1n << 256n);
  // Its one canonical form: the shortest whose bit 23 is not set.
  const short = Math.ceil(target.toString(2).length / 8);
  const lead = size <= 3 ? target << BigInt(8 * (3 - size)) : target >> BigInt(8 * (size - 3));
  from.demand(size === short + Number(bitOf(be(target, short), 0)) && lead === BigInt(mantissa));
  return {
    id: H('pier/hdr', bytes),
    height: bytes.readUInt32BE(1),
    bits,
    historyRoot: bytes.subarray(37, 69),
    txRoot: bytes.subarray(69, 101),
    stateRoot: bytes.subarray(101, 133),
  };
}

function targetOf(bits: number): bigint {
  const [size, mantissa] = [bits >>> 24, BigInt(bits & 0x7f_ffff)];
  return size <= 3 ? mantissa >> BigInt(8 * (3 - size)) : mantissa << BigInt(8 * (size - 3));
}

const workOf = (bits: number): bigint => (1n << 256n) / (targetOf(bits) + 1n);

type Sibling = Pick<Node, 'hash' | 'work'>;

function placeOf(from: Cursor): Sibling[] {
  const count = from.number(1);
  from.demand(count <= 32);
  return Array.from({ length: count }, () => {
    const hash = from.bytes(32);
    const bytes = from.bytes(from.number(1));
    from.demand(bytes.length >= 1 && bytes.length <= 32 && bytes[0] !== 0);
    return { hash, work: numberOf(bytes) };
  });
}

/** The root over `count` headers, of which `leaf` is at `height`; null if the siblings are not as many as it takes. */
function historyRoot(leaf: Node, height: number, count: number, siblings: readonly Sibling[]): Buffer | null {
  const rest = [...siblings];
  const over = (start: number, size: number): Node | null => {
    if (size === 1) return leaf;
    let left = 1;
    while (2 * left < size) left *= 2;
    const isLeft = height < start + left;
    const node = isLeft ? over(start, left) : over(start + left, size - left);
    const sibling = rest.shift();
    if (node === null || sibling === undefined || node.work + sibling.work >= 1n << 256n) return null;
    const other = { ...sibling, count: isLeft ? size - left : left };
    const [a, b] = isLeft ? [node, other] : [other, node];
    const hash = H(
      'pier/mmn',
      a.hash,
      be(a.count, 4),
      be(a.work, 32),
      b.hash,
      be(b.count, 4),
      be(b.work, 32),
    );
    return { hash, count: size, work: a.work + b.work };
  };
  const top = over(0, count);
  return top === null || rest.length > 0 ? null : H('pier/mmr', be(count, 4), be(top.work, 32), top.hash);
}

/** Reads the fields of a claim; what is returned judges it under its block. */
function claimOf(from: Cursor, kind: number, ledger: Ledger): (block: ReadHeader) => void {
  if (kind === 1) return () => {};
  if (kind === 5) return transactionClaim(from, ledger);
  const subject = from.bytes([0, 0, 20, 32, 0, 0, 20, 32][kind]!);
  const tag = { 20: 1, 32: 2, 0: 3 }[subject.length]!;
  const key = H('pier/sky', be(tag, 1), subject);
  const rootOf = statePath(new Cursor(from.string(8291, 2)), key);
  const isHistory = kind >= 6;
  const entry = isHistory ? from.string(2048, 2) : from.optional(() => from.string(2048, 2));
  const checkHistory = isHistory ? historyClaim(from) : () => {};
  return ({ stateRoot }) => {
    demand(rootOf(entry)?.equals(stateRoot) === true, 'BAD_PATH');
    if (entry === null) return demand(kind !== 4, 'BAD_VALUE');
    const value = entryOf(entry);
    demand(value.TAG === ['account', 'record', 'totals'][tag - 1], 'BAD_VALUE');
    if (value.TAG === 'totals') demand(value.data.burned <= value.data.issued, 'BAD_VALUE');
    if (value.TAG === 'record')
      demand(H('pier/rec', value.data.creator, value.data.name).equals(subject), 'BAD_VALUE');
    if (value.TAG === 'account' || value.TAG === 'record') checkHistory(value.data);
  };
}

function entryOf(bytes: Buffer): Entry {
  try {
    return decodeEntry(bytes);
  } catch (error) {
    demand(!(error instanceof RuleError), 'BAD_VALUE');
    throw error;
  }
}

/** The root that the path leads to from an entry, or from none; null if it is not the path of such. */
function statePath(from: Cursor, key: Buffer): (entry: Buffer | null) => Buffer | null {
  const depth = from.number(2);
  from.demand(depth <= 256);
  const bitmap = from.bytes(Math.ceil(depth / 8));
  for (let i = depth; i < 8 * bitmap.length; i++) from.demand(bitOf(bitmap, i) === 0);
  const siblings = Array.from({ length: depth }, (_, i) => {
    if (bitOf(bitmap, i) === 0) return ZEROS;
    const sibling = from.bytes(32);
    from.demand(!sibling.equals(ZEROS));
    return sibling;
  });
  const end = from.number(1);
  from.demand(end <= 2);
  const other = end === 2 ? { key: from.bytes(32), value: from.bytes(32) } : null;
  from.demand(from.left === 0);
  return (entry) => {
    if ((entry !== null) !== (end === 0)) return null;
    let node: Buffer = ZEROS;
    if (entry !== null) node = H('pier/slf', key, H('pier/svl', entry));
    if (other !== null) {
      if (other.key.equals(key)) return null;
      for (let i = 0; i < depth; i++) if (bitOf(other.key, i) !== bitOf(key, i)) return null;
      node = H('pier/slf', other.key, other.value);
    }
    for (let i = depth - 1; i >= 0; i--) {
      node = bitOf(key, i) === 0 ? H('pier/sin', node, siblings[i]!) : H('pier/sin', siblings[i]!, node);
    }
    return node;
  };
}

function transactionOf(from: Cursor) {
  const bytes = from.string(8192, 2);
  try {
    return decodeTransaction(bytes);
  } catch (error) {
    from.demand(!(error instanceof RuleError));
    throw error;
  }
}

function historyClaim(from: Cursor): (entry: { history: Uint8Array; historyCount: number }) => void {
  const hash = from.bytes(32);
  const count = from.number(8);
  from.demand(Number.isSafeInteger(count));
  const transactions = Array.from({ length: from.number(2) }, () => transactionOf(from));
  return ({ history, historyCount }) => {
    demand(count > 0 || hash.equals(ZEROS), 'BAD_HISTORY');
    demand(count + transactions.length === historyCount, 'BAD_HISTORY');
    const end = transactions.reduce((before, { id }) => H('pier/his', before, id), hash);
    demand(end.equals(history), 'BAD_HISTORY');
  };
}

function transactionClaim(from: Cursor, { chainId }: Ledger): (block: ReadHeader) => void {
  const transaction = transactionOf(from);
  const path = new Cursor(from.string(1032, 2));
  const [count, index] = [path.number(4), path.number(4)];
  path.demand(index < count);
  const siblings: [Buffer, boolean][] = [];
  for (let at = index, width = count; width > 1; width = Math.ceil(width / 2), at >>>= 1) {
    if (at % 2 === 1 || at + 1 < width) siblings.push([path.bytes(32), at % 2 === 1]);
  }
  path.demand(path.left === 0);
  return ({ txRoot }) => {
    const top = siblings.reduce(
      (node, [sibling, isRight]) => (isRight ? H('pier/txn', sibling, node) : H('pier/txn', node, sibling)),
      H('pier/txl', transaction.id),
    );
    demand(H('pier/txr', be(count, 4), top).equals(txRoot), 'BAD_PATH');
    for (const { publicKey, message, signature } of signatureChecks(transaction, chainId)) {
      demand(verifyStrict(publicKey, Buffer.concat([...message]), signature), 'BAD_SIGNATURE');
    }
  };
}
