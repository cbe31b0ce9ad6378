/** What a path is inside the sandbox. `source` is the path outside when it is another one. */
export interface Mount {
  readonly path: string;
  readonly as: 'writable' | 'readable' | 'empty-directory' | 'unreadable-file';
  readonly source?: string;
}

const NOBODY = '65534';
/** On the same path the later of these wins. */
const PRECEDENCE = ['unreadable-file', 'empty-directory', 'readable', 'writable'] as const;

/**
 * Namespaces and capabilities that every sandbox has. As root the inside sees itself as nobody: tools that behave differently
 * as root (tar, npm, PostgreSQL) then behave as for a user, and no capability reaches the host.
 */
export function namespaceArguments(network: 'host' | 'none'): readonly string[] {
  const identity = process.getuid?.() === 0 ? ['--uid', NOBODY, '--gid', NOBODY] : [];
  return [
    '--die-with-parent',
    '--new-session',
    '--unshare-user',
    ...identity,
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    ...(network === 'none' ? ['--unshare-net'] : []),
    '--cap-drop',
    'ALL',
  ];
}

export interface CommandTree {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly network: 'host' | 'none';
  readonly mounts: readonly Mount[];
  /** Number of the descriptor that bubblewrap reports on. */
  readonly statusFd: number;
}

/** The host's file system, read-only, with `mounts` laid over it. */
export function commandArguments({ argv, cwd, network, mounts, statusFd }: CommandTree): readonly string[] {
  return [
    ...namespaceArguments(network),
    ...['--json-status-fd', String(statusFd), '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...mountArguments(mounts),
    ...['--chdir', cwd, '--', ...argv],
  ];
}

export interface WorkerTree extends CommandTree {
  /** Bytes of `/tmp`. */
  readonly temporary: number;
}

/** An empty, read-only tree with the system's programs and libraries, `mounts`, and a small `/tmp` in memory. */
export function workerArguments(tree: WorkerTree): readonly string[] {
  const size = String(tree.temporary);
  return [
    ...namespaceArguments(tree.network),
    ...['--json-status-fd', String(tree.statusFd), '--dev', '/dev', '--proc', '/proc'],
    ...['--remount-ro', '/dev', '--size', size, '--tmpfs', '/dev/shm', '--size', size, '--tmpfs', '/tmp'],
    ...mountArguments(tree.mounts),
    ...['--remount-ro', '/', '--chdir', tree.cwd, '--', ...tree.argv],
  ];
}

function mountArguments(mounts: readonly Mount[]): readonly string[] {
  const ordered = inMountingOrder(mounts);
  const sealed = ordered.filter((mount) => mount.as === 'empty-directory').map(({ path }) => ['--remount-ro', path]);
  return [...ordered.map(mountArgument), ...sealed].flat();
}

/** Parents first, so that nothing is covered by what is mounted above it; one mount for each path. */
export function inMountingOrder(mounts: readonly Mount[]): readonly Mount[] {
  const byPath = new Map<string, Mount>();
  for (const as of PRECEDENCE) {
    for (const mount of mounts) if (mount.as === as) byPath.set(mount.path, mount);
  }
  return [...byPath.values()].sort((left, right) => depth(left.path) - depth(right.path));
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length;
}

function mountArgument({ path, as, source }: Mount): readonly string[] {
  switch (as) {
    case 'writable':
      return ['--bind', source ?? path, path];
    case 'readable':
      return ['--ro-bind', source ?? path, path];
    case 'empty-directory':
      return ['--perms', '0755', '--tmpfs', path];
    case 'unreadable-file':
      return ['--ro-bind', '/dev/null', path]; // a device on a file system mounted nodev: opening it fails
  }
}
