/**
 * Measures the slowest valid blocks that we know under the default limits: 143 transfers of 255 outputs each, on a state
 * of 250,000 accounts, on disk and with every signature checked. What matters is how long such a block takes, and how
 * long the event loop stands still meanwhile.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkBody, decodeBody } from '../../chain/format/block.ts';
import { decodeHeader } from '../../chain/format/header.ts';
import type { Ledger } from '../../chain/ledger/ledger.ts';
import { BLOCK_FOLDER } from '../../node/disk/folders.ts';
import { openLevelStore } from '../../node/level-store.ts';
import { type EncodedBlock, readBlocks } from './block-file.ts';
import type { Figure, Measure } from './figure.ts';
import { openLedger, paramsOf } from './workload.ts';

const ACCOUNTS = 250_000;

const measureSlowest: Measure = async ({ programs }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'pier-bench-'));
  try {
    growState(programs, scratch);
    return [...(await connectAll(scratch, 'existing')), ...(await connectAll(scratch, 'new'))];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

function growState(programs: string, folder: string): void {
  const program = fileURLToPath(new URL('grow-wide.js', programs));
  const { status } = spawnSync(process.execPath, [program, folder, String(ACCOUNTS)], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`grow-wide ended with ${status}`);
}

/** Connects the blocks of a file on a fresh copy of the state. */
async function connectAll(folder: string, name: string): Promise<Figure[]> {
  const copy = mkdtempSync(join(tmpdir(), 'pier-bench-'));
  for (const part of ['db', BLOCK_FOLDER]) cpSync(join(folder, part), join(copy, part), { recursive: true });
  const params = paramsOf(JSON.parse(readFileSync(join(folder, 'genesis.json'), 'utf8')));
  const { store } = await openLevelStore(copy);
  const ledger = await openLedger(params, store, copy);
  const times: number[] = [];
  const stalls: number[] = [];
  for (const block of readBlocks(join(folder, name))) {
    const { timeMs, stallMs } = await connect(ledger, block);
    times.push(timeMs);
    stalls.push(stallMs);
  }
  await ledger.close();
  await store.close();
  rmSync(copy, { recursive: true, force: true });
  return [
    { name: `block that pays 36,465 ${name} accounts`, unit: 'ms', samples: times, goal: { atMost: 1_500 } },
    {
      name: 'longest work without a rest, processor time',
      unit: 'ms',
      samples: stalls,
      goal: { atMost: 100 },
    },
  ];
}

/** From the bytes to the synced commit. */
async function connect(
  ledger: Ledger,
  { header, body }: EncodedBlock,
): Promise<{ timeMs: number; stallMs: number }> {
  const watch = watchLoop();
  const start = performance.now();
  const node = ledger.headers.add(decodeHeader(header), Date.now());
  const transactions = decodeBody(body);
  checkBody(node.header, transactions, ledger.params.limits);
  ledger.addBody(node, transactions);
  await ledger.advance();
  const timeMs = performance.now() - start;
  if (ledger.tip !== node) throw new Error(`block ${node.height} was refused`);
  await new Promise((resolve) => setTimeout(resolve, 5));
  return { timeMs, stallMs: watch() };
}

/** Returns the longest work without a rest since, in milliseconds of this thread's own processor time. */
function watchLoop(): () => number {
  let last = threadMs();
  let longest = 0;
  const look = (): void => {
    const now = threadMs();
    longest = Math.max(longest, now - last);
    last = now;
  };
  let on = true;
  const next = (): void => {
    if (!on) return;
    look();
    setImmediate(next);
  };
  next();
  return () => {
    look();
    on = false;
    return longest;
  };
}

/** Processor time of the main thread: on a busy machine the clock tells of the others. Linux, proc(5). */
function threadMs(): number {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

export default measureSlowest;
