import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { POLICY_NAMES, type GuardConfig, type GuardRules, type PolicyName } from '../../config/index.ts';
import { type Clock, type Logger, silentLogger, systemClock } from '../../kernel/index.ts';
import type { Ledger } from '../port.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { type WatchedWorld, createWatchedWorld } from './watched-world.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a rig needs of the API server that it runs against: a fake one, which tests bring along. */
export interface RigCluster {
  kubeconfig(): string;
  close(): Promise<void>;
}

export interface Rig<C extends RigCluster> {
  readonly cluster: C;
  readonly api: ApiClient;
  readonly world: WatchedWorld;
  readonly lines: readonly LogLine[];
  readonly logger: Logger;
  /** Another world on the same server, as another replica of the guard has it; not started, not stopped with the rig. */
  another(): WatchedWorld;
  /** Waits until both lists were there. */
  synced(): Promise<void>;
  close(): Promise<void>;
}

export interface RigOptions {
  readonly silenceMs?: number;
  readonly inFlightMs?: number;
  readonly pageSize?: number;
  readonly ledger?: Ledger | null;
  readonly clock?: Clock;
  readonly rules?: Partial<GuardRules>;
  /** Starts the watches; true by default. */
  readonly start?: boolean;
}

/** A client and a world on an API server, over real HTTP. */
export async function startRig<C extends RigCluster>(cluster: C, options: RigOptions = {}): Promise<Rig<C>> {
  const { logger, lines } = recordingLogger();
  const folder = await mkdtemp(join(tmpdir(), 'funade-guard-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig());
  const api = createApiClient({
    url: null,
    kubeconfig,
    inCluster: null,
    logger,
    metrics: null,
  });
  const makeWorld = () =>
    createWatchedWorld({
      api,
      config: {
        cluster: {
          url: null,
          kubeconfig: null,
          silenceMs: options.silenceMs ?? 20_000,
          inFlightMs: options.inFlightMs ?? 2000,
          pageSize: options.pageSize ?? 100,
        } as GuardConfig['cluster'],
        rules: rulesOf(options.rules),
      },
      ledger: options.ledger ?? null,
      clock: options.clock ?? systemClock,
      logger,
    });
  const world = makeWorld();
  if (options.start !== false) world.start();
  return {
    cluster,
    api,
    world,
    lines,
    logger,
    another: makeWorld,
    synced: () => expect.poll(() => world.synced(), { timeout: 30_000 }).toBe(true),
    close: async () => {
      await world.stop();
      api.close();
      await cluster.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Only the policy about single replicas denies, unless told otherwise. */
export function rulesOf(given: Partial<GuardRules> = {}): GuardRules {
  const off = Object.fromEntries(POLICY_NAMES.map((name) => [name, 'off'])) as Record<PolicyName, 'off'>;
  return {
    mode: 'seed',
    existingViolations: 'allow',
    keda: 'warn',
    onUncertain: 'deny',
    retryAfterSeconds: 2,
    exemptScalers: [],
    ...given,
    policies: { ...off, singleReplicaUnderHpa: 'deny', ...given.policies },
  };
}

export function recordingLogger(): { readonly logger: Logger; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string, base: Readonly<Record<string, unknown>>) =>
    (fields: Readonly<Record<string, unknown>>, message: string) =>
      void lines.push({ level, message, fields: { ...base, ...fields } });
  const make = (base: Readonly<Record<string, unknown>>): Logger => ({
    ...silentLogger,
    error: at('error', base),
    warn: at('warn', base),
    info: at('info', base),
    child: (fields) => make({ ...base, ...fields }),
  });
  return { logger: make({}), lines };
}
