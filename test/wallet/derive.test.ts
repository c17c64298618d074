import { describe, expect, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { accountPath, childNode, deriveNode, eraseNode, masterNode } from '../../wallet/derive.ts';
import { identityOf } from '../../wallet/identity.ts';
import { entropyFromWords, seedFromEntropy } from '../../wallet/words.ts';
import frozen from './vectors/path.json' with { type: 'json' };
import standard from './vectors/slip-0010.json' with { type: 'json' };

const indices = (path: string): number[] =>
  path
    .split('/')
    .slice(1)
    .map((step) => parseInt(step, 10));

describe('the key tree', () => {
  for (const { seed, chains } of standard.vectors) {
    test.each(chains)(
      `SLIP-0010 ${seed.slice(0, 8)}… $path`,
      ({ path, chainCode, privateKey, publicKey }) => {
        const node = deriveNode(fromHex(seed), indices(path));
        expect(toHex(node.chainCode)).toBe(chainCode);
        expect(toHex(node.privateKey)).toBe(privateKey);
        expect(toHex(identityOf(node.privateKey).publicKey)).toBe(publicKey);
      },
    );
  }

  test.each(frozen.vectors)(
    'words to address, account $account',
    async ({ words, account, privateKey, publicKey, address }) => {
      const node = deriveNode(await seedFromEntropy(entropyFromWords(words)), accountPath(account));
      expect(toHex(node.privateKey)).toBe(privateKey);
      const identity = identityOf(node.privateKey);
      expect(toHex(identity.publicKey)).toBe(publicKey);
      expect(formatAddress(identity.address)).toBe(address);
    },
  );

  test('indices out of range are refused', () => {
    const root = masterNode(new Uint8Array(16));
    for (const index of [-1, 0.5, 2 ** 31, Number.NaN])
      expect(() => childNode(root, index)).toThrow(RangeError);
  });

  test('an erased node holds nothing', () => {
    const node = masterNode(new Uint8Array(16));
    eraseNode(node);
    expect([...node.privateKey, ...node.chainCode].every((byte) => byte === 0)).toBe(true);
  });
});
