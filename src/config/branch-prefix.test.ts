import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { isBranchPrefix } from './branch-prefix.ts';

function isAcceptedByGit(branch: string): boolean {
  try {
    execFileSync('git', ['check-ref-format', '--branch', branch], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.each(['funade/', 'bots/agent-', 'a', '7_', 'team.x/', 'x.', 'A/b/c/'])(
  '%s begins branches that Git accepts',
  (prefix) => {
    expect(isBranchPrefix(prefix)).toBe(true);
    expect(isAcceptedByGit(`${prefix}issue-7`)).toBe(true);
  },
);

test.each([
  '/x/',
  '-x/',
  'a..b/',
  'a//',
  'a/.b/',
  'a.lock/',
  'a b/',
  'a~',
  'a^',
  'a:',
  'a?',
  'a*',
  'a[',
  'a\\',
  'a@{',
  'a\n',
  '.a/',
  '',
])('%j is refused, as Git or a person who reads it would', (prefix) => {
  expect(isBranchPrefix(prefix)).toBe(false);
  if (prefix !== '') expect(isAcceptedByGit(`${prefix}issue-7`)).toBe(false);
});

test('names that only look like branches are refused, and what is longer than names should be', () => {
  expect(isBranchPrefix('refs/heads/')).toBe(false);
  expect(isBranchPrefix('ä/')).toBe(false);
  expect([100, 101].map((length) => isBranchPrefix('a'.repeat(length)))).toEqual([true, false]);
});
