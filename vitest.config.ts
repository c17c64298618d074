/** Owns how the tests run. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // A native store lives in the process: a file of tests that dies takes no other with it.
    pool: 'forks',
    // All cores: what waits for blocks leaves them to what computes. The default would keep one back.
    maxWorkers: '100%',
    globalSetup: ['./test/bundle.ts'],
    setupFiles: ['./test/plain-text.ts'],
    reporters: ['default', './test/reporter.ts'],
    // Tests of real processes start nodes and wait for blocks; a pure test that needs seconds has gone wrong.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
