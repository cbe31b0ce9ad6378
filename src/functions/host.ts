import { type Clock, type Logger, messageOf, sleep } from '../kernel/index.ts';
import type { Connection, Db } from '../store/index.ts';
import { type Deployment, createDeployment } from './deployment.ts';
import { type Counters, type VersionCounter } from './metrics/counters.ts';
import { startFlusher } from './metrics/flusher.ts';
import type { PoolLimits } from './pool.ts';
import type { FunctionLogLine, SpawnWorker, Sticky, VersionSpec, Weight } from './port.ts';
import { type Chooser, createChooser } from './routing.ts';
import { type DesiredAlias, acknowledge, listenForChanges, readDesired, readRevisions, removeHost } from './store.ts';

export interface HostOptions {
  readonly id: string;
  readonly db: Db;
  readonly connection: Connection;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly spawn: SpawnWorker;
  readonly limits: PoolLimits;
  readonly initTimeout: number;
  /** Milliseconds that requests in flight have when a version or the host is taken down. */
  readonly drainDeadline: number;
  readonly random: () => number;
  readonly counters: Counters;
  readonly log: (line: FunctionLogLine) => void;
}

export interface HostedVersion {
  readonly deployment: Deployment;
  readonly counter: VersionCounter;
}

/** What this host does with the requests of one application and environment. Replaced as a whole, never changed. */
export interface RoutedAlias {
  /** `{app}/{environment}` */
  readonly name: string;
  readonly app: string;
  readonly environment: string;
  readonly revision: number;
  readonly weights: readonly Weight[];
  readonly sticky: Sticky | null;
  readonly chooser: Chooser;
  readonly versions: ReadonlyMap<string, HostedVersion>;
}

/** Makes this process serve what the database says it should, and tells the database what it made of it. */
export interface Host {
  start(): Promise<void>;
  stop(): Promise<void>;
  isAccepting(): boolean;
  route(name: string): RoutedAlias | undefined;
}

const POLL = 500;
const SWEEP = 10_000;

export function createHost(options: HostOptions): Host {
  const { db, logger, clock } = options;
  const stopping = new AbortController();
  const table = new Map<string, RoutedAlias>();
  const leaving = new Set<Promise<void>>();
  const background: { stop(): Promise<void> }[] = [];
  let accepting = false;
  let unacknowledged = false;
  let acknowledging: Promise<void> | undefined;
  let refreshing: Promise<void> | undefined;
  let refreshAgain = false;

  function deploy(alias: DesiredAlias, version: VersionSpec): HostedVersion {
    const { app, environment } = alias;
    const deployment = createDeployment({
      alias: { app, environment },
      version,
      spawn: options.spawn,
      limits: options.limits,
      initTimeout: options.initTimeout,
      clock,
      log: options.log,
      changed: tell,
    });
    return { deployment, counter: options.counters.counterOf({ app, environment, version: version.id }) };
  }

  function applyAlias(desired: DesiredAlias): void {
    const name = `${desired.app}/${desired.environment}`;
    const before = table.get(name);
    if (before?.revision === desired.revision) return;
    const versions = new Map(
      desired.versions.map((version) => [version.id, before?.versions.get(version.id) ?? deploy(desired, version)]),
    );
    const { app, environment, revision, weights, sticky } = desired;
    const isSameMix = before !== undefined && JSON.stringify(before.weights) === JSON.stringify(weights);
    const chooser = isSameMix ? before.chooser : createChooser(name, weights, options.random);
    table.set(name, { name, app, environment, revision, weights, sticky, chooser, versions });
    for (const [id, { deployment }] of before?.versions ?? []) if (!versions.has(id)) takeDown(deployment);
    tell();
  }

  function takeDown(deployment: Deployment): void {
    const done = deployment.drain(options.drainDeadline).finally(() => leaving.delete(done));
    leaving.add(done);
  }

  async function refresh(): Promise<void> {
    do {
      refreshAgain = false;
      for (const alias of await readDesired(db)) applyAlias(alias);
    } while (refreshAgain);
  }

  /** Reads and applies the desired state; while that runs, asking again means once more afterwards. */
  function refreshSoon(): void {
    refreshAgain = true;
    if (stopping.signal.aborted) return;
    refreshing ??= refresh()
      .catch((thrown: unknown) =>
        logger.warn({ reason: messageOf(thrown) }, 'Failed to read the aliases; trying again.'),
      )
      .finally(() => {
        refreshing = undefined;
      });
  }

  function tell(): void {
    unacknowledged = true;
    if (!accepting) return;
    acknowledging ??= acknowledgeAll()
      .catch((thrown: unknown) => {
        unacknowledged = true;
        logger.warn({ reason: messageOf(thrown) }, 'Failed to acknowledge the aliases; trying again.');
      })
      .finally(() => {
        acknowledging = undefined;
      });
  }

  async function acknowledgeAll(): Promise<void> {
    while (unacknowledged) {
      unacknowledged = false;
      await acknowledge(db, options.id, { aliases: routedAliases(), versions: hostedVersions() }, clock.now());
    }
  }

  function routedAliases() {
    return [...table.values()].map(({ app, environment, revision, weights }) => ({
      app,
      environment,
      revision,
      weights,
    }));
  }

  function hostedVersions() {
    return [...table.values()].flatMap(({ app, environment, versions }) =>
      [...versions].map(([version, { deployment }]) => ({ app, environment, version, ...deployment.status() })),
    );
  }

  /** The safety net under the notifications. */
  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(POLL, stopping.signal);
      if (stopping.signal.aborted) return;
      const revisions = await readRevisions(db).catch(() => undefined); // the flusher reports a database that is away
      if (revisions === undefined) continue;
      const isBehind = [...revisions].some(([name, revision]) => table.get(name)?.revision !== revision);
      if (isBehind) refreshSoon();
      if (unacknowledged) tell();
    }
  }

  async function sweep(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(SWEEP, stopping.signal);
      if (stopping.signal.aborted) return;
      for (const { versions } of table.values()) for (const { deployment } of versions.values()) deployment.sweep();
    }
  }

  return {
    isAccepting: () => accepting,
    route: (name) => table.get(name),
    async start() {
      // A predecessor of the same id that was killed still looks alive for some seconds.
      await removeHost(db, options.id);
      for (const alias of await readDesired(db)) applyAlias(alias);
      accepting = true;
      unacknowledged = true;
      await acknowledgeAll();
      const incarnation = `${options.id}#${clock.now()}`;
      const flusher = startFlusher({
        db,
        clock,
        logger,
        counters: options.counters,
        host: { id: options.id, incarnation },
        unknownHost: tell,
      });
      const polling = poll();
      const sweeping = sweep();
      background.push(listenForChanges(options.connection, logger, refreshSoon), { stop: () => polling });
      background.push({ stop: () => sweeping }, flusher);
    },
    async stop() {
      accepting = false;
      stopping.abort();
      await refreshing;
      await acknowledging;
      await removeHost(db, options.id).catch((thrown: unknown) =>
        logger.warn({ reason: messageOf(thrown) }, 'Failed to sign this host off; its heartbeat runs out by itself.'),
      );
      for (const { versions } of table.values()) for (const { deployment } of versions.values()) takeDown(deployment);
      table.clear();
      await Promise.all(leaving);
      for (const task of background.splice(0)) await task.stop();
    },
  };
}
