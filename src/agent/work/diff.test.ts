import { describe, expect, test } from 'vitest';
import type { ChangedFile } from '../workspace/port.ts';
import { faultOf, isAllowed } from './diff.ts';

const file = (path: string, more: Partial<ChangedFile> = {}): ChangedFile => ({
  path,
  kind: 'modified',
  size: 10,
  binary: false,
  lfs: false,
  ...more,
});

test.each([
  ['nothing said: all', [], 'a/b.js', true],
  ['a folder', ['src/**'], 'src/a/b.js', true],
  ['outside of it', ['src/**'], 'srcs/b.js', false],
  ['taken out again', ['src/**', '!src/gen/**'], 'src/gen/x.js', false],
  ['and put back', ['src/**', '!src/gen/**', 'src/gen/keep.js'], 'src/gen/keep.js', true],
  ['only taken out: all else', ['!.github/**'], 'src/a.js', true],
  ['and not that', ['!.github/**'], '.github/workflows/ci.yml', false],
  ['any folder, none as well', ['**/*.md'], 'README.md', true],
] as const)('%s', (_, patterns, path, allowed) => expect(isAllowed(path, patterns)).toBe(allowed));

describe('a secret', () => {
  const secrets = ['correct-horse-battery', 'short'];
  const faultIn = (patch: string, path = 'a') => faultOf({ files: [file(path)], patch }, { allowedPaths: [] }, secrets);

  test('that is added is found, one that is taken out may go', () => {
    expect(faultIn('+key = correct-horse-battery')?.reason).toBe('secret_in_diff');
    expect(faultIn('-key = correct-horse-battery\n+key = env()')).toBeNull();
    expect(faultIn('', 'correct-horse-battery.txt')?.reason).toBe('secret_in_diff');
  });

  test('that is too short to tell is none', () => expect(faultIn('+a short line')).toBeNull());

  test('is not told to the agent', () => {
    expect(JSON.stringify(faultIn('+correct-horse-battery'))).not.toContain('correct-horse');
  });
});

test('many forbidden files are told in a bounded way, with any names', () => {
  const files = Array.from({ length: 2000 }, (_, index) => file(`x/"${index}\n`));
  const fault = faultOf({ files, patch: '' }, { allowedPaths: ['src/**'] }, []);
  expect(fault?.what).toContain(String.raw`"x/\"0\n"`);
  expect(fault?.what).toContain('and 1950 more');
});

test('more files than one can read are too many', () => {
  const files = Array.from({ length: 3001 }, (_, index) => file(String(index)));
  expect(faultOf({ files, patch: '' }, { allowedPaths: [] }, [])?.reason).toBe('diff_too_large');
});
