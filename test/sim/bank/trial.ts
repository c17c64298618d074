/** Owns the program that a fault is tried in: scenes one after the other, until one of them finds a law broken. */
import { SCENES } from './scenes.ts';

const [scope, ...first] = process.argv.slice(2);
const names = scope === 'only' ? first : [...new Set([...first, ...Object.keys(SCENES)])];

async function findBroken(): Promise<{ scene: string | null; seen: string }> {
  for (const scene of names) {
    try {
      await SCENES[scene]!();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const [seen = ''] = text.split('\n');
      return { scene, seen: seen.slice(0, 160) };
    }
  }
  return { scene: null, seen: '' };
}

process.stdout.write(`${JSON.stringify(await findBroken())}\n`);
process.exit(0);
