import { expect, test } from 'vitest';
import { fill } from '../texts.ts';
import { en } from './en.ts';
import { ja } from './ja.ts';

function placeholders(text: string): readonly string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').toSorted();
}

test('both languages have the same keys in the same order', () => {
  expect(Object.keys(ja)).toEqual(Object.keys(en));
});

test.each(Object.keys(en) as (keyof typeof en)[])('%s has the same values in both languages', (key) => {
  expect(new Set(placeholders(ja[key]))).toEqual(new Set(placeholders(en[key])));
  expect(ja[key]).not.toBe('');
});

test('a value that was not given stays visible', () => {
  expect(fill('{a} of {b}', { a: 1 })).toBe('1 of {b}');
});

test('a value may look like a placeholder and is not filled again', () => {
  expect(fill('{a} {b}', { a: '{b}', b: 2 })).toBe('{b} 2');
});
