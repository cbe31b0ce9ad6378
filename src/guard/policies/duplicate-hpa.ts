import type { GuardRules } from '../../config/index.ts';
import type { Change, State } from '../objects/state.ts';
import type { Need, Reads } from '../world.ts';
import { severityOf } from './hpas.ts';
import type { Finding, Policy } from './policy.ts';
import { NOTHING_KNOWN, weightIn } from './weight.ts';

/** Told of one HPA. Each pair would be half a million of violations among a thousand HPAs that somebody made in a loop. */
const MOST_OTHERS = 10;

/** A second HPA on the same target, of whatever kind: each undoes what the other does. */
export const duplicateHpa: Policy = { name: 'duplicateHpa', about: ['hpa'], asked: () => true, needs, find };

function find(state: State, reads: Reads, rules: GuardRules): readonly Finding[] {
  if (state.kind !== 'hpa') return [];
  const { hpa } = state;
  const own = severityOf(hpa, rules);
  if (own === null) return [];
  const others = reads.hpasOn(hpa.target).flatMap((other) => {
    const severity = severityOf(other, rules);
    return other.name === hpa.name || severity === null ? [] : [{ other, severity }];
  });
  const [violations, notices] = [others.filter(isViolating), others.filter((one) => !isViolating(one))];
  return [...violations, ...notices].slice(0, MOST_OTHERS).map(({ other, severity }) => {
    const [first, second] = [hpa.name, other.name].toSorted();
    return {
      key: `${hpa.target.kind}.${hpa.target.group}/${hpa.target.name} under HorizontalPodAutoscaler/${first} and HorizontalPodAutoscaler/${second}`,
      degree: 0,
      severity: own === 'notice' ? own : severity,
      text: 'duplicateHpa',
      values: { hpa: hpa.name, other: other.name, kind: hpa.target.kind, target: hpa.target.name },
    };
  });
}

function isViolating({ severity }: { readonly severity: Finding['severity'] }): boolean {
  return severity === 'violation';
}

function needs(change: Change, rules: GuardRules): readonly Need[] {
  if (change.after.kind !== 'hpa') return [];
  const { hpa } = change.after;
  // Another HPA on every target: its name is one that no HPA has.
  const worst: Reads = { ...NOTHING_KNOWN, hpasOn: (target) => [{ ...hpa, target, name: '', keda: false }] };
  const weight = weightIn(worst, change, find, rules);
  return weight === null ? [] : [{ weight, kind: 'hpasOn', target: hpa.target }];
}
