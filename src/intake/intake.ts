import type { ForgeWebhook, Secret } from '../forges/index.ts';
import { type Clock, type Logger, messageOf, newId } from '../kernel/index.ts';
import type { Db } from '../store/index.ts';
import { notStored } from './answers.ts';
import { createBatches } from './batches.ts';
import { createBodyReader } from './body.ts';
import { createFailureLimit } from './failure-limit.ts';
import { handleHttp } from './http.ts';
import type { Admission, Intake, IntakeAnswer, IntakeLimits, IntakeMetrics, IntakeRequest } from './port.ts';
import { type Received, type Receiver, receiveDelivery } from './receive.ts';
import { replayDelivery } from './replay.ts';
import { checkSecrets, defaultLimits, parseTrustedProxies } from './settings.ts';
import { deleteBodies, selectDeliveries, selectDelivery } from './store.ts';

const MOST_EVENT_LABELS = 100;

export interface IntakeOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly forges: ReadonlyMap<string, ForgeWebhook>;
  /** Valid secrets by source. A source without one refuses every delivery. */
  readonly secrets: ReadonlyMap<string, readonly Secret[]>;
  readonly admission: Admission;
  readonly metrics?: IntakeMetrics;
  readonly limits?: Partial<IntakeLimits>;
}

/** Builds the intake. Throws FUN_SETTING_INVALID for a weak secret or a trusted proxy that is not a CIDR. */
export function createIntake(options: IntakeOptions): Intake {
  const { db, clock, logger, forges } = options;
  const limits = { ...defaultLimits, ...options.limits };
  for (const [source, secrets] of options.secrets) checkSecrets(source, secrets);
  for (const source of forges.keys()) {
    if ((options.secrets.get(source) ?? []).length > 0) continue;
    logger.warn({ source }, `No webhook secret is set for ${source}: every delivery will be refused.`);
  }
  const receiver: Receiver = {
    ...options,
    metrics: options.metrics,
    limits,
    trusted: parseTrustedProxies(limits.trustedProxies),
    bodies: createBodyReader(limits),
    batches: createBatches(options, limits),
    failures: createFailureLimit(clock, limits.failuresPerMinute),
    formSenders: new Set(),
  };
  const eventLabel = createEventLabels();

  async function receive(request: IntakeRequest): Promise<IntakeAnswer> {
    const started = clock.now();
    const { outcome, event, answer } = await receiveDelivery(receiver, request).catch(unexpected);
    const source = forges.has(request.source) ? request.source : 'unknown';
    receiver.metrics?.observe(outcome, source, eventLabel(event), (clock.now() - started) / 1000);
    return answer;
  }

  function unexpected(thrown: unknown): Received {
    const id = newId('err', clock.now());
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    logger.error({ id, reason: messageOf(thrown), stack }, 'Failed inside the intake.');
    return { event: 'unknown', ...notStored(`error ${id}`) };
  }

  return {
    receive,
    handle: (request, response) => handleHttp(receive, request, response),
    listDeliveries: async ({ limit, cursor }) => {
      const rows = await selectDeliveries(db, { limit: limit + 1, cursor });
      const items = rows.slice(0, limit);
      return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    getDelivery: async (id) => (await selectDelivery(db, id))?.delivery,
    replay: (id, actor) => replayDelivery(receiver, id, actor),
    pruneBodies: (olderThan) => deleteBodies(db, olderThan),
  };
}

/** The first hundred names are labels of their own: a name is not signed and must not grow the metrics without end. */
function createEventLabels(): (event: string) => string {
  const known = new Set<string>();
  return (event) => {
    if (known.has(event)) return event;
    if (known.size >= MOST_EVENT_LABELS) return 'other';
    known.add(event);
    return event;
  };
}
