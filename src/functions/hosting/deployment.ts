import type { PoolStatus } from '../pools/pool.ts';
import type { FunctionLogLine, VersionSpec } from '../port.ts';
import { type HostMeans, type HostedFunction, type SecretScope, createHostedFunction } from './hosted-function.ts';
import { type RouteTable, createRouteTable } from './routes.ts';
import type { SmokeRunner } from './smoke.ts';

export interface DeploymentOptions {
  readonly means: HostMeans;
  readonly scope: SecretScope;
  readonly version: VersionSpec;
  readonly log: (line: Omit<FunctionLogLine, 'app' | 'environment'>) => void;
  readonly changed: () => void;
  readonly smoke: SmokeRunner;
  /** Reads code that is small enough to travel with LOAD; null where it is always mounted. */
  readonly carried: (() => Promise<Readonly<Record<string, string>> | null>) | null;
}

/** One version on this host: a pool for each of its functions. */
export interface Deployment {
  readonly version: VersionSpec;
  readonly functions: ReadonlyMap<string, HostedFunction>;
  readonly routes: RouteTable<HostedFunction>;
  status(): PoolStatus;
  sweep(): void;
  /** A request that was routed here; between `enter` and `leave` the deployment is not taken down. */
  enter(): void;
  leave(): void;
  /** `performance.now()` since when nobody is inside; null while somebody is. */
  idleSince(): number | null;
  /** The same, and no process is up. */
  unusedSince(): number | null;
  /** Waits for the requests inside, at most `deadline` milliseconds, then ends all instances. */
  drain(deadline: number): Promise<void>;
}

export function createDeployment(options: DeploymentOptions): Deployment {
  const { version, scope } = options;
  const functions = new Map(
    Object.entries(version.functions).map(([name, config]) => [
      name,
      createHostedFunction({
        ...{ means: options.means, scope, version, name, config, carried: options.carried, smoke: options.smoke },
        isRelease: scope.environment !== null,
        ownVariables: ownVariablesOf(scope, version.id),
        changed: options.changed,
        log: (line) => options.log({ ...line, version: version.id, function: name }),
      }),
    ]),
  );
  const all = [...functions.values()];
  let inside = 0;
  let leftAt = performance.now();
  let emptied = (): void => {};

  function status(): PoolStatus {
    const statuses = all.map((each) => ({ name: each.name, ...each.status() }));
    const instances = statuses.reduce((sum, each) => sum + each.instances, 0);
    const failed = statuses.filter((each) => each.status === 'failed');
    if (failed.length > 0) {
      return { status: 'failed', failure: failed.map((each) => `${each.name}: ${each.failure}`).join('\n'), instances };
    }
    const isReady = statuses.every((each) => each.status === 'ready');
    return { status: isReady ? 'ready' : 'starting', failure: null, instances };
  }

  function idleSince(): number | null {
    return inside === 0 ? leftAt : null;
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
    await Promise.all(all.map((each) => each.stop(rest)));
  }

  return {
    version,
    functions,
    routes: createRouteTable(
      all.flatMap((each) => (each.config.route === null ? [] : [{ route: each.config.route, value: each }])),
    ),
    status,
    sweep: () => {
      for (const each of all) each.sweep();
    },
    enter: () => {
      inside += 1;
    },
    leave: () => {
      inside -= 1;
      leftAt = performance.now();
      if (inside === 0) emptied();
    },
    idleSince,
    unusedSince: () => (all.every((each) => each.status().instances === 0) ? idleSince() : null),
    drain,
  };
}

function ownVariablesOf({ app, environment }: SecretScope, version: string): Readonly<Record<string, string>> {
  const base = { FUNADE_APP: app, FUNADE_VERSION: version };
  return environment === null ? base : { ...base, FUNADE_ENVIRONMENT: environment };
}
