import type { Facts, RolloutFact, WriteFact } from '../store.ts';
import { type Finding, double, illegal, repeated } from './finding.ts';

/** What the router was told: every rollout its plan's weights in order, once, under rising fences; and where it stands now. */
export function checkRouter(facts: Facts): readonly Finding[] {
  return [
    ...facts.rollouts.flatMap((rollout) => checkWeights(facts, rollout)),
    ...facts.places.flatMap(({ environment }) =>
      checkOrder(facts.writes.filter((write) => write.environment === environment)),
    ),
    ...checkKeys(facts),
    ...checkPlaces(facts),
  ];
}

/** A prefix of the plan, and 0 once when it was taken back. */
function checkWeights({ writes }: Facts, rollout: RolloutFact): readonly Finding[] {
  const own = writes.filter(({ act, key }) => act === 'weights' && key.startsWith(`${rollout.id}:`));
  const told = own.map(({ weights }) => weights.find(({ version }) => version === rollout.releaseId)?.weight ?? -1);
  const isBack = rollout.kind === 'deploy' && ['aborted', 'rolled_back'].includes(rollout.phase);
  const forward = isBack && told.at(-1) === 0 ? told.slice(0, -1) : told;
  const isPrefix = forward.every((weight, index) => weight === rollout.planned[index]);
  const isWhole = rollout.phase !== 'succeeded' || forward.length === rollout.planned.length || forward.length === 0;
  const isGivenBack = !isBack || forward.length === 0 || told.at(-1) === 0;
  const findings: Finding[] = [];
  if (!isPrefix || !isWhole || !isGivenBack) {
    const plan = rollout.planned.join(', ');
    findings.push(
      illegal(`rollout ${rollout.id} (${rollout.phase}) gave its release ${told.join(', ')} % by the plan ${plan} %`),
    );
  }
  const changes = own.filter(({ changed }) => changed).map(({ weights }) => JSON.stringify(weights));
  for (const [weights, count] of repeated(changes)) {
    findings.push(double(`rollout ${rollout.id} switched ${count} times to ${weights}`));
  }
  return findings;
}

/** Fences never fall; every change is one revision more, and nothing else is. */
function checkOrder(writes: readonly WriteFact[]): readonly Finding[] {
  return writes.flatMap((write, index) => {
    const before = writes[index - 1] ?? { fence: 0, revision: 0 };
    const isFenced = write.fence >= before.fence;
    const isNext = write.revision === before.revision + (write.changed ? 1 : 0);
    if (isFenced && isNext) return [];
    const text = `${write.key} wrote revision ${write.revision} with fence ${write.fence}`;
    return [illegal(`${text} after revision ${before.revision} with fence ${before.fence}`)];
  });
}

/** No key acts twice, and nothing acts without an intent that was committed before. */
function checkKeys({ writes, intents }: Facts): readonly Finding[] {
  const known = new Set(intents.map(({ key }) => key));
  return [
    ...repeated(writes.map(({ environment, key }) => `${environment} ${key}`)).map(([key, count]) =>
      double(`key ${key} acted ${count} times`),
    ),
    ...writes.filter(({ key }) => !known.has(key)).map(({ key }) => illegal(`${key} acted without an intent`)),
  ];
}

/** Ledger, alias and the host's own table agree: the live release has all the traffic. */
function checkPlaces({ places }: Facts): readonly Finding[] {
  return places.flatMap(({ environment, live, desired, routed }) => {
    const carrying = desired.filter(({ weight }) => weight > 0);
    const isAgreed = carrying.length === 1 && carrying[0]?.version === live && carrying[0].weight === 100;
    const findings: Finding[] = [];
    if (!isAgreed) findings.push(illegal(`${environment}: live is ${live}, the alias has ${JSON.stringify(desired)}`));
    if (JSON.stringify(desired) !== JSON.stringify(routed))
      findings.push(
        illegal(`${environment}: the alias has ${JSON.stringify(desired)}, the host ${JSON.stringify(routed)}`),
      );
    return findings;
  });
}
