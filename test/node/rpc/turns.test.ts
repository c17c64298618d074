/** Whose call begins next. */
import { expect, test } from 'vitest';
import { type Share, Turns } from '../../../node/rpc/turns.ts';

/** Turns of a loop that the test drives. */
function setUp() {
  const due: (() => void)[] = [];
  const turns = new Turns((callback) => due.push(callback));
  const began: string[] = [];
  const loop = async (): Promise<void> => {
    for (const callback of due.splice(0)) callback();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  const ask = (share: Share, name: string): void => {
    turns.take(share).then(() => began.push(name));
  };
  return { turns, began, loop, ask, due };
}

test('the first begins at once, and one more with each turn of the loop', async () => {
  const { turns, began, loop, ask, due } = setUp();
  for (const name of ['a', 'b', 'c']) ask(turns.newShare(), name);
  await Promise.resolve();
  expect(began).toEqual(['a']);
  await loop();
  expect(began).toEqual(['a', 'b']);
  await loop();
  await loop();
  await loop();
  expect([began, due]).toEqual([['a', 'b', 'c'], []]);
});

test('of many that wait each has its turn, and who has just come goes before those that had some', async () => {
  const { turns, began, loop, ask } = setUp();
  const eager = turns.newShare();
  const other = turns.newShare();
  for (let i = 0; i < 4; i++) ask(eager, `eager ${i}`);
  for (let i = 0; i < 2; i++) ask(other, `other ${i}`);
  await loop();
  await loop();
  ask(turns.newShare(), 'late');
  for (let i = 0; i < 6; i++) await loop();
  expect(began).toEqual(['eager 0', 'other 0', 'eager 1', 'other 1', 'late', 'eager 2', 'eager 3']);
});

test('a large answer counts as many calls', async () => {
  const { turns, began, loop, ask } = setUp();
  const large = turns.newShare();
  const small = turns.newShare();
  ask(large, 'large');
  await loop();
  turns.charge(large, 4 * 64 * 1024);
  ask(small, 'small 0');
  ask(large, 'large again');
  for (let i = 1; i < 5; i++) ask(small, `small ${i}`);
  for (let i = 0; i < 8; i++) await loop();
  expect(began.indexOf('large again')).toBe(6);
});

test('who was away for long has saved up nothing', async () => {
  const { turns, began, loop, ask } = setUp();
  const [idle, busy] = [turns.newShare(), turns.newShare()];
  for (let i = 0; i < 10; i++) {
    ask(busy, 'before');
    await loop();
  }
  began.length = 0;
  for (let i = 0; i < 3; i++) ask(idle, 'idle');
  for (let i = 0; i < 3; i++) ask(busy, 'busy');
  for (let i = 0; i < 8; i++) await loop();
  expect(began.slice(0, 4).filter((name) => name === 'busy').length).toBeGreaterThanOrEqual(1);
});
