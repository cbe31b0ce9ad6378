import type { GuardRules } from '../../config/index.ts';
import type { Change, DisruptionBudget, State } from '../objects/state.ts';
import type { Need, Reads } from '../world.ts';
import type { Finding, Policy } from './policy.ts';
import { selects, selectsTheSame } from './selects.ts';

/**
 * A PodDisruptionBudget under which no pod may ever go, so that a node with one of its pods can't be drained. Found by its
 * own numbers, and by the replicas of the Deployments that it selects; pods of other owners are not seen.
 */
export const disruptionBudgetNeverSatisfied: Policy = {
  name: 'disruptionBudgetNeverSatisfied',
  about: ['budget'],
  asked: () => true,
  needs,
  find,
};

/** A number of pods, or percent of them. */
type Amount = { readonly kind: 'pods' | 'percent'; readonly value: number } | null;

function find(state: State, reads: Reads): readonly Finding[] {
  if (state.kind !== 'budget') return [];
  const { budget } = state;
  const fields = [
    ['minAvailable', budget.minAvailable],
    ['maxUnavailable', budget.maxUnavailable],
  ] as const;
  const unreadable = fields.flatMap(([field, value]) =>
    value !== null && amountOf(value) === null ? [found(budget, 'budgetUnreadable', { field, value })] : [],
  );
  const both =
    budget.minAvailable !== null && budget.maxUnavailable !== null ? [found(budget, 'budgetBothFields', {})] : [];
  return [...unreadable, ...both, ...findNoneAllowed(budget), ...findAllNeeded(budget, reads)];
}

/** `maxUnavailable` of 0, in pods or percent: whatever there is, none of it may go. */
function findNoneAllowed(budget: DisruptionBudget): readonly Finding[] {
  const { minAvailable, maxUnavailable } = budget;
  return [
    ...(amountOf(maxUnavailable)?.value === 0
      ? [found(budget, 'budgetAllowsNone', { field: 'maxUnavailable', value: maxUnavailable ?? '' })]
      : []),
    ...(isAll(amountOf(minAvailable))
      ? [found(budget, 'budgetAllowsNone', { field: 'minAvailable', value: minAvailable ?? '' })]
      : []),
  ];
}

function isAll(amount: Amount): boolean {
  return amount?.kind === 'percent' && amount.value === 100;
}

/**
 * As many available as there are replicas. Kubernetes counts all pods that are selected together, and rounds percentages up.
 * While a Deployment is being changed it is in two states: the larger one counts, since only what surely can't be is told.
 */
function findAllNeeded(budget: DisruptionBudget, reads: Reads): readonly Finding[] {
  const amount = amountOf(budget.minAvailable);
  const { selector } = budget;
  if (amount === null || amount.value === 0 || isAll(amount) || selector === null) return [];
  const replicas = new Map<string, number>();
  for (const deployment of reads.deploymentsIn(budget.namespace)) {
    if (!selects(selector, deployment.podLabels)) continue;
    replicas.set(deployment.name, Math.max(deployment.replicas, replicas.get(deployment.name) ?? 0));
  }
  const total = [...replicas.values()].reduce((sum, each) => sum + each, 0);
  const wanted = amount.kind === 'pods' ? amount.value : Math.ceil((amount.value * total) / 100);
  if (total === 0 || wanted < total) return [];
  const deployments = [...replicas.keys()].toSorted().join(', ');
  const values = { value: budget.minAvailable ?? '', replicas: total, deployments };
  return [{ ...found(budget, 'budgetNeedsAll', values), degree: wanted - total }];
}

function found(
  budget: DisruptionBudget,
  text: 'budgetUnreadable' | 'budgetBothFields' | 'budgetAllowsNone' | 'budgetNeedsAll',
  values: Readonly<Record<string, string | number>>,
): Finding {
  const field = values['field'] === undefined ? '' : ` ${values['field']}`;
  return {
    key: `PodDisruptionBudget/${budget.name} ${text}${field}`,
    degree: 0,
    severity: 'violation',
    text,
    values: { ...values, name: budget.name },
  };
}

function amountOf(value: number | string | null): Amount {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? { kind: 'pods', value } : null;
  const percent = value === null ? undefined : /^(\d{1,3})%$/.exec(value)?.[1];
  if (percent === undefined || Number(percent) > 100) return null;
  return { kind: 'percent', value: Number(percent) };
}

/** With the same pods selected, an amount that is not raised introduces nothing. */
function needs(change: Change, rules: GuardRules): readonly Need[] {
  const { before, after } = change;
  if (after.kind !== 'budget') return [];
  const { budget } = after;
  const amount = amountOf(budget.minAvailable);
  if (amount === null || amount.value === 0 || isAll(amount) || budget.selector === null) return [];
  const decides = rules.existingViolations === 'deny' || before?.kind !== 'budget' || mayBeWorse(before.budget, budget);
  return [{ weight: decides ? 'decides' : 'informs', kind: 'deploymentsIn', namespace: budget.namespace }];
}

function mayBeWorse(before: DisruptionBudget, after: DisruptionBudget): boolean {
  const [old, now] = [amountOf(before.minAvailable), amountOf(after.minAvailable)];
  if (old === null || now === null || old.kind !== now.kind || old.value < now.value) return true;
  if (before.selector === null || after.selector === null) return true;
  return !selectsTheSame(before.selector, after.selector);
}
