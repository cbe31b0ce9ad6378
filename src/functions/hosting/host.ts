import { type Logger, messageOf, sleep } from '../../kernel/index.ts';
import type { Connection, Db } from '../../store/index.ts';
import { type Chooser, createChooser } from '../aliases/routing.ts';
import type { Counters, VersionCounter } from '../metrics/counters.ts';
import { startFlusher } from '../metrics/flusher.ts';
import type { AliasName, FunctionLogLine, Sticky, Weight } from '../port.ts';
import type { AliasKind } from '../store.ts';
import { LATEST } from '../standalone/port.ts';
import { createAcknowledgements } from './acknowledgements.ts';
import { type Deployment, createDeployment } from './deployment.ts';
import type { HostMeans } from './hosted-function.ts';
import type { SmokeRunner } from './smoke.ts';
import type { StandaloneVersions } from './standalone-versions.ts';
import { type DesiredAlias, acknowledge, listenForChanges, readDesired, readStates, removeHost } from './store.ts';

export interface HostOptions {
  readonly id: string;
  readonly db: Db;
  readonly connection: Connection;
  readonly logger: Logger;
  readonly means: HostMeans;
  readonly standalone: StandaloneVersions;
  /** Milliseconds that requests in flight have when a version or the host is taken down. */
  readonly drainDeadline: number;
  readonly random: () => number;
  readonly counters: Counters;
  readonly log: (line: FunctionLogLine) => void;
  readonly smokeFor: (alias: AliasName) => SmokeRunner;
}

export interface HostedVersion {
  readonly id: string;
  /** Of a standalone function it is made when it is first asked for. */
  deployment(): Deployment;
  readonly counter: VersionCounter;
}

/** What this host does with the requests of one alias. Replaced as a whole, never changed. */
export interface RoutedAlias extends AliasName {
  /** `{app}/{environment}` */
  readonly name: string;
  readonly kind: AliasKind;
  readonly state: string;
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
  /** Reads and applies what was changed; resolves when this host routes by it and has told so. */
  refresh(): Promise<void>;
}

const POLL = 500;
const SWEEP = 500;

export function createHost(options: HostOptions): Host {
  const { db, logger, means, standalone } = options;
  const { clock } = means;
  const stopping = new AbortController();
  const acknowledgements = createAcknowledgements();
  const table = new Map<string, RoutedAlias>();
  const releases = new Set<Deployment>();
  const leaving = new Set<Promise<void>>();
  const background: { stop(): Promise<void> }[] = [];
  let accepting = false;
  let unacknowledged = false;
  let acknowledging: Promise<void> | undefined;
  let refreshing: Promise<void> | undefined;
  let refreshAgain = false;

  function hostRelease(alias: DesiredAlias, version: DesiredAlias['versions'][number]): HostedVersion {
    const { app, environment } = alias;
    const scope = { app, environment };
    const deployment = createDeployment({
      ...{ means, scope, version, changed: tell, carried: null, smoke: options.smokeFor(scope) },
      log: (line) => options.log({ ...scope, ...line }),
    });
    releases.add(deployment);
    const counter = options.counters.counterOf({ ...scope, version: version.id });
    return { id: version.id, deployment: () => deployment, counter };
  }

  function hostStandalone({ app, environment }: AliasName, id: string): HostedVersion {
    const counter = options.counters.counterOf({ app, environment, version: id });
    return { id, deployment: () => standalone.deployment(app, id), counter };
  }

  async function applyAlias(desired: DesiredAlias): Promise<void> {
    const { kind, app, environment, state, revision, weights, sticky } = desired;
    const name = nameOf(desired);
    if (kind === 'standalone') for (const each of desired.versions) await standalone.hold(app, each);
    const before = table.get(name);
    if (before?.state === state) return;
    const known = before?.versions;
    const versions = new Map(
      kind === 'release'
        ? desired.versions.map((version) => [version.id, known?.get(version.id) ?? hostRelease(desired, version)])
        : desired.versions.map(({ id }) => [id, known?.get(id) ?? hostStandalone(desired, id)]),
    );
    const isSameMix = before !== undefined && JSON.stringify(before.weights) === JSON.stringify(weights);
    const chooser = isSameMix ? before.chooser : createChooser(name, weights, options.random);
    table.set(name, { name, kind, app, environment, state, revision, weights, sticky, chooser, versions });
    takeDownMissing(before, versions);
    tell();
  }

  function takeDownMissing(before: RoutedAlias | undefined, versions: ReadonlyMap<string, HostedVersion>): void {
    if (before?.kind !== 'release') return;
    for (const [id, hosted] of before.versions) if (!versions.has(id)) takeDown(hosted.deployment());
  }

  function takeDown(deployment: Deployment): void {
    releases.delete(deployment);
    const done = deployment.drain(options.drainDeadline).finally(() => leaving.delete(done));
    leaving.add(done);
  }

  function removeAlias(name: string): void {
    const before = table.get(name);
    table.delete(name);
    takeDownMissing(before, new Map());
    if (before?.kind === 'standalone' && before.environment === LATEST) standalone.forget(before.app); // it was deleted
    tell();
  }

  async function readAndApply(): Promise<void> {
    do {
      refreshAgain = false;
      const states = await readStates(db);
      const changed = [...states].filter(([name, state]) => table.get(name)?.state !== state).map(([name]) => name);
      const isGone = (name: string) => identityOf(states.get(name)) !== identityOf(table.get(name)?.state);
      for (const name of [...table.keys()].filter(isGone)) removeAlias(name);
      for (const alias of await readDesired(db, changed)) await applyAlias(alias);
    } while (refreshAgain);
  }

  /** While it runs, asking again means once more afterwards. */
  function startRefresh(): Promise<void> {
    refreshAgain = true;
    if (stopping.signal.aborted) return Promise.resolve();
    refreshing ??= readAndApply().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  function refreshSoon(): void {
    startRefresh().catch((thrown: unknown) =>
      logger.warn({ reason: messageOf(thrown) }, 'Failed to read the aliases; trying again.'),
    );
  }

  function tell(): void {
    unacknowledged = true;
    if (!accepting) return;
    startAcknowledging().catch((thrown: unknown) =>
      logger.warn({ reason: messageOf(thrown) }, 'Failed to acknowledge the aliases; trying again.'),
    );
  }

  function startAcknowledging(): Promise<void> {
    acknowledging ??= acknowledgeAll().finally(() => {
      acknowledging = undefined;
    });
    return acknowledging;
  }

  async function acknowledgeAll(): Promise<void> {
    while (unacknowledged) {
      unacknowledged = false;
      const news = acknowledgements.next(routedAliases(), hostedVersions());
      try {
        await acknowledge(db, options.id, news, clock.now());
        acknowledgements.settle(true);
      } catch (thrown) {
        unacknowledged = true;
        acknowledgements.settle(false);
        throw thrown;
      }
    }
  }

  function routedAliases() {
    return [...table.values()].map(({ app, environment, revision, weights }) => ({
      ...{ app, environment, revision, weights },
    }));
  }

  /** Of releases only: a standalone function has processes when it is called. */
  function hostedVersions() {
    return [...table.values()]
      .filter(({ kind }) => kind === 'release')
      .flatMap(({ app, environment, versions }) =>
        [...versions].map(([version, hosted]) => ({ app, environment, version, ...hosted.deployment().status() })),
      );
  }

  /** The safety net under the notifications. */
  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(POLL, stopping.signal);
      if (stopping.signal.aborted) return;
      const states = await readStates(db).catch(() => undefined); // the flusher reports a database that is away
      if (states === undefined) continue;
      const isBehind =
        states.size !== table.size || [...states].some(([name, state]) => table.get(name)?.state !== state);
      if (isBehind) refreshSoon();
      if (unacknowledged) tell();
    }
  }

  /** Of standalone versions: the largest share of calls that an alias gives them, in percent; null: no alias names them. */
  function standaloneWeights(): ReadonlyMap<string, number> {
    const shares = new Map<string, number>();
    for (const { kind, app, weights } of table.values()) {
      if (kind !== 'standalone') continue;
      for (const { version, weight } of weights) {
        const key = `${app}@${version}`;
        shares.set(key, Math.max(weight, shares.get(key) ?? 0));
      }
    }
    return shares;
  }

  async function sweep(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(SWEEP, stopping.signal);
      if (stopping.signal.aborted) return;
      for (const deployment of releases) deployment.sweep();
      const weights = standaloneWeights();
      standalone.sweep((name, id) => weights.get(`${name}@${id}`) ?? null);
    }
  }

  return {
    isAccepting: () => accepting,
    route: (name) => table.get(name),
    refresh: async () => {
      await startRefresh();
      if (unacknowledged && accepting) await startAcknowledging();
    },
    async start() {
      // A predecessor of the same id that was killed still looks alive for some seconds.
      await removeHost(db, options.id);
      await readAndApply();
      accepting = true;
      unacknowledged = true;
      await startAcknowledging();
      const incarnation = `${options.id}#${clock.now()}`;
      const flusher = startFlusher({
        ...{ db, clock, logger, counters: options.counters },
        host: { id: options.id, incarnation },
        unknownHost: () => {
          acknowledgements.settle(false);
          tell();
        },
      });
      const polling = poll();
      const sweeping = sweep();
      background.push(listenForChanges(options.connection, logger, refreshSoon), { stop: () => polling });
      background.push({ stop: () => sweeping }, flusher);
    },
    async stop() {
      accepting = false;
      stopping.abort();
      await refreshing?.catch(() => {}); // told where it was started
      await acknowledging?.catch(() => {});
      await removeHost(db, options.id).catch((thrown: unknown) =>
        logger.warn({ reason: messageOf(thrown) }, 'Failed to sign this host off; its heartbeat runs out by itself.'),
      );
      for (const deployment of releases) takeDown(deployment);
      table.clear();
      await Promise.all([...leaving, standalone.stop(options.drainDeadline)]);
      for (const task of background.splice(0)) await task.stop();
    },
  };
}

/** The part of a state that an alias keeps for its life; one that was deleted and made again has another. */
function identityOf(state: string | undefined): string | undefined {
  return state?.split('.', 1)[0];
}

function nameOf({ app, environment }: AliasName): string {
  return `${app}/${environment}`;
}
