import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { identify, isRunning } from '../boxes/processes.ts';
import { CODE, ECHO, findTiers, read, useWorkers } from './testing.ts';

const { best, boxed } = findTiers(process.env['CI'] === 'true');
const { root, sandboxOf, startWorker, told } = useWorkers();

describe.each(boxed)('a box in tier %s', (tier) => {
  test('sees its code and the system, and nothing else of the host', async () => {
    await writeFile(join(root(), 'secret'), 'x');
    const seen = await told(
      tier,
      `import fs from 'node:fs';
       const attempt = (act) => { try { act(); return 'done'; } catch (error) { return error.code; } };
       console.log(JSON.stringify([
         attempt(() => fs.readFileSync('${join(root(), 'secret')}')),
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
    const path = join(root(), 'service.sock');
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

describe.runIf(best === 'A')('a box in tier A', () => {
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
    await chmod(root(), 0o700);
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
    async function ticksWithin(milliseconds: number): Promise<number> {
      const before = ticks;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      return ticks - before;
    }
    await expect.poll(() => ticks).toBeGreaterThan(3);
    worker.freeze();
    // What it has said before may still be on its way.
    await expect.poll(() => ticksWithin(200), { timeout: 10_000 }).toBe(0);
    const frozenAt = ticks;
    worker.channel.write('one');
    await ticksWithin(200);
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
    await chmod(root(), 0o777);
    const module = new URL('../index.ts', import.meta.url).href;
    const bomb = ':(){ :|:& };:; sleep 30';
    const program = `
      import { createSandbox } from '${module}';
      const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
      const sandbox = createSandbox({ logger: quiet, stateDir: '${join(root(), 'state')}' });
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
      await expect.poll(() => isRunning(box), { timeout: 10_000 }).toBe(false);
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
