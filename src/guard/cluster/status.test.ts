import { expect, test } from 'vitest';
import { troubleOf } from './status.ts';

const ASKED = { verb: 'get', resource: 'deployments.apps', namespace: 'shop' };

test.each([
  ['3', 3000],
  ['0', 0],
  // A timer that is longer than 2³¹ ms fires at once: the server would be asked without a pause.
  ['9999999999', 3_600_000],
  ['-1', null],
  ['Wed, 21 Oct 2026 07:28:00 GMT', null],
])('Retry-After: %s means %s ms', (header, wanted) => {
  expect(troubleOf({ status: 429, headers: { 'retry-after': header }, text: '' }, ASKED).retryAfterMs).toBe(wanted);
});
