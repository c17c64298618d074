/** Owns the scenes about block files: damage that is found, passed over and repaired, and a store that is made again. */
import { FRAME_HEAD_BYTES, FRAMES_AT } from '../../../chain/files/frame.ts';
import { FrameFile } from '../../../chain/files/frame-file.ts';
import { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { HEADER_BYTES } from '../../../chain/format/header.ts';
import { blockFileName } from '../../../chain/ledger/block-files.ts';
import { META } from '../../../chain/ledger/store-keys.ts';
import { openStoredBlocks } from '../../../chain/ledger/stored-blocks.ts';
import type { SimNode } from '../../../sim/node.ts';
import { demand, makeWorld, type Scene } from './stage.ts';

const FIRST = blockFileName(0);

/** Inverts a bit of the body of the block at a height. */
function hurt(node: SimNode, height: number): void {
  const { place } = node.reactor!.ledger.activeAt(height)!;
  node.disk.harmed = true;
  node.disk.blocks.files.find(FIRST)!.flip((place + FRAME_HEAD_BYTES + HEADER_BYTES) * 8);
}

/** A node without its store and its header file has all its blocks back, alone. */
async function rebuildAlone(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 1 });
  await world.run(120_000);
  const [node] = world.nodes;
  const { tip } = node!.reactor!.ledger;
  demand(tip.height > 3, 'there are blocks');
  node!.crash();
  node!.disk.damage(META.tip);
  node!.disk.blocks.files.removeNow('headers');
  node!.start();
  await world.until('it is up', () => node!.atRest, 60_000);
  demand(node!.reactor!.ledger.activeAt(tip.height)?.key === tip.key, 'the blocks are those it had');
}

/** A damaged block is said to be lost, never shown; a peer brings it, and those behind it in the file stay. */
async function damagedBlock(): Promise<void> {
  const world = makeWorld({ seed: 2, nodes: 2 });
  await world.run(120_000);
  const [node] = world.nodes;
  const { ledger } = node!.reactor!;
  demand(ledger.tip.height > 3, 'there are blocks');
  const count = ledger.tip.height;
  hurt(node!, 2);
  const files = node!.disk.blocks.files.copy();
  files.removeNow('headers');
  const { found } = await openStoredBlocks(files, ledger.chainId);
  demand(found.size >= count - 1, `${found.size} of ${count} blocks are found though one is damaged`);
  const lost = ledger.activeAt(2)!;
  const answer = await world.finish(
    ledger.readBody(lost).then(
      () => 'shown',
      (error) => String(error.code),
    ),
    node!.life,
  );
  demand(answer === 'BLOCK_LOST', `a damaged block is ${answer}`);
  await world.until('the block is back', () => ledger.lost.size === 0, 300_000);
  demand((await node!.disk.blocks.read(ledger.chainId, lost)) !== null, 'the block can be read again');
}

/** Bytes of a frame at another place, as a peer could have them stored if it knew them, are none. */
async function imitation(): Promise<void> {
  const files = new MemoryFiles();
  const head = { kind: 1, owner: new Uint8Array(32) };
  const file = await FrameFile.create(files, 'a', head);
  await file.append([{ type: 1, parts: [new Uint8Array(40).fill(7)] }]);
  const own = files.find('a')!.get(FRAMES_AT, 1_000);
  const [at] = await file.append([{ type: 2, parts: [own] }]);
  files.find('a')!.flip(at! * 8);
  const types: number[] = [];
  await file.scan(0, ({ type }) => {
    types.push(type);
  });
  demand(types.join() === '1', `a scan finds the frames ${types.join()}`);
}

export const fileScenes: Readonly<Record<string, Scene>> = {
  'rebuild alone': rebuildAlone,
  'damaged block': damagedBlock,
  imitation,
};
