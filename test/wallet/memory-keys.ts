/** A keyring in memory for tests: cheap scrypt, and bytes that differ from call to call but not from run to run. */

import { WalletError } from '../../wallet/errors.ts';
import { type Kdf, portableKdf } from '../../wallet/kdf.ts';
import { type KeyFiles, Keyring } from '../../wallet/keyring.ts';

export class MemoryKeyFiles implements KeyFiles {
  readonly files = new Map<string, Uint8Array>();
  /** By name and label. */
  readonly spares = new Map<string, Uint8Array>();

  async list(): Promise<string[]> {
    return [...this.files.keys()];
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.files.get(name)?.slice();
  }

  async write(name: string, bytes: Uint8Array): Promise<boolean> {
    if (this.files.has(name)) return false;
    this.files.set(name, bytes.slice());
    return true;
  }

  async listSpares(name: string): Promise<string[]> {
    return [...this.spares.keys()].flatMap((key) =>
      key.startsWith(`${name}.`) ? key.slice(name.length + 1) : [],
    );
  }

  async readSpare(name: string, label: string): Promise<Uint8Array | undefined> {
    return this.spares.get(`${name}.${label}`)?.slice();
  }

  async writeSpare(name: string, label: string, bytes: Uint8Array): Promise<boolean> {
    if (this.spares.has(`${name}.${label}`)) return false;
    this.spares.set(`${name}.${label}`, bytes.slice());
    return true;
  }

  #last: Promise<unknown> = Promise.resolve();

  exclusively<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async swap(name: string, label: string, oldLabel: string): Promise<void> {
    const [current, spare] = [this.files.get(name)!, this.spares.get(`${name}.${label}`)];
    if (spare === undefined) throw new Error('no such spare');
    if (this.spares.has(`${name}.${oldLabel}`)) throw new WalletError('KEY_EXISTS', oldLabel);
    this.spares.set(`${name}.${oldLabel}`, current);
    this.files.set(name, spare);
    this.spares.delete(`${name}.${label}`);
  }

  text(name: string): string {
    return new TextDecoder().decode(this.files.get(name));
  }
}

export const CHEAP_COST = { n: 2 ** 10, r: 1, p: 1 };

export function countingRandom(): (length: number) => Uint8Array {
  let calls = 0;
  return (length) => {
    calls++;
    return Uint8Array.from({ length }, (_, i) => (calls * 31 + i * 7) & 255);
  };
}

export function memoryKeyring(
  files: MemoryKeyFiles,
  { testnet = false, kdf = portableKdf }: { testnet?: boolean; kdf?: Kdf } = {},
): Keyring {
  return new Keyring({ files, kdf, random: countingRandom(), testnet, cost: CHEAP_COST });
}
