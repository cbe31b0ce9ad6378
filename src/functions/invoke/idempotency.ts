import { createHash } from 'node:crypto';
import { FunadeError } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import { type Outcome, mayHaveRun } from '../outcome.ts';
import type { Invoked } from './invoker.ts';
import { claimKey, dropKey, readResult, storeResult } from './store.ts';

/**
 * Runs a call once for each key: the same key for the same function within a day gets the first ending again, also when it was
 * an error of the function. A key that was used for another request, or whose first call has not ended (or never will, because its
 * server died), is refused: the platform does not run a synchronous call twice. A call that reached no process frees its key.
 * Throws `FUN_IDEMPOTENCY_CONFLICT`.
 */
export type RunOnce = (
  call: { readonly name: string; readonly key: string; readonly request: Buffer },
  run: () => Promise<Invoked>,
) => Promise<{ readonly invoked: Invoked; readonly isReplay: boolean }>;

/** What is kept of an ending, beside its body. */
type Ending = Omit<Invoked, 'outcome'> & { readonly outcome: Omit<Outcome, 'body'> };

/** Bytes of an answer that is kept. */
const MOST_KEPT = 1024 * 1024;

export function createRunOnce(db: Db): RunOnce {
  return async ({ name, key, request }, run) => {
    const digest = createHash('sha256').update(request).digest('hex');
    if (!(await claimKey(db, { name, key, request: digest })))
      return { invoked: await replay(db, name, { key, digest }), isReplay: true };
    const invoked = await run().catch(async (thrown: unknown) => {
      await dropKey(db, name, key); // nothing ran
      throw thrown;
    });
    const { outcome } = invoked;
    const body = outcome.kind === 'result' ? outcome.body : Buffer.alloc(0);
    const ending = { ...invoked, outcome: { ...outcome, body: undefined } };
    if (mayHaveRun(outcome))
      await storeResult(db, { name, key }, { ending, body: body.length > MOST_KEPT ? null : body });
    else await dropKey(db, name, key);
    return { invoked, isReplay: false };
  };
}

async function replay(
  db: Db,
  name: string,
  { key, digest }: { readonly key: string; readonly digest: string },
): Promise<Invoked> {
  const stored = await readResult(db, name, key);
  if (stored === undefined) throw conflict(key, 'its call has just ended; send it again');
  if (stored.request !== digest) throw conflict(key, 'it was used for another event');
  if (stored.ending === null) throw conflict(key, 'its first call has not ended');
  if (stored.body === null) throw conflict(key, 'its first call ended with more than 1 MB, which is not kept');
  const { outcome, ...told } = stored.ending as Ending;
  return { ...told, outcome: (outcome.kind === 'result' ? { ...outcome, body: stored.body } : outcome) as Outcome };
}

function conflict(key: string, reason: string): FunadeError {
  return new FunadeError('FUN_IDEMPOTENCY_CONFLICT', { key, reason });
}
