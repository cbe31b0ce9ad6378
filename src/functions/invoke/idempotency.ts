import { createHash } from 'node:crypto';
import { FunadeError } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import { claimKey, dropKey, readResult, storeResult } from './store.ts';

export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * Runs a call once for each key: the same key for the same function within a day gets the first answer again. A key that was used
 * for another request, or whose first call has not ended (or never will, because its server died), is refused: the platform does
 * not run a synchronous call twice. Throws `FUN_IDEMPOTENCY_CONFLICT`.
 */
export type RunOnce = (
  call: { readonly name: string; readonly key: string; readonly request: Buffer },
  run: () => Promise<StoredAnswer>,
) => Promise<{ readonly answer: StoredAnswer; readonly isReplay: boolean }>;

/** Bytes of an answer that is kept. */
const MOST_KEPT = 1024 * 1024;

export function createRunOnce(db: Db): RunOnce {
  return async ({ name, key, request }, run) => {
    const digest = createHash('sha256').update(request).digest('hex');
    if (!(await claimKey(db, { name, key, request: digest })))
      return { answer: await replay(db, name, { key, digest }), isReplay: true };
    try {
      const answer = await run();
      if (answer.body.length > MOST_KEPT) await dropKey(db, name, key);
      else await storeResult(db, { name, key }, answer);
      return { answer, isReplay: false };
    } catch (thrown) {
      await dropKey(db, name, key); // nothing ran
      throw thrown;
    }
  };
}

async function replay(
  db: Db,
  name: string,
  { key, digest }: { readonly key: string; readonly digest: string },
): Promise<StoredAnswer> {
  const stored = await readResult(db, name, key);
  if (stored === undefined) throw conflict(key, 'its call has just ended; send it again');
  if (stored.request !== digest) throw conflict(key, 'it was used for another event');
  if (stored.answer === null) throw conflict(key, 'its first call has not ended');
  return stored.answer;
}

function conflict(key: string, reason: string): FunadeError {
  return new FunadeError('FUN_IDEMPOTENCY_CONFLICT', { key, reason });
}
