import type { GuardRules } from '../config/index.ts';
import { assertNever } from '../kernel/index.ts';
import type { Change, State } from './objects/state.ts';
import { comparable } from './policies/comparable.ts';
import { policies } from './policies/index.ts';
import type { Finding, Policy, Violation } from './policies/policy.ts';
import { type Ratchet, isViolation, ratchet, refused } from './policies/ratchet.ts';
import type { Need, Reads } from './world.ts';

/** What all policies together say of a change, in their order. */
export interface Verdict {
  /** Why the change is denied; empty: it is allowed. */
  readonly denied: readonly Violation[];
  /** New with this change, of policies in mode `deny`; always part of `denied`. */
  readonly introduced: readonly Violation[];
  /** There before, in whatever mode; part of `denied` only under `existingViolations: deny`, unless they are being mended. */
  readonly existing: readonly Violation[];
  /** New with this change, of policies in mode `warn`. */
  readonly warned: readonly Violation[];
  /** Worth a word, and never a denial. */
  readonly notices: readonly Violation[];
}

/** Asks every policy about a change, and tells all violations at once. Pure: only arguments decide. */
export function judge(change: Change, reads: Reads, rules: GuardRules): Verdict {
  const compared = comparable(change);
  const judged = policiesAbout(change.after.kind, rules).map((policy) => ({
    policy,
    sides: compare(policy, compared, reads, rules),
  }));
  // What mends one violation and makes none is let through with the others that stand: nobody mends all at once.
  const lenient: GuardRules = isMending(judged, rules) ? { ...rules, existingViolations: 'allow' } : rules;
  const verdicts = judged.map((one) => verdictOf(one, lenient));
  return {
    denied: verdicts.flatMap((each) => each.denied),
    introduced: verdicts.flatMap((each) => each.introduced),
    existing: verdicts.flatMap((each) => each.existing),
    warned: verdicts.flatMap((each) => each.warned),
    notices: verdicts.flatMap((each) => each.notices),
  };
}

/** What has to be known to judge a change. Only a policy in mode `deny` can make a need decide. */
export function needsOf(change: Change, rules: GuardRules): readonly Need[] {
  const compared = comparable(change);
  const needs = new Map<string, Need>();
  for (const policy of policiesAbout(change.after.kind, rules)) {
    for (const need of policy.needs(compared, rules)) {
      const weighed: Need = isDenying(policy, rules) ? need : { ...need, weight: 'informs' };
      const key = keyOf(need);
      if (needs.get(key)?.weight !== 'decides') needs.set(key, weighed);
    }
  }
  return [...needs.values()];
}

/** All violations of a state as it is, of every policy that is on; notices are none. */
export function standing(state: State, reads: Reads, rules: GuardRules): readonly Violation[] {
  return policiesAbout(state.kind, rules).flatMap((policy) => {
    const { introduced } = ratchet([], policy.find(state, reads, rules));
    return introduced.map((finding) => labelled(policy, finding));
  });
}

/** The policies that judge a kind of state under these rules. */
export function policiesAbout(kind: State['kind'], rules: GuardRules): readonly Policy[] {
  return [...policies.values()].filter(
    (policy) => rules.policies[policy.name] !== 'off' && policy.about.includes(kind) && policy.asked(rules),
  );
}

interface Judged {
  readonly policy: Policy;
  readonly sides: Ratchet;
}

function isMending(judged: readonly Judged[], rules: GuardRules): boolean {
  const denying = judged.filter(({ policy }) => isDenying(policy, rules));
  return (
    denying.every(({ sides }) => sides.introduced.length === 0) &&
    denying.some(({ sides }) => sides.ended > 0 || sides.existing.some(({ mended }) => mended))
  );
}

function verdictOf({ policy, sides }: Judged, rules: GuardRules): Verdict {
  const isNew = sides.introduced.map((finding) => labelled(policy, finding));
  const denying = isDenying(policy, rules);
  return {
    denied: denying ? refused(sides, rules).map((finding) => labelled(policy, finding)) : [],
    introduced: denying ? isNew : [],
    existing: sides.existing.map(({ finding }) => labelled(policy, finding)),
    warned: denying ? [] : isNew,
    notices: sides.notices.map((finding) => labelled(policy, finding)),
  };
}

/** The state before is judged in the same world: only what the request itself changes may be held against it. */
function compare(policy: Policy, change: Change, reads: Reads, rules: GuardRules): Ratchet {
  const { before, after } = change;
  const found = policy.find(after, reads, rules);
  const needsBefore = found.some(isViolation) || rules.existingViolations === 'deny';
  if (before === null || !needsBefore) return ratchet([], found);
  return ratchet(policy.find(before, reads, rules), found);
}

function isDenying(policy: Policy, rules: GuardRules): boolean {
  return rules.policies[policy.name] === 'deny';
}

function labelled(policy: Policy, finding: Finding): Violation {
  return { policy: policy.name, ...finding };
}

function keyOf(need: Need): string {
  switch (need.kind) {
    case 'hpasOn': {
      const { namespace, group, kind, name } = need.target;
      return JSON.stringify([need.kind, namespace, group, kind, name]);
    }
    case 'deployment':
      return JSON.stringify([need.kind, need.namespace, need.name]);
    case 'deploymentsIn':
      return JSON.stringify([need.kind, need.namespace]);
    case 'released':
      return JSON.stringify([need.kind, need.digest]);
    default:
      return assertNever(need);
  }
}

/** Reads in which nothing is held against a request that could not be learnt. */
export function assumingBest(reads: Reads, unknown: readonly Need[]): Reads {
  const digests = new Set(unknown.flatMap((need) => (need.kind === 'released' ? [need.digest] : [])));
  if (digests.size === 0) return reads;
  return {
    hpasOn: (target) => reads.hpasOn(target),
    deployment: (namespace, name) => reads.deployment(namespace, name),
    deploymentsIn: (namespace) => reads.deploymentsIn(namespace),
    released: (digest) => digests.has(digest) || reads.released(digest),
  };
}
