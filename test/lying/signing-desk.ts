/**
 * Owns commands that sign, run in this process against nodes in memory of which some lie: what each has signed and told,
 * and whether that was more than it was asked for. Time passes when somebody waits for it, and blocks come with it.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { decodeTransaction, signatureChecks, type Transaction } from '../../chain/format/transaction.ts';
import { Context } from '../../cli/context.ts';
import { describeError, type Fault } from '../../cli/faults.ts';
import { openTestnetKeyring } from '../../cli/keys.ts';
import { Output } from '../../cli/output.ts';
import type { World } from '../../cli/world.ts';
import { put, recover, setRecovery } from '../chain/actors.ts';
import { isSigned } from '../chain/model/signatures.ts';
import { LIVE_GENESIS, LIVE_PARAMS, LiveLedger, PEOPLE, seedOf } from './live-ledger.ts';
import { fetchFrom, type Json, type Lie, LyingNode } from './lying-node.ts';

export const LIAR = 'http://liar.example/';
export const HONEST = 'http://honest.example/';

/** Waits after which the next block comes, and after which nobody waits any longer. */
const WAITS_PER_BLOCK = 2;
const WAITS_MAX = 80;
const BRANCH_BLOCKS = 3;

/** Thrown when a command waits for too long, as Ctrl-C would end it. */
export class Interrupted extends Error {}

export interface Run {
  /** The one JSON document, if it succeeded. */
  readonly answer: Json | null;
  readonly fault: Fault | null;
  /** All that any node was handed, once each. */
  readonly signed: readonly Transaction[];
  readonly notes: readonly string[];
}

export type Command = (context: Context, options: object) => Promise<void>;

/** Every command that signs. Each has what it takes on the ledger that `open` makes. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  send: async (context, options) =>
    (await import('../../cli/commands/send.ts')).run(context, 'alice', 'erin', '2', options),
  'send --wait': async (context, options) =>
    (await import('../../cli/commands/send.ts')).run(context, 'alice', 'erin', '2', {
      ...options,
      wait: true,
    }),
  'record put': async (context, options) =>
    (await import('../../cli/commands/record.ts')).put(context, 'notes', NOTES_FILE, {
      ...options,
      from: 'alice',
      inline: true,
    }),
  'record give': async (context, options) =>
    (await import('../../cli/commands/record.ts')).give(context, 'notes', 'bob', {
      ...options,
      from: 'alice',
    }),
  'record drop': async (context, options) =>
    (await import('../../cli/commands/record.ts')).drop(context, 'notes', {
      ...options,
      from: 'alice',
      wait: true,
    }),
  'recovery set': async (context, options) =>
    (await import('../../cli/commands/recovery.ts')).set(context, 'erin', {
      ...options,
      by: 'bob',
      delay: '9',
    }),
  'recovery clear': async (context, options) =>
    (await import('../../cli/commands/recovery.ts')).clear(context, 'carol', options),
  'recovery start': async (context, options) =>
    (await import('../../cli/commands/recovery-start.ts')).start(context, 'carol', {
      ...options,
      from: 'bob',
    }),
  'recovery veto': async (context, options) =>
    (await import('../../cli/commands/recovery.ts')).veto(context, 'dave', { ...options, from: 'dave' }),
  'recovery claim': async (context, options) =>
    (await import('../../cli/commands/recovery.ts')).claim(context, 'dave', { ...options, from: 'bob' }),
  'key rotate': async (context, options) =>
    (await import('../../cli/commands/key-life.ts')).rotate(context, 'alice', options),
  'key revoke': async (context, options) =>
    (await import('../../cli/commands/key-life.ts')).revoke(context, 'carol', options),
};

const NOTES_FILE = 'package.json';

export class SigningDesk {
  readonly folder = mkdtempSync(join(tmpdir(), 'pier-desk-'));
  readonly nodes: Record<string, LyingNode> = {};
  honest!: LiveLedger;
  /** The liar's own, if it has one. */
  #branch: LiveLedger | null = null;
  #runs = 0;

  static async open(): Promise<SigningDesk> {
    const desk = new SigningDesk();
    const keys = join(desk.folder, 'model', 'keys');
    mkdirSync(keys, { recursive: true, mode: 0o700 });
    const keyring = openTestnetKeyring(keys);
    for (const name of PEOPLE) await keyring.import(name, seedOf(name));
    const plan = {
      version: 1,
      chainId: null,
      hashrate: 1,
      nodes: [],
      groups: null,
      lags: {},
      ids: {},
      stopped: false,
    };
    writeFileSync(join(desk.folder, 'model', 'testnet.json'), JSON.stringify(plan));
    writeFileSync(join(desk.folder, 'model', 'genesis.json'), JSON.stringify(LIVE_GENESIS));
    await desk.reset();
    return desk;
  }

  /** A new ledger on which every command can do what it does. */
  async reset(): Promise<void> {
    this.honest = await newLedger();
    this.#branch = null;
    this.nodes[HONEST] = new LyingNode(this.honest.view());
    this.nodes[LIAR] = new LyingNode(this.honest.view());
  }

  /** The liar goes on from a few blocks below on a branch of its own, which has less work. */
  async branchOff(): Promise<void> {
    const liars = await LiveLedger.open('rival');
    await liars.copy(this.honest, this.honest.height - BRANCH_BLOCKS);
    await liars.mine(BRANCH_BLOCKS - 1);
    this.#branch = liars;
    this.nodes[LIAR] = new LyingNode(liars.view());
  }

  forget(home: string): void {
    rmSync(home, { recursive: true, force: true });
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A testnet folder of its own, as if nothing had been signed with its keys yet. */
  newHome(): string {
    const home = join(this.folder, `home-${++this.#runs}`);
    cpSync(join(this.folder, 'model'), home, { recursive: true });
    return home;
  }

  /** Runs a command with these nodes, the liar telling `lie`. A home that is given is kept. */
  async run(command: Command, urls: readonly string[], lie: Lie, given?: string, options = {}): Promise<Run> {
    const home = given ?? this.newHome();
    const documents: Json[] = [];
    const notes: string[] = [];
    const signed = new Map<string, Transaction>();
    const watch: Lie = (method, _result, params) => {
      if (method !== 'submit') return undefined;
      for (const hex of params.transactions) signed.set(hex, decodeTransaction(fromHex(hex)));
      return undefined;
    };
    this.nodes[HONEST]!.lie = watch;
    this.nodes[LIAR]!.lie = (method, result, params) => {
      watch(method, result, params);
      return lie(method, result, params);
    };
    const context = new Context(
      { json: true, node: [...urls], dir: home },
      { PIER_HOME: join(home, 'home') },
      this.#world(urls),
    );
    Object.assign(context, { output: new Captured(documents, notes) });
    let fault: Fault | null = null;
    try {
      await command(context, options);
    } catch (error) {
      if (error instanceof Interrupted) fault = { code: 'INTERRUPTED', message: '', hint: '' };
      else fault = describeError(error);
      if (fault.code === 'INTERNAL') fault = { ...fault, message: String((error as Error).stack) };
    }
    if (given === undefined) this.forget(home);
    const answer = fault === null ? (documents.at(-1) ?? null) : null;
    return { answer, fault, signed: [...signed.values()], notes };
  }

  /** Deadlines of requests never come; whoever waits for a moment gets a block now and then. */
  #world(urls: readonly string[]): World {
    let waits = 0;
    let now = 0;
    const wait = async (callback: () => void) => {
      if (waits % WAITS_PER_BLOCK === 0) await this.honest.mine();
      callback();
    };
    return {
      fetch: fetchFrom(Object.fromEntries(urls.map((url) => [url, this.nodes[url]!]))),
      nowMs: () => now,
      timer: {
        after: (ms, callback) => {
          if (ms > 1_000) return () => {};
          now += ms;
          if (++waits > WAITS_MAX) throw new Interrupted();
          void wait(callback);
          return () => {};
        },
      },
    };
  }

  /** What a run did that it never may; empty if nothing. `alone`: only the liar was asked. */
  wrongsOf({ answer, fault, signed }: Run, alone = false): string[] {
    const wrongs: string[] = [];
    const { chainId } = this.honest.harness.ledger;
    if (new Set(signed.map(({ nonce }) => nonce)).size > 1) wrongs.push('signed for more than one payment');
    if (new Set(signed.map(({ sender }) => toHex(sender))).size > 1)
      wrongs.push('signed for several accounts');
    for (const one of signed) {
      const cap = 20 * LIVE_PARAMS.prices.feePerByte * one.bytes.length;
      if (one.fee > cap) wrongs.push(`fee ${one.fee} is over ${cap}`);
      if (!signatureChecks(one, chainId).every(isSigned)) wrongs.push('signed for another ledger');
      if (one.body.TAG === 'transfer' && one.body.data.outputs.some(({ amount }) => amount !== 2_000_000)) {
        wrongs.push('another amount');
      }
    }
    if (answer?.status === 'mined' && !this.isMined(answer)) wrongs.push('called mined, and is not');
    if (alone && answer !== null && answer.verified?.nodes !== 1)
      wrongs.push('does not say that one node was heard');
    if (fault !== null && ['EXPIRED', 'REPLACED'].includes(fault.code))
      wrongs.push(`called never: ${fault.code}`);
    if (fault?.code === 'INTERNAL') wrongs.push(`crashed: ${fault.message}`);
    return wrongs;
  }

  isMined({ block }: Json): boolean {
    if (this.#branch !== null && this.#branch.height >= this.honest.height) throw new Error('the branch won');
    return this.honest.harness.ledger.activeAt(block?.height)?.key === block?.id;
  }
}

async function newLedger(): Promise<LiveLedger> {
  const live = await LiveLedger.open();
  await live.play(
    put('alice', 'notes', 'hello'),
    setRecovery('carol', 'bob', 2),
    setRecovery('dave', 'bob', 1),
  );
  await live.mine(2);
  await live.play(recover('bob', 'dave', 'dave again'));
  await live.mine(4);
  return live;
}

class Captured extends Output {
  readonly #documents: Json[];
  readonly #notes: string[];
  constructor(documents: Json[], notes: string[]) {
    super(true);
    this.#documents = documents;
    this.#notes = notes;
  }

  /** What people would be shown is made as well: that must not crash either. */
  override result(document: unknown, text: string | (() => string)): void {
    if (typeof text === 'function') text();
    super.result(document, text);
  }

  override document(document: unknown): void {
    this.#documents.push(JSON.parse(JSON.stringify(document)));
  }

  override warn(text: string): void {
    this.#notes.push(text);
  }
}
