/** What README.md and docs/CLI.md show is what happens: every command of their transcripts is run, its output compared. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PierHome } from './run-pier.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MINUTES = 180_000;

interface Step {
  readonly args: string[];
  readonly shown: string[];
}

let home: PierHome;
beforeEach(() => {
  home = new PierHome();
});
afterEach(async () => {
  await home.run(['testnet', 'stop']);
  home.remove();
}, MINUTES);

describe.sequential('transcripts', { timeout: MINUTES }, () => {
  test("the README's tour", async () => {
    await home.json(['testnet', 'start', '--detach', '--base-port', '0']);
    await follow(readSteps('README.md'));
  });

  test("the command line's page", async () => {
    await follow(readSteps('docs/CLI.md'));
  });
});

test("the README's commands are there", async () => {
  const readme = readFileSync(`${ROOT}README.md`, 'utf8');
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  expect(readme).toContain('npm ci --ignore-scripts && npm start');
  expect(readme).toContain('npm ci --ignore-scripts && npm test');
  expect(scripts).toMatchObject({ start: 'node cli/pier.mjs testnet start', test: 'vitest run' });
  const { stdout } = await promisify(execFile)('npx', ['--no-install', 'pier', '--version'], { cwd: ROOT });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+$/m);
});

async function follow(steps: Step[]): Promise<void> {
  expect(steps.length).toBeGreaterThan(5);
  for (const { args, shown } of steps) {
    // Files that a command writes go where they are taken away again.
    const { code, stdout, stderr } = await home.run(args, { cwd: home.path });
    const refused = shown[0]?.startsWith('{"error"') ?? false;
    expect(code, `pier ${args.join(' ')}: ${stdout}${stderr}`).toBe(refused ? 1 : 0);
    if (shown.length === 0) continue;
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length, stdout).toBeGreaterThanOrEqual(shown.length);
    for (const [i, line] of shown.entries()) expect(lines[i]?.trim()).toMatch(patternOf(line.trim()));
  }
}

/** The commands of a page's `console` blocks, each with the lines shown below it. */
function readSteps(page: string): Step[] {
  const text = readFileSync(`${ROOT}${page}`, 'utf8');
  const steps: Step[] = [];
  for (const [, block = ''] of text.matchAll(/```console\n([\s\S]*?)```/g)) {
    for (const line of block.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) steps.push({ args: argumentsOf(line.slice(2)), shown: [] });
      else steps.at(-1)!.shown.push(line);
    }
  }
  return steps;
}

function argumentsOf(command: string): string[] {
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  const start = words[0] === 'npx' ? 1 : 0;
  expect(words[start], command).toBe('pier');
  return words.slice(start + 1);
}

/**
 * What may differ from one run to the next: ids, addresses, times, heights, pids and ports. Amounts of PIER may not,
 * nor words. `…` stands for anything.
 */
function patternOf(line: string): RegExp {
  const parts: [RegExp, (text: string) => string][] = [
    [/~\/\.pier/y, () => quote(home.path)],
    [/pier1[0-9a-z]+…[0-9a-z]+/y, () => 'pier1[0-9a-z]+…[0-9a-z]+'],
    [/pier1[0-9a-z]+/y, () => 'pier1[0-9a-z]+'],
    [/[+-]\d\d:\d\d/y, () => '[+-]\\d\\d:\\d\\d'],
    [/[0-9.]+ PIER|fee [0-9.]+|"balance":"[0-9.]+"|(?<=\s)[+-][0-9.]+|127\.0\.0\.1/y, quote],
    // One of them may be a block ahead.
    [/of 2 nodes$/y, () => 'of 2 nodes(, [0-9]+ below the highest tip)?'],
    [/[0-9a-f]{8,}/y, () => '[0-9a-f]+'],
    [/[0-9]+/y, () => '[0-9]+'],
    [/\s+/y, () => '\\s+'],
    [/…/y, () => '.*?'],
    [/[a-zA-Z]+|[\s\S]/y, quote],
  ];
  let pattern = '';
  for (let at = 0; at < line.length; ) {
    for (const [form, make] of parts) {
      form.lastIndex = at;
      const found = form.exec(line)?.[0];
      if (found === undefined) continue;
      pattern += make(found);
      at += found.length;
      break;
    }
  }
  return new RegExp(`^${pattern}$`);
}

function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
