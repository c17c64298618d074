import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import defaults from '../../genesis.json' with { type: 'json' };
import { readConfig } from '../../node/config.ts';
import { noteJournalLoss, readJournalLoss } from '../../node/journal-loss.ts';
import { startNode } from '../../node/node.ts';

const root = mkdtempSync(join(tmpdir(), 'pier-journal-'));
const data = join(root, 'node');
const genesis = join(root, 'genesis.json');
writeFileSync(
  genesis,
  JSON.stringify({
    ...defaults,
    time: Date.now() - 600_000,
    difficulty: { bits: '207fffff', floorBits: '207fffff', targetMs: 1_000, halfLifeMs: 600_000 },
  }),
);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What `/health` and `status` say once there are blocks. */
async function start(options: { mine?: string; acceptLoss?: boolean } = {}) {
  const config = readConfig({ data, genesis, rpc: '127.0.0.1:0', ...options });
  const node = await startNode(config, new URL('miner-worker.js', inject('bundle')));
  try {
    for (;;) {
      const health = (await (await fetch(`${node.info.rpc}/health`)).json()) as {
        height: number;
        ok: boolean;
      };
      if (health.height < 2) continue;
      const status = await fetch(node.info.rpc, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'status' }),
      });
      const { result } = (await status.json()) as { result: { warnings: string[] } };
      return { ok: health.ok, warnings: result.warnings };
    }
  } finally {
    node.stop();
    await node.ended;
  }
}

test('a journal that was cut below its head is set aside, and its loss is told until it is accepted', async () => {
  const sound = { ok: true, warnings: [] };
  expect(await start({ mine: formatAddress(new Uint8Array(20).fill(1)) })).toEqual(sound);
  truncateSync(join(data, 'chain', 'journal'), 100);
  const told = [expect.stringMatching(/accepted here .* may be lost: .*journal\.damaged-1/)];
  expect(await start()).toEqual({ ok: false, warnings: told });
  expect(existsSync(join(data, 'chain', 'journal.damaged-1'))).toBe(true);
  expect(await start()).toEqual({ ok: false, warnings: told });
  expect(await start({ acceptLoss: true })).toEqual(sound);
});

test('is told for a week', () => {
  const day = 24 * 3600_000;
  noteJournalLoss(root, 'a bad disk', 10 * day);
  expect(readJournalLoss(root, 10.5 * day)).toContain('a bad disk');
  expect(readJournalLoss(root, 9 * day)).toContain('1970-01-11');
  expect(readJournalLoss(root, 17.5 * day)).toBeNull();
  writeFileSync(join(root, 'journal-lost.json'), 'null');
  expect(readJournalLoss(root, 10 * day)).toBeNull();
});
