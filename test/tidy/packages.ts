/** Owns the rules about what we depend on: exact versions, a reason for each, and a lock that fits any registry. */
import type { TextFile } from './files.ts';
import type { Finding } from './layers.ts';
import { lineAt } from './lexer.ts';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

/** A range would give two checkouts of one commit different code. */
export function checkVersions(manifest: TextFile): Finding[] {
  const { dependencies, devDependencies } = JSON.parse(manifest.text) as Manifest;
  return Object.entries({ ...dependencies, ...devDependencies })
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => ({
      path: manifest.path,
      line: lineAt(manifest.text, manifest.text.indexOf(`"${name}"`)),
      rule: `asks for ${name} ${version}`,
      advice: 'write the exact version',
    }));
}

/** Each runtime dependency is named in backquotes by a decision: what it saves us, and who keeps it. */
export function checkReasons(manifest: TextFile, decisions: readonly TextFile[]): Finding[] {
  const { dependencies = {} } = JSON.parse(manifest.text) as Manifest;
  return Object.keys(dependencies)
    .filter((name) => !decisions.some(({ text }) => text.includes(`\`${name}\``)))
    .map((name) => ({
      path: manifest.path,
      line: lineAt(manifest.text, manifest.text.indexOf(`"${name}"`)),
      rule: `depends on ${name}, which no decision explains`,
      advice: 'write docs/decisions/NNNN-….md: what it saves and who keeps it; or do without it',
    }));
}

/** Download addresses in the lock would tie every checkout to the registry of whoever wrote it. */
export function checkLock(lock: TextFile): Finding[] {
  return [...lock.text.matchAll(/"resolved": "[a-z+]+:/g)].map(({ index }) => ({
    path: lock.path,
    line: lineAt(lock.text, index),
    rule: 'holds a download address',
    advice: 'keep .npmrc (omit-lockfile-registry-resolved) and write the lock again',
  }));
}
