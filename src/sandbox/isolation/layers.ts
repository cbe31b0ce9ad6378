import type { CgroupVersion, Controller } from '../cgroups/hierarchies.ts';
import type { Isolation, Layer } from '../port.ts';

/** What layers are made of. */
export interface Means {
  readonly bubblewrap: string | null;
  readonly setpriv: string | null;
  readonly unshare: string | null;
  readonly firstUser: number | null;
  readonly filters: object | null;
  /** Why there are no namespaces. */
  readonly obstacle: string | null;
  readonly versions: ReadonlyMap<Controller, CgroupVersion>;
  readonly reasons: ReadonlyMap<Controller, string>;
}

const INSTALL = 'apt-get install bubblewrap';
const AS_ROOT = 'run Funade as root (a service with User=root): functions never run as root';

export function layersOf(means: Means): readonly Layer[] {
  return [namespaces(means), identity(means), seccomp(means), memory(means), processes(means), freezing(means)];
}

/** The tier that a set of layers makes, and why it is not a better one. */
export function tierOf(layers: readonly Layer[]): Pick<Isolation, 'tier' | 'reason'> {
  const [first] = layers;
  if (first?.active !== true) return { tier: 'C', reason: first?.detail ?? '' };
  const lacking = layers.filter(({ active }) => !active);
  if (lacking.length === 0) return { tier: 'A', reason: 'every layer holds' };
  return { tier: 'B', reason: lacking.map(({ name, detail }) => `${name}: ${detail}`).join('; ') };
}

function namespaces({ bubblewrap, obstacle }: Means): Layer {
  const name = 'namespaces';
  if (bubblewrap !== null) return { name, active: true, detail: `bubblewrap at ${bubblewrap}`, fix: null };
  const isMissing = obstacle?.includes('not installed') === true;
  return { name, active: false, detail: obstacle ?? '', fix: isMissing ? INSTALL : null };
}

function identity({ bubblewrap, setpriv, unshare, firstUser }: Means): Layer {
  const name = 'identity';
  if (firstUser !== null)
    return { name, active: true, detail: `a user id of its own for each, from ${firstUser}`, fix: null };
  if (bubblewrap === null) return { name, active: false, detail: 'needs namespaces', fix: null };
  if (process.getuid?.() !== 0) return { name, active: false, detail: 'the server does not run as root', fix: AS_ROOT };
  if (setpriv === null || unshare === null) {
    return { name, active: false, detail: 'setpriv or unshare is missing', fix: 'apt-get install util-linux' };
  }
  return { name, active: false, detail: 'boxes do not start as another user here', fix: null };
}

function seccomp({ bubblewrap, filters }: Means): Layer {
  const name = 'seccomp';
  if (filters !== null && bubblewrap !== null)
    return { name, active: true, detail: `a filter for ${process.arch}`, fix: null };
  if (bubblewrap === null) return { name, active: false, detail: 'needs namespaces', fix: null };
  return { name, active: false, detail: `no filter works on ${process.arch} here`, fix: null };
}

function memory(means: Means): Layer {
  return grouped('memory', means, 'memory', 'looked at every 25 ms instead');
}

function processes(means: Means): Layer {
  return grouped('processes', means, 'pids', 'limited by user namespace instead');
}

function freezing(means: Means): Layer {
  return grouped('freezing', means, 'freezer', 'idle boxes keep running');
}

function grouped(name: Layer['name'], { versions, reasons }: Means, controller: Controller, instead: string): Layer {
  const version = versions.get(controller);
  if (version !== undefined) return { name, active: true, detail: `control groups, version ${version}`, fix: null };
  const reason = reasons.get(controller) ?? `no control group for ${controller}`;
  const fix = process.getuid?.() === 0 ? null : AS_ROOT;
  return { name, active: false, detail: `${instead} (${reason})`, fix };
}
