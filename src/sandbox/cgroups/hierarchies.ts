import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What boxes need of the kernel's control groups; each may be missing, and each may be of either version. */
export const CONTROLLERS = ['memory', 'pids', 'cpu', 'freezer'] as const;
export type Controller = (typeof CONTROLLERS)[number];
export type CgroupVersion = 1 | 2;

/** Where a controller's groups are made: the own group of this process on the mount of that hierarchy. */
export interface Place {
  readonly version: CgroupVersion;
  /** Directory of the own group. */
  readonly own: string;
  /** Directory of the mount's root. */
  readonly mount: string;
}

export interface Sources {
  /** Text of `/proc/self/mountinfo`. */
  readonly mounts: string;
  /** Text of `/proc/self/cgroup`. */
  readonly groups: string;
  /** Controllers that version 2 has at this mount: `cgroup.controllers`. */
  controllersAt(mount: string): readonly string[];
}

interface Mounted {
  readonly version: CgroupVersion;
  readonly root: string;
  readonly point: string;
  readonly controllers: readonly string[];
}

/** The hierarchy of each controller. Version 2 wins where a controller is there; freezing needs no controller in version 2. */
export function findPlaces(sources: Sources): ReadonlyMap<Controller, Place> {
  const mounts = readMounts(sources);
  const paths = readPaths(sources.groups);
  const places = new Map<Controller, Place>();
  for (const controller of CONTROLLERS) {
    const mount =
      mounts.find(({ version, controllers }) => version === 2 && hasInVersion2(controller, controllers)) ??
      mounts.find(({ version, controllers }) => version === 1 && controllers.includes(controller));
    const path = mount && paths.get(mount.version === 2 ? '' : controller);
    if (mount === undefined || path === undefined) continue;
    places.set(controller, { version: mount.version, own: inside(mount, path), mount: mount.point });
  }
  return places;
}

function hasInVersion2(controller: Controller, controllers: readonly string[]): boolean {
  return controller === 'freezer' || controllers.includes(controller);
}

/** A container sees only a part of the hierarchy: the mount's root is then a path and not `/`. */
function inside({ root, point }: Mounted, path: string): string {
  if (root === '/') return join(point, path.slice(1));
  return path.startsWith(root) ? join(point, path.slice(root.length)) : point;
}

function readMounts({ mounts, controllersAt }: Sources): readonly Mounted[] {
  const found: Mounted[] = [];
  for (const line of mounts.split('\n')) {
    const [front = '', back = ''] = line.split(' - ');
    const [, , , root = '', point = ''] = front.split(' ');
    const [type, , options = ''] = back.split(' ');
    if (type === 'cgroup2') found.push({ version: 2, root, point, controllers: controllersAt(point) });
    if (type === 'cgroup') found.push({ version: 1, root, point, controllers: options.split(',') });
  }
  return found;
}

/** The own group's path by controller; by the empty name in version 2. */
function readPaths(groups: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const line of groups.split('\n')) {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (names === undefined || path === undefined) continue;
    for (const name of names.split(',')) paths.set(name, path);
  }
  return paths;
}

/** What this machine says; empty where it has no control groups. */
export function readSources(): Sources {
  return {
    mounts: readOr('/proc/self/mountinfo', ''),
    groups: readOr('/proc/self/cgroup', ''),
    controllersAt: (mount) => readOr(join(mount, 'cgroup.controllers'), '').trim().split(' '),
  };
}

export function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
