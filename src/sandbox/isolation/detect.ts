import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { FunadeError } from '../../kernel/index.ts';
import { namespaceArguments } from '../boxes/bubblewrap.ts';
import type { Cgroups } from '../cgroups/cgroups.ts';
import { type FilterProfile, isFilterable } from '../seccomp/filter.ts';
import { type Filters, writeFilters } from '../seccomp/filter-files.ts';
import type { Isolation, IsolationTier } from '../port.ts';
import { type Means, layersOf, tierOf } from './layers.ts';
import { SLOTS } from './slots.ts';

const BUBBLEWRAP = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];
const UNSHARE = ['/usr/bin/unshare', '/bin/unshare'];
const CHRT = ['/usr/bin/chrt', '/bin/chrt'];
const PROBE_WITHIN = 5000;

/** What of the machine works, for whoever starts boxes; plain data, so that it can be told to another process. */
export interface Detected extends Isolation {
  /** The program, where namespaces can be made. */
  readonly bubblewrap: string | null;
  /** Whether boxes can be kept from making user namespaces of their own. */
  readonly sealable: boolean;
  readonly setpriv: string | null;
  readonly unshare: string | null;
  /** Starts a program whose waking up does not interrupt others. */
  readonly chrt: string | null;
  /** First of the user ids that boxes get, one each; null: they run as the server's user. */
  readonly firstUser: number | null;
  readonly filters: Filters | null;
  /** Whether boxes are put into control groups. */
  readonly grouped: boolean;
}

export interface DetectOptions {
  /** Takes this tier instead of the best one. Throws `FUN_ISOLATION_UNAVAILABLE` when it does not work here. */
  readonly tier?: IsolationTier | undefined;
  readonly stateDir: string;
  readonly cgroups: Cgroups;
  /** First user id of this server's boxes. */
  readonly firstUser: number;
}

/**
 * Finds out by running a box: bubblewrap may be installed and still not be allowed to make namespaces (containers, AppArmor).
 * What fails is left out, one layer after the other, until a box starts.
 */
export function detectIsolation({ tier: forced, stateDir, cgroups, firstUser }: DetectOptions): Detected {
  const setpriv = SETPRIV.find((path) => existsSync(path)) ?? null;
  const unshare = UNSHARE.find((path) => existsSync(path)) ?? null;
  const chrt = CHRT.find((path) => existsSync(path)) ?? null;
  const plain = {
    setpriv,
    unshare,
    chrt,
    bubblewrap: null,
    sealable: false,
    firstUser: null,
    filters: null,
    grouped: false,
  };
  if (forced === 'C') return describe({ ...plain, obstacle: 'isolation was turned off for this server' }, cgroups);
  const program = BUBBLEWRAP.find((path) => existsSync(path));
  const found = program === undefined ? missing(plain) : probeAll(program, { ...plain, stateDir, firstUser, forced });
  const detected = describe({ ...found, grouped: forced !== 'B' && cgroups.versions.size > 0 }, cgroups);
  if (forced !== undefined && detected.tier !== forced) {
    throw new FunadeError('FUN_ISOLATION_UNAVAILABLE', { what: `tier ${forced}`, reason: detected.reason });
  }
  return detected;
}

type Found = Omit<Detected, keyof Isolation> & { readonly obstacle: string | null };

function missing(plain: Omit<Found, 'obstacle'>): Found {
  return { ...plain, obstacle: 'bubblewrap is not installed' };
}

interface ProbePlan extends Pick<Detected, 'setpriv' | 'unshare' | 'chrt' | 'firstUser'> {
  readonly stateDir: string;
  readonly forced: IsolationTier | undefined;
}

/** The strictest box that starts. */
function probeAll(program: string, plan: ProbePlan): Found {
  const { setpriv, unshare, chrt } = plan;
  const isRoot = process.getuid?.() === 0;
  const canChangeUser = isRoot && setpriv !== null && unshare !== null && plan.forced !== 'B';
  const filters = isFilterable(process.arch) ? writeFilters(plan.stateDir, process.arch) : null;
  const attempts = [true, false].flatMap((sealable) =>
    [canChangeUser ? plan.firstUser : null, null].flatMap((firstUser) =>
      [filters, null].map((each) => ({ sealable, firstUser, filters: each })),
    ),
  );
  let obstacle = '';
  for (const attempt of attempts) {
    const reason = probe(program, { ...plan, ...attempt });
    if (reason === null) {
      return { bubblewrap: program, setpriv, unshare, chrt, ...attempt, grouped: false, obstacle: null };
    }
    obstacle ||= reason;
  }
  const none = { bubblewrap: null, sealable: false, firstUser: null, filters: null, grouped: false };
  const told = `bubblewrap is installed at ${program} but does not work: ${obstacle}`;
  return { ...none, setpriv, unshare, chrt, obstacle: told };
}

/** Why an empty box with these layers does not start; null when it does. */
function probe(program: string, plan: ProbePlan & Pick<Detected, 'sealable' | 'filters'>): string | null {
  const { firstUser, setpriv, unshare, filters, sealable } = plan;
  const filter = filters === null ? null : openSync(filters.worker, 'r');
  try {
    const user = firstUser === null ? null : firstUser + SLOTS - 1;
    const asUser =
      user === null
        ? []
        : [
            unshare ?? '',
            '--mount',
            '--propagation',
            'slave',
            setpriv ?? '',
            `--reuid=${user}`,
            `--regid=${user}`,
            '--clear-groups',
          ];
    const line = [
      ...asUser,
      program,
      ...namespaceArguments({ network: 'none', sealed: sealable, asNobody: user === null }),
      ...(filter === null ? [] : ['--seccomp', '3']),
      ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--', '/bin/sh', '-c', 'exit 0'],
    ];
    const result = spawnSync(line[0] ?? '', line.slice(1), {
      ...{ encoding: 'utf8', env: {}, timeout: PROBE_WITHIN },
      stdio: ['ignore', 'ignore', 'pipe', ...(filter === null ? [] : [filter])],
    });
    if (result.status === 0) return null;
    return result.error?.message ?? (result.stderr.trim() || `it ended with ${result.status ?? result.signal}`);
  } finally {
    if (filter !== null) closeSync(filter);
  }
}

function describe(found: Found, cgroups: Cgroups): Detected {
  const { obstacle, ...detected } = found;
  const means: Means = {
    ...detected,
    obstacle,
    versions: detected.grouped ? cgroups.versions : new Map(),
    reasons: cgroups.reasons,
  };
  const layers = layersOf(means);
  return { ...detected, layers, ...tierOf(layers) };
}

/** The filter of a box; null where there are none. */
export function filterFile(detected: Detected, profile: FilterProfile): string | null {
  return detected.filters?.[profile] ?? null;
}
