import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const KNOWN = ['functions', 'pipeline', 'environments', 'run', 'route', 'runtime'];

test.each([
  ['fuctions', 'functions'],
  ['Pipeline', 'pipeline'],
  ['enviroment', 'environments'],
  ['rum', 'run'],
  ['urn', 'run'],
  ['rout', 'route'],
  ['colour', undefined],
  ['x', undefined],
  ['', undefined],
])('%j most likely meant %j', (word, expected) => {
  expect(nearest(word, KNOWN)).toBe(expected);
});
