/** Owns the last line of a test run, `N passed, N failed`, which is made for programs to read. */
import type { TestModule } from 'vitest/node';
import type { Reporter } from 'vitest/reporters';

/** A file that can't be loaded and an error outside every test are failures too, though no test of theirs ran. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandled.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
      }
    }
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  }
}
