/**
 * Owns what trials of damaged folders share: the gold folder, the truth about it, an honest peer that has all of it, and
 * the verdict on a node that runs on a damaged copy.
 */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress } from '../../chain/format/address.ts';
import { fromHex } from '../../chain/format/bytes.ts';
import { decodeTransaction } from '../../chain/format/transaction.ts';
import { examine, findTruth, isRight, type Truth, type Verdict } from './answers.ts';
import { type Gold, makeGold } from './gold.ts';
import { TrialNode } from './trial-node.ts';

/** How a node came to answer everything right: by itself, from a peer, or not at all. */
export type Way = 'alone' | 'peer' | 'never';

export interface Course {
  readonly way: Way;
  /** It was not all right from the first answer on. */
  readonly noticed: boolean;
  /** Wrong answers that were no errors, and health that was none, in words. */
  readonly silent: readonly string[];
  /** Errors that do not say why. */
  readonly unclear: readonly string[];
  /** What was not right at last. */
  readonly left: readonly string[];
}

/** A node repairs itself within so long, whatever else the machine does. */
const ALONE_MS = 60_000;
/** One that says that it has lost blocks waits for a peer. */
const LOST_MS = 4_000;
const PEER_MS = 90_000;
/** Kept of one examination. */
const KEPT_MAX = 20;
const ASK_AGAIN_MS = 250;

export class Stage {
  readonly bundle: string;
  readonly dir: string;
  readonly gold: Gold;
  readonly truth: Truth;
  readonly #peer: TrialNode;
  /** Ids and senders. */
  readonly #spare: readonly string[];

  private constructor(bundle: string, dir: string, gold: Gold, truth: Truth, peer: TrialNode) {
    this.bundle = bundle;
    this.dir = dir;
    this.gold = gold;
    this.truth = truth;
    this.#peer = peer;
    const transfers = gold.spare.map((text) => decodeTransaction(fromHex(text)));
    this.#spare = transfers.flatMap(({ key, sender }) => [key, formatAddress(sender)]);
  }

  static async set(bundle: string): Promise<Stage> {
    const dir = mkdtempSync(join(tmpdir(), 'pier-trials-'));
    const gold = await makeGold(dir);
    const { genesis } = gold;
    const first = new TrialNode({ bundle, data: gold.data, genesis });
    if (!(await first.serves())) throw new Error(`the whole folder does not serve: ${first.stderr}`);
    const journal = join(gold.data, 'chain', 'journal');
    if (existsSync(journal)) await first.call('submit', { transactions: gold.spare });
    await first.stop();
    // What was acknowledged is part of each copy.
    if (existsSync(journal)) cpSync(journal, join(gold.compact, 'chain', 'journal'));
    const data = join(dir, 'peer');
    cpSync(gold.data, data, { recursive: true });
    rmSync(join(data, 'identity'));
    const peer = new TrialNode({ bundle, data, genesis, listen: true });
    if (!(await peer.serves())) throw new Error(`the peer does not serve: ${peer.stderr}`);
    return new Stage(bundle, dir, gold, await findTruth(peer, gold), peer);
  }

  /** Copies a folder to one of its own for a trial. */
  copy(from: string, name: string): string {
    const data = join(this.dir, name);
    rmSync(data, { recursive: true, force: true });
    cpSync(from, data, { recursive: true });
    rmSync(join(data, 'node.log'), { force: true });
    return data;
  }

  /** `bare` is without the launcher. */
  start(
    data: string,
    { bare = false, withGenesis = true }: { bare?: boolean; withGenesis?: boolean } = {},
  ): TrialNode {
    const genesis = withGenesis ? { genesis: this.gold.genesis } : {};
    return new TrialNode({ bundle: this.bundle, data, bare, ...genesis });
  }

  /** Where the honest peer takes links. */
  get peerUrl(): string {
    return this.#peer.p2p;
  }

  /** Asks a node everything until all is right. `mayLose` says whether blocks may be gone, so that a peer may help. */
  async watch(node: TrialNode, mayLose: boolean): Promise<Course> {
    const silent: string[] = [];
    const unclear: string[] = [];
    let noticed = false;
    let last: Verdict | null = null;
    let way: Way = 'alone';
    const began = Date.now();
    let joined = 0;
    while (node.end === null) {
      silent.push(...(await this.#falseHealth(node)));
      last = await examine(node, this.truth).catch(() => null);
      if (last !== null) {
        silent.push(...last.wrong.slice(0, KEPT_MAX));
        unclear.push(...last.unclear.slice(0, KEPT_MAX));
        if (isRight(last)) return { way, noticed, silent, unclear, left: [] };
      }
      noticed = true;
      if (joined > 0 && Date.now() - joined > PEER_MS) break;
      if (joined === 0 && Date.now() - began > (mayLose ? LOST_MS : ALONE_MS)) {
        if (!mayLose) break;
        joined = Date.now();
        way = 'peer';
        await node.call('connect', { url: this.#peer.p2p }).catch(() => undefined);
      }
      await sleep(ASK_AGAIN_MS);
    }
    const left = last === null ? ['no answer'] : [...last.wrong, ...last.refused, ...last.unclear];
    if (last !== null && last.elsewhere > 0) left.push(`${last.elsewhere} answers of another tip`);
    if (node.end !== null) left.push(`it ended: ${JSON.stringify(node.end)} ${node.stderr.slice(-500)}`);
    return { way: 'never', noticed: true, silent, unclear, left };
  }

  /** True if a text is about one of the transfers that are in no block: they are in the journal alone. */
  isAboutSpare(text: string): boolean {
    return this.#spare.some((name) => text.includes(name));
  }

  /** Ends the peer and leaves the folder. */
  async close(): Promise<void> {
    await this.#peer.stop();
  }

  async remove(): Promise<void> {
    await this.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** A node that is below the tip that it had must not call itself healthy. */
  async #falseHealth(node: TrialNode): Promise<string[]> {
    try {
      const health = await node.health();
      const { height } = await node.call<{ height: number }>('status');
      if (height >= this.truth.height || health.status !== 200) return [];
      return [`healthy at height ${height}: ${health.text.slice(0, 200)}`];
    } catch {
      return [];
    }
  }
}
