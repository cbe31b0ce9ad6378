import { type Outcome, type ProblemCode, PROBLEMS, problemOf } from '../../functions/index.ts';

/** A call of a function that ended without a result, to be told to its caller. */
export class OutcomeError extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly fix: string;
  /** Seconds. */
  readonly retryAfter: number | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(outcome: Exclude<Outcome, { kind: 'result' | 'streamed' | 'abandoned' }>) {
    const { code: found, detail, retryAfter } = problemOf(outcome);
    const code = isCompileError(outcome) ? 'COMPILE_ERROR' : found;
    const problem: {
      readonly status: number;
      readonly fix: string;
      readonly by: string;
      readonly retryAfter?: number;
    } = PROBLEMS[code];
    super(messageOfOutcome(outcome, detail));
    this.name = 'OutcomeError';
    this.code = code;
    this.status = problem.status;
    this.fix = problem.fix;
    this.retryAfter = retryAfter ?? problem.retryAfter;
    this.details = { by: problem.by, ...detailsOf(outcome) };
  }
}

/** Who calls a function by its name gets to read what it threw: the code is theirs, unlike that of a web page's visitor. */
function messageOfOutcome(outcome: Outcome, detail: string): string {
  if (outcome.kind === 'threw') return `${outcome.errorType}: ${outcome.message}`;
  if (outcome.kind === 'init_failed') return outcome.reason;
  return detail;
}

/** Who sends code gets to know at once what is wrong with it. */
function isCompileError(outcome: Outcome): boolean {
  return outcome.kind === 'init_failed' && outcome.fault?.errorType === 'Runtime.UserCodeSyntaxError';
}

function detailsOf(outcome: Outcome): Readonly<Record<string, unknown>> {
  if (outcome.kind === 'threw') return { errorType: outcome.errorType, trace: outcome.trace };
  if (outcome.kind !== 'init_failed' || outcome.fault === null) return {};
  const { errorType, trace, place } = outcome.fault;
  return { errorType, trace, ...place };
}
