/** Places against a naive model, and what they promise to whom. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Origin, originOf, Places, type PlacesLimits } from '../../p2p/peers/places.ts';

const LIMITS: PlacesLimits = { places: 4, rush: 8, graceMs: 100, patienceMs: 1_000 };
const from = (host: string, group = host): Origin => ({ group, host, clients: 1 });

/** The same rules, written down as they are said: slow, and from scratch each time. */
class Model {
  readonly #limits: PlacesLimits;
  #entries: (Origin & { key: number; atMs: number })[] = [];

  constructor(limits: PlacesLimits) {
    this.#limits = limits;
  }

  enter(key: number, origin: Origin, atMs: number): void {
    this.#entries.push({ key, atMs, ...origin });
  }

  renew(key: number, atMs: number): void {
    const entry = this.#entries.find((other) => other.key === key);
    if (entry === undefined) return;
    this.leave(key);
    this.#entries.push({ ...entry, atMs });
  }

  leave(key: number): void {
    this.#entries = this.#entries.filter((entry) => entry.key !== key);
  }

  surplus(nowMs: number): number[] {
    const { places, rush, graceMs, patienceMs } = this.#limits;
    const late = this.#entries.filter(({ atMs }) => patienceMs !== null && nowMs - atMs >= patienceMs);
    const ended = late.map(({ key }) => key);
    for (const key of ended) this.leave(key);
    for (;;) {
      const { length } = this.#entries;
      const old = this.#entries.filter(({ atMs }) => length > rush || nowMs - atMs >= graceMs);
      if (length <= places || old.length === 0) return ended;
      const load = ({ group, clients }: Origin): number =>
        this.#entries.filter((entry) => entry.group === group).length / clients;
      const ofHost = ({ host }: Origin): number =>
        this.#entries.filter((entry) => entry.host === host).length;
      const heaviest = Math.max(...old.map(load));
      const inGroup = old.filter((entry) => load(entry) === heaviest);
      const most = Math.max(...inGroup.map(ofHost));
      const { key } = inGroup.find((entry) => ofHost(entry) === most)!;
      ended.push(key);
      this.leave(key);
    }
  }
}

describe('places', () => {
  test('agree with the model, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('enter' as const), host: fc.nat(5), local: fc.boolean() }),
      fc.record({ do: fc.constant('leave' as const), key: fc.nat(40) }),
      fc.record({ do: fc.constant('renew' as const), key: fc.nat(40) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.nat(400) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.boolean(), (steps, patient) => {
        const limits = patient ? { ...LIMITS, patienceMs: null } : LIMITS;
        const places = new Places<number>(limits);
        const model = new Model(limits);
        let nowMs = 0;
        let last = 0;
        for (const each of steps) {
          if (each.do === 'enter') {
            const key = ++last;
            const host = `10.${each.host % 3}.0.${each.host}`;
            const origin = originOf(`${host}:${key}`, host, `10.${each.host % 3}`, each.local);
            places.enter(key, origin, nowMs);
            model.enter(key, origin, nowMs);
          } else if (each.do === 'wait') nowMs += each.ms;
          else if (each.do === 'renew') {
            places.renew(each.key, nowMs);
            model.renew(each.key, nowMs);
          } else {
            places.leave(each.key);
            model.leave(each.key);
          }
          const due = places.size > limits.rush ? nowMs : places.deadline();
          const ended = places.surplus(nowMs);
          expect(ended).toEqual(model.surplus(nowMs));
          // Nothing happens before the deadline, but for a rush.
          if (due === null || nowMs < due) expect(ended).toEqual([]);
          expect(places.size).toBeLessThanOrEqual(limits.rush);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a burst of silent ones makes room, oldest first, and whoever has just come stays', () => {
    const places = new Places<number>(LIMITS);
    for (let key = 0; key < 6; key++) places.enter(key, from('10.1.0.1'), 0);
    expect(places.surplus(99)).toEqual([]);
    places.enter(6, from('10.1.0.1'), 99);
    expect(places.deadline()).toBe(100);
    expect(places.surplus(100)).toEqual([0, 1, 2]);
    expect(places.has(6)).toBe(true);
  });

  test('a crowd of one group takes no place of another', () => {
    const places = new Places<string>(LIMITS);
    places.enter('alone', from('10.9.0.1', '10.9'), 0);
    for (let i = 0; i < 7; i++) places.enter(`crowd ${i}`, from(`10.1.0.${i}`, '10.1'), 1);
    expect(places.surplus(200)).toEqual(['crowd 0', 'crowd 1', 'crowd 2', 'crowd 3']);
    expect(places.has('alone')).toBe(true);
  });

  test('in a group the host with most makes room', () => {
    const places = new Places<string>(LIMITS);
    places.enter('neighbour', from('10.1.0.9', '10.1'), 0);
    for (let i = 0; i < 4; i++) places.enter(`crowd ${i}`, from('10.1.0.1', '10.1'), 1);
    expect(places.surplus(200)).toEqual(['crowd 0']);
  });

  test('programs of this machine are many clients: a smaller crowd from elsewhere makes room first', () => {
    const places = new Places<string>(LIMITS);
    for (let i = 0; i < 4; i++)
      places.enter(`here ${i}`, originOf(`127.0.0.1:${i}`, '127.0.0.1', 'loopback', true), 0);
    for (let i = 0; i < 2; i++) places.enter(`there ${i}`, from('10.1.0.1', '10.1'), 1);
    expect(places.surplus(200)).toEqual(['there 0', 'there 1']);
  });

  test('who has shown something begins anew', () => {
    const places = new Places<number>(LIMITS);
    places.enter(1, from('10.1.0.1'), 0);
    places.enter(2, from('10.1.0.1'), 0);
    places.renew(1, 500);
    expect(places.surplus(1_000)).toEqual([2]);
    expect(places.surplus(1_500)).toEqual([1]);
    expect(places.deadline()).toBeNull();
  });
});
