import { type Path, addWithNearest, formatPath } from '../faults.ts';
import { type ReadContext, isSection } from './context.ts';
import { addAt, valueAt } from './issues.ts';
import { readSection } from './section.ts';
import {
  type ReadStage,
  STAGE_KINDS,
  type StageKind,
  approveSchema,
  deploySchema,
  runSchema,
  stageBase,
  verifySchema,
} from './stages.ts';

/** A stage as it was read, at the path of its kind: `pipeline[3].deploy`. */
export interface StageAt {
  readonly path: Path;
  /** `undefined` where the stage is faulty. */
  readonly stage: ReadStage | undefined;
  /** The environment that it names, also where the rest of it is faulty. */
  readonly environment: { readonly name: string; readonly path: Path } | null;
}

export function readStage(context: ReadContext, path: Path): StageAt {
  const kind = kindOf(context, path);
  if (kind === undefined) return { path, stage: undefined, environment: null };
  const at = [...path, kind];
  return { path: at, stage: readBody(context, at, kind), environment: environmentOf(context, at, kind) };
}

function readBody(context: ReadContext, at: Path, kind: StageKind): ReadStage | undefined {
  switch (kind) {
    case 'deploy':
      return withKind(kind, readSection(context, deploySchema, at));
    case 'verify':
      return withKind(kind, readSection(context, verifySchema, at));
    case 'approve':
      return withKind(kind, readSection(context, approveSchema, at, valueAt(context.document.value, at) ?? {}));
    case 'validate':
    case 'build':
    case 'test':
    case 'run':
      return withKind(kind, readSection(context, runSchema, at));
  }
}

function withKind<K extends StageKind, B>(
  kind: K,
  body: B | undefined,
): { readonly kind: K; readonly body: B } | undefined {
  return body === undefined ? undefined : { kind, body };
}

function environmentOf(context: ReadContext, at: Path, kind: StageKind): StageAt['environment'] {
  if (kind !== 'deploy' && kind !== 'verify') return null;
  const short = valueAt(context.document.value, at);
  if (kind === 'deploy' && typeof short === 'string') return { name: short, path: at };
  const path = [...at, kind === 'deploy' ? 'to' : 'in'];
  const name = valueAt(context.document.value, path);
  return typeof name === 'string' ? { name, path } : null;
}

function kindOf(context: ReadContext, path: Path): StageKind | undefined {
  const value = valueAt(context.document.value, path);
  const keys = isSection(value) ? Object.keys(value).filter((key) => !key.startsWith('x-')) : [];
  const kinds = STAGE_KINDS.filter((kind) => keys.includes(kind));
  const others = keys.filter((key) => !kinds.some((kind) => kind === key));
  for (const key of others) addStrayKey(context, [...path, key], kinds[0]);
  if (kinds.length > 1) addAt(context, 'stageWithTwoKinds', path, { found: kinds.join(', ') });
  if (keys.length === 0) addAt(context, 'stageWithoutKind', path, { known: STAGE_KINDS.join(', ') });
  return kinds.length > 1 ? undefined : kinds[0];
}

/** `timeout` beside `test:` was meant for inside; anything else beside it is unknown. */
function addStrayKey(context: ReadContext, path: Path, kind: StageKind | undefined): void {
  const key = String(path.at(-1));
  const place = context.document.place(path, 'key');
  if (kind !== undefined && Object.hasOwn(stageBase, key)) {
    context.faults.add('stageKeyOutside', { key, kind }, { path, place });
    return;
  }
  const values = { key, section: formatPath(path.slice(0, -1)) };
  addWithNearest(context.faults, 'unknownKey', { word: key, known: STAGE_KINDS, values, path, place });
}
