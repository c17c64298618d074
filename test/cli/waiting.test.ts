/** While a command waits at a terminal, what it tells takes the place of the moving line and does not run into it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestnetKeyring } from '../../cli/keys.ts';
import { LIVE_GENESIS, LiveLedger, seedOf } from '../lying/live-ledger.ts';
import { LyingNode } from '../lying/lying-node.ts';
import { AtTerminal, HAS_PTY } from './pty.ts';

const home = mkdtempSync(join(tmpdir(), 'pier-waiting-'));
let live: LiveLedger;
let node: LyingNode;
beforeAll(async () => {
  for (const name of ['alice', 'bob']) {
    await openTestnetKeyring(join(home, 't', 'keys')).import(name, seedOf(name));
  }
  writeFileSync(join(home, 'genesis.json'), JSON.stringify(LIVE_GENESIS));
  live = await LiveLedger.open();
  await live.mine(2);
  node = new LyingNode(live.view(), (method, result) =>
    method === 'status' ? { ...result, warnings: ['the clock is wrong'] } : undefined,
  );
});
afterAll(async () => {
  await node.stop();
  rmSync(home, { recursive: true, force: true });
});

describe.skipIf(!HAS_PTY)('a wait', { timeout: 60_000 }, () => {
  test('tells its reason on a line of its own, and goes on', async () => {
    const args = ['send', 'alice', 'bob', '1', '--wait', '--depth', '1', '--dir', join(home, 't')];
    const terminal = new AtTerminal(home, [
      ...args,
      ...['--genesis', join(home, 'genesis.json'), '--node', await node.listen()],
    ]);
    await terminal.at('the clock is wrong', '');
    await live.mine(2);
    expect(await terminal.ended, terminal.shown).toBe(0);
    const shown = stripVTControlCharacters(terminal.shown.replaceAll('\r\x1b[K', '<clear>'));
    expect(shown).toMatch(/waiting: [^\n]*<clear>note: the clock is wrong\r\n/);
    expect(shown.match(/the clock is wrong/g)).toHaveLength(1);
    expect(shown).toMatch(/<clear>mined/);
  });
});
