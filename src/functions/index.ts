import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeName } from '../config/index.ts';
import type { Clock, Logger } from '../kernel/index.ts';
import type { Queue } from '../queue/index.ts';
import type { Isolation, Sandbox } from '../sandbox/index.ts';
import { type Connection, type Db, createArtifacts } from '../store/index.ts';
import { arnOf } from './aliases/arn.ts';
import { createPlatform } from './aliases/platform.ts';
import { CODE_RULES, createCodeStore } from './code/code-store.ts';
import { createHost } from './hosting/host.ts';
import { type HostMeans, refuseUntrusted } from './hosting/hosted-function.ts';
import { type EgressMeans, createEgressOpener } from './hosting/open-egress.ts';
import { createSmokeRunner } from './hosting/smoke.ts';
import { createStandaloneVersions } from './hosting/standalone-versions.ts';
import { type EventInvocations, createEventInvocations } from './events/event-invocations.ts';
import { type Gateway, createGateway } from './invoke/http-gateway.ts';
import { type RunOnce, createRunOnce } from './invoke/idempotency.ts';
import { type Invoker, createInvoker } from './invoke/invoker.ts';
import { pruneResults } from './invoke/store.ts';
import { createResultCache } from './invoke/result-cache.ts';
import { type CallRate, type LambdaAccess, createLambdaGateway } from './lambda/gateway.ts';
import type { LanguageStatus, SourceFile } from './languages/language.ts';
import { makeKit } from './languages/kit.ts';
import { createLanguages } from './languages/languages.ts';
import { createFunctionLogs } from './logs/logs.ts';
import { createCounters } from './metrics/counters.ts';
import { createMetricsReader } from './metrics/reader.ts';
import { createBudget } from './pools/budget.ts';
import { POOL_LIMITS, type PoolLimits } from './pools/pool.ts';
import { createPrewarmed } from './pools/prewarmed.ts';
import type { Authorize, FunctionLogs, FunctionMetrics, FunctionPlatform, SecretSource } from './port.ts';
import { type Sessions, createSessions } from './sessions/sessions.ts';
import { LATEST, type StandaloneFunctions } from './standalone/port.ts';
import { createStandaloneFunctions } from './standalone/standalone.ts';
import { findReleased, isApplication, readStandaloneVersion } from './standalone/store.ts';

export type { Gateway } from './invoke/http-gateway.ts';
export {
  EVENT_KIND,
  type EventInvocation,
  type EventInvocations,
  type EventOrder,
} from './events/event-invocations.ts';
export { INVOCATION_STATES, type InvocationState, type ListedInvocation } from './events/store.ts';
export type { RunOnce } from './invoke/idempotency.ts';
export type { Invocation, Invoked, Invoker } from './invoke/invoker.ts';
export { PROBLEMS, type ProblemCode, problemOf } from './invoke/problems.ts';
export type { CallRate, LambdaAccess, LambdaCaller } from './lambda/gateway.ts';
export type { LanguageStatus, SourceFile } from './languages/language.ts';
export { type Outcome, reasonOf } from './outcome.ts';
export type { PoolLimits } from './pools/pool.ts';
export { LANGUAGE_TITLE, type Execution, type Session, type Sessions } from './sessions/sessions.ts';
export { checkJson, findUnrepresentable, sliceMembers } from './sessions/strict-json.ts';
export {
  ALIAS_NAME,
  FUNCTION_NAME,
  LATEST,
  type AliasOrder,
  type CodeSource,
  type PublishOrder,
  type Published,
  type StandaloneAlias,
  type StandaloneFunction,
  type StandaloneFunctions,
  type StandaloneVersion,
} from './standalone/port.ts';
export { FRAME, type Frame, type FrameType, createFrameReader, encodeFrame } from './runtimes/frames.ts';
export type { FaultMeta, InvokeMeta, LoadOrder, ResultMeta } from './runtimes/messages.ts';
export type {
  AliasName,
  AliasRevision,
  AliasWrite,
  Authorize,
  CountsQuery,
  FunctionLogLine,
  FunctionLogs,
  FunctionMetrics,
  FunctionPlatform,
  LogQuery,
  ObservedVersion,
  SecretSource,
  SpawnWorker,
  Sticky,
  StoredLogLine,
  TrafficSummary,
  VersionCounts,
  VersionSpec,
  Weight,
} from './port.ts';

export interface FunctionsOptions {
  readonly db: Db;
  /** For the connection of its own on which this host listens. */
  readonly connection: Connection;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queue: Queue;
  readonly sandbox: Pick<Sandbox, 'spawnWorker' | 'isolation' | 'run'>;
  /** What happens to code that nobody vouches for where isolation is missing. */
  readonly untrusted: 'refuse' | 'allow';
  /** Directory of its own, for code, what is compiled, and what runs inside of instances. */
  readonly directory: string;
  readonly authorize: Authorize;
  readonly lambdaAccess: LambdaAccess;
  /** How often a caller may call over the API of AWS Lambda; as often as they like without. */
  readonly callRate?: CallRate;
  readonly secrets: SecretSource;
  /** Names this host among all on the database. The same after a restart, so that it takes the place of its predecessor. */
  readonly hostId: string;
  /** Upper bounds of the latency buckets in milliseconds: `LATENCY_BOUNDS` of the rollouts. */
  readonly latencyBounds: readonly number[];
  readonly limits?: Partial<PoolLimits>;
  /** Megabytes that all instances together may take; 60 % of the machine's. */
  readonly memory?: number;
  /** Milliseconds; 10 000. */
  readonly initTimeout?: number;
  /** Milliseconds that requests in flight have when their version is retired or the host stops; 30 000. */
  readonly drainDeadline?: number;
  /** Cookies of Funade's own pages; functions never see them. */
  readonly privateCookies?: readonly string[];
  /** Milliseconds from the last use after which a session ends, one hour; and at most, one day. */
  readonly sessions?: { readonly ttl: number; readonly longest: number };
  /** Functions that scripts of sessions may make; 10,000. */
  readonly mostScripts?: number;
  /** Milliseconds before the second and the third try of an event. */
  readonly eventPauses?: readonly [number, number];
  readonly egress?: EgressMeans;
  /** As in the variable PATH: where compilers are looked for. */
  readonly path?: string;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export interface Functions {
  /** Makes this process a host. Platform and metrics work without it. */
  start(options?: { readonly alone: boolean }): Promise<void>;
  /** Finishes the requests in flight and ends every worker. */
  stop(): Promise<void>;
  /** Serves requests whose path begins with `/fn/`; their body must not have been read. */
  readonly gateway: Gateway;
  /** Serves the Invoke API of AWS Lambda; their body must not have been read. */
  readonly lambda: Gateway;
  readonly platform: FunctionPlatform;
  readonly standalone: StandaloneFunctions;
  /** Whose logs and counts a name means: a standalone function, an application, or one function of it, `{app}-{function}`. */
  whereIs(name: string): Promise<{ readonly app: string; readonly function?: string } | undefined>;
  readonly invoker: Invoker;
  readonly sessions: Sessions;
  readonly events: EventInvocations;
  readonly runOnce: RunOnce;
  readonly metrics: FunctionMetrics;
  readonly logs: FunctionLogs;
  /** File and handler of code that comes as one text. */
  readonly sources: Readonly<Record<RuntimeName, SourceFile>>;
  /** What this machine has of each language. */
  languages(): Promise<ReadonlyMap<RuntimeName, LanguageStatus>>;
  isolation(): Isolation;
  readonly untrusted: 'refuse' | 'allow';
  /** Forgets invocations, stored answers and compiled programs whose time is over. */
  prune(): Promise<void>;
  /** Megabytes that instances take, and may take. */
  memory(): { readonly used: number; readonly total: number };
}

const SESSIONS = { ttl: 3_600_000, longest: 86_400_000 };

export function createFunctions(options: FunctionsOptions): Functions {
  const { db, clock, logger, sandbox, directory } = options;
  const logs = createFunctionLogs(db, logger);
  const counters = createCounters(options.latencyBounds, clock.now);
  const egress = createEgressOpener(options.egress);
  const prewarmed = createPrewarmed();
  let kit: Promise<string> | undefined;
  const languages = createLanguages({
    clock,
    kit: () => (kit ??= makeKit(join(directory, 'kits'))),
    spawn: sandbox.spawnWorker,
    directory: join(directory, 'builds'),
    isBoxed: () => sandbox.isolation().tier !== 'C',
    path: options.path ?? '/usr/local/bin:/usr/bin:/bin',
  });
  const artifacts = createArtifacts({ directory: join(directory, 'code'), ...CODE_RULES });
  const code = createCodeStore({ artifacts, temporary: join(directory, 'unpacking') });
  const means: HostMeans = {
    spawn: sandbox.spawnWorker,
    isolation: sandbox.isolation,
    untrusted: options.untrusted,
    languages: languages.hosting,
    limits: { ...POOL_LIMITS, ...options.limits },
    budget: createBudget(options.memory),
    prewarmed,
    initTimeout: options.initTimeout ?? 10_000,
    clock,
    openEgress: egress.open,
    secrets: options.secrets,
  };
  const smokeRunner = (stage: string) =>
    createSmokeRunner({ newRequestId: randomUUID, now: clock.now, stage, arn: (name) => arnOf(name, stage) });
  const versions = createStandaloneVersions({
    means,
    counters,
    log: logs.append,
    smokeFor: () => smokeRunner(LATEST),
    read: (name, id) => readStandaloneVersion(db, name, id),
    locate: code.locate,
    readSmall: (digest) => code.readSmall(digest),
    forgotten: (name) => sessions.forget(name),
  });
  const host = createHost({
    ...{ id: options.hostId, db, connection: options.connection, logger, means, counters },
    standalone: versions,
    drainDeadline: options.drainDeadline ?? 30_000,
    random: options.random ?? Math.random,
    log: logs.append,
    smokeFor: ({ environment }) => smokeRunner(environment),
  });
  const prove = async (name: string, id: string) => {
    const pinned = await versions.pin(name, id);
    return (await pinned?.deployment().functions.get('main')?.prove()) ?? null;
  };
  const standalone = createStandaloneFunctions({
    ...{
      db,
      code,
      languages: languages.publishing,
      secrets: options.secrets,
      refresh: host.refresh,
      forget: versions.forget,
    },
    refuse: (config) => refuseUntrusted(means, config),
    mostScripts: options.mostScripts,
    prove,
  });
  const invoker = createInvoker({ host, standalone: versions, cache: createResultCache(clock.now) });
  const sessions = createSessions({
    ...{ db, clock, logger, functions: standalone, languages: languages.publishing, invoker, prove },
    ...(options.sessions ?? SESSIONS),
  });
  const events = createEventInvocations({
    ...{ db, clock, logger, queue: options.queue, owner: options.hostId, invoker },
    ...(options.eventPauses === undefined ? {} : { pauses: options.eventPauses }),
  });
  const { isAccepting } = host;
  /** First the host, which then tells nothing more: a version that is not compiled any more is no failed one. */
  const stopHost = async () => {
    const stopped = host.stop();
    languages.stop();
    await stopped;
  };
  return {
    start: async ({ alone } = { alone: false }) => {
      await mkdir(directory, { recursive: true });
      await host.start();
      logs.start();
      sessions.start();
      await events.start({ alone });
    },
    stop: async () => {
      // No new calls in the background; those that run end with the host, at its deadline, and are told before the rest goes.
      await Promise.all([events.stop(), sessions.stop().then(stopHost)]);
      await prewarmed.stop();
      await egress.close();
      await logs.stop();
    },
    gateway: createGateway({
      ...{ route: host.route, isAccepting, authorize: options.authorize, clock, logger, newRequestId: randomUUID },
      privateCookies: new Set(options.privateCookies),
    }),
    lambda: createLambdaGateway({
      ...{ access: options.lambdaAccess, invoker, events, isAccepting, clock, logger, newRequestId: randomUUID },
      ...(options.callRate === undefined ? {} : { callRate: options.callRate }),
    }),
    platform: createPlatform(db, languages.hosting),
    standalone,
    whereIs: async (name) => {
      const isWhole = (await standalone.find(name)) !== undefined || (await isApplication(db, name));
      return isWhole ? { app: name } : findReleased(db, name);
    },
    invoker,
    sessions,
    events,
    runOnce: createRunOnce(db),
    metrics: createMetricsReader(db, options.latencyBounds),
    logs,
    isolation: sandbox.isolation,
    untrusted: options.untrusted,
    prune: async () => {
      await Promise.all([events.prune(), pruneResults(db), languages.prune(), standalone.prune()]);
    },
    memory: means.budget.usage,
    sources: languages.sources,
    languages: async () =>
      new Map(
        await Promise.all([...languages.hosting].map(async ([name, each]) => [name, await each.status()] as const)),
      ),
  };
}
