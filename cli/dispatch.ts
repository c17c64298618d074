/**
 * Owns the way from an intent to at most one payment: under the account's lock its nonce is chosen, it is signed,
 * rehearsed, written down and synced, and only then handed to nodes. See docs/decisions/0017-one-command-one-payment.md.
 */
import { parseAddress } from '../chain/format/address.ts';
import type { Body, Transaction } from '../chain/format/transaction.ts';
import { finalNonce, isOpen, type Outcome, outcomeOf, type SignedIntent } from '../wallet/checked/outcome.ts';
import { type Costs, rehearse } from '../wallet/checked/rehearsal.ts';
import { shownTransactions } from '../wallet/checked/shown.ts';
import { checkedAccount } from '../wallet/checked/state-answers.ts';
import type { Signer } from '../wallet/identity.ts';
import {
  chooseNonce,
  isUsedSince,
  newestOf,
  nonceOf,
  type OutboxEntry,
  type Seen,
  saySame,
} from '../wallet/outbox.ts';
import { signTransaction, sizeOf } from '../wallet/sign.ts';
import { CliError } from './faults.ts';
import { chooseFee } from './fees.ts';
import { describeRefusals, handOver, notTaken, type Refusal } from './hand-over.ts';
import { formatTime, shortId } from './layout.ts';
import type { Sending } from './sending.ts';

/** Blocks after which it can't be mined any more, so that nothing hangs for ever. */
const VALID_BLOCKS = 1_000;
/** What a node wants a replacement to pay more: a tenth. */
const REPLACE_NUMERATOR = 11;
const REPLACE_DENOMINATOR = 10;

/** What a body may have to be made for. */
export interface Place {
  readonly chainId: Uint8Array;
  readonly nonce: number;
}

export interface Intent {
  /** In words for people: it ends the sentence that begins with 'pending' or 'mined'. */
  readonly what: string;
  body(place: Place): Body;
  /** Writes down what must be on disk before anything leaves the process, as a new key. Called when all else is checked. */
  beforeSent?(): Promise<void>;
}

export interface Sent {
  readonly transaction: Transaction;
  /** Null if it was signed by an earlier command that could not answer. */
  readonly costs: Costs | null;
  /** True if it was proved mined already. */
  readonly mined: boolean;
  /** Ends the lock that shows that this command still looks after it. */
  release(): void;
}

/** Signs and hands over what `intent` says, once. The signer is erased. Throws 'NOT_TAKEN' if no node takes it. */
export async function dispatch(sending: Sending, signer: Signer, intent: Intent): Promise<Sent> {
  try {
    return await sending.outbox.exclusively(() => signNext(sending, signer, intent));
  } finally {
    signer.erase();
  }
}

async function signNext(sending: Sending, signer: Signer, intent: Intent): Promise<Sent> {
  const { chainId } = sending;
  await sending.refresh();
  sending.refuseBehind();
  const { open, mined, refusals } = await settleOutbox(sending);
  for (const entry of [...mined, ...open.filter(({ acknowledged }) => acknowledged)]) {
    const earlier = await resume(sending, entry, intent, mined.includes(entry));
    if (earlier !== null) return earlier;
  }
  const { transaction, costs, proved } = await sending.prove(async (session) => {
    sending.refuseBehind();
    const account = await checkedAccount(session, signer.address);
    const shown = account === null ? [] : await shownTransactions(session, signer.address, account);
    const choice = chooseNonce(account?.nonce ?? 0, open, shown);
    if ('blockedBy' in choice) throw blocked(choice.blockedBy, refusals.get(choice.blockedBy) ?? []);
    const { nonce, waiting } = choice;
    const { work } = session.agreement.header;
    refuseUsed(sending, nonce, work);
    if (waiting.some(({ body }) => body.TAG === 'rotate')) throw keyChanges(sending.name);
    const body = intent.body({ chainId, nonce });
    const fee = await chooseFee(sending, sizeOf(body));
    const validUntil = session.top.header.height + VALID_BLOCKS;
    const transaction = signTransaction({ chainId, nonce, signer, validUntil, body, fee });
    const proved = { nonce: account?.nonce ?? 0, work };
    return { transaction, costs: await rehearse(session, waiting, transaction), proved };
  });
  await intent.beforeSent?.();
  const flags = { acknowledged: false, told: false, forgotten: false, mined: null };
  const entry = { what: intent.what, signedAt: Date.now(), signed: [transaction], ...flags };
  return launch(sending, open, entry, { costs, proved });
}

/** What follows a change of the key is signed by the new one, which is in use here once the change is mined. */
function keyChanges(name: string): CliError {
  const hint = 'nothing was signed: try again when it is mined, or see it with: pier pending';
  return new CliError('ROTATION_PENDING', `a change of the key of ${name} waits to be mined`, hint);
}

/** Nodes may be behind what was proved here before: a nonce that was used then is not signed again. */
function refuseUsed({ outbox, rpc }: Sending, nonce: number, work: bigint): void {
  const seen = outbox.seen();
  if (!isUsedSince(seen, nonce, work)) return;
  const message = `nonce ${nonce} is used: that was proved here before, on a chain with more work than the one of ${rpc.nodes.join(', ')}, where it is free`;
  const hint = 'nothing was signed: wait until the nodes have caught up, or name another with --node URL';
  throw new CliError('NOT_VERIFIED', message, hint);
}

/** Writes down the entry and syncs it, and then hands over its newest version. */
async function launch(
  sending: Sending,
  others: readonly OutboxEntry[],
  entry: OutboxEntry,
  { costs, proved }: { readonly costs: Costs; readonly proved: Seen | null },
): Promise<Sent> {
  const { outbox } = sending;
  const transaction = newestOf(entry);
  const life = await outbox.claim(transaction.key);
  const release = (): void => life?.release();
  try {
    outbox.write([...others, { ...entry, acknowledged: false }], proved);
    const [handed] = await handOver(sending, [transaction]);
    if (!handed!.acknowledged) throw notTaken(transaction, handed!.refusals);
    outbox.write([...others, { ...entry, acknowledged: true }]);
    return { transaction, costs, mined: false, release };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Signs an intent again, for more and until later: at its own nonce, unless no version of it can be mined any more.
 * The signer is erased. Throws 'NOTHING_OPEN' if it is settled already.
 */
export async function replaceEntry(sending: Sending, signer: Signer, id: string): Promise<Sent> {
  try {
    return await sending.outbox.exclusively(async () => {
      await sending.refresh();
      const { open } = await settleOutbox(sending);
      const entry = open.find(({ signed }) => signed.some(({ key }) => key === id));
      if (entry === undefined) {
        const hint = 'nothing more was signed; see it with: pier tx ID';
        throw new CliError('NOTHING_OPEN', `${shortId(id)} is settled: it was mined, or never will be`, hint);
      }
      const others = open.filter((one) => one !== entry);
      const before = newestOf(entry);
      const { body, nonce } = before;
      const floor = Math.ceil((before.fee * REPLACE_NUMERATOR) / REPLACE_DENOMINATOR);
      const signed = await sending.prove(async (session) => {
        sending.refuseBehind();
        refuseUsed(sending, nonce, session.agreement.header.work);
        const fee = await chooseFee(sending, sizeOf(body), floor);
        const validUntil = session.top.header.height + VALID_BLOCKS;
        const { chainId } = sending;
        const transaction = signTransaction({ chainId, nonce, signer, validUntil, body, fee });
        const waiting = others.map(newestOf).filter((one) => one.nonce < nonce);
        return { transaction, costs: await rehearse(session, waiting, transaction), proved: null };
      });
      const versions = [...entry.signed, signed.transaction];
      return launch(sending, others, { ...entry, forgotten: false, signed: versions }, signed);
    });
  } finally {
    signer.erase();
  }
}

/** The entry, if an earlier command signed the same and ended before it could answer. */
async function resume(
  { outbox, context, chainId }: Sending,
  entry: OutboxEntry,
  intent: Intent,
  mined: boolean,
): Promise<Sent | null> {
  const transaction = newestOf(entry);
  if (entry.told || entry.forgotten) return null;
  const body = intent.body({ chainId, nonce: transaction.nonce });
  if (!saySame(body, transaction.body)) return null;
  const life = await outbox.claim(transaction.key);
  // Held: its command is still at it, and this is another payment.
  if (life === null) return null;
  const when = formatTime(entry.signedAt);
  context.output.warn(
    `the same was signed at ${when} by a command that could not answer: this goes on with that one, and pays nothing more`,
  );
  return { transaction, costs: null, mined, release: () => life.release() };
}

export interface Settled {
  /** Those that may still be mined; `acknowledged` says whether a node holds them now. */
  readonly open: readonly OutboxEntry[];
  /** Those that are proved mined. The record keeps one that was not told of, until the account signs something else. */
  readonly mined: readonly OutboxEntry[];
  /** Why nobody takes an open one. */
  readonly refusals: ReadonlyMap<OutboxEntry, readonly Refusal[]>;
}

/** Takes out what is proved to be over, and hands the rest over again. Under the account's lock. */
export async function settleOutbox(sending: Sending): Promise<Settled> {
  const { outbox, context } = sending;
  const entries = outbox.read();
  if (entries.length === 0) return { open: [], mined: [], refusals: new Map() };
  const kept: OutboxEntry[] = [];
  const mined: OutboxEntry[] = [];
  const { depth } = sending.demands;
  const final = await sending.prove((session) => finalNonce(session, parseAddress(sending.address), depth));
  for (const entry of entries) {
    if (isOpen(intentOf(entry), final)) {
      kept.push(entry);
      continue;
    }
    const outcome = await sending.prove((session) => outcomeOf(session, intentOf(entry), sending.demands));
    const over = describeOutcome(entry, outcome);
    if (over !== null) context.output.warn(over);
    if (outcome.kind === 'mined') mined.push(entry);
    if (outcome.kind === 'open') kept.push(entry);
  }
  const again = kept.filter(({ forgotten }) => !forgotten);
  const handed = await handOver(sending, again.map(newestOf));
  const refusals = new Map<OutboxEntry, readonly Refusal[]>();
  const open = kept.map((entry) => {
    const answer = handed[again.indexOf(entry)];
    const now = { ...entry, acknowledged: answer?.acknowledged === true };
    refusals.set(now, answer?.refusals ?? []);
    return now;
  });
  // Its command could not answer. Until another one has, the same command must find it and not pay again.
  const untold = mined.filter(({ told }) => !told);
  outbox.write([...untold, ...open], final);
  await outbox.sweep();
  return { open, mined, refusals };
}

export function intentOf(entry: Pick<OutboxEntry, 'signed'>): SignedIntent {
  const versions = entry.signed.map(({ key, validUntil }) => ({ id: key, validUntil }));
  return { sender: newestOf(entry).sender, nonce: nonceOf(entry), versions };
}

/** A line about one that is over, unless it was mined and its user knows of it; null for the others. */
function describeOutcome(entry: OutboxEntry, outcome: Outcome): string | null {
  const name = `${entry.what} (${shortId(newestOf(entry).key)})`;
  if (outcome.kind === 'mined') return entry.told ? null : `${name} is mined: its command could not say so`;
  if (outcome.kind === 'expired') return `${name} was not mined in time, and never will be`;
  if (outcome.kind === 'spent') return `the nonce of ${name} is used, by it or by another: ask pier tx`;
  return outcome.kind === 'replaced'
    ? `${name} never will be mined: ${shortId(outcome.by)} has its nonce`
    : null;
}

function blocked(entry: OutboxEntry, refusals: readonly Refusal[]): CliError {
  const id = shortId(newestOf(entry).key);
  const why = entry.forgotten
    ? 'it was forgotten, but may still be mined'
    : refusals.length === 0
      ? 'what becomes of it is not known'
      : `no node takes it: ${describeRefusals(refusals)}`;
  const message = `an earlier transaction of this account is not settled: ${entry.what} (${id}); ${why}`;
  const remedy = entry.forgotten
    ? `wait until one with its nonce is mined, or go on with it: pier pending resend ${id}, or replace ${id}`
    : `see it with pier pending, then: pier pending resend, replace or forget ${id}`;
  return new CliError('PENDING', message, `nothing was signed; ${remedy}`);
}
