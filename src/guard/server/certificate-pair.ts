import { X509Certificate, createPrivateKey } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type Result, err, ok } from '../../kernel/index.ts';
import type { GuardErrorCode } from '../errors.ts';
import { MIN_TLS_VERSION } from './tls.ts';

/** A certificate with its key, checked: it can be served. */
export interface CertificatePair {
  /** PEM, the leaf first. */
  readonly cert: string;
  readonly key: string;
  /** DNS names and addresses that it stands for. */
  readonly names: readonly string[];
  /** Hexadecimal. */
  readonly serial: string;
  /** Epoch milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface PairFault {
  readonly code: GuardErrorCode;
  /** In words of ours, never with what is in the files. */
  readonly message: string;
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Whether these files are a certificate chain and the key of its leaf. Time is not looked at. */
export function readPair(cert: string, key: string): Result<CertificatePair, PairFault> {
  const chain = readChain(cert);
  if (chain === null) return garbage('tls.crt has a block that is no certificate');
  const [leaf] = chain;
  if (leaf === undefined) return garbage('tls.crt has no certificate in PEM form');
  const privateKey = readKey(key);
  if (privateKey === null) return garbage('tls.key has no private key in PEM form without a password');
  if (!leaf.checkPrivateKey(privateKey))
    return err({ code: 'certificate_mismatch', message: 'tls.key is not the key of the first certificate in tls.crt' });
  if (!isAcceptedByTls(cert, key))
    return err({
      code: 'certificate_refused',
      message: 'TLS does not accept the certificate: its key or digest may be too weak',
    });
  return ok({
    cert,
    key,
    names: namesOf(leaf),
    serial: leaf.serialNumber,
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Date.parse(leaf.validTo),
  });
}

function garbage(message: string): Result<never, PairFault> {
  return err({ code: 'certificate_garbage', message });
}

function readChain(pem: string): readonly X509Certificate[] | null {
  try {
    return (pem.match(PEM_BLOCK) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return null;
  }
}

function readKey(pem: string): ReturnType<typeof createPrivateKey> | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}

function isAcceptedByTls(cert: string, key: string): boolean {
  try {
    createSecureContext({ cert, key, minVersion: MIN_TLS_VERSION });
    return true;
  } catch {
    return false;
  }
}

/** `DNS:guard.svc, IP Address:10.0.0.1` without the kinds; texts that need quoting are no names of a service. */
function namesOf({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return subjectAltName
    .split(', ')
    .map((entry) => /^(?:DNS|IP Address):([^"]+)$/.exec(entry)?.[1])
    .filter((name) => name !== undefined);
}
