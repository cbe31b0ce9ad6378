import { describe, expect, test } from 'vitest';
import type { Finding } from './policy.ts';
import { ratchet, refused } from './ratchet.ts';

function finding(key: string, degree = 0, severity: Finding['severity'] = 'violation'): Finding {
  return { key, degree, severity, text: 'duplicateHpa', values: {} };
}

describe('ratchet', () => {
  test.each([
    {
      sentence: 'a new violation is introduced',
      before: [],
      after: [finding('a')],
      introduced: ['a'],
      lenient: ['a'],
      severe: ['a'],
    },
    {
      sentence: 'one that was there is existing',
      before: [finding('a')],
      after: [finding('a')],
      introduced: [],
      lenient: [],
      severe: ['a'],
    },
    {
      sentence: 'one that became smaller is being mended',
      before: [finding('a', 2)],
      after: [finding('a', 1)],
      introduced: [],
      lenient: [],
      severe: [],
    },
    {
      sentence: 'one that became larger is existing',
      before: [finding('a', 1)],
      after: [finding('a', 2)],
      introduced: [],
      lenient: [],
      severe: ['a'],
    },
    {
      sentence: 'one instead of another is introduced',
      before: [finding('a')],
      after: [finding('b')],
      introduced: ['b'],
      lenient: ['b'],
      severe: ['b'],
    },
    {
      sentence: 'a notice that becomes a violation is introduced',
      before: [finding('a', 0, 'notice')],
      after: [finding('a')],
      introduced: ['a'],
      lenient: ['a'],
      severe: ['a'],
    },
    {
      sentence: 'a notice refuses nothing',
      before: [],
      after: [finding('a', 0, 'notice')],
      introduced: [],
      lenient: [],
      severe: [],
    },
    {
      sentence: 'of several states of a breach the worst counts',
      before: [finding('a', 1), finding('a', 3)],
      after: [finding('a', 2), finding('a', 1)],
      introduced: [],
      lenient: [],
      severe: [],
    },
  ])('$sentence', ({ before, after, introduced, lenient, severe }) => {
    const sides = ratchet(before, after);
    const keys = (existingViolations: 'allow' | 'deny') => refused(sides, { existingViolations }).map(({ key }) => key);
    expect(sides.introduced.map(({ key }) => key)).toEqual(introduced);
    expect(keys('allow')).toEqual(lenient);
    expect(keys('deny')).toEqual(severe);
  });
});
