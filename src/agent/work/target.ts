import type { ChangeState, Forge } from '../../forges/index.ts';
import { type Place, ask, keyOf } from './place.ts';

/** Where the work begins, where it is pushed to, and the change that it is part of already. */
export interface Target {
  readonly base: string;
  readonly branch: string;
  /** The pull or merge request that is worked on itself: its own branch gets the work. */
  readonly own: ChangeState | null;
}

export type TargetFound =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'impossible'; readonly reason: 'default_branch_missing' | 'subject_gone' | 'fork_change' };

/**
 * An issue is worked on from the default branch. A change of ours gets the work on its branch; of another one a change of its own is
 * proposed to it, so that nobody finds commits of an agent on a branch of theirs.
 */
export async function findTarget(place: Place, forge: Forge, prefix: string): Promise<TargetFound> {
  const { repository, kind, number } = keyOf(place.task);
  if (kind === 'issue') {
    const { defaultBranch } = await ask(place, () => forge.repository(repository));
    if (defaultBranch === null) return { kind: 'impossible', reason: 'default_branch_missing' };
    return { kind: 'target', target: { base: defaultBranch, branch: `${prefix}issue-${number}`, own: null } };
  }
  const change = await ask(place, () => forge.readChange(repository, number));
  if (change === null) return { kind: 'impossible', reason: 'subject_gone' };
  if (change.headRepository?.toLowerCase() !== repository.fullName.toLowerCase())
    return { kind: 'impossible', reason: 'fork_change' };
  if (change.head.startsWith(prefix))
    return { kind: 'target', target: { base: change.base, branch: change.head, own: change } };
  return { kind: 'target', target: { base: change.head, branch: `${prefix}change-${number}`, own: null } };
}
