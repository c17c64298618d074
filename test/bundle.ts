/**
 * Owns the one build that the tests of real processes share: made once before any of them, so that no two build it at
 * the same time. A test asks for its folder by `inject('bundle')`, a `file:` URL that ends with a slash.
 */
import type { TestProject } from 'vitest/node';
import { buildBundle } from '../cli/build.mjs';
import { bundlePath } from '../cli/freshness.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    bundle: string;
  }
}

export default async function provideBundle(project: TestProject): Promise<void> {
  project.provide('bundle', bundlePath().href);
  // A bundle that can't be built fails the tests that need it; the others can still say something.
  await buildBundle().catch((error: Error) => process.stderr.write(`no bundle: ${error.message}\n`));
}
