/** Owns what every command is given: the global options, where things are, how to answer, and the nodes to ask. */
import { type Found, findNodes } from './discovery.ts';
import { Output } from './output.ts';
import { findPlaces, type Places } from './places.ts';
import { type World, world } from './world.ts';

export interface GlobalOptions {
  readonly json?: boolean;
  readonly node?: string[];
  readonly dir?: string;
  readonly trust?: boolean;
}

export class Context {
  readonly output: Output;
  readonly places: Places;
  /** URLs of `--node`; empty if the nodes are to be found. */
  readonly urls: readonly string[];
  /** Answers are believed as they come. */
  readonly trust: boolean;
  readonly world: World;
  #found: Found | undefined;

  constructor(options: GlobalOptions, env: NodeJS.ProcessEnv, here: World = world) {
    this.world = here;
    this.output = new Output(options.json === true);
    this.places = findPlaces(options.dir, env);
    this.urls = options.node ?? [];
    this.trust = options.trust === true;
  }

  /** The nodes to ask, most wanted first. */
  found(): Found {
    this.#found ??= findNodes(this.places, this.urls);
    return this.#found;
  }

  /** True if the keys of the testnet are meant: it was named with `--dir`, or it runs and no other node was named. */
  meansTestnet(): boolean {
    return this.places.testnetChosen || this.found().kind === 'testnet';
  }
}
