/**
 * Owns what the random people of the model test try: every kind of transaction, aimed at the state so that it often
 * succeeds, and spoilt now and then in every way there is.
 */
import type { Kind } from '../../../chain/format/transaction.ts';
import {
  addressFor,
  authKeyFor,
  claim,
  type Draft,
  drop,
  give,
  type Options,
  put,
  recordFor,
  recover,
  revoke,
  rotate,
  setRecovery,
  transfer,
  transferMany,
  veto,
} from '../actors.ts';
import { bytesOf, hexOf } from '../model/hex.ts';
import type { ModelAccount, ModelState } from '../model/state.ts';
import type { Random } from '../random.ts';

/** The first of them have money at genesis. */
export const PEOPLE = Array.from({ length: 14 }, (_, i) => `p${i}`);
/** Who never sends anything. */
const STRANGERS = Array.from({ length: 20 }, (_, i) => `x${i}`);
const RECORD_NAMES = ['a', 'b', 'c'];
const KEYS_EACH = 3;

const nameByAddress = new Map([...PEOPLE, ...STRANGERS].map((name) => [hexOf(addressFor(name)), name]));
const keysOf = (name: string): string[] => [
  name,
  ...Array.from({ length: KEYS_EACH }, (_, i) => `${name}/${i}`),
];
// Asked for once, so that all keys can be found by what an account stores of them.
for (const name of PEOPLE) for (const key of keysOf(name)) authKeyFor(key);

const WEIGHTS: Record<Kind, number> = {
  transfer: 30,
  put: 18,
  give: 8,
  drop: 7,
  rotate: 7,
  setRecovery: 11,
  recover: 10,
  veto: 8,
  claim: 12,
  revoke: 2,
};

export class Drafts {
  readonly #random: Random;
  readonly #state: ModelState;
  readonly #height: number;

  constructor(random: Random, state: ModelState, height: number) {
    this.#random = random;
    this.#state = state;
    this.#height = height;
  }

  draw(): Draft {
    const kind = this.#random.weighted(WEIGHTS);
    const given = this.#drawKind(kind);
    return { ...given, ...this.#spoil(given.from) };
  }

  #drawKind(kind: Kind): Draft {
    const random = this.#random;
    switch (kind) {
      case 'transfer':
        return this.#transfer();
      case 'put':
        return this.#put();
      case 'give':
        return this.#withRecord((from, id) => give(from, id, this.#anyone()));
      case 'drop':
        return this.#withRecord((from, id) => drop(from, id));
      case 'rotate': {
        const from = this.#sender();
        return rotate(from, random.pick(keysOf(from)), this.#forgeProof());
      }
      case 'setRecovery':
        return setRecovery(
          this.#sender(),
          random.chance(0.2) ? null : random.pick(PEOPLE),
          random.between(1, 5),
        );
      case 'recover': {
        const [from, target] = this.#guarded((account) => account.recovery !== null);
        return recover(from, target, random.pick(keysOf(target)), this.#forgeProof());
      }
      case 'veto': {
        if (random.chance(0.5)) {
          const target = this.#personWith((account) => account.pendingRecovery !== null);
          return veto(target, target);
        }
        const [from, target] = this.#guarded((account) => account.pendingChange !== null);
        return veto(from, target);
      }
      case 'claim': {
        const [from, target] = this.#guarded((account) => account.pendingRecovery !== null);
        return claim(from, target);
      }
      case 'revoke':
        return revoke(this.#personWith((account) => account.recovery !== null));
    }
  }

  #transfer(): Draft {
    const random = this.#random;
    const from = this.#sender();
    const balance = Number(this.#account(from)?.balance ?? 0n);
    if (random.chance(0.04)) return transfer(from, this.#anyone(), balance + 1);
    if (random.chance(0.03)) return transfer(from, this.#anyone(), Number.MAX_SAFE_INTEGER);
    if (random.chance(0.03)) {
      // Sums over 2^53-1 and over 2^64 planks.
      const outputs = random.pick([2, 3, 200]);
      const all = Array.from({ length: outputs }, (): [string, number] => [this.#anyone(), 2 ** 53 - 1]);
      return transferMany(from, all);
    }
    const outputs = random.chance(0.7) ? 1 : random.between(2, 5);
    const share = Math.max(1, Math.floor(balance / 8 / outputs));
    return transferMany(
      from,
      Array.from({ length: outputs }, (): [string, number] => [this.#anyone(), random.between(1, share)]),
    );
  }

  #put(): Draft {
    const random = this.#random;
    let from = this.#sender();
    let [creator, name] = [from, random.pick(RECORD_NAMES)];
    const records = [...this.#state.records.values()];
    if (records.length > 0 && random.chance(0.35)) {
      const record = random.pick(records);
      creator = nameByAddress.get(record.creator)!;
      name = Buffer.from(record.name, 'hex').toString('latin1');
      if (random.chance(0.8)) from = nameByAddress.get(record.owner)!;
    } else if (random.chance(0.05)) {
      creator = random.pick(PEOPLE);
    }
    const content = 'x'.repeat(random.pick([0, 1, random.below(100), random.below(1025)]));
    return put(from, name, content, { creator, inline: random.chance(0.7) });
  }

  #withRecord(make: (from: string, id: Uint8Array) => Draft): Draft {
    const records = [...this.#state.records];
    const random = this.#random;
    if (records.length === 0 || random.chance(0.04)) {
      return make(this.#sender(), recordFor(random.pick(PEOPLE), `none ${random.below(3)}`));
    }
    const kept = records.filter(([, record]) => !record.dropped);
    const [id, record] = random.pick(kept.length > 0 && random.chance(0.9) ? kept : records);
    const owner = nameByAddress.get(record.owner)!;
    return make(random.chance(0.93) ? owner : this.#sender(), bytesOf(id));
  }

  /** A recovery account and its account, usually. */
  #guarded(test: (account: ModelAccount) => boolean): [from: string, target: string] {
    const target = this.#random.chance(0.02) ? this.#random.pick(STRANGERS) : this.#personWith(test);
    const account = this.#account(target);
    // A pending change may have become the recovery account, and now and then it is somebody else who tries.
    const change = account?.pendingChange;
    const recovery = change && this.#height >= change.at ? change.recovery : account?.recovery;
    const guard = recovery == null ? undefined : nameByAddress.get(recovery.account);
    return [guard !== undefined && this.#random.chance(0.92) ? guard : this.#sender(), target];
  }

  #personWith(test: (account: ModelAccount) => boolean): string {
    const found = PEOPLE.filter((name) => {
      const account = this.#account(name);
      return account !== undefined && test(account);
    });
    return found.length > 0 && this.#random.chance(0.9) ? this.#random.pick(found) : this.#sender();
  }

  #sender(): string {
    const known = PEOPLE.filter((name) => this.#account(name) !== undefined);
    const free = known.filter((name) => this.#account(name)?.locked === false);
    const found = free.length > 0 && this.#random.chance(0.95) ? free : known;
    return this.#random.pick(this.#random.chance(0.98) ? found : [...PEOPLE, ...STRANGERS]);
  }

  #anyone(): string {
    return this.#random.pick(this.#random.chance(0.95) ? PEOPLE : STRANGERS);
  }

  #account(name: string): ModelAccount | undefined {
    return this.#state.accounts.get(hexOf(addressFor(name)));
  }

  #forgeProof(): Options {
    return this.#random.chance(0.02) ? { forge: 'proof' } : {};
  }

  /** Mostly nothing. Edges of expiry and fee are here too. */
  #spoil(from: string): Options {
    const random = this.#random;
    if (!random.chance(0.2)) return {};
    const nonce = this.#account(from)?.nonce ?? 0;
    switch (random.below(10)) {
      case 0:
        return { nonce: nonce + random.between(1, 3) };
      case 1:
        return nonce > 0 ? { nonce: nonce - 1 } : {};
      case 2:
        return { fee: random.between(0, 300) };
      case 3:
        return { validUntil: this.#height - 1 };
      case 4:
        return { validUntil: this.#height };
      case 5:
        return { key: random.pick(keysOf(random.pick(PEOPLE))) };
      case 6:
        return { forge: 'signature' };
      case 7:
        return { chainId: new Uint8Array(32).fill(9) };
      case 8:
        return { fee: Number.MAX_SAFE_INTEGER };
      default:
        return { fee: random.between(10_000, 100_000) };
    }
  }
}
