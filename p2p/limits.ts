/**
 * Owns every limit and time-out of the protocol: value, unit in the name, reason. The relations between them are
 * asserted at the end, so that a change of one can't quietly break another. It holds no state.
 */

import { assert } from '../chain/errors.ts';
import { BODY_TRANSACTIONS_MAX } from '../chain/format/block.ts';
import { BLOCK_BYTES_MAX } from '../chain/format/params.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

// Links
/** Links we dial: enough that no single group of machines is likely to hold all of them. */
export const OUTBOUND_TARGET = 8;
/** Links others dial; above it the least useful one makes room. */
export const INBOUND_MAX = 64;
/** Inbound links still in their handshake: they cost a socket and a signature check each, and have shown nothing yet. */
export const INBOUND_GREETING_MAX = 32;
/** Time that each of them is given even if there are more: several round trips of an honest one. */
export const INBOUND_GREETING_GRACE_MS = 2_000;
/** Links in their handshake above which even the youngest make room: some 30 kB each. */
export const INBOUND_GREETING_RUSH = 256;
/** From the opening of a link to its last handshake message. Several round trips on the slowest link we care for. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A link on which nothing has come for so long is probed: a dead one is found within a minute and a half. */
export const PING_INTERVAL_MS = 30_000;
/** And any link so often: of several round trips the least tells the distance, by which some are kept from eviction. */
export const PING_MEASURE_MS = 600_000;
/** A pong may wait behind a queue of `SEND_HIGH_BYTES` on a slow link. */
export const PING_TIMEOUT_MS = 60_000;

// Sending
/** Bytes handed to a link's transport and not yet drained above which the link is congested: no more answers. */
export const SEND_HIGH_BYTES = 2 * MIB;
/** Bytes queued on a link above which its reader is given up: one answer of the largest size over the mark, and slack. */
export const SEND_QUEUE_BYTES_MAX = 8 * MIB;
/** Bytes queued on all links together, above which the slowest is given up: many slow readers are no more than some. */
export const SEND_QUEUES_BYTES_MAX = 32 * MIB;
/** Part of that queue which bodies leave to all else. */
export const SEND_SLACK_BYTES = MIB;

// Receiving
/** Frames of requests that wait for the link to drain or for its budget; honest peers have fewer requests in flight. */
export const DEFERRED_FRAMES_MAX = 256;
export const DEFERRED_BYTES_MAX = 256 * KIB;
/** A message type that isn't known is ignored up to this size: room for what later versions may say. */
export const UNKNOWN_BYTES_MAX = 64 * KIB;
/** Bytes a peer may make us hold (frames that wait, transactions in check, blocks half rebuilt, commitments). */
export const HELD_BYTES_MAX = 16 * MIB;
/** And all peers together; beyond it each may still make us hold its fair share. */
export const HELD_BY_ALL_BYTES_MAX = 64 * MIB;
export const HELD_FAIR_BYTES = MIB / 2;
/** Budget of a peer in work units, about a microsecond each: it may use a quarter of a core, with bursts of a second. */
export const BUDGET_UNITS_PER_SECOND = 250_000;
export const BUDGET_UNITS_MAX = 1_000_000;
/** Requests of all peers together are served for so long in one go, and for half of the time in the long run. */
export const SERVING_UNITS_MAX = 40_000;
export const SERVING_UNITS_PER_SECOND = 500_000;
/** Debt at which a peer that goes on pushing is closed. */
export const DEBT_UNITS_MAX = 1_000_000;

// Addresses
/** Longest ws:// URL of a node: a 253-character host name is legal in DNS, but nobody types one. */
export const ADDRESS_BYTES_MAX = 64;
export const AGENT_BYTES_MAX = 32;
/** Addresses in one message. */
export const ADDRESSES_MAX = 64;
/** Addresses taken from a peer we dialled, and so asked: a burst of full answers, then one in ten seconds. */
export const ADDRESS_TOKENS_MAX = 128;
/** Of one that dialled us, at first: news only. Links are cheap, and each new one would bring a burst of its own. */
export const ADDRESS_TOKENS_INBOUND = 4;
export const ADDRESS_TOKENS_PER_SECOND = 0.1;
/** A link's request for addresses is answered once in this time. */
export const ADDRESS_ANSWER_INTERVAL_MS = 600_000;
/** An address heard in a message of at most this many is news; it is passed on to `ADDRESS_RELAY_LINKS` others. */
export const ADDRESS_NEWS_MAX = 4;
export const ADDRESS_RELAY_LINKS = 2;
/** Address book: buckets × slots. 2,048 heard of and 512 met. */
export const NEW_BUCKETS = 64;
export const TRIED_BUCKETS = 16;
export const BUCKET_SLOTS = 32;
/** Buckets that what one network group tells us can reach: an eighth of those heard of. */
export const NEW_BUCKETS_PER_SOURCE = 8;
/** The book is written this long after a change, and at most this often. */
export const SAVE_DELAY_MS = 5_000;
export const SAVE_INTERVAL_MS = 60_000;
/** Dials: the first retry, its doubling's end, and how many at once. */
export const DIAL_BACKOFF_MS = 1_000;
export const DIAL_BACKOFF_MAX_MS = 300_000;
/** The same for addresses the operator named: few, and after an outage they should be back soon. */
export const DIAL_BACKOFF_PINNED_MAX_MS = 15_000;
export const DIALS_MAX = 4;
/** Addresses the operator named. */
export const MANUAL_MAX = 256;
/** Outbound links into one network group (IPv4 /16, IPv6 /32, all names together); loopback is exempt. */
export const OUTBOUND_PER_GROUP = 2;
/** Oldest outbound links that are dialled first after a restart. */
export const ANCHORS_MAX = 2;
/** With all outbound links in place, another address is tried this often: a handshake of some milliseconds. */
export const FEELER_INTERVAL_MS = 120_000;
/** And this often while no block has come for the time of so many: by chance alone, that happens once in 400 blocks. */
export const FEELER_STALE_INTERVAL_MS = 10_000;
export const STALE_TIP_BLOCKS = 6;
/** One found to claim more work than our tip has is kept this long to show it: several requests and their time-outs. */
export const FEELER_TRIAL_MS = 60_000;
/** On trial at once: liars among them don't keep out who tells the truth. */
export const FEELER_TRIALS_MAX = 8;
/** Of those that showed it, so many stay beside the outbound target. */
export const EXTRA_OUTBOUND_MAX = 2;
/** Hosts that were false to us. */
export const DISCOURAGED_MAX = 1_024;

// Transactions
/** Ids in one announcement. */
export const ANNOUNCE_IDS_MAX = 1_024;
/** Ids in one request: their answer, at the largest size of a transaction, stays around 1 MiB. */
export const TRANSACTIONS_MAX = 128;
/** Requests for transactions in flight to one peer: 1,024 transactions a round trip. */
export const TRANSACTION_REQUESTS_MAX = 8;
export const TRANSACTION_TIMEOUT_MS = 5_000;
/** Announced transactions of one peer that wait to be asked for; more are forgotten. */
export const ANNOUNCED_PER_PEER_MAX = 4_096;
/** Peers remembered as having an announced transaction: who is asked when the first doesn't deliver. */
export const ANNOUNCERS_MAX = 8;
/** Ids of each of two generations that a peer is known to know. */
export const KNOWN_PER_PEER_MAX = 8_192;
/** Ids refused since the last tip, in each of two generations. */
export const REFUSED_MAX = 16_384;
/** Ids that nobody brought in time, in each of two generations: on a slow link they still come. */
export const LATE_MAX = 4_096;
/** Ids that wait to be announced to one peer; the oldest are forgotten. */
export const UNANNOUNCED_MAX = 65_536;
/**
 * Ids a peer is told of before it asks for some: with what it has asked for they fit what it takes of one peer
 * (`ANNOUNCED_PER_PEER_MAX`), or the end of a large mempool would be told in vain.
 */
export const ANNOUNCE_WINDOW_IDS = 3 * ANNOUNCE_IDS_MAX;
/** A peer that asks for nothing so long after an announcement knows it all: a round trip and a busy moment. */
export const ANNOUNCE_QUIET_MS = 1_000;
/** Between two steps of announcing to one peer. */
export const ANNOUNCE_PAUSE_MS = 20;
/** Transactions asked of one peer that may yet be refused: in one go, and for each second that passes. */
export const VAIN_MAX = 4_096;
export const VAIN_PER_SECOND = 1_250;
/** Bytes of one peer's transactions at the reactor for a check. */
export const CHECKING_BYTES_MAX = 4 * MIB;

// Block relay
/** Blocks whose transactions are kept for peers that miss some. */
export const RECENT_BLOCKS = 4;
/** Blocks half rebuilt, one peer each. */
export const REBUILDS_PER_PEER_MAX = 2;
/** The missing transactions of a pushed block; after it the whole body is asked for, of anyone. */
export const REBUILD_TIMEOUT_MS = 2_000;
/** Blocks kept whole whose time has not come: clocks differ, and miners of one moment are few. */
export const EARLY_BLOCKS_MAX = 4;
/** Blocks a peer is known to have, so that they aren't pushed back. */
export const PEER_BLOCKS_MAX = 64;
/** Announcements of a tip that wasn't pushed: one in this time for each link. */
export const TIP_INTERVAL_MS = 500;

// Sync
export const LOCATOR_MAX = 64;
/** Headers in one answer. Checking one takes about 50 µs, so an answer is a step of some 25 ms. */
export const HEADERS_MAX = 500;
export const HEADERS_TIMEOUT_MS = 15_000;
/** How long one peer's walk keeps others from starting theirs: they would send the same headers. */
export const HEADERS_TURN_MS = 20_000;
/** And while it lets us wait for an answer. */
export const HEADERS_PATIENCE_MS = 2_000;
/** Headers of one peer in the tree whose bodies haven't come. */
export const UNPROVEN_HEADERS_MAX = 8_192;
/** Every so many blocks, headers that the tree has forgotten stop counting to who brought them. */
export const SWEEP_BLOCKS = 256;
/** Depth below the tip, in blocks of the tip's work, down to which a branch is stored without being counted first. */
export const LOW_WORK_BLOCKS = 144;
/** Batches of a low-work walk: 32 million headers, 2 MiB of commitments. */
export const PRESYNC_BATCHES_MAX = 65_536;
/** A header that is too early is asked for again after the time it lacks, within these. */
export const EARLY_RETRY_MIN_MS = 500;
export const EARLY_RETRY_MAX_MS = 60_000;
/** Ids in one request for bodies. */
export const BODIES_MAX = 16;
/** Bodies in flight to one peer: at first, and the range it adapts in. */
export const BODIES_IN_FLIGHT_START = 16;
export const BODIES_IN_FLIGHT_MIN = 4;
export const BODIES_IN_FLIGHT_MAX = 64;
/** Blocks from the first missing one that may be asked for. */
export const WINDOW_BLOCKS = 1_024;
/** Bodies held by the ledger and in flight. */
export const WINDOW_BYTES = 64 * MIB;
/** Without any body from a peer for so long, its requests go to others. */
export const BODY_TIMEOUT_MS = 8_000;
/** So long a peer that didn't have a block which our disk has lost isn't asked for such blocks. */
export const LOST_PAUSE_MS = 30_000;
/** Time-outs in a row that a peer survives. */
export const BODY_TIMEOUTS_MAX = 3;
/** A peer that was late isn't asked for this long if others can be. */
export const BODY_PAUSE_MS = 5_000;
/** A peer that holds up the window is passed over after this; doubled each time up to the other. */
export const STALL_MS = 2_000;
export const STALL_MAX_MS = 16_000;
/** The lowest missing block is asked of another after this, even if the peer brings others. */
export const KEPT_BACK_MS = 16_000;
/** Bodies asked of us that wait, and those being read, for one peer. */
export const SERVING_MAX = 2 * BODIES_IN_FLIGHT_MAX;
export const READS_PER_PEER_MAX = 8;
export const READS_MAX = 64;

assert(
  SEND_QUEUE_BYTES_MAX >= SEND_HIGH_BYTES + BLOCK_BYTES_MAX + SEND_SLACK_BYTES,
  'a congested link has room for one answer',
);
assert(INBOUND_GREETING_GRACE_MS < HANDSHAKE_TIMEOUT_MS, 'a crowd shortens the time for a handshake');
assert(PING_TIMEOUT_MS > PING_INTERVAL_MS, 'at most one ping is outstanding');
assert(ADDRESS_TOKENS_MAX >= ADDRESSES_MAX, 'one full answer of addresses is taken');
assert(ADDRESS_TOKENS_INBOUND >= ADDRESS_NEWS_MAX, 'one message of news is taken');
assert(FEELER_TRIALS_MAX * FEELER_STALE_INTERVAL_MS > FEELER_TRIAL_MS, 'trials end as quickly as they begin');
assert(BODIES_MAX <= BODIES_IN_FLIGHT_MIN * 4, 'a batch of bodies is not far above the least in flight');
assert(BODIES_IN_FLIGHT_MIN <= BODIES_IN_FLIGHT_START, 'the range of bodies in flight contains its start');
assert(BODIES_IN_FLIGHT_START <= BODIES_IN_FLIGHT_MAX, 'the range of bodies in flight contains its start');
assert(
  SERVING_MAX >= 2 * BODIES_IN_FLIGHT_MAX,
  'an honest peer with late answers never overruns what is served',
);
assert(WINDOW_BYTES >= 8 * BLOCK_BYTES_MAX, 'the window holds several of the largest bodies');
assert(WINDOW_BLOCKS >= 4 * BODIES_IN_FLIGHT_MAX, 'several peers fill the window');
assert(UNPROVEN_HEADERS_MAX >= 2 * WINDOW_BLOCKS + 2 * HEADERS_MAX, 'headers run ahead of the window');
assert(REBUILD_TIMEOUT_MS < BODY_TIMEOUT_MS, 'a rebuild gives up before a body would');
assert(STALL_MAX_MS >= STALL_MS && HEADERS_TURN_MS > HEADERS_TIMEOUT_MS, 'turns outlast one answer');
assert(
  HELD_BYTES_MAX >= CHECKING_BYTES_MAX + BLOCK_BYTES_MAX + DEFERRED_BYTES_MAX,
  'the parts fit the whole',
);
assert(
  HELD_BYTES_MAX >= CHECKING_BYTES_MAX + 32 * PRESYNC_BATCHES_MAX + DEFERRED_BYTES_MAX,
  'commitments fit',
);
assert(
  ANNOUNCE_WINDOW_IDS + TRANSACTION_REQUESTS_MAX * TRANSACTIONS_MAX <= ANNOUNCED_PER_PEER_MAX,
  'what is announced in one go is taken',
);
assert(KNOWN_PER_PEER_MAX >= ANNOUNCED_PER_PEER_MAX, 'what a peer announced is remembered as known');
assert(BODY_TRANSACTIONS_MAX <= 65_536, 'an index of a block fits two bytes');
