import { expect, test } from 'vitest';
import {
  type InvokeFault,
  type InvokeFaultCode,
  answerOf,
  apiFaultAnswer,
  logResultOf,
  timedOutMessage,
} from './answers.ts';

const CONTEXT = { requestId: 'r-1', version: '3', log: null };

function fault(code: InvokeFaultCode, change: Partial<InvokeFault> = {}): InvokeFault {
  return { kind: 'fault', code, errorType: '', message: 'said', trace: [], ...change };
}

function bodyOf({ body }: { readonly body: Buffer }): unknown {
  return JSON.parse(body.toString());
}

test('a result is handed on byte for byte with the version that gave it', () => {
  const body = Buffer.from('{"a": 1.0}');
  expect(answerOf({ kind: 'result', body }, CONTEXT)).toEqual({
    status: 200,
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': '10',
      'x-amzn-RequestId': 'r-1',
      'X-Amz-Executed-Version': '3',
    },
    body,
  });
});

test('an event that was taken is 202 and a dry run 204, both without body', () => {
  const accepted = answerOf({ kind: 'accepted' }, { ...CONTEXT, version: null });
  expect(accepted).toMatchObject({ status: 202, headers: { 'x-amzn-RequestId': 'r-1', 'Content-Length': '0' } });
  const checked = answerOf({ kind: 'dry_run' }, CONTEXT);
  expect(checked.status).toBe(204);
  expect(checked.headers).not.toHaveProperty('Content-Length');
  expect([accepted.body.length, checked.body.length]).toEqual([0, 0]);
});

test('an error that was thrown keeps its type, message and stack', () => {
  const answer = answerOf(fault('FUNCTION_ERROR', { errorType: 'TypeError', message: 'no', trace: ['at f'] }), CONTEXT);
  expect(answer).toMatchObject({
    status: 200,
    headers: { 'X-Amz-Function-Error': 'Unhandled', 'X-Amz-Executed-Version': '3', 'x-amzn-RequestId': 'r-1' },
  });
  expect(answer.headers).not.toHaveProperty('x-amzn-ErrorType');
  expect(bodyOf(answer)).toEqual({ errorType: 'TypeError', errorMessage: 'no', trace: ['at f'], requestId: 'r-1' });
});

test('a timeout is in the words of AWS Lambda', () => {
  const answer = answerOf(fault('FUNCTION_TIMEOUT', { message: timedOutMessage(3000) }), CONTEXT);
  expect(answer).toMatchObject({ status: 200, headers: { 'X-Amz-Function-Error': 'Unhandled' } });
  expect(bodyOf(answer)).toEqual({
    errorType: 'Sandbox.Timedout',
    errorMessage: 'RequestId: r-1 Error: Task timed out after 3.00 seconds',
    requestId: 'r-1',
  });
});

test.each([
  ['COMPILE_ERROR', 'Runtime.UserCodeSyntaxError', 'said'],
  ['INIT_ERROR', 'Runtime.InitError', 'said'],
  ['FUNCTION_EXITED', 'Runtime.ExitError', 'RequestId: r-1 Error: said'],
  ['FUNCTION_PROTOCOL', 'Runtime.InvalidResponse', 'RequestId: r-1 Error: said'],
  ['FUNCTION_OUT_OF_MEMORY', 'Runtime.OutOfMemory', 'RequestId: r-1 Error: said'],
  ['RESPONSE_TOO_LARGE', 'Function.ResponseSizeTooLarge', 'said'],
] as const)('%s is the function error %s', (code, errorType, errorMessage) => {
  const answer = answerOf(fault(code), CONTEXT);
  expect(answer).toMatchObject({ status: 200, headers: { 'X-Amz-Function-Error': 'Unhandled' } });
  expect(bodyOf(answer)).toEqual({ errorType, errorMessage, requestId: 'r-1' });
});

test.each([
  ['INVALID_REQUEST', 400, 'InvalidParameterValueException'],
  ['INVALID_JSON', 400, 'InvalidRequestContentException'],
  ['UNAUTHENTICATED', 403, 'UnrecognizedClientException'],
  ['FORBIDDEN', 403, 'AccessDeniedException'],
  ['NOT_FOUND', 404, 'ResourceNotFoundException'],
  ['SESSION_NOT_FOUND', 404, 'ResourceNotFoundException'],
  ['CONFLICT', 409, 'ResourceConflictException'],
  ['SESSION_BUSY', 409, 'ResourceConflictException'],
  ['REVISION_MISMATCH', 412, 'PreconditionFailedException'],
  ['PAYLOAD_TOO_LARGE', 413, 'RequestTooLargeException'],
  ['UNSUPPORTED_MEDIA_TYPE', 415, 'UnsupportedMediaTypeException'],
  ['THROTTLED', 429, 'TooManyRequestsException'],
  ['INTERNAL', 500, 'ServiceException'],
  ['NO_CAPACITY', 503, 'ServiceUnavailableException'],
  ['INIT_FAILING', 503, 'ServiceUnavailableException'],
  ['SHUTTING_DOWN', 503, 'ServiceUnavailableException'],
  ['ISOLATION_UNAVAILABLE', 503, 'ServiceUnavailableException'],
] as const)('%s is %d %s of the API, and no function error', (code, status, errorType) => {
  const answer = answerOf(fault(code), { ...CONTEXT, log: Buffer.from('log') });
  expect(answer).toMatchObject({ status, headers: { 'x-amzn-ErrorType': errorType, 'x-amzn-RequestId': 'r-1' } });
  expect(answer.headers).not.toHaveProperty('X-Amz-Function-Error');
  expect(answer.headers).not.toHaveProperty('X-Amz-Log-Result');
  expect(bodyOf(answer)).toMatchObject({ Type: status < 500 ? 'User' : 'Server', Message: 'said', message: 'said' });
});

test('a fault of the API keeps the exception that its finder named', () => {
  const answer = answerOf(fault('UNAUTHENTICATED', { errorType: 'InvalidSignatureException' }), CONTEXT);
  expect(answer).toMatchObject({ status: 403, headers: { 'x-amzn-ErrorType': 'InvalidSignatureException' } });
});

test('a caller who is held off learns why and for how many whole seconds', () => {
  const answer = answerOf(fault('THROTTLED', { retryAfter: 1.2 }), CONTEXT);
  expect(answer.headers).toMatchObject({ 'Retry-After': '2' });
  expect(bodyOf(answer)).toMatchObject({ Reason: 'ConcurrentInvocationLimitExceeded' });
});

test('a request that is none has the same shape of answer', () => {
  const answer = apiFaultAnswer({ status: 501, type: 'NotImplementedException', message: 'no' }, 'r-1');
  expect(answer).toMatchObject({ status: 501, headers: { 'x-amzn-ErrorType': 'NotImplementedException' } });
  expect(bodyOf(answer)).toEqual({ Type: 'Server', Message: 'no', message: 'no' });
});

test('the length that an answer states is that of its body', () => {
  const answers = [
    answerOf({ kind: 'result', body: Buffer.from('"é"') }, CONTEXT),
    answerOf(fault('FUNCTION_ERROR', { message: 'é' }), CONTEXT),
    answerOf(fault('NOT_FOUND', { message: 'é' }), CONTEXT),
  ];
  for (const { headers, body } of answers) expect(headers['Content-Length']).toBe(String(body.length));
});

test('the end of the log comes along when it was asked for, of faults of the function too', () => {
  const log = Buffer.from('line\n');
  for (const outcome of [{ kind: 'result', body: Buffer.from('1') } as const, fault('FUNCTION_ERROR')]) {
    expect(answerOf(outcome, { ...CONTEXT, log }).headers['X-Amz-Log-Result']).toBe(log.toString('base64'));
  }
  expect(answerOf(fault('FUNCTION_ERROR'), CONTEXT).headers).not.toHaveProperty('X-Amz-Log-Result');
});

test('of a long log the last 4 KB are told, from a whole character on', () => {
  const plain = Buffer.from(`${'a'.repeat(5000)}end`);
  expect(Buffer.from(logResultOf(plain), 'base64').toString()).toBe(`${'a'.repeat(4093)}end`);
  const wide = Buffer.from(`${'語'.repeat(2000)}x`);
  const tail = Buffer.from(logResultOf(wide), 'base64');
  expect(tail.toString()).toBe(`${'語'.repeat(1365)}x`);
  expect(Buffer.from(logResultOf(Buffer.alloc(9000, 0x80)), 'base64').length).toBeLessThanOrEqual(4096);
});
