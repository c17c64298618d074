/** Owns `pier prove`: asks for a proof, checks it before it is kept, and waits for work on it if that is wanted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAddress } from '../../chain/format/address.ts';
import { fromHex } from '../../chain/format/bytes.ts';
import { recordId } from '../../chain/format/transaction.ts';
import { HISTORY_PROOF_MAX, type ProofSubject } from '../../chain/ledger/proofs.ts';
import type { LedgerClient } from '../../wallet/ledger-client.ts';
import { askForProof, type ProofAnswer } from '../../wallet/proof/ask.ts';
import { deepenProof } from '../../wallet/proof/deepen.ts';
import type { VerifiedProof } from '../../wallet/proof/verify.ts';
import { RpcError } from '../../wallet/rpc-errors.ts';
import { parseId, parseWhole } from '../arguments.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { resolveWho } from '../keys.ts';
import { findLedgers, verifyAmong } from '../known-ledgers.ts';
import { countOf } from '../layout.ts';
import { refuseTaken, writeNewFile } from '../new-file.ts';
import { describeProof, documentOf } from '../proof-report.ts';

export interface ProveOptions {
  readonly output: string;
  readonly force?: boolean;
  readonly wait?: string;
  readonly genesis?: string;
}

const WAIT_BLOCKS_MAX = 10_000;
const POLL_MS = 200;

export async function proveBalance(context: Context, who: string, options: ProveOptions): Promise<void> {
  await prove(context, { kind: 'account', address: await addressOf(context, who) }, options);
}

export async function proveRecord(context: Context, text: string, options: ProveOptions): Promise<void> {
  const record = await recordOf(context, text);
  await prove(context, { kind: 'record', record }, options, ({ value }) => {
    if (value !== null) return;
    throw new CliError(
      'NO_RECORD',
      `there is no record ${text}`,
      `prove that with: pier prove absent ${text} -o FILE`,
    );
  });
}

export async function proveAbsence(context: Context, text: string, options: ProveOptions): Promise<void> {
  const subject: ProofSubject = isRecord(text)
    ? { kind: 'record', record: await recordOf(context, text) }
    : { kind: 'account', address: await addressOf(context, text) };
  await prove(context, subject, options, ({ value, kind }) => {
    if (value === null) return;
    const instead = `pier prove ${kind === 'record' ? 'record' : 'balance'} ${text} -o FILE`;
    throw new CliError('NOT_ABSENT', `${text} exists`, `prove what it is with: ${instead}`);
  });
}

export async function proveTransaction(context: Context, id: string, options: ProveOptions): Promise<void> {
  await prove(context, { kind: 'transaction', id: fromHex(parseId(id, 'transaction')) }, options);
}

export async function proveSupply(context: Context, options: ProveOptions): Promise<void> {
  await prove(context, { kind: 'supply' }, options);
}

export async function proveHistory(
  context: Context,
  text: string,
  options: ProveOptions & { readonly last?: string },
): Promise<void> {
  const last =
    options.last === undefined ? undefined : parseWhole(options.last, '--last', 1, HISTORY_PROOF_MAX);
  const subject: ProofSubject = isRecord(text)
    ? { kind: 'recordHistory', record: await recordOf(context, text), last }
    : { kind: 'accountHistory', address: await addressOf(context, text), last };
  await prove(context, subject, options);
}

/** `fits` throws if the proof, true as it is, isn't what was wanted. */
async function prove(
  context: Context,
  subject: ProofSubject,
  options: ProveOptions,
  fits: (proof: VerifiedProof) => void = () => {},
): Promise<void> {
  const blocks = options.wait === undefined ? 0 : parseWhole(options.wait, '--wait', 1, WAIT_BLOCKS_MAX);
  refuseTaken(options.output, options.force === true);
  const client = openClient(context);
  const choices = await findLedgers(context, options.genesis);
  const verify = (bytes: Uint8Array) => verifyAmong(choices, bytes).proof;
  const ask = async () => {
    const answer = await askForProof(client.rpc, subject, verify);
    fits(answer.proof);
    return answer;
  };
  const { bytes } = blocks === 0 ? await ask() : await waitForWork(context, client, ask, blocks, verify);
  writeNewFile(options.output, bytes, options.force === true);
  const found = verifyAmong(choices, bytes);
  const document = { file: options.output, bytes: bytes.length, ...documentOf(found) };
  context.output.result(document, () => {
    return `${describeProof(found)}\nwritten to ${options.output}: ${countOf(bytes.length, 'byte')}`;
  });
}

/** The proof with so many blocks on top of the one it is of; begun anew if that one is reorganised away. */
async function waitForWork(
  context: Context,
  client: LedgerClient,
  ask: () => Promise<ProofAnswer>,
  blocks: number,
  verify: (bytes: Uint8Array) => VerifiedProof,
): Promise<ProofAnswer> {
  const progress = context.output.progress('waiting for blocks');
  try {
    let answer = await ask();
    for (;;) {
      const { block, tip } = answer.proof;
      const depth = tip.header.height - block.header.height;
      if (depth >= blocks) return answer;
      progress.update(`block ${block.header.height}: ${depth} of ${blocks} blocks stand on it`);
      await sleep(POLL_MS);
      if ((await client.status()).height < block.header.height + blocks) continue;
      const later = await askForProof(client.rpc, { kind: 'block', id: block.id }, verify).catch(nullIfGone);
      if (later === null) {
        answer = await ask();
        continue;
      }
      const bytes = deepenProof(answer.bytes, later.bytes);
      answer = { bytes, proof: verify(bytes) };
    }
  } finally {
    progress.stop();
  }
}

function nullIfGone(error: unknown): null {
  if (error instanceof RpcError && error.ledgerCode === 'UNKNOWN_BLOCK') return null;
  throw error;
}

async function addressOf(context: Context, who: string): Promise<Uint8Array> {
  return parseAddress(await resolveWho(context, who));
}

/** A record is named by its id or as NAME@WHO; names of keys have neither form. */
function isRecord(text: string): boolean {
  return text.includes('@') || /^[0-9a-f]{64}$/i.test(text);
}

async function recordOf(context: Context, text: string): Promise<Uint8Array> {
  const at = text.lastIndexOf('@');
  if (at < 0) return fromHex(parseId(text, 'record'));
  const name = new TextEncoder().encode(text.slice(0, at));
  return recordId(await addressOf(context, text.slice(at + 1)), name);
}
