/** Worlds that once found a bug find nothing any more. */
import { test } from 'vitest';
import { REGRESSIONS, relive } from './regressions.ts';
import { testWorld } from './replay.ts';

test.each(REGRESSIONS)('$found', { timeout: 60_000 }, async (regression) => {
  await relive(regression, (options) => testWorld('regressions', regression.found, options));
});
