import { delimiter, join } from 'node:path';

/** A compiler that runs with `sysroot` alone, and the program that it links with. */
export interface RustToolchain {
  readonly rustc: string;
  readonly sysroot: string;
  /** Such as `1.95.0`. */
  readonly version: string;
  /** Such as `x86_64-unknown-linux-gnu`. */
  readonly host: string;
  /** Absolute path of a C compiler, which is asked to link. */
  readonly linker: string;
}

export interface MissingToolchain {
  readonly missing: string;
  /** What a person has to run. */
  readonly fix: string;
}

export interface ToolchainSearch {
  /** As in the variable PATH. */
  readonly path: string;
  /** Home directory, where rustup installs. */
  readonly home: string;
  /** stdout of a program that ended with 0; null when it is not there or ended otherwise. */
  run(argv: readonly string[]): Promise<string | null>;
}

/** The oldest compiler that `funade_rt` is written for. */
const OLDEST = { major: 1, minor: 82 };
const INSTALL_RUST =
  'curl --proto "=https" --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal, or the package rustc of Debian 13 and newer';
const INSTALL_LINKER = 'apt-get install gcc libc6-dev (Fedora: dnf install gcc glibc-static)';

/**
 * Looks through PATH and `~/.cargo/bin`. What stands there may be the proxy of rustup, which needs the home directory; the
 * compiler itself is in the sysroot.
 */
export async function findRustToolchain(search: ToolchainSearch): Promise<RustToolchain | MissingToolchain> {
  const directories = search.path.split(delimiter).filter((directory) => directory !== '');
  const sysroot = await firstAnswer(search, [...directories, join(search.home, '.cargo/bin')], 'rustc', [
    '--print',
    'sysroot',
  ]);
  if (sysroot === null) return { missing: 'there is no rustc on PATH or in ~/.cargo/bin', fix: INSTALL_RUST };

  const rustc = join(sysroot.answer, 'bin/rustc');
  const about = await search.run([rustc, '-vV']);
  const version = about === null ? undefined : /^release: (\S+)$/m.exec(about)?.[1];
  const host = about === null ? undefined : /^host: (\S+)$/m.exec(about)?.[1];
  if (version === undefined || host === undefined) {
    return { missing: `${rustc} does not tell its version`, fix: 'rustup toolchain install stable --profile minimal' };
  }
  if (isTooOld(version)) {
    const needed = `${OLDEST.major}.${OLDEST.minor}`;
    return { missing: `rustc ${version} is older than ${needed}`, fix: `rustup update stable, or ${INSTALL_RUST}` };
  }

  for (const name of ['cc', 'gcc', 'clang']) {
    const linker = await firstAnswer(search, directories, name, ['-print-file-name=libc.a']);
    if (linker === null) continue;
    // A compiler that does not find the file answers with the bare name.
    if (host.includes('linux') && !linker.answer.includes('/')) {
      return { missing: `${linker.program} finds no static C library (libc.a) to link with`, fix: INSTALL_LINKER };
    }
    return { rustc, sysroot: sysroot.answer, version, host, linker: linker.program };
  }
  return { missing: 'there is no C compiler (cc, gcc or clang) to link with', fix: INSTALL_LINKER };
}

async function firstAnswer(
  search: ToolchainSearch,
  directories: readonly string[],
  name: string,
  args: readonly string[],
): Promise<{ readonly program: string; readonly answer: string } | null> {
  for (const directory of directories) {
    const program = join(directory, name);
    const answer = await search.run([program, ...args]);
    if (answer !== null) return { program, answer: answer.trim() };
  }
  return null;
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
}
