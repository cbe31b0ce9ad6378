import type { GuardRules } from '../../config/index.ts';
import type { Finding } from './policy.ts';

/** Findings of a state beside those of the state before. */
export interface Ratchet {
  /** Violations that were not there before. */
  readonly introduced: readonly Finding[];
  /** Violations that were there before; `mended`: less bad than before. */
  readonly existing: readonly { readonly finding: Finding; readonly mended: boolean }[];
  readonly notices: readonly Finding[];
  /** How many were there before and are not any more. */
  readonly ended: number;
}

/** A notice before is not a violation before: what only warned may become a violation, and is introduced then. */
export function ratchet(before: readonly Finding[], after: readonly Finding[]): Ratchet {
  const known = worstByKey(before.filter(isViolation));
  const found = [...worstByKey(after.filter(isViolation)).values()];
  const violated = new Set(found.map((finding) => finding.key));
  const notices = [...worstByKey(after.filter((finding) => !isViolation(finding))).values()];
  return {
    introduced: found.filter((finding) => !known.has(finding.key)),
    existing: found.flatMap((finding) => {
      const earlier = known.get(finding.key);
      return earlier === undefined ? [] : [{ finding, mended: finding.degree < earlier.degree }];
    }),
    notices: notices.filter((finding) => !violated.has(finding.key)),
    ended: [...known.keys()].filter((key) => !violated.has(key)).length,
  };
}

/** What a policy in mode `deny` refuses: what is new, and under `existingViolations: deny` also what is not being mended. */
export function refused(sides: Ratchet, rules: Pick<GuardRules, 'existingViolations'>): readonly Finding[] {
  if (rules.existingViolations === 'allow') return sides.introduced;
  return [...sides.introduced, ...sides.existing.flatMap((each) => (each.mended ? [] : [each.finding]))];
}

export function isViolation(finding: Finding): boolean {
  return finding.severity === 'violation';
}

/** An object may be in several states at once, which are found several times. */
function worstByKey(findings: readonly Finding[]): ReadonlyMap<string, Finding> {
  const worst = new Map<string, Finding>();
  for (const finding of findings) {
    const other = worst.get(finding.key);
    if (other === undefined || finding.degree > other.degree) worst.set(finding.key, finding);
  }
  return worst;
}
