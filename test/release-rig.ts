import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FunadeError, type Logger, silentLogger, sleep } from '../src/kernel/index.ts';
import { createMemoryQueue } from '../src/queue/index.ts';
import {
  type Delivery,
  type DeliveryStatus,
  type Probe,
  type Releases,
  type ReleasesDependencies,
  type RunRow,
  type StageRow,
  createReleases,
  createSource,
  hasRunEnded,
  readApp,
  readLog,
  readRun,
  readStages,
} from '../src/releases/index.ts';
import { createSandbox } from '../src/sandbox/index.ts';
import { type SecretStore, createArtifacts, createSecretStore, transaction } from '../src/store/index.ts';
import { type TestDatabase, createTestDatabase } from './database.ts';

const RANKS = ['viewer', 'deployer', 'approver', 'owner'];

/** A git repository on disk, with a commit as often as asked for. */
export interface TestRepository {
  readonly path: string;
  git(...args: readonly string[]): string;
  /** Writes the files, commits everything, and answers the commit. */
  commit(files?: Readonly<Record<string, string>>, message?: string): Promise<string>;
}

export async function createRepository(path: string): Promise<TestRepository> {
  await mkdir(path, { recursive: true });
  let commits = 0;
  function git(...args: readonly string[]): string {
    const env = { PATH: process.env['PATH'], HOME: path, GIT_CONFIG_NOSYSTEM: '1' };
    const who = ['-c', 'user.name=Aoi', '-c', 'user.email=aoi@example.org', '-c', 'safe.directory=*'];
    return execFileSync('git', [...who, ...args], { cwd: path, env, encoding: 'utf8', stdio: 'pipe' }).trim();
  }
  git('init', '--quiet', '--initial-branch=main');
  return {
    path,
    git,
    commit: async (files = {}, message) => {
      commits += 1;
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), content);
      }
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '-m', message ?? `commit ${commits}`);
      return git('rev-parse', 'HEAD');
    },
  };
}

/** Reads again and again until it is so; throws what was read last after `timeout` milliseconds. */
export async function until<T>(read: () => Promise<T>, is: (value: T) => boolean, timeout = 20_000): Promise<T> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const value = await read();
    if (is(value)) return value;
    if (Date.now() > deadline) throw new Error(`Still so after ${timeout} ms: ${JSON.stringify(value)}`);
    await sleep(20);
  }
}

/** `funade.yaml` with these stages, one a line, and two environments of the noop target. */
export function configOf(
  stages: readonly string[],
  more: { readonly app?: string; readonly on?: string } = {},
): string {
  return [
    'version: 1',
    `app: ${more.app ?? 'greeter'}`,
    ...(more.on === undefined ? [] : [`on: ${more.on}`]),
    'functions: { hello: { runtime: nodejs, handler: index.handler, route: /hello } }',
    'pipeline:',
    ...stages.map((stage) => `  - ${stage}`),
    'environments:',
    '  staging: { target: noop }',
    '  production: { target: noop }',
    '',
  ].join('\n');
}

export interface AskedRollout {
  readonly id: string;
  readonly app: string;
  readonly environment: string;
  readonly releaseId: string;
  readonly runId: string;
  readonly initiator: { readonly kind: string; readonly user: string; readonly approvedBy: readonly string[] };
}

/** Rollouts in memory: each ends as it is told to, or at once as `succeeded`. */
export interface FakeDelivery extends Delivery {
  readonly asked: readonly AskedRollout[];
  readonly rollbacks: readonly { readonly environment: string; readonly releaseId: string; readonly reason: string }[];
  readonly aborted: readonly { readonly id: string; readonly reason: string }[];
  /** Phase that rollouts to an environment end in at once; null = when `end` is called. */
  readonly ends: Map<string, string | null>;
  /** Faults that `check` throws. */
  readonly faults: Map<string, readonly string[]>;
  /** Causes of holds by environment. */
  readonly holds: Map<string, string>;
  /** Release that is live, by environment. */
  readonly live: Map<string, string>;
  end(rolloutId: string, phase: string): Promise<void>;
}

export interface TestEvent {
  readonly kind: string;
  readonly actor: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What every update of the configured source `github` has. */
export const FROM_GITHUB = {
  source: 'github',
  forge: 'github',
  host: 'github.com',
  via: 'webhook',
  isReplay: false,
} as const;

export interface ReleaseRig {
  readonly database: TestDatabase;
  readonly root: string;
  readonly workspaces: string;
  readonly repository: TestRepository;
  readonly releases: Releases;
  readonly delivery: FakeDelivery;
  readonly secrets: SecretStore;
  /** Roles of users; a user who is not in it has no access. */
  readonly roles: Map<string, string>;
  /** What the deployed application answers. */
  answer: { status: number; body: string };
  /** Adds to the time that the room sees. */
  advance(milliseconds: number): void;
  now(): number;
  /** Another process over the same database and directories. */
  restart(): Promise<Releases>;
  ended(runId: string, timeout?: number): Promise<RunRow>;
  waiting(runId: string, stage: string): Promise<StageRow>;
  stages(runId: string): Promise<readonly StageRow[]>;
  log(runId: string, stage?: number): Promise<string>;
  /** What is committed by now, in order. */
  events(subject?: string): Promise<readonly TestEvent[]>;
  /** Commits the files (a `funade.yaml` of the stages among them), registers the application and ships it. */
  ship(stages: readonly string[], files?: Readonly<Record<string, string>>): Promise<string>;
  close(): Promise<void>;
}

export interface RigOptions {
  readonly logger?: Logger;
  readonly leaseMs?: number;
  readonly override?: (given: ReleasesDependencies) => Partial<ReleasesDependencies>;
}

export async function createReleaseRig(options: RigOptions = {}): Promise<ReleaseRig> {
  const logger = options.logger ?? silentLogger;
  const database = await createTestDatabase();
  const root = await mkdtemp(join(tmpdir(), 'funade-releases-'));
  const workspaces = join(root, 'workspaces');
  const repository = await createRepository(join(root, 'repository'));
  const roles = new Map([
    ['aoi', 'owner'],
    ['ben', 'approver'],
    ['cleo', 'approver'],
    ['dai', 'deployer'],
    ['eve', 'viewer'],
  ]);
  const started: Releases[] = [];
  let offset = 0;
  const clock = { now: () => Date.now() + offset };
  const secrets = createSecretStore({ db: database.db, key: randomBytes(32), clock });
  const delivery = createFakeDelivery(clock, (runId) =>
    transaction(database.db, async (trx) => {
      await started.at(-1)?.wake(trx, runId);
    }),
  );
  const probe: Probe = {
    url: (app, environment) => `http://fake/fn/${environment}/${app}`,
    get: () => Promise.resolve({ ...rig.answer }),
  };

  async function start(): Promise<Releases> {
    const given: ReleasesDependencies = {
      db: database.db,
      clock,
      logger,
      source: createSource({ directory: join(root, 'mirrors'), logger }),
      artifacts: createArtifacts({ directory: join(root, 'artifacts') }),
      secrets,
      sandbox: createSandbox({ logger, stateDir: join(root, 'processes') }),
      delivery,
      members: {
        roleOf: (user) => Promise.resolve(roles.get(user) ?? null),
        atLeast: (role, needed) => RANKS.indexOf(role) >= RANKS.indexOf(needed),
      },
      probe,
      workspaces,
      hidden: [],
      path: process.env['PATH'] ?? '/usr/bin:/bin',
    };
    const queue = createMemoryQueue(logger);
    const room = createReleases({ ...given, ...options.override?.(given), queue, sweepMs: 100 });
    started.push(room);
    await room.start({ alone: true });
    return room;
  }

  const first = await start();
  const rig: ReleaseRig = {
    database,
    root,
    workspaces,
    repository,
    releases: first,
    delivery,
    secrets,
    roles,
    answer: { status: 200, body: 'Hello' },
    advance: (milliseconds) => {
      offset += milliseconds;
    },
    now: clock.now,
    restart: start,
    ended: async (runId, timeout) => {
      const run = await until(
        () => readRun(database.db, runId),
        (row) => hasRunEnded(row?.state ?? 'queued'),
        timeout,
      );
      if (run === undefined) throw new Error(`no run ${runId}`);
      return run;
    },
    waiting: async (runId, name) => {
      const find = async () => (await readStages(database.db, [runId])).find((stage) => stage.name === name);
      const stage = await until(find, (row) => row?.state === 'waiting');
      if (stage === undefined) throw new Error(`no stage ${name}`);
      return stage;
    },
    stages: (runId) => readStages(database.db, [runId]),
    log: async (runId, stage) =>
      (await readLog(database.db, runId, { after: 0, stage, limit: 10_000 })).map(({ text }) => text).join(''),
    events: async (subject) => {
      const rows = database.db.selectFrom('events').select(['kind', 'actor', 'subject', 'data']).orderBy('position');
      const found = await (subject === undefined ? rows : rows.where('subject', '=', subject)).execute();
      return found as readonly TestEvent[];
    },
    ship: async (stages, files = {}) => {
      const room = started.at(-1) ?? first;
      await repository.commit({ 'funade.yaml': configOf(stages), 'index.js': 'exports.handler = 1;\n', ...files });
      if ((await readApp(database.db, 'greeter')) === undefined)
        await room.addApp({ source: repository.path, ref: null, repository: 'octo/greeter', by: 'aoi' });
      return room.ship({ app: 'greeter', ref: null, by: 'aoi' });
    },
    close: async () => {
      for (const room of started) await room.stop();
      await database.drop();
      await rm(root, { recursive: true, force: true });
    },
  };
  return rig;
}

function createFakeDelivery(clock: { now(): number }, wake: (runId: string) => Promise<void>): FakeDelivery {
  const asked: AskedRollout[] = [];
  const rollbacks: { environment: string; releaseId: string; reason: string }[] = [];
  const aborted: { id: string; reason: string }[] = [];
  const statuses = new Map<string, DeliveryStatus>();
  const ends = new Map<string, string | null>();
  const faults = new Map<string, readonly string[]>();
  const holds = new Map<string, string>();
  const live = new Map<string, string>();

  async function end(id: string, phase: string): Promise<void> {
    const rollout = asked.find((entry) => entry.id === id);
    if (rollout === undefined) throw new Error(`no rollout ${id}`);
    const reason = phase === 'succeeded' ? '' : `it was told to end as ${phase}`;
    statuses.set(id, { ...statusOf(id), phase, ended: true, succeeded: phase === 'succeeded', reason });
    if (phase === 'succeeded') live.set(rollout.environment, rollout.releaseId);
    await wake(rollout.runId);
  }

  function statusOf(id: string): DeliveryStatus {
    const status = statuses.get(id);
    if (status === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'rollout', id, list: 'funade status' });
    return status;
  }

  return {
    asked,
    rollbacks,
    aborted,
    ends,
    faults,
    holds,
    live,
    end,
    check: ({ environment }) => {
      const found = (faults.get(environment) ?? []).map((message) => ({ message }));
      if (found.length === 0) return Promise.resolve();
      return Promise.reject(
        new FunadeError('FUN_TARGET_UNSUITABLE', { environment, count: found.length }, { faults: found }),
      );
    },
    deploy: (_trx, { app, environment, releaseId, runId, initiator }) => {
      const known = asked.find((entry) => entry.runId === runId && entry.environment === environment);
      if (known !== undefined) {
        if (statusOf(known.id).ended) setTimeout(() => void wake(runId), 10);
        return Promise.resolve(known.id);
      }
      const id = `rollout_${asked.length + 1}`;
      asked.push({ id, app, environment, releaseId, runId, initiator });
      statuses.set(id, {
        phase: 'shifting',
        ended: false,
        succeeded: false,
        reason: '',
        evidence: ['evidence of the rollout'],
        wait: null,
        startedAt: clock.now(),
      });
      const phase = ends.get(environment) ?? (ends.has(environment) ? null : 'succeeded');
      if (phase !== null) setTimeout(() => void end(id, phase), 10);
      return Promise.resolve(id);
    },
    status: (id) => Promise.resolve(statusOf(id)),
    abort: (id, reason) => Promise.resolve(void aborted.push({ id, reason })),
    rollback: ({ environment, releaseId }, reason) => {
      if (live.get(environment) !== releaseId) return Promise.resolve(null);
      live.delete(environment);
      rollbacks.push({ environment, releaseId, reason });
      return Promise.resolve(`rollout_back_${rollbacks.length}`);
    },
    heldBecause: ({ environment }) => {
      const cause = holds.get(environment);
      return Promise.resolve(cause === undefined ? null : { cause, since: clock.now() });
    },
  };
}
