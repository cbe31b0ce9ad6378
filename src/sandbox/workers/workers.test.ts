import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../kernel/index.ts';
import { identify, isRunning } from '../boxes/processes.ts';
import { createSandbox } from '../index.ts';
import { CODE, ECHO, NODE_HOME, findTiers, processesNaming, read, useWorkers } from './testing.ts';

const { tiers } = findTiers(process.env['CI'] === 'true');
const { root, sandboxOf, startWorker } = useWorkers();

describe.each(tiers)('a worker in tier %s', (tier) => {
  test('talks over fd 3 and ends when the channel is closed', async () => {
    const worker = await startWorker(tier, ECHO);
    expect(await read(worker)).toBe('ready');
    worker.channel.write('one');
    expect(await read(worker)).toBe('echo one');
    worker.channel.end();
    expect(await worker.exited).toEqual({ code: 0, signal: null, outOfMemory: false });
  });

  test('gets only the environment it was given, and all that it says before it ends can be read', async () => {
    const worker = await startWorker(tier, 'console.log(process.env.GIVEN, process.env.HOME); console.error("oh");');
    const [out, err] = await Promise.all([text(worker.stdout), text(worker.stderr), worker.exited]);
    expect([out, err]).toEqual(['yes undefined\n', 'oh\n']);
  });

  test('writes no core when it dies', async () => {
    const worker = await startWorker(tier, '', { argv: ['/bin/sh', '-c', 'ulimit -H -c'] });
    const [out] = await Promise.all([text(worker.stdout), worker.exited]);
    expect(out).toBe('0\n');
  });

  test('that ends at once loses none of its output, many times in a row', async () => {
    const sandbox = sandboxOf(tier);
    const request = { sandbox, argv: ['/bin/sh', '-c', 'echo out; echo err >&2; exit 3'] };
    for (let round = 0; round < 20; round += 1) {
      const worker = await startWorker(tier, '', request);
      const [out, err, exit] = await Promise.all([text(worker.stdout), text(worker.stderr), worker.exited]);
      expect([out, err, exit.code]).toEqual(['out\n', 'err\n', 3]);
    }
  });

  test('is ended with its children by kill', async () => {
    const worker = await startWorker(
      tier,
      `import { spawn } from 'node:child_process';
       spawn('/bin/sh', ['-c', 'sleep 60; : ${root()}'], { detached: true, stdio: 'ignore' });
       ${ECHO}`,
    );
    expect(await read(worker)).toBe('ready');
    worker.kill();
    expect(await worker.exited).toMatchObject({ code: null, signal: 'SIGKILL', outOfMemory: false });
    expect(processesNaming(`: ${root()}`)).toEqual([]);
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
    const worker = await startWorker(tier, hog, { memory: 150 });
    expect(await worker.exited).toEqual({ code: null, signal: 'SIGKILL', outOfMemory: true });
  });

  test('that crashes is told with its exit code', async () => {
    const worker = await startWorker(tier, 'process.exitCode = 3;');
    expect(await worker.exited).toEqual({ code: 3, signal: null, outOfMemory: false });
  });

  test('dies with the server, even when it would not notice', async () => {
    await writeFile(join(root(), 'code', 'worker.mjs'), `${ECHO}; setTimeout(() => { for (;;); }, 50);`);
    const module = new URL('../index.ts', import.meta.url).href;
    const program = `
      import { createSandbox } from '${module}';
      const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
      const sandbox = createSandbox({ logger: quiet, stateDir: '${join(root(), 'state')}', tier: '${tier}' });
      const worker = await sandbox.spawnWorker({ argv: [process.execPath, '${CODE}/worker.mjs'], cwd: '${CODE}', env: {},
        mounts: [{ path: '${CODE}', source: '${join(root(), 'code')}' }, { path: '${NODE_HOME}', source: '${NODE_HOME}' }], memory: 256 });
      worker.channel.once('data', () => process.stdout.write('up ' + worker.pid));`;
    const server: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) => server.stdout?.once('data', (data) => resolve(String(data))));
    const worker = identify(Number(line.split(' ')[1]));
    expect(isRunning(worker)).toBe(true);
    server.kill('SIGKILL');
    await expect.poll(() => isRunning(worker), { timeout: 10_000 }).toBe(false);
    await expect.poll(() => processesNaming(root()), { timeout: 10_000 }).toEqual([]);
  });

  test('is told as killed when the spawner is lost, and the next one gets a new spawner', async () => {
    const sandbox = createSandbox({ logger: silentLogger, stateDir: join(root(), 'state'), tier });
    const worker = await startWorker(tier, ECHO, { sandbox });
    expect(await read(worker)).toBe('ready');
    const spawner = processesNaming('workers/spawner.').find((pid) => processesNaming(root()).includes(pid));
    process.kill(spawner ?? 0, 'SIGKILL');
    expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
    await expect.poll(() => isRunning(identify(worker.pid)), { timeout: 10_000 }).toBe(false);
    const next = await startWorker(tier, ECHO, { sandbox });
    expect(await read(next)).toBe('ready');
    await sandbox.close();
    expect(await next.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  test('whose program is missing is refused, or says so', async () => {
    const starting = startWorker(tier, '', { argv: ['/nowhere/node'] });
    if (tier === 'C') await expect(starting).rejects.toMatchObject({ code: 'FUN_COMMAND_NOT_STARTED' });
    else expect((await (await starting).exited).code).not.toBe(0);
  });

  test('finds what was mounted, at the path that it is told', async () => {
    const worker = await startWorker(tier, 'process.stdout.write(import.meta.filename)');
    const [out] = await Promise.all([text(worker.stdout), worker.exited]);
    expect(out).toBe(`${worker.seenAs(CODE)}/worker.mjs`);
  });
});
