import type { Job } from '../port.ts';
import type { WorkMeans } from './place.ts';

export interface CheckFailure {
  readonly command: string;
  /** Its last lines. */
  readonly output: string;
}

const LINES = 100;

/** Runs the checks of the repository, one after the other, in the sandbox; the first that fails, or null. */
export async function runChecks(means: WorkMeans, job: Job): Promise<CheckFailure | null> {
  const { runCheck } = means;
  // Nothing begins where that is so; and a check that was not run has not passed.
  if (runCheck === null) throw new Error('there are checks, and nothing runs them');
  for (const command of job.settings.checks) {
    job.log(`\n[funade] $ ${command}\n`);
    const { ok, output } = await runCheck(command, job);
    job.log(`${output}\n[funade] ${ok ? 'passed' : 'failed'}: ${command}\n`);
    if (!ok) return { command, output: lastLines(output) };
    if (job.signal.aborted) return null;
  }
  return null;
}

function lastLines(output: string): string {
  return output.trimEnd().split('\n').slice(-LINES).join('\n');
}
