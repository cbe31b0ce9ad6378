import { isUtf8 } from 'node:buffer';
import { describeOperation } from './operations.ts';
import { parseQuery } from './sigv4-canonical.ts';

export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export type InvocationType = 'RequestResponse' | 'Event' | 'DryRun';

/** A valid call of `Invoke` or `InvokeWithResponseStream`. */
export interface Invocation {
  readonly kind: 'invocation';
  readonly operation: 'Invoke' | 'InvokeWithResponseStream';
  readonly functionName: string;
  /** `$LATEST`, the number of a version or the name of an alias; null when the caller named none. */
  readonly qualifier: string | null;
  /** Of the ARN, where the caller wrote one. */
  readonly region: string | null;
  readonly account: string | null;
  readonly invocationType: InvocationType;
  /** The caller wants the end of the log with the answer. */
  readonly wantsLog: boolean;
  /** Parsed `X-Amz-Client-Context`; undefined without. */
  readonly clientContext: Readonly<Record<string, unknown>> | undefined;
}

/** An answer of the API itself: the function was not called. */
export interface RequestFault {
  readonly kind: 'fault';
  readonly status: number;
  /** Exception of AWS Lambda. */
  readonly type: string;
  readonly message: string;
}

const OFFERED = 'Invoke and InvokeWithResponseStream';
const DATES = { '2015-03-31': 'Invoke', '2021-11-15': 'InvokeWithResponseStream' } as const;
const LAST_SEGMENTS = { Invoke: 'invocations', InvokeWithResponseStream: 'response-streaming-invocations' } as const;
const INVOCATION_TYPES = {
  Invoke: ['Event', 'RequestResponse', 'DryRun'],
  InvokeWithResponseStream: ['RequestResponse', 'DryRun'],
} as const;
const LOG_TYPES = ['None', 'Tail'] as const;
/** Headers that promise what is not kept here. To ignore them would break the promise silently. */
const NOT_OFFERED_HEADERS = ['x-amz-tenant-id', 'x-amz-durable-execution-name'] as const;

const NAME = /^[A-Za-z0-9_-]{1,140}$/;
const QUALIFIER = /^(?:\$LATEST|[A-Za-z0-9_-]{1,128})$/;
const ACCOUNT = /^\d{12}$/;
const PARTITION = /^aws[a-z-]*$/;
const REGION = /^[a-z0-9-]+$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** Bytes of base64. */
const MAX_CLIENT_CONTEXT = 3583;

/**
 * Reads a request to the Invoke API of AWS Lambda: `POST /2015-03-31/functions/{FunctionName}/invocations` and
 * `POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations`, both with `?Qualifier=`. `target` is path and
 * query as received, names of headers are in lower case. Every other operation of Lambda is 501, every other path 404.
 */
export function parseInvocation(method: string, target: string, headers: RequestHeaders): Invocation | RequestFault {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const called = operationOf(method, path);
  if (called === null) return notAnInvocation(method, path);

  const named = parseFunctionName(called.functionName);
  if ('kind' in named) return named;
  const qualifier = agreedQualifier(named.qualifier, mark === -1 ? null : qualifierOf(target.slice(mark + 1)));
  if (typeof qualifier === 'object' && qualifier !== null) return qualifier;

  const unkept = NOT_OFFERED_HEADERS.find((name) => headers[name] !== undefined);
  if (unkept !== undefined) return notOffered(`The header ${unkept} is not supported by Funade.`);
  const { operation } = called;
  const invocationType = oneOf(headers['x-amz-invocation-type'], INVOCATION_TYPES[operation], 'invocationType');
  if (typeof invocationType === 'object') return invocationType;
  const logType = oneOf(headers['x-amz-log-type'], LOG_TYPES, 'logType');
  if (typeof logType === 'object') return logType;
  const client = parseClientContext(headers['x-amz-client-context']);
  if ('kind' in client) return client;
  return {
    kind: 'invocation',
    operation,
    functionName: named.functionName,
    qualifier,
    region: named.region,
    account: named.account,
    invocationType: invocationType ?? 'RequestResponse',
    wantsLog: logType === 'Tail',
    clientContext: client.context,
  };
}

function operationOf(
  method: string,
  path: string,
): { readonly operation: Invocation['operation']; readonly functionName: string } | null {
  const [root, date = '', noun, functionName, last, ...more] = path.split('/');
  if (method !== 'POST' || root !== '' || noun !== 'functions' || !functionName) return null;
  if (more.length > 1 || (more.length === 1 && more[0] !== '')) return null;
  if (date !== '2015-03-31' && date !== '2021-11-15') return null;
  const operation = DATES[date];
  return last === LAST_SEGMENTS[operation] ? { operation, functionName } : null;
}

function notAnInvocation(method: string, path: string): RequestFault {
  const operation = describeOperation(method, path);
  if (operation === null) return fault(404, 'UnknownOperationException', 'No operation of AWS Lambda has this path.');
  return notOffered(`${operation} is not supported by Funade.`);
}

interface NamedFunction {
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly region: string | null;
  readonly account: string | null;
}

/**
 * `name`, `account:function:name` or `arn:aws:lambda:region:account:function:name`, each with `:qualifier` or without,
 * percent-encoded as in a path.
 */
export function parseFunctionName(encoded: string): NamedFunction | RequestFault {
  const text = decoded(encoded);
  const parts = text?.split(':');
  if (text === null || parts === undefined) return invalidName(encoded);
  let region: string | null = null;
  let account: string | null = null;
  let rest = parts;
  if (parts.length >= 7) {
    const [arn, partition = '', service, ...more] = parts;
    region = more[0] ?? '';
    if (arn !== 'arn' || !PARTITION.test(partition) || service !== 'lambda' || !REGION.test(region)) {
      return invalidName(text);
    }
    rest = more.slice(1);
  }
  if (rest.length >= 3) {
    account = rest[0] ?? '';
    if (!ACCOUNT.test(account) || rest[1] !== 'function') return invalidName(text);
    rest = rest.slice(2);
  }
  const [functionName = '', qualifier = null, ...more] = rest;
  if (!NAME.test(functionName) || more.length > 0) return invalidName(text);
  if (qualifier !== null && !QUALIFIER.test(qualifier)) return invalidName(text);
  return { functionName, qualifier, region, account };
}

function decoded(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

function qualifierOf(query: string): string | null {
  return parseQuery(query).find(({ name }) => name === 'Qualifier')?.value ?? null;
}

function agreedQualifier(inName: string | null, inQuery: string | null): string | null | RequestFault {
  if (inQuery === null) return inName;
  if (!QUALIFIER.test(inQuery)) {
    return invalid(constraint(inQuery, 'qualifier', `regular expression pattern: ${QUALIFIER.source}`));
  }
  if (inName === null || inName === inQuery) return inQuery;
  return invalid('The derived qualifier from the function name does not match the specified qualifier.');
}

function oneOf<Value extends string>(
  header: string | readonly string[] | undefined,
  values: readonly Value[],
  member: string,
): Value | undefined | RequestFault {
  const text = textOf(header);
  if (text === undefined) return undefined;
  return (
    values.find((value) => value === text) ??
    invalid(constraint(text, member, `enum value set: [${values.join(', ')}]`))
  );
}

function parseClientContext(
  header: string | readonly string[] | undefined,
): { readonly context: Invocation['clientContext'] } | RequestFault {
  const text = textOf(header);
  if (text === undefined || text === '') return { context: undefined };
  if (text.length > MAX_CLIENT_CONTEXT) {
    return badContent(`Client context must be at most ${MAX_CLIENT_CONTEXT} bytes of Base64; it has ${text.length}.`);
  }
  const bytes = BASE64.test(text) ? Buffer.from(text, 'base64') : null;
  const context = bytes !== null && isUtf8(bytes) ? parsedObject(bytes.toString('utf8')) : null;
  return context === null ? badContent('Client context must be a valid Base64-encoded JSON object.') : { context };
}

function parsedObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'object' ? header.join(',') : header;
}

function invalidName(text: string): RequestFault {
  const pattern = '(arn:aws:lambda:region:)?(account:function:)?[A-Za-z0-9_-]{1,140}(:qualifier)?';
  return invalid(constraint(text, 'functionName', `regular expression pattern: ${pattern}`));
}

function constraint(value: string, member: string, rule: string): string {
  const shown = value.length > 200 ? `${value.slice(0, 200)}…` : value;
  return `1 validation error detected: Value '${shown}' at '${member}' failed to satisfy constraint: Member must satisfy ${rule}`;
}

function invalid(message: string): RequestFault {
  return fault(400, 'InvalidParameterValueException', message);
}

function badContent(message: string): RequestFault {
  return fault(400, 'InvalidRequestContentException', message);
}

function notOffered(reason: string): RequestFault {
  return fault(501, 'NotImplementedException', `${reason} It offers ${OFFERED}.`);
}

function fault(status: number, type: string, message: string): RequestFault {
  return { kind: 'fault', status, type, message };
}
