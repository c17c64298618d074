/**
 * Owns the bank of classic faults: each a small change of the sources, made while a world is bundled, so that shipped
 * code has no seam for it. `scenes` are where it is looked for first; every other scene follows.
 */
import { BODY_FAULTS } from './body-faults.mjs';
import { fault } from './fault.mjs';
import { FILE_FAULTS } from './file-faults.mjs';
import { LAW_FAULTS } from './law-faults.mjs';
import { NETWORK_FAULTS } from './network-faults.mjs';
import { NODE_FAULTS } from './node-faults.mjs';
import { STORAGE_FAULTS } from './storage-faults.mjs';

const RULES = 'chain/consensus/header-rules.ts';
const EXECUTE = 'chain/state/execute.ts';
const LEDGER = 'chain/ledger/ledger.ts';

/** @type {readonly import('./fault.mjs').Fault[]} */
export const FAULTS = [
  // Headers
  fault(
    'proof of work is only looked at',
    RULES,
    'return compareBytes(id, targetBytesOf(bits)) <= 0;',
    'compareBytes(id, targetBytesOf(bits));\n  return true;',
    'life',
  ),
  {
    name: 'ties switch',
    scenes: ['life'],
    edits: [
      {
        file: 'chain/ledger/fork-choice.ts',
        find: 'if (next.work > this.#best.work) this.#best = next;',
        replace: 'if (next.work >= this.#best.work) this.#best = next;',
      },
      {
        file: LEDGER,
        find: 'if (target === this.tip || target.work <= this.tip.work) {',
        replace: 'if (target === this.tip || target.work < this.tip.work) {',
      },
      {
        file: LEDGER,
        find: "assert(tip.work > this.tip.work, 'the work of the tip never falls');",
        replace: '',
      },
      { file: LEDGER, find: '|| at.work <= from.work) {', replace: '|| at.work < from.work) {' },
    ],
  },
  fault(
    'bits are not checked',
    RULES,
    'if (header.bits !== childBits(params, parent))',
    'if (header.bits === 0)',
    'easy bits',
  ),
  fault(
    'elapsed time is not checked',
    RULES,
    'if (header.elapsed !== nextElapsed(difficultyOf(params), above, header.time))',
    'if (header.elapsed < 0)',
    'false elapsed',
  ),
  fault(
    'elapsed time is not capped',
    'chain/consensus/difficulty.ts',
    'return parent.elapsed + Math.min(time - parent.time, params.halfLifeMs);',
    'return parent.elapsed + time - parent.time;',
    'sleep',
  ),
  fault(
    'the bound on the future is ignored',
    RULES,
    'if (header.time > wallMs + params.limits.futureMs) {',
    'if (header.time > wallMs + 1e15) {',
    'future block',
  ),
  fault(
    'a block of the future is invalid for good',
    'p2p/sync/header-sync.ts',
    "if (error.kind === 'early') {",
    "if (error.kind === 'early') return null;\n    if (error.kind === 'early') {",
    'future block',
  ),
  fault(
    'the difficulty looks at the height after',
    'chain/consensus/difficulty.ts',
    'heightDelta: parent.height,',
    'heightDelta: parent.height + 1,',
    'life',
  ),
  // Bodies
  fault(
    'a duplicated Merkle tail gives the same root',
    'chain/format/merkle.ts',
    'above.push(right === undefined ? level[i]! : innerOf(level[i]!, right));',
    'above.push(innerOf(level[i]!, right ?? level[i]!));',
    'life',
  ),
  fault(
    'signatures of a block are not checked',
    LEDGER,
    'if (fault !== null) throw new Fault(node, fault);',
    '',
    'unsigned block',
  ),
  fault(
    'the state root is not compared',
    'chain/ledger/connector.ts',
    'if (!equalBytes(root, node.header.stateRoot)) {',
    'if (root.length === 0) {',
    'false state',
  ),
  // Execution
  fault(
    'the signature leaves out the ledger',
    'chain/format/transaction.ts',
    'return [DOMAIN.transactionSignature, chainId, unsignedBytes];',
    'return [DOMAIN.transactionSignature, unsignedBytes];',
    'life',
  ),
  fault(
    'a nonce gap is taken',
    EXECUTE,
    'if (tx.nonce > sender.nonce) throw',
    'if (tx.nonce < 0) throw',
    'forgeries',
  ),
  fault(
    'a used nonce is taken',
    EXECUTE,
    'if (tx.nonce < sender.nonce)',
    'if (tx.nonce < sender.nonce - 1)',
    'forgeries',
  ),
  fault('a wrong key is taken', EXECUTE, "if (!holds) throw new RuleError('WRONG_KEY');", '', 'forgeries'),
  fault(
    'a locked account sends',
    EXECUTE,
    "if (sender.locked) throw new RuleError('LOCKED');",
    '',
    'locked account',
  ),
  fault(
    'an expired transaction is mined',
    EXECUTE,
    'if (tx.validUntil < height)',
    'if (tx.validUntil < height - 20)',
    'forgeries',
  ),
  fault('the fee is not looked at', EXECUTE, 'checkFee(params, tx);', '', 'forgeries'),
  fault(
    'the balance is not looked at',
    EXECUTE,
    'if (effect.cost > known.balance) {',
    'if (effect.cost < 0) {',
    'forgeries',
  ),
  fault('fees are not counted', EXECUTE, 'fees += tx.fee;', '', 'life'),
  fault(
    'the surcharge is not burned',
    EXECUTE,
    'if (effect.burned > 0) state.totals().burned += effect.burned;',
    '',
    'life',
  ),
  fault(
    'a reward is credited twice',
    EXECUTE,
    'balance += pending.reward + pending.fees;',
    'balance += 2 * pending.reward + pending.fees;',
    'life',
  ),
  fault(
    'a reward matures a block early',
    EXECUTE,
    'const pending = state.pending(pendingName(height, params.reward.maturity));',
    'const pending = state.pending(pendingName(height + 1, params.reward.maturity));',
    'life',
  ),
  fault(
    'a deposit is not returned',
    'chain/state/records.ts',
    'sender.balance += Math.max(0, -delta);',
    '',
    'life',
  ),
  fault(
    'a given record leaves its deposit behind',
    'chain/state/records.ts',
    'heir.changeAccount(height).deposits += old.deposit;',
    '',
    'life',
  ),
  // Reorganisations
  fault(
    'the undo forgets the nonce',
    'chain/ledger/undo.ts',
    'map(({ key, before }) => ({ key, before: null, after: before }))',
    'map(({ key, before }) => ({ key, before: null, after: before !== null && before[0] === 1 ? Uint8Array.from(before, (b, k) => (k === 16 ? b + 1 : b)) : before }))',
    'life',
  ),
  fault(
    'the mempool goes on counting what has left it',
    'chain/pool/mempool.ts',
    'this.#memory -= memoryOf(entry.transaction);',
    '',
    'life',
  ),
  fault(
    'the mempool is not restored after a reorganisation',
    'chain/pool/follow.ts',
    'const again = [...back, ...stale.flatMap',
    'const again = [...stale.flatMap',
    'partition',
  ),
  fault(
    'what a reorganisation displaced is acknowledged no more',
    'chain/ledger/queue.ts',
    'if (back.length > 0) await this.keep(back);',
    '',
    'lone reorganisation',
  ),
  fault(
    'an index survives its block',
    'chain/ledger/connector.ts',
    'for (const { id } of transactions) this.#overlay.put(transactionRow(id), null);',
    '',
    'life',
  ),
  ...NODE_FAULTS,
  ...STORAGE_FAULTS,
  ...FILE_FAULTS,
  ...BODY_FAULTS,
  ...LAW_FAULTS,
  ...NETWORK_FAULTS,
];
