import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { listChecks } from './checks.ts';
import { type Outcome, runChecks } from './run-check.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({ options: { report: { type: 'string' } } });

const outcomes = await runChecks(listChecks(repository), {
  repository,
  limit: Math.min(4, Math.max(2, availableParallelism())),
  onOutcome: print,
});
const failures = outcomes.filter((outcome) => !outcome.passed).map(({ check }) => check.name);
const failed = failures.length;
const passed = outcomes.length - failed;
console.log(`${outcomes.length} checks: ${passed} passed, ${failed} failed`);
if (values.report !== undefined) await writeFile(values.report, JSON.stringify({ passed, failed, failures }));
process.exitCode = failed === 0 ? 0 : 1;

function print({ check, passed: ok, duration, output }: Outcome): void {
  console.log(`${ok ? '✔' : '✖'} ${check.name.padEnd(12)} ${(duration / 1000).toFixed(1)} s`);
  if (ok) return;
  console.log(output.replaceAll(/^/gm, '    '));
  console.log(`  fix: ${check.fix}\n`);
}
