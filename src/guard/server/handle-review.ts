import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GuardConfig } from '../../config/index.ts';
import { type Logger, newId } from '../../kernel/index.ts';
import type { Decision } from '../decision.ts';
import { troubleFields } from '../errors.ts';
import type { Decider, GuardMetrics } from '../port.ts';
import { answerOf } from '../review/answer.ts';
import { parseReview } from '../review/parse-review.ts';
import type { Review } from '../review/review.ts';
import { type BodyEnd, declaredLength, readBody } from './body.ts';
import { createDecisionTimes } from './deadline.ts';
import { createDeciding } from './deciding.ts';
import { labelOf, tellDecision, uncertaintyOf } from './decision-log.ts';
import type { DecisionSink } from './guard-log.ts';
import { withoutManagedFields } from './managed-fields.ts';
import { isTooDeep } from './nesting.ts';
import { PROBLEMS, type ProblemCode, problemText } from './problem.ts';
import { refuse, respond } from './respond.ts';
import { tellTrouble } from './trouble.ts';

const PATH = '/validate';
const JSON_TYPE = /^application\/json[\t ]*(?:;|$)/i;

export interface ReviewHandlerOptions {
  readonly config: Pick<GuardConfig, 'profile' | 'language' | 'rules' | 'server'>;
  readonly decider: Decider;
  readonly metrics: GuardMetrics;
  readonly logger: Logger;
  readonly decisions: DecisionSink;
  /** Whether this process is about to end: answers then end their connections. */
  isClosing(): boolean;
}

/** `proceed` is called when the body is wanted, for a caller that waits to be told so (`Expect: 100-continue`). */
export type ReviewHandler = (request: IncomingMessage, response: ServerResponse, proceed?: () => void) => void;

/** From a request to its answer. Never throws. */
export function createReviewHandler(options: ReviewHandlerOptions): ReviewHandler {
  const { config, metrics, logger, decisions, isClosing } = options;
  const { bodyLimit } = config.server;
  const decide = createDeciding(options);
  const timeFor = createDecisionTimes(config.server.deadlineMs);

  function refuseFor(code: ProblemCode, request: IncomingMessage, response: ServerResponse): void {
    const problem = PROBLEMS[code];
    metrics.failed(code);
    const body = problemText(code, problem[config.language]);
    refuse(
      request,
      response,
      code === 'method' ? { ...problem, body, headers: { Allow: 'POST' } } : { ...problem, body },
    );
  }

  function answerFor(code: 'bad_json' | 'too_deep', response: ServerResponse): void {
    metrics.failed(code);
    const { status, [config.language]: message } = PROBLEMS[code];
    respond(response, status, problemText(code, message), isClosing());
  }

  function failed(thrown: unknown, response: ServerResponse): void {
    const errorId = newId('err');
    metrics.failed('unexpected');
    tellTrouble({ profile: config.profile, logger }, thrown, { ...troubleFields('unexpected'), errorId });
    const { status, [config.language]: message } = PROBLEMS.unexpected;
    respond(response, status, problemText('unexpected', message, errorId), true);
  }

  function tell(review: Review, decision: Decision, milliseconds: number): void {
    const label = labelOf(decision);
    metrics.decided({ operation: review.operation, kind: review.kind.kind, decision: label }, milliseconds / 1000);
    const uncertainty = uncertaintyOf(decision);
    // A late or failed decider is counted where it is seen, with a code of its own.
    if (uncertainty !== null && uncertainty.reason !== 'internal') metrics.failed(uncertainty.reason);
    if (decision.kind === 'allowed') {
      for (const { policy } of decision.existing) metrics.existing(policy);
      if (decision.bypassed !== null) metrics.bypassed(decision.bypassed);
    }
    tellDecision(decisions, config.profile, { review, decision, label, milliseconds });
  }

  function judge(body: Buffer, arrived: number, request: IncomingMessage, response: ServerResponse): void {
    if (isTooDeep(body)) return answerFor('too_deep', response);
    const json = parseJson(body);
    if (json === undefined) return answerFor('bad_json', response);
    const parsed = parseReview(json);
    if (!parsed.ok) {
      metrics.failed(parsed.error.code);
      respond(response, 400, problemText(parsed.error.code, parsed.error.message), isClosing());
      return;
    }
    const review = parsed.value;
    const giveUp = decide(review, timeFor(request.url ?? '') - (performance.now() - arrived), (decision) => {
      try {
        respond(response, 200, JSON.stringify(answerOf(review, decision)), isClosing());
        tell(review, decision, performance.now() - arrived);
      } catch (thrown) {
        failed(thrown, response);
      }
    });
    if (giveUp !== null) response.on('close', giveUp);
  }

  function received(end: BodyEnd, arrived: number, request: IncomingMessage, response: ServerResponse): void {
    if (end.kind === 'gone') return;
    if (end.kind === 'too_large') return refuseFor('too_large', request, response);
    try {
      judge(end.body, arrived, request, response);
    } catch (thrown) {
      failed(thrown, response);
    }
  }

  return (request, response, proceed) => {
    const arrived = performance.now();
    const code = problemOf(request, bodyLimit);
    if (code !== null) return refuseFor(code, request, response);
    proceed?.();
    readBody(request, bodyLimit, (end) => received(end, arrived, request, response));
  };
}

/** What is wrong with a request as far as its head tells. */
function problemOf(request: IncomingMessage, bodyLimit: number): ProblemCode | null {
  const { url = '', method, headers } = request;
  if (!url.startsWith(PATH) || (url.length > PATH.length && url[PATH.length] !== '?')) return 'path';
  if (method !== 'POST') return 'method';
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) return 'media_type';
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return 'encoding';
  return (declaredLength(request) ?? 0) > bodyLimit ? 'too_large' : null;
}

/** `undefined` when it is none; JSON itself has no such value. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(withoutManagedFields(body));
  } catch {
    return undefined;
  }
}
