/** A world in which nothing goes wrong: five nodes, ten-second blocks, a payment a second. Runs as a thread. */
import { parentPort } from 'node:worker_threads';
import { signQuickly, quickVerifier as verifier } from '../../../cli/quick-signatures.ts';
import { verifyStrictNode as verify } from '../../../node/verifier.ts';
import { World } from '../../../sim/world.ts';

const NODES = 5;
const USERS = 8;

const port = parentPort!;
const options = { seed: 1, nodes: NODES, users: USERS, replay: 'npm run bench -- sim' };
const world = new World({ ...options, verifier, verify, sign: signQuickly });
const linked = (): boolean =>
  world.up.length === NODES && world.up.every(({ reactor }) => reactor!.machine.peers().length === NODES - 1);
await world.until('all are linked', linked, 60_000);
let second = 0;

/** Lets so many virtual minutes pass. */
port.on('message', async (minutes: number) => {
  for (let i = 0; i < minutes * 60; i++, second++) {
    // Half of the users are funded: each pays the one beside it, by way of every node in turn.
    const user = (2 * second) % USERS;
    await world.pay(world.nodes[second % NODES]!, user, user + 1, 1_000);
    await world.run(1_000);
  }
  port.postMessage(world.nodes[0]!.reactor!.ledger.tip.height);
});
port.postMessage(0);
