import type { GuardRules } from '../../config/index.ts';
import type { Change } from '../objects/state.ts';
import type { Need, Reads } from '../world.ts';
import type { Policy } from './policy.ts';
import { ratchet, refused } from './ratchet.ts';

/**
 * How much depends on what has to be known: judged in the worst world that there could be. `null`: nothing would be found
 * even there, so that nothing has to be known.
 */
export function weightIn(worst: Reads, change: Change, find: Policy['find'], rules: GuardRules): Need['weight'] | null {
  const after = find(change.after, worst, rules);
  if (after.length === 0) return null;
  const before = change.before === null ? [] : find(change.before, worst, rules);
  return refused(ratchet(before, after), rules).length > 0 ? 'decides' : 'informs';
}

/** A world of which nothing is known. */
export const NOTHING_KNOWN: Reads = {
  hpasOn: () => [],
  deployment: () => [],
  deploymentsIn: () => [],
  released: () => true,
};
