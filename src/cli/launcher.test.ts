import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startControlPlane } from '../../test/fakes/control-plane.ts';

const run = promisify(execFile);
const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'funade.js');
/** The Node of the machine, which may be older than the one that Funade brings. */
const HOST_NODE = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path)) ?? process.execPath;

let installed: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'funade-launcher-'));
  installed = join(folder, 'node_modules', 'funade');
  await mkdir(join(installed, 'dist'), { recursive: true });
  await mkdir(join(installed, 'src'));
  await cp(join(LAUNCHER, '..'), join(installed, 'bin'), { recursive: true });
  await writeFile(join(installed, 'package.json'), '{"name":"funade","version":"9.9.9","type":"module"}');
  await writeFile(join(installed, 'src', 'main.ts'), 'throw new Error("sources must not run here");');
  await symlink(join(LAUNCHER, '..', '..', 'node_modules', 'node'), join(folder, 'node_modules', 'node'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function program(source: string): Promise<void> {
  await writeFile(join(installed, 'dist', 'main.js'), source);
}

function started(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
    child.once('exit', () => reject(new Error('ended before it wrote anything')));
  });
}

function exited(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

test('on the Node of this machine the checkout answers with its version', async () => {
  const manifest = JSON.parse(await readFile(join(LAUNCHER, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const { stdout } = await run(HOST_NODE, [LAUNCHER, '--version']);
  expect(stdout).toBe(`${manifest.version}\n`);
});

test('the program runs on Node 24 or newer whatever started it', async () => {
  await program('console.log(process.versions.node);');
  const { stdout } = await run(HOST_NODE, [join(installed, 'bin', 'funade.js')]);
  expect(Number(stdout.split('.')[0])).toBeGreaterThanOrEqual(24);
});

test('installed below node_modules it runs the compiled program, arguments and exit code included', async () => {
  await program('console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 5;');
  const child = spawn(HOST_NODE, [join(installed, 'bin', 'funade.js'), 'ship', 'a b', '--json'], { stdio: 'pipe' });
  const [output, code] = await Promise.all([started(child), exited(child)]);
  expect([JSON.parse(output), code]).toEqual([['ship', 'a b', '--json'], 5]);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s reaches the program, which chooses the exit code', async (signal) => {
  await program(`
    process.on('${signal}', () => process.exit(42));
    setInterval(() => {}, 1000);
    console.log('ready');
  `);
  const child = spawn(HOST_NODE, [join(installed, 'bin', 'funade.js')], { stdio: 'pipe' });
  const ended = exited(child);
  await started(child);
  child.kill(signal);
  expect(await ended).toBe(42);
});

test('a program that a signal ended gives 128 and the number of the signal', async () => {
  await program(`console.log('ready'); process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`);
  const child = spawn(HOST_NODE, [join(installed, 'bin', 'funade.js')], { stdio: 'pipe' });
  // Where the host's own Node is new enough there is no second process, and the signal is the launcher's own.
  const { stdout } = await run(HOST_NODE, ['--version']);
  const isNew = Number(stdout.slice(1).split('.')[0]) >= 24;
  expect(await exited(child)).toBe(isNew ? null : 137);
});

test('a server that is not there ends the whole chain with exit code 7', async () => {
  const gone = await startControlPlane();
  await gone.close();
  const child = spawn(HOST_NODE, [LAUNCHER, 'status', '--server', gone.address], { stdio: 'pipe' });
  expect(await exited(child)).toBe(7);
});
