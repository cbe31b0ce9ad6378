import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../kernel/index.ts';
import { type CommandRequest, type IsolationTier, type Sandbox, createSandbox } from '../index.ts';
import { findTiers, processesNaming } from '../workers/testing.ts';

const { tiers, boxed } = findTiers(process.env['CI'] === 'true');
const sandboxes = new Map<IsolationTier, Sandbox>();
let root: string;
let work: string;
let word: string;
let count = 0;
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'funade-limits-')));
  for (const tier of tiers)
    sandboxes.set(tier, createSandbox({ logger: silentLogger, stateDir: join(root, `state-${tier}`), tier }));
});
beforeEach(async () => {
  word = `limits-${process.pid}-${(count += 1)}`;
  work = join(root, word);
  await mkdir(work);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function run(tier: IsolationTier, argv: readonly string[], more: Partial<CommandRequest> = {}) {
  let output = '';
  const sandbox = sandboxes.get(tier);
  if (sandbox === undefined) throw new Error(`no sandbox of tier ${tier}`);
  const outcome = await sandbox.run({
    command: { argv },
    cwd: work,
    env: { PATH: process.env['PATH'] ?? '' },
    timeout: 60_000,
    network: 'host',
    writable: [work],
    // Where the repository lies below /tmp, the box would not have it.
    readable: [process.execPath],
    owner: 'test',
    onOutput: (chunk) => {
      output += chunk;
    },
    ...more,
  });
  return { ...outcome, output };
}

async function node(tier: IsolationTier, source: string, more: Partial<CommandRequest> = {}) {
  await writeFile(join(work, `${word}.mjs`), source);
  return run(tier, [process.execPath, join(work, `${word}.mjs`)], more);
}

const sh = (text: string) => ['/bin/sh', '-c', text];

describe.each(tiers)('in tier %s', (tier) => {
  test('a command reads its input to the end', async () => {
    const input = `${'ü'.repeat(200_000)}\nend`;
    const result = await run(tier, sh('wc -c; echo done'), { input });
    expect(result).toMatchObject({ kind: 'exited', code: 0 });
    expect(result.output.trim().split(/\s+/)).toEqual([String(Buffer.byteLength(input)), 'done']);
  });

  test('a command that ends without reading its input is no fault', async () => {
    const result = await run(tier, sh('exec <&-; exit 3'), { input: 'x'.repeat(5_000_000) });
    expect(result).toMatchObject({ kind: 'exited', code: 3 });
  });

  test('without an input the standard input is empty', async () => {
    expect(await run(tier, sh('wc -c'))).toMatchObject({ kind: 'exited', code: 0, output: '0\n' });
  });

  test('a flood is ended at its limit, and is read no further', async () => {
    const before = process.memoryUsage().rss;
    const result = await run(tier, sh(`yes ${word} | head -c 1073741824`), {
      outputLimit: 5_000_000,
      outputCap: 1_000,
    });
    expect(result.kind).toBe('flooded');
    expect(result.outputBytes).toBeLessThan(6_000_000);
    expect(result.output).toContain('[more than 5 MB of output, it was ended]');
    expect(processesNaming(word)).toEqual([]);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });

  test('a flood of a program that ignores SIGTERM and SIGPIPE ends all the same', async () => {
    const source = `
      process.on('SIGTERM', () => {}); process.stdout.on('error', () => {});
      const line = Buffer.alloc(65536, 120);
      setInterval(() => { for (let i = 0; i < 32; i += 1) process.stdout.write(line); }, 1);`;
    const result = await node(tier, source, { outputLimit: 2_000_000, memory: 1000 });
    expect(result.kind).toBe('flooded');
    expect(result.duration).toBeLessThan(20_000);
    expect(processesNaming(`${word}.mjs`)).toEqual([]);
  });

  test('a program that allocates without end is ended as out of memory', async () => {
    const source = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(20 << 20, 1)), 20);';
    const result = await node(tier, source, { memory: 200 });
    expect(result.kind).toBe('out_of_memory');
    expect(processesNaming(`${word}.mjs`)).toEqual([]);
  });

  test('memory of children that left their group counts, and the command does not go on without them', async () => {
    const hog = `const kept = []; setInterval(() => kept.push(Buffer.alloc(20 << 20, 1)), 20);`;
    await writeFile(join(work, `${word}-hog.mjs`), hog);
    const script = `(setsid ${process.execPath} ${work}/${word}-hog.mjs &) ; while true; do sleep 1; done`;
    const result = await run(tier, sh(script), { memory: 200 });
    expect(result.kind).toBe('out_of_memory');
    expect(processesNaming(word)).toEqual([]);
  });

  test('a fork bomb stays below its limit or is ended, and nothing of it is left', async () => {
    const bomb = `
      import { spawn } from 'node:child_process';
      import { appendFileSync } from 'node:fs';
      let started = 0;
      const tick = () => {
        for (let i = 0; i < 100 && started < 1000; i += 1) {
          const child = spawn('/bin/sleep', ['60.${word.replaceAll(/\D/g, '')}'], { detached: true, stdio: 'ignore' });
          child.on('error', () => {});
          if (child.pid !== undefined) appendFileSync('${work}/forks', 'x');
          started += 1;
        }
        if (started < 1000) setTimeout(tick, 5); else setTimeout(() => process.exit(0), 100);
      };
      tick();`;
    const result = await node(tier, bomb, { processes: 100 });
    const forks = (await readFile(join(work, 'forks'), 'utf8')).length;
    // Where only their number is looked at, some more are made between two looks, and it is ended.
    if (tier !== 'A' && result.kind === 'signalled') expect(result.output).toContain('[more processes than allowed');
    else expect({ kind: result.kind, isBounded: forks < 101 }).toEqual({ kind: 'exited', isBounded: true });
    expect(processesNaming(`60.${word.replaceAll(/\D/g, '')}`)).toEqual([]);
  });

  test('a child that doubly forks, leaves its session and ignores SIGTERM dies with a command that hangs', async () => {
    const escape = `trap '' TERM; (setsid sh -c "trap '' TERM; (sleep 60; : ${word}) & sleep 60; : ${word}" &); sleep 60; : ${word}`;
    const result = await run(tier, sh(escape), { timeout: 500 });
    expect(result.kind).toBe('timed_out');
    expect(result.duration).toBeLessThan(10_000);
    expect(processesNaming(word)).toEqual([]);
  });
});

describe.each(boxed)('in tier %s', (tier) => {
  test('shared memory is a part of the memory', async () => {
    const result = await run(tier, sh('head -c 200000000 /dev/zero > /dev/shm/hog || echo full; echo x > /dev/x'), {
      memory: 100,
    });
    if (result.kind === 'exited') expect(result.output).toContain('full');
    else expect(result.kind).toBe('out_of_memory');
  });
});
