/** What a path is inside the box. `source` is the path outside when it is another one; of a link, where it leads. */
export interface Mount {
  readonly path: string;
  readonly as: 'writable' | 'readable' | 'empty-directory' | 'unreadable-file' | 'link';
  readonly source?: string;
}

const NOBODY = '65534';
/** On the same path the later of these wins. */
const PRECEDENCE = ['unreadable-file', 'empty-directory', 'link', 'readable', 'writable'] as const;

export interface Namespaces {
  readonly network: 'host' | 'none';
  /** No user namespace can be made inside. */
  readonly sealed: boolean;
  /**
   * As root the inside sees itself as nobody: tools that behave differently as root (tar, npm, PostgreSQL) then behave as for a
   * user, and no capability reaches the host.
   */
  readonly asNobody: boolean;
}

export function namespaceArguments({ network, sealed, asNobody }: Namespaces): readonly string[] {
  return [
    ...['--die-with-parent', '--new-session', '--unshare-user'],
    ...(asNobody ? ['--uid', NOBODY, '--gid', NOBODY] : []),
    ...(sealed ? ['--disable-userns'] : []),
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...(network === 'none' ? ['--unshare-net'] : []),
    ...['--cap-drop', 'ALL'],
  ];
}

export interface BoxTree {
  readonly namespaces: Namespaces;
  /** As it is inside. */
  readonly cwd: string;
  readonly mounts: readonly Mount[];
}

export interface CommandTree extends BoxTree {
  /** Bytes of `/dev/shm`, which is memory; null: as many as there are. */
  readonly shared: number | null;
}

/** The host's file system, read-only, with `mounts` laid over it. */
export function commandArguments({ namespaces, cwd, mounts, shared }: CommandTree): readonly string[] {
  return [
    ...namespaceArguments(namespaces),
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...(shared === null ? [] : ['--remount-ro', '/dev', '--size', String(shared), '--tmpfs', '/dev/shm']),
    ...mountArguments(mounts),
    ...['--chdir', cwd],
  ];
}

export interface WorkerTree extends BoxTree {
  /** Bytes of `/tmp`, and of `/dev/shm`. */
  readonly temporary: number;
}

/**
 * An empty, read-only tree with the system's programs and libraries, `mounts`, and a small `/tmp` in memory. What bubblewrap makes
 * by itself (`/`, `/dev`) is a writable file system without bounds until it is made read-only.
 */
export function workerArguments({ namespaces, cwd, mounts, temporary }: WorkerTree): readonly string[] {
  const size = String(temporary);
  return [
    ...namespaceArguments(namespaces),
    ...['--dev', '/dev', '--proc', '/proc'],
    ...['--remount-ro', '/dev', '--size', size, '--tmpfs', '/dev/shm', '--size', size, '--tmpfs', '/tmp'],
    ...mountArguments(mounts),
    ...['--remount-ro', '/', '--chdir', cwd],
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
    case 'link':
      return ['--symlink', source ?? '', path];
    case 'empty-directory':
      return ['--perms', '0755', '--tmpfs', path];
    case 'unreadable-file':
      return ['--ro-bind', '/dev/null', path]; // a device on a file system mounted nodev: opening it fails
  }
}
