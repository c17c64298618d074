/**
 * Owns the names of the events the machine reports, for logs and metrics. It holds no state; how often an event comes
 * is bounded by what causes it, and events a peer could cause at will are reported with its closing only.
 */
const TABLE = {
  peerReady: 'a handshake is done: link, node, inbound, agent, height',
  peerClosed: 'a link is closed by us: link, node, code, reason',
  peerLost: 'a link is closed by the other side or the network: link, node',
  headersAdded: 'headers came into the tree: link, count, height',
  lowWork: 'a branch with too little work was left alone: link',
  presyncDone: 'a long low-work walk has shown enough work and is walked again to be kept: link, height',
  headerEarly: 'a header is too far in the future and will be asked for again: link, height',
  blockPushed: 'a block was pushed to peers: height, links',
  blockRebuilt: 'a pushed block was rebuilt: link, height, asked (transactions that had to be asked for)',
  blockFallback: 'a pushed block could not be rebuilt, its whole body is asked for: link, height, cause',
  bodyLate: 'requests for bodies passed their deadline: link, count',
  bodyInvalid: 'the body of a block breaks a rule of structure or a limit of the ledger: height, code',
  transactionsLate: 'a request for transactions passed its deadline: link, count',
} as const satisfies Record<string, string>;

export type EventName = keyof typeof TABLE;

/** Every event with its meaning and fields. */
export const EVENT_TABLE: Readonly<Record<EventName, string>> = TABLE;
