/**
 * Owns which ledger an account signs for at which nodes: `ledgers.pins` beside the keys. A pin is set when its user says
 * so, and changes in no other way. Replaced as a whole, synced. At most `PINS_MAX`.
 */
import { join } from 'node:path';
import { makePrivateDirectory, readFileIfThere, writeFileAtomically } from '../node/files.ts';
import { address, id, list, object, type Read, text, whole } from '../wallet/answers.ts';
import { exclusively } from './exclusively.ts';
import { CliError } from './faults.ts';

const VERSION = 1;
const PINS_MAX = 4_096;
const LOCK = 'ledgers.lock';
/** A change takes milliseconds. */
const PATIENCE_MS = 10_000;

const pin = object({ account: address, node: text, chainId: id });
const file = object({ version: whole, pins: list(pin) });

type Pin = Read<typeof pin>;

/** The ledgers, in hex and each once, that are pinned for an account at any of the nodes. */
export function pinnedLedgers(directory: string, account: string, nodes: readonly string[]): string[] {
  const wanted = new Set(nodes.map(originOf));
  const found = readPins(directory).filter((one) => one.account === account && wanted.has(one.node));
  return [...new Set(found.map(({ chainId }) => chainId))];
}

/** Pins a ledger; the ids of others that were pinned there before. Commands take turns. */
export async function pinLedger(
  directory: string,
  account: string,
  nodes: readonly string[],
  chainId: string,
): Promise<string[]> {
  makePrivateDirectory(directory);
  const doing = `changes ${pathOf(directory)}`;
  return exclusively({ folder: directory, name: LOCK, patienceMs: PATIENCE_MS, doing }, async () =>
    changePins(directory, account, nodes, chainId),
  );
}

function changePins(directory: string, account: string, nodes: readonly string[], chainId: string): string[] {
  const origins = nodes.map(originOf);
  const pins = readPins(directory);
  const isHere = (one: Pin) => one.account === account && origins.includes(one.node);
  const here = pins.filter(isHere);
  const before = [...new Set(here.map((one) => one.chainId))].filter((one) => one !== chainId);
  if (before.length === 0 && here.length === origins.length) return [];
  const kept = [
    ...pins.filter((one) => !isHere(one)),
    ...origins.map((node) => ({ account, node, chainId })),
  ];
  if (kept.length > PINS_MAX) {
    throw new CliError('TOO_MANY', `${pathOf(directory)} has ${PINS_MAX} lines`, 'delete those you know');
  }
  writeFileAtomically(pathOf(directory), `${JSON.stringify({ version: VERSION, pins: kept }, null, 1)}\n`);
  return before;
}

function readPins(directory: string): Pin[] {
  const bytes = readFileIfThere(pathOf(directory));
  if (bytes === null) return [];
  try {
    const read = file(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), 'the file');
    if (read.version === VERSION) return read.pins;
  } catch {
    // Told below.
  }
  const hint = 'restore it, or delete it and say the ledger anew with --genesis FILE';
  throw new CliError('BAD_PINS', `${pathOf(directory)} can't be read`, hint);
}

const pathOf = (directory: string): string => join(directory, 'ledgers.pins');

function originOf(node: string): string {
  return new URL(node).href;
}
