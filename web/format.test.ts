import { describe, expect, test } from 'vitest';
import {
  formatDuration,
  formatLatency,
  formatPercent,
  formatRate,
  formatWeight,
  shortSha,
  subjectOf,
} from './format.ts';

describe('a duration', () => {
  test.each([
    [0, '0s', '0秒'],
    [999, '0s', '0秒'],
    [12_400, '12s', '12秒'],
    [60_000, '1m', '1分'],
    [200_000, '3m 20s', '3分 20秒'],
    [7_500_000, '2h 5m', '2時間 5分'],
    [7 * 86_400_000 + 59_000, '7d', '7日'],
  ])('of %i ms has its two largest units', (milliseconds, en, ja) => {
    expect(formatDuration(milliseconds, 'en')).toBe(en);
    expect(formatDuration(milliseconds, 'ja')).toBe(ja);
  });

  test('that is negative, because the clocks differ, reads as zero', () => {
    expect(formatDuration(-5000, 'en')).toBe('0s');
  });
});

describe('numbers', () => {
  test('a share that is not zero never reads as 0%', () => {
    expect(formatPercent(0, 'en')).toBe('0%');
    expect(formatPercent(0.004, 'en')).toBe('<0.1%');
    expect(formatPercent(0.31, 'en')).toBe('0.3%');
    expect(formatPercent(19.4, 'en')).toBe('19%');
  });

  test('a weight keeps a decimal that was set', () => {
    expect(formatWeight(25, 'en')).toBe('25%');
    expect(formatWeight(12.5, 'ja')).toBe('12.5%');
  });

  test('a trickle of requests is not shown as none', () => {
    expect(formatRate(0.01, 'en')).toBe('<0.1');
    expect(formatRate(20.13, 'en')).toBe('20.1');
    expect(formatRate(12_345.6, 'en')).toBe('12,346');
  });

  test('a latency from one second on is in seconds', () => {
    expect(formatLatency(6.24, 'en')).toBe('6.2 ms');
    expect(formatLatency(431.2, 'en')).toBe('431 ms');
    expect(formatLatency(1240, 'en')).toBe('1.2 s');
  });
});

test('a commit is shown by seven digits and the first line of its message', () => {
  expect(shortSha('0123456789abcdef')).toBe('0123456');
  expect(subjectOf('Keeps greetings in a cache\r\n\r\nSaves a lookup.')).toBe('Keeps greetings in a cache');
});
