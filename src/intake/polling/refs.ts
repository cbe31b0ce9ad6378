import { matchesPattern } from '../../config/index.ts';
import { type Fresh, type Ref, type Repository, readRef } from '../../forges/index.ts';
import type { AdmissibleEvent } from '../port.ts';
import type { RefMemory } from './memory.ts';
import type { PolledApplication } from './port.ts';

export interface RefMove {
  readonly ref: string;
  /** Null: it was not there at the last look. */
  readonly before: string | null;
  readonly after: string;
}

/** Where branches and tags moved since they were remembered; other refs, and names that are no safe argument, do not count. */
export function compareRefs(
  before: ReadonlyMap<string, string>,
  now: readonly Ref[],
): { readonly moves: readonly RefMove[]; readonly gone: readonly string[] } {
  const current = new Map(now.filter(isBranchOrTag).map(({ ref, sha }) => [ref, sha]));
  const moves = [...current].flatMap(([ref, after]) => {
    const known = before.get(ref) ?? null;
    return known === after ? [] : [{ ref, before: known, after }];
  });
  return { moves, gone: [...before.keys()].filter((ref) => !current.has(ref)) };
}

function isBranchOrTag({ ref }: Ref): boolean {
  const { kind } = readRef(ref);
  return kind === 'branch' || kind === 'tag';
}

export interface RefLook {
  /** Moves that an application may want. */
  readonly moves: readonly RefMove[];
  readonly memory: RefMemory;
  /** Null: as before. */
  readonly changes: { readonly moved: ReadonlyMap<string, string>; readonly gone: readonly string[] } | null;
}

/**
 * Pushes that no webhook told of, and that one did tell of too: the admission knows. The first look only remembers, so that a
 * repository that is new here is not released from all its branches. Every ref is remembered, wanted or not, so that a pattern
 * that is new does not make old branches new.
 */
export async function lookForMoves(question: {
  readonly by: RefMemory['by'];
  readonly list: (etag: string | null) => Promise<Fresh<readonly Ref[]>>;
  readonly readBefore: () => Promise<ReadonlyMap<string, string>>;
  readonly memory: RefMemory | undefined;
  readonly applications: readonly PolledApplication[];
  readonly now: number;
}): Promise<RefLook> {
  const { by, applications, now } = question;
  const known = question.memory?.by === by ? question.memory : undefined;
  const before = known ?? { by, etag: null, round: Math.floor(now / 1000) };
  const fresh = await question.list(before.etag);
  if (fresh.kind === 'unchanged') return { moves: [], memory: before, changes: null };
  const { moves, gone } = compareRefs(await question.readBefore(), fresh.value);
  const memory = { by, etag: fresh.etag, round: before.round };
  if (moves.length === 0 && gone.length === 0) return { moves, memory, changes: null };
  return {
    moves: known === undefined ? [] : moves.filter((move) => isWanted(move, applications)),
    memory: { ...memory, round: before.round + 1 },
    changes: { moved: new Map(moves.map(({ ref, after }) => [ref, after])), gone },
  };
}

function isWanted({ ref }: RefMove, applications: readonly PolledApplication[]): boolean {
  const name = readRef(ref);
  if (name.kind !== 'branch' && name.kind !== 'tag') return false;
  return applications.some(({ refs }) => {
    const patterns = name.kind === 'branch' ? refs.branches : refs.tags;
    return patterns.some((pattern) => matchesPattern(pattern, name.name));
  });
}

/** A move as a webhook would tell it. Who pushed is not known: the refs of a repository do not say. */
export function eventOf({ ref, before, after }: RefMove, repository: Repository): AdmissibleEvent {
  const name = readRef(ref);
  const change = {
    repository,
    ref,
    before,
    after,
    actor: 'automation',
    headCommit: null,
    deleted: false,
    forced: false,
  };
  if (name.kind === 'branch') return { kind: 'push', branch: name.name, ...change };
  if (name.kind === 'tag') return { kind: 'tag', tag: name.name, ...change };
  throw new RangeError(`${ref} is neither a branch nor a tag`);
}
