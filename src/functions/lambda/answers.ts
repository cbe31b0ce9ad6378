import { assertNever } from '../../kernel/index.ts';

/** Codes of the error table that a call of the Invoke API can end with. */
export type InvokeFaultCode = ApiCode | FunctionCode;

type ApiCode =
  | 'INVALID_REQUEST'
  | 'INVALID_JSON'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'SESSION_NOT_FOUND'
  | 'CONFLICT'
  | 'SESSION_BUSY'
  | 'REVISION_MISMATCH'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'THROTTLED'
  | 'NO_CAPACITY'
  | 'INIT_FAILING'
  | 'SHUTTING_DOWN'
  | 'ISOLATION_UNAVAILABLE'
  | 'INTERNAL';

type FunctionCode =
  | 'COMPILE_ERROR'
  | 'FUNCTION_ERROR'
  | 'FUNCTION_EXITED'
  | 'FUNCTION_PROTOCOL'
  | 'RESPONSE_TOO_LARGE'
  | 'INIT_ERROR'
  | 'FUNCTION_TIMEOUT'
  | 'FUNCTION_OUT_OF_MEMORY';

export interface InvokeFault {
  readonly kind: 'fault';
  readonly code: InvokeFaultCode;
  /** What the code itself called it; empty for the name that AWS Lambda has for such a fault. */
  readonly errorType: string;
  /** Without the id of the request: faults that the platform found get it put before. */
  readonly message: string;
  /** Stack lines; empty where nothing was thrown. */
  readonly trace: readonly string[];
  /** Seconds. */
  readonly retryAfter?: number;
}

export type InvokeOutcome =
  | { readonly kind: 'result'; readonly body: Buffer }
  /** An `Event` call that was taken. */
  | { readonly kind: 'accepted' }
  /** A `DryRun` that found nothing wrong. */
  | { readonly kind: 'dry_run' }
  | InvokeFault;

export interface AnswerContext {
  readonly requestId: string;
  /** Number of the version that ran; null before one was chosen. */
  readonly version: string | null;
  /** Everything the function wrote during the call; null when the caller did not ask for it. */
  readonly log: Buffer | null;
}

export interface InvokeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const NOTHING = Buffer.alloc(0);
const LOG_TAIL = 4096;

const API_FAULTS: Readonly<Record<ApiCode, readonly [status: number, errorType: string]>> = {
  INVALID_REQUEST: [400, 'InvalidParameterValueException'],
  INVALID_JSON: [400, 'InvalidRequestContentException'],
  UNAUTHENTICATED: [403, 'UnrecognizedClientException'],
  FORBIDDEN: [403, 'AccessDeniedException'],
  NOT_FOUND: [404, 'ResourceNotFoundException'],
  SESSION_NOT_FOUND: [404, 'ResourceNotFoundException'],
  CONFLICT: [409, 'ResourceConflictException'],
  SESSION_BUSY: [409, 'ResourceConflictException'],
  REVISION_MISMATCH: [412, 'PreconditionFailedException'],
  PAYLOAD_TOO_LARGE: [413, 'RequestTooLargeException'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'UnsupportedMediaTypeException'],
  THROTTLED: [429, 'TooManyRequestsException'],
  INTERNAL: [500, 'ServiceException'],
  NO_CAPACITY: [503, 'ServiceUnavailableException'],
  INIT_FAILING: [503, 'ServiceUnavailableException'],
  SHUTTING_DOWN: [503, 'ServiceUnavailableException'],
  ISOLATION_UNAVAILABLE: [503, 'ServiceUnavailableException'],
};

interface FunctionFault {
  readonly errorType: string;
  /** `thrown`: the code's own words stand as they are. `found`: the platform noticed, and says so with the request's id. */
  readonly by: 'thrown' | 'found';
}

const FUNCTION_FAULTS: Readonly<Record<FunctionCode, FunctionFault>> = {
  COMPILE_ERROR: { errorType: 'Runtime.UserCodeSyntaxError', by: 'thrown' },
  FUNCTION_ERROR: { errorType: 'Error', by: 'thrown' },
  INIT_ERROR: { errorType: 'Runtime.InitError', by: 'thrown' },
  RESPONSE_TOO_LARGE: { errorType: 'Function.ResponseSizeTooLarge', by: 'thrown' },
  FUNCTION_EXITED: { errorType: 'Runtime.ExitError', by: 'found' },
  FUNCTION_PROTOCOL: { errorType: 'Runtime.InvalidResponse', by: 'found' },
  FUNCTION_TIMEOUT: { errorType: 'Sandbox.Timedout', by: 'found' },
  FUNCTION_OUT_OF_MEMORY: { errorType: 'Runtime.OutOfMemory', by: 'found' },
};

/** The answer of AWS Lambda's Invoke API to how a call ended: faults of the function are 200 with a header that says so. */
export function answerOf(outcome: InvokeOutcome, context: AnswerContext): InvokeAnswer {
  switch (outcome.kind) {
    case 'result':
      return ranAnswer(outcome.body, context, {});
    case 'accepted':
      return { status: 202, headers: { ...commonHeaders(context), 'Content-Length': '0' }, body: NOTHING };
    case 'dry_run':
      return { status: 204, headers: commonHeaders(context), body: NOTHING };
    case 'fault':
      return faultAnswer(outcome, context);
    default:
      return assertNever(outcome);
  }
}

function faultAnswer(fault: InvokeFault, context: AnswerContext): InvokeAnswer {
  const { code, message } = fault;
  if (isFunctionCode(code)) {
    const body = Buffer.from(JSON.stringify(describeFunctionFault({ ...fault, code }, context.requestId)));
    return ranAnswer(body, context, { 'X-Amz-Function-Error': 'Unhandled' });
  }
  const [status, errorType] = API_FAULTS[code];
  const reason = code === 'THROTTLED' ? { Reason: 'ConcurrentInvocationLimitExceeded' } : {};
  const answer = apiFaultAnswer({ status, type: fault.errorType || errorType, message, ...reason }, context.requestId);
  if (fault.retryAfter === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'Retry-After': String(Math.ceil(fault.retryAfter)) } };
}

/** Body of a function's fault, and of the `ErrorDetails` of a stream that broke. */
export interface FunctionFaultBody {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
  readonly requestId: string;
}

export function describeFunctionFault(
  fault: InvokeFault & { readonly code: FunctionCode },
  requestId: string,
): FunctionFaultBody {
  const known = FUNCTION_FAULTS[fault.code];
  return {
    errorType: fault.errorType || known.errorType,
    errorMessage: known.by === 'found' ? `RequestId: ${requestId} Error: ${fault.message}` : fault.message,
    ...(fault.trace.length === 0 ? {} : { trace: fault.trace }),
    requestId,
  };
}

export function isFunctionCode(code: InvokeFaultCode): code is FunctionCode {
  return Object.hasOwn(FUNCTION_FAULTS, code);
}

/** Message of FUNCTION_TIMEOUT in the words of AWS Lambda. */
export function timedOutMessage(milliseconds: number): string {
  return `Task timed out after ${(milliseconds / 1000).toFixed(2)} seconds`;
}

export interface ApiFault {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  readonly Reason?: string;
}

/** The answer to a call that never reached the function. `message` is there twice because SDKs differ in what they read. */
export function apiFaultAnswer({ status, type, message, Reason }: ApiFault, requestId: string): InvokeAnswer {
  const blame = status < 500 ? 'User' : 'Server';
  const body = Buffer.from(JSON.stringify({ Reason, Type: blame, Message: message, message }));
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(body.length),
    'x-amzn-RequestId': requestId,
    'x-amzn-ErrorType': type,
  };
  return { status, headers, body };
}

function ranAnswer(body: Buffer, context: AnswerContext, more: Readonly<Record<string, string>>): InvokeAnswer {
  const { log } = context;
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(body.length),
    ...commonHeaders(context),
    ...(log === null ? {} : { 'X-Amz-Log-Result': logResultOf(log) }),
    ...more,
  };
  return { status: 200, headers, body };
}

function commonHeaders({ requestId, version }: AnswerContext): Readonly<Record<string, string>> {
  return { 'x-amzn-RequestId': requestId, ...(version === null ? {} : { 'X-Amz-Executed-Version': version }) };
}

/** The last 4 KB in base64, beginning with a whole character. */
export function logResultOf(log: Buffer): string {
  let start = Math.max(0, log.length - LOG_TAIL);
  // a continuation byte of UTF-8 is 10xxxxxx
  while (start > 0 && start < log.length && ((log[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return log.toString('base64', start);
}
