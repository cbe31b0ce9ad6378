import { parseArgs } from 'node:util';

export interface ChaosOptions {
  /** Rollouts to production that are to be begun. */
  readonly rollouts: number;
  readonly seed: number;
  /** Shortest and longest time between a recovery and the next kill, in milliseconds. */
  readonly pause: { readonly min: number; readonly max: number };
  /** Requests a second to production. */
  readonly rate: number;
  /** Whether the folder with data and logs stays. */
  readonly keep: boolean;
}

export const USAGE = `npm run chaos -- [--rollouts 20] [--seed N] [--min 1] [--max 3] [--rate 60] [--keep]

Kills the control plane with SIGKILL, --min to --max seconds after it has recovered, while releases roll out under
traffic; some kills wait for the next change of the router. Reports illegal states, what was lost, double effects, orphans
and the time to recover. The same seed makes the same releases. --keep leaves data and logs where they are.`;

/** Reads the command line; throws with a sentence when it can't be understood. */
export function readOptions(argv: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rollouts: { type: 'string', default: '20' },
      seed: { type: 'string' },
      min: { type: 'string', default: '1' },
      max: { type: 'string', default: '3' },
      rate: { type: 'string', default: '60' },
      keep: { type: 'boolean', default: false },
    },
  });
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : numberOf('--seed', values.seed);
  const min = numberOf('--min', values.min) * 1000;
  const max = numberOf('--max', values.max) * 1000;
  if (min > max) throw new Error('--min is more than --max');
  return {
    rollouts: Math.max(1, numberOf('--rollouts', values.rollouts)),
    seed,
    pause: { min, max },
    rate: Math.max(1, numberOf('--rate', values.rate)),
    keep: values.keep,
  };
}

function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new Error(`${flag} is no number: ${text}`);
  return value;
}
