/**
 * Measures what a block of 1,000 transfers costs on a small state and on a large one, on disk and with every signature
 * checked. First the large one alone, for the memory; then both are open and take turns, so that whatever else the
 * machine does weighs on both alike.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkBody, decodeBody } from '../../chain/format/block.ts';
import { decodeHeader } from '../../chain/format/header.ts';
import type { Ledger } from '../../chain/ledger/ledger.ts';
import type { Store } from '../../chain/ledger/ports.ts';
import { openLevelStore } from '../../node/level-store.ts';
import { type EncodedBlock, readBlocks } from './block-file.ts';
import type { Measure } from './figure.ts';
import { memoryOf } from './node-process.ts';
import { openLedger, paramsOf } from './workload.ts';

const SMALL = 10_000;
const LARGE = 1_000_000;
/** Blocks for the memory, which also warm up the compiler and the caches. */
const FIRST = 16;
const BLOCKS = FIRST + 32;

interface Side {
  readonly ledger: Ledger;
  readonly store: Store;
  readonly blocks: readonly EncodedBlock[];
}

const measureState: Measure = async ({ programs }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'pier-bench-'));
  try {
    const paths = [SMALL, LARGE].map((accounts) => growState(programs, scratch, accounts));
    const large = await openSide(paths[1]!);
    for (let i = 0; i < FIRST; i++) await connect(large, i, false);
    globalThis.gc?.();
    const rss = memoryOf('self');
    const small = await openSide(paths[0]!);
    for (let i = 0; i < FIRST; i++) await connect(small, i, false);
    const checked: [number, number][] = [];
    const cached: [number, number][] = [];
    for (let i = FIRST; i < BLOCKS; i++) {
      const known = i % 2 === 1;
      (known ? cached : checked).push([await connect(small, i, known), await connect(large, i, known)]);
    }
    await small.store.close();
    await large.store.close();
    const ratios = (pairs: [number, number][]) => pairs.map(([a, b]) => b / a);
    return [
      { name: 'block of 1,000 transfers, 10,000 accounts', unit: 'ms', samples: checked.map(([a]) => a) },
      {
        name: 'block of 1,000 transfers, 1,000,000 accounts',
        unit: 'ms',
        samples: checked.map(([, b]) => b),
      },
      {
        name: 'the second is so many times the first',
        unit: '×',
        samples: ratios(checked),
        goal: { atMost: 3 },
      },
      { name: 'the same, signatures known', unit: '×', samples: ratios(cached) },
      { name: 'memory, 1,000,000 accounts', unit: 'MB', samples: [rss], goal: { atMost: 400 } },
    ];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** In a process of its own, so that its memory isn't ours. Gives the folder. */
function growState(programs: string, scratch: string, accounts: number): string {
  const dir = join(scratch, String(accounts));
  mkdirSync(dir);
  const program = fileURLToPath(new URL('grow-state.js', programs));
  const { status } = spawnSync(process.execPath, [program, dir, String(accounts), String(BLOCKS)], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`grow-state ended with ${status}`);
  return dir;
}

async function openSide(dir: string): Promise<Side> {
  const { store } = await openLevelStore(dir);
  const params = paramsOf(JSON.parse(readFileSync(join(dir, 'genesis.json'), 'utf8')));
  return { ledger: await openLedger(params, store, dir), store, blocks: readBlocks(join(dir, 'blocks')) };
}

/** Milliseconds from the bytes to the synced commit. `known`: the signatures were checked before, as in a mempool. */
async function connect({ ledger, blocks }: Side, index: number, known: boolean): Promise<number> {
  const { header, body } = blocks[index]!;
  if (known) await ledger.verdicts.check(decodeBody(body));
  const start = performance.now();
  const node = ledger.headers.add(decodeHeader(header), Date.now());
  const transactions = decodeBody(body);
  checkBody(node.header, transactions, ledger.params.limits);
  ledger.addBody(node, transactions);
  await ledger.advance();
  const time = performance.now() - start;
  if (ledger.tip !== node) throw new Error(`block ${node.height} was refused`);
  return time;
}

export default measureState;
