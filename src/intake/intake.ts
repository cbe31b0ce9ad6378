import { type Clock, type Logger, messageOf, newId } from '../kernel/index.ts';
import type { Db } from '../store/index.ts';
import { notStored } from './answers.ts';
import { createBatches } from './batches.ts';
import { createBodyReader } from './body.ts';
import { createFailureLimit } from './failure-limit.ts';
import { handleHttp } from './http.ts';
import { createGithubAddresses } from './github-addresses.ts';
import type {
  Admission,
  Intake,
  IntakeAnswer,
  IntakeLimits,
  IntakeMetrics,
  IntakeRequest,
  VerificationFailure,
} from './port.ts';
import { type Received, type Receiver, receiveDelivery } from './receive.ts';
import { replayDelivery } from './replay.ts';
import { defaultLimits, parseTrustedProxies } from './settings.ts';
import type { SourceDirectory } from './sources/port.ts';
import { deleteBodies, selectDeliveries, selectDelivery } from './store.ts';

const MOST_EVENT_LABELS = 100;

export interface IntakeOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sources: SourceDirectory;
  readonly admission: Admission;
  /** Told of every request that could not be verified; must be quick and never throw. */
  readonly onFailure?: (failure: VerificationFailure) => void;
  /** Takes deliveries of GitHub only from the addresses that its API names. */
  readonly githubAddressesOnly?: boolean;
  readonly metrics?: IntakeMetrics;
  readonly limits?: Partial<IntakeLimits>;
}

/** Builds the intake. Throws FUN_SETTING_INVALID for a trusted proxy that is not a CIDR. */
export function createIntake(options: IntakeOptions): Intake {
  const { db, clock, logger, sources } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const receiver: Receiver = {
    ...options,
    metrics: options.metrics,
    onFailure: options.onFailure,
    githubAddresses: options.githubAddressesOnly === true ? createGithubAddresses({ clock, logger }) : undefined,
    limits,
    trusted: parseTrustedProxies(limits.trustedProxies),
    bodies: createBodyReader(limits),
    batches: createBatches(options, limits),
    failures: createFailureLimit(clock, limits.failuresPerMinute),
    formSenders: new Set(),
    warned: { sourcesAt: 0 },
  };
  const eventLabel = createEventLabels();

  async function receive(request: IntakeRequest): Promise<IntakeAnswer> {
    const started = clock.now();
    const { outcome, event, answer } = await receiveDelivery(receiver, request).catch(unexpected);
    const source = sources.get(request.source)?.name ?? 'unknown';
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
    listDeliveries: async ({ limit, cursor, source, outcome }) => {
      const rows = await selectDeliveries(db, { limit: limit + 1, cursor, source, outcome });
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
