import type { Counters, VersionCounter } from '../metrics/counters.ts';
import type { FunctionLogLine, VersionSpec } from '../port.ts';
import { type Deployment, createDeployment } from './deployment.ts';
import type { HostMeans } from './hosted-function.ts';
import type { SmokeRunner } from './smoke.ts';

export interface StandaloneOptions {
  readonly means: HostMeans;
  readonly counters: Counters;
  readonly log: (line: FunctionLogLine) => void;
  readonly smokeFor: (name: string) => SmokeRunner;
  /** One version from the database; undefined when there is none. */
  readonly read: (name: string, id: string) => Promise<VersionSpec | undefined>;
  /** Directory of the code with this digest; null when this host has none. */
  readonly locate: (digest: string) => Promise<string | null>;
  /** The files of code that is small enough to travel with LOAD. */
  readonly readSmall: (digest: string) => Promise<Readonly<Record<string, string>> | null>;
  /** A function is gone, or what it was before. */
  readonly forgotten: (name: string) => void;
  /** Milliseconds after which a version without a process or a call is dropped from memory. */
  readonly keep?: number;
}

export interface PinnedVersion {
  readonly id: string;
  deployment(): Deployment;
  readonly counter: VersionCounter;
}

/** Versions of standalone functions on this host: made when they are first called, dropped when they were not for long. */
export interface StandaloneVersions {
  /** A version that an alias names. */
  hold(name: string, version: VersionSpec): Promise<void>;
  /** Any version by its number; undefined when there is none. */
  pin(name: string, id: string): Promise<PinnedVersion | undefined>;
  /** Of a version that was held or pinned. */
  deployment(name: string, id: string): Deployment;
  /** The function may have been deleted: its versions are taken down, and read anew if it comes back. */
  forget(name: string): void;
  /** `weightOf`: percent of an alias's calls; null for a version that no alias names. Those with calls keep `instances.min` up. */
  sweep(weightOf: (name: string, id: string) => number | null): void;
  stop(deadline: number): Promise<void>;
}

/** Where counts and logs of calls go that name a version and no alias. */
const NO_ALIAS = '';
const KEEP = 600_000;
const FORGET_WITHIN = 1000;

export function createStandaloneVersions(options: StandaloneOptions): StandaloneVersions {
  const specs = new Map<string, { readonly name: string; readonly version: VersionSpec; usedAt: number }>();
  const deployments = new Map<string, { readonly name: string; readonly deployment: Deployment }>();
  const leaving = new Set<Promise<void>>();

  /** Code that was not here when it was asked for may have come meanwhile. */
  async function remember(name: string, version: VersionSpec): Promise<void> {
    const key = keyOf(name, version.id);
    const known = specs.get(key);
    if (known !== undefined && known.version.artifact !== '') return;
    const artifact = await options.locate(version.digest);
    if (known !== undefined && artifact === null) return;
    specs.set(key, { name, version: { ...version, artifact: artifact ?? '' }, usedAt: performance.now() });
    if (known !== undefined) takeDown(key, 0);
  }

  function deployment(name: string, id: string): Deployment {
    const key = keyOf(name, id);
    const known = deployments.get(key);
    if (known !== undefined) return known.deployment;
    const version = specs.get(key)?.version;
    if (version === undefined) throw new Error(`version ${id} of ${name} is used before it was read`);
    const made = createDeployment({
      means: { ...options.means, limits: { ...options.means.limits, min: 0 } },
      scope: { app: name, environment: null },
      version,
      carried: () => options.readSmall(version.digest),
      changed: () => {},
      smoke: options.smokeFor(name),
      log: (line) => options.log({ app: name, environment: NO_ALIAS, ...line }),
    });
    deployments.set(key, { name, deployment: made });
    return made;
  }

  function takeDown(key: string, deadline: number): void {
    const entry = deployments.get(key);
    if (entry === undefined) return;
    deployments.delete(key);
    const done = entry.deployment.drain(deadline).finally(() => leaving.delete(done));
    leaving.add(done);
  }

  return {
    hold: remember,
    deployment,
    pin: async (name, id) => {
      const known = specs.get(keyOf(name, id));
      if (known !== undefined) known.usedAt = performance.now();
      if (known === undefined || known.version.artifact === '') {
        const version = await options.read(name, id);
        if (version === undefined) return undefined;
        await remember(name, version);
      }
      const counter = options.counters.counterOf({ app: name, environment: NO_ALIAS, version: id });
      return { id, deployment: () => deployment(name, id), counter };
    },
    forget: (name) => {
      for (const [key, entry] of deployments) if (entry.name === name) takeDown(key, FORGET_WITHIN);
      for (const [key, entry] of specs) if (entry.name === name) specs.delete(key);
      options.forgotten(name);
    },
    sweep: (weightOf) => {
      const old = performance.now() - (options.keep ?? KEEP);
      for (const [key, { name, version, usedAt }] of specs) {
        if (deployments.has(key)) continue;
        const weight = weightOf(name, version.id);
        if (weight === null && usedAt < old) specs.delete(key);
        else if ((weight ?? 0) > 0 && keepsProcesses(version)) deployment(name, version.id);
      }
      for (const [key, { name, deployment: swept }] of deployments) {
        swept.sweep();
        const hasCalls = (weightOf(name, swept.version.id) ?? 0) > 0;
        const since = hasCalls ? swept.unusedSince() : swept.idleSince();
        if (since !== null && since < old) takeDown(key, 0);
      }
    },
    stop: async (deadline) => {
      for (const key of deployments.keys()) takeDown(key, deadline);
      await Promise.all(leaving);
    },
  };
}

function keepsProcesses({ functions }: VersionSpec): boolean {
  return Object.values(functions).some(({ instances }) => (instances.min ?? 0) > 0);
}

function keyOf(name: string, id: string): string {
  return `${name}@${id}`;
}
