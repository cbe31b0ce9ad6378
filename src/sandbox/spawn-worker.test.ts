import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../kernel/index.ts';
import { type IsolationTier, type Sandbox, type Worker, createSandbox } from './index.ts';
import { identify, isRunning, listProcesses } from './processes.ts';
import { readFileSync } from 'node:fs';

const ECHO = `
  import { Socket } from 'node:net';
  const channel = new Socket({ fd: 3 });
  channel.on('data', (data) => channel.write('echo ' + data));
  channel.on('end', () => process.exit(0));
  channel.write('ready');`;

let root: string;
let workers: Worker[];
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'funade-worker-')));
  await mkdir(join(root, 'code'));
  workers = [];
});
afterEach(async () => {
  for (const worker of workers) {
    worker.kill();
    await worker.exited;
  }
  await rm(root, { recursive: true, force: true, maxRetries: 20 });
});

function sandboxOf(tier: IsolationTier): Sandbox {
  return createSandbox({ logger: silentLogger, stateDir: join(root, 'state'), tier });
}

async function startWorker(tier: IsolationTier, source: string, memory = 256): Promise<Worker> {
  await writeFile(join(root, 'code', 'worker.mjs'), source);
  const worker = await sandboxOf(tier).spawnWorker({
    argv: [process.execPath, join(root, 'code', 'worker.mjs')],
    cwd: join(root, 'code'),
    env: { GIVEN: 'yes' },
    readOnly: [join(root, 'code')],
    memory,
  });
  workers.push(worker);
  return worker;
}

async function read(worker: Worker): Promise<string> {
  return new Promise((resolve) => worker.channel.once('data', (data) => resolve(String(data))));
}

function processesNaming(word: string): readonly number[] {
  return listProcesses().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
    } catch {
      return false;
    }
  });
}

const installed = createSandbox({ logger: silentLogger, stateDir: tmpdir() }).isolation().tier === 'bubblewrap';
const tiers: readonly IsolationTier[] = installed ? ['process', 'bubblewrap'] : ['process'];

describe.each(tiers)('a worker in the %s tier', (tier) => {
  test('talks over fd 3 and ends when the channel is closed', async () => {
    const worker = await startWorker(tier, ECHO);
    expect(await read(worker)).toBe('ready');
    worker.channel.write('one');
    expect(await read(worker)).toBe('echo one');
    worker.channel.end();
    expect(await worker.exited).toEqual({ code: 0, signal: null, outOfMemory: false });
  });

  test('gets only the environment it was given, and its logs can be read', async () => {
    const worker = await startWorker(tier, 'console.log(process.env.GIVEN, process.env.PATH); console.error("oh");');
    const [out, err] = await Promise.all([text(worker.stdout), text(worker.stderr), worker.exited]);
    expect([out, err]).toEqual(['yes undefined\n', 'oh\n']);
  });

  test('is ended with its children by kill', async () => {
    const worker = await startWorker(
      tier,
      `import { spawn } from 'node:child_process';
       spawn('/bin/sh', ['-c', 'sleep 60; : ${root}'], { detached: true, stdio: 'ignore' });
       ${ECHO}`,
    );
    expect(await read(worker)).toBe('ready');
    worker.kill();
    expect(await worker.exited).toMatchObject({ code: null, signal: 'SIGKILL', outOfMemory: false });
    await expect.poll(() => processesNaming(root)).toEqual([]);
  });

  test('that blocks its event loop for ever is ended by kill all the same', async () => {
    const worker = await startWorker(tier, `${ECHO}; channel.once('data', () => { for (;;); });`);
    expect(await read(worker)).toBe('ready');
    worker.channel.write('go');
    worker.kill();
    expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  test('that takes more memory than allowed is killed and says so', async () => {
    const hog = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(20 << 20, 1)), 20);';
    const worker = await startWorker(tier, hog, 150);
    expect(await worker.exited).toEqual({ code: null, signal: 'SIGKILL', outOfMemory: true });
  });

  test('that crashes is told with its exit code', async () => {
    const worker = await startWorker(tier, 'process.exitCode = 3;');
    expect(await worker.exited).toEqual({ code: 3, signal: null, outOfMemory: false });
  });

  test('dies with the server, even when it would not notice', async () => {
    await writeFile(join(root, 'code', 'worker.mjs'), `${ECHO}; setTimeout(() => { for (;;); }, 50);`);
    const module = new URL('./index.ts', import.meta.url).href;
    const program = `
      import { createSandbox } from '${module}';
      const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
      const sandbox = createSandbox({ logger: quiet, stateDir: '${join(root, 'state')}', tier: '${tier}' });
      const worker = await sandbox.spawnWorker({ argv: [process.execPath, '${join(root, 'code', 'worker.mjs')}'],
        cwd: '${root}', env: {}, readOnly: ['${root}'], memory: 256 });
      worker.channel.once('data', () => process.stdout.write('up ' + worker.pid));`;
    const server: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) => server.stdout?.once('data', (data) => resolve(String(data))));
    const worker = identify(Number(line.split(' ')[1]));
    expect(isRunning(worker)).toBe(true);
    server.kill('SIGKILL');
    await expect.poll(() => isRunning(worker), { timeout: 2000 }).toBe(false);
    await expect.poll(() => processesNaming(join(root, 'code')), { timeout: 2000 }).toEqual([]);
  });

  test('whose program is missing is refused', async () => {
    const request = { argv: ['/nowhere/node'], cwd: root, env: {}, readOnly: [], memory: 64 };
    await expect(sandboxOf(tier).spawnWorker(request)).rejects.toMatchObject({ code: 'FUN_COMMAND_NOT_STARTED' });
  });
});

describe.runIf(installed)('a worker under bubblewrap', () => {
  test('sees its code and the system, and nothing else of the host', async () => {
    await writeFile(join(root, 'secret'), 'x');
    const worker = await startWorker(
      'bubblewrap',
      `import fs from 'node:fs';
       const attempt = (act) => { try { act(); return 'done'; } catch (error) { return error.code; } };
       console.log(JSON.stringify([
         attempt(() => fs.readFileSync('${join(root, 'secret')}')),
         attempt(() => fs.readFileSync('/etc/shadow')),
         attempt(() => fs.writeFileSync('${join(root, 'code', 'worker.mjs')}', '')),
         attempt(() => fs.writeFileSync('/planted', '')),
         attempt(() => fs.writeFileSync('/dev/planted', '')),
         attempt(() => fs.writeFileSync('/tmp/ok', 'x')),
         attempt(() => fs.writeFileSync('/tmp/much', Buffer.alloc(32 << 20))),
         fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length < 5,
       ]));`,
    );
    const [out] = await Promise.all([text(worker.stdout), worker.exited]);
    expect(JSON.parse(out)).toEqual(['ENOENT', 'ENOENT', 'EROFS', 'EROFS', 'EROFS', 'done', 'ENOSPC', true]);
  });

  test('has no network unless it is given', async () => {
    const worker = await startWorker(
      'bubblewrap',
      `import os from 'node:os'; console.log(Object.keys(os.networkInterfaces()).filter((name) => name !== 'lo').length);`,
    );
    const [out] = await Promise.all([text(worker.stdout), worker.exited]);
    expect(out).toBe('0\n');
  });
});
