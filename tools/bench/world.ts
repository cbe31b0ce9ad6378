import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appView } from '../../src/api/contract/index.ts';
import { type Connection, type Db, connect } from '../../src/store/index.ts';
import { createClient } from '../demo/client.ts';
import { type Commit, createRepository } from '../demo/repository.ts';
import { deliverPush } from '../demo/webhook.ts';
import { withFolder } from './folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';

export const REPOSITORY = 'harbour/bench';
export const APP = 'bench';
/** Stages of the application's pipeline that run `true`. */
export const STAGES = 10;

/** A running server with one registered application. */
export interface World {
  readonly server: ServerProcess;
  readonly secret: string;
  readonly commit: Commit;
  /** To the server's own PostgreSQL. */
  readonly connection: Connection;
  /** For looking only. */
  readonly db: Db;
  /** Delivers a push of the commit; resolves when it was answered, with that moment in epoch milliseconds. */
  push(): Promise<number>;
}

/** Runs `work` with a server on an empty data directory; `role` is that of the server once the application is registered. */
export async function withWorld<T>(role: string, work: (world: World) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const secret = randomBytes(24).toString('hex');
    const template = join(folder, 'template');
    await mkdir(template);
    await writeFile(join(template, 'funade.yaml'), CONFIGURATION);
    await writeFile(join(template, 'index.mjs'), HANDLER);
    const repository = await createRepository(template, join(folder, 'repository'));
    const commit = await repository.commit(null);
    let server = await startServer({ dataDir: folder, secret });
    try {
      const owner = createClient(server.url, await server.ownerToken());
      await owner.post('/apps', { source: repository.directory, repository: REPOSITORY }, appView);
      if (role !== 'all') {
        await server.stop();
        server = await startServer({ dataDir: folder, secret, role });
      }
      const connection = await connectionOf(server.dataDir);
      const db = connect(connection, { max: 1, name: 'bench' });
      try {
        const { url } = server;
        return await work({ server, secret, commit, connection, db, push: () => push(url, secret, commit) });
      } finally {
        await db.destroy();
      }
    } finally {
      await server.stop();
    }
  });
}

async function push(url: string, secret: string, commit: Commit): Promise<number> {
  const delivery = {
    repository: REPOSITORY,
    cloneUrl: `https://github.com/${REPOSITORY}.git`,
    commit,
    pushedAt: Date.now(),
  };
  const { status, body } = await deliverPush(url, secret, delivery);
  const answered = performance.timeOrigin + performance.now();
  if (status !== 200 || !body.includes('"task_queued":true')) throw new Error(`a push was answered ${status} ${body}`);
  return answered;
}

/** The embedded PostgreSQL of a data directory, as the server itself finds it. */
export async function connectionOf(dataDir: string): Promise<Connection> {
  const id = (await readFile(join(dataDir, 'cluster-id'), 'utf8')).trim();
  const password = await readFile(join(dataDir, 'secrets', 'postgres-password'), 'utf8');
  return { host: join(tmpdir(), `funade-${id}`), port: 5432, user: 'funade', password, database: 'funade' };
}

const CONFIGURATION = `version: 1
app: ${APP}
on: { branches: [main] }
functions:
  echo: { runtime: nodejs, handler: index.handler, route: /echo, concurrency: 16 }
pipeline:
${Array.from({ length: STAGES }, (_, index) => `  - run: { name: step ${index + 1}, run: 'true' }`).join('\n')}
  - deploy: { to: production }
environments:
  production: { target: functions, strategy: rolling }
`;

const HANDLER = `export async function handler(event) {
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: event.body };
}
`;
