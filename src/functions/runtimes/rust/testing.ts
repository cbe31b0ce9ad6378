/** Compiles functions for the tests of this folder, with the plans that are tested. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuildPlan, type Compilation, planBuild, planRuntime, planShim } from './build-plan.ts';
import { type Diagnostic, parseDiagnostics } from './diagnostics.ts';
import { type MissingToolchain, type RustToolchain, findRustToolchain } from './find-toolchain.ts';

export type Built =
  | { readonly kind: 'built'; readonly program: string; readonly plan: BuildPlan }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] };

export interface Workshop {
  readonly directory: string;
  readonly toolchain: RustToolchain;
  /** `libfunade_rt.rlib`. */
  readonly runtime: string;
  build(source: string, name?: string): Promise<Built>;
  /** The path of the program; throws what the compiler says. */
  program(source: string, name?: string): Promise<string>;
  shim(): Promise<string>;
  close(): Promise<void>;
}

export function searchToolchain(path: string, home: string): Promise<RustToolchain | MissingToolchain> {
  return findRustToolchain({ path, home, run: async (argv) => (await run({ argv })).stdout });
}

export async function openWorkshop(toolchain: RustToolchain): Promise<Workshop> {
  const directory = await mkdtemp(join(tmpdir(), 'funade-rust-'));
  const runtime = join(directory, 'libfunade_rt.rlib');
  await compile(planRuntime({ toolchain, directory: import.meta.dirname, out: runtime }));
  let count = 0;

  async function build(source: string, name = 'main.rs'): Promise<Built> {
    count += 1;
    const own = join(directory, String(count));
    const out = join(own, 'function');
    const plan = planBuild({ toolchain, source, file: name, directory: own, runtime, out });
    await mkdir(dirname(join(own, name)), { recursive: true });
    await writeFile(join(own, name), plan.source);
    const { code, stderr } = await run(plan);
    if (code === 0) return { kind: 'built', program: out, plan };
    const diagnostics = parseDiagnostics(stderr, { source, file: name, directory: own });
    if (diagnostics.length === 0) throw new Error(`rustc ended with ${code}: ${stderr}`);
    return { kind: 'failed', diagnostics };
  }

  return {
    directory,
    toolchain,
    runtime,
    build,
    program: async (source, name) => {
      const built = await build(source, name);
      if (built.kind === 'built') return built.program;
      throw new Error(JSON.stringify(built.diagnostics, null, 2));
    },
    shim: async () => {
      const out = join(directory, 'provided');
      await compile(planShim({ toolchain, directory: import.meta.dirname, runtime, out }));
      return out;
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Ours compile without a word. */
async function compile(plan: Compilation): Promise<void> {
  const { code, stderr } = await run(plan);
  if (code !== 0 || stderr !== '') throw new Error(`rustc ended with ${code}: ${stderr}`);
}

interface Ended {
  /** Null when it could not be started. */
  readonly code: number | null;
  /** Null unless it ended with 0. */
  readonly stdout: string | null;
  readonly stderr: string;
}

function run(plan: Partial<Compilation> & Pick<Compilation, 'argv'>): Promise<Ended> {
  const [program = '', ...args] = plan.argv;
  const env = { PATH: '/usr/bin:/bin', ...plan.environment };
  return new Promise((resolve) => {
    execFile(program, args, { cwd: plan.cwd ?? '/', env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ code: typeof code === 'number' ? code : null, stdout: error === null ? stdout : null, stderr });
    });
  });
}
