/** A terminal is asked about a ledger that is not known here; the answer is kept, and nothing is signed without it. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestnetKeyring } from '../../cli/keys.ts';
import { LiveLedger, seedOf } from '../lying/live-ledger.ts';
import { LyingNode } from '../lying/lying-node.ts';
import { AtTerminal, HAS_PTY } from './pty.ts';

const home = mkdtempSync(join(tmpdir(), 'pier-unknown-'));
const keys = join(home, 't', 'keys');
const pins = join(keys, 'ledgers.pins');
const submitted: string[] = [];
let node: LyingNode;
let url: string;
beforeAll(async () => {
  await openTestnetKeyring(keys).import('alice', seedOf('alice'));
  await openTestnetKeyring(keys).import('bob', seedOf('bob'));
  const live = await LiveLedger.open();
  await live.mine(2);
  node = new LyingNode(live.view(), (method, _result, params) => {
    if (method === 'submit') submitted.push(...params.transactions);
    return undefined;
  });
  url = await node.listen();
});
afterAll(async () => {
  await node.stop();
  rmSync(home, { recursive: true, force: true });
});

describe.skipIf(!HAS_PTY).sequential('a ledger that is not known here', { timeout: 60_000 }, () => {
  const send = (): AtTerminal =>
    new AtTerminal(home, ['send', 'alice', 'bob', '1', '--node', url, '--dir', join(home, 't')]);
  const question = 'Sign for it, now and later? [y/N] ';

  test.each(['n\r', '\r'])('is not signed for after %j', async (answer) => {
    const terminal = send();
    await terminal.at(question, answer);
    expect(await terminal.ended).toBe(1);
    expect(terminal.shown).toContain('error: nothing was signed');
    expect(terminal.shown).toContain('--genesis FILE');
    expect(submitted).toEqual([]);
    expect(existsSync(pins)).toBe(false);
  });

  test('is asked about once: a yes is kept for the key and the node', async () => {
    const first = send();
    await first.at(question, 'y\r');
    expect(await first.ended, first.shown).toBe(0);
    expect(submitted).toHaveLength(1);
    expect(readFileSync(pins, 'utf8')).toContain(url);
    const second = send();
    expect(await second.ended, second.shown).toBe(0);
    expect(second.shown).not.toContain('is not known here');
    expect(new Set(submitted).size).toBe(2);
  });
});
