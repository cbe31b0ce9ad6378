import { posix } from 'node:path';

/** A room is a folder below `src` (or one of the root files `compose.ts`, `roles.ts`, `main.ts`); `contract` is `src/api/contract`. */
export type Room = string;

const GROUND = ['kernel'] as const;
const FIRST = ['kernel', 'config', 'store', 'queue', 'sandbox', 'git'] as const;
const SECOND = [
  'forges',
  'intake',
  'agent',
  'loop',
  'releases',
  'rollouts',
  'targets',
  'functions',
  'guard',
  'insights',
  'notify',
] as const;

/**
 * Which rooms a room may import through their `index.ts`. A room may only name rooms that stand before it, so that a
 * circle between rooms can't be written down; `house.test.ts` holds the table to that.
 */
export const ROOMS: ReadonlyMap<Room, readonly Room[]> = new Map<Room, readonly Room[]>([
  ['kernel', []],
  ['config', GROUND],
  ['store', ['kernel', 'config']],
  ['queue', ['kernel', 'config', 'store']],
  ['sandbox', ['kernel', 'config', 'store', 'queue']],
  ['git', ['kernel', 'config', 'store', 'queue', 'sandbox']],
  ['contract', []],
  ['roles', ['kernel', 'config']],
  ['forges', FIRST],
  ['rollouts', FIRST],
  ['releases', FIRST],
  ['functions', FIRST],
  ['guard', FIRST],
  ['insights', FIRST],
  ['notify', FIRST],
  ['intake', [...FIRST, 'forges']],
  ['agent', [...FIRST, 'forges']],
  ['loop', [...FIRST, 'forges']],
  ['targets', FIRST],
  ['api', [...FIRST, ...SECOND, 'contract', 'roles']],
  ['compose', [...FIRST, ...SECOND, 'contract', 'roles', 'api']],
  ['cli', ['kernel', 'config', 'contract']],
  ['main', [...FIRST, ...SECOND, 'contract', 'roles', 'api', 'compose', 'cli']],
]);

/** Doors beside `index.ts` that one room, or one file, may use. */
export const EXTRA_DOORS: readonly { readonly from: string; readonly to: string }[] = [
  { from: 'src/targets/', to: 'src/rollouts/port.ts' },
  { from: 'src/cli/commands/serve.ts', to: 'src/compose.ts' },
  { from: 'src/cli/commands/serve.ts', to: 'src/compose/index.ts' },
  { from: 'src/cli/commands/serve.ts', to: 'src/roles.ts' },
  { from: 'src/cli/commands/serve.ts', to: 'src/guard/index.ts' },
  // The guard's tools work offline, with the very rules that the webhook has.
  { from: 'src/cli/commands/guard', to: 'src/guard/index.ts' },
];

/** Where a file stands. `test` files and `tools` may look into every room through its doors. */
export type Place =
  | { readonly kind: 'room'; readonly room: Room }
  | { readonly kind: 'test'; readonly room: Room | null }
  | { readonly kind: 'tools' | 'web' | 'elsewhere' }
  | { readonly kind: 'stray' };

/** Place of a path relative to the repository, with forward slashes. */
export function placeOf(path: string): Place {
  if (path.startsWith('test/')) return { kind: 'test', room: roomUnderTest(path) };
  if (isTestFile(path)) return { kind: 'test', room: roomOf(path) };
  if (path.startsWith('tools/') || path.startsWith('bin/')) return { kind: 'tools' };
  if (path.startsWith('web/')) return { kind: 'web' };
  if (!path.startsWith('src/')) return { kind: 'elsewhere' };
  const room = roomOf(path);
  return room !== null && ROOMS.has(room) ? { kind: 'room', room } : { kind: 'stray' };
}

export function isTestFile(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}

/** `test/api.ts`, `test/api/…` and `test/golden/cli-screens.test.ts` belong to the room they begin with the name of. */
function roomUnderTest(path: string): Room | null {
  const words = path.split('/').map((part) => part.split(/[.-]/)[0] ?? '');
  return words.find((word) => ROOMS.has(word)) ?? null;
}

function roomOf(path: string): Room | null {
  if (path.startsWith('src/api/contract/')) return 'contract';
  return /^src\/([^/]+?)(?:\/|\.ts$)/.exec(path)?.[1] ?? null;
}

/** The file that stands for a room: its `index.ts`, or the root file itself. */
function isDoor(path: string): boolean {
  return /^src\/(?:[^/]+|api\/contract)\/index\.ts$/.test(path) || /^src\/[^/]+\.ts$/.test(path);
}

export interface ImportOf {
  /** Importing file, relative to the repository. */
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Why an import breaks the order of the house, or `null` when it keeps it. */
export function breach(edge: ImportOf): string | null {
  if (!edge.specifier.startsWith('.')) return null;
  const to = posix.join(posix.dirname(edge.from), edge.specifier);
  const place = placeOf(edge.from);
  switch (place.kind) {
    case 'elsewhere':
      return null;
    case 'stray':
      return `${edge.from} stands in no room: put it into a folder of src that tools/lint/house.ts knows`;
    case 'web':
      return webBreach(to, edge.typeOnly);
    case 'tools':
      return lookInBreach(to, null);
    case 'test':
      return lookInBreach(to, place.room);
    case 'room':
      return roomBreach(edge.from, place.room, to);
  }
}

/** The one file of `src` that the dashboard takes values from: texts that the terminal shows as well. It imports nothing. */
const TEXTS_FOR_WEB = 'src/api/contract/reasons.ts';

function webBreach(to: string, typeOnly: boolean): string | null {
  if (to.startsWith('web/') || to === TEXTS_FOR_WEB) return null;
  if (to !== 'src/api/contract/index.ts') return `web imports only itself and the types of src/api/contract, not ${to}`;
  return typeOnly ? null : 'web imports only types of src/api/contract: write `import type`';
}

function lookInBreach(to: string, own: Room | null): string | null {
  if (!to.startsWith('src/')) return null;
  const room = roomOf(to);
  if (room === own && room !== null) return null;
  if (isDoor(to) || /^src\/[^/]+\/port\.ts$/.test(to)) return null;
  return `tests and tools enter a room through its index.ts or port.ts, not through ${to}`;
}

function roomBreach(from: string, room: Room, to: string): string | null {
  if (!to.startsWith('src/')) return `src imports nothing outside src, not ${to}`;
  const target = roomOf(to);
  if (target === null || !ROOMS.has(target)) return `${to} stands in no room that tools/lint/house.ts knows`;
  if (isTestFile(to)) return `only tests import ${to}`;
  if (target === room) return null;
  if (EXTRA_DOORS.some((door) => from.startsWith(door.from) && to === door.to)) return null;
  if (ROOMS.get(room)?.includes(target) !== true) {
    const allowed = ROOMS.get(room)?.join(', ') ?? '';
    return `${room} may not import ${target}; it may import ${allowed === '' ? 'no other room' : allowed}`;
  }
  return isDoor(to) ? null : `enter ${target} through its index.ts, not through ${to}`;
}
