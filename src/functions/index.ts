import { randomUUID } from 'node:crypto';
import type { Clock, Logger } from '../kernel/index.ts';
import type { Connection, Db } from '../store/index.ts';
import { type Gateway, createGateway } from './gateway.ts';
import { createHost } from './host.ts';
import { createLogs } from './logs.ts';
import { createCounters } from './metrics/counters.ts';
import { createMetricsReader } from './metrics/reader.ts';
import { createPlatform } from './platform.ts';
import { POOL_LIMITS, type PoolLimits } from './pool.ts';
import type { Authorize, FunctionLogs, FunctionMetrics, FunctionPlatform, SpawnWorker } from './port.ts';
import { createPlainSpawn } from './spawn.ts';

export type { Gateway } from './gateway.ts';
export type { PoolLimits } from './pool.ts';
export { createPlainSpawn } from './spawn.ts';
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
  ObservedVersion,
  SpawnRequest,
  SpawnWorker,
  Sticky,
  TrafficSummary,
  VersionCounts,
  VersionSpec,
  Weight,
  WorkerExit,
  WorkerProcess,
} from './port.ts';

export interface FunctionsOptions {
  readonly db: Db;
  /** For the connection of its own on which this host listens. */
  readonly connection: Connection;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authorize: Authorize;
  /** Names this host among all on the database. The same after a restart, so that it takes the place of its predecessor. */
  readonly hostId: string;
  /** Upper bounds of the latency buckets in milliseconds: `LATENCY_BOUNDS` of the rollouts. */
  readonly latencyBounds: readonly number[];
  /** Plain child processes when left out. */
  readonly spawn?: SpawnWorker;
  readonly limits?: Partial<PoolLimits>;
  /** Milliseconds; 10 000. */
  readonly initTimeout?: number;
  /** Milliseconds that requests in flight have when their version is retired or the host stops; 30 000. */
  readonly drainDeadline?: number;
  /** Cookies of Funade's own pages; functions never see them. */
  readonly privateCookies?: readonly string[];
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export interface Functions {
  /** Makes this process a host. Platform and metrics work without it. */
  start(): Promise<void>;
  /** Finishes the requests in flight and ends every worker. */
  stop(): Promise<void>;
  /** Serves requests whose path begins with `/fn/`; their body must not have been read. */
  readonly gateway: Gateway;
  readonly platform: FunctionPlatform;
  readonly metrics: FunctionMetrics;
  readonly logs: FunctionLogs;
}

export function createFunctions(options: FunctionsOptions): Functions {
  const { db, clock, logger } = options;
  const logs = createLogs();
  const host = createHost({
    id: options.hostId,
    db,
    connection: options.connection,
    clock,
    logger,
    spawn: options.spawn ?? createPlainSpawn(),
    limits: { ...POOL_LIMITS, ...options.limits },
    initTimeout: options.initTimeout ?? 10_000,
    drainDeadline: options.drainDeadline ?? 30_000,
    random: options.random ?? Math.random,
    counters: createCounters(options.latencyBounds, clock.now),
    log: logs.append,
  });
  return {
    start: host.start,
    stop: host.stop,
    gateway: createGateway({
      route: host.route,
      isAccepting: host.isAccepting,
      authorize: options.authorize,
      clock,
      logger,
      newRequestId: randomUUID,
      privateCookies: new Set(options.privateCookies),
    }),
    platform: createPlatform(db),
    metrics: createMetricsReader(db, options.latencyBounds),
    logs: { read: logs.read },
  };
}
