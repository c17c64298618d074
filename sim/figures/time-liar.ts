/**
 * Owns an attacker who lies about time, in a whole world: it sees all that a node sees, has a share of the hash rate, and
 * stamps its blocks with what its strategy says instead of its clock. They are empty, and pushed to everyone.
 */
import { workOf } from '../../chain/consensus/difficulty.ts';
import { childBits } from '../../chain/consensus/header-rules.ts';
import { encodeBody } from '../../chain/format/block.ts';
import { encodeHeader } from '../../chain/format/header.ts';
import { forgeBlock } from '../adversaries/forge.ts';
import { RawPeer } from '../adversaries/raw-peer.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/** What a stamp is chosen from: the honest one, the latest that honest nodes take, the parent's, and how many were made. */
export interface Moment {
  readonly nowMs: number;
  readonly latestMs: number;
  readonly parentMs: number;
  readonly made: number;
  readonly random: Random;
}

/** The time a block is given; what isn't after its parent's becomes the first moment that is. */
export const STAMPS = {
  'no lie': ({ nowMs }: Moment) => nowMs,
  'the latest that is taken': ({ latestMs }: Moment) => latestMs,
  'the earliest that is valid': ({ parentMs }: Moment) => parentMs,
  'in turns the latest and the earliest': ({ made, latestMs, parentMs }: Moment) =>
    made % 2 === 0 ? latestMs : parentMs,
  'at random between these': ({ random, latestMs, parentMs }: Moment) =>
    random.between(parentMs, Math.max(parentMs, latestMs)),
  'later than is taken': ({ nowMs, latestMs }: Moment) => 2 * latestMs - nowMs,
} as const;

export type StampName = keyof typeof STAMPS;

export class TimeLiar {
  readonly #world: World;
  readonly #peer: RawPeer;
  readonly #random: Random;
  readonly #stamp: (moment: Moment) => number;
  readonly #hashrate: number;
  #made = 0;

  constructor(world: World, stamp: StampName, hashrate: number) {
    this.#world = world;
    this.#random = world.random.fork('time liar');
    this.#stamp = STAMPS[stamp];
    this.#hashrate = hashrate;
    this.#peer = new RawPeer(world.nodes.length, world.network, this.#random.fork('peer'));
    this.#peer.heard = (message, link) => {
      if (message.name !== 'getBodies') return false;
      const { request, ids } = message.body;
      for (const id of ids) this.#peer.say(link, 'body', { request, id, body: encodeBody([]) });
      return true;
    };
  }

  /** The account its blocks pay. */
  get address(): Uint8Array {
    return this.#world.users.address(0);
  }

  /** Lets the world go on until the attacker finds a block, and has it tell the block to all. */
  async mine(): Promise<void> {
    const { params, nodes } = this.#world;
    const { ledger } = nodes[0]!.reactor!;
    if (this.#made === 0) for (const { address } of nodes) this.#peer.dial(address, ledger.chainId);
    // The target hardly changes from block to block, and none of it by the block's own time.
    const bits = childBits(params, ledger.tip);
    await this.#world.run(this.#random.exponential((Number(workOf(bits)) * 1_000) / this.#hashrate));
    const nowMs = params.time + this.#world.now;
    const wallMs = this.#stamp({
      nowMs,
      latestMs: nowMs + params.limits.futureMs,
      parentMs: ledger.tip.header.time,
      made: this.#made++,
      random: this.#random,
    });
    const forged = forgeBlock(ledger, { candidates: [], miner: this.address, wallMs, lie: 'honest' });
    const block = await this.#world.finish(forged, () => true);
    this.#peer.shout('block', { header: encodeHeader(block!.header), shortIds: [] });
  }
}
