import { BlockList, isIP } from 'node:net';
import type { Secret } from '../forges/index.ts';
import { FunadeError } from '../kernel/index.ts';
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
    const reason = faultOf(secret.value);
    if (reason === undefined) continue;
    throw new FunadeError('FUN_SETTING_INVALID', {
      setting: `${source} webhook secret ${secret.label}`,
      value: '***',
      reason,
      expected: `a random text of at least ${SHORTEST_SECRET} characters`,
    });
  }
}

function faultOf(value: string): string | undefined {
  if (value.trim() === '') return 'it is empty';
  if (/\$\{[^}]*\}/.test(value)) return 'a variable in it was not expanded';
  return value.length < SHORTEST_SECRET ? `it is shorter than ${SHORTEST_SECRET} characters` : undefined;
}

/** Throws FUN_SETTING_INVALID for a text that is neither an address nor a CIDR. */
export function parseTrustedProxies(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix, ...rest] = cidr.split('/');
    const version = isIP(address);
    const bits = prefix === undefined ? maximumBits(version) : Number(prefix);
    if (version === 0 || rest.length > 0 || prefix === '' || !(bits >= 0 && bits <= maximumBits(version))) {
      throw new FunadeError('FUN_SETTING_INVALID', {
        setting: 'trusted proxies',
        value: cidr,
        reason: 'it is not a CIDR',
        expected: 'CIDRs such as 10.0.0.0/8 or fd00::/8',
      });
    }
    list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

function maximumBits(version: number): number {
  return version === 6 ? 128 : 32;
}
