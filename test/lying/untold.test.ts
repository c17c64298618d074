/** A payment that its command could not tell of is told of by a later one, and never paid again before that. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { forget, list, resend } from '../../cli/commands/pending.ts';
import { type Lie, Refused } from './lying-node.ts';
import { COMMANDS, HONEST, LIAR, SigningDesk } from './signing-desk.ts';

let desk: SigningDesk;
beforeAll(async () => {
  desk = await SigningDesk.open();
});
beforeEach(() => desk.reset());
afterAll(() => desk.close());

const send = COMMANDS.send!;
const honest: Lie = () => undefined;
/** The node takes it, and its answer is lost. */
const swallows: Lie = (method) => (method === 'submit' ? new Refused(-32603, 'broken') : undefined);

test('one that was mined deep down stays in the record until a command has told of it', async () => {
  const home = desk.newHome();
  const first = await desk.run(send, [LIAR], swallows, home);
  const id = first.signed[0]!.key;
  await desk.honest.mine(8);
  // This one finds out, as a command does that is killed right afterwards.
  const looked = await desk.run((context) => resend(context, id, {}), [HONEST], honest, home);
  expect(looked.answer).toMatchObject({ id, status: 'mined' });
  expect(looked.notes.join()).toContain('is mined: its command could not say so');
  const again = await desk.run(send, [HONEST], honest, home);
  expect(again.answer).toMatchObject({ id, status: 'mined', resumed: true });
  expect(again.signed).toEqual([]);
  // Now it was told: the same once more is another payment.
  const third = await desk.run(send, [HONEST], honest, home);
  expect(third.signed.map(({ nonce }) => nonce)).toEqual([first.signed[0]!.nonce + 1]);
});

test('one that was forgotten can be handed over again', async () => {
  const home = desk.newHome();
  const first = await desk.run(send, [LIAR], swallows, home);
  const id = first.signed[0]!.key;
  await desk.run((context) => forget(context, id), [HONEST], honest, home);
  const blocked = await desk.run(COMMANDS['record put']!, [HONEST], honest, home);
  expect(blocked.fault).toMatchObject({
    code: 'PENDING',
    hint: expect.stringContaining('pier pending resend'),
  });
  const handed = await desk.run((context) => resend(context, id, {}), [HONEST], honest, home);
  expect(handed.answer).toEqual({ id, status: 'pending' });
  const listed = await desk.run((context) => list(context), [HONEST], honest, home);
  expect(listed.answer.pending).toMatchObject([{ id, state: 'handed over' }]);
});
