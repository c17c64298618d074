/** The bytes that wait for all clients together, against a naive model, and who is cut for them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Account, Backlog } from '../../../node/rpc/backlog.ts';

const KIB = 1024;
const MAX = 1024 * KIB;

describe('the backlog', () => {
  test('counts what is held, and nothing of those that have ended, in whatever order things happen', () => {
    const step = fc.record({
      client: fc.nat(4),
      do: fc.constantFrom('hold', 'release', 'serve', 'end'),
      bytes: fc.nat(500 * KIB),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const backlog = new Backlog(MAX);
        const held = new Map<number, number>();
        const accounts = new Map<number, Account>();
        const cut: number[] = [];
        for (let client = 0; client <= 4; client++) {
          held.set(client, 0);
          accounts.set(
            client,
            backlog.open(() => {
              cut.push(client);
              held.delete(client);
            }),
          );
        }
        steps.forEach((each, nowMs) => {
          const account = accounts.get(each.client)!;
          const before = held.get(each.client);
          if (each.do === 'end') {
            held.delete(each.client);
            account.end();
          } else if (each.do === 'hold') {
            if (before !== undefined) held.set(each.client, before + each.bytes);
            account.hold(each.bytes, nowMs);
          } else if (each.do === 'serve') {
            account.hold(each.bytes, nowMs);
            account.serve(each.bytes);
            account.finish(each.bytes);
          } else {
            const bytes = Math.min(each.bytes, before ?? each.bytes);
            if (before !== undefined) held.set(each.client, before - bytes);
            account.release(bytes, nowMs);
          }
          expect(backlog.bytes).toBe([...held.values()].reduce((sum, bytes) => sum + bytes, 0));
          expect(backlog.bytes).toBeLessThanOrEqual(MAX);
        });
        expect(new Set(cut).size).toBe(cut.length);
        for (const account of accounts.values()) account.end();
        expect(backlog.bytes).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('cuts whoever has read nothing for longest, not who is just being sent the most', () => {
    const backlog = new Backlog(MAX);
    const cut: string[] = [];
    const open = (name: string): Account => backlog.open(() => cut.push(name));
    const [little, idle, reader] = [open('little'), open('idle'), open('reader')];
    little.hold(60 * KIB, 0);
    idle.hold(100 * KIB, 1);
    reader.hold(700 * KIB, 2);
    reader.release(100 * KIB, 50);
    reader.hold(300 * KIB, 60);
    expect(cut).toEqual(['idle']);
    expect(backlog.bytes).toBe(960 * KIB);
  });

  test('cuts nobody whose call the node is slow to serve while others leave what they are sent', () => {
    const backlog = new Backlog(MAX);
    const cut: string[] = [];
    const open = (name: string): Account => backlog.open(() => cut.push(name));
    const [caller, idle, late] = [open('caller'), open('idle'), open('late')];
    caller.hold(400 * KIB, 0);
    caller.serve(400 * KIB);
    idle.hold(500 * KIB, 1);
    late.hold(500 * KIB, 2);
    expect(cut).toEqual(['idle']);
    // Its answer is its own to read.
    caller.hold(100 * KIB, 3);
    late.release(1, 4);
    late.hold(50 * KIB, 5);
    expect(cut).toEqual(['idle', 'caller']);
  });
});
