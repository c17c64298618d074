/**
 * Owns the verdict on a transaction that was signed: mined, never to be mined, or open. Mined and never are proved on
 * the chain that the nodes share; whatever is not proved is open. Holds no state.
 */
import type { HeaderContext } from '../../chain/consensus/header-rules.ts';
import { formatAddress } from '../../chain/format/address.ts';
import { equalBytes } from '../../chain/format/bytes.ts';
import { HISTORY_PROOF_MAX } from '../../chain/ledger/proofs.ts';
import { type Account, accountRef } from '../../chain/state/entries.ts';
import { WalletError } from '../errors.ts';
import { contextAt } from '../headers/verified-chain.ts';
import { type CheckedTransaction, checkedTransaction } from './block-answers.ts';
import type { Session } from './session.ts';
import { accountOf, checkedAccount, proveOn } from './state-answers.ts';
import { transactionsOn } from './touches.ts';

/** All that was signed for one intent: the same sender and nonce, so at most one version is ever mined. */
export interface SignedIntent {
  readonly sender: Uint8Array;
  readonly nonce: number;
  /** Ids in hex, and the last height each may be mined at. Not empty. */
  readonly versions: readonly { readonly id: string; readonly validUntil: number }[];
}

export type Outcome =
  /** `place` is null if the state proves that it was mined and no node shows where. */
  | { readonly kind: 'mined'; readonly id: string; readonly place: CheckedTransaction | null }
  /** The blocks in which it could be mined have passed, and its nonce is not used. */
  | { readonly kind: 'expired' }
  /** Another transaction of the account used its nonce; its id in hex. */
  | { readonly kind: 'replaced'; readonly by: string }
  /** Its nonce is used, by it or by another: no node shows which. */
  | { readonly kind: 'spent' }
  /** Nothing final is proved. `seen`: it is in a block that is not deep enough yet. */
  | { readonly kind: 'open'; readonly seen: CheckedTransaction | null };

export interface Demands {
  /** Blocks that must follow one before what it shows is final. */
  readonly depth: number;
  /** True if the nodes are this machine's own, which execute every block: a lone one is believed without depth. */
  readonly own: boolean;
}

/** What is final of an account: its nonce as of a block that `depth` others follow, and that block's height and work. */
export interface Final {
  readonly height: number;
  readonly work: bigint;
  readonly nonce: number;
}

/** Null if nothing final can be shown: the chain is too short, or has less work than was verified before. */
export async function finalNonce(session: Session, sender: Uint8Array, depth: number): Promise<Final | null> {
  const deep = session.isBehind ? null : deepHeader(session, depth);
  const account = deep === null ? undefined : await accountAt(session, sender, deep);
  return deep === null || account === undefined
    ? null
    : { height: deep.header.height, work: deep.work, nonce: account?.nonce ?? 0 };
}

/** True if neither its nonce nor its time is over, so that it may still be mined. */
export function isOpen({ nonce, versions }: SignedIntent, final: Final | null): boolean {
  if (final === null) return true;
  return final.nonce <= nonce && versions.some(({ validUntil }) => validUntil > final.height);
}

/** What became of it. Throws 'NOT_VERIFIED' if no node gives an answer that can be checked. */
export async function outcomeOf(
  session: Session,
  intent: SignedIntent,
  { depth, own }: Demands,
): Promise<Outcome> {
  const { agreement, top } = session;
  let seen: CheckedTransaction | null = null;
  for (const { id } of intent.versions) {
    const place = await checkedTransaction(session, id);
    if (place === null) continue;
    const shared = agreement.nodes.length > 1 || own;
    const deep = shared || top.header.height - place.block.header.height >= depth;
    if (place.block.agreed && deep && !session.isBehind) return { kind: 'mined', id, place };
    seen = place;
  }
  const final = await finalNonce(session, intent.sender, depth);
  if (final === null || isOpen(intent, final)) return { kind: 'open', seen };
  return final.nonce > intent.nonce ? spentBy(session, intent) : { kind: 'expired' };
}

/** The highest header that all nodes share and that `depth` blocks follow; null if the chain is too short. */
function deepHeader({ agreement, top }: Session, depth: number): HeaderContext | null {
  const height = Math.min(agreement.header.header.height, top.header.height - depth);
  return contextAt(agreement.branch.contexts, height) ?? null;
}

/** The account as of a header; undefined if no node has that state any more. */
async function accountAt(
  session: Session,
  address: Uint8Array,
  { header, id }: HeaderContext,
): Promise<Account | null | undefined> {
  const name = formatAddress(address);
  const wanted = { ref: accountRef(address), param: name, name };
  try {
    return await session.ask(async (node) =>
      accountOf(await proveOn(session, node, wanted, header, id), name),
    );
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whose transaction has the nonce: the account's history binds every one that touched it. */
async function spentBy(session: Session, { sender, nonce, versions }: SignedIntent): Promise<Outcome> {
  const name = formatAddress(sender);
  const subject = { param: { address: name }, tag: 'accountHistory', name } as const;
  const account = await checkedAccount(session, sender);
  const count = account?.historyCount ?? 0;
  if (account === null || count === 0) return { kind: 'open', seen: null };
  const page = { wanted: Math.max(0, count - HISTORY_PROOF_MAX), end: count, most: HISTORY_PROOF_MAX };
  const found = await session
    .ask(async (node) => (await transactionsOn(session, node, subject, account, page)).transactions)
    .catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
  const spender = found.find((one) => one.nonce === nonce && equalBytes(one.sender, sender));
  if (spender === undefined) return { kind: 'spent' };
  const isOurs = versions.some(({ id }) => id === spender.key);
  return isOurs ? { kind: 'mined', id: spender.key, place: null } : { kind: 'replaced', by: spender.key };
}

function isMissing(error: unknown): boolean {
  if (error instanceof WalletError) return error.code === 'NOT_VERIFIED';
  return (error as { ledgerCode?: unknown }).ledgerCode !== undefined;
}
