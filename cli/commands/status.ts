/** Owns `pier status`: one node's view of the ledger. */
import { formatPier } from '../../chain/format/amount.ts';
import { toHex } from '../../chain/format/bytes.ts';
import type { Session } from '../../wallet/checked/session.ts';
import { totalsOn } from '../../wallet/checked/state-answers.ts';
import { NodeLie } from '../../wallet/headers/faults.ts';
import { contextAt, endOfBranch } from '../../wallet/headers/verified-chain.ts';
import * as answers from '../../wallet/ledger-answers.ts';
import { checked, describeCheck, verifiedDocument } from '../checked.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { countOf, formatSpan, layFacts } from '../layout.ts';

/** More than any two clocks differ that are set right. */
const AHEAD_MS = 60_000;

interface Told {
  readonly node: string;
  readonly status: answers.Status;
}

export async function run(context: Context): Promise<void> {
  if (context.trust) {
    const client = openClient(context);
    const status = await client.status();
    const told = { node: client.rpc.node, status };
    context.output.result(documentOf(told), () => layFacts(factsOf(told)));
    return;
  }
  const { answer, session } = await checked(context, (session) =>
    session.ask(async (node) => ({ node, status: await ask(session, node) })),
  );
  const verified = verifiedDocument(session, ['height', 'tip', 'stateRoot', 'work', 'supply']);
  context.output.result({ ...documentOf(answer), verified }, () =>
    layFacts([...factsOf(answer), ['checked', describeCheck(session, 'work, tip and supply')]]),
  );
}

/** What the node says of itself, held against its own headers and the state root of its tip. */
async function ask(session: Session, node: string): Promise<answers.Status> {
  for (let again = false; ; again = true) {
    const status = answers.status(await session.rpc.callOn(node, 'status', {}), 'status');
    const branch = await session.branchOf(node);
    const tip = contextAt(branch.contexts, status.height);
    // It may have left that block in between, once.
    if (tip === undefined || toHex(tip.id) !== status.tip) {
      if (!again) continue;
      const { height } = endOfBranch(branch).header;
      throw new NodeLie(
        `it claims block ${status.height} as its tip, but its headers end in another block ${height}`,
      );
    }
    if (toHex(tip.header.stateRoot) !== status.stateRoot || String(tip.work) !== status.work) {
      throw new NodeLie(`it claims another state or work than block ${status.height} has`);
    }
    const { issued, burned } = await totalsOn(session, node, tip.header, tip.id);
    if (status.supply !== issued - burned) {
      const claim = `${formatPier(status.supply)} PIER as the supply`;
      throw new NodeLie(
        `it claims ${claim}, but block ${status.height} holds ${formatPier(issued - burned)}`,
      );
    }
    return status;
  }
}

function documentOf({ status }: Told) {
  return {
    height: status.height,
    tip: status.tip,
    stateRoot: status.stateRoot,
    work: status.work,
    peers: status.peers,
    mempool: status.mempool,
    supply: formatPier(status.supply),
    node: status.node,
    ...(warningsOf(status).length > 0 && { warnings: warningsOf(status) }),
  };
}

/** What the node says is wrong, and what this machine's clock shows. */
function warningsOf(status: answers.Status): readonly string[] {
  const aheadMs = status.time - Date.now();
  const told = status.warnings ?? [];
  // A node on another machine has another clock.
  if (aheadMs < AHEAD_MS || told.some((warning) => warning.includes('clock'))) return told;
  return [
    ...told,
    `the last block is ${formatSpan(aheadMs)} ahead of this machine's clock: one of the clocks is wrong. Set it right, or wait until this one has caught up`,
  ];
}

function factsOf({ status, node }: Told): [string, string | null][] {
  const behind = status.headers - status.height;
  return [
    ['ledger', `${status.name} (${status.chainId.slice(0, 16)}…)`],
    ['height', `${status.height}${behind > 0 ? ` of ${status.headers}: catching up` : ''}`],
    ['tip', status.tip],
    ['state root', status.stateRoot],
    ['last block', `${formatSpan(Date.now() - status.time)} ago`],
    ['work', `${status.work} hashes`],
    ['peers', String(status.peers)],
    ['mempool', countOf(status.mempool, 'transaction')],
    ['supply', `${formatPier(status.supply)} PIER`],
    ['mining', status.mining === null ? 'no' : `${status.mining.hashrate} hashes a second`],
    ...warningsOf(status).map((warning): [string, string] => ['warning', warning]),
    ['node', `${status.node.slice(0, 16)}… at ${node}`],
  ];
}
