import { type QueryParameter, type SignedHeaderFields, headerOf } from './sigv4-canonical.ts';

export const ALGORITHM = 'AWS4-HMAC-SHA256';
const TERMINATOR = 'aws4_request';
const MAX_EXPIRES = 604_800;

/** What a request says about its own signature. Nothing of it is true yet. */
export interface Claim {
  readonly accessKeyId: string;
  /** YYYYMMDD. */
  readonly date: string;
  readonly region: string;
  /** `date/region/service/aws4_request`. */
  readonly scope: string;
  /** YYYYMMDD'T'HHMMSS'Z'. */
  readonly timestamp: string;
  /** Epoch milliseconds of `timestamp`. */
  readonly signedAt: number;
  /** Names in lower case with `;` between them. */
  readonly signedHeaders: string;
  readonly signature: string;
  /** Seconds that a presigned request may be used for; null of one that is signed in its header. */
  readonly expires: number | null;
}

export type RefusalCode =
  | 'MissingAuthenticationToken'
  | 'IncompleteSignature'
  | 'UnrecognizedClient'
  | 'InvalidSignature'
  | 'SignatureDoesNotMatch'
  | 'RequestExpired'
  | 'RequestNotYetCurrent';

export interface Refusal {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  /** The exception of AWS Lambda. */
  readonly errorType: string;
  readonly message: string;
}

const ERROR_TYPES: Readonly<Record<RefusalCode, string>> = {
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  IncompleteSignature: 'IncompleteSignatureException',
  UnrecognizedClient: 'UnrecognizedClientException',
  InvalidSignature: 'InvalidSignatureException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  // SDKs correct their clock on this name, with the `Date` of the answer
  RequestExpired: 'InvalidSignatureException',
  RequestNotYetCurrent: 'InvalidSignatureException',
};

export function refuse(code: RefusalCode, message: string): Refusal {
  return { kind: 'refused', code, errorType: ERROR_TYPES[code], message };
}

type Parts = Readonly<
  Record<'credential' | 'signedHeaders' | 'signature' | 'date', string | undefined> & {
    readonly expires: number | null;
  }
>;

/** The claim of a request that is signed in its `Authorization` header. */
export function claimOfHeader(authorization: string, headers: SignedHeaderFields, service: string): Claim | Refusal {
  const space = authorization.indexOf(' ');
  const algorithm = space === -1 ? authorization : authorization.slice(0, space);
  if (algorithm !== ALGORITHM)
    return refuse('IncompleteSignature', `Unsupported AWS 'algorithm'; ${ALGORITHM} is needed.`);
  let credential: string | undefined;
  let signedHeaders: string | undefined;
  let signature: string | undefined;
  for (const part of space === -1 ? [] : authorization.slice(space + 1).split(',')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (name === 'Credential') credential = value;
    else if (name === 'SignedHeaders') signedHeaders = value;
    else if (name === 'Signature') signature = value;
  }
  const date = headerOf(headers, 'x-amz-date') ?? basicDate(headerOf(headers, 'date'));
  return complete({ credential, signedHeaders, signature, date, expires: null }, service, 'Authorization header');
}

/** The claim of a presigned request, whose signature is in its query. */
export function claimOfQuery(parameters: readonly QueryParameter[], service: string): Claim | Refusal {
  const algorithm = parameterOf(parameters, 'X-Amz-Algorithm');
  if (algorithm !== ALGORITHM)
    return refuse('IncompleteSignature', `Unsupported AWS 'algorithm'; ${ALGORITHM} is needed.`);
  const expires = secondsOf(parameterOf(parameters, 'X-Amz-Expires'));
  if (expires === undefined) {
    return refuse('IncompleteSignature', `X-Amz-Expires must be a number of seconds from 1 to ${MAX_EXPIRES}.`);
  }
  const parts: Parts = {
    credential: parameterOf(parameters, 'X-Amz-Credential'),
    signedHeaders: parameterOf(parameters, 'X-Amz-SignedHeaders'),
    signature: parameterOf(parameters, 'X-Amz-Signature'),
    date: parameterOf(parameters, 'X-Amz-Date'),
    expires,
  };
  return complete(parts, service, 'AWS query string');
}

export function parameterOf(parameters: readonly QueryParameter[], name: string): string | undefined {
  return parameters.find((parameter) => parameter.name === name)?.value;
}

function complete(parts: Parts, service: string, where: string): Claim | Refusal {
  const { credential, signedHeaders, signature, date: timestamp, expires } = parts;
  if (!credential) return refuse('IncompleteSignature', `${where} requires 'Credential' parameter.`);
  if (!signature) return refuse('IncompleteSignature', `${where} requires 'Signature' parameter.`);
  if (!signedHeaders) return refuse('IncompleteSignature', `${where} requires 'SignedHeaders' parameter.`);
  if (!timestamp)
    return refuse('IncompleteSignature', `${where} requires existence of 'X-Amz-Date' or a 'Date' header.`);
  const signedAt = momentOf(timestamp);
  if (signedAt === undefined) {
    return refuse('IncompleteSignature', "Date must be in ISO-8601 'basic format', like 20150830T123600Z.");
  }
  const [accessKeyId, date, region, scopedService, terminator, ...more] = credential.split('/');
  if (!accessKeyId || !date || !region || terminator === undefined || more.length > 0) {
    const form = 'keyid/date/region/service/term';
    return refuse('IncompleteSignature', `Credential must have exactly 5 slash-delimited elements: ${form}.`);
  }
  if (scopedService !== service) {
    return refuse('InvalidSignature', `Credential should be scoped to correct service: '${service}'.`);
  }
  if (terminator !== TERMINATOR) {
    return refuse('InvalidSignature', `Credential should be scoped with a valid terminator: '${TERMINATOR}'.`);
  }
  if (date !== timestamp.slice(0, 8)) {
    return refuse('InvalidSignature', 'Date in Credential scope does not match YYYYMMDD from the date of the request.');
  }
  const scope = credential.slice(accessKeyId.length + 1);
  return { accessKeyId, date, region, scope, timestamp, signedAt, signedHeaders, signature, expires };
}

const BASIC = /^\d{8}T\d{6}Z$/;

function momentOf(timestamp: string): number | undefined {
  if (!BASIC.test(timestamp)) return undefined;
  const day = `${timestamp.slice(0, 4)}-${timestamp.slice(4, 6)}-${timestamp.slice(6, 8)}`;
  const moment = Date.parse(`${day}T${timestamp.slice(9, 11)}:${timestamp.slice(11, 13)}:${timestamp.slice(13, 15)}Z`);
  return Number.isNaN(moment) ? undefined : moment;
}

/** A `Date` header may hold the basic format or that of HTTP. */
function basicDate(header: string | undefined): string | undefined {
  if (header === undefined || BASIC.test(header)) return header;
  const moment = Date.parse(header);
  return Number.isNaN(moment) ? header : basicFormat(moment);
}

/** `20150830T123600Z`. `moment` in epoch milliseconds. */
export function basicFormat(moment: number): string {
  return new Date(moment).toISOString().replace(/[-:]|\.\d+/g, '');
}

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,6}$/.test(text)) return undefined;
  const seconds = Number(text);
  return seconds >= 1 && seconds <= MAX_EXPIRES ? seconds : undefined;
}
