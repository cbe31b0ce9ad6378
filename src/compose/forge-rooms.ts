import type { Registry } from 'prom-client';
import { type Agent, createAgent, createRedaction } from '../agent/index.ts';
import type { ServerConfig } from '../config/index.ts';
import { createForge, forgeWebhooks } from '../forges/index.ts';
import {
  type Admission,
  type Intake,
  type Poller,
  type Sources,
  createIntake,
  createPoller,
  createSources,
  recordFindings,
} from '../intake/index.ts';
import type { Clock, Logger } from '../kernel/index.ts';
import { type Loop, createLoop } from '../loop/index.ts';
import type { Queue } from '../queue/index.ts';
import type { Db, SecretStore } from '../store/index.ts';
import { type Equipment, type EquipmentOptions, equipAgent } from './agent.ts';
import { applicationsOf, repositoriesOn } from './applications.ts';
import { knownSecrets } from './known-secrets.ts';
import { type LoopMeans, loopMetrics, loopPorts } from './loop.ts';
import { agentMetrics, intakeMetrics, pollOutcomes, watchTasks } from './metrics.ts';
import { type GeneratedSecret, configuredSources } from './sources.ts';

/** The rooms that talk with forges. */
export interface ForgeRooms {
  readonly sources: Sources;
  readonly intake: Intake;
  readonly agent: Agent;
  /** What the agent works with. */
  readonly equipment: Equipment;
  readonly loop: Loop;
  readonly poller: Poller;
}

export interface ForgeRoomsOptions {
  readonly config: ServerConfig;
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly secrets: SecretStore;
  readonly queue: Queue;
  /** Announces tasks. */
  readonly taskQueue: Queue;
  readonly owner: string;
  readonly admission: Admission;
  readonly registry: Registry;
  /** Made by the first start where the configuration has no secret for GitHub. */
  readonly generated: GeneratedSecret | null;
  readonly workplace: Pick<EquipmentOptions, 'sandbox' | 'directories' | 'hidden' | 'path' | 'gitEnvironment'>;
  readonly evidence: Pick<LoopMeans, 'source' | 'logs' | 'catalog'>;
  /** Secrets of this process that are not of the configuration. */
  readonly ownSecrets: () => readonly string[];
  /** Branches and tags of an address that has no API. */
  readonly listRemote: (address: string) => Promise<readonly { readonly ref: string; readonly sha: string }[]>;
}

export function createForgeRooms(options: ForgeRoomsOptions): ForgeRooms {
  const { config, db, clock, logger, admission, registry } = options;
  const sources = createSources({
    db,
    clock,
    logger,
    secrets: options.secrets,
    configured: configuredSources(config, options.generated),
    createForge: ({ forge, ...account }) => createForge({ kind: forge, ...account, logger, clock }),
    webhookUrl: config.webhook.url,
    applicationRepositories: (host) => repositoriesOn(db, host),
  });
  const intake = createIntake({
    db,
    clock,
    logger,
    sources: sources.directory,
    admission,
    onFailure: sources.noteFailure,
    githubAddressesOnly: config.webhook.githubAddressesOnly,
    metrics: intakeMetrics(registry),
    limits: { trustedProxies: config.webhook.trustedProxies },
  });
  const secrets = () => knownSecrets(config, sources.directory.all(), options.ownSecrets());
  const loop = createLoop({
    db,
    clock,
    logger,
    queue: options.queue,
    owner: options.owner,
    ports: loopPorts({ ...options.evidence, db, logger, secrets: options.secrets, sources: sources.directory }),
    labels: config.agent.labels,
    language: config.language,
    mask: (text) => createRedaction(secrets())(text),
    metrics: loopMetrics(registry),
  });
  const equipment = equipAgent({ ...options.workplace, config: config.agent, logger, clock, secrets });
  const agent = createAgent({
    ...equipment.options,
    db,
    clock,
    logger,
    queue: options.taskQueue,
    // Those who run a broker want to see tasks go through it.
    hint: config.rabbitmq.enabled ? 'queue' : 'here',
    owner: options.owner,
    forges: forgeWebhooks,
    forgeOf: (source) => sources.directory.forgeOf(source),
    labels: config.agent.labels,
    isOwnIssue: (issue) => loop.isOwnIssue(issue),
    language: config.language,
    pace: { paused: config.agent.pausedFor },
    slots: config.agent.slots,
    metrics: agentMetrics(registry),
  });
  watchTasks(registry, agent);
  const poller = createPoller({
    db,
    clock,
    logger,
    sources: sources.directory,
    record: (findings) => recordFindings({ db, admission, logger, clock }, findings),
    applications: () => applicationsOf(db, sources.directory),
    label: config.agent.labels.trigger,
    intervalMs: config.polling.intervalMs,
    random: Math.random,
    listRemote: options.listRemote,
    onPolled: pollOutcomes(registry),
  });
  return { sources, intake, agent, equipment, loop, poller };
}
