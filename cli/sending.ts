/**
 * Owns what a command that signs knows: the ledger, the nodes that share its chain, and the state that is proved on
 * that. Everything such a command reads goes through here.
 */

import { formatAddress, parseAddress } from '../chain/format/address.ts';
import { fromHex, toHex } from '../chain/format/bytes.ts';
import type { Params } from '../chain/format/params.ts';
import { showString } from '../chain/format/text.ts';
import type { Account } from '../chain/state/entries.ts';
import { DEPTH, LAG_MAX } from '../wallet/checked/agreement.ts';
import type { Demands } from '../wallet/checked/outcome.ts';
import type { Session } from '../wallet/checked/session.ts';
import { checkedAccount, checkedRecord } from '../wallet/checked/state-answers.ts';
import type { RpcClient } from '../wallet/client.ts';
import { WalletError } from '../wallet/errors.ts';
import { endOfChain, type VerifiedChain } from '../wallet/headers/verified-chain.ts';
import type { AccountAnswer, RecordAnswer } from '../wallet/ledger-answers.ts';
import { type RecordReference, recordIdOf } from '../wallet/ledger-client.ts';
import { RpcError } from '../wallet/rpc-errors.ts';
import { parseWhole } from './arguments.ts';
import { describeCheck, openSession, tellObjections, twice } from './checked.ts';
import { accountAnswer, recordAnswer } from './checked-shapes.ts';
import { openRpc } from './client.ts';
import type { Context } from './context.ts';
import { CliError } from './faults.ts';
import { chooseKeyring } from './keys.ts';
import { Outbox } from './outbox.ts';
import type { SecretOptions } from './passphrase.ts';
import { findSigningLedger, type SigningLedger } from './signing-ledger.ts';
import { sleep } from './world.ts';

/** How often, and how long apart, a lone node is asked that is behind: a block may be on its way to it. */
const BEHIND_TIMES = 6;
const BEHIND_MS = 100;

export interface SendingOptions extends SecretOptions {
  readonly fee?: string;
  readonly maxFee?: string;
  readonly genesis?: string;
  readonly depth?: string;
  readonly wait?: boolean;
}

export class Sending {
  readonly context: Context;
  /** Name of the key that signs. */
  readonly name: string;
  /** Of the account it signs for, as text. */
  readonly address: string;
  readonly options: SendingOptions;
  readonly demands: Demands;
  readonly rpc: RpcClient;
  readonly outbox: Outbox;
  readonly #ledger: SigningLedger;
  readonly #told = new Set<string>();
  #session: Session;
  /** The heaviest chain that was verified: what the session's nodes are compared with. */
  #checked: VerifiedChain;

  private constructor(
    context: Context,
    name: string,
    address: string,
    options: SendingOptions,
    { rpc, ledger, session }: { rpc: RpcClient; ledger: SigningLedger; session: Session },
  ) {
    this.context = context;
    this.name = name;
    this.address = address;
    this.options = options;
    this.demands = { depth: depthOf(options), own: context.found().own };
    this.rpc = rpc;
    this.#ledger = ledger;
    this.#session = session;
    this.#checked = ledger.chain;
    this.outbox = new Outbox(chooseKeyring(context).directory, address, toHex(this.chainId));
  }

  /**
   * For the key of that name. Throws if the ledger is not known, or no node shows a chain of it, or, unless `signs` is
   * false, as `refuseBehind`.
   */
  static async open(
    context: Context,
    name: string,
    options: SendingOptions,
    { signs = true }: { readonly signs?: boolean } = {},
  ): Promise<Sending> {
    depthOf(options);
    const rpc = openRpc(context);
    const address = formatAddress((await chooseKeyring(context).keyring.show(name)).address);
    const ledger = await findSigningLedger(context, rpc, address, options.genesis);
    const session = await sessionOf(context, rpc, ledger.chain);
    const sending = new Sending(context, name, address, options, { rpc, ledger, session });
    if (signs) sending.refuseBehind();
    await ledger.pin(session.agreement.nodes.filter((node) => rpc.nodes.includes(node)));
    sending.tellObjections();
    return sending;
  }

  get session(): Session {
    return this.#session;
  }

  get chainId(): Uint8Array {
    return this.#ledger.chain.ledger.genesis.id;
  }

  get params(): Params {
    return this.#ledger.chain.ledger.params;
  }

  /** Asks the nodes for their chains again, which go on from what was verified. */
  async refresh(): Promise<void> {
    const verified = this.#session.chain;
    if (endOfChain(verified).work > endOfChain(this.#checked).work) this.#checked = verified;
    this.#session = await sessionOf(this.context, this.rpc, this.#checked);
    this.tellObjections();
  }

  /**
   * Throws 'NOT_VERIFIED' if one node was heard and its chain has less work than was verified before: it may leave out
   * payments that are known, so nothing is signed on its word.
   */
  refuseBehind(): void {
    const { isBehind, agreement, top } = this.#session;
    if (agreement.nodes.length > 1 || !isBehind) return;
    const known = endOfChain(this.#checked).header.height;
    const message = `the chain of ${agreement.node} ends with block ${top.header.height} and has less work than the one that was checked here before, up to block ${known}`;
    const hint = 'nothing was signed: wait until it has caught up, or name another node with --node URL';
    throw new WalletError('NOT_VERIFIED', message, hint);
  }

  /**
   * What `read` finds on the nodes' chain; asked once more if it was reorganised meanwhile. 'NOT_VERIFIED' if nodes
   * refuse to prove it: the codes of their refusals are no verdict of ours.
   */
  async prove<T>(read: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await read(this.#session);
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    await this.refresh();
    try {
      return await read(this.#session);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const message = `${error.node} gives no proof: ${showString(error.message)}`;
      throw new CliError('NOT_VERIFIED', message, 'name another node with --node URL');
    }
  }

  /** The account as proved; null if it was never paid. */
  proveAccount(address: string): Promise<Account | null> {
    return this.prove((session) => checkedAccount(session, parseAddress(address)));
  }

  /** The same as commands show it. `nextNonce` counts nothing that waits. */
  async account(address: string): Promise<AccountAnswer> {
    const account = await this.proveAccount(address);
    return accountAnswer(parseAddress(address), account, this.#session.agreement);
  }

  /** The record as proved, dropped or not; null if there never was one. */
  async record(which: RecordReference): Promise<RecordAnswer | null> {
    const id = 'id' in which ? which.id : recordIdOf(which);
    const found = await this.prove((session) => checkedRecord(session, fromHex(id)));
    return found === null ? null : recordAnswer(id, found, this.#session.agreement);
  }

  /** Names liars, each lie once. */
  tellObjections(): void {
    tellObjections(this.context, this.#session, this.#told);
  }

  /** For people: what its state was proved against. */
  describe(): string {
    const { agreement, top } = this.#session;
    const check = describeCheck(this.#session);
    return agreement.nodes.length > 1 ? check : `${check}; work ${top.work}`;
  }
}

/**
 * The state of a lone node is taken at its tip: its newest payments count, and nothing final is decided on it. A lone
 * node with less work than was verified before gets some time to catch up.
 */
async function sessionOf(context: Context, rpc: RpcClient, chain: VerifiedChain): Promise<Session> {
  for (let times = 1; ; times++) {
    const session = await twice(() => openSession(context, rpc, chain, { askWitnesses: true, depth: 0 }));
    if (session.agreement.nodes.length > 1 || !session.isBehind || times === BEHIND_TIMES) return session;
    await sleep(context.world, BEHIND_MS);
  }
}

/** True if the chain may have been reorganised between two questions, and asking again may do. */
function mayPass(error: unknown): boolean {
  if (error instanceof RpcError) return true;
  return error instanceof WalletError && error.code === 'NOT_VERIFIED';
}

function depthOf({ depth }: SendingOptions): number {
  return depth === undefined ? DEPTH : parseWhole(depth, '--depth', 1, LAG_MAX);
}
