/**
 * Owns what goes wrong in a life: draws one fault after the other, has it happen, and has most of them end again. It
 * keeps the world whole enough to be judged: what every disk has lost is lost, so only those of a minority are damaged,
 * and two others of the first nodes stay; nodes leave only as long as those that stay know each other.
 */
import type { SimNode } from './node.ts';
import type { FaultName } from './plan.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** A crashed node is down, a way clogged, a disk full for about so long. */
const LASTS_MS = 15_000;
const LAG_MS = 2_000;
const LOSS_PER_MILLE = 200;

export class Faults {
  readonly #world: World;
  readonly #random: Random;
  readonly #names: readonly FaultName[];

  constructor(world: World, random: Random, names: readonly FaultName[]) {
    this.#world = world;
    this.#random = random;
    this.#names = names;
  }

  /** One more goes wrong. */
  act(): void {
    // Now and then all is well for a while, or one broken world would hide the next.
    if (this.#random.chance(1, 6)) this.#relieve();
    if (this.#names.length === 0) return;
    const fault = this.#random.pick(this.#names);
    this.#world.watch.note(`fault ${fault}`);
    this.#do(fault);
  }

  /** All of it ends. Whoever is to join does, and whoever hasn't left runs. */
  end(): void {
    const { network, nodes } = this.#world;
    network.heal();
    for (const node of nodes) {
      node.disk.full = false;
      network.lag(node.index, 0);
      network.lose(node.index, 0);
      node.start();
    }
  }

  #relieve(): void {
    this.#world.watch.note('fault heal');
    this.#world.network.heal();
    for (const node of this.#world.nodes) node.disk.full = false;
  }

  #do(fault: FaultName) {
    const { network } = this.#world;
    const node = this.#random.pick(this.#world.members.filter(({ hasJoined }) => hasJoined));
    switch (fault) {
      case 'cut':
      case 'stall':
        return network.split(this.#groups(), fault === 'cut');
      case 'oneway': {
        const [speakers, listeners] = this.#groups();
        return network.silence(speakers, listeners);
      }
      case 'clog':
        return this.#clog(node);
      case 'lag':
        return network.lag(node.index, this.#random.chance(1, 2) ? 0 : this.#random.below(LAG_MS));
      case 'loss':
        return network.lose(node.index, this.#random.chance(1, 2) ? 0 : this.#random.below(LOSS_PER_MILLE));
      case 'full':
        node.disk.full = true;
        return this.#later(() => {
          node.disk.full = false;
          node.start();
        });
      case 'churn':
        return this.#random.chance(1, 2) ? this.#join() : this.#leave(node);
      case 'flip':
        return this.#flip(this.#random.pick(this.#world.members.filter((other) => this.#mayBreak(other))));
      default:
        return this.#endNode(node, fault);
    }
  }

  #groups(): [number[], number[]] {
    const nodes = this.#random.shuffle(this.#world.nodes.map(({ index }) => index));
    const at = this.#random.between(1, nodes.length - 1);
    const sides: [number[], number[]] = [nodes.slice(0, at), nodes.slice(at)];
    // In no group they would reach nobody while it lasts, and do nothing.
    for (const index of this.#world.gang.indexes) this.#random.pick(sides).push(index);
    return sides;
  }

  /** What a node sends to another stays where it is for a while. */
  #clog(from: SimNode): void {
    const { network, nodes } = this.#world;
    const to = this.#random.pick(nodes.filter((other) => other !== from));
    network.clog(from.index, to.index, true);
    this.#later(() => network.clog(from.index, to.index, false));
  }

  /** Ends a node, and has it start again later. */
  #endNode(node: SimNode, fault: 'crash' | 'stop' | 'power'): void {
    if (!node.isUp) return;
    if (fault === 'stop') node.stop();
    else if (fault === 'power') node.cutPower();
    else node.crash();
    this.#later(() => node.start());
  }

  #flip(node: SimNode | undefined): void {
    if (node === undefined) return;
    node.disk.flip();
    // Damage to what is read now is found while it runs, other damage when it starts.
    if (this.#random.chance(1, 2)) this.#endNode(node, 'crash');
  }

  #join(): void {
    const spare = this.#world.members.find((node) => !node.hasJoined);
    spare?.start();
  }

  #leave(node: SimNode): void {
    const { founders, members } = this.#world;
    const staying = members.filter((other) => other !== node && other.hasJoined);
    const whole = staying.filter(
      ({ index }) => index < founders && !this.#mayBreak(this.#world.nodes[index]!),
    );
    if (!node.hasJoined || 3 * staying.length < 2 * founders || whole.length < 2) return;
    if (!knowEachOther(members.filter((other) => other !== node))) return;
    this.#world.watch.note('left', `${node.index}`);
    node.leave();
  }

  /** Of the first nodes a minority, whose disks may be damaged. */
  #mayBreak({ index }: SimNode): boolean {
    return index < Math.max(1, (this.#world.founders - 1) >> 1);
  }

  #later(run: () => void): void {
    this.#world.after(this.#random.exponential(LASTS_MS), run);
  }
}

/** True if the nodes hang together by what they were told at first, whatever they have learned since. */
function knowEachOther(nodes: readonly SimNode[]): boolean {
  const left = new Map(nodes.map((node) => [node.index, node]));
  const [first] = nodes;
  const found = first === undefined ? [] : [first];
  if (first !== undefined) left.delete(first.index);
  for (const node of found) {
    for (const other of [...left.values()]) {
      if (!node.config.peers.includes(other.index) && !other.config.peers.includes(node.index)) continue;
      left.delete(other.index);
      found.push(other);
    }
  }
  return left.size === 0;
}
