import { expect, test } from 'vitest';
import { dialable } from '../../cli/wildcard.ts';

test.each([
  ['http://0.0.0.0:9460/', 'http://127.0.0.1:9460/'],
  ['http://0:9460/', 'http://127.0.0.1:9460/'],
  ['http://[::]:9460/x?y', 'http://[::1]:9460/x?y'],
  ['http://[0:0::0]:9460', 'http://[::1]:9460/'],
  ['http://10.0.0.0:9460', 'http://10.0.0.0:9460'],
  ['http://localhost:9460', 'http://localhost:9460'],
  ['nonsense', 'nonsense'],
])('%s is dialled as %s', (url, expected) => {
  expect(dialable(url)).toBe(expected);
});
