import { describe, expect, it } from 'vitest';
import { limitedUntil } from './rate-limit.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const SOON = String(NOW / 1000 + 30);

describe('limitedUntil', () => {
  it.each([
    ['429 with seconds', 5000, { status: 429, headers: { 'retry-after': '5' }, reason: '' }],
    [
      '429 with a date',
      10_000,
      { status: 429, headers: { 'retry-after': 'Fri, 02 Jan 2026 00:00:10 GMT' }, reason: '' },
    ],
    ['429 with a reset of GitLab', 30_000, { status: 429, headers: { 'ratelimit-reset': SOON }, reason: '' }],
    ['429 that names no time', 60_000, { status: 429, headers: {}, reason: '' }],
    [
      '403 with no requests left',
      30_000,
      { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': SOON }, reason: '' },
    ],
    ['403 with a time', 7000, { status: 403, headers: { 'retry-after': '7' }, reason: 'secondary' }],
    [
      '403 that only says so',
      60_000,
      { status: 403, headers: {}, reason: 'You have exceeded a secondary rate limit.' },
    ],
    ['a reset that is over', 0, { status: 429, headers: { 'ratelimit-reset': '1' }, reason: '' }],
  ])('%s waits', (_what, wait, answer) => {
    expect(limitedUntil({ ...answer, headers: new Headers(answer.headers) }, NOW)).toBe(NOW + wait);
  });

  it.each([
    ['a missing permission', 403, { 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': SOON }],
    ['an answer of 404', 404, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': SOON }],
    ['an answer of 500', 500, { 'retry-after': '5' }],
  ])('%s is no limit', (_what, status, headers) => {
    expect(limitedUntil({ status, headers: new Headers(headers), reason: 'Forbidden' }, NOW)).toBeNull();
  });

  it('goes by the clock of the forge, which ours may not agree with', () => {
    const headers = new Headers({ date: 'Fri, 02 Jan 2026 00:00:20 GMT', 'ratelimit-reset': SOON });
    expect(limitedUntil({ status: 429, headers, reason: '' }, NOW)).toBe(NOW + 10_000);
  });
});
