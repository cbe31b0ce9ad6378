import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeGithub, startGithub } from './fakes/github-server.ts';
import { type ServerRig, startServerRig } from './server-rig.ts';
import { type Step, fits, readSteps, scriptOf } from './tutorial.ts';

const TUTORIAL = new URL('../docs/tutorials/first-agent-task.md', import.meta.url);
const WRITTEN_API = 'https://api.github.com';
/** What the reader is told to wait, and what waits here: the machine may be slower, or quicker. */
const WRITTEN_WAIT = 'sleep 60';
const WAIT = 'until funade tasks list --state succeeded --json | grep -q task_; do sleep 1; done';
const MOST = 240_000;
const MISSING = spawnSync('bwrap', ['--version']).status === 0 ? null : 'skipped: there is no bwrap here';

const text = await readFile(TUTORIAL, 'utf8');
/** The settings of the first part, as the reader exports them. */
const settings = Object.fromEntries(
  [...text.matchAll(/^export (FUNADE_AGENT_(?:RUNNER|COMMAND)|FUNADE_POLLING_INTERVAL)=(.+)$/gm)]
    .slice(0, 3)
    .map(([, name = '', value = '']) => [name, value.replaceAll(/^'|'$/g, '')]),
);

describe.skipIf(MISSING !== null)(`the tutorial about agents${MISSING === null ? '' : ` (${MISSING})`}`, () => {
  const steps = readSteps(text);
  let github: FakeGithub;
  let repository: ReturnType<FakeGithub['addRepository']>;
  let rig: ServerRig;
  let notes: string;
  beforeAll(async () => {
    github = await startGithub();
    repository = github.addRepository({ fullName: 'you/playground', git: { 'README.md': '# Playground\n' } });
    github.setRole(repository, github.account.login, 'write');
    const account = { GITHUB_API_URL: github.apiUrl, GITHUB_PERSONAL_ACCESS_TOKEN: github.token };
    rig = await startServerRig({ ...account, ...settings });
    notes = await mkdtemp(join(tmpdir(), 'funade-tutorial-'));
    await follow(steps, account);
  }, MOST + 60_000);
  afterAll(async () => {
    await rig.close();
    await github.stop();
    await rm(notes, { recursive: true, force: true });
  });

  async function follow(all: readonly Step[], account: Readonly<Record<string, string>>): Promise<void> {
    for (const [index, { commands }] of all.entries()) {
      const here = commands.replaceAll(WRITTEN_API, github.apiUrl).replaceAll(WRITTEN_WAIT, WAIT);
      await writeFile(join(notes, `${index}.sh`), here);
    }
    const script = join(notes, 'script.sh');
    await writeFile(script, scriptOf(all, notes));
    const env = { ...rig.environment, ...account, FUNADE_SERVER: rig.url, FUNADE_TOKEN: rig.token };
    const shell = spawn('/bin/sh', [script], { cwd: rig.folder, env, detached: true, stdio: 'ignore' });
    const timer = setTimeout(() => endGroup(shell.pid), MOST);
    await once(shell, 'exit');
    clearTimeout(timer);
    endGroup(shell.pid);
  }

  test('has steps and settings', () => {
    expect(steps.length).toBeGreaterThan(5);
    expect(settings).toMatchObject({ FUNADE_AGENT_RUNNER: 'command', FUNADE_POLLING_INTERVAL: '10s' });
  });

  test.each(steps.map((step, index) => ({ ...step, index })))('$title', async ({ index, code, output }) => {
    const said = await read(`${index}.out`);
    expect(await read(`${index}.code`), said).toBe(String(code));
    if (output !== null && !fits(output, said)) expect(said).toBe(output);
  });

  test('the pull request is as the tutorial tells', () => {
    const changes = repository.subjects.filter(({ kind }) => kind === 'change');
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({ change: { head: 'funade/issue-1', draft: true } });
    expect(changes[0]?.body).toContain('Closes #1');
    const { login } = github.account;
    expect(repository.pushes.map(({ by, ref, forced }) => [by.login, ref, forced])).toEqual([
      [login, 'refs/heads/funade/issue-1', false],
      [login, 'refs/heads/funade/issue-1', false],
    ]);
  });

  function read(name: string): Promise<string> {
    return readFile(join(notes, name), 'utf8').catch(() => 'it was never run');
  }
});

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // nothing is left of it
  }
}
