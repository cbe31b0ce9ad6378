import { execFile } from 'node:child_process';
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../kernel/index.ts';
import type { Context } from '../context.ts';
import type { Check } from '../render/checks.ts';

const run = promisify(execFile);
const OLDEST_NODE = 24;
/** Work of agents is put on top of what others pushed with `git merge-tree --write-tree`. */
const GIT_OF_AGENTS = [2, 38] as const;
const GIB = 1024 ** 3;
/** Below this much free disk a build or the database may fail soon; below a fifth of it, it will. */
const LITTLE_DISK = 5 * GIB;

/** Programs, folders and disk of this machine. */
export async function checkMachine(context: Context, dataDir: string): Promise<readonly Check[]> {
  return Promise.all([
    checkNode(context),
    checkProgram(context, { command: 'git', fix: 'doctor.gitFix', missing: 'fail' }),
    checkProgram(context, { command: 'npm', fix: 'doctor.npmFix', missing: 'warn' }),
    checkBubblewrap(context),
    checkDataDir(context, dataDir),
    checkDisk(context, dataDir),
  ]);
}

async function checkNode({ text }: Context): Promise<Check> {
  const major = Number(process.versions.node.split('.')[0]);
  const name = text('doctor.node');
  if (major >= OLDEST_NODE) return { name, status: 'ok', finding: process.versions.node, fix: null };
  const finding = text('doctor.nodeOld', { version: process.versions.node });
  return { name, status: 'fail', finding, fix: text('doctor.nodeFix') };
}

async function checkProgram(
  { text, terminal }: Context,
  program: {
    readonly command: 'git' | 'npm';
    readonly fix: 'doctor.gitFix' | 'doctor.npmFix';
    readonly missing: 'fail' | 'warn';
  },
): Promise<Check> {
  const name = text(`doctor.${program.command}`);
  const version = await versionOf(program.command, terminal.environment);
  if (version === undefined) {
    return { name, status: program.missing, finding: text('doctor.missing'), fix: text(program.fix) };
  }
  if (program.command === 'git' && !isAtLeast(version, GIT_OF_AGENTS)) {
    const least = GIT_OF_AGENTS.join('.');
    return { name, status: 'warn', finding: text('doctor.gitOld', { version, least }), fix: text('doctor.gitOldFix') };
  }
  return { name, status: 'ok', finding: version, fix: null };
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number);
  return first > major || (first === major && second >= minor);
}

async function checkBubblewrap({ text, terminal }: Context): Promise<Check> {
  const name = text('doctor.bubblewrap');
  if (process.platform !== 'linux') {
    return { name, status: 'warn', finding: text('doctor.bubblewrapOther'), fix: null };
  }
  const version = await versionOf('bwrap', terminal.environment);
  if (version === undefined) {
    return { name, status: 'warn', finding: text('doctor.missing'), fix: text('doctor.bubblewrapFix') };
  }
  try {
    const env = { ...terminal.environment };
    await run('bwrap', ['--ro-bind', '/', '/', '--unshare-pid', '--die-with-parent', 'true'], { env, timeout: 5000 });
    return { name, status: 'ok', finding: version, fix: null };
  } catch (thrown) {
    const finding = text('doctor.bubblewrapFails', { reason: lastLine(messageOf(thrown)) });
    return { name, status: 'warn', finding, fix: text('doctor.bubblewrapFailsFix') };
  }
}

async function checkDataDir({ text }: Context, dir: string): Promise<Check> {
  const name = text('doctor.dataDir');
  const made = await exists(dir);
  try {
    await access(made ? dir : await nearestFolder(dir), constants.W_OK | constants.X_OK);
    return { name, status: 'ok', finding: text(made ? 'doctor.dataDirOk' : 'doctor.dataDirNew', { dir }), fix: null };
  } catch (thrown) {
    const finding = text('doctor.dataDirFails', { dir, reason: messageOf(thrown) });
    return { name, status: 'fail', finding, fix: text('doctor.dataDirFix') };
  }
}

async function checkDisk({ text }: Context, dataDir: string): Promise<Check> {
  const dir = await nearestFolder(dataDir);
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  const finding = text('doctor.diskFound', { free: `${(free / GIB).toFixed(1)} GiB`, dir });
  const name = text('doctor.disk');
  if (free >= LITTLE_DISK) return { name, status: 'ok', finding, fix: null };
  return { name, status: free < LITTLE_DISK / 5 ? 'fail' : 'warn', finding, fix: text('doctor.diskFix') };
}

async function versionOf(
  command: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, ['--version'], { env: { ...environment }, timeout: 5000 });
    return /\d+(?:\.\d+)+/u.exec(stdout)?.[0] ?? stdout.trim();
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The folder itself or the nearest one above it that exists. */
async function nearestFolder(path: string): Promise<string> {
  let folder = path;
  while (!(await exists(folder)) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function lastLine(message: string): string {
  return message.trim().split('\n').at(-1) ?? message;
}
