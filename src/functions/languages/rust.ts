import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FunadeError } from '../../kernel/index.ts';
import type { Sandbox } from '../../sandbox/index.ts';
import { type MissingToolchain, type RustToolchain, findRustToolchain } from '../runtimes/rust/find-toolchain.ts';
import { type Code, type Language, type LanguageStatus, PROGRAM } from './language.ts';
import { type RustBuilds, createRustBuilds } from './rust-builds.ts';

const run = promisify(execFile);
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/tmp', TZ: ':UTC', LANG: 'C.UTF-8' };
const SHIM = '/opt/provided';
const BOOTSTRAP = 'bootstrap';

export interface RustOptions {
  readonly kit: () => Promise<string>;
  readonly spawn: Sandbox['spawnWorker'];
  /** Directory of its own for what was compiled. */
  readonly directory: string;
  readonly isBoxed: () => boolean;
  /** As in the variable PATH. */
  readonly path: string;
}

/** Rust, compiled here or elsewhere, and programs that speak the Lambda Runtime API, which need a shim in Rust. */
export function createRustLanguages(options: RustOptions): { readonly rust: Language; readonly provided: Language } {
  let found: Promise<RustToolchain | MissingToolchain> | undefined;
  let builds: RustBuilds | undefined;

  function find(): Promise<RustToolchain | MissingToolchain> {
    return (found ??= findRustToolchain({
      path: options.path,
      home: homedir(),
      run: async ([program = '', ...args]) => {
        try {
          return (await run(program, args, { timeout: 20_000 })).stdout;
        } catch {
          return null; // not there, or not to be used
        }
      },
    }));
  }

  async function status(): Promise<LanguageStatus> {
    const toolchain = await find();
    if ('missing' in toolchain) return { available: false, reason: toolchain.missing, fix: toolchain.fix };
    return { available: true, version: toolchain.version };
  }

  async function ready(): Promise<RustBuilds> {
    const toolchain = await find();
    if ('missing' in toolchain) {
      const reason = `${toolchain.missing}; ${toolchain.fix}`;
      throw new FunadeError('FUN_COMMAND_NOT_STARTED', { command: 'rustc', reason });
    }
    return (builds ??= createRustBuilds({ ...options, toolchain }));
  }

  const rust: Language = {
    name: 'rust',
    isGeneric: false,
    status,
    check: checkRust,
    build: async ({ directory, handler }) => {
      const plain = { directory, handler };
      if (handler === 'Cargo.toml') return { ...plain, program: await (await ready()).cargo(directory) };
      if (handler.endsWith('.rs')) return { ...plain, program: await (await ready()).source(directory, handler) };
      return { ...plain, program: join(directory, handler) };
    },
    start: ({ program }) =>
      Promise.resolve({ argv: [PROGRAM], env: ENVIRONMENT, mounts: [{ path: PROGRAM, source: program ?? '' }] }),
  };
  const provided: Language = {
    name: 'provided',
    isGeneric: false,
    status,
    check: ({ directory }) => checkProgram(directory, BOOTSTRAP), // the handler is for the bootstrap to read
    build: ({ directory, handler }) => Promise.resolve({ directory, handler }),
    start: async () => {
      const shim = await (await ready()).shim();
      return { argv: [SHIM], env: ENVIRONMENT, mounts: [{ path: SHIM, source: shim }] };
    },
  };
  return { rust, provided };
}

function checkRust({ directory, handler }: Code): string | null {
  if (handler.endsWith('.rs') || handler === 'Cargo.toml') {
    const isThere = statSync(join(directory, handler), { throwIfNoEntry: false })?.isFile() === true;
    return isThere ? null : `handler "${handler}" is not in the artifact`;
  }
  return checkProgram(directory, handler);
}

function checkProgram(directory: string, handler: string): string | null {
  const file = join(directory, handler);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    return `program "${handler}" is not in the artifact`;
  try {
    accessSync(file, constants.X_OK);
    return null;
  } catch {
    return `program "${handler}" is not executable: chmod +x it before it is packed`;
  }
}
