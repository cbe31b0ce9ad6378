import type { FunctionConfig } from '../config/index.ts';
import type { Clock } from '../kernel/index.ts';
import { startInstance } from './instance.ts';
import { launchOf } from './launch.ts';
import { type Pool, type PoolLimits, type PoolStatus, createPool } from './pool.ts';
import type { AliasName, FunctionLogLine, SpawnWorker, VersionSpec } from './port.ts';
import { type RouteTable, createRouteTable } from './routes.ts';

export interface DeploymentOptions {
  readonly alias: AliasName;
  readonly version: VersionSpec;
  readonly spawn: SpawnWorker;
  readonly limits: PoolLimits;
  readonly initTimeout: number;
  readonly clock: Clock;
  readonly log: (line: FunctionLogLine) => void;
  readonly changed: () => void;
}

export interface DeployedFunction {
  readonly name: string;
  readonly config: FunctionConfig;
  readonly pool: Pool;
}

/** One version in one environment on this host: a pool per function. */
export interface Deployment {
  readonly version: VersionSpec;
  readonly routes: RouteTable<DeployedFunction>;
  status(): PoolStatus;
  sweep(): void;
  /** A request that was routed here; between `enter` and `leave` the deployment is not taken down. */
  enter(): void;
  leave(): void;
  /** Waits for the requests inside, at most `deadline` milliseconds, then ends all instances. */
  drain(deadline: number): Promise<void>;
}

export function createDeployment(options: DeploymentOptions): Deployment {
  const functions = Object.entries(options.version.functions).map(([name, config]) => ({
    name,
    config,
    pool: poolOf(options, name, config),
  }));
  let inside = 0;
  let emptied = (): void => {};

  function status(): PoolStatus {
    const all = functions.map((each) => ({ name: each.name, ...each.pool.status() }));
    const instances = all.reduce((sum, each) => sum + each.instances, 0);
    const failed = all.filter((each) => each.status === 'failed');
    if (failed.length > 0) {
      return { status: 'failed', failure: failed.map((each) => `${each.name}: ${each.failure}`).join('\n'), instances };
    }
    const isReady = all.every((each) => each.status === 'ready');
    return { status: isReady ? 'ready' : 'starting', failure: null, instances };
  }

  async function drain(deadline: number): Promise<void> {
    const end = performance.now() + deadline;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadline);
      emptied = () => {
        clearTimeout(timer);
        resolve();
      };
      if (inside === 0) emptied();
    });
    const rest = Math.max(0, end - performance.now());
    await Promise.all(functions.map(({ pool }) => pool.stop(rest)));
  }

  return {
    version: options.version,
    routes: createRouteTable(functions.map((each) => ({ route: each.config.route, value: each }))),
    status,
    sweep: () => {
      for (const { pool } of functions) pool.sweep();
    },
    enter: () => {
      inside += 1;
    },
    leave: () => {
      inside -= 1;
      if (inside === 0) emptied();
    },
    drain,
  };
}

function poolOf(options: DeploymentOptions, name: string, config: FunctionConfig): Pool {
  const { alias, version, spawn, initTimeout, clock } = options;
  const { request, load } = launchOf(alias, version, name, config);
  return createPool({
    limits: options.limits,
    concurrency: config.concurrency,
    timeout: config.timeout,
    changed: options.changed,
    start: (changed) =>
      startInstance({
        spawn,
        request,
        load,
        initTimeout,
        changed,
        log: (stream, text, requestId) =>
          options.log({
            app: alias.app,
            environment: alias.environment,
            at: clock.now(),
            version: version.id,
            function: name,
            stream,
            requestId,
            text,
          }),
      }),
  });
}
