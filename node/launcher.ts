/** Owns the launcher as a program of its own, which a testnet starts for each of its nodes: the options are the node's. */
import { launchNode } from './launch.ts';

const args = process.argv.slice(2);
const dataDir = args[args.indexOf('--data') + 1];
if (!args.includes('--data') || dataDir === undefined) {
  process.stderr.write('pier node: --data is missing\n');
  process.exit(1);
}
const { exitCode, fault } = await launchNode({ dataDir, args, stdout: 'inherit' });
if (fault !== null) process.stderr.write(`pier node: ${fault.message}. ${fault.hint}\n`);
process.exit(exitCode);
