import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../kernel/index.ts';
import { createSandbox } from '../index.ts';
import { findMarked, identify, isRunning } from './processes.ts';

let root: string;
let server: ChildProcess | undefined;
let innocent: ChildProcess | undefined;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'funade-leftovers-')));
});
afterEach(async () => {
  await kill(server);
  innocent?.kill('SIGKILL');
  await createSandbox({ logger: silentLogger, stateDir: root, tier: 'C' }).reapLeftovers();
  await rm(root, { recursive: true, force: true });
});

/** A real server process that runs one long command; resolves with the ids of its boxes once the command is up. */
async function startServer(command: string): Promise<string> {
  const module = new URL('../index.ts', import.meta.url).href;
  const program = `
    import { createSandbox } from '${module}';
    const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
    const sandbox = createSandbox({ logger: quiet, stateDir: '${root}', tier: 'C' });
    await sandbox.run({ command: { shell: ${JSON.stringify(command)} }, cwd: '${root}', env: { PATH: '/usr/bin:/bin' },
      timeout: 600000, network: 'host', writable: [], owner: 'run_1/test', onOutput: (text) => process.stdout.write(text) });`;
  server = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const out = server.stdout;
  if (out === null) throw new Error('no output to read');
  for await (const chunk of out) if (String(chunk).includes('up')) break;
  const [name = ''] = await readdir(join(root, 'boxes'));
  return name.split('.')[0] ?? '';
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

function successor() {
  return createSandbox({ logger: silentLogger, stateDir: root, tier: 'C' });
}

test('what a killed server left running is ended at the next start, daemons included', async () => {
  const id = await startServer('setsid sleep 300 & sleep 300 & echo up; sleep 300');
  await kill(server);
  expect(findMarked(id).length).toBeGreaterThanOrEqual(3);
  expect(await successor().reapLeftovers()).toBeGreaterThanOrEqual(3);
  expect(findMarked(id)).toEqual([]);
  expect(await readdir(join(root, 'boxes'))).toEqual([]);
  expect(await successor().reapLeftovers()).toBe(0);
});

test('processes of a server that still runs are left alone', async () => {
  const id = await startServer('echo up; sleep 300');
  expect(await successor().reapLeftovers()).toBe(0);
  expect(findMarked(id).length).toBeGreaterThan(0);
  expect(await readdir(join(root, 'boxes'))).toHaveLength(1);
});

test('a process that only has the pid of the one in the note is not killed', async () => {
  await startServer('echo up; sleep 300');
  innocent = spawn('sleep', ['300'], { detached: true });
  const self = identify(innocent.pid ?? 0);
  const [name = ''] = await readdir(join(root, 'boxes'));
  const path = join(root, 'boxes', name, 'process.json');
  await expect.poll(() => readFile(path, 'utf8').catch(() => '')).toContain('run_1/test');
  await kill(server);
  await writeFile(path, JSON.stringify({ owner: 'run_1/test', leader: { pid: self.pid, ticks: '1' } }));
  expect(await successor().reapLeftovers()).toBeGreaterThan(0);
  expect(isRunning(self)).toBe(true);
});

test('a note that was never completed does not keep the process from being found', async () => {
  const id = await startServer('echo up; sleep 300');
  const [name = ''] = await readdir(join(root, 'boxes'));
  const path = join(root, 'boxes', name, 'process.json');
  await expect.poll(() => readFile(path, 'utf8').catch(() => '')).toContain('run_1/test');
  await kill(server);
  await writeFile(path, '{"owner":"run');
  expect(await successor().reapLeftovers()).toBeGreaterThan(0);
  expect(findMarked(id)).toEqual([]);
});
