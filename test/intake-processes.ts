/** Real processes of the intake's roles on one database, with a GitHub of our own. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import type { Db } from '../src/store/index.ts';
import { type ServerProcess, createServerProcess, freePort } from '../tools/chaos/server-process.ts';
import { type FakeGithub, startGithub } from './fakes/github-server.ts';
import { type DatabaseOnPort, openDatabaseOnPort } from './postgres-port.ts';
import { type Ran, run } from './server-rig.ts';

const PROGRAM = fileURLToPath(new URL('../bin/funade.js', import.meta.url));
const READY_WITHIN = 90_000;
const STOP_WITHIN = 30_000;

export const HOOK_SECRET = 'the secret of the hooks of this test';
export const TRIGGER = 'coding agent';

export interface Processes {
  readonly github: FakeGithub;
  readonly database: DatabaseOnPort;
  readonly db: Db;
  /** A process of a role, ready. One of the same name has the port and data directory of the one before. */
  start(role: string, options?: { readonly name?: string }): Promise<ServerProcess>;
  /** Runs one process to its end, for example the producer. */
  run(...argv: readonly string[]): Promise<Ran>;
  tasks(): Promise<readonly TaskRow[]>;
  stop(): Promise<void>;
}

export interface TaskRow {
  readonly id: string;
  readonly number: number;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly worker: string | null;
  readonly via: string;
}

export async function createProcesses(settings: Readonly<Record<string, string>> = {}): Promise<Processes> {
  const folder = await mkdtemp(join(tmpdir(), 'funade-intake-'));
  await chmod(folder, 0o755);
  const [github, database] = await Promise.all([startGithub(), openDatabaseOnPort()]);
  const environment = {
    DATABASE_URL: database.url,
    FUNADE_SECRETS_KEY: 'ab'.repeat(32),
    GITHUB_WEBHOOK_SECRET: HOOK_SECRET,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_PERSONAL_ACCESS_TOKEN: github.token,
    FUNADE_AGENT_RUNNER: 'noop',
    ...settings,
  };
  const known = new Map<string, ServerProcess>();

  async function processOf(name: string, role: string): Promise<ServerProcess> {
    const before = known.get(name);
    if (before !== undefined) return before;
    const made = createServerProcess({
      name,
      folder,
      port: await freePort(),
      environment: { ...environment, FUNADE_ROLE: role },
    });
    known.set(name, made);
    return made;
  }

  return {
    github,
    database,
    db: database.db,
    start: async (role, { name = role } = {}) => {
      const server = await processOf(name, role);
      server.start();
      await server.ready(READY_WITHIN);
      return server;
    },
    run: (...argv) => {
      const path = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', LC_ALL: 'C.UTF-8' };
      const env = { ...path, ...environment, FUNADE_DATA_DIR: join(folder, `once-${randomUUID()}`) };
      return run(process.execPath, [PROGRAM, ...argv], { cwd: folder, env });
    },
    tasks: async () => {
      const { rows } = await sql<TaskRow>`
        select id, number::int, state, reason, attempts, worker, via from tasks order by id`.execute(database.db);
      return rows;
    },
    stop: async () => {
      await Promise.all([...known.values()].map((server) => server.stop(STOP_WITHIN)));
      await github.stop();
      await database.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
