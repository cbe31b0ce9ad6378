import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Check } from './checks.ts';
import { type Outcome, runChecks } from './run-check.ts';

let repository: string;
beforeAll(async () => {
  repository = await mkdtemp(join(tmpdir(), 'funade-check-'));
});
afterAll(() => rm(repository, { recursive: true, force: true }));

function program(name: string, code: string): Check {
  return { name, command: ['node', '-e', code], fix: 'none' };
}

async function run(checks: readonly Check[]): Promise<readonly Outcome[]> {
  const told: string[] = [];
  const outcomes = await runChecks(checks, { repository, limit: 2, onOutcome: ({ check }) => told.push(check.name) });
  expect(told).toEqual(outcomes.map(({ check }) => check.name));
  return [...outcomes].sort((a, b) => a.check.name.localeCompare(b.check.name));
}

test('every check has an outcome, and one that fails brings its output', async () => {
  const outcomes = await run([
    program('a', 'process.exit(0)'),
    program('b', "console.log('out'); console.error('err'); process.exit(3)"),
    program('c', "console.log('fine')"),
  ]);
  expect(outcomes.map(({ passed }) => passed)).toEqual([true, false, true]);
  expect(outcomes[1]?.output).toContain('out');
  expect(outcomes[1]?.output).toContain('err');
});

test('a program that is not there fails its check instead of passing silently', async () => {
  const [outcome] = await run([{ name: 'a', command: ['funade-no-such-program'], fix: 'none' }]);
  expect(outcome?.passed).toBe(false);
  expect(outcome?.output).toContain('ENOENT');
});

test('a check that is killed fails', async () => {
  const [outcome] = await run([program('a', "process.kill(process.pid, 'SIGKILL')")]);
  expect(outcome?.passed).toBe(false);
});
