/**
 * Owns a peer that announces transactions which break a rule, and delivers them to who asks. Grows with what it announced.
 */
import { toHex } from '../../chain/format/bytes.ts';
import { decodeTransaction, type Transaction } from '../../chain/format/transaction.ts';
import { createSigner } from '../../wallet/identity.ts';
import { signTransaction } from '../../wallet/sign.ts';
import type { SimNode } from '../node.ts';
import type { Users } from '../users.ts';
import type { Actor, ActorWorld } from './actor.ts';
import type { RawPeer } from './raw-peer.ts';

/** What is wrong with a transaction. */
export const LIES = ['signature', 'chain', 'key', 'gap', 'overspend', 'cheap', 'expired'] as const;
export type Lie = (typeof LIES)[number];

export interface Draft {
  readonly chainId: Uint8Array;
  readonly nonce: number;
  /** Height of the tip it is made for. */
  readonly height: number;
  readonly from: number;
  readonly to: number;
}

const MANY = 2 ** 50;

/** A payment that is wrong in one way and right in all others. */
export function forgeTransaction(users: Users, lie: Lie, draft: Draft): Transaction {
  const { chainId, nonce, height, from, to } = draft;
  const own = users.all[from]!;
  const thief = createSigner(new Uint8Array(32).fill(9), own.address);
  const body = users.transfer(to, lie === 'overspend' ? MANY : 1_000);
  const transaction = signTransaction({
    chainId: lie === 'chain' ? new Uint8Array(32) : chainId,
    signer: lie === 'key' ? thief : own,
    nonce: lie === 'gap' ? nonce + 3 : nonce,
    validUntil: lie === 'expired' ? height : 2 ** 32 - 1,
    ...(lie === 'cheap' ? { fee: 1 } : { feePerByte: 1 }),
    body,
  });
  if (lie !== 'signature') return transaction;
  const bytes = transaction.bytes.slice();
  bytes[bytes.length - 40]! ^= 1;
  return decodeTransaction(bytes);
}

/** Announces one false transaction after the other. */
export class Spammer implements Actor {
  readonly #forger: Forger;
  readonly #world: ActorWorld;
  #acts = 0;

  constructor(peer: RawPeer, world: ActorWorld) {
    this.#forger = new Forger(peer);
    this.#world = world;
  }

  async act(victims: readonly SimNode[]): Promise<void> {
    const { users } = this.#world;
    const { random, links } = this.#forger.peer;
    if (links.length === 0) return;
    const { ledger } = random.pick(victims).reactor!;
    const draft = {
      chainId: ledger.chainId,
      nonce: random.below(4),
      height: ledger.tip.height,
      from: random.below(users.all.length),
      to: random.below(users.all.length),
    };
    // All but the gap: that one is good as soon as its sender gets there, and then it is the sender's own.
    const lies = LIES.filter((lie) => lie !== 'gap');
    const lie = lies[this.#acts++ % lies.length]!;
    this.#forger.announce(forgeTransaction(users, lie, draft));
    this.#world.note(lie);
  }

  stop(): void {
    this.#forger.peer.hangUp();
  }
}

/** A peer that delivers what it announced. */
export class Forger {
  readonly peer: RawPeer;
  readonly #forged = new Map<string, Transaction>();

  constructor(peer: RawPeer) {
    this.peer = peer;
    peer.heard = (message, link) => {
      if (message.name !== 'getTransactions') return false;
      const { request, ids } = message.body;
      const transactions = ids.flatMap((id) => this.#forged.get(toHex(id))?.bytes ?? []);
      this.peer.say(link, 'transactions', { request, transactions });
      return true;
    };
  }

  announce(...transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.#forged.set(transaction.key, transaction);
    this.peer.shout('announce', { ids: transactions.map(({ id }) => id) });
  }
}
