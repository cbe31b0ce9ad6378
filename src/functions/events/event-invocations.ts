import { randomUUID } from 'node:crypto';
import { type Clock, FunadeError, type Logger, messageOf } from '../../kernel/index.ts';
import { type Driver, type Lease, type Queue, createDriver } from '../../queue/index.ts';
import { type Db, transaction } from '../../store/index.ts';
import type { Invoker } from '../invoke/invoker.ts';
import { type Failed, problemOf } from '../invoke/problems.ts';
import type { Outcome } from '../outcome.ts';
import { createPlaces } from './places.ts';
import {
  type InvocationFailure,
  type InvocationRow,
  type InvocationState,
  type ListedInvocation,
  insertInvocation,
  listInvocations,
  pruneInvocations,
  readInvocation,
  readStanding,
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
  }): Promise<readonly ListedInvocation[]>;
  /** Tries a dead letter again from the beginning. */
  retry(id: string): Promise<void>;
  start(options: { readonly alone: boolean }): Promise<void>;
  /** Begins no more calls, and waits for those that run: it is the host that ends them. */
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
/** Of them, calls of one function. */
const EACH = 2;
const PLACE_PAUSE = 5000;
/** After a try that another host has overtaken. */
const OVERTAKEN_PAUSE = 1000;
/** These say nothing of the function: the event waits for a place and loses no try. */
const WAITING: ReadonlySet<Outcome['kind']> = new Set(['throttled', 'no_capacity', 'failing', 'shutting_down']);
/** So ends what a stopping host cuts off. A call that ends otherwise meanwhile ended by itself, and counts. */
const CUT_OFF: ReadonlySet<Outcome['kind']> = new Set([...WAITING, 'exited', 'init_failed'] as const);

interface Failing {
  readonly failure: InvocationFailure;
  readonly isWaiting: boolean;
  readonly isCutOff: boolean;
}

export function createEventInvocations(dependencies: EventDependencies): EventInvocations {
  const { db, clock, invoker } = dependencies;
  const pauses = dependencies.pauses ?? PAUSES;
  const longest = dependencies.longest ?? LONGEST;
  const places = createPlaces({ each: EACH, now: clock.now });
  let stopping = false;
  const driver: Driver = createDriver({
    ...{ db, clock, logger: dependencies.logger, queue: dependencies.queue, owner: dependencies.owner },
    kind: EVENT_KIND,
    concurrency: CONCURRENCY,
    round,
  });

  async function round(lease: Lease): Promise<number | null> {
    const { id } = lease;
    const found = await readStanding(db, id);
    if (found === undefined) return null;
    const { name } = found;
    if (found.state === 'queued' && !places.take(name, id)) return clock.now() + places.pauseOf(name);
    try {
      return found.state === 'queued' ? await attempt(lease) : null;
    } finally {
      await call(places.leave(name, id));
    }
  }

  /** Has those looked at whose turn it is; else they look by themselves, later. */
  async function call(ids: readonly string[]): Promise<void> {
    if (ids.length === 0 || stopping) return;
    await transaction(db, (trx) => driver.schedule(trx, ids)).catch((thrown: unknown) =>
      dependencies.logger.warn({ reason: messageOf(thrown) }, 'Failed to call the next events; they look later.'),
    );
  }

  /** One try; resolves with when to look again. */
  async function attempt({ id, signal }: Lease): Promise<number | null> {
    const row = await readInvocation(db, id);
    if (row === undefined || row.state !== 'queued') return null;
    if (signal.aborted) return clock.now();
    const failing = await invoke(row);
    if (failing === null) return tell(row, { state: 'succeeded', attempts: row.attempts + 1, failure: null }, null);
    const { failure, isWaiting } = failing;
    // Who stops cuts calls off, which says nothing of the event. Who lost the lease leaves the failure to its successor.
    if (signal.aborted && (failing.isCutOff || !stopping)) return clock.now();
    const attempts = isWaiting ? row.attempts : row.attempts + 1;
    const pause = isWaiting ? PLACE_PAUSE : pauses[attempts - 1];
    const isTooOld = clock.now() - row.tried_since.getTime() > longest;
    if (pause === undefined || isTooOld) return tell(row, { state: 'dead', attempts, failure }, null);
    return tell(row, { state: 'queued', attempts, failure }, clock.now() + pause);
  }

  async function tell(
    row: InvocationRow,
    attempted: Parameters<typeof recordAttempt>[2],
    next: number | null,
  ): Promise<number | null> {
    return (await recordAttempt(db, row, attempted)) ? next : clock.now() + OVERTAKEN_PAUSE;
  }

  async function invoke(row: InvocationRow): Promise<Failing | null> {
    try {
      const { outcome } = await invoker.invoke({
        requestId: row.id,
        name: row.name,
        qualifier: row.qualifier,
        body: row.payload,
        clientContext: row.client_context ?? undefined,
        caller: STAYING,
      });
      const { kind } = outcome;
      if (kind === 'result' || kind === 'streamed' || kind === 'abandoned') return null;
      return { failure: failureOf(outcome), isWaiting: WAITING.has(kind), isCutOff: CUT_OFF.has(kind) };
    } catch (thrown) {
      if (!(thrown instanceof FunadeError)) throw thrown;
      const { code, message, retryable } = thrown;
      return { failure: { code, errorType: null, message }, isWaiting: retryable, isCutOff: true };
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
    list: ({ name, state, limit }) => listInvocations(db, { name, state, limit }),
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
    stop: () => {
      stopping = true;
      return driver.stop();
    },
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
