import { assertNever } from '../../kernel/index.ts';
import type { Decision } from '../decision.ts';
import type { JsonObject, Review } from './review.ts';
import { fitWarnings } from './warnings.ts';

/** The AdmissionReview that answers a review, in its version. `status` reaches the user as the API server's own answer. */
export function answerOf(review: Review, decision: Decision): JsonObject {
  return {
    apiVersion: review.apiVersion,
    kind: 'AdmissionReview',
    response: { uid: review.uid, ...responseOf(decision) },
  };
}

function responseOf(decision: Decision): JsonObject {
  switch (decision.kind) {
    case 'allowed':
      return { allowed: true, ...warningsOf(decision.warnings) };
    case 'denied':
      return {
        allowed: false,
        status: statusOf(403, 'Forbidden', decision.message),
        ...warningsOf(decision.warnings),
      };
    case 'invalid':
      return {
        allowed: false,
        status: {
          ...statusOf(422, 'Invalid', decision.message),
          details: {
            causes: decision.faults.map(({ path, message }) => ({ reason: 'FieldValueInvalid', message, field: path })),
          },
        },
      };
    case 'uncertain':
      return {
        allowed: false,
        status: {
          ...statusOf(503, 'ServiceUnavailable', decision.message),
          details: { retryAfterSeconds: decision.retryAfterSeconds },
        },
      };
    default:
      return assertNever(decision);
  }
}

function statusOf(code: number, reason: string, message: string): JsonObject {
  return { status: 'Failure', code, reason, message: message.toWellFormed() };
}

/** Both versions know warnings; API servers before 1.19 ignore them. */
function warningsOf(warnings: readonly string[]): JsonObject {
  return warnings.length === 0 ? {} : { warnings: fitWarnings(warnings) };
}
