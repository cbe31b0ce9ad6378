import { expect, test } from 'vitest';
import { createChooser, placeOf, stickyKey } from './routing.ts';
import { createRouteTable } from '../hosting/routes.ts';

function weights(share: number) {
  return [
    { version: 'stable', weight: 100 - share },
    { version: 'candidate', weight: share },
  ];
}

test('a weight of 10 sends 10 % of 10 000 requests without a key to the candidate, exactly per hundred', () => {
  const chooser = createChooser('shop/production', weights(10), Math.random);
  const chosen = Array.from({ length: 10_000 }, () => chooser.choose(undefined));
  for (let start = 0; start < chosen.length; start += 100) {
    expect(chosen.slice(start, start + 100).filter((version) => version === 'candidate')).toHaveLength(10);
  }
});

test('the share holds for every second request too: the choice is not in step with the traffic', () => {
  const chooser = createChooser('shop/production', weights(10), Math.random);
  const chosen = Array.from({ length: 40_000 }, () => chooser.choose(undefined));
  const share = chosen.filter((version, index) => index % 2 === 0 && version === 'candidate').length / 20_000;
  expect(share).toBeGreaterThan(0.085);
  expect(share).toBeLessThan(0.115);
});

test('10 000 different sticky keys at a weight of 10 give the candidate 10 ± 1 %', () => {
  const chooser = createChooser('shop/production', weights(10), Math.random);
  const count = Array.from({ length: 10_000 }, (_, index) => chooser.choose(`user-${index}`)).filter(
    (version) => version === 'candidate',
  ).length;
  expect(count).toBeGreaterThanOrEqual(900);
  expect(count).toBeLessThanOrEqual(1100);
});

test('a sticky key never moves back while the weight rises', () => {
  for (let user = 0; user < 500; user += 1) {
    let before = 'stable';
    for (const weight of [0, 1, 10, 25, 50, 75, 99, 100]) {
      const now = createChooser('shop/production', weights(weight), Math.random).choose(`user-${user}`);
      if (before === 'candidate') expect(now).toBe('candidate');
      before = now ?? 'none';
    }
    expect(before).toBe('candidate');
  }
});

test('another release tries other callers first', () => {
  const keys = Array.from({ length: 1000 }, (_, index) => `user-${index}`);
  const first = keys.filter((key) => placeOf('shop/production', 'rel_a', key) < 0.1);
  const both = first.filter((key) => placeOf('shop/production', 'rel_b', key) < 0.1);
  expect(both.length).toBeLessThan(first.length / 2);
});

test('nothing is chosen while no version takes traffic', () => {
  expect(createChooser('a/b', [{ version: 'candidate', weight: 0 }], Math.random).choose('x')).toBeUndefined();
  expect(createChooser('a/b', [], Math.random).choose(undefined)).toBeUndefined();
});

test.each([
  [{ header: 'X-User' }, { 'x-user': 'ann' }, 'ann'],
  [{ header: 'x-user' }, {}, undefined],
  [{ header: 'x-user' }, { 'x-user': '' }, undefined],
  [{ cookie: 'sid' }, { cookie: 'a=1; sid=abc=; b=2' }, 'abc='],
  [{ cookie: 'sid' }, { cookie: 'xsid=1' }, undefined],
  [null, { cookie: 'sid=1' }, undefined],
])('the sticky key of %j in %j is %s', (sticky, headers, key) => {
  expect(stickyKey(sticky, headers as Record<string, string>)).toBe(key);
});

test('an exact route wins over an open one, and the longest open one over the shorter', () => {
  const table = createRouteTable([
    { route: '/*', value: 'all' },
    { route: '/a/*', value: 'below a' },
    { route: '/a/b', value: 'exact' },
  ]);
  expect(['/a/b', '/a/c', '/a', '/ab', '/'].map((path) => table.match(path)?.value)).toEqual([
    'exact',
    'below a',
    'below a',
    'all',
    'all',
  ]);
});
