/** Commands that race: several sends of one account at once, on real nodes; then a split. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { heightOf, PierHome } from './run-pier.ts';

const PATIENCE_MS = 90_000;

describe.sequential('with real nodes', { timeout: 2 * PATIENCE_MS }, () => {
  const home = new PierHome();
  let urls: string[];
  beforeAll(async () => {
    const size = ['--nodes', '3', '--block-time', '500', '--base-port', '0'];
    const { nodes } = await home.json(['testnet', 'start', ...size, '--detach']);
    urls = nodes.map(({ rpc }: { rpc: string }) => rpc);
  }, PATIENCE_MS);
  afterAll(async () => {
    await home.run(['testnet', 'stop']);
    home.remove();
  }, PATIENCE_MS);

  test('five sends of one account at once: all five are mined', async () => {
    await home.json(['key', 'new', 'alice']);
    const sent = await Promise.all(
      [1, 2, 3, 4, 5].map((amount) => home.json(['send', 'faucet', 'alice', `${amount}`, '--wait'])),
    );
    expect(sent.map(({ status }) => status)).toEqual(Array(5).fill('mined'));
    expect(new Set(sent.map(({ id }) => id)).size).toBe(5);
    expect((await home.json(['balance', 'alice'])).balance).toBe('15');
    const told = await home.json(['why', 'tx', sent[0].id]);
    const [seen, mined] = told.causes;
    expect(seen).toMatchObject({ what: 'pending', way: 'new', from: { kind: 'user' } });
    expect(mined.block.id).toBe(sent[0].block.id);
  });

  test('the story of a transfer that a reorganisation displaced, as told by the node it displaced it on', async () => {
    await home.json(['key', 'new', 'bob']);
    await home.json(['testnet', 'split', '1', '2,3']);
    const ask = (id: string, url: string) => home.json(['why', 'tx', id, '--node', url]);
    const { id } = await home.json(['send', 'faucet', 'bob', '1', '--node', urls[0]!]);
    const ready = await waitUntil(
      async () =>
        (await ask(id, urls[0]!)).status === 'mined' &&
        (await heightOf(urls[1]!)) > 2 + (await heightOf(urls[0]!)),
      PATIENCE_MS,
      200,
    );
    expect(ready).toBe(true);
    await home.json(['testnet', 'heal']);
    let causes: { what: string; reorg?: { moreWork: string } }[] = [];
    const again = await waitUntil(
      async () => {
        const told = await ask(id, urls[0]!);
        causes = told.causes;
        return told.status === 'mined' && causes.length > 2;
      },
      PATIENCE_MS,
      200,
    );
    expect(again, JSON.stringify(causes)).toBe(true);
    expect(causes.map(({ what }) => what)).toEqual(['pending', 'mined', 'orphaned', 'pending', 'mined']);
    expect(Number(causes[2]!.reorg!.moreWork)).toBeGreaterThan(0);
    const tip = await home.json(['why', 'tip', '--node', urls[0]!]);
    expect(tip.reorganisation.displaced).toContainEqual({ id, status: 'mined', height: expect.any(Number) });
    for (const args of [
      ['why', 'tip'],
      ['why', 'tx', id],
    ]) {
      const { code, stdout, stderr } = await home.run([...args, '--node', urls[0]!]);
      expect(code, stderr).toBe(0);
      expect(stdout).toContain('another branch won');
    }
  });
});
