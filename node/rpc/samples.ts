/** Owns the values that examples share: made up, but of the right form. */
export const ALICE = 'pier1qyqszqgpqyqszqgpqyqszqgpqyqszqgpc0ahuu';
export const BOB = 'pier1qgpqyqszqgpqyqszqgpqyqszqgpqyqszftmjh2';
const id = (digits: string): string => digits.repeat(64 / digits.length);
export const CHAIN = id('c4a1');
export const NODE = id('5e');
export const BLOCK = id('0000b10c');
export const PARENT = id('0000a0ce');
export const TRANSACTION = id('7a');
export const RECORD = id('4ec0');
export const HASH = id('9f');
export const TIP = { height: 128, id: BLOCK };

export const TRANSFER = {
  id: TRANSACTION,
  kind: 'transfer',
  sender: ALICE,
  nonce: 3,
  fee: '178',
  validUntil: 1128,
  bytes: 178,
  outputs: [{ to: BOB, amount: '100000000' }],
  memo: 'thanks',
  memoHex: '7468616e6b73',
};
