import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Sandbox, WorkerMount } from '../../sandbox/index.ts';
import { createDrafts } from '../../store/index.ts';
import { type Compilation as Plan, planBuild, planRuntime, planShim } from '../runtimes/rust/build-plan.ts';
import { parseDiagnostics } from '../runtimes/rust/diagnostics.ts';
import type { RustToolchain } from '../runtimes/rust/find-toolchain.ts';
import { type Compiled, compileInBox } from './box-compiler.ts';
import { CompileError, type CompileFault, KIT } from './language.ts';

export interface RustBuildsOptions {
  readonly spawn: Sandbox['spawnWorker'];
  /** Directory of its own for what was compiled. */
  readonly directory: string;
  readonly kit: () => Promise<string>;
  readonly toolchain: RustToolchain;
  /** Whether a box has a tree of its own: without one, paths are those of the host. */
  readonly isBoxed: () => boolean;
}

/** Programs by the hash of all that they are made of: code, compiler, flags and our library. */
export interface RustBuilds {
  /** The program of a source file and its neighbours. Throws `CompileError`. */
  source(directory: string, file: string): Promise<string>;
  /** The program of a cargo project without anything to download. Throws `CompileError`. */
  cargo(directory: string): Promise<string>;
  /** The shim of the runtime `provided`. */
  shim(): Promise<string>;
}

const CODE = '/var/task';
const LIBRARY = '/opt/rust';
const RLIB = 'libfunade_rt.rlib';
/** Stands for the variable that the box sets. */
const OUT = '$OUT';
const RUSTC = { memory: 1536, temporary: 512, timeout: 60_000 };
const CARGO = { memory: 3072, temporary: 2048, timeout: 600_000 };
const FIRST_FAULTS = 20;

export function createRustBuilds({ spawn, directory, kit, toolchain, isBoxed }: RustBuildsOptions): RustBuilds {
  const running = new Map<string, Promise<string>>();
  const drafts = createDrafts(join(directory, 'drafts'), 0o755);
  const env = {
    PATH: `${toolchain.sysroot}/bin:/usr/local/bin:/usr/bin:/bin`,
    HOME: '/tmp',
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
  };
  const tools: WorkerMount = { path: toolchain.sysroot, source: toolchain.sysroot };
  let library: Promise<string> | undefined;

  /** Where a compiler finds what is mounted at `path`. */
  function seen(path: string, onHost: string): string {
    return isBoxed() ? path : onHost;
  }

  /** `run` is called once for each key, however many ask, and not at all when the program is there. */
  function once(key: string, run: (target: string) => Promise<void>): Promise<string> {
    const target = join(directory, key, 'program');
    const known = running.get(key);
    if (known !== undefined) return known;
    const building = isThere(target)
      .then((there) => (there ? undefined : run(target)))
      .then(() => target)
      .finally(() => running.delete(key));
    running.set(key, building);
    return building;
  }

  async function own(name: string, make: (source: string) => Plan, mounts: readonly WorkerMount[]): Promise<string> {
    const kitPath = await kit();
    const key = `${name}-${hashOf([kitPath, toolchain.version, toolchain.host, toolchain.linker])}`;
    return once(key, async (target) => {
      const plan = make(join(seen(KIT, kitPath), 'rust'));
      const compiled = await compileInBox(spawn, {
        script: quote(plan.argv),
        cwd: plan.cwd,
        env: { ...env, ...plan.environment },
        mounts: [tools, { path: KIT, source: kitPath }, ...mounts],
        ...{ ...RUSTC, target },
      });
      if (compiled.kind === 'failed') throw new Error(`Failed to compile ${name}: ${compiled.output}`);
    });
  }

  /** A directory with the library under the name that the compiler looks for. */
  function runtime(): Promise<string> {
    library ??= own('funade-rt', (place) => planRuntime({ toolchain, directory: place, out: OUT }), []).then(
      async (file) => {
        const shelf = join(dirname(file), 'lib');
        await mkdir(shelf, { recursive: true });
        await cp(file, join(shelf, RLIB));
        return shelf;
      },
    );
    library.catch(() => {
      library = undefined; // the next build tries again
    });
    return library;
  }

  async function shim(): Promise<string> {
    const shelf = await runtime();
    const rlib = join(seen(LIBRARY, shelf), RLIB);
    const mounts = [{ path: LIBRARY, source: shelf }];
    return own('provided', (place) => planShim({ toolchain, directory: place, out: OUT, runtime: rlib }), mounts);
  }

  async function source(code: string, file: string): Promise<string> {
    const text = await readFile(join(code, file), 'utf8');
    const shelf = await runtime();
    const rlib = join(seen(LIBRARY, shelf), RLIB);
    const planIn = (place: string) =>
      planBuild({ toolchain, source: text, file, directory: place, runtime: rlib, out: OUT });
    // What the source includes or names as modules counts too; code directories are content-addressed.
    const { source: wrapped, argv } = planIn(CODE);
    const key = `function-${hashOf([shelf, code, wrapped, ...argv])}`;
    return once(key, (target) =>
      withSource({ code, file, text: wrapped, isWrapped: wrapped !== text }, async (given) => {
        const place = seen(CODE, given);
        const compiled = await compileInBox(spawn, {
          script: quote(planIn(place).argv),
          ...{ cwd: CODE, env, target, ...RUSTC },
          mounts: [tools, { path: CODE, source: given }, { path: LIBRARY, source: shelf }],
        });
        refuse(compiled, (output) => parseDiagnostics(output, { source: text, file, directory: place }));
      }),
    );
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
    return drafts.use(async (draft) => {
      await cp(code, draft, { recursive: true });
      for (const path of [draft, dirname(join(draft, file))]) await chmod(path, 0o755); // the compiler is a user of its own
      await rm(join(draft, file), { force: true });
      await writeFile(join(draft, file), text);
      await act(draft);
    });
  }

  async function cargo(code: string): Promise<string> {
    const kitPath = await kit();
    const key = `cargo-${hashOf([kitPath, code, toolchain.version, toolchain.host])}`;
    return once(key, async (target) => {
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
    });
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
