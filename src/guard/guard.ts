import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuardConfig } from '../config/index.ts';
import { type Clock, FunadeError, type Language, type Logger, systemClock } from '../kernel/index.ts';
import { createAuditor } from './audit/auditor.ts';
import type { InCluster } from './cluster/access.ts';
import { createApiClient } from './cluster/api-client.ts';
import { createWatchedWorld } from './cluster/watched-world.ts';
import { createDecider } from './decide.ts';
import { StartFault, toldFault } from './faults/start-fault.ts';
import { createLedger } from './ledger.ts';
import { createGuardMetrics } from './metrics.ts';
import { openDoors } from './server/doors.ts';
import { type DecisionSink, type GuardLog, openGuardLog } from './server/guard-log.ts';

const POD_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Where no variable tells it: every cluster has this name, and the certificate of every API server stands for it. */
const POD_API = { host: 'kubernetes.default.svc', port: 443 } as const;
const ALWAYS_SKIPPED = 'kube-system';

export interface GuardOptions {
  readonly config: GuardConfig;
  /** Without one a log of its own on standard error, which is written in blocks and costs requests little. */
  readonly logger?: Logger;
  /** Where decisions are told; by default to the logger. */
  readonly decisions?: DecisionSink;
  /** How a pod reaches the API server; without it by `podApi` or the name that every cluster has, when this is a pod. */
  readonly inCluster?: InCluster | null;
  /** Where the API server is for a pod, as its variables say. */
  readonly podApi?: { readonly host: string; readonly port: number } | null;
  readonly clock?: Clock;
  /** Of whoever starts it, for faults; that of the configuration when left out. */
  readonly language?: Language;
}

export interface GuardServer {
  /** `https://…`; `null` as long as there is no certificate to serve with. */
  readonly admissionAddress: string | null;
  /** `http://…` */
  readonly healthAddress: string;
  /** Not ready at once, in service for the endpoint delay, ended within the grace. */
  stop(): Promise<void>;
}

/**
 * Runs the guard. Listens before it knows the cluster: readiness tells when it does, and until then what it does not know is
 * uncertain. Throws `FUN_PORT_IN_USE`, and `FUN_GUARD_CONFIG_INVALID` for credentials that can't be used and an address that
 * can't be listened on.
 */
export async function serveGuard(options: GuardOptions): Promise<GuardServer> {
  const { config, clock = systemClock } = options;
  const { cluster, rules } = config;
  const { logger, decisions, flush } = logOf(options);
  const metrics = createGuardMetrics({ policies: Object.keys(rules.policies) });
  const inCluster = options.inCluster === undefined ? await podAccess(options.podApi ?? POD_API) : options.inCluster;
  const api = createApiClient({ url: cluster.url, kubeconfig: cluster.kubeconfig, inCluster, logger, metrics, clock });
  await started(() => api.ready());

  const ledger =
    config.funade.url === null ? null : createLedger({ url: config.funade.url, token: config.funade.token });
  const world = createWatchedWorld({ api, config, ledger, clock, logger });
  const decider = createDecider({ config, world });
  const skipNamespaces = [
    ALWAYS_SKIPPED,
    ...config.skipNamespaces,
    ...(config.namespace === null ? [] : [config.namespace]),
  ];
  const auditor = createAuditor({
    world,
    api,
    rules,
    config: config.audit,
    logger,
    clock,
    language: config.language,
    skipNamespaces,
  });
  metrics.observe({ cacheAgeSeconds: world.ageSeconds, violations: auditor.violations });

  const components = [world, api, auditor];
  const doors = await started(() =>
    openDoors({ config, decider, isSynced: world.synced, components, metrics, logger, decisions, clock }),
  );
  world.start();
  auditor.start();

  async function started<T>(start: () => Promise<T>): Promise<T> {
    try {
      return await start();
    } catch (thrown) {
      api.close();
      throw faultsOf(thrown, options);
    }
  }

  async function stop(): Promise<void> {
    await doors.stop();
    await auditor.stop();
    await world.stop();
    ledger?.close();
    api.close();
    flush();
  }

  let stopping: Promise<void> | null = null;
  return {
    get admissionAddress() {
      return doors.admissionAddress;
    },
    healthAddress: doors.healthAddress,
    stop: () => (stopping ??= stop()),
  };
}

function logOf({ config, logger, decisions }: GuardOptions): GuardLog {
  if (logger !== undefined) return { logger, decisions: decisions ?? logger, flush: () => {} };
  const own = openGuardLog(config.logLevel);
  return { ...own, decisions: decisions ?? own.decisions };
}

async function podAccess(api: Pick<InCluster, 'host' | 'port'>): Promise<InCluster | null> {
  try {
    await access(join(POD_DIRECTORY, 'token'));
    return { ...api, directory: POD_DIRECTORY };
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw thrown;
    return null; // no pod, or one without an account
  }
}

/** What only trying shows to be a wrong configuration. An API server that does not answer is none. */
function faultsOf(thrown: unknown, { config, language = config.language }: GuardOptions): unknown {
  if (!(thrown instanceof StartFault)) return thrown;
  const faults = [toldFault(thrown, { language, origins: config.origins })];
  return new FunadeError('FUN_GUARD_CONFIG_INVALID', { count: faults.length }, { faults, cause: thrown });
}
