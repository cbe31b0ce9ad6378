/** A real server in a process of its own, with the command line and a token to use it. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServerProcess, freePort } from '../tools/chaos/server-process.ts';

const PROGRAM = fileURLToPath(new URL('../bin/funade.js', import.meta.url));
const READY_WITHIN = 30_000;
const STOP_WITHIN = 20_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ServerRig {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Of the owner. */
  readonly token: string;
  /** Removed with everything in it when the rig is closed; `.funade` in it is the data directory. */
  readonly folder: string;
  /** For programs that talk to the server: `funade` is on the search path. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a command line of Funade; its code is part of the answer. */
  funade(...argv: readonly string[]): Promise<Ran>;
  close(): Promise<void>;
}

export async function startServerRig(settings: Readonly<Record<string, string>> = {}): Promise<ServerRig> {
  const folder = await mkdtemp(join(tmpdir(), 'funade-server-'));
  await chmod(folder, 0o755); // users of functions, and that of PostgreSQL, have to enter it
  const environment = { FUNADE_LOG_LEVEL: 'warn', ...settings };
  const server = createServerProcess({ name: '.funade', folder, port: await freePort(), environment });
  server.start();
  await server.ready(READY_WITHIN);
  const token = (await readFile(join(folder, '.funade/secrets/owner-token'), 'utf8')).trim();
  const clean = { ...cleanEnvironment(), ...(await putOnPath(join(folder, '.funade', 'bin'))), LC_ALL: 'C.UTF-8' };
  const known = { ...clean, FUNADE_SERVER: server.url, FUNADE_TOKEN: token };
  return {
    url: server.url,
    token,
    folder,
    environment: clean,
    funade: (...argv) => run(process.execPath, [PROGRAM, ...argv], { cwd: folder, env: known }),
    close: async () => {
      await server.stop(STOP_WITHIN);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** What a terminal of a person has: nothing of Funade, nothing of the tests' runner. */
function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(?:FUNADE_|VITEST|TEST$|NODE_ENV$|AWS_)/.test(name),
  );
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** As `npm install --global` would have it. */
async function putOnPath(bin: string): Promise<{ readonly PATH: string }> {
  await mkdir(bin, { recursive: true });
  const program = join(bin, 'funade');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  await chmod(program, 0o755);
  return { PATH: `${bin}:${process.env['PATH'] ?? '/usr/bin:/bin'}` };
}

/** Runs a program to its end, whatever its code. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { ...options, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
