import type { ForgeHooks, HookDelivery, RepositoryKey } from '../../forges/index.ts';
import { isFunadeError } from '../../kernel/index.ts';
import type { Redelivered } from './memory.ts';

/** As long as GitHub keeps deliveries that can be sent again. */
const KEPT_MS = 3 * 24 * 60 * 60_000;
/** A delivery is on the list only when it has ended, and clocks differ. */
const SETTLED_MS = 10 * 60_000;
const MOST_PER_LOOK = 50;
const MOST_TIMES = 3;
const MOST_REMEMBERED = 2000;

/**
 * Pushes are not asked for again: what they told is outdated when more was pushed since, and releasing it would take the
 * application back. The refs of the repository, which are looked at anyway, tell where it is now.
 */
const TOLD_BY_REFS: ReadonlySet<string> = new Set(['push', 'create', 'release']);

export interface Redelivery {
  readonly count: number;
  readonly memory: Readonly<Record<string, Redelivered>>;
  /** Everything before was asked for (epoch ms). */
  readonly until: number;
  /** What ended it early. */
  readonly trouble?: unknown;
}

export interface RedeliveryQuestion {
  readonly hooks: ForgeHooks;
  readonly repository: RepositoryKey;
  readonly hookId: string;
  /** Null at the first look. */
  readonly since: number | null;
  readonly memory: Readonly<Record<string, Redelivered>>;
  readonly now: number;
  readonly isStored: (guids: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Throws when the look may not go on. */
  readonly goOn: () => Promise<void>;
}

/**
 * Asks the forge to send again what did not arrive, oldest first. A delivery that is stored did arrive, only its answer did
 * not. Undefined where the forge can't, or the account may not.
 */
export async function askAgain(question: RedeliveryQuestion): Promise<Redelivery | undefined> {
  const { hooks, repository, hookId, now } = question;
  if (hooks.failedDeliveries === undefined || hooks.redeliver === undefined) return undefined;
  const since = Math.max(question.since ?? 0, now - KEPT_MS);
  const failed = await orDenied(hooks.failedDeliveries(repository, hookId, since));
  if (failed === undefined) return undefined;
  const asked = new Map(Object.entries(question.memory).filter(([, { at }]) => at > now - KEPT_MS));
  const stored = await question.isStored(failed.map(({ guid }) => guid));
  const due = failed
    .filter((delivery) => !stored.has(delivery.guid) && isDue(delivery, asked.get(delivery.guid)))
    .toSorted((left, right) => left.at - right.at);
  let count = 0;
  let until = since;
  for (const delivery of due.slice(0, MOST_PER_LOOK)) {
    try {
      await question.goOn();
      await orDenied(hooks.redeliver(repository, delivery));
    } catch (trouble) {
      return { count, memory: remembered(asked), until, trouble };
    }
    const times = (asked.get(delivery.guid)?.times ?? 0) + 1;
    asked.delete(delivery.guid);
    asked.set(delivery.guid, { times, last: delivery.id, at: now });
    until = Math.max(until, delivery.at);
    count += 1;
  }
  const isAll = due.length <= MOST_PER_LOOK;
  return { count, memory: remembered(asked), until: isAll ? Math.max(since, now - SETTLED_MS) : until };
}

function remembered(asked: ReadonlyMap<string, Redelivered>): Readonly<Record<string, Redelivered>> {
  return Object.fromEntries([...asked].slice(-MOST_REMEMBERED));
}

/** Once asked for, the forge tries again, and shows that try as another failure or none at all. */
function isDue({ id, event }: HookDelivery, before: Redelivered | undefined): boolean {
  if (TOLD_BY_REFS.has(event)) return false;
  return before === undefined || (before.times < MOST_TIMES && before.last !== id);
}

/** Undefined when the hook or the delivery is gone, or the account may not see hooks: nothing that waiting would change. */
async function orDenied<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (thrown) {
    if (
      isFunadeError(thrown) &&
      ['FUN_FORGE_NOT_FOUND', 'FUN_FORGE_REFUSED', 'FUN_FORGE_REJECTED'].includes(thrown.code)
    )
      return undefined;
    throw thrown;
  }
}
