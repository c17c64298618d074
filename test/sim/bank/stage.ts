/** Owns what the scenes of the bank share: a world with a quick verifier, peers played by hand, and demands. */

import { decodeBody } from '../../../chain/format/block.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import { headerId } from '../../../chain/format/header.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { type ForgedBlock, forgeBlock, type HeaderLie } from '../../../sim/adversaries/forge.ts';
import { RawPeer } from '../../../sim/adversaries/raw-peer.ts';
import type { SimNode } from '../../../sim/node.ts';
import { World } from '../../../sim/world.ts';
import type { WorldOptions } from '../../../sim/world-options.ts';
import { rememberingVerifier } from '../../chain/model/signatures.ts';

/** Throws if a law is broken. */
export type Scene = () => Promise<void>;

export function makeWorld(options: Omit<WorldOptions, 'replay' | 'verifier'>): World {
  return new World({ ...options, replay: 'npm run bank', verifier: rememberingVerifier });
}

let lastPeer = 100;

/** A peer linked to these nodes; it has no place in a partition, so it reaches all that are in none. */
export async function linkPeer(world: World, nodes: readonly SimNode[] = world.up): Promise<RawPeer> {
  const index = lastPeer++;
  const peer = new RawPeer(index, world.network, world.random.fork(`peer ${index}`));
  for (const node of nodes) peer.dial(node.address, node.reactor!.ledger.chainId);
  await world.until('the peer is linked', () => peer.links.length === nodes.length, 5_000);
  return peer;
}

/** A block on a node's tip, made with the node's own code. */
export async function forge(
  world: World,
  node: SimNode,
  lie: HeaderLie,
  candidates: readonly Transaction[] = [],
): Promise<ForgedBlock> {
  const wallMs = world.params.time + world.now;
  const made = forgeBlock(node.reactor!.ledger, { candidates, miner: world.users.address(0), wallMs, lie });
  return (await world.finish(made, node.life))!;
}

export function keyOf({ header }: ForgedBlock): string {
  return toHex(headerId(header));
}

export function isFollowed(node: SimNode, block: ForgedBlock): boolean {
  return node.reactor!.ledger.activeAt(block.header.height)?.key === keyOf(block);
}

/** The blocks a node follows, from height 1. */
export async function chainOf(node: SimNode): Promise<ForgedBlock[]> {
  const blocks: ForgedBlock[] = [];
  const { ledger } = node.reactor!;
  for (let height = 1; height <= ledger.tip.height; height++) {
    const at = ledger.activeAt(height)!;
    const body = await node.disk.blocks.read(ledger.chainId, at);
    blocks.push({ header: at.header, transactions: decodeBody(body!) });
  }
  return blocks;
}

export function demand(condition: boolean, law: string): asserts condition {
  if (!condition) throw new Error(law);
}
