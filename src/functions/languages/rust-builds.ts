import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Sandbox, WorkerMount } from '../../sandbox/index.ts';
import { type Compilation as Plan, planBuild, planRuntime, planShim } from '../runtimes/rust/build-plan.ts';
import { parseDiagnostics } from '../runtimes/rust/diagnostics.ts';
import type { RustToolchain } from '../runtimes/rust/find-toolchain.ts';
import { type Compiled, compileInBox } from './box-compiler.ts';
import type { BuildShelf } from './build-shelf.ts';
import type { Compilers, Patience } from './compilers.ts';
import { CompileError, type CompileFault, KIT } from './language.ts';

export interface RustBuildsOptions {
  readonly spawn: Sandbox['spawnWorker'];
  readonly shelf: BuildShelf;
  readonly compilers: Compilers;
  readonly kit: () => Promise<string>;
  readonly toolchain: RustToolchain;
  /** Whether a box has a tree of its own: without one, paths are those of the host. */
  readonly isBoxed: () => boolean;
}

/** Programs by the hash of all that they are made of: code, compiler, flags and our library. All throw as `Compilers` does. */
export interface RustBuilds {
  /** The program of a source file and its neighbours. Throws `CompileError`. */
  source(directory: string, file: string, patience: Patience): Promise<string>;
  /** The program of a cargo project without anything to download. Throws `CompileError`. */
  cargo(directory: string, patience: Patience): Promise<string>;
  /** The shim of the runtime `provided`. */
  shim(): Promise<string>;
}

const CODE = '/var/task';
const LIBRARY = '/opt/rust';
const RLIB = 'libfunade_rt.rlib';
/** Stands for the variable that the box sets. */
const OUT = '$OUT';
const RUNTIME = 'funade-rt';
const SHIM = 'provided';
const RUSTC = { memory: 1536, temporary: 512, timeout: 60_000 };
const CARGO = { memory: 3072, temporary: 2048, timeout: 600_000 };
const FIRST_FAULTS = 20;

export function createRustBuilds({ spawn, shelf, compilers, kit, toolchain, isBoxed }: RustBuildsOptions): RustBuilds {
  const env = {
    PATH: `${toolchain.sysroot}/bin:/usr/local/bin:/usr/bin:/bin`,
    HOME: '/tmp',
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
  };
  const tools: WorkerMount = { path: toolchain.sysroot, source: toolchain.sysroot };

  /** Where a compiler finds what is mounted at `path`. */
  function seen(path: string, onHost: string): string {
    return isBoxed() ? path : onHost;
  }

  interface Build {
    readonly key: string;
    readonly patience: Patience;
    /** Called once for each key, however many ask, and not at all when the program is there. */
    readonly make: (target: string) => Promise<void>;
  }

  async function build({ key, patience, make }: Build): Promise<string> {
    const work = async () => {
      const present = await shelf.find(key); // of one that ended while this was asked for
      if (present !== null) return present;
      const target = shelf.place(key);
      try {
        await make(target);
        return target;
      } catch (thrown) {
        await shelf.giveUp(target);
        throw thrown;
      }
    };
    return (await shelf.find(key)) ?? compilers.run({ key, patience, work });
  }

  /** Key of something that Funade itself brings. */
  function ownKey(name: string, kitPath: string): string {
    return `${name}-${hashOf([kitPath, toolchain.version, toolchain.host, toolchain.linker])}`;
  }

  interface Own {
    readonly name: string;
    readonly patience: Patience;
    readonly plan: (source: string) => Plan;
    readonly mounts: readonly WorkerMount[];
  }

  async function own({ name, patience, plan, mounts }: Own): Promise<string> {
    const kitPath = await kit();
    const make = async (target: string) => {
      const { argv, cwd, environment } = plan(join(seen(KIT, kitPath), 'rust'));
      const compiled = await compileInBox(spawn, {
        script: quote(argv),
        cwd,
        env: { ...env, ...environment },
        mounts: [tools, { path: KIT, source: kitPath }, ...mounts],
        ...{ ...RUSTC, target },
      });
      if (compiled.kind === 'failed') throw new Error(`Failed to compile ${name}: ${compiled.output}`);
    };
    return build({ key: ownKey(name, kitPath), patience, make });
  }

  /** A directory with the library under the name that the compiler looks for. */
  async function runtime(patience: Patience): Promise<string> {
    const plan = (place: string) => planRuntime({ toolchain, directory: place, out: OUT });
    const file = await own({ name: RUNTIME, patience, plan, mounts: [] });
    const libraries = join(dirname(file), 'lib');
    if (await isThere(libraries)) return libraries;
    await shelf.drafts.use(async (draft) => {
      await mkdir(draft, { mode: 0o755 });
      await cp(file, join(draft, RLIB));
      await rename(draft, libraries).catch(async (thrown: unknown) => {
        if (!(await isThere(libraries))) throw thrown; // another build was faster
      });
    });
    return libraries;
  }

  async function shim(): Promise<string> {
    const present = await shelf.find(ownKey(SHIM, await kit()));
    if (present !== null) return present;
    const libraries = await runtime('patient');
    const rlib = join(seen(LIBRARY, libraries), RLIB);
    const plan = (place: string) => planShim({ toolchain, directory: place, out: OUT, runtime: rlib });
    return own({ name: SHIM, patience: 'patient', plan, mounts: [{ path: LIBRARY, source: libraries }] });
  }

  async function source(code: string, file: string, patience: Patience): Promise<string> {
    const text = await readFile(join(code, file), 'utf8');
    const planIn = (place: string, libraries: string) =>
      planBuild({ toolchain, source: text, file, directory: place, runtime: join(libraries, RLIB), out: OUT });
    // What the source includes or names as modules counts too; code directories are content-addressed.
    const { source: wrapped, argv } = planIn(CODE, LIBRARY);
    const key = `function-${hashOf([ownKey(RUNTIME, await kit()), code, wrapped, ...argv])}`;
    const present = await shelf.find(key);
    if (present !== null) return present;
    const libraries = await runtime(patience); // before its own turn: it needs one as well
    const make = (target: string) =>
      withSource({ code, file, text: wrapped, isWrapped: wrapped !== text }, async (given) => {
        const place = seen(CODE, given);
        const compiled = await compileInBox(spawn, {
          script: quote(planIn(place, seen(LIBRARY, libraries)).argv),
          ...{ cwd: CODE, env, target, ...RUSTC },
          mounts: [tools, { path: CODE, source: given }, { path: LIBRARY, source: libraries }],
        });
        refuse(compiled, (output) => parseDiagnostics(output, { source: text, file, directory: place }));
      });
    return build({ key, patience, make });
  }

  interface Source {
    readonly code: string;
    readonly file: string;
    readonly text: string;
    readonly isWrapped: boolean;
  }

  /** The code itself, or a copy of it whose source was wrapped. */
  async function withSource(
    { code, file, text, isWrapped }: Source,
    act: (directory: string) => Promise<void>,
  ): Promise<void> {
    if (!isWrapped) return act(code);
    return shelf.drafts.use(async (draft) => {
      await cp(code, draft, { recursive: true });
      for (const path of [draft, dirname(join(draft, file))]) await chmod(path, 0o755); // the compiler is a user of its own
      await rm(join(draft, file), { force: true });
      await writeFile(join(draft, file), text);
      await act(draft);
    });
  }

  async function cargo(code: string, patience: Patience): Promise<string> {
    const kitPath = await kit();
    const key = `cargo-${hashOf([kitPath, code, toolchain.version, toolchain.host])}`;
    const make = async (target: string) => {
      const patch = `patch.crates-io.funade_rt.path="${seen(KIT, kitPath)}/rust/funade_rt"`;
      const compiled = await compileInBox(spawn, {
        script: [
          'WORK=$(mktemp -d); export CARGO_HOME="$WORK/cargo" CARGO_TARGET_DIR="$WORK/target"',
          `cp -r ${quote([seen(CODE, code)])} "$WORK/project"; chmod -R u+w "$WORK/project"; cd "$WORK/project"`,
          quote(['cargo', 'build', '--release', '--offline', '--message-format=short', '--config', patch]),
          'set -- $(find "$WORK/target/release" -maxdepth 1 -type f -perm -u+x)',
          '[ $# -eq 1 ] || { echo "error: the project has $# programs; it has to have one" >&2; exit 1; }',
          'mv "$1" "$OUT"; cd /; rm -rf "$WORK"',
        ].join('\n'),
        ...{ cwd: '/tmp', env: { ...env, RUSTC_LINKER: toolchain.linker }, target, ...CARGO },
        mounts: [tools, { path: CODE, source: code }, { path: KIT, source: kitPath }],
      });
      refuse(compiled, parseCargo);
    };
    return build({ key, patience, make });
  }

  return { source, cargo, shim };
}

function refuse(compiled: Compiled, parse: (output: string) => readonly CompileFault[]): void {
  if (compiled.kind === 'built') return;
  const faults = parse(compiled.output).slice(0, FIRST_FAULTS);
  if (faults.length > 0) throw new CompileError(faults);
  throw new CompileError([{ message: compiled.output.trim().slice(-2000), line: null, column: null }]);
}

/** Lines of `--message-format=short`: `src/main.rs:3:5: error[E0308]: mismatched types`. */
function parseCargo(output: string): readonly CompileFault[] {
  return [...output.matchAll(/^([^:\n]+):(\d+):(\d+): error(?:\[\w+\])?: (.+)$/gm)].map(
    ([, file, line, column, message]) => ({
      message: `${file}: ${message}`,
      line: Number(line),
      column: Number(column),
    }),
  );
}

function quote(argv: readonly string[]): string {
  return argv.map((word) => (word === OUT ? '"$OUT"' : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
