import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { appView } from '../../../src/api/contract/index.ts';
import type { Server } from '../../../src/compose.ts';
import { type FakeGithub, startGithub } from '../../../test/fakes/github-server.ts';
import { type DemoClient, createClient } from '../client.ts';
import { startDemoServer } from '../server.ts';
import { EXAMPLE, REPOSITORY } from '../stage.ts';

export type DemoRepository = ReturnType<FakeGithub['addRepository']>;

/** A forge with the application's repository in it, and a server that works for it. */
export interface LoopStage {
  readonly github: FakeGithub;
  readonly repository: DemoRepository;
  readonly server: Server;
  readonly owner: DemoClient;
  /** Values that must not be seen anywhere. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

/** Who writes, reviews and merges. */
export const PERSON = 'aoi';

const AGENT = fileURLToPath(new URL('agent.ts', import.meta.url));

export async function setLoopStage(): Promise<LoopStage> {
  const folder = await mkdtemp(join(tmpdir(), 'funade-loop-'));
  await chmod(folder, 0o755); // the unprivileged user of PostgreSQL has to enter it
  const github = await startGithub({ basePath: '/api/v3' });
  try {
    const repository = github.addRepository({ fullName: REPOSITORY, git: await greeter(join(folder, 'greeter')) });
    for (const login of [PERSON, github.account.login]) github.setRole(repository, login, 'write');
    const secret = randomBytes(24).toString('hex');
    const server = await startDemoServer(join(folder, 'data'), {
      GITHUB_API_URL: github.apiUrl,
      GITHUB_PERSONAL_ACCESS_TOKEN: github.token,
      GITHUB_WEBHOOK_SECRET: secret,
      FUNADE_AGENT_RUNNER: 'command',
      FUNADE_AGENT_COMMAND: `'${process.execPath}' '${AGENT}'`,
      FUNADE_AGENT_NETWORK: 'none',
      // The agent of this demo is our own: it may run where programs can't be isolated.
      FUNADE_AGENT_UNTRUSTED: 'allow',
    });
    const ownerToken = (await readFile(server.ownerTokenFile, 'utf8')).trim();
    return {
      github,
      repository,
      server,
      owner: createClient(server.address, ownerToken),
      secrets: [github.token, secret, ownerToken],
      close: async () => {
        await server.stop();
        await github.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (thrown) {
    await github.stop();
    await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
}

/** The example, with an issue for what fails in production, tests that the agent has to pass, and shorter steps. */
async function greeter(directory: string): Promise<string> {
  await cp(EXAMPLE, directory, { recursive: true, filter: (path) => !path.endsWith('/dist') });
  const file = join(directory, 'funade.yaml');
  let text = await readFile(file, 'utf8');
  const edits = [
    [/^ {2}- approve:.*\n/m, ''],
    [/steps: \[.*\]/, 'steps: [20, { pause: 2s }, 60, { pause: 2s }]'],
    [/bake: \d+s/, 'bake: 3s'],
    // What is slow here is the machine: the story is about errors.
    [/^ {6}- \{ metric: latency-p95.*\n/m, ''],
    [/^( {2}production:\n)/m, '$1    onFailure: issue\n'],
    [/^environments:/m, 'agent:\n  checks: [npm run lint, npm test]\n\nenvironments:'],
  ] as const;
  for (const [pattern, replacement] of edits) {
    const edited = text.replace(pattern, replacement);
    if (edited === text) throw new Error(`nothing in ${file} fits ${pattern}`);
    text = edited;
  }
  await writeFile(file, text);
  return directory;
}

/** Adds the application by its address on the forge, and a hook as somebody would set it up. */
export async function register({ github, repository, server, owner, secrets }: LoopStage): Promise<void> {
  const source = new URL(repository.cloneUrl);
  source.username = 'x-access-token';
  source.password = github.token;
  await owner.post('/apps', { source: source.href }, appView);
  const [, secret = ''] = secrets;
  github.addHook(repository, `${server.address}/webhook/github`, { events: ['*'], secret });
}
