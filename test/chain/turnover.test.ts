import { describe, expect, test } from 'vitest';
import { Turnover } from '../../chain/turnover.ts';
import { Random } from './random.ts';

describe('a map whose entries come and go', () => {
  test('holds what a plain map holds, in its order, however often it is emptied', () => {
    const random = new Random(5);
    const turnover = new Turnover<number, number>();
    const plain = new Map<number, number>();
    let emptied = 0;
    for (let i = 0; i < 5_000; i++) {
      const key = random.below(6);
      if (random.below(5) < 2) {
        turnover.set(key, i);
        plain.set(key, i);
      } else {
        const gone = plain.delete(key);
        expect(turnover.delete(key)).toBe(gone);
        if (gone && plain.size === 0) emptied++;
      }
      expect(turnover.size).toBe(plain.size);
      expect(turnover.has(key)).toBe(plain.has(key));
      expect(turnover.get(key)).toBe(plain.get(key));
      expect([...turnover]).toEqual([...plain]);
      expect([...turnover.values()]).toEqual([...plain.values()]);
    }
    expect(emptied).toBeGreaterThan(100);
  });

  test('whoever takes out each entry as it comes sees each once', () => {
    const turnover = new Turnover<string, number>();
    for (const key of ['a', 'b', 'c']) turnover.set(key, key.length);
    const seen: string[] = [];
    for (const [key] of turnover) {
      turnover.delete(key);
      seen.push(key);
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(turnover.size).toBe(0);
  });

  test('is empty once cleared', () => {
    const turnover = new Turnover<string, number>();
    turnover.set('a', 1);
    turnover.clear();
    expect([...turnover]).toEqual([]);
    turnover.set('b', 2);
    expect([...turnover]).toEqual([['b', 2]]);
  });
});
