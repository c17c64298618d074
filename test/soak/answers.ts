/**
 * Owns what a node is asked to find out whether all that it stores is right: every block, transaction, account, record
 * and history of a chain, some proofs, and things that were never there; and how its answers compare with the true ones.
 */
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import type { TrialNode } from './trial-node.ts';

interface Question {
  readonly method: string;
  readonly params: object;
}

type Outcome =
  | { readonly result: Record<string, unknown> }
  | {
      readonly error: { readonly code: number; readonly message: string; readonly data?: { code?: string } };
    };

/** The truth: questions with their answers as of one tip. */
export interface Truth {
  readonly height: number;
  readonly tip: string;
  /** Ids of the active chain's blocks by height. */
  readonly ids: readonly string[];
  readonly questions: readonly Question[];
  readonly answers: readonly string[];
}

export interface Verdict {
  /** Answers as of the true tip that are not the true ones, and no errors: each in words. */
  readonly wrong: readonly string[];
  /** Answers that say that something is damaged or not there now. */
  readonly refused: readonly string[];
  /** Errors that say nothing about why. */
  readonly unclear: readonly string[];
  /** Answers as of another tip. */
  readonly elsewhere: number;
}

/** Calls of one batch. */
const BATCH = 100;
const TIMEOUT_MS = 60_000;
/** Codes of `data` by which a node says that it can't tell now. */
const REFUSALS = ['BLOCK_LOST', 'DAMAGED', 'BUSY', 'REBUILDING', 'LIMIT'];
const DAMAGED = -32003;
/** What is right of all that comes later, while the tip is below. */
const ABSENCES = ['UNKNOWN_BLOCK', 'NO_ACCOUNT', 'NO_RECORD', 'NOT_MINED'];
const PROVED_EVERY = 8;
const ABSENT = 12;

/** Asks a node that is known to be right. */
export async function findTruth(
  node: TrialNode,
  about: { readonly addresses: readonly string[]; readonly records: readonly string[] },
): Promise<Truth> {
  const status = await node.call<{ height: number; tip: string }>('status');
  const heights = Array.from({ length: status.height + 1 }, (_, height) => height);
  const blocks = (
    await askAll(
      node,
      heights.map((height) => ({ method: 'block', params: { height } })),
    )
  ).map((outcome) => (outcome as { result: Record<string, unknown> }).result);
  const ids = blocks.map(({ id }) => id as string);
  const transactions = blocks.flatMap((block) =>
    (block.transactions as { id: string }[]).map(({ id }) => id),
  );
  const { addresses, records } = about;
  const absent = Array.from({ length: ABSENT }, (_, i) =>
    createHash('sha256').update(`absent ${i}`).digest('hex'),
  );
  const questions: Question[] = [
    { method: 'status', params: {} },
    ...heights.flatMap((height): Question[] => [
      { method: 'block', params: { height } },
      { method: 'header', params: { id: ids[height] } },
      { method: 'body', params: { id: ids[height] } },
    ]),
    ...addresses.flatMap((address): Question[] => [
      { method: 'account', params: { address } },
      { method: 'records', params: { owner: address, limit: 100 } },
      { method: 'proveAccount', params: { address } },
      { method: 'proveHistory', params: { address } },
    ]),
    ...records.flatMap((id): Question[] => [
      { method: 'record', params: { id } },
      { method: 'recordHistory', params: { id, limit: 100 } },
      { method: 'proveRecord', params: { id } },
    ]),
    { method: 'proveSupply', params: {} },
    ...transactions.map((id): Question => ({ method: 'transaction', params: { id } })),
    ...transactions
      .filter((_, i) => i % PROVED_EVERY === 0)
      .map((id): Question => ({ method: 'proveTransaction', params: { id } })),
    ...absent.flatMap((id): Question[] => [
      { method: 'transaction', params: { id } },
      { method: 'record', params: { id } },
      { method: 'block', params: { id } },
    ]),
    ...(await historyPages(node, addresses)),
  ];
  const answers = (await askAll(node, questions)).map((outcome, i) => textOf(questions[i]!, outcome));
  return { height: status.height, tip: status.tip, ids, questions, answers };
}

/** Asks for everything and compares. */
export async function examine(node: TrialNode, truth: Truth): Promise<Verdict> {
  const outcomes = await askAll(node, truth.questions);
  const wrong: string[] = [];
  const refused: string[] = [];
  const unclear: string[] = [];
  let elsewhere = 0;
  const isBelow = 'result' in outcomes[0]! && isElsewhere(truth.questions[0]!, outcomes[0].result, truth);
  outcomes.forEach((outcome, i) => {
    const question = truth.questions[i]!;
    const text = textOf(question, outcome);
    const wanted = truth.answers[i]!;
    if (text === wanted) return;
    const what = `${question.method} ${JSON.stringify(question.params)}`;
    // Not found, and it says that it could not look everywhere.
    if ('result' in outcome && outcome.result.status === 'unknown' && outcome.result.complete === false)
      refused.push(`${what}: unknown, not complete`);
    else if ('error' in outcome) {
      const { code, message, data } = outcome.error;
      const told = `${what}: ${code} ${data?.code ?? ''} ${message}`;
      if (code === DAMAGED || REFUSALS.includes(data?.code ?? '')) refused.push(told);
      else if (code === -32603) unclear.push(told);
      else if (isBelow && ABSENCES.includes(data?.code ?? '')) elsewhere++;
      else wrong.push(`${told}, not ${wanted.slice(0, 300)}`);
    } else if (isElsewhere(question, outcome.result, truth)) elsewhere++;
    else wrong.push(`${what}: ${text.slice(0, 300)}, not ${wanted.slice(0, 300)}`);
  });
  return { wrong, refused, unclear, elsewhere };
}

export const isRight = ({ wrong, refused, unclear, elsewhere }: Verdict): boolean =>
  wrong.length + refused.length + unclear.length + elsewhere === 0;

/** The answer is of a tip that is below on the true chain: of that moment it may be true. */
function isElsewhere({ method }: Question, result: Record<string, unknown>, truth: Truth): boolean {
  const tip =
    method === 'status'
      ? { height: result.height as number, id: result.tip }
      : (result.tip as { height: number; id: string } | undefined);
  return tip !== undefined && tip.height < truth.height && truth.ids[tip.height] === tip.id;
}

/** What can be compared: of an error its code. */
function textOf({ method }: Question, outcome: Outcome): string {
  if ('error' in outcome) return `error ${outcome.error.code} ${outcome.error.data?.code ?? ''}`;
  const { result } = outcome;
  if (method !== 'status') return JSON.stringify(result);
  const { height, tip, stateRoot, work, supply } = result;
  return JSON.stringify({ height, tip, stateRoot, work, supply });
}

/** All pages of each address's history, as questions. */
async function historyPages(node: TrialNode, addresses: readonly string[]): Promise<Question[]> {
  const questions: Question[] = [];
  for (const address of addresses) {
    for (let before: string | null | undefined; before !== null; ) {
      const params = { address, limit: 100, ...(before !== undefined && { before }) };
      questions.push({ method: 'history', params });
      before = (await node.call<{ next: string | null }>('history', params)).next;
    }
  }
  return questions;
}

async function askAll(node: TrialNode, questions: readonly Question[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let at = 0; at < questions.length; at += BATCH) {
    const calls = questions
      .slice(at, at + BATCH)
      .map(({ method, params }, i) => ({ jsonrpc: '2.0', id: i, method, params }));
    const answers = (await postJson(node.rpc, calls)) as (Outcome & { id: number })[];
    answers.sort((a, b) => a.id - b.id);
    outcomes.push(...answers);
  }
  return outcomes;
}

/** Posts calls to a node and resolves with what it answers. */
export function postJson(url: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const options = { method: 'POST', headers, agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) };
    const sent = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(JSON.parse(text));
        } catch {
          reject(new Error(`${response.statusCode}: ${text.slice(0, 200)}`));
        }
      });
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}
