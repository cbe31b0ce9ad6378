import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../kernel/index.ts';
import { identify, isRunning, listProcesses } from '../boxes/processes.ts';
import { type IsolationTier, type Sandbox, type Worker, type WorkerRequest, createSandbox } from '../index.ts';

const ECHO = `
  import { Socket } from 'node:net';
  const channel = new Socket({ fd: 3 });
  channel.on('data', (data) => channel.write('echo ' + data));
  channel.on('end', () => process.exit(0));
  channel.write('ready');`;
const CODE = '/var/task';

let state: string;
let root: string;
let workers: Worker[];
const shared = new Map<IsolationTier, Sandbox>();
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'funade-state-'));
});
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'funade-worker-')));
  await chmod(root, 0o755);
  await mkdir(join(root, 'code'));
  workers = [];
});
afterEach(async () => {
  for (const worker of workers) worker.kill();
  await Promise.all(workers.map((worker) => worker.exited));
  await rm(root, { recursive: true, force: true, maxRetries: 20 });
});
afterAll(async () => {
  await Promise.all([...shared.values()].map((sandbox) => sandbox.close()));
  await rm(state, { recursive: true, force: true });
});

function sandboxOf(tier: IsolationTier): Sandbox {
  const sandbox = shared.get(tier) ?? createSandbox({ logger: silentLogger, stateDir: join(state, tier), tier });
  shared.set(tier, sandbox);
  return sandbox;
}

const nodeHome = join(process.execPath, '..', '..');

async function startWorker(
  tier: IsolationTier,
  source: string,
  more: Partial<WorkerRequest> & { readonly sandbox?: Sandbox } = {},
): Promise<Worker> {
  await writeFile(join(root, 'code', 'worker.mjs'), source);
  const { sandbox = sandboxOf(tier), ...request } = more;
  const worker = await sandbox.spawnWorker({
    argv: [process.execPath, `${CODE}/worker.mjs`],
    cwd: CODE,
    env: { GIVEN: 'yes' },
    mounts: [
      { path: CODE, source: join(root, 'code') },
      { path: nodeHome, source: nodeHome },
    ],
    memory: 256,
    ...request,
  });
  workers.push(worker);
  return worker;
}

/** What a program prints, as JSON. */
async function told(tier: IsolationTier, source: string, more: Partial<WorkerRequest> = {}): Promise<unknown> {
  const worker = await startWorker(tier, source, more);
  const [out, err] = await Promise.all([text(worker.stdout), text(worker.stderr), worker.exited]);
  if (out === '') throw new Error(`it said nothing: ${err}`);
  return JSON.parse(out) as unknown;
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

const best = createSandbox({
  logger: silentLogger,
  stateDir: join(tmpdir(), `funade-best-${process.pid}`),
}).isolation();
if (best.tier === 'C' && process.env['CI'] === 'true') throw new Error(`CI needs isolation: ${best.reason}`);
const tiers: readonly IsolationTier[] = (['C', 'B', 'A'] as const).filter((tier) => tier >= best.tier);
const boxed = tiers.filter((tier) => tier !== 'C');

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
       spawn('/bin/sh', ['-c', 'sleep 60; : ${root}'], { detached: true, stdio: 'ignore' });
       ${ECHO}`,
    );
    expect(await read(worker)).toBe('ready');
    worker.kill();
    expect(await worker.exited).toMatchObject({ code: null, signal: 'SIGKILL', outOfMemory: false });
    expect(processesNaming(`: ${root}`)).toEqual([]);
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
    await writeFile(join(root, 'code', 'worker.mjs'), `${ECHO}; setTimeout(() => { for (;;); }, 50);`);
    const module = new URL('../index.ts', import.meta.url).href;
    const program = `
      import { createSandbox } from '${module}';
      const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
      const sandbox = createSandbox({ logger: quiet, stateDir: '${join(root, 'state')}', tier: '${tier}' });
      const worker = await sandbox.spawnWorker({ argv: [process.execPath, '${CODE}/worker.mjs'], cwd: '${CODE}', env: {},
        mounts: [{ path: '${CODE}', source: '${join(root, 'code')}' }, { path: '${nodeHome}', source: '${nodeHome}' }], memory: 256 });
      worker.channel.once('data', () => process.stdout.write('up ' + worker.pid));`;
    const server: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) => server.stdout?.once('data', (data) => resolve(String(data))));
    const worker = identify(Number(line.split(' ')[1]));
    expect(isRunning(worker)).toBe(true);
    server.kill('SIGKILL');
    await expect.poll(() => isRunning(worker), { timeout: 2000 }).toBe(false);
    await expect.poll(() => processesNaming(root), { timeout: 2000 }).toEqual([]);
  });

  test('is told as killed when the spawner is lost, and the next one gets a new spawner', async () => {
    const sandbox = createSandbox({ logger: silentLogger, stateDir: join(root, 'state'), tier });
    const worker = await startWorker(tier, ECHO, { sandbox });
    expect(await read(worker)).toBe('ready');
    const spawner = processesNaming('workers/spawner.').find((pid) => processesNaming(root).includes(pid));
    process.kill(spawner ?? 0, 'SIGKILL');
    expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
    await expect.poll(() => isRunning(identify(worker.pid)), { timeout: 2000 }).toBe(false);
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

describe.each(boxed)('a box in tier %s', (tier) => {
  test('sees its code and the system, and nothing else of the host', async () => {
    await writeFile(join(root, 'secret'), 'x');
    const seen = await told(
      tier,
      `import fs from 'node:fs';
       const attempt = (act) => { try { act(); return 'done'; } catch (error) { return error.code; } };
       console.log(JSON.stringify([
         attempt(() => fs.readFileSync('${join(root, 'secret')}')),
         attempt(() => fs.readFileSync('/etc/shadow')),
         attempt(() => fs.writeFileSync('${CODE}/worker.mjs', '')),
         attempt(() => fs.writeFileSync('/planted', '')),
         attempt(() => fs.writeFileSync('/dev/planted', '')),
         attempt(() => fs.writeFileSync('/etc/planted', '')),
         attempt(() => fs.writeFileSync('/tmp/ok', 'x')),
         attempt(() => fs.writeFileSync('/tmp/much', Buffer.alloc(32 << 20))),
         attempt(() => fs.writeFileSync('/dev/shm/much', Buffer.alloc(32 << 20))),
         fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length < 5,
         fs.readFileSync('/proc/1/environ', 'utf8').split('\\0').map((line) => line.split('=')[0]).sort().join(),
         fs.readdirSync('/proc/self/fd').length < 40,
       ]));`,
    );
    expect(seen).toEqual([
      ...['ENOENT', 'ENOENT', 'EROFS', 'EROFS', 'EROFS', 'EROFS', 'done', 'ENOSPC', 'ENOSPC', true],
      ...[',FUNADE_SANDBOX_ID,GIVEN,PWD', true],
    ]);
  });

  test('has no descriptor but its own', async () => {
    const script = 'for fd in /proc/self/fd/*; do printf "%s " "${fd##*/}"; done; echo';
    const worker = await startWorker(tier, '', { argv: ['/bin/sh', '-c', script] });
    const [out] = await Promise.all([text(worker.stdout), worker.exited]);
    expect(
      out
        .trim()
        .split(' ')
        .filter((fd) => Number(fd) > 3).length,
    ).toBeLessThanOrEqual(1); // the listing itself
  });

  test('has no network but a loopback of its own, and no sockets that reach the host or the kernel', async () => {
    const python = `
import json, socket
def attempt(act):
    try:
        act(); return 'done'
    except OSError as error:
        return error.errno
print(json.dumps([
  attempt(lambda: socket.socket(16, socket.SOCK_RAW, 0)),
  attempt(lambda: socket.socket(40, socket.SOCK_STREAM, 0)),
  attempt(lambda: socket.create_connection(('192.0.2.1', 80), 1)),
  attempt(lambda: socket.create_server(('127.0.0.1', 0))),
  open('/proc/net/dev').read().count(':'),
]))`;
    const worker = await startWorker(tier, '', { argv: ['/usr/bin/python3', '-I', '-c', python] });
    const [out] = await Promise.all([text(worker.stdout), worker.exited]);
    expect(JSON.parse(out)).toEqual([97, 97, 101, 'done', 1]);
  });

  test('can make no namespace, trace nobody, and has no capability', async () => {
    const script = `unshare --user true 2>/dev/null && echo made; unshare --mount true 2>/dev/null && echo mounted; grep -E '^(CapEff|CapPrm|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'; id -u; exit 0`;
    const worker = await startWorker(tier, '', { argv: ['/bin/sh', '-c', script] });
    const [out] = await Promise.all([text(worker.stdout), worker.exited]);
    const [permitted, effective, privileges, filter, user] = out.trim().split('\n');
    expect([permitted, effective]).toEqual(['CapPrm:0000000000000000', 'CapEff:0000000000000000']);
    expect([privileges, filter]).toEqual(['NoNewPrivs:1', 'Seccomp:2']);
    expect(Number(user)).toBeGreaterThan(0);
  });

  // Root itself has no such limit: without control groups only another user's boxes can be held to it, see below.
  test.runIf(tier === 'A')('that forks without end runs out of processes, not the host', async () => {
    const bomb = ':(){ :|:& };:';
    const sandbox = sandboxOf(tier);
    const worker = await startWorker(tier, '', {
      sandbox,
      argv: ['/bin/bash', '-c', `${bomb}; sleep 30`],
      processes: 30,
    });
    const other = await startWorker(tier, ECHO, { sandbox });
    expect(await read(other)).toBe('ready');
    const mine = () => descendantsOf(worker.pid).length;
    await expect.poll(mine).toBeGreaterThan(5);
    expect(mine()).toBeLessThanOrEqual(40);
    worker.kill();
    await worker.exited;
    await expect.poll(mine).toBe(0);
  });

  test('reaches a socket that it was given', async () => {
    const path = join(root, 'service.sock');
    const server = createServer((socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await chmod(path, 0o666);
    const source = `import { connect } from 'node:net';
      connect('/run/service.sock').on('data', (data) => process.stdout.write(JSON.stringify(String(data))));`;
    const seen = await told(tier, source, { sockets: [{ path: '/run/service.sock', source: path }] });
    server.close();
    expect(seen).toBe('hello');
  });
});

describe.runIf(best.tier === 'A')('a box in tier A', () => {
  test('has a user of its own, which is nobody on the host', async () => {
    const sandbox = sandboxOf('A');
    const [one, two] = [await startWorker('A', ECHO, { sandbox }), await startWorker('A', ECHO, { sandbox })];
    await Promise.all([read(one), read(two)]);
    const users = [one, two].map(({ pid }) =>
      Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
    );
    expect(new Set(users).size).toBe(2);
    expect(Math.min(...users)).toBeGreaterThanOrEqual(0x7000_0000);
  });

  test('reads its code also where only root can enter', async () => {
    await chmod(root, 0o700);
    expect(await told('A', 'console.log(JSON.stringify(import.meta.filename))')).toBe(`${CODE}/worker.mjs`);
    expect(execFileSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' })).not.toContain('funade-');
  });

  test('stands still while it is frozen and goes on when it is thawed', async () => {
    const worker = await startWorker('A', `${ECHO}; setInterval(() => process.stdout.write('.'), 5);`);
    expect(await read(worker)).toBe('ready');
    let ticks = 0;
    worker.stdout.on('data', (data: Buffer) => {
      ticks += data.length;
    });
    await expect.poll(() => ticks).toBeGreaterThan(3);
    worker.freeze();
    await expect.poll(() => readFileSync(`/proc/${worker.pid}/wchan`, 'utf8').length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const frozenAt = ticks;
    worker.channel.write('one');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(ticks).toBe(frozenAt);
    const answer = read(worker);
    worker.thaw();
    expect(await answer).toBe('echo one');
  });

  test('dies while it is frozen', async () => {
    const worker = await startWorker('A', ECHO);
    expect(await read(worker)).toBe('ready');
    worker.freeze();
    worker.kill();
    expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  test('tells how many processes are in it', async () => {
    const worker = await startWorker(
      'A',
      `import { spawn } from 'node:child_process'; ${ECHO};
      channel.once('data', () => spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' }).unref());`,
    );
    expect(await read(worker)).toBe('ready');
    const before = worker.processes() ?? 0;
    worker.channel.write('go');
    await expect.poll(() => worker.processes()).toBe(before + 1);
  });

  test('leaves no control group behind', async () => {
    const worker = await startWorker('A', ECHO);
    expect(await read(worker)).toBe('ready');
    const box = /\/(funade\.[\w.]+)/.exec(readFileSync(`/proc/${worker.pid}/cgroup`, 'utf8'))?.[1] ?? '';
    expect(box).toContain('.box_');
    const groups = () => execFileSync('find', ['/sys/fs/cgroup', '-name', box], { encoding: 'utf8' });
    expect(groups()).not.toBe('');
    worker.kill();
    await worker.exited;
    await expect.poll(groups).toBe('');
  });
});

describe.runIf(boxed.length > 0 && process.getuid?.() === 0)('a server that is not root', () => {
  test('boxes its workers too, and a fork bomb in one of them ends there', async () => {
    await chmod(root, 0o777);
    const module = new URL('../index.ts', import.meta.url).href;
    const bomb = ':(){ :|:& };:; sleep 30';
    const program = `
      import { createSandbox } from '${module}';
      const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
      const sandbox = createSandbox({ logger: quiet, stateDir: '${join(root, 'state')}' });
      const worker = await sandbox.spawnWorker({ argv: ['/bin/bash', '-c', ${JSON.stringify(bomb)}], cwd: '/', env: {},
        mounts: [], memory: 256, processes: 30 });
      process.stdout.write(JSON.stringify([sandbox.isolation().tier, worker.pid]));`;
    const server = spawn('/usr/bin/setpriv', [
      ...['--reuid=54321', '--regid=54321', '--clear-groups', process.execPath, '--input-type=module', '-e', program],
    ]);
    try {
      const line = await new Promise<string>((resolve) => server.stdout.once('data', (data) => resolve(String(data))));
      const [tier, pid] = JSON.parse(line) as [string, number];
      expect(tier).toBe('B');
      await expect.poll(() => descendantsOf(pid).length).toBeGreaterThan(5);
      expect(descendantsOf(pid).length).toBeLessThanOrEqual(40);
      const box = identify(pid);
      server.kill('SIGKILL');
      await expect.poll(() => isRunning(box), { timeout: 2000 }).toBe(false);
    } finally {
      server.kill('SIGKILL');
    }
  });
});

/** Every process below a pid, seen from the host. */
function descendantsOf(pid: number): readonly number[] {
  const children = (parent: number): readonly number[] => {
    try {
      const tasks = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number);
      return tasks.flatMap((child) => [child, ...children(child)]);
    } catch {
      return [];
    }
  };
  return children(pid);
}
