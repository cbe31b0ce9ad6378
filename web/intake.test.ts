import { describe, expect, test } from 'vitest';
import { makeRepository, makeSource } from './fixtures/intake.ts';
import { changeName, pollTimes, sourceChoices, subjectName, taskWait, webAddress } from './intake.ts';

test.each([
  ['github', 'issue', 'acme/greeter#12'],
  ['github', 'change', 'acme/greeter#12'],
  ['gitlab', 'issue', 'acme/greeter#12'],
  ['gitlab', 'change', 'acme/greeter!12'],
] as const)('%s writes the name of its %s as %s', (forge, kind, name) => {
  expect(subjectName({ forge, kind, project: 'acme/greeter', number: 12 })).toBe(name);
});

describe('the address of a subject', () => {
  test.each([
    ['https://github.com/acme/greeter/issues/12', 'https://github.com/acme/greeter/issues/12'],
    ['http://gitlab.local/a/b/-/issues/1', 'http://gitlab.local/a/b/-/issues/1'],
    ['javascript:alert(1)', null],
    ['JaVaScRiPt:alert(1)', null],
    ['data:text/html,<script>alert(1)</script>', null],
    ['/acme/greeter', null],
    ['', null],
  ])('%j is linked to %j', (url, address) => {
    expect(webAddress(url)).toBe(address);
  });
});

test.each([
  ['queued until a time', { state: 'queued', reason: 'database', notBefore: 2000 }, { until: 2000 }],
  ['queued', { state: 'queued', reason: null, notBefore: null }, 'worker'],
  ['paused', { state: 'paused', reason: 'paused_by_person', notBefore: null }, 'resume'],
  ['between two processes', { state: 'paused', reason: 'drain', notBefore: null }, 'worker'],
  ['waiting for approval', { state: 'awaiting_approval', reason: 'plan_waits', notBefore: null }, 'approval'],
  ['stopping', { state: 'stopping', reason: 'stopped_by_person', notBefore: null }, 'end'],
  ['running', { state: 'running', reason: null, notBefore: null }, null],
  ['ended', { state: 'failed', reason: 'permission', notBefore: 2000 }, null],
] as const)('what a task waits for that is %s', (_, task, wait) => {
  expect(taskWait(task)).toEqual(wait);
});

test.each([
  ['github', '#7'],
  ['gitlab', '!7'],
] as const)('%s writes the number of its change as %s', (forge, name) => {
  expect(changeName({ forge, change: { number: 7, url: '', adopted: false } })).toBe(name);
  expect(changeName({ forge, change: null })).toBeNull();
});

test('a source was polled when the newest of its repositories was, and is again when the first is due', () => {
  const repositories = [
    makeRepository({ fullName: 'acme/a', lastPollAt: 10, nextPollAt: 70 }),
    makeRepository({ fullName: 'acme/b', lastPollAt: 20, nextPollAt: 50 }),
    makeRepository({ fullName: 'acme/c' }),
  ];
  expect(pollTimes(makeSource({ name: 'github', repositories }))).toEqual({ last: 20, next: 50 });
  expect(pollTimes(makeSource({ name: 'github' }))).toEqual({ last: null, next: null });
});

test('a source can be chosen that is gone, but has deliveries, or stands in the address', () => {
  expect(
    sourceChoices([{ name: 'gitlab' }, { name: 'github' }], [{ source: 'old' }, { source: 'github' }], 'x'),
  ).toEqual(['github', 'gitlab', 'old', 'x']);
});
