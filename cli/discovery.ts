/**
 * Owns finding nodes without being told: a running testnet first, then the node of `pier node start`. Only files are
 * read: whether a node answers is found out by asking it, and the client goes on with another if it doesn't.
 */
import { existsSync } from 'node:fs';
import { CliError } from './faults.ts';
import { findRunningNode, type NodeFile } from './node-file.ts';
import type { Places } from './places.ts';
import { nodeIndices } from './testnet/folders.ts';
import { nodeDir, planPath } from './testnet/plan.ts';
import { dialable } from './wildcard.ts';

export interface Found {
  /** Whose ledger the nodes must be of: the testnet of this machine, its node, or none that is known here. */
  readonly kind: 'testnet' | 'node' | 'none';
  readonly urls: readonly string[];
  /** Other nodes of the same network: good for comparing, and not to be asked instead of those that were named. */
  readonly others: readonly string[];
  /** True if Pier started all of these nodes on this machine. Such nodes execute every block for the user. */
  readonly own: boolean;
}

/** The nodes to ask. With `given` URLs just those, which may turn out to be ones that run here. */
export function findNodes(places: Places, given: readonly string[]): Found {
  const testnet = findTestnetNodes(places.testnet).map(({ rpc }) => rpc);
  if (given.length > 0) return findNamed(places, given, testnet);
  if (testnet.length > 0) return { kind: 'testnet', urls: testnet, others: [], own: true };
  const node = places.testnetChosen ? null : findRunningNode(places.node);
  return node === null
    ? { kind: 'none', urls: [], others: [], own: false }
    : { kind: 'node', urls: [node.rpc], others: [], own: true };
}

/** `--dir` names a testnet and so its ledger; without it a node is known by its address, or not at all. */
function findNamed(places: Places, given: readonly string[], testnet: readonly string[]): Found {
  const named = new Set(given.map(normalise));
  const isOf = (urls: readonly string[]) => {
    const known = new Set(urls.map(normalise));
    return given.every((url) => known.has(normalise(url)));
  };
  const own = isOf(testnet);
  if (own || (places.testnetChosen && existsSync(planPath(places.testnet)))) {
    const others = testnet.filter((url) => !named.has(normalise(url)));
    return { kind: 'testnet', urls: given, others, own };
  }
  const node = findRunningNode(places.node);
  return node !== null && isOf([node.rpc])
    ? { kind: 'node', urls: given, others: [], own: true }
    : { kind: 'none', urls: given, others: [], own: false };
}

/** 'NO_NODE' with what to do if nothing was found. */
export function needNodes(found: Found, places: Places): readonly string[] {
  if (found.urls.length > 0) return found.urls;
  const where = places.testnetChosen
    ? `no testnet runs in ${places.testnet}`
    : 'no testnet and no node runs here';
  throw new CliError('NO_NODE', where, 'start one with: npm start   (or name a node with --node URL)');
}

/** The nodes of the testnet that run, by index. */
function findTestnetNodes(dir: string): NodeFile[] {
  return nodeIndices(dir)
    .map((index) => findRunningNode(nodeDir(dir, index)))
    .filter((file) => file !== null);
}

function normalise(url: string): string {
  return URL.canParse(url) ? new URL(dialable(url)).origin.replace('//localhost:', '//127.0.0.1:') : url;
}
