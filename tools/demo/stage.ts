import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTokenAnswer, appView } from '../../src/api/contract/index.ts';
import type { Server } from '../../src/compose.ts';
import { type DemoClient, createClient } from './client.ts';
import { type Repository, createRepository } from './repository.ts';
import { startDemoServer } from './server.ts';

export const EXAMPLE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'examples', 'greeter');
export const REPOSITORY = 'harbour/greeter';

/** Everything the story needs: a server, a repository, and two people. */
export interface Stage {
  readonly server: Server;
  readonly secret: string;
  readonly repository: Repository;
  readonly owner: DemoClient;
  /** A second, named user, who may approve. */
  readonly approver: DemoClient;
  readonly startedIn: number;
  close(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'funade-demo-'));
  await chmod(folder, 0o755); // the unprivileged user of PostgreSQL has to enter it
  const secret = randomBytes(24).toString('hex');
  const repository = await createRepository(EXAMPLE, join(folder, 'greeter'));
  const begun = performance.now();
  const server = await startDemoServer(join(folder, 'data'), { GITHUB_WEBHOOK_SECRET: secret });
  const startedIn = performance.now() - begun;
  const owner = createClient(server.address, (await readFile(server.ownerTokenFile, 'utf8')).trim());
  const { token } = await owner.post('/tokens', { name: 'sato', role: 'approver' }, createTokenAnswer);
  return {
    server,
    secret,
    repository,
    owner,
    approver: createClient(server.address, token),
    startedIn,
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Registers the repository under its name on the forge, as `funade app add` does. */
export async function register(stage: Stage): Promise<void> {
  await stage.owner.post('/apps', { source: stage.repository.directory, repository: REPOSITORY }, appView);
}
