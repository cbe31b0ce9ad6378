import { randomUUID } from 'node:crypto';
import { type Clock, FunadeError, type Logger } from '../../kernel/index.ts';
import { type Driver, type Queue, createDriver } from '../../queue/index.ts';
import { type Db, transaction } from '../../store/index.ts';
import type { Invoker } from '../invoke/invoker.ts';
import { type Failed, problemOf } from '../invoke/problems.ts';
import type { Outcome } from '../outcome.ts';
import {
  type InvocationFailure,
  type InvocationRow,
  type InvocationState,
  insertInvocation,
  listInvocations,
  pruneInvocations,
  readInvocation,
  recordAttempt,
  revive,
} from './store.ts';

export interface EventOrder {
  readonly name: string;
  readonly qualifier: string | null;
  readonly payload: Buffer;
  readonly clientContext?: unknown;
  /** The same key for the same function is one invocation. */
  readonly idempotencyKey?: string | null;
  readonly by: string;
}

export interface EventInvocation extends Omit<InvocationRow, 'payload'> {
  /** The event as text. */
  readonly payload: string;
}

/** Invocations whose caller does not wait: kept until they succeed, tried three times, then dead letters. */
export interface EventInvocations {
  /** Resolves when it is committed. Throws `FUN_NOT_FOUND` for a function that is not there, `FUN_IDEMPOTENCY_CONFLICT`. */
  accept(order: EventOrder): Promise<{ readonly id: string; readonly isNew: boolean }>;
  get(id: string): Promise<EventInvocation>;
  list(query: {
    readonly name: string;
    readonly state?: InvocationState | undefined;
    readonly limit: number;
  }): Promise<readonly EventInvocation[]>;
  /** Tries a dead letter again from the beginning. */
  retry(id: string): Promise<void>;
  start(options: { readonly alone: boolean }): Promise<void>;
  stop(): Promise<void>;
  prune(): Promise<void>;
}

export interface EventDependencies {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queue: Queue;
  readonly owner: string;
  readonly invoker: Invoker;
  /** Milliseconds before the second and the third try. */
  readonly pauses?: readonly [number, number];
  /** Milliseconds after which an event that finds no place is given up. */
  readonly longest?: number;
}

export const EVENT_KIND = 'invocation';
const PAUSES = [60_000, 120_000] as const;
const LONGEST = 6 * 3_600_000;
const CONCURRENCY = 8;
const PLACE_PAUSE = 5000;
/** These say nothing of the function: the event waits for a place and loses no try. */
const WAITING: ReadonlySet<Outcome['kind']> = new Set(['throttled', 'no_capacity', 'failing', 'shutting_down']);

export function createEventInvocations(dependencies: EventDependencies): EventInvocations {
  const { db, clock, invoker } = dependencies;
  const pauses = dependencies.pauses ?? PAUSES;
  const longest = dependencies.longest ?? LONGEST;
  const driver: Driver = createDriver({
    ...{ db, clock, logger: dependencies.logger, queue: dependencies.queue, owner: dependencies.owner },
    kind: EVENT_KIND,
    concurrency: CONCURRENCY,
    round: ({ id }) => attempt(id),
  });

  /** One try; resolves with when to look again. */
  async function attempt(id: string): Promise<number | null> {
    const row = await readInvocation(db, id);
    if (row === undefined || row.state !== 'queued') return null;
    const failure = await invoke(row);
    if (failure === null) {
      await recordAttempt(db, id, { state: 'succeeded', attempts: row.attempts + 1, failure: null });
      return null;
    }
    const attempts = failure.isWaiting ? row.attempts : row.attempts + 1;
    const pause = failure.isWaiting ? PLACE_PAUSE : pauses[attempts - 1];
    const isTooOld = clock.now() - row.tried_since.getTime() > longest;
    const state = pause === undefined || isTooOld ? 'dead' : 'queued';
    const { isWaiting: _, ...told } = failure;
    await recordAttempt(db, id, { state, attempts, failure: told });
    return state === 'dead' ? null : clock.now() + (pause ?? 0);
  }

  async function invoke(row: InvocationRow): Promise<(InvocationFailure & { readonly isWaiting: boolean }) | null> {
    try {
      const { outcome } = await invoker.invoke({
        requestId: row.id,
        name: row.name,
        qualifier: row.qualifier,
        body: row.payload,
        clientContext: row.client_context ?? undefined,
        caller: STAYING,
      });
      if (outcome.kind === 'result' || outcome.kind === 'streamed' || outcome.kind === 'abandoned') return null;
      return { ...failureOf(outcome), isWaiting: WAITING.has(outcome.kind) };
    } catch (thrown) {
      if (!(thrown instanceof FunadeError)) throw thrown;
      return { code: thrown.code, errorType: null, message: thrown.message, isWaiting: thrown.retryable };
    }
  }

  return {
    accept: async (order) => {
      await invoker.check(order.name, order.qualifier);
      return transaction(db, async (trx) => {
        const accepted = await insertInvocation(trx, {
          id: randomUUID(),
          name: order.name,
          qualifier: order.qualifier,
          payload: order.payload,
          client_context: order.clientContext ?? null,
          idempotency_key: order.idempotencyKey ?? null,
          requested_by: order.by,
        });
        const { id, isNew } = accepted;
        if (!accepted.isSame) {
          const values = { key: order.idempotencyKey ?? '', reason: 'it was used for another event' };
          throw new FunadeError('FUN_IDEMPOTENCY_CONFLICT', values);
        }
        if (isNew) await driver.schedule(trx, id);
        return { id, isNew };
      });
    },
    get: async (id) => {
      const row = await readInvocation(db, id);
      if (row === undefined) throw notFound(id);
      return viewOf(row);
    },
    list: async ({ name, state, limit }) => (await listInvocations(db, { name, state, limit })).map(viewOf),
    retry: (id) =>
      transaction(db, async (trx) => {
        const row = await readInvocation(trx, id);
        if (row === undefined) throw notFound(id);
        if (!(await revive(trx, id))) {
          const values = {
            action: `retry invocation ${id}`,
            reason: 'it is not dead',
            look: `funade fn dead-letters ${row.name}`,
          };
          throw new FunadeError('FUN_CONFLICT', values);
        }
        await driver.schedule(trx, id);
      }),
    start: (options) => driver.start(options),
    stop: () => driver.stop(),
    prune: () => pruneInvocations(db),
  };
}

const STAYING = { gone: false };

function failureOf(outcome: Failed): InvocationFailure {
  const { code, detail } = problemOf(outcome);
  if (outcome.kind !== 'threw') return { code, errorType: null, message: detail };
  return { code, errorType: outcome.errorType, message: outcome.message };
}

function viewOf(row: InvocationRow): EventInvocation {
  return { ...row, payload: row.payload.toString('utf8') };
}

function notFound(id: string): FunadeError {
  return new FunadeError('FUN_NOT_FOUND', { kind: 'invocation', id, list: 'funade fn list' });
}
