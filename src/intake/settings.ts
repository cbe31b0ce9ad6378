import { BlockList } from 'node:net';
import { type Secret, signingKeyFault } from '../forges/index.ts';
import { FunadeError } from '../kernel/index.ts';
import { addCidr } from './client-address.ts';
import type { IntakeLimits } from './port.ts';

const MIB = 1024 * 1024;
const SHORTEST_SECRET = 16;

export const defaultLimits: IntakeLimits = {
  bodyBytes: 25 * MIB,
  bodyMs: 14_000,
  bufferedBytes: 256 * MIB,
  concurrency: 2,
  waiting: 2000,
  storeMs: 8000,
  failuresPerMinute: 60,
  trustedProxies: [],
};

/**
 * Options for `http.createServer` in front of `handle`: slow headers end after 10 s, a request after 15 s, and node looks
 * at them every second instead of every 30.
 */
export const intakeServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1000,
} as const;

/** Throws FUN_SETTING_INVALID for a secret that is empty, was never expanded or is too short. The value is not shown. */
export function checkSecrets(source: string, secrets: readonly Secret[]): void {
  for (const secret of secrets) {
    const reason = faultOfSecret(secret);
    if (reason === undefined) continue;
    throw new FunadeError('FUN_SETTING_INVALID', {
      setting: `${source} webhook secret ${secret.label}`,
      value: '***',
      reason,
      expected:
        secret.kind === 'signing'
          ? `whsec_ and the base64 of at least ${SHORTEST_SECRET} random bytes`
          : `a random text of at least ${SHORTEST_SECRET} characters`,
    });
  }
}

/** Why a secret can't be used; never shows it. */
export function faultOfSecret({ value, kind }: Pick<Secret, 'value' | 'kind'>): string | undefined {
  if (value.trim() === '') return 'it is empty';
  if (/\$\{[^}]*\}/.test(value)) return 'a variable in it was not expanded';
  if (value.length < SHORTEST_SECRET) return `it is shorter than ${SHORTEST_SECRET} characters`;
  return kind === 'signing' ? signingKeyFault(value) : undefined;
}

/** Throws FUN_SETTING_INVALID for a text that is neither an address nor a CIDR. */
export function parseTrustedProxies(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    if (addCidr(list, cidr)) continue;
    throw new FunadeError('FUN_SETTING_INVALID', {
      setting: 'trusted proxies',
      value: cidr,
      reason: 'it is not a CIDR',
      expected: 'CIDRs such as 10.0.0.0/8 or fd00::/8',
    });
  }
  return list;
}
