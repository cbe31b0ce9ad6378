import { type Logger, isFunadeError, messageOf } from '../kernel/index.ts';
import {
  type Db,
  type NewEvent,
  type Trx,
  appendEvents,
  isStorageFull,
  isUnreachable,
  together,
  transaction,
} from '../store/index.ts';
import { hookOf } from './headers.ts';
import type { Admission, Admitted } from './port.ts';
import type { Sorted } from './sort-out.ts';
import {
  type Decision,
  type NewDelivery,
  type Patience,
  boundWaits,
  countDuplicates,
  insertDeliveries,
} from './store.ts';

/** What a delivery that could be read asks for. */
export type Understood = Exclude<Sorted, { readonly kind: 'malformed' }>;

export type Recorded = { readonly kind: 'stored'; readonly decision: Decision } | { readonly kind: 'duplicate' };

export type Result =
  | { readonly kind: 'recorded'; readonly recorded: Recorded }
  | { readonly kind: 'failed'; readonly thrown: unknown };

export interface Recorder {
  readonly db: Db;
  readonly admission: Admission;
  readonly logger: Logger;
}

/** A delivery to be stored, and the event that tells of it. */
export interface Entry {
  readonly delivery: NewDelivery;
  /** Host of the pages of the delivery's source. */
  readonly host: string;
  readonly sorted: Understood | Rejection;
  readonly event: { readonly kind: string; readonly actor: string };
  /** Once aborted, nothing is committed any more: the sender was already told that it was not stored. */
  readonly signal?: AbortSignal;
}

interface Rejection {
  readonly kind: 'rejected';
  readonly reason: string;
}

/** The admission itself is at fault, so trying again would end the same. */
class AdmissionFault extends Error {}

const TRIES = 3;

/** All of it ends before a sender is told that nothing was stored (`storeMs`). */
const ALONE: Patience = { lockMs: 2000, statementMs: 6000 };
const TOGETHER: Patience = { lockMs: 1000, statementMs: 6000 };
/** What those of a failed batch may wait for locks in all, each, and at least. */
const AGAIN = { allMs: 1000, eachMs: 300, leastMs: 20, statementMs: 3000 } as const;

/**
 * Stores deliveries, has them admitted and writes their events, all in one transaction. When that fails, each is tried
 * alone, so that none suffers from another; only trouble with the database itself is everybody's. Never rejects.
 */
export async function recordDeliveries(recorder: Recorder, entries: readonly Entry[]): Promise<readonly Result[]> {
  const [only] = entries;
  if (only !== undefined && entries.length === 1) return [await settled(recordDelivery(recorder, only))];
  try {
    const recorded = await recordOnce(recorder, entries, TOGETHER);
    return recorded.map((each) => ({ kind: 'recorded', recorded: each }));
  } catch (thrown) {
    if (isUnreachable(thrown) || isStorageFull(thrown)) return entries.map(() => ({ kind: 'failed', thrown }));
    return recordOneByOne(recorder, entries);
  }
}

/** In their order. However many of them need a lock that another transaction keeps, the others wait a second for them at most. */
async function recordOneByOne(recorder: Recorder, entries: readonly Entry[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  let leftMs: number = AGAIN.allMs;
  for (const entry of entries) {
    const lockMs = Math.max(AGAIN.leastMs, Math.min(AGAIN.eachMs, leftMs));
    const result = await settled(recordDelivery(recorder, entry, { lockMs, statementMs: AGAIN.statementMs }));
    if (result.kind === 'failed' && isLockTimeout(result.thrown)) leftMs -= lockMs;
    results.push(result);
  }
  return results;
}

function settled(recording: Promise<Recorded>): Promise<Result> {
  return recording.then(
    (recorded) => ({ kind: 'recorded', recorded }),
    (thrown: unknown) => ({ kind: 'failed', thrown }),
  );
}

/**
 * Stores one delivery. When the admission is at fault, it is stored as `rejected`, so that it can be replayed after the
 * repair. Throws when it can't be stored.
 */
export async function recordDelivery(recorder: Recorder, entry: Entry, patience: Patience = ALONE): Promise<Recorded> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await recordAlone(recorder, entry, patience);
    } catch (thrown) {
      if (thrown instanceof AdmissionFault) {
        recorder.logger.error(
          { deliveryId: entry.delivery.deliveryId, reason: messageOf(thrown.cause), stack: stackOf(thrown.cause) },
          'Failed to admit a delivery; it is kept for a replay.',
        );
        const rejected = { ...entry, sorted: { kind: 'rejected', reason: 'admission_failed' } } as const;
        return recordAlone(recorder, rejected, patience);
      }
      if (attempt >= TRIES || !lostARace(thrown)) throw thrown;
    }
  }
}

async function recordAlone(recorder: Recorder, entry: Entry, patience: Patience): Promise<Recorded> {
  const [recorded] = await recordOnce(recorder, [entry], patience);
  if (recorded === undefined) throw new Error(`delivery ${entry.delivery.id} vanished in its own transaction`);
  return recorded;
}

function recordOnce(
  { db, admission }: Recorder,
  entries: readonly Entry[],
  patience: Patience,
): Promise<readonly Recorded[]> {
  const signals = entries.flatMap(({ signal }) => (signal === undefined ? [] : [signal]));
  const record = async (trx: Trx): Promise<readonly Recorded[]> => {
    for (const signal of signals) signal.throwIfAborted();
    boundWaits(trx, patience).catch(() => {}); // travels with the next statement, which fails as well when this one does
    const admitted = await admit(trx, admission, entries);
    const decided = entries.map((entry) => ({ ...entry, decision: admitted.decisionOf(entry) }));
    const stored = await insertDeliveries(trx, decided);
    const isStored = ({ delivery }: Entry) => stored.has(delivery.id);
    if (areEntangled(entries, isStored)) throw new Entangled();
    const again = entries.filter((entry) => !isStored(entry));
    await countDuplicates(
      trx,
      again.map(({ delivery }) => delivery),
    );
    const fresh = decided.filter(isStored);
    await together(admitted.write(isStored), appendEvents(trx, fresh.map(eventOf)));
    for (const signal of signals) signal.throwIfAborted();
    return decided.map((entry) =>
      isStored(entry) ? { kind: 'stored', decision: entry.decision } : { kind: 'duplicate' },
    );
  };
  return transaction(db, record, signals.length === 0 ? undefined : AbortSignal.any(signals));
}

/** A decision may rest on another delivery of the batch – a run on the push before, a task on its label – which was not stored. */
class Entangled extends Error {}

function areEntangled(entries: readonly Entry[], isStored: (entry: Entry) => boolean): boolean {
  const admitted = entries.filter(({ sorted }) => sorted.kind === 'admit');
  return admitted.some(isStored) && !admitted.every(isStored);
}

function eventOf({ delivery, sorted, event, decision }: Entry & { readonly decision: Decision }): NewEvent {
  return {
    kind: event.kind,
    subject: delivery.id,
    actor: event.actor,
    data: {
      source: delivery.source,
      forge: delivery.forge,
      via: delivery.via,
      deliveryId: delivery.deliveryId,
      event: delivery.event,
      outcome: decision.outcome,
      reason: decision.reason,
      runIds: decision.runIds,
      taskIds: decision.taskIds,
      replayOf: delivery.replayOf,
      ...toldBy(sorted),
    },
  };
}

const NOTHING = { runIds: [], taskIds: [] } as const;

/** What becomes of a delivery that asks for nothing. */
function decisionWithout(sorted: Exclude<Entry['sorted'], { readonly kind: 'admit' }>): Decision {
  if (sorted.kind === 'pong') {
    const codes = sorted.warnings.map((warning) => warning.code);
    return { ...NOTHING, outcome: 'pong', reason: codes.length > 0 ? codes.join(',') : null };
  }
  return { ...NOTHING, outcome: sorted.kind, reason: sorted.reason };
}

interface Admissions {
  decisionOf(entry: Entry): Decision;
  /** Writes what the deliveries that were kept become. */
  write(isKept: (entry: Entry) => boolean): Promise<void>;
}

/** Asks the admission about every event of the deliveries that can become something. */
async function admit(trx: Trx, admission: Admission, entries: readonly Entry[]): Promise<Admissions> {
  const asked = entries.flatMap((entry) =>
    entry.sorted.kind === 'admit' ? entry.sorted.events.map((event) => ({ event, entry })) : [],
  );
  const arrivals = asked.map(({ event, entry: { delivery, host } }) => {
    const { source, forge, via, deliveryId, replayOf } = delivery;
    const hook = hookOf(delivery.headers);
    return { event, source, forge, host, via, deliveryId, isReplay: replayOf !== null, hook };
  });
  const plan = arrivals.length === 0 ? undefined : await blaming(() => admission.plan(trx, arrivals));
  const decisions = new Map<string, Decision>();
  for (const [index, { entry }] of asked.entries()) {
    const { id } = entry.delivery;
    decisions.set(id, addAdmitted(decisions.get(id), plan?.decisions[index]));
  }
  return {
    decisionOf: ({ delivery, sorted }) =>
      sorted.kind === 'admit' ? addNothing(decisions.get(delivery.id)) : decisionWithout(sorted),
    write: async (isKept) => {
      const places = asked.flatMap(({ entry }, place) => (isKept(entry) ? [place] : []));
      if (plan !== undefined && places.length > 0) await blaming(() => plan.write(places));
    },
  };
}

/** Whatever it throws for a reason of its own, now or later, is a fault of the admission. */
async function blaming<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (isAdmissionFault(thrown)) throw new AdmissionFault('admission', { cause: thrown });
    throw thrown;
  }
}

/** A delivery that holds no event is nobody's business. */
function addNothing(decision: Decision | undefined): Decision {
  return decision ?? { ...NOTHING, outcome: 'ignored', reason: null };
}

/** A delivery is queued when any of its events is; otherwise the first reason stands. */
function addAdmitted(before: Decision | undefined, admitted: Admitted | undefined): Decision {
  if (admitted === undefined) throw new Error('the admission left an event without a decision');
  if (admitted.kind === 'ignored') return before ?? { ...NOTHING, outcome: 'ignored', reason: admitted.reason };
  const runIds = [...(before?.runIds ?? []), ...admitted.runIds];
  const taskIds = [...(before?.taskIds ?? []), ...admitted.taskIds];
  return { outcome: 'queued', reason: null, runIds, taskIds };
}

/** Repository, ref or subject and who did it, for readers of the event. */
function toldBy(sorted: Entry['sorted']): Readonly<Record<string, unknown>> {
  const [told] = sorted.kind === 'admit' ? sorted.events : [];
  if (told === undefined) return {};
  const repository = told.repository.fullName;
  if ('ref' in told) return { repository, ref: told.ref, after: told.after, sender: told.actor };
  return { repository, subject: told.subject.kind, number: told.subject.number, sender: told.actor.login };
}

/**
 * A fault of the code or the data; anything else (connection, disk, locks, a table that is not there yet) may succeed another
 * time, and whoever sent it will try.
 */
function isAdmissionFault(thrown: unknown): boolean {
  if (isFunadeError(thrown)) return !thrown.retryable;
  const state = sqlState(thrown);
  if (state !== undefined) return /^2[23]/.test(state);
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((fault) => thrown instanceof fault);
}

/** Deadlock or serialisation failure: the database asks to try again. */
function lostARace(thrown: unknown): boolean {
  return sqlState(thrown)?.startsWith('40') === true;
}

/** Something else kept a lock, or the statement running, for longer than this transaction was to wait. */
export function isHeldUp(thrown: unknown): boolean {
  return isLockTimeout(thrown) || sqlState(thrown) === '57014';
}

/** Another transaction kept a lock for longer than this one was to wait. */
function isLockTimeout(thrown: unknown): boolean {
  return sqlState(thrown) === '55P03';
}

function stackOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? thrown.stack : undefined;
}

function sqlState(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  const { code } = thrown;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
