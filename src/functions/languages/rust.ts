import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Clock, FunadeError } from '../../kernel/index.ts';
import type { Sandbox } from '../../sandbox/index.ts';
import { type MissingToolchain, type RustToolchain, findRustToolchain } from '../runtimes/rust/find-toolchain.ts';
import { createBuildShelf } from './build-shelf.ts';
import { COMPILER_LIMITS, type CompilerLimits, type Patience, createCompilers } from './compilers.ts';
import { type Built, type Code, type Language, type LanguageStatus, PROGRAM } from './language.ts';
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
  readonly clock: Clock;
  readonly compilers?: Partial<CompilerLimits>;
}

export interface RustLanguages {
  /** Compiles for versions that there are, or for code that somebody sends. */
  rust(patience: Patience): Language;
  readonly provided: Language;
  /** Removes what was compiled and not used for long. */
  prune(): Promise<void>;
  /** Compiles nothing more. */
  stop(): void;
}

/** Rust, compiled here or elsewhere, and programs that speak the Lambda Runtime API, which need a shim in Rust. */
export function createRustLanguages(options: RustOptions): RustLanguages {
  const shelf = createBuildShelf(options.directory, options.clock);
  const compilers = createCompilers({ ...COMPILER_LIMITS, ...options.compilers });
  const recipes = new Map<string, Code>();
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
    return (builds ??= createRustBuilds({ ...options, shelf, compilers, toolchain }));
  }

  async function build(code: Code, patience: Patience): Promise<Built> {
    const { directory, handler } = code;
    const program = await programOf(code, patience);
    // A script's version is dropped from memory soon after its last process: it never asks for a program that is 30 days old.
    if (shelf.holds(program) && code.form !== 'script') recipes.set(program, code);
    return { directory, handler, program };
  }

  async function programOf({ directory, handler }: Code, patience: Patience): Promise<string> {
    if (handler === 'Cargo.toml') return (await ready()).cargo(directory, patience);
    if (handler.endsWith('.rs')) return (await ready()).source(directory, handler, patience);
    return join(directory, handler);
  }

  /** A version that had no process for long may have lost its program. */
  async function renewed(program: string): Promise<string> {
    if (!shelf.holds(program) || (await shelf.use(program))) return program;
    const code = recipes.get(program);
    return code === undefined ? program : programOf(code, 'patient');
  }

  const rust = (patience: Patience): Language => ({
    name: 'rust',
    isGeneric: false,
    source: { file: 'main.rs', handler: 'main.rs' },
    scriptFile: 'script.rs',
    status,
    check: checkRust,
    build: (code) => build(code, patience),
    start: async ({ program = '' }) => {
      const source = await renewed(program);
      return { argv: [PROGRAM], env: ENVIRONMENT, mounts: [{ path: PROGRAM, source }] };
    },
  });
  const provided: Language = {
    name: 'provided',
    isGeneric: false,
    source: { file: BOOTSTRAP, handler: BOOTSTRAP },
    scriptFile: null,
    status,
    check: ({ directory }) => checkProgram(directory, BOOTSTRAP), // the handler is for the bootstrap to read
    build: ({ directory, handler }) => Promise.resolve({ directory, handler }),
    start: async () => {
      const shim = await (await ready()).shim();
      return { argv: [SHIM], env: ENVIRONMENT, mounts: [{ path: SHIM, source: shim }] };
    },
  };
  return { rust, provided, prune: shelf.prune, stop: compilers.stop };
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
