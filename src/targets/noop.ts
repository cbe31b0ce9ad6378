import { type Clock, FunadeError } from '../kernel/index.ts';
import type { MetricsProvider, Reading, Target, TargetContext, VersionState } from '../rollouts/port.ts';
import { type VersionWeight, weightsFor } from './weights.ts';

export interface NoopOptions {
  readonly clock: Clock;
  /** Milliseconds from `prepare` until a version is ready; 0. */
  readonly readyAfter?: number;
  /** Failure text of versions that never become ready, by release id. */
  readonly failures?: Readonly<Record<string, string>>;
}

/** An effect that took place, in order. */
export interface NoopEffect {
  readonly verb: 'prepare' | 'shift' | 'retire';
  readonly app: string;
  readonly environment: string;
  readonly version: string;
  readonly key: string;
  readonly fence: number;
  /** Percent of the candidate after a shift. */
  readonly weight: number | null;
}

export interface NoopTarget extends Target {
  /** What was really done: repeated keys and calls without effect are not in it. */
  effects(): readonly NoopEffect[];
}

interface Attached {
  readonly version: string;
  readonly digest: string;
  readonly readyAt: number;
  readonly weight: number;
}

interface Place {
  fence: number;
  readonly keys: Set<string>;
  attached: readonly Attached[];
}

/** A target in memory that keeps every rule of the port and runs nothing. */
export function createNoopTarget(options: NoopOptions): NoopTarget {
  const { clock, readyAfter = 0, failures = {} } = options;
  const places = new Map<string, Place>();
  const effects: NoopEffect[] = [];

  function record(context: TargetContext, verb: NoopEffect['verb'], version: string, weight: number | null): void {
    const { app, environment, key, fence } = context;
    effects.push({ verb, app, environment, version, key, fence, weight });
  }

  /** The place to change; undefined when this key has acted before. */
  function claim(context: TargetContext): Place | undefined {
    const name = nameOf(context);
    const place = places.get(name) ?? { fence: 0, keys: new Set(), attached: [] };
    places.set(name, place);
    if (context.fence < place.fence) {
      throw new FunadeError('FUN_FENCED', { what: name, fence: context.fence, seen: place.fence });
    }
    place.fence = context.fence;
    return place.keys.has(context.key) ? undefined : place;
  }

  function prepare(context: TargetContext): void {
    const place = claim(context);
    const { id, digest } = context.candidate;
    if (place === undefined) return;
    if (place.attached.every(({ version }) => version !== id)) {
      const live = place.attached.filter(({ weight }) => weight > 0);
      if (live.length > 1) throw conflict(context, `prepare ${id}`, 'two other versions take its traffic');
      place.attached = [...live, { version: id, digest, weight: 0, readyAt: clock.now() + readyAfter }];
      record(context, 'prepare', id, null);
    }
    place.keys.add(context.key);
  }

  function shift(context: TargetContext, weight: number): void {
    const wanted = weightsFor(context, weight);
    const place = claim(context);
    if (place === undefined) return;
    for (const each of wanted) refuseImpossible(place, each, context);
    const next = place.attached.map((each) => ({
      ...each,
      weight: wanted.find(({ version }) => version === each.version)?.weight ?? 0,
    }));
    const isChanged = next.some((each, index) => each.weight !== place.attached[index]?.weight);
    if (isChanged) record(context, 'shift', context.candidate.id, weight);
    place.attached = next;
    place.keys.add(context.key);
  }

  function refuseImpossible(place: Place, { version, weight }: VersionWeight, context: TargetContext): void {
    const known = place.attached.find((each) => each.version === version);
    const id = `${version} in ${nameOf(context)}`;
    if (known === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'version', id, list: 'funade status' });
    const reason = failures[version];
    if (weight === 0 || known.weight > 0 || reason === undefined) return;
    throw new FunadeError('FUN_VERSION_FAILED', { version, what: nameOf(context), reason });
  }

  function retire(context: TargetContext, version: string): void {
    const place = claim(context);
    if (place === undefined) return;
    const known = place.attached.find((each) => each.version === version);
    if (known !== undefined && known.weight > 0) {
      throw conflict(context, `retire ${version}`, `it takes ${known.weight} % of the traffic`);
    }
    if (known !== undefined) record(context, 'retire', version, null);
    place.attached = place.attached.filter((each) => each !== known);
    place.keys.add(context.key);
  }

  function stateOf({ version, digest, weight, readyAt }: Attached): VersionState {
    const failure = failures[version] ?? null;
    const ready = failure === null && clock.now() >= readyAt;
    return { version, digest, weight, ready, failure, instances: ready ? 1 : 0 };
  }

  return {
    id: 'noop',
    capabilities: { weights: 'any', preview: false, warm: true, sticky: false },
    check: () => Promise.resolve([]),
    prepare: async (context) => {
      prepare(context);
      return { version: context.candidate.id, preview: null };
    },
    shift: async (context, weight) => shift(context, weight),
    observe: async (environment) => ({ versions: (places.get(nameOf(environment))?.attached ?? []).map(stateOf) }),
    retire: async (context, version) => retire(context, version),
    effects: () => effects,
  };
}

/** Answers each query with what `read` says; by default there is no data, which never lets a rollout pass. */
export function createNoopMetrics(read?: MetricsProvider['read']): MetricsProvider {
  const nothing: Reading = { kind: 'no_data', reason: 'the noop provider measures nothing' };
  return {
    id: 'noop',
    metrics: ['error-rate', 'requests-per-second', 'latency-p50', 'latency-p90', 'latency-p95', 'latency-p99'],
    read: read ?? (() => Promise.resolve(nothing)),
  };
}

function nameOf({ app, environment }: { readonly app: string; readonly environment: string }): string {
  return `${app}/${environment}`;
}

function conflict(context: TargetContext, action: string, reason: string): FunadeError {
  return new FunadeError('FUN_CONFLICT', { action: `${action} in ${nameOf(context)}`, reason, look: 'funade status' });
}
