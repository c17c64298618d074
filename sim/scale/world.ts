/**
 * Owns a large world: its nodes, who joins and who leaves, who pays and who finds blocks. Links are what the nodes' own
 * diallers make of a few addresses each. It grows with the nodes of the world and with what they keep.
 */
import { childDifficulty, historyRootAfter } from '../../chain/consensus/header-rules.ts';
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { bytesInBlock, EMPTY_BLOCK_BYTES } from '../../chain/format/block.ts';
import { ZERO_HASH } from '../../chain/format/hash.ts';
import { HEADER_VERSION, type Header } from '../../chain/format/header.ts';
import { txRoot } from '../../chain/format/merkle.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import { makeGenesis } from '../../chain/ledger/genesis.ts';
import { AddressBook } from '../../p2p/addresses/address-book.ts';
import { parsePeerUrl } from '../../p2p/addresses/peer-url.ts';
import { withWork } from '../headers.ts';
import { worldParams } from '../ledger-params.ts';
import { Random } from '../random.ts';
import { Users } from '../users.ts';
import { Commons } from './commons.ts';
import { LightNode } from './light-node.ts';
import { Paths } from './paths.ts';
import { type Actor, Queue } from './queue.ts';
import { Spread } from './spread.ts';
import { Tally } from './tally.ts';

export interface WorldPlan {
  readonly nodes: number;
  readonly seed: number;
  /** Between two blocks of the whole world, on average. */
  readonly blockMs: number;
  /** Between two transactions of the whole world, on average. */
  readonly transactionMs: number;
}

/** Addresses that a new node is told of, as by a file or a name server. */
const TOLD = 24;
/** All start within this time. */
const START_MS = 10_000;
/** And then find their links. */
const SETTLE_MS = 20_000;
/** What was sent last may spread for so long. */
const REST_MS = 30_000;
const HOUR_MS = 3_600_000;
const PORT = 9_000;

/** First numbers of IPv4 addresses but those of which some are private or special. */
const FIRST_OCTETS = Array.from({ length: 223 }, (_, i) => i + 1).filter(
  (octet) => ![10, 100, 127, 169, 172, 192, 198, 203].includes(octet),
);

const START = 0;
const LEAVE = 1;
const JOIN = 2;
const PAY = 3;
const FIND = 4;

export class ScaleWorld implements Actor {
  readonly plan: WorldPlan;
  readonly queue = new Queue();
  readonly tally: Tally;
  /** Those that are there; the last takes the place of one that leaves. */
  readonly nodes: LightNode[] = [];
  readonly #random: Random;
  readonly #users: Users;
  readonly #paths: Paths;
  readonly #commons: Commons;
  /** Nodes that ever were. */
  #born = 0;
  #paid = 0;
  #endsAt = 0;

  private constructor(plan: WorldPlan, random: Random, users: Users, commons: Commons) {
    this.plan = plan;
    this.#random = random;
    this.#users = users;
    this.#commons = commons;
    this.tally = new Tally(this.queue);
    this.#paths = new Paths(this.queue, random.fork('paths'), this.tally);
  }

  /** A world in which `payments` users can pay once each. */
  static async make(plan: WorldPlan, payments: number): Promise<ScaleWorld> {
    const random = new Random(plan.seed);
    const users = new Users(random.fork('users'), payments);
    const params = worldParams(random.fork('params'), plan.blockMs, []);
    const { header } = await makeGenesis(params);
    return new ScaleWorld(plan, random.fork('world'), users, new Commons(params, header));
  }

  /** All nodes start and find their links. */
  start(progress: (what: string) => void): void {
    const { nodes } = this.plan;
    for (let i = 0; i < nodes; i++) this.queue.at(this.#random.below(START_MS), this, START, null);
    this.#runTo(START_MS + SETTLE_MS, () => progress(`${this.nodes.length} nodes find their links`));
  }

  /** The world goes on for so long, and then comes to rest. */
  live(ms: number, progress: (what: string) => void): void {
    const { transactionMs, blockMs } = this.plan;
    this.#endsAt = this.queue.now + ms;
    this.tally.begin();
    this.#later(PAY, transactionMs);
    this.#later(FIND, blockMs);
    this.#later(LEAVE, this.#churnMs);
    this.#later(JOIN, this.#churnMs);
    const end = this.#endsAt + REST_MS;
    this.#runTo(end, () => progress(`second ${Math.floor(this.queue.now / 1000)} of ${end / 1000}`));
  }

  take(what: number) {
    switch (what) {
      case START:
        return this.#join(Math.min(TOLD, this.plan.nodes - 1), this.plan.nodes);
      case LEAVE:
        this.#leave();
        return this.#later(LEAVE, this.#churnMs);
      case JOIN:
        this.#join(TOLD, 0);
        return this.#later(JOIN, this.#churnMs);
      case PAY:
        this.#pay();
        return this.#later(PAY, this.plan.transactionMs);
      default:
        this.#find();
        this.#later(FIND, this.plan.blockMs);
    }
  }

  /** Nodes that have joined since the start. */
  get joined(): number {
    return this.#born - this.plan.nodes;
  }

  /** Half of the nodes leave in an hour, and as many join. */
  get #churnMs(): number {
    return HOUR_MS / (this.plan.nodes / 2);
  }

  #later(what: number, meanMs: number): void {
    const at = this.queue.now + this.#random.exponential(meanMs);
    if (at < this.#endsAt) this.queue.at(at, this, what, null);
  }

  #runTo(time: number, progress: () => void): void {
    while (this.queue.now < time) {
      this.queue.run(Math.min(time, this.queue.now + 1000));
      progress();
    }
  }

  /** A new node that knows some addresses: of the first `among` there will be, or of those that are there. */
  #join(told: number, among: number): void {
    const index = this.#born++;
    const book = new AddressBook(this.#random.bytes(32));
    for (let tries = 0; book.size < told && tries < 4 * TOLD; tries++) {
      const other = among > 0 ? addressOf(this.#random.below(among)) : this.#random.pick(this.nodes).address;
      const address = parsePeerUrl(other)!;
      if (other !== addressOf(index)) book.add(address, address.group);
    }
    this.nodes.push(
      new LightNode(index, {
        commons: this.#commons,
        queue: this.queue,
        paths: this.#paths,
        witness: this.tally,
        random: this.#random.fork(`node ${index}`),
        host: hostOf(index),
        address: addressOf(index),
        savedAddresses: book.save(),
      }),
    );
  }

  #leave(): void {
    const at = this.#random.below(this.nodes.length);
    const node = this.nodes[at]!;
    this.nodes[at] = this.nodes.at(-1)!;
    this.nodes.pop();
    node.leave();
  }

  /** Somebody who has never paid before pays somebody, at any node. */
  #pay(): void {
    const payer = this.#paid++;
    if (payer >= this.#users.all.length) return;
    const transaction = this.#users.sign(payer, {
      chainId: this.nodes[0]!.ledger.headers.chainId,
      nonce: 0,
      feePerByte: 1,
      body: this.#users.transfer(this.#random.below(this.#users.all.length), 1_000_000),
    });
    this.#commons.addTransaction(transaction);
    this.tally.submitted(transaction, this.#spread());
    this.#random.pick(this.nodes).submit(transaction);
  }

  /** Any node finds a block, with all it knows that is not mined. */
  #find(): void {
    const node = this.#random.pick(this.nodes);
    const { tip, pool } = node.ledger;
    const transactions = chooseTransactions(pool.values(), this.#commons.params.limits.blockBytes);
    const spread = this.#spread();
    const header = this.#work(tip, transactions, node);
    this.tally.found(header, transactions, spread);
    node.mined(header, transactions);
  }

  #work(parent: HeaderNode, transactions: readonly Transaction[], { wallMs, index }: LightNode): Header {
    const time = Math.max(parent.header.time + 1, wallMs);
    const { bits, elapsed } = childDifficulty(this.#commons.params, parent, time);
    return withWork({
      version: HEADER_VERSION,
      height: parent.height + 1,
      previous: parent.id,
      historyRoot: historyRootAfter(parent),
      txRoot: txRoot(transactions.map(({ id }) => id)),
      stateRoot: ZERO_HASH,
      time,
      elapsed,
      bits,
      // Tells miners apart who find the same at the same time.
      miner: new Uint8Array(20).fill(index % 256),
      nonce: index * 2 ** 20,
    });
  }

  #spread(): Spread {
    // Room for nodes that join later: they don't count.
    const present = new Uint8Array(this.#born);
    for (const { index } of this.nodes) present[index] = 1;
    return new Spread(this.queue.now, present, this.nodes.length);
  }
}

function chooseTransactions(pool: Iterable<Transaction>, blockBytes: number): Transaction[] {
  const chosen: Transaction[] = [];
  let bytes = EMPTY_BLOCK_BYTES;
  for (const tx of pool) {
    if (bytes + bytesInBlock(tx) > blockBytes) break;
    bytes += bytesInBlock(tx);
    chosen.push(tx);
  }
  return chosen;
}

/** Of a public network of its own for each of the first 55,000, which keeps rules about groups out of the way. */
function hostOf(index: number): string {
  return `${FIRST_OCTETS[Math.floor(index / 256)]}.${index % 256}.0.1`;
}

const addressOf = (index: number): string => `ws://${hostOf(index)}:${PORT}`;
