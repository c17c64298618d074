/** Owns what becomes of a file that can't be used: it keeps its content under the name `<name>.damaged-<n>`. */
import type { Files } from './port.ts';

/** Files of one name that are kept; older ones are deleted. */
const KEPT = 2;

/** Gives a file or folder such a name, and returns it. It survives a power cut once it resolves. */
export async function setAside(files: Files, name: string): Promise<string> {
  const pattern = new RegExp(`^${name}\\.damaged-([0-9]{1,9})$`);
  const numbers = (await files.list())
    .flatMap((other) => pattern.exec(other)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const kept = `${name}.damaged-${(numbers.at(-1) ?? 0) + 1}`;
  await files.rename(name, kept);
  for (const old of numbers.slice(0, Math.max(0, numbers.length + 1 - KEPT)))
    await files.remove(`${name}.damaged-${old}`);
  await files.sync();
  return kept;
}
