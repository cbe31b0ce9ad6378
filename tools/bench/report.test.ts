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

test('flags: sections, rounds and seconds, each with its fault', () => {
  expect(readOptions(['--only', 'echo,intake', '--rounds', '2', '--json'])).toMatchObject({
    only: ['echo', 'intake'],
    rounds: 2,
    round: 3000,
    json: true,
  });
  expect(readOptions(['--only', 'speed'])).toEqual({ fault: expect.stringContaining('not speed') });
  expect(readOptions(['--rounds', '0'])).toEqual({ fault: expect.stringContaining('1 to 50') });
  expect(readOptions(['--seconds', 'x'])).toEqual({ fault: expect.stringContaining('0.5 to 60') });
  expect(readOptions(['--fast'])).toEqual({ fault: expect.stringContaining('--fast') });
});
