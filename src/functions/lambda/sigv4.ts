import { type KeyObject, createHmac, createSecretKey, hash, timingSafeEqual } from 'node:crypto';
import {
  type QueryParameter,
  type SignedHeaderFields,
  canonicalPath,
  canonicalQuery,
  headerOf,
  parseQuery,
  trimmed,
} from './sigv4-canonical.ts';
import {
  ALGORITHM,
  type Claim,
  type Refusal,
  basicFormat,
  claimOfHeader,
  claimOfQuery,
  parameterOf,
  refuse,
} from './sigv4-claim.ts';

export interface SignedRequest {
  readonly method: string;
  /** Path and query exactly as received. */
  readonly target: string;
  readonly headers: SignedHeaderFields;
  /**
   * Called only for a caller with a known key; and of a request that states the hash of its body only once the rest holds.
   * What it throws, `verify` throws.
   */
  readonly body: () => Uint8Array | Promise<Uint8Array>;
}

export type SignatureVerdict = { readonly kind: 'valid'; readonly accessKeyId: string } | Refusal;

export interface VerifierOptions {
  /** `lambda`; signatures for other services are refused. */
  readonly service: string;
  /** The secret access key; null of an id that does not exist. */
  readonly secretOf: (accessKeyId: string) => string | null | Promise<string | null>;
  /** Lower-case headers that change what is done, and hence count only when they are signed. */
  readonly mustBeSigned?: readonly string[];
  /** Signing keys that are kept, the least recently used one goes first. */
  readonly cachedKeys?: number;
}

export interface SignatureVerifier {
  /** `now` in epoch milliseconds. */
  verify(request: SignedRequest, now: number): Promise<SignatureVerdict>;
}

const SKEW = 5 * 60_000;
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const SHA256 = /^[0-9a-f]{64}$/i;
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
  'signing method. Consult the service documentation for details.';

/**
 * AWS Signature Version 4, in the `Authorization` header or presigned in the query, for every region and every service but
 * S3 (whose paths are encoded once only). It has no nonce: a request can be repeated as long as its time is good.
 * Source: "AWS Signature Version 4 for API requests" in the IAM User Guide.
 */
export function createSignatureVerifier(options: VerifierOptions): SignatureVerifier {
  const { service, secretOf, mustBeSigned = [] } = options;
  const keys = createSigningKeys(service, options.cachedKeys ?? 256);

  async function verify(request: SignedRequest, now: number): Promise<SignatureVerdict> {
    const { headers, target } = request;
    const mark = target.indexOf('?');
    const parameters = parseQuery(mark === -1 ? '' : target.slice(mark + 1));
    const claim = claimOf(headers, parameters, service);
    if ('kind' in claim) return claim;
    const fault = timeFault(claim, now) ?? unsignedHeader(claim, headers, mustBeSigned);
    if (fault !== null) return fault;
    const stated = statedBodyHash(claim, headers, parameters);
    if (stated !== null && stated !== UNSIGNED_PAYLOAD && !SHA256.test(stated)) {
      return refuse('InvalidSignature', "The value of 'x-amz-content-sha256' header is invalid.");
    }

    const found = secretOf(claim.accessKeyId);
    const secret = typeof found === 'object' && found !== null ? await found : found;
    if (secret === null || secret === '') {
      return refuse('UnrecognizedClient', 'The security token included in the request is invalid.');
    }
    const bodyHash = stated ?? (await hashOf(request));
    const path = canonicalPath(mark === -1 ? target : target.slice(0, mark));
    const query = canonicalQuery(parameters, claim.expires === null ? null : 'X-Amz-Signature');
    const canonical = `${request.method}\n${path}\n${query}\n${headerLines(claim, headers)}\n${claim.signedHeaders}\n${bodyHash}`;
    const text = `${ALGORITHM}\n${claim.timestamp}\n${claim.scope}\n${hash('sha256', canonical)}`;
    const key = keys.keyOf(claim, secret);
    const claimed = Buffer.from(SHA256.test(claim.signature) ? claim.signature : '00', 'hex');
    const actual = createHmac('sha256', key).update(text).digest();
    if (claimed.length !== actual.length || !timingSafeEqual(actual, claimed)) {
      return refuse('SignatureDoesNotMatch', MISMATCH);
    }
    keys.keep(claim, secret, key);
    if (stated !== null && stated !== UNSIGNED_PAYLOAD && (await hashOf(request)) !== stated.toLowerCase()) {
      const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
      return refuse('InvalidSignature', message);
    }
    return { kind: 'valid', accessKeyId: claim.accessKeyId };
  }

  return { verify };
}

function claimOf(headers: SignedHeaderFields, parameters: readonly QueryParameter[], service: string): Claim | Refusal {
  const authorization = headerOf(headers, 'authorization');
  if (authorization !== undefined && authorization !== '') return claimOfHeader(authorization, headers, service);
  if (parameterOf(parameters, 'X-Amz-Algorithm') !== undefined) return claimOfQuery(parameters, service);
  return refuse('MissingAuthenticationToken', 'Missing Authentication Token');
}

function timeFault({ timestamp, signedAt, expires }: Claim, now: number): Refusal | null {
  if (signedAt > now + SKEW) {
    const limit = `${basicFormat(now + SKEW)} (${basicFormat(now)} + 5 min.)`;
    return refuse('RequestNotYetCurrent', `Signature not yet current: ${timestamp} is still later than ${limit}`);
  }
  if (expires === null && signedAt < now - SKEW) {
    const limit = `${basicFormat(now - SKEW)} (${basicFormat(now)} - 5 min.)`;
    return refuse('RequestExpired', `Signature expired: ${timestamp} is now earlier than ${limit}`);
  }
  if (expires !== null && signedAt + expires * 1000 < now) {
    const end = basicFormat(signedAt + expires * 1000);
    return refuse('RequestExpired', `Signature expired: ${end} is now earlier than ${basicFormat(now)}`);
  }
  return null;
}

function unsignedHeader(claim: Claim, headers: SignedHeaderFields, mustBeSigned: readonly string[]): Refusal | null {
  const signed = claim.signedHeaders.split(';');
  if (!signed.includes('host')) {
    return refuse('InvalidSignature', "'Host' must be a 'SignedHeader' in the AWS Authorization.");
  }
  const absent = signed.find((name) => headerOf(headers, name) === undefined);
  if (absent !== undefined) {
    return refuse('SignatureDoesNotMatch', `${MISMATCH} A signed header did not arrive: '${absent}'.`);
  }
  const unsigned = mustBeSigned.find((name) => !signed.includes(name) && headerOf(headers, name) !== undefined);
  if (unsigned === undefined) return null;
  return refuse('InvalidSignature', `'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
}

function headerLines({ signedHeaders }: Claim, headers: SignedHeaderFields): string {
  let lines = '';
  for (const name of signedHeaders.split(';')) lines += `${name}:${trimmed(headerOf(headers, name) ?? '')}\n`;
  return lines;
}

function statedBodyHash(
  claim: Claim,
  headers: SignedHeaderFields,
  parameters: readonly QueryParameter[],
): string | null {
  const header = headerOf(headers, 'x-amz-content-sha256');
  if (header !== undefined || claim.expires === null) return header ?? null;
  return parameterOf(parameters, 'X-Amz-Content-Sha256') ?? null;
}

async function hashOf(request: SignedRequest): Promise<string> {
  const body = request.body();
  return hash('sha256', body instanceof Promise ? await body : body);
}

interface SigningKeys {
  keyOf(claim: Claim, secret: string): KeyObject;
  keep(claim: Claim, secret: string, key: KeyObject): void;
}

/** Deriving a key takes four of the five HMACs of a verification; it is the same for a whole day. */
function createSigningKeys(service: string, limit: number): SigningKeys {
  const kept = new Map<string, { readonly secret: string; readonly key: KeyObject }>();
  return {
    keyOf({ accessKeyId, date, region }, secret) {
      const entry = kept.get(`${accessKeyId}|${date}|${region}`);
      // a secret that was replaced must not go on working
      if (entry !== undefined && entry.secret === secret) return entry.key;
      return createSecretKey(deriveKey(secret, [date, region, service, 'aws4_request']));
    },
    // Only keys that verified something are kept: regions are the caller's choice, and would push out the others.
    keep({ accessKeyId, date, region }, secret, key) {
      const name = `${accessKeyId}|${date}|${region}`;
      kept.delete(name);
      kept.set(name, { secret, key });
      const oldest = kept.keys().next().value;
      if (kept.size > limit && oldest !== undefined) kept.delete(oldest);
    },
  };
}

function deriveKey(secret: string, scope: readonly string[]): Buffer {
  return scope.reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secret}`, 'utf8'),
  );
}
