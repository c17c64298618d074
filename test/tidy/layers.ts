/** Owns the rules about who may import whom: layers, cycles, and what the simulator may reach. */
import { posix } from 'node:path';
import type { Source } from './lexer.ts';

/** A broken rule: where, and what to do instead. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly advice: string;
}

/** For each folder, the other folders it may import. `test` may import all, and nothing imports `test`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  chain: [],
  p2p: ['chain'],
  wallet: ['chain'],
  node: ['chain', 'p2p'],
  sim: ['chain', 'p2p', 'wallet', 'node'],
  cli: ['chain', 'p2p', 'wallet', 'node', 'sim'],
};

/** Folders whose code must give the same result anywhere, and so must all they import. */
export const PURE_FOLDERS: readonly string[] = ['chain', 'p2p', 'wallet', 'sim'];

/** Packages that only work in Node, or that touch the world. */
const WORLDLY_PACKAGES =
  /^(?:ws|level|classic-level|memory-level|pino|prom-client|commander|picocolors)(?:\/|$)/;

const folderOf = (path: string): string => path.split('/')[0] as string;

/** The file a relative specifier names, as a path from the root; `undefined` for a package. */
export function resolveImport(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}

/** Imports only go down the layers, siblings never meet, and no product file imports a test. */
export function checkLayers(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, imports } of sources) {
    const allowed = MAY_IMPORT[folderOf(path)];
    if (!allowed) continue;
    for (const { specifier, line } of imports) {
      const target = resolveImport(path, specifier);
      if (target === undefined) continue;
      const folder = folderOf(target);
      if (folder === folderOf(path) || !target.includes('/') || allowed.includes(folder)) continue;
      const down = allowed.length > 0 ? allowed.map((name) => `${name}/`).join(', ') : 'no other folder';
      findings.push({
        path,
        line,
        rule: `imports ${target}, and ${folderOf(path)}/ may import ${down}`,
        advice: 'move the shared part down, or take it as a port from whoever is above',
      });
    }
  }
  return findings;
}

/** No file imports itself by way of others; one finding for each cycle, type imports included. */
export function checkCycles(sources: readonly Source[]): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const state = new Map<string, 'open' | 'done'>();
  const findings: Finding[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    state.set(path, 'open');
    const here = [...trail, path];
    for (const { specifier, line } of byPath.get(path)?.imports ?? []) {
      const target = resolveImport(path, specifier);
      if (target === undefined || !byPath.has(target)) continue;
      if (state.get(target) === 'open') {
        const cycle = [...here.slice(here.indexOf(target)), target].join(' -> ');
        const advice = 'move what both need into a file of its own that imports neither';
        findings.push({ path, line, rule: `is in an import cycle: ${cycle}`, advice });
      } else if (!state.has(target)) visit(target, here);
    }
    state.set(path, 'done');
  };
  for (const { path } of sources) if (!state.has(path)) visit(path, []);
  return findings;
}

/** All files of the pure folders, and all that they reach by import. */
export function reachFromPure(sources: readonly Source[]): Source[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const queue = sources.map(({ path }) => path).filter((path) => PURE_FOLDERS.includes(folderOf(path)));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const source = byPath.get(path);
    if (!source || reached.has(path)) continue;
    reached.add(path);
    for (const { specifier } of source.imports) {
      const target = resolveImport(path, specifier);
      if (target !== undefined) queue.push(target);
    }
  }
  return sources.filter(({ path }) => reached.has(path));
}

/** Pure files, and all they reach, import neither `node:*` nor a package that needs the world. */
export function checkPureImports(sources: readonly Source[]): Finding[] {
  return reachFromPure(sources).flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier }) => specifier.startsWith('node:') || WORLDLY_PACKAGES.test(specifier))
      .map(({ specifier, line }) => ({
        path,
        line,
        rule: `imports ${specifier}, but must also run in the simulator and a browser`,
        advice: 'take it as a port; node/ implements it',
      })),
  );
}
