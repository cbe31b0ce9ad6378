import { messageOf, sleep } from '../../kernel/index.ts';
import { type Looker, lookOnce } from './claimed-look.ts';
import type { Target } from './look.ts';
import type { PollOutcome, PollReport, PolledRepository, Poller, PollerOptions } from './port.ts';
import { type Appointment, insertMissing, selectAppointments } from './store.ts';
import { targetsOf } from './targets.ts';

const MOST_AT_ONCE = 4;
const TICK_MS = 15_000;
/** Also between looks that end at once for a fault that lasts. */
const SHORTEST_WAIT_MS = 250;

const FAILED: ReadonlySet<PollOutcome> = new Set(['failed', 'limited', 'no_credentials', 'stopped']);

interface Appointed {
  readonly target: Target;
  /** When it may be looked at (epoch ms). */
  readonly at: number;
}

/** Looks at the repositories of all sources; any number of processes share the work. */
export function createPoller(options: PollerOptions): Poller {
  const { db, clock, logger, sources, tickMs = TICK_MS } = options;
  const stopping = new AbortController();
  const looker: Looker = { ...options, stopping: stopping.signal, limits: new Map() };
  const active = new Map<string, Promise<void>>();
  let wake = new AbortController();
  let looping: Promise<void> | undefined;

  /** Every repository that is to be looked at, the longest due first. */
  async function appoint(): Promise<readonly Appointed[]> {
    const targets = targetsOf(sources, await options.applications());
    const known = await selectAppointments(db);
    const byKey = new Map(known.map((appointment, place) => [keyOf(appointment), { appointment, place }]));
    await insertMissing(
      db,
      targets.filter((target) => !byKey.has(keyOf(target))),
    );
    const place = (target: Target) => byKey.get(keyOf(target))?.place ?? -1;
    return targets
      .toSorted((left, right) => place(left) - place(right))
      .map((target) => ({ target, at: timeOf(byKey.get(keyOf(target))?.appointment) }));
  }

  /** Begins what is due, as much as there is room for; answers how long nothing else will be. */
  async function begin(): Promise<number> {
    const appointed = (await appoint()).filter(({ target }) => !active.has(keyOf(target)));
    let next = clock.now() + tickMs;
    for (const { target, at } of appointed) {
      if (at > clock.now()) next = Math.min(next, at);
      else if (active.size < MOST_AT_ONCE && !stopping.signal.aborted) follow(target);
    }
    return Math.max(SHORTEST_WAIT_MS, next - clock.now());
  }

  function follow(target: Target): void {
    const work = lookOnce(looker, target, false).then(() => {
      active.delete(keyOf(target));
      wake.abort();
    });
    active.set(keyOf(target), work);
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      const wait = await begin().catch((thrown: unknown) => {
        logger.warn({ reason: messageOf(thrown) }, 'Failed to read which repositories are to be polled.');
        return tickMs;
      });
      await sleep(SHORTEST_WAIT_MS, stopping.signal);
      await sleep(wait - SHORTEST_WAIT_MS, AbortSignal.any([stopping.signal, wake.signal]));
    }
    await Promise.all(active.values());
  }

  return {
    runOnce: async () => {
      const line = [...(await appoint())];
      const polled: PolledRepository[] = [];
      const work = async () => {
        for (let next = line.shift(); next !== undefined; next = line.shift()) {
          polled.push(await lookOnce(looker, next.target, true));
        }
      };
      await Promise.all(Array.from({ length: MOST_AT_ONCE }, work));
      return reportOf(polled);
    },
    start: () => {
      looping ??= loop();
    },
    stop: async () => {
      stopping.abort();
      await looping;
    },
  };
}

function reportOf(polled: readonly PolledRepository[]): PollReport {
  const nameOf = ({ source, repository }: PolledRepository) => `${source} ${repository}`;
  return {
    repositories: polled.toSorted((left, right) => nameOf(left).localeCompare(nameOf(right), 'en')),
    found: polled.reduce((sum, { found }) => sum + found, 0),
    redelivered: polled.reduce((sum, { redelivered }) => sum + redelivered, 0),
    failed: polled.filter(({ outcome }) => FAILED.has(outcome)),
  };
}

function keyOf({ source, fullName }: { readonly source: string; readonly fullName: string }): string {
  return `${source} ${fullName}`;
}

/** Never looked at: at once. While another look holds it: when that must have ended. */
function timeOf(appointment: Appointment | undefined): number {
  return Math.max(appointment?.pollAt ?? 0, appointment?.pollingUntil ?? 0);
}
