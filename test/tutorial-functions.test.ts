import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerRig, startServerRig } from './server-rig.ts';
import { type Step, fits, readSteps, scriptOf } from './tutorial.ts';
import { PYTHON } from './functions/python.ts';
import { RUST_MISSING } from './functions/rust.ts';

const TUTORIAL = new URL('../docs/tutorials/functions.md', import.meta.url);
/** Where the tutorial says that the server is. */
const WRITTEN_ADDRESS = 'http://127.0.0.1:8000';
/** Milliseconds for all commands, on a machine that is busy. */
const MOST = 300_000;
const MISSING =
  RUST_MISSING ??
  (PYTHON === null ? 'skipped: there is no python3 here' : null) ??
  // Without it a server refuses code that nobody vouches for.
  (spawnSync('bwrap', ['--version']).status === 0 ? null : 'skipped: there is no bwrap here');

const text = await readFile(TUTORIAL, 'utf8');

describe.skipIf(MISSING !== null)(`the tutorial about functions${MISSING === null ? '' : ` (${MISSING})`}`, () => {
  const steps = readSteps(text);
  let rig: ServerRig;
  let notes: string;
  beforeAll(async () => {
    rig = await startServerRig();
    notes = await mkdtemp(join(tmpdir(), 'funade-tutorial-'));
    await follow(steps);
  }, MOST + 30_000);
  afterAll(async () => {
    await rig.close();
    await rm(notes, { recursive: true, force: true });
  });

  /** All steps in one shell, in a folder in which only the data of the server is. */
  async function follow(all: readonly Step[]): Promise<void> {
    for (const [index, { commands }] of all.entries()) {
      await writeFile(join(notes, `${index}.sh`), commands.replaceAll(WRITTEN_ADDRESS, rig.url));
    }
    const script = join(notes, 'script.sh');
    await writeFile(script, scriptOf(all, notes));
    const env = { ...rig.environment, npm_config_prefer_offline: 'true' };
    const shell = spawn('/bin/sh', [script], { cwd: rig.folder, env, detached: true, stdio: 'ignore' });
    const timer = setTimeout(() => endGroup(shell.pid), MOST);
    await once(shell, 'exit');
    clearTimeout(timer);
    endGroup(shell.pid); // what a step that failed has left running
  }

  test('has steps and quotes outputs', () => {
    expect(steps.length).toBeGreaterThan(15);
    expect(steps.filter(({ output }) => output !== null).length).toBeGreaterThan(10);
  });

  test.each(steps.map((step, index) => ({ ...step, index })))('$title', async ({ index, code, output }) => {
    const said = (await read(`${index}.out`)).replaceAll(rig.url, WRITTEN_ADDRESS);
    expect(await read(`${index}.code`), said).toBe(String(code));
    if (output !== null && !fits(output, said)) expect(said).toBe(output);
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

describe('an output', () => {
  test.each([
    ['is the same', 'a\nb\n', 'a\nb\n', true],
    ['has another line', 'a\n', 'a\nb\n', false],
    ['lacks a line', 'a\nb\n', 'a\n', false],
    ['has anything where the quotation has an ellipsis', 'v1, … ms (!)\n', 'v1, 2.5 ms (!)\n', true],
    ['has no lines where the ellipsis stands for some', 'a\n…\nb\n', 'a\nb\n', true],
    ['has lines where the ellipsis stands for some', '…\nb\n', 'a\na\nb\n', true],
    ['ends otherwise', '…\nb\n', 'a\nb\nc\n', false],
    ['has spaces at the ends of lines', 'a\nb\n', 'a  \nb\r\n\n', true],
  ])('%s', (_, quoted, output, is) => {
    expect(fits(quoted, output)).toBe(is);
  });
});
