/**
 * Owns the checking that reading commands do unless `--trust` is given: opens the session with the nodes, keeps what was
 * verified for the next time, and says in one line what was checked and who lied.
 */
import { randomBytes } from 'node:crypto';
import { toHex } from '../chain/format/bytes.ts';
import { Session, type SessionOptions } from '../wallet/checked/session.ts';
import type { RpcClient } from '../wallet/client.ts';
import { WalletError } from '../wallet/errors.ts';
import { endOfChain, type VerifiedChain } from '../wallet/headers/verified-chain.ts';
import { saveChain } from './chain-store.ts';
import { openRpc } from './client.ts';
import type { Context } from './context.ts';
import { countOf } from './layout.ts';
import { findChain } from './light-ledger.ts';

const surroundings = {
  wallMs: () => Date.now(),
  random: (length: number) => new Uint8Array(randomBytes(length)),
};

/** The JSON of what was checked. */
export interface VerifiedDocument {
  /** Of the block that all was held against. */
  readonly height: number;
  readonly id: string;
  /** How many nodes have it on their best chain. */
  readonly nodes: number;
  /** Blocks it lies below the highest tip of these. */
  readonly below: number;
  /** Fields of the document that were proved; the others are a node's word. */
  readonly fields: readonly string[];
  /** Nodes whose answers were passed over, and why. */
  readonly objections: readonly { readonly node: string; readonly kind: string; readonly reason: string }[];
}

export interface Checked<T> {
  readonly answer: T;
  readonly session: Session;
}

/**
 * Runs the questions of a command with a session. If nothing came out of it that can be checked it is tried once more:
 * the chain may have been reorganised in between.
 */
export async function checked<T>(
  context: Context,
  read: (session: Session) => Promise<T>,
): Promise<Checked<T>> {
  const rpc = openRpc(context);
  const chain = await findChain(context, rpc);
  const outcome = await twice(async () => {
    const session = await openSession(context, rpc, chain);
    return { session, answer: await read(session) };
  });
  tellObjections(context, outcome.session);
  return outcome;
}

/** A session with the nodes; what it verified is kept for the next time. */
export async function openSession(
  context: Context,
  rpc: RpcClient,
  chain: VerifiedChain,
  options: Pick<SessionOptions, 'askWitnesses' | 'depth'> = {},
): Promise<Session> {
  const { timer } = context.world;
  const witnesses = context.found().others;
  const session = await Session.open({ rpc, chain, world: surroundings, timer, witnesses, ...options });
  if (session.top.work > endOfChain(chain).work) saveChain(context.places, session.chain);
  return session;
}

/** Again, once, if nothing could be checked. */
export function twice<T>(attempt: () => Promise<T>): Promise<T> {
  return attempt().catch((error: unknown) => {
    if (!(error instanceof WalletError) || error.code !== 'NOT_VERIFIED') throw error;
    return attempt();
  });
}

/** Names the nodes that lied or were passed over, but for those in `told`, which grows. */
export function tellObjections(context: Context, session: Session, told = new Set<string>()): void {
  for (const { node, kind, reason } of session.objections) {
    const line = kind === 'lie' ? `${node} lies: ${reason}` : `${node} was passed over: ${reason}`;
    if (!told.has(line)) context.output.note(line);
    told.add(line);
  }
}

/** What was checked, for `--json`. */
export function verifiedDocument(
  { agreement, objections }: Session,
  fields: readonly string[],
): VerifiedDocument {
  const { header, nodes, below } = agreement;
  return {
    height: header.header.height,
    id: toHex(header.id),
    nodes: nodes.length,
    below,
    fields,
    objections,
  };
}

/** What was checked, in a line for people. */
export function describeCheck({ agreement, chain }: Session, what = ''): string {
  const { header, nodes, below } = agreement;
  const { height } = header.header;
  const subject = what === '' ? '' : `${what}, `;
  const sampled = chain.sampledTo > 0 ? ` (of the chain before ${chain.sampledTo}, samples)` : '';
  if (nodes.length > 1) {
    const behind = below > 0 ? `, ${below} below the highest tip` : '';
    return `${subject}against block ${height} of ${nodes.length} nodes${behind}${sampled}`;
  }
  return `${subject}against block ${height}, ${countOf(below, 'block')} below the tip of the one node asked${sampled}`;
}

/** The same of a page of a history; `cut`: what is older is more than a node proves at once. */
export function describeHistoryCheck(session: Session, cut: boolean): string {
  const line = describeCheck(session, 'checked: none left out');
  return cut ? `${line}; older ones are not proved: --trust shows them, unchecked` : line;
}
