import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appView, createTokenAnswer } from '../../src/api/contract/index.ts';
import { silentLogger } from '../../src/kernel/index.ts';
import { type Connection, type Db, connect, openDataDir, startEmbeddedPostgres } from '../../src/store/index.ts';
import { createClient } from '../demo/client.ts';
import { type Application, createApplication } from './application.ts';
import { type Caller, createCaller } from './caller.ts';
import { type Forge, REPOSITORY, createForge } from './sender.ts';
import { type RouterWatch, watchRouter } from './store.ts';
import { type ServerProcess, createServerProcess, freePort } from './server-process.ts';

const FIRST_START = 120_000;
const STOP = 60_000;

/** A database, a data plane that is left alone, a control plane to be killed, a repository, and two people. */
export interface World {
  readonly folder: string;
  /** For looking only. */
  readonly db: Db;
  readonly router: RouterWatch;
  readonly data: ServerProcess;
  readonly control: ServerProcess;
  readonly application: Application;
  readonly forge: Forge;
  readonly owner: Caller;
  readonly approver: Caller;
  /** Ends both servers as an operator would; answers their exit codes. */
  stopServers(): Promise<{ readonly control: number | null; readonly data: number | null }>;
  close(options: { readonly keep: boolean }): Promise<void>;
}

/** `signal` ends every attempt to reach the control plane. */
export async function createWorld(signal: AbortSignal): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'funade-chaos-'));
  await chmod(folder, 0o755); // the unprivileged user of PostgreSQL has to enter it
  const undo: (() => Promise<unknown>)[] = [];
  async function undoAll(): Promise<void> {
    for (const step of undo.splice(0).toReversed()) await step();
  }
  try {
    await mkdir(join(folder, 'postgres'));
    const dataDir = await openDataDir(join(folder, 'postgres'));
    const postgres = await startEmbeddedPostgres(dataDir, silentLogger);
    undo.push(() => postgres.stop());
    const db = connect(postgres.connection, { max: 4, name: 'chaos' });
    undo.push(() => db.destroy());
    const router = await watchRouter(postgres.connection);
    undo.push(() => router.close());
    const secret = randomBytes(24).toString('hex');
    const databaseUrl = urlOf(postgres.connection);
    const data = createServerProcess({
      name: 'data-plane',
      folder,
      port: await freePort(),
      environment: { FUNADE_ROLE: 'functions', DATABASE_URL: databaseUrl },
    });
    const control = createServerProcess({
      name: 'control-plane',
      folder,
      port: await freePort(),
      environment: {
        FUNADE_ROLE: 'control',
        DATABASE_URL: databaseUrl,
        FUNADE_FUNCTIONS_URL: data.url,
        GITHUB_WEBHOOK_SECRET: secret,
      },
    });
    for (const server of [data, control]) {
      undo.push(() => server.stop(STOP));
      server.start();
      await server.ready(FIRST_START);
    }
    const application = await createApplication(`chaos-${randomBytes(3).toString('hex')}`, folder);
    await application.commit('good', false);
    const token = (await readFile(join(folder, 'control-plane', 'secrets', 'owner-token'), 'utf8')).trim();
    const owner = createClient(control.url, token);
    const approver = await owner.post('/tokens', { name: 'sato', role: 'approver' }, createTokenAnswer);
    await owner.post('/apps', { source: application.directory, repository: REPOSITORY }, appView);
    return {
      folder,
      db,
      router,
      data,
      control,
      application,
      forge: createForge(control.url, secret, signal),
      owner: createCaller(control.url, token, signal),
      approver: createCaller(control.url, approver.token, signal),
      stopServers: async () => ({ control: await control.stop(STOP), data: await data.stop(STOP) }),
      close: async ({ keep }) => {
        await undoAll();
        if (!keep) await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (thrown) {
    await undoAll();
    await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
}

/** The socket's directory goes into the query, since it is no host name. */
function urlOf({ host, port, user, password, database }: Connection): string {
  const place = new URLSearchParams({ host: host ?? '', port: String(port ?? 5432) });
  return `postgres://${user}:${password}@localhost/${database}?${place.toString()}`;
}
