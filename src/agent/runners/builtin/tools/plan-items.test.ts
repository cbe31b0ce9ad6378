import { expect, test } from 'vitest';
import { itemsOf, planItems } from './plan-items.ts';

test('steps may be texts alone, and are not done unless they say so', () => {
  const read = planItems.parse(['Read', { text: 'Mend' }, { text: 'Test', done: true }]);
  expect(itemsOf(read)).toEqual([
    { text: 'Read', done: false },
    { text: 'Mend', done: false },
    { text: 'Test', done: true },
  ]);
});

test.each([[[]], [['']], [[{ done: true }]], ['Read']])('%j is no plan', (given) => {
  expect(planItems.safeParse(given).success).toBe(false);
});
