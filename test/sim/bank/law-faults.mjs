/** Owns the faults of the bank that are made in recoveries, in what holds per peer, and in going back; and bugs of before. */
import { fault } from './fault.mjs';

const KEYS = 'chain/state/key-rules.ts';
const EXECUTE = 'chain/state/execute.ts';
const CONNECTOR = 'chain/ledger/connector.ts';
const FETCHER = 'p2p/gossip/transaction-fetcher.ts';

/** @type {readonly import('./fault.mjs').Fault[]} */
export const LAW_FAULTS = [
  // Recoveries
  fault('anybody recovers', KEYS, "throw new RuleError('NOT_RECOVERY');", ';', 'false recoveries'),
  fault(
    'a claim need not wait',
    KEYS,
    'if (context.height < pending.at) throw',
    'if (context.height < 0) throw',
    'false recoveries',
  ),
  fault(
    'a young key vetoes',
    KEYS,
    "if (height - sender.rotatedAt <= delay) throw new RuleError('KEY_TOO_YOUNG');",
    '',
    'false recoveries',
  ),
  fault('a rotation leaves its height out', KEYS, 'sender.rotatedAt = height;', '', 'life'),
  fault('a claim leaves the account locked', KEYS, 'changed.locked = false;', '', 'recovery'),
  fault(
    'another recovery account counts at once',
    KEYS,
    'else account.pendingChange = { recovery: next, at: height + recovery.delay };',
    'else account.recovery = next;',
    'life',
  ),
  fault(
    'a history forgets who else was touched',
    EXECUTE,
    'for (const place of places) context.state.touchAccount(place, tx.id, index);',
    'context.state.touchAccount(context.state.placeOf(tx.sender), tx.id, index);',
    'life',
  ),
  // Going back
  fault(
    'an undo leaves the index of touches',
    CONNECTOR,
    'this.#overlay.put(touchWrite(key, { height: node.height, index }, before)[0], null);',
    '',
    'life',
  ),
  fault(
    'an undo leaves records with the wrong owner in the index',
    CONNECTOR,
    'this.#overlay.putAll(ownerMoves(records));',
    '',
    'life',
  ),
  // What is held and waited for
  fault(
    'requests to one peer are not bounded',
    FETCHER,
    ' || requests.size >= limits.TRANSACTION_REQUESTS_MAX',
    '',
    'announcement flood',
  ),
  fault(
    'ids that a peer knows are never forgotten',
    'p2p/gossip/known-filter.ts',
    'if (this.#young >= this.#size) this.#age();',
    '',
    'announcement flood',
  ),
  fault(
    'a link that is gone is still told of transactions',
    'p2p/gossip/announcer.ts',
    'this.#states.delete(peer.link);',
    '',
    'life',
  ),
  fault(
    'what the reactor is done with still counts as handed over',
    'p2p/sync/download-path.ts',
    'if (this.#handed.delete(node) && !node.hasBody',
    'if (this.#handed.has(node) && !node.hasBody',
    'life',
  ),
  fault(
    'a request for transactions has no end',
    FETCHER,
    'if (this.#wire.nowMs < deadlineMs) break;',
    'break;',
    'silent announcer',
  ),
  fault(
    'a pong is waited for without end',
    'p2p/peers/keep-alive.ts',
    'return sent.atMs + PING_TIMEOUT_MS;',
    'return sent.atMs + 100 * PING_TIMEOUT_MS;',
    'stalled link',
  ),
  fault(
    'transactions are announced to who knows them',
    'p2p/gossip/announcer.ts',
    'if (!known.hasNumber(number)) waiting.push(tx);',
    'if (known.hasNumber(number)) waiting.push(tx);',
    'life',
  ),
  {
    name: 'an account appears that nobody paid for',
    scenes: ['life'],
    edits: [
      {
        file: EXECUTE,
        find: 'const name = recordName(record);',
        replace:
          'const name = recordName(record);\n    const nobody = accountName(record.slice(0, 20));\n    refs.set(nobody, accountRefNamed(nobody, record.slice(0, 20)));',
      },
      {
        file: EXECUTE,
        find: 'const sender = place.changeAccount(height);',
        replace:
          'const record = recordOf(tx);\n  if (record !== null) state.changeAccount(record.slice(0, 20), height);\n  const sender = place.changeAccount(height);',
      },
    ],
  },
  // Bugs of before: each with the world that found it
  fault(
    'what waited and lost its place is given up without a word',
    'node/reactor/admissions.ts',
    'else if (link === null && !isHere(error))',
    "else if (link === null && error.kind !== 'policy')",
    'regressions',
  ),
  fault(
    'the mempool keeps what a stopped recovery made bad',
    'chain/pool/follow.ts',
    'for (const address of pool.fickleSenders()) stale.set(accountName(address), address);',
    '',
    'regressions',
  ),
  fault(
    'a store whose version is damaged is a new one',
    'chain/ledger/open.ts',
    'if (tip === undefined && (await isEmpty(store))) {',
    'if (format === undefined) {',
    'regressions',
  ),
  fault(
    'bodies of lost branches stay',
    'chain/ledger/ledger.ts',
    '            this.#bodies.letGo(this.#choice, this.tip);\n',
    '',
    'regressions',
  ),
];
