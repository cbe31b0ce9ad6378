import type { GuardProfile } from '../../config/index.ts';
import { assertNever } from '../../kernel/index.ts';
import type { Decision } from '../decision.ts';
import { classOf, isGuardErrorCode } from '../errors.ts';
import type { DecisionLabel } from '../port.ts';
import type { Review } from '../review/review.ts';
import type { Uncertainty } from '../world.ts';
import type { DecisionSink } from './guard-log.ts';

/** Names of Kubernetes have at most 253 characters; what is longer was not checked by anyone yet. */
const MOST_NAME = 253;
const MOST_UID = 64;
const MOST_DETAIL = 500;
const MOST_POLICIES = 20;

export function labelOf(decision: Decision): DecisionLabel {
  if (decision.kind !== 'allowed') return decision.kind;
  if (decision.uncertain !== null) return 'uncertain';
  if (decision.bypassed !== null) return 'bypassed';
  if (decision.skipped !== null) return 'skipped';
  const isQuiet = decision.warnings.length === 0 && decision.existing.length === 0 && decision.warned.length === 0;
  return isQuiet ? 'allowed' : 'warned';
}

/** Status that the decision has for the user of the API server. */
export function statusOf(decision: Decision): number {
  switch (decision.kind) {
    case 'allowed':
      return 200;
    case 'denied':
      return 403;
    case 'invalid':
      return 422;
    case 'uncertain':
      return 503;
    default:
      return assertNever(decision);
  }
}

export function uncertaintyOf(decision: Decision): Uncertainty | null {
  if (decision.kind === 'uncertain') return decision.uncertainty;
  return decision.kind === 'allowed' ? decision.uncertain : null;
}

export interface Decided {
  readonly review: Review;
  readonly decision: Decision;
  readonly label: DecisionLabel;
  readonly milliseconds: number;
}

/** One line per decision: who wanted what, and what came of it. Never the object, nor any text that it brought. */
export function tellDecision(sink: DecisionSink, profile: GuardProfile, decided: Decided): void {
  const { review, decision, label } = decided;
  const fields = {
    uid: cut(review.uid, MOST_UID),
    namespace: review.namespace === null ? null : cut(review.namespace, MOST_NAME),
    name: review.name === null ? null : cut(review.name, MOST_NAME),
    operation: review.operation,
    kind: cut(review.kind.kind, MOST_NAME),
    subresource: review.subresource === null ? null : cut(review.subresource, MOST_NAME),
    user: cut(review.user.name, MOST_NAME),
    decision: label,
    code: statusOf(decision),
    policies: policiesOf(decision),
    ms: Math.round(decided.milliseconds * 1000) / 1000,
    dryRun: review.dryRun,
  };
  const uncertainty = uncertaintyOf(decision);
  if (uncertainty !== null) {
    sink.warn({ ...fields, ...uncertaintyFields(uncertainty, profile) }, 'A change could not be judged.');
    return;
  }
  sink.info(reasonOf(decision, fields), 'A change was judged.');
}

type Fields = Readonly<Record<string, unknown>>;

function reasonOf(decision: Decision, fields: Fields): Fields {
  if (decision.kind !== 'allowed') return fields;
  if (decision.bypassed !== null) return { ...fields, reason: decision.bypassed };
  return decision.skipped === null ? fields : { ...fields, reason: decision.skipped };
}

/** A missing permission is told everywhere: its detail is made by the guard. Other details may carry hosts. */
function uncertaintyFields({ reason, detail }: Uncertainty, profile: GuardProfile): Fields {
  const about = { reason, class: isGuardErrorCode(reason) ? classOf(reason) : 'internal' };
  const isTold = reason === 'forbidden' || reason === 'internal' || profile === 'development';
  return isTold ? { ...about, detail: cut(detail, MOST_DETAIL) } : about;
}

const NONE: readonly string[] = [];

/** Names of the policies that spoke, each once. */
function policiesOf(decision: Decision): readonly string[] {
  switch (decision.kind) {
    case 'allowed': {
      const { existing, warned, notices } = decision;
      if (existing.length === 0 && warned.length === 0 && notices.length === 0) return NONE;
      return namesOf([...existing, ...warned, ...notices]);
    }
    case 'denied':
      return namesOf(decision.violations);
    case 'invalid':
    case 'uncertain':
      return NONE;
    default:
      return assertNever(decision);
  }
}

function namesOf(violations: readonly { readonly policy: string }[]): readonly string[] {
  return [...new Set(violations.map(({ policy }) => policy))].slice(0, MOST_POLICIES);
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}
