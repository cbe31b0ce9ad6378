import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type RequestHeaders, parseInvocation } from './requests.ts';

function invoke(name: string, query = '', headers: RequestHeaders = {}) {
  return parseInvocation('POST', `/2015-03-31/functions/${name}/invocations${query}`, headers);
}

function stream(headers: RequestHeaders) {
  return parseInvocation('POST', '/2021-11-15/functions/hello/response-streaming-invocations', headers);
}

function base64(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
}

test('a call of a name alone is synchronous, without log and context', () => {
  expect(invoke('hello')).toEqual({
    kind: 'invocation',
    operation: 'Invoke',
    functionName: 'hello',
    qualifier: null,
    region: null,
    account: null,
    invocationType: 'RequestResponse',
    wantsLog: false,
    clientContext: undefined,
  });
});

test('a call with response streaming is told from a plain one', () => {
  expect(stream({ 'x-amz-log-type': 'Tail' })).toMatchObject({ operation: 'InvokeWithResponseStream', wantsLog: true });
  const mixed = parseInvocation('POST', '/2015-03-31/functions/hello/response-streaming-invocations', {});
  expect(mixed).toMatchObject({ kind: 'fault', status: 404 });
});

test.each([
  ['hello', 'hello', null, null, null],
  ['hello:live', 'hello', 'live', null, null],
  ['hello:$LATEST', 'hello', '$LATEST', null, null],
  ['000000000000:function:hello', 'hello', null, null, '000000000000'],
  ['000000000000:function:hello:7', 'hello', '7', null, '000000000000'],
  ['arn:aws:lambda:local:000000000000:function:hello', 'hello', null, 'local', '000000000000'],
  ['arn:aws-cn:lambda:cn-north-1:000000000000:function:hello:live', 'hello', 'live', 'cn-north-1', '000000000000'],
])('%s names a function', (text, ...parts) => {
  const [functionName, qualifier, region, account] = parts;
  const expected = { kind: 'invocation', functionName, qualifier, region, account };
  expect(invoke(text)).toMatchObject(expected);
  expect(invoke(encodeURIComponent(text))).toMatchObject(expected);
});

test.each([
  ['a space', 'hel%20lo'],
  ['a slash that is encoded', 'a%2Fb'],
  ['dots', '..'],
  ['141 characters', 'x'.repeat(141)],
  ['an empty qualifier', 'hello:'],
  ['a qualifier too many', 'hello:1:2'],
  ['another resource', '000000000000:layer:hello'],
  ['an account of eleven digits', '00000000000:function:hello'],
  ['the ARN of another service', 'arn:aws:s3:local:000000000000:function:hello'],
  ['the ARN of no partition', 'arn:azure:lambda:local:000000000000:function:hello'],
  ['an ARN without account', 'arn:aws:lambda:local::function:hello'],
  ['an ARN with something behind', 'arn:aws:lambda:local:000000000000:function:hello:1:2'],
  ['a percent sign that is broken', 'hello%zz'],
])('a name with %s is a validation error', (_what, name) => {
  const answer = invoke(name);
  expect(answer).toMatchObject({ kind: 'fault', status: 400, type: 'InvalidParameterValueException' });
  expect(answer).toHaveProperty(
    'message',
    expect.stringMatching(/^1 validation error detected: Value '.+' at 'functionName'/),
  );
});

test('a name of 140 characters is good', () => {
  expect(invoke('x'.repeat(140))).toMatchObject({ functionName: 'x'.repeat(140) });
});

test('name and query agree about the qualifier', () => {
  expect(invoke('hello', '?Qualifier=live')).toMatchObject({ qualifier: 'live' });
  expect(invoke('hello', '?Qualifier=%24LATEST')).toMatchObject({ qualifier: '$LATEST' });
  expect(invoke('hello:live', '?Qualifier=live')).toMatchObject({ qualifier: 'live' });
  expect(invoke('hello', '?qualifier=live&X-Amz-Date=x')).toMatchObject({ qualifier: null });
  expect(invoke('hello:live', '?Qualifier=2')).toEqual({
    kind: 'fault',
    status: 400,
    type: 'InvalidParameterValueException',
    message: 'The derived qualifier from the function name does not match the specified qualifier.',
  });
  for (const qualifier of ['', '%20', '%24OLDEST', 'a.b', 'x'.repeat(129)]) {
    expect(invoke('hello', `?Qualifier=${qualifier}`)).toMatchObject({ status: 400 });
  }
});

test.each(['RequestResponse', 'Event', 'DryRun'])('an invocation may be of type %s', (type) => {
  expect(invoke('hello', '', { 'x-amz-invocation-type': type })).toMatchObject({ invocationType: type });
});

test('any other type of invocation or log is refused with the ones there are', () => {
  expect(invoke('hello', '', { 'x-amz-invocation-type': 'event' })).toMatchObject({
    type: 'InvalidParameterValueException',
    message:
      "1 validation error detected: Value 'event' at 'invocationType' failed to satisfy constraint: " +
      'Member must satisfy enum value set: [Event, RequestResponse, DryRun]',
  });
  expect(stream({ 'x-amz-invocation-type': 'Event' })).toMatchObject({ status: 400 });
  expect(invoke('hello', '', { 'x-amz-invocation-type': ['Event', 'DryRun'] })).toMatchObject({ status: 400 });
  expect(invoke('hello', '', { 'x-amz-log-type': 'All' })).toMatchObject({
    message: expect.stringContaining('[None, Tail]'),
  });
});

test('a client context is an object in base64 of at most 3,583 bytes', () => {
  const context = { client: { installation_id: 'é' }, kind: 'fault' };
  expect(invoke('hello', '', { 'x-amz-client-context': base64(context) })).toMatchObject({
    kind: 'invocation',
    clientContext: context,
  });
  const padded = base64({ custom: { text: 'x'.repeat(2661) } });
  expect(padded.length).toBe(3580);
  expect(invoke('hello', '', { 'x-amz-client-context': padded })).toMatchObject({ kind: 'invocation' });
  const wrong = [
    ...['{"a":1}', '!!', base64('{'), base64('[]'), base64('null'), base64('1'), base64('"text"')],
    ...[Buffer.from([0x22, 0xff, 0x22]).toString('base64'), base64({ text: 'x'.repeat(2700) })],
  ];
  for (const header of wrong) {
    expect(invoke('hello', '', { 'x-amz-client-context': header })).toMatchObject({
      kind: 'fault',
      status: 400,
      type: 'InvalidRequestContentException',
    });
  }
});

test('a promise that is not kept here is refused and not ignored', () => {
  for (const header of ['x-amz-tenant-id', 'x-amz-durable-execution-name']) {
    expect(invoke('hello', '', { [header]: 'x' })).toMatchObject({
      status: 501,
      message: expect.stringContaining(header),
    });
  }
});

test('an operation of Lambda that is not offered is 501 with its name and those that are', () => {
  expect(parseInvocation('GET', '/2015-03-31/functions/?MaxItems=5', {})).toEqual({
    kind: 'fault',
    status: 501,
    type: 'NotImplementedException',
    message: 'ListFunctions is not supported by Funade. It offers Invoke and InvokeWithResponseStream.',
  });
});

test('what is no operation of Lambda is 404, a wrong method included', () => {
  for (const [method, target] of [
    ['GET', '/2015-03-31/functions/hello/invocations'],
    ['POST', '/2015-03-31/functions/hello/invocations/x'],
    ['POST', '/2015-03-31/functions//invocations'],
    ['POST', '/'],
    ['OPTIONS', '*'],
  ] as const) {
    expect(parseInvocation(method, target, {})).toMatchObject({ status: 404, type: 'UnknownOperationException' });
  }
});

test('any name and query are read or refused, and never a fault of ours', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (name, query, header) => {
      const answer = invoke(name, `?${query}`, { 'x-amz-client-context': header, 'x-amz-log-type': 'Tail' });
      expect(['invocation', 'fault']).toContain(answer.kind);
    }),
  );
});
