import { describe, expect, test } from 'vitest';
import { readOptions } from './options.ts';
import { type Figure, type Report, isMet, renderReport } from './report.ts';
import { median, medianRatio, quantile } from './statistics.ts';

const figure: Figure = {
  section: 'intake',
  name: 'durable',
  unit: '/s',
  rounds: [700, 900, 810],
  peer: { name: 'bare', rounds: [1000, 1000, 1000] },
  ratio: 0.81,
  target: { limit: 800, kind: 'at_least' },
};

function reportOf(load: number, figures: readonly Figure[]): Report {
  return {
    at: '2026-01-02T03:04:05.000Z',
    cpus: 2,
    cpu: 'a processor',
    node: '24.0.0',
    load: { before: load, after: load },
    figures: figures.map((each) => ({ ...each, value: median(each.rounds), met: isMet(each) })),
  };
}

test('a figure is the median of its rounds, and meets its target or not', () => {
  expect(isMet(figure)).toBe(true);
  expect(isMet({ ...figure, rounds: [100, 900, 100] })).toBe(false);
  expect(isMet({ ...figure, rounds: [900], target: { limit: 800, kind: 'at_most' } })).toBe(false);
});

test('the table shows figure, spread, peer, ratio, target and whether it is met', () => {
  const [, , row] = renderReport(reportOf(0.5, [figure]));
  expect(row?.split(/ {2,}/)).toEqual([
    'intake: durable',
    '810 /s',
    '700 … 900',
    'bare 1000 /s',
    '0.81',
    '≥ 800 /s',
    '✔',
  ]);
});

test('a busy machine is told, a quiet one is not', () => {
  expect(renderReport(reportOf(5, [figure])).at(-1)).toContain('Others were using this machine');
  expect(renderReport(reportOf(0.5, [figure])).at(-1)).not.toContain('Others');
});

describe('a figure with several peers', () => {
  const peers: Figure = {
    ...{ section: 'functions', name: 'echo', unit: '/s', rounds: [500], target: { limit: 800, kind: 'at_least' } },
    comparisons: [
      { name: 'bare', rounds: [1000], ratio: 0.5, target: { limit: 0.4, kind: 'instead' } },
      { name: 'other', rounds: [1000], ratio: 0.5, target: { limit: 1.2, kind: 'instead' } },
      { name: 'vm', rounds: [40, 60], ratio: 10, target: { limit: 10, kind: 'also' } },
      { name: 'worker', rounds: [400], ratio: 1.25 },
    ],
  };
  const without = (name: string) => peers.comparisons?.filter((each) => each.name !== name) ?? [];

  test('one that misses its own target meets it by a ratio that counts instead', () => {
    expect(isMet(peers)).toBe(true);
    expect(isMet({ ...peers, comparisons: without('bare') })).toBe(false);
    expect(isMet({ ...peers, rounds: [900], comparisons: without('bare') })).toBe(true);
  });

  test('a ratio that is wanted beside the target has to be met in any case', () => {
    const slow = { name: 'vm', rounds: [100], ratio: 5, target: { limit: 10, kind: 'also' } as const };
    expect(isMet({ ...peers, rounds: [900], comparisons: [...without('vm'), slow] })).toBe(false);
    expect(isMet({ section: '', name: '', unit: 'ms', rounds: [1], comparisons: [slow] })).toBe(false);
  });

  test('ratios without a wish decide nothing', () => {
    const [worker] = peers.comparisons?.slice(-1) ?? [];
    expect(isMet({ section: '', name: '', unit: 'ms', rounds: [1], comparisons: worker ? [worker] : [] })).toBeNull();
  });

  test('each peer has a line of its own with ratio, wish and mark', () => {
    const [, , own, ...below] = renderReport(reportOf(0.5, [peers])).map((line) => line.trim().split(/ {2,}/));
    expect(own).toEqual(['functions: echo', '500 /s', '≥ 800 /s', '✔']);
    expect(below.slice(0, 4)).toEqual([
      ['bare 1000 /s', '0.50', 'or ≥ 0.40 ×', '✔'],
      ['other 1000 /s', '0.50', 'or ≥ 1.20 ×', '✖'],
      ['vm 50.0 /s', '10.00', 'and ≥ 10.00 ×', '✔'],
      ['worker 400 /s', '1.25'],
    ]);
  });
});

describe('statistics', () => {
  test('the median of an even number of values lies between the two in the middle', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test('99 % of the values are not above the 99th percentile', () => {
    const values = Array.from({ length: 1000 }, (_, index) => index + 1);
    expect(quantile(values, 0.99)).toBe(990);
    expect(quantile([7], 0.99)).toBe(7);
  });

  test('a ratio is that of rounds that were measured after each other', () => {
    const pairs = [
      { subject: 1, peer: 2 },
      { subject: 10, peer: 20 },
      { subject: 3, peer: 3 },
    ];
    expect(medianRatio(pairs)).toBe(0.5);
  });
});

describe('flags', () => {
  test('sections are words or stand behind --only', () => {
    expect(readOptions(['echo', 'intake', '--rounds', '2', '--json'])).toMatchObject({
      only: ['intake', 'echo'],
      rounds: 2,
      round: 3000,
      json: true,
    });
    expect(readOptions(['--only', 'echo, intake'])).toMatchObject({ only: ['intake', 'echo'] });
    expect(readOptions(['start', '--only', 'echo'])).toMatchObject({ only: ['start', 'echo'] });
  });

  test('functions are measured only when they are named', () => {
    expect(readOptions([])).toMatchObject({ only: ['start', 'memory', 'stages', 'intake', 'agent', 'echo', 'guard'] });
    expect(readOptions(['functions'])).toMatchObject({ only: ['functions'], profile: null });
    expect(readOptions(['functions', '--parts', 'cold,echo'])).toMatchObject({ parts: ['echo', 'cold'] });
  });

  test('each fault says what is possible', () => {
    expect(readOptions(['--only', 'speed'])).toEqual({ fault: expect.stringContaining('not speed') });
    expect(readOptions(['speed'])).toEqual({ fault: expect.stringContaining('not speed') });
    expect(readOptions(['functions', '--parts', 'cold,hot'])).toEqual({ fault: expect.stringContaining('not hot') });
    expect(readOptions(['--rounds', '0'])).toEqual({ fault: expect.stringContaining('1 to 50') });
    expect(readOptions(['--seconds', 'x'])).toEqual({ fault: expect.stringContaining('0.5 to 60') });
    expect(readOptions(['--fast'])).toEqual({ fault: expect.stringContaining('--fast') });
  });
});
