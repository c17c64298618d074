/** When the address book is written. */
import { expect, test } from 'vitest';
import { AddressBook } from '../../../p2p/addresses/address-book.ts';
import { AddressSaver } from '../../../p2p/addresses/address-saver.ts';
import { SAVE_DELAY_MS, SAVE_INTERVAL_MS } from '../../../p2p/limits.ts';
import { Wire } from '../../../p2p/wire.ts';

function setUp() {
  const wire = new Wire(() => {});
  const book = new AddressBook(new Uint8Array(32));
  const saver = new AddressSaver(wire, book);
  const tickAt = (monotonicMs: number): number => {
    wire.now = { monotonicMs, wallMs: 0 };
    saver.tick();
    return wire.take().length;
  };
  return { book, saver, tickAt };
}

test('a change is written once, some seconds later, and the next one not before its time', () => {
  const { book, saver, tickAt } = setUp();
  expect([tickAt(0), saver.deadline()]).toEqual([0, null]);
  book.revision++;
  expect([tickAt(10), saver.deadline()]).toEqual([0, 10 + SAVE_DELAY_MS]);
  expect([tickAt(10 + SAVE_DELAY_MS), saver.deadline()]).toEqual([1, null]);
  book.revision++;
  expect([tickAt(20 + SAVE_DELAY_MS), saver.deadline()]).toEqual([0, 10 + SAVE_DELAY_MS + SAVE_INTERVAL_MS]);
});

test('what changed before the saved book was read leaves no deadline behind', () => {
  const { book, saver, tickAt } = setUp();
  book.revision++;
  tickAt(0);
  saver.loaded();
  expect([tickAt(2 * SAVE_DELAY_MS), saver.deadline()]).toEqual([0, null]);
});
