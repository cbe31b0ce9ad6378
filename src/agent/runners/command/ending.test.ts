import { expect, test } from 'vitest';
import type { CommandEnd } from '../../../sandbox/index.ts';
import { type Circumstances, failureOf } from './ending.ts';

const CALM: Circumstances = { usedUp: null, trouble: null };
const LIMITED: Circumstances = { usedUp: null, trouble: { reason: 'model_limited', detail: 'answered 429', at: 5 } };
const REFUSED: Circumstances = {
  usedUp: null,
  trouble: { reason: 'model_key_refused', detail: 'answered 401', at: null },
};
const SPENT: Circumstances = { usedUp: 'budget_money', trouble: null };
const one: CommandEnd = { kind: 'exited', code: 1 };

test.each<readonly [string, CommandEnd, Circumstances, object | null]>([
  ['status 0 is success', { kind: 'exited', code: 0 }, CALM, null],
  ['status 0 is success, whatever the model said last', { kind: 'exited', code: 0 }, LIMITED, null],
  ['another status is the agent’s', one, CALM, { blame: 'agent', reason: 'command_failed', detail: 'exit code 1' }],
  [
    'a signal is the agent’s',
    { kind: 'signalled', signal: 'SIGKILL' },
    CALM,
    { blame: 'agent', reason: 'command_failed', detail: 'signal SIGKILL' },
  ],
  ['75 passes', { kind: 'exited', code: 75 }, CALM, { blame: 'transient', reason: 'command_failed' }],
  ['127 does not', { kind: 'exited', code: 127 }, CALM, { blame: 'permanent', reason: 'command_not_found' }],
  [
    'what was not started does not pass',
    { kind: 'not_started', reason: 'no box' },
    LIMITED,
    { blame: 'permanent', reason: 'command_not_found', detail: 'no box' },
  ],
  ['a timeout', { kind: 'timed_out' }, CALM, { blame: 'agent', reason: 'command_timed_out' }],
  ['a flood', { kind: 'flooded' }, CALM, { blame: 'agent', reason: 'command_flooded' }],
  ['too much memory', { kind: 'out_of_memory' }, CALM, { blame: 'agent', reason: 'command_out_of_memory' }],
  ['an abort', { kind: 'aborted' }, LIMITED, { kind: 'interrupted' }],
  [
    'an abort because the budget was used up',
    { kind: 'aborted' },
    SPENT,
    { blame: 'permanent', reason: 'budget_money' },
  ],
  ['a used-up budget', one, SPENT, { blame: 'permanent', reason: 'budget_money' }],
  ['a limit of the model', one, LIMITED, { blame: 'transient', reason: 'model_limited', at: 5 }],
  ['a key that is refused', one, REFUSED, { blame: 'permanent', reason: 'model_key_refused' }],
])('%s', (_, end, circumstances, expected) => {
  const failure = failureOf(end, circumstances);
  if (expected === null) expect(failure).toBeNull();
  else expect(failure).toMatchObject(expected);
});
