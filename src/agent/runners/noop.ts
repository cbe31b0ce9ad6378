import type { Runner } from '../port.ts';

/** Does nothing, and succeeds: shows the way of a task, with its labels, without an agent. */
export const noopRunner: Runner = {
  id: 'noop',
  needsCheckout: false,
  run: () => Promise.resolve({ kind: 'succeeded', summary: 'Nothing was done: the noop runner never does anything.' }),
};
