/**
 * Owns how a simulated test is run again: `SEED=7` picks the seed, the file and its name the test. Signatures are checked
 * by OpenSSL, each once in the process, so that worlds are quick.
 */

import { World } from '../../sim/world.ts';
import type { WorldOptions } from '../../sim/world-options.ts';
import { rememberingVerifier } from '../chain/model/signatures.ts';

const chosen = process.env.SEED === undefined ? null : Number(process.env.SEED);

/** The seeds of a test: those given, or the one that was asked for. */
export function seeds(...usual: number[]): number[] {
  return chosen === null ? usual : [chosen];
}

export function seedsUpTo(count: number): number[] {
  return seeds(...Array.from({ length: count }, (_, i) => i + 1));
}

/** A world whose failure says how to run the test `name` of `file` with its seed. */
export function testWorld(
  file: string,
  name: string,
  options: Omit<WorldOptions, 'replay' | 'verifier'>,
): World {
  const replay = `SEED=${options.seed} npx vitest run test/sim/${file}.test.ts -t '${name}'`;
  return new World({ ...options, replay, verifier: rememberingVerifier });
}
