import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/gu;

/** All certificates of a PEM text, in its order. Throws for a block that is none. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  return [...pem.matchAll(BLOCK)].map(([block]) => new X509Certificate(block));
}

/** The common name of a distinguished name, or all of it on one line. */
export function nameOf(distinguished: string | undefined): string {
  const lines = (distinguished ?? '').split('\n').filter((line) => line !== '');
  return lines.find((line) => line.startsWith('CN='))?.slice('CN='.length) ?? (lines.join(', ') || '-');
}

/** Names that a certificate is valid for. */
export function dnsNamesOf({ subjectAltName }: X509Certificate): readonly string[] {
  return [...(subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/gu)].map(([, name]) => name ?? '');
}

/** `leaf` and what was sent with it lead to one of the authorities, each signed by the next. */
export function leadsTo(
  leaf: X509Certificate,
  between: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): boolean {
  // The API server trusts what stands in the bundle, also when it is the leaf itself.
  if (authorities.some(({ fingerprint256 }) => fingerprint256 === leaf.fingerprint256)) return true;
  if (authorities.some((authority) => isSignedBy(leaf, authority))) return true;
  return between.some(
    (next, index) => isSignedBy(leaf, next) && leadsTo(next, between.toSpliced(index, 1), authorities),
  );
}

function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
