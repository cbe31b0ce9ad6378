import { readFile } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atLeast, createApi, createMetrics, functionResourcesOf, resourcesOf } from '../api/index.ts';
import { type ServerConfig, listenAddress, processEnvironment } from '../config/index.ts';
import { type Functions, createFunctions } from '../functions/index.ts';
import { type PollReport, handleWhileStarting } from '../intake/index.ts';
import { type Clock, type Logger, messageOf, sleep } from '../kernel/index.ts';
import { createCatalog, createReleases, createSource } from '../releases/index.ts';
import { LATENCY_BOUNDS, createRollouts } from '../rollouts/index.ts';
import type { Duties } from '../roles.ts';
import { createSandbox, credentialPaths } from '../sandbox/index.ts';
import {
  type Connection,
  type DataDir,
  connect,
  createArtifacts,
  databaseClock,
  migrateToLatest,
  together,
  waitForDatabase,
} from '../store/index.ts';
import { createEmbeddedMetrics, createFunctionsTarget, createNoopMetrics, createNoopTarget } from '../targets/index.ts';
import { bindRooms } from './bindings.ts';
import { createHealth } from './health.ts';
import { functionRates, lambdaAccess, mayCall, openIdentities } from './identities.ts';
import { createForgeRooms } from './forge-rooms.ts';
import { openQueues } from './queues.ts';
import { generatedSecret } from './sources.ts';

export { bindRooms } from './bindings.ts';

const SESSION_COOKIE = 'funade_session';
const CLOCK_REFRESH_MS = 60_000;
const BODIES_KEPT_MS = 30 * 86_400_000;

/** A running server, and where things are. */
export interface Server {
  /** Where dashboard and API answer: `http://127.0.0.1:8000`. */
  readonly address: string;
  readonly version: string;
  readonly dataDir: string;
  /** Where PostgreSQL keeps its files, or the address of the one that was given. */
  readonly database: string;
  readonly ownerTokenFile: string;
  readonly webhookSecretFile: string | null;
  readonly isolation: string;
  /** Looks once at every repository. */
  pollOnce(): Promise<PollReport>;
  stop(): Promise<void>;
}

/** What stands before any room is built. */
export interface Ground {
  readonly duties: Duties;
  readonly logger: Logger;
  readonly dataDir: DataDir;
  readonly connection: Connection;
  /** Where PostgreSQL keeps its files, or its address without the password. */
  readonly database: string;
  /** No other process can use this database. */
  readonly alone: boolean;
  /** Whether forges are asked again and again; else only when `pollOnce` is called. */
  readonly watch: boolean;
  /** Ends the wait for the database. */
  readonly signal: AbortSignal | undefined;
  /** Stops the embedded PostgreSQL, when there is one, and gives the data directory back. */
  leave(): Promise<void>;
}

/** Builds the rooms that the role needs, starts them in order, and answers when everything is up. */
export async function startServer(config: ServerConfig, ground: Ground): Promise<Server> {
  const { duties, logger, dataDir, connection, database } = ground;
  const db = connect(connection, { max: 16, name: `funade-${config.role}` });
  const clock = databaseClock(db);
  const stopping = new AbortController();
  const path = processEnvironment()['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  const secretsFolder = await dataDir.folder('secrets');
  const { access, secrets } = await openIdentities({ config, db, clock, logger, folder: secretsFolder });

  const sandbox = createSandbox({ logger, stateDir: await dataDir.folder('processes') });
  const metrics = createMetrics();
  const { queue, taskQueue, broker } = openQueues({ config, connection, db, logger, registry: metrics.registry });
  const artifacts = createArtifacts({ directory: await dataDir.folder('artifacts') });
  const source = createSource({
    directory: await dataDir.folder('repositories'),
    logger,
    environment: gitEnvironment(),
  });
  // The lock on the data directory makes sure that only one process bears this name, wherever the directory is mounted.
  const owner = `${hostname()}:${dataDir.instanceId}`;
  const rates = functionRates(config.functions, clock);
  const functions = createFunctions({
    db,
    connection,
    clock,
    logger,
    hostId: owner,
    latencyBounds: LATENCY_BOUNDS,
    authorize: mayCall(access),
    privateCookies: [SESSION_COOKIE],
    queue,
    lambdaAccess: lambdaAccess(access),
    callRate: rates.execute,
    sandbox,
    untrusted: config.functions.untrusted,
    directory: await dataDir.folder('functions'),
    secrets,
    path,
  });

  const hidden = [dataDir.path, ...credentialPaths(homedir()), ...(config.file === null ? [] : [resolve(config.file)])];
  const rooms = bindRooms();
  const catalog = createCatalog({ db, artifacts, source, secrets });
  const rollouts = createRollouts({
    db,
    clock,
    logger,
    queue,
    owner,
    targets: new Map([functionsTarget(functions), noopTarget(clock)]),
    metrics: new Map([
      ['embedded', createEmbeddedMetrics(functions.metrics)],
      ['noop', createNoopMetrics()],
    ]),
    catalog,
    listener: rooms.listener,
  });
  const releases = createReleases({
    db,
    clock,
    logger,
    queue,
    owner,
    source,
    artifacts,
    secrets,
    sandbox,
    delivery: rooms.deliveryOver(db, rollouts),
    members: { roleOf: access.roleOf, atLeast: (role, needed) => atLeast(role as never, needed as never) },
    probe: rooms.probe,
    workspaces: await dataDir.folder('workspaces'),
    hidden,
    path,
  });
  rooms.connect(releases);
  const generated = await generatedSecret(config, secretsFolder);
  const ownSecrets: string[] = [];
  const forgeRooms = createForgeRooms({
    config,
    db,
    clock,
    logger,
    secrets,
    queue,
    taskQueue,
    owner,
    admission: rooms.admission,
    registry: metrics.registry,
    generated,
    workplace: {
      sandbox,
      directories: { workspaces: await dataDir.folder('agent'), proxy: await dataDir.folder('model') },
      hidden,
      path,
      gitEnvironment: gitEnvironment(),
    },
    evidence: { source, logs: functions.logs, catalog },
    ownSecrets: () => ownSecrets,
    listRemote: source.listRemote,
  });
  const { sources, intake, agent, equipment, loop, poller } = forgeRooms;
  rooms.connectAgent(agent);
  rooms.connectLoop(loop);
  const health = createHealth({ db, clock, duties, releases, rollouts, sandbox, agent, loop, broker });
  const version = await packageVersion();
  // Before the last migration and the queues' tables a delivery would be admitted into nothing.
  let isUp = false;
  const starting = { handle: handleWhileStarting };
  const api = createApi({
    ...listenAddress(config),
    db,
    clock,
    logger,
    access,
    metrics,
    language: config.language,
    version,
    webRoot: duties.api ? webRoot() : null,
    ...(duties.functions ? { fn: functions.gateway, lambda: functions.lambda } : {}),
    ...(duties.webhook && config.webhook.enabled
      ? { webhook: (request, response) => (isUp ? intake : starting).handle(request, response) }
      : {}),
    resources: [
      ...(duties.api
        ? resourcesOf({
            db,
            clock,
            releases,
            rollouts,
            intake,
            sources,
            agent,
            agentSetup: () => equipment.look(),
            secrets,
            traffic: functions.metrics.summaries,
          })
        : []),
      ...(duties.functions
        ? [functionResourcesOf({ functions, limits: rates }, { logger, language: config.language })]
        : []),
    ],
    health,
  });

  let hosting = false;
  async function stop(): Promise<void> {
    stopping.abort();
    await api.close();
    await Promise.all([releases.stop(), rollouts.stop(), agent.stop(), loop.stop(), poller.stop(), sources.stop()]);
    await equipment.stop();
    if (hosting) await functions.stop();
    await Promise.all(
      [queue, taskQueue].map((each) =>
        each
          .stop()
          .catch((thrown: unknown) => logger.warn({ reason: messageOf(thrown) }, 'Failed to stop a queue cleanly.')),
      ),
    );
    await sandbox.close();
    await db.destroy();
    await ground.leave();
  }

  try {
    const bound = await api.listen();
    const address = `http://${bound.address.includes(':') ? `[${bound.address}]` : bound.address}:${bound.port}`;
    const reachable = address.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]');
    rooms.setOrigin((config.functions.url ?? reachable).replace(/\/+$/, ''));
    await waitForDatabase(db, {
      address: database,
      logger,
      signal: AbortSignal.any([stopping.signal, ...(ground.signal === undefined ? [] : [ground.signal])]),
      onWait: health.databaseAway,
    });
    health.databaseBack();
    await together(migrateToLatest(db), queue.start());
    if (taskQueue !== queue) await taskQueue.start();
    await clock.refresh();
    await secrets.verifyKey();
    await sources.start();
    const { path: ownerTokenFile } = await access.ensureOwnerToken(secretsFolder);
    ownSecrets.push((await readFile(ownerTokenFile, 'utf8')).trim());
    const { alone } = ground;
    if (duties.functions || duties.engine || duties.agent) await sandbox.reapLeftovers();
    if (duties.functions) {
      hosting = true;
      await functions.start({ alone });
    }
    if (duties.engine) {
      await Promise.all([releases.start({ alone }), rollouts.start({ alone }), loop.start({ alone })]);
    }
    if (duties.agent) {
      await equipment.start(agent);
      await agent.start({ alone });
    }
    if (duties.polling && config.polling.enabled && ground.watch) poller.start();
    void keepHouse({
      refresh: clock.refresh,
      prune: () => Promise.all([intake.pruneBodies(clock.now() - BODIES_KEPT_MS), functions.prune()]),
      signal: stopping.signal,
      logger,
    });
    health.started();
    isUp = true;
    const { tier, reason } = sandbox.isolation();
    return {
      address,
      version,
      dataDir: dataDir.path,
      database,
      ownerTokenFile,
      webhookSecretFile: generated?.file ?? null,
      pollOnce: poller.runOnce,
      isolation: `tier ${tier} (${reason})`,
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function functionsTarget(functions: Functions) {
  return ['functions', createFunctionsTarget(functions.platform)] as const;
}

function noopTarget(clock: Clock) {
  return ['noop', createNoopTarget({ clock })] as const;
}

/** Measures the clock's offset again and again, and forgets once an hour what nobody needs any more. */
async function keepHouse(house: {
  readonly refresh: () => Promise<void>;
  readonly prune: () => Promise<unknown>;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}): Promise<void> {
  for (let round = 1; !house.signal.aborted; round += 1) {
    await sleep(CLOCK_REFRESH_MS, house.signal);
    if (house.signal.aborted) return;
    const chores = round % 60 === 0 ? [house.refresh(), house.prune()] : [house.refresh()];
    await Promise.all(chores).catch((thrown: unknown) =>
      house.logger.warn({ reason: messageOf(thrown) }, 'Failed to keep house.'),
    );
  }
}

function gitEnvironment(): Readonly<Record<string, string>> {
  const names = [
    'PATH',
    'HOME',
    'SSH_AUTH_SOCK',
    'SSH_ASKPASS',
    'HTTPS_PROXY',
    'HTTP_PROXY',
    'NO_PROXY',
    'https_proxy',
    'http_proxy',
    'no_proxy',
  ];
  const environment = processEnvironment();
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

function webRoot(): string {
  return join(ROOT, 'web', 'dist');
}

async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
}
