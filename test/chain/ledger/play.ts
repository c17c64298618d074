/** Owns a drawn chain played to a real ledger: a case names blocks, and asks what became of them. */
import type { ErrorCode } from '../../../chain/errors.ts';
import type { Params } from '../../../chain/format/params.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { ChainBuilder, TEST_PARAMS } from '../builder.ts';
import { Harness } from './harness.ts';

export class Play {
  readonly chain: ChainBuilder;
  readonly real: Harness;

  private constructor(chain: ChainBuilder, real: Harness) {
    this.chain = chain;
    this.real = real;
  }

  static async start(params: Params = TEST_PARAMS): Promise<Play> {
    return new Play(new ChainBuilder(params), await Harness.open(params));
  }

  /** Name of the block the ledger follows. */
  get tip(): string {
    return this.chain.nameOf(this.real.tip);
  }

  /** Code of the first rule that a header breaks, or null. The clock shows the header's own time unless told. */
  header(name: string, wallMs?: number): ErrorCode | null {
    const { header } = this.chain.get(name);
    return this.real.addHeader(header, wallMs ?? header.time);
  }

  /** Gives a known header its body, or another one. */
  body(name: string, transactions?: readonly Transaction[]): ErrorCode | null {
    const block = this.chain.get(name);
    return this.real.addBody(block.id, transactions ?? block.transactions);
  }

  /** Goes to the best branch: blocks found invalid on the way, by name. */
  async settle(): Promise<Record<string, ErrorCode>> {
    const found = await this.real.settle();
    return Object.fromEntries([...found].map(([id, code]) => [this.chain.nameOf(id), code]));
  }

  /** Whole blocks, one after the other, each with the code of what is wrong with it, or null. */
  async blocks(...names: string[]): Promise<(ErrorCode | null)[]> {
    const codes: (ErrorCode | null)[] = [];
    for (const name of names) {
      let code = this.header(name) ?? this.body(name);
      if (code === null) code = (await this.settle())[name] ?? null;
      codes.push(code);
    }
    return codes;
  }

  /** One whole block. */
  async block(name: string): Promise<ErrorCode | null> {
    return (await this.blocks(name))[0]!;
  }
}
