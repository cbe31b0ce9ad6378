import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import type { Check } from './checks.ts';

export interface Outcome {
  readonly check: Check;
  readonly passed: boolean;
  /** Milliseconds. */
  readonly duration: number;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

/** Runs one check as a child process; a program that can't be started counts as failed. */
function runCheck(check: Check, repository: string): Promise<Outcome> {
  const started = performance.now();
  const [program, ...args] = check.command;
  const path = [join(repository, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: repository,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    function finish(passed: boolean): void {
      const output = Buffer.concat(chunks).toString('utf8').trim();
      resolve({ check, passed, duration: performance.now() - started, output });
    }
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      chunks.push(Buffer.from(error.message));
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
  });
}

/** Runs all checks, `limit` at a time, and hands over each outcome as it is known. */
export async function runChecks(
  checks: readonly Check[],
  options: {
    readonly repository: string;
    readonly limit: number;
    readonly onOutcome: (outcome: Outcome) => void;
  },
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...checks];
  async function work(): Promise<void> {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const outcome = await runCheck(check, options.repository);
      outcomes.push(outcome);
      options.onOutcome(outcome);
    }
  }
  await Promise.all(Array.from({ length: options.limit }, work));
  return outcomes;
}
