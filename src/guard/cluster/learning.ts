import { assertNever, messageOf } from '../../kernel/index.ts';
import type { Need, Prepared, Reads, Uncertainty } from '../world.ts';
import { keyOf, landingOf } from './in-flight.ts';
import { type Known, type Learnt, createLearnt, createLiveReads } from './live-reads.ts';
import type { ReadThrough } from './read-through.ts';
import type { Released } from './released.ts';
import { sameDeployment } from './sameness.ts';
import { ApiTrouble, uncertaintyOf } from './trouble.ts';

export interface LearningOptions {
  readonly known: Known;
  readonly reads: ReadThrough;
  /** `null`: no control plane is configured. */
  readonly released: Released | null;
  readonly synced: { readonly deployments: () => boolean; readonly hpas: () => boolean };
}

/** Makes sure that what a decision needs is known. */
export interface Learning {
  prepare(needs: readonly Need[], deadline: AbortSignal): Prepared | Promise<Prepared>;
}

type Unknown = Prepared['unknown'][number];

/** What only informs is not waited for longer than that. */
const INFORMS_MS = 1000;
const NOTHING_UNKNOWN: readonly Unknown[] = [];

export function createLearning({ known, reads, released, synced }: LearningOptions): Learning {
  const live = createLiveReads(known, null);

  function isKnown(need: Need): boolean {
    switch (need.kind) {
      case 'hpasOn':
        // No HPA in a complete index means that there is none.
        return synced.hpas();
      case 'deployment':
        return synced.deployments() && (need.weight === 'informs' || isSettled(need.namespace, need.name));
      case 'deploymentsIn':
        return synced.deployments();
      case 'released':
        return released?.known(need.digest) != null;
      default:
        return assertNever(need);
    }
  }

  /** In the cache, and no change is in flight that would make it another. */
  function isSettled(namespace: string, name: string): boolean {
    const cached = known.deployments.get(namespace, name)?.value;
    if (cached === undefined) return false;
    for (const flight of known.inFlight.deployments.ofKey(keyOf({ namespace, name }))) {
      if (!sameDeployment(landingOf(flight, cached), cached)) return false;
    }
    return true;
  }

  function knownDigests(needs: readonly Need[]): ReadonlyMap<string, boolean> {
    const digests = needs.flatMap((need) => (need.kind === 'released' ? [need.digest] : []));
    return new Map(
      digests.flatMap((digest) => {
        const isReleased = known.released(digest);
        return isReleased === null ? [] : [[digest, isReleased] as const];
      }),
    );
  }

  async function learnDeployment(
    { namespace, name }: { readonly namespace: string; readonly name: string },
    learnt: Learnt,
    signal: AbortSignal,
  ): Promise<void> {
    const cached = known.deployments.get(namespace, name)?.version ?? null;
    try {
      const entry = await reads.deployment(namespace, name, signal);
      learnt.deployments.set(keyOf({ namespace, name }), { entry, cached });
    } catch (error) {
      // The cache and what is in flight disagree, and nobody can tell who is right: both count.
      if (!synced.deployments() || !known.deployments.get(namespace, name)) throw error;
      if (!(error instanceof ApiTrouble)) throw error;
    }
  }

  async function learnDeploymentsIn(namespace: string, learnt: Learnt, signal: AbortSignal): Promise<void> {
    const entries = await reads.deploymentsIn(namespace, signal);
    for (const entry of entries) {
      const cached = known.deployments.get(namespace, entry.value.name)?.version ?? null;
      learnt.deployments.set(keyOf(entry.value), { entry, cached });
    }
  }

  async function learn(need: Need, learnt: Learnt, signal: AbortSignal): Promise<void> {
    switch (need.kind) {
      case 'hpasOn': {
        const { namespace } = need.target;
        learnt.hpasIn.set(namespace, await reads.hpasIn(namespace, signal));
        return;
      }
      case 'deployment':
        return learnDeployment(need, learnt, signal);
      case 'deploymentsIn':
        return learnDeploymentsIn(need.namespace, learnt, signal);
      case 'released':
        if (released !== null) learnt.released.set(need.digest, await released.learn(need.digest, signal));
        return;
      default:
        assertNever(need);
    }
  }

  async function outcomeOf(need: Need, learnt: Learnt, deadline: AbortSignal): Promise<Unknown | null> {
    if (need.kind === 'released' && released === null) return { need, uncertainty: NO_LEDGER };
    const limit = need.weight === 'informs' ? limited(deadline, INFORMS_MS) : null;
    try {
      await learn(need, learnt, limit?.signal ?? deadline);
      return null;
    } catch (error) {
      return { need, uncertainty: need.kind === 'released' ? ledgerUncertainty(error) : uncertaintyOf(error) };
    } finally {
      limit?.end();
    }
  }

  async function learnAll(
    needs: readonly Need[],
    digests: ReadonlyMap<string, boolean>,
    deadline: AbortSignal,
  ): Promise<Prepared> {
    const learnt = createLearnt();
    // Answers of the ledger have their time: what was known when the request came counts until it is decided.
    for (const [digest, isReleased] of digests) learnt.released.set(digest, isReleased);
    const outcomes = await Promise.all(needs.map((need) => outcomeOf(need, learnt, deadline)));
    const now: Reads = createLiveReads(known, learnt);
    return { reads: now, unknown: outcomes.filter((outcome) => outcome !== null) };
  }

  return {
    prepare: (needs, deadline) => {
      const pending = needs.filter((need) => !isKnown(need));
      if (pending.length === 0) return { reads: live, unknown: NOTHING_UNKNOWN };
      return learnAll(pending, knownDigests(needs), deadline);
    },
  };
}

const NO_LEDGER: Uncertainty = { reason: 'ledger', detail: 'no control plane is configured (funade.url)' };

function ledgerUncertainty(thrown: unknown): Uncertainty {
  return { reason: 'ledger', detail: messageOf(thrown) };
}

/** `signal`, or the end of `ms`, whatever is first. Not `AbortSignal.any`: its signals live as long as the longer one. */
function limited(signal: AbortSignal, ms: number): { readonly signal: AbortSignal; readonly end: () => void } {
  const ending = new AbortController();
  const abort = () => ending.abort();
  const timer = setTimeout(abort, ms);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return {
    signal: ending.signal,
    end: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}
