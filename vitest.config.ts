/** Owns how the tests run. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // A native store lives in the process: a file of tests that dies does not end the run.
    pool: 'forks',
    // A process runs one file after the other: loading the sources anew for each takes longer than most files do. No
    // test may change what another file can see: no global state, no environment, no mocks of modules.
    isolate: false,
    // One more than cores: many tests wait for blocks of a real testnet, and leave their core to others.
    maxWorkers: availableParallelism() + 1,
    globalSetup: ['./test/bundle.ts'],
    setupFiles: ['./test/plain-text.ts'],
    reporters: ['default', './test/reporter.ts'],
    // Tests of real processes start nodes and wait for blocks; a pure test that needs seconds has gone wrong.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
