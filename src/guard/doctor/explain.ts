import type { Language, MessageValues } from '../../kernel/index.ts';
import { logCodes } from './log-codes.ts';
import { type DoctorTextKey, doctorText } from './texts/index.ts';

interface KnownText {
  readonly key: DoctorTextKey;
  readonly pattern: RegExp;
}

/**
 * Texts of API servers, Go's TLS and HTTP clients and kubectl. Named groups fill the explanation. In this order: an error
 * that names a certificate is also a failed call, and a deadline may be told of a connection that was never made.
 */
const KNOWN: readonly KnownText[] = [
  ...logCodes,
  { key: 'explain.noCertManager', pattern: /no matches for kind "[^"]+" in version "(?:acme\.)?cert-manager\.io\//iu },
  { key: 'explain.denied', pattern: /\bdenied the request(?!: .*(?:503|try again))/iu },
  {
    key: 'explain.permission',
    pattern: /User "(?<user>[^"]+)" cannot (?<verb>\w+) resource "(?<resource>[^"]+)"/u,
  },
  {
    key: 'explain.x509Unknown',
    pattern: /certificate signed by unknown authority|x509: .*certificate is not trusted/iu,
  },
  {
    key: 'explain.x509Unknown',
    pattern: /unable to (?:get local issuer|verify the first) certificate|self[- ]signed certificate/iu,
  },
  { key: 'explain.x509Name', pattern: /certificate is valid for (?<names>.+?), not (?<wanted>[^\s"]+)/iu },
  {
    key: 'explain.x509NoNames',
    pattern:
      /certificate is not valid for any names|certificate relies on legacy Common Name|cannot validate certificate .* doesn't contain any IP SANs/iu,
  },
  { key: 'explain.x509Expired', pattern: /certificate (?:has|is) (?:expired|not yet valid)/iu },
  {
    key: 'explain.notTls',
    pattern: /server gave HTTP response to HTTPS client|first record does not look like a TLS handshake/iu,
  },
  {
    key: 'explain.tlsRefused',
    pattern: /remote error: tls|tls: (?:handshake|protocol|no supported|internal)|TLS handshake (?:error|timeout)/iu,
  },
  { key: 'explain.noEndpoints', pattern: /no endpoints available for service "?(?<service>[^"\s]+)"?/iu },
  { key: 'explain.noService', pattern: /service "?(?<service>[^"\s]+)"? not found/iu },
  { key: 'explain.refused', pattern: /connection refused|ECONNREFUSED/iu },
  { key: 'explain.dns', pattern: /no such host|ENOTFOUND|server misbehaving/iu },
  {
    key: 'explain.unreachable',
    pattern: /no route to host|network is unreachable|i\/o timeout|dial tcp .*(?:timeout|timed out)|EHOSTUNREACH/iu,
  },
  { key: 'explain.reset', pattern: /connection reset by peer|broken pipe|: EOF\b|unexpected EOF|ECONNRESET/iu },
  {
    key: 'explain.deadline',
    pattern: /context deadline exceeded|Client\.Timeout exceeded|timed out waiting|Timeout: request did not complete/iu,
  },
  { key: 'explain.tooLarge', pattern: /\b413\b|request entity too large|body.*too large/iu },
  {
    key: 'explain.uncertain',
    pattern: /\b503\b|ServiceUnavailable|service unavailable|guard could not check this now|この変更を確認できません/iu,
  },
  {
    key: 'explain.badAnswer',
    pattern:
      /expected webhook response|invalid (?:webhook|admission) response|could not find the requested resource|\b404\b|\b405\b|\b415\b|converting.*AdmissionReview/iu,
  },
];
const GENERAL: KnownText = { key: 'explain.failedCalling', pattern: /failed calling webhook|failed to call webhook/iu };

export interface Explanation {
  /** Stable name of the cause, for programs; `unknown` when the text is not known. */
  readonly id: string;
  readonly cause: string;
  readonly fix: string;
}

/** Cause and fix of an error text of an API server, offline. `unknown` is told as such, never guessed. */
export function explain(message: string, language: Language): Explanation {
  const known = [...KNOWN, GENERAL].find(({ pattern }) => pattern.test(message));
  if (known === undefined) return tell('explain.unknown', {}, language);
  return tell(known.key, known.pattern.exec(message)?.groups ?? {}, language);
}

function tell(key: DoctorTextKey, values: MessageValues, language: Language): Explanation {
  const text = doctorText(language);
  return {
    id: key.slice('explain.'.length),
    cause: text(key, values),
    fix: text(`${key}.fix` as DoctorTextKey, values),
  };
}
