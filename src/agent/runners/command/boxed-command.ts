import type { Job } from '../../port.ts';
import { type BoxMeans, isolationMissing, runInBox } from './box.ts';
import { describe } from './ending.ts';

const TAIL = 128 * 1024;

export interface BoxedRequest {
  /** Text for `sh -e -c`. */
  readonly command: string;
  /** Absolute path of the checkout. */
  readonly cwd: string;
  readonly home: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  readonly onOutput?: (chunk: string) => void;
  /** Id of the task, for the log of a reaping. */
  readonly owner?: string;
}

export interface BoxedEnd {
  /** Exit status; null when it did not come to one. */
  readonly code: number | null;
  /** As the sandbox names it: `exited`, `timed_out`, `flooded`, … */
  readonly kind: string;
  /** The end of both streams, masked. */
  readonly output: string;
}

export type BoxedCommand = (request: BoxedRequest) => Promise<BoxedEnd>;

/** Runs shell commands in the box of an agent, without its access to the model: checks, and the tools of the built-in runner. */
export function createBoxedCommand(means: BoxMeans): BoxedCommand {
  return async function run({ command, cwd, home, timeout, signal, onOutput, owner = 'agent' }) {
    const missing = isolationMissing(means);
    if (missing !== null)
      return { code: null, kind: 'not_started', output: `programs can't be isolated here: ${missing}` };
    let output = '';
    const outcome = await runInBox(means, {
      ...{ command, cwd, home, timeout, owner, access: null, env: () => ({}) },
      ...(signal === undefined ? {} : { signal }),
      onOutput: (chunk) => {
        output = (output + chunk).slice(-TAIL);
        onOutput?.(chunk);
      },
    });
    if (outcome.kind === 'exited') return { code: outcome.code, kind: outcome.kind, output };
    return { code: null, kind: outcome.kind, output: `${output}\n[${describe(outcome)}]\n` };
  };
}

/** Runs the checks of a repository in the checkout of a job. */
export function createCheckRunner(run: BoxedCommand) {
  return async function runCheck(
    command: string,
    job: Job,
  ): Promise<{ readonly ok: boolean; readonly output: string }> {
    const { directory, home, signal, settings, task } = job;
    const { code, output } = await run({
      ...{ command, cwd: directory, home, signal, timeout: settings.budget.time, owner: task.id },
    });
    return { ok: code === 0, output };
  };
}
