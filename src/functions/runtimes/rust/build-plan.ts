import { findTopFunctions } from './rust-source.ts';
import type { RustToolchain } from './find-toolchain.ts';

/** A call of rustc. `cwd` has to be the directory that the source is in. */
export interface Compilation {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface BuildRequest {
  readonly toolchain: RustToolchain;
  /** The user's code, as it came. */
  readonly source: string;
  /** Name of the source within `directory`, as errors call it: `main.rs`, `src/main.rs`. */
  readonly file: string;
  readonly directory: string;
  /** `libfunade_rt.rlib`, made by `planRuntime` with the same toolchain. */
  readonly runtime: string;
  /** Path of the program. */
  readonly out: string;
}

export interface BuildPlan extends Compilation {
  /** A program has a `main` of its own, a script is wrapped. */
  readonly form: 'program' | 'script';
  /** What has to stand in `file`. */
  readonly source: string;
}

/**
 * Behind the script, so that its lines and columns stay what they are, and inner attributes stay first. `use` counts for the
 * whole file wherever it stands; what the script defines or imports by name goes before it.
 */
const WRAPPER = `
#[allow(unused_imports)]
use ::funade_rt::prelude::*;
fn main() {
    ::funade_rt::serve(handler)
}
`;

export const EDITION = '2021';

/** Level 1 compiles about as fast as 0, as there is little code of the user's own, and runs many times faster. */
const FUNCTION_FLAGS = [
  '--crate-type=bin',
  '--crate-name=function',
  '-Copt-level=1',
  '-Ccodegen-units=1',
  '-Cdebuginfo=0',
  '-Cstrip=symbols',
  '-Cpanic=unwind',
  '--cap-lints=allow',
  '--error-format=json',
] as const;

/** What to write and what to run to make a program of a function. The same input makes the same bytes in any directory. */
export function planBuild(request: BuildRequest): BuildPlan {
  const isProgram = findTopFunctions(request.source).some(({ name }) => name === 'main');
  return {
    form: isProgram ? 'program' : 'script',
    source: isProgram ? request.source : request.source + WRAPPER,
    argv: [
      request.toolchain.rustc,
      request.file,
      `--edition=${EDITION}`,
      ...FUNCTION_FLAGS,
      ...linking(request.toolchain),
      `--extern=funade_rt=${request.runtime}`,
      `--remap-path-prefix=${request.directory}=.`,
      '-o',
      request.out,
    ],
    cwd: request.directory,
    environment: {},
  };
}

/**
 * With the C library in it a program starts in three quarters of the time, and its sandbox needs no file besides it. Darwin has no
 * static C library.
 */
function linking(toolchain: RustToolchain): readonly string[] {
  const isStatic = toolchain.host.includes('linux');
  return [`-Clinker=${toolchain.linker}`, ...(isStatic ? ['-Ctarget-feature=+crt-static'] : [])];
}

export interface RuntimeRequest {
  readonly toolchain: RustToolchain;
  /** This folder, with `funade_rt` and `provided` in it. */
  readonly directory: string;
  readonly out: string;
}

/** The library that functions and the shim are linked with; `out` has to be called `libfunade_rt.rlib`. */
export function planRuntime(request: RuntimeRequest): Compilation {
  const flags = ['--crate-type=rlib', '--crate-name=funade_rt', '-Copt-level=3', '-Ccodegen-units=1'];
  return {
    ...planOurs(request, 'funade_rt/lib.rs', flags),
    environment: { FUNADE_RUSTC_VERSION: request.toolchain.version },
  };
}

/** The program of the runtime `provided`. */
export function planShim(request: RuntimeRequest & { readonly runtime: string }): Compilation {
  return planOurs(request, 'provided/main.rs', [
    '--crate-type=bin',
    '--crate-name=provided',
    '-Copt-level=2',
    '-Cstrip=symbols',
    ...linking(request.toolchain),
    `--extern=funade_rt=${request.runtime}`,
  ]);
}

function planOurs(request: RuntimeRequest, file: string, flags: readonly string[]): Compilation {
  return {
    argv: [
      request.toolchain.rustc,
      file,
      `--edition=${EDITION}`,
      ...flags,
      '-Cdebuginfo=0',
      '-Cpanic=unwind',
      '-Cembed-bitcode=no',
      `--remap-path-prefix=${request.directory}=.`,
      '--error-format=json',
      '-o',
      request.out,
    ],
    cwd: request.directory,
    environment: {},
  };
}
