import { mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../kernel/index.ts';
import { findMarked, listProcesses } from '../boxes/processes.ts';
import { type CommandRequest, type IsolationTier, type Sandbox, createSandbox } from '../index.ts';

let root: string;
let work: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'funade-sandbox-')));
  work = join(root, 'work');
  await mkdir(work);
});
afterEach(() => rm(root, { recursive: true, force: true }));

function sandboxOf(tier: IsolationTier): Sandbox {
  return createSandbox({ logger: silentLogger, stateDir: join(root, 'state'), tier });
}

interface Seen {
  readonly stdout: string;
  readonly stderr: string;
}

async function run(sandbox: Sandbox, shell: string, more: Partial<CommandRequest> = {}) {
  const seen = { stdout: '', stderr: '' };
  const outcome = await sandbox.run({
    command: { shell },
    cwd: work,
    env: { PATH: process.env['PATH'] ?? '' },
    timeout: 20_000,
    network: 'host',
    writable: [work],
    owner: 'test',
    onOutput: (chunk, stream) => {
      seen[stream] += chunk;
    },
    ...more,
  });
  return { ...outcome, ...(seen satisfies Seen) };
}

/** Processes whose command line contains a word that only this test uses. */
async function processesNamed(word: string): Promise<readonly string[]> {
  const lines = await Promise.all(
    listProcesses().map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes(word));
}

const installed = createSandbox({ logger: silentLogger, stateDir: tmpdir() }).isolation().tier === 'A';
if (!installed && process.env['CI'] === 'true') throw new Error('CI needs bubblewrap to test the bubblewrap tier');
const tiers: readonly IsolationTier[] = installed ? ['C', 'A'] : ['C'];

describe.each(tiers)('in the %s tier', (tier) => {
  test('a command gets its exit code, its output and an environment that is only what was given', async () => {
    process.env['FUNADE_TEST_INHERITED'] = 'leak';
    const result = await run(sandboxOf(tier), 'env; echo oh >&2; exit 7', {
      env: { PATH: '/usr/bin:/bin', GIVEN: 'yes' },
    });
    delete process.env['FUNADE_TEST_INHERITED'];
    expect(result).toMatchObject({ kind: 'exited', code: 7, tier, stderr: 'oh\n', droppedBytes: 0 });
    expect(result.stdout).toContain('GIVEN=yes');
    expect(result.stdout).not.toContain('leak');
  });

  test('a shell command ends at the first part that fails', async () => {
    const result = await run(sandboxOf(tier), 'echo one; false; echo two');
    expect(result).toMatchObject({ kind: 'exited', code: 1, stdout: 'one\n' });
  });

  test('what dies writes no core, with any arguments', async () => {
    const argv = ['/bin/sh', '-c', 'ulimit -H -c; echo "$1"', 'sh', '--'];
    expect(await run(sandboxOf(tier), '', { command: { argv } })).toMatchObject({ code: 0, stdout: '0\n--\n' });
  });

  test('a program that dies of a signal is told with the signal', async () => {
    expect(await run(sandboxOf(tier), 'kill -SEGV $$')).toMatchObject({ kind: 'signalled', signal: 'SIGSEGV' });
  });

  test('a hanging command is ended with its background and its daemonised children', async () => {
    const word = `hang-${tier}-${process.pid}`;
    const hang = `trap '' TERM; sh -c 'sleep 60; : ${word}' & setsid sh -c 'sleep 60; : ${word}' & sleep 60; : ${word}`;
    const result = await run(sandboxOf(tier), hang, { timeout: 200 });
    expect(result.kind).toBe('timed_out');
    expect(result.duration).toBeLessThan(6000);
    expect(await processesNamed(word)).toEqual([]);
  });

  test('a command that answers SIGTERM in time ends in its own way', async () => {
    const result = await run(sandboxOf(tier), 'trap "echo cleaned up; exit 0" TERM; sleep 60 & wait', {
      timeout: 1500,
    });
    expect(result).toMatchObject({ kind: 'timed_out', stdout: 'cleaned up\n' });
    expect(result.duration).toBeLessThan(3200);
  });

  test('what a command leaves in the background does not outlive it', async () => {
    const word = `left-${tier}-${process.pid}`;
    const result = await run(
      sandboxOf(tier),
      `setsid sh -c 'sleep 60; : ${word}' & sh -c 'sleep 60; : ${word}' & exit 0`,
    );
    expect(result).toMatchObject({ kind: 'exited', code: 0 });
    expect(result.duration).toBeLessThan(3000);
    expect(await processesNamed(word)).toEqual([]);
  });

  test('an abort ends the command, and an abort before the start starts nothing', async () => {
    const controller = new AbortController();
    const running = run(sandboxOf(tier), 'echo up; sleep 60', {
      signal: controller.signal,
      onOutput: () => controller.abort(),
    });
    expect(await running).toMatchObject({ kind: 'aborted' });
    const late = await run(sandboxOf(tier), 'touch ran', { signal: AbortSignal.abort() });
    expect(late.kind).toBe('aborted');
    await expect(stat(join(work, 'ran'))).rejects.toThrow('ENOENT');
  });

  test('output without end is read, capped with one mark, and not kept in memory', async () => {
    const size = tier === tiers.at(-1) ? 2 ** 30 : 2 ** 26;
    const before = process.memoryUsage().rss;
    const result = await run(sandboxOf(tier), `yes | head -c ${size}; echo done > ended`, {
      timeout: 120_000,
      outputCap: 100_000,
    });
    expect(result).toMatchObject({ kind: 'exited', code: 0, outputBytes: size, droppedBytes: size - 100_000 });
    expect(result.stdout.length).toBeLessThan(100_200);
    expect(result.stdout.match(/output limit of 98 kB reached/g)).toHaveLength(1);
    expect(await readFile(join(work, 'ended'), 'utf8')).toBe('done\n');
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  }, 150_000);

  test('a secret is masked also when the program writes it in two pieces', async () => {
    const result = await run(sandboxOf(tier), 'printf "a tok"; sleep 0.2; printf "en-42 b"; printf token-42 >&2', {
      redact: ['token-42'],
    });
    expect(result).toMatchObject({ stdout: 'a *** b', stderr: '***' });
  });

  test('a character that arrives in two pieces is one character', async () => {
    const result = await run(sandboxOf(tier), "printf '\\303'; sleep 0.2; printf '\\251'");
    expect(result.stdout).toBe('é');
  });

  test('a receiver that fails ends the command and its error is told', async () => {
    const failing = run(sandboxOf(tier), 'echo up; sleep 60', {
      onOutput: () => Promise.reject(new Error('store is gone')),
    });
    await expect(failing).rejects.toThrow('store is gone');
  });

  test('a slow receiver slows the program down and misses nothing', async () => {
    let received = 0;
    const result = await run(sandboxOf(tier), 'head -c 1000000 /dev/zero', {
      onOutput: async (chunk) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        received += chunk.length;
      },
    });
    expect(result.kind).toBe('exited');
    expect(received).toBe(1_000_000);
  });

  test.each([
    ['a directory that is missing', { cwd: '/nowhere/at/all' }, '/nowhere/at/all does not exist'],
    ['a program that is missing', { command: { argv: ['no-such-program'] } }, 'there is no program no-such-program'],
    ['a writable path that is missing', { writable: ['/nowhere/to/write'] }, '/nowhere/to/write does not exist'],
    ['a relative directory', { cwd: 'work' }, 'work is not an absolute path'],
  ] as const)('with %s nothing is started and the reason is told', async (_, more, reason) => {
    expect(await run(sandboxOf(tier), 'true', more)).toMatchObject({ kind: 'not_started', reason });
  });

  test('home and temporary files are private and gone afterwards', async () => {
    const script = 'cd "$HOME"; mkdir -p deep/er; echo x > deep/er/f; chmod 500 deep; mktemp; echo "$HOME"';
    const result = await run(sandboxOf(tier), script);
    expect(result).toMatchObject({ kind: 'exited', code: 0 });
    const home = result.stdout.trim().split('\n').at(-1) ?? '';
    await expect(stat(home)).rejects.toThrow('ENOENT');
    expect(await readdir(join(root, 'state', 'boxes'))).toEqual([]);
  });

  test('the checkout can be written', async () => {
    expect(await run(sandboxOf(tier), 'echo built > result')).toMatchObject({ kind: 'exited', code: 0 });
    expect(await readFile(join(work, 'result'), 'utf8')).toBe('built\n');
  });

  test('no process of a finished command carries the marker any more', async () => {
    const result = await run(sandboxOf(tier), 'echo $FUNADE_SANDBOX_ID');
    expect(result.stdout).toMatch(/^box_/);
    expect(findMarked(result.stdout.trim())).toEqual([]);
  });
});

describe.runIf(installed)('A', () => {
  test('hides the data directory except the checkout in it', async () => {
    await writeFile(join(root, 'owner-token'), 'secret');
    const result = await run(sandboxOf('A'), 'ls -A ..; touch built; cat ../owner-token', { hidden: [root] });
    expect(result).toMatchObject({ kind: 'exited', code: 1 });
    expect(result.stdout.split('\n').sort()).toEqual(['', 'state', 'work']);
    expect(result.stderr).toContain('No such file');
    expect(await readdir(work)).toEqual(['built']);
  });

  test('hides single files and the password hashes of the host', async () => {
    await writeFile(join(work, 'credentials'), 'secret');
    const result = await run(sandboxOf('A'), 'cat credentials || cat /etc/shadow', {
      hidden: [join(work, 'credentials'), join(root, 'not-there')],
    });
    expect(result).toMatchObject({ kind: 'exited', code: 1, stdout: '' });
  });

  test('keeps a readable path readable below a hidden one, but read-only', async () => {
    await mkdir(join(root, 'cache'));
    await writeFile(join(root, 'cache', 'entry'), 'kept');
    const result = await run(sandboxOf('A'), 'cat ../cache/entry; echo x > ../cache/entry', {
      hidden: [root],
      readable: [join(root, 'cache')],
    });
    expect(result).toMatchObject({ kind: 'exited', code: 2, stdout: 'kept' });
    expect(result.stderr).toContain('Read-only file system');
  });

  test('the host can be read and not written, and its processes and services are out of reach', async () => {
    const script = `ls /usr/bin/env; for place in /etc /usr /var; do touch $place/x || echo refused; done; ls /proc | grep -c '^[0-9]'; ls -A /run`;
    const result = await run(sandboxOf('A'), script);
    const [tool, first, second, third, processes] = result.stdout.split('\n');
    expect([tool, first, second, third]).toEqual(['/usr/bin/env', 'refused', 'refused', 'refused']);
    expect(Number(processes)).toBeLessThan(6);
  });

  test('a command has no capabilities and does not see itself as root', async () => {
    const result = await run(sandboxOf('A'), 'id -u; grep CapEff /proc/self/status');
    expect(result.stdout).toMatch(/^[1-9]\d*\nCapEff:\s+0{16}\n$/);
  });

  test('without network there is no interface but loopback', async () => {
    const result = await run(sandboxOf('A'), 'tail -n +3 /proc/net/dev | cut -d: -f1', { network: 'none' });
    expect(result.stdout.trim()).toBe('lo');
  });
});

test('isolation tells the tier and why', () => {
  expect(sandboxOf('C').isolation()).toMatchObject({ tier: 'C', reason: expect.stringContaining('turned off') });
});
