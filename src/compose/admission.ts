import type { Agent, TaskArrival } from '../agent/index.ts';
import type { Admission, AdmissionPlan, Admitted, Arrival } from '../intake/index.ts';
import type { RefUpdate, Releases } from '../releases/index.ts';
import type { Trx } from '../store/index.ts';

interface Decided {
  readonly place: number;
  readonly admitted: Admitted;
}

interface Part {
  readonly decided: readonly Decided[];
  write(places: readonly number[]): Promise<void>;
}

interface Deciders {
  readonly releases: Pick<Releases, 'planAdmission'>;
  readonly agent: Pick<Agent, 'planAdmission'>;
}

/** Pushes and tags are decided by the releases, what happens to issues and changes by the agent. */
export function admissionOf(rooms: () => Deciders): Admission {
  return {
    plan: async (trx, arrivals) =>
      joined([await planRuns(rooms(), trx, arrivals), await planTasks(rooms(), trx, arrivals)]),
  };
}

async function planRuns({ releases }: Deciders, trx: Trx, arrivals: readonly Arrival[]): Promise<Part> {
  const asked = arrivals.flatMap((arrival, place) => {
    const update = updateOf(arrival);
    return update === null ? [] : [{ place, update }];
  });
  if (asked.length === 0) return NOTHING;
  const plan = await releases.planAdmission(
    trx,
    asked.map(({ update }) => update),
  );
  return partOf(asked, plan, ({ runIds }) => ({ kind: 'queued', runIds, taskIds: [] }));
}

async function planTasks({ agent }: Deciders, trx: Trx, arrivals: readonly Arrival[]): Promise<Part> {
  const asked = arrivals.flatMap((arrival, place) => {
    const task = taskOf(arrival);
    return task === null ? [] : [{ place, task }];
  });
  if (asked.length === 0) return NOTHING;
  const plan = await agent.planAdmission(
    trx,
    asked.map(({ task }) => task),
  );
  return partOf(asked, plan, ({ taskIds }) => ({ kind: 'queued', runIds: [], taskIds }));
}

const NOTHING: Part = { decided: [], write: () => Promise.resolve() };

type Decision<Q> = ({ readonly kind: 'queued' } & Q) | { readonly kind: 'ignored'; readonly reason: string };

/** One room's plan, in the places of all arrivals. */
function partOf<Q>(
  asked: readonly { readonly place: number }[],
  plan: { readonly decisions: readonly Decision<Q>[]; write(places: readonly number[]): Promise<void> },
  queued: (decision: { readonly kind: 'queued' } & Q) => Admitted,
): Part {
  return {
    decided: asked.map(({ place }, index) => {
      const decision = plan.decisions[index];
      if (decision === undefined) throw new Error('a room left an arrival without a decision');
      return { place, admitted: decision.kind === 'ignored' ? decision : queued(decision) };
    }),
    write: async (places) => {
      const wanted = new Set(places);
      const own = asked.flatMap(({ place }, index) => (wanted.has(place) ? [index] : []));
      if (own.length > 0) await plan.write(own);
    },
  };
}

function joined(parts: readonly Part[]): AdmissionPlan {
  const decided = parts.flatMap((part) => part.decided).toSorted((left, right) => left.place - right.place);
  return {
    decisions: decided.map(({ admitted }) => admitted),
    write: async (places) => {
      for (const part of parts) await part.write(places);
    },
  };
}

function updateOf({ event, ...arrival }: Arrival): RefUpdate | null {
  if (event.kind !== 'push' && event.kind !== 'tag') return null;
  const { headCommit, repository } = event;
  return {
    ...arrival,
    kind: event.kind,
    ref: event.kind === 'push' ? event.branch : event.tag,
    sha: event.after,
    before: event.before,
    repository: { id: repository.id, fullName: repository.fullName, addresses: repository.cloneUrls },
    actor: event.actor,
    commit: headCommit === null || headCommit.at === null ? null : { ...headCommit, at: headCommit.at },
  };
}

function taskOf({ event, ...arrival }: Arrival): TaskArrival | null {
  return event.kind === 'push' || event.kind === 'tag' ? null : { ...arrival, event };
}
