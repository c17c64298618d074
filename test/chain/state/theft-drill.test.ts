/**
 * The theft drill, on the real ledger: alice's key is in a thief's hands too. What each does is a block; what isn't a
 * block is an attempt that the ledger refuses. Bob may recover alice's account after three blocks.
 */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../chain/errors.ts';
import { getAccounts } from '../../../chain/ledger/queries.ts';
import {
  addressFor,
  authKeyFor,
  claim,
  type Draft,
  give,
  put,
  recordFor,
  recover,
  revoke,
  rotate,
  setRecovery,
  transfer,
  veto,
} from '../actors.ts';
import { compareState } from '../ledger/compare.ts';
import { Play } from '../ledger/play.ts';

const DELAY = 3;
const DEED = recordFor('alice', 'deed');
/** The thief signs with what alice's key was, or with what it was changed to. */
const stolen = { key: 'alice' };

class Drill {
  readonly #play: Play;
  #last = 'genesis';
  #drawn = 0;

  private constructor(play: Play) {
    this.#play = play;
  }

  static async start(): Promise<Drill> {
    const drill = new Drill(await Play.start());
    await drill.happens(setRecovery('alice', 'bob', DELAY), put('alice', 'deed', 'mine'));
    // So long ago that alice's key may veto.
    await drill.passes(DELAY + 1);
    return drill;
  }

  /** A block with these. */
  async happens(...transactions: Draft[]): Promise<void> {
    const name = `b${this.#drawn++}`;
    this.#play.chain.block(name, { on: this.#last, transactions });
    expect(await this.#play.block(name)).toBe(null);
    this.#last = name;
  }

  async passes(blocks: number): Promise<void> {
    for (let i = 0; i < blocks; i++) await this.happens();
  }

  /** It is refused for this, and nothing has changed. */
  async fails(code: ErrorCode, transaction: Draft): Promise<void> {
    const name = `bad${this.#drawn++}`;
    this.#play.chain.block(name, { on: this.#last, transactions: [transaction] });
    expect(await this.#play.block(name)).toBe(code);
    await compareState(this.#play.real, this.#play.chain.get(this.#last).state!);
  }

  async alice() {
    const { value } = await getAccounts(this.#play.real.ledger, [addressFor('alice')]);
    return value[0]!;
  }

  /** Only this key of alice's account moves anything. */
  async belongsTo(key: string, ...others: string[]): Promise<void> {
    expect((await this.alice()).authKey).toEqual(authKeyFor(key));
    for (const other of others) await this.fails('WRONG_KEY', transfer('alice', 'carol', 1, { key: other }));
    await this.happens(give('alice', DEED, 'alice', { key }));
  }
}

describe('the theft drill', () => {
  it('a thief rotates and tries to veto: the owner recovers after the delay', async () => {
    const drill = await Drill.start();
    await drill.happens(rotate('alice', 'thief', stolen));
    await drill.fails('WRONG_KEY', transfer('alice', 'carol', 1, { key: 'alice' }));
    await drill.happens(recover('bob', 'alice', 'saved'));
    await drill.fails('KEY_TOO_YOUNG', veto('alice', 'alice', { key: 'thief' }));
    await drill.fails('RECOVERY_PENDING', setRecovery('alice', 'thief', 1, { key: 'thief' }));
    await drill.fails('TOO_SOON', claim('bob', 'alice'));
    // Changing the key again makes it younger, not older.
    await drill.happens(rotate('alice', 'thief 2', { key: 'thief' }));
    await drill.fails('KEY_TOO_YOUNG', veto('alice', 'alice', { key: 'thief 2' }));
    await drill.happens();
    await drill.happens(claim('bob', 'alice'));
    await drill.belongsTo('saved', 'thief', 'thief 2', 'alice');
  });

  it('what recovery can not do: money that was moved stays moved', async () => {
    const drill = await Drill.start();
    const { balance } = await drill.alice();
    const loot = 900_000_000;
    await drill.happens(transfer('alice', 'thief', loot, stolen));
    await drill.happens(recover('bob', 'alice', 'saved'));
    await drill.passes(DELAY - 1);
    await drill.happens(claim('bob', 'alice'));
    expect((await drill.alice()).balance).toBeLessThan(balance - loot);
    await drill.belongsTo('saved', 'alice');
  });

  it('an owner who still has the key locks the account at once, and nothing leaves it', async () => {
    const drill = await Drill.start();
    await drill.happens(revoke('alice'));
    for (const attempt of [
      transfer('alice', 'thief', 1, stolen),
      give('alice', DEED, 'carol', stolen),
      rotate('alice', 'thief', stolen),
      setRecovery('alice', 'carol', 1, stolen),
      veto('alice', 'alice', stolen),
    ]) {
      await drill.fails('LOCKED', attempt);
    }
    await drill.happens(recover('bob', 'alice', 'saved'));
    await drill.fails('LOCKED', veto('alice', 'alice', stolen));
    await drill.passes(DELAY - 1);
    await drill.happens(claim('bob', 'alice'));
    expect((await drill.alice()).locked).toBe(false);
    await drill.belongsTo('saved', 'alice');
  });

  it('a false recovery is vetoed by the owner, as often as it is begun', async () => {
    const drill = await Drill.start();
    for (let i = 0; i < 2; i++) {
      await drill.happens(recover('bob', 'alice', 'not hers'));
      await drill.passes(DELAY - 2);
      await drill.fails('TOO_SOON', claim('bob', 'alice'));
      await drill.happens(veto('alice', 'alice'));
      await drill.fails('NOTHING_PENDING', claim('bob', 'alice'));
    }
    await drill.passes(DELAY);
    await drill.fails('NOTHING_PENDING', claim('bob', 'alice'));
    await drill.belongsTo('alice', 'not hers', 'bob');
  });

  it('a recovery that is begun anew waits anew', async () => {
    const drill = await Drill.start();
    await drill.happens(recover('bob', 'alice', 'first'));
    await drill.passes(DELAY - 1);
    await drill.happens(recover('bob', 'alice', 'second'));
    await drill.fails('TOO_SOON', claim('bob', 'alice'));
    await drill.passes(DELAY - 1);
    await drill.happens(claim('bob', 'alice'));
    await drill.belongsTo('second', 'first', 'alice');
  });

  it('a thief who changes the recovery account is stopped by the one before', async () => {
    const drill = await Drill.start();
    await drill.happens(setRecovery('alice', 'carol', 1, stolen));
    await drill.fails('NOT_RECOVERY', recover('carol', 'alice', 'thief'));
    await drill.happens(veto('bob', 'alice'));
    await drill.passes(DELAY + 1);
    await drill.fails('NOT_RECOVERY', recover('carol', 'alice', 'thief'));
    expect((await drill.alice()).recovery?.account).toEqual(addressFor('bob'));
    await drill.happens(recover('bob', 'alice', 'saved'));
    await drill.happens(rotate('alice', 'thief', stolen));
    await drill.fails('KEY_TOO_YOUNG', veto('alice', 'alice', { key: 'thief' }));
    await drill.passes(DELAY - 2);
    await drill.happens(claim('bob', 'alice'));
    await drill.belongsTo('saved', 'alice', 'thief');
  });

  it('a recovery that has begun stops a change of the recovery account by itself', async () => {
    const drill = await Drill.start();
    await drill.happens(setRecovery('alice', null, 0, stolen));
    await drill.happens(recover('bob', 'alice', 'saved'));
    expect((await drill.alice()).pendingChange).toBe(null);
    await drill.passes(DELAY - 1);
    await drill.happens(claim('bob', 'alice'));
    await drill.belongsTo('saved', 'alice');
  });

  it('nobody is stopped in time who does not look: an unwatched change takes effect', async () => {
    const drill = await Drill.start();
    await drill.happens(setRecovery('alice', 'carol', 1, stolen));
    await drill.passes(DELAY - 1);
    await drill.fails('NOT_RECOVERY', veto('bob', 'alice'));
  });
});
