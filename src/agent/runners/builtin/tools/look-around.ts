import { Worker } from 'node:worker_threads';
import { messageOf, sleep } from '../../../../kernel/index.ts';
import { Refused } from './port.ts';

export interface Look {
  readonly root: string;
  /** File or directory to begin at, relative to `root`. */
  readonly path: string;
  /** Of paths relative to `path`. */
  readonly glob: string;
  /** Null lists files. */
  readonly search: { readonly source: string; readonly flags: string } | null;
  /** Characters of all lines together. */
  readonly cap: number;
}

export interface Found {
  readonly lines: readonly string[];
  /** False when there was more than `cap` lets through. */
  readonly complete: boolean;
}

/** Has the ending of this very file: `.ts` in the repository, `.js` in the compiled package. */
const THREAD = new URL(`./look-around-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

const LONGEST = 15_000;
const MEMORY = 256;

/**
 * Walks the checkout in a thread of its own, which is ended when it takes too long: a regular expression or a glob that a model wrote can
 * keep a thread busy for ever, and must not keep this one.
 */
export async function lookAround(look: Look, signal: AbortSignal): Promise<Found> {
  const worker = new Worker(THREAD, {
    workerData: look,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MEMORY },
  });
  const over = new AbortController();
  try {
    return await Promise.race([
      resultOf(worker),
      sleep(LONGEST, AbortSignal.any([signal, over.signal])).then(() => {
        throw new Refused(signal.aborted ? 'The search was interrupted.' : 'It took too long: use a simpler pattern.');
      }),
    ]);
  } finally {
    over.abort();
    await worker.terminate();
  }
}

function resultOf(worker: Worker): Promise<Found> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (thrown) => reject(new Refused(`The search failed: ${messageOf(thrown)}`)));
    worker.once('exit', () => reject(new Refused('The search ended without a result.')));
  });
}
