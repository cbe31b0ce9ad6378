import type { PushEvent, TagEvent } from '../forges/index.ts';
import { type Logger, isFunadeError, messageOf } from '../kernel/index.ts';
import { type Db, type Trx, appendEvent, transaction } from '../store/index.ts';
import type { Admission } from './port.ts';
import type { Sorted } from './sort-out.ts';
import { type Decision, type NewDelivery, countDuplicate, insertDelivery, updateDecision } from './store.ts';

/** What a delivery that could be read asks for. */
export type Understood = Exclude<Sorted, { readonly kind: 'malformed' }>;

export type Recorded = { readonly kind: 'stored'; readonly decision: Decision } | { readonly kind: 'duplicate' };

export interface RecordOptions {
  readonly db: Db;
  readonly admission: Admission;
  readonly logger: Logger;
  readonly delivery: NewDelivery;
  readonly sorted: Understood;
  readonly event: { readonly kind: string; readonly actor: string };
  /** Once aborted, nothing is committed any more: the sender was already told that it was not stored. */
  readonly signal?: AbortSignal;
}

/** The admission itself is at fault, so trying again would end the same. */
class AdmissionFault extends Error {}

const TRIES = 3;

/**
 * Stores a delivery, has it admitted and writes its event, all in one transaction. When the admission is at fault, the
 * delivery is stored as `rejected`, so that it can be replayed after the repair. Throws when it can't be stored.
 */
export async function recordDelivery(options: RecordOptions): Promise<Recorded> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await recordOnce(options, options.sorted);
    } catch (thrown) {
      if (thrown instanceof AdmissionFault) {
        options.logger.error(
          { deliveryId: options.delivery.deliveryId, reason: messageOf(thrown.cause), stack: stackOf(thrown.cause) },
          'Failed to admit a delivery; it is kept for a replay.',
        );
        return recordOnce(options, { kind: 'rejected', reason: 'admission_failed' });
      }
      if (attempt >= TRIES || !lostARace(thrown)) throw thrown;
    }
  }
}

function recordOnce(
  options: RecordOptions,
  sorted: Understood | { readonly kind: 'rejected'; readonly reason: string },
): Promise<Recorded> {
  const { delivery } = options;
  return transaction(options.db, async (trx) => {
    const planned = decisionBefore(sorted);
    if (!(await insertDelivery(trx, delivery, planned))) {
      await countDuplicate(trx, delivery);
      options.signal?.throwIfAborted();
      return { kind: 'duplicate' };
    }
    let decision = planned;
    if (sorted.kind === 'admit') {
      decision = await admit(trx, options, sorted.events);
      await updateDecision(trx, delivery.id, decision);
    }
    await appendEvent(trx, {
      kind: options.event.kind,
      subject: delivery.id,
      actor: options.event.actor,
      data: {
        source: delivery.source,
        deliveryId: delivery.deliveryId,
        event: delivery.event,
        outcome: decision.outcome,
        reason: decision.reason,
        runIds: decision.runIds,
        replayOf: delivery.replayOf,
        ...toldBy(sorted),
      },
    });
    options.signal?.throwIfAborted();
    return { kind: 'stored', decision };
  });
}

/** The decision as far as it is known before the admission; `queued` is corrected in the same transaction. */
function decisionBefore(sorted: Parameters<typeof recordOnce>[1]): Decision {
  if (sorted.kind === 'admit') return { outcome: 'queued', reason: null, runIds: [] };
  if (sorted.kind === 'pong') {
    const codes = sorted.warnings.map((warning) => warning.code);
    return { outcome: 'pong', reason: codes.length > 0 ? codes.join(',') : null, runIds: [] };
  }
  return { outcome: sorted.kind, reason: sorted.reason, runIds: [] };
}

async function admit(trx: Trx, options: RecordOptions, events: readonly (PushEvent | TagEvent)[]): Promise<Decision> {
  const { source, deliveryId } = options.delivery;
  const runIds: string[] = [];
  let queued = false;
  let reason: string | null = null;
  for (const event of events) {
    try {
      const admitted = await options.admission.admit(trx, event, { source, deliveryId });
      if (admitted.kind === 'queued') {
        queued = true;
        runIds.push(...admitted.runIds);
      } else {
        reason ??= admitted.reason;
      }
    } catch (thrown) {
      if (isAdmissionFault(thrown)) throw new AdmissionFault('admission', { cause: thrown });
      throw thrown;
    }
  }
  return queued ? { outcome: 'queued', reason: null, runIds } : { outcome: 'ignored', reason, runIds: [] };
}

/** Repository, ref and who did it, for readers of the event. */
function toldBy(sorted: Parameters<typeof recordOnce>[1]): Readonly<Record<string, unknown>> {
  const [change] = sorted.kind === 'admit' ? sorted.events : [];
  if (change === undefined) return {};
  return { repository: change.repository.fullName, ref: change.ref, after: change.after, sender: change.actor };
}

/** A fault of the code or the data; anything else (connection, disk, locks) may succeed another time. */
function isAdmissionFault(thrown: unknown): boolean {
  if (isFunadeError(thrown)) return !thrown.retryable;
  const state = sqlState(thrown);
  if (state !== undefined) return /^(?:22|23|42)/.test(state);
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((fault) => thrown instanceof fault);
}

/** Deadlock or serialisation failure: the database asks to try again. */
function lostARace(thrown: unknown): boolean {
  return sqlState(thrown)?.startsWith('40') === true;
}

function stackOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? thrown.stack : undefined;
}

function sqlState(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  const { code } = thrown;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
