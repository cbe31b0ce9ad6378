import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { z } from 'zod';
import { createAgent } from '../src/agent/index.ts';
import { atLeast, createAccess, resourcesOf } from '../src/api/index.ts';
import { type ProblemView, type Role, type RunView, problemView, runView } from '../src/api/contract/index.ts';
import { bindRooms } from '../src/compose/index.ts';
import { forgeWebhooks } from '../src/forges/index.ts';
import { createIntake, createSources } from '../src/intake/index.ts';
import { silentLogger, systemClock } from '../src/kernel/index.ts';
import { createMemoryQueue } from '../src/queue/index.ts';
import { createCatalog, createReleases, createSource, hasRunEnded } from '../src/releases/index.ts';
import { createRollouts } from '../src/rollouts/index.ts';
import { createSandbox } from '../src/sandbox/index.ts';
import { createArtifacts, createSecretStore } from '../src/store/index.ts';
import { createNoopMetrics, createNoopTarget } from '../src/targets/index.ts';
import { LABELS } from './agent-labels.ts';
import { type TestApi, createTestApi } from './api.ts';
import { createTestDatabase } from './database.ts';
import { GITLAB_TOKEN, SECRET } from './intake-rig.ts';
import { type TestRepository, createRepository, until } from './release-rig.ts';

export interface Sent {
  readonly role?: Role;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Traffic {
  readonly app: string;
  readonly environment: string;
  readonly requestsPerSecond: number;
  readonly errorShare: number | null;
  readonly latencyP95: number | null;
}

/** The API over the real rooms: PostgreSQL, git, child processes; the target is the noop one. */
export interface PlaneRig {
  readonly api: TestApi;
  readonly repository: TestRepository;
  /** What the functions room would tell of traffic. */
  readonly traffic: Traffic[];
  /** Sends as a user who is named `a-<role>`, `owner` unless told otherwise; `METHOD /path below /api/v1`. */
  send(call: string, sent?: Sent): Promise<{ readonly status: number; readonly body: unknown; readonly text: string }>;
  /** Expects the status, and a body of the view's shape and no other. */
  get<S extends z.ZodType>(call: string, view: S, sent?: Sent & { readonly status?: number }): Promise<z.output<S>>;
  /** Expects a refusal with this status and code that says what to do. */
  refused(call: string, expected: readonly [number, string], sent?: Sent): Promise<ProblemView>;
  runWhere(id: string, is: (run: RunView) => boolean): Promise<RunView>;
  runEnded(id: string): Promise<RunView>;
  close(): Promise<void>;
}

export async function createPlaneRig(): Promise<PlaneRig> {
  const database = await createTestDatabase();
  const { db } = database;
  const root = await mkdtemp(join(tmpdir(), 'funade-plane-'));
  const [logger, clock] = [silentLogger, systemClock];
  const repository = await createRepository(join(root, 'repository'));
  const access = createAccess({ db, clock, logger });
  const queue = createMemoryQueue(logger);
  const artifacts = createArtifacts({ directory: join(root, 'artifacts') });
  const source = createSource({ directory: join(root, 'mirrors'), logger });
  const secrets = createSecretStore({ db, key: randomBytes(32), clock });
  const rooms = bindRooms();
  const rollouts = createRollouts({
    db,
    clock,
    logger,
    queue,
    sweepMs: 100,
    targets: new Map([['noop', createNoopTarget({ clock })]]),
    metrics: new Map([['noop', createNoopMetrics()]]),
    catalog: createCatalog({ db, artifacts, source, secrets }),
    listener: rooms.listener,
  });
  const releases = createReleases({
    db,
    clock,
    logger,
    queue,
    sweepMs: 100,
    source,
    artifacts,
    secrets,
    sandbox: createSandbox({ logger, stateDir: join(root, 'processes') }),
    delivery: rooms.deliveryOver(db, rollouts),
    members: { roleOf: access.roleOf, atLeast: (role, needed) => atLeast(role as never, needed as never) },
    probe: rooms.probe,
    workspaces: join(root, 'workspaces'),
    hidden: [],
    path: process.env['PATH'] ?? '/usr/bin:/bin',
  });
  rooms.connect(releases);
  const configured = { credentials: null, repositories: [] } as const;
  const sources = createSources({
    db,
    clock,
    logger,
    secrets,
    configured: [
      { name: 'github', forge: 'github', apiUrl: 'https://api.github.com', secrets: [SECRET], ...configured },
      { name: 'gitlab', forge: 'gitlab', apiUrl: 'https://gitlab.com/api/v4', secrets: [GITLAB_TOKEN], ...configured },
    ],
    createForge: ({ apiUrl }) => {
      throw new Error(`${apiUrl} can not be reached from a test`);
    },
    webhookUrl: 'https://funade.example',
    applicationRepositories: () => Promise.resolve([]),
  });
  const intake = createIntake({
    db,
    clock,
    logger,
    sources: sources.directory,
    admission: rooms.admission,
    onFailure: sources.noteFailure,
  });
  const agent = createAgent({
    db,
    clock,
    logger,
    queue,
    forges: forgeWebhooks,
    forgeOf: () => null,
    labels: LABELS,
    runner: null,
    slots: 1,
  });
  rooms.connectAgent(agent);
  const traffic: Traffic[] = [];
  const api = await createTestApi(
    {
      access,
      resources: resourcesOf({
        db,
        clock,
        releases,
        rollouts,
        intake,
        sources,
        agent,
        agentSetup: () =>
          Promise.resolve({ runner: 'none', trouble: 'no_runner', isolation: { tier: 'A', reason: '' }, model: null }),
        secrets,
        traffic: () => Promise.resolve(traffic),
      }),
      webhook: (request, response) => intake.handle(request, response),
    },
    database,
  );
  await Promise.all([releases.start({ alone: true }), rollouts.start({ alone: true }), sources.start()]);
  const bearers = new Map<Role, { readonly authorization: string }>();

  async function bearer(role: Role): Promise<{ readonly authorization: string }> {
    const known = bearers.get(role) ?? (await api.bearer(role));
    bearers.set(role, known);
    return known;
  }

  const rig: PlaneRig = {
    api,
    repository,
    traffic,
    send: async (call, { role = 'owner', body, headers = {} } = {}) => {
      const [method = 'GET', path = ''] = call.split(' ');
      const response = await api.api.app.inject({
        method: method as 'GET',
        url: `/api/v1${path}`,
        headers: { ...(await bearer(role)), ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      const isJson = String(response.headers['content-type']).includes('json');
      return { status: response.statusCode, body: isJson ? response.json() : undefined, text: response.body };
    },
    get: async (call, view, { status = 200, ...sent } = {}) => {
      const answer = await rig.send(call, sent);
      expect([answer.status, answer.text]).toEqual([status, expect.anything()]);
      return view.parse(answer.body);
    },
    refused: async (call, [status, code], sent) => {
      const answer = await rig.send(call, sent);
      const problem = problemView.parse(answer.body);
      expect([answer.status, problem.code]).toEqual([status, code]);
      expect(problem.fix).not.toBe('');
      expect(`${problem.detail} ${problem.fix}`).not.toMatch(/\{\w+\}/); // a value that nobody gave
      return problem;
    },
    runWhere: (id, is) => until(() => rig.get(`GET /runs/${id}`, runView), is),
    runEnded: (id) => rig.runWhere(id, ({ state }) => hasRunEnded(state)),
    close: async () => {
      await api.close();
      await Promise.all([releases.stop(), rollouts.stop(), sources.stop()]);
      await database.drop();
      await rm(root, { recursive: true, force: true });
    },
  };
  return rig;
}
