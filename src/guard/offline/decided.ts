import type { Decision } from '../decision.ts';
import type { DecisionLabel } from '../port.ts';
import { answerOf } from '../review/answer.ts';
import type { JsonObject, Review } from '../review/review.ts';
import { labelOf } from '../server/decision-log.ts';
import { reasonAndFix } from './reason-and-fix.ts';

/** One request with what the guard says to it. */
export interface Decided {
  /** `Deployment/web`; `deployments/scale` reads `Scale/web`. */
  readonly object: string;
  readonly namespace: string;
  readonly operation: string;
  readonly user: string;
  readonly label: DecisionLabel;
  /** Whether the request goes on. */
  readonly allowed: boolean;
  /** Why, one entry each, with how to mend it. */
  readonly reasons: readonly { readonly reason: string; readonly fix: string | null }[];
  /** Why nothing was judged: of a skip or a bypass. */
  readonly because: string | null;
  /** What the API server would get. */
  readonly answer: JsonObject;
}

export function decidedOf(review: Review, decision: Decision): Decided {
  return {
    object: `${review.kind.kind}/${review.name ?? '-'}`,
    namespace: review.namespace ?? '-',
    operation: review.operation,
    user: review.user.name,
    label: labelOf(decision),
    allowed: decision.kind === 'allowed',
    reasons: linesOf(decision).map(reasonAndFix),
    because: decision.kind === 'allowed' ? (decision.skipped ?? decision.bypassed) : null,
    answer: answerOf(review, decision),
  };
}

/** A denial for several violations tells them as a list under a heading. */
function linesOf(decision: Decision): readonly string[] {
  if (decision.kind === 'allowed') return decision.warnings;
  const lines = decision.message.split('\n');
  const items = lines.filter((line) => line.startsWith('- ')).map((line) => line.slice(2));
  const told = items.length > 0 ? items : lines;
  return decision.kind === 'denied' ? [...told, ...decision.warnings] : told;
}
