/** Owns `npm run bank`: tries every fault, or those whose names contain an argument, and tells which no law caught. */
import { tryFault } from './bank.mjs';
import { FAULTS } from './faults.mjs';

const wanted = process.argv[2] ?? '';
const faults = FAULTS.filter(({ name }) => name.includes(wanted));
const missed = [];

if (wanted === '') {
  const control = await tryFault({ name: 'control', edits: [], scenes: [] });
  if (control.scene !== null) throw new Error(`the sound world fails in ${control.scene}: ${control.seen}`);
  process.stdout.write('no fault: nothing found\n');
}
for (const fault of faults) {
  const { scene, seen } = await tryFault(fault);
  if (scene === null) missed.push(fault.name);
  process.stdout.write(`${scene === null ? 'MISSED' : 'caught'}  ${fault.name}  [${scene ?? '-'}] ${seen}\n`);
}
process.stdout.write(`${faults.length - missed.length} of ${faults.length} caught\n`);
for (const name of missed) process.stdout.write(`missed: ${name}\n`);
process.exitCode = missed.length === 0 ? 0 : 1;
